"""Upkeep: nothing that can be read changes, and nothing grows beyond what is kept."""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from lead_platform.governance.watches import watch_maintenance
from lead_platform.lake import upkeep
from lead_platform.lake.connection import attach_lake, attach_statement, open_engine
from lead_platform.lake.fence import Fence
from lead_platform.lake.lake import GateFailedError, Lake
from lead_platform.lake.releases import UnreadableReleaseError
from lead_platform.lake.upkeep import fragments, maintain, rebuild_table
from lead_platform.settings import Settings
from tests.lake import trial
from tests.templates import Templates

START = datetime(2026, 7, 1, 6, 0)


class Calendar:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, lake: Lake, **period: float) -> None:
        """Time goes by: for the lake's clock, and for what the catalog and the files remember.

        Both took the real time, which lies after any this calendar shows.
        """
        self.now += timedelta(**period)
        with lake._writer() as connection:
            connection.execute(
                f"update {lake.metadata}.ducklake_files_scheduled_for_deletion "
                f"set schedule_start = '{self.now}+00' "
                f"where schedule_start::timestamptz > timestamptz '{self.now}+00'"
            )


@pytest.fixture
def calendar() -> Calendar:
    return Calendar()


@pytest.fixture
def aging_lake(trial_settings: Settings, calendar: Calendar, templates: Templates) -> Lake:
    """A lake with the trial tables, whose time passes when the calendar says so."""
    templates.copy_to(trial_settings, trial.open_trial)
    return Lake(trial_settings, clock=calendar)


def _count(lake: Lake, query: str) -> int:
    with lake._writer() as connection:
        row = connection.execute(query.format(catalog=lake.metadata)).fetchone()
    assert row is not None
    return int(row[0])


def _files(lake: Lake) -> set[Path]:
    return set(Path(lake.settings.lake_data_path).rglob("*.parquet"))


def test_releases_are_thinned_and_say_so(aging_lake: Lake, calendar: Calendar) -> None:
    lake = aging_lake
    states = {}
    for step in range(12):
        # Three releases a day, for four days.
        with lake.write("a step") as candidate:
            trial.seed_leads(candidate, 1, start=step)
        states[lake.published().snapshot_id] = (calendar.now, trial.contents(lake))
        calendar.pass_by(lake, hours=8)
    done = maintain(lake)
    assert done.forgotten_releases > 0
    releases = {each.snapshot_id: each for each in lake.releases(limit=100)}
    readable = {at for at in states if releases[at].snapshot_forgotten_at is None}
    fine = {at for at, (when, _) in states.items() if calendar.now - when <= timedelta(days=2)}
    last_of_days = {
        max(at for at, (when, _) in states.items() if when.date() == day)
        for day in {when.date() for when, _ in states.values()}
    }
    assert readable == fine | last_of_days
    for at in states:
        if at in readable:
            assert trial.contents(lake, at) == states[at][1]
        else:
            with pytest.raises(UnreadableReleaseError, match="can no longer be read"):
                trial.contents(lake, at)


def test_a_snapshot_that_is_no_release_cannot_be_read(aging_lake: Lake) -> None:
    """A commit before its gate is a snapshot too: reading it would show what was not published."""
    with aging_lake.write("a step") as candidate:
        trial.seed_leads(candidate, 1)
    published = aging_lake.published().snapshot_id
    with (
        pytest.raises(UnreadableReleaseError, match=f"{published - 1} is no release.*{published}"),
        aging_lake.read(published - 1),
    ):
        pass


def test_releases_compare_across_what_was_forgotten_between(
    aging_lake: Lake, calendar: Calendar
) -> None:
    lake = aging_lake
    for step in range(3):
        with lake.write("a step") as candidate:
            trial.seed_leads(candidate, 2, start=2 * step)
            candidate.connection.execute("delete from trial.tasks where lead_id = 'lead_0'")
        calendar.pass_by(lake, hours=1)
    steps = [each.snapshot_id for each in lake.releases() if each.label == "a step"]
    before = lake.compare(steps[-1], steps[0])
    maintain(lake)
    assert {each.table: each for each in before}["trial.leads"].inserted == 4
    assert [each for each in lake.compare(steps[-1], steps[0])] == before
    calendar.pass_by(lake, days=40)
    maintain(lake)
    with pytest.raises(UnreadableReleaseError):
        lake.compare(steps[-1], steps[0])


