"""Routing in Dagster: roster and territories in effect, decisions and assignments."""

import duckdb
from dagster import AssetExecutionContext, multi_asset

from lead_platform.lake.quarantine import Scope, Subject, leads_named
from lead_platform.lake.resource import LakeResource, Results, gate_checks, run_time, table_specs
from lead_platform.routing.assignments import stale_leads
from lead_platform.routing.configuration import load_routing
from lead_platform.routing.effective import route, write_configuration

ROSTER = table_specs("routing", ["routing_versions", "reps", "territories"])
ROUTES = table_specs(
    "routing",
    ["routing_decisions", "assignments", "review_queue"],
    deps=[
        "enrichment.lead_profiles",
        "scoring.lead_scores",
        "identity.lead_outcomes",
        "routing.reps",
        "routing.territories",
        "routing.routing_versions",
    ],
)


@multi_asset(name="roster", specs=ROSTER, check_specs=gate_checks(ROSTER), pool="lake")
def roster(context: AssetExecutionContext, lake: LakeResource) -> Results:
    """Let rules, territories and reps of the configuration take effect."""
    configuration = load_routing(lake.settings.config_dir)
    yield from lake.materialize(
        context,
        "routing",
        lambda candidate: write_configuration(
            candidate.connection,
            configuration,
            effective_at=run_time(context),
            run_id=context.run_id,
        ),
    )


@multi_asset(name="route", specs=ROUTES, check_specs=gate_checks(ROUTES), pool="lake")
def routes(context: AssetExecutionContext, lake: LakeResource) -> Results:
    """Decide who should handle each lead that waits for it, and why."""
    configuration = load_routing(lake.settings.config_dir)

    def pending(connection: duckdb.DuckDBPyConnection) -> list[Subject]:
        return leads_named(stale_leads(connection, configuration)["lead_id"])

    yield from lake.materialize(
        context,
        "routing",
        lambda candidate: route(
            candidate.connection,
            configuration,
            decided_at=run_time(context),
            run_id=context.run_id,
        ),
        scope=Scope("routing.routing_decisions", pending),
    )
