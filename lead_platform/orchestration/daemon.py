"""Dagster's daemon: sensors, schedules, the run queue, run monitoring and retries.

It beats while each of its threads comes round and the sensors are looked at, and ends once the
machine's clock is set back: all of it waits for times it has seen.
"""

import logging
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dagster import DagsterEvent, DagsterEventType, DagsterInstance
from dagster._core.scheduler.instigation import InstigatorState, InstigatorStatus, InstigatorType
from dagster._core.workspace.context import IWorkspaceProcessContext
from dagster._core.workspace.load_target import WorkspaceFileTarget
from dagster._daemon.auto_run_reexecution.event_log_consumer import EventLogConsumerDaemon
from dagster._daemon.controller import (
    create_daemons_from_instance,
    daemon_controller_from_instance,
)
from dagster._daemon.daemon import DagsterDaemon
from dagster._utils.interrupts import capture_interrupts

from lead_platform.orchestration.clock import ClockWatch, correct_marks, correct_storage
from lead_platform.orchestration.executions import Executions, executions_of
from lead_platform.orchestration.lifeline import Lifeline
from lead_platform.orchestration.logs import fold_repeats
from lead_platform.settings import Settings

LOG = logging.getLogger("lead_platform.up")

# A thread may wait for an answer of the code server, which is given up after 60 s.
ROUND_SECONDS = 120.0

# The sensors look every 5 s, after one another.
TICK_SECONDS = 120.0


@dataclass
class Pulse:
    """When each thread of the daemon last came round, by the name of what it does."""

    started_at: float = field(default_factory=time.monotonic)
    rounds: dict[str, float] = field(default_factory=dict)

    def follow(self, daemon: DagsterDaemon) -> DagsterDaemon:
        """Have the daemon's loop noted."""
        name, loop = daemon.daemon_type(), daemon.core_loop
        self.rounds[name] = time.monotonic()

        def noted(*arguments: Any) -> Iterator[Any]:
            with closing(loop(*arguments)) as rounds:
                for result in rounds:
                    self.rounds[name] = time.monotonic()
                    yield result

        daemon.core_loop = noted  # type: ignore[method-assign, assignment]
        return daemon

    def stands(self, now: float) -> list[str]:
        """What has not come round for too long."""
        return [name for name, at in self.rounds.items() if now - at > ROUND_SECONDS]


@dataclass
class SensorTicks:
    """Whether sensors are looked at: the newest tick of all that are switched on moves.

    A tick of the future would keep Dagster from looking until the clock is there: it is forgotten.
    """

    instance: DagsterInstance
    _newest: float | None = None
    _moved_at: float = field(default_factory=time.monotonic)
    _looked_at: float = float("-inf")

    def move(self, now: float) -> bool:
        """Whether they do; what cannot be read is no fault of the daemon: `up` tells of it."""
        if now - self._looked_at >= 15.0:
            self._looked_at = now
            try:
                newest = self._read_newest()
            except Exception:
                newest = None
            if newest is None or newest != self._newest:
                self._newest, self._moved_at = newest, now
        return now - self._moved_at < TICK_SECONDS

    def _read_newest(self) -> float | None:
        states = self.instance.all_instigator_state(
            instigator_type=InstigatorType.SENSOR,
            instigator_statuses={InstigatorStatus.RUNNING, InstigatorStatus.DECLARED_IN_CODE},
        )
        correct_marks(self.instance, states, time.time())
        return max(map(_newest_tick, states), default=0.0) or None


def _newest_tick(state: InstigatorState) -> float:
    """When the sensor was last looked at, in seconds since 1970; 0 where it never was."""
    data: Any = state.instigator_data
    return max(data.last_tick_start_timestamp or 0, data.last_tick_timestamp or 0) if data else 0


def patient(daemon: DagsterDaemon) -> DagsterDaemon:
    """Have retries wait for the definitions: without them Dagster gives a retry up for good.

    They are not there when all was killed together, and runs were in progress.
    """
    if daemon.daemon_type() != EventLogConsumerDaemon.daemon_type():
        return daemon
    loop = daemon.core_loop

    def waiting(context: IWorkspaceProcessContext, *arguments: Any) -> Iterator[Any]:
        with closing(loop(context, *arguments)) as rounds:
            for result in rounds:
                yield result
                while not _has_definitions(context):
                    time.sleep(1)
                    yield None

    daemon.core_loop = waiting  # type: ignore[method-assign, assignment]
    return daemon


def noting_launches(instance: DagsterInstance, executions: Executions) -> DagsterInstance:
    """The instance, which notes that this home launches a run before it records that it starts.

    Whoever dies between that record and the launcher leaves a run that no process has, and that is
    waited for until its time to start is over, unless this home knows it to be its own.
    """
    report = instance.report_dagster_event

    def noted(dagster_event: DagsterEvent, run_id: str, *arguments: Any, **named: Any) -> None:
        if dagster_event.event_type == DagsterEventType.RUN_STARTING:
            executions.note_launched(run_id)
        report(dagster_event, run_id, *arguments, **named)

    instance.report_dagster_event = noted  # type: ignore[method-assign]
    return instance


def _has_definitions(context: IWorkspaceProcessContext) -> bool:
    entries = context.create_request_context().get_code_location_entries().values()
    return bool(entries) and all(entry.code_location for entry in entries)


@contextmanager
def _prepared(instance: DagsterInstance) -> Iterator[DagsterInstance]:
    """The instance, with nothing in its storage that a daemon would wait for; it notes launches."""
    with instance:
        correct_storage(instance, time.time())
        yield noting_launches(instance, executions_of(Settings()))


def main() -> None:
    """Run the daemon for the workspace given as the one argument, until asked to end."""
    lifeline = Lifeline()
    workspace = Path(sys.argv[1])
    pulse, clock = Pulse(), ClockWatch()
    with (
        capture_interrupts(),
        _prepared(DagsterInstance.get()) as instance,
        daemon_controller_from_instance(
            instance,
            WorkspaceFileTarget([str(workspace)]),
            gen_daemons=lambda of: [
                pulse.follow(patient(each)) for each in create_daemons_from_instance(of)
            ],
            log_level="warning",
        ) as controller,
    ):
        # The controller has set up its handlers.
        fold_repeats()
        ticks = SensorTicks(instance)

        def is_well() -> bool:
            if clock.is_set_back():
                # Its threads wait for the time they had seen: the next daemon begins anew.
                LOG.warning("the clock was set back: the daemon ends, to be started again")
                os.kill(os.getpid(), signal.SIGINT)
                return False
            now = time.monotonic()
            return not pulse.stands(now) and ticks.move(now)

        lifeline.beat(is_well)
        try:
            controller.check_daemon_loop()
        except KeyboardInterrupt:
            return


if __name__ == "__main__":
    main()
