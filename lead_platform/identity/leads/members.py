"""Members: which lead each submission belongs to, under ids that stay.

Owns the run of identity resolution: new submissions become new leads, join leads, or show that
two leads are one, or that one is two; the older id survives, the other stays resolvable. Nothing
known is scored again, and every merge is written down with its reason. Which records belong
together is clusters.py's, how far a run looks is components.py's.
"""

import datetime as dt
from dataclasses import dataclass, replace

import duckdb
import pyarrow as pa

from lead_platform.identity.engine.clusters import Clusters, tell_reason
from lead_platform.identity.engine.model import MatchModel
from lead_platform.identity.engine.pairs import PairFindings, find_pairs, open_scratch
from lead_platform.identity.engine.specification import Clustering, LinkageSpecification
from lead_platform.identity.judgement.verdicts import (
    DIFFERENT,
    SAME,
    collect_links,
    decision_id_sql,
    settle_reviews,
)
from lead_platform.identity.leads.components import (
    Components,
    cluster_components,
    collect_components,
    is_settled,
)
from lead_platform.identity.leads.crosswalk import NEXT_STEP
from lead_platform.identity.leads.records import collect_known, collect_new, prepare
from lead_platform.identity.leads.rereading import take_reread
from lead_platform.identity.leads.versions import LOST_MEMBERS
from lead_platform.lake.order import next_place
from lead_platform.lake.statements import count_rows


@dataclass(frozen=True)
class ResolutionSummary:
    """What one run of identity resolution did.

    `submissions` were new, `reread` read anew; of the new ones `leads_born` started a lead,
    `joined` went to leads known before; `leads_retired` merged into older ones, `leads_split` came
    out of others. Pairs:
    `merges` were found and followed, `set_aside` would merge but are not followed, whenever they
    were found, `reviews` are new in the queue. `candidates` pairs were compared, `bounded_keys`
    values were shared by more records than the window. `touched_lead_ids`: living leads whose
    members changed, sorted.
    """

    submissions: int = 0
    reread: int = 0
    records: int = 0
    candidates: int = 0
    bounded_keys: int = 0
    merges: int = 0
    set_aside: int = 0
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
    and takes apart what proves not to be, by more evidence or by what people said.

    A submission that was read anew keeps its lead where it belongs there still; as another match
    record than it was it is compared as if it were new, and its lead is put together anew.

    Reads identity.normalized_submissions and match_verdicts and writes match_pairs, lead_members,
    merged_members, lead_crosswalk, merge_decisions and match_reviews of the same schema, set-wise;
    the caller owns the transaction. `decided_at` is UTC, naive. Without new submissions or
    verdicts nothing is written.
    """
    prepare(connection, specification)
    reread = take_reread(connection)
    new = collect_new(connection)
    is_said, is_lost = collect_links(connection), collect_lost(connection)
    if not (new or is_said or is_lost):
        return ResolutionSummary(reread=reread, touched_lead_ids=_leads_reread(connection))
    findings = _find(connection, specification, model) if new else None
    summary = place_submissions(
        connection,
        findings.pairs if findings else _no_pairs(connection),
        specification,
        decided_at=decided_at,
        run_id=run_id,
    )
    if findings is None:
        return summary
    return replace(summary, candidates=findings.candidates, bounded_keys=findings.bounded_keys)


def place_submissions(
    connection: duckdb.DuckDBPyConnection,
    pairs: pa.Table,
    specification: LinkageSpecification,
    *,
    decided_at: dt.datetime,
    run_id: str,
) -> ResolutionSummary:
    """Leads for the new submissions (`match_new`) and by new verdicts (`verdict_links`).

    `pairs` are what was found of the new ones, rows as in identity.match_pairs. Every lead that
    hangs together with what is new or lost (`lost_records`) is put together anew, from all that is
    stored.
    """
    connection.register("found_pairs", pairs)
    fresh = count_rows(connection, _FRESH_PAIRS)
    connection.unregister("found_pairs")
    connection.execute(_SEEDS)
    components = collect_components(connection, specification)
    clusters = cluster_components(connection, components, specification)
    edges = _assign_leads(connection, components, clusters, specification.clustering)
    if fresh:
        _write_pairs(connection)
    return _write(connection, decided_at, f"automation:{run_id}", edges)


def _find(
    connection: duckdb.DuckDBPyConnection, specification: LinkageSpecification, model: MatchModel
) -> PairFindings:
    """The pairs of new records with each other and with known ones."""
    collect_known(connection, specification)
    new = connection.execute("from match_new").to_arrow_table()
    known = connection.execute("from match_known").to_arrow_table()
    with open_scratch(new.num_rows + known.num_rows) as scratch:
        scratch.register("new_rows", new)
        scratch.register("known_rows", known)
        return find_pairs(scratch, specification, model)


def _leads_reread(connection: duckdb.DuckDBPyConnection) -> tuple[str, ...]:
    rows = connection.execute(
        "select distinct lead_id from reread_members order by lead_id"
    ).fetchall()
    return tuple(str(row[0]) for row in rows)


def _no_pairs(connection: duckdb.DuckDBPyConnection) -> pa.Table:
    return connection.execute("from identity.match_pairs limit 0").to_arrow_table()


# Pairs found, but for those known before that new evidence did not decide anew.
_FRESH_PAIRS = """
create or replace temp table fresh_pairs as
    select f.*, p.decision as former_decision
    from found_pairs as f
    left join identity.match_pairs as p on p.pair_id = f.pair_id
    where p.pair_id is null or (p.rule, p.decision) is distinct from (f.rule, f.decision)
