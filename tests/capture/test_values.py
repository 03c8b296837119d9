import contextlib
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lead_platform.capture.values import (
    ValueFault,
    canonical_json,
    check_instant,
    consent_reader,
    instant_reader,
    opt_out_reader,
    read_text,
    show,
    truth_reader,
)
from lead_platform.vocabularies.folder import shipped_intake_lists

UTC_ZONE = ZoneInfo("UTC")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2026-06-24T22:30:45.105381Z", datetime(2026, 6, 24, 22, 30, 45, 105381)),
        ("2015-02-28T08:49:14+0000", datetime(2015, 2, 28, 8, 49, 14)),
        ("2015-02-28T08:49:14+02:00", datetime(2015, 2, 28, 6, 49, 14)),
        ("2016-10-20", datetime(2016, 10, 20)),
        ("20161020", datetime(2016, 10, 20)),
        (20161020, datetime(2016, 10, 20)),
        (20161020.0, datetime(2016, 10, 20)),
        ("2021-01-07 6:49:18", datetime(2021, 1, 7, 6, 49, 18)),
        (1719252562899, datetime(2024, 6, 24, 18, 9, 22, 899000)),
        ("1750275992", datetime(2025, 6, 18, 19, 46, 32)),
        (1750275992, datetime(2025, 6, 18, 19, 46, 32)),
        ("1750275992000000", datetime(2025, 6, 18, 19, 46, 32)),
        ("2024-05-01T10:00:00.123456789", datetime(2024, 5, 1, 10, 0, 0, 123456)),
    ],
)
def test_instants_become_utc(value: object, expected: datetime) -> None:
    assert instant_reader(("%Y-%m-%d %H:%M:%S",), UTC_ZONE)(value) == expected


def test_an_instant_without_zone_is_local_to_the_channel() -> None:
    read = instant_reader(("%m/%d/%Y %I:%M:%S %p",), ZoneInfo("America/New_York"))
    assert read("08/09/2026 10:45:00 AM") == datetime(2026, 8, 9, 14, 45)
    assert read("2026-01-09T10:45:00") == datetime(2026, 1, 9, 15, 45)


@pytest.mark.parametrize(
    "value", ["yesterday", "13/45/2024", "01/02/2024", "", "0000-00-00", float("nan"), 10**20, True]
)
def test_what_is_no_instant_says_what_is_allowed(value: object) -> None:
    with pytest.raises(ValueFault, match=r"allowed|outside"):
        instant_reader((), UTC_ZONE)(value)


@given(st.text(max_size=40) | st.integers() | st.floats() | st.booleans())
def test_reading_instants_never_fails_otherwise(value: object) -> None:
    with contextlib.suppress(ValueFault):
        assert instant_reader((), ZoneInfo("Asia/Kolkata"))(value).tzinfo is None


@given(st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1), timezones=st.timezones()))
def test_iso_text_round_trips_from_any_zone(moment: datetime) -> None:
    expected = moment.astimezone(UTC).replace(tzinfo=None)
    assert instant_reader((), UTC_ZONE)(moment.astimezone(UTC).isoformat()) == expected


def test_absurd_instants_are_refused() -> None:
    received_at = datetime(2026, 1, 1)
    check_instant(datetime(1990, 1, 1), received_at, timedelta(days=1))
    check_instant(datetime(2026, 1, 2), received_at, timedelta(days=1))
    with pytest.raises(ValueFault, match="before 1990"):
        check_instant(datetime(1970, 1, 1), received_at, timedelta(days=1))
    with pytest.raises(ValueFault, match="after receipt"):
        check_instant(datetime(2026, 1, 2, 0, 0, 1), received_at, timedelta(days=1))


