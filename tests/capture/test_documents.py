"""What programs write for a number that is none costs its field, and says so."""

import json
import math
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lead_platform.capture.batches import parse_file
from lead_platform.capture.channels import Channel
from lead_platform.capture.documents import parse_json, parse_kept, write_json
from lead_platform.capture.mapping import RecordMapper
from lead_platform.capture.preview import preview_file
from tests.capture.conftest import RECEIVED_AT, MakeChannel

CHANNEL = """
    name: payloads
    description: One person per record.
    format: {format}
    record_id: {{first_of: [id]}}
    source_system: test
    person_id: person
    emits:
      - kind: submission
        fields:
          submitted_at: {{first_of: [at], default: received_at}}
          email: email
          full_name: {{first_of: [name, nickname]}}
          phone: tel || mobile
          employee_count: staff
          annual_revenue: {{column: revenue, extract: '(.*)', unmatched: keep}}
          message: {{column: cell, parse: json, at: note}}
          answers: answers
      - kind: outcome
        when: deal
        fields:
          occurred_at: {{default: received_at}}
          outcome_type: {{constant: opportunity}}
          amount: deal
"""
RECORD = {
    "id": "1", "person": "p", "at": "2026-11-20T10:00:00Z", "email": "ann@acme.example",
    "name": "Ann Lee", "tel": "+49 30 5550123", "staff": "50", "revenue": "7", "deal": "100",
    "cell": '{"note": "hi"}', "answers": {"budget": "10", "when": "soon"},
}  # fmt: skip
# What JSON has no name for, and what reads as it.
NONE = ["NaN", "Infinity", "-Infinity", "1e999", "-1e999", "9" * 5_000, "-" + "1" * 5_000]
# Column of the first item that a field of the record fills.
FIELDS = {
    "person": "source_person_id", "email": "email", "name": "full_name", "tel": "phone",
    "staff": "employee_count", "revenue": "annual_revenue",
}  # fmt: skip


def with_raw(record: dict[str, Any], field: str, raw: str) -> str:
    """The record as JSON, with `raw` in the place of a field."""
    return json.dumps(record | {field: "@@"}).replace('"@@"', raw)


@pytest.fixture
def channel(make_channel: MakeChannel) -> Channel:
    return make_channel(CHANNEL.format(format="jsonl"))


def taken(path: Path, channel: Channel) -> dict[str, list[dict[str, Any]]]:
    """The items of the one record that the file holds, which is taken in."""
    [batch] = parse_file(path, channel, received_at=RECEIVED_AT)
    assert batch.rejected.to_pylist() == []
    return {"submission": batch.submissions.to_pylist(), "outcome": batch.outcomes.to_pylist()}


def issues(item: dict[str, Any]) -> dict[str, str]:
    return {each["field"]: each["reason"] for each in json.loads(item["issues"] or "[]")}


@pytest.mark.parametrize("form", ["f.jsonl", "f.json", "array.json"])
@pytest.mark.parametrize("raw", NONE)
@pytest.mark.parametrize("field", sorted(FIELDS))
def test_a_number_that_is_none_costs_its_field(
    channel: Channel, tmp_path: Path, form: str, raw: str, field: str
) -> None:
    """NaN became null without a trace; 1e999 cost the record, 5,000 digits the file."""
    path, whole = tmp_path / form, tmp_path / f"whole-{form}"
    path.write_text(f"[{with_raw(RECORD, field, raw)}]" if "array" in form else
                    with_raw(RECORD, field, raw))  # fmt: skip
    whole.write_text(f"[{json.dumps(RECORD)}]" if "array" in form else json.dumps(RECORD))
    [item], [other] = taken(path, channel)["submission"], taken(whole, channel)["submission"]
    column = FIELDS[field]
    assert item[column] is None
    assert other[column] is not None
    assert list(issues(item)) == [column]
    assert "is no number" in issues(item)[column]
    changed = {name for name in item if item[name] != other[name]}
    assert changed == {column, "issues", "payload", "content_hash"}


def test_the_rest_of_the_record_stands_in(channel: Channel, tmp_path: Path) -> None:
    """Programs write NaN for what is missing: a second column is read as if it were null."""
    path = tmp_path / "f.jsonl"
    given = RECORD | {"name": math.nan, "nickname": "Annie", "tel": math.inf, "mobile": "110"}
    path.write_text(json.dumps(given | {"deal": math.nan, "at": math.nan}))
    items = taken(path, channel)
    [item] = items["submission"]
    assert (item["full_name"], item["phone"]) == ("Annie", "110")
    assert item["submitted_at"] == RECEIVED_AT
    assert list(issues(item)) == ["submitted_at"]
    assert items["outcome"] == []


def test_an_answer_costs_itself(channel: Channel, tmp_path: Path) -> None:
    path = tmp_path / "f.jsonl"
    path.write_text(json.dumps(RECORD | {"answers": {"budget": math.nan, "when": "soon"}}))
    [item] = taken(path, channel)["submission"]
    assert json.loads(item["answers"]) == {"when": "soon"}
    assert list(issues(item)) == ["answers"]


