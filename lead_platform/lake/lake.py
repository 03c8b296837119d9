"""The lake: gated writes, published reads, recovery after a crash.

One object per process and home folder. Every write goes through `write` or `supervise`, which
hold the writer lock, judge what changed and publish or restore; every read through `read`.
"""

import logging
import os
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Container, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from lead_platform.lake import changes, quarantine, releases
from lead_platform.lake.brake import demanding, interruptible
from lead_platform.lake.changes import TableChange
from lead_platform.lake.connection import (
    LakeUnreachableError,
    attach_copy,
    attach_lake,
    clear_catalog_log,
    copy_catalog,
    create_catalog,
    is_only_readable,
    lake_unreachable,
    open_engine,
    write_out_data_path,
)
from lead_platform.lake.dbt import DbtFailedError
from lead_platform.lake.failures import is_disk_full
from lead_platform.lake.faults import Fault, few_of
from lead_platform.lake.fence import Fence
from lead_platform.lake.gate import Gate, TableFailure, Verdict
from lead_platform.lake.lock import WriterLock, WriterLockTimeoutError, writer_lock
from lead_platform.lake.migration import (
    MigrationRefusedError,
    Plan,
    apply_plan,
    contract_faults,
    contract_warnings,
    plan_migration,
    shipped_scripts,
    suite_faults,
)
from lead_platform.lake.postgres import CATALOG_SCHEMA
from lead_platform.lake.presence import has_catalog, require_new_home
from lead_platform.lake.quarantine import OpenEntries, Parting, Separation, Subject
from lead_platform.lake.releases import Release, ReleaseNote
from lead_platform.lake.suites import Suite, configuration_state, suites_state, usable_suites
from lead_platform.lake.tables import (
    declared_columns,
    give_statistics,
    modelled_tables,
    tables_without_statistics,
)
from lead_platform.settings import Settings, SettingsError

_LOG = logging.getLogger(__name__)

# Rows from which a write is worth all processors. Below, waking a second thread costs each of a
# small run's hundreds of statements more than it brings: such a run takes a fifth less time and a
# third less processor time on one.
LARGE_WRITE_ROWS = 20_000

# A reader in a transaction for longer has kept the catalog's log from being cleared, and waits for
# a moment without a writer to do so.
HELD_LONG_SECONDS = 5.0
WAITING_FOR_WRITER_SECONDS = 5.0


class GateFailedError(Exception):
    """A write did not hold to a contract: published rows are as they were.

    `release` is the release that records the refusal, `failures` what failed, `held_by` how many
    subjects each stage leaves out from now on: the next try does without them.
    """

    def __init__(
        self,
        release: Release,
        failures: list[TableFailure],
        held_by: Mapping[str, int] | None = None,
    ) -> None:
        self.release = release
        self.failures = failures
        self.held_by = held_by or {}
        held = sum(self.held_by.values())
        lines = [
            f"{failed.table}: {failed.failure.expectation} {failed.failure.arguments} "
            f"({failed.failure.offending_count} rows)"
            for failed in failures
        ]
        super().__init__(
            f"The gate refused {release.label}; published rows are unchanged.\n"
            + "\n".join(lines)
            + "\nOffending rows: select * from governance.gate_failures "
            f"where release_id = '{release.release_id}'"
            + (
                f"\n{held:,} set aside: the next try goes on without them. "
                "See them with: lead-platform quarantine list"
                if held
                else ""
            )
        )


class LakeFullError(Exception):
    """No space left for a write: published rows are as they were."""


