"""Whatever form a number arrives in, it is read as that number or not at all; what people usually
write is read."""

import re
from itertools import accumulate

import phonenumbers
import pytest
from hypothesis import assume, given, settings
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
        "plus before the national": f"+{national}",
        "plus and space before the national": f"+ {national}",
        "plus before the bracketed national": f"+({head}) {tail}",
        "plus and zero": f"+0{significant}",
        "zero and code": f"+0{digits}",
    }


def decorated(number: PhoneNumber) -> dict[str, str]:
    """What people write around it, in its national and its international form."""
    national = phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL)
    international = phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL)
    code = str(number.country_code)
    found = {"code twice": f"+{code} {international[1:]}"}
    for name, text in (("national", national), ("international", international)):
        found |= {f"{name}: {mark}": mark.replace("#", text) for mark in DECORATIONS}
        found |= {
            f"{name}: caller hidden": f"*31#{text}",
            f"{name}: hash": f"{text}#",
            f"{name}: tildes": text.replace(" ", "~"),
            f"{name}: l for 1": text.replace("1", "l"),
            f"{name}: l at its end": f"{text[:-1]}l",
        }
    return found


DECORATIONS = (
    "1) #", "1. #", "2: #", "(3) #", "12. #", "# (2)", "# (12)", "# (9-12)", "# (9-17 Uhr)",
    "# 9am-5pm", "# 8-16h", "# (Mo-Fr 9:00-17:00)", "# 2024", "# 01.02.2024", "#/12", "# / 24",
    "#/24/25", "# 2. Etage", "# 2 Etage", "Zimmer 12 #", "# wew. 12", "# linka 123", "#(内線12)",
    "# доб. 12", "# +12", "# *22", "'#", "# ' 12",
)  # fmt: skip
# Behind a hyphen a desk's number goes on in Germany and Austria.
ENDINGS = ("#-0", "#-12", "# - 12", "#~12", "#-10 to -20", "# – 22")
DIALLED_THROUGH = (43, 49)
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


@pytest.mark.parametrize("raw", ["+(670) 234-0000", "+ (670) 234-0000"])
def test_an_area_code_in_brackets_that_is_a_country_code_too_is_asked(
    raw: str, vocabularies: Vocabularies
) -> None:
    """Without a country, the Marianas were Timor-Leste."""
    read = normalize_phone(raw, None, vocabularies)
    assert read.phone is None
    assert "may be +" in str(read.reason)


def test_a_zero_behind_a_plus_may_be_one_too_many(vocabularies: Vocabularies) -> None:
    """A mobile of Italy was a line in Como."""
    read = normalize_phone("+03123450000", "IT", vocabularies)
    assert read.phone is None
    assert "+393123450000" in str(read.reason)


@settings(max_examples=600)
@given(numbers(), st.sampled_from(("+#", "00#", "#")), st.booleans())
def test_a_code_that_stands_twice_gives_no_other_number(
    vocabularies: Vocabularies, found: tuple[PhoneNumber, str], form: str, has_country: bool
) -> None:
    """A formula put +49 before numbers that had 49 already: +49 4915… became a line in Leer."""
    number, region = found
    e164 = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    significant = phonenumbers.national_significant_number(number)
    twice = f"{number.country_code}{number.country_code}{significant}"
    if number.country_code == 39 or len(significant) + len(str(number.country_code)) > 10:
        allowed = {None, e164}
    else:
        # +49 4921 1… are Emden's: as many digits as people there have.
        allowed = {None, e164, f"+{twice}"}
    read = normalize_phone(form.replace("#", twice), region if has_country else None, vocabularies)
    assert read.phone in allowed


@pytest.mark.parametrize(
    ("raw", "country", "phone"),
    [
        ("+494917612345670", "DE", None), ("494917612345670", "DE", None),
        ("+49491511234567", "DE", None), ("+6262812345979", "ID", None),
        ("+49 491 511234567", "DE", "+49491511234567"), ("+494921234567", "DE", "+494921234567"),
        ("+49 4921 234567", "DE", "+494921234567"), ("+3333 6 12 34 56 79", "FR", "+33612345679"),
        ("+555511987654322", "BR", "+5511987654322"), ("+43436641234569", "AT", "+436641234569"),
        ("+46464027135", "SE", "+46464027135"), ("+39 391 234 5679", "IT", "+393912345679"),
        ("+358358401234569", "FI", "+358401234569"),
    ],
)  # fmt: skip
def test_the_plan_tells_whether_a_code_stands_twice(
    raw: str, country: str, phone: str | None, vocabularies: Vocabularies
) -> None:
    assert normalize_phone(raw, country, vocabularies).phone == phone


