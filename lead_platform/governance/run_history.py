"""How long Dagster remembers runs: their rows, tags, events and checks, on either profile."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import duckdb
import pandas as pd
from dagster import DagsterInstance, DagsterRunStatus, RunRecord, RunsFilter
from dagster._core.storage.event_log import SqlEventLogStorage
from dagster._core.storage.event_log.schema import AssetCheckExecutionsTable
from dagster._core.storage.runs.schema import RunTagsTable
from dagster._core.storage.runs.sql_run_storage import SqlRunStorage

from lead_platform.lake.audit import record_actions
from lead_platform.settings import Settings

_FINISHED = [DagsterRunStatus.SUCCESS, DagsterRunStatus.FAILURE, DagsterRunStatus.CANCELED]

# What ran last stays, however long ago: the quarterly audit, the weekly scan.
LEAST_RUNS_OF_A_JOB = 10

# Forgetting a run takes some 30 ms; what an old installation has gathered goes in several upkeeps.
MOST_AT_ONCE = 500


def forget_runs(instance: DagsterInstance, settings: Settings, *, now: datetime) -> int:
    """Forget finished runs past their time or number, oldest first; how many.

    Of each job the newest stay.
    """
    limit = now.replace(tzinfo=UTC) - timedelta(days=settings.run_retention_days)
    finished = RunsFilter(statuses=_FINISHED)
    surplus = instance.get_runs_count(finished) - settings.run_retention_count
    oldest = instance.get_run_records(finished, limit=MOST_AT_ONCE, ascending=True)
    kept = {
        run_id
        for job in {record.dagster_run.job_name for record in oldest}
        for run_id in instance.get_run_ids(RunsFilter(job_name=job), limit=LEAST_RUNS_OF_A_JOB)
    }
    forgotten = [
        record.dagster_run.run_id
        for position, record in enumerate(oldest)
        if record.dagster_run.run_id not in kept
        and (position < surplus or _ended_at(record) < limit)
    ]
    for run_id in forgotten:
        instance.delete_run(run_id)
    _delete_what_stays_behind(instance, forgotten)
    _remove_earlier_event_logs(settings, limit)
    return len(forgotten)


def record_forgotten_runs(
    connection: duckdb.DuckDBPyConnection, count: int, *, run_id: str, now: datetime
) -> None:
    """Leave the audit record of it."""
    action = {
        "workflow": "maintenance",
        "action": "forget_runs",
        "subject_type": "runs",
        "subject_id": "dagster",
        "rule": "run retention",
        "reason": "events of old runs take room",
        "after": f"{count} runs forgotten",
        "occurred_at": now,
    }
    record_actions(connection, pd.DataFrame([action]), run_id=run_id)


def _ended_at(record: RunRecord) -> datetime:
    if record.end_time is None:
        return record.create_timestamp
    return datetime.fromtimestamp(record.end_time, UTC)


def _delete_what_stays_behind(instance: DagsterInstance, run_ids: Sequence[str]) -> None:
    """Dagster leaves a deleted run's check results, and on SQLite its tags."""
    runs, events = instance.run_storage, instance.event_log_storage
    assert isinstance(runs, SqlRunStorage)
    assert isinstance(events, SqlEventLogStorage)
    with runs.connect() as connection:
        connection.execute(RunTagsTable.delete().where(RunTagsTable.c.run_id.in_(run_ids)))
    checks = AssetCheckExecutionsTable
    with events.index_connection() as connection:
        connection.execute(checks.delete().where(checks.c.run_id.in_(run_ids)))


def _remove_earlier_event_logs(settings: Settings, limit: datetime) -> None:
    """Earlier versions kept the events of each run in a database of its own."""
    for file in (settings.dagster_home / "history" / "runs").glob("*.db*"):
        if datetime.fromtimestamp(file.stat().st_mtime, UTC) < limit:
            file.unlink(missing_ok=True)
