"""What `resolve` leaves out where a row of its tables fails: the new arrivals behind that row.

Its tables speak of leads, pairs and accounts, its input is submissions, events, outcomes and what
people said of pairs. Only what this run brought can be left out; a verdict only where no record
stands behind the row.
"""

from collections import defaultdict
from collections.abc import Sequence

import duckdb
import pyarrow as pa

from lead_platform.identity.judgement.account_verdicts import PENDING_ACCOUNT_VERDICTS
from lead_platform.identity.judgement.verdicts import PENDING_VERDICTS, decision_id_sql
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
    # A lead that nothing but an event changed is that event's, and so on.
    "lead": """
        select t.id,
            list_position(['submission', 'event', 'outcome'], a.kind) as distance,
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
# By subject type of the suites: where it stands, a record, a lead or an account.
_PLACES = {
    "submission": "select t.id, m.lead_id as place from traced as t "
    "join identity.lead_members as m on m.submission_id = t.id",
    "match_record": "select id, id as place from traced",
    "lead": "select id, id as place from traced union all "
    "select t.id, c.related_lead_id from traced as t "
    "join identity.lead_crosswalk as c on c.lead_id = t.id",
    "company_record": "select t.id, m.account_id as place from traced as t "
    "join identity.account_members as m on m.record_id = t.id",
    "account": "select id, id as place from traced union all "
    "select t.id, c.related_account_id from traced as t "
    "join identity.account_crosswalk as c on c.account_id = t.id",
    "event": "select t.id, e.lead_id as place from traced as t "
    "join identity.lead_events as e on e.event_id = t.id",
    "outcome": "select t.id, o.lead_id as place from traced as t "
    "join identity.lead_outcomes as o on o.outcome_id = t.id",
}
# Behind a row that no record has brought stands what people said where it stands, of several what
# touches most of what is bad; where nothing does, whatever was said of others it hangs together
# with.
_VERDICTS = """
    select id, 9 - touched / (touched + 1) as distance, kind, arrived_id
    from (
        select *, count(*) over (partition by kind, arrived_id) as touched
        from (
            select distinct p.id, p.place, v.kind, v.arrived_id
            from ({places}) as p
            join verdict_places as v using (place)
        )
    )
    union all
    select distinct t.id, 9 as distance, v.kind, v.arrived_id
    from traced as t cross join verdict_places as v
