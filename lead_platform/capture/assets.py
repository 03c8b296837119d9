"""Capture in Dagster: the intake of waiting files."""

from collections.abc import Sequence
from contextlib import suppress

import duckdb
from dagster import (
    AssetCheckResult,
    AssetCheckSeverity,
    AssetCheckSpec,
    AssetExecutionContext,
    Config,
    MetadataValue,
    multi_asset,
)
from pydantic import Field

from lead_platform.capture.contracts import load_contracts, takeable_channels
from lead_platform.capture.deliveries import (
    Intake,
    ParsedDelivery,
    archive_deliveries,
    estimate_records,
    list_records,
    parse_deliveries,
    spool_folder,
    take_in,
)
from lead_platform.capture.inbox import (
    FileFault,
    files_of_broken,
    list_inbox,
    located,
    note_left,
    odd_entries,
    read_left,
    with_earlier,
)
from lead_platform.capture.names import path_of_text, shown
from lead_platform.capture.plausibility import withhold
from lead_platform.capture.quarantine import list_subjects, trace_contents
from lead_platform.capture.rereading import STEP, note_lists
from lead_platform.capture.returns import list_returns, mark_returned
from lead_platform.lake.lake import Candidate, utc_now
from lead_platform.lake.quarantine import Scope, Subject
from lead_platform.lake.readings import Reading
from lead_platform.lake.resource import SUMMARY, LakeResource, Results, run_time
from lead_platform.lake.specs import (
    WAY_FROM_CAPTURE,
    asset_job,
    asset_key,
    gate_checks,
    table_specs,
    tables_of,
)
from lead_platform.lake.steps import Prepared, Stage
from lead_platform.vocabularies.folder import load_intake_lists

SPECS = table_specs(
    "capture",
    [
        "deliveries",
        "delivery_profiles",
        "submissions",
        "events",
        "outcomes",
        "rejected_records",
    ],
    jobs=WAY_FROM_CAPTURE,
)

# What people decided of files that wait: shown, not materialised here.
SHOWN = table_specs("capture", ["accepted_deliveries"])

FILES_CHECK = AssetCheckSpec(
    name="files_readable",
    asset=asset_key("capture.deliveries"),
    blocking=False,
    description="Every file of the run and of the inbox could be opened, parsed and archived; the "
    "others were taken in.",
)
TAKEN_CHECK = AssetCheckSpec(
    name="files_taken",
    asset=asset_key("capture.deliveries"),
    blocking=False,
    description="Of every file of the run at least half the records could be taken in.",
)
_TOLD_FAULTS = 100


process_new_leads = asset_job(
    "process_new_leads",
    "Waiting files to routed, gated leads; the same assets at any batch size.",
)


class IntakeFile(Config):
    """A file and the channel it comes from; `path` is as `names.path_as_text` writes it."""

    path: str
    channel: str


class IntakeConfig(Config):
    """The files of one run; none means whatever waits in the inbox."""

    files: list[IntakeFile] = Field(default_factory=list)


