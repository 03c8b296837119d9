"""What wins in a golden record: versions of a source record, and what changes over time."""

import itertools
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import duckdb
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lead_platform.fields import FieldCatalogue, LeadField, platform_fields
from lead_platform.settings import PROJECT_ROOT
from tests.dbt.rendering import golden_records, render

START = datetime.fromisoformat("2026-01-01")
TABLES = PROJECT_ROOT / "lead_platform" / "identity" / "tables.sql"


@pytest.fixture(scope="module")
def lake() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        connection.execute("create schema identity")
        connection.execute(TABLES.read_text())
        yield connection


def golden(
    lake: duckdb.DuckDBPyConnection,
    rows: list[dict[str, Any]],
    fields: FieldCatalogue | None = None,
) -> list[dict[str, Any]]:
    """The golden records of `rows`, by lead (`subject_id`, one where none is given)."""
    numbered = [
        {"subject_id": "lead", "submission_id": f"sub_{number}", "channel": "c", **row}
        for number, row in enumerate(rows)
    ]
    members = pd.DataFrame(numbered)
    found = golden_records(lake, members, fields=fields or platform_fields()).astype(object)
    return found.where(found.notna(), None).to_dict("records")


def day(number: int) -> datetime:
    return START + timedelta(days=number)


OLD = {
    "submitted_at": day(40), "full_name": "Petra Novak", "email": "petra@oldcorp.example",
    "email_domain": "oldcorp.example", "is_free_email": False, "phone": "+420601555123",
    "phone_kind": "mobile", "job_title": "Marketing Manager", "company_name": "OldCorp a.s.",
    "company_key": "oldcorp", "company_domain": "oldcorp.example", "country": "CZ",
    "city": "Praha", "street": "Dlouhá 1", "employee_count": 50,
}  # fmt: skip
NEW = {
    "submitted_at": day(320), "full_name": "Petra Novak", "email": "petra@newfirm.example",
    "email_domain": "newfirm.example", "is_free_email": False,
    "job_title": "Chief Marketing Officer", "company_name": "NewFirm s.r.o.",
    "company_key": "newfirm", "company_domain": "newfirm.example", "country": "CZ",
}  # fmt: skip


def shown(record: dict[str, Any], *fields: str) -> tuple[Any, ...]:
    return tuple(record[field] for field in fields)


def test_an_employers_fields_move_together(lake: duckdb.DuckDBPyConnection) -> None:
    """The older and fuller form won: the old employer's title, mailbox and address."""
    for rows in ([OLD, NEW], [NEW, OLD]):
        [record] = golden(lake, rows)
        assert shown(record, "company_name", "job_title", "email", "street", "employee_count") == (
            "NewFirm s.r.o.", "Chief Marketing Officer", "petra@newfirm.example", None, None,
        )  # fmt: skip
        assert shown(record, "phone", "country", "city") == ("+420601555123", "CZ", None)
        assert list(record["known_emails"]) == ["petra@newfirm.example", "petra@oldcorp.example"]
        assert list(record["known_companies"]) == ["NewFirm s.r.o.", "OldCorp a.s."]
        assert record["former_company_name"] == "OldCorp a.s."
        assert record["employer_changed_at"] == day(320)


def test_a_shorter_later_form_blanks_nothing(lake: duckdb.DuckDBPyConnection) -> None:
    later = {
        "submitted_at": day(320), "full_name": "Petra Novak", "email": "petra@oldcorp.example",
        "email_domain": "oldcorp.example", "is_free_email": False, "phone": "+420601555999",
        "phone_kind": "mobile", "job_title": "Managing Director",
        "company_domain": "oldcorp.example",
    }  # fmt: skip
    [record] = golden(lake, [OLD, later])
    assert shown(record, "job_title", "phone") == ("Managing Director", "+420601555999")
    assert shown(record, "company_name", "city", "street", "employee_count") == (
        "OldCorp a.s.", "Praha", "Dlouhá 1", 50,
    )  # fmt: skip
    assert shown(record, "former_company_name", "employer_changed_at") == (None, None)


def test_a_former_employers_mailbox_is_better_than_none(lake: duckdb.DuckDBPyConnection) -> None:
    by_phone = {name: value for name, value in NEW.items() if "email" not in name}
    [record] = golden(lake, [OLD, by_phone])
    assert shown(record, "company_name", "email") == ("NewFirm s.r.o.", "petra@oldcorp.example")


