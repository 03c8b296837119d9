"""Where the records of a table end, and which rows among them are none.

Owns blank rows, repeated headers and footers; what a total is belongs to `totals`, a row of units
to `unit_rows`. A row that holds a mailbox or a phone number is a record, whatever else it says;
what is not surely something else is one too.
"""

import re
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from lead_platform.capture.tabular.headers import Header
from lead_platform.capture.tabular.readings import LeftOutKind, ReadingNotes
from lead_platform.capture.tabular.rows import AnyRow, DamagedRow, Row
from lead_platform.capture.tabular.rules import TableRule
from lead_platform.capture.tabular.totals import Totals, holds_mailbox, is_phone
from lead_platform.capture.tabular.unit_rows import is_unit_or_type, is_unit_row
from lead_platform.capture.tabular.wanted import Wanted, name_of
from lead_platform.patterns import Pattern
from lead_platform.vocabularies.report_lines import initials_of_totals, is_last_line

_PENDING_ROWS = 200
"""Rows that are held until it shows whether records follow them."""

_LONGEST_LABEL = 300
_LEAST_NAMED = 3
# What the label of a total may begin with, and a blank cell.
_INITIALS = frozenset(["", " ", "\t", "\xa0"]) | initials_of_totals()
_WORD = re.compile(r"[^\W\d_]{2,}")


