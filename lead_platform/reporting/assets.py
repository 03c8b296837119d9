"""Reporting in Dagster: the end of a run, which is reconciled and reported; where duplicates come
from."""

from dagster import AssetExecutionContext, MetadataValue, multi_asset

import lead_platform.governance.assets as governance
import lead_platform.identity.assets as identity
from lead_platform.lake.lake import Candidate
from lead_platform.lake.resource import LakeResource, Results, run_time
from lead_platform.lake.specs import WAY_FROM_ENRICHMENT, dbt_specs, gate_checks, tables_of
from lead_platform.lake.steps import Metadata, Models, Prepared, Stage
from lead_platform.reporting.duplicates import list_sources, sources_as_markdown

MART_MODELS = "lead_funnel"
MARTS = dbt_specs(MART_MODELS, WAY_FROM_ENRICHMENT)
DUPLICATE_MODELS = "duplicate_sources"
DUPLICATES = dbt_specs(DUPLICATE_MODELS, identity.SCAN)


REPORTED = [*MARTS, *governance.QUALITY]


@multi_asset(
    name="report",
    specs=REPORTED,
    check_specs=[*gate_checks(REPORTED), governance.CONSERVATION, governance.NOTHING_HELD],
    pool="lake",
    can_subset=True,
)
def report(context: AssetExecutionContext, lake: LakeResource) -> Results:
    """Check that nothing was lost and keep the counts; rebuild the marts."""
    reconciled, checks = governance.reconciliation(context, lake)
    yield from (check for check in checks if check.asset_key in context.selected_asset_keys)
    models = Models(MART_MODELS, {"as_of": run_time(context).isoformat()})
    marts = Stage("marts", "reporting", tables_of(MARTS), lambda: Prepared(models=models))
    yield from lake.materialize_stages(context, reconciled, marts)


# Outside the pool `lake`, as the scan: runs that take in leads do not wait for this one to end.
@multi_asset(name="duplicates", specs=DUPLICATES, check_specs=gate_checks(DUPLICATES))
def duplicates(context: AssetExecutionContext, lake: LakeResource) -> Results:
    """Tell where duplicates come from, as of the last scan."""

    def tell(candidate: Candidate) -> Metadata:
        sources = list_sources(candidate.connection)
        return {"sources": MetadataValue.md(sources_as_markdown(sources))}

    models = Models(DUPLICATE_MODELS, {"as_of": run_time(context).isoformat()})
    yield from lake.materialize_stages(
        context,
        Stage(
            "duplicates",
            "identity_scan",
            tables_of(DUPLICATES),
            lambda: Prepared(tell, models=models),
        ),
    )
