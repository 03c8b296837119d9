"""Releases: which snapshot readers see, and the way back to it.

A release is one row in `governance.releases`, committed as the last step of a write; its own
commit is the snapshot it names. Whatever is newer than the newest release was never published.
"""

import json
import uuid
from dataclasses import dataclass
from datetime import datetime

import duckdb

from lead_platform.lake.changes import ChangedView, TouchedTable, current_snapshot
from lead_platform.lake.gate import Verdict


@dataclass(frozen=True)
class Release:
    """One published state of all tables."""

    release_id: str
    snapshot_id: int
    released_at: datetime
    label: str
    run_id: str
    status: str
    tables: dict[str, dict[str, int]]
    expectations: int
    write_seconds: float
    gate_seconds: float


@dataclass(frozen=True)
class ReleaseNote:
    """What a release row says besides its snapshot."""

    label: str
    run_id: str
    status: str
    released_at: datetime
    write_seconds: float = 0.0
    gate_seconds: float = 0.0


_COLUMNS = (
    "release_id, snapshot_id, released_at, label, run_id, status, tables, expectations, "
    "write_seconds, gate_seconds"
)


def list_releases(connection: duckdb.DuckDBPyConnection, *, limit: int) -> list[Release]:
    """The newest releases, newest first."""
    rows = connection.execute(
        f"select {_COLUMNS} from governance.releases order by snapshot_id desc limit {limit}"
    ).fetchall()
    return [_release(row) for row in rows]


def published_snapshot(connection: duckdb.DuckDBPyConnection) -> int | None:
    """The snapshot of the newest release."""
    row = connection.execute("select max(snapshot_id) from governance.releases").fetchone()
    return int(row[0]) if row and row[0] is not None else None


def insert_release(
    connection: duckdb.DuckDBPyConnection, note: ReleaseNote, verdict: Verdict
) -> Release:
    """Write the release row; the caller commits, and with that commit readers move to it."""
    tables = {
        name: {
            "inserted": facts.rows_inserted,
            "removed": facts.rows_deleted,
            "rows": facts.rows_after,
        }
        for name, facts in verdict.facts.items()
    }
    release = Release(
        release_id=f"rel_{uuid.uuid4().hex[:24]}",
        snapshot_id=current_snapshot(connection) + 1,
        tables=tables,
        expectations=verdict.expectations,
        **note.__dict__,
    )
    connection.execute(
        f"insert into governance.releases ({_COLUMNS}) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            release.release_id,
            release.snapshot_id,
            release.released_at,
            release.label,
            release.run_id,
            release.status,
            json.dumps(tables),
            release.expectations,
            release.write_seconds,
            release.gate_seconds,
        ],
    )
    connection.execute(
        "call lake.set_commit_message('lead-platform', ?)",
        [f"{release.status}: {release.label}"],
    )
    return release


def insert_failures(
    connection: duckdb.DuckDBPyConnection, release_id: str, verdict: Verdict, failed_at: datetime
) -> None:
    """Keep every failed expectation with its offending rows (one row without any, where none)."""
    rows = [
        [
            f"fail_{uuid.uuid4().hex[:24]}",
            release_id,
            failed.table,
            failed.failure.expectation,
            failed.failure.arguments,
            failed.failure.offending_count,
            row,
            failed_at,
        ]
        for failed in verdict.failures
        for row in failed.rows or (None,)
    ]
    connection.executemany(
        "insert into governance.gate_failures values (?, ?, ?, ?, ?, ?, ?, ?)", rows
    )


def restore_state(
    connection: duckdb.DuckDBPyConnection,
    tables: list[TouchedTable],
    views: list[ChangedView],
    snapshot_id: int,
) -> None:
    """Bring each table back to its rows at the snapshot, each view to its text; the caller commits.

    A replaced table, never a delete and re-insert: within one transaction the time-travel read
    would see the uncommitted deletes and leave the table empty.
    """
    for view in views:
        connection.execute(f"drop view if exists lake.{view.name}")
    for table in tables:
        if table.existed:
            connection.execute(f"create schema if not exists lake.{table.schema}")
            connection.execute(
                f"create or replace table lake.{table.name} as "
                f"from lake.{table.name} at (version => {snapshot_id})"
            )
    # Only now: once a renamed table is dropped, its earlier name cannot be read at the snapshot.
    for table in tables:
        if table.exists and not table.existed:
            connection.execute(f"drop table lake.{table.name}")
    for view in views:
        if view.definition_before is not None:
            connection.execute(f"create schema if not exists lake.{view.schema}")
            connection.execute(f"create view lake.{view.name} {view.definition_before}")


def _release(row: tuple) -> Release:
    values = dict(zip(_COLUMNS.split(", "), row, strict=True))
    return Release(**{**values, "tables": json.loads(values["tables"])})
