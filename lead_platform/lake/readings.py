"""Readings: what was read anew, with which lists or which channel, in their order, and how far.

A row that was read anew carries the number of the reading that did it last, one read at its arrival
alone none. So whatever is made of a row shows by its own number whether it is behind. Which items
were read with other lists than today's is told by their places in the order of receipt.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import duckdb

from lead_platform.lake.order import next_place, read_place

_NEXT = next_place("governance.readings", "reading")


@dataclass(frozen=True)
class Reading:
    """What a step reads with, and when: a state of the lists, or of a `channel`; where it keeps how
    far it is, a `kind` of items."""

    step: str
    version: str
    read_at: datetime
    run_id: str = ""
    channel: str | None = None
    kind: str | None = None


@dataclass(frozen=True)
class Backlog:
    """The items of a kind that were read with other lists: those received after `after_seq`, up to
    `until_seq`."""

    after_seq: int
    until_seq: int

    @property
    def is_empty(self) -> bool:
        """Whether there are none."""
        return self.after_seq >= self.until_seq


NO_BACKLOG = Backlog(0, 0)

_NEWEST = """
select version, until_seq, behind_seq from governance.readings
where step = ? and kind = ? order by reading desc limit 1
"""


def find_backlog(
    connection: duckdb.DuckDBPyConnection, step: str, kind: str, version: str
) -> Backlog | None:
    """What of a kind a step has still to read with these lists; None where it never worked with
    them, or with others since."""
    found = connection.execute(_NEWEST, [step, kind]).fetchone()
    if found is None or found[0] != version:
        return None
    return Backlog(int(found[1]), int(found[2]))


def begin_reading(
    connection: duckdb.DuckDBPyConnection, reading: Reading, *, behind_seq: int
) -> Backlog:
    """Note that all of the kind up to `behind_seq` was read with other lists than these."""
    note_reading(connection, reading, items=0, backlog=Backlog(0, behind_seq))
    return Backlog(0, behind_seq)


def next_reading(connection: duckdb.DuckDBPyConnection) -> int:
    """The number of the reading that is noted next."""
    return read_place(connection, _NEXT)


def note_reading(
    connection: duckdb.DuckDBPyConnection,
    reading: Reading,
    *,
    items: int,
    backlog: Backlog | None = None,
) -> None:
    """Keep that these were read anew, how many rows differed, and what is left of them."""
    connection.execute(
        "insert into governance.readings by name select ?::integer as reading, ? as step, "
        "? as channel, ? as kind, ? as version, ?::bigint as items, ?::bigint as until_seq, "
        "?::bigint as behind_seq, ?::timestamp as read_at, ? as run_id",
        [
            next_reading(connection), reading.step, reading.channel, reading.kind, reading.version,
            items, backlog and backlog.after_seq, backlog and backlog.until_seq, reading.read_at,
            reading.run_id,
        ],
    )  # fmt: skip


def tell_filled(fields: Mapping[str, Any]) -> str:
    """The names of those fields that hold a value: what an audit record says of a row."""
    return ", ".join(name for name, value in fields.items() if value is not None) or "empty"
