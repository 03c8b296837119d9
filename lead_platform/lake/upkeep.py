"""Upkeep of the lake: files merged, dead rows gone, old snapshots, files and records forgotten.

Changes how rows are kept and how long records are, nothing else that readers see.
`ducklake_rewrite_data_files` is left out on purpose: with older snapshots kept, reads at them came
back with wrong rows after it (tests/lake/test_fuzz.py).
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import duckdb
import pandas as pd

from lead_platform.instants import has_passed
from lead_platform.lake.audit import record_actions
from lead_platform.lake.connection import clear_catalog_log
from lead_platform.lake.fence import Fence
from lead_platform.lake.lake import Lake
from lead_platform.lake.releases import Release, forget_snapshots
from lead_platform.lake.statements import count_rows
from lead_platform.settings import Settings

LABEL = "maintenance"

# A run of one lead makes some 22 snapshots and as many rows in the catalog for each of 30 tables.
# Upkeep takes 3 s, so after 500 snapshots it costs each run a tenth of a second of the lock.
SNAPSHOTS_BETWEEN = 500
LONGEST_BETWEEN = timedelta(days=1)

# Files up to a size are merged once there are this many of them: each row is then rewritten once
# per size, whereas merging all there is would rewrite a large table for every small file.
FILE_SIZES = (1_000_000, 16_000_000, 256_000_000)
FILES_TO_MERGE = 8

# A table is rebuilt once so large a share of its stored rows is dead, or once so many of its files
# hold dead rows: such files are never merged.
DEAD_SHARE = 0.3
LEAST_DEAD_ROWS = 1_000
MOST_WORN_FILES = 40

# Files the catalog does not know are leftovers of crashes while they are few. Many mean that this
# is not the catalog these files were written with.
MOST_ORPHANS_SHARE = 0.2

# Records by the column that tells their age; the audit log has a time of its own.
_RECORDS = {
    "governance.gate_failures": "failed_at",
    "governance.workflow_runs": "started_at",
    "governance.data_quality": "checked_at",
}


_REASONS = {
    "compact_lake": "small files slow readers down",
    "rebuild_table": "dead rows slow readers down",
    "remove_records": "records are kept for a time that is set",
    "forget_snapshots": "old snapshots take room",
    "remove_files": "no release that can be read needs them",
    "keep_unknown_files": "so many hint at a catalog from a backup, or one of another home",
}


class RebuiltWrongError(Exception):
    """A table did not come out of a rebuild as it went in: nothing was published."""


@dataclass(frozen=True)
class Fragments:
    """How a table is stored: rows in files, those of them that are dead, files that hold any."""

    table: str
    rows: int
    dead_rows: int
    worn_files: int

    @property
    def is_worn(self) -> bool:
        """Whether rebuilding it is worth reading and writing all of it."""
        is_large_share = self.dead_rows >= max(LEAST_DEAD_ROWS, DEAD_SHARE * self.rows)
        return is_large_share or self.worn_files >= MOST_WORN_FILES

    def describe(self) -> str:
        """For the audit log."""
        return f"{self.dead_rows} of {self.rows} rows were dead, in {self.worn_files} files"


@dataclass
class Upkeep:
    """What one upkeep did: the release that holds it, and what is gone."""

    release: Release
    rebuilt: list[Fragments] = field(default_factory=list)
    forgotten_releases: int = 0
    forgotten_snapshots: int = 0
    removed_records: dict[str, int] = field(default_factory=dict)
    removed_files: int = 0
    removed_orphans: int = 0
    kept_orphans: int = 0


def due_after(connection: duckdb.DuckDBPyConnection, now: datetime) -> int | None:
    """The snapshot of the last upkeep (0: there was none) if another is due, else None."""
    row = connection.execute(
        """
        select max(snapshot_id), coalesce(max(snapshot_id) filter (status = 'maintenance'), 0),
            -- The last one, whatever its clock said: the greatest instant may be one to come.
            coalesce(
                arg_max(released_at, snapshot_id) filter (status = 'maintenance'),
                arg_min(released_at, snapshot_id)
            )
        from governance.releases
        """
    ).fetchone()
    if row is None or row[0] is None:
        return None
    newest, last, last_at = row
    is_due = newest - last >= SNAPSHOTS_BETWEEN or has_passed(LONGEST_BETWEEN, last_at, now)
    return last if is_due else None


def maintain(lake: Lake, *, run_id: str = "") -> Upkeep:
    """One upkeep of the whole lake; what it did, which the audit log holds as well.

    Never one long hold of the writer lock: leads that wait get in between the parts.
    """
    with lake.reorganize(LABEL, run_id=run_id) as fence:
        with fence.transaction("flushing"):
            fence.connection.execute("call ducklake_flush_inlined_data('lake')")
        _merge_files(fence)
    assert fence.release is not None
    upkeep = Upkeep(fence.release)
    upkeep.rebuilt = _rebuild_worn_tables(lake, run_id)
    _forget_records(lake, upkeep, run_id)
    with lake.exclusive(LABEL) as connection:
        upkeep.forgotten_snapshots = _expire_snapshots(connection, lake)
        _remove_files(connection, lake, upkeep)
        if lake.settings.database_url is None:
            clear_catalog_log(connection)
    with lake.write(LABEL, run_id=run_id) as candidate:
        actions = _actions(upkeep, lake.settings, lake.clock())
        record_actions(candidate.connection, actions, run_id=run_id)
    return upkeep


def _merge_files(fence: Fence) -> None:
    """Merge the files of a table that are of one size, from the smallest up."""
    metadata = fence.metadata
    for size in FILE_SIZES:
        crowded = fence.connection.execute(
            f"""
            select any_value(schemas.schema_name), any_value(tables.table_name)
            from {metadata}.ducklake_data_file as files
            join {metadata}.ducklake_table as tables using (table_id)
            join {metadata}.ducklake_schema as schemas using (schema_id)
            where files.end_snapshot is null and tables.end_snapshot is null
                and schemas.end_snapshot is null and files.file_size_bytes < ?
                and files.data_file_id not in (
                    select data_file_id from {metadata}.ducklake_delete_file
                    where end_snapshot is null
                )
            group by table_id having count(*) >= ?
            """,
            [size, FILES_TO_MERGE],
        ).fetchall()
        for schema, table in crowded:
            with fence.transaction(f"merging files of {schema}.{table}"):
                fence.connection.execute(
                    "call ducklake_merge_adjacent_files("
                    "'lake', ?, schema => ?, max_file_size => ?)",
                    [table, schema, size],
                )


def _rebuild_worn_tables(lake: Lake, run_id: str) -> list[Fragments]:
    """Write anew what is worn, each table a release of its own."""
    with lake.exclusive(LABEL) as connection:
        worn = [each for each in fragments(connection, lake.metadata) if each.is_worn]
    for table in worn:
        label = f"rebuilding {table.table}"
        with lake.reorganize(label, run_id=run_id, rows=table.rows) as fence:
            rebuild_table(fence, table.table)
    return worn


def fragments(connection: duckdb.DuckDBPyConnection, metadata: str) -> list[Fragments]:
    """How each table that has files is stored."""
    rows = connection.execute(
        f"""
        select any_value(schemas.schema_name || '.' || tables.table_name) as name,
            sum(files.record_count)::bigint, coalesce(sum(dead.delete_count), 0)::bigint,
            count(dead.data_file_id)
        from {metadata}.ducklake_data_file as files
        join {metadata}.ducklake_table as tables using (table_id)
        join {metadata}.ducklake_schema as schemas using (schema_id)
        left join {metadata}.ducklake_delete_file as dead
            on dead.data_file_id = files.data_file_id and dead.end_snapshot is null
        where files.end_snapshot is null and tables.end_snapshot is null
            and schemas.end_snapshot is null
        group by table_id order by name
        """
    ).fetchall()
    return [Fragments(*row) for row in rows]


def rebuild_table(fence: Fence, table: str) -> None:
    """Write a table's living rows into new files. Raises RebuiltWrongError where any differs."""
    connection = fence.connection
    with fence.transaction():
        before = _fingerprint(connection, table)
        connection.execute(f"create or replace table lake.{table} as from lake.{table}")
    after = _fingerprint(connection, table)
    if after != before:
        raise RebuiltWrongError(
            f"{table} had {before[0]} rows and has {after[0]} after its rebuild, or other ones; it "
            "was put back. Run `lead-platform maintain` again, and report this if it stays."
        )


