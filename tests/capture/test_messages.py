"""Every kind of message WhatsApp Cloud sends, in the shapes of Meta's webhook reference.

What a person wrote or chose is a submission; every message, and what speaks of one, is an event.
"""

import json
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lead_platform.capture.channels import load_channels
from lead_platform.capture.mapping import ITEM_COLUMNS, RecordMapper
from lead_platform.capture.readers import RawRecord, read_records
from tests.capture.conftest import PROJECT, RECEIVED_AT

CHANNEL = load_channels(PROJECT / "config")["whatsapp_cloud"]
MAPPER = RecordMapper(CHANNEL, RECEIVED_AT)
AT = "1763800000"
ANA = {"profile": {"name": "Ana Lima"}, "wa_id": "5511955501234", "user_id": "BR.1"}
Items = dict[str, dict[str, Any]]


def message(kind: str, **parts: Any) -> dict[str, Any]:
    return {"from": ANA["wa_id"], "id": "wamid.1", "timestamp": AT, "type": kind, **parts}


def value(**lists: Any) -> dict[str, Any]:
    metadata = {"display_phone_number": "15550783881", "phone_number_id": "106"}
    return {"messaging_product": "whatsapp", "metadata": metadata, **lists}


def taken(content: dict[str, Any]) -> Items:
    """Filled fields of the record's only submission and only event."""
    mapped = MAPPER.map_record(content, 1)
    assert mapped.reasons == []
    found = {kind: dict(zip(ITEM_COLUMNS[kind], row, strict=True)) for kind, row in mapped.items}
    assert len(found) == len(mapped.items)
    return {
        kind: {name: part for name, part in row.items() if part is not None}
        for kind, row in found.items()
    }


def of_ana(kind: str, **parts: Any) -> Items:
    return taken(value(contacts=[ANA], messages=[message(kind, **parts)]))


def kinds_of(**parts: Any) -> list[str]:
    """The event types of a message of Ana, and `submission` where it is one."""
    items = of_ana(next(iter(parts)), **parts)
    return [row.get("event_type", kind) for kind, row in items.items()]


@pytest.mark.parametrize(
    ("kind", "parts", "words"),
    [
        ("text", {"text": {"body": "Oi"}}, "Oi"),
        ("button", {"button": {"payload": "p", "text": "Sim"}}, "Sim"),
        ("interactive", {"interactive": {"type": "button_reply",
                                         "button_reply": {"id": "y", "title": "Yes"}}}, "Yes"),
        ("interactive", {"interactive": {"type": "list_reply",
                                         "list_reply": {"id": "d", "title": "Demo"}}}, "Demo"),
        *((kind, {kind: {"id": "1", "caption": "Look"}}, "Look")
          for kind in ("image", "video", "audio", "document", "sticker")),
        ("location", {"location": {"latitude": 1.5, "longitude": 2.5, "name": "Office"}},
         "Office, 1.5 2.5"),
        ("order", {"order": {"catalog_id": "c", "product_items": [
            {"product_retailer_id": "sku1", "quantity": 2, "item_price": 9, "currency": "EUR"},
            {"product_retailer_id": "sku2", "quantity": 1}]}}, "2 × sku1, 1 × sku2"),
    ],
)  # fmt: skip
def test_what_a_person_wrote_or_chose_is_an_inquiry(
    kind: str, parts: dict[str, Any], words: str
) -> None:
    items = of_ana(kind, **parts)
    submission, event = items["submission"], items["event"]
    assert submission["message"] == words
    assert (submission["full_name"], submission["phone"]) == ("Ana Lima", "+5511955501234")
    assert (submission["source_system"], submission["source_person_id"]) == ("whatsapp", "BR.1")
    assert event["event_type"] == "whatsapp_message"
    assert event["submission_id"] == submission["submission_id"]


