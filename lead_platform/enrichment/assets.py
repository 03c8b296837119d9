"""Enrichment in Dagster: provider results, and profiles with source and age per field."""

from dagster import AssetExecutionContext, multi_asset

from lead_platform.enrichment.configuration import load_providers
from lead_platform.enrichment.provider import ProviderContext
from lead_platform.enrichment.results import enrich_pending, keep_answers
from lead_platform.lake.brake import interruptible
from lead_platform.lake.quarantine import Scope, Subject, leads_named, leads_of
from lead_platform.lake.resource import (
    LakeResource,
    Prepared,
    Results,
    dbt_specs,
    gate_checks,
    run_time,
    table_specs,
)
from lead_platform.vocabularies.folder import load_vocabularies

RESULTS = table_specs("enrichment", ["enrichment_results"], deps=["identity.leads"])
PROFILE_MODELS = "tag:enrichment"
PROFILES = dbt_specs(PROFILE_MODELS)


@multi_asset(name="enrich", specs=RESULTS, check_specs=gate_checks(RESULTS), pool="lake")
def enrich(context: AssetExecutionContext, lake: LakeResource) -> Results:
    """Ask the providers about leads whose request is new, outside the lock; keep the answers."""
    settings = lake.settings
    providers = load_providers(
        settings.config_dir,
        ProviderContext(load_vocabularies(settings.config_dir), settings.reference),
    )

    asked: list[Subject] = []

    def prepare() -> Prepared:
        with lake.lake.read(is_long=True) as connection, interruptible(connection.interrupt):
            answers = enrich_pending(connection, providers, run_time(context))
        asked[:] = leads_named(answers["lead_id"])
        return Prepared(lambda candidate: keep_answers(candidate.connection, answers, providers))

    scope = Scope("enrichment.enrichment_results", lambda connection: asked)
    yield from lake.materialize_prepared(context, "enrichment", prepare, scope=scope)


@multi_asset(name="profiles", specs=PROFILES, check_specs=gate_checks(PROFILES), pool="lake")
def profiles(context: AssetExecutionContext, lake: LakeResource) -> Results:
    """Join golden record and enrichment into the profile of every lead that changed."""
    yield from lake.materialize_models(
        context,
        "enrichment",
        PROFILE_MODELS,
        {"as_of": run_time(context).isoformat()},
        scope=leads_of("enrichment.lead_profiles"),
    )
