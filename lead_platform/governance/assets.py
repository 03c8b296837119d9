"""Governance in Dagster: the reconciliation of every run, and the records others write."""

from collections.abc import Mapping

from dagster import (
    AssetCheckResult,
    AssetCheckSeverity,
    AssetCheckSpec,
    AssetExecutionContext,
    DefaultScheduleStatus,
    Failure,
    OpExecutionContext,
    ScheduleDefinition,
    in_process_executor,
    job,
    op,
)

from lead_platform.governance.archive import READ_BACK, compare_with_lake
from lead_platform.governance.conservation import reconcile, record
from lead_platform.governance.quarantine import count_held, count_of_many
from lead_platform.governance.run_history import forget_runs, record_forgotten_runs
from lead_platform.lake.brake import WorkflowStoppedError
from lead_platform.lake.lake import Candidate, utc_now
from lead_platform.lake.resource import LakeResource, run_time
from lead_platform.lake.specs import (
    CATCH_UP,
    RECORDS,
    WAY_FROM_ENRICHMENT,
    WHOLE_RETRY,
    asset_job,
    table_specs,
    tables_of,
)
from lead_platform.lake.steps import Prepared, Stage
from lead_platform.lake.upkeep import maintain

# Shown, not materialised here: each of them goes with every step.
SHOWN = table_specs("governance", [table.removeprefix("governance.") for table in RECORDS])

QUALITY = table_specs(
    "governance",
    ["data_quality"],
    deps=[
        "capture.deliveries",
        "capture.submissions",
        "capture.events",
        "capture.outcomes",
        "capture.rejected_records",
        "identity.lead_members",
    ],
    # The end of a run: whoever waits for an owner does not wait for it.
    comes_after=["routing.assignments"],
    jobs=WAY_FROM_ENRICHMENT,
)
CONSERVATION = AssetCheckSpec(
    name="conservation",
    asset=QUALITY[0].key,
    blocking=True,
    description="Received = leads' submissions + repeats + rejected + set aside, from the files to "
    "the leads.",
)
NOTHING_HELD = AssetCheckSpec(
    name="quarantine",
    asset=QUALITY[0].key,
    description="Nothing waits for a person because a step had to leave it out. Fails where more "
    "than few of one run do; warns of fewer.",
)


def reconciliation(
    context: AssetExecutionContext, lake: LakeResource
) -> tuple[Stage, list[AssetCheckResult]]:
    """That nothing was lost: the counts to keep, and the checks that tell of them.

    A stage of the step at the end of a run (reporting/assets.py). What was counted is told whether
    or not it can be kept.
    """
    with lake.lake.read() as connection:
        results = reconcile(connection)
        waiting, of_many = count_held(connection), count_of_many(connection)

    def write(candidate: Candidate) -> None:
        record(candidate.connection, results, run_id=context.run_id, checked_at=run_time(context))

    checks = [
        AssetCheckResult(
            check_name=CONSERVATION.name,
            asset_key=CONSERVATION.asset_key,
            passed=all(result.passed for result in results),
            metadata={
                result.check_name: f"{result.actual:,} of {result.expected:,}: {result.detail}"
                for result in results
            },
        ),
        AssetCheckResult(
            check_name=NOTHING_HELD.name,
            asset_key=NOTHING_HELD.asset_key,
            passed=not waiting,
            severity=AssetCheckSeverity.ERROR if of_many else AssetCheckSeverity.WARN,
            metadata={
                **waiting,
                **_told_of(of_many),
                "what to do": "lead-platform quarantine list, then release or discard",
            },
        ),
    ]
    return Stage("reconcile", None, tables_of(QUALITY), lambda: Prepared(write)), checks


def _told_of(of_many: Mapping[str, int]) -> dict[str, str]:
    """Of which steps more than few were set aside at once, where any were."""
    if not of_many:
        return {}
    steps = ", ".join(f"{step} {count:,}" for step, count in of_many.items())
    text = f"More than few at once ({steps}): rather a rule or a source that changed than records."
    return {"more than few": text}


@op(pool="lake")
def maintain_lake(context: OpExecutionContext, lake: LakeResource) -> None:
    """Compact the lake's files; forget snapshots, records and runs beyond their time."""
    try:
        with lake.braked("maintenance"):
            done = maintain(lake.lake, run_id=context.run_id)
    except WorkflowStoppedError as stopped:
        lake.note_skipped("maintenance", "maintenance", context.run_id, str(stopped))
        context.log.warning(str(stopped))
        return
    now = utc_now()
    forgotten = forget_runs(context.instance, lake.settings, now=now)
    if forgotten:
        with lake.lake.write("maintenance", run_id=context.run_id) as candidate:
            record_forgotten_runs(candidate.connection, forgotten, run_id=context.run_id, now=now)
    context.log.info(
        f"published snapshot {done.release.snapshot_id}; {len(done.rebuilt)} tables rebuilt; gone: "
        f"{done.forgotten_snapshots} snapshots, {done.removed_files} files, {forgotten} runs"
    )


@op
def compare_archive(context: OpExecutionContext, lake: LakeResource) -> None:
    """Hold every archived file against the deliveries of the lake; what differs fails the run."""
    found = compare_with_lake(lake.lake, touched_since=utc_now() - READ_BACK)
    if found.faults:
        raise Failure(found.faults, allow_retries=False)
    context.log.info(f"each of {found.total} archived files is in the lake as it is")


@job(
    name="maintain",
    executor_def=in_process_executor,
    tags=WHOLE_RETRY,
    description="Compacts the lake; forgets snapshots, records and runs beyond their time.",
)
def maintain_job() -> None:
    """Maintenance of the lake."""
    maintain_lake()


@job(
    executor_def=in_process_executor,
    description="Asks of each archived file whether the lake holds its delivery.",
)
def check_archive() -> None:
    """The archive against the lake."""
    compare_archive()


# Behind whatever waits for its turn: a slice never comes before a new lead.
catch_up = asset_job(
    CATCH_UP,
    "Makes anew a slice of what was made with other lists or providers; takes in nothing.",
    tags={"dagster/priority": "-10"},
)

nightly_archive_check = ScheduleDefinition(
    name="nightly_archive_check",
    job=check_archive,
    cron_schedule="0 5 * * *",
    default_status=DefaultScheduleStatus.RUNNING,
)
