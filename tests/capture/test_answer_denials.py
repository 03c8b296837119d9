"""What an answer to a question about leave to reach somebody denies, and what it never grants."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lead_platform.capture.answer_denials import AnswerDenials
from lead_platform.capture.channels import Channel, load_channels
from lead_platform.capture.columns import CONSENTS
from lead_platform.capture.guessing.names import load_field_names
from lead_platform.capture.mapping import ITEM_COLUMNS, RecordMapper
from lead_platform.vocabularies.folder import shipped_intake_lists
from tests.capture.conftest import CONTACTS, PROJECT, RECEIVED_AT, MakeChannel

CHANNELS = load_channels(PROJECT / "config")
READER = AnswerDenials(load_field_names(PROJECT / "config"), shipped_intake_lists())
MAIL, PHONE = ("consent_email",), ("consent_phone",)


def denied(question: str, answer: Any) -> tuple[str, ...] | None:
    """What is denied; None where nothing is told at all."""
    found = [one.fields for one in READER.read({question: answer})]
    assert len(found) <= 1
    return found[0] if found else None


@pytest.mark.parametrize(
    ("question", "denies", "silent", "fields"),
    [
        ("Email opt out", "yes", "no", MAIL),
        ("Would you like to opt out of calls?", "Yes, please", "No", PHONE),
        ("I do not want to be contacted", "true", "false", CONSENTS),
        ("Please don't email me", "x", "", MAIL),
        ("Keine Werbung", "ja", "nein", CONSENTS),
        ("May we contact you by email?", "false", "true", MAIL),
        ("Dürfen wir Sie anrufen?", "Nein", "Ja", PHONE),
        ("2) Can we call you?", "No, please do not call me", "Yes", PHONE),
        ("marketing_consent", "I do not agree", "I agree", MAIL),
        ("Would you like our newsletter?", "No", "Yes", MAIL),
        ("Souhaitez-vous recevoir nos offres ?", "Non", "Oui", CONSENTS),
        ("Avez-vous un souhait ?", "Ne pas appeler", "Non", PHONE),
        ("Do you agree to WhatsApp messages?", ["No"], ["Yes"], ("consent_whatsapp",)),
        ("Unsubscribed at", "2026-01-31", "", MAIL),
        ("Marketing opt-in", "Unsubscribed", "Subscribed", MAIL),
    ],
)
def test_an_answer_denies_what_its_question_asks(
    question: str, denies: Any, silent: Any, fields: tuple[str, ...]
) -> None:
    """`Email opt out: yes` stayed an answer, and the lead could be written to."""
    assert denied(question, denies) == fields
    assert denied(question, silent) is None


@pytest.mark.parametrize(
    "question",
    [
        "Do you have a phone system today?",
        "Do you need consent management?",
        "Do you accept our privacy policy?",
        "Are you the owner?",
        "Which services would you like to stop?",
    ],
)
def test_a_no_to_something_else_denies_nothing(question: str) -> None:
    assert denied(question, "No") is None


def test_what_is_neither_yes_nor_no_is_told() -> None:
    assert denied("May we call you?", "After six") == ()
    assert denied("Email opt out", "perhaps") == ()


@given(
    st.sampled_from(["yes", "no", "Ja", "false", "1", "granted", "x", "after six", "STOP"]),
    st.sampled_from(["May we call you?", "Email opt out", "Newsletter", "Anything else?"]),
)
def test_no_answer_grants(answer: str, question: str) -> None:
    row = submission(CHANNELS["calendly"], booking(question, answer))
    assert {row[name] for name in CONSENTS} <= {None, "denied"}


def submission(channel: Channel, content: dict[str, Any]) -> dict[str, Any]:
    mapped = RecordMapper(channel, RECEIVED_AT).map_record(content, 1)
    assert mapped.reasons == []
    kind, row = mapped.items[0]
    return dict(zip(ITEM_COLUMNS[kind], row, strict=True))


def booking(question: str, answer: str) -> dict[str, Any]:
    return {
        "event": "invitee.created",
        "payload": {
            "uri": "u", "email": "a@b.co", "created_at": "2026-03-04T10:00:00Z",
            "questions_and_answers": [{"question": question, "answer": answer}],
        },
    }  # fmt: skip


def form_of_typeform(question: str, answer: str) -> dict[str, Any]:
    titles = {"1": question, "2": "Work email"}
    answers = [
        {"type": "text", "text": answer, "field": {"id": "1"}},
        {"type": "email", "email": "a@b.co", "field": {"id": "2"}},
    ]
    fields = [{"id": id_, "title": title} for id_, title in titles.items()]
    form = {"token": "t", "submitted_at": "2026-03-04T10:00:00Z", "answers": answers}
    return {"form_response": {**form, "definition": {"fields": fields}}}


def lead_of_facebook(question: str, answer: str) -> dict[str, Any]:
    answers = {question: answer, "email": "a@b.co"}
    data = [{"name": name, "values": [value]} for name, value in answers.items()]
    return {"id": "1", "created_time": "2026-03-04T10:00:00+0000", "field_data": data}


@pytest.mark.parametrize(
    ("channel", "record"),
    [
        ("calendly", booking("May we call you?", "No")),
        ("typeform", form_of_typeform("May we call you?", "No")),
        ("facebook_lead_ads", lead_of_facebook("may_we_call_you?", "no")),
    ],
)
def test_forms_deny_and_keep_the_answer(channel: str, record: dict[str, Any]) -> None:
    row = submission(CHANNELS[channel], record)
    assert (row["consent_phone"], row["consent_email"]) == ("denied", None)
    (issue,) = json.loads(row["issues"])
    assert "denies consent_phone" in issue["reason"]
    assert issue["field"].removeprefix("answers.") in json.loads(row["answers"])


def test_a_column_that_is_kept_as_an_answer_denies_too(make_channel: MakeChannel) -> None:
    """A new column of an export that a channel does not know: it was an answer and no more."""
    channel = make_channel(CONTACTS + "    unmapped: answers\n")
    content = {
        "id": "1",
        "email": "a@b.co",
        "at": "2026-03-04T10:00:00Z",
        "Do Not Call": "1",
    }
    row = submission(channel, content)
    assert (row["consent_phone"], json.loads(row["answers"])) == ("denied", {"Do Not Call": "1"})
