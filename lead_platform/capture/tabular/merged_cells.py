"""Cells of a sheet that are merged downwards: their value is that of each row they reach over.

A sheet stores it in the uppermost row and declares the range behind all rows. Owns the ranges and
how rows are filled from them; merged titles of columns belong to `header_pairs`.
"""

import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from lead_platform.capture.tabular.headers import TableFault
from lead_platform.capture.tabular.packages import Package
from lead_platform.capture.tabular.rows import AnyRow, Row
from lead_platform.capture.tabular.sheets import column_of
from lead_platform.capture.tabular.wanted import name_of

MOST_RANGES = 100_000
"""Ranges of one sheet that are held."""

# A `<` within a value is written `&lt;`.
_RANGE = re.compile(
    rb"<(?:\w{1,20}:)?mergeCell\s[^<>]{0,200}?ref\s*=\s*[\"']"
    rb"\$?([A-Z]{1,3})\$?(\d{1,7}):\$?[A-Z]{1,3}\$?(\d{1,7})[\"']"
)
_LONGEST_TAG = 300


@dataclass(frozen=True, slots=True, order=True)
class _Range:
    """Rows as a spreadsheet counts them, and the place of the column that holds the value."""

    first: int
    last: int
    column: int


_Open: TypeAlias = deque[tuple[int, Any]]
"""Of one column, the ranges that reach over a row, in order: their last row and their value. The
first fills it, so however many overlap, a row costs no more than its columns."""


@dataclass(frozen=True)
class MergedCells:
    """The ranges of one sheet over several rows. `spend`: counts what filling adds."""

    ranges: tuple[_Range, ...]
    spend: Callable[[int], None]

    def filled(self, rows: Iterable[AnyRow]) -> Iterator[AnyRow]:
        """The rows with the values of the cells merged over them. A range that begins above the
        first of them, and a row that holds nothing of its own, are left as they are."""
        waiting = iter(self.ranges)
        coming = next(waiting, None)
        over: dict[int, _Open] = {}
        for row in rows:
            _close(over, row.line)
            yield self._row(row, over) if over else row
            while coming is not None and coming.first <= row.line:
                value = row.cells[coming.column] if coming.column < len(row.cells) else None
                # One without a value fills nothing.
                if coming.first == row.line and name_of(value):
                    over.setdefault(coming.column, deque()).append((coming.last, value))
                coming = next(waiting, None)

    def _row(self, row: AnyRow, over: Mapping[int, _Open]) -> AnyRow:
        if not isinstance(row, Row) or not any(map(name_of, row.cells)):
            return row
        cells = list(row.cells)
        missing = max(over) + 1 - len(cells)
        if missing > 0:
            cells += [""] * missing
            self.spend(missing)
        for column, values in over.items():
            if not name_of(cells[column]):
                cells[column] = values[0][1]
                self.spend(len(str(values[0][1])))
        return replace(row, cells=cells)


def _close(over: dict[int, _Open], line: int) -> None:
    """Leave out the ranges that end above the line."""
    for column, ranges in list(over.items()):
        while ranges and ranges[0][0] < line:
            ranges.popleft()
        if not ranges:
            del over[column]


def merged_cells(package: Package, part: str) -> MergedCells:
    """The ranges over several rows that a sheet declares. Raises TableFault."""
    ranges: set[_Range] = set()
    rest = b""
    for chunk in package.pieces(part):
        text = rest + chunk
        if b"mergeCell" in text:
            ranges |= set(_ranges_in(text))
        rest = text[-_LONGEST_TAG:]
        if len(ranges) > MOST_RANGES:
            raise TableFault(
                f"too many merged cells: a sheet has over {MOST_RANGES:,} ranges, the limit; "
                "unmerge them, or save the sheet as CSV"
            )
    return MergedCells(tuple(sorted(ranges)), package.spend)


def _ranges_in(text: bytes) -> Iterator[_Range]:
    for found in _RANGE.finditer(text):
        first, last = int(found[2]), int(found[3])
        if first < last:
            yield _Range(first, last, column_of(found[1].decode()))
