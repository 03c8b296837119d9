"""How a table was read: what was found by looking at the file, and which rows are no records.

Owns that account as a value, its text for people and its JSON for `capture.deliveries.read_as`.
"""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

LeftOutKind = Literal[
    "title", "blank", "repeated header", "second header", "units", "total", "subtotal", "footer",
    "other section"
]  # fmt: skip

KEPT_ROWS = 50
"""Rows that are no records whose text is kept; of the others the count. A report has a dozen."""

KEPT_CHARACTERS = 300
DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe"}


@dataclass(frozen=True, slots=True)
class LeftOutRow:
    """A row that is no record; `line` counts from 1, as a spreadsheet does."""

    line: int
    kind: LeftOutKind
    text: str


@dataclass(frozen=True, slots=True)
class TableReading:
    """How one file was read as a table.

    `encoding` and `delimiter` are None for a workbook, `sheets` empty for a text. `header_lines`:
    one per table that was read. `left_out`: rows that are no records by kind; `rows`: the first of
    them with their text, but for blank ones. `remarks`: what a person should know of a guess.
    `units`: of columns, what a row of units or types below the header says.
    `groups`: of columns that two rows name, the group's title and the name below it.
    """

    format: str
    encoding: str | None = None
    delimiter: str | None = None
    sheets: tuple[str, ...] = ()
    header_lines: tuple[int, ...] = ()
    left_out: tuple[tuple[LeftOutKind, int], ...] = ()
    rows: tuple[LeftOutRow, ...] = ()
    remarks: tuple[str, ...] = ()
    units: tuple[tuple[str, str], ...] = ()
    groups: tuple[tuple[str, tuple[str, str]], ...] = ()

    def as_json(self) -> str:
        """The form in which it is kept with the delivery; what is empty is left out."""
        told: dict[str, Any] = {
            "format": self.format,
            "encoding": self.encoding,
            "delimiter": self.delimiter,
            "sheets": list(self.sheets),
            "header_lines": list(self.header_lines),
            "left_out": dict(self.left_out),
            "rows": [{"line": r.line, "kind": r.kind, "text": r.text} for r in self.rows],
            "remarks": list(self.remarks),
        }
        kept = {name: value for name, value in told.items() if value}
        return json.dumps(kept, ensure_ascii=False)

    def describe(self) -> list[str]:
        """Lines for people: how the file was read, then each row that is no record."""
        parts = [self.format]
        if self.encoding is not None:
            parts.append(self.encoding)
        if self.delimiter is not None:
            parts.append(f"separated by {DELIMITERS.get(self.delimiter, self.delimiter)}")
        if self.sheets:
            parts.append(f"sheet {', '.join(map(repr, self.sheets))}")
        if self.header_lines:
            parts.append(f"columns named in row {', '.join(map(str, self.header_lines))}")
        lines = [f"Read as {', '.join(parts)}."]
        if self.left_out:
            counts = ", ".join(f"{count:,} {kind}" for kind, count in self.left_out)
            lines.append(f"Rows that are no records: {counts}.")
        lines += [f"  row {row.line}, {row.kind}: {row.text}" for row in self.rows]
        return lines + list(self.remarks)


@dataclass(slots=True)
class ReadingNotes:
    """Collects what a TableReading says while the file is read. `row`: that of the record given out
    last, as a spreadsheet counts it."""

    format: str
    encoding: str | None = None
    delimiter: str | None = None
    sheets: list[str] = field(default_factory=list)
    header_lines: list[int] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    row: int | None = None
    units: dict[str, str] = field(default_factory=dict)
    groups: dict[str, tuple[str, str]] = field(default_factory=dict)
    _counts: Counter[LeftOutKind] = field(default_factory=Counter)
    _rows: list[LeftOutRow] = field(default_factory=list)

    def leave_out(self, line: int, kind: LeftOutKind, cells: Sequence[Any] = ()) -> None:
        """Counts a row that is no record, and keeps the text of what `cells` are given."""
        self._counts[kind] += 1
        if len(self._rows) < KEPT_ROWS and (text := _joined(cells)):
            self._rows.append(LeftOutRow(line, kind, text))

    def keep_units(self, names: Sequence[str], cells: Sequence[Any]) -> None:
        """Keeps what a row of units says of the columns."""
        self.units |= {
            n: text for n, cell in zip(names, cells, strict=False) if (text := str(cell))
        }

    def remark(self, text: str) -> None:
        """Says something a person should know, once."""
        if text not in self.remarks:
            self.remarks.append(text)

    @property
    def reading(self) -> TableReading:
        """What is known so far."""
        return TableReading(
            format=self.format,
            encoding=self.encoding,
            delimiter=self.delimiter,
            sheets=tuple(self.sheets),
            header_lines=tuple(self.header_lines),
            left_out=tuple(self._counts.items()),
            rows=tuple(self._rows),
            remarks=tuple(self.remarks),
            units=tuple(self.units.items()),
            groups=tuple(self.groups.items()),
        )


def _joined(cells: Sequence[Any]) -> str:
    text = " | ".join(told for cell in cells if (told := str(cell).strip().replace("\0", "�")))
    return text if len(text) <= KEPT_CHARACTERS else f"{text[:KEPT_CHARACTERS]}…"
