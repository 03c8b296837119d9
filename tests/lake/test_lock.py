"""One writer at a time over all processes, and nobody waits for a dead one."""

import os
import re
import time

import pytest

from lead_platform.lake.lake import Lake
from lead_platform.lake.lock import WriterLockTimeoutError, writer_lock
from lead_platform.settings import Settings
from tests.lake import trial, workers

TIMES = 6
PATIENCE_SECONDS = 120.0


def test_two_processes_writing_at_once_lose_nothing(trial_settings: Settings) -> None:
    lake = trial.open_trial(trial_settings)
    with lake.write("seed") as candidate:
        trial.seed_leads(candidate, 1)
        candidate.connection.execute("insert into trial.left_side values (0, 0)")
    together = workers.PROCESSES.Barrier(2)
    processes = [
        workers.start(workers.count_up, trial_settings, name, TIMES, together)
        for name in ("first", "second")
    ]
    for process in processes:
        process.join(timeout=PATIENCE_SECONDS)
        assert process.exitcode == 0
    with lake.read() as connection:
        amount = connection.execute("select amount from trial.left_side").fetchall()
    assert amount == [(2 * TIMES,)]
    assert trial.count_rows(lake, "trial.decisions") == 1 + 2 * 3 * TIMES
    snapshots = [release.snapshot_id for release in lake.releases(limit=100)]
    assert snapshots == sorted(set(snapshots), reverse=True)
    assert {release.status for release in lake.releases(limit=100)} == {"passed"}


def test_waiting_has_a_limit_and_names_the_holder(trial_settings: Settings) -> None:
    lake = trial.open_trial(trial_settings)
    held, release = workers.PROCESSES.Event(), workers.PROCESSES.Event()
    holder = workers.start(workers.hold_lock, trial_settings, held, release)
    assert held.wait(PATIENCE_SECONDS)
    impatient = Lake(trial_settings.model_copy(update={"lock_timeout_seconds": 0.3}))
    with (
        pytest.raises(WriterLockTimeoutError) as timeout,
        impatient.write("mine") as candidate,
    ):
        candidate.connection.execute("insert into trial.left_side values (1, 1)")
    message = str(timeout.value)
    assert "a long import" in message
    assert f"process {holder.pid}" in message
    assert "waited 0.3 s" in message
    assert "LEAD_PLATFORM_LOCK_TIMEOUT_SECONDS" in message
    assert trial.count_rows(lake, "trial.left_side") == 0, "readers see the published state"
    release.set()
    holder.join(timeout=PATIENCE_SECONDS)
    assert trial.count_rows(lake, "trial.left_side") == 1


def test_the_lock_of_a_killed_holder_is_free(trial_settings: Settings) -> None:
    lake = trial.open_trial(trial_settings)
    held, release = workers.PROCESSES.Event(), workers.PROCESSES.Event()
    holder = workers.start(workers.hold_lock, trial_settings, held, release)
    assert held.wait(PATIENCE_SECONDS)
    workers.kill(holder)
    started = time.monotonic()
    with lake.write("after the crash") as candidate:
        candidate.connection.execute("insert into trial.left_side values (1, 1)")
    assert time.monotonic() - started < 15
    with lake.read() as connection:
        steps = connection.execute("select step from trial.left_side").fetchall()
    assert steps == [(1,)], "nothing of the killed writer's"


def test_a_reader_opens_the_lake_while_a_writer_holds_the_lock(trial_settings: Settings) -> None:
    # Opening took the writer lock, so the console waited for a running dbt build.
    trial.open_trial(trial_settings)
    held, release = workers.PROCESSES.Event(), workers.PROCESSES.Event()
    holder = workers.start(workers.hold_lock, trial_settings, held, release)
    assert held.wait(PATIENCE_SECONDS)
    parent, child = workers.PROCESSES.Pipe()
    reader = workers.start(workers.open_and_wait, trial_settings, child)
    assert parent.poll(PATIENCE_SECONDS / 4), "the reader waits for the writer"
    _, seen, _ = parent.recv()
    assert seen == 0
    workers.kill(reader)
    workers.kill(holder)


def test_the_lock_is_released_after_an_exception(settings: Settings) -> None:
    settings.prepare_home()
    with pytest.raises(RuntimeError, match="inside"), writer_lock(settings, label="failing"):
        raise RuntimeError("inside")
    impatient = settings.model_copy(update={"lock_timeout_seconds": 0.3})
    with writer_lock(impatient, label="next"):
        pass


def test_two_threads_of_one_process_exclude_each_other(settings: Settings) -> None:
    settings.prepare_home()
    impatient = settings.model_copy(update={"lock_timeout_seconds": 0.2})
    with (
        writer_lock(settings, label="outer"),
        pytest.raises(WriterLockTimeoutError, match=rf"outer \(process {os.getpid()} "),
        writer_lock(impatient, label="inner"),
    ):
        pass


def test_a_note_left_by_a_crash_does_not_lock(embedded_settings: Settings) -> None:
    embedded_settings.prepare_home()
    lock = embedded_settings.lake_catalog.parent / "writer.lock"
    lock.write_bytes(b"a holder whose name is torn \xc3")
    with writer_lock(embedded_settings, label="next"):
        note = lock.read_text(encoding="utf-8")
    assert re.fullmatch(rf"next \(process {os.getpid()} on \S+\)", note)
    assert lock.read_bytes() == b""
