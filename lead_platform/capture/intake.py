"""Takes delivered files into the capture tables: tell new from known, write, count.

Owns identity of deliveries, repeats and conflicts, the order number and the conservation of
records (received = taken + repeats + rejected). Transactions and gates belong to the caller.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from lead_platform.capture.batches import (
    REJECTED_SCHEMA,
    ParsedBatch,
    RecordItems,
    items_of,
    parse_file,
    rejection,
)
from lead_platform.capture.channels import Channel
from lead_platform.capture.columns import KINDS, TABLES, Kind
from lead_platform.capture.identifiers import hashed_id
from lead_platform.capture.inbox import list_inbox
from lead_platform.capture.lines import open_regular
from lead_platform.capture.mapping import MappedRecord
from lead_platform.capture.names import shown
from lead_platform.capture.quarantine import NOTHING_LEFT_OUT, LeftOut, note_corrected
from lead_platform.capture.readers import UnreadableFileError
from lead_platform.capture.versions import Known

__all__ = [
    "ConservationError",
    "Delivery",
    "DeliveryCounts",
    "ParsedBatch",
    "identify_delivery",
    "list_waiting",
    "parse_file",
    "write_batches",
]


_ENOUGH_OF_HASH = 24


class ConservationError(RuntimeError):
    """Records of a delivery do not add up: a fault of this program, never of the file."""


@dataclass(frozen=True)
class Delivery:
    """One file content delivered to one channel. `received_at` is UTC without zone."""

    delivery_id: str
    channel: str
    channel_version: str
    file_name: str
    content_hash: str
    size_bytes: int
    received_at: datetime
    on_conflict: str
    kinds: tuple[Kind, ...]


@dataclass(frozen=True)
class DeliveryCounts:
    """How the records of a delivery ended, and how many items were added.

    records = taken + repeats + rejected. `was_known`: the very file had been taken in before;
    `is_set_aside`: it is left where it is, because its gate refused it as a whole.
    `kinds_of_reasons`: why records were rejected, commonest first; what follows a reason's colon
    may quote a record and is left out.
    """

    delivery_id: str
    records: int = 0
    taken: int = 0
    repeats: int = 0
    rejected: int = 0
    submissions: int = 0
    events: int = 0
    outcomes: int = 0
    was_known: bool = False
    is_set_aside: bool = False
    kinds_of_reasons: tuple[str, ...] = ()


def identify_delivery(path: Path, channel: Channel, *, received_at: datetime) -> Delivery:
    """The file's identity (content hash and channel). Raises UnreadableFileError."""
    digest = hashlib.sha256()
    size = 0
    try:
        with open_regular(path) as stream:
            while chunk := stream.read(1_048_576):
                digest.update(chunk)
                size += len(chunk)
    except OSError as error:
        raise UnreadableFileError(
            f"{shown(path)} cannot be read: {error.strerror or error}. "
            "Check that it exists and that this user may read it."
        ) from None
    content_hash = digest.hexdigest()
    return Delivery(
        delivery_id=hashed_id("del_", channel.name, content_hash),
        channel=channel.name,
        channel_version=channel.version,
        file_name=shown(path.name),
        content_hash=content_hash,
        size_bytes=size,
        received_at=received_at,
        on_conflict=channel.rules.on_conflict,
        kinds=channel.written_kinds,
    )


def list_waiting(inbox: Path, channels: Mapping[str, Channel], *, at: datetime) -> dict[str, Path]:
    """The files in the inbox by the delivery each would be; what cannot be read is left out."""
    found = {}
    for file in list_inbox(inbox):
        if file.channel in channels:
            with suppress(UnreadableFileError):
                delivery = identify_delivery(file.path, channels[file.channel], received_at=at)
                found[delivery.delivery_id] = file.path
    return found