@dataclass
class Candidate:
    """A write on its way to being published.

    `connection` sees the lake's newest state, with `<layer>.<table>` names, and works on `threads`
    threads; `release` is set once the block has ended, and stays None where nothing was changed.
    `failures` is for what a writer finds wrong itself: it is judged as if the gate had found it.
    `warnings` were published all the same.
    `open_entries`: what of the quarantine its stages may take up (`take_up`).
    `held`: how many subjects it set aside, `held_by` by the stage (`step`) that did; `parted`: the
    stage for whose rows it was taken back.
    """

    fence: Fence
    run_id: str
    threads: int = 1
    release: Release | None = None
    failures: list[TableFailure] = field(default_factory=list)
    warnings: list[TableFailure] = field(default_factory=list)
    held: int = 0
    held_by: Counter[str] = field(default_factory=Counter)
    parted: str = ""
    step: str = ""
    rule_versions: Mapping[str, str] = field(default_factory=dict)
    open_entries: OpenEntries = field(default_factory=OpenEntries)
    started_at: datetime | None = None
    is_in_transaction: bool = False

    @property
    def is_to_repeat(self) -> bool:
        """Whether it was taken back because of the few it set aside: a repeat does without them."""
        return self.release is not None and self.release.status == "set_aside"

    def hold(
        self,
        faults: Sequence[Fault],
        subject_type: str,
        table: str,
        version: str | None = None,
        *,
        of: int = 0,
    ) -> None:
        """Set aside what breaks the step's own work, so that `table` has no row of it; of what
        comes with several contents the `version` that does. `of`: how many were tried."""
        if not faults:
            return
        holds = quarantine.holds_of_faults(
            faults,
            subject_type,
            table,
            self.rule_versions.get(table),
            version,
            is_of_many=len(faults) > few_of(of),
        )
        with self.transaction():
            quarantine.write_holds(
                self.connection,
                holds,
                step=self.step,
                release_id=None,
                run_id=self.run_id,
                held_at=self.started_at or utc_now(),
            )
        self.held += len(holds)
        self.held_by[self.step] += len(holds)

    def take_up(self, steps: Collection[str], seen: Container[str] | None = None) -> None:
        """These stages begin: what they left out and need not any more, they try; of what was let
        go only what is `seen`, where they computed before the lock."""
        entries = self.open_entries.of(steps)
        if not entries.entries:
            return
        with self.transaction():
            quarantine.take_up(
                self.connection,
                entries,
                seen=seen,
                run_id=self.run_id,
                at=self.started_at or utc_now(),
            )

    def list_tried(self, step: str) -> Collection[Subject]:
        """What this stage left out before and tries again in this write."""
        return quarantine.list_tried(self.connection, step, self.started_at or utc_now())

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """The transaction that is open; where its writer commits on its own, another one."""
        if self.is_in_transaction:
            yield
            return
        with self.fence.transaction():
            self.is_in_transaction = True
            try:
                yield
            finally:
                self.is_in_transaction = False

    @property
    def connection(self) -> duckdb.DuckDBPyConnection:
        """The writer's connection."""
        return self.fence.connection

    def rows(self, table: str) -> dict[str, int]:
        """`inserted`, `removed` and `rows` of a table, zeros where it was not touched."""
        tables = self.release.tables if self.release else {}
        return tables.get(table, {"inserted": 0, "removed": 0, "rows": 0})


@dataclass(frozen=True)
class _Contract:
    """The suites of all tables at one state of their files and of the configuration, a version of
    each under it, what is wrong with those that cannot be read, and columns that passed them."""

    state: str
    suites: dict[str, Suite]
    versions: dict[str, str]
    unreadable: dict[str, tuple[str, ...]]
    accepted_columns: set[tuple[str, int, int]]


def utc_now() -> datetime:
    """The clock of everything that is not told the time: naive UTC, as the tables hold it."""
    return datetime.now(UTC).replace(tzinfo=None)


