"""Reporting in Dagster: marts over leads, scores and outcomes; where duplicates come from."""

from dagster import AssetExecutionContext, MetadataValue, multi_asset

from lead_platform.lake.resource import LakeResource, Results, dbt_specs, gate_checks, run_time
from lead_platform.reporting.duplicates import list_sources, sources_as_markdown

MART_MODELS = "lead_funnel"
MARTS = dbt_specs(MART_MODELS)
DUPLICATE_MODELS = "duplicate_sources"
DUPLICATES = dbt_specs(DUPLICATE_MODELS)


@multi_asset(name="marts", specs=MARTS, check_specs=gate_checks(MARTS), pool="lake")
def marts(context: AssetExecutionContext, lake: LakeResource) -> Results:
    """Rebuild the marts."""
    yield from lake.materialize_models(
        context, "reporting", MART_MODELS, {"as_of": run_time(context).isoformat()}
    )


# Outside the pool `lake`, as the scan: runs that take in leads do not wait for this one to end.
@multi_asset(name="duplicates", specs=DUPLICATES, check_specs=gate_checks(DUPLICATES))
def duplicates(context: AssetExecutionContext, lake: LakeResource) -> Results:
    """Tell where duplicates come from, as of the last scan."""
    yield from lake.materialize_models(
        context,
        "identity_scan",
        DUPLICATE_MODELS,
        {"as_of": run_time(context).isoformat()},
        describe=lambda candidate: {
            "sources": MetadataValue.md(sources_as_markdown(list_sources(candidate.connection)))
        },
    )
