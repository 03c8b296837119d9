import json
import time
from collections.abc import Callable
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lead_platform.identity.normalization.submissions import (
    COLUMNS,
    INSTANTS,
    RAW_COLUMNS,
    normalize_keys,
    normalize_submissions,
    page_category,
)
from lead_platform.lake.suites import load_suites, validate
from lead_platform.vocabularies.tables import Vocabularies

Captured = Callable[..., pd.DataFrame]
ROOT = Path(__file__).resolve().parents[3]

ANNA = {
    "source_system": "web",
    "submitted_at": pd.Timestamp("2026-03-01 10:00"),
    "full_name": "DR. ANNA SCHMIDT",
    "email": "Anna Schmidt <ANNA@Mail.Acme.de>",
    "phone": "030 901820",
    "country": "Deutschland",
    "region": "Bavaria",
    "job_title": "leiterin einkauf",
    "company_name": "ACME MASCHINENBAU GMBH",
    "industry": "Odd trade",
    "employee_count": "51-200",
    "annual_revenue": "€2.5 Mio",
    "source": "google ads",
    "medium": "CPC",
    "consent_email": "yes",
    "purchase_timeframe": "ASAP",
    "message": "Call me,\n please",
    "language": "de-AT",
}


def test_a_row(captured: Captured, vocabularies: Vocabularies) -> None:
    row = normalize_submissions(captured(ANNA), vocabularies).iloc[0]
    expected = {
        "full_name": "Anna Schmidt", "first_name": "Anna", "last_name": "Schmidt",
        "email": "anna@mail.acme.de", "email_domain": "mail.acme.de", "is_free_email": False,
        "phone": "+4930901820", "phone_kind": "fixed_line", "phone_country": "DE",
        "country": "DE", "region": "BY", "language": "de", "seniority": "director",
        "job_function": "procurement", "company_name": "Acme Maschinenbau GmbH",
        "company_key": "acme maschinenbau", "company_domain": "acme.de", "employee_count": 51,
        "annual_revenue": 2.5e6, "source": "google", "medium": "cpc", "consent_email": "granted",
        "purchase_timeframe": "now", "message": "Call me,\nplease",
    }  # fmt: skip
    assert {name: row[name] for name in expected} == expected
    assert pd.isna(row["industry"])
    assert json.loads(row["issues"]) == [
        {"field": "industry", "raw": "Odd trade", "reason": "not in industries.csv"}
    ]


def test_further_mailboxes_are_ones_own(captured: Captured, vocabularies: Vocabularies) -> None:
    given = ["ANNA@Home.de", "info@acme.de", "nobody"]
    frame = captured(ANNA, {**ANNA, "further_emails": json.dumps(given)})
    plain, further = (row for _, row in normalize_submissions(frame, vocabularies).iterrows())
    assert json.loads(further["further_emails"]) == ["anna@home.de"]
    assert further["match_record_id"] != plain["match_record_id"]
    assert "further_emails" in {issue["field"] for issue in json.loads(further["issues"])}


@pytest.mark.parametrize("filler", ["Info Requested", "Redacted", "Nicht angegeben", "未記入"])
def test_what_fills_every_field_points_to_nobody(
    filler: str, captured: Captured, vocabularies: Vocabularies
) -> None:
    asked = ("full_name", "first_name", "last_name", "email", "phone", "company_name", "job_title")
    row = normalize_submissions(captured(dict.fromkeys(asked, filler)), vocabularies).iloc[0]
    assert row[[*asked, "company_key", "company_domain"]].isna().all()


def test_columns_are_those_of_the_table(captured: Captured, vocabularies: Vocabularies) -> None:
    with duckdb.connect() as connection:
        connection.execute("create schema identity")
        sql = (ROOT / "lead_platform" / "identity" / "tables.sql").read_text()
        connection.execute(sql)
        table = connection.table("identity.normalized_submissions")
        # How often a row was read is said where it is written.
        assert tuple(table.columns) == (*COLUMNS, "reading", "compared_reading")
        for frame in (captured(), captured(ANNA, {})):
            result = normalize_submissions(frame, vocabularies)
            assert tuple(result.columns) == COLUMNS
            connection.register("result", result)
            connection.execute("insert into identity.normalized_submissions by name from result")
        assert table.count("*").fetchone() == (2,)


def test_missing_columns_are_named(captured: Captured, vocabularies: Vocabularies) -> None:
    frame = captured(ANNA).drop(columns=["email", "phone"])
    with pytest.raises(ValueError, match="lack the columns email, phone"):
        normalize_submissions(frame, vocabularies)


