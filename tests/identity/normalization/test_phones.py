import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lead_platform.identity.normalization.phones import NO_PHONE, Phone, normalize_phone
from lead_platform.vocabularies.tables import Vocabularies


@pytest.mark.parametrize(
    ("raw", "country", "expected"),
    [
        ("(415) 200-4567", "US", Phone("+14152004567", "fixed_line_or_mobile", "US")),
        ("+1 (415) 200-4567 ext. 12", None, Phone("+14152004567", "fixed_line_or_mobile", "US")),
        ("tel:+1-416-967-1111", None, Phone("+14169671111", "fixed_line_or_mobile", "CA")),
        ("1-800-FLOWERS", "US", Phone("+18003569377", "toll_free", "US")),
        ("0049 30 901820", None, Phone("+4930901820", "fixed_line", "DE")),
        ("+49 (0)30 901820", None, Phone("+4930901820", "fixed_line", "DE")),
        ("030 901820", "DE", Phone("+4930901820", "fixed_line", "DE")),
        ("919812345678", "IN", Phone("+919812345678", "mobile", "IN")),
        ("011 44 20 7031 3000", "US", Phone("+442070313000", "fixed_line", "GB")),
        ("＋１４１５２００４５６７", None, Phone("+14152004567", "fixed_line_or_mobile", "US")),
        ("00 1 415 200 4567", "DE", Phone("+14152004567", "fixed_line_or_mobile", "US")),
        ("0011 44 20 7031 3000", "AU", Phone("+442070313000", "fixed_line", "GB")),
        ("131 2345 6788", "CN", Phone("+8613123456788", "mobile", "CN")),
    ],
)
def test_e164(raw: str, country: str | None, expected: Phone, vocabularies: Vocabularies) -> None:
    assert normalize_phone(raw, country, vocabularies) == expected


@pytest.mark.parametrize("raw", ["(212) 555-0123", "+442079460018", "07700 900123"])
def test_numbers_for_film_and_samples_are_kept_and_marked(
    raw: str, vocabularies: Vocabularies
) -> None:
    country = "US" if raw.startswith("(") else "GB"
    found = normalize_phone(raw, country, vocabularies)
    assert found.kind == "fictional"
    assert found.phone is not None


@pytest.mark.parametrize(
    ("raw", "country", "reason"),
    [
        ("1234567890", "US", "placeholder"),
        ("000-000-0000", "US", "placeholder"),
        ("5555555555", "US", "placeholder"),
        ("+91 98765 43210", None, "placeholder"),
        ("n/a", "US", "placeholder"),
        ("030 901820", None, "no country code, and no country to read it with"),
        ("555-CALL-NOW", "US", "no such number under +1"),
        ("555-0100", "US", "area code missing"),
        ("+999 123456", None, "no such country code"),
        ("+49 1", None, "too short"),
        ("call me", "US", "not a phone number"),
        ("1" * 61, "US", "longer than 60 characters"),
    ],
)
def test_what_nobody_can_dial_says_why(
    raw: str, country: str | None, reason: str, vocabularies: Vocabularies
) -> None:
    assert normalize_phone(raw, country, vocabularies) == Phone(reason=reason)


def test_nothing_given_is_no_issue(vocabularies: Vocabularies) -> None:
    assert normalize_phone("  ", "US", vocabularies) == NO_PHONE


@pytest.mark.parametrize("region", sorted(phonenumbers.region_codes_for_country_code(1)))
def test_the_area_code_tells_the_country(region: str, vocabularies: Vocabularies) -> None:
    example = phonenumbers.example_number(region)
    assert example is not None
    found = normalize_phone(phonenumbers.format_number(example, 0), None, vocabularies)
    assert found.country == phonenumbers.region_code_for_number(example)


@given(
    st.text() | st.from_regex(r"\+?[0-9 ()/-]{5,18}", fullmatch=True),
    st.sampled_from([None, "US", "DE", "GB", "IN", "BR"]),
)
def test_twice_is_once_and_nothing_raises(
    vocabularies: Vocabularies, raw: str, country: str | None
) -> None:
    once = normalize_phone(raw, country, vocabularies)
    if once.phone is not None:
        assert normalize_phone(once.phone, country, vocabularies) == once
        assert normalize_phone(once.phone, None, vocabularies) == once


