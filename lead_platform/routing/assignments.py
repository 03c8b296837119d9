"""What routing reads from the lake and writes to it: stale leads, loads, owners; decisions, undo.

Owns the SQL over the routing tables. Every write touches only rows that differ, so writing the
same result twice changes nothing. Transactions and the gate belong to the caller.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import duckdb
import pandas as pd

from lead_platform.identity.leads.crosswalk import LAST_STEP
from lead_platform.lake.order import last_place, next_place, read_place
from lead_platform.lake.quarantine import held
from lead_platform.lake.statements import count_rows
from lead_platform.routing.configuration import RoutingConfiguration
from lead_platform.routing.decisions import QUEUE, RoutingResult, as_utc, decision_id
from lead_platform.routing.rules import REVIEW_QUEUE, UNDONE

# A lead whose golden record or profile is set aside has none to be routed by: without a score it
# goes to a person, not to nobody.
STALE_LEADS = f"""
    with routable as (
        from enrichment.lead_profiles
        union all by name
        select lead_id from identity.lead_versions
        semi join (
            from {held("golden_records", "lead")} union all from {held("profiles", "lead")}
        ) as without on lead_id = without.subject_id
        anti join enrichment.lead_profiles using (lead_id)
    )
    select p.lead_id, p.profile_version, {{fields}}
        s.band, s.total, coalesce(s.is_score_missing, true) as is_score_missing
    from routable as p
    left join scoring.lead_scores as s on s.lead_id = p.lead_id
    left join routing.assignments as a on a.lead_id = p.lead_id
    anti join {held("route", "lead")} as h on h.subject_id = p.lead_id
    where a.lead_id is null
        or (
            a.destination_kind = 'queue'
            and (
                (not a.is_held and a.profile_version is distinct from p.profile_version)
                or a.routing_version is distinct from $routing_version
                or a.band is distinct from s.band
            )
        )
        or (a.destination_kind = 'rep' and not list_contains($active_rep_ids, a.owner_rep_id))
"""

# A lead stops being work for its owner when a deal of it was closed.
ACTIVE_LEADS = """
    select a.owner_rep_id as rep_id, count(*) as active_leads
    from routing.assignments as a
    where a.destination_kind = 'rep'
        and a.lead_id not in (select lead_id from routed_leads)
        and a.lead_id not in (
            select lead_id from identity.lead_outcomes
            where outcome_type in ('closed_won', 'closed_lost')
        )
    group by all
"""

# Whether a {decision} was taken while the leads of a {merge} that was undone since were one: it
# knew the merge and not yet the split.
WHILE_MERGED = """
{decision}.crosswalk_seq >= {merge}.merge_seq and {decision}.crosswalk_seq < {merge}.split_seq
"""

# Merges chain: a survivor may have survived a survivor. Whoever had a lead while it held another
# one, in a merge that was undone since, had it by mistake.
PREVIOUS_OWNERS = f"""
    with recursive lineages as (
        select lead_id, lead_id as former_lead_id from routed_leads
        union
        select lineages.lead_id, crosswalk.lead_id
        from lineages
        inner join identity.lead_crosswalk as crosswalk
            on crosswalk.related_lead_id = lineages.former_lead_id
            and crosswalk.relation = 'merged_into'
    ),
    latest as (
        select lead_id, destination_kind, destination, decision_seq, decision_id
        from routing.routing_decisions
        where lead_id in (select former_lead_id from lineages)
            and not exists (
                select 1 from identity.lead_crosswalk as undone
                where undone.relation = 'split_from'
                    and undone.related_lead_id = routing_decisions.lead_id
                    and {WHILE_MERGED.format(decision="routing_decisions", merge="undone")}
            )
        qualify row_number() over (
            partition by lead_id order by decision_seq desc, decision_id desc
        ) = 1
    )
    select lineages.lead_id, latest.destination as rep_id
    from lineages
    inner join latest on latest.lead_id = lineages.former_lead_id
    where latest.destination_kind = 'rep'
    order by
        lineages.lead_id,
        lineages.lead_id <> lineages.former_lead_id,
        latest.decision_seq desc,
        latest.decision_id desc
