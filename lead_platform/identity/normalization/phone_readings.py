"""Every number that digits can mean: dialled in a country, or written without their plus.

Spreadsheets drop the plus and leading zeros, so bare digits may be an international number, or a
national one of any country. All valid readings are given; `phones` takes a number only where they
agree.
"""

import re
from collections.abc import Sequence
from functools import cache, lru_cache
from itertools import accumulate

import phonenumbers
from phonenumbers import (
    NumberParseException,
    PhoneMetadata,
    PhoneNumber,
    PhoneNumberFormat,
    PhoneNumberType,
)

from lead_platform.identity.normalization.phone_texts import digits_of

Readings = tuple[list[PhoneNumber], str | None]

_DIALLED_ABROAD = re.compile(r"^\+?[\s(]*0[\s.-]*0[\s.()-]*(?=[1-9])")
_CODE_TWICE = re.compile(r"^(\+(\d{1,3}))[\s().-]+\2(?=[\s().-])")
_BRACKETED_BEHIND_A_PLUS = re.compile(r"^\+\s*\(([^)]*)\)?")
_TRUNK_ZERO = re.compile(r"(?<=\d)\s*(?:[(\[]\s*0\s*[)\]]|[\s.-]0(?=[\s.-]))")
# Of numbers that lost their leading zero; what is longer was dialled through to a desk.
_LONGEST_NATIONAL = 11
_MOST_GROUPS_OF_THREE = 3
_SHORTEST_INTERNATIONAL = 8
# Of lines, also under plans that allow more for desks.
_MOST_DIGITS_OF_LINES = 10
# Satellites, networks and freephone of no country (ITU-T E.164): nobody writes them without +.
_NOWHERE = frozenset({800, 808, 870, 878, 881, 882, 883, 888, 979})
_LINES = frozenset(
    {PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE, PhoneNumberType.FIXED_LINE_OR_MOBILE}
)
# Digits that lines, and services, have at least with their country code.
_WITH_A_CODE = 9
_SERVICE_WITH_A_CODE = 11
_AREA_CODE = 3
# Of a mobile, what tells it from lines: 15 in Germany, where libphonenumber writes 1512.
_BEGINNING_OF_MOBILES = 2
# Where area codes stand in brackets, and two dozen countries share them.
_BRACKETS_AREA_CODES = "US"
# Whose area codes begin with the last digit of its code: +38 (067) is +380 67.
_UKRAINE = 380
# What was dialled before Mexico's mobiles until 2019; WhatsApp and address books still write it.
_MEXICO = 52
_BEFORE_MOBILES_IN_MEXICO = re.compile(r"^(?:1|01|04[45])(?=[1-9]\d{9}$)")
_TOO_LONG = phonenumbers.ValidationResult.TOO_LONG
_CODE_MAY_STAND_TWICE = (
    "longer than numbers there are, as if its country code stood in it twice; write it with + and "
    "the country code once"
)


def readings_of(text: str, country: str | None) -> Readings:
    """The numbers `text` (digits and signs) may be, and why there is none.

    A number that is not valid is among them only where there is no other.
    """
    dialled = _DIALLED_ABROAD.sub("+", text.lstrip(" ("), count=1)
    if dialled.startswith("+"):
        return _with_plus(text, dialled, country)
    digits = digits_of(text)
    groups = _groups(text)
    if len(groups) > _MOST_GROUPS_OF_THREE and _are_thousands(groups) and not _is_code(groups[0]):
        # A number format's: 4.915.123.452.233
        text = digits
    if country is None:
        if digits[:1] in ("", "0"):
            return [], "no country code, and no country to read it with"
        return _without_country(text, digits)
    parsed, reason = _parsed(text, country)
    if digits.startswith("0") or parsed is None:
        return [*_listed(parsed), *_behind_a_zero(digits, country)], reason
    own = phonenumbers.country_code_for_region(country)
    if digits == f"{own}{phonenumbers.national_significant_number(parsed)}":
        from_abroad, reason_abroad = _with_plus(text, "+" + text.lstrip(" ("), None)
        if not from_abroad:
            return [], reason_abroad
    return _bare(text, digits, country, parsed), reason


def _is_code(group: str) -> bool:
    return int(group) in phonenumbers.COUNTRY_CODE_TO_REGION_CODE