@pytest.mark.parametrize(
    ("value", "expected"),
    [(True, "granted"), ("YES", "granted"), (0, "denied"), ("opt_out", "denied")],
)
def test_consent(value: object, expected: str) -> None:
    assert consent_reader(shipped_intake_lists())(value) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [(1.0, "granted"), (0.0, "denied"), ("1.0", "granted"), ("0.0", "denied"), (0, "denied")],
)
def test_consent_in_a_column_of_numbers_with_gaps(value: object, expected: str) -> None:
    assert consent_reader(shipped_intake_lists())(value) == expected


# Plain words, then those of a ticked box.
@pytest.mark.parametrize(
    ("granted", "denied"),
    [
        ("yes", "no"), ("ja", "nein"), ("ja", "nee"), ("ja", "nej"), ("ja", "nei"),
        ("oui", "non"), ("sí", "no"), ("sim", "não"), ("da", "nu"), ("da", "ne"), ("tak", "nie"),
        ("áno", "nie"), ("ano", "ne"), ("igen", "nem"), ("kyllä", "ei"), ("jah", "ei"),
        ("taip", "ne"), ("jā", "nē"), ("ναι", "όχι"), ("да", "нет"), ("так", "ні"),
        ("evet", "hayır"), ("نعم", "لا"), ("כן", "לא"), ("はい", "いいえ"), ("是", "否"),
        ("예", "아니요"), ("ya", "tidak"), ("có", "không"), ("हाँ", "नहीं"),
        ("I agree", "I don't agree"), ("Ich stimme zu", "Ich stimme nicht zu"),
        ("J'accepte", "Je n'accepte pas"), ("Acepto", "No acepto"), ("Aceito", "Não aceito"),
        ("Acconsento", "Non acconsento"), ("Akkoord", "Niet akkoord"),
        ("Jag samtycker", "Jag samtycker inte"), ("Jeg samtykker", "Jeg samtykker ikke"),
        ("Hyväksyn", "En hyväksy"), ("Wyrażam zgodę", "Nie wyrażam zgody"),
        ("Souhlasím", "Nesouhlasím"), ("Elfogadom", "Nem fogadom el"),
        ("Sunt de acord", "Nu sunt de acord"), ("Согласен", "Не согласен"),
        ("Kabul ediyorum", "Kabul etmiyorum"), ("同意します", "同意しません"),
        ("同意", "不同意"), ("동의합니다", "동의하지 않습니다"),
    ],
)  # fmt: skip
def test_each_language_can_grant_and_deny(granted: str, denied: str) -> None:
    read = consent_reader(shipped_intake_lists())
    assert (read(granted), read(denied)) == ("granted", "denied")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        *[(word, "denied") for word in (True, 1, 1.0, "YES", "ja", "Oui", "Sí", "true", "checked")],
        *[(word, "denied") for word in ("STOP", "opted out", "Unsubscribed", "Do Not Allow")],
        *[(word, None) for word in (False, 0, 0.0, "0.0", "No", "nein", "Não", "FALSE", "нет")],
        *[(word, None) for word in ("Allow", "Subscribed", "opt-in", "abonniert")],
    ],
)
def test_an_opt_out_denies_or_says_nothing(value: object, expected: str | None) -> None:
    lists = shipped_intake_lists()
    assert opt_out_reader(lists)(value) == expected


def test_an_opt_out_that_is_neither_is_refused() -> None:
    lists = shipped_intake_lists()
    with pytest.raises(ValueFault, match="'maybe' does not say whether somebody opted out"):
        opt_out_reader(lists)("maybe")


# Of Mailchimp, Brevo, Klaviyo, HubSpot, ActiveCampaign, SendGrid, Shopify and Salesforce.
STATES_OF_NO_CONSENT = (
    *("Cleaned", "Bounced", "Hard bounced", "soft_bounce", "Non-Subscribed", "NEVER_SUBSCRIBED"),
    *("Not subscribed", "Unengaged", "Transactional only", "Archived", "Pending", "Unconfirmed"),
    *("Held", "Undeliverable", "Pending confirmation", "Unbestätigt", "En attente", "Rebotado"),
    *("Redacted", "Quarantined", "Not specified"),
)


