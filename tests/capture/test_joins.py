"""Party data is joined by its key. `contacts[0]` once gave every message of a batch the name of the
first sender."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lead_platform.capture.channels import Channel
from lead_platform.capture.joins import JoinRule, compile_join
from lead_platform.capture.mapping import ITEM_COLUMNS, RecordMapper
from lead_platform.capture.positions import names_by_position
from lead_platform.capture.values import ValueFault
from lead_platform.configuration import ConfigurationError
from tests.capture.conftest import RECEIVED_AT, MakeChannel

SENDERS = [{"id": "a", "name": "Ann"}, {"id": "b", "name": "Bob"}, {"id": "b", "name": "Bob"}]
ORDER_LINES = """
    name: orders
    description: Order lines with their buyers beside them.
    format: json
    explode: lines
    record_id: lines[0].id
    emits:
      - kind: submission
        fields:
          submitted_at: {default: received_at}
          email: {join: {list: buyers, on: {key: id, of: 'lines[0].buyer'}, value: email}}
          full_name: NAME
"""


def joined(rule: dict[str, Any], scope: dict[str, Any]) -> Any:
    return compile_join(JoinRule.model_validate(rule))(scope)


@pytest.mark.parametrize(("of", "name"), [("a", "Ann"), ("b", "Bob"), ("c", None), (None, None)])
def test_the_key_decides(of: str | None, name: str | None) -> None:
    rule = {"list": "senders", "on": {"key": "id", "of": "from"}, "value": "name"}
    assert joined(rule, {"senders": SENDERS, "from": of}) == name
    assert joined(rule, {"senders": SENDERS[::-1], "from": of}) == name


def test_the_first_pair_of_keys_that_finds_an_element_decides() -> None:
    pairs = [{"key": "user", "of": "user"}, {"key": "id", "of": "from"}]
    rule = {"list": "senders", "on": pairs, "value": "name"}
    senders = [{"id": "a", "name": "Ann"}, {"user": "u", "name": "Uma"}]
    assert joined(rule, {"senders": senders, "user": "u", "from": "a"}) == "Uma"
    assert joined(rule, {"senders": senders, "user": "x", "from": "a"}) == "Ann"


def test_numbers_and_texts_are_one_key_and_no_list_is_no_value() -> None:
    rule = {"list": "questions", "on": {"key": "id", "of": "question"}, "value": "label"}
    assert joined(rule, {"questions": [{"id": 7, "label": "Size"}], "question": "7"}) == "Size"
    assert joined(rule, {"questions": {"id": 7}, "question": "7"}) is None


def test_elements_of_one_key_that_differ_name_nobody() -> None:
    rule = {"list": "senders", "on": {"key": "id", "of": "from"}, "value": "name"}
    with pytest.raises(ValueFault, match="2 elements of senders have the same id"):
        joined(rule, {"senders": [{"id": 1, "name": "A"}, {"id": 1, "name": "B"}], "from": 1})


def orders(make_channel: MakeChannel, name: str) -> Channel:
    return make_channel(ORDER_LINES.replace("NAME", name))


def test_an_ambiguous_key_costs_its_field(make_channel: MakeChannel) -> None:
    channel = orders(make_channel, "lines[0].name")
    buyers = [{"id": 1, "email": "a@x.co"}, {"id": 1, "email": "b@x.co"}]
    content = {"lines": [{"id": 9, "buyer": 1, "name": "Ann"}], "buyers": buyers}
    mapped = RecordMapper(channel, RECEIVED_AT).map_record(content, 1)
    assert [reason.split(":")[0] for reason in mapped.reasons] == [
        "no identity",
        "email not readable",
    ]


def test_a_derived_value_that_cannot_be_read_costs_what_is_made_of_it(
    make_channel: MakeChannel,
) -> None:
    derive = "derive: {buyer: {join: {list: buyers, on: {key: id, of: buyer}}}}\n    emits:"
    text = ORDER_LINES.replace("explode: lines", "").replace("emits:", derive)
    text = text.replace("lines[0].id", "id").replace("NAME", "_derived.buyer.name")
    text = text.replace("{join: {list: buyers, on: {key: id, of: 'lines[0].buyer'}, value: email}}",
                        "email")  # fmt: skip
    content = {
        "id": 1,
        "email": "a@x.co",
        "buyer": 1,
        "buyers": [{"id": 1}, {"id": 1, "name": "B"}],
    }
    mapped = RecordMapper(make_channel(text), RECEIVED_AT).map_record(content, 1)
    ((_, row),) = mapped.items
    fields = dict(zip(ITEM_COLUMNS["submission"], row, strict=True))
    assert (fields["email"], fields["full_name"]) == ("a@x.co", None)
    assert "derive.buyer" in fields["issues"]


@pytest.mark.parametrize(
    "path", ["buyers[0].name", "buyers[].name | [0]", "(buyers[-1] || x).name"]
)
def test_parallel_lists_by_position_are_a_fault(make_channel: MakeChannel, path: str) -> None:
    with pytest.raises(ConfigurationError, match="reads 'buyers' by position"):
        orders(make_channel, f'"{path}"')


@pytest.mark.parametrize(
    "path",
    ["lines[0].names[0]", "\"buyers[?id=='x'].name | [0]\"", "_derived.x || lines[0].a.b[1]"],
)
def test_what_is_iterated_and_what_is_selected_is_none(
    make_channel: MakeChannel, path: str
) -> None:
    derive = "derive: {x: constant}\n    emits:"
    make_channel(ORDER_LINES.replace("NAME", path).replace("emits:", derive))


def test_items_of_a_list_do_not_read_lists_of_the_record_by_position(
    make_channel: MakeChannel,
) -> None:
    text = ORDER_LINES.replace("explode: lines", "").replace("lines[0].", "")
    event = """
      - kind: event
        each: lines
        fields:
          event_type: {constant: page_view}
          occurred_at: {default: received_at}
          email: EMAIL
