"""Streams the records of a delivered file, whatever its format, without judging their content.

Every record comes out once: as a RawRecord, or as a BadRecord with the reason it cannot be read.
A fault of the file as a whole is one BadRecord without a number. Mapping belongs to `mapping`.
"""

import io
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, TextIO, TypeAlias

import pyarrow as pa

from lead_platform.capture.bodies import holds_bodies, read_bodies
from lead_platform.capture.channels import ChannelRules
from lead_platform.capture.contents import Content, RefusedFile, Unreadable, excerpt_of
from lead_platform.capture.documents import parse_element, parse_json
from lead_platform.capture.formats import RefusedFormatError, format_of
from lead_platform.capture.lines import DEPTH_LIMIT, RecordLines, open_text
from lead_platform.capture.names import shown
from lead_platform.capture.parquet import ParquetFault, read_rows
from lead_platform.capture.paths import PathError, compile_path
from lead_platform.capture.tabular.readings import ReadingNotes, TableReading
from lead_platform.capture.tabular.tables import table_contents
from lead_platform.capture.tabular.wanted import Wanted, wanted_by
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


class UnreadableFileError(OSError):
    """The file cannot be opened or read at all: nothing of it was taken in."""


@dataclass(frozen=True, slots=True)
class RawRecord:
    """One record as the source wrote it. `number` counts records of the file from 1; `row` is where
    it stands in a table, as a spreadsheet counts rows."""

    number: int
    content: dict[str, Any]
    row: int | None = None


@dataclass(frozen=True, slots=True)
class BadRecord:
    """A record that cannot be read; `number` None: the file (or the rest of it) as a whole.

    `reason` is 'what: detail'; `excerpt` is the beginning of the text as received.
    """

    number: int | None
    reason: str
    excerpt: str = ""
    row: int | None = None


Record: TypeAlias = RawRecord | BadRecord


class RecordStream(Iterator[Record]):
    """The records of a file in order, and how a table was read (complete once they are)."""

    def __init__(self, path: Path, rules: ChannelRules, wanted: Wanted) -> None:
        self._wanted = wanted
        self._notes: ReadingNotes | None = None
        self._records = self._read(path, rules)

    @property
    def reading(self) -> TableReading | None:
        """How the file was read as a table, as far as it has been; None for other formats."""
        return self._notes.reading if self._notes is not None else None

    def __next__(self) -> Record:
        return next(self._records)

    @property
    def _row(self) -> int | None:
        return self._notes.row if self._notes is not None else None

    def _read(self, path: Path, rules: ChannelRules) -> Iterator[Record]:
        empty = True
        try:
            for number, record in enumerate(self._contents(path, rules), start=1):
                empty = False
                if isinstance(record, RefusedFile):
                    yield BadRecord(None, record.reason, record.excerpt)
                elif isinstance(record, Unreadable):
                    yield BadRecord(number, record.reason, record.excerpt, self._row)
                else:
                    yield RawRecord(number, record, self._row)
        except OSError as error:
            raise UnreadableFileError(
                f"{shown(path)} cannot be read: {error.strerror or error}. "
                "Check that it exists and that this user may read it."
            ) from None
        if empty:
            yield BadRecord(None, "no records: the file holds none; deliver it again if it should")

    def _contents(self, path: Path, rules: ChannelRules) -> Iterator[Content]:
        if path.stat().st_size == 0:
            yield RefusedFile("empty file: it has 0 bytes; deliver it again")
            return
        if rules.format in ("json", "jsonl") and holds_bodies(path):
            bodies = (Unreadable(b) if isinstance(b, str) else b for b in read_bodies(path))
            yield from _exploded(_unwrapped(bodies, rules), rules.explode)
            return
        try:
            file_format = format_of(path, rules.format)
        except RefusedFormatError as error:
            yield RefusedFile(str(error))
            return
        if file_format in ("csv", "xlsx"):
            self._notes = ReadingNotes(file_format)
            yield from table_contents(path, rules.table, self._wanted, self._notes)
        elif file_format == "parquet":
            yield from _exploded(_parquet_contents(path), rules.explode)
        else:
            documents = _json_lines(path) if file_format == "jsonl" else _json_documents(path)
            yield from _exploded(_unwrapped(documents, rules), rules.explode)


