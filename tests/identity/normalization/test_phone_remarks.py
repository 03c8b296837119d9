"""Whatever people write beside a number, none of it becomes a digit of it."""

import phonenumbers
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from phonenumbers import PhoneNumber, PhoneNumberFormat

from lead_platform.identity.normalization.phone_countries import countries_beside
from lead_platform.identity.normalization.phones import normalize_phone
from lead_platform.vocabularies.phone_words import is_against_numbers
from lead_platform.vocabularies.tables import Vocabularies
from tests.identity.normalization.test_phone_forms import numbers

# Hours, days, places, persons, orders, as written in a dozen languages; capitals among them.
REMARKS = (
    "9-17", "24/7", "8 - 18", "9–5", "24h", "9am-5pm", "after 6pm", "AFTER 6 PM", "call 9-17",
    "Mo-Fr 9-12 Uhr", "ab 18 Uhr", "bis 17", "Lun-Ven 9h-18h", "de 9 a 17", "dalle 9 alle 13",
    "po 17:00", "после 18", "9時から17時", "بعد ٦ مساء", "saat 9-18 arası", "seg-sex 9-18",
    "ask for BOB", "ASK FOR BOB", "BOB", "ext. ask Anna", "ask for Anna", "chiedere di Anna",
    "WORK", "HOME", "CELL", "MOBIL", "FAX", "ISDN", "VIP", "M", "W", "h", "EST", "GMT+1", "UTC-5",
    "Büro 3", "Zimmer 12", "Room 312", "2nd floor", "2. Etage", "3 rd", "wew. 12", "Q3", "no SMS",
    "NO SMS", "c/o Anna", "since 2024", "ab 2024", "2 Kinder", "4 You", "line 2", "1st", "2x",
    "pas avant 10h", "niet voor 9", "ring efter 16", "kl. 8-16", "dopo le 14", "Call NOW",
)  # fmt: skip
# No sign at all tells where digits end that are written as one: there is always one here.
PLACES = (
    "{number} {remark}", "{remark} {number}", "{number}, {remark}", "{remark}, {number}",
    "{remark}: {number}", "{number}: {remark}", "{number} ({remark})", "({remark}) {number}",
    "{number} - {remark}", "{remark} - {number}", "{number} / {remark}", "{remark} / {number}",
    "{number}; {remark}", "{remark}; {number}", "{number}. {remark}", "{remark}. {number}",
    "{number}\n{remark}", "{remark}\n{number}", "{number} [{remark}]", "{number} – {remark}",
    "{number} | {remark}", "{number} -{remark}", "{number}/{remark}", "{remark}/{number}",
    "{remark} {number} {remark}", "{number} *{remark}*", '{number} "{remark}"',
)  # fmt: skip
FORMS = (
    PhoneNumberFormat.NATIONAL,
    PhoneNumberFormat.INTERNATIONAL,
    PhoneNumberFormat.E164,
)
WORDS = st.text(
    st.characters(categories=["Lu", "Ll", "Lo"], include_characters="abcdefXYZ"),
    min_size=1,
    max_size=6,
)
FIGURES = st.integers(1, 24).map(str)
# Figures without a word are digits like the number's own.
MADE_UP = st.one_of(
    WORDS,
    st.tuples(WORDS, FIGURES).map(" ".join),
    st.tuples(FIGURES, WORDS).map(" ".join),
    st.tuples(WORDS, FIGURES, WORDS).map(" ".join),
)


@settings(max_examples=2_000)
@given(
    numbers(),
    st.sampled_from(REMARKS) | MADE_UP,
    st.sampled_from(PLACES),
    st.sampled_from(FORMS),
    st.booleans(),
)
def test_no_remark_becomes_digits_of_a_number(
    vocabularies: Vocabularies,
    found: tuple[PhoneNumber, str],
    remark: str,
    place: str,
    form: int,
    has_country: bool,
) -> None:
    """Letters went to libphonenumber as digits ("ask for BOB"), hours before a number joined it
    ("24/7 030 …"), and where plans are loose another valid number came out."""
    # A country is no remark: 050-234-0000 AE. What may be one, test_phones asks.
    assume(not countries_beside(remark, None, vocabularies))
    number, region = found
    raw = place.format(number=phonenumbers.format_number(number, form), remark=remark)
    read = normalize_phone(raw, region if has_country else None, vocabularies)
    e164 = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    assert read.phone in (None, e164), (raw, region if has_country else None)
    assert set(read.others) <= {e164}, (raw, region if has_country else None)
    assert read.phone or read.reason, raw


