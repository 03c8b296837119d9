"""Marks for "the same as above" once became companies, people and answers."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lead_platform.capture.channels import Channel
from lead_platform.capture.mapping import MappedRecord, RecordMapper, item_values
from lead_platform.vocabularies.folder import shipped_intake_lists
from lead_platform.vocabularies.repeats import spellings
from tests.capture.conftest import RECEIVED_AT, MakeChannel

LIST = """\
name: pasted_list
description: A list as people keep it in a spreadsheet.
format: csv
record_id: content
unmapped: answers
emits:
  - kind: submission
    fields:
      submitted_at: {default: received_at}
      full_name: Name
      email: Mail
      phone: {column: [Mobile, Phone]}
      company_name: Company
      job_title: Title
      further_emails: {column: Others}
"""
PERSON = {"Name": "Ines Falk", "Mail": "ines@falk.example"}
FIELDS = ("company_name", "job_title", "phone")
MARKS = [
    '"', "''", "″", "〃", '-"-', "- // -", "↑", "dto.", "Dto", "DITO", "(ditto)", "idem.", "(Idem)",
    "s.o.", "s. o.", "S.o.", "siehe oben", "Siehe Oben", "gleiche Firma", "w.o.",
    "Same as above", "SAME AS ABOVE", "(as above)", "ibid.", "misma empresa", "come sopra",
    "zie boven", "samma som ovan", "jak wyżej", "viz výše", "mint fent", "то же", "Там же", "同上",
]  # fmt: skip


def mapped_by(channel: Channel, content: dict[str, Any]) -> MappedRecord:
    return RecordMapper(channel, RECEIVED_AT).map_record(content, 1)


def submission(channel: Channel, content: dict[str, Any]) -> dict[str, Any]:
    mapped = mapped_by(channel, content)
    assert mapped.reasons == []
    ((kind, row),) = mapped.items
    return item_values(kind, row)


@pytest.fixture
def pasted(make_channel: MakeChannel) -> Channel:
    return make_channel(LIST)


@pytest.mark.parametrize("mark", MARKS)
def test_as_above_is_no_value_and_told(pasted: Channel, mark: str) -> None:
    content = PERSON | {"Company": mark, "Title": f" {mark} ", "Phone": mark, "Remark": mark}
    row = submission(pasted, content)
    assert [row[name] for name in FIELDS] == [None, None, None]
    assert row["answers"] is None
    assert row["full_name"] == "Ines Falk"
    told = {issue["field"]: issue["reason"] for issue in json.loads(row["issues"])}
    assert set(told) == {*FIELDS, "answers.Remark"}
    assert all("stands for the value of another row" in reason for reason in told.values())
    assert json.loads(row["payload"])["Company"] == mark


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(mark=st.sampled_from(sorted(spellings(shipped_intake_lists().repeats))))
def test_no_listed_mark_is_a_value_of_any_field(pasted: Channel, mark: str) -> None:
    row = submission(pasted, PERSON | dict.fromkeys(("Company", "Title", "Mobile", "Others"), mark))
    assert all(row[name] is None for name in (*FIELDS, "further_emails"))


@pytest.mark.parametrize(
    "name",
    ["Do", "Gleich", "Id", "S.O.", "J.W.", "J. W.", "Same Day Couriers", "Dittmar", "Ditto Music",
     "Idemitsu", "Oben", "Siehe", 'Kneipe "Zur Post"', "O'Hara", "Igual", "A. Bove", "Wie", "The"],
)  # fmt: skip
def test_names_that_look_like_marks_stay(pasted: Channel, name: str) -> None:
    row = submission(pasted, PERSON | {"Company": name})
    assert (row["company_name"], row["issues"]) == (name, None)


def test_the_next_of_several_columns_counts(pasted: Channel) -> None:
    row = submission(pasted, PERSON | {"Mobile": '"', "Phone": "+49 30 5550123"})
    assert (row["phone"], row["issues"]) == ("+49 30 5550123", None)


def test_what_else_a_list_holds_stays(pasted: Channel) -> None:
    row = submission(pasted, PERSON | {"Others": "ida@falk.example; dto."})
    assert json.loads(row["further_emails"]) == ["ida@falk.example"]
    assert [issue["field"] for issue in json.loads(row["issues"])] == ["further_emails"]


def test_a_record_that_goes_by_another_ones_id_is_refused(make_channel: MakeChannel) -> None:
    channel = make_channel(LIST.replace("record_id: content", "record_id: Nr"))
    (reason,) = mapped_by(channel, PERSON | {"Nr": "dto."}).reasons
    assert "'dto.' stands for the value of another row" in reason


def test_a_person_id_from_above_names_nobody(make_channel: MakeChannel) -> None:
    text = LIST.replace("emits:", "source_system: crm\nperson_id: Person\nemits:")
    row = submission(make_channel(text), PERSON | {"Person": "idem"})
    assert row["source_person_id"] is None
    assert [issue["field"] for issue in json.loads(row["issues"])] == ["source_person_id"]


def test_a_channel_may_say_that_a_mark_is_a_blank(make_channel: MakeChannel) -> None:
    channel = make_channel(LIST.replace("emits:", "blanks: ['^']\nemits:"))
    row = submission(channel, PERSON | {"Company": "^"})
    assert (row["company_name"], row["issues"]) == (None, None)


def test_initials_are_no_abbreviated_mark() -> None:
    forms = spellings(frozenset({"j.w.", "w. o."}))
    assert {"j.w.", "J.w.", "(j.w.)", "w. o.", "W. o."} <= forms
    assert not {"J.W.", "W. O."} & forms


@pytest.mark.parametrize("blank", [r"\N", "(null)", "[NULL]", "<NA>", "NaT", "#NULL", "#EMPTY"])
def test_what_databases_and_spreadsheets_write_for_nothing_is_blank(
    pasted: Channel, blank: str
) -> None:
    row = submission(pasted, PERSON | {"Company": blank, "Title": blank, "Remark": blank})
    assert (row["company_name"], row["job_title"]) == (None, None)
    assert (row["answers"], row["issues"]) == (None, None)


ERRORS = ["#REF!", "#N/A", "#VALUE!", "#NAME?", "#DIV/0!", "#NV", "#BEZUG!", "#¡REF!", "#Н/Д"]


@pytest.mark.parametrize("error", ERRORS)
def test_an_error_of_a_spreadsheet_is_no_value_and_told(pasted: Channel, error: str) -> None:
    """`#REF!` as `Do Not Call` was no consent without a reason, as if nobody had been asked."""
    mapped = mapped_by(pasted, PERSON | {"Company": error, "Title": error, "Remark": error})
    assert mapped.reasons == []
    row = item_values(*mapped.items[0])
    assert (row["company_name"], row["job_title"], row["answers"]) == (None, None, None)
    assert [fault["field"] for fault in json.loads(row["issues"])] == ["company_name", "job_title"]
    assert all(error in told and "error of the spreadsheet" in told for told in mapped.side_faults)


def test_an_error_costs_nothing_but_its_cell(make_channel: MakeChannel) -> None:
    text = LIST.replace("{default: received_at}", "{column: At, default: received_at}").replace(
        "{column: [Mobile, Phone]}", "{column: [Mobile, Phone], calling_code: {column: Code}}"
    )
    given = {"At": "#N/A", "Mobile": "#REF!", "Phone": "030 901820", "Code": "#NAME?"}
    row = submission(make_channel(text), PERSON | given)
    assert (row["submitted_at"], row["phone"]) == (RECEIVED_AT, "030 901820")
    assert [fault["field"] for fault in json.loads(row["issues"])] == ["submitted_at", "phone"]


def test_beside_an_error_no_grant_counts(make_channel: MakeChannel) -> None:
    rule = "{strictest_of: [{column: DNC, consent: opt_out}, Calls]}"
    channel = make_channel(LIST + f"      consent_phone: {rule}\n")
    row = submission(channel, PERSON | {"DNC": "#REF!", "Calls": "yes"})
    assert row["consent_phone"] is None
    assert "#REF!" in row["issues"]
    assert (
        submission(channel, PERSON | {"DNC": "#REF!", "Calls": "no"})["consent_phone"] == "denied"
    )


def test_a_channel_may_say_that_an_error_is_a_blank(make_channel: MakeChannel) -> None:
    channel = make_channel(LIST.replace("emits:", "blanks: ['#N/A']\nemits:"))
    assert submission(channel, PERSON | {"Company": "#N/A"})["issues"] is None
