import json
from datetime import datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lead_platform.capture.channels import Channel, load_channels
from lead_platform.capture.identifiers import hashed_id
from lead_platform.capture.mapping import ITEM_COLUMNS, MappedRecord, RecordMapper
from tests.capture.conftest import CONTACTS, PROJECT, RECEIVED_AT, MakeChannel


def map_one(channel: Channel, content: dict[str, Any]) -> MappedRecord:
    return RecordMapper(channel, RECEIVED_AT).map_record(content, 1)


def items(channel: Channel, content: dict[str, Any]) -> list[dict[str, Any]]:
    mapped = map_one(channel, content)
    assert mapped.reasons == []
    return [dict(zip(ITEM_COLUMNS[kind], row, strict=True)) for kind, row in mapped.items]


def what(mapped: MappedRecord) -> list[str]:
    return [reason.split(":")[0] for reason in mapped.reasons]


@pytest.fixture
def contacts(make_channel: MakeChannel) -> Channel:
    return make_channel()


def test_a_record_becomes_a_submission(contacts: Channel) -> None:
    content = {"id": " 7 ", "name": " Ann ", "email": "n/a", "person": 12, "consent": "yes"}
    (row,) = items(contacts, content)
    assert row["submission_id"] == hashed_id("sub_", "contacts", "7")
    assert row["record_id"] == "7"
    assert row["full_name"] == "Ann"
    assert row["email"] is None
    assert (row["source_system"], row["source_person_id"]) == ("test", "12")
    assert row["consent_email"] == "granted"
    assert row["submitted_at"] == RECEIVED_AT
    assert json.loads(row["payload"]) == content


OPT_OUTS = CONTACTS.replace(
    "consent_email: consent",
    "consent_email: {strictest_of: [{path: out, consent: opt_out}, "
    "{path: left, consent: opt_out_at}, {path: news, values: {sure: granted}}]}",
)


@pytest.mark.parametrize(
    ("content", "consent", "told"),
    [
        ({"out": "no", "news": "yes"}, "granted", 0),
        ({"out": "no", "news": "sure"}, "granted", 0),
        ({"out": "no", "news": ""}, None, 0),
        ({"out": "STOP", "news": "yes"}, "denied", 0),
        ({"out": True, "news": True}, "denied", 0),
        ({"out": "no", "left": "2026-01-01", "news": "yes"}, "denied", 0),
        # As databases and address books write that it never was.
        ({"out": "no", "left": "0000-00-00", "news": "yes"}, "granted", 0),
        ({"out": "no", "left": "0/0/00", "news": "yes"}, "granted", 0),
        ({"out": "no", "news": "no"}, "denied", 0),
        ({"out": "hm", "news": "yes"}, None, 1),
        ({"out": "hm", "news": ""}, None, 1),
        ({"out": "hm", "news": "no"}, "denied", 1),
        ({"out": "yes", "news": "hm"}, "denied", 1),
        ({"out": "no", "news": "hm"}, None, 1),
        ({"out": "hm", "news": "hm"}, None, 1),
        ({"out": {"a": 1}, "news": "yes"}, None, 1),
    ],
)
def test_the_strictest_consent_counts_and_what_cannot_be_read_grants_nothing(
    make_channel: MakeChannel, content: dict[str, Any], consent: str | None, told: int
) -> None:
    (row,) = items(make_channel(OPT_OUTS), {"id": 1, "person": 1, **content})
    assert row["consent_email"] == consent
    issues = json.loads(row["issues"] or "[]")
    assert [issue["field"] for issue in issues] == ["consent_email"] * told


DEALS = """
    name: deals
    description: One deal per row.
    format: csv
    record_id: id
    emits:
      - kind: outcome
        fields:
          occurred_at: {default: received_at}
          outcome_type: {path: stage, vocabulary: deal_stages, values: {phase 9: closed_won},
                         otherwise: stage_change}
"""


@pytest.mark.parametrize(
    ("stage", "outcome_type", "is_told"),
    [
        ("Closed Won", "closed_won", False),
        ("closed_won", "closed_won", False),
        ("Closed - Lost", "closed_lost", False),
        ("Closed Lost (price)", "closed_lost", False),
        ("Verloren", "closed_lost", False),
        ("Negotiation", "stage_change", False),
        ("Phase 9", "closed_won", False),
        ("Phase 8", "stage_change", True),
        ("Won't proceed", "stage_change", True),
    ],
)
def test_stages_are_read_by_the_list_and_others_told(
    make_channel: MakeChannel, stage: str, outcome_type: str, is_told: bool
) -> None:
    (row,) = items(make_channel(DEALS), {"id": 1, "stage": stage})
    assert row["outcome_type"] == outcome_type
    assert (row["issues"] is not None) == is_told