def _fingerprint(connection: duckdb.DuckDBPyConnection, table: str) -> tuple[int, int | None]:
    row = connection.execute(
        f"select count(*), sum(hash(rows)) from lake.{table} as rows"
    ).fetchone()
    assert row is not None
    return row[0], row[1]


def _forget_records(lake: Lake, upkeep: Upkeep, run_id: str) -> None:
    """Mark releases that will no longer be readable; delete records past their time."""
    settings, now = lake.settings, lake.clock()
    limit = now - timedelta(days=settings.record_retention_days)
    audit_limit = now - timedelta(days=settings.audit_retention_days)
    # Without its release a snapshot would be forgotten at once.
    held = now - timedelta(hours=settings.reader_limit_hours)
    with lake.write(LABEL, run_id=run_id) as candidate:
        connection = candidate.connection
        upkeep.forgotten_releases = forget_snapshots(connection, settings, now)
        ends: dict[str, tuple[str, list[datetime]]] = {
            **{table: (f"{column} < ?", [limit]) for table, column in _RECORDS.items()},
            "governance.releases": ("released_at < ? and snapshot_forgotten_at < ?", [limit, held]),
            "governance.audit_log": ("occurred_at < ?", [audit_limit]),
            # What is left out, or waits to be tried, is no record of what was.
            "governance.quarantine": (
                "state in ('released', 'superseded') and tried_at < ?",
                [limit],
            ),
        }
        for table, (condition, values) in ends.items():
            removed = count_rows(connection, f"delete from {table} where {condition}", values)
            if removed:
                upkeep.removed_records[table] = removed