@pytest.mark.parametrize(
    ("raw", "country", "phone"),
    [
        ("+(203) 249-8090", "US", None), ("+ 203 249 8090", "US", None),
        ("+203-249-8090", "US", None), ("+2032498090", "US", "+2032498090"),
        ("+(212) 555-2671", "US", "+12125552671"), ("+(495) 123-45-68", "RU", None),
        ("+(11) 98765-4322", "BR", "+5511987654322"), ("+06 12 34 56 79", "FR", "+33612345679"),
        ("+(0)30 901820", "DE", "+4930901820"), ("+(030) 901820", "DE", "+4930901820"),
        ("+049 30 901820", "DE", "+4930901820"), ("+02032498090", "US", None),
        ("+0203 249 8090", "GB", None), ("++49 30 901820", "DE", "+4930901820"),
        ("(+49)(0)30 901820", "US", "+4930901820"), ("00(49)30 901820", None, "+4930901820"),
        ("+(49) 30 901820", "US", "+4930901820"), ("+47 22 12 34 56", "US", "+4722123456"),
        ("+030 901820", None, None),
    ],
)  # fmt: skip
def test_a_plus_makes_no_number_at_home_one_of_abroad(
    raw: str, country: str | None, phone: str | None, vocabularies: Vocabularies
) -> None:
    """+(203) 249-8090, Connecticut's, became Egypt's."""
    assert normalize_phone(raw, country, vocabularies).phone == phone


@pytest.mark.parametrize(
    ("raw", "country", "phone"),
    [
        ("+131 2345 6789", "US", None), ("+131 2345 6789", "CA", None),
        ("+131 2345 6789", "DE", None), ("+131 2345 6789", None, None),
        ("+8 495 123-45-67", None, None), ("+8 (495) 123-45-67", "US", None),
        ("00 8 495 123-45-67", "DE", None), ("+35 387 123 4567", "US", None),
        # The code, or the code with its area code or the zero that is dialled before it.
        ("+38 (067) 123-45-68", "US", "+380671234568"), ("+4930 901820", "US", "+4930901820"),
        ("+1415 200-4567", None, "+14152004567"), ("+490 30 901820", "US", "+4930901820"),
        ("+44020 7031 3000", "US", "+442070313000"), ("+336 12 34 56 79", None, "+33612345679"),
        ("+54911 2345-6780", "AR", "+5491123456780"), ("+7495 123-45-68", None, "+74951234568"),
        ("+521 55 1234 5679", "MX", "+525512345679"), ("+4930589481-12", "US", "+493058948112"),
    ],
)  # fmt: skip
def test_what_stands_apart_behind_a_plus_is_the_country_code(
    raw: str, country: str | None, phone: str | None, vocabularies: Vocabularies
) -> None:
    """With a country, +131 2345 6789 of China was Chicago's; +8 495 … of Moscow was Vietnam's."""
    assert normalize_phone(raw, country, vocabularies).phone == phone


@pytest.mark.parametrize("sign", [".", ",", " ", "\u00a0", "'"])
def test_groups_of_a_number_format_change_no_number(vocabularies: Vocabularies, sign: str) -> None:
    """`4.915.123.452.233` of a German was a landline in Aurich, its digits alone a mobile."""
    for digits in ("4915123452233", "46701234567", "4930901820", "8123456789"):
        for country in ("DE", "SE", None):
            grouped = f"{int(digits):,}".replace(",", sign)
            plain = normalize_phone(digits, country, vocabularies).phone
            assert normalize_phone(grouped, country, vocabularies).phone in (plain, None)


