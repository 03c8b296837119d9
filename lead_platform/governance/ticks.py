"""Sensors and schedules that fail at every tick: one signal for each kind of error, which names
them.

An outage of the code server fails the ticks of all of them. Whoever looks runs in that server, so
it is over by then, and told by the supervisor where it comes back.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime

from dagster import DagsterInstance
from dagster._core.errors import DagsterUserCodeUnreachableError
from dagster._core.scheduler.instigation import (
    InstigatorState,
    InstigatorStatus,
    InstigatorTick,
    TickStatus,
)
from dagster_shared.error import SerializableErrorInfo

from lead_platform.governance.alerts import Signal

_GOOD = [TickStatus.SUCCESS, TickStatus.SKIPPED]


@dataclass(frozen=True)
class _Failing:
    """A sensor or schedule whose last tick raised, and its last good one (seconds since 1970)."""

    name: str
    error: str
    good_at: float | None

    @property
    def told(self) -> str:
        if self.good_at is None:
            return f"{self.name} (no tick was good)"
        return f"{self.name} (last good tick {datetime.fromtimestamp(self.good_at, UTC):{_MINUTE}})"


_MINUTE = "%Y-%m-%d %H:%M UTC"


def watch_ticks(instance: DagsterInstance, own: str) -> list[Signal]:
    """By kind of error, which sensors and schedules nobody stopped raised it at their last tick.

    `own`: the sensor that looks; this tick of it does not fail. The kind of error only: its words
    may repeat what it stumbled over.
    """
    states = {
        state.selector_id: state
        for state in instance.all_instigator_state()
        if state.status != InstigatorStatus.STOPPED
    }
    if not states:
        return []
    # Two, for the newest may be in progress; this version of Dagster fails on a choice of statuses.
    latest = instance.get_batch_ticks(list(states), limit=2)
    looked_at = max(
        (_last_good(instance, state) or 0.0 for state in states.values() if _is(state, own)),
        default=0.0,
    )
    failing: dict[str, list[_Failing]] = defaultdict(list)
    for selector, ticks in latest.items():
        state = states[selector]
        ended = next((tick for tick in ticks if tick.status != TickStatus.STARTED), None)
        if ended is None or ended.error is None or _is(state, own):
            continue
        good_at = _last_good(instance, state)
        if _is_outage(ended.error) and not _outlasts(instance, state, ended, good_at, looked_at):
            continue
        found = _Failing(state.instigator_name, _kind_of(ended.error), good_at)
        failing[found.error].append(found)
    return [_signal(error, group) for error, group in sorted(failing.items())]


def _is(state: InstigatorState, name: str) -> bool:
    return state.instigator_name == name


def _signal(error: str, group: list[_Failing]) -> Signal:
    ordered = sorted(group, key=lambda one: one.name)
    text = ", ".join(one.told for one in ordered)
    names = [one.name for one in ordered]
    return Signal("sensor_failing", error, text, is_condition=True, causes=names)


def _outlasts(
    instance: DagsterInstance,
    state: InstigatorState,
    last: InstigatorTick,
    good_at: float | None,
    looked_at: float,
) -> bool:
    """Whether it failed before and after the last look, while the code server answered that."""
    if last.timestamp <= looked_at or not looked_at:
        return False
    failed = instance.get_ticks(
        state.instigator_origin_id,
        state.selector_id,
        after=good_at,
        before=looked_at,
        limit=1,
        statuses=[TickStatus.FAILURE],
    )
    return bool(failed)


def _last_good(instance: DagsterInstance, state: InstigatorState) -> float | None:
    good = instance.get_ticks(
        state.instigator_origin_id, state.selector_id, limit=1, statuses=_GOOD
    )
    return good[0].timestamp if good else None


def _chain(error: SerializableErrorInfo) -> list[SerializableErrorInfo]:
    """The error and what it came of, that last."""
    return [error, *(_chain(error.cause) if error.cause else ())]


def _kind_of(error: SerializableErrorInfo) -> str:
    """What raised first: the others followed from it."""
    return _chain(error)[-1].cls_name or "an error"


def _is_outage(error: SerializableErrorInfo) -> bool:
    """Whether the code server was not to be reached."""
    names = {one.cls_name for one in _chain(error)}
    return DagsterUserCodeUnreachableError.__name__ in names
