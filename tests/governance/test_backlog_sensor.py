"""The sensor `backlog`: a slice an hour of what is behind, and nothing while others run."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from dagster import (
    DagsterInstance,
    DagsterRunStatus,
    SensorResult,
    SkipReason,
    build_sensor_context,
    job,
    op,
)

from lead_platform.governance import sensors
from lead_platform.lake.switches import Switch, switches_of
from lead_platform.settings import Settings
from tests.identity.test_rereading import AT, NORA, World, make_world
from tests.templates import Templates, open_lake


@op
def takes_in() -> None:
    """Does nothing."""


@job
def process_new_leads() -> None:
    """One step."""
    takes_in()


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, templates: Templates) -> World:
    """A home with one lead, whose lists were edited since."""
    monkeypatch.setenv("LEAD_PLATFORM_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("LEAD_PLATFORM_CONFIG_DIR", str(tmp_path / "config"))
    templates.copy_to(Settings(), open_lake)
    made = make_world(Settings(), tmp_path / "config")
    made.receive(NORA)
    made.run()
    return made


def look(instance: DagsterInstance, cursor: str | None = None) -> tuple[int, str, str | None]:
    """One evaluation: how many runs it asks for, why it asks for none, its cursor."""
    with build_sensor_context(cursor=cursor, instance=instance) as context:
        result: Any = sensors.backlog(context)
    if isinstance(result, SkipReason):
        return 0, str(result.skip_message), cursor
    assert isinstance(result, SensorResult)
    told = result.skip_reason.skip_message if result.skip_reason else ""
    return len(result.run_requests or ()), str(told), result.cursor


def test_it_asks_for_a_slice_an_hour_while_something_is_behind(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    instance = DagsterInstance.ephemeral()
    assert look(instance)[:2] == (0, "nothing is behind")
    world.add_word("industries.csv", "Barging,logistics")
    runs, _, cursor = look(instance)
    assert runs == 1
    assert cursor is not None
    runs, told, _ = look(instance, cursor)
    assert (runs, told.startswith("the last slice was at")) == (0, True)
    long_ago = (datetime.fromisoformat(cursor) - timedelta(hours=1)).isoformat()
    assert look(instance, long_ago)[0] == 1
    monkeypatch.setenv("LEAD_PLATFORM_CATCH_UP_ROWS", "0")
    assert look(instance)[:2] == (0, "nothing is behind")
    monkeypatch.delenv("LEAD_PLATFORM_CATCH_UP_ROWS")
    world.rebuild()
    assert look(instance)[:2] == (0, "nothing is behind")


@pytest.mark.parametrize("status", [DagsterRunStatus.STARTING, DagsterRunStatus.STARTED])
def test_it_gives_way_to_every_other_run(world: World, status: DagsterRunStatus) -> None:
    world.add_word("industries.csv", "Barging,logistics")
    instance = DagsterInstance.ephemeral()
    run = instance.create_run_for_job(process_new_leads, status=status)
    assert look(instance) == (0, "other runs come first", None)
    instance.delete_run(run.run_id)
    assert look(instance)[0] == 1


def test_its_switch_keeps_it_from_asking(world: World) -> None:
    world.add_word("industries.csv", "Barging,logistics")
    switch = Switch("catch_up", False, "Dana", "a long list", AT)
    assert switches_of(world.lake).throw(switch)
    runs, told, _ = look(DagsterInstance.ephemeral())
    assert runs == 0
    assert "Dana" in told


def test_its_runs_come_after_all_others() -> None:
    from lead_platform.definitions import defs

    tags = defs.resolve_job_def("catch_up").tags
    assert int(tags["dagster/priority"]) < 0