@pytest.mark.parametrize("blank", ["", "  ", "n/a", "N/A", "--", "Select", "NULL", "(not set)"])
def test_blanks_are_no_values(contacts: Channel, blank: str) -> None:
    (row,) = items(contacts, {"id": 1, "person": 1, "name": blank})
    assert row["full_name"] is None


def test_null_is_a_surname(contacts: Channel) -> None:
    (row,) = items(contacts, {"id": 1, "person": 1, "name": "Null"})
    assert row["full_name"] == "Null"


def test_every_reason_is_collected(contacts: Channel) -> None:
    mapped = map_one(contacts, {"id": 1, "at": "soon", "consent": "maybe"})
    assert what(mapped) == ["submitted_at not readable", "consent_email not readable"]
    assert mapped.items == []


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ({"email": "a@b.co"}, "record id missing"),
        ({"id": "n/a", "email": "a@b.co"}, "record id missing"),
        ({"id": 1}, "no identity"),
        ({"id": 1, "name": "Ann"}, "no identity"),
        ({"id": 1, "person": 1, "at": "1970-01-02"}, "submitted_at absurd"),
        ({"id": 1, "person": 1, "at": "2026-11-23T12:00:01"}, "submitted_at absurd"),
        ({"id": 1, "person": 1, "message": "x" * 1_100_000}, "record too large"),
        ({"id": 1, "person": 1, "message": "a\0b"}, "NUL byte"),
    ],
)
def test_a_record_is_refused_with_its_reason(
    contacts: Channel, content: dict[str, Any], reason: str
) -> None:
    assert what(map_one(contacts, content)) == [reason]


def test_a_day_of_clock_skew_is_no_absurdity(contacts: Channel) -> None:
    (row,) = items(contacts, {"id": 1, "person": 1, "at": "2026-11-23T12:00:00Z"})
    assert row["submitted_at"] == datetime(2026, 11, 23, 12)


def test_half_an_emoji_is_mended(contacts: Channel) -> None:
    (row,) = items(contacts, {"id": 1, "person": 1, "name": "A\ud83d", "message": "\ud83d\ude00"})
    assert row["full_name"] == "A�"
    assert row["message"] == "😀"


def test_required_fields(make_channel: MakeChannel) -> None:
    channel = make_channel(
        CONTACTS.replace("- kind: submission", "- kind: submission\n        required: [email]")
    )
    (reason,) = map_one(channel, {"id": 1, "person": 1}).reasons
    assert reason == "email missing: it is required (email); fill it at the source"


EVENTS = """
    name: log
    description: Events and outcomes.
    format: jsonl
    record_id: id
    emits:
      - kind: event
        each: events
        id: item.id
        when: item.type != 'noise'
        fields:
          event_type: {path: item.type, values: {open: email_open}}
          occurred_at: item.at
          email: record.email
          quantity: item.count
          duration_seconds: {path: item.minutes, scale: 60}
      - kind: outcome
        when: deal
        fields:
          outcome_type: deal.type
          occurred_at: deal.at
          amount: deal.amount
"""


@pytest.fixture
def log(make_channel: MakeChannel) -> Channel:
    return make_channel(EVENTS)


def event(**values: Any) -> dict[str, Any]:
    return {"id": "e1", "type": "open", "at": "2026-01-01"} | values


def test_a_list_inside_a_record_becomes_events(log: Channel) -> None:
    one, two = event(count="3", minutes=2), event(id=None, type="email_click")
    first, second = items(
        log, {"id": 1, "email": "a@b.co", "events": [one, event(type="noise"), two]}
    )
    assert first["event_type"] == "email_open"
    assert (first["quantity"], first["duration_seconds"]) == (3, 120.0)
    assert first["email"] == "a@b.co"
    assert first["event_id"] == hashed_id("evt_", "log", "1", "e1")
    assert second["event_id"] == hashed_id("evt_", "log", "1", "#2")
    assert json.loads(second["payload"]) == two


