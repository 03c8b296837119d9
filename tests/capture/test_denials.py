"""Denials outside of columns of consents: in names, in preferred channels, in words of another."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lead_platform.capture.denials import DenialReader
from lead_platform.capture.guessing.names import load_field_names
from lead_platform.capture.mapping import RecordMapper, item_values
from lead_platform.vocabularies.folder import shipped_intake_lists
from lead_platform.vocabularies.particles import are_particles
from tests.capture.conftest import PROJECT, MakeChannel

READER = DenialReader(shipped_intake_lists())
MAIL, PHONE, SMS, WHATSAPP = ("consent_email", "consent_phone", "consent_sms", "consent_whatsapp")
ALL = (MAIL, PHONE, SMS, WHATSAPP)
CHANNEL = """
    name: people
    description: One person per row.
    format: csv
    record_id: id
    emits:
      - kind: submission
        fields:
          submitted_at: {default: received_at}
          email: email
          phone: phone
          full_name: name
          first_name: first
          last_name: last
          preferred_channel: wish
          consent_email: {strictest_of: [may_mail, {path: left, consent: opt_out}]}
          consent_phone: may_call
          consent_sms: {path: no_sms, consent: opt_out}
"""


def mapped(make_channel: MakeChannel, **content: str) -> dict[str, Any]:
    record = {"id": "1", "email": "ann@acme.example", **content}
    mapper = RecordMapper(make_channel(CHANNEL), datetime(2026, 11, 28))
    (item,) = mapper.map_record(record, 1).items
    return {name: value for name, value in item_values(*item).items() if value is not None}


def denied(row: dict[str, Any]) -> tuple[str, ...]:
    return tuple(name for name in ALL if row.get(name) == "denied")


def told(row: dict[str, Any]) -> list[str]:
    return [issue["field"] for issue in json.loads(row.get("issues", "[]"))]


@pytest.mark.parametrize(
    ("cell", "name", "fields"),
    [
        ("Jane Doe DO NOT CALL", "Jane Doe", (PHONE,)),
        ("DO NOT CALL - Jane Doe", "Jane Doe", (PHONE,)),
        ("Doe, Jane (do not contact)", "Doe, Jane", ALL),
        ("Jane (do not call) Doe", "Jane Doe", (PHONE,)),
        ("Doe (DO NOT CALL), Jane", "Doe, Jane", (PHONE,)),
        ("Müller - nicht anrufen", "Müller", (PHONE,)),
        ("Müller: bitte nicht mehr, nicht anrufen!", "Müller", (PHONE,)),
        ("Dr. Anke Groß – keine Werbung", "Dr. Anke Groß", ALL),
        ("van der Berg *niet bellen*", "van der Berg", (PHONE,)),
        ("José García [no llamar]", "José García", (PHONE,)),
        ("Mario Rossi, non contattare", "Mario Rossi", ALL),
        ("Jean-Luc O'Neill Jr. / ne pas appeler", "Jean-Luc O'Neill Jr.", (PHONE,)),
        ("Jan Kowalski nie dzwonić", "Jan Kowalski", (PHONE,)),
        ("Иван Петров не звонить", "Иван Петров", (PHONE,)),
        ("田中（電話不可）", "田中", (PHONE,)),
        ("Ann Lee | no SMS", "Ann Lee", (SMS,)),
        ("Ann Lee (unsubscribed)", "Ann Lee", ALL),
        ("nicht anrufen", None, (PHONE,)),
    ],
)
def test_a_denial_in_a_name_denies_and_is_no_part_of_it(
    make_channel: MakeChannel, cell: str, name: str | None, fields: tuple[str, ...]
) -> None:
    """`Jane Doe DO NOT CALL` was somebody's name, and she was called."""
    for column, field in (("name", "full_name"), ("last", "last_name"), ("first", "first_name")):
        row = mapped(make_channel, may_call="yes", **{column: cell})
        assert row.get(field) == name
        assert denied(row) == fields
        assert told(row) == [field]


@pytest.mark.parametrize(
    "name",
    ["Tom Robinson", "Juan de Baja", "Maria do Carmo", "Nix", "Anna Nowak",
     "Robinson, Anna (Nix)",
     "Al-Baja", "Ne Win", "Stop", "Callum Noe", "No Contact", "Jane Doe (née Call)",
     "Do Quyen Call", "Bel Niet", "Nie", "N. O. Mail", "Jean Appel", "Ring Lardner Jr.",
     "Ei Ei", "Nu Nu", "Dnc", "DNC", "Jane Dnc", "Dnc, Jane", "Tom ROBINSON", "ROBINSON, Tom",
     "ROBINSON - Tom", "Maria Lopez (Robinson)", "Anne DURAND (ROBINSON)", "MARIA LOPEZ (BAJA)",
     "jane doe (robinson)", "Anil Kumar TPS", "STOP, Anna", "Anna STOP", "Peter Stop-Nix",
     "Unsub Ali", "DNC Travel", "JANE DNC", "Jan Stop (Baja)"],
)  # fmt: skip
def test_names_stay_names(make_channel: MakeChannel, name: str) -> None:
    row = mapped(make_channel, name=name, may_call="yes")
    assert (row["full_name"], denied(row), told(row)) == (name, (), [])


