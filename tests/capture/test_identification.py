"""What can tell who somebody is: whatever identity reads passes, what nobody can read does not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lead_platform.capture.identification import (
    identity_fault,
    is_mailbox,
    may_be_company,
    may_be_name,
    may_be_number,
)
from lead_platform.identity.normalization.companies import normalize_company
from lead_platform.identity.normalization.emails import normalize_email
from lead_platform.identity.normalization.phones import normalize_phone
from lead_platform.vocabularies.folder import load_vocabularies, shipped_intake_lists
from tests.capture.conftest import PROJECT, MakeChannel
from tests.capture.test_mapping import items, map_one

LISTS = shipped_intake_lists()
VOCABULARIES = load_vocabularies(PROJECT / "config")
CHANNEL = """
    name: forms
    description: Forms without ids of persons.
    format: jsonl
    record_id: id
    emits:
      - kind: submission
        fields:
          submitted_at: {default: received_at}
          full_name: name
          email: email
          phone: phone
          company_name: company
"""
MAIL_PARTS = st.lists(
    st.sampled_from(
        [
            "anna",
            "Anna.Berg",
            "ANNA",
            "@",
            " @ ",
            "(at)",
            "[AT]",
            "acme",
            "acme.de",
            "bücher.de",
            ".",
            "。",
            "(dot)",
            "com",
            "example",
            "<",
            ">",
            "mailto:",
            ";",
            ", ",
            " ",
            "**",
            "•••",
            "n/a",
            "none",
            "%40",
            "/",
            "Müller <",
            "+news",
            "030 5550",
            "'",
            '"',
        ]
    ),
    min_size=1,
    max_size=7,
).map("".join)
PHONE_PARTS = st.lists(
    st.sampled_from(
        [
            "+",
            "00",
            "0",
            "1",
            "49",
            "4",
            "30",
            "555",
            "5550",
            "1234",
            "5",
            "800",
            "-FLOWERS",
            "٣٠",
            " ",
            "-",
            "/",
            "(",
            ")",
            "E+12",
            ".",
            ",",
            "ext. 12",
            "tel: ",
            "privat",
            "x",
            "abc",
            "p:",
        ]
    ),
    min_size=1,
    max_size=9,
).map("".join)


@given(MAIL_PARTS | st.text(max_size=30) | st.emails())
def test_a_mailbox_is_one_where_identity_reads_one(text: str) -> None:
    """`su@@x.com` was one here and none there: a lead arose that nobody could reach."""
    assert is_mailbox(text, LISTS) == (normalize_email(text, VOCABULARIES).email is not None)


# Of Niue, numbers have four digits.
@given(PHONE_PARTS, st.sampled_from([None, "DE", "US", "GB", "FR", "BR", "IT", "SG", "NO"]))
def test_every_number_that_identity_reads_may_be_one(text: str, country: str | None) -> None:
    if normalize_phone(text, country, VOCABULARIES).phone is not None:
        assert may_be_number(text)


@given(st.text(max_size=20) | st.sampled_from(["Acme", "3M", "n/a", "Unknown", "KEINE", "Firma"]))
def test_every_company_that_identity_reads_may_be_one(text: str) -> None:
    if normalize_company(text, VOCABULARIES).name is not None:
        assert may_be_company(text, LISTS)


@pytest.mark.parametrize(
    "text",
    [
        "anna",
        "anna(at)acme",
        "anna@acme",
        "@acme.de",
        "kein Email",
        "none@none.com",
        "-@-",
        "12345",
        "j***@acme.de",
        "anna acme.de",
        "www.acme.de",
        "su@@x.com",
        "su@x..com",
        ".su@x.com",
        "su.@x.com",
        "su@-x.com",
        "su@x.com@y.com",
        "su@x,com",
        "s u@x.com",
    ],
)
def test_what_is_no_mailbox_is_none(text: str) -> None:
    assert not is_mailbox(text, LISTS)


@pytest.mark.parametrize(
    "text", ["anonymous", "1234", "0000000", "privat", "4.91516E+12", "+49", "auf Anfrage", "x12"]
)
def test_what_is_no_number_is_none(text: str) -> None:
    assert not may_be_number(text)


@pytest.mark.parametrize("text", ["Unknown", "n/a", "---", "123", "???"])
def test_what_is_no_name_is_none(text: str) -> None:
    assert not may_be_name(text, LISTS)


@pytest.mark.parametrize(
    ("given_fields", "is_known"),
    [
        ({"email": "anna@acme"}, False),
        ({"phone": "12"}, False),
        ({"email": "kein", "phone": "auf Anfrage"}, False),
        ({"email": "kein", "name": "Anna Berg"}, False),
        ({"name": "Unknown", "company": "n.a."}, False),
        ({"name": "Anna Berg", "company": "not provided"}, False),
        ({"email": "anna@acme", "phone": "+49 30 5550 1234"}, True),
        ({"email": "kein", "name": "Anna Berg", "company": "Acme"}, True),
        ({"email": "Anna Berg <anna@acme.de>"}, True),
        ({"phone": "800-FLOWERS"}, True),
        ({"name": "Ann Null", "company": "3M"}, True),
    ],
)
def test_a_submission_that_nobody_can_read_is_set_aside(
    make_channel: MakeChannel, given_fields: dict[str, str], is_known: bool
) -> None:
    """Anything in the field of a mailbox or a number counted as identity: a lead arose that nobody
    could reach, name or find again."""
    mapped = map_one(make_channel(CHANNEL), {"id": 1, **given_fields})
    assert [reason.partition(":")[0] for reason in mapped.reasons] == (
        [] if is_known else ["no identity"]
    )


def test_the_reason_names_what_was_given(make_channel: MakeChannel) -> None:
    (reason,) = map_one(
        make_channel(CHANNEL), {"id": 1, "email": "anna@acme", "phone": "7"}
    ).reasons
    for part in (
        "email 'anna@acme' is no mailbox",
        "phone '7' is no number",
        "person id",
        "source",
    ):
        assert part in reason


def test_a_person_id_is_enough(make_channel: MakeChannel) -> None:
    channel = make_channel(CHANNEL.replace("record_id: id", "record_id: id\n    person_id: who"
                           "\n    source_system: crm"))  # fmt: skip
    (row,) = items(channel, {"id": 1, "who": "7", "email": "anna@acme"})
    assert row["email"] == "anna@acme"


def test_a_test_lead_of_a_vendor_stays_one(make_channel: MakeChannel) -> None:
    """Meta's tool writes `<test lead: dummy data for email>` in each field: no lead, but kept."""
    fields = {name: f"<test lead: dummy data for {name}>" for name in ("name", "email", "phone")}
    (row,) = items(make_channel(CHANNEL), {"id": 1, **fields})
    assert row["kind"] == "test"


def test_a_placeholder_of_the_list_is_none() -> None:
    """One list: what normalisation takes for a placeholder is no identity here either."""
    everything = dict.fromkeys(("email", "phone", "full_name", "first_name", "last_name"))
    fields = {**everything, "email": "unknown@unknown.com", "company_name": None}
    assert identity_fault(fields, LISTS) is not None
