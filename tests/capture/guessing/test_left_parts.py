"""Lists of suppressed people beside the records, and of subscriptions within them, were not named
anywhere: whoever stood in them came in as any lead."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lead_platform.capture.channels import load_channel
from lead_platform.capture.preview import FilePreview, preview_file
from tests.capture.guessing.test_exports import NAMES, NOW, proposed

PEOPLE = [
    {"full_name": "Ada Ashby", "email": "ada@firm1.example", "created_at": "2026-05-13"},
    {"full_name": "Bo Brock", "email": "bo@firm2.example", "created_at": "2026-05-14"},
]
LEAVE = "who may be written to or called"
DENIED_BESIDE: dict[str, Any] = {
    "suppressions": ["bo@firm2.example"],
    "do_not_contact": [{"email": "bo@firm2.example"}],
    "unsubscribes": {"bo@firm2.example": "2026-05-01"},
    "meta": {"opt_outs": ["bo@firm2.example"]},
    "states": [{"email": "bo@firm2.example", "state": "unsubscribed"}],
}
DENIED_WITHIN: dict[str, list[Any]] = {
    "lists": [[{"list": "news", "state": "subscribed"}], [{"list": "news", "state": "opted out"}]],
    "optOuts": [[], [{"channel": "email"}]],
    "topics": [[{"topic": {"id": 1, "status": "unsubscribed"}}], []],
}
NAMES_OF_PARTS = st.text("bcdfghklmnprstvwz_", min_size=1, max_size=12)


def write(path: Path, document: Any) -> Path:
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


def asked(path: Path, name: str) -> list[str]:
    return [text for text in proposed(path).found.questions if name in text.partition(":")[0]]


def checked(path: Path) -> FilePreview:
    """As `channels check` shows it with what was proposed."""
    draft = proposed(path).draft
    assert draft is not None
    file = path.with_name("guessed.yaml")
    file.write_text(draft.text, encoding="utf-8")
    return preview_file(path, load_channel(file), received_at=NOW, names=NAMES)


@pytest.mark.parametrize("name", DENIED_BESIDE)
def test_who_may_not_be_reached_stands_beside_the_records(tmp_path: Path, name: str) -> None:
    path = write(tmp_path / "x.json", {"leads": PEOPLE, name: DENIED_BESIDE[name]})
    (question,) = asked(path, name)
    assert LEAVE.replace("may be", "may not be") in question
    shown = checked(path)
    assert shown.names_beside == (name,)
    assert any(doubt.startswith(f"{name}:") and LEAVE in doubt for doubt in shown.doubts)


@pytest.mark.parametrize("name", DENIED_WITHIN)
def test_lists_in_records_say_who_may_be_reached(tmp_path: Path, name: str) -> None:
    records = [{**one, name: held} for one, held in zip(PEOPLE, DENIED_WITHIN[name], strict=True)]
    path = write(tmp_path / "x.json", records)
    (question,) = asked(path, name)
    assert LEAVE in question
    assert "consent_email" in question
    assert any(doubt.startswith(f"{name}:") and LEAVE in doubt for doubt in checked(path).doubts)


def test_the_path_that_is_proposed_reads_the_list(tmp_path: Path) -> None:
    records = [
        {
            **one,
            "mailings": [{"via": "sms", "state": "subscribed"}, {"via": "email", "state": said}],
        }
        for one, said in zip(PEOPLE, ("subscribed", "unsubscribed"), strict=True)
    ]
    path = write(tmp_path / "x.json", records)
    (question,) = asked(path, "mailings")
    told = question.partition("path such as `")[2].partition("`")[0].replace("…", "email")
    draft = proposed(path).draft
    assert draft is not None
    file = tmp_path / "guessed.yaml"
    file.write_text(f'{draft.text}      consent_email: {{path: "{told}"}}\n', encoding="utf-8")
    shown = preview_file(path, load_channel(file), received_at=NOW, names=NAMES)
    by_name = {field.field: field.values for field in shown.fields}
    assert by_name["consent_email"] == ("granted", "denied")
    assert shown.doubts == ()


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None
)
@given(name=NAMES_OF_PARTS, is_beside=st.booleans(), held=st.sampled_from((["x"], [{"k": "x"}])))
def test_no_list_is_left_unnamed(
    tmp_path: Path, name: str, is_beside: bool, held: list[Any]
) -> None:
    document: Any = {"contacts": PEOPLE, name: held}
    if not is_beside:
        document = [{**one, name: held} for one in PEOPLE]
    proposal = proposed(write(tmp_path / "x.json", document))
    assert proposal.draft is not None
    told = [*proposal.found.questions, *(column.name for column, _ in proposal.found.rest)]
    mapped = [name for columns in proposal.draft.fields.values() for name in columns]
    assert any(name in text for text in (*told, *mapped))


def test_paging_is_named_by_the_check(tmp_path: Path) -> None:
    shown = checked(write(tmp_path / "x.json", {"results": PEOPLE, "paging": {"next": "/2"}}))
    assert shown.names_beside == ("paging",)
    assert shown.doubts == ()


@pytest.mark.parametrize("said", [(False, True), ("no", "yes")])
def test_a_channel_that_is_yes_or_no_is_asked(tmp_path: Path, said: tuple[Any, Any]) -> None:
    records = [{**one, "settings": {"sms": s}} for one, s in zip(PEOPLE, said, strict=True)]
    path = write(tmp_path / "x.json", records)
    (question,) = asked(path, "settings.sms")
    assert LEAVE in question
    draft = proposed(path).draft
    assert draft is not None
    assert "answers:" not in draft.text


def test_a_name_beside_a_list_of_persons_is_asked_about(tmp_path: Path) -> None:
    """Close's lead is a company: `Globex` became a person without a mailbox."""
    contact = {"name": "Ada Ashby", "emails": [{"email": "ada@globex.example"}]}
    lead = {"id": "lead_1", "display_name": "Globex", "contacts": [contact]}
    path = tmp_path / "lead.json"
    path.write_text(json.dumps({"data": lead}), encoding="utf-8")
    found = proposed(path).found
    assert "full_name" not in found.choices
    assert any(q.startswith("data.display_name: is it the person's name") for q in found.questions)
    # With a mailbox of its own the record is the person.
    path.write_text(json.dumps({"data": {**lead, "email": "bo@b.example"}}), encoding="utf-8")
    assert "full_name" in proposed(path).found.choices