"""


class UndoError(ValueError):
    """Decisions that cannot be undone, every one with its reason."""


@dataclass(frozen=True)
class RoutingCounts:
    """Rows a write added or removed."""

    decisions_added: int
    assignments_added: int
    assignments_removed: int
    reviews_added: int
    reviews_removed: int

    @property
    def is_unchanged(self) -> bool:
        """Whether nothing was written at all."""
        return self == RoutingCounts(0, 0, 0, 0, 0)


@dataclass(frozen=True)
class UndoneAssignment:
    """One lead whose assignment was undone: what it was and what it is now."""

    lead_id: str
    decision_id: str
    before: str
    after: str
    restored_decision_id: str


def stale_leads(
    connection: duckdb.DuckDBPyConnection, configuration: RoutingConfiguration
) -> pd.DataFrame:
    """The leads to route, one per row, with the columns route_leads reads.

    Those without an assignment; those in a queue whose profile, band or routing version changed
    (held ones: band or routing version); those whose owner is no longer active. Every other owned
    lead stays as it is.
    """
    custom = {field.name: field for field in configuration.custom_fields}
    fields = "".join(
        f'{custom[name].expression("p.custom_fields")} as "{name}", '
        if name in custom
        else f"p.{name}, "
        for name in configuration.profile_fields
    )
    return connection.execute(
        STALE_LEADS.format(fields=fields),
        {
            "routing_version": configuration.routing_version,
            "active_rep_ids": configuration.active_rep_ids,
        },
    ).df()


def active_leads(connection: duckdb.DuckDBPyConnection, leads: pd.DataFrame) -> dict[str, int]:
    """Active leads per rep_id, not counting `leads`, which are about to be routed."""
    rows = _with_leads(connection, leads, ACTIVE_LEADS)
    return {str(rep_id): int(count) for rep_id, count in rows}


def previous_owners(
    connection: duckdb.DuckDBPyConnection, leads: pd.DataFrame
) -> dict[str, list[str]]:
    """The last owners of `leads` and of the leads merged into them, a lead's own first."""
    owners: dict[str, list[str]] = {}
    for lead_id, rep_id in _with_leads(connection, leads, PREVIOUS_OWNERS):
        known = owners.setdefault(str(lead_id), [])
        if rep_id not in known:
            known.append(str(rep_id))
    return owners


def write_decisions(connection: duckdb.DuckDBPyConnection, result: RoutingResult) -> RoutingCounts:
    """Record the decisions and let them take effect; the same result again changes nothing.

    A lead that stays where it was keeps its assigned_at and queued_at.
    """
    connection.register("new_decisions", result.decisions)
    connection.register("new_assignments", result.assignments)
    connection.register("new_reviews", result.review_queue)
    try:
        connection.execute(TAKE_AGAIN)
        decisions_added = count_rows(connection, INSERT_DECISIONS)
        connection.execute(NEXT_ASSIGNMENTS)
        connection.execute(NEXT_REVIEWS)
        return RoutingCounts(
            decisions_added=decisions_added,
            assignments_removed=count_rows(connection, DELETE_ASSIGNMENTS),
            assignments_added=count_rows(connection, INSERT_ASSIGNMENTS),
            reviews_removed=count_rows(connection, DELETE_REVIEWS),
            reviews_added=count_rows(connection, INSERT_REVIEWS),
        )
    finally:
        for name in ("next_assignments", "next_reviews"):
            connection.execute(f"drop table if exists temp.{name}")
        for name in ("new_decisions", "new_assignments", "new_reviews"):
            connection.unregister(name)


def unassign(
    connection: duckdb.DuckDBPyConnection,
    decision_ids: Sequence[str],
    undone_by: str,
    reason: str,
    undone_at: datetime,
) -> list[UndoneAssignment]:
    """Undo these decisions: each lead goes back to where it was before, or to the review queue.

    An undo is recorded as a decision of its own, and the lead is held: it is not routed again
    until its band or the rules change, or the owner it went back to leaves.
    Raises UndoError naming every decision that is not in effect.
    """
    current = _current(connection, list(dict.fromkeys(decision_ids)))
    previous = _previous_decisions(connection, [row["decision_id"] for row in current])
    place = read_place(connection, NEXT_DECISION)
    undone, decisions, assignments, reviews = [], [], [], []
    for row in current:
        before = previous.get(row["lead_id"])
        record = _undo_record(row, before, undone_by, reason, as_utc(undone_at))
        record["decision_seq"] = place
        target = before or record
        decisions.append(record)
        assignments.append(_restored_assignment(row, target))
        if target["destination_kind"] == QUEUE and target["destination"] == REVIEW_QUEUE:
            reviews.append(_restored_review(target))
        undone.append(
            UndoneAssignment(
                row["lead_id"],
                row["decision_id"],
                row["owner_rep_id"] or row["queue"],
                target["destination"],
                target["decision_id"],
            )
        )
    if undone:
        _write_undo(connection, decisions, assignments, reviews)
    return undone


