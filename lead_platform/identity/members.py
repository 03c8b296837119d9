"""Members: which lead each submission belongs to, under ids that stay.

Owns the run of identity resolution: new submissions become new leads, join leads, or show that
two leads are one; the older id survives, the other stays resolvable; people's verdicts part leads
again. Nothing known is scored again, and every merge is written down with its reason.
"""

import datetime as dt
from dataclasses import dataclass, replace

import duckdb
import pyarrow as pa

from lead_platform.identity.clusters import label_clusters
from lead_platform.identity.contested import place_contested, reach_links
from lead_platform.identity.model import MatchModel
from lead_platform.identity.pairs import PairFindings, find_pairs
from lead_platform.identity.records import collect_known, collect_new, prepare
from lead_platform.identity.specification import LinkageSpecification
from lead_platform.identity.verdicts import collect_links, decision_id_sql, settle_reviews


@dataclass(frozen=True)
class ResolutionSummary:
    """What one run of identity resolution did.

    `submissions` were new; `leads_born` of them started a lead, `joined` went to leads known
    before; `leads_retired` merged into older ones, `leads_split` came out of others by a person's
    verdict; `merges` and `reviews` are pairs. `candidates` pairs were compared, `bounded_keys`
    values were shared by more records than the window. `touched_lead_ids`: living leads whose
    members changed, sorted.
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
    leads_split: int = 0
    touched_lead_ids: tuple[str, ...] = ()


def resolve_leads(
    connection: duckdb.DuckDBPyConnection,
    *,
    model: MatchModel,
    specification: LinkageSpecification,
    decided_at: dt.datetime,
    run_id: str,
) -> ResolutionSummary:
    """Gives every submission without a lead its lead; merges leads that prove to be one person,
    and takes apart what people said is not.

    Reads identity.normalized_submissions and match_verdicts and writes match_pairs, lead_members,
    merged_members, lead_crosswalk, merge_decisions and match_reviews of the same schema, set-wise;
    the caller owns the transaction. `decided_at` is UTC, naive. Without new submissions or
    verdicts nothing is written.
    """
    prepare(connection, specification)
    new = collect_new(connection)
    if not collect_links(connection) and not new:
        return ResolutionSummary()
    findings = _find(connection, specification, model) if new else None
    pairs = findings.pairs if findings else _no_pairs(connection)
    connection.register("found_pairs", pairs)
    try:
        _assign_leads(connection)
        summary = _write(connection, decided_at, f"automation:{run_id}")
    finally:
        connection.unregister("found_pairs")
    if findings is None:
        return summary
    return replace(summary, candidates=findings.candidates, bounded_keys=findings.bounded_keys)


def _find(
    connection: duckdb.DuckDBPyConnection, specification: LinkageSpecification, model: MatchModel
) -> PairFindings:
    """The pairs of new records with each other and with known ones."""
    collect_known(connection, specification)
    with duckdb.connect() as scratch:
        for table, rows in (("new_rows", "match_new"), ("known_rows", "match_known")):
            scratch.register(table, connection.execute(f"from {rows}").to_arrow_table())
        return find_pairs(scratch, specification, model)


def _no_pairs(connection: duckdb.DuckDBPyConnection) -> pa.Table:
    return connection.execute("from identity.match_pairs limit 0").to_arrow_table()


def _assign_leads(connection: duckdb.DuckDBPyConnection) -> None:
    """Fills `match_clusters`, per node (new record or known lead) its cluster's lead, and
    `match_placements`, per record its lead, where verdicts of people decide."""
    connection.execute(_TOUCHED)
    reach_links(connection)
    connection.execute(_NODES)
    nodes = connection.execute("from match_nodes order by node").df()
    edges = connection.execute(_EDGES).df()
    nodes["cluster"] = label_clusters(nodes["node"], edges)
    connection.register("labelled_nodes", pa.Table.from_pandas(nodes, preserve_index=False))
    place_contested(connection)
    connection.execute(_CLUSTERS)
    connection.unregister("labelled_nodes")


# The records a run touches, with the lead of those that have one.
_TOUCHED = """
create or replace temp table match_record_leads as
    select distinct match_record_id as record_id, lead_id from identity.lead_members
    where match_record_id in (select left_record_id from found_pairs where decision = 'merge')
       or match_record_id in (select right_record_id from found_pairs where decision = 'merge')
       or match_record_id in (select record_id from match_new where is_known_record)
