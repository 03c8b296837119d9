"""What stands in a phone field: which parts of the text are numbers, and which are words.

Owns what spreadsheets, forms and people put around and between numbers. Which number a part is
belongs to `phones`. libphonenumber reads letters as digits ("privat" becomes 774828) and joins
what a sign sets apart; so no letter and no second number ever reaches it.
"""

import re
import unicodedata
from typing import NamedTuple

from lead_platform.vocabularies.text import clean_text, undo_percent_encoding

_LONGEST = 60
# What most numbers look like; all that follows here changes nothing of them.
_PLAIN = re.compile(r"\+?[0-9(][0-9 ()-]{4,28}[0-9]")
_LONGEST_CELL = 300
_SEVERAL = re.compile(
    r"[;|,]|\s&\s|\b(?:or|and|oder|und|bzw|ou)\b\.?|(?<=\d)\s+(?=\+\d)",
    re.IGNORECASE,
)
# What a spreadsheet makes of digits: a number format, a formula that keeps it text, an exponent.
_EXPONENT = re.compile(r"\+?(\d)(?:[.,](\d+))?\s?E\+?(\d{1,2})", re.IGNORECASE)
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
# 1-800-FLOWERS: capitals that go on where the digits end. Only where people dial by letters.
_DIALLED_BY_LETTERS = re.compile(
    r"(?:\+?1[\s.-]*)?\(?\d{3}\)?[\s.-]*[A-Z\d][A-Z\d-]*[A-Z][A-Z\d-]*"
)
_LETTER_FOR_ZERO = re.compile(r"^[oO](?=\d)")
_GLUED = re.compile(r"\d[^\W\d_]+\d")
_SEGMENT = re.compile(r"[+(\[]*\d[\d\s()\[\]./\\~·‐-―−-]*")
_LONGEST_REMARK = 3


class PhoneParts(NamedTuple):
    """The texts of a field that may be numbers, in order; `reason` where there is none."""

    texts: tuple[str, ...] = ()
    reason: str | None = None


def phone_parts(raw: str) -> PhoneParts:
    """The parts of `raw` that may be phone numbers: digits, `+` and signs, no letters but those
    of a number dialled by letters."""
    if _PLAIN.fullmatch(raw):
        return PhoneParts((raw,))
    text = clean_text("; ".join(raw.splitlines()))
    if text is None or len(text) > _LONGEST_CELL:
        return PhoneParts(reason=text and f"longer than {_LONGEST} characters")
    text = _QUOTED.sub("", _ascii_digits(undo_percent_encoding(text))).strip()
    text = " ".join(word for word in text.split() if "@" not in word) or text
    figure = _figure(text)
    if figure is not None:
        return figure
    texts: list[str] = []
    reasons: list[str] = []
    for part in _SEVERAL.split(_EXTENSION.sub("", _CHAT_LINK.sub("+", text))):
        found = _one_part(part.strip())
        texts += found.texts
        if found.reason is not None:
            reasons.append(found.reason)
    if texts:
        return PhoneParts(tuple(texts))
    return PhoneParts(reason=reasons[0] if reasons else "not a phone number")


def _figure(text: str) -> PhoneParts | None:
    """A cell a spreadsheet holds as a number: its digits, unless some of them are lost."""
    if exponent := _EXPONENT.fullmatch(text):
        head, decimals, size = exponent[1], exponent[2] or "", int(exponent[3])
        if len(decimals) != size:
            return PhoneParts(reason="rounded by a spreadsheet: some of its digits are lost")
        return PhoneParts((head + decimals,))
    if whole := _WHOLE.fullmatch(text):
        return PhoneParts((whole[1],))
    if grouped := _THOUSANDS.fullmatch(text):
        if grouped[2] == "," or text != grouped[1]:
            return PhoneParts((re.sub(r"[,.' ]", "", grouped[1]),))
    elif _TAIL_OF_A_FIGURE.search(text):
        return PhoneParts(reason="ends in .0 like a figure, and is none")
    return None


def _one_part(part: str) -> PhoneParts:
    """The number in a part of the field, with the words around it taken off."""
    if len(part) > _LONGEST:
        return PhoneParts(reason=f"longer than {_LONGEST} characters")
    part = _LETTER_FOR_ZERO.sub("0", _EXTENSION.sub("", part))
    if not any(char.isalpha() for char in part) or _DIALLED_BY_LETTERS.fullmatch(part):
        return PhoneParts((part,)) if any(char.isdigit() for char in part) else PhoneParts()
    if _GLUED.search(part):
        return PhoneParts(reason="letters among its digits")
    segments = [found.group().strip() for found in _SEGMENT.finditer(part)]
    if not segments:
        return PhoneParts(reason="not a phone number")
    remarks = [digits_of(segment) for segment in segments[1:]]
    # "0151 55501234 ab 18 Uhr" is one number; "0151 mobil 55501234" may be any.
    if all(len(remark) <= _LONGEST_REMARK for remark in remarks):
        return PhoneParts((segments[0],))
    return PhoneParts(reason="words between its digits")


def _ascii_digits(text: str) -> str:
    if text.isascii():
        return text
    return "".join(str(unicodedata.decimal(char)) if char.isdecimal() else char for char in text)


def digits_of(text: str) -> str:
    """Its digits alone."""
    return "".join(char for char in text if char.isdigit())
