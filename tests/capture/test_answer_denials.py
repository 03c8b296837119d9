"""What an answer to a question about leave to reach somebody denies, and what it never grants."""

import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lead_platform.capture.answer_denials import AnswerDenials
from lead_platform.capture.channels import Channel, load_channels
from lead_platform.capture.columns import CONSENTS
from lead_platform.capture.denials import DenialReader
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
        ("Email opt out date", "2024-05-01", "", MAIL),
        ("SMS opt-out since", "1.5.2024", "", ("consent_sms",)),
        ("Do not call since", "01/05/2024 10:00", "", PHONE),
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
    ("question", "fields"),
    [
        ("I agree to receive emails. You can unsubscribe at any time.", MAIL),
        ("Subscribe to our newsletter (unsubscribe any time)", MAIL),
        ("Möchten Sie unseren Newsletter erhalten? Abmeldung jederzeit möglich", MAIL),
        ("No spam, ever. Send me the newsletter", MAIL),
        ("Posso chiamarti?", PHONE),
        ("Opt in", CONSENTS),
    ],
)
def test_what_stands_beside_a_question_for_consent_turns_it_not(
    question: str, fields: tuple[str, ...]
) -> None:
    """A yes to `… You can unsubscribe at any time` denied, and its no was nobody's."""
    assert (denied(question, "Yes"), denied(question, "No")) == (None, fields)


@pytest.mark.parametrize(
    "question",
    [
        "Do you mind if we call you?",
        "Haben Sie etwas dagegen, wenn wir Sie anrufen?",
        "I have no objection to being contacted",
        "May we contact your references?",
        "Did you receive our email?",
        "Not contacted",
        "Never called",
        "Do you have a newsletter?",
        "Which services would you like to stop?",
        "Don't miss out! Get our newsletter",
    ],
)
def test_what_a_question_asks_of_leave_is_not_guessed(question: str) -> None:
    """Its words may be turned round, or be about something else: the answer is told, and asked."""
    assert denied(question, "Yes") == () == denied(question, "No")


def test_a_no_to_an_opt_out_is_none() -> None:
    assert denied("Would you like to opt out?", "No, thanks") is None
    assert denied("Would you like to opt out?", "no thanks") is None
    assert denied("May we call you?", ["Yes", "No"]) == ()
    assert denied("May we call you?", "Yes, but no SMS") == ("consent_sms",)


@pytest.mark.parametrize(
    ("field", "text", "fields"),
    [
        ("message", "Please do not call me, I prefer email", PHONE),
        ("message", "DNC", CONSENTS),
        ("message", "Unsubscribe", CONSENTS),
        ("company_name", "Gore Inc (unsubscribed)", CONSENTS),
        ("company_name", "Dent Inc - DO NOT CALL", PHONE),
        ("job_title", "Do not contact", CONSENTS),
        ("source", "nicht anrufen", PHONE),
        ("city", "do not email!", MAIL),
        ("answers", "Do not call", PHONE),
        ("message", "Please do not call it a day before we talked", ()),
        ("message", "Do not call or text, please", (*PHONE, "consent_sms")),
        ("message", "Left voicemail. Do not call again.", PHONE),
        ("message", "Bitte nicht anrufen!", PHONE),
        ("message", "No marketing", CONSENTS),
        ("message", "Interested in SEO, no marketing.", ()),
        ("answers", "No advertising", ()),
        ("message", "How do people unsubscribe?", ()),
        ("company_name", "BAJA - Mexico Foods", ()),
        ("company_name", "Stop & Shop", ()),
        ("city", "Robinson", ()),
    ],
)
def test_a_denial_is_heard_in_whatever_text_it_stands(
    make_channel: MakeChannel, field: str, text: str, fields: tuple[str, ...]
) -> None:
    """`Do not call` as a note or a title, beside a newsletter: yes, was a lead to be called."""
    mapped = 'answers: "{Status: note}"' if field == "answers" else f"{field}: note"
    rules = CONTACTS.replace("          message: message\n", f"          {mapped}\n")
    content = {"id": "1", "email": "a@b.co", "at": "2026-03-04T10:00:00Z", "consent": "yes"}
    row = submission(make_channel(rules), {**content, "note": text})
    granted = None if "consent_email" in fields else "granted"
    wanted = {name: "denied" for name in fields} | ({"consent_email": granted} if granted else {})
    assert {name: row[name] for name in CONSENTS if row[name]} == wanted
    is_told = field == "message" and READER.in_text(text, "remark") is None
    assert bool(row["issues"]) is (bool(fields) or is_told)


@pytest.mark.parametrize(
    "question",
    [
        "Do you have a phone system today?",
        "Do you accept our privacy policy?",
        "Are you the owner?",
        "Which roof would you like?",
    ],
)
def test_a_no_to_something_else_denies_nothing(question: str) -> None:
    assert denied(question, "No") is None


