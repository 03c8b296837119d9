"""What the runs tell of what was left behind, and when it is asked for again."""

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from dagster import (
    DagsterInstance,
    DagsterRunStatus,
    SensorResult,
    build_sensor_context,
    job,
    op,
)
from dagster._core.execution.api import create_execution_plan
from hypothesis import given
from hypothesis import strategies as st

from lead_platform.governance import sensors
from lead_platform.governance.attempts import RETRY_AFTER, RETRY_AFTER_AT_MOST
from lead_platform.governance.leftovers import (
    RETRY_WITHIN,
    Cursor,
    find_leftovers,
    is_under_way,
)
from lead_platform.lake.lake import utc_now
from lead_platform.lake.switches import Switch, switches_of
from lead_platform.settings import Settings
from tests.governance.retries import will_be_retried
from tests.identity.test_rereading import AT, NORA, make_world
from tests.templates import Templates, open_lake

FAILS = {"failing": False}
NOW = datetime(2026, 11, 27, 9, 0, tzinfo=UTC).replace(tzinfo=None)


@op
def first() -> None:
    """Fails when told to."""
    if FAILS["failing"]:
        raise ValueError("no")


@op
def second() -> None:
    """Does nothing."""


@job
def process_new_leads() -> None:
    """Two steps."""
    first()
    second()


@job
def maintain() -> None:
    """Not on the way of a lead."""
    first()


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[DagsterInstance]:
    with DagsterInstance.local_temp(str(tmp_path)) as made:
        FAILS["failing"] = False
        yield made


def run(instance: DagsterInstance, definition: object = process_new_leads) -> str:
    ended = definition.execute_in_process(  # type: ignore[attr-defined]
        instance=instance, raise_on_error=False
    )
    return str(ended.run_id)


def run_part(instance: DagsterInstance, step: str) -> None:
    """As the UI does with one step of a job."""
    plan = create_execution_plan(process_new_leads, step_keys_to_execute=[step])
    instance.create_run_for_job(process_new_leads, plan, status=DagsterRunStatus.SUCCESS)


def found(instance: DagsterInstance, *switches: Switch) -> bool:
    return find_leftovers(instance, switches, utc_now()) is not None


def test_only_a_whole_run_that_began_later_covers_one_that_failed(
    instance: DagsterInstance,
) -> None:
    assert found(instance), "no run is known"
    run(instance)
    assert not found(instance)
    FAILS["failing"] = True
    failed = run(instance)
    assert found(instance)
    will_be_retried(instance, failed)
    assert not found(instance), "its retry is to come"
    later = utc_now() + RETRY_WITHIN
    assert find_leftovers(instance, (), later), "it does not come"
    instance.add_run_tags(failed, {"dagster/will_retry": "false"})
    assert found(instance)
    FAILS["failing"] = False
    run_part(instance, "second")
    assert found(instance), "a part of the way does not cover it"
    run(instance)
    assert not found(instance)


def test_a_part_of_the_way_leaves_something_and_other_jobs_nothing(
    instance: DagsterInstance,
) -> None:
    run(instance)
    FAILS["failing"] = True
    run(instance, maintain)
    assert not found(instance)
    FAILS["failing"] = False
    run_part(instance, "first")
    assert found(instance)


def test_a_run_under_way_takes_it_up(instance: DagsterInstance) -> None:
    instance.create_run_for_job(maintain, status=DagsterRunStatus.STARTED)
    assert not is_under_way(instance)
    instance.create_run_for_job(process_new_leads, status=DagsterRunStatus.STARTED)
    assert is_under_way(instance)


def test_a_switch_tells_once_it_is_on_again(instance: DagsterInstance) -> None:
    before = utc_now()
    run(instance)
    later = utc_now()

    def thrown(workflow: str, on: bool, at: datetime) -> Switch:
        return Switch(workflow, on, "Dana", "rules change", at)

    assert found(instance, thrown("scoring", True, later))
    for quiet in (
        thrown("scoring", False, later),
        thrown("scoring", True, before - timedelta(minutes=1)),
        thrown("scoring", True, later + timedelta(days=1)),
        thrown("alerts", True, later),
        thrown("capture", True, later),
    ):
        assert not found(instance, quiet), quiet


@given(st.lists(st.sampled_from(["a", "b"]), min_size=1, max_size=300))
def test_a_lasting_fault_is_asked_for_ever_less_often_and_a_change_at_once(
    minutes: list[str],
) -> None:
    """`minutes`: the state of the rules, minute by minute, while what is asked for fails."""
    cursor, asked = Cursor(), []
    for minute, rules in enumerate(minutes):
        now = NOW + timedelta(minutes=minute)
        if cursor.is_due(rules, now):
            cursor = cursor.asked(rules, now)
            asked.append((minute, rules))
    for (before, rules), (after, others) in itertools.pairwise(asked):
        is_change = minutes[after - 1] != others or rules != others
        assert after - before >= RETRY_AFTER / timedelta(minutes=1) or is_change
        assert after - before <= RETRY_AFTER_AT_MOST / timedelta(minutes=1)


def test_the_waits_double_up_to_the_longest() -> None:
    cursor, asked = Cursor(), []
    for minute in range(80):
        now = NOW + timedelta(minutes=minute)
        if cursor.is_due("same", now):
            cursor = cursor.asked("same", now)
            asked.append(minute)
    assert asked == [0, 2, 6, 14, 30, 46, 62, 78]


def test_a_lake_that_was_restored_to_an_earlier_release_is_taken_up(
    instance: DagsterInstance,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    templates: Templates,
) -> None:
    """On the server profile the runs are known still; a backup may be of the middle of one."""
    monkeypatch.setenv("LEAD_PLATFORM_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("LEAD_PLATFORM_CONFIG_DIR", str(tmp_path / "config"))
    templates.copy_to(Settings(), open_lake)
    world = make_world(Settings(), tmp_path / "config")
    world.receive(NORA)
    run(instance)

    def requests(snapshot_id: int) -> int:
        seen = Cursor(snapshot_id=snapshot_id).model_dump_json()
        with build_sensor_context(cursor=seen, instance=instance) as context:
            result = sensors.leftovers(context)
        assert isinstance(result, SensorResult)
        return len(result.run_requests or ())

    newest = world.lake.published().snapshot_id
    assert [requests(newest), requests(newest + 1)] == [0, 1]
    assert switches_of(world.lake).throw(Switch("catch_up", False, "Dana", "a long list", AT))
    assert requests(newest + 1) == 1
