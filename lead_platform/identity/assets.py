"""Identity in Dagster: normalised submissions, resolved leads, golden records, the full scan."""

from dataclasses import asdict
from typing import Any

from dagster import AssetExecutionContext, AssetSpec, multi_asset

from lead_platform.identity.engine.specification import load_specification, specification_version
from lead_platform.identity.leads.tracing import list_arrivals, trace_arrivals
from lead_platform.identity.modelling.proposals import active_model
from lead_platform.identity.resolution import (
    list_unnormalized,
    normalize_pending,
    resolve,
    write_normalized,
)
from lead_platform.identity.scan import scan_base, write_findings
from lead_platform.lake.brake import interruptible
from lead_platform.lake.lake import Candidate
from lead_platform.lake.quarantine import Scope, leads_of
from lead_platform.lake.readings import Reading
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
        "identity.account_verdicts",
        "capture.events",
        "capture.outcomes",
    ],
    kinds=("python", "splink", "duckdb"),
)

SCANNED = table_specs(
    "identity",
    ["scans", "split_parts"],
    deps=["identity.lead_members", "identity.match_pairs", "identity.match_verdicts"],
    kinds=("python", "splink", "duckdb"),
)

# Written by people's commands (verdicts.py), and by the few runs in which accounts merge or such a
# verdict takes effect: shown, not materialised here, for every run would pay for their events.
VERDICTS: list[AssetSpec] = [
    *table_specs("identity", ["match_verdicts", "account_verdicts"], kinds=("duckdb",)),
    *table_specs(
        "identity", ["account_decisions", "merged_account_members"], deps=["identity.accounts"]
    ),
]

GOLDEN_MODELS = "tag:identity"
GOLDEN = dbt_specs(GOLDEN_MODELS)


@multi_asset(name="normalize", specs=NORMALIZED, check_specs=gate_checks(NORMALIZED), pool="lake")
def normalize(context: AssetExecutionContext, lake: LakeResource) -> Results:
    """Bring new submissions, and those to be read anew, into their normal form, outside the lock;
    then add them."""
    vocabularies = load_vocabularies(lake.settings.config_dir)
    lists = Reading("normalize", vocabularies.version, run_time(context), context.run_id)

    def prepare() -> Prepared:
        with lake.lake.read() as connection, interruptible(connection.interrupt):
            normalized = normalize_pending(connection, vocabularies, lists)

        def write(candidate: Candidate) -> dict[str, int]:
            candidate.hold(normalized.faults, "submission", "identity.normalized_submissions")
            return write_normalized(candidate.connection, normalized.rows, lists)

        return Prepared(write, len(normalized.rows))

    scope = Scope("identity.normalized_submissions", list_unnormalized)
    yield from lake.materialize_prepared(context, "identity", prepare, scope=scope)


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
        scope=Scope("identity.lead_members", list_arrivals, trace_arrivals),
    )


@multi_asset(name="golden_records", specs=GOLDEN, check_specs=gate_checks(GOLDEN), pool="lake")
def golden_records(context: AssetExecutionContext, lake: LakeResource) -> Results:
    """Rebuild the golden record of every lead that changed."""
    yield from lake.materialize_models(
        context,
        "identity",
        GOLDEN_MODELS,
        {"as_of": run_time(context).isoformat()},
        scope=leads_of("identity.leads"),
    )


# Outside the pool `lake`: it compares for minutes, and runs that take in leads do not wait for it.
@multi_asset(name="scan", specs=SCANNED, check_specs=gate_checks(SCANNED))
def scan(context: AssetExecutionContext, lake: LakeResource) -> Results:
    """Compare the whole base with itself, outside the lock; then queue what was found."""
    path = lake.settings.config_dir / "identity.yaml"
    specification = load_specification(path)

    def prepare() -> Prepared:
        with lake.lake.read(is_long=True) as connection, interruptible(connection.interrupt):
            model = active_model(specification, lake.settings.models)
            findings = scan_base(connection, specification, model)

        def write(candidate: Candidate) -> dict[str, Any]:
            summary = write_findings(
                candidate.connection,
                findings,
                specification.scan,
                specification_version=specification_version(path),
                scanned_at=run_time(context),
                run_id=context.run_id,
            )
            return {**findings.counts, **asdict(summary)}

        return Prepared(write)

    yield from lake.materialize_prepared(context, "identity_scan", prepare)
