"""Field cases of versions, merges at the source and changed jobs: the leads they come to."""

import itertools
import os
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest
from ruamel.yaml import YAML

from lead_platform.capture.channels import Channel, ChannelRules, load_channel, load_channels
from lead_platform.capture.intake import identify_delivery, parse_file, write_batches
from lead_platform.identity.resolution import normalize_pending, write_normalized
from lead_platform.vocabularies.folder import load_vocabularies
from tests.dbt.rendering import golden_records
from tests.identity.lead_world import empty_lake, resolve

PROJECT = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("LEAD_PLATFORM_SHARED_DATA", PROJECT.parent / "shared" / "data"))
CASES = SHARED / "field_cases"
RECEIVED_AT = datetime(2026, 11, 22, 12)

pytestmark = pytest.mark.skipif(not CASES.is_dir(), reason="needs the field cases of ../shared")

Leads = list[dict[str, Any]]
Deliver = Callable[[Sequence[tuple[str, str]]], Leads]


@pytest.fixture(scope="module")
def channels() -> dict[str, Channel]:
    own = {path.stem: path for path in (CASES / "channels").glob("*.yaml")}
    return {
        **load_channels(PROJECT / "config"),
        **{name: load_channel(path) for name, path in own.items() if name in OWN},
    }


OWN = ("hubspot_ui", "sf_report")


@pytest.fixture
def lake() -> duckdb.DuckDBPyConnection:
    return empty_lake()


@pytest.fixture
def deliver(lake: duckdb.DuckDBPyConnection, channels: dict[str, Channel]) -> Deliver:
    """Takes files in, one run each, a day apart; the golden records of the leads there are."""
    vocabularies = load_vocabularies(PROJECT / "config")

    def run(files: Sequence[tuple[str, str]]) -> Leads:
        for number, (name, channel_name) in enumerate(files):
            path, channel = CASES / name, channels[channel_name]
            at = RECEIVED_AT + timedelta(days=number)
            delivery = identify_delivery(path, channel, received_at=at)
            write_batches(lake, delivery, parse_file(path, channel, received_at=at))
            write_normalized(lake, normalize_pending(lake, vocabularies).rows)
            resolve(lake, f"run_{number}")
        return golden(lake)

    return run


def golden(lake: duckdb.DuckDBPyConnection) -> Leads:
    members = lake.execute(
        "select m.lead_id as subject_id, n.* from identity.lead_members as m "
        "join identity.normalized_submissions as n using (submission_id)"
    ).df()
    found = golden_records(lake, members).astype(object)
    return found.where(found.notna(), None).to_dict("records")


A, B, LATE = (f"17-order/{name}.csv" for name in ("a_first", "b_newer", "c_older_arrives_late"))
BACK = "17-order/d_back_without_modified.csv"


@pytest.mark.parametrize(
    "order", [*itertools.permutations((A, B, LATE)), (A, B, LATE, BACK)], ids=str
)
def test_the_newest_version_wins_whatever_the_order(deliver: Deliver, order: list[str]) -> None:
    [lead] = deliver([(name, "hubspot_contacts") for name in order])
    assert (lead["job_title"], lead["phone"]) == ("Director of Marketing", "+46855502000")
    assert (lead["submission_count"], lead["last_submitted_at"]) == (1, datetime(2026, 2, 1, 10))


def test_without_a_date_of_change_the_last_received_wins(
    deliver: Deliver, channels: dict[str, Channel]
) -> None:
    dated = channels["hubspot_contacts"]
    rules = dated.rules.model_copy(update={"modified_at": None})
    channels["hubspot_contacts"] = Channel(rules, dated.lookups, dated.version)
    try:
        [lead] = deliver([(name, "hubspot_contacts") for name in (A, B)])
        assert lead["job_title"] == "Director of Marketing"
        [lead] = deliver([(BACK, "hubspot_contacts")])
    finally:
        channels["hubspot_contacts"] = dated
    assert (lead["job_title"], lead["phone"]) == ("Marketing Manager", "+46855501000")
    assert lead["submission_count"] == 1


def test_a_changed_job_shows_the_newest_and_knows_the_old(deliver: Deliver) -> None:
    [lead] = deliver([("24-job-change/old_then_new.jsonl", "web_form")])
    assert (lead["company_name"], lead["job_title"], lead["email"]) == (
        "NewFirm s.r.o.", "Chief Marketing Officer", "petra.novak@newfirm.example",
    )  # fmt: skip
    assert (lead["phone"], lead["country"]) == ("+420601555123", "CZ")
    assert "petra.novak@oldcorp.example" in lead["known_emails"]
    assert lead["former_company_name"] == "OldCorp a.s."
    assert lead["employer_changed_at"] == datetime(2026, 11, 20, 10)


def test_a_promotion_blanks_nothing(deliver: Deliver) -> None:
    [lead] = deliver([("24-job-change/promoted.jsonl", "web_form")])
    assert (lead["job_title"], lead["phone"]) == ("Managing Director", "+420601555999")
    assert (lead["company_name"], lead["city"]) == ("Stavby a.s.", "Brno")
    assert "+420601555124" in lead["known_phones"]
    assert lead["employer_changed_at"] is None


