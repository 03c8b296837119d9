"""What deliveries hold, field by field, and which of them would mislead whoever reads the tables.

A file in which a field that was always there is gone is right in every row and wrong as a whole: no
suite of rows sees it. Its kind is known from what the channel delivered before.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from lead_platform.capture.batches import ParsedBatch
from lead_platform.capture.columns import Kind

# The fields a lead hangs on: without them it is not matched, reached, routed or valued.
WATCHED: dict[Kind, tuple[str, ...]] = {
    "submission": (
        "email", "phone", "full_name", "last_name", "company_name", "country", "consent_email",
    ),
    "event": ("email", "source_person_id", "url"),
    "outcome": ("email", "opportunity_id", "amount", "currency"),
}  # fmt: skip
_INSTANT: dict[Kind, str] = {
    "submission": "submitted_at", "event": "occurred_at", "outcome": "occurred_at",
}  # fmt: skip

# A file is held where a field that was filled in this share of at least so many rows before is
# filled in less than that share of at least so many rows of the file.
USUAL_SHARE = 0.95
USUAL_ROWS = 200
GONE_SHARE = 0.05
JUDGED_ROWS = 50

# Before: in the channel's newest deliveries, however long ago they came; of a channel whose files
# hold a record each more of them, until they have so many rows.
_NEWEST_DELIVERIES = 20
_NEWEST_ROWS = 2_000


@dataclass
class Profile:
    """How many rows of one kind there are, in how many each watched field is filled."""

    rows: int = 0
    filled: dict[str, int] = field(default_factory=dict)
    newest_at: datetime | None = None

    def add(self, table: pa.Table, kind: Kind) -> None:
        """Count the rows of a batch in."""
        self.rows += table.num_rows
        for name in WATCHED[kind]:
            filled = table.num_rows - table.column(name).null_count
            self.filled[name] = self.filled.get(name, 0) + filled
        newest = pc.max(table.column(_INSTANT[kind])).as_py()
        if newest and (self.newest_at is None or newest > self.newest_at):
            self.newest_at = newest


def add_batch(profiles: dict[Kind, Profile], batch: ParsedBatch) -> None:
    """Count a batch into the profiles of its delivery."""
    for kind in WATCHED:
        table = batch.table(kind)
        if table.num_rows:
            profiles.setdefault(kind, Profile()).add(table, kind)


def profile_batches(batches: Iterable[ParsedBatch]) -> dict[Kind, Profile]:
    """The profile of each kind of item."""
    profiles: dict[Kind, Profile] = {}
    for batch in batches:
        add_batch(profiles, batch)
    return profiles


def profile_rows(
    delivery_id: str, channel: str, received_at: datetime, profiles: dict[Kind, Profile]
) -> list[dict[str, object]]:
    """The rows of `capture.delivery_profiles` of one delivery."""
    return [
        {
            "delivery_id": delivery_id,
            "kind": kind,
            "channel": channel,
            "received_at": received_at,
            "rows": profile.rows,
            "filled": json.dumps(profile.filled),
            "newest_at": profile.newest_at,
        }
        for kind, profile in profiles.items()
    ]


def append_profiles(connection: duckdb.DuckDBPyConnection, rows: list[dict[str, object]]) -> None:
    """Keep them, in one insert for all deliveries of a run."""
    if not rows:
        return
    connection.register("arriving_profiles", pa.Table.from_pylist(rows, schema=_SCHEMA))
    try:
        connection.execute(
            "insert into capture.delivery_profiles by name select * from arriving_profiles"
        )
    finally:
        connection.unregister("arriving_profiles")


def missing_fields(
    connection: duckdb.DuckDBPyConnection,
    channel: str,
    profiles: dict[Kind, Profile],
) -> list[str]:
    """One sentence per field that the channel always filled and this delivery leaves empty."""
    judged = {kind: each for kind, each in profiles.items() if each.rows >= JUDGED_ROWS}
    if not judged:
        return []
    history = _history(connection, channel)
    faults = []
    for kind, profile in judged.items():
        before = history.get(kind, Profile())
        for name, filled in profile.filled.items():
            usual = before.filled.get(name, 0)
            is_usual = before.rows >= USUAL_ROWS and usual >= USUAL_SHARE * before.rows
            if is_usual and filled < GONE_SHARE * profile.rows:
                faults.append(
                    f"{name} is filled in {filled:,} of {profile.rows:,} {kind}s; before, in "
                    f"{usual / before.rows:.0%} of {before.rows:,}"
                )
    return faults


_HISTORY = f"""
select kind, rows, filled from (
    select *, row_number() over newest as place, sum(rows) over newest - rows as rows_since
    from capture.delivery_profiles where channel = ?
    window newest as (
        partition by kind order by received_at desc, delivery_id rows unbounded preceding
    )
)
where place <= {_NEWEST_DELIVERIES} or rows_since < {_NEWEST_ROWS}
"""


def _history(connection: duckdb.DuckDBPyConnection, channel: str) -> dict[Kind, Profile]:
    rows = connection.execute(_HISTORY, [channel]).fetchall()
    history: dict[Kind, Profile] = {}
    for kind, count, filled in rows:
        profile = history.setdefault(kind, Profile())
        profile.rows += count
        for name, value in json.loads(filled).items():
            profile.filled[name] = profile.filled.get(name, 0) + value
    return history


_SCHEMA = pa.schema(
    [
        ("delivery_id", pa.string()),
        ("kind", pa.string()),
        ("channel", pa.string()),
        ("received_at", pa.timestamp("us")),
        ("rows", pa.int64()),
        ("filled", pa.string()),
        ("newest_at", pa.timestamp("us")),
    ]
)
