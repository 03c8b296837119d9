"""Streams the records of a delivered file, whatever its format, without judging their content.

Every record comes out once: as a RawRecord, or as a BadRecord with the reason it cannot be read.
A fault of the file as a whole is one BadRecord without a number. Mapping belongs to `mapping`.
"""

import csv
import io
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, TextIO, TypeAlias

import pyarrow as pa

from lead_platform.capture.channels import ChannelRules, FileFormat
from lead_platform.capture.lines import (
    COLUMN_LIMIT,
    DEPTH_LIMIT,
    RecordLines,
    open_text,
)
from lead_platform.capture.names import shown
from lead_platform.capture.parquet import ParquetFault, read_rows
from lead_platform.capture.paths import PathError, compile_path, first_name
from lead_platform.lake.brake import check_brake

JSON_DOCUMENT_LIMIT = 32 * 1_048_576
"""Bytes a JSON object with its list of records may have: it is read whole, and empty lists take 25
times their text. Arrays, JSONL, CSV and Parquet are streamed."""

JSON_ELEMENT_LIMIT = 8 * 1_048_576
"""Characters one element of a JSON array may have, which may hold several records."""

EXPLODED_FREELY = 100
EXPLODED_ELEMENTS = 10_000
EXPLODED_BYTES = 64 * 1_048_576
"""What the elements of one record may be, and repeat of it, when each becomes a record."""

EXCERPT_LENGTH = 10_000
_PARQUET_ROWS = 5_000
SUFFIXES: dict[str, FileFormat] = {
    ".csv": "csv", ".tsv": "csv", ".txt": "csv", ".json": "json", ".jsonl": "jsonl",
    ".ndjson": "jsonl", ".parquet": "parquet",
}  # fmt: skip


class UnreadableFileError(OSError):
    """The file cannot be opened or read at all: nothing of it was taken in."""


@dataclass(frozen=True, slots=True)
class RawRecord:
    """One record as the source wrote it. `number` counts records of the file from 1."""

    number: int
    content: dict[str, Any]


@dataclass(frozen=True, slots=True)
class BadRecord:
    """A record that cannot be read; `number` None: the file (or the rest of it) as a whole.

    `reason` is 'what: detail'; `excerpt` is the beginning of the text as received.
    """

    number: int | None
    reason: str
    excerpt: str = ""


Record: TypeAlias = RawRecord | BadRecord


def read_records(path: Path, rules: ChannelRules) -> Iterator[Record]:
    """Every record of the file in order. The suffix names the format, else the channel does.

    Raises UnreadableFileError when the file cannot be opened.
    """
    empty = True
    try:
        for number, record in enumerate(_contents(path, rules), start=1):
            empty = False
            if isinstance(record, _FileFault):
                yield BadRecord(None, record.reason, record.excerpt)
            elif isinstance(record, _Unreadable):
                yield BadRecord(number, record.reason, record.excerpt)
            else:
                yield RawRecord(number, record)
    except OSError as error:
        raise UnreadableFileError(
            f"{shown(path)} cannot be read: {error.strerror or error}. "
            "Check that it exists and that this user may read it."
        ) from None
    if empty:
        yield BadRecord(None, "no records: the file holds none; deliver it again if it should")


@dataclass(frozen=True, slots=True)
class _Unreadable:
    reason: str
    excerpt: str = ""


@dataclass(frozen=True, slots=True)
class _FileFault:
    reason: str
    excerpt: str = ""


_Content: TypeAlias = dict[str, Any] | _Unreadable | _FileFault


def _contents(path: Path, rules: ChannelRules) -> Iterator[_Content]:
    file_format = SUFFIXES.get(path.suffix.lower(), rules.format)
    if path.stat().st_size == 0:
        yield _FileFault("empty file: it has 0 bytes; deliver it again")
    elif file_format == "csv":
        yield from _csv_contents(path, rules)
    elif file_format == "parquet":
        yield from _exploded(_parquet_contents(path), rules.explode)
    else:
        documents = _json_lines(path) if file_format == "jsonl" else _json_documents(path)
        yield from _exploded(_unwrapped(documents, rules), rules.explode)


