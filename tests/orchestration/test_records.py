"""Dagster's records can be made anew: a broken file of them stops no run."""

import shutil
from pathlib import Path

import pytest
from dagster import DagsterInstance, DagsterRunStatus, job, op

from lead_platform.orchestration.runs import prepare_instance
from lead_platform.settings import Settings

DATABASES = ("history/runs.db", "history/event_log.db", "schedules/schedules.db")


@op
def nothing() -> None:
    """Does nothing."""


@job
def idle() -> None:
    """One step that does nothing."""
    nothing()


def run_once(settings: Settings) -> str:
    """Run a job on the home's records; the run's id."""
    prepare_instance(settings)
    with DagsterInstance.get() as instance:
        result = idle.execute_in_process(instance=instance)
        run = instance.get_run_by_id(result.run_id)
        assert run is not None
        assert run.status == DagsterRunStatus.SUCCESS
        # The schedules' records are asked too.
        assert instance.all_instigator_state() == []
        return result.run_id


def damage(file: Path, kind: str) -> None:
    whole = file.read_bytes()
    half = len(whole) // 2
    file.write_bytes(
        {
            "empty": b"",
            "garbage": b"no database at all " * 400,
            "cut": whole[:half],
            "inside": whole[:half] + b"garbage!" * (half // 8),
        }[kind]
    )


def test_broken_records_are_set_aside_and_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A run ended with an error of SQLAlchemy and a link to its website."""
    for name in ("DAGSTER_HOME", "LEAD_PLATFORM_HOME"):
        monkeypatch.setenv(name, "")
    whole = Settings(home=tmp_path / "whole")
    first = run_once(whole)
    run_once(whole)
    assert "set aside" not in capsys.readouterr().err
    for kind in ("empty", "garbage", "cut", "inside"):
        settings = Settings(home=tmp_path / kind)
        shutil.copytree(whole.home, settings.home, ignore=shutil.ignore_patterns("*-wal", "*-shm"))
        for place in DATABASES:
            damage(settings.dagster_home / place, kind)
        run_once(settings)
        with DagsterInstance.get() as instance:
            assert instance.get_run_by_id(first) is None
            assert instance.get_runs_count() == 1
        told = capsys.readouterr().err
        for place in DATABASES:
            file = settings.dagster_home / place
            aside = [path.name for path in file.parent.glob(f"{file.name}.broken_*")]
            assert len(aside) == 1, kind
            assert f"{file} is no readable SQLite database" in told