def test_files_stay_for_as_long_as_a_reader_may_hold_them(
    aging_lake: Lake, calendar: Calendar
) -> None:
    """A cleanup of all that was unneeded took its files from a reader in a transaction."""
    lake = aging_lake
    with lake.write("base") as candidate:
        trial.seed_leads(candidate, 2_000)
    with lake.read() as in_transaction, lake.read(is_long=True) as attached:
        for reader in (in_transaction, attached):
            reader.execute("select count(*) from trial.scores").fetchall()
        # No release needs the files any more, but the readers do.
        forgetful = Lake(
            lake.settings.model_copy(
                update={"snapshot_retention_days": 0.0, "fine_snapshot_days": 0.0}
            ),
            clock=calendar,
        )
        before = {file for file in _files(lake) if file.parent.name in ("leads", "scores", "tasks")}
        for table in ("leads", "scores", "tasks"):
            with forgetful.reorganize("rebuild") as connection:
                rebuild_table(connection, f"trial.{table}")
        calendar.pass_by(lake, hours=1)
        maintain(forgetful)
        calendar.pass_by(lake, hours=20)
        assert maintain(forgetful).removed_files == 0
        assert before <= _files(lake)
        assert in_transaction.execute("select sum(points) from trial.leads").fetchone() is not None
    calendar.pass_by(lake, hours=48)
    assert maintain(forgetful).removed_files > 0
    assert not before & _files(lake)
    assert trial.count_rows(lake, "trial.leads") == 2_000


@pytest.mark.parametrize("days", [0, 40])
def test_a_release_stays_for_as_long_as_a_reader_may_hold_it(
    aging_lake: Lake, calendar: Calendar, days: int
) -> None:
    """With less kept than a reader may hold, its tables were gone at its next statement; so were
    those of a release that had been published for longer than any is kept."""
    lake = Lake(
        aging_lake.settings.model_copy(
            update={
                "snapshot_retention_days": float(days),
                "fine_snapshot_days": float(days),
                "record_retention_days": 0.0,
            }
        ),
        clock=calendar,
    )
    with lake.write("base") as candidate:
        trial.seed_leads(candidate, 300)
    # A whole file each, and no rows in the catalog.
    maintain(lake)
    held = lake.published().snapshot_id
    state = trial.contents(lake)
    calendar.pass_by(lake, days=days)
    with open_engine(lake.settings) as reader:
        reader.execute(attach_statement(lake.settings, snapshot_id=held))

        def points() -> int:
            row = reader.execute("select sum(points) from lake.trial.leads").fetchone()
            assert row is not None
            return int(row[0])

        before = points()
        with lake.write("all anew") as candidate:
            candidate.connection.execute("update trial.leads set points = 1")
        for hours in (1, 11, 11):
            calendar.pass_by(lake, hours=hours)
            maintain(lake)
            assert points() == before
    forgotten = {each.snapshot_id: each.snapshot_forgotten_at for each in lake.releases(100)}
    assert forgotten[held] is not None
    with pytest.raises(UnreadableReleaseError):
        trial.contents(lake, held)
    files = _files(lake)
    calendar.pass_by(lake, hours=48)
    assert maintain(lake).forgotten_snapshots > 0
    assert (
        _count(
            lake, f"select count(*) from {{catalog}}.ducklake_snapshot where snapshot_id = {held}"
        )
        == 0
    )
    # The file that only this release needed has gone with it.
    assert len(_files(lake) & files) < len(files)
    assert trial.contents(lake)["leads"] != state["leads"]


