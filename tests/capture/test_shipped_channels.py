"""The channels whose shape is our own: what the demo world writes and RevOps copies from."""

import json
import re
from collections.abc import Callable
from datetime import datetime
from itertools import product
from typing import Any

import pytest

from lead_platform.capture.channels import load_channels
from lead_platform.capture.fields import RuleCompiler
from lead_platform.capture.mapping import ITEM_COLUMNS, RecordMapper
from tests.capture.conftest import PROJECT, RECEIVED_AT

CHANNELS = load_channels(PROJECT / "config")
AT = datetime(2026, 3, 4, 10)
GENERAL = {
    "channel", "content_hash", "record_number", "received_at", "payload", "record_id",
    "kind", "inquiry_minutes",
}  # fmt: skip


def emitted(channel: str, content: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """(kind, filled fields) of each item, without ids and what every item has."""
    mapped = RecordMapper(CHANNELS[channel], RECEIVED_AT).map_record(content, 1)
    assert mapped.reasons == []
    found = []
    for kind, row in mapped.items:
        fields = dict(zip(ITEM_COLUMNS[kind], row, strict=True))
        hidden = {*GENERAL, f"{kind}_id", "submission_id"}
        found.append((kind, {n: v for n, v in fields.items() if v is not None and n not in hidden}))
    return found


def reasons(channel: str, content: dict[str, Any]) -> list[str]:
    return RecordMapper(CHANNELS[channel], RECEIVED_AT).map_record(content, 1).reasons


def test_web_form() -> None:
    content = {
        "form_submission_id": "w1", "submitted_at": "2026-03-04T11:00:00+01:00",
        "form": {"id": "f1", "name": "Demo"},
        "fields": {"full_name": "Ann Lee", "email": "ann@acme.io", "company": "Acme",
                   "employees": 250, "state": "CA", "timeframe": "now", "industry": "Select"},
        "consent": {"email": True, "phone": False, "sms": None, "at": "2026-03-04T10:00:00Z",
                    "text": "v3"},
        "utm": {"source": "google", "medium": "cpc", "campaign": "c"}, "gclid": "G", "fbclid": None,
        "landing_page": "https://x.io/", "referrer": "https://google.com/", "language": "en",
        "first_touch": {"source": "linkedin", "medium": "social", "at": "2026-02-01T00:00:00Z"},
    }  # fmt: skip
    assert emitted("web_form", content) == [
        (
            "submission",
            {
                "source_system": "web", "submitted_at": AT, "full_name": "Ann Lee",
                "email": "ann@acme.io", "company_name": "Acme", "employee_count": "250",
                "region": "CA", "purchase_timeframe": "now", "consent_email": "granted",
                "consent_phone": "denied", "consent_at": AT, "consent_source": "v3",
                "source": "google", "medium": "cpc", "campaign": "c", "click_id": "G",
                "landing_page": "https://x.io/", "referrer": "https://google.com/",
                "language": "en", "form_id": "f1", "form_name": "Demo",
                "first_touch_source": "linkedin", "first_touch_medium": "social",
                "first_touch_at": datetime(2026, 2, 1),
            },
        )
    ]  # fmt: skip


def test_web_form_without_attribution_comes_from_the_website() -> None:
    content = {
        "form_submission_id": "1",
        "submitted_at": "2026-03-04",
        "fields": {"email": "a@b.co"},
    }
    ((_, fields),) = emitted("web_form", content)
    assert fields["source"] == "website"


def test_outbound_list() -> None:
    content = {
        "list_id": "L", "row_id": "7", "added_at": "2026-03-04 10:00:00", "first_name": "Ann",
        "last_name": "Null", "email": "", "phone": "0301", "title": "CFO", "company": "Acme",
        "website": "acme.io", "industry": "Retail", "employees": "50", "city": "Berlin",
        "state": "", "country": "DE", "linkedin_url": "https://linkedin.com/in/ann",
        "list_name": "Fair",
    }  # fmt: skip
    assert emitted("outbound_list", content) == [
        (
            "submission",
            {
                "submitted_at": AT, "first_name": "Ann", "last_name": "Null", "phone": "0301",
                "job_title": "CFO", "company_name": "Acme", "company_website": "acme.io",
                "industry": "Retail", "employee_count": "50", "city": "Berlin", "country": "DE",
                "linkedin_url": "https://linkedin.com/in/ann", "campaign": "Fair", "form_id": "L",
                "form_name": "Fair", "source": "outbound", "medium": "list",
            },
        )
    ]  # fmt: skip


def call(**values: str) -> dict[str, str]:
    return {
        "call_id": "c1", "started_at": "2026-03-04T10:00:00Z", "direction": "inbound",
        "from_number": "+4930123", "to_number": "+4940456", "duration_seconds": "75",
        "disposition": "answered", "agent": "Bo", "caller_name": "Ann", "company": "", "email": "",
        "notes": "wants a demo",
    } | values  # fmt: skip


def test_an_inbound_call_is_a_submission_and_an_event() -> None:
    submission, event = emitted("call_log", call())
    assert submission == (
        "submission",
        {
            "submitted_at": AT, "full_name": "Ann", "phone": "+4930123", "message": "wants a demo",
            "source": "phone", "medium": "inbound", "preferred_channel": "phone",
        },
    )  # fmt: skip
    assert event == (
        "event",
        {"event_type": "call", "occurred_at": AT, "phone": "+4930123", "duration_seconds": 75.0},
    )


def test_other_calls() -> None:
    ((kind, fields),) = emitted("call_log", call(direction="outbound"))
    assert (kind, fields["event_type"], fields["phone"]) == ("event", "call", "+4940456")
    _, (_, missed) = emitted("call_log", call(disposition="missed"))
    assert missed["event_type"] == "call_missed"
    anonymous = reasons("call_log", call(from_number="anonymous", caller_name="", email=""))
    assert [reason.split(":")[0] for reason in anonymous] == ["no identity", "phone missing"]


def chat(sender: str, kind: str) -> dict[str, Any]:
    said = {"id": "m", "from": sender, "type": kind, "text": "call me"}
    return {
        "conversation_id": "v", "started_at": "2026-03-04T10:00:00Z", "messages": [said],
        "visitor": {"email": "a@b.example"},
    }  # fmt: skip


def communication(agreed: str) -> dict[str, Any]:
    consent = {"communications": [{"value": agreed, "subscriptionTypeId": 1}]}
    return {
        "conversionId": "h", "submittedAt": 1772618400000,
        "values": [{"name": "email", "value": "a@b.example"}],
        "legalConsentOptions": {"consent": consent},
    }  # fmt: skip


COMPARED = [
    ("call_log", "inbound", lambda word: call(direction=word)),
    ("call_log", "outbound", lambda word: call(direction=word)),
    ("chat_transcript", "visitor", lambda word: chat(word, "text")),
    ("chat_transcript", "reaction", lambda word: chat("visitor", word)),
    ("chat_transcript", "system", lambda word: chat("visitor", word)),
    *[
        ("calendly", word, lambda word: booking(word, created_at="2026-03-04T10:00:00Z"))
        for word in ("invitee.created", "invitee.canceled", "invitee_no_show.created")
    ],
    ("hubspot_form", "true", communication),
    ("hubspot_form", "false", communication),
    (
        "linkedin_lead_gen", "false",
        lambda word: {
            "id": "l", "submittedAt": 1772618400000,
            "formResponse": {"consentResponses": [{"consentId": 1, "accepted": word}]},
        },
    ),
    *[
        ("zoom_attendees", word, lambda word: {"Attended": word, "Email": "a@b.example"})
        for word in ("Yes", "No")
    ],
    (
        "whatsapp_cloud", "whatsapp",
        lambda word: {"messaging_product": word, "timestamp": "1772618400"},
    ),
    (
        "whatsapp_cloud", "contact_request",
        lambda word: {"messages": [{
            "id": "w", "timestamp": "1772618400", "origin": word, "type": "contacts",
            "contacts": [{"phones": [{"phone": "+4930123456"}]}],
        }]},
    ),
    (
        "whatsapp_cloud", "131050",
        lambda word: {"statuses": [{
            "id": "w", "timestamp": "1772618400", "status": "failed", "errors": [{"code": word}],
        }]},
    ),
]  # fmt: skip
# Words that a channel compares with what it made itself.
OF_OUR_OWN = {"closed_won", "closed_lost", "email", "phone_number"}


@pytest.mark.parametrize(("channel", "word", "record"), COMPARED)
@pytest.mark.parametrize("casing", [str.upper, str.title, str.swapcase])
def test_the_case_of_what_a_channel_compares_makes_no_difference(
    channel: str, word: str, record: Callable[[str], Any], casing: Callable[[str], str]
) -> None:
    """Calls marked `Inbound` and what a `Visitor` wrote were no inquiries, and nobody was told."""
    plain, cased = (
        RecordMapper(CHANNELS[channel], RECEIVED_AT).map_record(record(text), 1)
        for text in (word, casing(word))
    )
    assert cased.reasons == plain.reasons
    assert list(map(_told, cased.items)) == list(map(_told, plain.items))


def _told(item: tuple[str, list[Any]]) -> tuple[str, dict[str, Any]]:
    """Of an item, what does not come of how the word is written."""
    kind, row = item
    fields = dict(zip(ITEM_COLUMNS[kind], row, strict=True))
    written = {f"{kind}_id", "submission_id", "content_hash", "record_id", "payload", "subject"}
    return kind, {name: value for name, value in fields.items() if name not in written}


def test_every_word_that_a_shipped_channel_compares_is_tried() -> None:
    tried = {(channel, word) for channel, word, _ in COMPARED}
    for path in (PROJECT / "config" / "channels").glob("*.yaml"):
        for word in re.findall(r"[=!]= *'([^']+)'", path.read_text(encoding="utf-8")):
            assert word in OF_OUR_OWN or (path.stem, word) in tried, (path.stem, word)


def test_chat_transcript() -> None:
    content = {
        "conversation_id": "v1", "started_at": "2026-03-04T10:00:00Z",
        "visitor": {"id": "vis", "name": None, "email": "a@b.co", "phone": None, "company": "Acme",
                    "country": "DE"},
        "page_url": "https://x.io/pricing", "language": "de",
        "messages": [
            {"id": "m1", "at": "2026-03-04T10:00:00Z", "from": "visitor", "text": "Hi"},
            {"id": "m2", "at": "2026-03-04T10:00:05Z", "from": "bot", "text": "Hello"},
            {"id": "m3", "at": "2026-03-04T10:01:00Z", "from": "visitor", "text": "Price?"},
        ],
        "consent": {"email": True},
    }  # fmt: skip
    submission, *events = emitted("chat_transcript", content)
    assert submission == (
        "submission",
        {
            "source_system": "web", "source_person_id": "vis", "submitted_at": AT,
            "email": "a@b.co", "company_name": "Acme", "country": "DE", "language": "de",
            "message": "Hi\nPrice?", "landing_page": "https://x.io/pricing",
            "consent_email": "granted", "consent_source": "chat", "source": "chat",
            "medium": "chat",
        },
    )  # fmt: skip
    assert [fields["occurred_at"] for _, fields in events] == [AT, datetime(2026, 3, 4, 10, 1)]
    assert {fields["event_type"] for _, fields in events} == {"chat_message"}


@pytest.mark.parametrize("answered", [True, False])
def test_a_chat_in_which_the_visitor_says_nothing_is_still_a_submission(answered: bool) -> None:
    messages = [{"id": "m", "at": "2026-03-04", "from": "bot", "text": "Hi"}] if answered else []
    content = {"conversation_id": "v", "started_at": "2026-03-04", "visitor": {"id": "p"}}
    ((kind, fields),) = emitted("chat_transcript", content | {"messages": messages})
    assert kind == "submission"
    assert "message" not in fields


def test_web_events() -> None:
    content = {
        "event_id": "e1", "type": "email_open", "at": "2026-03-04T10:00:00Z", "email": "a@b.co",
        "phone": None, "person_id": "17", "person_system": "hubspot", "url": None,
        "campaign": "c", "subject": "s", "quantity": 1, "duration_seconds": None,
    }  # fmt: skip
    assert emitted("web_events", content) == [
        (
            "event",
            {
                "source_system": "hubspot", "source_person_id": "17", "event_type": "email_open",
                "occurred_at": AT, "email": "a@b.co", "campaign": "c", "subject": "s",
                "quantity": 1,
            },
        )
    ]  # fmt: skip


def test_crm_outcomes() -> None:
    content = {
        "outcome_id": "o1", "type": "closed_lost", "occurred_at": "2026-03-04T10:00:00Z",
        "opportunity_id": "p1", "opportunity_name": "Big", "email": "a@b.co", "phone": "",
        "person_system": "salesforce", "person_id": "00Q", "stage": "Lost", "amount": "1,200.5",
        "currency": "EUR", "reason": "price", "owner": "r1", "account_name": "Acme",
        "account_domain": "acme.io", "product": "Core",
    }  # fmt: skip
    ((kind, fields),) = emitted("crm_outcomes", content)
    assert kind == "outcome"
    assert str(fields.pop("amount")) == "1200.50"
    assert fields == {
        "source_system": "salesforce", "source_person_id": "00Q", "outcome_type": "closed_lost",
        "occurred_at": AT, "email": "a@b.co", "opportunity_id": "p1", "opportunity_name": "Big",
        "stage": "Lost", "currency": "EUR", "reason": "price", "owner": "r1",
        "account_name": "Acme", "account_domain": "acme.io", "product": "Core",
    }  # fmt: skip


def test_a_hubspot_deal_in_a_listed_stage_is_won() -> None:
    deal = {
        "deal_id": "9", "deal_pipeline_stage_id": "closedwon", "property_amount": "10",
        "property_createdate": "2026-01-01 8:00:00", "property_closedate": "2026-03-04 10:00:00",
    }  # fmt: skip
    ((_, won),) = emitted("hubspot_deals", deal)
    assert (won["outcome_type"], won["occurred_at"]) == ("closed_won", AT)
    ((_, open_deal),) = emitted("hubspot_deals", deal | {"deal_pipeline_stage_id": "unheard-of"})
    assert open_deal["outcome_type"] == "stage_change"
    assert open_deal["occurred_at"] == datetime(2026, 1, 1, 8)


@pytest.mark.parametrize(
    ("legal", "consent"),
    [
        ({"consent": {"consentToProcess": True, "text": "I agree to store my data."}}, None),
        ({"consent": {"consentToProcess": True, "communications": []}}, None),
        ({"legitimateInterest": {"value": True, "legalBasis": "LEAD", "text": "t"}}, None),
        ({"consent": {"consentToProcess": True, "communications": [{"value": True}]}}, "granted"),
        ({"consent": {"communications": [{"value": "true", "subscriptionTypeId": 9}]}}, "granted"),
        ({"consent": {"communications": [{"value": True}, {"value": False}]}}, "denied"),
        ({"consent": {"consentToProcess": True, "communications": [{"value": "false"}]}}, "denied"),
        ({"consent": {"consentToProcess": True, "communications": [{"text": "t"}]}}, None),
    ],
)
def test_of_hubspots_consents_only_that_to_communications_allows_mail(
    legal: dict[str, Any], consent: str | None
) -> None:
    """The consent to process data was one to be mailed."""
    content = {
        "conversionId": "c1", "submittedAt": "2026-03-04T10:00:00Z", "legalConsentOptions": legal,
        "values": [{"name": "email", "value": "a@b.co"}],
    }  # fmt: skip
    ((_, fields),) = emitted("hubspot_form", content)
    assert (fields.get("consent_email"), fields.get("issues")) == (consent, None)


@pytest.mark.parametrize(
    ("boxes", "consent"),
    [([True], None), ([True, True], None), ([True, False], "denied"), ([True, "false"], "denied")],
)
def test_a_box_of_linkedin_allows_nothing_until_somebody_says_what_it_asks(
    boxes: list[bool], consent: str | None
) -> None:
    rule = CHANNELS["linkedin_lead_gen"].rules.emits[0].fields["consent_email"]
    responses = [{"consentId": number, "accepted": box} for number, box in enumerate(boxes)]
    read = RuleCompiler(CHANNELS["linkedin_lead_gen"]).field(
        "consent_email", "submission", rule, RECEIVED_AT
    )
    assert read({"formResponse": {"consentResponses": responses}}) == consent


def test_an_opt_out_in_salesforce_outranks_an_opt_in() -> None:
    lead = {"id": "1", "created_date": "2026-03-04", "email_opt_in_explicit_c": "TRUE"}
    ((_, granted),) = emitted("salesforce_leads", lead | {"has_opted_out_of_email": "FALSE"})
    ((_, denied),) = emitted("salesforce_leads", lead | {"has_opted_out_of_email": "true"})
    assert (granted["consent_email"], denied["consent_email"]) == ("granted", "denied")


LEADS_WITH_OPT_OUTS = (
    ("salesforce_leads", {"id": "1", "created_date": "2026-03-04"},
     (("consent_email", "has_opted_out_of_email"), ("consent_phone", "do_not_call"))),
    ("hubspot_contacts", {"id": "1", "property_createdate": "2026-03-04"},
     (("consent_email", "property_hs_email_optout"),)),
    ("xeducation", {"Prospect ID": "1", "Converted": "0", "TotalVisits": "0"},
     (("consent_email", "Do Not Email"), ("consent_phone", "Do Not Call"))),
)  # fmt: skip


@pytest.mark.parametrize(("channel", "lead", "opt_outs"), LEADS_WITH_OPT_OUTS)
@pytest.mark.parametrize("word", ["1", "yes", "True", "STOP", "unsubscribed", "ja"])
def test_an_opt_out_is_no_consent_whatever_its_word(
    channel: str, lead: dict[str, str], opt_outs: tuple[tuple[str, str], ...], word: str
) -> None:
    """Channels listed the words they knew: `1` in a column of opt-outs was a consent."""
    for field, column in opt_outs:
        (_, stated) = emitted(channel, lead | {column: word})[0]
        assert stated[field] == "denied"


DELETABLE: dict[str, tuple[str, dict[str, str]]] = {
    "salesforce_leads": (
        "is_deleted",
        {"id": "1", "created_date": "2026-03-04", "last_modified_date": "2026-03-04 10:00:00"},
    ),
    "hubspot_contacts": (
        "_fivetran_deleted",
        {"id": "1", "property_createdate": "2026-03-04",
         "property_lastmodifieddate": "2026-03-04 10:00:00"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("channel", DELETABLE)
@pytest.mark.parametrize("word", ["1", "1.0", "yes", "TRUE", " True ", "x", "X", "t", "ja", "Sí"])
def test_what_is_deleted_is_no_inquiry_whatever_the_word(channel: str, word: str) -> None:
    """Only `true` and `1` were known: `1.0` of a spreadsheet was a new lead."""
    column, record = DELETABLE[channel]
    ((kind, fields),) = emitted(channel, record | {column: word})
    assert (kind, fields["stage"], fields["occurred_at"]) == ("outcome", "DELETED", AT)


@pytest.mark.parametrize("channel", DELETABLE)
@pytest.mark.parametrize("word", ["0", "0.0", "no", "FALSE", "f", "nein", "", "n/a"])
def test_what_is_not_deleted_is_an_inquiry(channel: str, word: str) -> None:
    column, record = DELETABLE[channel]
    ((kind, fields),) = emitted(channel, record | {column: word})
    assert (kind, fields.get("issues")) == ("submission", None)


@pytest.mark.parametrize(("word", "is_taken"), [("false", True), ("0", True), ("TRUE", False)])
def test_a_word_says_whether_a_linkedin_lead_is_a_test(word: str, is_taken: bool) -> None:
    """The text "false" was true: forwarded by a tool that writes texts, each lead was a test."""
    urn = "urn:li:versionedLeadGenForm:(urn:li:leadGenForm:7,1)"
    record = {
        "id": "1",
        "testLead": word,
        "submittedAt": 1772618400000,
        "versionedLeadGenFormUrn": urn,
    }
    mapper = RecordMapper(CHANNELS["linkedin_lead_gen"], RECEIVED_AT)
    told = "nothing to take in" in " ".join(mapper.map_record(record, 1).reasons)
    assert told is not is_taken


HUBSPOT_MARKS = ("_fivetran_deleted", "is_deleted", "archived")


@pytest.mark.parametrize(
    "states", product(("true", "1", True, "false", "0", False, "", None, "see note"), repeat=3)
)
def test_any_of_several_marks_says_that_a_contact_is_deleted(states: tuple[object, ...]) -> None:
    """`a || b` took the text "false" of the first mark for an answer: deleted contacts came in."""
    record = DELETABLE["hubspot_contacts"][1] | dict(zip(HUBSPOT_MARKS, states, strict=True))
    ((kind, _),) = emitted("hubspot_contacts", record)
    is_deleted = any(state in ("true", "1", True) for state in states)
    assert kind == ("outcome" if is_deleted else "submission")


@pytest.mark.parametrize("channel", CHANNELS)
def test_no_channel_reads_words_of_truth_by_the_first_that_is_filled(channel: str) -> None:
    for rule in CHANNELS[channel].rules.rules():
        if rule.vocabulary == "truths":
            assert len(rule.column) + len(rule.paths()) == 1
            assert "||" not in "".join(rule.paths())


@pytest.mark.parametrize("channel", DELETABLE)
@pytest.mark.parametrize("word", ["see note", "2", "2026-03-01"])
def test_a_mark_of_deletion_that_nobody_reads_is_told(channel: str, word: str) -> None:
    column, record = DELETABLE[channel]
    ((kind, fields),) = emitted(channel, record | {column: word})
    (issue,) = json.loads(fields["issues"])
    mark = {"_fivetran_deleted": "is_gone_from_sync"}.get(column, column)
    assert (kind, issue["field"]) == ("submission", f"derive.{mark}")
    assert f"'{word}' is neither yes nor no; allowed: true, yes, 1" in issue["reason"]


def test_deals_are_won_whatever_the_word() -> None:
    deal = {"id": "p1", "created_date": "2026-03-04", "close_date": "2026-03-04 10:00:00"}
    for won, closed, outcome in (
        ("1.0", "yes", "closed_won"), ("0", "X", "closed_lost"), ("no", "nein", "opportunity"),
    ):  # fmt: skip
        ((_, fields),) = emitted(
            "salesforce_opportunities", deal | {"is_won": won, "is_closed": closed}
        )
        assert fields["outcome_type"] == outcome
    ((_, fields),) = emitted("salesforce_opportunities", deal | {"is_won": "?!"})
    assert "'?!' is neither yes nor no" in fields["issues"]


def test_a_canceled_booking_is_an_event_only() -> None:
    content = {
        "event": "invitee.canceled",
        "payload": {"uri": "u", "email": "a@b.co", "updated_at": "2026-03-04T10:00:00Z",
                    "scheduled_event": {"name": "Intro"}},
    }  # fmt: skip
    ((kind, fields),) = emitted("calendly", content)
    assert (kind, fields["event_type"], fields["email"]) == ("event", "meeting_canceled", "a@b.co")


def test_calendly_answers_fill_fields_by_their_question() -> None:
    content = {
        "event": "invitee.created",
        "payload": {
            "uri": "u", "email": "a@b.co", "created_at": "2026-03-04T10:00:00Z",
            "questions_and_answers": [
                {"question": "Your company", "answer": "Acme"},
                {"question": "Phone number", "answer": "+1 555 0100"},
                {"question": "Favourite colour", "answer": "red"},
            ],
        },
    }  # fmt: skip
    (_, fields), _ = emitted("calendly", content)
    assert (fields["company_name"], fields["phone"]) == ("Acme", "+1 555 0100")
    assert json.loads(fields["answers"]) == {"Favourite colour": "red"}


def booking(event: str, **payload: Any) -> dict[str, Any]:
    own = {"uri": "u", "email": "a@b.co", "created_at": "2026-03-04T10:00:00Z"}
    return {"event": event, "payload": own | payload}


def test_a_meeting_that_is_moved_is_no_new_inquiry() -> None:
    """The moved booking became the last touch of its lead."""
    ((kind, fields),) = emitted("calendly", booking("invitee.created", old_invitee="u0"))
    assert (kind, fields["event_type"], fields["email"]) == ("event", "meeting_booked", "a@b.co")
    first = emitted("calendly", booking("invitee.created", old_invitee=None))
    assert [kind for kind, _ in first] == ["submission", "event"]


def test_a_no_show_is_a_notice() -> None:
    """It was rejected, and so warned of a broken file."""
    payload = {"uri": "n", "invitee": "u", "created_at": "2026-03-04T10:00:00Z"}
    content = {"event": "invitee_no_show.created", "payload": payload}
    assert emitted("calendly", content) == [
        (
            "event",
            {"event_type": "message_notice", "occurred_at": AT, "message_id": "u",
             "subject": "invitee_no_show.created"},
        )
    ]  # fmt: skip


CALL = {
    "call_id": "1",
    "direction": "outbound",
    "started_at": "2026-03-01T10:00:00Z",
    "to_number": "+12125550171",
    "disposition": "completed",
}
DEAL = {
    "outcome_id": "1",
    "type": "stage_change",
    "occurred_at": "2026-03-01T10:00:00Z",
    "email": "ida@holt.com",
    "stage": "Lead",
}
CANCELED = {
    "event": "invitee.canceled",
    "payload": {
        "uri": "1",
        "email": "ida@holt.com",
        "cancellation": {"created_at": "2026-03-01T10:00:00Z", "reason": "Do not contact me again"},
    },
}
OF_ALL = ["unsubscribe", "phone_opt_out", "sms_opt_out", "whatsapp_opt_out"]


@pytest.mark.parametrize(
    ("channel", "record", "field", "events"),
    [
        ("call_log", CALL | {"to_number": "+12125550171 DNC"}, "phone", OF_ALL),
        ("call_log", CALL | {"email": "ida@holt.com (do not email)"}, "email", ["unsubscribe"]),
        ("call_log", CALL | {"notes": "DO NOT CALL"}, "notes", ["phone_opt_out"]),
        ("call_log", CALL | {"sms opt out": "yes"}, "sms opt out", ["sms_opt_out"]),
        ("call_log", CALL | {"email_consent": "no"}, "email_consent", ["unsubscribe"]),
        ("crm_outcomes", DEAL | {"email": "ida@holt.com (no mail)"}, "email", ["unsubscribe"]),
        ("crm_outcomes", DEAL | {"phone": "+12125550171 no calls"}, "phone", ["phone_opt_out"]),
        ("crm_outcomes", DEAL | {"stage": "Do Not Contact"}, "stage", OF_ALL),
        ("crm_outcomes", DEAL | {"reason": "No budget, do not call"}, "reason", ["phone_opt_out"]),
        ("calendly", CANCELED, "reason", OF_ALL),
    ],
)
def test_a_denial_in_a_record_of_events_or_outcomes_counts(
    channel: str, record: dict[str, Any], field: str, events: list[str]
) -> None:
    """A lead that had granted leave was called on after a call with `DO NOT CALL` in its notes."""
    (_, item), *denials = emitted(channel, record)
    assert [fault["field"] for fault in json.loads(item["issues"])] == [field]
    assert [fields["event_type"] for _, fields in denials] == events
    for name in ("email", "phone", "occurred_at"):
        assert {fields.get(name) for _, fields in denials} == {item.get(name)}
    assert item.get("phone") in (None, "+12125550171")
    assert item.get("email") in (None, "ida@holt.com")


@pytest.mark.parametrize(
    ("channel", "record"),
    [
        ("call_log", CALL | {"notes": "Asked for a call back. No answer, no email provided"}),
        ("call_log", CALL | {"email opt out": "no", "unsubscribe": "https://holt.com/unsubscribe"}),
        ("call_log", CALL | {"email_consent": "yes"}),
        ("crm_outcomes", DEAL | {"stage": "Closed", "reason": "No budget"}),
        ("crm_outcomes", DEAL | {"account_name": "Stop"}),
    ],
)
def test_what_denies_nothing_is_one_item(channel: str, record: dict[str, Any]) -> None:
    ((_, item),) = emitted(channel, record)
    assert "issues" not in item


def test_what_a_submission_of_the_record_denies_is_no_event_as_well() -> None:
    items = emitted(
        "call_log",
        CALL | {"direction": "inbound", "from_number": "+12125550171", "notes": "Do not call"},
    )
    assert [(kind, fields.get("event_type")) for kind, fields in items] == [
        ("submission", None),
        ("event", "call"),
    ]
    assert items[0][1]["consent_phone"] == "denied"


def test_the_row_of_a_deletion_may_deny() -> None:
    """Somebody opted out and was deleted at once: only the deletion was read."""
    column, record = DELETABLE["salesforce_leads"]
    opted_out = {"has_opted_out_of_email": "true", "do_not_call": "true"}
    items = emitted("salesforce_leads", record | {column: "true"} | opted_out)
    assert [fields.get("event_type") for _, fields in items] == [None, *OF_ALL[:2]]
    column, record = DELETABLE["hubspot_contacts"]
    items = emitted(
        "hubspot_contacts", record | {column: "true", "property_hs_email_optout": "true"}
    )
    assert [fields.get("event_type") for _, fields in items] == [None, "unsubscribe"]
    told = emitted("hubspot_contacts", record | {column: "true", "property_hs_email_optout": "?!"})
    ((_, item),) = told
    assert "consent_email" in item["issues"]
