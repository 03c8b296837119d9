"""Numbers of a workbook as a person sees them: dates, leading zeros, percentages, durations.

Owns what a number format means. A workbook stores the date 2026-11-20 as 46346 and the postal code
01067 as 1067; the cell's format alone tells. Thousands separators, currency signs and rounding are
left away: they would make an exact number one that has to be guessed again.
"""

import re
import sys
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from functools import lru_cache

EXACT_DIGITS = 15
"""Digits of a number that Excel keeps; of a longer one the rest became zeros."""

BUILT_IN: dict[int, str] = {
    0: "General", 1: "0", 2: "0.00", 3: "#,##0", 4: "#,##0.00", 9: "0%", 10: "0.00%",
    11: "0.00E+00", 14: "yyyy-mm-dd", 15: "d-mmm-yy", 16: "d-mmm", 17: "mmm-yy", 18: "h:mm AM/PM",
    19: "h:mm:ss AM/PM", 20: "h:mm", 21: "h:mm:ss", 22: "yyyy-mm-dd h:mm", 45: "mm:ss",
    46: "[h]:mm:ss", 47: "mm:ss.0", 49: "@",
    **dict.fromkeys((*range(27, 37), *range(50, 59)), "yyyy-mm-dd"),
}  # fmt: skip
"""Codes of the formats a workbook refers to by number, ECMA-376 part 1, 18.8.30."""

_PIECES = re.compile(
    r'"(?P<quoted>[^"]*)"?|\\(?P<escaped>.)|(?P<blank>_.|\*.)|\[(?P<bracket>[^\]]*)\]?'
    r"|(?P<half>am/pm|a/p)|(?P<exponent>e[+-])|(?P<general>general)|(?P<sign>.)",
    re.IGNORECASE | re.DOTALL,
)
_ELAPSED = re.compile(r"h+|m+|s+", re.IGNORECASE)
_CONDITION = re.compile(r"(<=|>=|<>|<|>|=)\s*(-?\d+(?:\.\d+)?)")
_PLACEHOLDERS = frozenset("0#?")
_LITERALS = frozenset("123456789+-():! &'^~{}<>=$ ")
"""Signs that a format shows as they are, without a quote or a backslash."""
_PHONE_SIGNS = frozenset("+()-./ 0123456789")
_LARGEST_EXPONENT = sys.float_info.max_10_exp
_LONGEST_NUMBER = 40
_DAY_SECONDS = 86_400
# 9999-12-31, the last day a format shows.
_LAST_DAY = 2_958_466
# Excel counts a 29 February 1900, as Lotus did.
_FALSE_LEAP_DAY = 60


@dataclass(frozen=True, slots=True)
class _Section:
    """One of the up to four sections of a format code.

    `mask`: its placeholders and literal texts in order, where it shows digits one by one. `words`:
    what it shows in place of the number.
    """

    condition: tuple[str, Decimal] | None
    has_date: bool
    has_time: bool
    is_elapsed: bool
    is_percent: bool
    mask: tuple[str, ...] | None
    words: str | None = None


_BARE = _Section(None, False, False, False, False, None)
"""Shows the number as it is."""


def show_number(text: str, code: str, *, since_1904: bool) -> str | float:
    """A stored number under a format code: text where it is exact, else a float.

    What is no number is given back as it is.
    """
    try:
        number = Decimal(text) if len(text) <= _LONGEST_NUMBER else None
    except InvalidOperation:
        number = None
    # A workbook's numbers are doubles; written out, a crafted exponent would take hours.
    if number is None or not number.is_finite() or abs(number.adjusted()) > _LARGEST_EXPONENT:
        return text
    section = _section_for(number, _sections(code))
    if section.words is not None:
        return section.words
    if section.has_date or section.has_time or section.is_elapsed:
        shown = _show_instant(number, section, since_1904)
        if shown is not None:
            return shown
    if section.is_percent:
        return f"{(number * 100).normalize():f}%"
    if section.mask is not None and number >= 0 and number == number.to_integral_value():
        return _filled(section.mask, str(int(number)))
    return _plain(number, is_stated="e" not in text.lower())


def _plain(number: Decimal, *, is_stated: bool) -> str | float:
    """`is_stated`: the file holds the number digit by digit, not as a power of ten."""
    rounded = Decimal(f"{number:.{EXACT_DIGITS}g}")
    if rounded != rounded.to_integral_value():
        return float(rounded)
    if abs(number) < 10**EXACT_DIGITS:
        return str(int(rounded))
    if is_stated and number == number.to_integral_value() and number != rounded:
        # A program wrote more digits than Excel keeps: they are what it meant.
        return str(int(number))
    return f"{number:.{EXACT_DIGITS - 1}E}"


def _show_instant(number: Decimal, section: _Section, since_1904: bool) -> str | None:
    if not 0 <= number < _LAST_DAY:
        return None
    milliseconds = round(number * _DAY_SECONDS * 1_000)
    if section.is_elapsed:
        seconds = milliseconds // 1_000
        return f"{seconds // 3_600}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    moment = _first_day(number, since_1904) + timedelta(milliseconds=milliseconds)
    is_whole = milliseconds % (_DAY_SECONDS * 1_000) == 0
    if section.has_time and not section.has_date and number < 1:
        return moment.time().isoformat(_precision(moment))
    if section.has_date and not section.has_time and is_whole:
        return moment.date().isoformat()
    return moment.isoformat(timespec=_precision(moment))