@pytest.mark.parametrize("number", ["04915123452233", "0 4915123452233"])
def test_a_zero_before_a_country_code_may_be_either(
    vocabularies: Vocabularies, number: str
) -> None:
    read = normalize_phone(number, "DE", vocabularies)
    assert read.phone is None
    assert read.reason
    assert read.reason.startswith("may be ")


CALLING_CODES = {str(code) for code in phonenumbers.COUNTRY_CODE_TO_REGION_CODE}


def _groups(text: str) -> list[str]:
    return re.findall(r"\d+", text)


@settings(max_examples=1_500)
@given(
    numbers(),
    st.booleans(),
    st.integers(1, 5),
    st.lists(st.integers(1, 5), max_size=3),
    st.sampled_from(("own", None, "US", "CA", "DE", "GB")),
)
def test_no_plus_before_groups_of_any_size_makes_another_number(
    vocabularies: Vocabularies,
    found: tuple[PhoneNumber, str],
    is_significant: bool,
    first: int,
    sizes: list[int],
    country: str | None,
) -> None:
    """But a number as its own country writes it: +1312 345 0100 is Chicago's."""
    number, region = found
    national = phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL)
    significant = phonenumbers.national_significant_number(number)
    digits = significant if is_significant else "".join(_groups(national))
    ends = list(accumulate([first, *sizes]))
    cuts = zip([0, *ends], [*ends, len(digits)], strict=True)
    groups = [group for start, end in cuts if (group := digits[start:end])]
    # Behind a plus a zero is that of the country the text is from.
    assume(groups[0] not in CALLING_CODES and groups[0][0] != "0" and len(groups) > 1)
    at = region if country == "own" else country
    read = normalize_phone("+" + " ".join(groups), at, vocabularies).phone
    if read in (None, phonenumbers.format_number(number, PhoneNumberFormat.E164)):
        return
    other = phonenumbers.parse(read)
    code, area, *_ = _groups(phonenumbers.format_number(other, PhoneNumberFormat.INTERNATIONAL))
    there = _groups(phonenumbers.format_number(other, PhoneNumberFormat.NATIONAL))
    assert groups[0] == code + area or groups == [there[0].lstrip("0"), *there[1:]], (groups, at)


# A few dozen plans: with and without a zero, with area codes and without.
READ_REGIONS = (
    "AR", "AT", "AU", "BE", "BR", "CA", "CH", "CN", "CZ", "DE", "DK", "ES", "FI", "FR", "GB", "GR",
    "HU", "IE", "IN", "IT", "JP", "KR", "NL", "NO", "NZ", "PL", "PT", "RO", "SE", "TH", "TR", "UA",
    "US", "ZA",
)  # fmt: skip
# A mobile there has no beginning of its own, and Mexico and Brazil have the digits as well.
WITHOUT_AREA_CODES = ("DK", "NO")


def example_near(region: str, kind: int) -> PhoneNumber:
    """The example of the plan, with an end that no placeholder has."""
    example = phonenumbers.example_number_for_type(region, kind)
    assert example is not None
    for tail in (8307, 5162, 9248):
        near = PhoneNumber()
        near.merge_from(example)
        near.national_number = example.national_number // 10_000 * 10_000 + tail
        if phonenumbers.is_valid_number(near):
            return near
    return example


def spellings_abroad(number: PhoneNumber, kind: int, region: str) -> dict[str, str]:
    """How people write it for those abroad, with its country code."""
    international = phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL)
    code, area, *line = _groups(international)
    national = phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL)
    significant = phonenumbers.national_significant_number(number)
    has_zero = "".join(_groups(national)) == f"0{significant}"
    found: dict[str, str] = {}
    for sign in (" ", ".", "-"):
        rest = sign.join((area, *line))
        found |= {
            f"plus{sign}": f"+{code}{sign}{rest}", f"glued{sign}": f"+{code}{rest}",
            f"zeros{sign}": f"00{code}{sign}{rest}", f"zeros, glued{sign}": f"00{code}{rest}",
        }  # fmt: skip
        if has_zero:
            found |= {
                f"bracketed zero{sign}": f"+{code}{sign}(0){sign}{rest}",
                f"bracketed zero, glued{sign}": f"+{code}(0){rest}",
            }
    found["slash"] = f"+{code} {area}/{' '.join(line)}"
    if kind == PhoneNumberType.MOBILE and region not in WITHOUT_AREA_CODES:
        found["glued to the beginning"] = f"+{code}{significant[:3]} {significant[3:]}"
        found["zeros, glued to the beginning"] = f"00{code}{significant[:3]} {significant[3:]}"
    return found