@pytest.mark.parametrize(
    ("raw", "country", "expected"),
    [
        ("Austria 0664 1234567", "DE", "+436641234567"),
        ("0664 1234567 (Österreich)", "DE", "+436641234567"),
        ("Handy Schweiz 079 123 45 76", "DE", "+41791234576"),
        ("UK (020) 7031 3000", "FR", "+442070313000"),
        ("U.S.A. 415-200-4567", "GB", "+14152004567"),
        ("New Zealand 021 123 4567", "AU", "+64211234567"),
        ("ES 612 345 678", "DE", "+34612345678"),
        # Another country's word beside a number of its own, and words that name none.
        ("+44 20 7031 3000 Germany", "FR", "+442070313000"),
        ("Tel. 030 901820 (Mo-Fr)", "DE", "+4930901820"),
        ("NO 030 901820", "DE", "+4930901820"),
        ("New Mexico 505-200-4567", "US", "+15052004567"),
        ("DE 302-200-4567", "US", "+13022004567"),
        ("(IL) 312 200 4567", "US", "+13122004567"),
        ("Georgia office 404-200-4567", "US", "+14042004567"),
        ("Office in South Korea 02-312-3456", "US", "+8223123456"),
        ("call me 415 200 4567 after 5 PM", "US", "+14152004567"),
        # Which of them is whose is not said, and no number there has these digits.
        ("UK 020 7031 3000 / USA 415 200 4567", "DE", None),
        ("Austria 415-200-4567-99-1234", "US", None),
    ],
)
def test_a_country_beside_a_number_is_its_own(
    raw: str, country: str, expected: str | None, vocabularies: Vocabularies
) -> None:
    """`UK 7911 123456` of a German channel was another person's German number."""
    assert normalize_phone(raw, country, vocabularies).phone == expected


# What people write beside a number: whose it is, which line, when they are there.
LABELS = (
    "IT", "MA", "FR", "HR", "PA", "PR", "ET", "EST", "PT", "NR", "LU", "VE", "ME", "IS", "AS",
    "Sina", "Alan", "Frans", "Iryna", "Lenn", "Chad", "Jordan", "Georgia May", "Call Jordan",
    "India Smith", "Israel", "Kenya Jones", "China Town", "Home", "IT desk",
    "DI-FR", "Sa", "Büro", "Chef",
)  # fmt: skip
# Countries too, whose numbers some of those below may be.
MAY_BE_ABROAD = {"IT", "MA", "FR", "HR", "LU", "VE"}


@pytest.mark.parametrize(
    ("number", "country", "phone"),
    [
        ("030 901820", "DE", "+4930901820"), ("0171 2345678", "DE", "+491712345678"),
        ("415-200-4567", "US", "+14152004567"), ("06 12 34 56 78", "FR", "+33612345678"),
        ("020 7031 3000", "GB", "+442070313000"), ("06 21234567", "NL", "+31621234567"),
        ("0664 1234567", "AT", "+436641234567"), ("612 345 678", "ES", "+34612345678"),
        ("+49 30 901820", "US", "+4930901820"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("form", ["{label} {number}", "{label}: {number}", "{number} ({label})"])
def test_no_word_beside_a_number_makes_another_of_it(
    number: str, country: str, phone: str, form: str, vocabularies: Vocabularies
) -> None:
    """IT: 030 901820 of a German desk was a number of Brescia, Sina 0221 9876543 one of China."""
    for label in LABELS:
        raw = form.format(label=label, number=number)
        read = normalize_phone(raw, country, vocabularies)
        if label == "Chef":
            assert read == Phone(reason="marked as somebody else's"), raw
        elif read.phone is None:
            assert label in MAY_BE_ABROAD, raw
            assert f"may be {phone} or " in str(read.reason), raw
        else:
            assert read.phone == phone, raw


def test_a_word_that_may_be_a_country_says_nothing_of_several_numbers(
    vocabularies: Vocabularies,
) -> None:
    read = normalize_phone("IT: 030 901820; 030 901821", "DE", vocabularies)
    assert (read.phone, read.others) == ("+4930901820", ("+4930901821",))


def test_two_short_groups_may_be_one_number(vocabularies: Vocabularies) -> None:
    """Uruguay has numbers of four digits, and of eight."""
    read = normalize_phone("2901; 2345", "UY", vocabularies)
    assert read == Phone(reason="one number or several: no sign tells which")


def test_an_international_number_stays_beside_one_that_may_be_anywhere(
    vocabularies: Vocabularies,
) -> None:
    raw = "415-200-4567 / +49 30 901820 Germany"
    assert normalize_phone(raw, "US", vocabularies).phone == "+4930901820"
