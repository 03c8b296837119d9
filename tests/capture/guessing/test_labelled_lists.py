"""Lists of mailboxes and numbers with labels, as CRMs hold them, are the lead's fields."""

import json
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from lead_platform.capture.channels import load_channel
from lead_platform.capture.preview import preview_file
from tests.capture.guessing.test_exports import NAMES, NOW, proposed

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


def people(name: str, *held: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {"full_name": f"Ann {family}", "company": f"{family} GmbH", name: each}
        for family, each in zip(("Ek", "Lee"), held, strict=True)
    ]


@pytest.mark.parametrize(("sender", "receiver"), [("from", "to"), ("email", "recipient")])
def test_of_two_mailboxes_in_an_element_none_is_the_leads(
    tmp_path: Path, sender: str, receiver: str
) -> None:
    """Of messages, our own rep who had sent them became every lead's mailbox, unasked."""
    path = tmp_path / "a.json"
    messages = (
        [{"subject": "Intro", sender: "rep@we.example", receiver: f"{name}@a.example"}]
        for name in ("ek", "lee")
    )
    path.write_text(json.dumps(people("emails", *messages)), encoding="utf-8")
    found = proposed(path)
    assert not any("emails" in str(field) for field in (found.draft and found.draft.fields) or ())
    assert any(text.startswith("emails (") for text in found.found.questions)


@pytest.mark.parametrize(
    ("name", "key"), [("emails", "from"), ("emails", "owner"), ("phones", "caller")]
)
def test_keys_that_are_not_named_so_hold_nobodys(tmp_path: Path, name: str, key: str) -> None:
    value = "rep@we.example" if name == "emails" else "+1 212 555 0170"
    path = tmp_path / "a.json"
    path.write_text(json.dumps(people(name, [{key: value}], [{key: value}])), encoding="utf-8")
    found = proposed(path)
    assert not (found.draft and found.draft.fields.keys() & {"email", "phone"})
    assert any(text.startswith(f"{name} (") for text in found.found.questions)


def test_two_spellings_of_a_number_are_one(tmp_path: Path) -> None:
    held = ([{"raw_number": f"(212) 555-017{n}", "sanitized_number": f"+1212555017{n}"}]
            for n in range(2))  # fmt: skip
    fields = said(tmp_path / "a.json", people("phone_numbers", *held))
    assert fields["phone"] == ["(212) 555-0170", "(212) 555-0171"]


LEAVE: tuple[tuple[dict[str, Any], dict[str, Any], str], ...] = (
    ({"optedOut": True}, {"optedOut": False}, "optedOut"),
    ({"unsubscribed": True}, {"unsubscribed": False}, "unsubscribed"),
    ({"status": "unsubscribed"}, {"status": "active"}, "status"),
    ({"meta": {"optedOut": True}}, {"meta": {"optedOut": False}}, "meta.optedOut"),
)


@pytest.mark.parametrize(("denied", "other", "inner"), LEAVE)
@pytest.mark.parametrize("marks", [(None, None), (False, True)])
def test_what_a_list_of_mailboxes_says_of_leave_is_asked(
    tmp_path: Path,
    denied: dict[str, Any],
    other: dict[str, Any],
    inner: str,
    marks: tuple[bool | None, bool | None],
) -> None:
    """`optedOut: true` beside the mailbox was not told; the path reads it of the same element."""
    path = tmp_path / "a.json"
    elements = [
        {**said, "value": f"p{n}@a.example", **({} if mark is None else {"primary": mark})}
        for n, (said, mark) in enumerate(zip((other, denied), marks, strict=True))
    ]
    path.write_text(json.dumps(people("emails", elements, elements[:1])), encoding="utf-8")
    found = proposed(path)
    (question,) = (text for text in found.found.questions if text.startswith("emails: "))
    assert f"does {inner} say who may be written to" in question
    told = question.partition("path such as `")[2].partition("`")[0]
    assert found.draft is not None
    # The question says it of what denies by its name.
    rule = "consent: opt_out" if "consent: opt_out`" in question else "values: {active: granted}"
    file = tmp_path / "guessed.yaml"
    file.write_text(
        f'{found.draft.text}      consent_email: {{path: "{told}", {rule}}}\n', encoding="utf-8"
    )
    shown = preview_file(path, load_channel(file), received_at=NOW, names=NAMES)
    by_name = {field.field: field.values for field in shown.fields}
    is_marked = marks[1] is True
    assert by_name["email"][0] == ("p1@a.example" if is_marked else "p0@a.example")
    assert (by_name["consent_email"][0] == "denied") is is_marked


def test_a_mailbox_that_may_be_deleted_is_asked_about(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    held = ([{"value": f"p{n}@a.example", "deleted": bool(n)}] for n in range(2))
    path.write_text(json.dumps(people("emails", *held)), encoding="utf-8")
    assert any(
        text.startswith("emails: does deleted mark") for text in proposed(path).found.questions
    )


@pytest.mark.parametrize(
    ("key", "word"),
    [
        *product(("label", "type"), ("fax", "Fax (Büro)", "assistant", "wrong number")),
        *product(("name",), ("fax", "wrong number")),
    ],
)
@pytest.mark.parametrize("mark", [{}, {"primary": True}])
def test_numbers_that_do_not_reach_the_lead_are_left_out(
    tmp_path: Path, key: str, word: str, mark: dict[str, bool]
) -> None:
    """The fax, first in the list or marked so, was the phone."""
    path = tmp_path / "a.json"
    held: list[dict[str, Any]] = [
        {key: word, "number": "+1 212 555 0170", **mark},
        {key: "m", "number": "+1 212 555 0171"},
    ]
    path.write_text(json.dumps(people("phones", held, held[:1])), encoding="utf-8")
    found = proposed(path)
    assert found.preview is not None
    (values,) = (field.values for field in found.preview.fields if field.field == "phone")
    assert list(values) == ["+1 212 555 0171", None]
    assert any(f"{word!r} is left out" in told for told in found.sample.notes)


def test_a_mailbox_of_somebody_by_that_name_is_read(tmp_path: Path) -> None:
    held = ([{"name": f"Ann {last}", "address": f"{last}@a.example"}] for last in ("Old", "Former"))
    assert said(tmp_path / "a.json", people("emails", *held))["email"] == [
        "Old@a.example", "Former@a.example",
    ]  # fmt: skip
