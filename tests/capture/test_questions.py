"""Which field an answer fills: the question that says it most plainly, in any language listed."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lead_platform.capture.channels import load_channels
from lead_platform.capture.guessing.names import load_field_names
from lead_platform.capture.mapping import ITEM_COLUMNS, RecordMapper
from lead_platform.capture.questions import Asked, QuestionReader
from lead_platform.configuration import ConfigurationError
from lead_platform.vocabularies.folder import shipped_intake_lists
from tests.capture.conftest import CONTACTS, PROJECT, RECEIVED_AT, MakeChannel

CHANNELS = load_channels(PROJECT / "config")
READER = QuestionReader(load_field_names(PROJECT / "config"), shipped_intake_lists().consents)


def filled(*asked: tuple[str, str] | tuple[str, str, str]) -> dict[str, str]:
    found = READER.read([Asked(*one) for one in asked]).answers
    return {name: one.answer for name, one in found.items()}


def submission(channel: str, content: dict[str, Any]) -> dict[str, Any]:
    mapped = RecordMapper(CHANNELS[channel], RECEIVED_AT).map_record(content, 1)
    assert mapped.reasons == []
    kind, row = mapped.items[0]
    return dict(zip(ITEM_COLUMNS[kind], row, strict=True))


def typeform(*asked: tuple[str, str, str]) -> dict[str, Any]:
    """(title, type, answer) of each question."""
    fields = [{"id": str(n), "title": title} for n, (title, _, _) in enumerate(asked)]
    answers = [
        {"type": kind, kind: answer, "field": {"id": str(n)}}
        for n, (_, kind, answer) in enumerate(asked)
    ]
    form = {"token": "t", "submitted_at": "2026-03-04T10:00:00Z", "answers": answers}
    return submission("typeform", {"form_response": {**form, "definition": {"fields": fields}}})


@pytest.mark.parametrize(
    ("question", "answer", "field"),
    [
        ("What is your company size?", "51-200", "employee_count"),
        ("How many people work at your company?", "12", "employee_count"),
        ("Company website", "ekbygg.se", "company_website"),
        ("Wie heißt Ihr Unternehmen?", "Weiß Bau AG", "company_name"),
        ("¿Cómo se llama tu empresa?", "Taquería", "company_name"),
        ("Quel est le nom de votre entreprise ?", "Ruche", "company_name"),
        ("Nazwa firmy / Company", "Fabryka", "company_name"),
        ("2. Work email *", "a@b.co", "email"),
        ("vollständiger_name", "Uwe Kern", "full_name"),
        ("e-mail-adresse", "uwe@kern.de", "email"),
        ("telefonnummer", "+4917612345678", "phone"),
        ("Nice to meet you, {{field:1}}! What's your last name?", "Kern", "last_name"),
        ("*Thanks!* And your company name?", "Kern AG", "company_name"),
    ],
)
def test_a_question_is_known_by_its_name(question: str, answer: str, field: str) -> None:
    """Patterns were tried in turn: `company` took its size, its website and its tax status."""
    assert filled((question, answer)) == {field: answer}


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("Is your organization tax exempt?", "No"),
        ("Which role are you hiring for?", "Plumber"),
        ("Do you have a phone system today?", "Yes, 3CX"),
        ("Your manager's email", "boss@acme.io"),
        ("E-Mail Ihres Vorgesetzten (optional)", "chef@acme.de"),
        ("Email / Phone", "a@b.co, 0301234567"),
        ("Favourite colour", "red"),
        ("", "x"),
    ],
)
def test_a_question_for_something_else_fills_nothing(question: str, answer: str) -> None:
    assert filled((question, answer)) == {}


@pytest.mark.parametrize(
    ("question", "answer", "reason"),
    [
        ("Company", "https://www.acme.io", "is a web address"),
        ("Company", "51-200 employees", "is a range"),
        ("Company", "nein", "is a yes or no"),
        ("Company name", "a@acme.io", "is a mailbox"),
        ("Job title", "12", "is a number"),
        ("Phone", "Yes, 3CX", "is no telephone number"),
        ("Email", "ask Bob", "is no mailbox"),
        ("Website", "we have none", "is no web address"),
    ],
)
def test_an_answer_that_cannot_be_the_field_stays_an_answer(
    question: str, answer: str, reason: str
) -> None:
    found = READER.read([Asked(question, answer)])
    assert found.answers == {}
    assert [told for _, _, told in found.refused] == [reason]


@pytest.mark.parametrize(
    "company", ["7-Eleven", "3M", "1&1", "37signals", "Booking.com", "Nein AG"]
)
def test_companies_with_odd_names_are_companies(company: str) -> None:
    assert filled(("Company name", company)) == {"company_name": company}


def test_a_bare_name_is_the_half_that_is_missing() -> None:
    assert filled(("Name", "Kern"), ("Vorname", "Uwe")) == {
        "first_name": "Uwe",
        "last_name": "Kern",
    }
    assert filled(("Name", "Uwe Kern")) == {"full_name": "Uwe Kern"}
    assert filled(("¿Cuál es tu nombre?", "Ana"), ("Apellido", "Lima")) == {
        "first_name": "Ana",
        "last_name": "Lima",
    }
    assert filled(("Nombre", "Ana Lima")) == {"full_name": "Ana Lima"}


def test_a_particle_asked_for_by_itself_begins_the_last_name() -> None:
    """Jan | van der | Berg came in as Jan Berg."""
    dutch = [("Voornaam", "Jan"), ("Achternaam", "Berg"), ("Tussenvoegsel", "van der")]
    assert filled(*dutch) == {"first_name": "Jan", "last_name": "van der Berg"}
    assert filled(*dutch[:2], ("Tussenvoegsel", "geen"))["last_name"] == "Berg"
    whole = [dutch[0], ("Achternaam", "van der Berg"), dutch[2]]
    assert filled(*whole) == {"first_name": "Jan", "last_name": "van der Berg"}


@pytest.mark.parametrize(
    ("father", "mother", "last"),
    [
        ("García", "Márquez", "García Márquez"),
        ("García Márquez", "Márquez", "García Márquez"),
        ("García", "García Márquez", "García Márquez"),
        ("García", "García", "García García"),
        ("García", "555 0142", "García"),
    ],
)
def test_a_second_surname_asked_for_by_itself_ends_the_last_name(
    father: str, mother: str, last: str
) -> None:
    """The mother's name stayed an answer."""
    asked = [("Nombre", "Lía"), ("Apellido materno", mother), ("Apellido paterno", father)]
    assert filled(*asked) == {"first_name": "Lía", "last_name": last}


