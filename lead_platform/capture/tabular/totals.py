"""Rows of totals and of subtotals: a label, and behind it nothing but figures that are nobody's.

Owns which rows are such. A mailbox, a phone number, an id or a word behind the label makes a record
of the row, and so does a label that may be the name of a person or a company.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal

from lead_platform.capture.tabular.headers import Header
from lead_platform.capture.tabular.wanted import Wanted, name_of
from lead_platform.vocabularies.folder import shipped_intake_lists
from lead_platform.vocabularies.report_lines import (
    group_before_total,
    group_behind_total,
    is_bare_total,
    is_counted,
    is_subtotal,
    is_total,
    may_be_total,
)
from lead_platform.vocabularies.tables import IntakeLists

_MAIL = re.compile(r"[^\s@<>,;]+@[^\s@<>,;]+\.[^\s@<>,;]")
_PHONE = re.compile(r"\s*(?:\+|00)?(?:[\s().\-/]*\d){7,}[\s()]*\Z")
_NUMBER = re.compile(r"[\s\d.,:'’%€$£+\-−–—()]*\Z")
# As many as a file may have records; longer ones, and with a zero before them, may be an id.
_COUNT = re.compile(r"(?:0|[1-9]\d{0,5}|[1-9]\d{0,2}(?:[.,' ]\d{3}){1,2})(?:[.,]0+)?\Z")
# With decimals no digits are a phone number, however many there are.
_AMOUNT = re.compile(r"[-−]?[1-9](?:\d*|\d{0,2}(?:[.,'’\s]\d{3})+)[.,]\d{1,2}\Z")
# +49 and 0042, but neither +5% nor 00:12.
_DIALLED = re.compile(r"\+(?!.*%)|00(?!:)")
_FIGURE_SIGNS = re.compile(r"[^\w\s]|[\d_]")
_LONGEST_FIGURE = 40
_LONGEST_LABEL = 300
_LONGEST_TOTAL = 3
_LINKS = frozenset({"in", "en", "w", "of", "der", "de", "di"})

TotalKind = Literal["total", "subtotal"]


def holds_mailbox(text: str) -> bool:
    """Whether a mailbox stands in the text."""
    return _MAIL.search(text) is not None


def is_phone(text: str) -> bool:
    """Whether the text may be a phone number: seven digits or more."""
    return _PHONE.match(text) is not None


@dataclass(slots=True)
class Totals:
    """Tells the rows of totals from the records of one table."""

    header: Header
    wanted: Wanted
    _identity: frozenset[int] = field(init=False)
    _reached: frozenset[int] = field(init=False)
    _naming: frozenset[int] = field(init=False)
    _names: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        self._identity = self._places(self.wanted.identity)
        self._reached = self._places(self.wanted.reached)
        self._naming = self._places(self.wanted.naming)
        self._names = frozenset(name.casefold() for name in self.header.names)

    def _places(self, columns: frozenset[str]) -> frozenset[int]:
        return frozenset(n for n, name in enumerate(self.header.names) if name in columns)

    def kind(self, cells: Sequence[Any], above: Sequence[Any]) -> TotalKind | None:
        """What the row is, if it is any; `above`: the cells of the record before it."""
        place = next((n for n, cell in enumerate(cells) if name_of(cell)), None)
        label = name_of(cells[place]) if place is not None else ""
        if place is None or len(label) > _LONGEST_LABEL or not may_be_total(label):
            return None
        behind = [(n, t) for n, cell in enumerate(cells) if n > place and (t := name_of(cell))]
        if self._is_bare(label):
            return "total" if not any(self._may_be_of(*each) for each in behind) else None
        kind = self._kind_of(label, place, above if behind else None)
        is_somebodys = holds_mailbox(label) or any(self._may_be_identity(*each) for each in behind)
        return None if is_somebodys else kind

    def _kind_of(self, label: str, place: int, above: Sequence[Any] | None) -> TotalKind | None:
        """What the label says; what only figures behind it can tell where there are any."""
        if is_total(label):
            return "total"
        if is_subtotal(label):
            return "subtotal"
        if above is None:
            return None
        # A surname may be Sum, and a company be called Canal Total.
        is_name = not self.wanted.names or place in self._naming
        if not is_name and any(map(_is_unit, _behind_word(label))):
            return "total"
        before, behind = group_before_total(label), group_behind_total(label)
        groups = {group.casefold() for group in (before, behind) if group}
        if place < len(above) and name_of(above[place]).casefold() in groups:
            return "subtotal"
        return "subtotal" if before is not None and not is_name else None

    def _is_bare(self, label: str) -> bool:
        """The word of a total alone, or with what it counts: `Summe EUR`, `Average Deal Value`."""
        return is_bare_total(label) or any(
            own.casefold() in self._names or (own == own.upper() and _is_unit(own))
            for own in _behind_word(label)
        )

    def _may_be_of(self, place: int, text: str) -> bool:
        """Whether it may be of somebody whom a column calls `Total`: nobody is called so and has
        nothing but counts, in whatever columns they stand."""
        is_count = (_COUNT.match(text) is not None and not is_phone(text)) or is_counted(text)
        return not is_count and self._may_be_identity(place, text)

    def _may_be_identity(self, place: int, text: str) -> bool:
        if place in self._identity:
            # No mailbox and no phone number is as short; 912 345 678 is one.
            is_count = _COUNT.match(text) is not None and not is_phone(text)
            return place not in self._reached or not is_count
        if not _is_figure(text):
            return True
        return not self.wanted.names and is_phone(text) and _AMOUNT.match(text) is None


def _is_figure(text: str) -> bool:
    """A number, an amount, a share or a duration, which no phone number and no id looks like."""
    if _DIALLED.match(text):
        return False
    if _NUMBER.match(text):
        return True
    has_digit = any(char.isdigit() for char in text)
    return has_digit and len(text) <= _LONGEST_FIGURE and _is_unit(text)


def _behind_word(label: str) -> Iterator[str]:
    """What may stand behind the word of a total: `Deal Value` of `Sum of Deal Value`."""
    words = label.split()
    for size in range(1, min(_LONGEST_TOTAL, len(words) - 1) + 1):
        if is_bare_total(" ".join(words[:size])):
            own = " ".join(words[size:]).strip("()[]")
            link, _, linked = own.partition(" ")
            yield linked if link.casefold() in _LINKS else own


def _is_unit(text: str) -> bool:
    """Whether beside figures there are only signs of currencies and words of quantities."""
    bare = _FIGURE_SIGNS.sub(" ", _lists().currencies.without_signs(text))
    return _lists().quantities.meanings_in(bare) is not None


@cache
def _lists() -> IntakeLists:
    """Those that ship: read where a row seems to be a total, which few files have."""
    return shipped_intake_lists()
