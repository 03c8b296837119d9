"""The machine's clock when it is set back: noticed, and Dagster's records of a time to come mended.

Dagster would wait until the clock is there again: what it has stored is corrected here; what its
processes hold in memory goes with them, so that the daemon is to be started again.
"""

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from dagster import DagsterInstance, DagsterRunStatus
from dagster._core.scheduler.instigation import InstigatorState, TickStatus
from dagster._core.storage.runs import SqlRunStorage
from dagster._core.storage.runs.schema import RunsTable, RunTagsTable
from dagster._core.storage.schedules import SqlScheduleStorage
from dagster._core.storage.schedules.schema import JobTickTable
from dagster._core.storage.tags import SCHEDULED_EXECUTION_TIME_TAG

from lead_platform.instants import CLOCKS_DIFFER_BY

_UNFINISHED = set(DagsterRunStatus) - {
    DagsterRunStatus.SUCCESS,
    DagsterRunStatus.FAILURE,
    DagsterRunStatus.CANCELED,
}

# Set so far into the future, the last look at a sensor or schedule is not waited for.
_MARK_SECONDS = 5.0


class ClockWatch:
    """Whether the clock was set back since: held against the monotonic one, which nobody sets."""

    def __init__(self) -> None:
        self._furthest = time.time() - time.monotonic()

    def is_set_back(self) -> bool:
        """By more than clocks differ, from the furthest it has been; it stays so."""
        ahead = time.time() - time.monotonic()
        self._furthest = max(self._furthest, ahead)
        return self._furthest - ahead > CLOCKS_DIFFER_BY.total_seconds()


def correct_storage(instance: DagsterInstance, now: float) -> None:
    """Mend whatever Dagster keeps of a time after `now` (seconds since 1970), before its daemon
    begins to wait for that.

    Unfinished runs and ticks began now; ticks that ended are forgotten, for the newest tells from
    when on a schedule is due: what was missed since the last of the past is, once. A run that a
    schedule had for a time to come is not the one of that time.
    """
    correct_marks(instance, instance.all_instigator_state(), now)
    latest = now + CLOCKS_DIFFER_BY.total_seconds()
    schedules, runs = instance.schedule_storage, instance.run_storage
    assert isinstance(schedules, SqlScheduleStorage)
    assert isinstance(runs, SqlRunStorage)
    ticks, began = JobTickTable.c, RunsTable.c.start_time
    are_to_come = ticks.timestamp > datetime.fromtimestamp(latest, UTC)
    with schedules.connect() as connection:
        is_ended = ticks.status != TickStatus.STARTED.value
        connection.execute(JobTickTable.delete().where(are_to_come, is_ended))
        left = connection.execute(JobTickTable.select().where(are_to_come)).fetchall()
    for tick in schedules.get_ticks_by_ids([row.id for row in left]):
        moved = tick.tick_data._replace(timestamp=now)
        schedules.update_tick(tick._replace(tick_data=moved))
    is_unfinished = RunsTable.c.status.in_(status.value for status in _UNFINISHED)
    with runs.connect() as connection:
        connection.execute(
            RunsTable.update().where(is_unfinished, began > latest).values(start_time=now)
        )
        tag = RunTagsTable.c
        # As Dagster writes it, in UTC: its order is that of time.
        is_to_come = tag.value > datetime.fromtimestamp(latest, UTC).isoformat()
        is_due_time = tag.key == SCHEDULED_EXECUTION_TIME_TAG
        connection.execute(RunTagsTable.delete().where(is_due_time, is_to_come))


def correct_marks(instance: DagsterInstance, states: Sequence[InstigatorState], now: float) -> None:
    """Forget when these sensors and schedules were last looked at, where that is after `now`; what
    they remember else stays. One that was switched on in the future is on from now."""
    for state in states:
        data: Any = state.instigator_data
        to_come = {
            mark: corrected
            for mark, corrected in _corrections(now).items()
            if (getattr(data, mark, None) or 0.0) > now + _MARK_SECONDS
        }
        if to_come:
            instance.update_instigator_state(state.with_data(data._replace(**to_come)))


def _corrections(now: float) -> dict[str, float | None]:
    """By the name of a sensor's or a schedule's mark."""
    looked_at = ("last_tick_timestamp", "last_tick_start_timestamp", "last_iteration_timestamp")
    return {**dict.fromkeys(looked_at), "start_timestamp": now}