def test_the_first_item_keeps_the_record(log: Channel) -> None:
    content = {"id": 1, "deal": {"type": "closed_won", "at": "2026-01-01", "amount": "10"}}
    (row,) = items(log, content)
    assert json.loads(row["payload"]) == content
    assert str(row["amount"]) == "10.00"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ({"events": [event(type="dance")]}, "unknown event_type"),
        ({"events": [event(at=None)]}, "occurred_at missing"),
        ({"events": [event(), event(at="never")]}, "occurred_at not readable"),
        ({"deal": {"type": "won", "at": "2026-01-01"}}, "unknown outcome_type"),
        ({"deal": {"type": "closed_won", "at": "2027-01-01"}}, "occurred_at absurd"),
        ({"deal": {"type": "meeting", "at": "2029-01-01"}}, "occurred_at absurd"),
        ({"events": []}, "nothing to take in"),
    ],
)  # fmt: skip
def test_events_and_outcomes_are_checked(
    log: Channel, content: dict[str, Any], reason: str
) -> None:
    assert what(map_one(log, {"id": 1} | content)) == [reason]


def test_unknown_types_name_the_allowed_ones(log: Channel) -> None:
    (reason,) = map_one(log, {"id": 1, "events": [event(type="dance")]}).reasons
    assert "'dance'" in reason
    assert "page_view" in reason


def test_a_meeting_may_lie_in_the_future(log: Channel) -> None:
    (row,) = items(log, {"id": 1, "deal": {"type": "meeting", "at": "2027-06-01"}})
    assert row["occurred_at"] == datetime(2027, 6, 1)


FORM = """
    name: form
    description: Answers by name.
    format: json
    record_id: {path: id, missing: content}
    lookups:
      questions: {files: questions.csv, key: [item.form, item.id], value: item.name}
    derive:
      form: {path: form_urn, extract: ':(\\d+)'}
    answers:
      each: answers
      name: {path: [_derived.form, item.question], lookup: questions}
      value: item.value
      match: {company_name: 'company|employer'}
    defaults: {source: linkedin}
    emits:
      - kind: submission
        fields:
          submitted_at: {default: received_at}
          email: _answers.EMAIL
          phone: {path: _answers.PHONE, prefix: '+'}
          form_id: _derived.form
          source: source
"""
QUESTIONS = "form,id,name\n9,1,EMAIL\n9,2,PHONE\n9,3,Your employer?\n9,4,Budget\n"


def answer(question: int, value: Any) -> dict[str, Any]:
    return {"question": question, "value": value}


@pytest.fixture
def form(make_channel: MakeChannel) -> Channel:
    return make_channel(FORM, questions__csv=QUESTIONS)


def test_answers_by_look_up_pattern_and_the_rest(form: Channel) -> None:
    answers = [answer(1, "a@b.co"), answer(2, "49123"), answer(3, "Acme"), answer(4, ["1", "2"])]
    (row,) = items(form, {"form_urn": "urn:(x:9,1)", "answers": answers})
    assert (row["email"], row["phone"], row["company_name"]) == ("a@b.co", "+49123", "Acme")
    assert row["form_id"] == "9"
    assert row["source"] == "linkedin"
    assert json.loads(row["answers"]) == {"Budget": "1, 2"}
    assert row["record_id"] == row["content_hash"][:24]


def test_a_question_without_definition_refuses_the_record(form: Channel) -> None:
    mapped = map_one(form, {"form_urn": "x:9", "answers": [answer(8, "x")]})
    (reason,) = mapped.reasons
    assert "'9|8' is not in look-up 'questions'" in reason
    assert "config/channels/questions.csv" in reason


SECRETS_READ = """
    name: tickets
    description: What is read stands under names that secrets have.
    format: json
    record_id: id
    derive:
      sender: {join: {list: people, on: {key: session_token, of: from}, value: secret}}
    answers:
      each: questions
      name: item.name
      value: item.signature
      labels: {each: questions, key: api_key, value: password, of: item.x}
    emits:
      - kind: submission
        each: replies
        id: item.access_token
        when: item.client_secret
        fields:
          submitted_at: {default: received_at}
          email: item.email
          full_name: _derived.sender
          message: _answers.budget
"""


def test_what_the_channel_reads_is_no_secret_wherever_it_reads(make_channel: MakeChannel) -> None:
    channel = make_channel(SECRETS_READ)
    content = {
        "id": "1",
        "from": "p2",
        "hmac": "s3cr3t",
        "people": [{"session_token": f"p{n}", "secret": f"Ann {n}"} for n in (1, 2)],
        "questions": [{"name": "budget", "signature": "5,000", "api_key": "q", "password": "p"}],
        "replies": [
            {"access_token": f"t{n}", "client_secret": "x", "email": f"{n}@b.co"} for n in (1, 2)
        ],
    }
    rows = items(channel, content)
    assert [(row["email"], row["full_name"], row["message"]) for row in rows] == [
        ("1@b.co", "Ann 2", "5,000"),
        ("2@b.co", "Ann 2", "5,000"),
    ]
    assert len({row["submission_id"] for row in rows}) == 2
    assert json.loads(rows[0]["payload"]) == content | {"hmac": "[redacted]"}