def test_what_is_neither_yes_nor_no_is_told() -> None:
    assert denied("Unsubscribed at", "unknown") == ()
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


@pytest.mark.parametrize(
    ("wish", "fields"),
    [
        ("Please stop texting me!", ("consent_sms",)),
        ("stop contacting us pls", CONSENTS),
        ("I do not wish to be phoned", PHONE),
        ("Thanks, but no further e-mails", MAIL),
        ("Kindly remove us from your mailing list.", CONSENTS),
        ("Bitte streichen Sie mich aus Ihrem Verteiler", CONSENTS),
        ("Rufen Sie mich bitte nicht an!", PHONE),
        ("Merci de ne plus me solliciter", CONSENTS),
        ("Por favor no me llamen más", PHONE),
        ("Non mi chiamate più, grazie", PHONE),
        ("Por favor parem de me ligar", PHONE),
        ("Mail me niet meer aub", MAIL),
        ("Ring mig inte", PHONE),
        ("Proszę mnie wypisać", CONSENTS),
        ("Больше не звоните", PHONE),
        ("メールしないでください", MAIL),
    ],
)
def test_a_wish_to_be_left_alone_denies_at_the_end_of_any_text(
    wish: str, fields: tuple[str, ...]
) -> None:
    """The shortest were known, `stop calling`; and none in a text of more than 200 characters."""
    story = "We had a good talk about the roof, the price and who would come to measure it. " * 40
    for text in (wish, f"{story} {wish}", f"{story}\n{wish}\n{story}"):
        assert READER.in_text(text, "remark") == fields
        assert denied("Anything else?", text) == fields


@pytest.mark.parametrize(
    "text",
    [
        "We do no marketing", "Wir machen keine Werbung", "Please stop by our booth",
        "Please remove the old invoice", "Delete my data export job", "No more seats for us?",
        "How do I unsubscribe users in your API?", "Never mind", "I did not receive your offer",
        "Bitte nicht vor 10 Uhr anrufen", "We stop calling old leads after three tries",
    ],
)  # fmt: skip
def test_what_people_do_and_ask_is_no_wish_to_be_left_alone(text: str) -> None:
    """It may be told, where words of a denial stand in it."""
    assert not READER.in_text(text, "remark")
    assert not denied("Anything else?", text)


@pytest.mark.parametrize(
    ("answer", "fields"),
    [
        ("No since 2023", ()), ("false (2024-01-05)", ()), ("Not unsubscribed, 2024-05-01", ()),
        ("Nein (1.5.24)", ()), ("2024-05-01", MAIL), ("yes, 2024-05-01", MAIL),
        ("1717200000", MAIL), ("5551234567", ()), ("Reference 1717200000", ()),
    ],
)  # fmt: skip
def test_a_date_beside_a_no_is_no_opt_out(answer: str, fields: tuple[str, ...]) -> None:
    """`Email opt out: No since 2023` denied, and so did any ten digits."""
    assert (denied("Email opt out", answer) or ()) == fields


@pytest.mark.parametrize(
    ("question", "refuses", "fields"),
    [
        ("I would like to be contacted by phone", "No", PHONE),
        ("Feel free to text me", "no", ("consent_sms",)),
        # Told, where not every word is known.
        ("I'd like to hear from you by email", "No", ()),
        ("Je souhaite être appelé", "Non", PHONE),
        ("Ich möchte angerufen werden", "Nein", PHONE),
        ("Vorrei essere contattato per telefono", "No", PHONE),
        ("Receives mailings", "no", MAIL),
        ("Infolettre", "Non", MAIL),
        ("뉴스레터 수신", "아니오", MAIL),
    ],
)
def test_a_refused_wish_is_a_denial_and_a_wish_no_grant(
    question: str, refuses: str, fields: tuple[str, ...]
) -> None:
    """It stayed an answer, and nothing was said of it."""
    assert denied(question, refuses) == fields
    assert not denied(question, "yes")


@pytest.mark.parametrize(
    "question",
    ["Phone", "E-mail", "Telefon", "Anruf erhalten", "Calls", "Inscription par téléphone"],
)
def test_a_no_to_no_question_of_leave_says_nothing(question: str) -> None:
    assert denied(question, "No") is None


REFUSALS = ("Never", "nope", "rather not", "absolutely not", "lieber nicht", "jamais", "nigdy")


@pytest.mark.parametrize("answer", REFUSALS)
@pytest.mark.parametrize(
    ("question", "fields"),
    [
        ("May we phone you?", ("consent_phone",)),
        ("Do you want to receive our newsletter?", ("consent_email",)),
        ("Best time to call", ("consent_phone",)), ("When may we call you?", ("consent_phone",)),
        ("Wann erreichen wir Sie am besten?", ("consent_phone",)),
    ],
)  # fmt: skip
def test_what_people_say_for_no_denies(question: str, fields: tuple[str, ...], answer: str) -> None:
    """`May we phone you?`: never, was told and denied nothing."""
    assert [each.fields for each in READER.read({question: answer})] == [fields]


