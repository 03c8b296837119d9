"""Rows of a sheet of a workbook, with the cells as a person sees them.

Owns cell types, positions and what is worth a remark: hidden rows, formulas never calculated.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from lead_platform.capture.contents import Unreadable
from lead_platform.capture.lines import RECORD_LIMIT
from lead_platform.capture.tabular.number_formats import show_number
from lead_platform.capture.tabular.packages import Package
from lead_platform.capture.tabular.rows import AnyRow, DamagedRow, Row

LAST_ROW = 1_048_576
LAST_COLUMN = 16_384
"""What a sheet of Excel has at most."""

_SHOWN_GAP = 1_000
"""Rows that a file leaves out between two others and that are given as blank ones."""

_REFERENCE = re.compile(r"([A-Z]{1,3})(\d{1,7})\Z")
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")


@dataclass(frozen=True, slots=True)
class Workbook:
    """What the cells of all sheets share. `formats`: the format code by style number."""

    texts: list[str]
    formats: list[str]
    since_1904: bool


@dataclass(slots=True)
class SheetReader:
    """Makes rows of the elements of a sheet; `rows` are those complete so far."""

    workbook: Workbook
    rows: list[AnyRow] = field(default_factory=list)
    hidden_rows: int = 0
    uncalculated: int = 0
    size: int = 0
    _line: int = 0
    _cells: dict[int, Any] = field(default_factory=dict)
    _row_size: int = 0
    _column: int = -1
    _type: str = "n"
    _style: int = 0
    _has_formula: bool = False
    _is_phonetic: bool = False
    _text: list[str] | None = None
    _value: str | None = None

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """An element begins."""
        if name in ("v", "t"):
            self._text = None if self._is_phonetic else []
        elif name == "c":
            self._begin_cell(attributes)
        elif name == "row":
            self._begin_row(attributes)
        elif name == "f":
            self._has_formula = True
        elif name == "rPh":
            self._is_phonetic = True

    def text(self, data: str) -> None:
        """Text of a value."""
        if self._text is not None:
            self._text.append(data)

    def end(self, name: str) -> None:
        """An element ends."""
        if name in ("v", "t") and self._text is not None:
            self._value = (self._value or "") + "".join(self._text)
            self._text = None
        elif name == "c":
            self._end_cell()
        elif name == "row":
            self._end_row()
        elif name == "rPh":
            self._is_phonetic = False

    def _begin_row(self, attributes: dict[str, str]) -> None:
        stated = attributes.get("r", "")
        line = int(stated) if stated.isdecimal() and len(stated) < 8 else self._line + 1
        if self._line < line <= min(self._line + _SHOWN_GAP, LAST_ROW):
            self.rows += [Row(missing, []) for missing in range(self._line + 1, line)]
        self._line = min(max(line, self._line + 1), LAST_ROW)
        self._cells, self._row_size, self._column = {}, 0, -1
        self.hidden_rows += attributes.get("hidden") in ("1", "true")

    def _begin_cell(self, attributes: dict[str, str]) -> None:
        found = _REFERENCE.match(attributes.get("r", ""))
        self._column = column_of(found[1]) if found else self._column + 1
        self._type = attributes.get("t", "n")
        style = attributes.get("s", "0")
        self._style = int(style) if style.isdecimal() and len(style) < 8 else 0
        self._has_formula, self._value = False, None

    def _end_cell(self) -> None:
        if self._value is None or self._value == "":
            self.uncalculated += self._has_formula and self._type != "str"
            return
        shown = self._shown(self._value)
        if shown != "" and self._column < LAST_COLUMN:
            self._row_size += len(shown) if isinstance(shown, str) else 8
            # Beyond the limit only the size counts: a text of a megabyte may be named at each cell.
            if self._row_size <= RECORD_LIMIT:
                self._cells[self._column] = shown

    def _shown(self, value: str) -> str | float:
        if self._type == "s":
            texts = self.workbook.texts
            place = int(value) if value.isdecimal() and len(value) < 9 else len(texts)
            return texts[place] if place < len(texts) else ""
        if self._type in ("str", "inlineStr"):
            return unescaped(value)
        if self._type == "b":
            return "TRUE" if value.strip() in ("1", "true") else "FALSE"
        if self._type in ("e", "d"):
            return value.strip()
        formats = self.workbook.formats
        code = formats[self._style] if self._style < len(formats) else "General"
        return show_number(value.strip(), code, since_1904=self.workbook.since_1904)

    def _end_row(self) -> None:
        self.size += self._row_size
        if self._row_size > RECORD_LIMIT:
            reason = (
                f"record too large: row {self._line} has over {RECORD_LIMIT:,} characters, the "
                "limit; shorten the cell at the source"
            )
            self.rows.append(DamagedRow(self._line, Unreadable(reason)))
            return
        width = max(self._cells, default=-1) + 1
        self.rows.append(Row(self._line, [self._cells.get(n, "") for n in range(width)]))


@dataclass(slots=True)
class SharedTexts:
    """The texts that cells name by number, without the reading aids of Japanese ones."""

    texts: list[str] = field(default_factory=list)
    _parts: list[str] = field(default_factory=list)
    _is_text: bool = False
    _is_phonetic: bool = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """An element begins."""
        if name == "si":
            self._parts = []
        elif name == "rPh":
            self._is_phonetic = True
        elif name == "t":
            self._is_text = not self._is_phonetic

    def text(self, data: str) -> None:
        """Text, of which formatting may make several pieces."""
        if self._is_text:
            self._parts.append(data)

    def end(self, name: str) -> None:
        """An element ends."""
        if name == "t":
            self._is_text = False
        elif name == "rPh":
            self._is_phonetic = False
        elif name == "si":
            self.texts.append(unescaped("".join(self._parts)))


def unescaped(text: str) -> str:
    """Signs that XML cannot hold are written as `_x000D_`; a carriage return before a line feed,
    which Excel adds, is left away."""
    if "_x" not in text:
        return text
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text).replace("\r\n", "\n")


def column_of(letters: str) -> int:
    """The place of a column, from 0, by its letters."""
    column = 0
    for letter in letters:
        column = column * 26 + ord(letter) - 64
    return column - 1


def sheet_rows(package: Package, part: str, reader: SheetReader) -> Iterator[AnyRow]:
    """The rows of a sheet in order; blank ones that the file leaves out among them."""
    counted = 0
    for _ in package.read_on(part, reader):
        rows, reader.rows = reader.rows, []
        package.spend(reader.size - counted)
        counted = reader.size
        yield from rows