def test_a_worn_table_is_rebuilt_and_every_release_reads_as_before(aging_lake: Lake) -> None:
    """Dead rows never went: merging files leaves those alone that hold any."""
    lake = aging_lake
    with lake.write("base") as candidate:
        trial.seed_leads(candidate, 4_000)
    states = {lake.published().snapshot_id: trial.contents(lake)}
    for step in range(3):
        with lake.write("worn") as candidate:
            candidate.connection.execute(
                f"update trial.scores set points = points + 1 where hash(lead_id) % 4 = {step}"
            )
        states[lake.published().snapshot_id] = trial.contents(lake)
    done = maintain(lake)
    assert [worn.table for worn in done.rebuilt] == ["trial.scores"]
    with lake.exclusive("looking") as connection:
        stored = {each.table: each for each in fragments(connection, lake.metadata)}
    assert (stored["trial.scores"].rows, stored["trial.scores"].dead_rows) == (8_000, 0)
    assert trial.contents(lake) == states[max(states)]
    for at, state in states.items():
        assert trial.contents(lake, at) == state
    with lake.read() as connection:
        told = connection.execute(
            "select subject_id, after from governance.audit_log where action = 'rebuild_table'"
        ).fetchall()
    assert [subject for subject, _ in told] == ["trial.scores"]


