"""A scheduled run that failed is tried again the same day.

Where a file of the configuration was broken at four in the morning, or the database away, scores
stayed those of the day before until four the next day, and the audit's for a quarter.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from dagster import (
    DagsterInstance,
    DagsterRunStatus,
    RunRequest,
    RunsFilter,
    SensorResult,
    build_sensor_context,
    job,
    op,
)
from dagster._core.storage.tags import SCHEDULE_NAME_TAG, SENSOR_NAME_TAG

from lead_platform.governance import scheduled
from lead_platform.governance.leftovers import WILL_RETRY_TAG
from lead_platform.governance.scheduled import MOST_ATTEMPTS, find_failed
from lead_platform.governance.sensors import audit_again, refresh_again, scan_again
from lead_platform.lake.lake import utc_now
from lead_platform.settings import Settings
from tests.governance.retries import will_be_retried
from tests.templates import Templates, open_lake

FAILURE, SUCCESS = DagsterRunStatus.FAILURE, DagsterRunStatus.SUCCESS
BY_SCHEDULE = {SCHEDULE_NAME_TAG: "weekly"}
BY_SENSOR = {SENSOR_NAME_TAG: "scan_identity_again"}
NOW = datetime(2026, 11, 29, 4, 1)


@op
def nothing() -> None:
    """Nothing."""


@job
def scan_identity() -> None:
    """A job that is never executed."""
    nothing()


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[DagsterInstance]:
    with DagsterInstance.local_temp(str(tmp_path)) as made:
        yield made


def ended(instance: DagsterInstance, status: DagsterRunStatus, tags: dict[str, str]) -> str:
    """A run that is recorded as this."""
    return instance.create_run_for_job(scan_identity, status=status, tags=tags).run_id


def test_only_a_failed_run_of_the_schedule_that_nothing_followed_is_tried_again(
    instance: DagsterInstance,
) -> None:
    def found() -> str | None:
        return find_failed(instance, "scan_identity", utc_now())

    ended(instance, FAILURE, {})
    assert found() is None, "who started it sees it"
    first = ended(instance, FAILURE, BY_SCHEDULE)
    assert found() == first
    retried = ended(instance, DagsterRunStatus.STARTED, BY_SCHEDULE)
    instance.report_run_failed(instance.get_runs(RunsFilter(run_ids=[retried]))[0])
    will_be_retried(instance, retried)
    assert found() is None, "its retry is to come"
    instance.add_run_tags(retried, {WILL_RETRY_TAG: "false"})
    for tags in (BY_SENSOR, {}):
        ended(instance, FAILURE, tags)
        assert found() == retried
    for status in (SUCCESS, DagsterRunStatus.CANCELED, DagsterRunStatus.STARTED):
        ended(instance, status, {})
        assert found() is None, status
        again = ended(instance, FAILURE, BY_SCHEDULE)
        assert found() == again


class Minutes:
    """The sensor, minute by minute, while each run it asks for fails."""

    def __init__(self, instance: DagsterInstance, monkeypatch: pytest.MonkeyPatch) -> None:
        self._instance, self._monkeypatch = instance, monkeypatch
        self._cursor: str | None = None
        self.minute = 0
        self.told = ""

    def asked_in(self, minutes: int) -> list[int]:
        """In which of so many minutes a run was asked for, counted from the first of all."""
        return [minute for minute in (self._next() for _ in range(minutes)) if minute is not None]

    def _next(self) -> int | None:
        at = self.minute
        self.minute += 1
        self._monkeypatch.setattr(scheduled, "utc_now", lambda: NOW + timedelta(minutes=at))
        with build_sensor_context(instance=self._instance, cursor=self._cursor) as context:
            result = scan_again(context)
        if not isinstance(result, SensorResult):
            self.told = str(result.skip_message)
            return None
        self._cursor = result.cursor
        (request,) = result.run_requests or ()
        assert isinstance(request, RunRequest)
        ended(self._instance, FAILURE, BY_SENSOR)
        return at


def test_it_is_tried_so_often_and_anew_for_other_rules_or_at_the_next_time(
    instance: DagsterInstance,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    templates: Templates,
) -> None:
    config = tmp_path / "config"
    monkeypatch.setenv("LEAD_PLATFORM_HOME", str(tmp_path / "home"))
    templates.copy_to(Settings(), open_lake)
    config.mkdir()
    monkeypatch.setenv("LEAD_PLATFORM_CONFIG_DIR", str(config))
    sensor = Minutes(instance, monkeypatch)
    assert sensor.asked_in(5) == []
    ended(instance, FAILURE, BY_SCHEDULE)
    begin = sensor.minute
    waits = [0, 2, 6, 14, 30, 46]
    assert len(waits) == MOST_ATTEMPTS
    assert sensor.asked_in(300) == [begin + wait for wait in waits]
    assert "waits for its schedule" in sensor.told
    (config / "identity.yaml").write_text("mended: true\n")
    begin = sensor.minute
    assert sensor.asked_in(10) == [begin, begin + 2, begin + 6]
    ended(instance, FAILURE, BY_SCHEDULE)
    begin = sensor.minute
    assert sensor.asked_in(60) == [begin + wait for wait in waits]
    ended(instance, SUCCESS, BY_SENSOR)
    assert sensor.asked_in(60) == []


def test_each_job_whose_work_waits_for_its_schedule_has_one() -> None:
    """All but the check of the archive, which fails for what it finds."""
    from lead_platform.definitions import defs

    on_schedule = {schedule.job_name for schedule in defs.schedules or ()}
    sensors = {sensor.job_name for sensor in (refresh_again, scan_again, audit_again)}
    assert on_schedule - sensors == {"check_archive"}
    assert sensors <= on_schedule
    assert {sensor.name for sensor in defs.sensors or ()} >= {f"{job}_again" for job in sensors}