@pytest.mark.parametrize("answer", ["Mornings", "anytime", "never on Mondays", "Yes", "after 5 pm"])
def test_a_time_to_call_denies_nothing(answer: str) -> None:
    assert list(READER.read({"Best time to call": answer})) == []


@pytest.mark.parametrize(
    ("question", "answer", "fields"),
    [
        ("Do you object to emails?", "Yes", [("consent_email",)]),
        ("Do you object to emails?", "No", []), ("Do you object to emails?", "nope", []),
        ("Opt out of emails?", "nope", []), ("Opt out of emails?", "absolutely not", []),
        # Never to be reached, or never opted out?
        ("Opt out of emails?", "never", [()]),
    ],
)  # fmt: skip
def test_a_no_to_an_objection_is_none(
    question: str, answer: str, fields: list[tuple[str, ...]]
) -> None:
    assert [each.fields for each in READER.read({question: answer})] == fields


ALL, SMS = CONSENTS, ("consent_sms",)


@pytest.mark.parametrize(
    ("remark", "fields"),
    [
        ("Please do not contact me by phone", PHONE), ("Please do not contact me by email", MAIL),
        ("Don't contact me via WhatsApp", ("consent_whatsapp",)),
        ("Please do not send me any more emails", MAIL), ("I want no marketing", ALL),
        ("Bitte kontaktieren Sie mich nicht telefonisch", PHONE), ("Ich möchte keine Werbung", ALL),
        ("Ne me contactez pas par téléphone", PHONE), ("Leave us alone please", ALL),
        ("Je ne veux plus recevoir de mails", MAIL), ("Nie chcę maili", MAIL),
        ("Per favore non contattatemi", ALL), ("请不要打电话给我", PHONE),
        ("Asked to be removed", ALL), ("wants no more emails", MAIL), ("Pls remove from list", ALL),
        ("no longer wishes to receive our newsletter", MAIL), ("Stop", ALL), ("abmelden", ALL),
        ("hat sich vom Newsletter abgemeldet", MAIL),
        ("keine Anrufe mehr gewünscht", PHONE), ("no desea recibir publicidad", ALL),
        ("ne souhaite plus recevoir nos emails", MAIL), ("non vuole essere contattato", ALL),
        ("solicita baja de la lista", ALL), ("I revoke my consent to marketing", MAIL),
        ("Do not contact until further notice", ALL), ("consent withdrawn", ALL),
        ("Einwilligung widerrufen", ALL), ("Prefer email not phone", PHONE),
        ("Möchte E-Mail und keinen Anruf", PHONE), ("customer wants WhatsApp not SMS", SMS),
        ("Please do not email this address", MAIL),
    ],
)  # fmt: skip
def test_what_a_rep_or_a_lead_writes_denies(remark: str, fields: tuple[str, ...]) -> None:
    """44 of 60 such sentences denied nothing."""
    found = READER.in_text(remark, "remark")
    assert found is not None
    assert found == fields


@pytest.mark.parametrize(
    "remark",
    ["Customer said do not call", "Alan asked us to stop emailing him",
     "does not want to hear from us", "Opt-out received",
     "Do not call before 9am", "Please do not call on Fridays", "Do not email my boss"],
)  # fmt: skip
def test_words_of_a_denial_among_others_are_told(remark: str) -> None:
    assert READER.in_text(remark, "remark") is None


@pytest.mark.parametrize(
    "remark",
    ["Kein Anruf erhalten", "Keine E-Mail erhalten", "No call received", "No calls yet",
     "I have no phone", "I did not receive your email", "Prioridad: BAJA", "Stop by our booth",
     "Please send me no PDF but a link", "not many emails in the archive",
     "No. Please call me", "No, I want to be contacted", "No thanks, please email",
     "Customer refused, please call again", "please stop by and call", "non, merci d'appeler",
     "Please contact me not him", "Client has no email", "Kunde hat kein Telefon",
     "Customer never calls", "They do no calls", "Er wird nicht angerufen",
     "Please don't stop sending emails", "I never asked for offers", "Please call, no voicemail",
     "Client does not like the offers", "I never receive emails please"],
)  # fmt: skip
def test_what_did_not_come_denies_nothing(remark: str) -> None:
    assert not READER.in_text(remark, "remark")
    assert not denied("Anything else?", remark)
    assert not denied("Prioridad", "BAJA")


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("Email opt out", "1717200000.0"),
        ("Do not call", "1.0"),
        ("Unsubscribed at", "1717200000.0"),
    ],
)
def test_a_number_with_a_fraction_of_nothing_denies_as_without(question: str, answer: str) -> None:
    """What pandas writes of a column with a gap was read as a no behind a dot."""
    fields = denied(question, answer)
    assert fields
    assert fields == denied(question, answer.removesuffix(".0"))


