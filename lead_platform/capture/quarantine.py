"""What of received records the gate has set aside: left out of every delivery until it is released.

An item is left out with the contents that failed: others under its id, a record corrected at its
source, are judged for themselves. What is left out is rejected with the expectation it broke, so
that its payload is kept and the counts add up. How it is taken in once it is released is told in
`returns`.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import duckdb
import pyarrow as pa

from lead_platform.capture.batches import RecordItems
from lead_platform.capture.columns import KINDS, TABLES
from lead_platform.lake.quarantine import LEFT_OUT, Subject, as_named

STEP = "intake"

# An id with more contents than these in one run is no record that was corrected: where one of them
# fails, all are set aside at once, or each would cost the run another try.
MOST_CONTENTS = 3


@dataclass(frozen=True)
class ItemHold:
    """Why an item is left out with these contents: the expectation of the table it broke.

    `content_hash` is None where it is not known: a hold of an earlier version.
    """

    quarantine_id: str
    table: str
    expectation: str
    arguments: str
    state: str
    content_hash: str | None


@dataclass(frozen=True)
class LeftOut:
    """The holds of items by their id, and deliveries, that intake leaves out."""

    items: Mapping[str, Sequence[ItemHold]] = field(default_factory=dict)
    deliveries: frozenset[str] = frozenset()

    def holds_of(self, record: RecordItems) -> list[ItemHold]:
        """Why a record is left out; empty where it is not."""
        return [
            hold
            for hold in self._holds_of_items(record)
            if hold.content_hash in (None, record.content_hash)
        ]

    def corrected_by(self, record: RecordItems) -> list[str]:
        """The holds of other contents that this record replaces once it is taken in.

        What a person discarded stays so.
        """
        return [
            hold.quarantine_id
            for hold in self._holds_of_items(record)
            if hold.state == "held" and hold.content_hash not in (None, record.content_hash)
        ]

    def _holds_of_items(self, record: RecordItems) -> list[ItemHold]:
        if not self.items:
            return []
        return [hold for item_id in record.item_ids for hold in self.items.get(item_id, ())]

    def reason(self, record: RecordItems) -> str:
        """The same in words, for its rejection."""
        broken = "; ".join(
            f"{hold.table} {hold.expectation} {hold.arguments}" for hold in self.holds_of(record)
        )
        return f"set aside: {broken}; see lead-platform quarantine list"

    def keep_payloads(
        self, connection: duckdb.DuckDBPyConnection, rejected: Mapping[str, RecordItems]
    ) -> None:
        """Note with each hold which rejected record keeps its payload."""
        kept = [
            (hold.quarantine_id, rejected_id, record.content_hash)
            for rejected_id, record in rejected.items()
            for hold in self.holds_of(record)
        ]
        if not kept:
            return
        ids, payloads, hashes = zip(*kept, strict=True)
        connection.register(
            "kept_payloads",
            pa.table(
                {
                    "quarantine_id": pa.array(ids),
                    "payload_id": pa.array(payloads),
                    "content_hash": pa.array(hashes),
                }
            ),
        )
        connection.execute(
            "update governance.quarantine as q set payload_id = k.payload_id, "
            "subject_version = coalesce(q.subject_version, k.content_hash) "
            "from kept_payloads as k "
            "where q.quarantine_id = k.quarantine_id and q.payload_id is null"
        )
        connection.unregister("kept_payloads")


NOTHING_LEFT_OUT = LeftOut()


def note_corrected(
    connection: duckdb.DuckDBPyConnection, quarantine_ids: Sequence[str], *, at: datetime
) -> None:
    """These were taken in with other contents: nothing is left to be tried again."""
    if quarantine_ids:
        connection.execute(
            "update governance.quarantine set state = 'superseded', decided_by = 'system', "
            "decision_reason = 'corrected at its source', decided_at = $at, tried_at = $at "
            "where quarantine_id in (select unnest($ids::varchar[]))",
            {"at": at, "ids": list(quarantine_ids)},
        )


def list_subjects(records: Iterable[RecordItems]) -> list[Subject]:
    """Each item with each of its contents, once, in the order they came."""
    found = (
        Subject(kind, item_id, record.content_hash)
        for record in records
        for kind, _, item_id in record.items
    )
    return list(dict.fromkeys(found))


def trace_contents(
    connection: duckdb.DuckDBPyConnection,
    subject_type: str,
    ids: Sequence[str],
    records: Iterable[RecordItems],
) -> dict[str, list[Subject]]:
    """The contents with which these ids stand in their table; of too many that came, all."""
    kind = next((kind for kind in KINDS if kind == subject_type), None)
    if kind is None:
        return as_named(connection, subject_type, ids, 0)
    written = connection.execute(
        f"select {kind}_id, content_hash from capture.{TABLES[kind]} "
        f"where {kind}_id in (select unnest(?::varchar[]))",
        [list(ids)],
    ).fetchall()
    wanted = {item_id for item_id, _ in written}
    arrived: dict[str, list[Subject]] = defaultdict(list)
    for subject in list_subjects(records):
        if subject.type == kind and subject.subject_id in wanted:
            arrived[subject.subject_id].append(subject)
    return {
        item_id: arrived[item_id]
        if len(arrived[item_id]) > MOST_CONTENTS
        else [Subject(kind, item_id, content_hash)]
        for item_id, content_hash in written
    }


def read_left_out(connection: duckdb.DuckDBPyConnection) -> LeftOut:
    """What intake leaves out as things stand."""
    rows = connection.execute(
        "select subject_type, subject_id, quarantine_id, table_name, expectation, arguments, "
        "state, subject_version, payload_id "
        f"from governance.quarantine where step = ? and state in {LEFT_OUT}",
        [STEP],
    ).fetchall()
    of_items = [row for row in rows if row[0] != "delivery"]
    hashes = _hashes_of(connection, [row[-1] for row in of_items if row[-2] is None and row[-1]])
    items: dict[str, list[ItemHold]] = defaultdict(list)
    for _, item_id, quarantine_id, table, expectation, arguments, state, known, payload in of_items:
        content_hash = known or hashes.get(payload)
        hold = ItemHold(quarantine_id, table, expectation, arguments, state, content_hash)
        items[item_id].append(hold)
    return LeftOut(items, frozenset(row[1] for row in rows if row[0] == "delivery"))


def _hashes_of(
    connection: duckdb.DuckDBPyConnection, payload_ids: Sequence[str]
) -> dict[str | None, str]:
    """The content hashes of kept payloads: earlier versions did not note them with the hold."""
    if not payload_ids:
        return {}
    rows = connection.execute(
        "select rejected_id, sha256(payload) from capture.rejected_records "
        "where rejected_id in (select unnest(?::varchar[])) and payload is not null",
        [list(payload_ids)],
    ).fetchall()
    return {rejected_id: content_hash for rejected_id, content_hash in rows}
