"""Governance's sensor: upkeep once enough was written, or a day has gone by."""

from dagster import (
    DefaultSensorStatus,
    RunRequest,
    SensorEvaluationContext,
    SkipReason,
    sensor,
)

from lead_platform.lake.lake import utc_now
from lead_platform.lake.resource import open_lake
from lead_platform.lake.switches import switches_of
from lead_platform.lake.upkeep import due_after
from lead_platform.settings import Settings

INTERVAL_SECONDS = 60


@sensor(
    name="upkeep",
    job_name="maintain",
    minimum_interval_seconds=INTERVAL_SECONDS,
    default_status=DefaultSensorStatus.RUNNING,
    description="Upkeep of the lake, as often as what is written asks for it, and daily.",
)
def upkeep(context: SensorEvaluationContext) -> RunRequest | SkipReason:
    """Start `maintain` where it is due; one that failed is tried again after an hour."""
    now = utc_now()
    lake = open_lake(Settings())
    off = switches_of(lake).read("maintenance").off_because
    if off:
        return SkipReason(off)
    with lake.read() as connection:
        last = due_after(connection, now)
    if last is None:
        return SkipReason("little was written since the last upkeep")
    return RunRequest(run_key=f"after {last}, {now:%Y-%m-%dT%H}")
