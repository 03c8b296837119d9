"""Phone numbers in E.164, with their kind and country.

A number that nobody can have is null with the reason: a shared wrong number would otherwise look
like evidence that two people are one. Numbers set aside for film and examples (555-01xx) keep
their E.164 form with kind `fictional`: samples use them, and no rule may call them.
"""

import re
from functools import cache
from typing import NamedTuple

import phonenumbers
from phonenumbers import PhoneNumberType, ValidationResult

from lead_platform.identity.normalization.phone_countries import countries_beside
from lead_platform.identity.normalization.phone_doubts import UNCLEAR, PhonePart
from lead_platform.identity.normalization.phone_readings import kind_of, readings_of
from lead_platform.identity.normalization.phone_texts import digits_of, phone_parts
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
_NORTH_AMERICA = 1
# Set aside for film and examples by NANPA and Ofcom; the latter's are in no numbering plan.
_AMERICAN_DRAMA = re.compile(r"\+1[2-9]\d{2}55501\d{2}$")
_BRITISH_DRAMA = re.compile(r"\+44(?:7700900|1632960|2079460)\d{3}$")
# What sets numbers apart, or a further ending off: "5550-12 (13)", "12~13", "12...13".
_APART = re.compile(r"[/\\~]|\.{2,}|[(\[](?=\d{1,4}[)\]]\s*(?:$|[/\\~]))")
# Another dash behind the one before the ending: "5550-12 - 14".
_TO_ANOTHER_ENDING = re.compile(r"(\d-\d{1,5})(?:\s+[-–—]\s+|[–—])(?=\d)")
# Digits of a number with its area code: shorter ones exist (German towns), and are left unread
# where a slash follows.
_SHORTEST_COMPLETE = 7
_SHORTEST_LOCAL = 5
_LONGEST_REMARK = 3
# Where a hyphen sets off the desk, the number goes on with it (DIN 5008, ÖNORM A 1080).
_DIALLED_THROUGH = ("+49", "+43")
_SEQUENCES = ("12345678901234567890", "98765432109876543210", "01234567890123456789")
_REASONS = {
    ValidationResult.TOO_SHORT: "too short",
    ValidationResult.TOO_LONG: "too long",
    ValidationResult.INVALID_LENGTH: "no number there has that length",
    ValidationResult.INVALID_COUNTRY_CODE: "no such country code",
    ValidationResult.IS_POSSIBLE_LOCAL_ONLY: "area code missing",
}


class Phone(NamedTuple):
    """A number in E.164, its kind and the country (ISO 3166-1 alpha-2) it belongs to, if one.

    `others`: further numbers (E.164) that stand in the same field.
    """

    phone: str | None = None
    kind: str | None = None
    country: str | None = None
    reason: str | None = None
    others: tuple[str, ...] = ()


NO_PHONE = Phone()
_PLACEHOLDER = "placeholder"


def normalize_phone(raw: str, country: str | None, vocabularies: Vocabularies) -> Phone:
    """`raw` read as if dialled in `country` (alpha-2).

    Without a country +49… and 0049… are read, and digits that only one country's numbers fit. Of
    several numbers the first is the phone. What may mean two different numbers means none.

    A country that is surely written beside the number goes before `country`; where a word may be a
    country's (IT, FR), the number is that country's if it is none of `country`. Where several
    numbers or countries stand there, it is not known which is whose.
    """
    text = clean_text(raw)
    if text is None:
        return NO_PHONE
    if vocabularies.is_placeholder("any", text):
        return Phone(reason=_PLACEHOLDER)
    stated = countries_beside(text, country, vocabularies)
    if not stated:
        return _dialled_in(raw, country)
    sure = [each for each in stated if each.is_sure]
    if len(phone_parts(raw, None).parts) > 1 or len(sure) > 1 or (len(stated) > 1 and not sure):
        return _of_several(raw, country, is_sure=bool(sure))
    named = sure[0] if sure else stated[0]
    there, home = _dialled_in(raw, named.country), _dialled_in(raw, country)
    if named.is_sure:
        return there
    is_there = there.phone is not None and there.phone.startswith(_calling_code(named.country))
    is_short = len(digits_of(text)) < _SHORTEST_COMPLETE
    if not is_there or is_short or there.phone == home.phone:
        return home
    if home.phone is not None:
        either = f"{home.phone} or {there.phone}"
        return Phone(reason=f"may be {either}; write it with + and the country code once")
    return there


def _of_several(raw: str, country: str | None, *, is_sure: bool) -> Phone:
    """Several numbers, or countries: only international ones are anybody's then; words that only
    may be a country's say nothing."""
    if not is_sure:
        return _dialled_in(raw, country)
    found = [_part(part, None) for part in phone_parts(raw, None).parts]
    numbers = [phone for phone in found if phone.phone is not None]
    if not numbers:
        return _dialled_in(raw, None)
    others = dict.fromkeys(phone.phone for phone in numbers[1:] if phone.phone is not None)
    others.pop(str(numbers[0].phone), None)
    return numbers[0]._replace(others=(*numbers[0].others, *others))


def _calling_code(country: str) -> str:
    return f"+{phonenumbers.country_code_for_region(country)}"