@pytest.mark.parametrize(
    "other",
    [
        {"company_name": "OldCorp Group", "company_key": "oldcorp group"},
        {"company_name": "Old Corporation", "company_key": "old corporation",
         "company_domain": "oldcorp.example"},
        {"email": "p@novak.example", "email_domain": "novak.example", "is_free_email": False,
         "company_domain": "novak.example"},
    ],
    ids=["longer name", "same domain", "a domain of one's own"],
)  # fmt: skip
def test_what_may_be_the_same_employer_is_no_change(
    lake: duckdb.DuckDBPyConnection, other: dict[str, Any]
) -> None:
    [record] = golden(lake, [OLD, {"submitted_at": day(300), **other}])
    assert record["employer_changed_at"] is None
    assert shown(record, "job_title", "city") == ("Marketing Manager", "Praha")


@pytest.mark.parametrize("mailbox", [{"is_role_email": True}, {"is_disposable_email": True}])
def test_a_mailbox_that_names_nobody_replaces_none(
    lake: duckdb.DuckDBPyConnection, mailbox: dict[str, Any]
) -> None:
    [record] = golden(lake, [OLD, {"submitted_at": day(300), "email": "info@x.example", **mailbox}])
    assert record["email"] == "petra@oldcorp.example"


def versions(*rows: dict[str, Any]) -> list[dict[str, Any]]:
    """Versions of one source record, in the order of their receipt."""
    return [
        {"version_key": "ver_1", "submitted_at": START, "received_seq": number, **row}
        for number, row in enumerate(rows, start=1)
    ]


def test_by_receipt_the_last_version_wins(lake: duckdb.DuckDBPyConnection) -> None:
    a = {"job_title": "Manager", "phone": "+4655501000", "company_key": "h", "city": "Lund"}
    b = {"job_title": "Director", "phone": "+4655502000", "company_key": "h"}
    [record] = golden(lake, versions(a, b, a))
    assert shown(record, "job_title", "phone", "submission_count") == ("Manager", "+4655501000", 1)
    [record] = golden(lake, versions(a, b))
    assert shown(record, "job_title", "phone", "city") == ("Director", "+4655502000", "Lund")


def test_a_synchronisation_states_nothing(lake: duckdb.DuckDBPyConnection) -> None:
    """The date of change moves with every mail the source sends."""
    crm = {"job_title": "Manager", "phone": "+4655501000"}
    rows = versions({**crm, "modified_at": day(10)}, {**crm, "modified_at": day(90)})
    form = {"submitted_at": day(50), "job_title": "Director"}
    [record] = golden(lake, [*rows, form])
    assert shown(record, "job_title", "phone") == ("Director", "+4655501000")
    assert shown(record, "submission_count", "last_submitted_at") == (2, day(50))


def stated(record: dict[str, Any], channel: str = "email") -> tuple[Any, ...]:
    return shown(record, f"consent_{channel}", f"consent_{channel}_at")


def test_an_opt_out_is_of_the_version_that_states_it(lake: duckdb.DuckDBPyConnection) -> None:
    """It was dated by the creation of its record: years before the grant of last month."""
    crm = versions(
        {"modified_at": day(2)},
        {"modified_at": day(300), "consent_email": "denied", "consent_phone": "granted"},
        {"modified_at": day(310), "consent_email": "denied", "consent_phone": "granted"},
    )
    form = {"submitted_at": day(270), "consent_email": "granted", "consent_phone": "granted"}
    for rows in ([*crm, form], [form, *reversed(crm)]):
        [record] = golden(lake, rows)
        assert stated(record) == ("denied", day(300)), "a synchronisation states nothing anew"
        assert stated(record, "phone") == ("granted", day(300))


def test_the_date_of_another_consent_dates_none(lake: duckdb.DuckDBPyConnection) -> None:
    """The date of the opt-in stays in the record of whoever opts out."""
    crm = versions(
        {"modified_at": day(20), "consent_at": day(9), "consent_email": "granted"},
        {"modified_at": day(30), "consent_at": day(9), "consent_email": "denied"},
    )
    assert stated(golden(lake, crm)[0]) == ("denied", day(30))
    assert stated(golden(lake, crm[:1])[0]) == ("granted", day(9))
    dated = versions(crm[0], {**crm[1], "consent_at": day(28)})
    assert stated(golden(lake, dated)[0]) == ("denied", day(28))


CONSENT_VERSIONS = st.lists(
    st.fixed_dictionaries(
        {
            "record": st.sampled_from("abc"),
            "modified_at": st.sampled_from([day(number) for number in range(20, 30)]),
            "consent_email": st.sampled_from([None, "granted", "denied"]),
            "consent_at": st.sampled_from([None, None, day(5), day(25)]),
        }
    ),
    min_size=1,
    max_size=7,
    unique_by=lambda row: (row["record"], row["modified_at"]),
)