@pytest.mark.parametrize(
    ("cell", "name", "fields"),
    [
        ("Jane Doe (DNC)", "Jane Doe", ALL), ("Jane [DNC]", "Jane", ALL),
        ("DNC - Jane Doe", "Jane Doe", ALL), ("Jane Doe DNC", "Jane Doe", ALL),
        ("Müller DNC", "Müller", ALL), ("Jane Doe, DND", "Jane Doe", ALL),
        ("JANE DOE (DNC)", "JANE DOE", ALL), ("jane doe [dnc]", "jane doe", ALL),
        ("DNC Jane Doe", "Jane Doe", ALL), ("Doe, Jane *DNC*", "Doe, Jane", ALL),
        ("Jane Doe (DNC 2024)", "Jane Doe", ALL), ("Jane Doe / dnd", "Jane Doe", ALL),
        ("Jane Doe (stop)", "Jane Doe", ALL), ("Jane Doe - STOP!", "Jane Doe", ALL),
        ("STOP: Jane Doe", "Jane Doe", ALL), ("BAJA - Juan Pérez", "Juan Pérez", ALL),
        ("Juan Pérez (baja)", "Juan Pérez", ALL), ("Zoë O'Neill [optout]", "Zoë O'Neill", ALL),
        ("Иван Петров (отписан)", "Иван Петров", ALL), ("Jane Doe (TPS)", "Jane Doe", (PHONE,)),
        ("Anna Berg | afmeldt", "Anna Berg", ALL), ("Jane (DNC) Doe", "Jane Doe", ALL),
    ],
)  # fmt: skip
def test_a_short_note_beside_a_name_denies(
    make_channel: MakeChannel, cell: str, name: str, fields: tuple[str, ...]
) -> None:
    """`Jane Doe (DNC)` was somebody's name: words that may be names were left in it."""
    row = mapped(make_channel, may_call="yes", name=cell)
    assert (row["full_name"], denied(row), told(row)) == (name, fields, ["full_name"])


SHORT = sorted(shipped_intake_lists().denying_notes)


@given(
    word=st.sampled_from(SHORT),
    name=st.sampled_from(["Jane Doe", "Li Na", "Ann O'Neill", "Anke Groß"]),
    casing=st.sampled_from([str.upper, str.lower]),
    form=st.sampled_from(["{n} ({w})", "({w}) {n}", "{n} [{w}!]", "{n} - {w}", "{w} / {n}",
                          "{n} *{w}*", "{n} | {w}", "{w}: {n}"]),
)  # fmt: skip
def test_each_short_word_denies_as_a_note_and_is_a_surname_otherwise(
    word: str, name: str, casing: Any, form: str
) -> None:
    found = READER.in_name(form.format(n=name, w=casing(word)))
    assert found is not None
    assert found.rest == name
    first = name.split()[0]
    for person in (f"{first} {word.title()}", f"{first} {word}", f"{word.title()}, {first}",
                   f"{word.upper()}, {first}", word, word.upper(), word.title()):  # fmt: skip
        assert READER.in_name(person) is None


@pytest.mark.parametrize(
    ("cell", "mailbox", "fields"),
    [
        ("ann@x.example (do not email)", "ann@x.example", (MAIL,)),
        ("DO NOT EMAIL ann@x.example", "ann@x.example", (MAIL,)),
        ("ann@x.example - opted out", "ann@x.example", (MAIL,)),
        ("ann@x.example/unsubscribed", "ann@x.example", (MAIL,)),
        ("unsubscribed", None, (MAIL,)), ("STOP", None, (MAIL,)), ("No email", None, (MAIL,)),
        ("Ann <ann@x.example> [abgemeldet]", "Ann <ann@x.example>", (MAIL,)),
        ("ann@x.example, bo@x.example (no newsletter)", "ann@x.example, bo@x.example", (MAIL,)),
        ("ann@x.example (please do not email her)", "ann@x.example", (MAIL,)),
        ("ann@x.example | keine Werbung!", "ann@x.example", ALL),
        ("ann@x.example（退订）", "ann@x.example", (MAIL,)),
        ("DNC ann@x.example", "ann@x.example", ALL), ("ann@x.example(dnc)", "ann@x.example", ALL),
        ("DNC - Ann Lee <ann@x.example>", "Ann Lee <ann@x.example>", ALL),
        ("ann@x.example do not call", "ann@x.example", (PHONE,)),
        ("ann@x.example (do not call or text)", "ann@x.example", (PHONE, SMS)),
        ("ann@x.example (unsubscribed, do not call)", "ann@x.example", (MAIL, PHONE)),
        ("DO NOT EMAIL and DO NOT TEXT ann@x.example", "ann@x.example", (MAIL, SMS)),
    ],
)  # fmt: skip
def test_a_denial_beside_a_mailbox_counts(
    make_channel: MakeChannel, cell: str, mailbox: str | None, fields: tuple[str, ...]
) -> None:
    """`jane@acme.com (do not email)` denied nothing, and cost the mailbox."""
    row = mapped(make_channel, email=cell, phone="+4930901820", may_mail="yes", may_call="yes")
    assert (row.get("email"), denied(row), told(row)) == (mailbox, fields, ["email"])


