"""What `resolve` leaves out where a row of its tables fails: the new arrivals behind that row.

Its tables speak of leads, pairs and accounts, its input is submissions, events and outcomes. Only
what this run brought can be left out; a row that none of it touched traces to nothing.
"""

from collections import defaultdict
from collections.abc import Sequence

import duckdb
import pyarrow as pa

from lead_platform.lake.changes import current_snapshot
from lead_platform.lake.quarantine import Subject

# By subject type of the suites: id, how far away, and what arrived. The nearest is left out.
_TRACES = {
    "submission": """
        select t.id, (a.arrived_id <> t.id)::integer as distance, a.kind, a.arrived_id
        from traced as t
        join identity.lead_members as m on m.submission_id = t.id
        join arrivals as a on a.lead_id = m.lead_id and a.kind = 'submission'
    """,
    "match_record": """
        select t.id, (a.record_id <> t.id)::integer as distance, a.kind, a.arrived_id
        from traced as t
        join identity.lead_members as m on m.match_record_id = t.id
        join arrivals as a on a.lead_id = m.lead_id and a.kind = 'submission'
    """,
    # A lead that nothing but an event changed is that event's.
    "lead": """
        select t.id, list_position(['submission', 'event', 'outcome'], a.kind) as distance,
            a.kind, a.arrived_id
        from traced as t
        join arrivals as a on a.lead_id = t.id
    """,
    "company_record": """
        select t.id, (n.company_record_id <> t.id)::integer as distance, a.kind, a.arrived_id
        from traced as t
        join identity.account_members as m on m.record_id = t.id
        join identity.account_members as o on o.account_id = m.account_id
        join identity.normalized_submissions as n on n.company_record_id = o.record_id
        join arrivals as a on a.arrived_id = n.submission_id and a.kind = 'submission'
    """,
    "account": """
        select t.id, 0 as distance, a.kind, a.arrived_id
        from traced as t
        join identity.account_members as m on m.account_id = t.id
        join identity.normalized_submissions as n on n.company_record_id = m.record_id
        join arrivals as a on a.arrived_id = n.submission_id and a.kind = 'submission'
    """,
    # Also one that only moved: without it, it stays where it was.
    "event": "select id, 0 as distance, 'event' as kind, id as arrived_id from traced",
    "outcome": "select id, 0 as distance, 'outcome' as kind, id as arrived_id from traced",
}


def trace_arrivals(
    connection: duckdb.DuckDBPyConnection, subject_type: str, ids: Sequence[str], since: int
) -> dict[str, list[Subject]]:
    """By each of these ids, the arrivals after snapshot `since` that are nearest behind it."""
    _collect_arrivals(connection, since)
    connection.register("traced", pa.table({"id": pa.array(ids, pa.string())}))
    rows = connection.execute(
        f"select distinct id, kind, arrived_id from ({_TRACES[subject_type]}) "
        "qualify distance = min(distance) over (partition by id) order by all"
    ).fetchall()
    connection.unregister("traced")
    found: dict[str, list[Subject]] = defaultdict(list)
    for traced, kind, arrived in rows:
        found[traced].append(Subject(kind, arrived))
    return found


def _collect_arrivals(connection: duckdb.DuckDBPyConnection, since: int) -> None:
    """Fills temp table `arrivals`: what now has a lead and had none.

    From the change feed, so that it costs what is new.
    """
    until = current_snapshot(connection)
    arrivals = " union all ".join(
        f"""
        select '{kind}' as kind, {key} as arrived_id, lead_id, {record} as record_id
        from ducklake_table_insertions('lake', 'identity', '{table}', {since + 1}, {until})
        where {key} not in (
            select {key}
            from ducklake_table_deletions('lake', 'identity', '{table}', {since + 1}, {until})
        )
        """
        for kind, table, key, record in (
            ("submission", "lead_members", "submission_id", "match_record_id"),
            ("event", "lead_events", "event_id", "null"),
            ("outcome", "lead_outcomes", "outcome_id", "null"),
        )
    )
    connection.execute(f"create or replace temp table arrivals as {arrivals}")
