"""Scheduled runs that failed: asked for again the same day, not at their next time, which may be a
quarter away.

Only so often under the same rules: `run_failed` tells of the job until it succeeds. What a person
started or ended is that person's.
"""

from datetime import datetime

from dagster import (
    DagsterInstance,
    DagsterRunStatus,
    DefaultSensorStatus,
    RunRequest,
    RunsFilter,
    SensorDefinition,
    SensorEvaluationContext,
    SensorResult,
    SkipReason,
    sensor,
)
from dagster._core.storage.tags import SCHEDULE_NAME_TAG

from lead_platform.governance.attempts import Attempts
from lead_platform.governance.leftovers import is_retry_to_come
from lead_platform.lake.lake import utc_now
from lead_platform.lake.resource import open_lake
from lead_platform.settings import Settings

INTERVAL_SECONDS = 60

# At once, and after 2, 4, 8, 16 and 16 minutes.
MOST_ATTEMPTS = 6

# More than its attempts with the retries of those whose process died.
_LOOK_AT = 30


def find_failed(instance: DagsterInstance, job: str, now: datetime) -> str | None:
    """The id of the job's last scheduled run, where that failed and none has succeeded, was ended
    by a person or is under way since."""
    for record in instance.get_run_records(RunsFilter(job_name=job), limit=_LOOK_AT):
        run = record.dagster_run
        if run.status != DagsterRunStatus.FAILURE or is_retry_to_come(record, now):
            return None
        if SCHEDULE_NAME_TAG in run.tags:
            return run.run_id
    return None


def ask_again(
    context: SensorEvaluationContext, job: str, settings: Settings
) -> SensorResult | SkipReason:
    """Ask for the job once more where its scheduled run failed, until it was tried so often under
    the same rules."""
    now = utc_now()
    failed = find_failed(context.instance, job, now)
    if failed is None:
        return SkipReason("its last scheduled run did not fail")
    attempts = Attempts.model_validate_json(context.cursor) if context.cursor else Attempts()
    rules = f"{open_lake(settings).rules_state()} after {failed}"
    if attempts.rules == rules and attempts.attempts >= MOST_ATTEMPTS:
        return SkipReason(
            f"it was tried {MOST_ATTEMPTS} times and failed: it waits for its schedule, or for a "
            "change of the configuration"
        )
    if not attempts.is_due(rules, now):
        return SkipReason(f"it was tried at {attempts.asked_at:%H:%M}")
    request = RunRequest(run_key=f"after {failed}, {now:%Y-%m-%dT%H:%M:%S}")
    asked = attempts.asked(rules, now)
    return SensorResult(run_requests=[request], cursor=asked.model_dump_json())


def tried_again(job: str) -> SensorDefinition:
    """The sensor that has this job tried again."""

    @sensor(
        name=f"{job}_again",
        job_name=job,
        minimum_interval_seconds=INTERVAL_SECONDS,
        default_status=DefaultSensorStatus.RUNNING,
        description=f"Has {job} tried again the same day where its scheduled run failed.",
    )
    def again(context: SensorEvaluationContext) -> SensorResult | SkipReason:
        return ask_again(context, job, Settings())

    return again
