"""Headcount and revenue from what forms offer: figures, ranges, "1,000+", "10k", "$2M".

A range becomes its lower bound, the only figure the answer guarantees: a rule that asks for at
least 1,000 employees then never fires on a guess. What may mean two numbers means none: a wrong
figure is worse than a clear reason. What words beside a figure mean is told by `quantities.csv`;
one that is not listed makes it none.
"""

import re
from typing import NamedTuple

from lead_platform.vocabularies.quantities import Meaning
from lead_platform.vocabularies.tables import Vocabularies
from lead_platform.vocabularies.text import clean_text

MOST_EMPLOYEES = 5_000_000
HIGHEST_REVENUE = 5e12
_LONGEST = 80
# A figure stands alone, but for a word behind it: what is glued to letters before it, to digits or
# to other signs is no number by itself.
_FIGURE = re.compile(
    r"(?<![\w.,'’/^*×])"
    r"(?P<digits>\d+(?:\.\d+)?e[+-]?\d+|\d+(?:[.,' ]\d+)*)"
    r"(?!(?:[^\W\d_])*[\d_^*×/'’]|[.,]\d)",
    re.IGNORECASE,
)
# Thousands in threes, or as India sets them; marks of one kind.
_GROUPED = re.compile(r"\d{1,3}(?:([., '])\d{3})(?:\1\d{3})*|\d{1,2}(?:,\d{2})+,\d{3}")
_UPPER_SIGN = re.compile(r"[<≤]")
_PARTS = re.compile(r"[%‰]")
_LETTERS_AND_MARKS = re.compile(r"[^\W\d_]+\.?|[\s+]")
_RANGE_SIGNS = frozenset({"-", "–", "—", "...", "..", "…"})


class Quantity(NamedTuple):
    """A number, or why there is none."""

    value: float | None = None
    reason: str | None = None


NO_QUANTITY = Quantity()
_NOT_PLAIN = Quantity(reason="signs that are numbers but no digits")


def normalize_employee_count(raw: str, vocabularies: Vocabularies) -> Quantity:
    """Whole number of employees, at least 1; the lower bound of a range."""
    text = clean_text(raw)
    if text is not None and vocabularies.quantities.meaning_of(text) == "one":
        return Quantity(1)
    lowest = _lower_bound(text, vocabularies, smallest=1) if _is_plain(raw) else _NOT_PLAIN
    if lowest.value is None:
        return lowest
    if not 1 <= lowest.value <= MOST_EMPLOYEES:
        return Quantity(reason=f"not between 1 and {MOST_EMPLOYEES:,} employees")
    return Quantity(int(lowest.value))


def normalize_annual_revenue(raw: str, vocabularies: Vocabularies) -> Quantity:
    """Revenue in the currency it was given in; the lower bound of a range."""
    text = clean_text(raw)
    lowest = _lower_bound(text, vocabularies, smallest=0) if _is_plain(raw) else _NOT_PLAIN
    if lowest.value is None:
        return lowest
    if not 0 <= lowest.value <= HIGHEST_REVENUE:
        return Quantity(reason=f"not between 0 and {HIGHEST_REVENUE:,.0f} a year")
    return Quantity(round(lowest.value, 2))


def _is_plain(raw: str) -> bool:
    """Cleaning writes 10⁶ as 106 and ½ as 1/2; 100万 is a million."""
    return raw.isascii() or all(char.isdecimal() or not char.isnumeric() for char in raw)


def _lower_bound(text: str | None, vocabularies: Vocabularies, smallest: int) -> Quantity:
    if text is None:
        return NO_QUANTITY
    if vocabularies.is_placeholder("any", text):
        return Quantity(reason="placeholder")
    text = vocabularies.currencies.without_signs(text) if len(text) <= _LONGEST else ""
    matches = list(_FIGURE.finditer(text))
    if not matches:
        return Quantity(reason="no number in it")
    if _is_negative(text, matches):
        return Quantity(reason="a negative number")
    if _digits_outside(text, matches):
        return Quantity(reason="digits that are no plain number")
    gaps = _gaps(text, matches)
    meanings = [vocabularies.quantities.meanings_in(gap) for gap in gaps]
    if None in meanings:
        return Quantity(reason="a word beside it is not known; see quantities.csv")
    known = [found for found in meanings if found is not None]
    figures = [
        _Figure(match["digits"], _factor_behind(found))
        for match, found in zip(matches, known[1:], strict=True)
    ]
    if _PARTS.search(text) or _is_scaled_otherwise(figures, known):
        return Quantity(reason="its unit may mean several numbers")
    is_range = len(figures) == 2 and _is_range(gaps[1], known)
    if not is_range and (len(figures) > 1 or _names_a_range(known)):
        return Quantity(reason="several numbers, and no range of two")
    if _UPPER_SIGN.search(gaps[0]) or "below" in known[0] or "below" in known[-1]:
        return Quantity(smallest)
    return _lowest_of(figures)


