"""What stands in a phone field: which parts of the text are numbers, and which are words.

Owns what spreadsheets, forms and people put around and between numbers. Which number a part is
belongs to `phones`. libphonenumber reads letters as digits ("privat" becomes 774828), some signs
as the mark of an extension, and joins what a sign sets apart; so no letter, no such sign and no
second number ever reaches it.
"""

import re
import unicodedata
from typing import NamedTuple

from phonenumbers import country_code_for_region

from lead_platform.identity.normalization.phone_doubts import (
    LONGEST_UNIT,
    UNCLEAR,
    PhonePart,
    part_among_words,
    part_before_a_hash,
    plain_part,
)
from lead_platform.identity.normalization.phone_masks import (
    MISSING_DIGITS,
    mark_missing_digits,
    with_digits_for_a_sign,
)
from lead_platform.vocabularies.phone_forms import dialled_by_letters, exponent_in
from lead_platform.vocabularies.phone_words import against_number, without_shared_line
from lead_platform.vocabularies.text import clean_text, undo_percent_encoding

_NORTH_AMERICA = 1
_LONGEST = 60
# What most numbers look like; what follows here changes nothing of them.
_PLAIN = re.compile(r"\+?(?:\d{1,4}[ -]?)?(?:\((?:0|\d{2,5})\)[ -]?)?\d(?:[ -]?\d){4,19}")
_LONGEST_CELL = 300
_SEVERAL = re.compile(
    r"[;|,]|\s&\s|\b(?:or|and|oder|und|bzw|ou)\b\.?|(?<=\d)\s+(?=\+\d)"
    # A slash beside a word or a plus; between digits it may set off an area code.
    r"|[/\\]\s*(?=\+)|(?<=[^\W\d_])\s*[)\]]?\s*/|/(?=\s*[(\[]?\s*[^\W\d_])",
    re.IGNORECASE,
)
# What a spreadsheet makes of digits: a number format, a formula that keeps it text.
_WHOLE = re.compile(r"(\+?\d{6,15})[.,]0{1,2}")
_THOUSANDS = re.compile(r"(\+?\d{1,3}(?:([,.' ])\d{3})(?:\2\d{3}){1,4})(?:[.,]0{1,2})?")
_QUOTED = re.compile(r"^=?\s*[\"'`´]+|[\"'`´]+$")
_TAIL_OF_A_FIGURE = re.compile(r"\d[.,]0$")
_CHAT_LINK = re.compile(
    r"(?:https?://)?(?:wa\.me/|api\.whatsapp\.com/send/?\?phone=|whatsapp://send/?\?phone=)\+?",
    re.IGNORECASE,
)
_EXTENSION = re.compile(
    r"[\s,;(]*(?:(?<=\d)x|\bx|\bext(?:ension|n)?|;ext=|#|\bdurchwahl|\bdw|\bapp(?:arat)?|\bnst|"
    r"\bposte|\banexo|\bramal|\binterno|\bint|\bдоб)\s*[.:=]?\s*\d{1,7}\s*\)?$",
    re.IGNORECASE,
)
_LETTER_FOR_ZERO = re.compile(r"^[oO](?=\d)")
# Letters between digits, or such as look like one beside them ("030 58948l").
_GLUED = re.compile(
    r"\d[^\W\d_]+\d|\d[oOlISBZ]+(?![^\W_])|(?<![^\W_])[oOlISBZ]+\d|\d\s+[oOlI](?![^\W_])"
)
# "1) 030 …", "2. +49 …", "(3) 030 …".
_LIST_MARK = re.compile(
    r"^(?:(?:1\d|[1-9])\s?[).:]\s+(?=[+(\d])|\([1-9]\)\s*(?=0)|\(?1?\d\s*[).:-]?\s*(?=\+\d))"
)
# Dialled before a number to hide one's own: *31#, #31#.
_SERVICE_CODE = re.compile(r"^[*#]{1,2}3[01][*#]\s*")
# The carrier to be chosen: "(0xx11) 98765-4321".
_CARRIER_IN_BRAZIL = re.compile(r"\b0\s?(?:xx|\*\*)\s?(?=\d\d)", re.IGNORECASE)
_OF_BRAZIL = re.compile(r"[\s(]*(?:\+|00)\s?55")
_BRACKETED_BEHIND = re.compile(r"\s*\(([^()]*)\)\s*$")
_MOST_BRACKETED = 4
# "(Mo-Fr 9:00-17:00)": a time has a word or a colon, and more digits.
_MOST_BRACKETED_BY_WORDS = 8
_SEGMENT = re.compile(r"[+(]*\d[\d\s()./\\~‐-―−-]*")
_SIGNS_AMONG = re.compile(r"\d\s*[^\w\s()./\\~‐-―−-]+\s*\d")
# "5550-12...13" is a range, "0151 55...34" a cut.
_DOTS_AMONG = re.compile(r"\d[\s)]*\.(?:\s?\.)+[\s(]*\d")
_MASKED = "masked or cut: signs stand for some of its digits"
_ALONE = re.compile(r"\(*\+?[\d\s()./\\~‐-―−-]+")
_EDGES = " .,:;?!*#~-–—<>='\"/\\&"
_LONGEST_REMARK = 3
_WORD = re.compile(r"[^\W\d_]+")
# Between a word and its figure: "UTC-5", "(Q 3", "No #4".
_TIES = " -–#(/"
_SIGNS = str.maketrans("[]·", "() ")