@pytest.mark.parametrize(
    ("kind", "parts", "event_type", "message_id"),
    [
        ("image", {"image": {"id": "1"}}, "whatsapp_message", "wamid.1"),
        ("audio", {"audio": {"id": "1", "voice": True}}, "whatsapp_message", "wamid.1"),
        ("unsupported", {"errors": [{"code": 131051}]}, "whatsapp_message", "wamid.1"),
        ("contacts", {"contacts": [{"name": {"formatted_name": "Someone Else"},
                                    "phones": [{"phone": "+39 06 5550 1234"}]}]},
         "whatsapp_message", "wamid.1"),
        ("reaction", {"reaction": {"message_id": "wamid.0", "emoji": "+"}},
         "message_reaction", "wamid.0"),
        ("edit", {"edit": {"original_message_id": "wamid.0",
                           "message": {"type": "text", "text": {"body": "New"}}}},
         "message_edited", "wamid.0"),
        ("revoke", {"revoke": {"original_message_id": "wamid.0"}}, "message_deleted", "wamid.0"),
        ("system", {"system": {"body": "changed", "wa_id": "5511955509999",
                               "type": "user_changed_number"}}, "message_notice", "wamid.1"),
    ],
)  # fmt: skip
def test_what_says_nothing_is_an_event_only(
    kind: str, parts: dict[str, Any], event_type: str, message_id: str
) -> None:
    items = of_ana(kind, **parts)
    assert list(items) == ["event"]
    assert items["event"]["event_type"] == event_type
    assert items["event"]["message_id"] == message_id
    assert items["event"]["phone"] == "+5511955501234"


def test_a_person_without_a_visible_number_is_a_person() -> None:
    contact = {"profile": {"name": "Marta", "username": "@marta"}, "user_id": "PT.7"}
    sent = {"from_user_id": "PT.7", "id": "w", "timestamp": AT, "type": "text",
            "text": {"body": "Olá"}}  # fmt: skip
    submission = taken(value(contacts=[contact], messages=[sent]))["submission"]
    assert (submission["full_name"], submission["source_person_id"]) == ("Marta", "PT.7")
    assert "phone" not in submission
    # Some senders put the id where the number was: it is no number.
    submission = taken(value(contacts=[contact], messages=[sent | {"from": "PT.7"}]))["submission"]
    assert "phone" not in submission


def test_a_number_shared_on_request_is_the_persons_own() -> None:
    card = [{"phones": [{"phone": "+351 912 345 678"}]}]
    sent = {"from_user_id": "PT.7", "id": "w", "timestamp": AT, "type": "contacts",
            "contacts": card, "origin": "contact_request"}  # fmt: skip
    submission = taken(value(contacts=[], messages=[sent]))["submission"]
    assert submission["phone"] == "+351 912 345 678"
    assert list(taken(value(contacts=[], messages=[sent | {"origin": "other"}]))) == ["event"]


def test_an_ad_a_message_follows_is_its_source() -> None:
    referral = {"source_url": "https://fb.me/x", "source_id": "12", "source_type": "ad",
                "headline": "Chat", "body": "Now", "ctwa_clid": "C"}  # fmt: skip
    submission = of_ana("text", text={"body": "Oi"}, referral=referral)["submission"]
    assert (submission["source"], submission["medium"]) == ("facebook", "paid_social")
    assert (submission["ad_id"], submission["click_id"]) == ("12", "C")


@pytest.mark.parametrize(
    ("status", "event_type"),
    [
        ("sent", "message_sent"), ("delivered", "message_delivered"), ("read", "message_read"),
        ("played", "message_read"), ("failed", "message_failed"), ("warning", "message_notice"),
    ],
)  # fmt: skip
def test_a_status_names_the_message_it_speaks_of(status: str, event_type: str) -> None:
    sent = {"id": "wamid.9", "status": status, "timestamp": AT, "recipient_id": "5511955501234",
            "recipient_user_id": "BR.1"}  # fmt: skip
    items = taken(value(statuses=[sent]))
    assert list(items) == ["event"]
    event = items["event"]
    assert (event["event_type"], event["message_id"]) == (event_type, "wamid.9")
    assert (event["phone"], event["source_person_id"]) == ("+5511955501234", "BR.1")


