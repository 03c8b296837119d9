"""After the clock was ahead, Dagster goes on: nothing it stored or holds is waited for.

A schedule stood still until the clock was there again, and so did whatever the daemon's threads had
seen; a run begun in the future had no time limit.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from dagster import DagsterInstance, DagsterRunStatus, RunsFilter, job, op
from dagster._core.remote_origin import (
    GrpcServerCodeLocationOrigin,
    RemoteInstigatorOrigin,
    RemoteRepositoryOrigin,
)
from dagster._core.scheduler.instigation import (
    InstigatorState,
    InstigatorStatus,
    InstigatorType,
    ScheduleInstigatorData,
    TickData,
    TickStatus,
)
from dagster._core.storage.tags import SCHEDULED_EXECUTION_TIME_TAG

from benchmarks.clock import clock_variables, set_clock
from lead_platform.orchestration.clock import correct_storage
from lead_platform.orchestration.lifeline import PARENT_VARIABLE, PIPE_VARIABLE
from lead_platform.orchestration.runs import prepared_instance
from lead_platform.orchestration.status import (
    check_up,
    only_one,
    write_status,
    written_now,
)
from lead_platform.processes import ProcessId
from lead_platform.settings import PROJECT_ROOT, Settings

WEEKS = 30 * 86_400.0
DAY = 86_400.0


@op
def nothing() -> None:
    """Nothing."""


@job
def trial() -> None:
    """A job that is never executed."""
    nothing()


@pytest.fixture
def instance(settings: Settings) -> Iterator[DagsterInstance]:
    with prepared_instance(settings) as made:
        yield made


class Schedule:
    """A schedule of an instance, looked at in the future."""

    def __init__(self, instance: DagsterInstance, name: str, now: float) -> None:
        location = GrpcServerCodeLocationOrigin(host="localhost", socket="/code")
        origin = RemoteInstigatorOrigin(RemoteRepositoryOrigin(location, "__repository__"), name)
        data = ScheduleInstigatorData("0 4 * * *", now - 9 * DAY, now + WEEKS)
        self.instance = instance
        self.state = InstigatorState(
            origin, InstigatorType.SCHEDULE, InstigatorStatus.RUNNING, data
        )
        instance.add_instigator_state(self.state)

    def tick(self, at: float, status: TickStatus) -> None:
        """One that was at this time."""
        state = self.state
        self.instance.create_tick(
            TickData(
                state.instigator_origin_id, state.instigator_name, InstigatorType.SCHEDULE,
                status, at, run_ids=[], selector_id=state.selector_id,
            )
        )  # fmt: skip

    def ticks(self) -> list[tuple[float, TickStatus]]:
        """Its ticks, the newest first."""
        found = self.instance.get_ticks(self.state.instigator_origin_id, self.state.selector_id)
        return [(tick.timestamp, tick.status) for tick in found]

    def data(self) -> ScheduleInstigatorData:
        """What Dagster keeps of it."""
        found = self.instance.get_instigator_state(
            self.state.instigator_origin_id, self.state.selector_id
        )
        assert found
        assert isinstance(found.instigator_data, ScheduleInstigatorData)
        return found.instigator_data


def test_a_schedule_goes_on_from_its_last_tick_of_the_past(instance: DagsterInstance) -> None:
    now = time.time()
    schedule = Schedule(instance, "audit", now)
    for at in (now - 2 * DAY, now - DAY, now + 2 * DAY, now + WEEKS):
        schedule.tick(at, TickStatus.SUCCESS)
    correct_storage(instance, now)
    assert [at for at, _ in schedule.ticks()] == [now - DAY, now - 2 * DAY]
    assert schedule.data() == ScheduleInstigatorData("0 4 * * *", now - 9 * DAY, None)
    correct_storage(instance, now)
    assert len(schedule.ticks()) == 2


def test_what_was_begun_in_the_future_began_now(instance: DagsterInstance) -> None:
    now = time.time()
    schedule = Schedule(instance, "audit", now)
    schedule.tick(now - DAY, TickStatus.SUCCESS)
    schedule.tick(now + WEEKS, TickStatus.STARTED)
    runs = {
        (status, ahead): instance.create_run_for_job(job_def=trial, status=status).run_id
        for status in (DagsterRunStatus.STARTED, DagsterRunStatus.SUCCESS)
        for ahead in (-DAY, 30.0, WEEKS)
    }
    for (_, ahead), run_id in runs.items():
        _begin(instance, run_id, now + ahead)
    correct_storage(instance, now)
    assert schedule.ticks() == [
        (now, TickStatus.STARTED),
        (now - DAY, TickStatus.SUCCESS),
    ]
    began = {
        key: round((record.start_time or 0.0) - now)
        for key, run_id in runs.items()
        for record in instance.get_run_records(RunsFilter(run_ids=[run_id]))
    }
    started, ended = DagsterRunStatus.STARTED, DagsterRunStatus.SUCCESS
    assert began == {
        (started, -DAY): -DAY, (started, 30.0): 30, (started, WEEKS): 0,
        (ended, -DAY): -DAY, (ended, 30.0): 30, (ended, WEEKS): WEEKS,
    }  # fmt: skip


def test_a_run_for_a_time_to_come_is_not_the_one_of_that_time(instance: DagsterInstance) -> None:
    """Dagster found it when that time came, and the day went without its refresh of scores."""
    now = time.time()
    ahead = {days: _due(now + days * DAY) for days in (-1, 0, 2, 400)}
    for due in ahead.values():
        tags = {SCHEDULED_EXECUTION_TIME_TAG: due, "dagster/schedule_name": "audit"}
        instance.create_run_for_job(job_def=trial, status=DagsterRunStatus.SUCCESS, tags=tags)
    correct_storage(instance, now)
    found = {
        days: instance.get_runs_count(RunsFilter(tags={SCHEDULED_EXECUTION_TIME_TAG: due}))
        for days, due in ahead.items()
    }
    assert found == {-1: 1, 0: 1, 2: 0, 400: 0}
    assert instance.get_runs_count(RunsFilter(tags={"dagster/schedule_name": "audit"})) == 4


def test_the_daemon_ends_once_the_clock_is_set_back(
    embedded_settings: Settings, tmp_path: Path
) -> None:
    """Its supervisor starts the next one, which has seen nothing of the future."""
    clock = clock_variables(tmp_path)
    if not clock:
        pytest.skip("no C compiler is at hand")
    set_clock(WEEKS, clock)
    with prepared_instance(embedded_settings):
        pass
    workspace = tmp_path / "workspace.yaml"
    workspace.write_text("load_from: []\n")
    beats, theirs = os.pipe()
    environment = {
        **os.environ, **clock, "PYTHONPATH": str(PROJECT_ROOT),
        PARENT_VARIABLE: str(os.getpid()), PIPE_VARIABLE: str(theirs),
    }  # fmt: skip
    daemon = subprocess.Popen(
        [sys.executable, "-m", "lead_platform.orchestration.daemon", str(workspace)],
        env=environment, pass_fds=(theirs,), start_new_session=True,
    )  # fmt: skip
    try:
        os.close(theirs)
        assert os.read(beats, 1), "it beats"
        set_clock(WEEKS - 30, clock)
        time.sleep(4)
        assert daemon.poll() is None, "so far clocks differ"
        set_clock(0, clock)
        assert daemon.wait(30) == 0
    finally:
        os.close(beats)
        if daemon.poll() is None:
            daemon.send_signal(signal.SIGKILL)
            daemon.wait()


def _due(at: float) -> str:
    """A schedule's time as Dagster notes it with the run: whole minutes, in UTC."""
    return datetime.fromtimestamp(at // 60 * 60, UTC).isoformat()


def _begin(instance: DagsterInstance, run_id: str, at: float) -> None:
    """As Dagster notes it: in a column beside the run."""
    from dagster._core.storage.runs.schema import RunsTable

    storage: Any = instance.run_storage
    with storage.connect() as connection:
        connection.execute(
            RunsTable.update().where(RunsTable.c.run_id == run_id).values(start_time=at)
        )


@pytest.mark.parametrize(("ahead", "told"), [(-30, "for 30 s"), (WEEKS, "since the clock")])
def test_an_up_that_hangs_is_told_whatever_time_it_wrote_last(
    embedded_settings: Settings, ahead: float, told: str
) -> None:
    """One that hung since the clock was ahead was well until the clock was there again."""
    embedded_settings.prepare_home()
    with only_one(embedded_settings):
        status = written_now(ProcessId.of(os.getpid()), 1, embedded_settings.home, [])
        write_status(embedded_settings, replace(status, written_at=time.time() + ahead))
        check = check_up(embedded_settings)
    assert not check.is_well
    assert f"has said nothing {told}" in check.lines[0]