"""

# In the order in which they are taken in; what was read anew arrives once more.
_PENDING = f"""
select 'submission' as kind, submission_id as id, 1 as step, received_seq as place
from identity.normalized_submissions anti join identity.lead_members using (submission_id)
union all
select 'submission', submission_id, 1, received_seq
from identity.normalized_submissions as forms
join identity.lead_members as members using (submission_id)
where forms.reading is not null and forms.reading > coalesce(members.reading, 0)
union all
select 'event', event_id, 2, received_seq
from capture.events anti join identity.lead_events using (event_id)
union all
select 'outcome', outcome_id, 3, received_seq
from capture.outcomes anti join identity.lead_outcomes using (outcome_id)
union all
select 'match_verdict', verdict_id, 4, verdict_seq from ({PENDING_VERDICTS})
union all
select 'account_verdict', verdict_id, 5, verdict_seq from ({PENDING_ACCOUNT_VERDICTS})
order by step, place
"""


def list_arrivals(connection: duckdb.DuckDBPyConnection) -> list[Subject]:
    """What waits for `resolve`, in its order: what people said comes after what was received."""
    return [Subject(kind, item_id) for kind, item_id, *_ in connection.execute(_PENDING).fetchall()]


def count_arrivals(connection: duckdb.DuckDBPyConnection, since: int) -> int:
    """How many `resolve` has taken up after snapshot `since`. Of events most wait for a lead that
    never comes, and are no part of it."""
    if current_snapshot(connection) == since:
        return 0
    _collect_arrivals(connection, since)
    row = connection.execute(
        "select (select count(*) from arrivals) + (select count(distinct (kind, arrived_id)) "
        "from verdict_places)"
    ).fetchone()
    return int(row[0]) if row else 0


def trace_arrivals(
    connection: duckdb.DuckDBPyConnection, subject_type: str, ids: Sequence[str], since: int
) -> dict[str, list[Subject]]:
    """By each of these ids, the arrivals after snapshot `since` that are nearest behind it."""
    _collect_arrivals(connection, since)
    connection.register("traced", pa.table({"id": pa.array(ids, pa.string())}))
    rows = connection.execute(
        "select distinct id, kind, arrived_id "
        f"from ({_TRACES[subject_type]} "
        f"union all {_VERDICTS.format(places=_PLACES[subject_type])}) "
        "qualify distance = min(distance) over (partition by id) order by all"
    ).fetchall()
    connection.unregister("traced")
    found: dict[str, list[Subject]] = defaultdict(list)
    for traced, kind, arrived in rows:
        found[traced].append(Subject(kind, arrived))
    return found


def _collect_arrivals(connection: duckdb.DuckDBPyConnection, since: int) -> None:
    """Fills temp tables `arrivals`: what now has a lead and had none, or was read anew, and
    `verdict_places`: the verdicts that took effect, with their records, and the leads and accounts
    these are in or were.

    From the change feed, so that it costs what is new.
    """
    until = current_snapshot(connection)
    changes = f"{since + 1}, {until})"
    arrivals = " union all ".join(
        f"""
        select '{kind}' as kind, {key} as arrived_id, lead_id, {record} as record_id
        from ducklake_table_insertions('lake', 'identity', '{table}', {changes}
        where ({key}, coalesce(reading, 0)) not in (
            select ({key}, coalesce(reading, 0))
            from ducklake_table_deletions('lake', 'identity', '{table}', {changes}
        )
        """
        for kind, table, key, record in (
            ("submission", "lead_members", "submission_id", "match_record_id"),
            ("event", "lead_events", "event_id", "null"),
            ("outcome", "lead_outcomes", "outcome_id", "null"),
        )
    )
    connection.execute(f"create or replace temp table arrivals as {arrivals}")
    connection.execute(_VERDICT_PLACES.format(changes=changes))


_VERDICT_PLACES = f"""
create or replace temp table verdict_places as
with matched as (
    select v.verdict_id, unnest([d.left_record_id, d.right_record_id]) as record_id
    from ducklake_table_insertions('lake', 'identity', 'merge_decisions', {{changes}} as d
    join identity.match_verdicts as v on {decision_id_sql("v.verdict_id")} = d.decision_id
),
companies as (
    select verdict_id, unnest([left_record_id, right_record_id]) as record_id
    from ducklake_table_insertions('lake', 'identity', 'account_decisions', {{changes}}
),
accounts as (
    select c.verdict_id, m.account_id
    from companies as c join identity.account_members as m using (record_id)
    union
    select c.verdict_id, m.account_id
    from companies as c
    join ducklake_table_deletions('lake', 'identity', 'account_members', {{changes}} as m
        using (record_id)
)
select 'match_verdict' as kind, verdict_id as arrived_id, record_id as place from matched
union
select 'match_verdict', d.verdict_id, m.lead_id
from matched as d join identity.lead_members as m on m.match_record_id = d.record_id
union
select 'match_verdict', d.verdict_id, m.lead_id
from matched as d
join ducklake_table_deletions('lake', 'identity', 'lead_members', {{changes}} as m
    on m.match_record_id = d.record_id
union
select 'account_verdict', verdict_id, account_id from accounts
union
select 'account_verdict', a.verdict_id, m.lead_id
from accounts as a
join identity.account_members as o using (account_id)
join identity.normalized_submissions as n on n.company_record_id = o.record_id
join identity.lead_members as m using (submission_id)
"""