@multi_asset(
    name="intake",
    specs=SPECS,
    check_specs=[*gate_checks(SPECS), FILES_CHECK, TAKEN_CHECK],
    pool="lake",
)
def intake(context: AssetExecutionContext, config: IntakeConfig, lake: LakeResource) -> Results:
    """Take in the named files, or those waiting in the inbox, each whole or not at all.

    What cannot be read fails the check `files_readable`, also that of later runs while it lies in
    the inbox as it is; the run goes on with the others.
    """
    settings = lake.settings
    # Before anything is read with them: what is read with newer ones counts as read with these.
    lists = load_intake_lists(settings.config_dir)
    contracts = load_contracts(settings.expectations_dir)
    channels, broken = takeable_channels(settings.config_dir, contracts)
    files = [
        (located(path_of_text(file.path), settings.inbox), file.channel) for file in config.files
    ]
    files = files or [
        (file.path, file.channel) for file in list_inbox(settings.inbox) if file.channel in channels
    ]
    waiting = files_of_broken(files, settings.inbox, broken)
    earlier = read_left(settings.left_files)
    # By the clock, whatever time the run is for.
    harmful = {fault.path: fault for fault in earlier if fault.is_left_alone(utc_now())}
    waiting += [harmful[path] for path, _ in files if path in harmful]
    files = [(path, name) for path, name in files if name not in broken and path not in harmful]
    parsed: list[ParsedDelivery] = []
    deliveries: list[ParsedDelivery] = []
    faults: list[FileFault] = []
    done = Intake()

    def arrived(connection: duckdb.DuckDBPyConnection) -> list[ParsedDelivery]:
        returned = list_returns(
            connection, channels, received_at=run_time(context), contracts=contracts
        )
        return [*parsed, *returned]

    def pending(connection: duckdb.DuckDBPyConnection) -> list[Subject]:
        return list_subjects(list_records(arrived(connection)))

    def trace(
        connection: duckdb.DuckDBPyConnection, subject_type: str, ids: Sequence[str], since: int
    ) -> dict[str, list[Subject]]:
        return trace_contents(connection, subject_type, ids, list_records(deliveries))

    def write(candidate: Candidate) -> dict[str, int]:
        nonlocal done
        deliveries[:] = arrived(candidate.connection)
        note_lists(
            candidate.connection, Reading(STEP, lists.version, run_time(context), context.run_id)
        )
        done = take_in(candidate.connection, deliveries, run_id=context.run_id)
        mark_returned(
            candidate.connection,
            channels,
            (item.delivery for item in done.taken),
            at=run_time(context),
        )
        return done.totals

    with spool_folder(settings.home, utc_now()) as spools:

        def prepare() -> Prepared:
            found, faults[:] = parse_deliveries(
                files,
                channels,
                received_at=run_time(context),
                inbox=settings.inbox,
                spools=spools,
                notes=settings.being_read,
                contracts=contracts,
            )
            if new := [fault for fault in faults if fault.harmful_since]:
                # At once: a run that fails behind this would have to find it out again.
                with suppress(OSError):
                    note_left(new, settings.left_files)
            with lake.lake.read() as connection:
                parsed[:], held = withhold(connection, found)
            faults.extend(held)
            return Prepared(write, estimate_records(parsed))

        scope = Scope("capture.deliveries", pending, trace)
        stage = Stage("intake", "capture", tables_of(SPECS), prepare, scope)
        is_done = bool((yield from lake.materialize_stages(context, stage)))
    if is_done:
        # Where capture is switched off nothing was published, and the files keep waiting.
        faults += archive_deliveries(done.taken, inbox=settings.inbox, archive=settings.archive)
        faults += done.faults
    found = [*faults, *waiting, *odd_entries(settings.inbox)]
    left = with_earlier(found, settings.left_files, settings.inbox)
    with suppress(OSError):
        # The check says the same.
        note_left(left, settings.left_files)
    yield _files_check(
        FILES_CHECK,
        left,
        told="left_behind",
        all_of_them="lead-platform channels waiting",
        severity=AssetCheckSeverity.ERROR,
    )
    yield _files_check(
        TAKEN_CHECK,
        done.mostly_rejected if is_done else (),
        told="rejected",
        all_of_them='lead-platform sql "from capture.deliveries where 2 * rejected > records"',
        severity=AssetCheckSeverity.WARN,
    )


def _files_check(
    check: AssetCheckSpec,
    faults: Sequence[FileFault],
    *,
    told: str,
    all_of_them: str,
    severity: AssetCheckSeverity,
) -> AssetCheckResult:
    """Names each file with its reason under `told`; of very many the first, and where all are."""
    lines = [f"- `{shown(fault.path)}`: {fault.reason}" for fault in faults[:_TOLD_FAULTS]]
    if len(faults) > _TOLD_FAULTS:
        lines.append(f"- and {len(faults) - _TOLD_FAULTS:,} more: `{all_of_them}`")
    return AssetCheckResult(
        check_name=check.name,
        asset_key=check.asset_key,
        passed=not faults,
        severity=severity,
        metadata={
            "files": len(faults),
            SUMMARY: f"{len(faults)} files: {all_of_them}",
            told: MetadataValue.md("\n".join(lines) or "none"),
        },
    )