@pytest.mark.parametrize("kind", KINDS, ids=["mobile", "fixed line"])
@pytest.mark.parametrize("region", READ_REGIONS)
def test_every_usual_spelling_is_read(region: str, kind: int, vocabularies: Vocabularies) -> None:
    """+49151 23456789, as most Germans write a mobile, was refused: its groups are not those of
    libphonenumber."""
    number = example_near(region, kind)
    e164 = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    national = phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL)
    abroad = spellings_abroad(number, kind, region)
    read = {
        (form, country): normalize_phone(raw, country, vocabularies).phone
        for form, raw in abroad.items()
        # Behind a glued code +431 234… may be Vienna's, or from Kiel.
        for country in (region, None, *(() if "glued" in form else ("US", "DE", "NL")))
    } | {
        (f"national{sign}", region): normalize_phone(
            re.sub("[ -]", sign, national), region, vocabularies
        ).phone
        for sign in (" ", ".", "-")
    }
    assert read == dict.fromkeys(read, e164)


@pytest.mark.parametrize(
    ("raw", "country", "phone"),
    [
        ("+49151 23456789", "NL", "+4915123456789"), ("+33612 345678", None, "+33612345678"),
        ("+31612 345 678", None, "+31612345678"), ("+46701 234567", "DE", "+46701234567"),
        ("+5521987 654321", None, "+5521987654321"), ("+919876 012345", None, "+919876012345"),
        ("+66812 345 678", "US", "+66812345678"), ("+490151 23456789", None, "+4915123456789"),
        # Austin's, or a mobile of Germany; Denmark's, or one of Mexico or Brazil.
        ("+151 2345 6789", None, None), ("+15123 456789", None, None),
        ("+15123 456789", "DE", None), ("+453441 8307", None, None),
    ],
)  # fmt: skip
def test_a_code_glued_to_an_area_code_is_one_unless_another_has_the_digits(
    raw: str, country: str | None, phone: str | None, vocabularies: Vocabularies
) -> None:
    assert normalize_phone(raw, country, vocabularies).phone == phone


def test_what_may_be_two_numbers_names_both(vocabularies: Vocabularies) -> None:
    reason = normalize_phone("+(203) 249-8090", "US", vocabularies).reason
    assert reason is not None
    assert "+2032498090 or +12032498090" in reason


BEFORE_AREA_CODE = (" / ", "/", " ", "-", "/ (0) ")
BEFORE_ENDING = ("/", " / ", "/-", " / -", "\\", "~", " ~ ", "...", " (", " [")
CLOSING = {" (": ")", " [": "]"}


