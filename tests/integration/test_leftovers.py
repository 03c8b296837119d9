"""What a run left behind is taken up by itself: a submission captured while `identity.yaml` was
broken had no lead until the next file came or a person asked for a run."""

import shutil
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from dagster import (
    DagsterInstance,
    DagsterRunStatus,
    RunRequest,
    RunsFilter,
    SensorResult,
    SkipReason,
    build_sensor_context,
)

from lead_platform.governance import sensors
from lead_platform.governance.alerts import AlertBook
from lead_platform.lake.lake import utc_now
from lead_platform.lake.resource import ROWS_TAG
from lead_platform.orchestration.executions import executions_of
from lead_platform.orchestration.run_watch import RunWatch
from lead_platform.orchestration.runs import prepared_instance
from tests.integration.conftest import Install
from tests.integration.installation import PROJECT, Installation, files_by_slice, make_world

TAKEN_IN = "select count(*) from capture.submissions"
LACKING = """
select count(*) from capture.submissions anti join identity.lead_members using (submission_id)
"""
UNOWNED = "select count(*) from identity.leads anti join routing.assignments using (lead_id)"


class Home:
    """An installation that takes in a file at a time, and its sensor minute by minute."""

    def __init__(
        self,
        installation: Installation,
        instance: DagsterInstance,
        files: list[list[tuple[Path, str]]],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        self.installation, self.instance = installation, instance
        self._files, self._monkeypatch = iter(files), monkeypatch
        self._cursor: str | None = None
        self._now = utc_now()
        self.told = ""
        self.book = AlertBook(installation.settings.home / "told", group_for=timedelta())
        self._runs = sensors.Cursor(after_event=0)

    def take_in(self) -> Any:
        """Run the next files; how it ended."""
        return self.installation.attempt(files=self.next_files())

    def next_files(self) -> list[tuple[Path, str]]:
        """Those of the next slice of the world."""
        return next(self._files)

    def look(self, minutes: int = 1) -> list[RunRequest]:
        """What the sensor asks for, so many minutes later."""
        self._now = max(utc_now(), self._now + timedelta(minutes=minutes))
        self._monkeypatch.setattr(sensors, "utc_now", lambda: self._now)
        with build_sensor_context(instance=self.instance, cursor=self._cursor) as context:
            result = sensors.leftovers(context)
        if isinstance(result, SkipReason):
            self.told = str(result.skip_message)
            return []
        assert isinstance(result, SensorResult)
        self._cursor = result.cursor
        self.told = str(result.skip_reason.skip_message) if result.skip_reason else ""
        return list(result.run_requests or ())

    def take_up(self) -> bool:
        """Ask the sensor and do what it asks for; whether that succeeded."""
        (request,) = self.look()
        assert request.tags[ROWS_TAG] == "0", "nothing is made anew for it"
        outcome = self.installation.attempt(job="catch_up", rows=0)
        return bool(outcome["success"])

    def open_failures(self) -> set[str]:
        """The jobs that an alert says fail."""
        sensors.watch_runs(self.instance, self.book, self._runs, utc_now())
        return {
            alert.subject
            for alert in self.book.alerts()
            if alert.state == "open" and alert.kind == "run_failed"
        }

    def is_whole(self) -> bool:
        """Whether each submission has its lead, and each lead somebody who handles it."""
        one = self.installation
        assert one.scalar(TAKEN_IN) > 0
        return not one.scalar(LACKING) and not one.scalar(UNOWNED)


@pytest.fixture
def home(
    embedded_install: Install,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Home]:
    config = tmp_path / "config"
    shutil.copytree(PROJECT / "config", config)
    made = tmp_path / "world"
    make_world(made, slices=3, seed=5, submissions=24, events_per_person=1.0)
    installation = embedded_install("leftovers", config_dir=config)
    for name, value in installation.environment.items():
        monkeypatch.setenv(name, value)
    with prepared_instance(installation.settings) as instance:
        yield Home(installation, instance, files_by_slice(made), monkeypatch)


def test_what_waited_for_a_broken_file_is_taken_up_once_it_is_mended(home: Home) -> None:
    assert home.look() == []
    assert home.told == "nothing was ever taken in"
    file = home.installation.settings.config_dir / "identity.yaml"
    kept = file.read_text(encoding="utf-8")
    file.write_text(f"{kept}\nweather: fine\n", encoding="utf-8")
    assert not home.take_in()["success"]
    assert not home.is_whole()
    assert not home.take_up(), "the file is broken still"
    asked = [len(home.look()) for _ in range(5)]
    assert asked == [0, 1, 0, 0, 0], "a fault starts no run a minute"
    assert home.open_failures() == {"process_new_leads", "catch_up"}
    file.write_text(kept, encoding="utf-8")
    assert home.take_up()
    assert home.is_whole()
    assert home.open_failures() == set(), "nothing of the failed runs is left to do"
    assert home.look() == []
    assert home.told == "nothing was left behind"


def test_what_a_switch_kept_waiting_is_taken_up_once_it_is_on(home: Home) -> None:
    assert home.take_in()["success"]
    assert home.look() == []
    for workflow in ("identity", "routing"):
        said = ("--by", "Dana", "--reason", "rules change")
        assert home.installation.command("workflows", "disable", workflow, *said).exit_code == 0
        assert home.take_in()["success"]
        assert home.look() == [], "who switched it off wants it to wait"
        assert home.installation.command("workflows", "enable", workflow, *said).exit_code == 0
        assert not home.is_whole()
        assert home.take_up()
        assert home.is_whole()
        assert home.look() == []


def test_what_a_killed_run_left_is_taken_up(home: Home) -> None:
    assert home.take_in()["success"]
    seen = home.installation.scalar(TAKEN_IN)
    child = home.installation.start_run(files=home.next_files())
    while home.installation.scalar(TAKEN_IN) == seen and child.is_running:
        time.sleep(0.02)
    assert child.kill_after(0)
    assert home.look() == []
    assert home.told == "a run that takes it up is under way"
    executions = executions_of(home.installation.settings)
    RunWatch(home.instance, executions, lambda run: False).look(time.monotonic())
    assert not home.is_whole()
    (killed,) = home.instance.get_runs(RunsFilter(statuses=[DagsterRunStatus.FAILURE]))
    assert killed.tags["dagster/will_retry"] == "true"
    assert home.take_up(), "Dagster launches none anew that it did not launch"
    assert home.is_whole()