@pytest.mark.parametrize(
    "cell",
    ["ann@x.example", "no.email@x.example", "do-not-email@x.example", "stop@x.example",
     "unsubscribed_ann@x.example", "Stop <stop@x.example>", "Robinson ann@x.example",
     "robinson tom.robinson@x.example", "Robinson, Tom <tom@x.example>", "ann@x.example (work)",
     "ann@x.example; stop@x.example", "ann@x.example (bounced)", "email: ann@x.example",
     "ann@x.example do bo@x.example not email", '"Ann Lee" <ann@x.example>'],
)  # fmt: skip
def test_a_mailbox_and_harmless_words_deny_nothing(cell: str) -> None:
    assert READER.in_email(cell) is None


@given(
    phrase=st.sampled_from(sorted(shipped_intake_lists().denials_in_names.channels)),
    form=st.sampled_from(["{m} {p}", "{p} {m}", "{m} ({p})", "{p}: {m}", "{m} - {p}", "{m}\n{p}"]),
    casing=st.sampled_from([str.upper, str.lower, str.title]),
)
def test_each_denial_beside_a_mailbox_leaves_the_mailbox(
    phrase: str, form: str, casing: Any
) -> None:
    found = READER.in_email(form.format(m="ann.lee@x.example", p=casing(phrase)))
    assert found is not None
    assert found.rest == "ann.lee@x.example"
    assert set(found.fields) <= set(ALL)


PHRASES = sorted(
    phrase for phrase in shipped_intake_lists().denials_in_names.channels if " " in phrase
)


@given(
    phrase=st.sampled_from(PHRASES),
    name=st.sampled_from(["Jane Doe", "Müller", "Li Na", "Doe, Jane", "Ann O'Neill", "J. Doe"]),
    form=st.sampled_from(["{n} {p}", "{n} - {p}", "{n} ({p})", "{n}, {p}!", "{p}: {n}", "{p} {n}"]),
    casing=st.sampled_from([str.upper, str.lower, str.title]),
)
def test_each_denial_is_found_wherever_it_stands(
    phrase: str, name: str, form: str, casing: Any
) -> None:
    found = READER.in_name(form.format(n=name, p=casing(phrase)))
    assert found is not None
    assert found.fields == tuple(
        f"consent_{way}" for way in shipped_intake_lists().denials_in_names.channels[phrase]
    )
    assert found.rest == name


@given(st.text(max_size=60))
def test_any_text_is_read(text: str) -> None:
    for found in (READER.in_name(text), READER.in_preference(text), READER.in_email(text)):
        assert found is None or (found.fields and len(found.rest or "") <= len(text))


def test_no_phrase_is_a_name_with_a_particle() -> None:
    for phrase in PHRASES:
        first, *others = phrase.split()
        assert len(others) > 1 or not are_particles(first)


@pytest.mark.parametrize(
    "wish",
    ["Do not contact", "Kein Kontakt", "Nobody", "never!", "Opt-out", "Keine", "Aucun",
     "Ninguno", "Nessuno", "Żaden", "DNC", "Blacklisted", "Geen contact", "Unsubscribed", "なし"],
)  # fmt: skip
def test_who_wishes_for_no_channel_denies_each(make_channel: MakeChannel, wish: str) -> None:
    """`Contact preference: Do not contact` was a preference that no list knew."""
    row = mapped(make_channel, wish=wish, may_call="yes", may_mail="yes")
    assert denied(row) == ALL
    assert "preferred_channel" not in row


@pytest.mark.parametrize(
    ("wish", "kept", "fields"),
    [
        ("E-mail", "E-mail", ()), ("No preference", "No preference", ()), ("Phone", "Phone", ()),
        ("E-mail; no calls", "E-mail", (PHONE,)), ("Keine Anrufe, keine SMS", None, (PHONE, SMS)),
        ("Do not email", None, (MAIL,)), ("n/a", None, ()), ("", None, ()),
        ("no", "no", ()), ("yes", "yes", ()), ("Email, Phone", "Email, Phone", ()),
    ],
)  # fmt: skip
def test_a_wish_denies_what_it_names(
    make_channel: MakeChannel, wish: str, kept: str | None, fields: tuple[str, ...]
) -> None:
    row = mapped(make_channel, wish=wish)
    assert (row.get("preferred_channel"), denied(row)) == (kept, fields)


@pytest.mark.parametrize("field", ["may_call", "may_mail", "left", "no_sms"])
@pytest.mark.parametrize("word", ["none", "keine", "nessuno"])
def test_none_is_no_denial_in_other_columns(
    make_channel: MakeChannel, field: str, word: str
) -> None:
    row = mapped(make_channel, **{field: word})
    assert denied(row) == ()