def test_a_rebuild_that_changes_rows_is_not_published(
    aging_lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    with aging_lake.write("base") as candidate:
        trial.seed_leads(candidate, 10)
    before = trial.contents(aging_lake)
    looks = iter([(10, 1), (10, 2)])
    monkeypatch.setattr(upkeep, "_fingerprint", lambda *_: next(looks))
    with (
        pytest.raises(upkeep.RebuiltWrongError),
        aging_lake.reorganize("rebuild") as connection,
    ):
        rebuild_table(connection, "trial.leads")
    assert trial.contents(aging_lake) == before
    assert aging_lake.published().status == "abandoned"


def test_leftovers_of_crashes_go_unless_they_are_many(aging_lake: Lake, calendar: Calendar) -> None:
    lake = aging_lake
    for step in range(8):
        with lake.write("base") as candidate:
            trial.seed_leads(candidate, 300, start=300 * step)
    before = trial.contents(lake)
    folder = Path(lake.settings.lake_data_path) / "trial" / "leads"
    leftover, fresh = folder / "leftover.parquet", folder / "fresh.parquet"
    for file in (leftover, fresh):
        file.write_bytes(b"half a file")
    os.utime(leftover, (0, 0))
    assert maintain(lake).removed_orphans == 1
    assert (leftover.exists(), fresh.exists()) == (False, True)
    # A new catalog beside the files of another, as after a restore that went wrong.
    foreign = [folder / f"foreign_{number}.parquet" for number in range(60)]
    for file in foreign:
        file.write_bytes(b"somebody's")
        os.utime(file, (0, 0))
    done = maintain(lake)
    assert (done.removed_orphans, done.kept_orphans) == (0, 60)
    assert all(file.exists() for file in foreign)
    assert trial.contents(lake) == before


class _Shared(Lake):
    """Another writer is let in as soon as upkeep lets go of the lock."""

    @contextmanager
    def reorganize(self, label: str, *, run_id: str = "", rows: int = 0) -> Iterator[Fence]:
        with super().reorganize(label, run_id=run_id, rows=rows) as fence:
            yield fence
        with self.write("somebody else's") as candidate:
            trial.seed_leads(candidate, 1, start=900)


def test_the_audit_names_the_release_of_upkeep_and_nobody_elses(aging_lake: Lake) -> None:
    """It named whatever was newest once the lock was free again."""
    lake = _Shared(aging_lake.settings, clock=aging_lake.clock)
    done = maintain(lake)
    assert (done.release.label, done.release.status) == ("maintenance", "maintenance")
    named = "select count(*) from governance.audit_log where subject_id = '{}'"
    assert _count(lake, named.format(done.release.release_id)) >= 1


def test_records_go_after_their_time_and_the_audit_log_later(
    aging_lake: Lake, calendar: Calendar
) -> None:
    lake = aging_lake
    with pytest.raises(GateFailedError), lake.write("refused") as candidate:
        candidate.connection.execute("insert into trial.left_side values (null, 1)")
    maintain(lake)
    count = "select count(*) from governance."
    calendar.pass_by(lake, days=60)
    maintain(lake)
    assert _count(lake, f"{count}gate_failures") == 1
    calendar.pass_by(lake, days=60)
    done = maintain(lake)
    assert done.removed_records["governance.gate_failures"] == 1
    assert _count(lake, f"{count}gate_failures") == 0
    assert _count(lake, f"{count}audit_log where occurred_at = '{START}'") > 0
    assert _count(lake, f"{count}releases where released_at = '{START}'") == 0
    assert trial.contents(lake, lake.published().snapshot_id)


def test_upkeep_is_due_by_what_was_written_or_after_a_day(
    aging_lake: Lake, calendar: Calendar, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upkeep, "SNAPSHOTS_BETWEEN", 20)
    lake = aging_lake

    def due() -> bool:
        with lake.read() as connection:
            return upkeep.due_after(connection, calendar.now) is not None

    maintain(lake)
    assert not due()
    step = 0
    while not due():
        with lake.write("a step") as candidate:
            trial.seed_leads(candidate, 1, start=step)
        step += 1
    assert 5 <= step <= 20
    maintain(lake)
    assert not due()
    calendar.pass_by(lake, hours=25)
    assert due()


def test_upkeep_goes_on_once_the_clock_is_right_again(aging_lake: Lake, calendar: Calendar) -> None:
    """Maintained while the clock was ahead, a lake was due when the clock was there again."""
    lake = aging_lake

    def states() -> tuple[bool, list[str]]:
        with lake.read() as connection:
            overdue = watch_maintenance(connection, calendar.now)
            return upkeep.due_after(connection, calendar.now) is not None, [
                signal.kind for signal in overdue
            ]

    maintain(lake)
    at = calendar.now
    calendar.now = at + timedelta(days=40)
    assert states() == (True, ["maintenance_overdue"])
    maintain(lake)
    assert states() == (False, [])
    calendar.now = at + timedelta(hours=1)
    assert states() == (True, []), "the last one of the past was an hour ago"
    calendar.now = at - timedelta(days=1)
    assert states() == (True, ["maintenance_overdue"]), "nothing tells when the last one was"
    maintain(lake)
    assert states() == (False, []), "once, not until the clock is there again"
    calendar.now += timedelta(days=4)
    assert states() == (True, ["maintenance_overdue"])


def test_a_release_made_a_moment_after_the_look_began_is_none_to_come(
    aging_lake: Lake, calendar: Calendar
) -> None:
    """The first release of a new home is made while whoever looks opens it."""
    maintain(aging_lake)
    with aging_lake.read() as connection:
        before = calendar.now - timedelta(seconds=2)
        assert watch_maintenance(connection, before) == []
        assert upkeep.due_after(connection, before) is None


def test_small_writes_leave_neither_files_nor_snapshots_behind(
    aging_lake: Lake, calendar: Calendar, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Low, so that what takes effect after a month at work does within days.
    monkeypatch.setattr(upkeep, "FILES_TO_MERGE", 3)
    monkeypatch.setattr(upkeep, "MOST_WORN_FILES", 3)
    short = {"fine_snapshot_days": 0.5, "snapshot_retention_days": 2.0}
    lake = Lake(aging_lake.settings.model_copy(update=short), clock=calendar)
    kept = []
    for day in range(8):
        for step in range(2):
            with lake.write("a lead") as candidate:
                trial.seed_leads(candidate, 1, start=2 * day + step)
                candidate.connection.execute("update trial.leads set points = 1")
        calendar.pass_by(lake, days=1)
        maintain(lake)
        snapshots = _count(lake, "select count(*) from {catalog}.ducklake_snapshot")
        kept.append((len(_files(lake)), snapshots))
    # Some days swing, as files wait for the end of a day; more than half of the days are compared.
    for files, snapshots in kept[-2:]:
        assert files <= 1.3 * max(each for each, _ in kept[3:5]), kept
        assert snapshots <= 1.3 * max(each for _, each in kept[3:5]), kept


@dataclass(frozen=True)
class Logged:
    """An embedded lake of which each reader counts as a long one, and its catalog's log."""

    lake: Lake
    log: Path


@pytest.fixture
def logged(
    tmp_path: Path, trial_suites: Path, templates: Templates, monkeypatch: pytest.MonkeyPatch
) -> Logged:
    monkeypatch.setattr("lead_platform.lake.lake.HELD_LONG_SECONDS", 0.0)
    settings = Settings(home=tmp_path / "home", expectations_dir=trial_suites)
    templates.copy_to(settings, trial.open_trial)
    log = settings.lake_catalog.with_name(f"{settings.lake_catalog.name}-wal")
    return Logged(Lake(settings), log)


def test_readers_that_follow_each_other_do_not_keep_the_log_of_the_catalog(logged: Logged) -> None:
    """There was always one in a transaction: of 142 MB 140 were SQLite's log, read at each look."""
    lake, elsewhere, log = logged.lake, Lake(logged.lake.settings), logged.log
    sizes = []
    with ExitStack() as reader:
        connection = reader.enter_context(elsewhere.read())
        for turn in range(8):
            for number in range(6):
                before = connection.execute("from trial.left_side").fetchall()
                with lake.write("rows") as candidate:
                    candidate.connection.execute(
                        f"insert into trial.left_side values ({100 * turn + number}, 1)"
                    )
                assert connection.execute("from trial.left_side").fetchall() == before
            sizes.append(log.stat().st_size)
            # Never the last one to close the catalog, which would clear the log.
            with lake.read() as short:
                short.execute("from trial.left_side").fetchall()
                reader.close()
                connection = reader.enter_context(elsewhere.read())
    assert sizes[-1] < 1.5 * sizes[2], sizes


def test_the_log_of_the_catalog_is_cleared_once_nobody_writes(logged: Logged) -> None:
    """A writer was in its transaction whenever one long reader gave way to the next."""
    lake, elsewhere, log = logged.lake, Lake(logged.lake.settings), logged.log
    is_writing, is_told = threading.Event(), threading.Event()

    def write() -> None:
        with lake.write("rows") as candidate:
            candidate.connection.execute("insert into trial.left_side values (1, 1)")
            is_writing.set()
            is_told.wait()
            time.sleep(0.3)

    writer = threading.Thread(target=write)
    with elsewhere.read() as connection:
        connection.execute("from trial.left_side").fetchall()
        for number in range(10):
            with lake.write("before") as candidate:
                candidate.connection.execute(
                    f"insert into trial.left_side values ({10 + number}, 1)"
                )
        before = log.stat().st_size
        writer.start()
        is_writing.wait()
        is_told.set()
    with elsewhere.read() as connection:
        connection.execute("from trial.left_side").fetchall()
        writer.join()
        with lake.write("one more") as candidate:
            candidate.connection.execute("insert into trial.left_side values (2, 1)")
        # It is in a log that began anew.
        assert log.stat().st_size < before


def test_short_readers_do_not_keep_the_log_of_the_catalog(logged: Logged) -> None:
    """Somebody looked each moment, and the one try between two long readers failed."""
    lake, elsewhere, log = logged.lake, Lake(logged.lake.settings), logged.log
    with ExitStack() as short:
        looking = open_engine(lake.settings, threads=1)
        attach_lake(looking, lake.settings)
        short.callback(looking.close)
        with elsewhere.read() as connection:
            connection.execute("from trial.left_side").fetchall()
            with lake.write("rows") as candidate:
                candidate.connection.execute("insert into trial.left_side values (1, 1)")
            looking.execute("begin transaction read only")
            looking.execute("from lake.trial.left_side").fetchall()
            before = log.stat().st_size
            done = threading.Timer(0.3, looking.rollback)
            done.start()
        # It has waited for the one who was looking; a log nobody needs any more may be gone.
        assert done.finished.is_set()
        assert before > 0
        assert not log.exists() or log.stat().st_size == 0