class PhoneParts(NamedTuple):
    """What in a field may be numbers, in order; `reason` where there is nothing."""

    parts: tuple[PhonePart, ...] = ()
    reason: str | None = None


def phone_parts(raw: str, country: str | None) -> PhoneParts:
    """The parts of `raw`, written by somebody in `country`, that may be phone numbers: digits, `+`
    and signs, no letters but those of a number dialled by letters."""
    if _PLAIN.fullmatch(raw):
        return PhoneParts((plain_part(raw),))
    text = clean_text("; ".join(raw.splitlines()))
    if text is None or len(text) > _LONGEST_CELL:
        return PhoneParts(reason=text and f"longer than {_LONGEST} characters")
    text = _QUOTED.sub("", _ascii_digits(undo_percent_encoding(text))).strip()
    text = " ".join(word for word in text.split() if "@" not in word) or text
    if text.startswith("++"):
        text = "+" + text.lstrip("+")
    figure = _figure(text)
    if figure is not None:
        return figure
    if country == "BR" or _OF_BRAZIL.match(text):
        text = _CARRIER_IN_BRAZIL.sub("0", text)
    text = _CHAT_LINK.sub("+", without_shared_line(text))
    # What no number stands beside is said of all of them.
    alone = (piece for piece in _SEVERAL.split(text) if not any(map(str.isdigit, piece)))
    if reason := next(filter(None, map(against_number, alone)), None):
        return PhoneParts(reason=reason)
    text = mark_missing_digits(_SERVICE_CODE.sub("", text))
    found = _parts_of(_EXTENSION.sub("", text), country)
    parts = tuple(part for one in found for part in one.parts)
    if parts and (longer := with_digits_for_a_sign(text)):
        filled = [part for each in longer for part in _parts_of(each, country)[-1].parts]
        texts = tuple(dict.fromkeys(text for part in filled for text in part.texts))
        parts = (*parts[:-1], parts[-1]._replace(longer=texts))
    reasons = [one.reason for one in found if one.reason is not None]
    return PhoneParts(parts) if parts else PhoneParts(reason=(*reasons, "not a phone number")[0])


def _parts_of(text: str, country: str | None) -> list[PhoneParts]:
    return [_one_part(piece.strip(), country) for piece in _SEVERAL.split(text)]


