"""The sensor `alerts`: failed runs and checks of a real Dagster instance become alerts."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from dagster import (
    AssetCheckResult,
    AssetCheckSeverity,
    AssetCheckSpec,
    DagsterInstance,
    Definitions,
    MaterializeResult,
    asset,
    build_sensor_context,
    define_asset_job,
    job,
    op,
)

from lead_platform.governance import sensors
from lead_platform.governance.alerts import AlertBook
from lead_platform.governance.notifications import open_book
from lead_platform.settings import Settings


@op
def breaks() -> None:
    """Fails with a person's data in its words."""
    raise ValueError("jane.doe@example.org could not be read")


@job
def breaking() -> None:
    """One step that fails."""
    breaks()


OUTCOMES = {"passes": True, "severity": AssetCheckSeverity.WARN}


@asset(check_specs=[AssetCheckSpec("gate", asset="leads")])
def leads() -> MaterializeResult:
    """A table whose check says what OUTCOMES says."""
    check = AssetCheckResult(
        passed=bool(OUTCOMES["passes"]), check_name="gate", severity=OUTCOMES["severity"]
    )
    return MaterializeResult(check_results=[check])


@pytest.fixture
def instance() -> Iterator[DagsterInstance]:
    with DagsterInstance.ephemeral() as made:
        yield made


@pytest.fixture
def book(tmp_path: Path) -> AlertBook:
    return AlertBook(tmp_path, group_for=timedelta(minutes=15))


def look(instance: DagsterInstance, book: AlertBook, cursor: sensors.Cursor) -> dict[str, str]:
    """What is open after the sensor has looked at the runs."""
    sensors.watch_runs(instance, book, cursor, datetime.now(UTC).replace(tzinfo=None))
    return {f"{each.kind} {each.subject}": each.text for each in book.alerts()
            if each.state == "open"}  # fmt: skip


def new_cursor() -> sensors.Cursor:
    return sensors.Cursor(runs_until=datetime.now(UTC).replace(tzinfo=None))


def test_a_failed_run_is_told_once_and_settled_by_a_success(
    instance: DagsterInstance, book: AlertBook
) -> None:
    cursor = new_cursor()
    breaking.execute_in_process(instance=instance, raise_on_error=False)
    found = look(instance, book, cursor)
    assert list(found) == ["run_failed breaking"]
    assert found["run_failed breaking"].endswith("failed in breaks")
    assert "jane" not in str(book.alerts())
    # The cursor goes through JSON, as between two evaluations.
    cursor = sensors.Cursor.model_validate_json(cursor.model_dump_json())
    look(instance, book, cursor)
    (alert,) = book.alerts()
    assert alert.occurrences == 1


def test_a_check_is_told_by_its_severity_and_settled_when_it_passes(
    instance: DagsterInstance, book: AlertBook
) -> None:
    definitions = Definitions(assets=[leads], jobs=[define_asset_job("build")])
    build = definitions.resolve_job_def("build")
    cursor = new_cursor()
    seen = []
    for passes, severity in (
        (False, AssetCheckSeverity.WARN),
        (False, AssetCheckSeverity.ERROR),
        (True, AssetCheckSeverity.ERROR),
    ):
        OUTCOMES.update(passes=passes, severity=severity)
        build.execute_in_process(instance=instance, raise_on_error=False)
        seen.append(sorted(look(instance, book, cursor)))
    assert seen == [
        ["check_warned leads gate"],
        ["check_failed leads gate", "check_warned leads gate"],
        [],
    ]


def test_a_watch_that_cannot_look_is_told_and_stops_no_other(
    embedded_settings: Settings, instance: DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cannot(*arguments: Any) -> None:
        raise OSError("jane.doe@example.org")

    for name, value in (("HOME", embedded_settings.home), ("ALERT_MINUTES", 0)):
        monkeypatch.setenv(f"LEAD_PLATFORM_{name}", str(value))
    embedded_settings.prepare_home()
    stuck = embedded_settings.inbox / "web_from" / "a.csv"
    stuck.parent.mkdir()
    stuck.write_text("a", encoding="utf-8")
    os.utime(stuck, (1_700_000_000, 1_700_000_000))
    with monkeypatch.context() as broken:
        broken.setattr(sensors, "watch_lake", cannot)
        with build_sensor_context(instance=instance) as context:
            sensors.alerts(context)
    states = {f"{each.kind} {each.subject}": each.state for each in open_book(
        embedded_settings).alerts()}  # fmt: skip
    assert states == {"watch_failed lake": "open", "files_waiting web_from": "open"}
    with build_sensor_context(instance=instance) as context:
        sensors.alerts(context)
    states = {each.kind: each.state for each in open_book(embedded_settings).alerts()}
    assert states == {"watch_failed": "resolved", "files_waiting": "open"}
    log = (embedded_settings.alerts / "alerts.log").read_text(encoding="utf-8")
    assert "in order again (watch_failed): lake" in log
    assert "jane" not in log
