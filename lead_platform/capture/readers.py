"""Streams the records of a delivered file, whatever its format, without judging their content.

Every record comes out once: as a RawRecord, or as a BadRecord with the reason it cannot be read.
A fault of the file as a whole is one BadRecord without a number. Mapping belongs to `mapping`.
"""

import csv
import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias, cast

import pyarrow as pa
import pyarrow.parquet as pq

from lead_platform.capture.channels import ChannelRules, FileFormat
from lead_platform.capture.lines import RecordLines, open_regular, open_text
from lead_platform.capture.names import shown
from lead_platform.capture.paths import PathError, compile_path, first_name

JSON_FILE_LIMIT = 1_073_741_824
"""Bytes a JSON document may have: it is read whole. JSONL, CSV and Parquet are streamed."""

EXCERPT_LENGTH = 10_000
_PARQUET_ROWS = 5_000
_SUFFIXES: dict[str, FileFormat] = {
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
    file_format = _SUFFIXES.get(path.suffix.lower(), rules.format)
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
    names: list[str] = []
    for position, cell in enumerate(row.cells, start=1):
        name = cell.strip() or f"(column {position})"
        while name in names:
            name = f"{name} ({position})"
        names.append(name)
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
    try:
        return _DECODER.decode(text.strip())
    except json.JSONDecodeError as error:
        reason = f"broken JSON: line {line} column {error.colno}: {error.msg}; deliver it again"
    except (ValueError, RecursionError) as error:
        reason = f"broken JSON: line {line}: {_brief(error)}"
    return _Unreadable(reason, _excerpt(text))


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
    size = path.stat().st_size
    if size > JSON_FILE_LIMIT:
        yield _FileFault(
            f"file too large: {size:,} bytes of JSON, the limit is {JSON_FILE_LIMIT:,}; "
            "deliver JSON lines (.jsonl)"
        )
        return
    with open_text(path) as stream:
        data = stream.read()
    try:
        text = data.decode("utf-8")
        start = _SPACE.match(text).end()  # type: ignore[union-attr]
        if text[start : start + 1] != "[":
            yield _DECODER.decode(text)
            return
        for _ in _array_elements(text, start):
            pass
    except json.JSONDecodeError as error:
        if error.msg == "Extra data":
            yield from _json_lines(path)
            return
        yield _FileFault(
            f"broken JSON: line {error.lineno} column {error.colno}: {error.msg}; the file may be "
            "cut off, deliver it again",
            _excerpt(text),
        )
        return
    except UnicodeDecodeError as error:
        yield _FileFault(f"wrong encoding: byte {error.start} is not UTF-8; deliver UTF-8")
        return
    except (ValueError, RecursionError) as error:
        yield _FileFault(f"broken JSON: {_brief(error)}", _excerpt(text))
        return
    yield from _array_elements(text, start)


def _array_elements(text: str, start: int) -> Iterator[Any]:
    """Elements of the array that begins at `start`. Raises JSONDecodeError where it breaks."""
    position = _past_space(text, start + 1)
    if text[position : position + 1] == "]":
        _expect_end(text, position + 1)
        return
    while True:
        element, position = _DECODER.raw_decode(text, position)
        yield element
        position = _past_space(text, position)
        sign = text[position : position + 1]
        if sign == "]":
            _expect_end(text, position + 1)
            return
        if sign != ",":
            raise json.JSONDecodeError("Expecting ',' delimiter", text, position)
        position = _past_space(text, position + 1)


def _expect_end(text: str, position: int) -> None:
    if _past_space(text, position) != len(text):
        raise json.JSONDecodeError("Text after the end of the array", text, position)


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


def _exploded(contents: Iterable[_Content], name: str | None) -> Iterator[_Content]:
    """One record per element of the list called `name`, the rest of the record repeated."""
    for content in contents:
        elements = content.get(name) if name is not None and isinstance(content, dict) else None
        if isinstance(content, dict) and isinstance(elements, list) and len(elements) > 1:
            for element in elements:
                yield {**content, cast(str, name): [element]}
        else:
            yield content


# --- Parquet -----------------------------------------------------------------------------------


def _parquet_contents(path: Path) -> Iterator[_Content]:
    try:
        with open_regular(path) as source, pq.ParquetFile(source) as file:
            for batch in file.iter_batches(batch_size=_PARQUET_ROWS):
                for row in batch.to_pylist():
                    yield cast(dict[str, Any], _plain(row))
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        yield _FileFault(f"broken Parquet: {str(error)[:300]}; deliver the file again")


def _plain(value: Any) -> Any:
    """A Parquet value as JSON has it."""
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, Decimal | timedelta):
        return str(value)
    if isinstance(value, bytes):
        return value.decode("utf-8", errors="replace")
    if isinstance(value, Mapping):
        return {str(key): _plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part) for part in value]
    return str(value)