@pytest.mark.parametrize(
    ("company", "fields"),
    [("Vidal SL DO NOT CONTACT", ALL), ("Vidal GmbH NICHT ANRUFEN", PHONE),
     ("Foods of BAJA", ()), ("Stop & Shop", ()), ("VIDAL STOP", ()), ("Staffer at the DNC", ()),
     ("Toronto Police Service TPS", ())],
)  # fmt: skip
def test_a_denial_in_capitals_behind_a_company_denies(
    company: str, fields: tuple[str, ...]
) -> None:
    assert set(READER.in_text(company, "value") or ()) >= set(fields)
    assert fields or READER.in_text(company, "value") == ()


STATES = ["Opted Out", "opted out", "Opt Out", "Opted-out", "opted_out", "OPTED OUT"]


@pytest.mark.parametrize(
    "answer", [*STATES, "Opted Out, vip", "vip; Opt Out", "Nicht kontaktieren"]
)
@pytest.mark.parametrize("question", ["Status", "Tags", "Email status"])
def test_a_state_of_two_words_denies_however_it_is_written(question: str, answer: str) -> None:
    """`opted_out` and `OPTED OUT` denied, `Opted Out` said nothing: it was taken for a trade."""
    assert denied(question, answer) == ALL


@pytest.mark.parametrize(
    "answer", ["No marketing", "Keine Werbung", "No advertising", "opted in", "opt out form"]
)
def test_what_a_business_does_not_do_is_no_state(answer: str) -> None:
    assert denied("Status", answer) is None


@pytest.mark.parametrize(
    ("remark", "fields"),
    [
        ("quiere darse de baja", ALL), ("vil ikke kontaktes", ALL), ("não quer contato", ALL),
        ("Not to be called", PHONE), ("No more spam", ALL), ("Disiscrivimi", ALL),
        ("Hi please remove my email from your database", MAIL), ("Ei saa soittaa", PHONE),
        ("Keine Werbeanrufe", PHONE), ("pas de démarchage", ALL), ("N’appelez plus", PHONE),
        ("No volver a llamar", PHONE), ("SMS istemiyorum", SMS), ("Отписаться", ALL),
        ("Må ej ringas", PHONE), ("nechci dostávat emaily", MAIL), ("אל תתקשרו", PHONE),
        ("営業電話お断り", PHONE), ("I do not consent to marketing", ALL),
        ("I’d rather not be called", PHONE), ("Added to DNC", ALL),
        ("Opt me out of SMS", SMS), ("Opt me out of emails please", MAIL),
        ("Unsubscribe me from SMS", SMS), ("Do not contact me by phone or email", (*MAIL, *PHONE)),
    ],
)  # fmt: skip
def test_a_wish_counts_in_the_words_of_each_language(remark: str, fields: tuple[str, ...]) -> None:
    """They said nothing; `Opt me out of SMS` denied each channel, by the `of` of Dutch lists."""
    assert READER.in_text(remark, "remark") == fields


@pytest.mark.parametrize(
    "remark",
    ["bitte löschen", "has objected", "only by email", "nur per E-Mail", "no contact",
     "no contact please", "DNC - competitor", "DNC per customer",
     "DNC, wrong person", "He is on the DNC", "please delete", "連絡不要",
     "Do not contact me but email is ok", "Please do not contact me only by email",
     "Unsubscribed but wants email"],
)  # fmt: skip
def test_what_may_deny_in_few_words_is_told(remark: str) -> None:
    """It said nothing; of `do not contact me but email is ok` the mail was denied."""
    assert READER.in_text(remark, "remark") is None


@pytest.mark.parametrize(
    "remark",
    ["not on DNC", "no DNC", "Not reached", "Left voicemail", "Hi, please call", "No contact yet",
     "Spoke to Ms ROBINSON about mail", "only two left", "No, thanks", "no"],
)  # fmt: skip
def test_what_denies_nothing_is_not_told(remark: str) -> None:
    assert READER.in_text(remark, "remark") == ()


def test_a_wish_for_one_channel_beside_a_denial_is_not_denied() -> None:
    """`Do not contact me by phone, email only` denied the mail that is asked for."""
    assert READER.in_text("Do not contact me by phone, email only", "remark") == PHONE


@pytest.mark.parametrize(
    ("answer", "fields"),
    [
        ("Yes, but not by phone", PHONE), ("Yes, not by email", MAIL), ("Not by phone", PHONE),
        ("Ja, aber nicht telefonisch", PHONE), ("Oui, mais pas par téléphone", PHONE),
        ("Sí, pero no por teléfono", PHONE), ("Ja, maar niet telefonisch", PHONE),
        ("Tak, ale nie telefonicznie", PHONE), ("Yes, but no SMS", SMS),
        ("Not by phone or sms", (*PHONE, *SMS)), ("Yes, just not by phone", PHONE),
        ("Yes, except phone", ()), ("Yes, email only", ()), ("Ja, nur per E-Mail", ()),
        ("Yes, anything but calls", ()), ("Yes, by email", None), ("Yes, after 6 pm", None),
        ("Yes, no problem", None),
    ],
)  # fmt: skip
def test_a_yes_with_an_exception_denies_it_or_is_told(
    answer: str, fields: tuple[str, ...] | None
) -> None:
    """`Yes, but not by phone` said nothing, as if it were a yes."""
    assert denied("Can we contact you?", answer) == fields


