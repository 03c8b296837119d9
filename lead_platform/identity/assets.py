"""Identity in Dagster: from submissions to golden records in one step; the full scan."""

from dataclasses import asdict
from typing import Any

from dagster import (
    AssetExecutionContext,
    AssetSpec,
    DefaultScheduleStatus,
    ScheduleDefinition,
    multi_asset,
)

from lead_platform.identity.engine.specification import specification_version
from lead_platform.identity.leads.specification import (
    SPECIFICATION_FILE,
    load_lead_specification,
    own_columns,
)
from lead_platform.identity.leads.tracing import count_arrivals, list_arrivals, trace_arrivals
from lead_platform.identity.modelling.proposals import model_at_work
from lead_platform.identity.resolution import (
    list_unnormalized,
    normalize_pending,
    resolve,
    write_normalized,
)
from lead_platform.identity.scan import scan_base, write_findings
from lead_platform.lake.brake import interruptible
from lead_platform.lake.lake import Candidate
from lead_platform.lake.quarantine import Scope, leads_of, list_let_go
from lead_platform.lake.readings import Reading
from lead_platform.lake.resource import LakeResource, Results, run_time
from lead_platform.lake.specs import (
    WAY_FROM_IDENTITY,
    asset_job,
    dbt_specs,
    gate_checks,
    table_specs,
    tables_of,
)
from lead_platform.lake.steps import Metadata, Models, Prepared, Stage
from lead_platform.vocabularies.folder import load_vocabularies

NORMALIZED = table_specs(
    "identity",
    ["normalized_submissions"],
    deps=["capture.submissions"],
    jobs=WAY_FROM_IDENTITY,
)

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
    also_writes=["identity.account_decisions", "identity.merged_account_members"],
    reads_back=["identity.split_parts"],
    jobs=WAY_FROM_IDENTITY,
    kinds=("python", "splink", "duckdb"),
)

# Also where duplicates come from (reporting/assets.py).
SCAN = ("scan_identity",)

SCANNED = table_specs(
    "identity",
    ["scans", "split_parts"],
    deps=[
        "identity.normalized_submissions",
        "identity.lead_members",
        "identity.match_pairs",
        "identity.match_reviews",
        "identity.match_verdicts",
    ],
    also_writes=["identity.match_pairs", "identity.match_reviews"],
    jobs=SCAN,
    kinds=("python", "splink", "duckdb"),
)

# Written by people's commands (verdicts.py), and by the few runs in which accounts merge or such a
# verdict takes effect: shown, not materialised here, for every run would pay for their events.
SHOWN: list[AssetSpec] = [
    *table_specs("identity", ["match_verdicts", "account_verdicts"], kinds=("duckdb",)),
    *table_specs(
        "identity", ["account_decisions", "merged_account_members"], deps=["identity.accounts"]
    ),
]

GOLDEN_MODELS = "leads"
GOLDEN = dbt_specs(GOLDEN_MODELS, WAY_FROM_IDENTITY)

apply_verdicts = asset_job(
    "apply_verdicts",
    "What people said of pairs takes effect, from leads to owners; takes in nothing.",
)
scan_identity = asset_job(
    "scan_identity",
    "Compares all leads with each other; what it finds waits for a person.",
)
weekly_scan = ScheduleDefinition(
    name="weekly_scan",
    job=scan_identity,
    cron_schedule="0 3 * * 0",
    default_status=DefaultScheduleStatus.RUNNING,
)


IDENTIFIED = [*NORMALIZED, *RESOLVED, *GOLDEN]


@multi_asset(name="identify", specs=IDENTIFIED, check_specs=gate_checks(IDENTIFIED), pool="lake")
def identify(context: AssetExecutionContext, lake: LakeResource) -> Results:
    """Whose is each new submission? Its normal form, its lead, and the lead's golden record."""
    yield from lake.materialize_stages(
        context, _normalize(context, lake), _resolve(context, lake), _golden_records(context)
    )


def _normalize(context: AssetExecutionContext, lake: LakeResource) -> Stage:
    """New submissions, and those to be read anew, in their normal form."""

    def prepare() -> Prepared:
        vocabularies = load_vocabularies(lake.settings.config_dir)
        lists = Reading("normalize", vocabularies.version, run_time(context), context.run_id)
        own_fields = own_columns(load_lead_specification(lake.settings.config_dir))
        with lake.lake.read() as connection, interruptible(connection.interrupt):
            normalized = normalize_pending(connection, vocabularies, lists, own_fields)
            seen = list_let_go(connection, "normalize")

        def write(candidate: Candidate) -> dict[str, int]:
            candidate.hold(normalized.faults, "submission", "identity.normalized_submissions")
            return write_normalized(candidate.connection, normalized.rows, lists)

        return Prepared(write, len(normalized.rows), seen=seen)

    scope = Scope("identity.normalized_submissions", list_unnormalized)
    return Stage("normalize", "identity", tables_of(NORMALIZED), prepare, scope)


def _resolve(context: AssetExecutionContext, lake: LakeResource) -> Stage:
    """Whose each submission is and of which company; whose events and outcomes are."""

    def write(candidate: Candidate) -> Metadata:
        found = resolve(
            candidate.connection,
            lake.settings.config_dir,
            lake.settings.models,
            decided_at=run_time(context),
            run_id=context.run_id,
        )
        if found["not_weighed"]:
            context.log.warning(found["not_weighed"])
        return found

    scope = Scope(
        "identity.lead_members", list_arrivals, trace_arrivals, count_taken=count_arrivals
    )
    return Stage("resolve", "identity", tables_of(RESOLVED), lambda: Prepared(write), scope)


def _golden_records(context: AssetExecutionContext) -> Stage:
    """The golden record of every lead that changed."""
    models = Models(GOLDEN_MODELS, {"as_of": run_time(context).isoformat()})
    return Stage(
        "golden_records",
        "identity",
        tables_of(GOLDEN),
        lambda: Prepared(models=models),
        leads_of("identity.leads"),
    )


# Outside the pool `lake`: it compares for minutes, and runs that take in leads do not wait for it.
@multi_asset(name="scan", specs=SCANNED, check_specs=gate_checks(SCANNED))
def scan(context: AssetExecutionContext, lake: LakeResource) -> Results:
    """Compare the whole base with itself, outside the lock; then queue what was found."""
    path = lake.settings.config_dir / SPECIFICATION_FILE
    specification = load_lead_specification(lake.settings.config_dir)

    def prepare() -> Prepared:
        with lake.lake.read(is_long=True) as connection, interruptible(connection.interrupt):
            work = model_at_work(specification, lake.settings.models)
            for warning in work.warnings():
                context.log.warning(warning)
            findings = scan_base(connection, work.specification, work.model)

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

    yield from lake.materialize_stages(
        context, Stage("scan", "identity_scan", tables_of(SCANNED), prepare)
    )
