"""Headcount and revenue from what forms offer: figures, ranges, "1,000+", "10k", "$2M".

A range becomes its lower bound, the only figure the answer guarantees: a rule that asks for at
least 1,000 employees then never fires on a guess. What may mean two numbers means none: a wrong
figure is worse than a clear reason.
"""

import re
from typing import NamedTuple

from lead_platform.vocabularies.tables import Vocabularies
from lead_platform.vocabularies.text import clean_text, fold

MOST_EMPLOYEES = 5_000_000
HIGHEST_REVENUE = 5e12
_LONGEST = 80
_FACTORS = {
    "hundred": 1e2, "hundert": 1e2, "k": 1e3, "tsd": 1e3, "thousand": 1e3, "tausend": 1e3,
    "mille": 1e3, "m": 1e6, "mm": 1e6, "mn": 1e6, "mio": 1e6, "million": 1e6, "millions": 1e6,
    "millionen": 1e6, "millones": 1e6, "b": 1e9, "bn": 1e9, "billion": 1e9, "billions": 1e9,
    "mrd": 1e9, "milliarden": 1e9, "lakh": 1e5, "lakhs": 1e5, "crore": 1e7, "crores": 1e7,
    "cr": 1e7, "trillion": 1e12,
}  # fmt: skip
# Thousand to one and million or trillion to another; what multiplies in a way not known here.
_AMBIGUOUS = frozenset({"mil", "t", "dozen", "dutzend", "mila", "tys", "bio", "billionen", "%"})
_CURRENCY_CODE = re.compile(
    r"(?<![a-z])(?:usd|eur|gbp|inr|chf|cad|aud|us|rs)(?=\.?\d)", re.IGNORECASE
)
# A figure stands alone: what is glued to other letters, digits or signs is no number by itself.
_FIGURE = re.compile(
    r"(?<![\w.,'’/^*×])"
    r"(?P<digits>\d+(?:\.\d+)?e[+-]?\d+|\d+(?:[.,' ]\d+)*)"
    r"(?:\s*(?P<unit>" + "|".join(sorted(_FACTORS, key=len, reverse=True)) + r"))?"
    r"(?![\w^*×/'’]|[.,]\d)",
    re.IGNORECASE,
)
_WORD_AFTER = re.compile(r"\s*(%|[^\W\d_]+)")
# Thousands in threes, or as India sets them; marks of one kind.
_GROUPED = re.compile(r"\d{1,3}(?:([., '])\d{3})(?:\1\d{3})*|\d{1,2}(?:,\d{2})+,\d{3}")
_UPPER_BOUND = re.compile(
    r"^\s*(?:<|≤|less than|fewer than|under|up to|below|bis zu|unter|moins de|menos de)",
    re.IGNORECASE,
)
_ALONE = frozenset({"just me", "self employed", "solo", "freelancer", "only me", "one person"})


class Quantity(NamedTuple):
    """A number, or why there is none."""

    value: float | None = None
    reason: str | None = None


NO_QUANTITY = Quantity()
_NOT_PLAIN = Quantity(reason="signs that are numbers but no digits")


def normalize_employee_count(raw: str, vocabularies: Vocabularies) -> Quantity:
    """Whole number of employees, at least 1; the lower bound of a range."""
    text = clean_text(raw)
    if text is not None and fold(text) in _ALONE:
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
    text = _CURRENCY_CODE.sub(" ", text) if len(text) <= _LONGEST else ""
    figures = list(_FIGURE.finditer(text))
    if not figures:
        return Quantity(reason="no number in it")
    if _is_negative(text, figures[0]):
        return Quantity(reason="a negative number")
    if any(_is_scaled_otherwise(text, figure) for figure in figures):
        return Quantity(reason="its unit may mean several numbers")
    if len(figures) > 1 and not _is_range(text, figures):
        return Quantity(reason="several numbers, and no range of two")
    if _digits_outside(text, figures):
        return Quantity(reason="digits that are no plain number")
    if _UPPER_BOUND.match(text):
        return Quantity(smallest)
    return _lowest_of(figures)


def _lowest_of(figures: list[re.Match[str]]) -> Quantity:
    """The first figure, in the unit of the second where only that has one and it is a range up."""
    unit = figures[0]["unit"]
    number = _number(figures[0]["digits"], has_unit=unit is not None)
    if unit is None and len(figures) > 1 and figures[1]["unit"] is not None:
        first, second = (_number(figure["digits"], has_unit=True) for figure in figures)
        # 10-50M: the unit belongs to both; 800-2k: it does not.
        if first is None or second is None:
            number = None
        elif first < second:
            unit, number = figures[1]["unit"], first
    if number is None:
        return Quantity(
            reason="its marks set off neither thousands nor decimals, or may set off either"
        )
    factor = _FACTORS[unit.lower()] if unit else 1.0
    # Without what multiplying leaves behind: 1.1 million is 1,100,000.0000000001 in floats.
    return Quantity(float(f"{number * factor:.12g}"))


def _is_negative(text: str, first: re.Match[str]) -> bool:
    return text[: first.start()].rstrip(" $€£₹").endswith(("-", "−"))


def _is_scaled_otherwise(text: str, figure: re.Match[str]) -> bool:
    """10 mil, 5 million thousand, 50 %: a word follows that multiplies, and which way is open."""
    following = _WORD_AFTER.match(text, figure.end())
    word = following.group(1).lower() if following else ""
    return word in _AMBIGUOUS or word in _FACTORS


def _is_range(text: str, figures: list[re.Match[str]]) -> bool:
    """Two figures with nothing but "to" between them: "51–200", "$1M - $10M", "10 to 50"."""
    if len(figures) != 2:
        return False
    between = text[figures[0].end() : figures[1].start()].strip(" $€£₹+").lower()
    return between in _RANGE_SIGNS or (
        between in _RANGE_PAIRS and _BETWEEN.search(text[: figures[0].start()]) is not None
    )


_RANGE_SIGNS = frozenset({"-", "–", "—", "to", "bis", "a", "à", "...", "..", "…"})
_RANGE_PAIRS = frozenset({"and", "und", "et", "y", "e"})
_BETWEEN = re.compile(r"\b(?:between|zwischen|entre)\s*[$€£₹]?\s*$", re.IGNORECASE)


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
