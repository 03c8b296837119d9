"""Reads a file as a table: its rows as records by column name, and an account of how it was read.

Puts encoding, delimiter, workbook, header and extent together. What the records mean is the
channel's business.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain, islice, zip_longest
from pathlib import Path
from typing import Any

from lead_platform.capture.contents import Content, RefusedFile, Unreadable, excerpt_of
from lead_platform.capture.formats import RefusedFormatError, format_of
from lead_platform.capture.lines import RecordLines, open_text
from lead_platform.capture.tabular.dialects import find_dialect
from lead_platform.capture.tabular.encodings import find_encoding
from lead_platform.capture.tabular.extents import Extent
from lead_platform.capture.tabular.header_pairs import HeaderPair
from lead_platform.capture.tabular.headers import (
    HEADER_CHARACTERS,
    HEADER_ROWS,
    Header,
    TableFault,
    choose_header,
    named_columns,
)
from lead_platform.capture.tabular.readings import DELIMITERS, ReadingNotes, TableReading
from lead_platform.capture.tabular.rows import AnyRow, DamagedRow, Row, text_rows
from lead_platform.capture.tabular.rules import TableRule
from lead_platform.capture.tabular.sections import Sections
from lead_platform.capture.tabular.wanted import REPORT, Wanted, name_of
from lead_platform.capture.tabular.widths import fitting_rows
from lead_platform.capture.tabular.workbooks import open_sheets

SAMPLE_ROWS = 200
"""Records by which a person, or a program, judges what the columns of an unknown table hold."""


@dataclass(frozen=True, slots=True)
class TableSample:
    """The first records of a table nobody has described yet.

    `names`: the columns in order. `rows`: what each record holds by column; those that cannot be
    read are left out. `reading`: how the file was read, as far as these records.
    """

    names: tuple[str, ...]
    rows: tuple[dict[str, Any], ...]
    reading: TableReading


def read_table(
    path: Path, rule: TableRule | None = None, *, limit: int = SAMPLE_ROWS
) -> TableSample:
    """The first `limit` records of a table, told by its shape and by what `rule` sets.

    Raises TableFault where it is no table that can be read, OSError where it cannot be opened.
    """
    try:
        file_format = format_of(path, "csv")
    except RefusedFormatError as error:
        raise TableFault(str(error)) from None
    if file_format not in ("csv", "xlsx"):
        raise TableFault(f"no table: it is a file of {file_format}")
    notes = ReadingNotes(file_format)
    rows: list[dict[str, Any]] = []
    fault: RefusedFile | None = None
    for content in table_contents(path, rule or TableRule(), Wanted(), notes):
        if isinstance(content, RefusedFile):
            fault = content
            break
        if not isinstance(content, Unreadable):
            rows.append(content)
        if len(rows) == limit:
            break
    if fault is not None and not rows:
        raise TableFault(fault.reason, fault.excerpt)
    return TableSample(tuple(notes.names), tuple(rows), notes.reading)


def table_contents(
    path: Path, rule: TableRule, wanted: Wanted, notes: ReadingNotes
) -> Iterator[Content]:
    """Every record of the table in order, `notes` being filled as it is read.

    A fault of the file as a whole comes out as RefusedFile. Raises OSError.
    """
    contents = _workbook_contents if notes.format == "xlsx" else _text_contents
    try:
        yield from contents(path, rule, wanted, notes)
    except TableFault as fault:
        yield RefusedFile(str(fault), fault.excerpt)


def _text_contents(
    path: Path, rule: TableRule, wanted: Wanted, notes: ReadingNotes
) -> Iterator[Content]:
    encoding = find_encoding(path, rule)
    notes.encoding = encoding.told
    if encoding.remark is not None:
        notes.remark(encoding.remark)
    with open_text(path, rule.encoding) as stream:
        dialect = find_dialect(stream, encoding, rule, wanted)
        notes.delimiter = dialect.delimiter
        lines = RecordLines(
            stream, dialect.delimiter, encoding.otherwise, encoding.name, encoding.doubt
        )
        declaring = dialect.declaring_lines
        rows = islice(text_rows(lines, 1 - declaring), declaring, None)
        yield from _Table(rule, wanted, notes).records(rows)


def _workbook_contents(
    path: Path, rule: TableRule, wanted: Wanted, notes: ReadingNotes
) -> Iterator[Content]:
    with open_sheets(path, rule, wanted, notes) as sheets:
        for name, rows, merged in sheets:
            notes.sheets.append(name)
            yield from _Table(rule, wanted, notes, merged.filled).records(rows)


def _padded(rows: Iterable[AnyRow], width: int) -> Iterator[AnyRow]:
    """A workbook stores no blank cells at the end of a row."""
    for row in rows:
        if isinstance(row, Row) and len(row.cells) < width:
            yield Row(row.line, row.cells + [""] * (width - len(row.cells)), row.number)
        else:
            yield row


def _as_they_are(rows: Iterable[AnyRow]) -> Iterable[AnyRow]:
    return rows


@dataclass(slots=True)
class _Table:
    """One table of a file, from its first row to its last. `complete`: what rows below the header
    hold beside their own cells."""

    rule: TableRule
    wanted: Wanted
    notes: ReadingNotes
    complete: Callable[[Iterable[AnyRow]], Iterable[AnyRow]] = _as_they_are
    _report: dict[str, Any] = field(default_factory=dict)

    def records(self, rows: Iterable[AnyRow]) -> Iterator[Content]:
        """What the records hold. Raises TableFault where no row names the columns."""
        first, body = self._begin(iter(rows))
        for header, below in Sections(self.wanted, self.notes).tables(first, self.complete(body)):
            for row in self._rows(header, below):
                self.notes.row = row.place
                yield row.fault if isinstance(row, DamagedRow) else self._content(header, row)

    def _rows(self, header: Header, below: Iterable[AnyRow]) -> Iterator[AnyRow]:
        """The rows that are records. A workbook stores each cell by its place."""
        extent = Extent(header, self.wanted, self.rule, self.notes)
        if self.notes.format == "xlsx":
            return extent.records(_padded(below, len(header.names)))
        return fitting_rows(extent.records(below), header, self.wanted)

    def _begin(self, rows: Iterator[AnyRow]) -> tuple[Header, Iterable[AnyRow]]:
        """The header and the rows below it."""
        if self.rule.section is not None:
            return self._below_heading(rows, self.rule.section)
        if self.rule.header_row is not None:
            above = list(islice(rows, self.rule.header_row - 1))
            row = next(rows, None)
            if row is None:
                raise TableFault(
                    f"no records: the file ends before row {self.rule.header_row}, which "
                    "`header_row` of the channel names; deliver it again"
                )
            body: Iterable[AnyRow] = rows
        else:
            ahead = list(_looked_ahead(rows, self.wanted))
            if not any(map(_is_filled, ahead)):
                raise TableFault("no records: the file ends before its header; deliver it again")
            chosen = choose_header(ahead, self.wanted)
            above, row = ahead[: chosen.position], chosen.row
            body = chain(ahead[chosen.behind :], rows)
            if chosen.pair is not None:
                self._tell_pair(chosen.pair)
        header = named_columns(row, self.wanted)
        if isinstance(row, DamagedRow):
            self.notes.remark(f"Row {row.place} names the columns; NUL bytes in it are left away.")
        self._leave_above(above)
        return header, body

    def _tell_pair(self, pair: HeaderPair) -> None:
        self.notes.groups |= pair.groups
        place = pair.row.place
        self.notes.remark(
            f"Rows {place} and {place + 1} name the columns together, such as "
            f"{next(iter(pair.groups))!r}. Is one of them alone the header? Then write it as "
            "`header_row` under `table` of the channel."
        )

    def _leave_above(self, rows: list[AnyRow]) -> None:
        for row, following in zip_longest(rows, rows[1:]):
            self._keep_report(row, following)
            self.notes.leave_out(
                row.place, "title" if _is_filled(row) else "blank", list(row.cells)
            )

    def _keep_report(self, row: AnyRow, following: AnyRow | None) -> None:
        """The values of the report, where this row names them."""
        wanted = self.rule.report_header
        if wanted is not None and row.cells and row.cells[0] == wanted and following is not None:
            self._report = dict(zip(map(name_of, row.cells), following.cells, strict=False))

    def _below_heading(
        self, rows: Iterator[AnyRow], heading: str
    ) -> tuple[Header, Iterable[AnyRow]]:
        """The table of a report that has several; what the others hold is counted only."""
        previous: AnyRow | None = None
        for row in rows:
            if previous is not None:
                self._keep_report(previous, row)
            if _heading(row) == heading:
                break
            self.notes.leave_out(row.place, "other section")
            previous = row
        else:
            raise TableFault(
                f"section missing: no line reads {heading!r}; export the report that has it"
            )
        header = next(filter(_is_filled, rows), None)
        if header is None:
            raise TableFault("no records: the file ends before its header; deliver it again")
        return named_columns(header, self.wanted), self._until_other_section(rows)

    def _until_other_section(self, rows: Iterator[AnyRow]) -> Iterator[AnyRow]:
        for row in rows:
            if _heading(row) in self.rule.other_sections:
                break
            yield row
        for row in rows:
            self.notes.leave_out(row.place, "other section")

    def _content(self, header: Header, row: Row) -> Content:
        cells = row.cells
        surplus = cells[len(header.names) :]
        if row.usual_width is not None or any(map(name_of, surplus)):
            reason = self._told_ragged(header, row)
            return Unreadable(reason, excerpt_of(",".join(map(str, cells))))
        content: dict[str, Any] = dict(zip(header.names, cells, strict=False))
        if header.has_unnamed:
            content = {
                name: value
                for name, value in content.items()
                if name_of(value) or not name.startswith("(column ")
            }
        if self._report:
            content[REPORT] = self._report
        return content

    def _told_ragged(self, header: Header, row: Row) -> str:
        sign = DELIMITERS.get(self.notes.delimiter or "", "sign between cells")
        where = f"row {row.place}"
        if row.line != row.place:
            where += f" (from line {row.line} of the text)"
        told = f"ragged row: {where} has {len(row.cells)} cells, row {header.place} names "
        told += f"{header.named_width} columns"
        usual = row.usual_width or header.named_width
        told += f", the rows below have {usual}; " if usual != header.named_width else "; "
        if len(row.cells) >= usual:
            return told + f"a cell that holds a {sign} needs quotes around it"
        return told + (
            "write every cell, blank ones too; one that holds a line break needs quotes around it"
        )


def _looked_ahead(rows: Iterator[AnyRow], wanted: Wanted) -> Iterator[AnyRow]:
    """Rows among which the header must be: up to the one below that which surely is it, for two
    rows may name the columns together."""
    characters, is_found = 0, False
    for row in islice(rows, HEADER_ROWS):
        yield row
        characters += sum(len(str(cell)) for cell in row.cells)
        if is_found or characters > HEADER_CHARACTERS:
            return
        is_found = wanted.is_surely(row.cells)


def _is_filled(row: AnyRow) -> bool:
    return isinstance(row, DamagedRow) or any(map(name_of, row.cells))


def _heading(row: AnyRow) -> str | None:
    """The text of a row that has nothing but a first cell."""
    if not row.cells or any(map(name_of, row.cells[1:])):
        return None
    return name_of(row.cells[0])