"""

# The records a run touches; of those a guard keeps apart, people are asked by the leads they are
# in.
_SEEDS = """
create or replace temp table component_seeds as
    select record_id from match_new
    union select unnest([left_record_id, right_record_id]) from fresh_pairs
    where 'merge' in (decision, former_decision) or decision = 'cannot_link'
    union select left_record_id from verdict_links where is_pending
    union select right_record_id from verdict_links where is_pending
    union select record_id from lost_records
"""

# The records of leads that submissions were withdrawn from, or of which one is another record by
# now: without those they may be several. So with what such a record was compared with.
_LOST_RECORDS = f"""
create or replace temp table lost_records as
    select match_record_id as record_id from identity.lead_members
    where lead_id in (
            select lead_id from identity.lead_versions where members_version = '{LOST_MEMBERS}'
            union all select lead_id from moved_records
        )
        or match_record_id in (
            select unnest([left_record_id, right_record_id]) from forgotten_pairs
        )
"""


def collect_lost(connection: duckdb.DuckDBPyConnection) -> int:
    """Fills temp table `lost_records`; their number. Call `take_reread` first."""
    return count_rows(connection, _LOST_RECORDS)


def _assign_leads(
    connection: duckdb.DuckDBPyConnection,
    components: Components,
    clusters: Clusters,
    clustering: Clustering,
) -> int:
    """Fills temp tables `match_leads`, `match_members` and `match_edges`; how many edges."""
    labels = pa.table(
        {"node": pa.array(range(len(clusters.labels))), "cluster": pa.array(clusters.labels)}
    )
    aside = clusters.set_aside
    reasons = {reason: tell_reason(reason, clustering) for reason in aside["reason"].unique()}
    set_aside = pa.table(
        {
            "edge": pa.array(aside.index, pa.int64()),
            "reason": pa.array(aside["reason"].map(reasons), pa.string()),
            "torn_node": pa.array(aside["torn"], pa.int64()),
            "is_settled": pa.array(is_settled(components, clusters), pa.bool_()),
        }
    )
    for name, rows in (("given_labels", labels), ("given_aside", set_aside)):
        connection.register(name, rows)
    for assigning in (_SUBMISSIONS, _LEADS, _MEMBERS):
        connection.execute(assigning)
    edges = count_rows(connection, _EDGES)
    for name in ("given_labels", "given_aside"):
        connection.unregister(name)
    return edges


_SUBMISSIONS = """
create or replace temp table match_submissions as
    with submissions as (
        select m.submission_id, m.match_record_id as record_id, m.lead_id, n.received_seq,
            false as is_new
        from identity.lead_members as m
        join identity.normalized_submissions as n on n.submission_id = m.submission_id
        where m.match_record_id in (select record_id from component_records)
        union all
        select submission_id, record_id, null, received_seq, true from match_new
        anti join moved_records using (submission_id)
    )
    select s.*, g.cluster
    from submissions as s
    join component_records as r on r.record_id = s.record_id
    join given_labels as g on g.node = r.node