def _excerpt(text: str) -> str:
    return text[:EXCERPT_LENGTH]


# --- CSV ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Row:
    line: int
    cells: list[str]


def _csv_contents(path: Path, rules: ChannelRules) -> Iterator[_Content]:
    with open_text(path) as stream:
        delimiter = "\t" if path.suffix.lower() == ".tsv" else rules.csv.delimiter
        rows = _csv_rows(RecordLines(stream, delimiter, rules.csv.fallback_encoding))
        head = _csv_head(rows, rules)
        if isinstance(head, _FileFault):
            yield head
            return
        for row in rows:
            if isinstance(row, _Unreadable):
                yield row
            elif rules.csv.section is not None and _heading(row) in rules.csv.other_sections:
                return
            else:
                yield head.record(row)


def _csv_rows(lines: RecordLines) -> Iterator[_Row | _Unreadable]:
    """Logical rows. A quote that never closes costs its own line only, not the rest of the file."""
    reader = csv.reader(lines, delimiter=lines.delimiter, strict=True)
    while True:
        lines.begin()
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            reason = (
                f"broken quoting: the row at line {lines.start_line} cannot be split ({error}); "
                "double the quotes inside a quoted field and close it"
            )
            if lines.lines_taken > 1:
                lines.rewind()
            else:
                reason = lines.fault or reason
            yield _Unreadable(reason, _excerpt(lines.first_line))
            continue
        if lines.fault is not None:
            yield _Unreadable(lines.fault, _excerpt(lines.first_line))
        elif cells:
            yield _Row(lines.start_line, cells)


@dataclass(frozen=True, slots=True)
class _CsvHead:
    """The header of the record table and the values of the report it belongs to."""

    names: list[str]
    has_unnamed: bool
    report: dict[str, str]

    def record(self, row: _Row) -> _Content:
        surplus = row.cells[len(self.names) :]
        if len(row.cells) < len(self.names) or any(cell.strip() for cell in surplus):
            return _Unreadable(
                f"ragged row: line {row.line} has {len(row.cells)} fields, the header has "
                f"{len(self.names)}; quote fields that hold the delimiter",
                _excerpt(",".join(row.cells)),
            )
        content: dict[str, Any] = dict(zip(self.names, row.cells, strict=False))
        if self.has_unnamed:
            content = {
                name: value
                for name, value in content.items()
                if value or not name.startswith("(column ")
            }
        if self.report:
            content["report"] = self.report
        return content


def _csv_head(rows: Iterator[_Row | _Unreadable], rules: ChannelRules) -> _CsvHead | _FileFault:
    report: dict[str, str] = {}
    found = rules.csv.section is None
    for row in rows:
        if isinstance(row, _Unreadable):
            return _FileFault(f"unreadable header: {row.reason}", row.excerpt)
        if found:
            return _named_columns(row, report, rules)
        if rules.csv.report_header is not None and row.cells[0] == rules.csv.report_header:
            values = next(rows, None)
            if isinstance(values, _Row):
                report = dict(zip(row.cells, values.cells, strict=False))
        found = _heading(row) == rules.csv.section
    if found:
        return _FileFault("no records: the file ends before its header; deliver it again")
    return _FileFault(
        f"section missing: no line reads {rules.csv.section!r}; export the report that has it"
    )


def _heading(row: _Row) -> str | None:
    """The text of a row that has nothing but a first cell."""
    return None if any(cell.strip() for cell in row.cells[1:]) else row.cells[0].strip()


