"""Parses a delivered file into batches of mapped items, as Arrow tables.

Owns batch size and the form of rejected records. What is new and what is known is decided by
`intake`.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from lead_platform.capture.channels import Channel
from lead_platform.capture.columns import FIELD_TYPES, KINDS, Kind
from lead_platform.capture.contracts import Contracts
from lead_platform.capture.mapping import (
    ITEM_COLUMNS,
    MODIFIED_POSITION,
    MappedRecord,
    RecordMapper,
)
from lead_platform.capture.readers import BadRecord, Record, RecordStream, read_records
from lead_platform.capture.tabular.wanted import wanted_of
from lead_platform.capture.values import canonical_json
from lead_platform.fields import ValueType
from lead_platform.lake.brake import check_brake
from lead_platform.lake.faults import fault_of, few_of, may_be_of_a_record

BATCH_SIZE = 50_000
BATCH_BYTES = 64 * 1_048_576
"""A batch closes at this many bytes of payload even when it has fewer records."""

_KEPT_EXCERPT = 10_000
# RecordItems of one item: two hashes, an id and what holds them.
_RECORD_BYTES = 600

_ARROW_TYPES: dict[ValueType, pa.DataType] = {
    "text": pa.string(), "instant": pa.timestamp("us"), "amount": pa.decimal128(18, 2),
    "currency": pa.string(), "integer": pa.int32(), "number": pa.float64(),
    "consent": pa.string(), "json": pa.string(), "list": pa.string(),
}  # fmt: skip


class HalfSwappedError(ValueError):
    """Real dates of some columns have day and month swapped, as the file as a whole shows."""

    def __init__(self, columns: frozenset[str]) -> None:
        super().__init__(f"dates are half swapped in {', '.join(sorted(columns))}")
        self.columns = columns


@dataclass(frozen=True)
class RecordItems:
    """The items one record became: (kind, row in that kind's table of the batch, item id).

    `is_dated`: its submissions say when the source changed them.
    """

    record_number: int
    record_id: str
    content_hash: str
    items: tuple[tuple[Kind, int, str], ...]
    is_dated: bool = False

    @property
    def item_ids(self) -> list[str]:
        """The ids alone."""
        return [item_id for _, _, item_id in self.items]


@dataclass(frozen=True)
class ParsedBatch:
    """A slice of a delivery, mapped, not yet compared with what is known.

    Arrow tables with the columns of tables.sql except delivery_id and received_seq, which
    `write_batches` adds. `rejected` has record_number, record_id, reasons (JSON list), payload.
    `record_count` counts received records, rejected ones included. `read_as` tells how the file was
    read as a table (JSON, see TableReading); its last batch knows.
    """

    submissions: pa.Table
    events: pa.Table
    outcomes: pa.Table
    rejected: pa.Table
    records: tuple[RecordItems, ...]
    record_count: int
    read_as: str | None = None

    @property
    def size_bytes(self) -> int:
        """About how much memory it takes."""
        tables = (self.submissions, self.events, self.outcomes, self.rejected)
        return sum(table.nbytes for table in tables) + _RECORD_BYTES * len(self.records)

    def table(self, kind: Kind) -> pa.Table:
        """The table of one kind of item."""
        return {
            "submission": self.submissions,
            "event": self.events,
            "outcome": self.outcomes,
        }[kind]


def parse_file(
    path: Path,
    channel: Channel,
    *,
    received_at: datetime,
    contracts: Contracts | None = None,
    batch_size: int = BATCH_SIZE,
    swapped: frozenset[str] = frozenset(),
) -> Iterator[ParsedBatch]:
    """The file's records as mapped items, in batches of at most `batch_size` records.

    `swapped`: columns whose real dates have day and month swapped; records with such a date are
    rejected. Raises HalfSwappedError behind the last batch where there are others: what was given
    out is wrong, and the file to be parsed again.

    `contracts`: what the suites ask of fields; those that ship where None is given. Never raises
    for bad content (it comes out as rejected). A record that mapping itself breaks on is rejected;
    where those are more than few, raises what the last one raised. Raises UnreadableFileError.
    """
    records = read_records(path, channel.rules, wanted_of(channel), swapped=swapped)
    yield from map_records(
        records, channel, received_at=received_at, batch_size=batch_size, contracts=contracts
    )
    if not records.swapped <= swapped:
        raise HalfSwappedError(records.swapped)


def map_records(
    records: Iterable[Record],
    channel: Channel,
    *,
    received_at: datetime,
    batch_size: int = BATCH_SIZE,
    contracts: Contracts | None = None,
) -> Iterator[ParsedBatch]:
    """As `parse_file`, for records that are read already."""
    mapper = RecordMapper(channel, received_at, contracts)
    batch = _BatchBuilder(channel.name, received_at)
    total, errors = 0, list[Exception]()
    for record in records:
        check_brake()
        total += 1
        if error := batch.add(record, mapper):
            errors.append(error)
        if batch.record_count >= batch_size or batch.payload_bytes >= BATCH_BYTES:
            yield batch.build()
            batch = _BatchBuilder(channel.name, received_at)
    if len(errors) > few_of(total):
        raise errors[-1]
    reading = records.reading if isinstance(records, RecordStream) else None
    if batch.record_count or reading is not None:
        yield batch.build(reading.as_json() if reading is not None else None)


@dataclass
class _BatchBuilder:
    channel: str
    received_at: datetime
    record_count: int = 0
    payload_bytes: int = 0
    rows: dict[Kind, list[list[Any]]] = field(default_factory=lambda: {k: [] for k in KINDS})
    rejected: list[dict[str, Any]] = field(default_factory=list)
    records: list[RecordItems] = field(default_factory=list)

    def add(self, record: Record, mapper: RecordMapper) -> Exception | None:
        """Map one record; what mapping raised, if it broke on it."""
        self.record_count += 1
        if isinstance(record, BadRecord):
            excerpt = _excerpt(mapper.redact_text(record.excerpt)) if record.excerpt else None
            self._reject(record.number, None, [record.reason], excerpt)
            return None
        try:
            mapped = mapper.map_record(record.content, record.number)
        except Exception as error:
            if not may_be_of_a_record(error):
                raise
            self._reject(
                record.number, None, [_broken(error)], _payload_of(mapper.redact(record.content))
            )
            return error
        self.payload_bytes += len(mapped.payload)
        if mapped.reasons:
            payload = _bounded_payload(mapped.payload)
            self._reject(record.number, mapped.record_id, mapped.reasons, payload)
        else:
            self._keep(record.number, mapped)
        return None

    def _keep(self, number: int, mapped: MappedRecord) -> None:
        places = []
        for kind, row in mapped.items:
            places.append(len(self.rows[kind]))
            self.rows[kind].append(row)
        self.records.append(items_of(mapped, number, places))

    def _reject(
        self, number: int | None, record_id: str | None, reasons: list[str], payload: str | None
    ) -> None:
        unique = [_writable(reason) for reason in dict.fromkeys(reasons)]
        self.rejected.append(
            rejection(self.channel, self.received_at, number, record_id, unique, payload)
        )

    def build(self, read_as: str | None = None) -> ParsedBatch:
        tables = {kind: item_table(kind, self.rows[kind]) for kind in KINDS}
        return ParsedBatch(
            submissions=tables["submission"],
            events=tables["event"],
            outcomes=tables["outcome"],
            rejected=pa.Table.from_pylist(self.rejected, schema=REJECTED_SCHEMA),
            records=tuple(self.records),
            record_count=self.record_count,
            read_as=read_as,
        )


def items_of(mapped: MappedRecord, number: int, places: Sequence[int]) -> RecordItems:
    """What tells whether a mapped record is new; `places`: the row of each item."""
    items: list[tuple[Kind, int, str]] = []
    is_dated = False
    for (kind, row), place in zip(mapped.items, places, strict=True):
        items.append((kind, place, row[0]))
        if kind == "submission" and row[MODIFIED_POSITION] is not None:
            is_dated = True
    return RecordItems(number, str(mapped.record_id), mapped.content_hash, tuple(items), is_dated)


def _excerpt(text: str) -> str:
    """What is shown of a record that could not be parsed."""
    return canonical_json(_writable(text))


def _payload_of(content: dict[str, Any]) -> str:
    """Of a record that nothing is known of, not even whether it can be written as JSON."""
    try:
        payload = canonical_json(content)
        payload.encode()
    except (ValueError, RecursionError):
        payload = canonical_json(_writable(repr(content)))
    return _bounded_payload(payload)


def _broken(error: Exception) -> str:
    """The kind of error and its place; its text may quote the record."""
    fault = fault_of("", error)
    return (
        f"mapping: this program broke on it ({fault.error} at {fault.place}); report that, and "
        "deliver the record again to a newer version"
    )


def rejection(
    channel: str,
    received_at: datetime,
    number: int | None,
    record_id: str | None,
    reasons: list[str],
    payload: str | None,
) -> dict[str, Any]:
    """A row of REJECTED_SCHEMA; `reasons` become a JSON list."""
    return {
        "channel": channel,
        "record_number": number,
        "record_id": record_id,
        "reasons": json.dumps(reasons, ensure_ascii=False),
        "rejected_at": received_at,
        "payload": payload,
    }


def _writable(text: str) -> str:
    """Text that every catalog stores: no NUL, no half surrogates."""
    return text.replace("\0", "�").encode("utf-8", "replace").decode("utf-8")


def _bounded_payload(payload: str) -> str:
    """The record as received; of an oversized one its beginning, as a JSON text."""
    if len(payload) <= 1_048_576:
        return payload.replace("\\u0000", "\\ufffd")
    return canonical_json(payload[:_KEPT_EXCERPT])


def item_table(kind: Kind, rows: list[list[Any]]) -> pa.Table:
    """Mapped items as the table's types have them."""
    schema = _item_schema(kind)
    columns = zip(*rows, strict=True) if rows else ([] for _ in schema)
    arrays = [pa.array(list(c), type=f.type) for c, f in zip(columns, schema, strict=True)]
    return pa.Table.from_arrays(arrays, schema=schema)


def _item_schema(kind: Kind) -> pa.Schema:
    instants = dict.fromkeys(("received_at", "modified_at"), pa.timestamp("us"))
    special = {"record_number": pa.int64(), "inquiry_minutes": pa.int32(), **instants}
    types = FIELD_TYPES[kind]
    return pa.schema(
        [
            (name, special.get(name) or _ARROW_TYPES[types.get(name, "text")])
            for name in ITEM_COLUMNS[kind]
        ]
    )


REJECTED_SCHEMA = pa.schema(
    [
        ("channel", pa.string()),
        ("record_number", pa.int64()),
        ("record_id", pa.string()),
        ("reasons", pa.string()),
        ("rejected_at", pa.timestamp("us")),
        ("payload", pa.string()),
    ]
)