"""

# The leads there were, each with the submission its id is made from; where that is gone, with its
# first.
_LEADS = """
create or replace temp table match_leads as
    select lead_id,
        coalesce(
            any_value(submission_id) filter (
                where lead_id = 'lead_' || left(sha256(submission_id), 24)
            ),
            min_by(submission_id, (received_seq, submission_id))
        ) as named_submission_id
    from match_submissions where not is_new
    group by lead_id
"""

# A cluster's id is made from its first received submission, so that slices, one load and a rebuild
# give the same ids, and the oldest lead of a cluster survives. One that was withdrawn from the lead
# that has its id, and comes back as somebody else, names another one.
_MEMBERS = f"""
create or replace temp table match_members as
    with firsts as (
        select cluster, min_by(submission_id, (is_new, received_seq, submission_id)) as first_id
        from match_submissions group by cluster
    ),
    named as (
        select f.cluster, f.first_id, l.lead_id,
            'lead_' || left(sha256(f.first_id), 24) as own_id
        from firsts as f
        left join match_leads as l on l.named_submission_id = f.first_id
    ),
    taken as (
        select distinct m.lead_id from identity.lead_members as m
        semi join (select own_id from named where lead_id is null) as n on n.own_id = m.lead_id
    ),
    ids as (
        select n.cluster,
            coalesce(
                n.lead_id,
                if(t.lead_id is null, n.own_id,
                    'lead_' || left(sha256(n.first_id || chr(31) || 'again'), 24))
            ) as lead_id
        from named as n
        left join taken as t on t.lead_id = n.own_id
    )
    select s.submission_id, s.record_id, s.lead_id as former_lead_id, n.lead_id, s.is_new
    from match_submissions as s
    join ids as n on n.cluster = s.cluster;

-- Each record's place in the order of arrival, that of its lead's first.
create or replace temp table match_places as
    select m.record_id, any_value(m.lead_id) as lead_id,
        min(min(s.received_seq)) over (partition by any_value(m.lead_id)) as place
    from match_members as m join match_submissions as s on s.submission_id = m.submission_id
    group by m.record_id;

-- Leads of which people say that they are two.
create or replace temp table match_told as
    select distinct least(l.lead_id, r.lead_id) as left_lead_id,
        greatest(l.lead_id, r.lead_id) as right_lead_id
    from verdict_links as v
    join match_places as l on l.record_id = v.left_record_id
    join match_places as r on r.record_id = v.right_record_id
    where v.verdict = '{DIFFERENT}'
"""

# What would merge, and where not followed, why: its clusters are two leads. Where one of them fits
# several, that is `torn_lead_id`. The same of what merged before and does not any more.
_EDGES = """
create or replace temp table match_edges as
    with record_leads as (select distinct record_id, lead_id from match_members)
    select e.pair_id, e.left_record_id, e.right_record_id, e.rule, e.match_probability, e.weight,
        e.reason, e.model_version, a.reason as set_aside, a.is_settled,
        case a.torn_node when e.left_node then l.lead_id when e.right_node then r.lead_id end
            as torn_lead_id,
        l.lead_id as left_lead_id, r.lead_id as right_lead_id
    from component_edges as e
    left join given_aside as a on a.edge = e.edge
    join record_leads as l on l.record_id = e.left_record_id
    join record_leads as r on r.record_id = e.right_record_id
    where e.pair_id is not null
    union all
    select f.pair_id, f.left_record_id, f.right_record_id, f.rule, f.match_probability,
        f.match_weight, f.reason, f.model_version, 'more is known of them by now', true,
        null, l.lead_id, r.lead_id
    from fresh_pairs as f
    join record_leads as l on l.record_id = f.left_record_id
    join record_leads as r on r.record_id = f.right_record_id and r.lead_id <> l.lead_id
    where f.former_decision = 'merge' and f.decision <> 'merge'
