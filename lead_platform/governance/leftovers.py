"""What runs left behind on the way of a lead: captured, and not brought to the end of the way.

A run failed, was killed, was ended by a person or did a part only; or a switch kept a step from
acting. The next whole run takes all of that up, whatever it is, for each step does what has not
been done yet. So the runs tell whether anything is left, and no table is read through for it.
"""

import itertools
from collections.abc import Collection, Iterable
from datetime import UTC, datetime, timedelta

from dagster import DagsterInstance, DagsterRun, DagsterRunStatus, RunRecord, RunsFilter
from dagster._core.definitions.assets.job.asset_job import IMPLICIT_ASSET_JOB_NAME
from dagster._core.storage.tags import AUTO_RETRY_RUN_ID_TAG

from lead_platform.governance.attempts import Attempts
from lead_platform.instants import has_passed, is_to_come
from lead_platform.lake.specs import WAY_FROM_IDENTITY
from lead_platform.lake.switches import Switch
from lead_platform.layers import LAYERS

WILL_RETRY_TAG = "dagster/will_retry"

# Runs that may leave something: of these jobs, and of what somebody chose in the UI.
JOBS = (*WAY_FROM_IDENTITY, IMPLICIT_ASSET_JOB_NAME)

# Dagster launches a retry within half a minute.
RETRY_WITHIN = timedelta(minutes=10)

# Whose switch keeps a step from acting. That of capture keeps files where the sensors find them.
WORKFLOWS = frozenset(
    layer.workflows[0] for layer in LAYERS if layer.name not in ("capture", "governance")
)

_UNDER_WAY = [DagsterRunStatus.QUEUED, DagsterRunStatus.STARTING, DagsterRunStatus.STARTED]
_ENDED = [DagsterRunStatus.SUCCESS, DagsterRunStatus.FAILURE, DagsterRunStatus.CANCELED]

# Of each job the newest runs are looked at: more have not ended since the last whole one began.
_LOOK_AT = 10


class Cursor(Attempts):
    """What the sensor remembers: the published snapshot it saw, and its attempts."""

    snapshot_id: int = 0


def is_under_way(instance: DagsterInstance) -> bool:
    """Whether a run that takes up what was left is at work or waits for its turn."""
    return any(
        instance.get_runs_count(RunsFilter(job_name=job, statuses=_UNDER_WAY)) for job in JOBS
    )


def find_leftovers(
    instance: DagsterInstance, switches: Iterable[Switch], now: datetime
) -> str | None:
    """Why something is left behind, None where nothing is."""
    whole = _last_whole(instance)
    if whole is None:
        return "no run is known that went the whole way"
    for job in JOBS:
        ended = instance.get_run_records(RunsFilter(job_name=job, statuses=_ENDED), limit=_LOOK_AT)
        for record in ended:
            run = record.dagster_run
            if not _ended_after_begin(record, whole, now):
                continue
            # What retries is another run, which is looked at by itself.
            if AUTO_RETRY_RUN_ID_TAG in run.tags or is_retry_to_come(record, now):
                continue
            if not _is_whole(instance, run):
                return f"run {run.run_id[:8]} of {job} left the way before its end"
    since = _instant(whole.start_time)
    for switch in switches:
        at = switch.changed_at
        if switch.workflow not in WORKFLOWS or not switch.is_enabled or at is None:
            continue
        if at > since and not is_to_come(at, now):
            return f"{switch.workflow} was switched on again"
    return None


def _will_retry(run: DagsterRun) -> bool:
    """Dagster decides as a run fails; it unmarks a run whose retry cannot be started. It never
    tries a run again that the command line executed, though it marks that too."""
    is_marked = run.status == DagsterRunStatus.FAILURE and run.tags.get(WILL_RETRY_TAG) == "true"
    return is_marked and run.remote_job_origin is not None


def is_retry_to_come(record: RunRecord, now: datetime) -> bool:
    """Whether a retry of a failed run is still to be launched; one that has not come for so long
    does not: what launches it looks at failures by their places, which a new event log gives
    anew."""
    run = record.dagster_run
    is_launched = AUTO_RETRY_RUN_ID_TAG in run.tags
    is_overdue = has_passed(RETRY_WITHIN, _instant(record.end_time), now)
    return _will_retry(run) and not (is_launched or is_overdue)


def jobs_settled(instance: DagsterInstance, run: DagsterRun, failing: Collection[str]) -> list[str]:
    """Of the jobs that fail, those of which this run, a success, did all that their last failed one
    had left; its own, unless it did only a part that somebody chose."""
    is_part = run.op_selection or run.resolved_op_selection or run.asset_selection
    own = [] if is_part else [run.job_name]
    others = sorted({*failing} & {*JOBS, run.job_name} - {*own})
    record = instance.get_run_record_by_id(run.run_id) if others else None
    if record is None:
        return own
    done = _steps_done(instance, run)
    return own + [job for job in others if _covers(instance, record, done, job)]


def _covers(instance: DagsterInstance, record: RunRecord, done: set[str], job: str) -> bool:
    """Whether the steps that a run has done are all that the job's last failed one had not."""
    failures = RunsFilter(job_name=job, statuses=[DagsterRunStatus.FAILURE])
    for failed in instance.get_run_records(failures, limit=1):
        plan = failed.dagster_run.execution_plan_snapshot_id
        if plan is None or failed.storage_id > record.storage_id:
            return False
        planned = {*instance.get_execution_plan_snapshot(plan).step_keys_to_execute}
        return planned <= done | _steps_done(instance, failed.dagster_run)
    return False


def _last_whole(instance: DagsterInstance) -> RunRecord | None:
    """The newest run that went the whole way."""
    found: list[RunRecord] = []
    for job in WAY_FROM_IDENTITY:
        successes = RunsFilter(job_name=job, statuses=[DagsterRunStatus.SUCCESS])
        records = instance.get_run_records(successes, limit=_LOOK_AT)
        whole = (record for record in records if _is_whole(instance, record.dagster_run))
        found += itertools.islice(whole, 1)
    return max(found, key=lambda record: record.storage_id, default=None)


def _is_whole(instance: DagsterInstance, run: DagsterRun) -> bool:
    """Whether it succeeded with all steps of a job that goes the whole way."""
    if run.status != DagsterRunStatus.SUCCESS or run.job_name not in WAY_FROM_IDENTITY:
        return False
    if run.op_selection or run.resolved_op_selection or run.asset_selection:
        return False
    if run.step_keys_to_execute is None or run.job_snapshot_id is None:
        return True
    steps = instance.get_job_snapshot(run.job_snapshot_id).node_names
    return {*steps} <= {*run.step_keys_to_execute}


def _ended_after_begin(record: RunRecord, whole: RunRecord, now: datetime) -> bool:
    """Whether a run ended after the whole one had begun, which may not have found what it left.

    Their order tells it too, for the clock may have been set in between.
    """
    ended = _instant(record.end_time)
    is_later = ended >= _instant(whole.start_time) and not is_to_come(ended, now)
    return is_later or record.storage_id > whole.storage_id


def _steps_done(instance: DagsterInstance, run: DagsterRun) -> set[str]:
    return {
        step.step_key
        for step in instance.get_run_step_stats(run.run_id)
        if step.status and step.status.value == "SUCCESS"
    }


def _instant(timestamp: float | None) -> datetime:
    """Naive UTC; what has no time is as early as can be."""
    return datetime.fromtimestamp(timestamp or 0.0, UTC).replace(tzinfo=None)
