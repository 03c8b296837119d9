"""The row that names the columns of a table: found by what the channel names, or by its shape.

Owns that choice and the names of columns. Rows below the header belong to `extents`.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from lead_platform.capture.contents import excerpt_of
from lead_platform.capture.lines import COLUMN_LIMIT
from lead_platform.capture.tabular.header_pairs import HeaderPair, pairs_of
from lead_platform.capture.tabular.rows import AnyRow, DamagedRow
from lead_platform.capture.tabular.unit_rows import is_unit_row
from lead_platform.capture.tabular.wanted import Wanted, name_of

HEADER_ROWS = 100
"""Rows among which the header is looked for. Of the reports seen here none begins below row 20."""

HEADER_CHARACTERS = 4 * 1_048_576
"""Characters they may have together, for all of them are held."""

_NAMES_SHOWN = 50
_LONGEST_NAME = 200
_LEAST_TYPED = 3
_MAIL = re.compile(r"[^\s@]+@[^\s@]+\.[^\s@]+")
# A year, a quarter, the number of a question.
_FIGURE = re.compile(r"\d{1,4}\Z")
_VALUE = re.compile(r"[+(]?[\d\s().,:/%€$£+T-]*\d[\d\s().,:/%€$£+TZ-]*\Z|https?://|www\.")


class TableFault(ValueError):
    """The file as a whole is no table that can be read; `excerpt` is the text it is about."""

    def __init__(self, reason: str, excerpt: str = "") -> None:
        super().__init__(reason)
        self.excerpt = excerpt


@dataclass(frozen=True)
class Header:
    """The columns' names, each once: what is empty or comes again is told by its position.
    `place`: the header's row as a spreadsheet counts it."""

    line: int
    names: list[str]
    cells: list[Any]
    place: int = 1

    @cached_property
    def has_unnamed(self) -> bool:
        """Whether a column has no name of its own."""
        return any(name.startswith("(column ") for name in self.names)

    @cached_property
    def named_width(self) -> int:
        """How many columns there are up to the last one with a name."""
        return max((n for n, cell in enumerate(self.cells, 1) if name_of(cell)), default=0)

    def is_repeated_by(self, cells: Sequence[Any]) -> bool:
        """Whether a row says the same again, blank cells behind it or not."""
        width = self.named_width
        return list(cells[:width]) == self.cells[:width] and not any(map(name_of, cells[width:]))


@dataclass(frozen=True)
class HeaderChoice:
    """The row that names the columns, or two rows that do so together, from `position` on."""

    position: int
    row: AnyRow
    pair: HeaderPair | None = None

    @property
    def behind(self) -> int:
        """The position of the row below."""
        return self.position + (1 if self.pair is None else 2)


def choose_header(rows: Sequence[AnyRow], wanted: Wanted) -> HeaderChoice:
    """The row or rows that name the columns. Raises TableFault where none does."""
    position = _by_names(rows, wanted) if wanted.names else _by_shape(rows, wanted)
    one = HeaderChoice(position, rows[position])
    return _by_pairs(rows, wanted, one) or one


def best_score(rows: Sequence[AnyRow], wanted: Wanted) -> tuple[bool, int]:
    """How well one row, or two together, name the columns that the channel speaks of."""
    cells = [row.cells for row in rows] + [pair.row.cells for _, pair in pairs_of(rows)]
    return max(map(wanted.score, cells), default=(False, 0))


def _by_pairs(rows: Sequence[AnyRow], wanted: Wanted, one: HeaderChoice) -> HeaderChoice | None:
    """Two rows that name the columns better than one of them does."""
    if wanted.names:
        least = wanted.score(one.row.cells)
        found = [
            (wanted.score(pair.row.cells), -position, pair) for position, pair in pairs_of(rows)
        ]
        found = [each for each in found if each[0] > least]
    else:
        nearby = range(one.position - 1, one.position + 1)
        found = [
            ((False, 0), -position, pair)
            for position, pair in pairs_of(rows)
            if position in nearby
            and _are_names(pair.own_names, wanted)
            and _is_needed(pair, rows[position + 2 :], wanted)
        ]
    if not found:
        return None
    _, position, pair = max(found, key=lambda each: each[:2])
    return HeaderChoice(-position, pair.row, pair)


def _is_needed(pair: HeaderPair, below: Sequence[AnyRow], wanted: Wanted) -> bool:
    """Whether the upper row says more than what a report is and who made it.

    `Trade fair Cologne,,Team South` above `Name,Email,Company` made `Trade fair Cologne - Email` of
    a mailbox, and no column said who a lead is.
    """
    known = sum(map(wanted.is_name, pair.titles))
    if pair.tells_apart or 2 * known > len(pair.titles):
        return True
    return any(
        wanted.is_name(title)
        and any(name_of(cell) for row in below for cell in row.cells[n : n + 1])
        for n, title in pair.lone.items()
    )


def _are_names(names: Sequence[str], wanted: Wanted) -> bool:
    """Whether people call columns so: below a header stand values otherwise."""
    known = sum(map(wanted.is_name, names))
    return known > 1 and 2 * known >= len(names)