def write_batches(
    connection: duckdb.DuckDBPyConnection,
    delivery: Delivery,
    batches: Iterable[ParsedBatch],
    left_out: LeftOut = NOTHING_LEFT_OUT,
) -> DeliveryCounts:
    """Adds what is new of a delivery to capture.*, and one row to capture.deliveries.

    Runs inside the caller's transaction (a crash must not leave half a delivery). A file that is
    known changes nothing and counts as repeats only. One that always had rejections is tried
    again, for the channel's configuration, the suites or the clock may have changed; so is one of a
    channel that updates its records, where it may say what they have gone back to: as a delivery of
    its own where that brings anything new. Records with an item that is `left_out` are rejected; a
    delivery that is, is not touched. Raises ConservationError when records do not add up.
    """
    delivery_id, earlier = delivery.delivery_id, _Attempt()
    while (attempt := _find_attempt(connection, delivery_id)) is not None:
        earlier = attempt.after(earlier)
        delivery_id = hashed_id("del_", delivery.delivery_id, str(earlier.count))
    if delivery_id in left_out.deliveries:
        return DeliveryCounts(delivery_id, is_set_aside=True)
    if not earlier.count:
        writer = _DeliveryWriter(connection, delivery, delivery_id, left_out)
    else:
        # They are read more than once, which an iterator does not give.
        batches = list(batches) if isinstance(batches, Iterator) else batches
        is_news = _may_be_news(connection, delivery, earlier)
        last = _last_of_each(batches) if is_news else {}
        writer = _DeliveryWriter(connection, delivery, delivery_id, left_out, last)
        is_tried = earlier.rejected or is_news
        if not is_tried or not any(writer.decide(batch).taken for batch in batches):
            return DeliveryCounts(
                delivery.delivery_id,
                records=earlier.records,
                repeats=earlier.records,
                was_known=True,
            )
    for batch in batches:
        writer.write(batch)
    return writer.finish()


@dataclass(frozen=True)
class _Attempt:
    """How often a content was taken in, its records, the fewest that were rejected at a time, and
    the names it had."""

    count: int = 0
    records: int = 0
    rejected: int = 0
    file_names: frozenset[str] = frozenset()

    def after(self, earlier: "_Attempt") -> "_Attempt":
        """Both together."""
        rejected = min(self.rejected, earlier.rejected) if earlier.count else self.rejected
        names = earlier.file_names | self.file_names
        return _Attempt(earlier.count + self.count, self.records, rejected, names)


def _may_be_news(
    connection: duckdb.DuckDBPyConnection, delivery: Delivery, earlier: _Attempt
) -> bool:
    """Whether the same content may say something new: its records may have changed meanwhile and
    changed back. Under a name that never had another content it is the same file once more."""
    if delivery.on_conflict != "update":
        return False
    if delivery.file_name not in earlier.file_names:
        return True
    found = connection.execute(
        "select 1 from capture.deliveries "
        "where channel = ? and file_name = ? and content_hash <> ? limit 1",
        [delivery.channel, delivery.file_name, delivery.content_hash],
    ).fetchone()
    return found is not None


def _last_of_each(batches: Iterable[ParsedBatch]) -> dict[str, int]:
    """The number of the last record of each id: what the file as a whole says of it."""
    return {one.record_id: one.record_number for batch in batches for one in batch.records}


def _find_attempt(connection: duckdb.DuckDBPyConnection, delivery_id: str) -> _Attempt | None:
    found = connection.execute(
        "select records, rejected, file_name from capture.deliveries where delivery_id = ?",
        [delivery_id],
    ).fetchone()
    if found is None:
        return None
    return _Attempt(1, int(found[0]), int(found[1]), frozenset([str(found[2])]))


