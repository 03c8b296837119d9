"""Logical rows of a delimited text, with the line each begins at.

Owns quoting and its faults. Which rows are records is decided by `extents`.
"""

import csv
import re
from collections.abc import Iterator
from contextlib import suppress
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
    width = 0
    for number in count(first):
        lines.begin()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            marked = _with_lone_quotes(lines.first_line, lines.delimiter)
            if marked is not None and lines.fault is None:
                if len(lines.texts) > 1:
                    lines.rewind()
                width = len(marked)
                yield Row(lines.start_line, _plain_cells(marked), number)
                continue
            reason = (
                f"broken quoting: the row at line {lines.start_line} cannot be split ({error}); "
                "double the quotes inside a quoted field and close it"
            )
            if len(lines.texts) > 1:
                lines.rewind()
            else:
                reason = lines.fault or reason
            fault = Unreadable(reason, excerpt_of(lines.first_line))
            yield DamagedRow(lines.start_line, fault, number=number)
            continue
        is_odd = len(lines.texts) > 1 or len(cells) != width
        if is_odd and (marked := _unswallowed(cells, lines, width)) is not None:
            if len(lines.texts) > 1:
                lines.rewind()
            cells = marked
        cells = _plain_cells(cells)
        width = len(cells) if any(cells) else width
        if lines.fault is None:
            yield Row(lines.start_line, cells, number)
        else:
            fault = Unreadable(lines.fault, excerpt_of(lines.first_line))
            yield DamagedRow(lines.start_line, fault, tuple(cells), number)


def _with_lone_quotes(line: str, delimiter: str) -> list[str] | None:
    """A line where it is a row by itself, with cells that are nothing but a quote: the mark for
    "the same as above"."""
    line = line.rstrip("\r\n")
    if "\r" in line:
        return None
    cells = line.split(delimiter)
    quoted = [cell.strip() for cell in cells if '"' in cell]
    return cells if quoted and len(cells) > 1 and set(quoted) == {'"'} else None


def _unswallowed(cells: list[str], lines: RecordLines, width: int) -> list[str] | None:
    """The first line of a row that is none: from a lone quote to the next one a cell has swallowed
    what stands between, for it begins and ends where a cell does, and the line and most of those
    behind are rows as wide as the one before (`width`, 0 where there is none)."""
    signs = (lines.delimiter, "\r", "\n")
    if not any(cell.startswith(signs) and cell.endswith(signs) and len(cell) > 1 for cell in cells):
        return None
    marked = _with_lone_quotes(lines.first_line, lines.delimiter)
    if marked is None or len(marked) != (width or len(cells)):
        return None
    behind = lines.texts[1:]
    alike = sum(_width_alone(text, lines.delimiter) == len(marked) for text in behind)
    return marked if not behind or 2 * alike > len(behind) else None


def _width_alone(line: str, delimiter: str) -> int:
    """How many cells the line has as a row by itself."""
    cells = _with_lone_quotes(line, delimiter)
    with suppress(csv.Error, StopIteration):
        cells = cells or next(csv.reader([line], delimiter=delimiter, strict=True))
    return len(cells or ())


def _plain_cells(cells: list[str]) -> list[str]:
    text = "".join(cells)
    return [_plain(cell) for cell in cells] if '="' in text or "'" in text else cells


def _plain(cell: str) -> str:
    """The cell without what keeps a spreadsheet from reading it as a number."""
    kept = _KEPT_AS_TEXT.fullmatch(cell.strip())
    if kept is None:
        return cell
    return kept[2] if kept[1] is None else kept[1].replace('""', '"')