def _named_columns(row: _Row, report: dict[str, str], rules: ChannelRules) -> _CsvHead | _FileFault:
    if len(row.cells) > COLUMN_LIMIT:
        return _FileFault(
            f"too many columns: the header at line {row.line} has {len(row.cells):,}, at most "
            f"{COLUMN_LIMIT:,} are read; leave out those the channel does not name"
        )
    numbered: dict[str, int] = {}
    for position, cell in enumerate(row.cells, start=1):
        name = cell.strip() or f"(column {position})"
        while name in numbered:
            name = f"{name} ({position})"
        numbered[name] = position
    names = list(numbered)
    missing = [name for name in _needed_columns(rules) if name not in names]
    if missing:
        return _FileFault(
            f"columns missing: {', '.join(missing)}; the header at line {row.line} has "
            f"{', '.join(names[:50])}; choose the right channel or add them",
            _excerpt(",".join(row.cells)),
        )
    return _CsvHead(names, any(name.startswith("(column ") for name in names), report)


def _needed_columns(rules: ChannelRules) -> list[str]:
    """Columns without which no record of the file could be taken in."""
    needed = list(rules.csv.required_columns)
    if rules.record_id.missing == "reject":
        needed += [rules.record_id.column] if rules.record_id.column else []
        names = [first_name(path) for path in rules.record_id.path]
        needed += [name for name in names if name is not None]
    return list(dict.fromkeys(needed))


# --- JSON --------------------------------------------------------------------------------------


def _no_number(_constant: str) -> None:
    """NaN and Infinity are no JSON; writers put them where a value is missing."""


_DECODER = json.JSONDecoder(parse_constant=_no_number)
_SPACE = re.compile(r"[ \t\r\n]*")


def _json_lines(path: Path) -> Iterator[Any]:
    with open_text(path) as stream:
        lines = RecordLines(stream, ",", None)
        if _first_sign(stream) == b"[":
            yield from _json_documents(path)
            return
        while True:
            lines.begin()
            text = next(lines, None)
            if text is None:
                return
            if lines.fault is not None:
                yield _Unreadable(lines.fault, _excerpt(text))
            elif not text.isspace():
                yield _parsed_line(text, lines.start_line)


def _parsed_line(text: str, line: int) -> Any:
    if _is_too_deep(text):
        return _Unreadable(f"nested too deeply: {_DEPTH_REASON}", _excerpt(text))
    try:
        return _DECODER.decode(text.strip())
    except json.JSONDecodeError as error:
        reason = f"broken JSON: line {line} column {error.colno}: {error.msg}; deliver it again"
    except (ValueError, RecursionError) as error:
        reason = f"broken JSON: line {line}: {_brief(error)}"
    return _Unreadable(reason, _excerpt(text))


_DEPTH_REASON = f"at most {DEPTH_LIMIT} levels are read; send the record flatter"
# A text that is never closed goes on to the end: tried again at each of its quotes, one of 900 kB
# took hours.
_TEXTS_AND_BRACKETS = re.compile(r'"[^"]*"?|[\[\]{}]')


def _is_too_deep(text: str) -> bool:
    """Whether brackets are open within each other beyond the limit; those in texts do not count."""
    if text.count("[") + text.count("{") <= DEPTH_LIMIT:
        return False
    depth = 0
    for found in _TEXTS_AND_BRACKETS.finditer(_without_escapes(text)):
        sign = found.group()[0]
        depth += sign in "[{"
        depth -= sign in "]}"
        if depth > DEPTH_LIMIT:
            return True
    return False


def _without_escapes(text: str) -> str:
    """Without the backslashes and quotes that are part of texts: a quote that is left ends one."""
    return text.replace("\\\\", "").replace('\\"', "")


def _first_sign(stream: BinaryIO) -> bytes:
    place = stream.tell()
    sign = stream.read(64).lstrip()[:1]
    stream.seek(place)
    return sign