"""


def _write(
    connection: duckdb.DuckDBPyConnection, decided_at: dt.datetime, decided_by: str, edges: int
) -> ResolutionSummary:
    """Writes what was found; without `edges` nothing was decided of pairs."""
    at = {"at": decided_at}
    moves = count_rows(connection, _MOVES)
    connection.execute(_RETIRED)
    waiting = count_rows(connection, _WAITING)
    summary = _summarize(connection)
    if moves:
        _move_members(connection, at)
    connection.execute(
        "insert into identity.lead_members by name "
        "select m.submission_id, m.lead_id, m.record_id as match_record_id, n.reading "
        "from match_members as m join identity.normalized_submissions as n using (submission_id) "
        "where m.is_new"
    )
    if edges:
        connection.execute(_DECISIONS, {**at, "by": decided_by})
    connection.execute(_VERDICT_DECISIONS)
    if waiting:
        _write_reviews(connection, at)
    settle_reviews(connection)
    return summary


# Known submissions that change their lead.
_MOVES = """
create or replace temp table match_moves as
    select submission_id, former_lead_id as lead_id, lead_id as new_lead_id
    from match_members where lead_id <> former_lead_id
"""

# Leads that are no more. An id goes where the submission went that it is made from.
_RETIRED = """
create or replace temp table match_retired as
    select l.lead_id, m.lead_id as surviving_lead_id
    from match_leads as l
    join match_members as m on m.submission_id = l.named_submission_id
    where l.lead_id not in (select lead_id from match_members)
"""

# Pairs for a person, one for each question: what is not certain enough; of what a guard keeps
# apart, each new lead once, unless people know it apart from the other or are asked of it already;
# of what was set aside between two leads the strongest, unless verdicts on others settle it; and
# of what fits several leads, one for all that fit the same ones. A question that is open stays the
# one asked.
_WAITING = """
create or replace temp table match_waiting as
    with asked as (
        select r.review_id, r.status, r.reason, l.lead_id as left_lead_id,
            o.lead_id as right_lead_id
        from identity.match_reviews as r
        join match_members as l on l.record_id = r.left_record_id
        join match_members as o on o.record_id = r.right_record_id
    ),
    apart as (
        select f.pair_id, f.left_record_id, f.right_record_id, f.match_probability, f.reason,
            case when l.place > r.place then l.lead_id else r.lead_id end as newer_lead_id,
            case when l.place > r.place then r.lead_id else l.lead_id end as older_lead_id
        from fresh_pairs as f
        join match_places as l on l.record_id = f.left_record_id
        join match_places as r on r.record_id = f.right_record_id and r.lead_id <> l.lead_id
        where f.decision = 'cannot_link'
    ),
    unasked as (
        from apart as a
        where not exists (
                from asked
                where status = 'open' and a.newer_lead_id in (left_lead_id, right_lead_id)
            )
            and not exists (
                from match_told
                where left_lead_id = least(a.newer_lead_id, a.older_lead_id)
                    and right_lead_id = greatest(a.newer_lead_id, a.older_lead_id)
            )
        qualify row_number() over (
            partition by newer_lead_id order by match_probability desc, pair_id
        ) = 1
    ),
    aside as (
        select e.*, case torn_lead_id when left_lead_id then right_lead_id
            when right_lead_id then left_lead_id end as fitting_lead_id
        from match_edges as e where set_aside is not null and not is_settled
    ),
    fitting as (
        select torn_lead_id, list_sort(list(distinct fitting_lead_id)) as lead_ids
        from aside where torn_lead_id is not null group by torn_lead_id
    ),
    waiting as (
        select pair_id, left_record_id, right_record_id, match_probability, reason
        from fresh_pairs where decision = 'review'
        union all
        select pair_id, left_record_id, right_record_id, match_probability, reason from unasked
        union all
        (
            select pair_id, left_record_id, right_record_id, match_probability,
                set_aside || '; ' || reason
            from aside where torn_lead_id is null
            qualify row_number() over (
                partition by least(left_lead_id, right_lead_id),
                    greatest(left_lead_id, right_lead_id)
                order by weight desc, pair_id
            ) = 1
        )
        union all
        (
            select a.pair_id, a.left_record_id, a.right_record_id, a.match_probability,
                a.set_aside || ': ' || array_to_string(f.lead_ids[:5], ', ')
                || case when len(f.lead_ids) > 5
                    then ' and ' || len(f.lead_ids) - 5 || ' more' else '' end
                || case when count(distinct a.torn_lead_id) over fits > 1
                    then '; so do ' || count(distinct a.torn_lead_id) over fits - 1
                        || ' others' else '' end
                || '; ' || a.reason
            from aside as a
            join fitting as f on f.torn_lead_id = a.torn_lead_id
            left join asked as q on q.review_id = 'rev_' || left(sha256(a.pair_id), 24)
                and q.status = 'open'
            window fits as (partition by f.lead_ids)
            qualify row_number() over (
                partition by f.lead_ids
                order by q.review_id is null, a.weight desc, a.pair_id
            ) = 1
        )
    )
    select 'rev_' || left(sha256(w.pair_id), 24) as review_id, w.left_record_id,
        w.right_record_id, w.match_probability, w.reason, r.reason as told_before
    from waiting as w
    left join identity.match_reviews as r
        on r.review_id = 'rev_' || left(sha256(w.pair_id), 24)