@dataclass(slots=True)
class Extent:
    """The rows of one table that are records; the others are noted by kind."""

    header: Header
    wanted: Wanted
    rule: TableRule
    notes: ReadingNotes
    _width: int = field(init=False)
    _identity: frozenset[int] = field(init=False)
    _footer: Pattern | None = field(init=False)
    _totals: Totals = field(init=False)
    _above: Sequence[Any] = field(init=False, default=())

    def __post_init__(self) -> None:
        self._width = len(self.header.names)
        places = enumerate(self.header.names)
        self._identity = frozenset(n for n, name in places if name in self.wanted.identity)
        self._footer = Pattern(self.rule.footer) if self.rule.footer else None
        self._totals = Totals(self.header, self.wanted)

    def records(self, rows: Iterable[AnyRow]) -> Iterator[AnyRow]:
        """The rows that are records, damaged ones too, in order."""
        rows = self._below_units(iter(rows))
        if self.rule.skip_footer:
            rows = self._without_last(rows, self.rule.skip_footer)
        pending: list[tuple[Row, LeftOutKind | None]] = []
        for row in rows:
            if not pending and self._is_plain(row.cells):
                self._above = row.cells
                yield row
                continue
            kind = None if isinstance(row, DamagedRow) else self._kind(row)
            if kind is None:
                self._above = row.cells
            if isinstance(row, DamagedRow) or (kind is None and not self._may_be_footer(row)):
                if pending:
                    yield from self._settled(pending)
                    pending.clear()
                yield row
                continue
            pending.append((row, kind))
            if len(pending) > _PENDING_ROWS:
                yield from self._settled(pending)
                pending.clear()
        yield from self._settled(pending, is_end=True)

    def _below_units(self, rows: Iterator[AnyRow]) -> Iterator[AnyRow]:
        """Without rows right below the header that say what its columns are."""
        for row in rows:
            if isinstance(row, DamagedRow) or not (
                self._is_unit_row(row) or self._is_second_header(row)
            ):
                yield row
                if any(map(name_of, row.cells)):
                    break
        yield from rows

    def _is_unit_row(self, row: Row) -> bool:
        is_unit = is_unit_row(row.cells, self._width) and not self.header.is_repeated_by(row.cells)
        if is_unit:
            self.notes.leave_out(row.place, "units", row.cells)
            self.notes.keep_units(self.header.names, row.cells)
        return is_unit

    def _is_second_header(self, row: Row) -> bool:
        """Whether it names the same columns in other words: `Given name` below `First Name`.

        Names of fields stand in records too (`Email` as the preferred channel), but nobody's
        mailbox or name is the name of its own column.
        """
        fields_of = self.wanted.fields_of
        filled = [
            (name, text)
            for name, cell in zip(self.header.names, row.cells, strict=False)
            if (text := name_of(cell))
        ]
        if len(filled) < _LEAST_NAMED or not all(isinstance(cell, str) for cell in row.cells):
            return False
        if not all(fields_of(text) or is_unit_or_type(text) for _, text in filled):
            return False
        same = sum(1 for name, text in filled if not fields_of(name).isdisjoint(fields_of(text)))
        if same < _LEAST_NAMED - 1 or self.header.is_repeated_by(row.cells):
            return False
        self.notes.leave_out(row.place, "second header", row.cells)
        return True

    def _is_plain(self, cells: Sequence[Any]) -> bool:
        """Whether a row is a record at first sight, as nearly all are: the rest takes its time."""
        return (
            self._footer is None
            and len(cells) > 2
            and cells[2] != ""
            and cells[1] != ""
            and str(cells[0])[:1] not in _INITIALS
            and cells[0] != self.header.cells[0]
            and not (str(cells[1])[:1].isdigit() and str(cells[2])[:1].isdigit())
        )

    def _kind(self, row: Row) -> LeftOutKind | None:
        """What a row surely is that is no record."""
        cells = row.cells
        if not any(cells) or not any(name_of(cell) for cell in cells):
            return "blank"
        if self.header.is_repeated_by(cells):
            return "repeated header"
        label = next(cell for cell in cells if cell)
        if not isinstance(label, str) or len(label) > _LONGEST_LABEL:
            return None
        if self._footer is not None and self._footer.found_in(_text(row)):
            return "footer"
        return self._totals.kind(cells, self._above) if self.rule.skip_footer is None else None

    def _may_be_footer(self, row: Row) -> bool:
        """Whether a row could be one of a report's last lines: prose in its first cell alone.

        An id, a single word or a number alone could be what is left of a record.
        """
        if self.rule.skip_footer is not None or not row.cells or not isinstance(row.cells[0], str):
            return False
        label = row.cells[0]
        if len(label) > _LONGEST_LABEL or any(name_of(cell) for cell in row.cells[2:]):
            return False
        if holds_mailbox(label) or is_phone(label):
            return False
        value = name_of(row.cells[1]) if len(row.cells) > 1 else ""
        is_told = is_last_line(label.strip())
        if value:
            is_pair = is_told and self._width > 3 and label.rstrip().endswith(":")
            return is_pair and not holds_mailbox(value) and not is_phone(value)
        is_id = 0 in self._identity and not re.search(r"\s", label.strip())
        return is_told or (len(_WORD.findall(label)) > 1 and not is_id)

    def _settled(
        self, pending: list[tuple[Row, LeftOutKind | None]], *, is_end: bool = False
    ) -> Iterator[Row]:
        """What is held, once it is known what follows: a record, or the end of the table."""
        footer = self._footer_start(pending) if is_end else len(pending)
        for position, (row, kind) in enumerate(pending):
            if kind is not None:
                self.notes.leave_out(row.place, kind, row.cells)
            elif (position >= footer or _tells_footer(row)) and (
                self._width > 1 or (is_end and _tells_footer(row))
            ):
                self.notes.leave_out(row.place, "footer", row.cells)
            else:
                yield row

    def _footer_start(self, pending: list[tuple[Row, LeftOutKind | None]]) -> int:
        """Where the last rows begin to be a footer: at words that only footers have, or behind a
        blank row where each row is written as nothing but one cell."""
        kinds = [kind for _, kind in pending]
        told = [n for n, (row, kind) in enumerate(pending) if kind is None and _tells_footer(row)]
        starts = [*told[:1], len(pending)]
        if "total" in kinds:
            starts.append(kinds.index("total"))
        if "blank" in kinds and self._width > 2:
            behind = kinds.index("blank")
            if all(len(row.cells) == 1 for row, kind in pending[behind:] if kind is None):
                starts.append(behind)
        return min(starts)

    def _without_last(self, rows: Iterable[AnyRow], count: int) -> Iterator[AnyRow]:
        """All but the last `count` rows that hold anything."""
        held: deque[AnyRow] = deque()
        for row in rows:
            if not any(map(name_of, row.cells)):
                yield row
                continue
            held.append(row)
            if len(held) > count:
                yield held.popleft()
        for row in held:
            self.notes.leave_out(row.place, "footer", list(row.cells))


def _text(row: Row) -> str:
    return " ".join(text for cell in row.cells if (text := name_of(cell)))[:_LONGEST_LABEL]


def _tells_footer(row: Row) -> bool:
    return is_last_line(name_of(row.cells[0]))