@pytest.mark.parametrize(
    ("column", "own"), [("may_call", PHONE), ("may_mail", MAIL), ("left", MAIL), ("no_sms", SMS)]
)
@pytest.mark.parametrize(
    ("word", "of"),
    [("Do Not Mail", (MAIL,)), ("Keine E-Mails", (MAIL,)), ("no newsletter", (MAIL,)),
     ("do not call", (PHONE,)), ("nie dzwonić", (PHONE,)), ("Keine SMS", (SMS,)),
     ("no WhatsApp messages", (WHATSAPP,))],
)  # fmt: skip
def test_a_word_that_names_a_channel_denies_that_channel(
    make_channel: MakeChannel, column: str, own: str, word: str, of: tuple[str, ...]
) -> None:
    """`do not email` in a column of calls denied the calls, and left the mail open."""
    others = {"may_call": "yes", "may_mail": "yes"} | {column: word}
    row = mapped(make_channel, **others)
    assert denied(row) == of
    assert told(row) == ([] if own in of else [own])


OF_ALL = sorted(
    phrase
    for phrase in shipped_intake_lists().refusals["all"].exact
    if shipped_intake_lists().consents.find(phrase) is None
)


@pytest.mark.parametrize("column", ["may_call", "may_mail", "left", "no_sms"])
@pytest.mark.parametrize(
    "word",
    [
        "Kontaktsperre",
        "Do Not Contact",
        "DNC",
        "keine Werbung!",
        "Blacklisted",
        "Non contattare",
        "❌ do not contact",
        "勿扰",
    ],
)
def test_a_word_for_every_channel_denies_each_whatever_column_it_stands_in(
    make_channel: MakeChannel, column: str, word: str
) -> None:
    """`Kontaktsperre` in a column of calls left a grant of mail beside it as it was."""
    others = {"may_call": "yes", "may_mail": "yes", "no_sms": "no"} | {column: word}
    row = mapped(make_channel, **others)
    own = {"may_call": PHONE, "may_mail": MAIL, "left": MAIL, "no_sms": SMS}[column]
    assert (denied(row), told(row)) == (ALL, [own])


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    word=st.sampled_from(OF_ALL),
    consent=st.sampled_from(["opt_in", "opt_out", None]),
    is_strictest=st.booleans(),
    may_mail=st.sampled_from(["yes", "no", "", "who knows"]),
    casing=st.sampled_from([str.upper, str.lower, str.title]),
)
def test_each_word_for_every_channel_is_heard_by_each_rule(
    make_channel: MakeChannel,
    word: str,
    consent: str | None,
    is_strictest: bool,
    may_mail: str,
    casing: Any,
) -> None:
    said = f"{{path: call{', consent: ' + consent if consent else ''}}}"
    rule = f"{{strictest_of: [{said}, may_call]}}" if is_strictest else said
    channel = make_channel(f"""
        name: people
        description: One person per row.
        format: csv
        record_id: id
        emits:
          - kind: submission
            fields:
              submitted_at: {{default: received_at}}
              email: email
              consent_email: may_mail
              consent_phone: {rule}
    """)
    record = {"id": "1", "email": "a@b.example", "call": casing(word), "may_mail": may_mail}
    (item,) = RecordMapper(channel, datetime(2026, 11, 28)).map_record(record, 1).items
    assert denied(item_values(*item)) == ALL


def test_an_answer_denies_what_it_names(make_channel: MakeChannel) -> None:
    channel = make_channel("""
        name: form
        description: One inquiry per line.
        format: jsonl
        record_id: id
        answers: {each: answers, name: item.q, value: item.a}
        emits:
          - kind: submission
            fields:
              submitted_at: {default: received_at}
              email: email
              consent_email: _answers.mail
              consent_phone: {path: _answers.call, consent: opt_in}
    """)
    for answer, fields in (("Do not email", (MAIL,)), ("Bitte nicht kontaktieren", ALL)):
        said = [{"q": "call", "a": answer}, {"q": "mail", "a": "yes"}]
        record = {"id": "1", "email": "a@b.example", "answers": said}
        (item,) = RecordMapper(channel, datetime(2026, 11, 28)).map_record(record, 1).items
        row = item_values(*item)
        assert (denied(row), told(row)) == (fields, [PHONE])


@pytest.mark.parametrize("column", ["may_call", "may_mail", "left", "no_sms"])
@pytest.mark.parametrize(
    "word", ["Widerspruch", "Sprzeciw", "unsubscribed", "abgemeldet", "Wypisany", "opted out"]
)
def test_a_word_that_names_none_denies_that_of_its_column(
    make_channel: MakeChannel, column: str, word: str
) -> None:
    own = {"may_call": PHONE, "may_mail": MAIL, "left": MAIL, "no_sms": SMS}[column]
    row = mapped(make_channel, **{column: word})
    assert (denied(row), told(row)) == ((own,), [])


