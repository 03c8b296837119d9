"""Whatever form a number arrives in, it is read as that number or not at all."""

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from phonenumbers import PhoneNumber, PhoneNumberFormat, PhoneNumberType

from lead_platform.identity.normalization.phones import normalize_phone
from lead_platform.vocabularies.tables import Vocabularies

REGIONS = sorted(phonenumbers.SUPPORTED_REGIONS)
KINDS = (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE)


@st.composite
def numbers(draw: st.DrawFn) -> tuple[PhoneNumber, str]:
    """A valid number near the example of a region, and the region."""
    region = draw(st.sampled_from(REGIONS))
    example = phonenumbers.example_number_for_type(region, draw(st.sampled_from(KINDS)))
    if example is None:
        example = phonenumbers.example_number(region)
    assert example is not None
    tail = draw(st.integers(0, 9999))
    near = PhoneNumber()
    near.merge_from(example)
    near.national_number = example.national_number // 10_000 * 10_000 + tail
    return (near if phonenumbers.is_valid_number(near) else example), region


def _exponent(digits: str) -> str:
    return f"{digits[0]}.{digits[1:]}E+{len(digits) - 1}"


def _rounded(digits: str) -> str:
    return f"{digits[0]}.{digits[1:6]}E+{len(digits) - 1}"


def forms_of(number: PhoneNumber) -> dict[str, str]:
    """How people, forms and spreadsheets write it."""
    e164 = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    national = phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL)
    international = phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL)
    significant = phonenumbers.national_significant_number(number)
    digits = e164[1:]
    head, _, tail = national.partition(" ")
    code = str(number.country_code)
    return {
        "e164": e164,
        "international": international,
        "national": national,
        "rfc3966": phonenumbers.format_number(number, PhoneNumberFormat.RFC3966),
        "zeros": f"00{digits}",
        "plus lost": digits,
        "plus lost, grouped": international[1:],
        "plus as space": f" {digits}",
        "percent-encoded": f"%2B{digits}",
        "decimals": f"{digits}.0",
        "decimals of the national": f"{significant}.0",
        "comma and decimals": f"{digits},00",
        "decimals behind groups": f"{national}.0",
        "exact exponent": _exponent(digits),
        "exact national exponent": _exponent(significant),
        "rounded": _rounded(digits),
        "rounded national": _rounded(significant),
        "thousands": f"{int(digits):,}",
        "zero lost": significant,
        "bracketed zero": f"+{code} (0) {significant}",
        "spelled zero": f"+{code} 0 {significant}",
        "formula": f'="{e164}"',
        "apostrophe": f"'{e164}",
        "vendor": f"p:{e164}",
        "chat link": f"https://wa.me/{digits}",
        "labelled": f"Mobil: {national}",
        "remark behind": f"{national} (privat)",
        "remark before": f"Anna {national}",
        "remark with a figure": f"{national} ab 18 Uhr",
        "extension": f"{national} ext. 123",
        "German extension": f"{national} DW 12",
        "slash": f"{head} / {tail}",
        "tight slash": f"{head}/{tail}",
        "two endings": f"{national}/24",
        "mailbox": f"anna@example.com / {national}",
        "letter for zero": national.replace("0", "O", 1) if national[:1] == "0" else national,
        "twice": f"{national}, {e164}",
        "lines": f"{national}\n{e164}",
        "commas": national.replace(" ", ","),
        "semicolons": national.replace(" ", ";"),
        "underscores": national.replace(" ", "_"),
        "stars": national.replace(" ", "*"),
        "spoken": national.replace(" ", " Mobil "),
        "dots": national.replace(" ", "."),
        "slashes": national.replace(" ", "/"),
    }


FORMS = sorted(forms_of(phonenumbers.parse("+49301234567")))


@settings(max_examples=1_500)
@given(numbers(), st.sampled_from(FORMS), st.booleans())
def test_no_form_of_a_number_gives_another_number(
    vocabularies: Vocabularies, found: tuple[PhoneNumber, str], form: str, has_country: bool
) -> None:
    number, region = found
    e164 = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    raw = forms_of(number)[form]
    read = normalize_phone(raw, region if has_country else None, vocabularies)
    assert read.phone in (None, e164), (raw, region if has_country else None)
    assert set(read.others) <= {e164}


BEFORE_AREA_CODE = (" / ", "/", " ", "-", "/ (0) ")
BEFORE_ENDING = ("/", " / ", "/-", " / -", "\\", "~", " ~ ", "...", " (", " [")
CLOSING = {" (": ")", " [": "]"}


@pytest.mark.parametrize(
    ("raw", "country"),
    [
        ("030 / 5550-12 / 13", "DE"), ("089/999981-23/-24", "DE"), ("01/5550123/24", "AT"),
        ("02/5550123/24", "IT"), ("030/555012/13", "DE"), ("030/5550-12 (13)", "DE"),
        ("030 5550-12~14", "DE"), ("030 5550-12 - 14", "DE"), ("030 5550-12–14", "DE"),
        ("030 5550-12...14", "DE"),
    ],
)  # fmt: skip
def test_a_further_ending_is_no_digit_of_a_number(
    raw: str, country: str, vocabularies: Vocabularies
) -> None:
    read = normalize_phone(raw, country, vocabularies)
    assert read.phone is None
    assert read.reason == "one number or several: no sign tells which"


@pytest.mark.parametrize(
    ("raw", "country", "phone"),
    [
        ("06/12/34/56/78", "FR", "+33612345678"), ("0612/34/56/78", "FR", "+33612345678"),
        ("02/555/01/23", "BE", "+3225550123"), ("044/555/01/23", "CH", "+41445550123"),
        ("+1-212 - 555 - 0199", None, "+12125550199"), ("030/5550 - 1234", "DE", "+493055501234"),
        ("+49 151 55501234/35", None, "+4915155501234"),
    ],
)  # fmt: skip
def test_groups_of_digits_are_one_number(
    raw: str, country: str | None, phone: str, vocabularies: Vocabularies
) -> None:
    assert normalize_phone(raw, country, vocabularies).phone == phone


@settings(max_examples=500)
@given(
    numbers(),
    st.sampled_from(BEFORE_AREA_CODE),
    st.lists(
        st.tuples(st.sampled_from(BEFORE_ENDING), st.integers(0, 9999)), min_size=1, max_size=3
    ),
    st.sampled_from(("national", "international", "e164")),
    st.booleans(),
)
def test_no_further_ending_becomes_digits_of_a_number(
    vocabularies: Vocabularies,
    found: tuple[PhoneNumber, str],
    before_rest: str,
    endings: list[tuple[str, int]],
    form: str,
    has_country: bool,
) -> None:
    number, region = found
    e164 = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    written = before_rest.join(forms_of(number)[form].split(" ", maxsplit=1))
    raw = written + "".join(f"{sign}{ending}{CLOSING.get(sign, '')}" for sign, ending in endings)
    read = normalize_phone(raw, region if has_country else None, vocabularies)
    assert read.phone in (None, e164), (raw, region if has_country else None)