def test_each_step_of_a_message_is_kept_once() -> None:
    steps = [
        {"id": "wamid.9", "status": name, "timestamp": AT, "recipient_id": "5511955501234"}
        for name in ("sent", "delivered", "read", "read")
    ]
    ids = [MAPPER.map_record(value(statuses=[step]), 1).record_id for step in steps]
    assert len(set(ids)) == 3


def test_what_the_business_wrote_is_no_inquiry_of_it() -> None:
    echo = {"from": "15550783881", "to": "5511955501234", "id": "wamid.E", "timestamp": AT,
            "type": "text", "text": {"body": "Our reply"}}  # fmt: skip
    items = taken(value(message_echoes=[echo]))
    assert list(items) == ["event"]
    assert items["event"]["event_type"] == "message_sent"
    assert items["event"]["phone"] == "+5511955501234"


@pytest.mark.parametrize(
    ("stated", "event_type"), [("stop", "whatsapp_opt_out"), ("resume", "message_notice")]
)
def test_who_stops_marketing_messages_denies_the_channel(stated: str, event_type: str) -> None:
    wish = {"wa_id": "5511955501234", "category": "marketing_messages", "value": stated,
            "detail": "User requested it", "timestamp": AT}  # fmt: skip
    items = taken(value(contacts=[ANA], user_preferences=[wish]))
    assert list(items) == ["event"]
    assert items["event"]["event_type"] == event_type
    assert items["event"]["phone"] == "+5511955501234"


@pytest.mark.parametrize(
    "words", ["STOP", "stop!", " Stopp ", "Abmelden", "désabonner", "Desabonner.", "Sair", "Baja"]
)
def test_a_word_that_only_says_to_stop_is_an_opt_out_and_no_inquiry(words: str) -> None:
    """`STOP` became an inquiry, and marketing went on."""
    for items in (of_ana("text", text={"body": words}), of_ana("button", button={"text": words})):
        assert list(items) == ["event"]
        event = items["event"]
        assert (event["event_type"], event["phone"]) == ("whatsapp_opt_out", "+5511955501234")
        assert event["occurred_at"] == datetime(2025, 11, 22, 8, 26, 40)


@pytest.mark.parametrize(
    "words",
    ["Stop please", "STOP!!", "stop stop", "Keine Werbung mehr bitte", "Unsubscribe me",
     "STOP thanks", "S T O P", "S.T.O.P.",
     "Hi, could you please unsubscribe me from your mailing list? Thank you!",
     "Stoppppp!!! 😡", "yes stop", "Stop 🛑 stop 🛑 STOP", "Don’t text me again, thanks",
     "Guten Tag, bitte melden Sie mich ab. Mit freundlichen Grüßen", "Mich bitte abmelden",
     "Me désabonner svp", "Bonjour, désabonnez-moi s'il vous plaît",
     "Hola, por favor no me escriban más, gracias", "Per favore cancellatemi subito",
     "Olá, não quero mais receber mensagens, obrigada", "Graag afmelden a.u.b.",
     "Proszę nie pisać", "Lütfen mesaj atmayın", "Sluta nu tack", "Стоп, пожалуйста"],
)  # fmt: skip
def test_courtesies_around_such_a_word_leave_it_an_opt_out(words: str) -> None:
    """`Stop please` was an inquiry: a rep answered it, and marketing went on."""
    assert kinds_of(text={"body": words}) == ["whatsapp_opt_out"]


COURTESIES = sorted(CHANNEL.lookups["courtesies"])