@pytest.mark.parametrize("may_mail", ["yes", "no", "who knows", ""])
def test_a_denial_elsewhere_leaves_the_strictest_of_the_others(
    make_channel: MakeChannel, may_mail: str
) -> None:
    row = mapped(make_channel, may_mail=may_mail, left="do not call", may_call="yes")
    assert row["consent_phone"] == "denied"
    assert row.get(MAIL) == {"yes": "granted", "no": "denied"}.get(may_mail)


@pytest.mark.parametrize(
    ("left", "may_mail", "said"),
    [
        ("no", "Pending", None), ("Bounced", "yes", None), ("Cleaned", "no", "denied"),
        ("Spam report", "yes", "denied"), ("no", "subscribed", "granted"),
    ],
)  # fmt: skip
def test_no_grant_counts_beside_a_mailbox_that_bounced_or_was_not_confirmed(
    make_channel: MakeChannel, left: str, may_mail: str, said: str | None
) -> None:
    assert mapped(make_channel, left=left, may_mail=may_mail).get(MAIL) == said


PATHS = {
    "path": ("", "wish"),
    "columns": ("", "{column: [other, wish]}"),
    "first_of": ("", "{first_of: [other, wish]}"),
    "split": ("", "{path: wish, split: ';'}"),
    "derive": ("derive: {said: wish}", "_derived.said"),
    "match": ("answers: {each: said, name: item.q, value: item.a, match: {preferred_channel: How}}",
              None),
    "by_name": ("answers: {each: said, name: item.q, value: item.a, by_name: true}", None),
    "answer": ("answers: {each: said, name: item.q, value: item.a}",
               '_answers."Preferred contact method"'),
}  # fmt: skip


def of_wish(make_channel: MakeChannel, path: str, wish: str, rule: str = "") -> dict[str, Any]:
    """What becomes of a wish that reaches the field by one of PATHS."""
    extra, field = PATHS[path]
    taken = f"preferred_channel: {rule or field}" if field else "message: note"
    channel = make_channel(f"""
        name: wishes
        description: One inquiry per line.
        format: jsonl
        record_id: id
        {extra or "time_zone: UTC"}
        emits:
          - kind: submission
            fields:
              submitted_at: {{default: received_at}}
              email: email
              consent_email: may_mail
              {taken}
    """)
    question = "How may we reach you?" if path == "match" else "Preferred contact method"
    record = {"id": "1", "email": "a@b.example", "may_mail": "yes", "wish": wish}
    record["said"] = [{"q": question, "a": wish}]  # type: ignore[assignment]
    (item,) = RecordMapper(channel, datetime(2026, 11, 28)).map_record(record, 1).items
    return item_values(*item)


@pytest.mark.parametrize("path", PATHS)
def test_a_wish_says_the_same_by_whatever_way_it_comes(
    make_channel: MakeChannel, path: str
) -> None:
    """`None` denied every consent in a column, and vanished where it was an answer."""
    for wish in ("Kein Kontakt", "No contact", "Do not contact", "Keine", "aucun contact"):
        row = of_wish(make_channel, path, wish)
        assert (denied(row), row["preferred_channel"]) == (ALL, None), wish
    for wish in (
        "None",
        "none",
        "N/A",
        "n/a",
        "-None-",
        "-- None --",
        "(none)",
        "<None>",
        "-Keine-",
    ):
        assert denied(of_wish(make_channel, path, wish)) == (), wish
    assert of_wish(make_channel, path, "Phone")["preferred_channel"] == "Phone"


@pytest.mark.parametrize("wish", ["None", "N/A", "-None-"])
def test_a_channel_says_what_its_blank_means(make_channel: MakeChannel, wish: str) -> None:
    rule = f'{{path: wish, values: {{"{wish}": Do not contact}}}}'
    assert denied(of_wish(make_channel, "path", wish, rule)) == ALL
    assert denied(of_wish(make_channel, "path", "n.a.", rule)) == ()


WISHES = sorted(shipped_intake_lists().refusals["preference"].exact)


@given(
    word=st.sampled_from(WISHES),
    frame=st.sampled_from(["-{}-", "--{}--", "- {} -", "<{}>", "({})", "[{}]", "{{{}}}", "–{}–",
                           "*{}*", "__{}__", "-- {}", "«{}»", "（{}）"]),
    casing=st.sampled_from([str.upper, str.lower, str.title]),
)  # fmt: skip
def test_a_wish_counts_only_bare(word: str, frame: str, casing: Any) -> None:
    """`-None-`, Zoho's sign for "nothing picked", denied every consent."""
    assert READER.in_preference(casing(word)) is not None
    assert READER.in_preference(frame.format(casing(word))) is None


def test_what_is_framed_is_blank_in_every_field() -> None:
    blanks = shipped_intake_lists().blanks
    assert {"-None-", "--None--", "-- None --", "<None>", "-Keine-", "--Ninguno--"} <= blanks