@pytest.mark.parametrize(
    ("raw", "country", "expected"),
    [
        ("(415) 555-2671 ask for BOB", "US", "+14155552671"),
        ("(415) 555-2671 24/7", "US", "+14155552671"),
        ("415-555-2671 HOME", "US", "+14155552671"),
        ("06 12 34 56 78 9h-18h", "FR", "+33612345678"),
        ("+49 30 589481 ask for BOB", None, "+4930589481"),
        ("030 58948121 MOBIL", "DE", "+493058948121"),
        ("24/7 030 58948121", "DE", None),
        ("030 58948121 9-17", "DE", None),
        ("030 58948121-24h", "DE", None),
        ("Tel. (Büro 3) 030 58948121", "DE", None),
        ("Tel 347 0123456", "IT", "+393470123456"),
        ("030 589481-24", "DE", "+4930589481" + "24"),
    ],
)
def test_what_is_read_beside_remarks(
    raw: str, country: str | None, expected: str | None, vocabularies: Vocabularies
) -> None:
    assert normalize_phone(raw, country, vocabularies).phone == expected


@pytest.mark.parametrize(
    ("raw", "country", "expected"),
    [
        ("1-800-GO-FEDEX", "US", "+18004633339"),
        ("(800) FLOWERS", "US", "+18003569377"),
        ("415-555-HOME", "US", "+14155554663"),
        ("+1 800 FLOWERS", None, "+18003569377"),
        ("+1 800 FLOWERS", "DE", "+18003569377"),
        # A local number with a remark, digits that are masked, letters where nobody dials them.
        ("415 5552671 BOB", "US", "+14155552671"),
        ("415-5552-BOB", "US", None),
        ("555-2671 BOB", "US", None),
        ("415-555-XXXX", "US", None),
        ("800-FLOWERS", "DE", None),
        ("0151 55501234 BOB", "DE", "+4915155501234"),
        ("030 589481 HOME", "DE", "+4930589481"),
    ],
)
def test_letters_are_digits_only_where_the_whole_number_is_dialled_by_them(
    raw: str, country: str | None, expected: str | None, vocabularies: Vocabularies
) -> None:
    assert normalize_phone(raw, country, vocabularies).phone == expected


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ("WRONG NUMBER 415-555-2671", "a wrong number"),
        ("415-555-2671 (wrong no.)", "a wrong number"),
        ("falsche Nummer: 415-555-2671", "a wrong number"),
        ("415-555-2671; wrong number", "a wrong number"),
        ("(numéro erroné) 415-555-2671", "a wrong number"),
        ("415-555-2671 - no longer in service", "out of service"),
        ("415-555-2671 doesn't exist", "out of service"),
        ("Telefax 415-555-2671", "a fax"),
        ("wife 415-555-2671", "somebody else's"),
        ("415-555-2671 (Sekretärin)", "somebody else's"),
    ],
)
def test_a_number_by_which_nobody_reaches_the_person_is_none(
    raw: str, reason: str, vocabularies: Vocabularies
) -> None:
    """Words were thrown away, and with them that the number is wrong, a fax or the assistant's."""
    read = normalize_phone(raw, "US", vocabularies)
    assert (read.phone, read.others) == (None, ())
    assert reason in str(read.reason)


@pytest.mark.parametrize("form", ["{word} {number}", "{word}: {number}", "{number} ({word})"])
@pytest.mark.parametrize(
    ("word", "reason"),
    [
        *((word, "somebody else's") for word in (
            "mum", "brother", "son", "daughter", "partner", "guardian", "colleague", "hijo",
            "fils", "vrouw", "жена", "Bruder", "Kollegin", "ma femme", "collègue", "figlia",
            "irmão", "syster", "søn", "vaimo", "córka", "manželka", "férje", "kardeşi", "妻",
            "妻子手机", "お母さんの携帯", "남편", "어머니폰", "my ex-wife's cell", "next of kin",
        )),
        *((word, "a wrong number") for word in (
            "old", "wrong", "Old mobile", "alte", "ancien", "antiguo", "vecchio", "oud", "gammal",
            "stary", "старый", "旧号码",
        )),
    ],
)  # fmt: skip
def test_a_word_beside_a_number_says_whose_it_is(
    word: str, reason: str, form: str, vocabularies: Vocabularies
) -> None:
    """wife refused the number, and mum left it the lead's."""
    read = normalize_phone(form.format(word=word, number="415-555-2671"), "US", vocabularies)
    assert (read.phone, reason in str(read.reason)) == (None, True)


def test_what_is_old_in_a_column_of_its_own_is_no_number() -> None:
    assert not is_against_numbers("old")
    assert is_against_numbers("old number")


@pytest.mark.parametrize(
    "word", ["Tel./Fax:", "Phone & Fax", "Téléphone / Fax", "Telefon und Telefax"]
)
def test_a_line_for_both_is_a_phone(word: str, vocabularies: Vocabularies) -> None:
    assert normalize_phone(f"{word} 415-555-2671", "US", vocabularies).phone == "+14155552671"


@pytest.mark.parametrize("between", ["; ", "\n", ", ", " / "])
def test_the_fax_beside_a_phone_is_left_out(between: str, vocabularies: Vocabularies) -> None:
    raw = f"Tel. 415-555-2671{between}Fax 415-555-2672"
    read = normalize_phone(raw, "US", vocabularies)
    assert (read.phone, read.others) == ("+14155552671", ())