_DECISIONS = ("routing.routing_decisions", "decision_seq")
NEXT_DECISION = next_place(*_DECISIONS)

# The same inputs make the same decision. Once more after another one, it is the newest again.
TAKE_AGAIN = f"""
    update routing.routing_decisions set decision_seq = {NEXT_DECISION}
    where decision_id in (
        select n.decision_id
        from new_decisions as n
        inner join routing.routing_decisions as known on known.decision_id = n.decision_id
        inner join routing.routing_decisions as newer
            on newer.lead_id = known.lead_id and newer.decision_seq > known.decision_seq
    )
"""

INSERT_DECISIONS = f"""
    insert into routing.routing_decisions by name
    select
        n.decision_id, n.lead_id, n.profile_version, n.routing_version, n.inputs, n.rules_tried,
        n.candidates, n.rule, n.destination_kind, n.destination, n.explanation, n.decided_at,
        {NEXT_DECISION} as decision_seq,
        {LAST_STEP} as crosswalk_seq
    from new_decisions as n
    where n.decision_id not in (select decision_id from routing.routing_decisions)
"""

# After the decisions: they are the newest.
NEXT_ASSIGNMENTS = f"""
    create or replace temp table next_assignments as
    select
        n.lead_id, n.decision_id, n.destination_kind, n.owner_rep_id, n.queue, n.rule,
        n.explanation, coalesce(a.assigned_at, n.assigned_at) as assigned_at,
        n.profile_version, n.routing_version, n.band, n.is_held,
        coalesce(a.assigned_seq, {last_place(*_DECISIONS)}) as assigned_seq
    from new_assignments as n
    left join routing.assignments as a
        on a.lead_id = n.lead_id
        and a.owner_rep_id is not distinct from n.owner_rep_id
        and a.queue is not distinct from n.queue
"""

DELETE_ASSIGNMENTS = """
    delete from routing.assignments
    where lead_id in (
        select lead_id from (
            select * from routing.assignments
            where lead_id in (select lead_id from temp.next_assignments)
            except
            select * from temp.next_assignments
        )
    )
"""

INSERT_ASSIGNMENTS = """
    insert into routing.assignments
    select * from temp.next_assignments
    where lead_id not in (select lead_id from routing.assignments)
"""

NEXT_REVIEWS = """
    create or replace temp table next_reviews as
    select n.lead_id, n.decision_id, n.reason, coalesce(r.queued_at, n.queued_at) as queued_at
    from new_reviews as n
    left join routing.review_queue as r on r.lead_id = n.lead_id
"""

DELETE_REVIEWS = """
    delete from routing.review_queue
    where lead_id in (
        select lead_id from (
            select * from routing.review_queue
            where lead_id in (select lead_id from temp.next_assignments)
            except
            select * from temp.next_reviews
        )
    )
"""

INSERT_REVIEWS = """
    insert into routing.review_queue
    select * from temp.next_reviews
    where lead_id not in (select lead_id from routing.review_queue)
"""

CURRENT_ASSIGNMENTS = """
    select * from routing.assignments
    where decision_id in (select unnest($decision_ids::varchar[]))
    order by lead_id
"""

# What an undo took back is no place to return to, and neither is the undo itself.
PREVIOUS_DECISIONS = """
    with undone as (
        select lead_id, decision_id, decision_seq
        from routing.routing_decisions
        where decision_id in (select unnest($decision_ids::varchar[]))
    ),
    history as (
        select * from routing.routing_decisions
        where lead_id in (select lead_id from undone)
    )
    select history.*
    from history
    inner join undone on undone.lead_id = history.lead_id
    where history.decision_id <> undone.decision_id
        and history.decision_seq <= undone.decision_seq
        and history.rule <> $undone_rule
        and history.decision_id not in (
            select json_extract_string(inputs, '$.undone_decision_id')
            from history
            where rule = $undone_rule
        )
    qualify row_number() over (
        partition by history.lead_id order by history.decision_seq desc, history.decision_id desc
    ) = 1
"""


def _current(
    connection: duckdb.DuckDBPyConnection, decision_ids: list[str]
) -> list[dict[str, Any]]:
    rows = _rows(connection, CURRENT_ASSIGNMENTS, {"decision_ids": decision_ids})
    faults = [
        f"{wanted}: not in effect; look up the lead's current decision in routing.assignments"
        for wanted in decision_ids
        if wanted not in {row["decision_id"] for row in rows}
    ]
    faults += [f"{row['decision_id']}: already an undo" for row in rows if row["rule"] == UNDONE]
    if faults:
        raise UndoError("Nothing was undone.\n" + "\n".join(faults))
    return rows


