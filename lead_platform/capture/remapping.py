"""Records mapped again: what was taken in, read from the payload that was kept of it, with its
channel and the lists as they are now.

An item keeps its ids, its place in the order of receipt and what it was found to be (a person's or
not); its fields are written in place. Owns which records those are, what of an item may change, and
how that is told. What becomes of leads is for identity, which sees the number of the reading.
"""

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import duckdb
import pandas as pd
import pyarrow as pa

from lead_platform.capture.batches import item_table
from lead_platform.capture.channels import Channel
from lead_platform.capture.columns import CUSTOM_FIELDS, FIELD_TYPES, KINDS, TABLES, Kind
from lead_platform.capture.contracts import Contracts
from lead_platform.capture.documents import parse_kept
from lead_platform.capture.kinds import MARKS
from lead_platform.capture.mapping import ITEM_COLUMNS, KnownRecord, MappedRecord, RecordMapper
from lead_platform.capture.values import canonical_json
from lead_platform.lake.audit import record_actions
from lead_platform.lake.brake import Brake, check_brake
from lead_platform.lake.faults import may_be_of_a_record
from lead_platform.lake.lake import Lake
from lead_platform.lake.readings import Reading, next_reading, note_reading, tell_filled

# The items of so many records, 60 columns each, are some 100 MB in Python, and 5 s under the lock.
BATCH_RECORDS = 20_000
EXAMPLES = 3

Item = Mapping[str, Any]
# What of an item becomes what, of its kind, as it is and as it is mapped now.
Choice = Callable[[Kind, Item, Item], dict[str, Any]]
# A delivery and the place in it, which a record keeps.
RecordKey = tuple[str, int]
_BEFORE_ALL: RecordKey = ("", -1)

CHANGEABLE: dict[Kind, tuple[str, ...]] = {
    "submission": (
        *FIELD_TYPES["submission"],
        CUSTOM_FIELDS,
        "modified_at",
        "inquiry_minutes",
        "issues",
    ),
    "event": (*FIELD_TYPES["event"], "issues"),
    "outcome": (*FIELD_TYPES["outcome"], "issues"),
}
"""What the channel reads of an item, and so may read otherwise."""


@dataclass(frozen=True)
class FieldExample:
    """A value of one item, before and after."""

    item_id: str
    before: Any
    after: Any


@dataclass
class Remapping:
    """What mapping again finds: counts, by kind and field, of values that come, go or change.

    `refused`: records that the channel would not take in now; `not_kept`: records of which no item
    has the whole payload; `unmapped`: items that are none any more, `further`: such as would be
    new. All of these stay as they are.
    """

    records: int = 0
    items: int = 0
    changed: int = 0
    refused: int = 0
    not_kept: int = 0
    unmapped: int = 0
    further: int = 0
    coming: Counter[tuple[Kind, str]] = field(default_factory=Counter)
    going: Counter[tuple[Kind, str]] = field(default_factory=Counter)
    changing: Counter[tuple[Kind, str]] = field(default_factory=Counter)
    examples: dict[tuple[Kind, str], list[FieldExample]] = field(
        default_factory=lambda: defaultdict(list)
    )

    def note(self, kind: Kind, item: Item, becomes: Mapping[str, Any]) -> None:
        """Count what an item becomes."""
        self.changed += 1
        for name, after in becomes.items():
            before = item[name]
            counts = self.changing if None not in (before, after) else self.coming
            counts = self.going if after is None else counts
            counts[kind, name] += 1
            if len(self.examples[kind, name]) < EXAMPLES:
                example = FieldExample(item[f"{kind}_id"], before, after)
                self.examples[kind, name].append(example)

    def fields(self) -> list[tuple[Kind, str]]:
        """Those in which anything differs, by kind in the order of the table."""
        return [key for kind in KINDS for name in CHANGEABLE[kind] if (key := (kind, name)) in
                self.examples]  # fmt: skip

    def describe(self) -> list[str]:
        """What was looked at, and what stays as it is, a line each."""
        kept = (
            (self.refused, "records stay as they are: the channel would not take them in now"),
            (self.not_kept, "records stay as they are: their payload was not kept as a whole"),
            (self.unmapped, "items stay as they are: the channel makes none of them any more"),
            (self.further, "items stay out: the channel made none of them when they came"),
        )
        return [
            f"{self.changed:,} of {self.items:,} items of {self.records:,} records differ",
            *(f"{count:,} {what}" for count, what in kept if count),
        ]


@dataclass(frozen=True)
class Changed:
    """An item, and what of it becomes what."""

    kind: Kind
    item: Item
    becomes: dict[str, Any]

    @property
    def fields(self) -> dict[str, Any]:
        """Those of it that the channel reads, not what the item was found to be."""
        return {name: self.becomes[name] for name in CHANGEABLE[self.kind] if name in self.becomes}


def preview_remap(
    connection: duckdb.DuckDBPyConnection, channel: Channel, contracts: Contracts
) -> Remapping:
    """What `remap` would do, with examples; writes nothing, the connection may be a reader's."""
    found = Remapping()
    for keys in _batches(connection, channel.name):
        map_again_records(connection, keys, channel, contracts, as_mapped, found)
    return found


