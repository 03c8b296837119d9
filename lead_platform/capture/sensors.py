"""Capture's sensors: waiting files become runs of the main job, each file once."""

import hashlib

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

from lead_platform.capture.contracts import load_contracts, takeable_channels
from lead_platform.capture.inbox import (
    Cursor,
    list_inbox,
    plan_requests,
    stray_folders,
    stuck_files,
)
from lead_platform.capture.names import path_as_text
from lead_platform.lake.lake import utc_now
from lead_platform.lake.resource import open_lake
from lead_platform.lake.switches import switches_of
from lead_platform.settings import Settings

JOB = "process_new_leads"
INTERVAL_SECONDS = 5


def _inbox_sensor(name: str, description: str, *, brings_outcomes_only: bool) -> SensorDefinition:
    @sensor(
        name=name,
        job_name=JOB,
        minimum_interval_seconds=INTERVAL_SECONDS,
        default_status=DefaultSensorStatus.RUNNING,
        description=description,
    )
    def look(context: SensorEvaluationContext) -> SensorResult | SkipReason:
        settings = Settings()
        off = switches_of(open_lake(settings)).read("capture").off_because
        if off:
            # The cursor stays as it is, so that what waits is taken up once capture may act.
            return SkipReason(off)
        if _run_waits(context.instance, name):
            return SkipReason("a run waits for its turn; what came since goes with the next one")
        contracts = load_contracts(settings.expectations_dir)
        channels, broken = takeable_channels(settings.config_dir, contracts)
        waiting = list_inbox(settings.inbox)
        mine = [
            file
            for file in waiting
            if file.channel in channels
            and (channels[file.channel].kinds == {"outcome"}) == brings_outcomes_only
        ]
        cursor = Cursor.model_validate_json(context.cursor) if context.cursor else Cursor()
        due, cursor = plan_requests(mine, cursor, utc_now())
        if not brings_outcomes_only:
            strays = stray_folders(waiting, channels, broken)
            for folder in strays.keys() - set(cursor.warned):
                context.log.warning(strays[folder])
            cursor.warned = tuple(strays)
        if not due:
            told = f"{len(mine)} files wait, none is new"
            if stuck := len(stuck_files(mine, cursor)):
                told += f"; {stuck} could not be taken in: lead-platform channels waiting"
            return SensorResult(skip_reason=SkipReason(told), cursor=cursor.model_dump_json())
        files = [{"path": path_as_text(file.path), "channel": file.channel} for file in due]
        attempts = [str(cursor.requests[path_as_text(file.path)].attempts) for file in due]
        named = [f"{path_as_text(file.path)}:{file.fingerprint}" for file in due]
        run_key = hashlib.sha256("\x1f".join(named + attempts).encode()).hexdigest()
        request = RunRequest(
            run_key=run_key,
            run_config={"ops": {"intake": {"config": {"files": files}}}},
            tags={"lead-platform/files": str(len(files))},
        )
        return SensorResult(run_requests=[request], cursor=cursor.model_dump_json())

    return look


def _run_waits(instance: DagsterInstance, sensor_name: str) -> bool:
    """Whether a run this sensor asked for has not begun yet.

    Files come faster than runs end: a run for each look would be a queue that only grows.
    """
    mine = {"dagster/sensor_name": sensor_name}
    waiting = RunsFilter(statuses=[DagsterRunStatus.QUEUED], tags=mine)
    return instance.get_runs_count(waiting) > 0


inbox = _inbox_sensor(
    "inbox",
    "New submissions and events: files in the inbox folders of channels that bring leads.",
    brings_outcomes_only=False,
)
outcomes_inbox = _inbox_sensor(
    "outcomes_inbox",
    "CRM outcomes: files in the inbox folders of channels that bring outcomes only.",
    brings_outcomes_only=True,
)
