"""Ids as sources write them, and those that lost digits on their way."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lead_platform.capture.channels import Channel
from lead_platform.capture.mapping import MappedRecord, RecordMapper, item_values
from lead_platform.capture.source_ids import rounding_fault
from tests.capture.conftest import RECEIVED_AT
from tests.capture.test_readers import rules

FIELDS = {
    "submitted_at": {"default": "received_at"}, "email": "email", "click_id": "gclid",
    "ad_id": "ad", "form_id": "form", "merged_person_ids": "merged",
}  # fmt: skip
ROUNDED = ["1.23457E+14", "1,23457E+14", "8E+20", "1.2e+17", "123456789012345680"]
ROUNDED += ["12345678901234500", "123456789012345680.0", "1234567890123456800000"]
WHOLE = [
    "123456789012345",
    "1234567890123450",
    "123456789012345678",
    "L-1E+5",
    "7E12",
    "100",
    "00Q3",
]


def mapped(content: dict[str, Any], **options: Any) -> MappedRecord:
    emits = [{"kind": "submission", "fields": FIELDS}]
    stated = {"source_system": "crm", "person_id": "person", **options}
    channel = Channel(
        rules(**{"format": "csv", "record_id": "id", "emits": emits, **stated}), {}, "v"
    )
    record = {"id": "1", "email": "a@b.example", **content}
    return RecordMapper(channel, RECEIVED_AT).map_record(record, 1)


@pytest.mark.parametrize("text", ROUNDED)
def test_no_id_is_taken_that_lost_digits(text: str) -> None:
    """Ids of merged contacts were taken so, and are keys: strangers became one."""
    assert "rounded" in mapped({"id": text}).reasons[0]
    record = mapped(
        {"person": text, "gclid": text, "ad": text, "form": text, "merged": f"7;{text};9"}
    )
    values = item_values(*record.items[0])
    names = ["source_person_id", "click_id", "ad_id", "form_id", "merged_person_ids"]
    assert [values[name] for name in names] == [None, None, None, None, '["7","9"]']
    told = " ".join([*record.side_faults, str(values["issues"])])
    assert all(name in told for name in names)
    assert told.count("rounded") >= len(names)


@pytest.mark.parametrize("text", WHOLE)
def test_other_ids_are_taken_as_they_are(text: str) -> None:
    record = mapped({"id": text, "person": text, "gclid": text, "merged": f"{text};{text}"})
    values = item_values(*record.items[0])
    assert (record.record_id, values["source_person_id"], values["click_id"]) == (text,) * 3
    assert values["merged_person_ids"] == f'["{text}"]'


GUID = "0F8FAD5B-D9CB-469F-A165-70867728950E"


@pytest.mark.parametrize("system", ["crm", "salesforce"])
@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("1234567.0", "1234567"),
        ("1234567.00", "1234567"),
        (f"{{{GUID}}}", GUID),
        ("1234567.5", "1234567.5"),
        ("1.2.0", "1.2.0"),
        ("v2.0", "v2.0"),
    ],
)
def test_an_id_is_one_however_programs_write_it(written: str, plain: str, system: str) -> None:
    """Of a column with a gap pandas writes `1234567.0`: each person was two."""
    record = mapped(
        {"id": written, "person": written, "ad": written, "merged": [written, "9"]},
        source_system=system,
    )
    values = item_values(*record.items[0])
    assert (record.record_id, values["source_person_id"], values["ad_id"]) == (plain,) * 3
    assert values["merged_person_ids"] == f'["{plain}","9"]'
    given_as = mapped({"id": written, "person": written}, id_form="as_given")
    assert given_as.record_id == written


def test_an_id_of_several_columns_is_plain_in_each() -> None:
    record = mapped({"id": "7.0", "line": "2.0"}, record_id={"path": ["id", "line"]})
    assert record.record_id == "7|2"


def test_ids_that_do_end_in_zeros_are_taken_once_the_channel_says_so() -> None:
    assert mapped({"id": "12345678901234500"}, id_form="as_given").record_id == "12345678901234500"
    assert mapped({"id": "1.2E+16"}, id_form="as_given").reasons


def test_what_json_writes_as_a_text_was_no_number_of_a_spreadsheet() -> None:
    """One of a hundred leads of an advertiser's webhook has an id of 17 digits that ends in 00."""
    assert mapped({"id": "12345678901234500"}, format="jsonl").record_id == "12345678901234500"
    assert mapped({"id": "1.2E+16"}, format="jsonl").reasons


@given(st.integers(10**17, 10**24))
def test_what_a_program_printed_of_a_double_is_known(number: int) -> None:
    printed = format(Decimal(repr(float(number))), "f")
    assert rounding_fault(printed) is not None


@given(st.integers(0, 10**17 - 1).filter(lambda number: number % 100))
def test_shorter_ids_are_never_doubted(number: int) -> None:
    assert rounding_fault(str(number)) is None


@pytest.mark.parametrize(
    "stated", ["0", "00", "0.0", "guest", "Guest", "ANONYMOUS", "unknown", "new", "???", "TBD", "x",
               "00000000-0000-0000-0000-000000000000", "not logged in", " guest "],
)  # fmt: skip
def test_what_stands_for_whoever_has_no_id_is_nobodys(stated: str) -> None:
    """All guests of a shop were one lead, with the opt-out of one of them."""
    row = item_values(*mapped({"person": stated, "merged": [stated, "17"]}).items[0])
    assert row["source_person_id"] is None
    assert row["merged_person_ids"] == '["17"]'
    assert row["issues"].count("names nobody") == 2


@pytest.mark.parametrize("stated", ["1", "a0", "guest-17", "0001", "10", "new york"])
def test_an_id_that_only_looks_like_one_of_nobody_stays(stated: str) -> None:
    row = item_values(*mapped({"person": stated}).items[0])
    assert row["source_person_id"] == stated
