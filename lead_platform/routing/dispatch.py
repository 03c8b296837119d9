"""Who gets which lead: decided for the leads that wait, and taken back, with audit records."""

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
from lead_platform.routing.configuration import RoutingConfiguration
from lead_platform.routing.decisions import RoutingResult, route_leads
from lead_platform.routing.restoration import restore_assignments


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