def test_a_title_that_says_nothing_goes_by_the_type_unless_it_asks_for_somebody_else() -> None:
    assert filled(("How shall we write to you?", "a@b.co", "email")) == {"email": "a@b.co"}
    assert filled(("Where can our sales team reach you?", "a@b.co", "email")) == {"email": "a@b.co"}
    assert filled(("The e-mail of your team's manager", "x@b.co", "email")) == {}


@given(order=st.permutations(range(5)))
def test_the_most_specific_question_wins_in_any_order(order: list[int]) -> None:
    asked = [
        ("Your manager's email", "boss@hart.uk", "email"),
        ("Any other way to write to you?", "me@home.uk", "email"),
        ("Work email", "olivia@hart.uk", "email"),
        ("Please enter your company", "Old Ltd"),
        ("Company name", "Hart Ltd"),
    ]
    assert filled(*(asked[position] for position in order)) == {
        "email": "olivia@hart.uk",
        "company_name": "Hart Ltd",
    }


def test_typeform_asks_the_title_of_a_mailbox() -> None:
    row = typeform(
        ("Your manager's email", "email", "boss@hart.uk"),
        ("What is your company size?", "text", "51-200"),
        ("Company website", "url", "https://hart.uk"),
        ("Company name", "text", "Hart Ltd"),
        ("Work email", "email", "olivia@hart.uk"),
        ("Reach you on", "phone_number", "+442071234567"),
    )
    assert (row["email"], row["phone"]) == ("olivia@hart.uk", "+442071234567")
    assert (row["company_name"], row["company_website"]) == ("Hart Ltd", "https://hart.uk")
    assert row["employee_count"] == "51-200"
    assert json.loads(row["answers"]) == {"Your manager's email": "boss@hart.uk"}


def test_calendly_and_facebook_know_the_same_questions() -> None:
    """Leads of a German form of Facebook were rejected: no identity."""
    names = {"vollständiger_name": "Uwe Kern", "e-mail-adresse": "u@kern.de", "firmenname": "Kern"}
    answers = [{"name": name, "values": [value]} for name, value in names.items()]
    lead = {"id": "1", "created_time": "2026-03-04T10:00:00+0000", "field_data": answers}
    row = submission("facebook_lead_ads", lead)
    assert [row["full_name"], row["email"], row["company_name"]] == [*names.values()]
    booking = {
        "uri": "u", "email": "a@b.co", "created_at": "2026-03-04T10:00:00Z",
        "questions_and_answers": [
            {"question": "Do you have a phone system today?", "answer": "Yes, 3CX"},
            {"question": "Company", "answer": "11-50"},
            {"question": "Wie viele Mitarbeiter hat Ihr Unternehmen?", "answer": "11-50"},
        ],
    }  # fmt: skip
    row = submission("calendly", {"event": "invitee.created", "payload": booking})
    assert (row["phone"], row["company_name"], row["employee_count"]) == (None, None, "11-50")
    assert json.loads(row["issues"]) == [
        {"field": "company_name", "reason": "not taken: the answer to 'Company' is a range"}
    ]
    assert set(json.loads(row["answers"])) == {"Do you have a phone system today?", "Company"}