def _json_documents(path: Path) -> Iterator[Any]:
    """The elements of an array one by one, or the one document the file holds.

    The whole file is checked before the first element is given out: half of a truncated file
    must not look like all of it.
    """
    try:
        with open_text(path) as stream:
            is_array = _first_sign(stream) == b"["
        if not is_array:
            yield from _one_document(path)
            return
        for _ in _array_elements(path):
            pass
    except json.JSONDecodeError as error:
        yield _FileFault(
            f"broken JSON: line {error.lineno} column {error.colno}: {error.msg}; the file may be "
            "cut off, deliver it again",
            _excerpt(error.doc),
        )
        return
    except UnicodeDecodeError as error:
        yield _FileFault(f"wrong encoding: byte {error.start} is not UTF-8; deliver UTF-8")
        return
    except (ValueError, RecursionError) as error:
        yield _FileFault(f"broken JSON: {_brief(error)}")
        return
    yield from _array_elements(path)


def _one_document(path: Path) -> Iterator[Any]:
    """The object a file holds; several of them, one per line, are JSON lines."""
    with open_text(path) as stream:
        data = stream.read(JSON_DOCUMENT_LIMIT + 1)
    if len(data) > JSON_DOCUMENT_LIMIT:
        first = data.partition(b"\n")[0]
        if not _is_json(first):
            raise ValueError(
                f"the document has more than {JSON_DOCUMENT_LIMIT:,} bytes, the limit; deliver an "
                "array of records, or JSON lines (.jsonl)"
            )
        yield from _json_lines(path)
        return
    text = data.decode("utf-8")
    try:
        if _is_too_deep(text):
            raise ValueError(f"nested too deeply: {_DEPTH_REASON}")
        yield _DECODER.decode(text)
    except json.JSONDecodeError as error:
        if error.msg != "Extra data":
            raise
        yield from _json_lines(path)


def _is_json(line: bytes) -> bool:
    try:
        _DECODER.decode(line.decode("utf-8"))
    except (ValueError, RecursionError):
        return False
    return True


@dataclass
class _Window:
    """The part of a text that is being read: what is behind `position` is forgotten."""

    stream: TextIO
    text: str = ""
    position: int = 0
    is_at_end: bool = False
    lines_behind: int = 0

    def grow(self) -> None:
        """Reads on: as much again as there is, so that a long element is tried a few times only."""
        check_brake()
        rest = self.text[self.position :]
        if len(rest) >= JSON_ELEMENT_LIMIT:
            raise ValueError(
                f"an element has more than {JSON_ELEMENT_LIMIT:,} characters, the limit, or never "
                "ends; deliver smaller ones"
            )
        self.lines_behind += self.text.count("\n", 0, self.position)
        more = self.stream.read(min(max(_WINDOW, len(rest)), JSON_ELEMENT_LIMIT))
        self.is_at_end = not more
        self.text, self.position = rest + more, 0

    def sign(self) -> str:
        """The next sign that is no space, not yet taken; empty at the end."""
        while True:
            self.position = _past_space(self.text, self.position)
            if self.position < len(self.text) or self.is_at_end:
                return self.text[self.position : self.position + 1]
            self.grow()

    def expect(self, wanted: str) -> None:
        """Takes the next sign. Raises JSONDecodeError where it is another."""
        if self.sign() != wanted:
            message = f"Expecting {wanted!r}" if wanted else "Text after the end of the array"
            raise json.JSONDecodeError(message, self.text, self.position)
        self.position += 1

    def element(self) -> Any:
        """The next value. Raises JSONDecodeError where there is none."""
        while True:
            self.sign()
            try:
                value, end = _DECODER.raw_decode(self.text, self.position)
            except json.JSONDecodeError:
                if self.is_at_end:
                    raise
                self.grow()
                continue
            if end == len(self.text) and not self.is_at_end:
                # A number may go on behind what has been read.
                self.grow()
                continue
            start, self.position = self.position, end
            if _is_too_deep(self.text[start:end]):
                return _Unreadable(f"nested too deeply: {_DEPTH_REASON}")
            return value


_WINDOW = 2 * 1_048_576


