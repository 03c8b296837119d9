"""What of received records the gate has set aside: left out of every delivery until it is released.

Such a record is rejected with the expectation it broke, so that its payload is kept and the counts
add up. How it is taken in once it is released is told in `returns`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import duckdb
import pyarrow as pa

from lead_platform.capture.batches import RecordItems
from lead_platform.lake.quarantine import LEFT_OUT

STEP = "intake"


@dataclass(frozen=True)
class ItemHold:
    """Why an item is left out: the hold, and the expectation of the table it broke."""

    quarantine_id: str
    table: str
    expectation: str
    arguments: str


@dataclass(frozen=True)
class LeftOut:
    """Items by their id, and deliveries, that intake leaves out."""

    items: Mapping[str, ItemHold] = field(default_factory=dict)
    deliveries: frozenset[str] = frozenset()

    def holds_of(self, record: RecordItems) -> list[ItemHold]:
        """Why a record is left out; empty where it is not."""
        return [self.items[item_id] for _, _, item_id in record.items if item_id in self.items]

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
            (hold.quarantine_id, rejected_id)
            for rejected_id, record in rejected.items()
            for hold in self.holds_of(record)
        ]
        if not kept:
            return
        ids, payloads = zip(*kept, strict=True)
        connection.register(
            "kept_payloads",
            pa.table({"quarantine_id": pa.array(ids), "payload_id": pa.array(payloads)}),
        )
        connection.execute(
            "update governance.quarantine as q set payload_id = k.payload_id "
            "from kept_payloads as k "
            "where q.quarantine_id = k.quarantine_id and q.payload_id is null"
        )
        connection.unregister("kept_payloads")


NOTHING_LEFT_OUT = LeftOut()


def read_left_out(connection: duckdb.DuckDBPyConnection) -> LeftOut:
    """What intake leaves out as things stand."""
    rows = connection.execute(
        "select subject_type, subject_id, quarantine_id, table_name, expectation, arguments "
        f"from governance.quarantine where step = ? and state in {LEFT_OUT}",
        [STEP],
    ).fetchall()
    items = {row[1]: ItemHold(*row[2:]) for row in rows if row[0] != "delivery"}
    return LeftOut(items, frozenset(row[1] for row in rows if row[0] == "delivery"))