"""


def _summarize(connection: duckdb.DuckDBPyConnection) -> ResolutionSummary:
    counts = connection.execute("""
        with born as (
            select lead_id, bool_and(is_new) as is_new from match_members
            where lead_id not in (select lead_id from match_leads)
            group by lead_id
        )
        select
            (select count(*) from match_members where is_new) as submissions,
            (select count(*) from reread_members) as reread,
            (select count(distinct record_id) from match_new) as records,
            (select count(*) from match_edges
             where set_aside is null and pair_id in (select pair_id from fresh_pairs)) as merges,
            (select count(*) from match_edges where set_aside is not null) as set_aside,
            (select count(*) from match_waiting where told_before is null) as reviews,
            (select count(*) from born where is_new) as leads_born,
            (select count(*) from match_members
             where is_new and lead_id not in (select lead_id from born where is_new)) as joined,
            (select count(*) from match_retired) as leads_retired,
            (select count(*) from born where not is_new) as leads_split
    """).df()
    touched = connection.execute("""
        select lead_id from match_members where is_new
        union select new_lead_id from match_moves
        union select lead_id from match_moves
        where lead_id not in (select lead_id from match_retired)
        union select coalesce(m.lead_id, r.lead_id) from reread_members as r
        left join match_members as m on m.submission_id = r.submission_id
        order by lead_id
    """).df()
    return ResolutionSummary(
        **{str(name): int(counts[name].iloc[0]) for name in counts},
        touched_lead_ids=tuple(touched["lead_id"]),
    )


def _move_members(connection: duckdb.DuckDBPyConnection, at: dict[str, dt.datetime]) -> None:
    """Moves known submissions and keeps where they and the ids of their leads went."""
    connection.execute(_MERGE_STEP)
    connection.execute(_MERGED_MEMBERS, at)
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
    """Inserts fresh pairs; one known before is replaced."""
    connection.execute(
        "delete from identity.match_pairs where pair_id in "
        "(select pair_id from fresh_pairs where former_decision is not null)"
    )
    connection.execute(
        "insert into identity.match_pairs by name "
        "select * exclude (former_decision) from fresh_pairs"
    )


def _write_reviews(connection: duckdb.DuckDBPyConnection, at: dict[str, dt.datetime]) -> None:
    """Opens reviews, and tells anew why one is open where that has changed."""
    connection.execute(
        "insert into identity.match_reviews by name "
        "select * exclude (told_before), 'open' as status, $at::timestamp as opened_at "
        "from match_waiting where told_before is null",
        at,
    )
    connection.execute("""
        update identity.match_reviews as r set reason = w.reason
        from (from match_waiting where told_before <> reason) as w
        where r.review_id = w.review_id
    """)


# The place of this run's merges and splits.
_MERGE_STEP = f"""
create or replace temp table merge_step as
    select {NEXT_STEP} as seq
