import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest

from lead_platform.configuration import ConfigurationError
from lead_platform.enrichment.configuration import EnabledProvider, load_providers
from lead_platform.enrichment.provider import (
    MATCHED,
    Answer,
    EnrichmentError,
    Provider,
    ProviderContext,
    answer_frame,
)
from lead_platform.enrichment.results import (
    RESULT_COLUMNS,
    count_behind,
    enrich_leads,
    enrich_pending,
    request_keys,
    superseded_results,
    write_results,
)
from lead_platform.lake.suites import load_suites, validate
from lead_platform.vocabularies.folder import load_vocabularies
from lead_platform.vocabularies.tables import Vocabularies

ROOT = Path(__file__).resolve().parents[2]
AS_OF = datetime(2026, 3, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
REFERENCE = """\
domain,company_name,industry,employee_count,annual_revenue,country,city,founded_year,technologies,source,as_of
acme.de,Acme GmbH,Machinery,1200,5e7,Germany,Berlin,1990,SAP;Slack,registry,2025-01-01
acme.de,Acme GmbH,Machinery,1500,6e7,Germany,Berlin,1990,SAP;Slack,registry,2026-01-01
odd.com,Odd Inc,Odd trade,,,US,,,,,
"""
LEADS = pd.DataFrame(
    [
        ("lead_1", "anna@acme.de", "acme.de", "+4930901820", "fixed_line", "DE", "DE", "BE"),
        ("lead_2", "bob@acme.de", "acme.de", None, None, None, "US", "CA"),
        ("lead_3", "info@gmail.com", None, "+14152004567", "fixed_line_or_mobile", "US", None,
         None),
        ("lead_4", None, "odd.com", None, None, None, None, None),
        ("lead_5", None, None, None, None, None, None, None),
    ],
    columns=["lead_id", "email", "company_domain", "phone", "phone_kind", "phone_country",
             "country", "region"],
).astype("str")  # fmt: skip


@dataclass(frozen=True)
class Scripted:
    """A provider that answers, or breaks, as told."""

    name: str = "scripted"
    version: str = "1"
    request_columns: tuple[str, ...] = ("email",)
    error: Exception | None = None
    silent_about: frozenset[str] = field(default_factory=frozenset)
    breaks_on: frozenset[str] = field(default_factory=frozenset)

    def enrich(self, requests: pd.DataFrame, as_of: datetime) -> pd.DataFrame:
        if self.error:
            raise self.error
        if self.breaks_on & set(requests["request_key"]):
            raise KeyError("a request that nobody foresaw")
        keys = [key for key in requests["request_key"] if key not in self.silent_about]
        return answer_frame(
            [Answer(key, MATCHED, {"size": 3}, "script", as_of.date()) for key in keys]
        )


def enabled(provider: Provider) -> EnabledProvider:
    return EnabledProvider(provider, ttl=10 * DAY, retry_after=timedelta(hours=6))


@pytest.fixture(scope="module")
def vocabularies() -> Vocabularies:
    return load_vocabularies(ROOT / "config")


@pytest.fixture
def shipped(tmp_path: Path, vocabularies: Vocabularies) -> dict[str, Provider]:
    (tmp_path / "companies.csv").write_text(REFERENCE)
    context = ProviderContext(vocabularies, tmp_path)
    return {entry.provider.name: entry.provider for entry in
            load_providers(ROOT / "config", context)}  # fmt: skip


@pytest.fixture
def lake() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute("create schema identity")
        for layer in ("enrichment", "governance"):
            tables = ROOT / "lead_platform" / layer / "tables.sql"
            connection.execute(f"create schema {layer}; {tables.read_text()}")
        connection.register("leads", LEADS)
        connection.execute("create table identity.leads as from leads")
        connection.execute(
            "create table identity.lead_crosswalk (lead_id varchar, relation varchar)"
        )
        connection.unregister("leads")
        yield connection


def attributes(results: pd.DataFrame) -> dict[str, Mapping[str, Any]]:
    pairs = zip(results["lead_id"], results["attributes"], strict=True)
    return {lead_id: json.loads(text) for lead_id, text in pairs}


def statuses(results: pd.DataFrame) -> dict[str, str]:
    return dict(zip(results["lead_id"], results["status"], strict=True))


def test_firmographics(shipped: dict[str, Provider]) -> None:
    results = enrich_leads(LEADS, [shipped["company_firmographics"]], AS_OF)
    assert statuses(results) == {"lead_1": "matched", "lead_2": "matched", "lead_4": "matched"}
    assert attributes(results)["lead_1"] == {
        "company_name": "Acme GmbH", "industry": "manufacturing", "industry_stated": "Machinery",
        "employee_count": 1500, "annual_revenue": 6e7, "country": "DE", "city": "Berlin",
        "founded_year": 1990, "technologies": ["SAP", "Slack"],
    }  # fmt: skip
    assert attributes(results)["lead_4"] == {
        "company_name": "Odd Inc", "industry_stated": "Odd trade", "country": "US",
    }  # fmt: skip
    assert results["source_as_of"].iloc[0] == pd.Timestamp("2026-01-01")
    assert results["source"].tolist() == ["registry", "registry", "companies.csv"]


def test_firmographics_from_parquet(tmp_path: Path, vocabularies: Vocabularies) -> None:
    (tmp_path / "all.csv").write_text(REFERENCE)
    duckdb.sql(
        f"copy (select * replace (string_split(technologies, ';') as technologies) "
        f"from '{tmp_path}/all.csv') to '{tmp_path}/all.parquet'"
    )
    (tmp_path / "enrichment.yaml").write_text(
        "providers: [{name: company_firmographics, options: {reference_table: all.parquet}}]"
    )
    (entry,) = load_providers(tmp_path, ProviderContext(vocabularies, tmp_path))
    found = attributes(enrich_leads(LEADS, [entry.provider], AS_OF))
    assert found["lead_1"]["employee_count"] == 1500
    assert found["lead_1"]["technologies"] == ["SAP", "Slack"]


@pytest.mark.parametrize(
    ("content", "status"), [(None, "not_set_up"), ("a,b\n1,2\n", "failed"), ("", "failed")]
)
def test_without_its_table_firmographics_say_so_and_stop_nothing(
    content: str | None,
    status: str,
    tmp_path: Path,
    shipped: dict[str, Provider],
    vocabularies: Vocabularies,
) -> None:
    """A new home told of a failure for every lead, though nobody had given it a table yet."""
    folder = tmp_path / "empty"
    folder.mkdir()
    if content is not None:
        (folder / "companies.csv").write_text(content)
    providers = load_providers(ROOT / "config", ProviderContext(vocabularies, folder))
    results = enrich_leads(LEADS, [entry.provider for entry in providers], AS_OF)
    without = results[results["status"] == status]
    assert set(results["status"]) - {"matched", "not_found"} == {status}
    assert set(without["provider"]) == {"company_firmographics"}
    assert set(without["lead_id"]) == {"lead_1", "lead_2", "lead_4"}
    assert without["reason"].str.contains("reference table companies.csv").all()
    assert (results["status"] == "matched").sum() > 5


def test_email_facts(shipped: dict[str, Provider]) -> None:
    found = attributes(enrich_leads(LEADS, [shipped["email_facts"]], AS_OF))
    assert found["lead_1"]["is_company_email"] is True
    assert found["lead_3"] == {
        "email_domain": "gmail.com", "registered_domain": "gmail.com", "is_free_email": True,
        "is_disposable_email": False, "is_role_email": True, "is_company_email": False,
    }  # fmt: skip


def test_phone_facts(shipped: dict[str, Provider]) -> None:
    found = attributes(enrich_leads(LEADS, [shipped["phone_facts"]], AS_OF))
    assert found == {
        "lead_1": {"phone_kind": "fixed_line", "phone_country": "DE", "phone_area": "Berlin",
                   "phone_time_zones": ["Europe/Berlin"]},
        "lead_3": {"phone_kind": "fixed_line_or_mobile", "phone_country": "US",
                   "phone_area": "California",
                   "phone_time_zones": ["America/Los_Angeles"]},
    }  # fmt: skip


def test_geography(shipped: dict[str, Provider]) -> None:
    results = enrich_leads(LEADS, [shipped["geography"]], AS_OF)
    found = attributes(results)
    assert found["lead_1"] == {
        "country": "DE", "country_basis": "stated", "country_name": "Germany",
        "region_name": "Berlin", "currency": "EUR", "time_zone": "Europe/Berlin",
        "time_zone_basis": "country",
    }  # fmt: skip
    assert (found["lead_2"]["time_zone"], found["lead_2"]["time_zone_basis"]) == (
        "America/Los_Angeles", "region",
    )  # fmt: skip
    assert (found["lead_3"]["country"], found["lead_3"]["country_basis"]) == ("US", "phone")
    assert found["lead_3"]["time_zone_basis"] == "phone"
    assert "lead_5" not in found


def test_rows_keep_the_contract(shipped: dict[str, Provider]) -> None:
    results = enrich_leads(LEADS, [*shipped.values(), Scripted(error=OSError())], AS_OF)
    assert tuple(results.columns) == RESULT_COLUMNS
    assert set(results["requested_at"]) == {pd.Timestamp("2026-03-01 12:00")}
    suite = load_suites(ROOT / "expectations")["enrichment.enrichment_results"]
    assert validate(results, suite.scoped("rows")) == []
    broken = results.assign(status="found", attributes="{", provider=None)
    assert len(validate(broken, suite.scoped("rows"))) >= 3
    again = enrich_leads(LEADS, [*shipped.values(), Scripted(error=OSError())], AS_OF)
    pd.testing.assert_frame_equal(results, again)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (ValueError("secret anna@acme.de"), "ValueError"),
        (EnrichmentError("the service is closed"), "the service is closed"),
    ],
)
def test_a_broken_provider_flags_its_leads_without_personal_data(
    error: Exception, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    results = enrich_leads(LEADS, [Scripted(error=error), Scripted(name="other")], AS_OF)
    failed = results[results["provider"] == "scripted"]
    assert set(failed["status"]) == {"failed"}
    assert set(failed["reason"]) == {reason}
    assert set(results[results["provider"] == "other"]["status"]) == {"matched"}
    assert "anna" not in caplog.text


def test_a_request_that_breaks_a_provider_costs_its_own_leads() -> None:
    """One such request flagged every lead of the batch."""
    provider = Scripted(breaks_on=frozenset({"bob@acme.de"}))
    results = enrich_leads(LEADS, [provider], AS_OF)
    assert statuses(results) == {"lead_1": "matched", "lead_2": "failed", "lead_3": "matched"}
    [reason] = results[results["status"] == "failed"]["reason"]
    assert reason == "KeyError"


def test_a_request_left_unanswered_has_failed() -> None:
    provider = Scripted(silent_about=frozenset({"bob@acme.de"}))
    results = enrich_leads(LEADS, [provider], AS_OF)
    assert statuses(results) == {"lead_1": "matched", "lead_2": "failed", "lead_3": "matched"}
    assert results["reason"].dropna().tolist() == ["the provider gave no answer"]


def test_request_keys_are_the_same_in_sql(lake: duckdb.DuckDBPyConnection) -> None:
    provider = Scripted(request_columns=("country", "region", "phone"))
    keys = request_keys(LEADS, provider)
    assert keys.fillna("-").tolist() == [
        "DE|BE|+4930901820", "US|CA|", "||+14152004567", "-", "-",
    ]  # fmt: skip
    results = enrich_pending(lake, [enabled(provider)], AS_OF)
    assert results["request_key"].tolist() == keys.dropna().tolist()


def test_nothing_is_asked_twice_until_it_is_due(lake: duckdb.DuckDBPyConnection) -> None:
    providers = [enabled(Scripted()), enabled(Scripted(name="broken", error=OSError()))]
    write_results(lake, enrich_pending(lake, providers, AS_OF))

    def asked(as_of: datetime) -> dict[str, int]:
        return enrich_pending(lake, providers, as_of)["provider"].value_counts().to_dict()

    assert asked(AS_OF + timedelta(hours=1)) == {}
    assert asked(AS_OF + timedelta(hours=6)) == {"broken": 3}
    # What failed while the clock was ahead is tried again now that it is right.
    assert asked(AS_OF - 30 * DAY) == {"broken": 3}
    assert asked(AS_OF - timedelta(minutes=1)) == {}
    assert asked(AS_OF + 10 * DAY) == {"broken": 3, "scripted": 3}
    newer = [enabled(Scripted(version="2"))]
    assert enrich_pending(lake, newer, AS_OF).empty, "no new lead waits for what is known"
    assert count_behind(lake, newer, AS_OF) == 3
    assert len(enrich_pending(lake, newer, AS_OF, rows=2)) == 2
    write_results(lake, enrich_pending(lake, newer, AS_OF, rows=2))
    assert count_behind(lake, newer, AS_OF) == 1


def test_a_changed_lead_is_asked_about_again_and_its_old_result_goes(
    lake: duckdb.DuckDBPyConnection,
) -> None:
    providers = [enabled(Scripted())]
    write_results(lake, enrich_pending(lake, providers, AS_OF))
    lake.execute("update identity.leads set email = 'new@acme.de' where lead_id = 'lead_1'")
    lake.execute("delete from identity.leads where lead_id = 'lead_2'")
    results = enrich_pending(lake, providers, AS_OF)
    assert results["request_key"].tolist() == ["new@acme.de"]
    superseded = superseded_results(lake, providers)
    assert len(superseded) == 2
    write_results(lake, results, superseded)
    kept = lake.execute(
        "select lead_id, request_key from enrichment.enrichment_results order by all"
    ).fetchall()
    assert kept == [("lead_1", "new@acme.de"), ("lead_3", "info@gmail.com")]
    assert superseded_results(lake, providers) == []


def test_results_of_a_lead_merged_away_wait_for_it_to_live_again(
    lake: duckdb.DuckDBPyConnection,
) -> None:
    providers = [enabled(Scripted())]
    write_results(lake, enrich_pending(lake, providers, AS_OF))
    lake.execute("insert into identity.lead_crosswalk values ('lead_2', 'merged_into')")
    lake.execute("create table taken as from identity.leads where lead_id = 'lead_2'")
    lake.execute("delete from identity.leads where lead_id = 'lead_2'")
    assert superseded_results(lake, providers) == []
    lake.execute("insert into identity.leads from taken")
    assert enrich_pending(lake, providers, AS_OF).empty


def test_faults_of_the_configuration_are_told_at_once(
    tmp_path: Path, vocabularies: Vocabularies
) -> None:
    (tmp_path / "enrichment.yaml").write_text(
        "providers:\n  - name: oracle\n  - name: email_facts\n    options: {depth: 3}\n"
        "  - name: geography\n  - name: geography\n"
        "  - name: company_firmographics\n    options: {path: x}\n"
    )
    with pytest.raises(ConfigurationError) as error:
        load_providers(tmp_path, ProviderContext(vocabularies, tmp_path))
    told = "\n".join(error.value.faults)
    assert "unknown provider 'oracle'; known: company_firmographics, email_facts" in told
    assert "email_facts: unknown options depth" in told
    assert "'geography' is listed twice" in told
    assert "wrong options: path; allowed: reference_table" in told


def test_a_disabled_provider_is_not_asked(tmp_path: Path, vocabularies: Vocabularies) -> None:
    (tmp_path / "enrichment.yaml").write_text(
        "providers: [{name: geography, enabled: false}, {name: email_facts}]"
    )
    providers = load_providers(tmp_path, ProviderContext(vocabularies, tmp_path))
    assert [entry.provider.name for entry in providers] == ["email_facts"]
