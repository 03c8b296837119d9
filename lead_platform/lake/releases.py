"""Releases: which snapshot readers see, and the way back to it.

A release is one row in `governance.releases`, committed as the last step of a write; its own
commit is the snapshot it names. Whatever is newer than the newest release was never published.
"""

import json
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import duckdb

from lead_platform.lake.changes import ChangedView, TouchedTable, current_snapshot, tables_at
from lead_platform.lake.gate import TableFailure, Verdict
from lead_platform.settings import Settings


class UnreadableReleaseError(LookupError):
    """A snapshot that is no release, or one that was forgotten: says which can be read."""


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
    snapshot_forgotten_at: datetime | None = None


@dataclass(frozen=True)
class ReleaseNote:
    """What a release row says besides its snapshot."""

    label: str
    run_id: str
    status: str
    released_at: datetime
    write_seconds: float = 0.0
    gate_seconds: float = 0.0

    @property
    def message(self) -> str:
        """What the catalog's list of snapshots says of it."""
        return f"{self.status}: {self.label}"


_COLUMNS = (
    "release_id, snapshot_id, released_at, label, run_id, status, tables, expectations, "
    "write_seconds, gate_seconds"
)

_FAILURE_COLUMNS = (
    "failure_id, release_id, table_name, expectation, arguments, offending_count, offending_row, "
    "failed_at, severity"
)


def list_releases(connection: duckdb.DuckDBPyConnection, *, limit: int) -> list[Release]:
    """The newest releases, newest first."""
    rows = connection.execute(
        f"select {_COLUMNS}, snapshot_forgotten_at from governance.releases "
        f"order by snapshot_id desc limit {limit}"
    ).fetchall()
    return [_release(row) for row in rows]


def published_snapshot(connection: duckdb.DuckDBPyConnection) -> int | None:
    """The snapshot of the newest release."""
    row = connection.execute("select max(snapshot_id) from governance.releases").fetchone()
    return int(row[0]) if row and row[0] is not None else None


def published_and_newest(connection: duckdb.DuckDBPyConnection) -> tuple[int | None, int]:
    """As `published_snapshot`, and the lake's newest snapshot, released or not."""
    row = connection.execute(
        "select (select max(snapshot_id) from governance.releases), "
        "(from ducklake_current_snapshot('lake'))"
    ).fetchone()
    assert row is not None
    return (None if row[0] is None else int(row[0])), int(row[1])


def require_readable(
    connection: duckdb.DuckDBPyConnection, settings: Settings, snapshot_id: int
) -> None:
    """Raises UnreadableReleaseError unless the snapshot is that of a release that is kept."""
    row = connection.execute(
        "select released_at, snapshot_forgotten_at from governance.releases where snapshot_id = ?",
        [snapshot_id],
    ).fetchone()
    if row and row[1] is None:
        return
    told = f"Snapshot {snapshot_id} is no release."
    if row:
        told = (
            f"The release of {row[0]:%Y-%m-%d %H:%M} at snapshot {snapshot_id} can no longer be "
            f"read: all are kept for {settings.fine_snapshot_days:g} days, then one in "
            f"{settings.snapshot_spacing_hours:g} hours for {settings.snapshot_retention_days:g} "
            "days."
        )
    nearest = connection.execute(
        "select snapshot_id from governance.releases where snapshot_forgotten_at is null "
        "order by abs(snapshot_id - ?), snapshot_id desc limit 1",
        [snapshot_id],
    ).fetchone()
    step = f" The nearest that can: {nearest[0]}." if nearest else ""
    raise UnreadableReleaseError(f"{told}{step} `lead-platform releases` lists them.")


def forget_snapshots(
    connection: duckdb.DuckDBPyConnection, settings: Settings, now: datetime
) -> int:
    """Mark the releases that need not be readable any more; their number.

    All of the last days are kept, before them the last of each period, none beyond the retention,
    and always the published one.
    """
    row = connection.execute(
        """
        update governance.releases set snapshot_forgotten_at = $now
        where snapshot_forgotten_at is null and released_at < $all_kept_from
            and snapshot_id < (select max(snapshot_id) from governance.releases)
            and (
                released_at < $kept_from
                or snapshot_id not in (
                    select max(snapshot_id) from governance.releases
                    where snapshot_forgotten_at is null
                    group by epoch(released_at)::bigint // $seconds
                )
            )
        """,
        {
            "now": now,
            "all_kept_from": now - timedelta(days=settings.fine_snapshot_days),
            "kept_from": now - timedelta(days=settings.snapshot_retention_days),
            "seconds": max(1, round(settings.snapshot_spacing_hours * 3600)),
        },
    ).fetchone()
    return int(row[0]) if row else 0


def touched_between(
    connection: duckdb.DuckDBPyConnection, metadata: str, older: int, newer: int
) -> list[TouchedTable]:
    """Tables that releases after `older` up to `newer` changed, as their rows say.

    Snapshots in between, and with them the catalog's own notes, may be forgotten.
    """
    rows = connection.execute(
        "select distinct unnest(json_keys(tables)) from governance.releases "
        "where snapshot_id > ? and snapshot_id <= ?",
        [older, newer],
    ).fetchall()
    before, after = (set(tables_at(connection, metadata, at)) for at in (older, newer))
    changed = {str(name) for (name,) in rows} & (before | after) | (before ^ after)
    return [
        TouchedTable(name, existed=name in before, exists=name in after, is_new_object=False)
        for name in sorted(changed)
    ]


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
    return release


def insert_failures(
    connection: duckdb.DuckDBPyConnection,
    release_id: str,
    failures: Iterable[TableFailure],
    failed_at: datetime,
    severity: Literal["fail", "warn"],
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
            severity,
        ]
        for failed in failures
        for row in failed.rows or (None,)
    ]
    if rows:
        connection.executemany(
            f"insert into governance.gate_failures ({_FAILURE_COLUMNS}) "
            "values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            rows,
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
    names = [*_COLUMNS.split(", "), "snapshot_forgotten_at"]
    values = dict(zip(names, row, strict=True))
    return Release(**{**values, "tables": json.loads(values["tables"])})