@pytest.mark.parametrize(
    ("person", "reason"),
    [("{{contact.id}}", "unreplaced macro"), ("8.80100200300404E+16", "a spreadsheet rounded it")],
)
def test_a_person_id_that_names_nobody_says_so_on_every_item(
    make_channel: MakeChannel, person: str, reason: str
) -> None:
    channel = make_channel(
        CONTACTS
        + """
      - kind: event
        fields: {event_type: {constant: call}, occurred_at: {default: received_at}, email: email}
"""
    )
    rows = items(channel, {"id": "1", "person": person, "email": "a@b.co"})
    assert len(rows) == 2
    for row in rows:
        assert row["source_person_id"] is None
        [issue] = json.loads(row["issues"])
        assert issue["field"] == "source_person_id"
        assert reason in issue["reason"]


MATCHED = """
    name: matched
    description: The same fields by path and by what an answer is called.
    format: json
    record_id: id
    numbers: {decimal: ',', thousands: '.'}
    answers:
      each: answers
      name: item.name
      value: item.value
      match: {annual_revenue: revenue, employee_count: staff, phone: phone}
    emits:
      - kind: submission
        fields: {submitted_at: {default: received_at}, email: email}
      - kind: submission
        fields:
          submitted_at: {default: received_at}
          email: email
          annual_revenue: revenue
          employee_count: staff
          phone: phone
"""


@given(
    st.fixed_dictionaries(
        {
            "revenue": st.sampled_from(["12,500", "1.250,5", "1.125", "5 Mio", 12.5, ""]),
            "staff": st.sampled_from(["1.250", "51-200", "{{company.size}}", 7, "Select"]),
            "phone": st.sampled_from(["+49 30 5550 1234", "{phone}", "%%phone%%", None]),
        }
    )
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_an_answer_that_matches_is_read_as_the_field_is(
    make_channel: MakeChannel, given: dict[str, Any]
) -> None:
    answers = [{"name": name, "value": value} for name, value in given.items()]
    content = {"id": "1", "email": "a@b.co", "answers": answers, **given}
    by_match, by_field = items(make_channel(MATCHED), content)
    for name in ("annual_revenue", "employee_count", "phone"):
        assert by_match[name] == by_field[name], name


def test_what_no_field_takes_is_no_answer_where_it_is_a_macro(make_channel: MakeChannel) -> None:
    channel = make_channel(CONTACTS + "    unmapped: answers\n")
    (row,) = items(channel, {"id": "1", "email": "a@b.co", "Budget": "{{deal.budget}}", "Team": 9})
    assert json.loads(row["answers"]) == {"Team": "9"}


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=10,
)
SHIPPED = load_channels(PROJECT / "config")
KNOWN_NAMES = sorted({n for channel in SHIPPED.values() for n in channel.rules.mentioned_names()})


@pytest.mark.parametrize("name", sorted(SHIPPED))
@given(content=st.dictionaries(st.sampled_from(KNOWN_NAMES) | st.text(max_size=8), json_values))
@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=60, deadline=None)
def test_no_record_makes_a_shipped_channel_fail(name: str, content: dict[str, Any]) -> None:
    mapped = map_one(SHIPPED[name], content)
    assert bool(mapped.items) != bool(mapped.reasons)


@pytest.mark.parametrize(
    ("amount", "read"),
    [
        ("13", "13000.00"),
        ("13 €", "13000.00"),
        ("$1,250", "1250000.00"),
        ("13.12345", "13123.45"),
        (13.5, "13500.00"),
        ("10-50", None),
    ],
)
def test_a_unit_multiplies_money(
    make_channel: MakeChannel, amount: object, read: str | None
) -> None:
    """`13 €` was no number where the column is in thousands, and money where it is not."""
    text = DEALS.rstrip() + "\n          amount: {path: amount, scale: 1000}\n"
    (row,) = items(make_channel(text), {"id": 1, "stage": "Closed Won", "amount": amount})
    assert (row["amount"] is None) if read is None else (str(row["amount"]) == read)