def _behind_a_zero(digits: str, country: str) -> list[PhoneNumber]:
    """The number of the country that digits are whose code stands behind a zero: as likely one as
    a number there that happens to begin so."""
    own = phonenumbers.country_code_for_region(country)
    rest = digits.removeprefix("0").removeprefix(str(own))
    if rest == digits.removeprefix("0") or not _begins_with_a_zero(country):
        return []
    return [number for number in _valid([PhoneNumber(own, int(rest or "0"))]) if rest[:1] != "0"]


def _with_plus(text: str, dialled: str, country: str | None) -> Readings:
    """Also the other ways to dial abroad, and with and without the zero of "+39 (0)6"."""
    parsed, reason = _parsed(dialled, None)
    found = _listed(parsed)
    if _TRUNK_ZERO.search(dialled):
        found += _listed(_parsed(_TRUNK_ZERO.sub("", dialled), None)[0])
    is_set_apart = all(
        _is_set_apart(dialled, number, country) or _is_glued(text, dialled, number)
        for number in _valid(found)
    )
    if parsed is not None and (twice := _with_its_code_twice(dialled, parsed)) is not None:
        if kind_of(twice) == PhoneNumberType.UNKNOWN:
            return [], _CODE_MAY_STAND_TWICE
        found.append(twice)
    at_home: list[PhoneNumber] = []
    if country is not None:
        if "+" in text:
            at_home = _national_behind_a_plus(dialled, country, parsed)
            found += at_home
        elif _dials_abroad_otherwise(country):
            found += _listed(_parsed(text, country)[0])
    elif _BRACKETED_BEHIND_A_PLUS.match(dialled) and _valid(found):
        # +(670) 234-0000 is one of Timor-Leste, or of the Marianas and their area code.
        found += _national_behind_a_plus(dialled, _BRACKETS_AREA_CODES, parsed)
    if not is_set_apart and not at_home:
        return [], "its country code is not certain; set it apart"
    if parsed is not None and not at_home and _brackets_an_area_code(dialled, parsed, country):
        return [], "its country code is not certain; write it before the brackets"
    return _valid(found) or found, reason


def _is_set_apart(dialled: str, abroad: PhoneNumber, country: str | None) -> bool:
    """Whether what the writer set apart behind the plus is the country code, by itself or with the
    area code. Nothing is where so many digits stand first that only a desk can be behind them.

    +131 2345 6789 is a mobile of China, which nobody in Chicago writes so, and +8 495 123-45-67
    one of Moscow with the 8 that is dialled there, none of Vietnam (84).
    """
    first, *rest = _groups(dialled) or [""]
    code = str(abroad.country_code)
    if first == code or not rest or len(first) >= _SHORTEST_INTERNATIONAL:
        return True
    if abroad.country_code == _UKRAINE and f"{first}0" == code:
        return rest[0].startswith("0")
    there = _groups(phonenumbers.format_number(abroad, PhoneNumberFormat.INTERNATIONAL))[1:]
    is_own = country is not None and phonenumbers.country_code_for_region(country) == int(code)
    trunk = _trunk_digits(abroad)
    glued = {first.removeprefix(code), first.removeprefix(code + trunk)}
    for count in range(1, len(there)):
        if "".join(there[:count]) in glued:
            is_area_code = count == 1 and len(first) > _AREA_CODE
            return is_own or is_area_code or rest == there[count:]
    return first == code + trunk


def _is_glued(text: str, dialled: str, abroad: PhoneNumber) -> bool:
    """Whether the country code stands first, with all of the area code or the beginning of a mobile
    behind it (+49151 23456789), and no other country has the digits as a number of its own, to
    which a plus was put, but in groups that only the first has."""
    groups = _groups(dialled)
    code, *there = _groups(phonenumbers.format_number(abroad, PhoneNumberFormat.INTERNATIONAL))
    national = phonenumbers.national_significant_number(abroad)
    rest = groups[0].removeprefix(code)
    if not national.startswith(rest):
        trunk = _trunk_digits(abroad)
        rest, code = rest.removeprefix(trunk), code + trunk
    is_mobile = kind_of(abroad) == PhoneNumberType.MOBILE
    least = min(len(there[0]), _BEGINNING_OF_MOBILES) if is_mobile else len(there[0])
    if groups[0] != code + rest or not national.startswith(rest) or len(rest) < least:
        return False
    # Nobody dials abroad before a number at home.
    others = _numbers_of_others("".join(groups), abroad.country_code) if "+" in text else ()
    return not others or (
        _breaks(groups) <= _breaks([code, *there])
        and not any(_breaks(groups) <= _breaks(other) for other in others)
    )