def said_of_mail(drawn: list[dict[str, Any]]) -> list[tuple[bool, datetime]]:
    """(is a denial, when it was stated) of each version that says something of mail."""
    said = []
    for record in "abc":
        mine = sorted((r for r in drawn if r["record"] == record), key=lambda r: r["modified_at"])
        before: dict[str, Any] = {}
        at = START
        for row in mine:
            if row["consent_at"] not in (None, before.get("consent_at")):
                at = row["consent_at"]
            elif row["consent_email"] != before.get("consent_email"):
                at = row["modified_at"]
            if row["consent_email"] is not None:
                said.append((row["consent_email"] == "denied", at))
            before = row
    return said


@settings(max_examples=60)
@given(drawn=CONSENT_VERSIONS, data=st.data())
def test_any_denial_wins_and_the_last_stated_dates_it(
    lake: duckdb.DuckDBPyConnection, drawn: list[dict[str, Any]], data: st.DataObject
) -> None:
    rows = [
        {"version_key": f"ver_{row['record']}", "submitted_at": START, "received_seq": place,
         **{name: value for name, value in row.items() if name != "record"}}
        for place, row in enumerate(data.draw(st.permutations(drawn)))
    ]  # fmt: skip
    [record] = golden(lake, rows)
    said = said_of_mail(drawn)
    if not said:
        assert stated(record) == (None, None)
        return
    is_denied, at = max(said)
    assert stated(record) == ("denied" if is_denied else "granted", at)


CHOICES = {
    "modified_at": st.sampled_from([day(number) for number in range(20, 28)]),
    "full_name": st.sampled_from([None, "Ada Byron", "Ada Lovelace"]),
    "email": st.sampled_from([None, "a@x.example", "b@y.example"]),
    "phone": st.sampled_from([None, "+4655501000", "+4655502000"]),
    "job_title": st.sampled_from([None, "Manager", "Director"]),
    "company_key": st.sampled_from([None, "x", "y"]),
    "company_domain": st.sampled_from([None, "x.example", "y.example"]),
    "country": st.sampled_from([None, "SE", "DE"]),
    "city": st.sampled_from([None, "Lund", "Bonn"]),
    "message": st.sampled_from([None, "hello", "again"]),
    "consent_email": st.sampled_from([None, "granted", "denied"]),
    "source": st.sampled_from([None, "google", "direct"]),
}
VERSIONS = st.lists(
    st.fixed_dictionaries({"record": st.sampled_from("abc"), **CHOICES}),
    min_size=2,
    max_size=5,
    unique_by=lambda row: (row["record"], row["modified_at"]),
)


@settings(max_examples=30)
@given(VERSIONS)
def test_any_order_of_receipt_ends_in_the_same_golden_record(
    lake: duckdb.DuckDBPyConnection, drawn: list[dict[str, Any]]
) -> None:
    contents = [
        {
            "submission_id": f"sub_{number}", "version_key": f"ver_{row['record']}",
            "submitted_at": day("abc".index(row["record"])),
            **{name: value for name, value in row.items() if name != "record"},
        }
        for number, row in enumerate(drawn)
    ]  # fmt: skip
    orders = itertools.islice(itertools.permutations(contents), 24)
    rows = [
        {"subject_id": f"lead_{number:03}", "received_seq": place, **row}
        for number, order in enumerate(orders)
        for place, row in enumerate(order)
    ]
    records = golden(lake, rows)
    seen = {repr({k: v for k, v in record.items() if k != "subject_id"}) for record in records}
    assert len(seen) == 1
    assert records[0]["submission_count"] == len({row["record"] for row in drawn})


def inquiries(lake: duckdb.DuckDBPyConnection, rows: list[dict[str, Any]]) -> list[Any]:
    """The first instants of the inquiries of one lead."""
    frame = pd.DataFrame([{"submission_id": f"s{n}", **row} for n, row in enumerate(rows)])
    lake.register("given_rows", frame)
    lake.execute(
        "create or replace temp table submissions as select 'lead' as lead_id, * "
        "from identity.normalized_submissions limit 0"
    )
    lake.execute("insert into submissions by name select *, 'lead' as lead_id from given_rows")
    query = render('with {{ inquiry_ctes("submissions") }} from inquiries')
    return [row[0] for row in lake.sql(f"select submitted_at from ({query}) order by 1").fetchall()]