@pytest.mark.parametrize("state", STATES_OF_NO_CONSENT)
def test_a_state_of_a_mailbox_neither_grants_nor_denies(state: str) -> None:
    lists = shipped_intake_lists()
    for read in (consent_reader(lists, "consent_email"), opt_out_reader(lists, "consent_email")):
        for text in (state, state.upper(), f" {state.lower()} "):
            with pytest.raises(ValueFault, match="nobody agreed and nobody refused"):
                read(text)


@pytest.mark.parametrize(
    "state",
    ["Spam report", "Spam Reports", "Complained", "COMPLAINT", "Spam complaint", "spam",
     "Reported as spam", "Abuse complaint", "Suppressed", "Manually suppressed", "Blocklisted",
     "Blacklisted", "Global unsubscribe", "GROUP_UNSUBSCRIBE", "Unsubscribed", "Opted out",
     "Unsubscribed by admin", "Spam-Beschwerde", "Marcado como spam", "Signalé comme spam"],
)  # fmt: skip
def test_a_complaint_an_unsubscribe_and_a_suppression_deny(state: str) -> None:
    """`Spam report` was no consent that anybody knew: who complained was as who never was asked."""
    lists = shipped_intake_lists()
    for read in (consent_reader(lists), opt_out_reader(lists)):
        assert read(state) == "denied"


def test_no_state_of_a_mailbox_is_a_word_of_consent() -> None:
    lists = shipped_intake_lists()
    assert lists.without_consent
    for state in lists.without_consent:
        assert (lists.says_consent(state, "email"), lists.says_opt_out(state)) == (None, None)
        assert lists.denied_channels(state) == ()


TRUTHS = shipped_intake_lists().truths


@pytest.mark.parametrize("value", [True, "TRUE", " yes ", 1, 1.0, "1.0", "-1", "Wahr", "x", "да"])
def test_yes(value: object) -> None:
    assert truth_reader(TRUTHS)(value) is True


@pytest.mark.parametrize("value", [False, "False", "NO", 0, 0.0, "0.0", "falsch", "não", "нет"])
def test_no(value: object) -> None:
    assert truth_reader(TRUTHS)(value) is False


@pytest.mark.parametrize("value", ["maybe", "", "-", "2", "10", "✓?", "y" * 500])
def test_what_is_neither_yes_nor_no_is_refused(value: object) -> None:
    with pytest.raises(ValueFault, match="is neither yes nor no; allowed"):
        truth_reader(TRUTHS)(value)


def test_consent_that_is_neither_is_refused() -> None:
    with pytest.raises(ValueFault, match="'maybe' is not a consent"):
        consent_reader(shipped_intake_lists())("maybe")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (" a ", "a"), (250, "250"), (5.0, "5"), (2.5, "2.5"), (True, "true"),
        (["a", None, " b "], "a, b"), ([], None), ({"b": 1, "a": 2}, '{"a":2,"b":1}'), (None, None),
    ],
)  # fmt: skip
def test_text(value: object, expected: str | None) -> None:
    assert read_text(value) == expected


def test_reasons_quote_values_shortly() -> None:
    assert show("x" * 500).endswith("… (502 characters)")


def test_equal_content_gives_equal_json() -> None:
    assert canonical_json({"b": 1, "a": "ü"}) == canonical_json({"a": "ü", "b": 1})


@pytest.mark.parametrize(
    ("text", "said"),
    [("No (verbal)", "denied"), ("No, e-mail only", "denied"), ("No, thank you", "denied"),
     ("Opted out on 2024-01-01", "denied"), ("nein - am Telefon gesagt", "denied"),
     ("Yes, but ask first", None), ("Yes (verbal), no", None), ("maybe (later)", None)],
)  # fmt: skip
def test_a_refusal_with_a_note_is_one_and_a_grant_with_one_is_none(
    text: str, said: str | None
) -> None:
    """An earlier grant stayed, for `No (verbal)` was no word of a consent."""
    assert shipped_intake_lists().says_consent(text) == said