class _DeliveryWriter:
    """Writes the batches of one delivery and keeps its counts."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        delivery: Delivery,
        delivery_id: str,
        left_out: LeftOut,
        returning: Mapping[str, int] | None = None,
    ) -> None:
        """`returning`: of a content taken in before, the records that may say anew what was known
        (their numbers by id); None where all may."""
        self._connection = connection
        self._delivery = delivery
        self._delivery_id = delivery_id
        self._left_out = left_out
        self._returning = returning
        self._next_seq = {kind: self._last_seq(kind) + 1 for kind in delivery.kinds}
        self._counts = dict.fromkeys(("records", "taken", "repeats", "rejected"), 0)
        self._added = dict.fromkeys(KINDS, 0)
        self._reasons: Counter[str] = Counter()
        self._read_as: str | None = None

    def decide(self, batch: ParsedBatch) -> "_Decision":
        """What of a batch is new, and what is in conflict; nothing is written."""
        on_conflict = self._delivery.on_conflict
        return _decide(
            batch.records, self._known(batch), on_conflict, self._left_out, self._returning
        )

    def write(self, batch: ParsedBatch) -> None:
        """Adds the new items and the rejected records of a batch."""
        decision = self.decide(batch)
        for kind in self._delivery.kinds:
            self._append_items(kind, batch.table(kind), decision.new_items[kind])
        self._append_rejected(batch.rejected)
        refused = [
            self._rejection(batch, record, self._left_out.reason(record))
            for record in decision.set_aside
        ]
        refused += [self._rejection(batch, one, _conflict_of(one)) for one in decision.conflicts]
        self._append_rejected(pa.Table.from_pylist(refused, schema=REJECTED_SCHEMA))
        self._left_out.keep_payloads(
            self._connection,
            {self._rejected_id(one.record_number): one for one in decision.set_aside},
        )
        self._read_as = batch.read_as or self._read_as
        note_corrected(self._connection, decision.corrected, at=self._delivery.received_at)
        self._counts["records"] += batch.record_count
        self._counts["taken"] += decision.taken
        self._counts["repeats"] += decision.repeats
        self._counts["rejected"] += batch.rejected.num_rows + len(refused)

    def finish(self) -> DeliveryCounts:
        """Writes the delivery's own row. Raises ConservationError."""
        counts = DeliveryCounts(
            self._delivery_id,
            records=self._counts["records"],
            taken=self._counts["taken"],
            repeats=self._counts["repeats"],
            rejected=self._counts["rejected"],
            submissions=self._added["submission"],
            events=self._added["event"],
            outcomes=self._added["outcome"],
            kinds_of_reasons=tuple(kind for kind, _ in self._reasons.most_common()),
        )
        if counts.records != counts.taken + counts.repeats + counts.rejected:
            raise ConservationError(
                f"Delivery {self._delivery_id}: {counts.records} records received, but "
                f"{counts.taken} taken + {counts.repeats} repeats + {counts.rejected} rejected. "
                "Nothing of it may be published; report this with the file."
            )
        delivery = self._delivery
        self._connection.execute(
            "insert into capture.deliveries by name select ? as delivery_id, ? as channel, "
            "? as channel_version, ? as file_name, ? as content_hash, ? as size_bytes, "
            "? as received_at, ? as records, ? as taken, ? as repeats, ? as rejected, "
            "? as submissions, ? as events, ? as outcomes, ? as read_as",
            [
                self._delivery_id, delivery.channel, delivery.channel_version, delivery.file_name,
                delivery.content_hash, delivery.size_bytes, delivery.received_at, counts.records,
                counts.taken, counts.repeats, counts.rejected, counts.submissions, counts.events,
                counts.outcomes, self._read_as,
            ],
        )  # fmt: skip
        return counts

    def _last_seq(self, kind: Kind) -> int:
        row = self._connection.execute(
            f"select coalesce(max(received_seq), 0) from capture.{TABLES[kind]}"
        ).fetchone()
        return int(row[0]) if row else 0

    def _known(self, batch: ParsedBatch) -> Known:
        """What the tables hold under the record ids of the batch, and nothing else."""
        known = Known()
        record_ids = pa.table({"record_id": [record.record_id for record in batch.records]})
        self._connection.register("arriving_records", record_ids)
        try:
            for kind in self._delivery.kinds:
                found = self._connection.execute(
                    f"select record_id, content_hash, {kind}_id from capture.{TABLES[kind]} "
                    "where channel = ? and record_id in (select record_id from arriving_records) "
                    "order by received_seq",
                    [self._delivery.channel],
                ).fetchall()
                for record_id, content_hash, item_id in found:
                    known.add(record_id, content_hash, item_id)
        finally:
            self._connection.unregister("arriving_records")
        return known

    def _append_items(self, kind: Kind, table: pa.Table, items: dict[int, str]) -> None:
        if not items:
            return
        rows = list(items)
        new = table if len(rows) == table.num_rows else table.take(pa.array(rows, pa.int64()))
        new = new.set_column(0, f"{kind}_id", pa.array(items.values(), pa.string()))
        first = self._next_seq[kind]
        sequence = pa.array(range(first, first + len(rows)), pa.int64())
        self._append(TABLES[kind], new.append_column("received_seq", sequence))
        self._next_seq[kind] += len(rows)
        self._added[kind] += len(rows)

    def _append_rejected(self, table: pa.Table) -> None:
        if not table.num_rows:
            return
        for told in table.column("reasons").to_pylist():
            self._reasons.update(reason.partition(":")[0] for reason in json.loads(told))
        numbers = table.column("record_number").to_pylist()
        ids = pa.array([self._rejected_id(number) for number in numbers])
        self._append("rejected_records", table.append_column("rejected_id", ids))

    def _rejected_id(self, number: int | None) -> str:
        return hashed_id("rej_", self._delivery_id, "file" if number is None else str(number))

    def _append(self, name: str, table: pa.Table) -> None:
        delivery_ids = pa.array([self._delivery_id] * table.num_rows, pa.string())
        arriving = table.append_column("delivery_id", delivery_ids)
        self._connection.register("arriving_rows", arriving)
        try:
            self._connection.execute(
                f"insert into capture.{name} by name select * from arriving_rows"
            )
        finally:
            self._connection.unregister("arriving_rows")

    def _rejection(self, batch: ParsedBatch, record: RecordItems, reason: str) -> dict[str, Any]:
        kind, row, _ = record.items[0]
        payload = batch.table(kind).column("payload")[row].as_py()
        return rejection(
            self._delivery.channel,
            self._delivery.received_at,
            record.record_number,
            record.record_id,
            [reason],
            payload,
        )


