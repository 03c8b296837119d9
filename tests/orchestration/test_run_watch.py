"""Runs and processes held against each other, with a real instance and real processes."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from dagster import (
    DagsterEvent,
    DagsterEventType,
    DagsterInstance,
    DagsterRun,
    DagsterRunStatus,
    job,
    op,
)
from dagster._core.utils import make_new_run_id

from lead_platform.orchestration import runs
from lead_platform.orchestration.daemon import noting_launches
from lead_platform.orchestration.executions import Executions
from lead_platform.orchestration.run_watch import (
    HANDING_OVER_SECONDS,
    STOPPING_SECONDS,
    RunWatch,
)

# Executes a run and lets no interrupt end it.
DEAF = """
import signal, sys, time
from pathlib import Path
from typing import Any
from lead_platform.orchestration import runs
from lead_platform.orchestration.executions import Executions
signal.signal(signal.SIGINT, signal.SIG_IGN)
signal.signal(signal.SIGTERM, signal.SIG_IGN)
with Executions(Path(sys.argv[1])).executing(sys.argv[2]):
    print("held", flush=True)
    time.sleep(3600)
"""


@job
def trial() -> None:
    """A job that is never executed."""

    @op
    def nothing() -> None:
        """Nothing."""

    nothing()


class Scene:
    """An instance, its executions and their watch."""

    def __init__(self, folder: Path, instance: DagsterInstance) -> None:
        self.folder = folder
        self.instance = instance
        self.executions = Executions(folder)
        self.in_pool: set[str] = set()
        self.watch = RunWatch(instance, self.executions, self.in_pool.__contains__)
        self.processes: list[subprocess.Popen[str]] = []

    def run(self, status: DagsterRunStatus) -> DagsterRun:
        """A run that is this far."""
        return self.instance.create_run_for_job(job_def=trial, status=status)

    def launch(self, status: DagsterRunStatus, home: Executions | None = None) -> DagsterRun:
        """A run that this home, or another one, has launched."""
        run = self.run(status)
        (home or self.executions).note_launched(run.run_id)
        return run

    def execute(self, run: DagsterRun) -> "subprocess.Popen[str]":
        """A process that executes the run and is deaf."""
        process = subprocess.Popen(
            [sys.executable, "-c", DEAF, str(self.folder), run.run_id],
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.processes.append(process)
        assert process.stdout
        assert process.stdout.readline() == "held\n"
        return process

    def status(self, run: DagsterRun) -> DagsterRunStatus:
        """How the run is now."""
        found = self.instance.get_run_by_id(run.run_id)
        assert found
        return found.status


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    with DagsterInstance.ephemeral() as instance:
        made = Scene(tmp_path / "executing", instance)
        yield made
        for process in made.processes:
            process.kill()
            process.wait()


def test_living_run_is_left_alone_and_that_of_a_dead_process_is_over(scene: Scene) -> None:
    run = scene.run(DagsterRunStatus.STARTED)
    process = scene.execute(run)
    for now in (0.0, 100.0, 10_000.0):
        scene.watch.look(now)
    assert scene.status(run) == DagsterRunStatus.STARTED
    process.kill()
    process.wait()
    scene.watch.look(10_001.0)
    assert scene.status(run) == DagsterRunStatus.FAILURE
    assert scene.executions.all() == []


def test_run_nobody_here_has_seen_is_unknown_and_not_dead(scene: Scene) -> None:
    elsewhere = scene.run(DagsterRunStatus.STARTED)
    scene.watch.look(0.0)
    scene.watch.look(10_000.0)
    assert scene.status(elsewhere) == DagsterRunStatus.STARTED


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (DagsterRunStatus.CANCELING, DagsterRunStatus.CANCELED),
        (DagsterRunStatus.CANCELED, DagsterRunStatus.CANCELED),
        (DagsterRunStatus.FAILURE, DagsterRunStatus.FAILURE),
    ],
)
def test_process_that_goes_on_with_a_run_that_is_over_is_killed(
    scene: Scene, status: DagsterRunStatus, expected: DagsterRunStatus
) -> None:
    run = scene.run(status)
    process = scene.execute(run)
    scene.watch.look(0.0)
    scene.watch.look(STOPPING_SECONDS - 1)
    time.sleep(0.2)
    assert process.poll() is None
    scene.watch.look(STOPPING_SECONDS + 1)
    assert process.wait(10) == -9
    scene.watch.look(STOPPING_SECONDS + 2)
    assert scene.status(run) == expected
    assert scene.executions.all() == []


def test_launched_run_is_over_once_neither_pool_nor_process_has_it(scene: Scene) -> None:
    lost, waiting = (scene.launch(DagsterRunStatus.STARTING) for _ in range(2))
    canceling = scene.launch(DagsterRunStatus.CANCELING)
    created = scene.run(DagsterRunStatus.NOT_STARTED)
    scene.in_pool.add(waiting.run_id)
    scene.watch.look(0.0)
    assert scene.status(lost) == DagsterRunStatus.STARTING
    scene.watch.look(HANDING_OVER_SECONDS + 1)
    assert scene.status(lost) == DagsterRunStatus.FAILURE
    assert scene.status(canceling) == DagsterRunStatus.CANCELED
    assert scene.status(waiting) == DagsterRunStatus.STARTING
    assert scene.status(created) == DagsterRunStatus.NOT_STARTED
    assert scene.executions.launched() == [waiting.run_id]


def test_a_run_whose_launcher_died_half_way_is_found_as_soon(scene: Scene) -> None:
    """Killed after Dagster had called the run starting, the daemon had told nobody here of it: it
    stood in the way until its three minutes to start were over."""
    noted: list[tuple[str, DagsterRunStatus]] = []
    run, other = (scene.run(DagsterRunStatus.NOT_STARTED) for _ in range(2))

    class Noting(Executions):
        def note_launched(self, run_id: str) -> None:
            noted.append((run_id, scene.status(run)))
            super().note_launched(run_id)

    instance = noting_launches(scene.instance, Noting(scene.folder))
    for kind, of in ((DagsterEventType.RUN_STARTING, run), (DagsterEventType.RUN_DEQUEUED, other)):
        event = DagsterEvent(kind.value, of.job_name)
        instance.report_dagster_event(event, run_id=of.run_id)
    assert noted == [(run.run_id, DagsterRunStatus.NOT_STARTED)]
    assert scene.status(run) == DagsterRunStatus.STARTING
    scene.watch.look(0.0)
    scene.watch.look(HANDING_OVER_SECONDS + 1)
    assert scene.status(run) == DagsterRunStatus.FAILURE
    assert scene.executions.launched() == []


def test_runs_of_another_home_are_left_to_it(scene: Scene, tmp_path: Path) -> None:
    """Two homes of one PostgreSQL: each failed what the other had just launched."""
    other = Executions(tmp_path / "other" / "executing")
    runs_there = {
        status: scene.launch(status, other)
        for status in (DagsterRunStatus.STARTING, DagsterRunStatus.CANCELING)
    }
    scene.watch.look(0.0)
    scene.watch.look(10_000.0)
    for status, run in runs_there.items():
        assert scene.status(run) == status
    there = RunWatch(scene.instance, other, lambda _: False)
    there.look(0.0)
    there.look(10_000.0)
    assert [scene.status(run) for run in runs_there.values()] == [
        DagsterRunStatus.FAILURE, DagsterRunStatus.CANCELED,
    ]  # fmt: skip


def test_a_run_that_was_taken_up_is_launched_no_more(scene: Scene) -> None:
    run = scene.launch(DagsterRunStatus.STARTING)
    with scene.executions.executing(run.run_id):
        assert scene.executions.launched() == []


def test_run_its_process_has_put_down_unrecorded_is_over(scene: Scene) -> None:
    """Without the database its end could not be recorded, and it stayed in progress for ever."""
    run = scene.run(DagsterRunStatus.STARTED)
    with scene.executions.executing(run.run_id):
        scene.watch.look(0.0)
        assert scene.status(run) == DagsterRunStatus.STARTED
    scene.watch.look(1.0)
    assert scene.status(run) == DagsterRunStatus.FAILURE


@job
def failing() -> None:
    """A job whose one step fails."""

    @op
    def fails() -> None:
        """Fails."""
        raise ValueError("as it must")

    fails()


def test_run_that_fails_by_itself_is_not_interrupted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A busy machine was slow to tell the outcome, and the process interrupted itself."""
    monkeypatch.setattr(runs, "CANCELLATION_SECONDS", 0.05)
    run_id = make_new_run_id()
    with DagsterInstance.local_temp(str(tmp_path)) as instance:
        with runs._interrupted_when_cancelled(instance, run_id):
            result = failing.execute_in_process(
                instance=instance, run_id=run_id, raise_on_error=False
            )
            time.sleep(1)
        assert not result.success


