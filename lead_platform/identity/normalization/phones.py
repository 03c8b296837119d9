"""Phone numbers in E.164, with their kind and country.

A number that nobody can have is null with the reason: a shared wrong number would otherwise look
like evidence that two people are one. Numbers set aside for film and examples (555-01xx) keep
their E.164 form with kind `fictional`: samples use them, and no rule may call them.
"""

import re
from functools import cache
from typing import NamedTuple

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberType, ValidationResult

from lead_platform.vocabularies.tables import Vocabularies
from lead_platform.vocabularies.text import clean_text

PHONE_KINDS = {
    PhoneNumberType.MOBILE: "mobile",
    PhoneNumberType.FIXED_LINE: "fixed_line",
    PhoneNumberType.FIXED_LINE_OR_MOBILE: "fixed_line_or_mobile",
    PhoneNumberType.TOLL_FREE: "toll_free",
    PhoneNumberType.PREMIUM_RATE: "premium_rate",
    PhoneNumberType.SHARED_COST: "shared_cost",
    PhoneNumberType.VOIP: "voip",
    PhoneNumberType.PERSONAL_NUMBER: "personal_number",
    PhoneNumberType.PAGER: "pager",
    PhoneNumberType.UAN: "company_number",
    PhoneNumberType.VOICEMAIL: "voicemail",
}
FICTIONAL = "fictional"
_LONGEST = 60
_NORTH_AMERICA = 1
_PREFIX = re.compile(r"^(?:tel|phone|mobile|mob|cell|fax|call)\s*[:.]?\s*", re.IGNORECASE)
_LEADING_ZEROS = re.compile(r"^\+?[\s(]*0[\s.-]*0[\s.)-]*(?=[1-9])")
_SEVERAL = re.compile(r"\s*(?:[;|,]|\bor\b|\s/\s)\s*")
# Set aside for film and examples by NANPA and Ofcom; the latter's are in no numbering plan.
_AMERICAN_DRAMA = re.compile(r"\+1[2-9]\d{2}55501\d{2}$")
_BRITISH_DRAMA = re.compile(r"\+44(?:7700900|1632960|2079460)\d{3}$")
_SEQUENCES = ("12345678901234567890", "98765432109876543210", "01234567890123456789")
_REASONS = {
    ValidationResult.TOO_SHORT: "too short",
    ValidationResult.TOO_LONG: "too long",
    ValidationResult.INVALID_LENGTH: "no number there has that length",
    ValidationResult.INVALID_COUNTRY_CODE: "no such country code",
    ValidationResult.IS_POSSIBLE_LOCAL_ONLY: "area code missing",
}


class Phone(NamedTuple):
    """A number in E.164, its kind and the country (ISO 3166-1 alpha-2) it belongs to, if one."""

    phone: str | None = None
    kind: str | None = None
    country: str | None = None
    reason: str | None = None


NO_PHONE = Phone()


def normalize_phone(raw: str, country: str | None, vocabularies: Vocabularies) -> Phone:
    """`raw` read as if dialled in `country` (alpha-2); without one only +49… and 0049… are read."""
    text = clean_text(raw)
    if text is None:
        return NO_PHONE
    if vocabularies.is_placeholder("any", text):
        return Phone(reason="placeholder")
    if len(text) > _LONGEST:
        return Phone(reason=f"longer than {_LONGEST} characters")
    dialled = _LEADING_ZEROS.sub("+", _SEVERAL.split(_PREFIX.sub("", text))[0])
    if country is None and not dialled.lstrip(" (").startswith("+"):
        return Phone(reason="no country code, and no country to read it with")
    try:
        number = phonenumbers.parse(dialled.lstrip(" ("), country)
    except NumberParseException as error:
        return Phone(reason=_parse_reason(error))
    return _described(number)


def _described(number: phonenumbers.PhoneNumber) -> Phone:
    national = phonenumbers.national_significant_number(number)
    if _is_made_up(national):
        return Phone(reason="placeholder")
    # UNKNOWN is exactly "not valid"; asking is_valid_number too would double the time.
    kind = PHONE_KINDS.get(phonenumbers.number_type(number))
    formatted = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    if _BRITISH_DRAMA.match(formatted):
        return Phone(formatted, FICTIONAL, "GB")
    if kind is None:
        return Phone(reason=_invalid_reason(number))
    if _AMERICAN_DRAMA.match(formatted):
        kind = FICTIONAL
    return Phone(formatted, kind, _country_of(number, national))


def _country_of(number: phonenumbers.PhoneNumber, national: str) -> str | None:
    if number.country_code == _NORTH_AMERICA and len(national) == 10:
        found = _north_american_country(national[:3])
    else:
        found = phonenumbers.region_code_for_number(number)
    return found if found and found.isalpha() else None


@cache
def _north_american_country(area_code: str) -> str | None:
    """Under +1 the area code tells the country; trying 25 of them per number takes 16 µs."""
    probe = phonenumbers.PhoneNumber(_NORTH_AMERICA, int(area_code + "2345678"))
    return phonenumbers.region_code_for_number(probe)


def _is_made_up(national: str) -> bool:
    """All digits alike, or running up or down: what a visitor types to get past the field."""
    return len(national) >= 5 and (
        len(set(national)) == 1
        or len(set(national[-7:])) == 1
        or (len(national) >= 7 and any(national in sequence for sequence in _SEQUENCES))
    )


def _invalid_reason(number: phonenumbers.PhoneNumber) -> str:
    checked = phonenumbers.is_possible_number_with_reason(number)
    return _REASONS.get(checked, f"no such number under +{number.country_code}")


def _parse_reason(error: NumberParseException) -> str:
    if error.error_type == NumberParseException.INVALID_COUNTRY_CODE:
        return "no such country code"
    if error.error_type == NumberParseException.TOO_LONG:
        return "too long"
    if error.error_type == NumberParseException.NOT_A_NUMBER:
        return "not a phone number"
    return "too short"
