"""Cleans text: unicode, invisible characters, spaces; and folds it into a key for look-ups.

What a cleaned text means (a name, a country …) is for the neighbouring modules.
"""

import html
import re
import unicodedata
from collections.abc import Callable
from functools import cache
from itertools import chain
from typing import Literal, NamedTuple
from urllib.parse import unquote

import ftfy

# NFKC writes these out as letters, which turns "Acme™" into "AcmeTM".
_TRADEMARKS = str.maketrans("", "", "™®©℠")
_LETTERS_WITHOUT_DECOMPOSITION = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i", "ħ": "h"}
)
# The Stream-Safe Text Format of UAX #15: at most so many non-starters in a row (no language needs
# more than 18), set apart by the combining grapheme joiner, which shows nothing.
MOST_NON_STARTERS = 30
_JOINER = "\u034f"
# All non-starters of Unicode lie here; tests look through the rest.
_NON_STARTERS_FROM, _NON_STARTERS_TO = 0x300, 0x20000
# The last code point is written with seven digits; Python reads no figure of thousands of them.
_NO_CODE_POINT = re.compile(r"&#[0-9]{100,};?")
_LATIN_MARKS = re.compile("[\u0300-\u036f]")
# What else a word is the same word without: the points of Hebrew and Arabic, which people leave
# out, further accents, and which of several shapes a sign has. Not the vowels that other scripts
# write as marks.
_OTHER_ACCENTS = re.compile(
    "[\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u064b-\u0652\u0670\u180b-\u180d\u180f"
    "\u1ab0-\u1aff\u1dc0-\u1dff\ufe00-\ufe0f\ufe20-\ufe2f\U000e0100-\U000e01ef]"
)
# In Latin, Greek, Cyrillic, Chinese, Japanese and Korean no marks are left once those are gone;
# what looks for marks takes half as long again.
_MAY_HOLD_MARKS = re.compile(
    "[\u0483-\u1dff\u2cef-\u2dff\u302a-\u302f\u3099\u309a\ua66f-\uabff\ufb1e\ufe00-\ufe2f\U00010100-\U000e01ef]"
)
# All marks lie here, and symbols' own (0x20D0-0x20FF), which belong to no letter; a test looks
# through the rest.
_MARKS_LIE_IN = (
    range(0x300, 0x20D0), range(0x2100, 0x3100), range(0xA600, 0xAC00), range(0xFB00, 0xFE30),
    range(0x10100, 0x12000), range(0x16A00, 0x17000), range(0x1BC00, 0x1BD00),
    range(0x1CF00, 0x1D300), range(0x1DA00, 0x1F000), range(0xE0100, 0xE01F0),
)  # fmt: skip


def _marks_of_letters() -> str:
    """Inside of a class of a regular expression: vowel signs, tones, accents; none of symbols."""
    runs: list[list[int]] = []
    for code in chain.from_iterable(_MARKS_LIE_IN):
        if unicodedata.category(chr(code)) in ("Mn", "Mc"):
            if runs and runs[-1][1] == code - 1:
                runs[-1][1] = code
            else:
                runs.append([code, code])
    return "".join(f"{chr(first)}-{chr(last)}" for first, last in runs)


# The one place that says what a letter is: `\w` and `str.isalpha` count no marks, which in the
# scripts of India, Thailand and others are vowels. `MARKS` goes into a class, `LETTER` is a letter
# with its marks, `LETTER_END` the one sign that such a letter ends in (for a look behind).
MARKS = _marks_of_letters()
LETTER = rf"[^\W\d_][{MARKS}]*"
LETTER_END = rf"(?:[^\W\d_]|[{MARKS}])"
_NOT_ALPHANUMERIC = re.compile(r"[\W_]+")
# A mark behind no letter is none of a word.
_NOT_WORD = re.compile(rf"(?:[^\w{MARKS}]|_)[\W_]*|\A[{MARKS}][\W_]*")
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
    """`text` in lower case without accents on Latin, Greek and Cyrillic letters, and without the
    points of Hebrew and Arabic ones."""
    folded = text.casefold()
    if folded.isascii():
        return folded
    plain = _LATIN_MARKS.sub("", _normalize("NFKD", folded)).casefold()
    if plain.isascii():
        return plain
    if _MAY_HOLD_MARKS.search(plain) is not None:
        plain = _OTHER_ACCENTS.sub("", plain)
    return _normalize("NFC", plain).translate(_LETTERS_WITHOUT_DECOMPOSITION)


def fold(text: str) -> str:
    """The key under which spellings meet: "São-Tomé & Príncipe" -> "sao tome and principe"."""
    plain = unaccent(text)
    if plain.isascii():
        return " ".join(plain.translate(_ASCII_MARKS).split())
    plain = _APOSTROPHES.sub("", plain)
    if plain.replace(" ", "").isalnum():
        return " ".join(plain.split())
    spaced = plain.replace("&", " and ")
    between = _NOT_WORD if _MAY_HOLD_MARKS.search(spaced) is not None else _NOT_ALPHANUMERIC
    return " ".join(between.sub(" ", spaced).split())


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


def stream_safe(text: str) -> str:
    """`text` with no more than 30 non-starters in a row, as UAX #15 has it: same text, same look.

    To normalise is to sort each such row, by insertion: one of 40,000 takes 2.5 s, one of 450,000
    minutes, in a single call that nothing stops. Whoever normalises, or calls what does (`urlsplit`
    its host), makes the text safe first.
    """
    if len(text) <= MOST_NON_STARTERS or text.isascii():
        return text
    return _full_rows().sub(rf"\g<0>{_JOINER}", text)


@cache
def _full_rows() -> re.Pattern[str]:
    """30 non-starters that another one follows."""
    characters = map(chr, range(_NON_STARTERS_FROM, _NON_STARTERS_TO))
    one = f"[{''.join(filter(is_non_starter, characters))}]"
    return re.compile(f"{one}{{{MOST_NON_STARTERS}}}(?={one})")


def is_non_starter(character: str) -> bool:
    """Whether normalising may move it past the character before it."""
    decomposed = unicodedata.normalize("NFKD", character)  # noqa: TID251  (a single character)
    return unicodedata.combining(decomposed[0]) != 0


def _normalize(form: Literal["NFC", "NFKC", "NFKD"], text: str) -> str:
    return unicodedata.normalize(form, stream_safe(text))  # noqa: TID251  (the one place)


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
        text = html.unescape(_NO_CODE_POINT.sub("\ufffd", text))
    if not text.isascii():
        text = ftfy.fix_encoding(_without_surrogates(text)).translate(_TRADEMARKS)
        text = _normalize("NFKC", text)
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
