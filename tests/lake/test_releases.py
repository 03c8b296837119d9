"""Readers see whole releases only, one over all tables at a time, and may look back."""

import subprocess
import sys
import time

import pytest

from lead_platform.lake.lake import GateFailedError, Lake
from lead_platform.lake.migration import shipped_scripts
from lead_platform.lake.tables import declared_columns
from lead_platform.lake.upkeep import maintain
from lead_platform.settings import Settings
from tests.lake import trial, workers

STEPS = 10
FEWEST_OBSERVATIONS = 15
FEWEST_RELEASES = 4
PATIENCE_SECONDS = 60.0


def test_a_polling_reader_sees_whole_releases_only(trial_settings: Settings) -> None:
    lake = trial.open_trial(trial_settings)
    stop = workers.PROCESSES.Event()
    parent, child = workers.PROCESSES.Pipe()
    looks, releases = (workers.PROCESSES.Value("i", 0, lock=False) for _ in range(2))
    reader = workers.start(workers.poll, trial_settings, stop, looks, releases, child)
    deadline = time.monotonic() + PATIENCE_SECONDS
    step = 0
    # On a busy machine either may outrun the other.
    while step < STEPS or (
        (looks.value < FEWEST_OBSERVATIONS or releases.value < FEWEST_RELEASES)
        and time.monotonic() < deadline
    ):
        workers.write_step(lake, step)
        step += 1
    stop.set()
    assert parent.poll(PATIENCE_SECONDS)
    seen = parent.recv()
    reader.join(timeout=PATIENCE_SECONDS)

    assert len(seen) >= FEWEST_OBSERVATIONS
    seen_releases = [release for release, *_ in seen]
    assert len({*seen_releases}) >= FEWEST_RELEASES, "the reader saw the lake move"
    assert seen_releases == sorted(seen_releases), "readers never go back"
    for release, left, right, left_sum, right_sum, orphans, is_stable in seen:
        assert (left, left_sum) == (right, right_sum), release
        assert orphans == 0, release
        assert is_stable, release
        assert left_sum == sum(7 * step + 1 for step in range(left)), release
    published = {release.snapshot_id for release in lake.releases(limit=100)}
    # A reader at a release sees the one before it as newest: its own row is that very commit.
    assert set(seen_releases) <= published


def test_the_catalog_knows_statistics_of_every_table_of_a_new_lake(lake: Lake) -> None:
    # Without them DuckLake asks for those of every column in every statement.
    with lake._writer() as connection:
        known = connection.execute(f"""
            select s.schema_name || '.' || t.table_name, n.record_count
            from {lake.metadata}.ducklake_table as t
            join {lake.metadata}.ducklake_schema as s using (schema_id)
            join {lake.metadata}.ducklake_table_stats as n using (table_id)
        """).fetchall()
    expected = dict.fromkeys(declared_columns(lake.settings.dbt_project_dir), 0)
    written = {"governance.releases": 1, "governance.migrations": len(shipped_scripts())}
    assert dict(known) == {**expected, **written}
    for table in expected.keys() - written.keys():
        assert trial.count_rows(lake, table) == 0, table


def test_every_release_can_be_read_again(trial_lake: Lake) -> None:
    states = {}
    for step in range(5):
        workers.write_step(trial_lake, step)
        states[trial_lake.published().snapshot_id] = trial.contents(trial_lake)
    for snapshot_id, state in states.items():
        assert trial.contents(trial_lake, snapshot_id) == state
    maintain(trial_lake)
    for snapshot_id, state in states.items():
        assert trial.contents(trial_lake, snapshot_id) == state
    assert trial.contents(trial_lake) == state


def test_releases_tell_what_happened(trial_lake: Lake) -> None:
    with trial_lake.write("first", run_id="run_1") as candidate:
        trial.seed_leads(candidate, 2)
    with pytest.raises(GateFailedError), trial_lake.write("second") as candidate:
        candidate.connection.execute("insert into trial.left_side values (null, 1)")
    maintain(trial_lake)
    audited, *newest = trial_lake.releases(limit=4)
    assert (audited.label, audited.status) == ("maintenance", "passed")
    assert [(release.label, release.status) for release in newest] == [
        ("maintenance", "maintenance"),
        ("second", "refused"),
        ("first", "passed"),
    ]
    first = newest[2]
    assert first.tables["trial.leads"] == {"inserted": 2, "removed": 0, "rows": 2}
    assert first.run_id == "run_1"
    assert first.expectations > 10
    assert first.gate_seconds > 0
    assert newest[1].tables == {}
    assert [release.snapshot_id for release in newest] == sorted(
        (release.snapshot_id for release in newest), reverse=True
    )