@given(
    key=st.sampled_from(sorted(CHANNEL.lookups["opt_outs"])),
    before=st.lists(st.sampled_from(COURTESIES), max_size=2),
    behind=st.lists(st.sampled_from(COURTESIES), max_size=2),
    times=st.integers(1, 2),
    between=st.sampled_from([" ", ", ", "! ", "\n", " 🙏 ", "…"]),
    casing=st.sampled_from([str.upper, str.lower, str.title]),
)
def test_each_opt_out_is_one_in_any_courtesies_and_with_another_word_none(
    key: str, before: list[str], behind: list[str], times: int, between: str, casing: Any
) -> None:
    words = between.join([*before, *[casing(key)] * times, *behind])
    assert kinds_of(text={"body": words}) == ["whatsapp_opt_out"]
    for other in (f"{words} Monday", f"delivery {words}"):
        assert kinds_of(text={"body": other}) == ["submission", "whatsapp_message"]


@given(words=st.lists(st.sampled_from(COURTESIES), min_size=1, max_size=6))
def test_courtesies_alone_are_no_opt_out(words: list[str]) -> None:
    assert kinds_of(text={"body": " ".join(words)}) == ["submission", "whatsapp_message"]


def test_no_opt_out_is_a_courtesy() -> None:
    assert not set(COURTESIES) & set(CHANNEL.lookups["opt_outs"])


@pytest.mark.parametrize(
    "parts",
    [
        {"button": {"payload": "STOP_PROMO", "text": "Not for me"}},
        {"button": {"payload": "b7", "text": "Stop promotions"}},
        {"button": {"payload": "UNSUBSCRIBE", "text": "👋"}},
        {"interactive": {"type": "button_reply",
                         "button_reply": {"id": "b1", "title": "Unsubscribe"}}},
        {"interactive": {"type": "button_reply",
                         "button_reply": {"id": "opt-out", "title": "Bye"}}},
        {"interactive": {"type": "list_reply", "list_reply": {"id": "r3", "title": "Abmelden"}}},
        {"edit": {"original_message_id": "wamid.0",
                  "message": {"type": "text", "text": {"body": "Stop, please"}}}},
        {"edit": {"original_message_id": "wamid.0",
                  "message": {"type": "image", "image": {"caption": "STOP"}}}},
    ],
)  # fmt: skip
def test_a_button_or_an_edit_says_stop_as_a_message_does(parts: dict[str, Any]) -> None:
    assert kinds_of(**parts) == ["whatsapp_opt_out"]


@pytest.mark.parametrize(
    ("errors", "event_type"),
    [
        ([{"code": 131050, "title": "Unable to deliver"}], "whatsapp_opt_out"),
        ([{"code": "131050"}], "whatsapp_opt_out"),
        ([{"code": 131026}, {"code": 131050}], "whatsapp_opt_out"),
        ([{"code": 131049, "title": "Not delivered"}], "message_failed"),
        ([{"title": "131050"}], "message_failed"),
        ([], "message_failed"),
    ],
)
def test_who_stopped_marketing_messages_denies_the_channel_by_a_failed_status(
    errors: list[dict[str, Any]], event_type: str
) -> None:
    """Meta: 131050 is the wish of whoever was written to, and no failure to try again after."""
    sent = {"id": "wamid.9", "status": "failed", "timestamp": AT, "recipient_id": "5511955501234",
            "errors": errors}  # fmt: skip
    event = taken(value(statuses=[sent]))["event"]
    assert (event["event_type"], event["phone"]) == (event_type, "+5511955501234")
    assert event["message_id"] == "wamid.9"


@pytest.mark.parametrize(
    "words",
    ["Stop by on Monday?", "When does it stop", "Non-stop flights",
     "Stop by our office on Monday", "please stop the leak", "can you stop by?", "I quit smoking",
     "Don't stop", "No stop", "Please unsubscribe my colleague Ann, and send me the offer",
     "Can you stop tomorrow?", "Baja California", "Bitte Termin abmelden", "Thanks, bye"],
)  # fmt: skip
def test_a_sentence_with_such_a_word_is_an_inquiry(words: str) -> None:
    items = of_ana("text", text={"body": words})
    assert items["submission"]["message"] == words
    assert items["event"]["event_type"] == "whatsapp_message"


