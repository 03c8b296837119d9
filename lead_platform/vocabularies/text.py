"""Cleans text: unicode, invisible characters, spaces; and folds it into a key for look-ups.

What a cleaned text means (a name, a country …) is for the neighbouring modules.
"""

import html
import re
import unicodedata
from collections.abc import Callable
from typing import NamedTuple
from urllib.parse import unquote

import ftfy

# NFKC writes these out as letters, which turns "Acme™" into "AcmeTM".
_TRADEMARKS = str.maketrans("", "", "™®©℠")
_LETTERS_WITHOUT_DECOMPOSITION = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i", "ħ": "h"}
)
_LATIN_MARKS = re.compile("[\u0300-\u036f]")
_NOT_WORD = re.compile(r"[\W_]+")
_APOSTROPHES = re.compile(r"['’‘`´ʼ′]")
# Three times as fast as the regular expression that does the same for other scripts.
_ASCII_MARKS = {code: " " for code in range(128) if not chr(code).isalnum()} | {
    ord("&"): " and ",
    ord("'"): "",
    ord("`"): "",
}
_PERCENT_ENCODED = re.compile(r"(?:[^%\s]|%[0-9A-Fa-f]{2})+")
_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
# A repair can uncover another ("&amp;amp;"); none seen needed more than three.
_MOST_REPAIRS = 8


class NormalText(NamedTuple):
    """One normalised value; `reason` says why it is null although something was given."""

    value: str | None
    reason: str | None = None


BLANK = NormalText(None)


def clean_text(raw: str) -> str | None:
    """`raw` on one line: repaired, NFKC, no invisible characters, single spaces; None if empty."""
    return _settle(raw, " ") or None


def clean_message(raw: str) -> str | None:
    """Like `clean_text`, but lines stay lines, with at most one empty line between them."""
    lines = [_settle(line, " ") for line in raw.splitlines()]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip() or None


def normalize_text(raw: str) -> NormalText:
    """Free text that no rule can reject."""
    return NormalText(clean_text(raw))


def recase(text: str, casing: Callable[[str], str]) -> str:
    """`text` in another casing, unless letters come or go ("İ") or cleaning would change it."""
    shown = casing(text)
    return shown if len(shown) == len(text) and clean_text(shown) == shown else text


def unaccent(text: str) -> str:
    """`text` in lower case without accents on Latin, Greek and Cyrillic letters."""
    folded = text.casefold()
    if folded.isascii():
        return folded
    plain = _LATIN_MARKS.sub("", unicodedata.normalize("NFKD", folded)).casefold()
    return unicodedata.normalize("NFC", plain).translate(_LETTERS_WITHOUT_DECOMPOSITION)


def fold(text: str) -> str:
    """The key under which spellings meet: "São-Tomé & Príncipe" -> "sao tome and principe"."""
    plain = unaccent(text)
    if plain.isascii():
        return " ".join(plain.translate(_ASCII_MARKS).split())
    spaced = _APOSTROPHES.sub("", plain).replace("&", " and ")
    return " ".join(_NOT_WORD.sub(" ", spaced).split())


def undo_percent_encoding(text: str) -> str:
    """`text` without the percent-encoding of URLs, where it is certain: each percent sign begins
    an encoded byte, no space stands between, and the bytes are UTF-8 of printable text."""
    if "%" not in text or _PERCENT_ENCODED.fullmatch(text) is None:
        return text
    try:
        decoded = unquote(text, errors="strict")
    except UnicodeDecodeError:
        return text
    return decoded if decoded.isprintable() and "%" not in decoded else text


def straighten_apostrophes(text: str) -> str:
    """`text` with one kind of apostrophe."""
    return _APOSTROPHES.sub("'", text)


def _settle(raw: str, space: str) -> str:
    if raw.isascii() and raw.isprintable() and "&" not in raw:
        return " ".join(raw.split())
    text = raw
    for _ in range(_MOST_REPAIRS):
        repaired = _repair(text, space)
        if repaired == text:
            break
        text = repaired
    return text


def _repair(text: str, space: str) -> str:
    if "&" in text and ";" in text:
        text = html.unescape(text)
    if not text.isascii():
        text = ftfy.fix_encoding(_without_surrogates(text)).translate(_TRADEMARKS)
        text = unicodedata.normalize("NFKC", text)
    if not text.isprintable():
        text = "".join(
            space if char.isspace() else char
            for char in text
            if char.isspace() or unicodedata.category(char) not in _INVISIBLE
        )
    return " ".join(text.split())


def _without_surrogates(text: str) -> str:
    """Half a surrogate pair cannot be written as UTF-8, and so stored nowhere."""
    return text.encode("utf-8", "ignore").decode("utf-8")
