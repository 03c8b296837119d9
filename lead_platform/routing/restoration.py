"""Restoration: owners and queues as they were before a merge that a person has undone.

Owns rebuilding an assignment from the decisions on a lead, which are never deleted. A lead that
lives again gets back what it had; the lead it was part of goes back to where it stood before the
merge. What has changed since is left to the ordinary rules of routing, which run afterwards.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import duckdb
import pandas as pd

from lead_platform.routing.assignments import WHILE_MERGED
from lead_platform.routing.decisions import QUEUE
from lead_platform.routing.rules import REVIEW_QUEUE, UNDONE

Row = dict[str, Any]

# Leads that live again without an assignment, and leads whose assignment was decided while they
# held another one (a person's own undo is left alone).
_TO_RESTORE = f"""
with splits as (
    select lead_id, related_lead_id, merge_seq, split_seq from identity.lead_crosswalk
    where relation = 'split_from' and merge_seq is not null
),
reborn as (
    select splits.lead_id
    from splits
    semi join identity.lead_versions as living on living.lead_id = splits.lead_id
    anti join routing.assignments as assigned on assigned.lead_id = splits.lead_id
),
survivors as (
    select assigned.lead_id
    from splits
    join routing.assignments as assigned on assigned.lead_id = splits.related_lead_id
    join routing.routing_decisions as decisions on decisions.decision_id = assigned.decision_id
    where not assigned.is_held
        and {WHILE_MERGED.format(decision="decisions", merge="splits")}
)
from reborn union from survivors
"""

# What was decided on a lead while it held another by mistake does not count, unless by a person.
_DECISIONS = f"""
select decisions.* from routing.routing_decisions as decisions
join to_restore on to_restore.lead_id = decisions.lead_id
where decisions.rule = $undone_rule or not exists (
    select 1 from identity.lead_crosswalk as undone
    where undone.relation = 'split_from' and undone.related_lead_id = decisions.lead_id
        and {WHILE_MERGED.format(decision="decisions", merge="undone")}
)
order by decisions.lead_id, decisions.decision_seq, decisions.decision_id
"""

_ASSIGNMENT_COLUMNS = (
    "lead_id", "decision_id", "destination_kind", "owner_rep_id", "queue", "rule", "explanation",
    "assigned_at", "assigned_seq", "profile_version", "routing_version", "band", "is_held",
)  # fmt: skip
_REVIEW_COLUMNS = ("lead_id", "decision_id", "reason", "queued_at")


def restore_assignments(
    connection: duckdb.DuckDBPyConnection, restored_at: datetime
) -> pd.DataFrame:
    """Puts assignments back where a merge was undone; one audit record per lead.

    A lead that was never routed before its merge loses its assignment, so that it is routed anew.
    Written once: the second call finds nothing to do.
    """
    leads = connection.execute(_TO_RESTORE).df()
    if leads.empty:
        return pd.DataFrame()
    connection.register("to_restore", leads)
    cursor = connection.execute(_DECISIONS, {"undone_rule": UNDONE})
    names = [column[0] for column in cursor.description or []]
    decisions = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    standing = [last for last in map(last_assignment, _by_lead(decisions)) if last is not None]
    changed = connection.execute(
        """
        select lead_id, coalesce(assigned.owner_rep_id, assigned.queue) as before
        from to_restore left join routing.assignments as assigned using (lead_id)
        """
    ).df()
    _write(connection, standing)
    connection.unregister("to_restore")
    return _actions(changed, standing, restored_at)


def last_assignment(decisions: Iterable[Row]) -> Row | None:
    """The assignment that these decisions on one lead, oldest first, lead to; None without any.

    As routing wrote it: a lead that stays where it was keeps its assigned_at, and one that a
    person took back is held where it was before.
    """
    known: dict[str, Row] = {}
    current: Row | None = None
    for decision in decisions:
        known[decision["decision_id"]] = decision
        if decision["rule"] == UNDONE:
            current = _taken_back(decision, known)
            continue
        stays = current is not None and _place(current) == _place(decision)
        since = _since(current) if current and stays else _from(decision)
        current = {**_assigned(decision, decision), **since, "is_held": False}
    return current


def _taken_back(undo: Row, known: Mapping[str, Row]) -> Row:
    said = json.loads(undo["inputs"])
    target = known.get(said["restored_decision_id"] or "", undo)
    seen = known.get(said["undone_decision_id"], target)
    return {**_assigned(target, seen), **_from(target), "is_held": True}


def _from(decision: Row) -> Row:
    """Since when a lead is where it is, beginning with a decision."""
    return {"assigned_at": decision["decided_at"], "assigned_seq": decision["decision_seq"]}


def _since(assignment: Row) -> Row:
    return {name: assignment[name] for name in ("assigned_at", "assigned_seq")}


def _assigned(decision: Row, seen: Row) -> Row:
    """A decision as a row of assignments, last looked at as `seen` was."""
    is_queue = decision["destination_kind"] == QUEUE
    return {
        **{name: decision[name] for name in ("lead_id", "decision_id", "destination_kind", "rule")},
        "destination": decision["destination"],
        "owner_rep_id": None if is_queue else decision["destination"],
        "queue": decision["destination"] if is_queue else None,
        "explanation": decision["explanation"],
        "profile_version": seen["profile_version"],
        "routing_version": seen["routing_version"],
        "band": json.loads(seen["inputs"]).get("lead", {}).get("band"),
    }


def _place(row: Row) -> tuple[str, str]:
    return row["destination_kind"], row["destination"]


def _by_lead(decisions: list[Row]) -> list[list[Row]]:
    found: dict[str, list[Row]] = {}
    for decision in decisions:
        found.setdefault(decision["lead_id"], []).append(decision)
    return list(found.values())


def _write(connection: duckdb.DuckDBPyConnection, standing: list[Row]) -> None:
    for table in ("assignments", "review_queue"):
        connection.execute(
            f"delete from routing.{table} where lead_id in (select lead_id from to_restore)"
        )
    waiting = [
        {**row, "reason": _reason(row), "queued_at": row["assigned_at"]}
        for row in standing
        if row["queue"] == REVIEW_QUEUE
    ]
    for table, rows, columns in (
        ("assignments", standing, _ASSIGNMENT_COLUMNS),
        ("review_queue", waiting, _REVIEW_COLUMNS),
    ):
        if rows:
            connection.register("restored", pd.DataFrame(rows)[list(columns)])
            connection.execute(f"insert into routing.{table} by name select * from restored")
            connection.unregister("restored")


def _reason(row: Row) -> str:
    """What the review queue said: the explanation without the queue's name."""
    explanation = str(row["explanation"])
    return explanation.removeprefix("Review queue: ").removesuffix(".")


def _actions(changed: pd.DataFrame, standing: list[Row], restored_at: datetime) -> pd.DataFrame:
    after = {row["lead_id"]: row["destination"] for row in standing}
    decisions = {row["lead_id"]: row["decision_id"] for row in standing}
    return pd.DataFrame(
        {
            "workflow": "routing",
            "action": "restore_assignment",
            "subject_type": "lead",
            "subject_id": changed["lead_id"],
            "rule": changed["lead_id"].map(decisions),
            "reason": "a merge was undone; the lead goes back to where it was before",
            "before": changed["before"],
            "after": changed["lead_id"].map(after),
            "occurred_at": restored_at,
        }
    )