def _is_negative(text: str, matches: list[re.Match[str]]) -> bool:
    """-5, 5- and (5), as ledgers write it."""
    before, behind = text[: matches[0].start()].strip(), text[matches[-1].end() :].strip()
    is_alone = len(matches) == 1
    return (
        before.endswith(("-", "−"))
        or (is_alone and behind in ("-", "−"))
        or (is_alone and before == "(" and behind == ")")
    )


class _Figure(NamedTuple):
    """A figure as written, and what the word behind it multiplies it by."""

    digits: str
    factor: float | None


def _gaps(text: str, matches: list[re.Match[str]]) -> list[str]:
    """What stands before, between and behind the figures."""
    starts = [0, *(match.end() for match in matches)]
    ends = [*(match.start() for match in matches), len(text)]
    return [text[start:end] for start, end in zip(starts, ends, strict=True)]


def _factor_behind(meanings: list[Meaning]) -> float | None:
    return meanings[0] if meanings and isinstance(meanings[0], float) else None


def _is_scaled_otherwise(figures: list[_Figure], meanings: list[list[Meaning]]) -> bool:
    """10 mil, 5 million thousand: a word multiplies, and which way is open."""
    words = [word for found in meanings for word in found]
    factors = sum(isinstance(word, float) for word in words)
    return "unclear" in words or factors > sum(figure.factor is not None for figure in figures)


def _is_range(between: str, meanings: list[list[Meaning]]) -> bool:
    """Two figures with nothing but "to" between them: "51–200", "$1M - $10M", "10 to 50"."""
    words = {word for word in meanings[1] if word != "unit" and not isinstance(word, float)}
    signs = _LETTERS_AND_MARKS.sub("", between)
    if not words:
        return signs in _RANGE_SIGNS
    is_pair = words == {"and"} and "between" in meanings[0]
    return not signs and (is_pair or words <= {"to", "below"})


def _names_a_range(meanings: list[list[Meaning]]) -> bool:
    """Of one figure: words that need a second."""
    return "between" in meanings[0] or not {"to", "and", "between"}.isdisjoint(meanings[-1])


def _lowest_of(figures: list[_Figure]) -> Quantity:
    """The first figure, in the unit of the second where only that has one and it is a range up."""
    factor = figures[0].factor
    number = _number(figures[0].digits, has_unit=factor is not None)
    if factor is None and len(figures) > 1 and figures[1].factor is not None:
        first, second = (_number(figure.digits, has_unit=True) for figure in figures)
        # 10-50M: the unit belongs to both; 800-2k: it does not.
        if first is None or second is None:
            number = None
        elif first < second:
            factor, number = figures[1].factor, first
    if number is None:
        return Quantity(
            reason="its marks set off neither thousands nor decimals, or may set off either"
        )
    # Without what multiplying leaves behind: 1.1 million is 1,100,000.0000000001 in floats.
    return Quantity(float(f"{number * (factor or 1.0):.12g}"))


def _digits_outside(text: str, figures: list[re.Match[str]]) -> bool:
    """Whether there are digits that belong to no figure."""
    inside = sum(char.isdigit() for figure in figures for char in figure.group())
    return inside != sum(char.isdigit() for char in text)


def _number(digits: str, *, has_unit: bool) -> float | None:
    """Reads 1,234.5 and 1.234,5 alike; without a unit, three digits after a mark are thousands.

    None where the marks are neither, or may be either: 1.250 million is a billion to some.
    """
    if "e" in digits.lower():
        return float(digits)
    marks = [char for char in digits if not char.isdigit()]
    if not marks:
        return float(digits)
    head, mark, tail = digits.rpartition(marks[-1])
    is_plain = len(marks) == 1 and mark in ".," and len(tail) == 3 and len(head) <= 3
    if has_unit and is_plain and not head.startswith("0"):
        return None
    is_decimal = mark in ".," and (
        (len(set(marks)) > 1)
        or (len(marks) == 1 and (len(tail) != 3 or len(head) > 3 or head.startswith("0")))
    )
    whole, decimals = (head, tail) if is_decimal else (digits, "0")
    if not (whole.isdecimal() or _GROUPED.fullmatch(whole)):
        return None
    return float(f"{_MARKS.sub('', whole)}.{decimals}")


_MARKS = re.compile("[ .,']")