@lru_cache(maxsize=10_000)
def _numbers_of_others(digits: str, code: int | None) -> tuple[tuple[str, ...], ...]:
    """The groups of the numbers that the digits are in countries other than that of `code`, of no
    more digits than people there have."""
    found: list[tuple[str, ...]] = []
    for other in _codes_by_length().get(len(digits), ()):
        number = PhoneNumber(other, int(digits))
        kind = kind_of(number)
        if other == code or other in _NOWHERE or kind == PhoneNumberType.UNKNOWN:
            continue
        region = phonenumbers.region_code_for_number(number) or ""
        if len(digits) <= _usual_length(region, kind):
            there = phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL)
            found.append(tuple(_groups(there)[1:]))
    return tuple(found)


def _breaks(groups: Sequence[str]) -> set[int]:
    """After how many digits a group ends."""
    return set(accumulate(map(len, groups)))


def _brackets_an_area_code(dialled: str, abroad: PhoneNumber, country: str | None) -> bool:
    """Whether brackets right behind the plus hold more than the country code."""
    if (bracketed := _BRACKETED_BEHIND_A_PLUS.match(dialled)) is None:
        return False
    code = str(abroad.country_code)
    is_own = country is not None and code == str(phonenumbers.country_code_for_region(country))
    return digits_of(bracketed[1]) != code and not is_own


def _with_its_code_twice(dialled: str, whole: PhoneNumber) -> PhoneNumber | None:
    """What is dialled if the country code was put before a number that had it already, where that
    is as likely as the number with both; not valid where only its length is a number's.

    The numbering plan decides, or the groups. Of plans with numbers of many lengths both may be
    valid: Emden is +49 4921, and its numbers go on as those of Düsseldorf (211) begin. A number
    with as few digits as people there have is rather one of Emden than a rare short one.
    """
    code = str(whole.country_code)
    national = phonenumbers.national_significant_number(whole)
    if not national.startswith(code):
        return None
    rest, _ = _parsed(f"+{code}{national[len(code) :]}", None)
    if rest is None or not phonenumbers.is_possible_number(rest):
        return None
    is_line = kind_of(rest) in _LINES
    if kind_of(whole) == PhoneNumberType.UNKNOWN:
        return rest if is_line else None
    if _is_as_written(dialled, whole):
        return None
    if not is_line:
        return rest if len(national) > _LONGEST_NATIONAL else None
    is_too_long = len(national) > _MOST_DIGITS_OF_LINES
    return rest if is_too_long or _CODE_TWICE.match(dialled) or _is_usual_mobile(rest) else None


def _is_usual_mobile(number: PhoneNumber) -> bool:
    """Whether it is a mobile with as many digits as they have there."""
    if kind_of(number) != PhoneNumberType.MOBILE:
        return False
    region = phonenumbers.region_code_for_number(number) or ""
    size = len(phonenumbers.national_significant_number(number))
    return size >= _usual_length(region, PhoneNumberType.MOBILE)


def _national_behind_a_plus(
    dialled: str, country: str, abroad: PhoneNumber | None
) -> list[PhoneNumber]:
    """The number in `country` that `dialled`, with a plus before it, shows by its area code in
    brackets, its groups or its zero: "+(203) 249-8090", "+203 249 8090", "+030 901820"."""
    groups = _groups(dialled)
    own = str(phonenumbers.country_code_for_region(country))
    if not groups or groups[0] == own:
        return []
    text = dialled.lstrip("+ (")
    found = _valid(_listed(_parsed(text, country)[0]))
    if groups[0].startswith("0"):
        if not _begins_with_a_zero(country):
            return []
        digits = digits_of(text).lstrip("0")
        from_abroad = _valid(_listed(_parsed("+" + digits, None)[0]))
        # Where a zero is kept, it may be one too many: +0312 345 0000 is a mobile, or in Como.
        found += _valid(_listed(_parsed(digits, country)[0]))
        return found + from_abroad if found or digits.startswith(own) else []
    is_bracketed = _BRACKETED_BEHIND_A_PLUS.match(dialled) is not None
    is_code = abroad is not None and groups[0] == str(abroad.country_code)
    if is_code and not is_bracketed:
        return []
    return [
        number for number in found if _is_as_there(groups, number) or (is_bracketed and not is_code)
    ]


