"""Headcount and revenue from what forms offer: figures, ranges, "1,000+", "10k", "$2M".

A range becomes its lower bound, the only figure the answer guarantees: a rule that asks for at
least 1,000 employees then never fires on a guess.
"""

import re
from typing import NamedTuple

from lead_platform.identity.normalization.text import clean_text, fold
from lead_platform.identity.normalization.vocabularies import Vocabularies

MOST_EMPLOYEES = 5_000_000
HIGHEST_REVENUE = 5e12
_LONGEST = 80
_FACTORS = {
    "k": 1e3, "t": 1e3, "tsd": 1e3, "thousand": 1e3, "mil": 1e6, "m": 1e6, "mm": 1e6, "mn": 1e6,
    "mio": 1e6, "million": 1e6, "millions": 1e6, "millionen": 1e6, "b": 1e9, "bn": 1e9,
    "billion": 1e9, "billions": 1e9, "mrd": 1e9, "lakh": 1e5, "crore": 1e7, "cr": 1e7,
}  # fmt: skip
_FIGURE = re.compile(
    r"(?P<digits>\d[\d.,' ]*\d|\d)\s*(?P<unit>"
    + "|".join(sorted(_FACTORS, key=len, reverse=True))
    + r")?(?![a-z0-9])",
    re.IGNORECASE,
)
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


def normalize_employee_count(raw: str, vocabularies: Vocabularies) -> Quantity:
    """Whole number of employees, at least 1; the lower bound of a range."""
    text = clean_text(raw)
    if text is not None and fold(text) in _ALONE:
        return Quantity(1)
    lowest = _lower_bound(text, vocabularies, smallest=1)
    if lowest.value is None:
        return lowest
    if not 1 <= lowest.value <= MOST_EMPLOYEES:
        return Quantity(reason=f"not between 1 and {MOST_EMPLOYEES:,} employees")
    return Quantity(int(lowest.value))


def normalize_annual_revenue(raw: str, vocabularies: Vocabularies) -> Quantity:
    """Revenue in the currency it was given in; the lower bound of a range."""
    lowest = _lower_bound(clean_text(raw), vocabularies, smallest=0)
    if lowest.value is None:
        return lowest
    if not 0 <= lowest.value <= HIGHEST_REVENUE:
        return Quantity(reason=f"not between 0 and {HIGHEST_REVENUE:,.0f} a year")
    return lowest


def _lower_bound(text: str | None, vocabularies: Vocabularies, smallest: int) -> Quantity:
    if text is None:
        return NO_QUANTITY
    if vocabularies.is_placeholder("any", text):
        return Quantity(reason="placeholder")
    figures = list(_FIGURE.finditer(text)) if len(text) <= _LONGEST else []
    if not figures:
        return Quantity(reason="no number in it")
    if text.lstrip().startswith(("-", "−")):
        return Quantity(reason="a negative number")
    if _UPPER_BOUND.match(text):
        return Quantity(smallest)
    first, unit = figures[0], figures[0].group("unit")
    if unit is None and len(figures) > 1 and _is_range(text, figures):
        unit = figures[1].group("unit")
    number = _number(first.group("digits"), has_unit=unit is not None)
    factor = _FACTORS[unit.lower()] if unit else 1.0
    return Quantity(round(number * factor, 2))


def _is_range(text: str, figures: list[re.Match[str]]) -> bool:
    """10-50M: the unit belongs to both; 800-2k: it does not."""
    between = text[figures[0].end() : figures[1].start()].strip(" $€£").lower()
    second = _number(figures[1].group("digits"), has_unit=True)
    first = _number(figures[0].group("digits"), has_unit=True)
    return between in {"-", "–", "—", "to", "bis", "a", "à"} and first < second


def _number(digits: str, *, has_unit: bool) -> float:
    """Reads 1,234.5 and 1.234,5 alike; without a unit, three digits after a mark are thousands."""
    plain = re.sub(r"[ ']", "", digits)
    marks = [char for char in plain if char in ".,"]
    if not marks:
        return float(plain)
    head, mark, tail = plain.rpartition(marks[-1])
    is_decimal = len(set(marks)) == 2 or (
        len(marks) == 1 and (len(tail) != 3 or (has_unit and mark == "."))
    )
    whole = re.sub(r"[.,]", "", head)
    return float(f"{whole or 0}.{tail}") if is_decimal else float(f"{whole}{tail}")
