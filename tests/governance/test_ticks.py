"""Sensors whose ticks fail are told, one alert for each cause; an outage that is over is not."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from dagster import DagsterInstance, build_sensor_context
from dagster._core.definitions.run_request import InstigatorType
from dagster._core.errors import DagsterUserCodeUnreachableError
from dagster._core.remote_origin import (
    RegisteredCodeLocationOrigin,
    RemoteInstigatorOrigin,
    RemoteRepositoryOrigin,
)
from dagster._core.scheduler.instigation import (
    InstigatorState,
    InstigatorStatus,
    TickData,
    TickStatus,
)
from dagster._utils.error import serializable_error_info_from_exc_info

from lead_platform.governance import sensors
from lead_platform.governance.notifications import open_book
from lead_platform.governance.ticks import watch_ticks
from lead_platform.settings import Settings


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[DagsterInstance]:
    folder = tmp_path / "dagster"
    folder.mkdir()
    with DagsterInstance.local_temp(str(folder)) as made:
        yield made


def declared(instance: DagsterInstance, name: str) -> InstigatorState:
    """The state the daemon notes of a sensor that runs because the code says so."""
    location = RegisteredCodeLocationOrigin("lead_platform")
    repository = RemoteRepositoryOrigin(location, "__repository__")
    return instance.add_instigator_state(
        InstigatorState(
            RemoteInstigatorOrigin(repository, name),
            InstigatorType.SENSOR,
            InstigatorStatus.DECLARED_IN_CODE,
        )
    )


def raised() -> Exception:
    """What Dagster makes of an error in a sensor's code: one of its own, caused by it."""
    try:
        try:
            raise ValueError("jane.doe@example.org")
        except ValueError as error:
            raise RuntimeError("in the sensor") from error
    except RuntimeError as error:
        return error


def note_tick(
    instance: DagsterInstance, state: InstigatorState, at: float, error: Exception | None = None
) -> None:
    """A tick as the daemon notes it."""
    told = error and serializable_error_info_from_exc_info(
        (type(error), error, error.__traceback__)
    )
    instance.create_tick(
        TickData(
            state.instigator_origin_id,
            state.instigator_name,
            InstigatorType.SENSOR,
            TickStatus.FAILURE if error else TickStatus.SKIPPED,
            float(at),
            selector_id=state.selector_id,
            error=told or None,
        )
    )


def test_a_sensor_that_raises_is_told_until_its_next_good_tick(
    embedded_settings: Settings, instance: DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An inbox whose sensor raised at every tick took in nothing, and all lights were green."""
    monkeypatch.setenv("LEAD_PLATFORM_HOME", str(embedded_settings.home))
    embedded_settings.prepare_home()
    inbox, idle = declared(instance, "inbox"), declared(instance, "upkeep")
    own = declared(instance, "alerts")
    broken = raised()
    note_tick(instance, inbox, at=1_782_864_000)
    for minute in range(1, 4):
        note_tick(instance, inbox, at=1_782_864_000 + 60 * minute, error=broken)
        note_tick(instance, own, at=1_782_864_000 + 60 * minute, error=broken)
    note_tick(instance, idle, at=1_782_864_000)
    for state in ("open", "resolved"):
        with build_sensor_context(instance=instance) as context:
            sensors.alerts(context)
        (alert,) = open_book(embedded_settings).alerts()
        assert (alert.kind, alert.subject, alert.state) == ("sensor_failing", "ValueError", state)
        assert alert.text == "inbox (last good tick 2026-07-01 00:00 UTC)"
        assert alert.occurrences == 1
        if state == "open":
            note_tick(instance, inbox, at=1_782_864_300)
    note_tick(instance, idle, at=1_782_864_600, error=broken)
    assert [signal.subject for signal in watch_ticks(instance, "alerts")] == ["ValueError"]
    instance.update_instigator_state(idle.with_status(InstigatorStatus.STOPPED))
    assert watch_ticks(instance, "alerts") == []


def unreachable() -> Exception:
    """What the daemon notes of a tick while the code server does not answer."""
    try:
        try:
            raise TimeoutError("deadline exceeded")
        except TimeoutError as error:
            raise DagsterUserCodeUnreachableError("Unable to reach the code server") from error
    except DagsterUserCodeUnreachableError as error:
        return error


@dataclass
class Ticking:
    """Sensors that tick at their intervals (seconds), and what the one called alerts tells."""

    instance: DagsterInstance
    every: dict[str, int]
    states: dict[str, InstigatorState] = field(default_factory=dict)

    def signals(self, seconds: int, is_out: Callable[[str, int], bool]) -> list[list[str]]:
        """What each look of alerts tells, in whose own tick nothing is out."""
        begun, told = 1_782_864_000, []
        self.states = {name: declared(self.instance, name) for name in self.every}
        for second in range(0, seconds, 5):
            for name, every in self.every.items():
                if second % every == 0:
                    error = unreachable() if is_out(name, second) else None
                    if name == "alerts" and error is None:
                        told.append([one.text for one in watch_ticks(self.instance, "alerts")])
                    note_tick(self.instance, self.states[name], begun + second, error)
        return told


@pytest.mark.parametrize(("begins", "lasts"), [(55, 20), (60, 70), (5, 130), (115, 10)])
def test_an_outage_of_the_code_server_that_is_over_is_told_of_no_sensor(
    instance: DagsterInstance, begins: int, lasts: int
) -> None:
    """A freeze of half a minute was told as three sensors that fail, after it had been healed."""
    ticking = Ticking(instance, {"alerts": 60, "inbox": 5, "backlog": 60, "upkeep": 60})
    told = ticking.signals(360, lambda _, second: begins <= second < begins + lasts)
    assert len(told) > 2
    assert not any(told)


def test_those_that_cannot_be_reached_while_others_can_are_one_alert_until_they_can(
    instance: DagsterInstance,
) -> None:
    ticking = Ticking(instance, {"inbox": 5, "outcomes": 30, "upkeep": 60, "alerts": 60})
    told = ticking.signals(
        420, lambda name, second: name in ("inbox", "outcomes") and 30 <= second < 250
    )
    assert [len(texts) for texts in told] == [0, 0, 1, 1, 1, 0, 0]
    good = "last good tick 2026-07-01 00:00 UTC"
    assert told[2] == [f"inbox ({good}), outcomes ({good})"]
