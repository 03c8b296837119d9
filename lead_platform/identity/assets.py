"""Identity in Dagster: from submissions to golden records in one step; the full scan."""

from dataclasses import asdict
from typing import Any

import duckdb
from dagster import (
    AssetExecutionContext,
    AssetSpec,
    DefaultScheduleStatus,
    ScheduleDefinition,
    multi_asset,
)

from lead_platform.capture.contracts import load_contracts, takeable_channels
from lead_platform.capture.rereading import STAGE as REREAD
from lead_platform.capture.rereading import STEP as INTAKE
from lead_platform.capture.rereading import list_slice, reread_items
from lead_platform.identity.engine.specification import specification_version
from lead_platform.identity.leads.specification import (
    SPECIFICATION_FILE,
    load_lead_specification,
    own_columns,
)
from lead_platform.identity.leads.tracing import count_arrivals, list_arrivals, trace_arrivals
from lead_platform.identity.modelling.proposals import model_at_work
from lead_platform.identity.resolution import (
    Normalized,
    list_unnormalized,
    normalize_anew,
    normalize_pending,
    resolve,
    withdraw_non_persons,
    write_normalized,
)
from lead_platform.identity.scan import scan_base, write_findings
from lead_platform.lake.brake import interruptible
from lead_platform.lake.lake import Candidate
from lead_platform.lake.quarantine import Scope, Subject, leads_of, list_let_go
from lead_platform.lake.readings import Reading
from lead_platform.lake.resource import LakeResource, Results, rows_to_reread, run_time
from lead_platform.lake.specs import (
    CATCH_UP,
    WAY_FROM_IDENTITY,
    asset_job,
    dbt_specs,
    gate_checks,
    table_specs,
    tables_of,
)
from lead_platform.lake.steps import Metadata, Models, Prepared, Stage
from lead_platform.vocabularies.folder import load_intake_lists, load_vocabularies

# What is read anew is written where it was captured.
CAPTURED = ("capture.submissions", "capture.events", "capture.outcomes")

NORMALIZED = table_specs(
    "identity",
    ["normalized_submissions"],
    deps=["capture.deliveries", *CAPTURED],
    also_writes=CAPTURED,
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
FORMS = tables_of(NORMALIZED) - {*CAPTURED}


@multi_asset(name="identify", specs=IDENTIFIED, check_specs=gate_checks(IDENTIFIED), pool="lake")
def identify(context: AssetExecutionContext, lake: LakeResource) -> Results:
    """Whose is each new submission? Its normal form, its lead, and the lead's golden record.

    In the job `catch_up` also of a slice of those that were read with other lists than today's.
    """
    rows = rows_to_reread(context, lake.settings)
    anew = [_reread(context, lake, rows), _normalize_anew(context, lake, rows)]
    yield from lake.materialize_stages(
        context,
        *(anew if rows else [_normalize(context, lake)]),
        _resolve(context, lake, rows),
        _golden_records(context),
    )


def _reread(context: AssetExecutionContext, lake: LakeResource, rows: int) -> Stage:
    """What was captured with other lists, as it would be captured now."""
    settings = lake.settings

    def write(candidate: Candidate) -> Metadata:
        lists = load_intake_lists(settings.config_dir)
        contracts = load_contracts(settings.expectations_dir)
        channels, _ = takeable_channels(settings.config_dir, contracts)
        reading = Reading(INTAKE, lists.version, run_time(context), context.run_id)
        done = reread_items(candidate.connection, channels, contracts, lists, reading, rows=rows)
        return asdict(done)

    def pending(connection: duckdb.DuckDBPyConnection) -> list[Subject]:
        return list_slice(connection, load_intake_lists(settings.config_dir), rows)

    scope = Scope("capture.submissions", pending)
    return Stage(REREAD, CATCH_UP, frozenset(CAPTURED), lambda: Prepared(write, rows), scope)


def _normalize_anew(context: AssetExecutionContext, lake: LakeResource, rows: int) -> Stage:
    """As `_normalize`; and normal forms that are of other lists, or of what was read anew since.

    Under the lock, for what is read anew is written just before; so many rows take a second.
    """

    def write(candidate: Candidate) -> Metadata:
        vocabularies = load_vocabularies(lake.settings.config_dir)
        lists = Reading(
            "normalize", vocabularies.version, run_time(context), context.run_id, kind="submission"
        )
        withdrawn = withdraw_non_persons(candidate.connection)
        # What its switch keeps from being read anew is left alone here too.
        is_off = lake.switches.read(CATCH_UP).off_because is not None
        own_fields = own_columns(load_lead_specification(lake.settings.config_dir))
        normalized = normalize_anew(
            candidate.connection, vocabularies, 0 if is_off else rows, own_fields
        )
        _hold(candidate, normalized)
        counts = write_normalized(candidate.connection, normalized.rows, lists)
        return {**counts, "withdrawn": withdrawn}

    scope = Scope("identity.normalized_submissions", list_unnormalized)
    return Stage("normalize", "identity", FORMS, lambda: Prepared(write, rows), scope)


def _hold(candidate: Candidate, normalized: Normalized) -> None:
    """Set aside what breaks normalising."""
    place, tried = ("submission", "identity.normalized_submissions"), normalized.submissions
    candidate.hold(normalized.faults, *place, of=tried)
    candidate.hold(normalized.faults_again, *place, of=tried)


def _normalize(context: AssetExecutionContext, lake: LakeResource) -> Stage:
    """New submissions in their normal form."""

    def prepare() -> Prepared:
        vocabularies = load_vocabularies(lake.settings.config_dir)
        own_fields = own_columns(load_lead_specification(lake.settings.config_dir))
        with lake.lake.read() as connection, interruptible(connection.interrupt):
            normalized = normalize_pending(connection, vocabularies, own_fields)
            seen = list_let_go(connection, "normalize")

        def write(candidate: Candidate) -> dict[str, int]:
            _hold(candidate, normalized)
            return write_normalized(candidate.connection, normalized.rows)

        return Prepared(write, len(normalized.rows), seen=seen)

    scope = Scope("identity.normalized_submissions", list_unnormalized)
    return Stage("normalize", "identity", FORMS, prepare, scope)


def _resolve(context: AssetExecutionContext, lake: LakeResource, rows: int) -> Stage:
    """Whose each submission is and of which company; whose events and outcomes are."""

    def write(candidate: Candidate) -> Metadata:
        found = resolve(
            candidate.connection,
            lake.settings.config_dir,
            lake.settings.models,
            decided_at=run_time(context),
            run_id=context.run_id,
            rows=rows,
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
