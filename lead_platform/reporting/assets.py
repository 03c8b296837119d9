"""Reporting in Dagster: marts over leads, scores and outcomes."""

from dagster import AssetExecutionContext, multi_asset

from lead_platform.lake.resource import LakeResource, Results, dbt_specs, gate_checks, run_time

MART_MODELS = "tag:reporting"
MARTS = dbt_specs(MART_MODELS)


@multi_asset(name="marts", specs=MARTS, check_specs=gate_checks(MARTS), pool="lake")
def marts(context: AssetExecutionContext, lake: LakeResource) -> Results:
    """Rebuild the marts."""
    yield from lake.materialize_models(
        context, "reporting", MART_MODELS, {"as_of": run_time(context).isoformat()}
    )