@pytest.mark.parametrize(
    ("cell", "left", "fields"),
    [
        ("DO NOT CALL 020 7946 0991", "020 7946 0991", (PHONE,)),
        ("020 7946 0991 (do not call!)", "020 7946 0991", (PHONE,)),
        ("+44 (20) 7946 0991 - niet bellen", "+44 (20) 7946 0991", (PHONE,)),
        ("bitte nicht anrufen: 030 901820", "030 901820", (PHONE,)),
        ("no SMS 020 7946 0991", "020 7946 0991", (SMS,)),
        ("DNC 020 7946 0991", "020 7946 0991", ALL),
        ("020 7946 0991 Stop", "020 7946 0991", ALL),
        ("020 7946 0991 do not contact", "020 7946 0991", ALL),
        ("Do not call", None, (PHONE,)),
        ("退订 020 7946 0991", "020 7946 0991", ALL),
    ],
)
def test_a_denial_beside_a_number_counts(
    make_channel: MakeChannel, cell: str, left: str | None, fields: tuple[str, ...]
) -> None:
    """`DO NOT CALL 020 …` was a number to be called: the words beside it were thrown away."""
    row = mapped(make_channel, phone=cell, may_call="yes")
    assert (row.get("phone"), denied(row), told(row)) == (left, fields, ["phone"])


@given(
    number=st.from_regex(r"\+?[0-9(][0-9 ().\-/]{5,20}[0-9]", fullmatch=True),
    word=st.sampled_from(["", "mobile", "office", "ext. 12", "Anna", "call NOW", "no fax", "x12"]),
)
def test_a_number_and_harmless_words_deny_nothing(number: str, word: str) -> None:
    assert READER.in_phone(f"{number} {word}") is None
    assert READER.in_phone(f"{word} {number}") is None


@pytest.mark.parametrize(
    ("cell", "name", "fields"),
    [
        ("Flo Geis DO NOT CALL, DO NOT EMAIL", "Flo Geis", (MAIL, PHONE)),
        ("DO NOT CALL DO NOT EMAIL Mia Fox", "Mia Fox", (MAIL, PHONE)),
        ("DO NOT TEXT or DO NOT CALL Mia Fox", "Mia Fox", (PHONE, SMS)),
        ("Mia Fox (do not call or email)", "Mia Fox", (MAIL, PHONE)),
        ("NO CALLS/TEXTS Mia Fox", "Mia Fox", (PHONE, SMS)),
        ("Anke Groß - keine Anrufe und SMS", "Anke Groß", (PHONE, SMS)),
        ("Mia (no calls) Fox (no WhatsApp)", "Mia Fox", (PHONE, WHATSAPP)),
        ("Mia Fox (do not call; DNC)", "Mia Fox", ALL),
        ("Mia Fox (do not call) - unsubscribed", "Mia Fox", ALL),
        ("J.R.R. Roe (D.N.C.)", "J.R.R. Roe", ALL),
        ("J.R.R. Roe (no e-mails)", "J.R.R. Roe", (MAIL,)),
    ],
)
def test_each_denial_of_a_name_is_heard(
    make_channel: MakeChannel, cell: str, name: str, fields: tuple[str, ...]
) -> None:
    """Of `DO NOT CALL, DO NOT EMAIL` the first counted, and the second was a name or nothing."""
    row = mapped(make_channel, may_call="yes", may_mail="yes", name=cell)
    assert (row["full_name"], denied(row), told(row)) == (name, fields, ["full_name"])


ONE_CHANNEL = sorted(
    (phrase, of[0])
    for phrase, of in (
        *shipped_intake_lists().denials_in_names.channels.items(),
        *shipped_intake_lists().composed_denials.channels.items(),
    )
    if len(of) == 1 and " " in phrase
)
WAYS = [("email", "emails"), ("phone", "calls"), ("sms", "texts"), ("whatsapp", "WhatsApp")]
CELLS = [("Jane Doe ({})", READER.in_name), ("Jane Doe - {}", READER.in_name),
         ("j@d.example ({})", READER.in_email), ("{} j@d.example", READER.in_email),
         ("+442079460991 {}", READER.in_phone), ("{}", READER.in_preference)]  # fmt: skip


@settings(max_examples=300)
@given(
    denials=st.lists(st.sampled_from(ONE_CHANNEL), min_size=1, max_size=3),
    between=st.sampled_from([", ", " / ", " and ", "; ", " ", " - ", " | "]),
    listed=st.none() | st.tuples(st.sampled_from([" or ", "/", " & ", " nor "]),
                                 st.sampled_from(WAYS)),
    cell=st.sampled_from(CELLS),
    casing=st.sampled_from([str.upper, str.lower]),
)  # fmt: skip
def test_a_cell_denies_all_that_it_says(
    denials: list[tuple[str, str]],
    between: str,
    listed: tuple[str, tuple[str, str]] | None,
    cell: tuple[str, Any],
    casing: Any,
) -> None:
    form, read = cell
    said = between.join(phrase for phrase, _ in denials)
    meant = {f"consent_{way}" for _, way in denials}
    if listed is not None:
        said += listed[0] + listed[1][1]
        meant.add(f"consent_{listed[1][0]}")
    found = read(form.format(casing(said)))
    assert found is not None
    assert meant <= set(found.fields)
    assert found.rest == ({"in_preference": None, "in_phone": "+442079460991",
                           "in_email": "j@d.example"}.get(read.__name__, "Jane Doe"))  # fmt: skip


