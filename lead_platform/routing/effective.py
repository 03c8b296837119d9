"""What takes effect in routing: the configuration's tables, and decisions on waiting leads."""

from collections.abc import Sequence
from datetime import datetime

import duckdb
import pandas as pd

from lead_platform.lake.audit import record_actions
from lead_platform.routing.account_reps import account_reps
from lead_platform.routing.assignments import (
    UndoError,
    UndoneAssignment,
    active_leads,
    previous_owners,
    stale_leads,
    unassign,
    write_decisions,
)
from lead_platform.routing.configuration import RoutingConfiguration, tabulate_version
from lead_platform.routing.decisions import RoutingResult, route_leads
from lead_platform.routing.restoration import restore_assignments
from lead_platform.routing.roster import tabulate_reps
from lead_platform.routing.territories import tabulate_territories


def write_configuration(
    connection: duckdb.DuckDBPyConnection,
    configuration: RoutingConfiguration,
    *,
    effective_at: datetime,
    run_id: str,
) -> dict[str, str]:
    """Make rules, reps and territories those of the configuration; versions are kept."""
    version = configuration.routing_version
    newest = connection.execute(
        "select routing_version, version_seq from routing.routing_versions "
        "order by version_seq desc limit 1"
    ).fetchone()
    before, newest_seq = newest or (None, 0)
    _replace(
        connection, "routing.reps", tabulate_reps(configuration.reps, configuration.reps_version)
    )
    _replace(
        connection,
        "routing.territories",
        tabulate_territories(configuration.territories, configuration.territories_version),
    )
    if before == version:
        return {"routing_version": version}
    _replace(
        connection,
        "routing.routing_versions",
        tabulate_version(configuration, effective_at).assign(version_seq=newest_seq + 1),
        where="routing_version in (select routing_version from replacement)",
    )
    action = {
        "workflow": "routing",
        "action": "activate_routing",
        "subject_type": "routing_configuration",
        "subject_id": version,
        "rule_version": version,
        "reason": "routing.yaml, territories.csv, reps.csv or named_accounts.csv changed",
        "before": before,
        "after": version,
        "occurred_at": effective_at,
    }
    record_actions(connection, pd.DataFrame([action]), run_id=run_id)
    return {"routing_version": version}


def route(
    connection: duckdb.DuckDBPyConnection,
    configuration: RoutingConfiguration,
    *,
    decided_at: datetime,
    run_id: str,
) -> dict[str, int]:
    """Route the leads that wait for it; writes decisions, assignments and their audit records.

    Where a merge was undone, what stood before it comes first.
    """
    restored = restore_assignments(connection, decided_at)
    record_actions(connection, restored, run_id=run_id)
    leads = stale_leads(connection, configuration)
    if leads.empty:
        return {"routed": 0, "restored": len(restored)}
    load = active_leads(connection, leads)
    owners = previous_owners(connection, leads)
    accounts = account_reps(connection, leads, configuration)
    result = route_leads(leads, configuration, load, owners, decided_at, accounts)
    actions = _actions(connection, result, decided_at)
    write_decisions(connection, result)
    record_actions(connection, actions, run_id=run_id)
    return {"routed": len(result.decisions), "restored": len(restored)}


def undo_assignments(
    connection: duckdb.DuckDBPyConnection,
    names: Sequence[str],
    *,
    undone_by: str,
    reason: str,
    undone_at: datetime,
) -> list[UndoneAssignment]:
    """Takes these decisions back, or the current ones of these leads; with audit records.

    Raises UndoError naming every one that is not in effect, and without a person and a reason.
    """
    if not undone_by.strip() or not reason.strip():
        raise UndoError("An undo needs a person (--by) and a reason (--reason).")
    rows = connection.execute(
        "select lead_id, decision_id from routing.assignments "
        "where lead_id in (select unnest($names::varchar[]))",
        {"names": list(names)},
    ).fetchall()
    current = dict(rows)
    wanted = [current.get(name, name) for name in names]
    undone = unassign(connection, wanted, undone_by, reason, undone_at)
    actions = pd.DataFrame(
        {
            "workflow": "routing",
            "action": "undo_assignment",
            "subject_type": "lead",
            "subject_id": [one.lead_id for one in undone],
            "rule": [one.decision_id for one in undone],
            "reason": reason,
            "before": [one.before for one in undone],
            "after": [one.after for one in undone],
            "actor": undone_by,
            "occurred_at": undone_at,
        }
    )
    record_actions(connection, actions, run_id="")
    return undone


def _actions(
    connection: duckdb.DuckDBPyConnection, result: RoutingResult, decided_at: datetime
) -> pd.DataFrame:
    """One audit record per decision, with where the lead was before."""
    connection.register("decisions", result.decisions)
    actions = connection.execute(
        """
        select
            'routing' as workflow, 'assign_lead' as action, 'lead' as subject_type,
            decisions.lead_id as subject_id, decisions.rule,
            decisions.routing_version as rule_version, decisions.explanation as reason,
            coalesce(assignments.owner_rep_id, assignments.queue) as before,
            decisions.destination as after, $decided_at as occurred_at
        from decisions
        left join routing.assignments as assignments using (lead_id)
        """,
        {"decided_at": decided_at},
    ).df()
    connection.unregister("decisions")
    return actions


def _replace(
    connection: duckdb.DuckDBPyConnection, table: str, frame: pd.DataFrame, where: str = "true"
) -> None:
    """Make the rows of `table` (those `where` names) the frame's, unless they are already."""
    connection.register("replacement", frame)
    differs = connection.execute(
        f"""
        select exists(from replacement except from {table})
            or exists((from {table} where {where}) except from replacement)
        """
    ).fetchone()
    if differs and differs[0]:
        connection.execute(f"delete from {table} where {where}")
        connection.execute(f"insert into {table} by name select * from replacement")
    connection.unregister("replacement")
