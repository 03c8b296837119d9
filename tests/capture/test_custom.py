"""Fields without a column of their own: read by their type, gathered in one column."""

import json
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from lead_platform.capture.channels import Channel, load_channel
from lead_platform.capture.custom import LONGEST_TEXT
from lead_platform.capture.mapping import MappedRecord, RecordMapper, item_values
from lead_platform.configuration import ConfigurationError
from lead_platform.fields import LeadField, platform_fields

RECEIVED_AT = datetime(2026, 11, 28)
FIELDS = (
    ("need", "text", ()),
    ("line", "text", ("Heating", "Air & Water")),
    ("seats", "integer", ()),
    ("rating", "number", ()),
    ("budget", "amount", ()),
    ("partner", "truth", ()),
    ("renewal", "date", ()),
)
CATALOGUE = replace(
    platform_fields(),
    custom=tuple(
        LeadField.model_validate(
            {"name": name, "type": kind, "kind": "profile", "wins": "newest", "label": name}
            | {"values": values}
        )
        for name, kind, values in FIELDS
    ),
)
FILE = """name: quiz
description: A quiz.
format: json
record_id: id
formats: ['%d.%m.%Y']
answers:
  each: answers
  name: item.q
  value: item.a
  match: {need: '(?i)what do you need'}
defaults: {line: Heating}
emits:
  - kind: submission
    fields: {submitted_at: at, email: email, line: line, seats: seats, rating: rating, budget: budget, partner: partner, renewal: renewal}
"""  # noqa: E501


def load(folder: Path, text: str) -> Channel:
    path = folder / "channels" / "quiz.yaml"
    path.parent.mkdir()
    path.write_text(text, encoding="utf-8")
    return load_channel(path, fields=CATALOGUE)


@pytest.fixture(scope="module")
def channel(tmp_path_factory: pytest.TempPathFactory) -> Channel:
    return load(tmp_path_factory.mktemp("config"), FILE)


def mapped(channel: Channel, **given: Any) -> MappedRecord:
    record = {"id": 1, "at": "2026-11-01T00:00:00Z", "email": "a@b.example", **given}
    return RecordMapper(channel, RECEIVED_AT).map_record(record, 1)


@pytest.mark.parametrize(
    ("name", "given", "value"),
    [
        ("line", " air and water ", "Air & Water"),
        ("line", "", "Heating"),
        ("seats", "12", 12),
        ("rating", "4.75", 4.75),
        ("rating", 4.0, 4),
        ("budget", "€ 1250.50", 1250.5),
        ("budget", "1250.00", 1250),
        ("partner", "Yes", True),
        ("partner", 0, False),
        ("renewal", "01.12.2027", "2027-12-01"),
        ("renewal", "2027-12-01", "2027-12-01"),
    ],
)
def test_a_value_is_of_its_type(channel: Channel, name: str, given: Any, value: Any) -> None:
    [(kind, row)] = mapped(channel, **{name: given}).items
    found = item_values(kind, row)[name]
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("name", "given", "told"),
    [
        ("line", "Gardening", "is none of Heating, Air & Water"),
        ("seats", "a dozen", "'a dozen'"),
        ("seats", "1.5", "is not a whole number"),
        ("budget", "cheap", "'cheap'"),
        ("partner", "maybe", "is neither yes nor no; allowed: true, yes, 1, false, no, 0"),
        ("renewal", "soon", "is not a point in time; allowed: %d.%m.%Y"),
    ],
)
def test_another_value_costs_its_field(channel: Channel, name: str, given: str, told: str) -> None:
    record = mapped(channel, rating=5, **{name: given})
    [(kind, row)] = record.items
    values = item_values(kind, row)
    assert values["rating"] == 5
    assert name not in values or values[name] == "Heating", "a default fills what was not readable"
    [issue] = json.loads(values["issues"])
    assert issue["field"] == name
    assert told in issue["reason"]


def test_an_answer_fills_it_and_a_letter_does_not(channel: Channel) -> None:
    for answer, taken in (("a boiler\n", "a boiler"), ("x" * (LONGEST_TEXT + 1), None)):
        asked = [{"q": "What do you need?", "a": answer}]
        [(kind, row)] = mapped(channel, answers=asked).items
        assert item_values(kind, row).get("need") == taken


def test_a_default_is_one_of_the_values(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"defaults.line: 'Cooling' is none of Heating"):
        load(tmp_path, FILE.replace("{line: Heating}", "{line: Cooling}"))


def test_it_may_be_required(tmp_path: Path) -> None:
    required = load(tmp_path, FILE.replace("    fields:", "    required: [budget]\n    fields:"))
    assert mapped(required, budget="5").reasons == []
    assert mapped(required).reasons == [
        "budget missing: it is required (budget); fill it at the source"
    ]


def test_a_denial_in_a_text_of_ones_own_counts(channel: Channel) -> None:
    """Only the platform's own texts were listened to."""
    for answer, consent in (("A boiler. Please do not call me", "denied"), ("A boiler", None)):
        asked = [{"q": "What do you need?", "a": answer}]
        [(kind, row)] = mapped(channel, answers=asked).items
        assert item_values(kind, row)["consent_phone"] == consent
