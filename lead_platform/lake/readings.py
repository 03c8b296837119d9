"""Readings: what was read anew, with which lists or which channel, in their order.

A row that was read anew carries the number of the reading that did it last, one read at its arrival
alone none. So whatever is made of a row shows by its own number whether it is behind.
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
    """What a step reads with, and when: a state of the lists, or of a `channel`."""

    step: str
    version: str
    read_at: datetime
    run_id: str = ""
    channel: str | None = None


def is_news(connection: duckdb.DuckDBPyConnection, reading: Reading) -> bool:
    """Whether the step last read with other lists, or never."""
    last = connection.execute(
        "select max_by(version, reading) from governance.readings where step = ?", [reading.step]
    ).fetchone()
    return last is None or last[0] != reading.version


def next_reading(connection: duckdb.DuckDBPyConnection) -> int:
    """The number of the reading that is noted next."""
    return read_place(connection, _NEXT)


def note_reading(connection: duckdb.DuckDBPyConnection, reading: Reading, *, items: int) -> None:
    """Keep that all that waited was read with these, and how many rows differed."""
    connection.execute(
        "insert into governance.readings by name select ?::integer as reading, ? as step, "
        "? as channel, ? as version, ?::bigint as items, ?::timestamp as read_at, ? as run_id",
        [
            next_reading(connection), reading.step, reading.channel, reading.version, items,
            reading.read_at, reading.run_id,
        ],
    )  # fmt: skip


def tell_filled(fields: Mapping[str, Any]) -> str:
    """The names of those fields that hold a value: what an audit record says of a row."""
    return ", ".join(name for name, value in fields.items() if value is not None) or "empty"
