"""Identity in Dagster: normalised submissions, resolved leads, golden records."""

from dagster import AssetExecutionContext, AssetSpec, multi_asset

from lead_platform.identity.normalization.vocabularies import load_vocabularies
from lead_platform.identity.resolution import normalize_pending, resolve, write_normalized
from lead_platform.lake.resource import (
    LakeResource,
    Results,
    dbt_specs,
    gate_checks,
    run_time,
    table_specs,
)

NORMALIZED = table_specs("identity", ["normalized_submissions"], deps=["capture.submissions"])

RESOLVED = table_specs(
    "identity",
    [
        "match_pairs",
        "lead_members",
        "lead_versions",
        "lead_crosswalk",
        "merged_members",
        "merge_decisions",
        "match_reviews",
        "lead_events",
        "lead_outcomes",
        "accounts",
        "account_members",
        "account_pairs",
        "account_relations",
        "account_crosswalk",
    ],
    deps=[
        "identity.normalized_submissions",
        "identity.match_verdicts",
        "capture.events",
        "capture.outcomes",
    ],
    kinds=("python", "splink", "duckdb"),
)

# Written by people's commands (verdicts.py): shown, not materialised here.
VERDICTS: list[AssetSpec] = table_specs("identity", ["match_verdicts"], kinds=("duckdb",))

GOLDEN_MODELS = "tag:identity"
GOLDEN = dbt_specs(GOLDEN_MODELS)


@multi_asset(name="normalize", specs=NORMALIZED, check_specs=gate_checks(NORMALIZED), pool="lake")
def normalize(context: AssetExecutionContext, lake: LakeResource) -> Results:
    """Bring new submissions into their normal form, outside the lock; then add them."""
    vocabularies = load_vocabularies(lake.settings.config_dir)
    with lake.lake.read() as connection:
        normalized = normalize_pending(connection, vocabularies)
    yield from lake.materialize(
        context,
        "identity",
        lambda candidate: write_normalized(candidate.connection, normalized),
        rows=len(normalized),
    )


@multi_asset(name="resolve", specs=RESOLVED, check_specs=gate_checks(RESOLVED), pool="lake")
def resolve_identity(context: AssetExecutionContext, lake: LakeResource) -> Results:
    """Decide whose each new submission is and of which company; attribute events and outcomes."""
    yield from lake.materialize(
        context,
        "identity",
        lambda candidate: resolve(
            candidate.connection,
            lake.settings.config_dir,
            lake.settings.models,
            decided_at=run_time(context),
            run_id=context.run_id,
        ),
    )


@multi_asset(name="golden_records", specs=GOLDEN, check_specs=gate_checks(GOLDEN), pool="lake")
def golden_records(context: AssetExecutionContext, lake: LakeResource) -> Results:
    """Rebuild the golden record of every lead that changed."""
    yield from lake.materialize_models(
        context, "identity", GOLDEN_MODELS, {"as_of": run_time(context).isoformat()}
    )
