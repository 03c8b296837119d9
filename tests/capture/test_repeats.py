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


@pytest.mark.parametrize(
    "blank", [r"\N", "(null)", "[NULL]", "<NA>", "NaT", "#NV", "#BEZUG!", "#¡REF!", "#Н/Д", "#NOM?"]
)
def test_what_databases_and_spreadsheets_write_for_nothing_is_blank(
    pasted: Channel, blank: str
) -> None:
    row = submission(pasted, PERSON | {"Company": blank, "Title": blank, "Remark": blank})
    assert (row["company_name"], row["job_title"]) == (None, None)
    assert (row["answers"], row["issues"]) == (None, None)
