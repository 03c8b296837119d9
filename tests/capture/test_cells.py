import contextlib
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lead_platform.capture.cells import read_urlencoded
from lead_platform.capture.mapping import ITEM_COLUMNS, RecordMapper
from lead_platform.capture.values import ValueFault
from lead_platform.configuration import ConfigurationError
from tests.capture.conftest import MakeChannel

HEAD = """
    name: sheet
    description: One person per row.
    format: csv
    record_id: id
    numbers: {decimal: ',', thousands: '.'}
    emits:
      - kind: submission
        fields:
          submitted_at: {default: received_at}
          email: {constant: a@b.example}
"""


def mapped(make_channel: MakeChannel, field: str, rule: str, **content: Any) -> Any:
    """What the field becomes, and its issue."""
    channel = make_channel(HEAD + f"          {field}: {rule}\n")
    record = RecordMapper(channel, datetime(2026, 1, 2)).map_record({"id": "1", **content}, 1)
    assert not record.reasons
    row = dict(zip(ITEM_COLUMNS["submission"], record.items[0][1], strict=True))
    return row[field] if row["issues"] is None else row["issues"]


@pytest.mark.parametrize(
    ("rule", "content", "expected"),
    [
        ("{column: [E-Mail, Mail]}", {"E-Mail": "-", "Mail": "x"}, "x"),
        ("{column: [E-Mail, Mail]}", {"E-Mail": "y", "Mail": "x"}, "y"),
        ("{column: [P, N], joined_by: ' '}", {"P": "van der", "N": " Berg"}, "van der Berg"),
        ("{column: [P, N], joined_by: ' '}", {"P": "-", "N": "Berg"}, "Berg"),
        ("{path: [p.a, n], joined_by: ' '}", {"p": {"a": "x"}, "n": 5}, "x 5"),
        ("{column: [P, N], joined_by: ' '}", {"N": ""}, None),
        ("{column: [P, N], joined_by: ', '}", {"P": "York", "N": "York"}, "York, York"),
        ("{first_of: [a.b, c]}", {"a": {"b": "n/a"}, "c": "x"}, "x"),
        ("{column: tel, strip_prefix: ['p:', 'l:']}", {"tel": "p:+49 1"}, "+49 1"),
        ("{column: tel, strip_prefix: 'p:'}", {"tel": "+49 1"}, "+49 1"),
        ("{column: tel, strip_prefix: 'p:'}", {"tel": "p:"}, None),
        ("{column: l, split: ';'}", {"l": ";a; b"}, "a"),
        ("{column: l, split: ';', take: last}", {"l": "a; b;-"}, "b"),
        ("{column: l, split: ';', take: all}", {"l": "a; b;-"}, "a, b"),
        ("{column: l, split: ';'}", {"l": ";"}, None),
        ("{column: x, parse: json, at: 'a[0].b'}", {"x": '{"a": [{"b": 5}]}'}, "5"),
        ("{column: x, parse: urlencoded, at: f.email}", {"x": "f%5Bemail%5D=a%2Bb%40c"}, "a+b@c"),
        ("{column: x, extract: '^n:(.*)$', unmatched: keep}", {"x": "other"}, "other"),
        ("{column: x, extract: '^n:(.*)$'}", {"x": "other"}, None),
    ],
)
def test_what_a_cell_holds(
    make_channel: MakeChannel, rule: str, content: dict[str, Any], expected: str | None
) -> None:
    assert mapped(make_channel, "message", rule, **content) == expected


def test_a_list_becomes_answers(make_channel: MakeChannel) -> None:
    rule = "{column: l, split: ';', take: all}"
    assert mapped(make_channel, "answers", rule, l="a;b") == '["a","b"]'


@pytest.mark.parametrize("text", ["{", "[1,", "nope"])
def test_a_cell_that_is_no_json_costs_its_field(make_channel: MakeChannel, text: str) -> None:
    assert "is not JSON" in mapped(make_channel, "message", "{column: x, parse: json}", x=text)


def test_figures_of_the_channels_marks_are_written_plainly(make_channel: MakeChannel) -> None:
    assert mapped(make_channel, "employee_count", "n", n="1.200") == "1200"
    assert mapped(make_channel, "annual_revenue", "n", n="1.250.000,50 €") == "1250000.50 €"


@pytest.mark.parametrize(
    ("rule", "reason"),
    [
        ("{column: a, path: b}", "give one of"),
        ("{column: a, at: b}", "`at` belongs to `parse`"),
        ("{column: a, take: all}", "`take` belongs to `split`"),
        ("{column: a, unmatched: keep}", "`unmatched` belongs to `extract`"),
        ("{column: a, joined_by: ' '}", "joins several columns"),
    ],
)
def test_steps_that_lack_theirs_are_refused(
    make_channel: MakeChannel, rule: str, reason: str
) -> None:
    with pytest.raises(ConfigurationError, match=reason):
        make_channel(HEAD + f"          message: {rule}\n")


def test_brackets_nest_and_repeat() -> None:
    body = "form%5Bid%5D=9&f[a][value]=x+y&f[b][]=1&f[b][]=2&t=1&t=2&e="
    nested = {"a": {"value": "x y"}, "b": ["1", "2"]}
    assert read_urlencoded(body) == {"form": {"id": "9"}, "f": nested, "t": ["1", "2"], "e": ""}


@given(st.text(max_size=60) | st.from_regex(r"([a-c](\[[a-c]?\]){0,3}=1&){1,6}a=2"))
def test_any_body_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(ValueFault):
        assert isinstance(read_urlencoded(text), dict)
