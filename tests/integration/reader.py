"""A reader that looks at every release while others write, as a console or an export would."""

import time
from pathlib import Path
from typing import Any

import duckdb

from lead_platform.lake.connection import attach_statement, open_engine
from lead_platform.lake.lake import Lake
from lead_platform.settings import Settings
from tests.integration.installation import PROJECT, broken_references, fingerprints

_EXPECTATIONS = PROJECT / "expectations"
# The writer needs the processor, too: a look takes a good part of a second of it.
_POLL_SECONDS = 0.2


def watch(settings: Settings, stop: Path) -> dict[str, Any]:
    """What each release held when it was the newest, read until `stop` exists.

    `fingerprints` by snapshot and table, `broken` references by snapshot, `moved`: releases whose
    tables differed between two looks at the same release.
    """
    lake = Lake(settings)
    seen: dict[int, dict[str, str]] = {}
    broken: dict[int, list[str]] = {}
    moved: list[int] = []
    looks = 0
    while True:
        is_last = stop.exists()
        with lake.read() as connection:
            newest = _newest(connection)
            now = fingerprints(connection)
            if newest not in seen:
                seen[newest] = now
                broken[newest] = broken_references(connection, _EXPECTATIONS)
            elif seen[newest] != now:
                moved.append(newest)
        looks += 1
        if is_last:
            break
        time.sleep(_POLL_SECONDS)
    return {
        "looks": looks,
        "fingerprints": seen,
        "broken": {snapshot: found for snapshot, found in broken.items() if found},
        "moved": moved,
        "afterwards": {snapshot: _as_stranger(settings, snapshot) for snapshot in seen},
    }


def _newest(connection: duckdb.DuckDBPyConnection) -> int:
    row = connection.execute("select max(snapshot_id) from governance.releases").fetchone()
    assert row is not None
    return int(row[0])


def _as_stranger(settings: Settings, snapshot_id: int) -> dict[str, str]:
    """The release's tables as a plain DuckDB client reads them later."""
    with open_engine(settings) as connection:
        connection.execute(attach_statement(settings, snapshot_id=snapshot_id))
        connection.execute("use lake")
        return fingerprints(connection)
