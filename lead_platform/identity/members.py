"""Members: which lead each submission belongs to, under ids that stay.

Owns the run of identity resolution: new submissions become new leads, join leads, or show that
two leads are one; the older id survives, the other stays resolvable. Nothing known is scored
again, and every merge is written down with its reason.
"""

import datetime as dt
from dataclasses import dataclass, replace

import duckdb
import pyarrow as pa

from lead_platform.identity.clusters import label_clusters
from lead_platform.identity.model import MatchModel
from lead_platform.identity.pairs import find_pairs
from lead_platform.identity.records import collect_known, collect_new, prepare
from lead_platform.identity.specification import LinkageSpecification


@dataclass(frozen=True)
class ResolutionSummary:
    """What one run of identity resolution did.

    `submissions` were new; `leads_born` of them started a lead, `joined` went to leads known
    before; `leads_retired` merged into older ones; `merges` and `reviews` are pairs. `candidates`
    pairs were compared, `bounded_keys` values were shared by more records than the window.
    `touched_lead_ids`: living leads whose members changed, sorted.
    """

    submissions: int = 0
    records: int = 0
    candidates: int = 0
    bounded_keys: int = 0
    merges: int = 0
    reviews: int = 0
    leads_born: int = 0
    joined: int = 0
    leads_retired: int = 0
    touched_lead_ids: tuple[str, ...] = ()


def resolve_leads(
    connection: duckdb.DuckDBPyConnection,
    *,
    model: MatchModel,
    specification: LinkageSpecification,
    decided_at: dt.datetime,
    run_id: str,
) -> ResolutionSummary:
    """Gives every submission without a lead its lead; merges leads that prove to be one person.

    Reads identity.normalized_submissions and writes match_pairs, lead_members, lead_crosswalk,
    merge_decisions and match_reviews of the same schema, set-wise; the caller owns the
    transaction. `decided_at` is UTC, naive. Without new submissions nothing is written.
    """
    prepare(connection, specification)
    if not collect_new(connection):
        return ResolutionSummary()
    collect_known(connection, specification)
    with duckdb.connect() as scratch:
        for table, rows in (("new_rows", "match_new"), ("known_rows", "match_known")):
            scratch.register(table, connection.execute(f"from {rows}").to_arrow_table())
        findings = find_pairs(scratch, specification, model)
    connection.register("found_pairs", findings.pairs)
    try:
        _assign_leads(connection)
        summary = _write(connection, decided_at, f"automation:{run_id}")
    finally:
        connection.unregister("found_pairs")
    return replace(summary, candidates=findings.candidates, bounded_keys=findings.bounded_keys)


def _assign_leads(connection: duckdb.DuckDBPyConnection) -> None:
    """Fills temp table `match_clusters`: per node (new record or known lead) its cluster's lead."""
    connection.execute(_NODES)
    nodes = connection.execute("from match_nodes order by node").df()
    edges = connection.execute(_EDGES).df()
    nodes["cluster"] = label_clusters(nodes["node"], edges)
    connection.register("labelled_nodes", pa.Table.from_pandas(nodes, preserve_index=False))
    connection.execute(_CLUSTERS)
    connection.unregister("labelled_nodes")


# The records a run touches, with the lead of those that have one.
_NODES = """
create or replace temp table match_record_leads as
    select distinct match_record_id as record_id, lead_id from identity.lead_members
    where match_record_id in (select left_record_id from found_pairs where decision = 'merge')
       or match_record_id in (select right_record_id from found_pairs where decision = 'merge')
       or match_record_id in (select record_id from match_new where is_known_record);

create or replace temp table match_nodes as
    with leads as (
        select m.lead_id as node, min(n.received_seq) as first_seq,
            min_by(m.submission_id, (n.received_seq, m.submission_id)) as first_submission_id
        from identity.lead_members as m
        join identity.normalized_submissions as n on n.submission_id = m.submission_id
        where m.lead_id in (select lead_id from match_record_leads)
        group by m.lead_id
    ),
    new_records as (
        select record_id as node, min(received_seq) as first_seq,
            min_by(submission_id, (received_seq, submission_id)) as first_submission_id
        from match_new where not is_known_record
        group by record_id
    )
    select node, first_seq, first_submission_id, true as is_lead from leads
    union all
    select node, first_seq, first_submission_id, false from new_records
"""

_EDGES = """
select coalesce(l.lead_id, p.left_record_id) as left,
    coalesce(r.lead_id, p.right_record_id) as right
from found_pairs as p
left join match_record_leads as l on l.record_id = p.left_record_id
left join match_record_leads as r on r.record_id = p.right_record_id
where p.decision = 'merge'
"""