def _first_day(number: Decimal, since_1904: bool) -> datetime:
    if since_1904:
        return datetime(1904, 1, 1)  # noqa: DTZ001  (a workbook knows no zones)
    return datetime(1899, 12, 30 if number >= _FALSE_LEAP_DAY else 31)  # noqa: DTZ001


def _precision(moment: datetime) -> str:
    return "milliseconds" if moment.microsecond else "seconds"


def _section_for(number: Decimal, sections: tuple[_Section, ...]) -> _Section:
    if any(section.condition for section in sections):
        fitting = (section for section in sections if _holds(section.condition, number))
        return next(fitting, _BARE)
    if number < 0 and len(sections) > 1:
        return sections[1]
    return sections[2] if number == 0 and len(sections) > 2 else sections[0]


def _holds(condition: tuple[str, Decimal] | None, number: Decimal) -> bool:
    if condition is None:
        return True
    sign, limit = condition
    return {
        "<": number < limit, "<=": number <= limit, ">": number > limit, ">=": number >= limit,
        "=": number == limit, "<>": number != limit,
    }[sign]  # fmt: skip


@lru_cache(maxsize=4_096)
def _sections(code: str) -> tuple[_Section, ...]:
    pieces: list[list[re.Match[str]]] = [[]]
    for piece in _PIECES.finditer(code[:1_000]):
        if piece["sign"] == ";":
            pieces.append([])
        else:
            pieces[-1].append(piece)
    return tuple(_section(section) for section in pieces[:4])


def _section(pieces: list[re.Match[str]]) -> _Section:
    signs = "".join(piece["sign"] or "" for piece in pieces).lower()
    brackets = [piece["bracket"] for piece in pieces if piece["bracket"] is not None]
    conditions = [found for text in brackets if (found := _CONDITION.match(text))]
    has_clock = any(sign in signs for sign in "hs") or any(piece["half"] for piece in pieces)
    has_calendar = any(sign in signs for sign in "yd") or ("m" in signs and not has_clock)
    return _Section(
        condition=(conditions[0][1], Decimal(conditions[0][2])) if conditions else None,
        has_date=has_calendar,
        has_time=has_clock,
        is_elapsed=any(_ELAPSED.fullmatch(text) for text in brackets),
        is_percent="%" in signs,
        mask=_mask(pieces),
        words=_words(pieces),
    )


def _words(pieces: list[re.Match[str]]) -> str | None:
    """The text of a section that shows no digit: `"Yes";;"No"`. A dash for nought stays a number,
    and so does what is hidden."""
    if any(p["general"] or p["exponent"] or p["half"] for p in pieces):
        return None
    if any(_is_elapsed(piece) or _literal(piece) is None for piece in pieces if not piece["blank"]):
        return None
    text = "".join(_literal(piece) or "" for piece in pieces).strip()
    return text if text.strip("-–—.") else None


def _is_elapsed(piece: re.Match[str]) -> bool:
    return piece["bracket"] is not None and _ELAPSED.fullmatch(piece["bracket"]) is not None


def _literal(piece: re.Match[str]) -> str | None:
    """The text that a piece shows whatever the number is; None of a piece that shows part of it."""
    if piece["bracket"] is not None:
        return _currency(piece["bracket"])
    if (told := piece["quoted"] or piece["escaped"]) is not None:
        return told
    sign = piece["sign"]
    if piece["quoted"] == "" or piece["blank"]:
        return ""
    return sign if sign is not None and sign in _LITERALS else None


def _currency(bracket: str) -> str:
    """`[$+44]` and `[$€-407]` show what stands before the dash; colours and conditions nothing."""
    return bracket[1:].partition("-")[0] if bracket.startswith("$") else ""


def _mask(pieces: list[re.Match[str]]) -> tuple[str, ...] | None:
    """Placeholders and literals where they show a number digit by digit: a postal code, a phone."""
    mask: list[str] = []
    literals = ""
    for piece in pieces:
        literal = _literal(piece)
        if literal is not None:
            mask.append(f"'{literal}")
            literals += literal
        elif piece["general"]:
            mask.append("#")
        elif piece["sign"] in _PLACEHOLDERS:
            mask.append(piece["sign"])
        elif piece["sign"] != ",":
            # Thousands are left away.
            return None
    places = [part for part in mask if part in _PLACEHOLDERS]
    is_written_out = bool(literals.strip()) and set(literals) <= _PHONE_SIGNS
    return tuple(mask) if places.count("0") > 1 or (places and is_written_out) else None


def _filled(mask: tuple[str, ...], digits: str) -> str:
    """The digits in their places from the right; those for which there is none go first."""
    first = next(place for place, part in enumerate(mask) if part in _PLACEHOLDERS)
    shown: list[str] = []
    for place in reversed(range(len(mask))):
        part = mask[place]
        if part not in _PLACEHOLDERS:
            shown.append(part.removeprefix("'"))
            continue
        last = digits if place == first else digits[-1:]
        digits = digits[: len(digits) - len(last)]
        shown.append(last or ("0" if part == "0" else ""))
    return "".join(reversed(shown)).strip()