class Lake:
    """The tables of one installation."""

    def __init__(self, settings: Settings, *, clock: Callable[[], datetime] = utc_now) -> None:
        self.settings = settings
        self.clock = clock
        self._opening = threading.Lock()
        self._instance: duckdb.DuckDBPyConnection | None = None
        self._contract: _Contract | None = None
        self._largest_write = ("", 0)
        self._threads = 1

    @contextmanager
    def read(
        self, snapshot_id: int | None = None, *, is_long: bool = False
    ) -> Iterator[duckdb.DuckDBPyConnection]:
        """A read-only connection at the published release, or at an earlier one's snapshot.

        Where nobody is writing, the newest state is the published one, and a read-only transaction
        holds on to it: attaching the lake once more takes three times as long as a small query.
        What `is_long`, because it computes for minutes or waits for a person or a network, attaches
        it all the same: a catalog cannot clear away what an open transaction may still read.

        Raises UnreadableReleaseError where the snapshot is no release, or a forgotten one.
        """
        try:
            cursor = self._open().cursor()
        except (LakeUnreachableError, SettingsError, OSError):
            if not is_only_readable(self.settings):
                raise
            cursor = None
        if cursor is None:
            with self._read_copy(snapshot_id) as copied:
                yield copied
            return
        cursor.execute("use lake")
        started = time.monotonic()
        try:
            cursor.execute("begin transaction read only")
            at, newest = releases.published_and_newest(cursor)
            if snapshot_id is not None:
                at = snapshot_id
                releases.require_readable(cursor, self.settings, at)
            if not is_long and at == newest:
                yield cursor
                return
            threads = cursor.execute("select current_setting('threads')").fetchone()
        finally:
            with suppress(duckdb.Error):
                cursor.rollback()
                if time.monotonic() - started > HELD_LONG_SECONDS:
                    self._clear_log(cursor)
            cursor.close()
        with self._attached_at(at, threads=threads[0] if threads else 1) as connection:
            yield connection

    def _clear_log(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Clear the log of a SQLite catalog: where one long reader follows the other, only between
        them it can be."""
        if self.settings.database_url is None:
            with (
                suppress(WriterLockTimeoutError, OSError),
                writer_lock(
                    self.settings,
                    label="clearing the catalog's log",
                    timeout=WAITING_FOR_WRITER_SECONDS,
                ),
            ):
                clear_catalog_log(connection)

    @contextmanager
    def _read_copy(self, snapshot_id: int | None) -> Iterator[duckdb.DuckDBPyConnection]:
        """As `read`, through a copy of the catalog elsewhere; nothing of it is kept."""
        with (
            tempfile.TemporaryDirectory() as folder,
            open_engine(self.settings, threads=1) as connection,
        ):
            copy = copy_catalog(self.settings, Path(folder))
            attach_copy(connection, self.settings, copy)
            connection.execute("use lake")
            if snapshot_id is None:
                at = releases.published_snapshot(connection)
            else:
                releases.require_readable(connection, self.settings, snapshot_id)
                at = snapshot_id
            attach_copy(connection, self.settings, copy, alias="reader", snapshot_id=at)
            connection.execute("use reader")
            yield connection

    @contextmanager
    def _attached_at(
        self, snapshot_id: int | None, *, threads: int
    ) -> Iterator[duckdb.DuckDBPyConnection]:
        """The lake at a snapshot, in an engine of its own that goes away with the reader.

        In the engine of this process each reader would leave 0.9 MB behind: DuckLake does not give
        back what it read of the catalog when it is detached. It takes as long either way.
        """
        with open_engine(self.settings, threads=threads) as connection:
            attach_lake(connection, self.settings, snapshot_id=snapshot_id)
            connection.execute("use lake")
            yield connection

    def rule_versions(self) -> Mapping[str, str]:
        """By table, a version of its suite and of what its rows are made by, as they stand now."""
        return self._current_contract().versions

    def rules_state(self) -> str:
        """A name for all suites and all of the configuration, as they stand now."""
        return self._current_contract().state

    @contextmanager
    def write(
        self,
        label: str,
        *,
        run_id: str = "",
        rows: int = 0,
        separations: Sequence[Separation] = (),
    ) -> Iterator[Candidate]:
        """One transaction over any tables, published only if the gate passes it.

        `rows`: about how many are to be written, where that is known beforehand. `separations`: how
        the stages of the writer do without the few rows that fail, if they can; the candidate tells
        whether to try again. Raises GateFailedError and OvertakenError (nothing published),
        WriterLockTimeoutError (nothing written).
        """
        with (
            self.supervise(label, run_id=run_id, rows=rows, separations=separations) as candidate,
            candidate.transaction(),
        ):
            candidate.take_up({one.step for one in separations})
            yield candidate

    @contextmanager
    def supervise(
        self,
        label: str,
        *,
        run_id: str = "",
        rows: int = 0,
        separations: Sequence[Separation] = (),
        rules: Mapping[str, str] | None = None,
    ) -> Iterator[Candidate]:
        """As `write`, for a writer that commits on its own (dbt): judged as a whole at the end.

        Each commit carries the signature of the candidate's fence, else nothing is published.
        `rules`: the versions (`rule_versions`) from before the writer read what it works by. What
        is set aside is tried again once they are others, also where that was while it worked.
        """
        with self._writing(label) as fence:
            since = self._recover(fence)
            contract = self._current_contract()
            candidate = Candidate(
                fence,
                run_id,
                self._use_threads(fence.connection, run_id, rows),
                step=separations[0].step if separations else "",
                rule_versions=contract.versions if rules is None else rules,
                started_at=self.clock(),
            )
            if separations:
                candidate.open_entries = self._open_entries(
                    fence, candidate.rule_versions, contract.unreadable
                )
            started = time.monotonic()
            try:
                # What follows, publishing or restoring, is short and runs to its end.
                with interruptible(fence.connection.interrupt), demanding(fence.lost):
                    yield candidate
                    written = time.monotonic()
                    gate = Gate(
                        fence, contract.suites, contract.accepted_columns, contract.unreadable
                    )
                    verdict = gate.judge(since)
                    verdict.failures += candidate.failures
                    parting = self._part(
                        fence, verdict, separations, since, candidate.rule_versions
                    )
            except BaseException:
                self._abandon(fence, since, self._note(label, run_id, "abandoned", started))
                raise
            is_unchanged = (
                not verdict.touched and changes.current_snapshot(fence.connection) == since
            )
            if verdict.passed and is_unchanged:
                return
            note = self._note(label, run_id, "passed", started, written)
            if verdict.passed:
                candidate.release = self._publish(fence, since, note, verdict)
                candidate.warnings = verdict.warnings
            else:
                candidate.release = self._take_back(fence, since, note, verdict, parting)
                candidate.held, candidate.parted = len(parting.holds), parting.step
            inserted = sum(counts["inserted"] for counts in candidate.release.tables.values())
            self._largest_write = (run_id, max(inserted, self._largest_of(run_id)))

    def releases(self, limit: int = 20) -> list[Release]:
        """The newest releases, newest first."""
        with self.read() as connection:
            return releases.list_releases(connection, limit=limit)

    def published(self) -> Release:
        """The release readers see."""
        return self.releases(limit=1)[0]

    def require_readable(self, snapshot_id: int) -> None:
        """Raises UnreadableReleaseError unless this is the snapshot of a release that is kept."""
        with self.read() as connection:
            releases.require_readable(connection, self.settings, snapshot_id)

    def pending_migration(self) -> Plan:
        """What opening the lake would change, without changing it.

        Raises LakeMissingError, LakeUnreachableError.
        """
        if not has_catalog(self.settings):
            require_new_home(self.settings)
            return Plan(is_new_home=True)
        with closing(open_engine(self.settings, threads=1)) as instance:
            attach_lake(instance, self.settings, is_created=False)
            return self._plan(instance)

    def migration_warnings(self, plan: Plan) -> list[str]:
        """What of a plan would leave rows that their suite does not allow."""
        if not plan.rebuilt:
            return []
        with closing(open_engine(self.settings, threads=1)) as instance:
            attach_lake(instance, self.settings, is_created=False)
            with self._on_lake(instance) as connection:
                rows = {
                    rebuild.table: changes.rows_now(connection, rebuild.table)
                    for rebuild in plan.rebuilt
                }
        models = modelled_tables(self.settings.dbt_project_dir)
        contract = self._current_contract()
        return [
            *suite_faults(plan, contract.unreadable),
            *contract_warnings(plan, contract.suites, rows, models),
        ]

    def compare(self, older: int, newer: int) -> list[TableChange]:
        """What changed between two releases, by table, in rows."""
        self.require_readable(older)
        self.require_readable(newer)
        with self._writer() as connection:
            touched = releases.touched_between(connection, self.metadata, older, newer)
            return [changes.compare_table(connection, table, older, newer) for table in touched]

    @contextmanager
    def reorganize(self, label: str, *, run_id: str = "", rows: int = 0) -> Iterator[Fence]:
        """For what changes how rows are kept and not which: published without being judged.

        Each commit carries the signature of the fence, as in `supervise`.
        """
        with self._writing(label) as fence:
            since = self._recover(fence)
            self._use_threads(fence.connection, run_id, rows)
            started = time.monotonic()
            try:
                with interruptible(fence.connection.interrupt), demanding(fence.lost):
                    yield fence
            except BaseException:
                self._abandon(fence, since, self._note(label, run_id, "abandoned", started))
                raise
            note = self._note(label, run_id, "maintenance", started)
            fence.release = self._publish(fence, since, note, Verdict())

    @contextmanager
    def exclusive(self, label: str) -> Iterator[duckdb.DuckDBPyConnection]:
        """The newest state while nobody else writes, for what publishes nothing."""
        with self._writing(label) as fence:
            self._recover(fence)
            with interruptible(fence.connection.interrupt), demanding(fence.lost):
                yield fence.connection

    def _open_entries(
        self, fence: Fence, versions: Mapping[str, str], unreadable: Container[str]
    ) -> OpenEntries:
        """What may yet be tried; what is held by other rules than today's is let go, of whatever
        step: those that compute before the lock try it in this run then."""
        entries = quarantine.open_entries(fence.connection)
        changed = entries.of_other_rules(versions, unreadable)
        if changed:
            with fence.transaction():
                quarantine.let_go(
                    fence.connection, changed, "its suite or configuration changed", at=self.clock()
                )
            entries = quarantine.open_entries(fence.connection)
        return entries

    def _part(
        self,
        fence: Fence,
        verdict: Verdict,
        separations: Sequence[Separation],
        since: int,
        versions: Mapping[str, str],
    ) -> Parting:
        """What the writer does without; nothing where all is well or where it cannot."""
        if verdict.passed or not separations:
            return Parting()
        fence.connection.begin()
        try:
            return quarantine.part(fence.connection, verdict, separations, since, versions)
        finally:
            fence.connection.rollback()

    def _take_back(
        self, fence: Fence, since: int, note: ReleaseNote, verdict: Verdict, parting: Parting
    ) -> Release:
        """Restore, with what failed and what is set aside for it kept in the same commit.

        Raises GateFailedError unless it is few that failed.
        """
        note = replace(note, status="set_aside" if parting.is_few else "refused")
        with fence.transaction(note.message):
            self._bring_back(fence, since)
            release = releases.insert_release(
                fence.connection, note, Verdict(expectations=verdict.expectations)
            )
            releases.insert_failures(
                fence.connection, release.release_id, verdict.failures, note.released_at, "fail"
            )
            for stage, holds in parting.by_stage:
                quarantine.write_holds(
                    fence.connection,
                    holds,
                    step=stage,
                    release_id=release.release_id,
                    run_id=note.run_id,
                    held_at=note.released_at,
                )
        if not parting.is_few:
            raise GateFailedError(release, verdict.failures, parting.held_by)
        return release

    def _publish(self, fence: Fence, since: int, note: ReleaseNote, verdict: Verdict) -> Release:
        with fence.transaction(note.message):
            fence.require_own(since)
            release = releases.insert_release(fence.connection, note, verdict)
            releases.insert_failures(
                fence.connection, release.release_id, verdict.warnings, note.released_at, "warn"
            )
            return release

    def _abandon(self, fence: Fence, since: int, note: ReleaseNote) -> None:
        """Restore; where even that fails (a full disk), the next writer recovers."""
        with suppress(duckdb.Error):
            fence.connection.rollback()
        self._restore(fence, since, note)

    def _restore(self, fence: Fence, since: int, note: ReleaseNote) -> None:
        """Undo whatever was committed after `since` without a release."""
        if changes.current_snapshot(fence.connection) == since:
            return
        with fence.transaction(note.message):
            self._bring_back(fence, since)
            releases.insert_release(fence.connection, note, Verdict())

    def _bring_back(self, fence: Fence, since: int) -> None:
        """Tables and views as they were at `since`; the caller commits."""
        connection = fence.connection
        fence.require_unpublished(releases.published_snapshot(connection), since)
        until = changes.current_snapshot(connection)
        tables = changes.touched_tables(connection, self.metadata, since, until)
        views = changes.changed_views(connection, self.metadata, since, until)
        releases.restore_state(connection, tables, views, since)

    def _recover(self, fence: Fence) -> int:
        """Restore what readers see if an earlier writer died before publishing; where we stand.

        One transaction, so that the catalog is opened once.
        """
        connection = fence.connection
        connection.begin()
        published, newest = releases.published_and_newest(connection)
        connection.rollback()
        if published is None or published == newest:
            return newest
        note = self._note("recovery", "", "recovered", time.monotonic())
        self._restore(fence, published, note)
        return changes.current_snapshot(connection)

    def _note(
        self, label: str, run_id: str, status: str, started: float, written: float | None = None
    ) -> ReleaseNote:
        ended = time.monotonic()
        written = ended if written is None else written
        return ReleaseNote(label, run_id, status, self.clock(), written - started, ended - written)

    @contextmanager
    def _writing(self, label: str) -> Iterator[Fence]:
        """The writer's connection, fenced, under the lock; a full disk is named as such."""
        # Opening a new lake takes the lock itself.
        self._open()
        try:
            with writer_lock(self.settings, label=label) as lock, self._writer() as connection:
                yield Fence(connection, self.metadata, lock, label)
        except (duckdb.Error, OSError, DbtFailedError) as error:
            if not is_disk_full(self.settings, error):
                raise
            raise LakeFullError(
                f"The disk is full: {label!r} was not written, published rows are unchanged. Free "
                f"space for {self.settings.lake_data_path} and the catalog, then run it again."
            ) from error

    @contextmanager
    def _writer(self) -> Iterator[duckdb.DuckDBPyConnection]:
        cursor = self._open().cursor()
        cursor.execute("use lake")
        try:
            yield cursor
        finally:
            cursor.close()

    def _use_threads(self, connection: duckdb.DuckDBPyConnection, run_id: str, rows: int) -> int:
        """All processors where this write, or an earlier one of its run, is large; else one."""
        is_large = max(rows, self._largest_of(run_id)) >= LARGE_WRITE_ROWS
        threads = (os.cpu_count() or 1) if is_large else 1
        if threads != self._threads:
            connection.execute(f"set threads = {threads}")
            self._threads = threads
        return threads

    def _largest_of(self, run_id: str) -> int:
        written_by, rows = self._largest_write
        return rows if written_by == run_id else 0

    def _current_contract(self) -> "_Contract":
        """The suites as their files stand now: a process that stays warm sees them edited."""
        folder = self.settings.expectations_dir
        configured = configuration_state(self.settings.config_dir, self.settings.reference)
        state = f"{suites_state(folder)} {configured}"
        if self._contract is None or self._contract.state != state:
            suites, unreadable = usable_suites(folder)
            versions = {
                table: f"{suite.version}-{configured[:12]}" for table, suite in suites.items()
            }
            self._contract = _Contract(state, suites, versions, unreadable, set())
        return self._contract

    @property
    def metadata(self) -> str:
        """The schema of the catalog's own tables."""
        schema = CATALOG_SCHEMA if self.settings.database_url else "main"
        return f"__ducklake_metadata_lake.{schema}"

    def _open(self) -> duckdb.DuckDBPyConnection:
        """The process's DuckDB instance with the lake attached, its tables as they are declared."""
        with self._opening:
            if self._instance is None:
                self.settings.close_home()
                # Writes take more threads where they are large.
                instance = open_engine(self.settings, threads=1)
                if not self._is_current(instance):
                    self.settings.prepare_home()
                    with writer_lock(self.settings, label="opening the lake") as lock:
                        self._make_current(instance, lock)
                self._instance = instance
            return self._instance

    def _is_current(self, instance: duckdb.DuckDBPyConnection) -> bool:
        """Attach the lake if it is there; False where something has to be made or migrated.

        Readers get by without the writer lock: a console must open while a long build runs.
        """
        try:
            attach_lake(instance, self.settings, is_created=False)
            plan = self._plan(instance)
        except (LakeUnreachableError, duckdb.Error):
            return False
        if plan.faults:
            raise MigrationRefusedError(plan.faults)
        return plan.is_empty

    def _make_current(self, instance: duckdb.DuckDBPyConnection, lock: WriterLock) -> None:
        """Make the lake where there never was one, else bring its tables to this version."""
        has_lake = has_catalog(self.settings)
        if has_lake:
            write_out_data_path(self.settings)
        else:
            require_new_home(self.settings)
            create_catalog(self.settings)
        attach_lake(instance, self.settings, is_created=not has_lake)
        plan = self._plan(instance)
        if plan.is_new_home:
            # A catalog that lost its tables is no new one.
            require_new_home(self.settings)
        elif not plan.is_empty:
            self._undo_unpublished(instance, lock)
            plan = self._plan(instance)
        if not plan.is_empty:
            self._migrate(instance, plan, lock)

    def _plan(self, instance: duckdb.DuckDBPyConnection) -> Plan:
        declared = declared_columns(self.settings.dbt_project_dir)
        try:
            with self._on_lake(instance) as connection:
                return plan_migration(connection, declared, shipped_scripts())
        except duckdb.Error as error:
            raise lake_unreachable(self.settings, error) from None

    def _migrate(self, instance: duckdb.DuckDBPyConnection, plan: Plan, lock: WriterLock) -> None:
        """Bring a plan about, as one release."""
        contract = self._current_contract()
        faults = contract_faults(plan, contract.suites) + suite_faults(plan, contract.unreadable)
        if faults:
            raise MigrationRefusedError(faults)
        label = "tables" if plan.is_new_home else "migration"
        started = time.monotonic()
        models = modelled_tables(self.settings.dbt_project_dir)
        with self._on_lake(instance) as connection:
            bare = tables_without_statistics(connection, self.metadata)
            fence = Fence(connection, self.metadata, lock, label)
            with fence.transaction():
                for table in bare:
                    give_statistics(connection, table)
                facts = apply_plan(connection, plan, models=models, applied_at=self.clock())
                note = self._note(label, "", "passed", started)
                release = releases.insert_release(connection, note, Verdict(facts=facts))
        if not plan.is_new_home:
            _LOG.warning(
                "The lake was brought to this version as snapshot %d: %s",
                release.snapshot_id,
                "; ".join(plan.lines),
            )

    def _undo_unpublished(self, instance: duckdb.DuckDBPyConnection, lock: WriterLock) -> None:
        """Undo what a dead writer left, without a release: its table may be of an older version."""
        with self._on_lake(instance) as connection:
            published, newest = releases.published_and_newest(connection)
            if published is not None and published != newest:
                fence = Fence(connection, self.metadata, lock, "recovery")
                with fence.transaction():
                    self._bring_back(fence, published)

    @contextmanager
    def _on_lake(self, instance: duckdb.DuckDBPyConnection) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection of an instance that is being opened; what it did not commit is undone."""
        with closing(instance.cursor()) as connection:
            connection.execute("use lake")
            yield connection
