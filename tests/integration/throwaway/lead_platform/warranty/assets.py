"""Warranty in Dagster: which leads hold one, and how many by country; renewed every night."""

from dagster import AssetExecutionContext, DefaultScheduleStatus, ScheduleDefinition, multi_asset
from lead_platform.warranty.registrations import register

from lead_platform.lake.lake import Candidate
from lead_platform.lake.resource import LakeResource, Results, run_time
from lead_platform.lake.specs import asset_job, dbt_specs, gate_checks, table_specs, tables_of
from lead_platform.lake.steps import Metadata, Models, Prepared, Stage

RENEWAL = ("renew_warranties",)

REGISTRATIONS = table_specs("warranty", ["registrations"], deps=["identity.leads"], jobs=RENEWAL)
COUNTRY_MODELS = "warranty_countries"
COUNTRIES = dbt_specs(COUNTRY_MODELS, RENEWAL)
WARRANTIES = [*REGISTRATIONS, *COUNTRIES]

renew_warranties = asset_job("renew_warranties", "Registers the leads that hold no warranty yet.")
nightly_renewal = ScheduleDefinition(
    name="nightly_renewal",
    job=renew_warranties,
    cron_schedule="0 2 * * *",
    default_status=DefaultScheduleStatus.RUNNING,
)


@multi_asset(name="warranties", specs=WARRANTIES, check_specs=gate_checks(WARRANTIES), pool="lake")
def warranties(context: AssetExecutionContext, lake: LakeResource) -> Results:
    """Register the leads that hold no warranty yet; count them by country."""

    def write(candidate: Candidate) -> Metadata:
        return register(candidate.connection, registered_at=run_time(context))

    models = Models(COUNTRY_MODELS, {"as_of": run_time(context).isoformat()})
    yield from lake.materialize_stages(
        context,
        Stage("register", "warranty", tables_of(REGISTRATIONS), lambda: Prepared(write)),
        Stage("countries", "warranty", tables_of(COUNTRIES), lambda: Prepared(models=models)),
    )
