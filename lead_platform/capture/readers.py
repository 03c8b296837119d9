"""Streams the records of a delivered file, whatever its format, without judging their content.

Every record comes out once: as a RawRecord, or as a BadRecord with the reason it cannot be read.
A fault of the file as a whole is one BadRecord without a number. Mapping belongs to `mapping`.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import pyarrow as pa

from lead_platform.capture.bodies import holds_bodies, read_bodies
from lead_platform.capture.channels import ChannelRules
from lead_platform.capture.contents import Content, RefusedFile, Unreadable, excerpt_of
from lead_platform.capture.documents import DoubledDocument, doubled_names
from lead_platform.capture.formats import RefusedFormatError, format_of
from lead_platform.capture.half_converted import DatedColumns, dated_names, swapped_date
from lead_platform.capture.json_columns import rows_of_columns
from lead_platform.capture.json_files import json_documents, json_lines
from lead_platform.capture.names import shown
from lead_platform.capture.parquet import ParquetFault, read_rows
from lead_platform.capture.paths import PathError, compile_path, names_of
from lead_platform.capture.tabular.readings import ReadingNotes, TableReading
from lead_platform.capture.tabular.tables import table_contents
from lead_platform.capture.tabular.wanted import Wanted, wanted_by

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


_MOST_BESIDE = 100
"""Parts beside the records that are kept to be told, and elements of each."""

Record: TypeAlias = RawRecord | BadRecord


class RecordStream(Iterator[Record]):
    """The records of a file in order, and how a table was read (complete once they are)."""

    def __init__(
        self, path: Path, rules: ChannelRules, wanted: Wanted, swapped: frozenset[str]
    ) -> None:
        self._wanted = wanted
        self._swapped = swapped
        self._dates = DatedColumns(dated_names(rules))
        self._notes: ReadingNotes | None = None
        self.beside: dict[str, Any] = {}
        """What stands beside the records in the documents read so far, by its name; of a list the
        first elements. No record holds it."""
        self._records = self._read(path, rules)

    @property
    def reading(self) -> TableReading | None:
        """How the file was read as a table, as far as it has been; None for other formats."""
        return self._notes.reading if self._notes is not None else None

    def __next__(self) -> Record:
        return next(self._records)

    @property
    def swapped(self) -> frozenset[str]:
        """Columns of a table whose real dates have day and month swapped, as its records show once
        all are read."""
        return self._dates.proven()

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
                    yield self._dated(number, record)
        except OSError as error:
            raise UnreadableFileError(
                f"{shown(path)} cannot be read: {error.strerror or error}. "
                "Check that it exists and that this user may read it."
            ) from None
        if self._notes is not None:
            for name, told in self._dates.told().items():
                self._notes.remark(f"{name}: {told}")
        if empty:
            yield BadRecord(None, "no records: the file holds none; deliver it again if it should")

    def _dated(self, number: int, content: dict[str, Any]) -> Record:
        if self._notes is not None:
            self._dates.note(content)
            if self._swapped and (told := swapped_date(content, self._swapped)) is not None:
                return BadRecord(number, told, excerpt_of(str(content)), self._row)
        return RawRecord(number, content, self._row)

    def _contents(self, path: Path, rules: ChannelRules) -> Iterator[Content]:
        if path.stat().st_size == 0:
            yield RefusedFile("empty file: it has 0 bytes; deliver it again")
            return
        if rules.format in ("json", "jsonl") and holds_bodies(path):
            bodies = (Unreadable(b) if isinstance(b, str) else b for b in read_bodies(path))
            yield from _exploded(_unwrapped(bodies, rules, self.beside), rules.explode)
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
            read = json_lines if file_format == "jsonl" else json_documents
            documents = read(path, rules.table)
            yield from _exploded(_unwrapped(documents, rules, self.beside), rules.explode)


def read_records(
    path: Path,
    rules: ChannelRules,
    wanted: Wanted | None = None,
    *,
    swapped: frozenset[str] = frozenset(),
) -> RecordStream:
    """Every record of the file in order. Its bytes name the format, then suffix and channel.

    `wanted`: what is known of a table where the channel says nothing of it. `swapped`: columns
    whose real dates are known to be wrong: a record that has one is not read.

    Raises UnreadableFileError, while it is read, when the file cannot be opened.
    """
    return RecordStream(path, rules, wanted or wanted_by(rules), swapped)


def _unwrapped(
    documents: Iterable[Any], rules: ChannelRules, beside: dict[str, Any]
) -> Iterator[Content]:
    """Records out of their envelopes: `records` finds the list inside a document, or the table
    that it holds column by column. What stands beside it goes to `beside`."""
    find = compile_path(rules.records) if rules.records else None
    known = names_of(rules.records) if rules.records else frozenset()
    for document in documents:
        if isinstance(document, Unreadable | RefusedFile):
            yield document
        elif not isinstance(document, dict):
            yield Unreadable(
                f"not an object: a record is {type(document).__name__}, expected {{…}}",
                excerpt_of(str(document)),
            )
        else:
            yield from _within(document, find, known, beside)


def _note_beside(document: dict[str, Any], known: frozenset[str], beside: dict[str, Any]) -> None:
    for name, part in document.items():
        if name not in known and name not in beside and len(beside) < _MOST_BESIDE:
            beside[name] = part[:_MOST_BESIDE] if isinstance(part, list) else part


def _within(
    document: dict[str, Any], find: Any, known: frozenset[str], beside: dict[str, Any]
) -> Iterator[Content]:
    try:
        found = find(document) if find is not None else None
    except PathError as error:
        yield Unreadable(f"records path: {error}", excerpt_of(str(document)))
        return
    records = found if isinstance(found, list) else [document if found is None else found]
    if found is not None and known:
        _note_beside(document, known, beside)
    doubled = document.names if isinstance(document, DoubledDocument) else []
    if len(doubled) > sum(len(doubled_names(record)) for record in records if doubled):
        # What was lost may be records.
        yield _told_doubled(doubled, document)
        return
    for record in records:
        if doubled and (names := doubled_names(record)):
            yield _told_doubled(names, record)
        elif isinstance(record, dict):
            rows = rows_of_columns(record)
            yield from [record] if rows is None else rows
        else:
            yield Unreadable(
                "not an object: `records` finds something else", excerpt_of(str(record))
            )


def _told_doubled(names: list[str], record: Any) -> Unreadable:
    return Unreadable(
        f"doubled name: {names[0][:100]!r} stands twice in one object of the record, with "
        "two values; send each once, or both as a list",
        excerpt_of(str(record)),
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