def test_a_thumb_is_no_inquiry_unless_it_comes_through_an_ad() -> None:
    assert list(of_ana("text", text={"body": "👍"})) == ["event"]
    ad = {"source_type": "ad", "source_id": "1202", "ctwa_clid": "ARA"}
    submission = of_ana("text", text={"body": "👍"}, referral=ad)["submission"]
    assert (submission["click_id"], submission["source"]) == ("ARA", "facebook")
    assert "message" not in submission


def test_earlier_chats_are_events_of_who_wrote_them() -> None:
    thread = [
        {"from": "5511955501234", "id": "w1", "timestamp": AT, "type": "text"},
        {"from": "15550783881", "to": "5511955501234", "id": "w2", "timestamp": AT, "type": "text"},
    ]
    items = taken(value(history=[{"threads": [{"id": "5511955501234", "messages": thread}]}]))
    assert list(items) == ["event"]
    assert items["event"]["message_id"] == "w1"


def earlier(kind: str, **parts: Any) -> dict[str, Any]:
    """The event of one message of an earlier chat."""
    thread = [message(kind, **parts) | {"timestamp": "1763900000"}]
    return taken(value(history=[{"threads": [{"id": ANA["wa_id"], "messages": thread}]}]))["event"]


@pytest.mark.parametrize(
    ("kind", "parts", "event_type"),
    [
        ("text", {"text": {"body": "STOP"}}, "whatsapp_opt_out"),
        ("text", {"text": {"body": "Hallo, bitte keine Nachrichten mehr"}}, "whatsapp_opt_out"),
        ("image", {"image": {"caption": "退订"}}, "whatsapp_opt_out"),
        ("button", {"button": {"payload": "b7", "text": "Unsubscribe"}}, "whatsapp_opt_out"),
        ("interactive", {"interactive": {"list_reply": {"id": "1", "title": "Baja"}}},
         "whatsapp_opt_out"),
        ("edit", {"edit": {"message": {"text": {"body": "stop!"}}}}, "whatsapp_opt_out"),
        ("text", {"text": {"body": "Don't stop"}}, "whatsapp_message"),
        ("text", {"text": {"body": "Stop by on Friday"}}, "whatsapp_message"),
        ("audio", {"audio": {"id": "9"}}, "whatsapp_message"),
    ],
)  # fmt: skip
def test_an_opt_out_in_an_earlier_chat_is_one_and_has_its_own_time(
    kind: str, parts: dict[str, Any], event_type: str
) -> None:
    """`STOP` that came with the history of a business was a message like any other."""
    event = earlier(kind, **parts)
    assert event["event_type"] == event_type
    assert event["occurred_at"] == datetime(2025, 11, 23, 12, 13, 20)


@given(key=st.sampled_from(sorted(CHANNEL.lookups["opt_outs"])))
def test_each_opt_out_says_the_same_in_an_earlier_chat(key: str) -> None:
    assert earlier("text", text={"body": key})["event_type"] == "whatsapp_opt_out"


@pytest.mark.parametrize(
    "words",
    ["停止", "退订。", "您好，退訂，謝謝", "配信停止をお願いします", "수신 거부 부탁드립니다",
     "หยุด", "Hủy đăng ký", "Відписатися", "Απεγγραφή, ευχαριστώ", "Prosím, odhlaste mě",
     "Leiratkozás", "मैसेज मत भेजो", "Dezabonare"],
)  # fmt: skip
def test_an_opt_out_counts_in_any_script(words: str) -> None:
    assert kinds_of(text={"body": words}) == ["whatsapp_opt_out"]


@pytest.mark.parametrize("words", ["停止营业了吗", "我想退货", "いつ停止しますか", "중지 방법"])
def test_a_sentence_in_any_script_is_an_inquiry(words: str) -> None:
    assert kinds_of(text={"body": words}) == ["submission", "whatsapp_message"]