def read_records(path: Path, rules: ChannelRules, wanted: Wanted | None = None) -> RecordStream:
    """Every record of the file in order. Its bytes name the format, then suffix and channel.

    `wanted`: what is known of a table where the channel says nothing of it.

    Raises UnreadableFileError, while it is read, when the file cannot be opened.
    """
    return RecordStream(path, rules, wanted or wanted_by(rules))


# --- JSON --------------------------------------------------------------------------------------


_SPACE = re.compile(r"[ \t\r\n]*")


def _json_lines(path: Path) -> Iterator[Any]:
    with open_text(path) as stream:
        lines = RecordLines(stream, ",", None)
        if _first_sign(stream) == b"[":
            yield from _json_documents(path)
            return
        for line, text, fault in lines.records():
            if fault is not None:
                yield Unreadable(fault, excerpt_of(text))
            elif not text.isspace():
                yield _parsed_line(text, line)


def _parsed_line(text: str, line: int) -> Any:
    if _is_too_deep(text):
        return Unreadable(f"nested too deeply: {_DEPTH_REASON}", excerpt_of(text))
    try:
        return parse_json(text.strip())
    except json.JSONDecodeError as error:
        reason = f"broken JSON: line {line} column {error.colno}: {error.msg}; deliver it again"
    except (ValueError, RecursionError) as error:
        reason = f"broken JSON: line {line}: {_brief(error)}"
    return Unreadable(reason, excerpt_of(text))


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
        yield RefusedFile(
            f"broken JSON: line {error.lineno} column {error.colno}: {error.msg}; the file may be "
            "cut off, deliver it again",
            excerpt_of(error.doc),
        )
        return
    except UnicodeDecodeError as error:
        yield RefusedFile(f"wrong encoding: byte {error.start} is not UTF-8; deliver UTF-8")
        return
    except (ValueError, RecursionError) as error:
        yield RefusedFile(f"broken JSON: {_brief(error)}")
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
        yield parse_json(text)
    except json.JSONDecodeError as error:
        if error.msg != "Extra data":
            raise
        yield from _json_lines(path)


def _is_json(line: bytes) -> bool:
    try:
        parse_json(line.decode("utf-8"))
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
                value, end = parse_element(self.text, self.position)
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
                return Unreadable(f"nested too deeply: {_DEPTH_REASON}")
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


def _unwrapped(documents: Iterable[Any], rules: ChannelRules) -> Iterator[Content]:
    """Records out of their envelopes: `records` finds the list inside a document."""
    find = compile_path(rules.records) if rules.records else None
    for document in documents:
        if isinstance(document, Unreadable | RefusedFile):
            yield document
        elif not isinstance(document, dict):
            yield Unreadable(
                f"not an object: a record is {type(document).__name__}, expected {{…}}",
                excerpt_of(str(document)),
            )
        else:
            yield from _within(document, find)


def _within(document: dict[str, Any], find: Any) -> Iterator[Content]:
    try:
        found = find(document) if find is not None else None
    except PathError as error:
        yield Unreadable(f"records path: {error}", excerpt_of(str(document)))
        return
    for record in found if isinstance(found, list) else [document if found is None else found]:
        if isinstance(record, dict):
            yield record
        else:
            yield Unreadable(
                "not an object: `records` finds something else", excerpt_of(str(record))
            )


def _exploded(contents: Iterable[Content], names: tuple[str, ...]) -> Iterator[Content]:
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


def _explosion_fault(rest: dict[str, Any], name: str, count: int) -> Unreadable | None:
    """Each element repeats the rest of the record: 1 MiB can become as many GiB."""
    if count <= EXPLODED_FREELY:
        return None
    repeated = len(repr(rest))
    if count <= EXPLODED_ELEMENTS and count * repeated <= EXPLODED_BYTES:
        return None
    return Unreadable(
        f"too many elements: {name!r} has {count:,}, each with {repeated:,} bytes of the record "
        f"around it; at most {EXPLODED_ELEMENTS:,} and {EXPLODED_BYTES:,} bytes are taken; send "
        "several records"
    )


# --- Parquet -----------------------------------------------------------------------------------


def _parquet_contents(path: Path) -> Iterator[Content]:
    try:
        yield from read_rows(path)
    except ParquetFault as fault:
        yield RefusedFile(str(fault))
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        yield RefusedFile(f"broken Parquet: {str(error)[:300]}; deliver the file again")
