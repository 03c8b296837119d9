"""A record in a cell of a record is looked through like one: its secrets were stored, and the
vendor's word that it is a test was not seen."""

import json
from typing import Any
from urllib.parse import parse_qs, quote_plus, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lead_platform.capture.channels import Channel, ChannelRules
from lead_platform.capture.encoded import EncodedCells, names_of_encoded
from lead_platform.capture.mapping import ITEM_COLUMNS, RecordMapper
from lead_platform.vocabularies.folder import shipped_intake_lists
from tests.capture.conftest import RECEIVED_AT

SECRET = "s3cr3t"
PARSED = st.sampled_from(["json", "urlencoded"])


def channel(**keys: Any) -> Channel:
    fields = keys.pop("fields")
    rules = {
        "name": "hooks",
        "description": "Bodies of webhooks, as another system logged them.",
        "format": "json",
        "record_id": "content",
        "emits": [{"kind": "submission", "fields": {
            "submitted_at": {"default": "received_at"}, **fields}}],
    }  # fmt: skip
    return Channel(ChannelRules.model_validate(rules | keys), {}, "v")


def taken(of: Channel, content: dict[str, Any]) -> dict[str, Any]:
    mapped = RecordMapper(of, RECEIVED_AT).map_record(content, 1)
    assert mapped.reasons == []
    [(_, row)] = mapped.items
    return dict(zip(ITEM_COLUMNS["submission"], row, strict=True))


def written(form: str, content: dict[str, Any]) -> str:
    return json.dumps(content) if form == "json" else urlencode(content)


@pytest.mark.parametrize("form", ["json", "urlencoded"])
@pytest.mark.parametrize("nested", [False, True])
def test_a_record_in_a_cell_keeps_no_secret_and_may_be_a_test(form: str, nested: bool) -> None:
    place: dict[str, Any] = {"path": "call.body"} if nested else {"column": "Body"}
    of = channel(
        fields={name: {**place, "parse": form, "at": name} for name in ("email", "full_name")}
        | {"click_id": {**place, "parse": form, "at": "token"}}
    )
    held = {"email": "a@b.co", "full_name": "Anna Berg", "token": "t1", "google_key": SECRET}
    text = written(form, held | {"Is Test": "true"})
    row = taken(of, {"call": {"body": text}} if nested else {"Body": text})
    assert (row["email"], row["click_id"], row["kind"]) == ("a@b.co", "t1", "test")
    assert SECRET not in row["payload"]
    assert "[redacted]" in row["payload"]
    plain = written(form, {"email": "a@b.co", "full_name": "Anna Berg"})
    content: dict[str, Any] = {"call": {"body": plain}} if nested else {"Body": plain}
    assert json.loads(taken(of, content)["payload"]) == content, "nothing else is changed"


def test_cells_within_cells_and_those_that_cannot_be_read() -> None:
    of = channel(
        derive={"body": {"column": "Body", "parse": "urlencoded", "at": "payload"}},
        fields={"email": {"path": "_derived.body", "parse": "json", "at": "email"},
                "full_name": "name"},
    )  # fmt: skip
    inner = json.dumps({"email": "a@b.co", "api_key": SECRET, "is_test": 1})
    row = taken(of, {"Body": f"v=2&payload={quote_plus(inner)}"})
    assert (row["email"], row["kind"]) == ("a@b.co", "test")
    assert SECRET not in row["payload"]
    body = parse_qs(json.loads(row["payload"])["Body"])
    assert json.loads(body["payload"][0])["api_key"] == "[redacted]"
    mapper = RecordMapper(of, RECEIVED_AT)
    for text in (
        '{"api_key": "s3cr3t", "x',
        "api_key=s3cr3t&x",
        '{"api_key":"s3cr3t","api_key":""}',
    ):
        assert SECRET not in mapper.map_record({"Body": text}, 1).payload
        assert SECRET not in json.dumps(mapper.redact({"Body": [text]}))


def test_the_names_of_cells_are_followed_to_where_they_come_from() -> None:
    rules = channel(
        derive={"raw": "envelope.content"},
        answers={"each": "pairs", "name": "item.q", "value": "item.reply"},
        fields={
            "email": {"path": "_derived.raw", "parse": "json", "at": "email"},
            "message": {"path": "_answers.Body", "parse": "json", "at": "text"},
            "full_name": "name",
        },
    ).rules
    assert {"content", "reply"} <= names_of_encoded(rules)
    assert "name" not in names_of_encoded(rules)
    assert names_of_encoded(channel(fields={"email": "email"}).rules) == set()


CONTENTS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.text(max_size=6) | st.sampled_from(["Body", "token"]), inner, max_size=4
        )
    ),
    max_leaves=12,
)


@given(CONTENTS, st.text(max_size=20), PARSED)
def test_any_record_is_answered_and_is_the_same_where_it_has_no_secret(
    content: Any, text: str, form: str
) -> None:
    cells = EncodedCells({"Body"}, shipped_intake_lists().secrets, {"token"})
    for held in (text, written(form, {"token": text}), json.dumps({"Body": text, "x": content})):
        record = {"Body": held, "more": [content]}
        assert cells.redact(record, []) == record
    secret = {"Body": written(form, {"a": text, "client_secret": SECRET}), "more": content}
    assert SECRET not in json.dumps(cells.redact(secret, []))