@pytest.fixture(params=[signal.SIG_IGN, signal.default_int_handler], ids=["deaf", "hearing"])
def handler(request: pytest.FixtureRequest) -> Iterator[Any]:
    """What the process does on an interrupt: one that a script starts with `&` ignores it."""
    before = signal.signal(signal.SIGINT, request.param)
    yield request.param
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("is_failed", [False, True])
def test_run_that_another_process_ends_is_interrupted(
    is_failed: bool, handler: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a deaf process the run went on, cancelled or not."""
    monkeypatch.setattr(runs, "CANCELLATION_SECONDS", 0.05)
    with (
        DagsterInstance.local_temp(str(tmp_path)) as instance,
        DagsterInstance.local_temp(str(tmp_path)) as elsewhere,
    ):
        run = instance.create_run_for_job(job_def=trial, status=DagsterRunStatus.STARTED)
        end = elsewhere.report_run_failed if is_failed else elsewhere.report_run_canceling
        with pytest.raises(KeyboardInterrupt):
            _wait_for_its_end(instance, run, end)
    assert signal.getsignal(signal.SIGINT) == handler


def _wait_for_its_end(
    instance: DagsterInstance, run: DagsterRun, end: Callable[[DagsterRun], object]
) -> None:
    with runs._interrupted_when_cancelled(instance, run.run_id):
        end(run)
        # Another thread raises the signal: a sleep of this one would not end by it.
        for _ in range(300):
            time.sleep(0.1)
