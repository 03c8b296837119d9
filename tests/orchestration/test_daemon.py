"""What the daemon beats for: threads that come round, sensors that tick."""

import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from dagster import DagsterInstance
from dagster._core.remote_origin import (
    GrpcServerCodeLocationOrigin,
    RemoteInstigatorOrigin,
    RemoteRepositoryOrigin,
)
from dagster._core.scheduler.instigation import (
    InstigatorState,
    InstigatorStatus,
    InstigatorType,
    SensorInstigatorData,
)

from lead_platform.orchestration.daemon import ROUND_SECONDS, TICK_SECONDS, Pulse, SensorTicks


def test_thread_that_does_not_come_round_stands() -> None:
    pulse = Pulse()
    loops = {name: pulse.follow(_daemon(name)).core_loop() for name in ("SENSOR", "SCHEDULER")}
    started = max(pulse.rounds.values())
    assert pulse.stands(started + ROUND_SECONDS - 1) == []
    later = started + ROUND_SECONDS + 1
    assert sorted(pulse.stands(later)) == ["SCHEDULER", "SENSOR"]
    next(loops["SENSOR"])
    pulse.rounds["SENSOR"] = later
    assert pulse.stands(later) == ["SCHEDULER"]


def test_daemon_stops_its_loop_when_it_is_stopped() -> None:
    closed: list[str] = []
    loop = Pulse().follow(_daemon("SENSOR", closed)).core_loop()
    next(loop)
    loop.close()
    assert closed == ["SENSOR"]


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[DagsterInstance]:
    with DagsterInstance.local_temp(str(tmp_path)) as made:
        yield made


def test_sensors_that_no_longer_tick_are_noticed(instance: DagsterInstance) -> None:
    state = _add_sensor(instance, tick=time.time())
    ticks = SensorTicks(instance)
    began = time.monotonic()
    assert ticks.move(began)
    assert ticks.move(began + TICK_SECONDS - 1)
    assert not ticks.move(began + TICK_SECONDS + 20)
    _set_tick(instance, state, time.time() + 1)
    assert ticks.move(began + TICK_SECONDS + 40)


def test_no_sensor_and_no_answer_are_no_fault_of_the_daemon(instance: DagsterInstance) -> None:
    assert SensorTicks(instance).move(time.monotonic() + 10_000)
    unreachable: Any = SimpleNamespace()
    assert SensorTicks(unreachable).move(time.monotonic() + 10_000)


def test_tick_of_the_future_is_forgotten_and_its_cursor_kept(instance: DagsterInstance) -> None:
    """With the clock set back by an hour, sensors did not look for an hour."""
    state = _add_sensor(instance, tick=time.time() + 3600)
    SensorTicks(instance).move(time.monotonic())
    found = instance.get_instigator_state(state.instigator_origin_id, state.selector_id)
    assert found
    data = found.instigator_data
    assert isinstance(data, SensorInstigatorData)
    assert data.last_tick_timestamp is None
    assert data.last_tick_start_timestamp is None
    assert data.cursor == "here"


def _daemon(name: str, closed: list[str] | None = None) -> Any:
    def loop() -> Iterator[None]:
        try:
            while True:
                yield
        finally:
            (closed if closed is not None else []).append(name)

    return SimpleNamespace(daemon_type=lambda: name, core_loop=loop)


def _add_sensor(instance: DagsterInstance, *, tick: float) -> InstigatorState:
    location = GrpcServerCodeLocationOrigin(host="localhost", socket="/code", location_name="here")
    origin = RemoteInstigatorOrigin(RemoteRepositoryOrigin(location, "__repository__"), "inbox")
    data = SensorInstigatorData(
        cursor="here", last_tick_timestamp=tick, last_tick_start_timestamp=tick
    )
    return instance.add_instigator_state(
        InstigatorState(origin, InstigatorType.SENSOR, InstigatorStatus.RUNNING, data)
    )


def _set_tick(instance: DagsterInstance, state: InstigatorState, tick: float) -> None:
    data: Any = state.instigator_data
    instance.update_instigator_state(state.with_data(data._replace(last_tick_timestamp=tick)))