def _previous_decisions(
    connection: duckdb.DuckDBPyConnection, decision_ids: list[str]
) -> dict[str, dict[str, Any]]:
    """By lead_id, the decision in effect before the one that is undone; absent for a first one."""
    parameters = {"decision_ids": decision_ids, "undone_rule": UNDONE}
    return {row["lead_id"]: row for row in _rows(connection, PREVIOUS_DECISIONS, parameters)}


def _undo_record(
    row: dict[str, Any],
    before: dict[str, Any] | None,
    undone_by: str,
    reason: str,
    undone_at: datetime,
) -> dict[str, Any]:
    """The undo as a row of routing_decisions."""
    kind, place = (
        (before["destination_kind"], before["destination"]) if before else (QUEUE, REVIEW_QUEUE)
    )
    inputs = json.dumps(
        {
            "undone_decision_id": row["decision_id"],
            "restored_decision_id": before["decision_id"] if before else None,
            "undone_by": undone_by,
            "reason": reason,
            "undone_at": undone_at.isoformat(),
        }
    )
    taken_from = row["owner_rep_id"] or f"the {row['queue']} queue"
    return {
        "decision_id": decision_id(row["lead_id"], row["routing_version"], inputs),
        "lead_id": row["lead_id"],
        "profile_version": row["profile_version"],
        "routing_version": row["routing_version"],
        "inputs": inputs,
        "rules_tried": "[]",
        "candidates": "[]",
        "rule": UNDONE,
        "destination_kind": kind,
        "destination": place,
        "explanation": f"{undone_by} took the lead back from {taken_from}: {reason}.",
        "decided_at": undone_at,
    }


def _restored_assignment(row: dict[str, Any], target: dict[str, Any]) -> dict[str, Any]:
    """Where the lead was, marked as looked at with today's profile, rules and band, so that the
    next run does not repeat what a person took back."""
    is_queue = target["destination_kind"] == QUEUE
    return {
        "lead_id": row["lead_id"],
        "decision_id": target["decision_id"],
        "destination_kind": target["destination_kind"],
        "owner_rep_id": None if is_queue else target["destination"],
        "queue": target["destination"] if is_queue else None,
        "rule": target["rule"],
        "explanation": target["explanation"],
        "assigned_at": target["decided_at"],
        "assigned_seq": target["decision_seq"],
        "profile_version": row["profile_version"],
        "routing_version": row["routing_version"],
        "band": row["band"],
        "is_held": True,
    }


def _restored_review(target: dict[str, Any]) -> dict[str, Any]:
    return {
        "lead_id": target["lead_id"],
        "decision_id": target["decision_id"],
        "reason": target["explanation"],
        "queued_at": target["decided_at"],
    }


def _write_undo(
    connection: duckdb.DuckDBPyConnection,
    decisions: list[dict[str, Any]],
    assignments: list[dict[str, Any]],
    reviews: list[dict[str, Any]],
) -> None:
    lead_ids = [row["lead_id"] for row in assignments]
    for table in ("assignments", "review_queue"):
        connection.execute(
            f"delete from routing.{table} where lead_id in (select unnest($lead_ids::varchar[]))",
            {"lead_ids": lead_ids},
        )
    connection.register("new_decisions", pd.DataFrame(decisions))
    connection.execute(INSERT_DECISIONS)
    connection.unregister("new_decisions")
    for table, rows in (("assignments", assignments), ("review_queue", reviews)):
        if rows:
            connection.register("undo_rows", pd.DataFrame(rows))
            connection.execute(f"insert into routing.{table} by name select * from undo_rows")
            connection.unregister("undo_rows")


def _with_leads(
    connection: duckdb.DuckDBPyConnection, leads: pd.DataFrame, query: str
) -> list[tuple[Any, ...]]:
    """The rows of a query over `routed_leads`, the ids of `leads`."""
    connection.register("routed_leads", leads[["lead_id"]].astype("str"))
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.unregister("routed_leads")


def _rows(
    connection: duckdb.DuckDBPyConnection, query: str, parameters: dict[str, Any]
) -> list[dict[str, Any]]:
    cursor = connection.execute(query, parameters)
    names = [column[0] for column in cursor.description or []]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