def test_a_channel_says_what_answers_are_called(make_channel: MakeChannel) -> None:
    form = CONTACTS.replace("emits:", "answers: {each: a, value: item.v}\n    emits:", 1)
    with pytest.raises(ConfigurationError, match="`name`, `labels` or both are needed"):
        make_channel(form)
    named = form.replace("value: item.v", "value: item.v, name: item.q, field: item.type")
    with pytest.raises(ConfigurationError, match="it needs by_name"):
        make_channel(named)
    assert make_channel(named.replace("name: item.q", "name: item.q, by_name: true")).field_names


@pytest.mark.parametrize(
    "question",
    [
        "Who referred you? Phone number",
        "Who introduced you to us? Leave their email",
        "Who is your current provider? Company name",
        "Wer uns empfohlen hat: Telefonnummer",
        "Who signs off on this? Email",
        "Whose budget is it? Leave their phone number",
        "Qui décide chez vous ? Téléphone",
    ],
)
def test_a_question_about_whoever_brought_the_lead_is_about_another(question: str) -> None:
    assert load_field_names(PROJECT / "config").asks_about_another(question)


def refusals(*asked: tuple[str, str] | tuple[str, str, str]) -> dict[str, str]:
    found = READER.read([Asked(*one) for one in asked])
    assert found.answers == {}
    return {name: reason for name, _, reason in found.refused}


MAYBE_ANOTHERS = "may be another person's"


@pytest.mark.parametrize(
    ("question", "answer", "kind"),
    [
        ("Site plumber", "030 1234567", "phone"),
        ("Which number should the courier ring?", "030 1234567", "phone"),
        ("How shall we write?", "a@b.co", "email"),
        ("Wo erreichen wir die Hauswartin?", "a@b.co", "email"),
        ("The best way to reach your plumber", "030 1234567", "phone"),
        ("Site gardener: mobile phone", "030 1234567", ""),
        ("Die Hauswartin - Telefon", "030 1234567", ""),
        ("Phone: the gardener, please", "030 1234567", ""),
        ("Whoever keeps the keys. Phone", "030 1234567", ""),
        ("Wo erreichen wir den Gärtner? Telefon", "030 1234567", ""),
        ("Email (the gardener)", "a@b.co", ""),
        ("Participant 2 - phone", "030 1234567", ""),
        ("2nd visitor: mobile phone", "030 1234567", ""),
        ("Phone (3rd participant)", "030 1234567", ""),
        ("Who pays? Company name", "Payer Ltd", ""),
    ],
)
def test_whose_answer_nobody_knows_is_told(question: str, answer: str, kind: str) -> None:
    """Words for other people are without end: only what speaks to the reader fills a field."""
    asked = (question, answer, kind) if kind else (question, answer)
    found = READER.read([Asked(*asked)])
    assert found.answers == {}
    about_another = load_field_names(PROJECT / "config").asks_about_another(question)
    assert about_another or MAYBE_ANOTHERS in refusals(asked).popitem()[1]


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("If we may ask for more, please leave us your mobile number in case.", "phone"),
        ("Falls Fragen auftauchen: unter welcher Nummer erreichen wir dich tagsüber?", "phone"),
        ("Where do you want the brochure sent?", "email"),
        ("What is the best email to reach you at?", "email"),
    ],
)
def test_the_type_tells_what_is_asked_of_the_reader(question: str, kind: str) -> None:
    answer = "a@b.co" if kind == "email" else "030 1234567"
    assert filled((question, answer, kind)) == {kind: answer}


@pytest.mark.parametrize(
    ("question", "field"),
    [
        ("Thanks. What is your phone number?", "phone"),
        ("And finally – what's your mobile number?", "phone"),
        ("Almost done! Phone", "phone"),
        ("Contact details: phone", "phone"),
        ("Phone number. We only ring about the quote.", "phone"),
        ("Phone - so that we can reach you", "phone"),
        ("Phone (so that we can reach you)", "phone"),
        ("Vielen Dank. Wie lautet Ihre Telefonnummer?", "phone"),
    ],
)
def test_sentences_around_a_question_leave_it_the_readers(question: str, field: str) -> None:
    assert filled((question, "030 1234567")) == {field: "030 1234567"}