def test_what_is_missing_is_no_issue(captured: Captured, vocabularies: Vocabularies) -> None:
    row = normalize_submissions(captured({}), vocabularies).iloc[0]
    assert row["issues"] == "[]"
    assert row.drop(
        ["submission_id", "channel", "received_seq", "match_record_id", "issues",
         "normalization_version"]
    ).isna().all()  # fmt: skip


@pytest.mark.parametrize(
    "told_by",
    [{"country": "Germany"}, {"time_zone": "Europe/Berlin"}, {"region": "Bayern"}],
)
def test_a_phone_is_read_with_what_tells_the_country(
    told_by: dict[str, str], captured: Captured, vocabularies: Vocabularies
) -> None:
    result = normalize_submissions(captured({"phone": "030 901820", **told_by}), vocabularies)
    assert result["phone"].tolist() == ["+4930901820"]


@pytest.mark.parametrize(
    ("phone", "record", "expected"),
    [
        ("06 12 34 56 79", {"country": "France"}, "+33612345679"),
        ("0664 1234568", {"country": "Austria"}, "+436641234568"),
        ("02 8123 4567", {"country": "IT"}, "+390281234567"),
        # It contradicts the channel: none, not the channel's.
        ("030 901820", {"country": "France"}, None),
        ("06 12 34 56 79", {"time_zone": "Europe/Paris"}, None),
        ("030 901820", {"time_zone": "Europe/Berlin"}, "+4930901820"),
        ("030 901820", {}, "+4930901820"),
    ],
)
def test_the_country_of_a_record_goes_before_that_of_its_channel(
    phone: str,
    record: dict[str, str],
    expected: str | None,
    captured: Captured,
    vocabularies: Vocabularies,
) -> None:
    frame = captured({"phone": phone, **record}).assign(phone_region="DE")
    read = normalize_submissions(frame, vocabularies)["phone"].astype(object)
    assert read.where(read.notna(), None).tolist() == [expected]
    if "time_zone" not in record:
        keys = normalize_keys(frame[["email", "phone", "country", "phone_region"]], vocabularies)
        assert keys["phone"].fillna("").tolist() == [expected or ""]


def test_same_person_same_match_record(captured: Captured, vocabularies: Vocabularies) -> None:
    result = normalize_submissions(
        captured(ANNA, ANNA | {"message": "again", "source": "fb"}, ANNA | {"city": "Berlin"}),
        vocabularies,
    )
    first, second, third = result["match_record_id"]
    assert first == second != third


@pytest.mark.parametrize(
    ("row", "is_shared"),
    [
        ({"email": "anna@acme.de"}, True),
        ({"source_system": "hubspot", "source_person_id": "7"}, True),
        ({"email": "info@acme.de", "full_name": "Anna Schmidt"}, True),
        ({"phone": "+4930901820", "full_name": "Anna Schmidt"}, True),
        ({"email": "info@acme.de"}, False),
        ({"email": "x@mailinator.com"}, False),
        ({"email": "x@mailinator.com", "full_name": "Anna Schmidt"}, True),
        ({"phone": "+4930901820"}, False),
        ({"full_name": "Anna Schmidt", "country": "DE"}, False),
        ({"city": "Berlin"}, False),
    ],
)
def test_a_record_is_shared_only_where_it_points_to_one_person(
    row: dict[str, str], is_shared: bool, captured: Captured, vocabularies: Vocabularies
) -> None:
    result = normalize_submissions(captured(row, row), vocabularies)
    assert (result["match_record_id"].nunique() == 1) == is_shared


VALUES = st.none() | st.sampled_from(
    ["Anna Schmidt", "info@acme.de", "a@gmail.com", "030 901820", "DE", "CEO", "Acme GmbH", "n/a",
     "1-20", "Google", "Bayern", "\x00", "ⅷ"]
) | st.text(max_size=12)  # fmt: skip
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            name: VALUES
            for name in ("full_name", "first_name", "email", "phone", "country", "region",
                         "company_name", "company_website", "job_title", "employee_count",
                         "source", "city", "time_zone", "language", "message")
        }
    ),
    min_size=1,
    max_size=8,
)  # fmt: skip


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(rows=ROWS, cut=st.integers(0, 8))
def test_slices_equal_one_batch(
    rows: list[dict[str, str]], cut: int, captured: Captured, vocabularies: Vocabularies
) -> None:
    frame = captured(*rows)
    whole = normalize_submissions(frame, vocabularies)
    slices = [normalize_submissions(part, vocabularies) for part in (frame[:cut], frame[cut:])]
    stacked = pd.concat([part for part in slices if len(part)], ignore_index=True)
    pd.testing.assert_frame_equal(whole, stacked)
    assert whole["submission_id"].tolist() == frame["submission_id"].tolist()