def _figure(text: str) -> PhoneParts | None:
    """A cell a spreadsheet holds as a number: its digits, unless some of them are lost."""
    if (exponent := exponent_in(text)) is not None:
        if exponent.digits is None:
            return PhoneParts(reason="rounded by a spreadsheet: some of its digits are lost")
        return _sole(exponent.digits)
    if whole := _WHOLE.fullmatch(text):
        return _sole(whole[1])
    if grouped := _THOUSANDS.fullmatch(text):
        if grouped[2] == "," or text != grouped[1]:
            return _sole(re.sub(r"[,.' ]", "", grouped[1]))
    elif _TAIL_OF_A_FIGURE.search(text):
        return PhoneParts(reason="ends in .0 like a figure, and is none")
    return None


def _sole(text: str) -> PhoneParts:
    return PhoneParts((PhonePart((text,)),))


def _one_part(part: str, country: str | None) -> PhoneParts:
    """The number in a part of the field, with the words around it taken off."""
    if len(part) > _LONGEST:
        return PhoneParts(reason=f"longer than {_LONGEST} characters")
    if reason := against_number(part):
        return PhoneParts(reason=reason)
    if MISSING_DIGITS in part:
        return PhoneParts(reason=_MASKED)
    if _DOTS_AMONG.search(part):
        return PhoneParts(reason=UNCLEAR)
    part = _EXTENSION.sub("", part).translate(_SIGNS)
    part = _SERVICE_CODE.sub("", _LIST_MARK.sub("", part))
    part = _without_remarks_behind(_LETTER_FOR_ZERO.sub("0", part))
    if not any(char.isdigit() for char in part):
        return PhoneParts(reason="not a phone number" if part.strip(_EDGES) else None)
    if (dialled := dialled_by_letters(part)) is not None:
        if country_code_for_region(country or "") != _NORTH_AMERICA and not part.startswith("+"):
            return PhoneParts(reason="letters among its digits")
        return _sole(dialled)
    if not any(char.isalpha() for char in part):
        return _number_alone(part)
    if _GLUED.search(part):
        return PhoneParts(reason="letters among its digits")
    return _number_among_words(part, country)


def _without_remarks_behind(part: str) -> str:
    """Without "(privat)", "(9-17 Uhr)", "(2)": few digits in brackets at the end are none of it."""
    while (found := _BRACKETED_BEHIND.search(part)) is not None:
        is_said = any(char.isalpha() or char == ":" for char in found[1])
        most = _MOST_BRACKETED_BY_WORDS if is_said else _MOST_BRACKETED
        before = part[: found.start()]
        if len(digits_of(found[1])) > most or len(digits_of(before)) <= _LONGEST_REMARK:
            break
        part = before
    return part


def _number_alone(part: str) -> PhoneParts:
    text = part.strip(_EDGES)
    if not _ALONE.fullmatch(text):
        return PhoneParts(reason="signs among its digits that no number has")
    is_hashed = part.rstrip().endswith("#")
    return PhoneParts((part_before_a_hash(text) if is_hashed else plain_part(text),))


def _number_among_words(part: str, country: str | None) -> PhoneParts:
    if _SIGNS_AMONG.search(part):
        return PhoneParts(reason="signs among its digits that no number has")
    first, *rest = _SEGMENT.finditer(part)
    # "0151 55501234 ab 18 Uhr" is one number; "0151 mobil 55501234" may be any.
    if any(len(digits_of(segment.group())) > _LONGEST_REMARK for segment in rest):
        return PhoneParts(reason="words between its digits")
    word = _WORD.match(part, first.end())
    found = part_among_words(
        first.group().rstrip("( "),
        country,
        is_behind=part[: first.start()].rstrip(_TIES)[-1:].isalpha(),
        is_before=word is not None,
        is_before_unit=word is not None
        and len(word[0]) <= LONGEST_UNIT
        and part[first.end() - 1].isdigit(),
    )
    return PhoneParts((found,))


def _ascii_digits(text: str) -> str:
    if text.isascii():
        return text
    return "".join(str(unicodedata.decimal(char)) if char.isdecimal() else char for char in text)


def digits_of(text: str) -> str:
    """Its digits alone."""
    return "".join(char for char in text if char.isdigit())