def test_an_answer_to_a_question_costs_itself(make_channel: MakeChannel) -> None:
    channel = make_channel(
        """
        name: form
        description: A form.
        format: json
        record_id: id
        answers: {each: fields, name: item.label, value: item.value}
        emits:
          - kind: submission
            fields: {submitted_at: {default: received_at}, email: _answers.Mail}
        """
    )
    fields = [{"label": "Mail", "value": "a@b.example"}, {"label": "Budget", "value": math.nan}]
    mapped = RecordMapper(channel, RECEIVED_AT).map_record({"id": 1, "fields": fields}, 1)
    assert mapped.reasons == []
    assert [each.split(" not")[0] for each in mapped.side_faults] == ["answers.Budget"]


def test_in_the_json_of_a_cell(channel: Channel, tmp_path: Path) -> None:
    path = tmp_path / "f.jsonl"
    path.write_text(json.dumps(RECORD | {"cell": '{"note": 1e999}'}))
    [item] = taken(path, channel)["submission"]
    assert item["message"] is None
    assert list(issues(item)) == ["message"]


@pytest.mark.parametrize("raw", ["nan", "NaN", "inf", "-inf", "Infinity", "1e999"])
def test_in_the_numbers_of_a_table(make_channel: MakeChannel, tmp_path: Path, raw: str) -> None:
    """`nan` is blank where a text is wanted; of a number somebody wanted to say something."""
    path = tmp_path / "f.csv"
    path.write_text(f"id,email,staff,deal,name\n1,a@b.example,{raw},{raw},nan\n")
    items = taken(path, make_channel(CHANNEL.format(format="csv")))
    [item], [outcome] = items["submission"], items["outcome"]
    assert outcome["amount"] is None
    assert list(issues(outcome)) == ["amount"]
    # Headcounts are texts in capture; normalisation says why one is no number.
    assert (item["employee_count"] is None) == ("employee_count" in issues(item))
    assert (raw.lower() == "nan") == ("employee_count" in issues(item))
    assert "full_name" not in issues(item)


def test_in_a_parquet_file(channel: Channel, tmp_path: Path) -> None:
    """A data frame has NaN for null, but nothing for infinity."""
    path = tmp_path / "f.parquet"
    row = {"id": "1", "email": "a@b.example", "staff": math.inf, "revenue": math.nan}
    pq.write_table(pa.Table.from_pylist([row]), path)
    [item] = taken(path, channel)["submission"]
    assert (item["employee_count"], item["annual_revenue"]) == (None, None)
    assert list(issues(item)) == ["employee_count"]


def test_the_preview_tells_it(channel: Channel, tmp_path: Path) -> None:
    path = tmp_path / "f.jsonl"
    path.write_text(with_raw(RECORD, "staff", "1e999"))
    preview = preview_file(path, channel, received_at=RECEIVED_AT)
    assert "employee_count not readable" in preview.side_faults[0][1][0]


def in_order(value: Any) -> Any:
    """With the keys of objects sorted, as they are kept."""
    if isinstance(value, dict):
        return {key: in_order(part) for key, part in sorted(value.items())}
    return [in_order(part) for part in value] if isinstance(value, list) else value


LEAVES = st.one_of(
    st.none(), st.booleans(), st.text(), st.integers(), st.floats(),
    st.sampled_from([math.nan, math.inf, -math.inf]),
)  # fmt: skip
VALUES = st.recursive(
    LEAVES, lambda part: st.lists(part) | st.dictionaries(st.text(), part), max_leaves=12
)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    record=st.dictionaries(
        st.sampled_from(["at", *FIELDS, "cell", "answers", "deal", "extra"]), VALUES
    )
)
def test_what_is_kept_reads_as_what_came(channel: Channel, record: dict[str, Any]) -> None:
    """Mapped again from the payload, nothing changes but what somebody corrects."""
    mapper = RecordMapper(channel, RECEIVED_AT)
    # Reasons quote objects in the order in which these have their keys.
    first = mapper.map_record(in_order({"id": "1", **record}), 1)
    again = mapper.map_record(parse_kept(first.payload), 1)
    assert again == first
    assert "broken JSON" not in "".join(first.reasons)


@given(value=VALUES)
def test_any_value_is_kept_as_json(value: Any) -> None:
    def refuse(constant: str) -> None:
        raise AssertionError(constant)

    text = write_json(value)
    json.loads(text, parse_constant=refuse)
    assert write_json(parse_kept(text)) == text


@pytest.mark.parametrize("text", ["", "{", "[1,]", "nan", "1e", "--1", '{"a": NaN'])
def test_what_is_no_json_is_none(text: str) -> None:
    with pytest.raises(json.JSONDecodeError):
        parse_json(text)