def _dialled_in(raw: str, country: str | None) -> Phone:
    """The number that `raw` is if dialled in `country`."""
    parts = phone_parts(raw, country)
    if parts.reason is not None:
        return Phone(reason=parts.reason)
    texts = tuple(part.texts[0] for part in parts.parts)
    groups = [digits_of(text) for text in texts]
    if len(groups) > 1 and max(map(len, groups)) < _SHORTEST_LOCAL:
        joined = _one("".join(groups), country)
        if joined.phone is not None:
            # Uruguay has numbers of four digits, and of eight in two groups.
            return Phone(reason=UNCLEAR)
    return _first_of([_part(part, country) for part in parts.parts], texts)


def _part(part: PhonePart, country: str | None) -> Phone:
    """The number a part is, with and without the digits that may not be its own."""
    if any(_one(text, country).phone is not None for text in part.longer):
        return Phone(reason=UNCLEAR)
    whole, *shorter = [_one_or_two(text, country) for text in part.texts]
    if not shorter:
        return whole
    if part.is_desk and whole.phone is not None and whole.phone.startswith(_DIALLED_THROUGH):
        return whole
    text = part.texts[0]
    if whole.phone is None and "/" in text:
        # Luxembourg: 27 12 11 11/24, or 27 12 11 with something behind it?
        shorter.append(_one_or_two(text.rpartition("/")[0], country))
    numbers = {found.phone: found for found in (whole, *shorter) if found.phone is not None}
    is_cut_at_the_end = text.startswith(part.texts[-1])
    is_made_up = is_cut_at_the_end and any(found.reason == _PLACEHOLDER for found in shorter)
    if len(numbers) > 1 or is_made_up:
        return Phone(reason=UNCLEAR)
    if whole.phone is None and not is_cut_at_the_end:
        return whole
    is_sure = country is not None or _is_international(text)
    if whole.phone is not None and not is_sure:
        # What is left of a national number is none without its country.
        return Phone(reason=UNCLEAR)
    return next(iter(numbers.values()), whole)


def _first_of(found: list[Phone], texts: tuple[str, ...]) -> Phone:
    """The first number, with the others; none where the parts may belong together."""
    first = found[0]
    if len(found) == 1:
        return first
    rest = list(zip(found[1:], texts[1:], strict=True))
    numbers = [phone for phone, _ in rest if phone.phone is not None]
    is_apart = _is_international(texts[0]) or all(
        phone.phone is not None or len(digits_of(text)) <= _LONGEST_REMARK for phone, text in rest
    )
    if first.phone is None and len(numbers) == len(rest) and not digits_of(texts[0]):
        first, *numbers = numbers
    if first.phone is None or not is_apart:
        return first if first.phone is None else Phone(reason=UNCLEAR)
    others = dict.fromkeys(
        number for phone in numbers for number in (phone.phone, *phone.others) if number
    )
    others.pop(first.phone, None)
    return first._replace(others=(*first.others, *others))


def _one_or_two(text: str, country: str | None) -> Phone:
    """A slash sets an area code off ("030 / 5550 1234"), a second number, or a further ending of
    the first ("5550-12 / 13"), which is no digit of it."""
    apart = _APART.split(_TO_ANOTHER_ENDING.sub(r"\1/", text))
    pieces = [piece for piece in apart if digits_of(piece)]
    whole = _one(text, country)
    if len(pieces) < 2:
        return whole
    first = _complete(pieces[0], country)
    is_complete = first is not None or any(
        _one("/".join(pieces[:count]), country).phone for count in range(2, len(pieces))
    )
    if whole.phone is not None:
        # Without a country what stands before the slash is checked by no numbering plan.
        is_checked = country is not None or _is_international(text)
        is_one = is_checked and not is_complete and not _has_endings(pieces)
        return whole if is_one else Phone(reason=UNCLEAR)
    if first is not None:
        return _first_of([first, *(_one(piece, country) for piece in pieces[1:])], tuple(pieces))
    return Phone(reason=UNCLEAR) if is_complete else whole


def _is_international(text: str) -> bool:
    return text.lstrip(" (").startswith(("+", "00"))


def _complete(piece: str, country: str | None) -> Phone | None:
    """The number `piece` is by itself, where it has an area code."""
    found = _one(piece, country) if len(digits_of(piece)) >= _SHORTEST_COMPLETE else None
    return None if found is None or found.phone is None else found


def _has_endings(pieces: list[str]) -> bool:
    """Whether the last pieces are as short as endings and something that may be a number, if only
    with an area code before it, stands before them. 01/23/45/67/89 are groups of one number."""
    sizes = [len(digits_of(piece)) for piece in pieces]
    size_before = sum(sizes)
    while sizes and sizes[-1] <= _LONGEST_REMARK:
        size_before -= sizes.pop()
    return len(sizes) < len(pieces) and (len(pieces) == 2 or size_before >= _SHORTEST_LOCAL)


def _one(text: str, country: str | None) -> Phone:
    """The one number `text` is."""
    # libphonenumber takes a tilde for the mark of an extension.
    readings, reason = readings_of(text.replace("~", " "), country)
    if not readings:
        return Phone(reason=reason)
    found = [_described(number) for number in readings]
    numbers = {phone.phone: phone for phone in found if phone.phone is not None}
    if len(numbers) > 1:
        either = " or ".join(map(str, numbers))
        return Phone(reason=f"may be {either}; write it with + and the country code once")
    return next(iter(numbers.values()), found[0])


def _described(number: phonenumbers.PhoneNumber) -> Phone:
    national = phonenumbers.national_significant_number(number)
    if _is_made_up(national):
        return Phone(reason=_PLACEHOLDER)
    kind = PHONE_KINDS.get(kind_of(number))
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