"""

_NODES = """
create or replace temp table match_nodes as
    with leads as (
        select m.lead_id as node, min(n.received_seq) as first_seq,
            min_by(m.submission_id, (n.received_seq, m.submission_id)) as first_submission_id
        from identity.lead_members as m
        join identity.normalized_submissions as n on n.submission_id = m.submission_id
        where m.lead_id in (
            select lead_id from match_record_leads union select node from reached_nodes
        )
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
union all
select left_node, right_node from link_edges where left_node in (from reached_nodes)
"""

# The oldest lead of a cluster survives; a cluster without one is born under an id made from its
# first received submission, so that slices, one load and a rebuild give the same ids.
_CLUSTERS = """
create or replace temp table match_clusters as
    with cluster_leads as (
        select cluster,
            min_by(node, (first_seq, first_submission_id)) filter (where is_lead) as oldest_lead_id,
            min_by(first_submission_id, (first_seq, first_submission_id)) as first_submission_id
        from labelled_nodes where cluster not in (from contested_clusters)
        group by cluster
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
    at = {"at": decided_at}
    connection.execute(_NEW_MEMBERS)
    connection.execute(_MOVES)
    connection.execute(_RETIRED)
    summary = _summarize(connection)
    _write_pairs(connection)
    _move_members(connection, at)
    connection.execute(
        "insert into identity.lead_members by name "
        "select submission_id, lead_id, match_record_id from match_new_members"
    )
    connection.execute(_DECISIONS, {**at, "by": decided_by})
    connection.execute(_VERDICT_DECISIONS)
    connection.execute(_REVIEWS, at)
    settle_reviews(connection)
    return summary


_NEW_MEMBERS = """
create or replace temp table match_new_members as
    select s.submission_id, s.record_id as match_record_id,
        coalesce(p.lead_id, c.lead_id) as lead_id,
        coalesce(c.is_birth, p.lead_id not in (select node from contested_nodes where is_lead))
            as is_birth
    from match_new as s
    left join match_record_leads as k on k.record_id = s.record_id and s.is_known_record
    left join match_clusters as c on c.node = coalesce(k.lead_id, s.record_id)
    left join match_placements as p on p.record_id = s.record_id
"""

# Known submissions that change their lead.
_MOVES = """
create or replace temp table match_moves as
    select m.submission_id, m.lead_id, coalesce(p.lead_id, c.lead_id) as new_lead_id
    from identity.lead_members as m
    left join match_placements as p on p.record_id = m.match_record_id
    left join match_clusters as c on c.node = m.lead_id and c.is_lead
    where m.lead_id in (select node from match_nodes where is_lead)
        and m.lead_id <> coalesce(p.lead_id, c.lead_id)
"""

# Leads that are no more. An id goes where the submission went that it is made from.
_RETIRED = """
create or replace temp table match_retired as
    select n.node as lead_id, v.new_lead_id as surviving_lead_id
    from match_nodes as n
    join match_moves as v on v.submission_id = n.first_submission_id and v.lead_id = n.node
    where n.is_lead and n.node not in (select lead_id from match_placements)
"""


def _summarize(connection: duckdb.DuckDBPyConnection) -> ResolutionSummary:
    counts = connection.execute("""
        select
            (select count(*) from match_new) as submissions,
            (select count(distinct record_id) from match_new) as records,
            (select count(*) from found_pairs where decision = 'merge') as merges,
            (select count(*) from found_pairs where decision = 'review') as reviews,
            (select count(distinct lead_id) from match_new_members where is_birth) as leads_born,
            (select count(*) from match_new_members where not is_birth) as joined,
            (select count(*) from match_retired) as leads_retired,
            (select count(distinct lead_id) from match_placements
             where lead_id not in (select node from contested_nodes where is_lead)
                and lead_id not in (select lead_id from match_new_members)) as leads_split
    """).df()
    touched = connection.execute("""
        select lead_id from match_new_members
        union select new_lead_id from match_moves
        union select lead_id from match_moves
        where lead_id not in (select lead_id from match_retired)
        order by lead_id
    """).df()
    return ResolutionSummary(
        **{str(name): int(counts[name].iloc[0]) for name in counts},
        touched_lead_ids=tuple(touched["lead_id"]),
    )


def _move_members(connection: duckdb.DuckDBPyConnection, at: dict[str, dt.datetime]) -> None:
    """Moves known submissions and keeps where they and the ids of their leads went."""
    if not connection.execute("select 1 from match_moves limit 1").fetchone():
        return
    connection.execute(_MERGED_MEMBERS, at)
    connection.execute(_STORE_MERGED_MEMBERS)
    connection.execute("""
        update identity.lead_members as m set lead_id = v.new_lead_id
        from match_moves as v where m.submission_id = v.submission_id
    """)
    connection.execute(_NEXT_CROSSWALK, at)
    connection.execute(
        "delete from identity.lead_crosswalk where lead_id in (select lead_id from next_crosswalk)"
    )
    connection.execute("insert into identity.lead_crosswalk by name from next_crosswalk")


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


# Which submission was whose before leads became one: what an undo gives back.
_MERGED_MEMBERS = """
create or replace temp table new_merged_members as
    select m.submission_id, m.lead_id, r.surviving_lead_id, $at::timestamp as merged_at
    from identity.lead_members as m
    join match_retired as r on r.lead_id = m.lead_id
    union
    select m.submission_id, m.lead_id, m.lead_id, $at::timestamp
    from identity.lead_members as m
    where m.lead_id in (select surviving_lead_id from match_retired)
"""

_STORE_MERGED_MEMBERS = """
delete from identity.merged_members as m using new_merged_members as n
where m.surviving_lead_id = n.surviving_lead_id and m.merged_at = n.merged_at
    and m.submission_id = n.submission_id;

insert into identity.merged_members by name from new_merged_members
"""

# Retired ids point to the living one at once: no chain to follow. Where leads were taken apart,
# each id made from one of their submissions goes where that submission went, or lives again.
_NEXT_CROSSWALK = """
create or replace temp table next_crosswalk as
    with named as (
        select 'lead_' || left(sha256(m.submission_id), 24) as lead_id,
            m.lead_id as holder, coalesce(v.lead_id, m.lead_id) as former_holder
        from identity.lead_members as m
        left join match_moves as v on v.submission_id = m.submission_id
        where m.match_record_id in (from contested_records)
    ),
    retired as (
        select lead_id, surviving_lead_id as related_lead_id, 'merged_into' as relation,
            $at::timestamp as merged_at, null::timestamp as split_at
        from match_retired
    ),
    redirected as (
        select c.lead_id, r.surviving_lead_id as related_lead_id, c.relation, c.merged_at,
            c.split_at
        from identity.lead_crosswalk as c
        join match_retired as r on r.lead_id = c.related_lead_id
        where c.relation = 'merged_into'
            and c.lead_id not in (select lead_id from named)
    ),
    taken_apart as (
        select n.lead_id,
            case when n.holder = n.lead_id then coalesce(c.related_lead_id, n.former_holder)
                else n.holder end as related_lead_id,
            case when n.holder = n.lead_id then 'split_from' else 'merged_into' end as relation,
            c.merged_at, case when n.holder = n.lead_id then $at::timestamp end as split_at
        from named as n
        left join identity.lead_crosswalk as c on c.lead_id = n.lead_id
        where n.lead_id not in (select lead_id from retired)
            and case when n.holder = n.lead_id
                then c.relation = 'merged_into'
                    or (c.lead_id is null and n.former_holder <> n.holder)
                else c.relation = 'merged_into' and c.related_lead_id <> n.holder end
    )
    from retired union all by name from redirected union all by name from taken_apart
"""

# What joined is written down; a merge that people keep from joining is written down as a split.
_DECISIONS = """
insert into identity.merge_decisions by name
with judged as (
    select p.*, c.pair_id is not null as is_cut
    from (
        from match_changed_pairs
        union all by name
        select m.* from identity.match_pairs as m
        anti join match_changed_pairs as f on f.pair_id = m.pair_id
        where m.pair_id in (select pair_id from contested_edges)
    ) as p
    left join cut_pairs as c on c.pair_id = p.pair_id
    where p.decision = 'merge'
        and not exists (
            select 1 from verdict_links as v
            where v.verdict = 'different'
                and v.left_record_id = least(p.left_record_id, p.right_record_id)
                and v.right_record_id = greatest(p.left_record_id, p.right_record_id)
        )
),
decisions as (
    select 'dec_' || left(
            sha256(case when is_cut then 'split' else 'merge' end || chr(31) || pair_id), 24
        ) as decision_id,
        case when is_cut then 'split' else 'merge' end as decision,
        left_record_id, right_record_id, rule, match_probability,
        case when is_cut then 'people keep apart whom it would join; ' else '' end || reason
            as reason,
        model_version, $by as decided_by, $at::timestamp as decided_at
    from judged
)
select * from decisions anti join identity.merge_decisions using (decision_id)
"""

# A person's word stands in the log from the run on in which it took effect.
_VERDICT_DECISIONS = f"""
insert into identity.merge_decisions by name
select {decision_id_sql("verdict_id")} as decision_id, verdict as decision,
    left_record_id, right_record_id, 'verdict' as rule, null as match_probability, reason,
    null as model_version, decided_by, decided_at
from verdict_links where is_pending
"""

# A cut pair waits for a person, unless other verdicts settle it.
_REVIEWS = """
insert into identity.match_reviews by name
with waiting as (
    select pair_id, left_record_id, right_record_id, match_probability, reason
    from match_changed_pairs where decision = 'review'
    union all
    select p.pair_id, p.left_record_id, p.right_record_id, p.match_probability,
        'joins, through others, whom people keep apart; ' || p.reason
    from identity.match_pairs as p
    where p.pair_id in (select pair_id from cut_pairs where not is_settled)
)
select 'rev_' || left(sha256(pair_id), 24) as review_id, left_record_id, right_record_id,
    match_probability, reason, 'open' as status, $at::timestamp as opened_at
from waiting
where review_id not in (select review_id from identity.match_reviews)
"""
