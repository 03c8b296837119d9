"""Governance in Dagster: the reconciliation of every run, and the records others write."""

import pandas as pd
from dagster import (
    AssetCheckResult,
    AssetCheckSpec,
    AssetExecutionContext,
    AssetSpec,
    OpExecutionContext,
    multi_asset,
    op,
)

from lead_platform.governance.conservation import reconcile, record
from lead_platform.lake.audit import record_actions
from lead_platform.lake.resource import (
    LakeResource,
    Results,
    gate_checks,
    run_time,
    switched_off,
    table_specs,
)

# Written by the gate, the switches and every workflow: shown, not materialised here.
RECORDS: list[AssetSpec] = table_specs(
    "governance",
    ["releases", "gate_failures", "audit_log", "workflow_switches", "workflow_runs"],
)

QUALITY = table_specs(
    "governance",
    ["data_quality"],
    deps=[
        "capture.deliveries",
        "capture.rejected_records",
        "identity.lead_members",
        "routing.assignments",
    ],
)
CONSERVATION = AssetCheckSpec(
    name="conservation",
    asset=QUALITY[0].key,
    blocking=True,
    description="Received = leads' submissions + repeats + rejected, from the files to the leads.",
)


@multi_asset(
    name="reconcile",
    specs=QUALITY,
    check_specs=[*gate_checks(QUALITY), CONSERVATION],
    pool="lake",
)
def reconciliation(context: AssetExecutionContext, lake: LakeResource) -> Results:
    """Check that nothing was lost and keep the counts."""
    with lake.lake.read() as connection:
        results = reconcile(connection)
    yield from lake.materialize(
        context,
        None,
        lambda candidate: record(
            candidate.connection, results, run_id=context.run_id, checked_at=run_time(context)
        ),
    )
    yield AssetCheckResult(
        check_name=CONSERVATION.name,
        asset_key=CONSERVATION.asset_key,
        passed=all(result.passed for result in results),
        metadata={
            result.check_name: f"{result.actual:,} of {result.expected:,}: {result.detail}"
            for result in results
        },
    )


@op(pool="lake")
def maintain_lake(context: OpExecutionContext, lake: LakeResource) -> None:
    """Compact the lake's files and forget snapshots beyond the retention."""
    with lake.lake.write("maintenance", run_id=context.run_id) as candidate:
        off = switched_off(candidate, "maintenance")
    if off:
        context.log.warning(off)
        return
    release = lake.lake.maintain(run_id=context.run_id)
    days = lake.settings.snapshot_retention_days
    action = {
        "workflow": "maintenance",
        "action": "compact_lake",
        "subject_type": "release",
        "subject_id": release.release_id,
        "rule": "snapshot_retention_days",
        "rule_version": str(days),
        "reason": "small files slow readers down, old snapshots take room",
        "after": f"files merged, snapshots older than {days} days forgotten; no row was changed",
        "occurred_at": release.released_at,
    }
    with lake.lake.write("maintenance", run_id=context.run_id) as candidate:
        record_actions(candidate.connection, pd.DataFrame([action]), run_id=context.run_id)
    context.log.info(f"published snapshot {release.snapshot_id}")
