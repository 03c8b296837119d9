"""Logical rows of a delimited text, with the line each begins at.

Owns quoting and its faults. Which rows are records is decided by `extents`.
"""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any, TypeAlias

from lead_platform.capture.contents import Unreadable, excerpt_of
from lead_platform.capture.lines import RecordLines


@dataclass(frozen=True, slots=True)
class Row:
    """A row as it stands there. `line` counts from 1; of a workbook it is the row's number.
    `number`: the row as a spreadsheet counts it, which cells that hold line ends change.
    `usual_width`: how many cells the rows around it have, where this one does not fit them."""

    line: int
    cells: list[Any]
    number: int | None = None
    usual_width: int | None = None

    @property
    def place(self) -> int:
        """The row as a spreadsheet shows it."""
        return self.number or self.line


@dataclass(frozen=True, slots=True)
class DamagedRow:
    """A row that cannot be read. `cells` are what could be made of it, if anything."""

    line: int
    fault: Unreadable
    cells: tuple[str, ...] = ()
    number: int | None = None

    @property
    def place(self) -> int:
        """The row as a spreadsheet shows it."""
        return self.number or self.line


AnyRow: TypeAlias = Row | DamagedRow

# How digits are kept from a spreadsheet: ="01067", '01067. No name is written so.
_KEPT_AS_TEXT = re.compile(r'="((?:[^"]|"")*)"|\'([+\d][\d\s()./-]*)', re.ASCII)


def text_rows(lines: RecordLines, first: int = 1) -> Iterator[AnyRow]:
    """Every row, blank ones too, counted from `first`. A quote that never closes costs its own line
    only."""
    reader = csv.reader(lines, delimiter=lines.delimiter, strict=True)
    for number in count(first):
        lines.begin()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            marked = _with_lone_quotes(lines)
            if marked is not None and lines.fault is None:
                if lines.lines_taken > 1:
                    lines.rewind()
                yield Row(lines.start_line, marked, number)
                continue
            reason = (
                f"broken quoting: the row at line {lines.start_line} cannot be split ({error}); "
                "double the quotes inside a quoted field and close it"
            )
            if lines.lines_taken > 1:
                lines.rewind()
            else:
                reason = lines.fault or reason
            fault = Unreadable(reason, excerpt_of(lines.first_line))
            yield DamagedRow(lines.start_line, fault, number=number)
            continue
        if lines.lines_taken > 1 and (marked := _unswallowed(cells, lines)) is not None:
            lines.rewind()
            cells = marked
        text = "".join(cells)
        if '="' in text or "'" in text:
            cells = [_plain(cell) for cell in cells]
        if lines.fault is None:
            yield Row(lines.start_line, cells, number)
        else:
            fault = Unreadable(lines.fault, excerpt_of(lines.first_line))
            yield DamagedRow(lines.start_line, fault, tuple(cells), number)


def _with_lone_quotes(lines: RecordLines) -> list[str] | None:
    """The row's first line where it is one by itself, with cells that are nothing but a quote: the
    mark for "the same as above"."""
    line = lines.first_line.rstrip("\r\n")
    if "\r" in line:
        return None
    cells = line.split(lines.delimiter)
    quoted = [cell.strip() for cell in cells if '"' in cell]
    return cells if quoted and len(cells) > 1 and set(quoted) == {'"'} else None


def _unswallowed(cells: list[str], lines: RecordLines) -> list[str] | None:
    """The first line of a row that is none: from a lone quote to the next one a cell has swallowed
    what stands between, for it begins and ends where a cell does."""
    begins, ends = (lines.delimiter, "\r", "\n"), lines.delimiter
    if not any(cell.startswith(begins) and cell.endswith(ends) and "\n" in cell for cell in cells):
        return None
    marked = _with_lone_quotes(lines)
    return marked if marked is not None and len(marked) >= len(cells) else None


def _plain(cell: str) -> str:
    """The cell without what keeps a spreadsheet from reading it as a number."""
    kept = _KEPT_AS_TEXT.fullmatch(cell.strip())
    if kept is None:
        return cell
    return kept[2] if kept[1] is None else kept[1].replace('""', '"')
