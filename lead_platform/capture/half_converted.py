"""Dates of which a spreadsheet took one half for its own: 04/05/2024 became 5 April, 13/04/2024
stayed a text.

Owns the sign of it in a column: where a spreadsheet expects the other order, what it could read
became a date with day and month swapped, and what is left has no month where it looks for one.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from lead_platform.capture.channels import ChannelRules
from lead_platform.capture.columns import FIELD_TYPES
from lead_platform.capture.paths import names_of
from lead_platform.capture.values import read_days, readable_text, show

_REAL = re.compile(r"\d{4}-\d\d-(\d\d)(?!\d)")
_WRITTEN = re.compile(r"(\d{1,2})([/.\-])(\d{1,2})\2(?:\d{4}|\d\d)(?!\d)")
_MONTHS = 12
# Of all days of the year, those that may be a month, and those that may not.
_SHARE_CONVERTED, _SHARE_LEFT = 0.4, 0.6
# A mixture of two systems' dates looks like it by chance in less than one file in a thousand: whole
# records are at stake.
_BY_CHANCE = 0.001
_KEPT = 10


def half_converted(values: Iterable[str]) -> str | None:
    """Why real dates of the column may have day and month swapped; None where nothing says so.

    `values`: texts, real dates of a workbook in ISO 8601 or as a spreadsheet counts days.
    """
    column = _Column()
    for value in dict.fromkeys(values):
        column.note(value)
    return column.told()


def dated_names(rules: ChannelRules) -> Iterator[str]:
    """Top-level names of records out of which points in time are read."""
    timed = [rules.modified_at] if rules.modified_at is not None else []
    for emit in rules.emits:
        types = FIELD_TYPES[emit.kind]
        timed += [rule for name, rule in emit.fields.items() if types.get(name) == "instant"]
    for rule in timed:
        yield from rule.column
        for path in (*rule.path, *rule.first_of):
            yield from names_of(path)


class DatedColumns:
    """Columns of dates, watched while a table is read: one that shows no sign costs nothing more
    from the value on that speaks against it."""

    def __init__(self, names: Iterable[str]) -> None:
        self._columns = {name: _Column() for name in names}

    def note(self, content: Mapping[str, Any]) -> None:
        """Looks at the dates of a record."""
        if not self._columns:
            return
        for name, column in list(self._columns.items()):
            if (text := readable_text(content.get(name))) and not column.note(text):
                del self._columns[name]

    def told(self) -> dict[str, str]:
        """By column, why its real dates may be swapped."""
        found = {name: column.told() for name, column in self._columns.items()}
        return {name: told for name, told in found.items() if told is not None}

    def proven(self) -> frozenset[str]:
        """Those of which it is no chance: their real dates are nothing to go by."""
        return frozenset(n for n in self.told() if self._columns[n].is_no_chance)


def swapped_date(content: Mapping[str, Any], names: Iterable[str]) -> str | None:
    """Why a record is not to be read: a real date of it in one of the columns, whose real dates
    have day and month swapped. What stayed a text is as it was written."""
    for name in names:
        if (text := readable_text(content.get(name))) and _day_of_real(text) is not None:
            return (
                f"half-swapped dates: {show(text)} in {name!r}: a spreadsheet took some dates of "
                "the column for its own, with day and month swapped, and left the others texts. "
                "Export it again with the column as text, and deliver that"
            )
    return None


@dataclass
class _Column:
    converted: dict[str, None] = field(default_factory=dict)
    left: dict[str, None] = field(default_factory=dict)
    _is_day_first: bool | None = None
    _is_out: bool = False

    def note(self, value: str) -> bool:
        """Whether the sign may still be there once `value` is seen."""
        if (found := _WRITTEN.match(value)) is not None:
            first, second = int(found[1]), int(found[3])
            # What may be either a spreadsheet of the other order would have taken for a date.
            is_either = (first > _MONTHS) == (second > _MONTHS)
            is_other = self._is_day_first not in (None, first > _MONTHS)
            self._is_out |= is_either or is_other
            self._is_day_first = first > _MONTHS
            _keep(self.left, value)
        elif (day := _day_of_real(value)) is not None:
            self._is_out |= day > _MONTHS
            _keep(self.converted, value)
        return not self._is_out

    def told(self) -> str | None:
        if self._is_out or not self.converted or not self.left:
            return None
        converted, left = next(iter(self.converted)), next(iter(self.left))
        return (
            f"some are dates, such as {show(converted)}, and those that have no month "
            f"where a spreadsheet looks for one stayed texts, such as {show(left)}: it may have "
            "swapped day and month of the others. Export it again with the column as text"
        )

    @property
    def is_no_chance(self) -> bool:
        days = {value[:10] for value in self.converted}
        texts = {found.group() for value in self.left if (found := _WRITTEN.match(value))}
        chance = _SHARE_CONVERTED ** len(days) * _SHARE_LEFT ** len(texts)
        return chance < _BY_CHANCE


def _keep(seen: dict[str, None], value: str) -> None:
    if len(seen) < _KEPT:
        seen[value] = None


def _day_of_real(value: str) -> int | None:
    if (found := _REAL.match(value)) is not None:
        return int(found[1])
    counted = read_days(value)
    return None if counted is None else counted.day