@pytest.mark.parametrize(
    "name",
    ["No, Mel", "No Mel", "N.O. Mail", "Inga Ring", "Dr. Inga Ring", "Inga Mail", "Sin Ring",
     "Nao Call", "Nix Anruf", "Baja Call", "J.R.R. Tolkien", "No. 7 Call Centre", "No Phone",
     "Anna Orr and Tom Call", "D. N. Clark", "Stop, Ring"],
)  # fmt: skip
def test_names_beside_such_words_stay_names(name: str) -> None:
    assert READER.in_name(name) is None


@pytest.mark.parametrize(
    ("wish", "kept", "fields"),
    [
        ("Email - do not call", "Email", (PHONE,)), ("No phone", None, (PHONE,)),
        ("No phone calls please", None, (PHONE,)), ("Bitte keine Anrufe", None, (PHONE,)),
        ("no e-mails or calls", None, (MAIL, PHONE)), ("Email | no text", "Email", (SMS,)),
        ("Email/No calls", "Email", (PHONE,)), ("do not call/email", None, (MAIL, PHONE)),
        ("Don't call, email me", "email me", (PHONE,)), ("E-Mail (kein SMS)", "E-Mail", (SMS,)),
        ("No, call me", "No, call me", ()), ("SMS nicht, anrufen ja", "SMS nicht, anrufen ja", ()),
        ("text only, no WhatsApp", "text only", (WHATSAPP,)),
    ],
)  # fmt: skip
def test_a_wish_denies_whatever_stands_around_the_denial(
    make_channel: MakeChannel, wish: str, kept: str | None, fields: tuple[str, ...]
) -> None:
    """`Email - do not call` and `No phone` were preferred channels that no list knew."""
    row = mapped(make_channel, wish=wish)
    assert (row.get("preferred_channel"), denied(row)) == (kept, fields)


@pytest.mark.parametrize(
    ("cell", "left", "fields"),
    [
        ("+442079460998 x12 DNC", "+442079460998 x12", ALL),
        ("+442079460998 D.N.C.", "+442079460998", ALL),
        ("+442079460998 - no whatsapp", "+442079460998", (WHATSAPP,)),
        ("030 901820 Anna (DNC)", "030 901820 Anna", ALL),
        ("no calls or texts 030 901820", "030 901820", (PHONE, SMS)),
        ("030 901820 no calls (DNC)", "030 901820", ALL),
    ],
)
def test_a_denial_beside_an_extension_or_another_denial_counts(
    make_channel: MakeChannel, cell: str, left: str, fields: tuple[str, ...]
) -> None:
    row = mapped(make_channel, phone=cell, may_call="yes", may_mail="yes")
    assert (row.get("phone"), denied(row), told(row)) == (left, fields, ["phone"])


@pytest.mark.parametrize("cell", ["No phone", "030 901820 no, call mobile", "030 901820 No. Call"])
def test_what_may_say_that_there_is_no_phone_denies_nothing(cell: str) -> None:
    assert READER.in_phone(cell) is None


@pytest.mark.parametrize(
    ("text", "fields", "rest"),
    [
        ("Ann Berg (do not call, text or email)", ("email", "phone", "sms"), "Ann Berg"),
        ("No phone, SMS or WhatsApp", ("phone", "sms", "whatsapp"), None),
        ("keine Anrufe, SMS und E-Mails", ("email", "phone", "sms"), None),
        ("no calls or texts please", ("phone", "sms"), "please"),
        ("no calls, email", ("phone",), "email"),
        ("no calls/email only", ("phone",), "email only"),
        ("do not call and email instead", ("phone",), "and email instead"),
    ],
)
def test_a_list_of_channels_goes_on_to_its_conjunction_and_no_further(
    text: str, fields: tuple[str, ...], rest: str | None
) -> None:
    """`do not call, text or email` left text and mail open; `email only` was denied."""
    denial = DenialReader(shipped_intake_lists()).in_name(text)
    assert denial is not None
    assert denial.fields == tuple(f"consent_{name}" for name in fields)
    assert rest is None or denial.rest == rest


@pytest.mark.parametrize(
    ("name", "rest"),
    [
        ("Ann Lee (Bitte keine Anrufe)", "Ann Lee"),
        ("Ann Lee [Kunde: keine Anrufe!]", "Ann Lee"),
        ("Ann Lee (Per customer, do not call)", "Ann Lee"),
        ("Lee, Ann (Asked us: do not call), MBA", "Lee, Ann, MBA"),
        ("Jane (Janie) Doe DO NOT CALL", "Jane (Janie) Doe"),
    ],
)
def test_a_note_in_brackets_goes_as_a_whole(name: str, rest: str) -> None:
    """What stood before the denial became the last name: Bitte."""
    found = READER.in_name(name)
    assert found is not None
    assert (found.fields, found.rest) == (("consent_phone",), rest)