def _is_as_there(groups: list[str], number: PhoneNumber) -> bool:
    """Whether the groups are those of a national number, its first zero left out or not."""
    there = _groups(phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL))
    return len(groups) > 1 and groups in (there, [there[0].lstrip("0"), *there[1:]])


def _from_abroad(text: str) -> list[PhoneNumber]:
    """The valid numbers `text` is if it only lost its plus."""
    found = _valid(_with_plus(text, "+" + text.lstrip(" ("), None)[0])
    return [number for number in found if number.country_code not in _NOWHERE]


def _is_as_written(text: str, number: PhoneNumber) -> bool:
    """Whether `text` has the groups in which the number's country writes it."""
    written = phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL)
    return _groups(text) == _groups(written)


def _bare(text: str, digits: str, country: str, parsed: PhoneNumber) -> list[PhoneNumber]:
    """Digits without plus or zero, from somebody in `country`, where `parsed` is how a phone
    there would read them."""
    own = phonenumbers.country_code_for_region(country)
    if kind_of(parsed) == PhoneNumberType.UNKNOWN:
        # As long as numbers there are, and none of them: a slip of the pen, not from abroad.
        is_too_long = phonenumbers.is_possible_number_with_reason(parsed) == _TOO_LONG
        return (is_too_long and _without_country(text, digits)[0]) or [parsed]
    abroad = _from_abroad(text)
    if abroad and not _plausible_national(str(parsed.national_number), own):
        return abroad
    likely = [
        number
        for number in abroad
        if number == parsed
        or number.country_code == own
        or _may_have_lost_its_plus(text, country, parsed, number)
    ]
    if likely:
        return [parsed, *likely]
    if digits != str(parsed.national_number) and _plausible_national(digits, own):
        return [parsed, *_valid([PhoneNumber(own, int(digits))])]
    return [parsed]


def _may_have_lost_its_plus(
    text: str, country: str, national: PhoneNumber, abroad: PhoneNumber
) -> bool:
    """Whether the digits are as likely a line abroad as one in `country`.

    Groups are a person's: they tell where the code stands apart as nobody there writes. Without
    groups a spreadsheet may have taken a plus or a zero; a number as it is written there lost
    neither, and a mobile there is rather that than a desk abroad, or one of North America, whose
    plan nearly any digits fit.
    """
    groups, digits = _groups(text), digits_of(text)
    as_there = _groups(phonenumbers.format_number(national, PhoneNumberFormat.NATIONAL))
    if len(groups) > 1 and not _are_thousands(groups):
        if groups == as_there or groups[0] != str(abroad.country_code):
            return False
        return len(digits) >= _WITH_A_CODE or _is_as_written(text, abroad)
    kind = kind_of(national)
    if len(str(national.national_number)) <= _usual_length(country, kind):
        if digits == "".join(as_there):
            return False
        if kind == PhoneNumberType.MOBILE:
            return kind_of(abroad) == PhoneNumberType.MOBILE
    is_line = kind_of(abroad) in _LINES
    return len(digits) >= (_WITH_A_CODE if is_line else _SERVICE_WITH_A_CODE)


def _are_thousands(groups: list[str]) -> bool:
    """Whether a number format may have set the groups."""
    return len(groups[0]) <= 3 and all(len(group) == 3 for group in groups[1:])


def _without_country(text: str, digits: str) -> Readings:
    """The international number the digits are, if they are no number of any country besides."""
    unknown: Readings = [], "no country code, and no country to read it with"
    if text.lstrip().startswith("(") or len(digits) < _SHORTEST_INTERNATIONAL:
        return unknown
    numbers = _from_abroad(text)
    if not numbers:
        return unknown
    is_grouped = _first_group(text) == str(numbers[0].country_code)
    if _is_national_somewhere(digits, is_grouped=is_grouped):
        return [], "its country code is not certain; write it with +"
    return numbers, None


@lru_cache(maxsize=10_000)
def _is_national_somewhere(digits: str, *, is_grouped: bool) -> bool:
    """Whether the digits, with a zero before them that was lost, are a number of some country.

    Digits in groups went through no spreadsheet: they lost no zero.
    """
    for code in _codes_by_length().get(len(digits), ()):
        if is_grouped and _trunk_prefix(phonenumbers.region_code_for_country_code(code)):
            continue
        if _plausible_national(digits, code) and _valid([PhoneNumber(code, int(digits))]):
            return True
    return False