@dataclass
class _Decision:
    """Items to append per kind (row in the batch to id), records in conflict or set aside, holds
    that end with what is taken, and how many records were taken or repeats."""

    new_items: dict[Kind, dict[int, str]]
    conflicts: list[RecordItems] = field(default_factory=list)
    set_aside: list[RecordItems] = field(default_factory=list)
    corrected: list[str] = field(default_factory=list)
    taken: int = 0
    repeats: int = 0


def _decide(
    records: Iterable[RecordItems],
    known: Known,
    on_conflict: str,
    left_out: LeftOut,
    returning: Mapping[str, int] | None = None,
) -> _Decision:
    """Record by record in file order; what is taken is known to the records after it."""
    decision = _Decision({kind: {} for kind in KINDS})
    for received in records:
        may_return = (
            returning is None or returning.get(received.record_id) == received.record_number
        )
        is_version = on_conflict == "update" and may_return
        record = known.as_version(received) if is_version else received
        hashes = known.hashes.get(record.record_id)
        if on_conflict == "reject" and hashes and record.content_hash not in hashes:
            decision.conflicts.append(record)
            continue
        if left_out.holds_of(record) and not known.items.issuperset(record.item_ids):
            decision.set_aside.append(record)
            continue
        is_new = False
        for kind, row, item_id in record.items:
            # One by one: a record may name the same message twice.
            if item_id not in known.items:
                is_new = True
                decision.new_items[kind][row] = item_id
                known.add(record.record_id, record.content_hash, item_id)
        if is_new:
            decision.corrected += left_out.corrected_by(record)
        decision.taken += is_new
        decision.repeats += not is_new
    return decision


class SeenRecords:
    """Tells of each record of one file whether it is new among those before it, as a delivery to an
    empty lake would.

    It remembers some 500 bytes of each, whatever its size.
    """

    def __init__(self, on_conflict: str) -> None:
        self._on_conflict = on_conflict
        self._known = Known()

    def decide(self, number: int, mapped: MappedRecord) -> tuple[list[int], str | None]:
        """The positions of the record's items that are new, and why it is rejected."""
        received = items_of(mapped, number, range(len(mapped.items)))
        record = replace(
            received,
            record_id=hashed_id("", received.record_id),
            content_hash=received.content_hash[:_ENOUGH_OF_HASH],
        )
        decision = _decide([record], self._known, self._on_conflict, NOTHING_LEFT_OUT)
        if decision.conflicts:
            return [], _conflict_of(received)
        return sorted(place for rows in decision.new_items.values() for place in rows), None


def _conflict_of(record: RecordItems) -> str:
    return (
        f"conflicting contents: record id {record.record_id!r} is known with other contents; "
        "correct the id at the source, or set on_conflict: update in the channel"
    )