def _array_elements(path: Path) -> Iterator[Any]:
    """Elements of the array the file holds. Raises ValueError where it breaks."""
    with io.TextIOWrapper(open_text(path), "utf-8") as stream:
        window = _Window(stream)
        try:
            yield from _elements_in(window)
        except json.JSONDecodeError as error:
            raise ValueError(
                f"line {window.lines_behind + error.lineno} column {error.colno}: {error.msg}; the "
                "file may be cut off, deliver it again"
            ) from None


def _elements_in(window: _Window) -> Iterator[Any]:
    window.sign()
    window.position += 1
    if window.sign() == "]":
        window.position += 1
    else:
        yield window.element()
        while window.sign() == ",":
            window.position += 1
            yield window.element()
        window.expect("]")
    window.expect("")


def _past_space(text: str, position: int) -> int:
    return _SPACE.match(text, position).end()  # type: ignore[union-attr]


def _brief(error: Exception) -> str:
    return "nested too deeply" if isinstance(error, RecursionError) else str(error)[:200]


def _unwrapped(documents: Iterable[Any], rules: ChannelRules) -> Iterator[_Content]:
    """Records out of their envelopes: `records` finds the list inside a document."""
    find = compile_path(rules.records) if rules.records else None
    for document in documents:
        if isinstance(document, _Unreadable | _FileFault):
            yield document
        elif not isinstance(document, dict):
            yield _Unreadable(
                f"not an object: a record is {type(document).__name__}, expected {{…}}",
                _excerpt(str(document)),
            )
        else:
            yield from _within(document, find)


def _within(document: dict[str, Any], find: Any) -> Iterator[_Content]:
    try:
        found = find(document) if find is not None else None
    except PathError as error:
        yield _Unreadable(f"records path: {error}", _excerpt(str(document)))
        return
    for record in found if isinstance(found, list) else [document if found is None else found]:
        if isinstance(record, dict):
            yield record
        else:
            yield _Unreadable(
                "not an object: `records` finds something else", _excerpt(str(record))
            )


def _exploded(contents: Iterable[_Content], names: tuple[str, ...]) -> Iterator[_Content]:
    """One record per element of the lists called `names`, the rest of the record repeated.

    A record of an element holds none of the other lists.
    """
    for content in contents:
        lists = _lists(content, names) if names and isinstance(content, dict) else {}
        count = sum(map(len, lists.values()))
        if not isinstance(content, dict) or count <= 1:
            yield content
            continue
        rest = {key: value for key, value in content.items() if key not in lists}
        if (fault := _explosion_fault(rest, " and ".join(lists), count)) is not None:
            yield fault
            continue
        for name, elements in lists.items():
            for element in elements:
                yield {**rest, name: [element]}


def _lists(content: dict[str, Any], names: tuple[str, ...]) -> dict[str, list[Any]]:
    found = {name: content.get(name) for name in names}
    return {name: elements for name, elements in found.items() if isinstance(elements, list)}


def _explosion_fault(rest: dict[str, Any], name: str, count: int) -> _Unreadable | None:
    """Each element repeats the rest of the record: 1 MiB can become as many GiB."""
    if count <= EXPLODED_FREELY:
        return None
    repeated = len(repr(rest))
    if count <= EXPLODED_ELEMENTS and count * repeated <= EXPLODED_BYTES:
        return None
    return _Unreadable(
        f"too many elements: {name!r} has {count:,}, each with {repeated:,} bytes of the record "
        f"around it; at most {EXPLODED_ELEMENTS:,} and {EXPLODED_BYTES:,} bytes are taken; send "
        "several records"
    )


# --- Parquet -----------------------------------------------------------------------------------


def _parquet_contents(path: Path) -> Iterator[_Content]:
    try:
        yield from read_rows(path)
    except ParquetFault as fault:
        yield _FileFault(str(fault))
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        yield _FileFault(f"broken Parquet: {str(error)[:300]}; deliver the file again")
