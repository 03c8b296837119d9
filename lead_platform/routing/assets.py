"""Routing in Dagster: the configuration in effect, decisions and assignments."""

import functools

import duckdb
from dagster import AssetExecutionContext, multi_asset

from lead_platform.lake.lake import Candidate
from lead_platform.lake.quarantine import Scope, Subject, leads_named
from lead_platform.lake.resource import LakeResource, Results, run_time
from lead_platform.lake.specs import WAY_FROM_ENRICHMENT, gate_checks, table_specs, tables_of
from lead_platform.lake.steps import Metadata, Prepared, Stage
from lead_platform.routing.assignments import stale_leads
from lead_platform.routing.configuration import RoutingConfiguration, load_routing
from lead_platform.routing.dispatch import route
from lead_platform.routing.versions import write_configuration

ROSTER = table_specs(
    "routing", ["routing_versions", "reps", "territories"], jobs=WAY_FROM_ENRICHMENT
)
ROUTES = table_specs(
    "routing",
    ["routing_decisions", "assignments", "review_queue"],
    deps=[
        "identity.account_members",
        "identity.lead_crosswalk",
        "identity.lead_outcomes",
        "identity.lead_versions",
        "enrichment.lead_profiles",
        "scoring.lead_scores",
        "routing.reps",
        "routing.routing_versions",
    ],
    jobs=WAY_FROM_ENRICHMENT,
)


ROUTED = [*ROSTER, *ROUTES]


@multi_asset(name="route", specs=ROUTED, check_specs=gate_checks(ROUTED), pool="lake")
def routes(context: AssetExecutionContext, lake: LakeResource) -> Results:
    """Let rules, territories and reps take effect; decide who should handle each lead that waits
    for it, and why."""

    @functools.cache
    def configuration() -> RoutingConfiguration:
        return load_routing(lake.settings.config_dir)

    def pending(connection: duckdb.DuckDBPyConnection) -> list[Subject]:
        return leads_named(stale_leads(connection, configuration())["lead_id"])

    def prepare() -> Prepared:
        configuration()
        return Prepared(write)

    def write(candidate: Candidate) -> Metadata:
        at = run_time(context)
        version = write_configuration(
            candidate.connection, configuration(), effective_at=at, run_id=context.run_id
        )
        routed = route(candidate.connection, configuration(), decided_at=at, run_id=context.run_id)
        return {**version, **routed}

    scope = Scope("routing.routing_decisions", pending)
    stage = Stage("route", "routing", tables_of(ROUTED), prepare, scope)
    yield from lake.materialize_stages(context, stage)