def test_rows_of_one_sitting_are_one_inquiry(lake: duckdb.DuckDBPyConnection) -> None:
    def at(*minutes: int, form: str | None = "f", within: int | None = 10) -> list[dict[str, Any]]:
        return [
            {"channel": "c", "form_id": form, "inquiry_minutes": within,
             "submitted_at": START + timedelta(minutes=minute)}
            for minute in minutes
        ]  # fmt: skip

    assert len(inquiries(lake, at(0, 0, 9, 19))) == 1
    assert len(inquiries(lake, at(0, 11))) == 2
    assert len(inquiries(lake, at(0) + at(1, form="g"))) == 2
    assert len(inquiries(lake, at(0, 1, within=0))) == 2
    assert len(inquiries(lake, at(0, 0, within=0))) == 2, "0 is for none, also at one instant"
    assert len(inquiries(lake, at(0, 0, within=None))) == 2
    assert len(inquiries(lake, versions({}, {}, {}))) == 1
    shuffled = [row for row in reversed(at(0, 9, 30, 39, 41))]
    assert inquiries(lake, shuffled) == [START, START + timedelta(minutes=30)]


def with_custom(**rules: str) -> FieldCatalogue:
    """The platform's fields and texts of these names, each with what wins of it."""
    custom = [
        LeadField.model_validate(
            {"name": name, "type": "text", "kind": "profile", "wins": wins, "label": name}
        )
        for name, wins in rules.items()
    ]
    return replace(platform_fields(), custom=tuple(custom))


def test_a_field_of_ones_own_survives_by_its_rule(lake: duckdb.DuckDBPyConnection) -> None:
    fields = with_custom(order="newest", branch="fullest", need="last_touch", tier="company")
    said = [
        OLD | {"custom_fields": '{"order":"o1","branch":"b1","need":"n1","tier":"t1"}'},
        NEW | {"custom_fields": '{"order":2,"need":"n2","gone":"g"}'},
        {"submitted_at": day(330), "email": "petra@newfirm.example", "custom_fields": None},
    ]
    for rows in itertools.permutations(said):
        [record] = golden(lake, list(rows), fields)
        won = {"order": 2, "branch": "b1", "need": "n2"}
        assert json.loads(record["custom_fields"]) == won, "a former employer's tier counts no more"
        named = {f"sub_{number}": row for number, row in enumerate(rows)}
        chosen = {name: named[record["sources"][name]] for name in won}
        assert chosen == {"order": said[1], "branch": said[0], "need": said[1]}
        assert record["sources"]["tier"] is None


def test_a_sync_states_nothing_of_a_field_of_ones_own(lake: duckdb.DuckDBPyConnection) -> None:
    """A CRM that writes a record again without a change outlived what was said meanwhile."""
    fields = with_custom(order="newest")
    versions = [
        {"submitted_at": day(1), "modified_at": day(stated), "version_key": "v",
         "custom_fields": '{"order":"old"}', "job_title": title}
        for stated, title in ((1, "A"), (9, "B"))
    ]  # fmt: skip
    form = {"submitted_at": day(5), "custom_fields": '{"order":"new"}'}
    [record] = golden(lake, [*versions, form], fields)
    assert record["custom_fields"] == '{"order":"new"}'


def test_fields_of_ones_own_change_no_other_winner(lake: duckdb.DuckDBPyConnection) -> None:
    rows = [
        OLD | {"custom_fields": '{"order":"o1","branch":"b1","tier":"t"}'},
        NEW | {"custom_fields": '{"order":"o2"}'},
    ]
    [plain] = golden(lake, rows)
    [record] = golden(lake, rows, with_custom(order="newest", branch="fullest", tier="company"))
    assert plain["custom_fields"] is None
    platform = {*plain} - {"custom_fields", "sources"}
    assert {name: str(record[name]) for name in platform} == {
        name: str(plain[name]) for name in platform
    }
    assert plain["sources"].items() <= record["sources"].items()


def test_the_table_for_people_says_what_the_project_does() -> None:
    page = (PROJECT_ROOT / "docs" / "survivorship.md").read_text()
    rows = [
        [cell.strip() for cell in line.strip("| ").split("|")]
        for line in page.splitlines()
        if line.startswith("| `")
    ]
    told = {
        row[0].strip("`"): (row[1].strip("`"), row[2].replace("`", "").split(", ")) for row in rows
    }
    assert told == {
        group["group"]: (group["wins"], group["fields"])
        for group in platform_fields().variables["survivorship"]
    }