def test_releases_can_be_compared(trial_lake: Lake) -> None:
    with trial_lake.write("first") as candidate:
        trial.seed_leads(candidate, 5)
    with trial_lake.write("second") as candidate:
        candidate.connection.execute("delete from trial.tasks where lead_id = 'lead_1'")
        candidate.connection.execute("update trial.leads set points = 50 where lead_id = 'lead_2'")
    newer, older = (release.snapshot_id for release in trial_lake.releases(limit=2))
    found = {change.table: change for change in trial_lake.compare(older, newer)}
    assert (found["trial.tasks"].inserted, found["trial.tasks"].removed) == (0, 2)
    assert (found["trial.leads"].inserted, found["trial.leads"].removed) == (1, 1)
    assert found["trial.leads"].rows == 5
    assert "trial.scores" not in found


def test_reading_is_read_only(trial_lake: Lake) -> None:
    with trial_lake.read() as connection, pytest.raises(Exception, match="read-only"):
        connection.execute("insert into trial.left_side values (1, 1)")


def test_a_long_reader_holds_nothing_open_in_the_catalog(embedded_settings: Settings) -> None:
    """Another process, because SQLite's locks do not show within one."""
    lake = Lake(embedded_settings)
    checkpoint = (
        "import sqlite3, sys; "
        "connection = sqlite3.connect(sys.argv[1], timeout=1); "
        "print(connection.execute('pragma wal_checkpoint(truncate)').fetchone()[0])"
    )
    busy = {}
    for is_long in (False, True):
        with lake.read(is_long=is_long) as reader:
            reader.execute("from capture.deliveries").fetchall()
            with lake.write("meanwhile") as candidate:
                candidate.connection.execute(
                    "insert into governance.workflow_switches values "
                    "(?, true, 'Dana', 'a trial', '2026-07-01')",
                    ["routing" if is_long else "capture"],
                )
            told = subprocess.run(
                [sys.executable, "-c", checkpoint, str(embedded_settings.lake_catalog)],
                capture_output=True, text=True, check=True,
            )  # fmt: skip
            busy[is_long] = told.stdout.strip()
    assert busy == {False: "1", True: "0"}


def test_a_second_process_reads_what_the_first_published(
    trial_lake: Lake, trial_settings: Settings
) -> None:
    with trial_lake.write("seed") as candidate:
        trial.seed_leads(candidate, 4)
    assert trial.contents(Lake(trial_settings)) == trial.contents(trial_lake)


def test_unpublished_commits_are_invisible_and_undone(trial_lake: Lake) -> None:
    # A writer that died after its commit and before its gate leaves exactly this.
    with trial_lake.write("seed") as candidate:
        trial.seed_leads(candidate, 2)
    before = trial.contents(trial_lake)
    with trial_lake._writer() as connection:
        connection.execute("delete from trial.leads")
        connection.execute("create or replace table trial.tasks as select 1 as one")
        connection.execute("drop table trial.decisions")
    assert trial.contents(trial_lake) == before
    with trial_lake.write("next") as candidate:
        candidate.connection.execute("insert into trial.left_side values (1, 1)")
    after = trial.contents(trial_lake)
    assert {**after, "left_side": None} == {**before, "left_side": None}
    assert "recovered" in {release.status for release in trial_lake.releases()}


def test_maintenance_never_forgets_what_readers_see(
    trial_lake: Lake, trial_settings: Settings
) -> None:
    # After a month without a write the published snapshot was older than the retention.
    with trial_lake.write("seed") as candidate:
        trial.seed_leads(candidate, 3)
    before = trial.contents(trial_lake)
    forgetful = Lake(
        trial_settings.model_copy(update={"snapshot_retention_days": 0, "fine_snapshot_days": 0})
    )
    release = maintain(forgetful).release
    assert trial.contents(forgetful) == before
    assert trial.contents(trial_lake, release.snapshot_id) == before
    with forgetful.write("next") as candidate:
        trial.seed_leads(candidate, 1, start=10)
    assert "recovered" not in {each.status for each in forgetful.releases()}
    assert trial.count_rows(trial_lake, "trial.leads") == 4