def in_record(**content: Any) -> list[tuple[str, ...]]:
    return [one.fields for one in READER.in_record(content, reads_remarks=False)]


@pytest.mark.parametrize(
    ("name", "value", "fields"),
    [
        ("Email opt out date", "2024-05-01", MAIL), ("Do not call since", "01.05.2024", PHONE),
        ("Unsubscribed at", "2024-05-01", MAIL), ("Abgemeldet am", "01.05.2024", MAIL),
        ("Email Opt Out", "2024-05-01", MAIL), ("Email Opt Out", "1.0", MAIL),
        ("has_opted_out", "Y", ALL), ("Opt-in", "false", ALL),
        ("Opposition démarchage", "oui", ALL), ("Status", "Unsubscribed", ALL),
        ("Tags", ["vip", "Opted Out"], ALL), ("hs_email_optout_12345", "true", MAIL),
        ("unsubscribe_link_clicked_at", "2024-05-01", ()), ("Email Opt Out", "No since 2023", ()),
    ],
)  # fmt: skip
def test_a_column_of_an_event_denies_as_an_answer_does(
    name: str, value: Any, fields: tuple[str, ...]
) -> None:
    """With a date it was only told, and by a name that no list knows nothing was heard."""
    assert in_record(**{name: value}) == [fields]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("has_opted_out", "N"), ("Opt-in", "true"), ("Opposition démarchage", "non"),
        ("Status", "active"), ("Status", "No marketing"), ("hs_email_optout_12345", "false"),
        ("unsubscribe_link_clicked_at", ""), ("Email received", "no"), ("Offer accepted", "no"),
        ("offers accept", "no"), ("send_email", "false"), ("stop_time", "2024-05-01"),
        ("unsubscribe_url", "https://m.example/u?d=2024"), ("opt_out_of_terms", "no"),
    ],
)  # fmt: skip
def test_other_columns_of_events_deny_nothing(name: str, value: str) -> None:
    assert in_record(**{name: value}) == []