def test_what_speaks_of_no_message_is_a_notice_and_another_vendors_file_is_none() -> None:
    notice = taken(value(state_sync=[{"type": "contact", "action": "add"}]))
    assert notice["event"]["event_type"] == "message_notice"
    (reason,) = MAPPER.map_record({"results": [{"email": "a@b.co"}]}, 1).reasons
    assert reason.startswith("nothing to take in")


PEOPLE = st.integers(1, 40).map(lambda n: (f"49151555{n:05d}", f"Person {n}"))


@given(people=st.lists(PEOPLE, min_size=1, max_size=8, unique=True), data=st.data())
def test_each_sender_of_a_batch_has_the_own_name(
    people: list[tuple[str, str]], data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """In any order of senders and messages, with statuses between them."""
    contacts = [{"profile": {"name": name}, "wa_id": number} for number, name in people]
    messages = [
        {"from": number, "id": f"w{place}", "timestamp": AT, "type": "text",
         "text": {"body": "hi"}}
        for place, (number, _) in enumerate(people)
    ]  # fmt: skip
    statuses = [{"id": "s", "status": "read", "timestamp": AT, "recipient_id": people[0][0]}]
    batch = value(
        contacts=data.draw(st.permutations(contacts)),
        messages=data.draw(st.permutations(messages)),
        statuses=data.draw(st.sampled_from([[], statuses])),
    )
    path = tmp_path_factory.mktemp("batch") / "batch.json"
    path.write_text(json.dumps({"entry": [{"changes": [{"value": batch}]}]}))
    names = dict(people)
    records = list(read_records(path, CHANNEL.rules))
    assert len(records) == len(messages) + len(batch["statuses"])
    for record in records:
        assert isinstance(record, RawRecord)
        submission = taken(record.content).get("submission")
        if submission is not None:
            assert submission["full_name"] == names[submission["phone"][1:]]


OTHERS_MAILBOXES = [
    "manager_email", "referrer_email", "screen_0_Referrer_Email_1", "emailOfYourBoss", "cc_email",
    "friends_e-mail", "email_of_assistant", "previous_email", "invoice_email", "partner email",
]  # fmt: skip
NO_COMPANY_NAMES = [
    "has_company", "company_size", "company_website", "screen_1_Company_Size_2", "is_company_owner",
    "company_type", "previous_company", "parent_company_name", "company_email_allowed",
]  # fmt: skip


@pytest.mark.parametrize(
    ("reply", "email", "company"),
    [
        ({"email": "a@b.example", "company": "Vale"}, "a@b.example", "Vale"),
        ({"screen_0_Email_0": "a@b.example", "flow_token": "t"}, "a@b.example", None),
        ({"note": "no mail", "Company_Name": 'The "Best"'}, None, None),
        (
            {"flow_token": "t", "work_email": "a@b.example", "companyName": "Vale"},
            "a@b.example",
            "Vale",
        ),
        # Once the first key that held the word: a stranger's mailbox, an employer named `yes`.
        (
            {
                "company_size": "11-50",
                "company_name": "Vale",
                "manager_email": "x@b.example",
                "email": "a@b.example",
            },
            "a@b.example",
            "Vale",
        ),
        *[({key: "x@b.example"}, None, None) for key in OTHERS_MAILBOXES],
        *[({key: "yes"}, None, None) for key in NO_COMPANY_NAMES],
        ({"note": "email", "text": '"email": "x@b.example"'}, None, None),
    ],
)
def test_a_filled_in_flow_tells_mail_and_company(
    reply: dict[str, str], email: str | None, company: str | None
) -> None:
    flow = {"type": "nfm_reply", "nfm_reply": {"body": "Sent", "response_json": json.dumps(reply)}}
    submission = of_ana("interactive", interactive=flow)["submission"]
    assert (submission.get("email"), submission.get("company_name")) == (email, company)
    assert json.loads(json.loads(submission["answers"])["flow_reply"]) == reply