def _by_names(rows: Sequence[AnyRow], wanted: Wanted) -> int:
    scored = [(wanted.score(row.cells), -position) for position, row in enumerate(rows)]
    (_, count), position = max(scored, default=((False, 0), 0))
    if count == 0 and any(wanted.score(pair.row.cells)[1] for _, pair in pairs_of(rows)):
        return 0
    if count == 0 and wanted.needed:
        # The first that holds anything: `named_columns` says what is missing in it.
        return next((n for n, row in enumerate(rows) if any(map(name_of, row.cells))), 0)
    if count == 0:
        raise TableFault(
            f"columns missing: none that the channel names stands in the first {len(rows):,} rows; "
            "choose the right channel, or write `header_row` under `table` of the channel"
        )
    needed = max(scored)[0][0]
    fitting = [
        -place for (has_needed, known), place in scored if has_needed >= needed and known > 1
    ]
    return _above_records(rows, fitting, -position)


def _by_shape(rows: Sequence[AnyRow], wanted: Wanted) -> int:
    """The row, as wide as the table, that could name columns and has most names people use."""
    named = [[name for cell in row.cells if (name := name_of(cell))] for row in rows]
    wide = max(map(len, named), default=0)
    scored = [
        (wanted.count_known(names), -position)
        for position, names in enumerate(named)
        if len(names) >= max(1, 0.6 * wide) and could_name(names)
    ]
    if not scored:
        raise TableFault(
            f"no header: none of the first {len(rows):,} rows names the columns; write which one "
            "does as `header_row` under `table` of the channel"
        )
    position = _above_records(rows, [-n for known, n in scored if known > 1], -max(scored)[1])
    return position - 1 if _is_below_header(named, position) else position


def _above_records(rows: Sequence[AnyRow], others: Sequence[int], best: int) -> int:
    """The best row, or an earlier one of `others` with records below: a second table begins there.

    People above a fuller header that came later were taken for titles, and nobody was told. Where a
    title stands between, as `Attendee Details` below the hosts of a webinar, they are of another
    kind.
    """
    for position in sorted(place for place in others if place < best):
        between = [row.cells for row in rows[position + 1 : best]]
        has_title = any(sum(1 for cell in cells if name_of(cell)) == 1 for cells in between)
        if not has_title and any(_is_of_somebody(cells) for cells in between):
            return position
    return best


def _is_of_somebody(cells: Sequence[Any]) -> bool:
    """Whether a row has a mailbox and more; `Organizer,pat@x.com` above a table has two cells."""
    filled = [name for cell in cells if (name := name_of(cell))]
    return len(filled) > 2 and any(map(_MAIL.fullmatch, filled))


def _is_below_header(named: Sequence[Sequence[str]], position: int) -> bool:
    """Whether the row says of which type the columns are that the row above it names."""
    above = named[position - 1] if position else ()
    width = len(named[position])
    return (
        len(above) >= max(_LEAST_TYPED, width)
        and is_unit_row(named[position], width)
        and (could_name(above))
    )


def could_name(names: Sequence[str]) -> bool:
    """Whether these are short texts and no values: `Phone, Phone` are, and `2025` beside words."""
    words = [name for name in names if not _FIGURE.match(name)]
    return (
        (len(set(names)) > 1 or len(names) == 1)
        and 2 * len(words) >= len(names)
        and not any(len(name) > _LONGEST_NAME or _MAIL.search(name) for name in names)
        and not any(map(_VALUE.match, words))
    )


def named_columns(row: AnyRow, wanted: Wanted) -> Header:
    """The columns that a row names. Raises TableFault where it cannot, or lacks a needed one."""
    if isinstance(row, DamagedRow) and not _is_repairable(row):
        raise TableFault(f"unreadable header: {row.fault.reason}", row.fault.excerpt)
    if len(row.cells) > COLUMN_LIMIT:
        raise TableFault(
            f"too many columns: the header at line {row.line} has {len(row.cells):,}, at most "
            f"{COLUMN_LIMIT:,} are read; leave out those the channel does not name"
        )
    names = _distinct([name_of(cell) for cell in row.cells])
    missing = [name for name in wanted.needed if name not in names]
    if missing:
        raise TableFault(
            f"columns missing: {', '.join(missing)}; the header at line {row.line} has "
            f"{', '.join(names[:_NAMES_SHOWN])}; choose the right channel or add them, or write "
            "`header_row` under `table` of the channel",
            excerpt_of(",".join(map(str, row.cells))),
        )
    return Header(row.line, names, list(row.cells), row.place)


def _is_repairable(row: DamagedRow) -> bool:
    """A stray NUL in a name: without it, the name is there or it is not."""
    return bool(row.cells) and row.fault.reason.startswith("NUL byte")


def _distinct(names: list[str]) -> list[str]:
    numbered: dict[str, None] = {}
    for position, cell in enumerate(names, start=1):
        name = cell or f"(column {position})"
        while name in numbered:
            name = f"{name} ({position})"
        numbered[name] = None
    return list(numbered)