# The oldest lead of a cluster survives; a cluster without one is born under an id made from its
# first received submission, so that slices, one load and a rebuild give the same ids.
_CLUSTERS = """
create or replace temp table match_clusters as
    with cluster_leads as (
        select cluster,
            min_by(node, (first_seq, first_submission_id)) filter (where is_lead) as oldest_lead_id,
            min_by(first_submission_id, (first_seq, first_submission_id)) as first_submission_id
        from labelled_nodes group by cluster
    )
    select n.node, n.is_lead, c.oldest_lead_id is null as is_birth,
        coalesce(c.oldest_lead_id, 'lead_' || left(sha256(c.first_submission_id), 24)) as lead_id
    from labelled_nodes as n
    join cluster_leads as c on c.cluster = n.cluster
"""


def _write(
    connection: duckdb.DuckDBPyConnection, decided_at: dt.datetime, decided_by: str
) -> ResolutionSummary:
    """Writes what was found."""
    connection.execute(_NEW_MEMBERS)
    connection.execute(
        "create or replace temp table match_retired as "
        "select node as retired_lead_id, lead_id as surviving_lead_id from match_clusters "
        "where is_lead and node <> lead_id"
    )
    summary = _summarize(connection)
    _write_pairs(connection)
    if summary.leads_retired:
        connection.execute(_RETIRE_MEMBERS)
        connection.execute(_RETIRE_CROSSWALK)
        connection.execute(
            "insert into identity.lead_crosswalk by name "
            "select retired_lead_id, surviving_lead_id, $at::timestamp as retired_at "
            "from match_retired",
            {"at": decided_at},
        )
    connection.execute(
        "insert into identity.lead_members by name "
        "select submission_id, lead_id, match_record_id from match_new_members"
    )
    connection.execute(_DECISIONS, {"at": decided_at, "by": decided_by})
    connection.execute(_REVIEWS, {"at": decided_at})
    connection.execute(_CLOSE_REVIEWS)
    return summary


_NEW_MEMBERS = """
create or replace temp table match_new_members as
    select s.submission_id, s.record_id as match_record_id, c.lead_id, c.is_birth
    from match_new as s
    left join match_record_leads as k on k.record_id = s.record_id and s.is_known_record
    join match_clusters as c on c.node = coalesce(k.lead_id, s.record_id)
"""


def _summarize(connection: duckdb.DuckDBPyConnection) -> ResolutionSummary:
    counts = connection.execute("""
        select
            (select count(*) from match_new) as submissions,
            (select count(distinct record_id) from match_new) as records,
            (select count(*) from found_pairs where decision = 'merge') as merges,
            (select count(*) from found_pairs where decision = 'review') as reviews,
            (select count(distinct lead_id) from match_clusters where is_birth) as leads_born,
            (select count(*) from match_new_members where not is_birth) as joined,
            (select count(*) from match_retired) as leads_retired
    """).df()
    touched = connection.execute("""
        select lead_id from match_new_members
        union select surviving_lead_id from match_retired order by lead_id
    """).df()
    return ResolutionSummary(
        **{str(name): int(counts[name].iloc[0]) for name in counts},
        touched_lead_ids=tuple(touched["lead_id"]),
    )


def _write_pairs(connection: duckdb.DuckDBPyConnection) -> None:
    """Inserts the pairs found; one known before is replaced when new evidence decided it anew."""
    connection.execute("""
        create or replace temp table match_changed_pairs as
        select f.* from found_pairs as f
        left join identity.match_pairs as p on p.pair_id = f.pair_id
        where p.pair_id is null or (p.rule, p.decision) is distinct from (f.rule, f.decision)
    """)
    connection.execute(
        "delete from identity.match_pairs "
        "where pair_id in (select pair_id from match_changed_pairs)"
    )
    connection.execute("insert into identity.match_pairs by name from match_changed_pairs")


_RETIRE_MEMBERS = """
update identity.lead_members as m set lead_id = r.surviving_lead_id
from match_retired as r where m.lead_id = r.retired_lead_id
"""

# An id retired earlier points to the living one at once: no chain to follow.
_RETIRE_CROSSWALK = """
update identity.lead_crosswalk as c set surviving_lead_id = r.surviving_lead_id
from match_retired as r where c.surviving_lead_id = r.retired_lead_id
"""

_DECISIONS = """
insert into identity.merge_decisions by name
select 'dec_' || left(sha256('merge' || chr(31) || pair_id), 24) as decision_id,
    decision, left_record_id, right_record_id, rule, match_probability, reason, model_version,
    $by as decided_by, $at::timestamp as decided_at
from match_changed_pairs as p
where decision = 'merge'
"""

_REVIEWS = """
insert into identity.match_reviews by name
select 'rev_' || left(sha256(pair_id), 24) as review_id, left_record_id, right_record_id,
    match_probability, reason, 'open' as status, $at::timestamp as opened_at
from match_changed_pairs
where decision = 'review'
"""

# Two records that ended up in one lead through others need no verdict any more.
_CLOSE_REVIEWS = """
update identity.match_reviews set status = 'superseded'
where review_id in (
    select r.review_id from identity.match_reviews as r
    join identity.lead_members as a on a.match_record_id = r.left_record_id
    join identity.lead_members as b on b.match_record_id = r.right_record_id
    where r.status = 'open' and a.lead_id = b.lead_id
)
"""
