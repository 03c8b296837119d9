"""Lists of mailboxes and numbers with labels, as CRMs hold them, are the lead's fields."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.capture.guessing.test_exports import proposed

# Pipedrive, Close, Copper, and contacts of Google; where a record has one of each.
SHAPES = (
    ("email", "value", "phone", "value", {"label": "work", "primary": True}),
    ("emails", "email", "phones", "phone", {"type": "office"}),
    ("emails", "email", "phone_numbers", "number", {"category": "work"}),
    ("emailAddresses", "value", "phoneNumbers", "value", {"metadata": {"primary": True}}),
)


def said(path: Path, records: object) -> dict[str, list[Any]]:
    """The values of the proposal's fields, record by record."""
    path.write_text(json.dumps(records), encoding="utf-8")
    preview = proposed(path).preview
    assert preview is not None
    return {field.field: list(field.values) for field in preview.fields}


@pytest.mark.parametrize(("mails", "mail", "phones", "phone", "label"), SHAPES)
@pytest.mark.parametrize("envelope", [None, "data", "connections", "whatever"])
def test_the_first_of_each_is_the_leads(
    tmp_path: Path,
    mails: str,
    mail: str,
    phones: str,
    phone: str,
    label: dict[str, Any],
    envelope: str | None,
) -> None:
    """Pipedrive's mailboxes were answers to the questions `work` and `home`, its phones nothing."""
    others = {key: False if value is True else "home" for key, value in label.items()}
    records = [
        {
            "name": f"Ann {family}",
            mails: [{**label, mail: f"{family}@a.example".lower()}, {**others, mail: further}],
            phones: [{**label, phone: f"+1 212 555 017{number}"}],
        }
        for number, (family, further) in enumerate([("Ek", "e@b.example"), ("Lee", "l@b.example")])
    ]
    fields = said(tmp_path / "a.json", {envelope: records} if envelope else records)
    assert fields["email"] == ["ek@a.example", "lee@a.example"]
    assert fields["phone"] == ["+1 212 555 0170", "+1 212 555 0171"]
    assert [json.loads(each) for each in fields["further_emails"]] == [
        ["e@b.example"], ["l@b.example"],
    ]  # fmt: skip


def test_the_one_that_is_marked_goes_first(tmp_path: Path) -> None:
    records = [
        {"name": "Ann Ek", "email": [{"value": "home@b.example", "primary": False},
                                     {"value": "ann@a.example", "primary": True}]},
        {"name": "Bo Ek", "email": [{"value": "bo@a.example", "primary": True}]},
    ]  # fmt: skip
    fields = said(tmp_path / "a.json", records)
    assert fields["email"] == ["ann@a.example", "bo@a.example"]
    assert json.loads(fields["further_emails"][0]) == ["home@b.example"]


@pytest.mark.parametrize(
    ("name", "held"),
    [
        ("owner_email", [{"value": "rep@we.example"}]),
        ("email", [{"question": "May we write?", "value": "no"}]),
        ("phone", [{"label": "model", "value": "iPhone"}]),
    ],
)
def test_other_lists_fill_neither(tmp_path: Path, name: str, held: list[dict[str, Any]]) -> None:
    records = [{"Work email": f"p{n}@a.example", "name": "Ann Ek", name: held} for n in range(3)]
    fields = said(tmp_path / "a.json", records)
    assert fields["email"] == [f"p{n}@a.example" for n in range(3)]
    assert "phone" not in fields
    assert "further_emails" not in fields
