"""What is dialled before a number and stands beside it: the code of a country, or of an area.

Owns how the two are put together. Which number that is belongs to normalisation. Where a number may
hold its code already, what is valid decides; where both readings are, none is taken.
"""

import re
from functools import lru_cache

import phonenumbers

from lead_platform.capture.values import ValueFault, show
from lead_platform.vocabularies.phone_forms import exponent_in

_COUNTRY_CODES = frozenset(phonenumbers.COUNTRY_CODE_TO_REGION_CODE)
_LONGEST = 60
# A figure has its plus behind an E.
_DIALLED_ABROAD = re.compile(r"(?<![eE])\+|^[\s(]*0\s?0")
_FIRST_DIGIT = re.compile(r"\(?\d")
_FIGURE = re.compile(r"[.,]0{1,2}$")
# +44, 0044, 44, (+44), GB +44, United Kingdom (+44), +44-1481, 1 684
_CODE = re.compile(r"[^\d+]*(?:\+|00)?\s?([1-9]\d{0,3})(?:[ -](\d{1,4}))?[^\d+]*")
_AREA = re.compile(r"\(?\s*0?[1-9]\d{0,4}\s*\)?")
# A local number may begin as its area code does; what is left then is too short for one.
_SHORTEST_LOCAL = 5
_SHORTEST_AREA = 2
# No plan has local numbers of so many digits.
_SHORTEST_WHOLE = 10
_ALPHA_2 = 2
_OF_NORTH_AMERICA = 4


def read_calling_code(text: str) -> str | None:
    """The digits of a country calling code, with the area's where it has one (Guernsey, 441481), or
    those of a country by its ISO 3166-1 alpha-2 code; None where `text` is neither."""
    text = _FIGURE.sub("", text.strip())
    if len(text) == _ALPHA_2 and text.isalpha():
        code = phonenumbers.country_code_for_region(text.upper())
        return str(code) if code else None
    found = _CODE.fullmatch(text) if len(text) <= _LONGEST else None
    if found is None:
        return None
    country, area = found[1], found[2] or ""
    if len(country) == _OF_NORTH_AMERICA and country.startswith("1") and not area:
        return country
    return country + area if int(country) in _COUNTRY_CODES else None


def with_calling_code(number: str, code: str | None) -> str:
    """`number` with the country code `code` before it, unless it states one by its own `+` or 00.

    Raises ValueFault for a code that is none or not there, and where the number may hold it.
    """
    if _DIALLED_ABROAD.search(number):
        return number
    if code is None:
        raise ValueFault(
            f"{show(number)} has no country calling code beside it, and may be of any country; "
            "where one holds for all such, write it as `default` at `calling_code`"
        )
    digits = read_calling_code(code)
    if digits is None:
        raise ValueFault(
            f"{show(code)} is no country calling code, and without one {show(number)} may be a "
            "number of another country; allowed: 44, +44, 0044, GB; map others with `values` at "
            "`calling_code`"
        )
    figure = exponent_in(number)
    if figure is not None and figure.digits is None:
        return number
    number = _FIGURE.sub("", number) if figure is None else str(figure.digits)
    first = _FIRST_DIGIT.search(number)
    if first is None:
        return number
    own = "".join(filter(str.isdigit, number))
    whole = f"+{digits} {number[first.start() :]}"
    # The area that belongs to a code may be dialled with the number as well: +1-684, 6847331234.
    held = [f"+{own}"] if own.startswith(digits) else []
    country = _country_code_of(digits)
    if len(digits) > len(country) and own.startswith(digits[len(country) :]):
        held.append(f"+{country}{own}")
    if not held:
        return whole
    readings = {_e164(f"+{digits}{own}"): whole} | {_e164(each): each for each in held}
    readings.pop(None, None)
    if len(readings) > 1:
        raise ValueFault(
            f"{show(number)} may hold its country code {show(code)} already, or not; write it with "
            "+ and the code"
        )
    return next(iter(readings.values()), whole)


def with_area_code(number: str, code: str | None) -> str:
    """`number` with the area code `code` before it, unless it begins as whole numbers do: with a
    zero, `+`, or the code in brackets.

    Raises ValueFault for a code that is none or not there, and where the number may hold it.
    """
    own = "".join(filter(str.isdigit, number))
    if number.lstrip(" (").startswith(("+", "0")):
        return number
    if code is None:
        if len(own) >= _SHORTEST_WHOLE:
            return number
        raise ValueFault(
            f"{show(number)} has no area code beside it, and without one it may be another "
            "number; where one holds for all such, write it as `default` at `area_code`"
        )
    code = _FIGURE.sub("", code.strip())
    if _AREA.fullmatch(code) is None:
        raise ValueFault(
            f"{show(code)} is no area code, and without one {show(number)} may be another number; "
            "a country's belongs to `calling_code`"
        )
    bare = "".join(filter(str.isdigit, code)).lstrip("0")
    if re.match(rf"\s*\(\s*{bare}\s*\)", number):
        return number
    is_long = len(own) - len(bare) >= _SHORTEST_LOCAL and len(bare) >= _SHORTEST_AREA
    if own.startswith(bare) and is_long:
        raise ValueFault(
            f"{show(number)} may hold its area code {show(code)} already, or not; where the "
            "numbers of the column are whole, take `area_code` out of the field"
        )
    return f"{code} {number}"


def _country_code_of(digits: str) -> str:
    """The country code that the digits begin with; empty where there is none."""
    sizes = (size for size in (1, 2, 3) if int(digits[:size] or 0) in _COUNTRY_CODES)
    return digits[: next(sizes, 0)]


@lru_cache(maxsize=1_000)
def _e164(text: str) -> str | None:
    """The valid number that `text` is."""
    try:
        number = phonenumbers.parse(text, None)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