def remap(
    lake: Lake,
    channel: Channel,
    contracts: Contracts,
    brake: Brake,
    *,
    by: str,
    reason: str,
    at: datetime,
) -> Remapping:
    """Map all that was taken in of a channel again, in releases of BATCH_RECORDS records each.

    Each is whole by itself, so that one that was stopped is completed by the next; what is as it is
    mapped already is not written. Raises ValueError without a person and a reason, GateFailedError,
    WorkflowStoppedError.
    """
    if not by.strip() or not reason.strip():
        raise ValueError("Mapping again needs a person (--by) and a reason (--reason).")
    found = Remapping()
    last: RecordKey | None = _BEFORE_ALL
    while last is not None:
        brake.look()
        with lake.write(f"remap {channel.name}") as candidate:
            connection = candidate.connection
            keys = _next_batch(connection, channel.name, last)
            changed = map_again_records(connection, keys, channel, contracts, as_mapped, found)
            reading = Reading("remap", channel.version, at, channel=channel.name)
            if changed:
                write_changed(connection, changed, reading, action="remap", by=by, reason=reason)
                note_reading(connection, reading, items=len(changed))
        last = keys[-1] if keys else None
    return found


# --- which records -----------------------------------------------------------------------------

_TAKEN = " union ".join(
    f"select delivery_id, record_number from capture.{table} where channel = $channel"
    for table in TABLES.values()
)

_NEXT_BATCH = f"""
select delivery_id, record_number from ({_TAKEN})
where (delivery_id, record_number) > ($delivery_id, $record_number)
order by delivery_id, record_number limit $records
"""


def _batches(connection: duckdb.DuckDBPyConnection, channel: str) -> Iterator[list[RecordKey]]:
    keys = _next_batch(connection, channel, _BEFORE_ALL)
    while keys:
        yield keys
        keys = _next_batch(connection, channel, keys[-1])


def _next_batch(
    connection: duckdb.DuckDBPyConnection, channel: str, last: RecordKey
) -> list[RecordKey]:
    given = {
        "channel": channel,
        "delivery_id": last[0],
        "record_number": last[1],
        "records": BATCH_RECORDS,
    }
    return [(str(key[0]), int(key[1])) for key in connection.execute(_NEXT_BATCH, given).fetchall()]


# --- mapping again -----------------------------------------------------------------------------


def map_again_records(
    connection: duckdb.DuckDBPyConnection,
    keys: Sequence[RecordKey],
    channel: Channel,
    contracts: Contracts,
    choose: Choice,
    found: Remapping,
) -> list[Changed]:
    """What changes of the items of these records; counted in `found` too."""
    mappers = _Mappers(channel, contracts)
    pairs: dict[Kind, list[tuple[Item, list[Any]]]] = {kind: [] for kind in KINDS}
    for items in _read_records(connection, keys).values():
        check_brake()
        found.records += 1
        found.items += sum(len(of_kind) for of_kind in items.values())
        mapped = mappers.map_again(items)
        if mapped is None:
            found.not_kept += 1
        elif mapped.reasons:
            found.refused += 1
        else:
            _pair(items, mapped, pairs, found)
    changed = []
    for kind, of_kind in pairs.items():
        rows = item_table(kind, [row for _, row in of_kind]).to_pylist()
        for (item, _), row in zip(of_kind, rows, strict=True):
            if kind == "submission":
                row[CUSTOM_FIELDS] = _with_retired(item, row, channel)
            if becomes := choose(kind, item, row):
                found.note(kind, item, becomes)
                changed.append(Changed(kind, item, becomes))
    return changed


def _with_retired(item: Item, mapped: Item, channel: Channel) -> str | None:
    """The custom fields as mapped; those that left the catalogue keep their values."""
    known = {field.name for field in channel.custom_fields}
    before = json.loads(item[CUSTOM_FIELDS] or "{}")
    retired = {name: value for name, value in before.items() if name not in known}
    if not retired:
        return mapped[CUSTOM_FIELDS]
    return canonical_json(retired | json.loads(mapped[CUSTOM_FIELDS] or "{}"))


class _Mappers:
    """A channel, compiled for the instant a record was received at: a delivery has one."""

    def __init__(self, channel: Channel, contracts: Contracts) -> None:
        self._channel = channel
        self._contracts = contracts
        self._received_at: datetime | None = None
        self._mapper: RecordMapper | None = None

    def map_again(self, items: Mapping[Kind, Sequence[Item]]) -> MappedRecord | None:
        """The record whose items these are, mapped now; None where it is not kept as a whole."""
        any_item = next(item for of_kind in items.values() for item in of_kind)
        payload = _payload_of(items, any_item["content_hash"])
        if payload is None:
            return None
        known = KnownRecord(any_item["record_id"], any_item["content_hash"])
        mapper = self._at(any_item["received_at"])
        try:
            return mapper.map_record(parse_kept(payload), any_item["record_number"], known)
        except Exception as error:
            if not may_be_of_a_record(error):
                raise
            return MappedRecord(reasons=["mapping: this program broke on it"])

    def _at(self, received_at: datetime) -> RecordMapper:
        if self._mapper is None or self._received_at != received_at:
            self._mapper = RecordMapper(self._channel, received_at, self._contracts)
            self._received_at = received_at
        return self._mapper


