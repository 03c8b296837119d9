"""The event log keeps what is read: the way of a run, its tables and its checks; not the rest."""

import os
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from dagster import (
    AssetCheckKey,
    AssetCheckResult,
    AssetCheckSpec,
    AssetKey,
    AssetSpec,
    DagsterEventType,
    DagsterInstance,
    Definitions,
    JobDefinition,
    MaterializeResult,
    ReexecutionOptions,
    define_asset_job,
    execute_job,
    in_process_executor,
    multi_asset,
    reconstructable,
)
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecordStatus
from sqlalchemy import event

from lead_platform.orchestration.event_log import _engine, _postgres_engine
from lead_platform.orchestration.runs import prepared_instance
from lead_platform.settings import Settings

LEADS = [AssetKey(["identity", "leads"]), AssetKey(["identity", "accounts"])]
SCORES = AssetKey(["scoring", "lead_scores"])
BROKEN = "LEAD_PLATFORM_TEST_BROKEN"


def gate(key: AssetKey) -> AssetCheckSpec:
    return AssetCheckSpec(name="gate", asset=key, blocking=True)


def done(key: AssetKey) -> MaterializeResult:
    passed = AssetCheckResult(passed=True, check_name="gate", asset_key=key)
    return MaterializeResult(asset_key=key, metadata={"rows": 1}, check_results=[passed])


@multi_asset(specs=[AssetSpec(key) for key in LEADS], check_specs=[gate(key) for key in LEADS])
def identify() -> Iterator[MaterializeResult]:
    """Two tables in one step."""
    yield from map(done, LEADS)


@multi_asset(specs=[AssetSpec(SCORES, deps=LEADS)], check_specs=[gate(SCORES)])
def score() -> Iterator[MaterializeResult]:
    """One table behind them; breaks where it is told to."""
    if os.environ.get(BROKEN):
        raise ValueError("it breaks")
    yield done(SCORES)


def way_of_a_lead() -> JobDefinition:
    """Both steps, one after the other."""
    job = define_asset_job("way_of_a_lead", selection="*", executor_def=in_process_executor)
    return Definitions(assets=[identify, score], jobs=[job]).resolve_job_def("way_of_a_lead")


@pytest.fixture
def instance(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[DagsterInstance]:
    """Dagster's records of a fresh home, as every process of the platform opens them."""
    for name in ("DAGSTER_HOME", "LEAD_PLATFORM_HOME", "DAGSTER_EVENT_BATCH_SIZE"):
        monkeypatch.setenv(name, "")
    with prepared_instance(settings) as instance:
        yield instance


def status_of(instance: DagsterInstance, key: AssetKey) -> AssetCheckExecutionRecordStatus:
    check = AssetCheckKey(key, "gate")
    (newest,) = instance.event_log_storage.get_asset_check_execution_history(check, limit=1)
    return newest.status


def test_a_run_stores_what_is_read_of_it(instance: DagsterInstance) -> None:
    run = way_of_a_lead().execute_in_process(instance=instance)
    stored = Counter(entry.dagster_event_type for entry in instance.all_logs(run.run_id))
    assert stored[DagsterEventType.ASSET_MATERIALIZATION] == 3
    assert stored[DagsterEventType.ASSET_MATERIALIZATION_PLANNED] == 3
    assert stored[DagsterEventType.ASSET_CHECK_EVALUATION] == 3
    assert stored[DagsterEventType.STEP_START] == stored[DagsterEventType.STEP_SUCCESS] == 2
    assert stored[DagsterEventType.STEP_OUTPUT] == 0
    assert stored[DagsterEventType.ASSET_CHECK_EVALUATION_PLANNED] == 0
    for key in (*LEADS, SCORES):
        assert status_of(instance, key) == AssetCheckExecutionRecordStatus.SUCCEEDED
        record = instance.get_latest_materialization_event(key)
        assert record is not None
        assert record.run_id == run.run_id
    assert {step.step_key for step in instance.get_run_step_stats(run.run_id)} == {
        "identify", "score",
    }  # fmt: skip


def test_a_check_that_was_planned_and_not_judged_says_so(
    instance: DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(BROKEN, "yes")
    run = way_of_a_lead().execute_in_process(instance=instance, raise_on_error=False)
    assert not run.success
    assert status_of(instance, LEADS[0]) == AssetCheckExecutionRecordStatus.SUCCEEDED
    assert status_of(instance, SCORES) == AssetCheckExecutionRecordStatus.PLANNED
    (record,) = instance.get_asset_records([SCORES])
    assert record.asset_entry.last_run_id == run.run_id


def test_a_run_goes_on_from_the_step_that_failed(
    instance: DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Dagster's own storage keeps each output of the steps that went well."""
    way = reconstructable(way_of_a_lead)
    monkeypatch.setenv(BROKEN, "yes")
    with execute_job(way, instance=instance) as failed:
        assert not failed.success
    monkeypatch.delenv(BROKEN)
    options = ReexecutionOptions.from_failure(failed.run_id, instance)
    with execute_job(way, instance=instance, reexecution_options=options) as again:
        assert again.success
        assert [one.step_key for one in again.get_step_success_events()] == ["score"]
    assert status_of(instance, SCORES) == AssetCheckExecutionRecordStatus.SUCCEEDED


def test_a_plan_is_stored_in_one_transaction(instance: DagsterInstance, settings: Settings) -> None:
    """Each of its events was a transaction of its own, half of them two."""
    job = way_of_a_lead()
    # What there is in the database is asked once.
    instance.create_run_for_job(job)
    storage: Any = instance.event_log_storage
    url = settings.database_url
    engine = _postgres_engine(storage.postgres_url) if url else _engine(storage._conn_string)
    begun: list[object] = []
    event.listen(engine, "begin", begun.append)
    instance.create_run_for_job(job)
    assert len(begun) == 1


def test_a_table_that_is_known_is_written_over(instance: DagsterInstance) -> None:
    first, second = (way_of_a_lead().execute_in_process(instance=instance) for _ in range(2))
    (record,) = instance.get_asset_records([SCORES])
    assert record.asset_entry.last_run_id == second.run_id != first.run_id
    assert len(instance.all_asset_keys()) == 3