@pytest.mark.parametrize(
    ("wish", "fields", "rest"),
    [
        ("phone: never", ("consent_phone",), None),
        ("Email: yes; Phone: no", ("consent_phone",), "Email: yes"),
        ("Telefon: nein", ("consent_phone",), None),
    ],
)
def test_a_channel_that_is_said_no_to_is_denied(
    wish: str, fields: tuple[str, ...], rest: str | None
) -> None:
    found = READER.in_preference(wish)
    assert found is not None
    assert (found.fields, found.rest) == (fields, rest)


@pytest.mark.parametrize(
    "cell",
    ["ann@acme.com - opted out 2024", "ann@acme.com opted out on 01.05.2024",
     "ann@acme.com, unsubscribed May 2024", "ann@acme.com (do not email since 2023)"],
)  # fmt: skip
def test_the_date_of_a_denial_goes_with_it(cell: str) -> None:
    """What was left of the mailbox, `ann@acme.com, May 2024`, was none."""
    found = READER.in_email(cell)
    assert found is not None
    assert (found.fields, found.rest) == (("consent_email",), "ann@acme.com")


@pytest.mark.parametrize(
    "cell", ["No email provided", "no email on file", "No email address", "Keine E-Mail vorhanden"]
)
def test_what_says_that_there_is_no_mailbox_denies_nothing(cell: str) -> None:
    assert READER.in_email(cell) is None


@pytest.mark.parametrize(
    "name",
    ["Ann Lee (not opted out)", "Ann Lee (not unsubscribed)", "Ann Lee (no call received)",
     "Ann Lee (no longer opted out)"],
)  # fmt: skip
def test_the_opposite_of_a_denial_denies_nothing(name: str) -> None:
    assert READER.in_name(name) is None


@pytest.mark.parametrize(
    ("name", "rest"),
    [
        ("Ann Lee (Annie), do not call", "Ann Lee (Annie)"),
        ("Ann Lee [Acme] do not call", "Ann Lee [Acme]"),
    ],
)
def test_a_bracket_before_a_denial_stays_closed(name: str, rest: str) -> None:
    found = READER.in_name(name)
    assert found is not None
    assert found.rest == rest


@pytest.mark.parametrize(
    ("read", "text"),
    [
        (READER.in_name, "Jane Doe DO NOT CALL listed"),
        (READER.in_name, "Jane Doe (do not call - address changed)"),
        (READER.in_name, "Jane Doe (opt-out received)"),
        (READER.in_name, "Jane Doe (Widerspruch erhalten)"),
        (READER.in_name, "Jane Doe (no llamar - dirección nueva)"),
        (READER.in_email, "ann@acme.com (do not email, address changed)"),
        (READER.in_email, "ann@acme.com (opt-out received)"),
        (READER.in_email, "no emails to this address"),
        (READER.in_phone, "+12125550188 (do not call, listed)"),
        (READER.in_phone, "+12125550188 DO NOT CALL listed"),
    ],
)
def test_words_behind_a_denial_take_nothing_of_it(read: Callable[[str], object], text: str) -> None:
    assert read(text) is not None


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("Ann Lee wants no more calls", {"consent_phone"}),
        ("Ann Lee do not email", {"consent_email"}),
        ("Karl Ek bitte nicht anrufen", {"consent_phone"}),
        ("Ann Lee on maternity leave", set()),
        ("Jan van der Berg", set()),
        ("Juan Carlos hdez", set()),
    ],
)
def test_what_is_said_behind_a_name_denies(
    name: str, fields: set[str], make_channel: MakeChannel
) -> None:
    """It was cut off as a note, and the consent beside it stayed granted."""
    names = load_field_names(PROJECT / "config")
    channel = replace(make_channel(CHANNEL), field_names=names)
    mapper = RecordMapper(channel, datetime(2026, 1, 1))
    record = {"id": "1", "email": "a@b.example", "name": name, "may_mail": "yes", "may_call": "yes"}
    ((_, row),) = mapper.map_record(record, 1).items
    values = item_values("submission", row)
    assert {field for field in ALL if values[field] == "denied"} == fields


@pytest.mark.parametrize(
    "date",
    ["since 2024", "(since 3/11/2024)", "as of 3 Nov 2024", "2024-11-03", "3/11", "seit 2023",
     "on 3/11/2024"],
)  # fmt: skip
def test_a_date_beside_a_denial_is_no_part_of_the_number(date: str) -> None:
    """`312 555 0140 DNC since 2024` denied nothing; other dates stayed behind the number."""
    denial = READER.in_phone(f"312 555 0140 DNC {date}")
    assert denial is not None
    assert (denial.fields, denial.rest) == (ALL, "312 555 0140")


@pytest.mark.parametrize("number", ["2020 3344", "0171 20 2023", "030 20 20 2023", "1/2 3456"])
def test_a_number_beside_a_denial_loses_nothing_that_may_be_a_date(number: str) -> None:
    for text in (f"do not call on {number}", f"DNC {number}", f"{number} DNC"):
        denial = READER.in_phone(text)
        assert denial is not None
        assert (denial.rest or "").removeprefix("on ") == number