def test_keys_of_events_equal_those_of_submissions(
    captured: Captured, vocabularies: Vocabularies
) -> None:
    frame = captured(ANNA, {"email": "x", "phone": "+1 415 200 4567"}, {})
    whole = normalize_submissions(frame, vocabularies)
    frame.index = pd.Index([5, 6, 9])
    keys = normalize_keys(frame[["email", "phone", "country"]], vocabularies)
    assert keys.index.tolist() == [5, 6, 9]
    assert keys["email"].fillna("").tolist() == whole["email"].fillna("").tolist()
    assert keys["phone"].fillna("").tolist() == whole["phone"].fillna("").tolist()


def test_the_suite_passes_and_fails(captured: Captured, vocabularies: Vocabularies) -> None:
    suite = load_suites(ROOT / "expectations")["identity.normalized_submissions"]
    result = normalize_submissions(captured(ANNA, {}), vocabularies)
    assert validate(result, suite.scoped("rows")) == []
    broken = result.assign(country="Germany", phone="030", match_record_id="x", industry="odd")
    failed = {failure.arguments for failure in validate(broken, suite.scoped("rows"))}
    assert len(failed) == 4


# Each made some expression of this program, or of a library, start over at every letter.
ADVERSARIAL = (
    "(a", "[a ", "&amp;", "é", "Ã©", "1,", "a.", "<a@b", "- ", "'", "a(", "0 ", "[ at ", "inc. ",
    "dr. ", "\\\\", "ß", "\n", "1 mil ", "in/",
)  # fmt: skip


@pytest.mark.parametrize("piece", ADVERSARIAL)
def test_long_texts_take_time_in_proportion(vocabularies: Vocabularies, piece: str) -> None:
    """A language of 100 kB of opening brackets took minutes."""
    text = piece * (60_000 // len(piece))
    row = dict.fromkeys(RAW_COLUMNS, text) | dict.fromkeys(INSTANTS, pd.NaT)
    row |= {"submission_id": "s1", "channel": "c", "received_seq": 1, "inquiry_minutes": 10}
    row |= {"further_emails": json.dumps([text])}
    started = time.process_time()
    normalize_submissions(pd.DataFrame([row]), vocabularies)
    page_category(pd.Series([text]), vocabularies)
    # It takes 0.1 to 0.8 s here; by the square it would be a minute.
    assert time.process_time() - started < 5


def test_a_further_address_in_the_field_is_noted_and_joins_nobody(
    captured: Captured, vocabularies: Vocabularies
) -> None:
    frame = captured({"email": "anna@acme.com; berg@gmx.de"})
    row = normalize_submissions(frame, vocabularies).iloc[0]
    assert row["email"] == "anna@acme.com"
    assert pd.isna(row["further_emails"])
    assert json.loads(row["issues"]) == [
        {
            "field": "email",
            "raw": "anna@acme.com; berg@gmx.de",
            "reason": "further addresses in it: berg@gmx.de",
        }
    ]


@pytest.mark.parametrize(
    ("written", "is_told"),
    [
        ("+49 30 901820 (Frau Meier, vormittags)", True),
        ("+33 1 42 68 53 00 demander Luc", True),
        ("+49 30 901820, bei Nachbarn klingeln", True),
        ("+49 30 901820 mobil", False),
        ("Tel.: +49 30 901820 ext. 12", False),
        ("+49 30 901820 (Mo-Fr 9:00-17:00)", False),
        ("1-800-FLOWERS", False),
        ("+4930901820", False),
    ],
)
def test_words_beside_a_number_are_kept_with_the_record(
    written: str, is_told: bool, captured: Captured, vocabularies: Vocabularies
) -> None:
    """Whom to ask for was dropped without a word."""
    row = normalize_submissions(captured({"phone": written, "country": "US"}), vocabularies).iloc[0]
    told = [one for one in json.loads(row["issues"]) if one["reason"].startswith("words beside")]
    assert not pd.isna(row["phone"])
    assert [one["raw"] for one in told] == ([written] if is_told else [])
