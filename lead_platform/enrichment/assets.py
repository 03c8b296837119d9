"""Enrichment in Dagster: provider results, and profiles with source and age per field.

Both are stages of the step that scores a lead (scoring/assets.py).
"""

from dagster import AssetExecutionContext

from lead_platform.enrichment.configuration import load_providers
from lead_platform.enrichment.provider import ProviderContext
from lead_platform.enrichment.results import enrich_pending, keep_answers
from lead_platform.lake.brake import interruptible
from lead_platform.lake.quarantine import Scope, Subject, leads_named, leads_of, list_let_go
from lead_platform.lake.resource import LakeResource, rows_to_reread, run_time
from lead_platform.lake.specs import WAY_FROM_ENRICHMENT, dbt_specs, table_specs, tables_of
from lead_platform.lake.steps import Models, Prepared, Stage
from lead_platform.vocabularies.folder import load_vocabularies

RESULTS = table_specs(
    "enrichment",
    ["enrichment_results"],
    deps=["identity.leads", "identity.lead_crosswalk"],
    jobs=WAY_FROM_ENRICHMENT,
)
PROFILE_MODELS = "lead_profiles"
PROFILES = dbt_specs(PROFILE_MODELS, WAY_FROM_ENRICHMENT)


def enrich(context: AssetExecutionContext, lake: LakeResource) -> Stage:
    """The providers' answers about leads whose request is new, asked outside the lock; in the job
    `catch_up` also a slice of those that another version of a provider has given."""
    asked: list[Subject] = []
    rows = rows_to_reread(context, lake.settings)

    def prepare() -> Prepared:
        folder = lake.settings.config_dir
        provided = ProviderContext(load_vocabularies(folder), lake.settings.reference)
        providers = load_providers(folder, provided)
        with lake.lake.read(is_long=True) as connection, interruptible(connection.interrupt):
            answers = enrich_pending(connection, providers, run_time(context), rows=rows)
            seen = list_let_go(connection, "enrich")
        asked[:] = leads_named(answers["lead_id"])
        return Prepared(
            lambda candidate: keep_answers(candidate.connection, answers, providers), seen=seen
        )

    scope = Scope("enrichment.enrichment_results", lambda connection: asked)
    return Stage("enrich", "enrichment", tables_of(RESULTS), prepare, scope)


def profiles(context: AssetExecutionContext) -> Stage:
    """Golden record and enrichment joined into the profile of every lead that changed."""
    models = Models(PROFILE_MODELS, {"as_of": run_time(context).isoformat()})
    return Stage(
        "profiles",
        "enrichment",
        tables_of(PROFILES),
        lambda: Prepared(models=models),
        leads_of("enrichment.lead_profiles"),
    )
