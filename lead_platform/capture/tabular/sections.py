"""Tables that were glued together: a row further down that names the columns again.

Owns which row is one, and by which header each row is read. A row that says the header again, cell
by cell, belongs to `extents`; the records of one table too.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from lead_platform.capture.contents import Unreadable, excerpt_of
from lead_platform.capture.tabular.headers import Header, TableFault, could_name, named_columns
from lead_platform.capture.tabular.readings import ReadingNotes
from lead_platform.capture.tabular.rows import AnyRow, DamagedRow, Row
from lead_platform.capture.tabular.wanted import Wanted, name_of

_FIRST_CELLS = 4
_HAS_DIGIT = re.compile(r"\d")
_LEAST_NAMES = 2
_MOST_STRANGE = 0.5
"""New columns that a row of names may have, for each known one."""


@dataclass
class Sections:
    """The tables of one text or sheet, each with its header, from the first on."""

    wanted: Wanted
    notes: ReadingNotes
    _following: Row | None = field(init=False, default=None)
    _known: frozenset[str] = field(init=False, default=frozenset())

    def tables(
        self, header: Header, rows: Iterable[AnyRow]
    ) -> Iterator[tuple[Header, Iterator[AnyRow]]]:
        """Each header with the rows below it; the next is given out once these are taken. Rows
        below a header that lacks what the channel needs are damaged ones, with that reason."""
        rows = iter(rows)
        self._known = frozenset({*map(name_of, header.cells), *self.wanted.names} - {""})
        self._note(header)
        yield header, self._until_other(header, rows)
        while (row := self._following) is not None:
            self.notes.leave_out(row.place, "repeated header", row.cells)
            try:
                other = named_columns(row, self.wanted)
            except TableFault as fault:
                yield header, self._refused(row, str(fault), header, rows)
                continue
            self.notes.remark(
                f"Row {row.place} names the columns again, and not as row {header.place} does; "
                "the rows below it are read by it."
            )
            self._note(other)
            yield other, self._until_other(other, rows)

    def _note(self, header: Header) -> None:
        self.notes.header_lines.append(header.place)
        self.notes.names.extend(name for name in header.names if name not in self.notes.names)

    def _until_other(self, header: Header, rows: Iterator[AnyRow]) -> Iterator[AnyRow]:
        self._following = None
        for row in rows:
            if isinstance(row, Row) and self._names_others(row, header):
                self._following = row
                return
            yield row

    def _refused(
        self, named: Row, reason: str, header: Header, rows: Iterator[AnyRow]
    ) -> Iterator[AnyRow]:
        """The rows below a header by which none can be read."""
        told = f"other columns: row {named.place} names them again, and not as row {header.place}"
        for row in self._until_other(header, rows):
            if isinstance(row, DamagedRow):
                yield row
            elif header.is_repeated_by(row.cells):
                self._following = row
                return
            elif any(map(name_of, row.cells)):
                text = excerpt_of(",".join(map(str, row.cells)))
                yield DamagedRow(row.line, Unreadable(f"{told}; {reason}", text), number=row.number)

    def _names_others(self, row: Row, header: Header) -> bool:
        """Whether the row consists of names of columns, and not of those of the header in their
        order."""
        if self._known.isdisjoint(row.cells[:_FIRST_CELLS]) or header.is_repeated_by(row.cells):
            return False
        names = [name for cell in row.cells if (name := name_of(cell))]
        known = self._known.intersection(names)
        strange = set(names) - known
        least = max(_LEAST_NAMES, header.named_width / 2) if strange else _LEAST_NAMES
        if len(known) < least or len(strange) > _MOST_STRANGE * len(known):
            return False
        if any(map(_HAS_DIGIT.search, strange)) and _is_in_order(row, header, known):
            return False
        return could_name(names)


def _is_in_order(row: Row, header: Header, known: frozenset[str]) -> bool:
    """Whether each known name stands in its own column: `L-2` beside them is a record's id."""
    pairs = zip(map(name_of, row.cells), map(name_of, header.cells), strict=False)
    return all(name == own for name, own in pairs if name in known)