def _plausible_national(digits: str, code: int) -> bool:
    return len(digits) <= _LONGEST_NATIONAL and code not in _NOWHERE


def _groups(text: str) -> list[str]:
    return re.findall(r"\d+", text)


def _first_group(text: str) -> str:
    groups = _groups(text)
    return groups[0] if len(groups) > 1 else ""


def _listed(number: PhoneNumber | None) -> list[PhoneNumber]:
    return [] if number is None else [number]


def _valid(numbers: list[PhoneNumber]) -> list[PhoneNumber]:
    # UNKNOWN is exactly "not valid".
    return [number for number in numbers if kind_of(number) != PhoneNumberType.UNKNOWN]


def kind_of(number: PhoneNumber) -> int:
    """libphonenumber's type of the number, UNKNOWN where it is not valid."""
    key = (number.country_code, phonenumbers.national_significant_number(number))
    if key not in _KINDS:
        if len(_KINDS) > _MOST_KINDS:
            _KINDS.clear()
        _KINDS[key] = phonenumbers.number_type(number)
    return _KINDS[key]


# A number is asked several times while it is read, at 20 to 100 µs each.
_KINDS: dict[tuple[int | None, str], int] = {}
_MOST_KINDS = 1_000


def _parsed(text: str, country: str | None) -> tuple[PhoneNumber | None, str | None]:
    try:
        number = phonenumbers.parse(text, country)
    except NumberParseException as error:
        return None, _PARSE_REASONS.get(error.error_type, "too short")
    if number.country_code == _MEXICO:
        national = phonenumbers.national_significant_number(number)
        return PhoneNumber(_MEXICO, int(_BEFORE_MOBILES_IN_MEXICO.sub("", national))), None
    # Without what parsing notes beside the number, so that equal numbers are equal.
    return PhoneNumber(
        number.country_code,
        number.national_number,
        italian_leading_zero=number.italian_leading_zero,
        number_of_leading_zeros=number.number_of_leading_zeros,
    ), None


_PARSE_REASONS = {
    NumberParseException.INVALID_COUNTRY_CODE: "no such country code",
    NumberParseException.TOO_LONG: "too long",
    NumberParseException.NOT_A_NUMBER: "not a phone number",
}


@cache
def _dials_abroad_otherwise(country: str) -> bool:
    """Whether people there dial abroad with other digits than 00 that begin with it (0011)."""
    metadata = PhoneMetadata.metadata_for_region(country)
    prefix = str(metadata.international_prefix or "") if metadata else ""
    return prefix not in ("", "00")


@cache
def _usual_length(country: str, kind: int) -> int:
    """The digits of a number of that kind: few plans forbid longer ones, and nobody has them, nor
    a voicemail's for a number of one's own."""
    if kind == PhoneNumberType.VOICEMAIL:
        return 0
    example = phonenumbers.example_number_for_type(country, kind)
    return len(phonenumbers.national_significant_number(example)) if example else _LONGEST_NATIONAL


@cache
def _trunk_prefix(country: str) -> str | None:
    """What is dialled before a national number and dropped behind a country code; North America's
    1 is its country code."""
    metadata = PhoneMetadata.metadata_for_region(country)
    prefix = metadata.national_prefix if metadata else None
    return None if prefix in (None, "1") else str(prefix)


def _trunk_digits(number: PhoneNumber) -> str:
    """What people leave between the country code and the area code though nobody dials it there."""
    region = phonenumbers.region_code_for_country_code(number.country_code or 0)
    return "1" if number.country_code == _MEXICO else _trunk_prefix(region) or ""


@cache
def _begins_with_a_zero(country: str) -> bool:
    """Whether a zero is dialled before national numbers there, or is their first digit."""
    example = phonenumbers.example_number_for_type(country, PhoneNumberType.FIXED_LINE)
    return _trunk_prefix(country) == "0" or bool(example and example.italian_leading_zero)


@cache
def _codes_by_length() -> dict[int, tuple[int, ...]]:
    """Country codes by the lengths their national numbers have."""
    found: dict[int, list[int]] = {}
    for code, regions in phonenumbers.COUNTRY_CODE_TO_REGION_CODE.items():
        metadata = PhoneMetadata.metadata_for_region_or_calling_code(code, regions[0])
        described = metadata.general_desc if metadata else None
        for length in (described.possible_length or ()) if described else ():
            found.setdefault(length, []).append(code)
    return {length: tuple(codes) for length, codes in found.items()}