"""

# Which submission was whose before leads became one: what an undo gives back.
_MERGED_MEMBERS = """
insert into identity.merged_members by name
    select m.submission_id, m.lead_id, r.surviving_lead_id, $at::timestamp as merged_at,
        (select seq from merge_step) as merge_seq
    from identity.lead_members as m
    join match_retired as r on r.lead_id = m.lead_id
    union
    select m.submission_id, m.lead_id, m.lead_id, $at::timestamp, (select seq from merge_step)
    from identity.lead_members as m
    where m.lead_id in (select surviving_lead_id from match_retired)
"""

# Retired ids point to the living one at once: no chain to follow. Where leads were taken apart,
# each id made from one of their submissions goes where that submission went, or lives again.
_NEXT_CROSSWALK = """
create or replace temp table next_crosswalk as
    with named as (
        select 'lead_' || left(sha256(submission_id), 24) as lead_id,
            lead_id as holder, former_lead_id as former_holder
        from match_members where not is_new
    ),
    retired as (
        select lead_id, surviving_lead_id as related_lead_id, 'merged_into' as relation,
            $at::timestamp as merged_at, null::timestamp as split_at,
            (select seq from merge_step) as merge_seq, null::bigint as split_seq
        from match_retired
    ),
    redirected as (
        select c.lead_id, r.surviving_lead_id as related_lead_id, c.relation, c.merged_at,
            c.split_at, c.merge_seq, c.split_seq
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
            c.merged_at, case when n.holder = n.lead_id then $at::timestamp end as split_at,
            c.merge_seq,
            case when n.holder = n.lead_id then (select seq from merge_step) end as split_seq
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

_NEXT_DECISION = next_place("identity.merge_decisions", "decision_seq")

# What joined is written down, and a merge written down that holds no more as a split, once each
# time it comes about. Where a person said `same` of the pair itself, that is what joins it.
_DECISIONS = f"""
insert into identity.merge_decisions by name
with logged as (
    select left_record_id, right_record_id,
        count(*) filter (where decision = 'merge') as merges,
        count(*) filter (where decision = 'split') as splits
    from identity.merge_decisions
    where decision in ('merge', 'split')
        and left_record_id in (select left_record_id from match_edges)
    group by all
),
outcomes as (
    select e.*, coalesce(l.merges, 0) as merges, coalesce(l.splits, 0) as splits,
        case when e.set_aside is null then 'merge' else 'split' end as decision
    from match_edges as e
    left join logged as l
        on l.left_record_id = e.left_record_id and l.right_record_id = e.right_record_id
),
changed as (
    select *, case when decision = 'merge' then merges else splits end as times_before
    from outcomes as o
    where case when decision = 'split' then merges > splits
        else merges <= splits and not exists (
            select 1 from verdict_links as v
            where v.verdict = '{SAME}'
                and v.left_record_id = least(o.left_record_id, o.right_record_id)
                and v.right_record_id = greatest(o.left_record_id, o.right_record_id)
        ) end
)
select 'dec_' || left(
        sha256(
            decision || chr(31) || pair_id
            || case when times_before > 0 then chr(31) || times_before else '' end
        ),
        24
    ) as decision_id,
    decision, left_record_id, right_record_id, rule, match_probability,
    case when decision = 'split' then set_aside || '; ' else '' end || reason as reason,
    model_version, $by as decided_by, $at::timestamp as decided_at,
    {_NEXT_DECISION} as decision_seq
from changed
"""

# A person's word stands in the log from the run on in which it took effect.
_VERDICT_DECISIONS = f"""
insert into identity.merge_decisions by name
select {decision_id_sql("verdict_id")} as decision_id, verdict as decision,
    left_record_id, right_record_id, 'verdict' as rule, null as match_probability, reason,
    null as model_version, decided_by, decided_at, {_NEXT_DECISION} as decision_seq
from verdict_links where is_pending
"""