def _read_records(
    connection: duckdb.DuckDBPyConnection, keys: Sequence[RecordKey]
) -> dict[RecordKey, dict[Kind, list[Item]]]:
    """The items of these records as they are, by record and kind, in the order of receipt."""
    records: dict[RecordKey, dict[Kind, list[Item]]] = {key: {k: [] for k in KINDS} for key in keys}
    given = {
        "delivery_id": pa.array([key[0] for key in keys], pa.string()),
        "record_number": pa.array([key[1] for key in keys], pa.int64()),
    }
    connection.register("records_again", pa.table(given))
    try:
        for kind, table in TABLES.items():
            # What is together came together: of the wide columns only that stretch is read.
            first, last = connection.execute(
                f"select min(received_seq), max(received_seq) from capture.{table} "
                "semi join records_again using (delivery_id, record_number)"
            ).fetchone() or (None, None)
            if first is None:
                continue
            rows = connection.execute(
                f"select * from capture.{table} "
                "semi join records_again using (delivery_id, record_number) "
                "where received_seq between ? and ? order by received_seq",
                [first, last],
            ).to_arrow_table()
            for item in rows.to_pylist():
                records[item["delivery_id"], item["record_number"]][kind].append(item)
    finally:
        connection.unregister("records_again")
    return records


def _payload_of(items: Mapping[Kind, Sequence[Item]], content_hash: str) -> str | None:
    """The record as it was received: one of its items keeps it, others keep a part or nothing."""
    for of_kind in items.values():
        for item in of_kind:
            payload = item["payload"]
            if payload and hashlib.sha256(payload.encode()).hexdigest() == content_hash:
                return str(payload)
    return None


def _pair(
    items: Mapping[Kind, Sequence[Item]],
    mapped: MappedRecord,
    pairs: Mapping[Kind, list[tuple[Item, list[Any]]]],
    found: Remapping,
) -> None:
    """Adds to `pairs` each item and what it is mapped to now.

    By its id; where a record has one of a kind and is mapped to one, these are the same: the id of
    a version that came back tells what it followed, and that of a second entry of `emits` its
    place.
    """
    for kind, of_kind in items.items():
        rows: dict[str, list[Any]] = {}
        for row in (row for mapped_kind, row in mapped.items if mapped_kind == kind):
            rows.setdefault(row[0], row)
        if len(rows) == len(of_kind) == 1:
            pairs[kind].append((of_kind[0], next(iter(rows.values()))))
            continue
        by_id = {item[f"{kind}_id"]: item for item in of_kind}
        same = by_id.keys() & rows.keys()
        pairs[kind].extend((by_id[item_id], rows[item_id]) for item_id in by_id if item_id in same)
        found.unmapped += len(by_id) - len(same)
        found.further += len(rows) - len(same)


def as_mapped(kind: Kind, item: Item, mapped: Item) -> dict[str, Any]:
    """All that is mapped otherwise."""
    return {name: mapped[name] for name in CHANGEABLE[kind] if mapped[name] != item[name]}


# --- writing -----------------------------------------------------------------------------------


def write_changed(
    connection: duckdb.DuckDBPyConnection,
    changed: Sequence[Changed],
    reading: Reading,
    *,
    action: str,
    by: str,
    reason: str,
) -> None:
    """Writes what changes in place, under the number of the reading that the caller notes next, and
    an audit record of the fields of each."""
    number = next_reading(connection)
    for kind in KINDS:
        of_kind = [one for one in changed if one.kind == kind]
        if of_kind:
            _update(connection, kind, of_kind, number)
    told = [_action(one, reading, action, by, reason) for one in changed if one.fields]
    record_actions(connection, pd.DataFrame(told), run_id=reading.run_id)


def _update(
    connection: duckdb.DuckDBPyConnection, kind: Kind, changed: Sequence[Changed], number: int
) -> None:
    rows = [[{**one.item, **one.becomes}[name] for name in ITEM_COLUMNS[kind]] for one in changed]
    connection.register("items_again", item_table(kind, rows))
    marks = MARKS if kind == "submission" else ()
    values = ", ".join(f"{name} = again.{name}" for name in (*CHANGEABLE[kind], *marks))
    connection.execute(
        f"update capture.{TABLES[kind]} as items set {values}, reading = {number} "
        f"from items_again as again where items.{kind}_id = again.{kind}_id"
    )
    connection.unregister("items_again")


def _action(one: Changed, reading: Reading, action: str, by: str, reason: str) -> dict[str, Any]:
    before = {name: one.item[name] for name in one.fields}
    return {
        "workflow": "capture",
        "action": action,
        "subject_type": one.kind,
        "subject_id": one.item[f"{one.kind}_id"],
        "rule": one.item["channel"],
        "rule_version": reading.version,
        "reason": reason,
        "before": tell_filled(before),
        "after": tell_filled(one.fields),
        "actor": by,
        "occurred_at": reading.read_at,
    }