"""
    text = text.replace("NAME", "name") + event
    make_channel(text.replace("EMAIL", "item.emails[0]"))
    with pytest.raises(ConfigurationError, match=r"'record\.buyers' by position"):
        make_channel(text.replace("EMAIL", "record.buyers[0].email"))


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("a.b[0].c", {"a"}),
        ("record.a.b[0]", {"record.a"}),
        ("a[?b[0]=='x'].c[0]", set()),
        ("[a[0], b.c[1]]", {"a", "b"}),
        ("join(', ', a[].b)", set()),
        ("to_string(a[1])", {"a"}),
        ("@.a[0].b", {"a"}),
        ("values(@)[0].b", {"*"}),
        ("*.b[0]", {"*"}),
        ("(a || record.b)[0]", {"a", "record.b"}),
        ("[a][0][0]", {"a"}),
        ("[[a], b][0][0].c", {"b"}),
        ("[a, b][0].c", set()),
        ("[a, b] | [?@] | [0].c", set()),
        ("[a, b][?@] | [0][0]", {"a", "b"}),
        ("[a, b][] | [0]", {"a", "b"}),
        ("{x: a}.x[0]", {"a"}),
        ("map(&[0], a)", {"a"}),
        ("a[:1].b", {"a"}),
        ("a[::-1].b", set()),
        ("a[?b=='x'] | [0].c[1]", set()),
    ],
)
def test_names_by_position(path: str, names: set[str]) -> None:
    assert names_by_position(path) == names


# Each leaves of a list which element comes first, or is the element.
WRAPPINGS = st.sampled_from(
    ["{}", "({})", "@ | {}", "reverse({})", "to_array({})", "not_null({})", "values({})",
     "sort_by({}, &id)", "map(&@, {})", "{} || x", "not_null(x, {})", "[{}][0]", "[{}, x] | [0]",
     "[{}] | [?@] | [0]", "[{}][]", "{{a: {}}}.a", "{}[*]", "{}[]"],
)  # fmt: skip


@given(st.lists(WRAPPINGS, max_size=3), st.lists(WRAPPINGS, max_size=3))
def test_a_list_read_by_position_is_found_whatever_is_around(
    inner: list[str], outer: list[str]
) -> None:
    path = "contacts"
    for wrapping in inner:
        path = f"({wrapping.format(path)})"
    path = f"{path}[0].name"
    for wrapping in outer:
        path = f"({wrapping.format(path)})"
    assert "contacts" in names_by_position(path), path