def _expire_snapshots(connection: duckdb.DuckDBPyConnection, lake: Lake) -> int:
    """Forget every snapshot before the published one that no reader may hold: those no release
    names, and those of releases that nobody could attach for as long as the reader limit.

    What they alone needed need not wait for the limit again.
    """
    metadata, settings = lake.metadata, lake.settings
    reached = lake.clock() - timedelta(hours=settings.reader_limit_hours)
    rows = connection.execute(
        f"""
        select snapshots.snapshot_id
        from {metadata}.ducklake_snapshot as snapshots
        where snapshots.snapshot_id < (select max(snapshot_id) from governance.releases)
            and snapshots.snapshot_id not in (
                select snapshot_id from governance.releases
                where snapshot_forgotten_at is null or snapshot_forgotten_at > ?
            )
        order by 1
        """,
        [reached],
    ).fetchall()
    if rows:
        files = f"{metadata}.ducklake_files_scheduled_for_deletion"
        waiting = connection.execute(f"select data_file_id from {files}").fetchall()
        listed = ", ".join(str(snapshot_id) for (snapshot_id,) in rows)
        connection.execute(f"call ducklake_expire_snapshots('lake', versions => [{listed}])")
        connection.execute(
            f"update {files} set schedule_start = '{reached - timedelta(days=2)}+00' "
            f"where data_file_id not in ({', '.join(str(each) for (each,) in waiting) or -1})"
        )
    return len(rows)


def _remove_files(connection: duckdb.DuckDBPyConnection, lake: Lake, upkeep: Upkeep) -> None:
    """Remove files no snapshot needs once no reader can hold them, and what crashes left behind."""
    limit = files_limit(lake.clock(), lake.settings)
    removed = connection.execute(
        f"call ducklake_cleanup_old_files('lake', older_than => {limit})"
    ).fetchall()
    upkeep.removed_files = len(removed)
    orphans = connection.execute(
        f"call ducklake_delete_orphaned_files('lake', older_than => {limit}, dry_run => true)"
    ).fetchall()
    if len(orphans) > MOST_ORPHANS_SHARE * _known_files(connection, lake.metadata):
        upkeep.kept_orphans = len(orphans)
    elif orphans:
        connection.execute(f"call ducklake_delete_orphaned_files('lake', older_than => {limit})")
        upkeep.removed_orphans = len(orphans)


def files_limit(now: datetime, settings: Settings) -> str:
    """The instant before which files may go, in SQL: the end of a day no reader reaches back to.

    A SQLite catalog keeps instants as text, and DuckLake compares them such that all of the day
    asked for counts as earlier, hours later too. At the end of a day both catalogs agree.
    """
    reached = now - timedelta(hours=settings.reader_limit_hours)
    end = reached.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(microseconds=1)
    return f"timestamptz '{end.isoformat(sep=' ')}+00'"


def _known_files(connection: duckdb.DuckDBPyConnection, metadata: str) -> int:
    row = connection.execute(
        f"""
        select (select count(*) from {metadata}.ducklake_data_file)
            + (select count(*) from {metadata}.ducklake_delete_file)
        """
    ).fetchone()
    assert row is not None
    return int(row[0])


def _actions(upkeep: Upkeep, settings: Settings, now: datetime) -> pd.DataFrame:
    """One audit record per thing that was done."""
    release = ("release", upkeep.release.release_id)
    done = [
        ("compact_lake", *release, "flush and merge", "files merged; no row was changed"),
        *(
            ("rebuild_table", "table", worn.table, "dead rows", worn.describe())
            for worn in upkeep.rebuilt
        ),
        *(
            ("remove_records", "table", table, "record retention", f"{count} records removed")
            for table, count in upkeep.removed_records.items()
        ),
    ]
    if upkeep.forgotten_snapshots:
        told = (
            f"{upkeep.forgotten_snapshots} snapshots forgotten; {upkeep.forgotten_releases} "
            f"releases older than {settings.fine_snapshot_days:g} days can no longer be read"
        )
        done.append(("forget_snapshots", *release, "snapshot retention", told))
    if upkeep.removed_files or upkeep.removed_orphans:
        told = f"{upkeep.removed_files} files removed, {upkeep.removed_orphans} left by crashes"
        done.append(("remove_files", *release, "reader limit", told))
    if upkeep.kept_orphans:
        told = (
            f"{upkeep.kept_orphans} files that the catalog does not know were left where they are"
        )
        done.append(("keep_unknown_files", *release, "share of unknown files", told))
    columns = ["action", "subject_type", "subject_id", "rule", "after"]
    frame = pd.DataFrame(done, columns=columns).assign(workflow=LABEL, occurred_at=now)
    return frame.assign(reason=frame["action"].map(_REASONS))