@pytest.mark.parametrize(
    ("raw", "country"),
    [
        ("030 / 5550-12 / 13", "DE"), ("089/999981-23/-24", "DE"), ("01/5550123/24", "AT"),
        ("02/5550123/24", "IT"), ("030/555012/13", "DE"), 
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


DECORATED = sorted(decorated(phonenumbers.parse("+49301234567")))


@settings(max_examples=1_500)
@given(numbers(), st.sampled_from(DECORATED), st.booleans())
def test_nothing_around_a_number_becomes_a_digit_of_it(
    vocabularies: Vocabularies, found: tuple[PhoneNumber, str], form: str, has_country: bool
) -> None:
    number, region = found
    raw = decorated(number)[form]
    read = normalize_phone(raw, region if has_country else None, vocabularies)
    e164 = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    assert read.phone in (None, e164), (raw, region if has_country else None)
    assert read.phone or read.reason


@settings(max_examples=300)
@given(numbers(), st.sampled_from(ENDINGS), st.booleans())
def test_no_ending_is_added_but_where_it_is_dialled(
    vocabularies: Vocabularies, found: tuple[PhoneNumber, str], ending: str, is_national: bool
) -> None:
    number, region = found
    form = PhoneNumberFormat.NATIONAL if is_national else PhoneNumberFormat.INTERNATIONAL
    raw = ending.replace("#", phonenumbers.format_number(number, form))
    read = normalize_phone(raw, region, vocabularies)
    e164 = phonenumbers.format_number(number, PhoneNumberFormat.E164)
    has_hyphens = "-" in phonenumbers.format_number(number, form)
    if number.country_code not in DIALLED_THROUGH and not has_hyphens:
        assert read.phone in (None, e164), raw


@pytest.mark.parametrize(
    ("raw", "country", "expected"),
    [
        ("030 / 5550-12 / 13", "DE", None),
        ("01/5550123/24", "AT", None),
        ("022-24131234/35/36", "IN", "+912224131234"),
        ("030/5550-12 (13)", "DE", "+4930555012"),
        ("+381 10 230000 (1000)/0", None, "+38110230000"),
        ("030 589481-12", "DE", "+4930589481" + "12"),
        ("+39~02~1927~9055", None, None),
        ("1. +47 23 52 18 20", None, "+4723521820"),
        ("1) +36 1 234 9079", None, "+3612349079"),
        ("+49 30 589481 (9-17 Uhr)", None, "+4930589481"),
        ("+43 1 58858 (9-12)", None, "+43158858"),
        ("030 589481 2024", "DE", None),
        ("+49 49 1518 1909378", None, None),
        ("601 965 369 (12)", None, None),
        ("030 58948l", "DE", None),
        # A mark of a list, or an ending, or neither: each alone may be what it is.
        ("06 03 00 00-0", "GA", None),
        ("06 12 36 87 79 (perso) / 01 42 68 53 00 (bureau)", "FR", "+33612368779"),
        ("+52 1 55 1234 5679", None, "+525512345679"),
        ("5215512345679", None, "+525512345679"),
        ("044 55 1234 5679", "MX", "+525512345679"),
        ("+55 (0xx11) 97766-7217", None, "+5511977667217"),
        ("0xx11 97766-7217", "BR", "+5511977667217"),
        ("0xx11 97766-7217", "DE", None),
    ],
)
def test_what_stands_around_a_number(
    raw: str, country: str | None, expected: str | None, vocabularies: Vocabularies
) -> None:
    assert normalize_phone(raw, country, vocabularies).phone == expected


@pytest.mark.parametrize(
    ("raw", "country", "expected"),
    [
        ("4741624318", "DE", None),
        ("4741624318", "RU", None),
        ("33 1 23 81 37 34", "DE", None),
        ("6581277921.0", "DE", None),
        ("6581398600", "IN", None),
        ("36 20 394 0991", "IT", None),
        # As likely as not is not likely: these are written so there, day by day.
        ("15123456780", "DE", "+4915123456780"),
        ("9845012346", "IN", "+919845012346"),
        ("51987654322", "BR", "+5551987654322"),
        ("366 915 6404", "IT", "+393669156404"),
        ("+46 46 222 00 00", None, "+46462220000"),
    ],
)
def test_digits_that_may_have_lost_their_plus(
    raw: str, country: str | None, expected: str | None, vocabularies: Vocabularies
) -> None:
    assert normalize_phone(raw, country, vocabularies).phone == expected


def test_numbers_as_their_country_writes_them_are_read(vocabularies: Vocabularies) -> None:
    """Also without the zero that a spreadsheet takes, but for the few that fit elsewhere too."""
    written, bare, refused = 0, 0, 0
    for region in REGIONS:
        for kind in PhoneNumberType.values():
            example = phonenumbers.example_number_for_type(region, kind)
            e164 = example and phonenumbers.format_number(example, PhoneNumberFormat.E164)
            if e164 is None or normalize_phone(e164, None, vocabularies).phone is None:
                continue
            national = phonenumbers.format_number(example, PhoneNumberFormat.NATIONAL)
            assert normalize_phone(national, region, vocabularies).phone == e164
            written += 1
            significant = phonenumbers.national_significant_number(example)
            found = normalize_phone(significant, region, vocabularies).phone
            assert found in (None, e164)
            bare, refused = bare + 1, refused + (found is None)
    assert written > 1_000
    assert refused / bare < 0.01