def test_both_spellings_of_a_salesforce_id_are_one_person(deliver: Deliver) -> None:
    [lead] = deliver([("02-salesforce-report/two_spellings.csv", "salesforce_leads")])
    assert (lead["full_name"], lead["email"], lead["phone"]) == (
        "Maja Kask-Tamm", "maja@kask.example", "+37255501234",
    )  # fmt: skip


def test_ids_that_differ_in_case_only_are_two_people(
    deliver: Deliver, lake: duckdb.DuckDBPyConnection
) -> None:
    """Whatever lines the report has below its table."""
    leads = deliver(
        [
            ("02-salesforce-report/report.csv", "sf_report"),
            ("02-salesforce-report/connector.csv", "salesforce_leads"),
        ]
    )
    named = {lead["last_name"]: lead for lead in leads}
    assert {"Höfer", "O'Shea", "O’Shea", "du Plessis", "Du Plessis"} >= set(named)
    assert len(leads) == 3
    [renee] = [lead for name, lead in named.items() if name.lower() == "du plessis"]
    assert (renee["email"], renee["phone"]) == ("renee@karoo.example", "+27215550101")


def test_what_the_source_merged_is_one_lead(deliver: Deliver) -> None:
    """Two contacts with nothing in common were one at the source, and stayed two here."""
    folder = "08-hubspot-ui-export"
    before = deliver([(f"{folder}/connector_before.csv", "hubspot_contacts")])
    assert len(before) == 2
    [lead] = deliver([(f"{folder}/connector_after_merge.csv", "hubspot_contacts")])
    assert (lead["full_name"], lead["company_name"]) == ("Runa Hagen", "Hagen AS")
    assert list(lead["known_emails"]) == ["runa.private@mail.example", "runa@hagen.example"]
    assert lead["submission_count"] == 2


def test_an_export_of_another_channel_is_a_version_of_the_same_contact(
    deliver: Deliver, channels: dict[str, Channel]
) -> None:
    """With the columns of merged ids, further mailboxes and the date of change mapped."""
    written = (CASES / "channels" / "hubspot_ui.yaml").read_text()
    mapped = written.replace(
        "on_conflict: update", "on_conflict: update\nmodified_at: {column: Last Modified Date}"
    ).replace(
        "      email: Email\n",
        "      email: Email\n      merged_person_ids: {column: Merged Record IDs}\n"
        "      further_emails: {column: Additional email addresses}\n",
    )
    rules = ChannelRules.model_validate(YAML(typ="safe").load(mapped))
    channels["hubspot_ui"] = Channel(rules, {}, "test")
    folder = "08-hubspot-ui-export"
    leads = deliver([(f"{folder}/export_{month}.csv", "hubspot_ui") for month in ("oct", "nov")])
    [lead] = [lead for lead in leads if lead["last_name"] == "Marchal-Roux"]
    assert "Ewan Pryce" in {one["full_name"] for one in leads}
    assert (lead["email"], lead["job_title"]) == (
        "solene@atelier-m.example", "Directrice des achats",
    )  # fmt: skip
    assert list(lead["known_emails"]) == ["sol.mr@gmail.example", "solene@atelier-m.example"]
    assert lead["submission_count"] == 2


SALESFORCE = (
    "id,first_name,last_name,email,phone,company,created_date,last_modified_date,is_deleted,"
    "master_record_id\n"
)


def test_what_is_deleted_at_the_source_is_an_outcome(
    lake: duckdb.DuckDBPyConnection, channels: dict[str, Channel], tmp_path: Path
) -> None:
    """Merged into another, it says who that is; deleted, it is nobody new."""
    files = [
        "00Q5g00000XyZw1,Ann,Lee,ann@lee.example,,Lee Ltd,2026-11-01 10:00:00,,FALSE,\n"
        "00Q5g00000XyZw2,A.,Lee,a.lee@mail.example,,,2026-11-02 10:00:00,,FALSE,\n",
        "00Q5g00000XyZw2,A.,Lee,a.lee@mail.example,,,2026-11-02 10:00:00,2026-11-20 10:00:00,TRUE,"
        "00Q5g00000XyZw1EAF\n"
        "00Q5g00000XyZw3,Bob,Ray,bob@ray.example,,,2026-11-02 10:00:00,2026-11-20 10:00:00,TRUE,\n",
    ]
    for number, rows in enumerate(files):
        path = tmp_path / f"{number}.csv"
        path.write_text(SALESFORCE + rows)
        delivery = identify_delivery(path, channels["salesforce_leads"], received_at=RECEIVED_AT)
        parsed = parse_file(path, channels["salesforce_leads"], received_at=RECEIVED_AT)
        assert write_batches(lake, delivery, parsed).rejected == 0
        write_normalized(lake, normalize_pending(lake, load_vocabularies(PROJECT / "config")).rows)
        resolve(lake, f"run_{number}")
    [lead] = golden(lake)
    assert (lead["full_name"], lead["submission_count"]) == ("Ann Lee", 2)
    assert lake.execute(
        "select stage, count(*) from capture.outcomes group by stage"
    ).fetchall() == [("DELETED", 2)]