@pytest.mark.parametrize(
    "text",
    ["We met at the fair — it’s 5€ a piece 🙂", "„Danke“ … bis Freitag", "Prix : 40 € – merci"],
)
def test_marks_beside_letters_that_are_spaced_cost_no_second_look(
    monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    """A dash, a curly quote or a picture sent each text through all phrases: 1.5 ms, not 0.015."""
    reader = AnswerDenials(load_field_names(PROJECT / "config"), shipped_intake_lists())
    monkeypatch.setattr(DenialReader, "phrases_in", lambda *_: pytest.fail("looked for phrases"))
    assert reader.in_text(text, "remark") == ()


@pytest.mark.parametrize(
    "remark",
    ["Please don’t call me 🙂", "🙂do not call—please", "“Do not call”", "Ne m’appelez plus…",
     "Bitte nicht anrufen!🙏", "请不要打电话给我🙂"],
)  # fmt: skip
def test_marks_hide_no_denial(remark: str) -> None:
    assert READER.in_text(remark, "remark") == PHONE


QUESTIONS = {
    "Newsletter": MAIL, "consent": ALL, "opt-in": ALL, "Werbung": ALL, "May we call": PHONE,
    "Can we email you": MAIL, "OK to call": PHONE, "SMS ok": SMS, "email_consent": MAIL,
    "contact allowed": ALL, "Zgoda": ALL, "toestemming": ALL, "Consenso": ALL,
}  # fmt: skip


@pytest.mark.parametrize("sign", [": ", ":", " - ", "=", "? ", ", met at the fair; "])
@pytest.mark.parametrize("no", ["no", "nein", "No, thanks", "non", "nie"])
@pytest.mark.parametrize("question", QUESTIONS)
def test_a_question_repeated_in_a_remark_is_answered_there(
    question: str, no: str, sign: str
) -> None:
    """`Newsletter: nein` of a rep said nothing."""
    if ";" in sign:
        remark = f"Call back Monday{sign}{question}: {no}; has budget"
    else:
        remark = f"{question}{sign}{no}"
    assert READER.in_text(remark, "remark") == QUESTIONS[question]
    assert not READER.in_text(remark.replace(no, "yes"), "remark")


@pytest.mark.parametrize(
    ("remark", "fields"),
    [
        ("Opt-out: yes", ALL), ("Opt-out: no", ()), ("DNC: yes", ALL), ("do not call list: no", ()),
        ("Unsubscribe date: 3 Nov 2026", MAIL), ("SMS: STOP", SMS), ("call: never", None),
        ("Newsletter nein", MAIL), ("Consent: N", ALL), ("opt in: 0", ALL), ("no consent", ALL),
        ("keine Einwilligung", ALL), ("nie wieder anrufen", PHONE), ("TPS registered", PHONE),
        ("ne plus jamais contacter", ALL), ("on the TPS list", PHONE),
        # Of whom nobody knows whether they have none, or are not to be called.
        ("Mail ok, Tel nein", None), ("phone: no", None), ("Kontakt: nein", None),
    ],
)  # fmt: skip
def test_what_stands_behind_a_label_counts(remark: str, fields: tuple[str, ...] | None) -> None:
    assert READER.in_text(remark, "remark") == fields


@pytest.mark.parametrize(
    "remark",
    ["contact: Bob May", "phone: 0171 1234567", "Phone: none", "fax: no", "Budget: no", "Demo: no",
     "Existing customer: no", "Voicemail: no answer", "Tel: keine Nummer",
     "Mobile: n/a", "Phone: no number", "Call: no answer",
     "Has SMS gateway: no", "Do you offer SMS: no", "We need SMS notifications: no hurry",
     "Email opened: no", "Calls: 0", "emails sent: 0", "subscribed 3 Nov", "opted in 3 Nov",
     "Contacted: no", "Reached by phone: no", "Newsletter tool: none", "call on 3 Nov",
     "called 3 Nov", "email bounced 3 Nov"],
)  # fmt: skip
def test_what_is_no_question_of_leave_says_nothing(remark: str) -> None:
    assert READER.in_text(remark, "remark") == ()


DATES = (
    "3 Nov", "Nov 3rd, 2026", "3/11/2026", "3.11.", "2026-11-03", "2026-11-03T10:00:00Z", "in May",
    "3. November 2026", "le 3 novembre", "el 3 de noviembre de 2026", "am 3.11.", "per 1-11",
    "since March", "seit 2025", "yesterday", "gestern", "last week", "(3 Nov)", "on Monday 3 Nov",
)  # fmt: skip


@pytest.mark.parametrize("date", DATES)
@pytest.mark.parametrize(
    ("remark", "fields"),
    [
        ("unsubscribed", ALL), ("abgemeldet", ALL), ("Opted out", ALL), ("DNC", ALL),
        ("désabonné", ALL), ("consent withdrawn", ALL), ("Newsletter: nein", MAIL),
    ],
)  # fmt: skip
def test_a_date_beside_a_denial_says_when(remark: str, fields: tuple[str, ...], date: str) -> None:
    """`unsubscribed 3 Nov` said nothing."""
    assert READER.in_text(f"{remark} {date}", "remark") == fields
    assert READER.in_text(f"{remark}, {date}", "remark") == fields


def test_a_date_beside_what_is_not_to_be_done_may_be_of_that_day() -> None:
    assert READER.in_text("nicht anrufen am 3. November", "remark") is None
    assert READER.in_text("do not call since 3 Nov", "remark") == PHONE


SAID = {
    PHONE: [
        "Email: no calls", "Mail 3.4.: bitte nicht anrufen", "WhatsApp: do not call",
        "SMS 4/3: don't call", "mail : pas d'appels", "correo: no llamar",
        "mail 3/4: niet bellen", "mail 3.4.: nie dzwonić", "Opt Out (Phone)",
        "opted-out (phone)", "not allowed to call", "calls not allowed",
        "no permission to call", "darf nicht angerufen werden", "请勿打电话",
        "nicht wieder anrufen", "do not cold call",
        "do not use phone",
    ],
    MAIL: [
        "Anruf 3.4.: keine Mails mehr", "Call 4/3: no emails", "NL abgemeldet",
        "Newsletter unerwünscht", "stop mails", "STOP emails pls", "don't send any more mails",
    ],
    ALL: [
        "phone 4/3: unsubscribe", "opted out by phone", "unsubscribed by phone",
        "called to opt out", "hat sich telefonisch abgemeldet", "désabonné par téléphone",
        "Call 3/4: do not contact me", "por teléfono: no contactar",
        "mail 3/4: non contattare più", "Widerspruch per Mail", "opted out by text",
        "(phone call 3/4) opted out", "JM: unsubscribed", "Update 04.03.25: abgemeldet",
        "2025-04-04: unsubscribed", "met at fair: unsubscribed", "darf nicht kontaktiert werden",
        "D.N.C.", "<p>Do not contact</p>", "replied STOP",
    ],
}  # fmt: skip


@pytest.mark.parametrize(
    ("remark", "fields"), [(remark, fields) for fields, of in SAID.items() for remark in of]
)
def test_what_is_denied_is_what_is_said_and_not_by_which_way(
    remark: str, fields: tuple[str, ...]
) -> None:
    """`Email: no calls` denied mail and not the phone, `opted out by phone` nothing but it."""
    assert READER.in_text(remark, "remark") == fields


@pytest.mark.parametrize(
    "remark",
    [
        "calls not ok", "may not be called", "we may not call", "10:30 unsubscribed",
        "unsubscribed -> hot", "• met • unsubscribed", "DNC JS", "DNC 3/12 JS", "DNC PER MGR",
        "VIP DNC", "ACHTUNG: DNC", "JM: DNC", "brak zgody (na telefon)", "wycofał zgodę",
        "said not to call", "told me not to call", "refused calls",
        "didn't want to be contacted again", "no le llamen", "pidió que no le llamemos",
        "Phone: not ok", "NOT by phone", "SMS reply: STOP", "wants to be taken off the list",
        "no comms", "stop all comms", "cease and desist", "kein NL", "kein Tel.",
        "nicht telefonisch", "nicht per Mail", "niemals anrufen",
        "rufen Sie mich bitte nicht mehr an", "Löschantrag 3.4.", "Daten löschen",
        "ne pas rappeler", "stop mail", "baja LOPD", "non chiamarlo", "geen belletjes",
        "heeft zich uitgeschreven", "não entrar em contato", "send ikke mails",
        "не присылать рассылку", "電話NG", "メルマガ解除", "전화 금지", "mail istemiyor",
        "Do not&nbsp;call",
        "phone ❌", "mail ✓ phone ✗", "🚫 calls", "2025-03-04: met\n2025-04-04: do not call",
        "Telefonat: möchte nicht kontaktiert werden", "Werbewiderspruch am Telefon",
        "consent not given",
    ],
)  # fmt: skip
def test_no_denial_is_lost_in_silence(remark: str) -> None:
    """They said nothing: a label, a cross, capitals or a way to speak stood beside the denial."""
    assert READER.in_text(remark, "remark") != ()


@pytest.mark.parametrize(
    "remark",
    [
        "Call 3/4: not interested", "Anruf: kein Interesse", "appel : pas intéressé",
        "Call 3/4: declined", "Email: not interested", "Kontakt: kein Interesse",
        "Contact: not interested", "Anrufe: keine", "Llamadas: ninguna", "Appels : aucun",
        "Mails: keine", "Tel: keine", "has no phone", "no phone number", "sin correo",
        "kein Kontakt seit 2023", "kein Kontakt", "geen contact", "no contact since 2023",
        "do not call today", "do not call this week", "do not contact today",
        "heute nicht anrufen", "hat sich für heute abgemeldet", "never called", "nix",
        "Consent form sent: no", "Opt out?", "Call 3/4: no email", "called 3 times, no answer",
        "left voicemail, no reply", "not reached by phone", "nicht erreicht",
        "did not answer the phone", "email bounced, no other address", "not interested",
        "no budget", "wants demo, no rush", "He said no to the offer by email",
        "no reply to my emails", "hat auf Mail nicht geantwortet",
        "phone off, will not call back today", "asked for a call back, not urgent",
        "no phone on file", "phone number not working", "emailed contract, not signed yet",
        "budget not approved, call in May", "will contact us if not happy",
        "newsletter subscriber, no open deals", "Number not valid",
        "Cannot talk now, call later",
    ],
)  # fmt: skip
def test_what_was_done_or_lacks_denies_nothing(remark: str) -> None:
    """`Call 3/4: not interested` denied the phone, `no phone number` too."""
    assert not READER.in_text(remark, "remark")


@pytest.mark.parametrize(
    ("remark", "fields"),
    [
        ("no SMS please; 2024-11-03 do not contact", ALL), ("May we call you?\nNo", PHONE),
        ("Keine Anrufe bitte. Abgemeldet am 3.11.2024", ALL), ("Newsletter:\nno", MAIL),
        ("Unsubscribed from emails 3 Nov; no calls please", (*MAIL, *PHONE)),
        ("Q: May we call you?\nA: No", PHONE), ("<b>Newsletter:</b> no", MAIL),
        ("Stop\nSent from my iPhone", ALL), ("STOP.\n\n> On 3 Nov 2024 you wrote:", ALL),
        ("Newsletter (no)", MAIL), ("unsubscribed 3-Nov-2024", ALL), ("stop emails", MAIL),
        ("unsubscribed 3 Nov 2024 10:00 UTC", ALL), ("unsubscribed 20241103", ALL),
        ("unsubscribed 2024-11-03T10:00:00+01:00", ALL), ("unsubscribed 2 days ago", ALL),
        ("unsubscribed 3/11/24 10:00 PM", ALL), ("配信停止 11月3日", ALL),
        ("abgemeldet 03.11.2024 um 10:00 Uhr", ALL), ("Please stop by", ()),
        ("Newsletter no. 3", ()), ("no - call him", ()), ("Email: no email", None),
        ("unsubscribed 2019, resubscribed 2023", None), ("Do not contact June", None),
        ("Please do not call on 24 December", None), ("Newsletter sent: no", None),
    ],
)  # fmt: skip
def test_dates_signs_and_lines_hide_no_denial(remark: str, fields: tuple[str, ...] | None) -> None:
    assert READER.in_text(remark, "remark") == fields


@pytest.mark.parametrize(
    "remark",
    ["Newsletter: nein, Tel: nein", "Newsletter: nein. Bitte auch nicht anrufen.",
     "Email: unsubscribed; Phone: no"],
)  # fmt: skip
def test_what_may_be_denied_beside_a_denial_is_told(remark: str) -> None:
    """Of the second one nothing was said, for the first was sure."""
    assert READER.in_text(remark, "remark") == MAIL
    assert READER.leaves_open(remark, "remark")
    found = READER.in_record({"Notes": remark}, reads_remarks=True)
    assert [each.fields for each in found] == [MAIL, ()]


@pytest.mark.parametrize(
    ("answer", "fields"),
    [
        ("3 Nov 2024 10:00 PM", [MAIL]), ("Yes, on 3 Nov", [MAIL]), ("subscribed 3 Nov", [()]),
        ("1 out of 3", [()]), ("long ago", [()]), ("0000-00-00 00:00:00", []),
        ("00/00/0000", []), ("1900-01-00", []), ("9999-12-31", []),
    ],
)  # fmt: skip
def test_a_date_is_when_somebody_left_where_nothing_else_is_said(
    answer: str, fields: list[tuple[str, ...]]
) -> None:
    assert [each.fields for each in READER.read({"Email opt out": answer})] == fields


@pytest.mark.parametrize("sign", [" ", "\u00a0", "12 ", "3 Nov ", "a: ", "(a", "<", "\n", "A."])
def test_long_texts_take_no_longer_than_long(sign: str) -> None:
    """A row of blanks took a time that grew with its square: 11 s for 40,000."""

    def seconds(size: int) -> float:
        started = time.process_time()
        READER.in_text(f"no {sign * size}thanks", "remark")
        return time.process_time() - started

    assert seconds(16_000) < 40 * max(seconds(2_000), 0.02)


@pytest.mark.parametrize(
    ("remark", "fields"),
    [
        *((remark, ALL) for remark in (
            "Call 3 Nov 2024. Opted out.", "Email 3.11. Opted out.", "SMS 2024. Unsubscribed",
            "Call 3 Nov 2024 Opted out", "opted out per 3 Nov call", "opted out 3 Nov by phone",
            "Unsubscribed: yes", "Abgemeldet: ja", "unsubscribed? yes", "Bitte kein Kontakt mehr",
            "Met at expo 2024. Please do not contact me.", "Founded 1998. Do not contact.",
            "STOP at all",
        )),
        ("Spoke 11/3/24. Do not call.", PHONE), ("Bloctel", PHONE),
        ("Met at expo 2024. Please do not call me.", PHONE),
        ("Angebot vom 12.5. Bitte keine Mails mehr.", MAIL),
        ("Alan asked us on 3/4 to stop emailing him", MAIL),
    ],
)  # fmt: skip
def test_a_sentence_behind_a_date_is_one_of_its_own(remark: str, fields: tuple[str, ...]) -> None:
    """`Call 3 Nov 2024. Opted out.` denied the phone alone, `Spoke 11/3/24. Do not call.` none."""
    assert READER.in_text(remark, "remark") == fields


@pytest.mark.parametrize(
    "remark",
    ["Offer: withdrawn", "enrolled 2022, withdrawn 2023", "not reachable by phone",
     "Called twice. Not reachable by phone.", "won't be reachable by phone",
     "nicht per Telefon erreichbar", "Phone number not ok", "Mail not ok, bounced",
     "may not be in for our call", "may not answer email", "may not receive SMS", "DNC ok",
     "DNC: ok", "Bloctel ok", "opted out 2022, opted in 2024", "GDPR: no", "Postal mail: no",
     "opted out 2022, opted back in 2024", "no emails from him since March",
     "no call from him since March", "on TPS, but gave consent", "Direct mail not allowed"],
)  # fmt: skip
def test_what_came_to_nothing_denies_nothing(remark: str) -> None:
    assert not READER.in_text(remark, "remark")
    assert not denied("Application status", remark)


@pytest.mark.parametrize("answer", ["Withdrawn", "Withdrawn 3 Nov", "objected 3 Nov"])
def test_what_is_withdrawn_is_for_its_question(answer: str) -> None:
    assert not denied("Application status", answer)


def test_a_message_that_denies_one_channel_tells_of_the_other(make_channel: MakeChannel) -> None:
    """It was told of columns that no field takes, and of a mapped message it was not."""
    content = {"id": "1", "email": "a@b.co", "at": "2026-03-04T10:00:00Z", "consent": "yes"}
    rules = CONTACTS.replace("          message: message\n", "          message: note\n")
    row = submission(make_channel(rules), {**content, "note": "Newsletter: nein, Tel: nein"})
    assert row["consent_email"] == "denied"
    reasons = [issue["reason"] for issue in json.loads(row["issues"])]
    assert [reason.startswith("has words of a denial") for reason in reasons] == [False, True]
