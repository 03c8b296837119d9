"""Capture in Dagster: the intake of waiting files."""

from pathlib import Path

from dagster import AssetExecutionContext, Config, Failure, multi_asset
from pydantic import Field

from lead_platform.capture.channels import load_channels
from lead_platform.capture.deliveries import (
    Intake,
    ParsedDelivery,
    archive_deliveries,
    estimate_records,
    parse_deliveries,
    take_in,
)
from lead_platform.capture.inbox import list_inbox
from lead_platform.capture.returns import list_returns
from lead_platform.lake.lake import Candidate
from lead_platform.lake.quarantine import as_named
from lead_platform.lake.resource import (
    LakeResource,
    Prepared,
    Results,
    gate_checks,
    run_time,
    table_specs,
)

SPECS = table_specs(
    "capture", ["deliveries", "submissions", "events", "outcomes", "rejected_records"]
)


class IntakeFile(Config):
    """A file and the channel it comes from."""

    path: str
    channel: str


class IntakeConfig(Config):
    """The files of one run; none means whatever waits in the inbox."""

    files: list[IntakeFile] = Field(default_factory=list)


@multi_asset(name="intake", specs=SPECS, check_specs=gate_checks(SPECS), pool="lake")
def intake(context: AssetExecutionContext, config: IntakeConfig, lake: LakeResource) -> Results:
    """Take in the named files, or those waiting in the inbox, each whole or not at all."""
    settings = lake.settings
    channels = load_channels(settings.config_dir)
    files = [(Path(file.path), file.channel) for file in config.files]
    files = files or [
        (file.path, file.channel) for file in list_inbox(settings.inbox) if file.channel in channels
    ]
    parsed: list[ParsedDelivery] = []
    faults: list[str] = []
    done = Intake()

    def write(candidate: Candidate) -> dict[str, int]:
        nonlocal done
        returned = list_returns(candidate.connection, channels, received_at=run_time(context))
        done = take_in(candidate.connection, [*parsed, *returned], run_id=context.run_id)
        return done.totals

    def prepare() -> Prepared:
        found, unread = parse_deliveries(
            files, channels, received_at=run_time(context), inbox=settings.inbox
        )
        parsed.extend(found)
        faults.extend(unread)
        return Prepared(write, estimate_records(parsed))

    is_done = yield from lake.materialize_prepared(context, "capture", prepare, trace=as_named)
    if is_done:
        # Where capture is switched off nothing was published, and the files keep waiting.
        archive_deliveries(done.taken, inbox=settings.inbox, archive=settings.archive)
        faults += done.faults
    if faults:
        raise Failure("\n".join(faults), allow_retries=False)
