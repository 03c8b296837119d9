"""Contested clusters: where people's verdicts decide with, and leads are taken apart and put anew.

Owns finding them around what a run touches, and their membership: a function of the stored pairs
and the verdicts alone, so that slices, one load and a rebuild agree. Everywhere else a lead is one
node and is never walked again.
"""

import duckdb
import pandas as pd
import pyarrow as pa

from lead_platform.identity.constraints import cluster_apart
from lead_platform.identity.verdicts import DIFFERENT, SAME, Pair

Edge = tuple[str | None, str, str]
"""A pair id, null for a person's verdict, and the two records it joins."""

# Where verdicts reach from what the run touches: a lead, or a new record, on either side of one.
# Two clusters that were cut apart always have a verdict between them, so nothing is missed.
_REACHED = """
create or replace temp table link_nodes as
    with ends as (
        select left_record_id as record_id from verdict_links
        union select right_record_id from verdict_links
    )
    select e.record_id, m.lead_id as node, true as is_lead
    from ends as e
    join (
        select distinct match_record_id, lead_id from identity.lead_members
        where match_record_id in (from ends)
    ) as m on m.match_record_id = e.record_id
    union all
    select e.record_id, e.record_id, false from ends as e
    where e.record_id in (select record_id from match_new where not is_known_record);

create or replace temp table link_edges as
    select l.node as left_node, r.node as right_node, v.verdict, v.is_pending
    from verdict_links as v
    join link_nodes as l on l.record_id = v.left_record_id
    join link_nodes as r on r.record_id = v.right_record_id;

create or replace temp table reached_nodes as
    with recursive reached as (
        select node from link_nodes
        where not is_lead or node in (select lead_id from match_record_leads)
        union select left_node from link_edges where is_pending
        union select right_node from link_edges where is_pending
        union
        select unnest([e.left_node, e.right_node])
        from reached as r
        join link_edges as e on r.node in (e.left_node, e.right_node)
    )
    select distinct node from reached
"""


def reach_links(connection: duckdb.DuckDBPyConnection) -> None:
    """Fills temp tables `link_edges` and `reached_nodes` from verdict_links and match_record_leads.

    The leads among `reached_nodes` have to be looked at together with what the run touches.
    """
    connection.execute(_REACHED)


# A cluster is contested where it holds both ends of a verdict that keeps apart, or of one that was
# given or taken back since the last run.
_CONTESTED = f"""
create or replace temp table contested_clusters as
    select distinct n.cluster
    from link_edges as e
    join labelled_nodes as n on n.node = e.left_node
    where e.verdict = '{DIFFERENT}' or e.is_pending;

create or replace temp table contested_nodes as
    select n.* from labelled_nodes as n semi join contested_clusters using (cluster);

create or replace temp table contested_records as
    select distinct m.match_record_id as record_id
    from identity.lead_members as m
    where m.lead_id in (select node from contested_nodes where is_lead)
    union
    select node from contested_nodes where not is_lead
"""

# The strongest first: a person's word, the newest of them, then the weight of the evidence. Weights
# are compared to a millionth of a bit; the pair's own id settles ties.
_CONTESTED_EDGES = f"""
create or replace temp table contested_edges as
    with pairs as (
        from found_pairs
        union all by name
        select p.* from identity.match_pairs as p
        anti join found_pairs as f on f.pair_id = p.pair_id
        where p.left_record_id in (from contested_records)
    ),
    merges as (
        select p.pair_id, p.left_record_id, p.right_record_id,
            null::bigint as verdict_seq, round(p.match_weight, 6) as weight
        from pairs as p
        anti join verdict_links as v
            on v.verdict = '{DIFFERENT}'
            and v.left_record_id = least(p.left_record_id, p.right_record_id)
            and v.right_record_id = greatest(p.left_record_id, p.right_record_id)
        where p.decision = 'merge'
    ),
    verdicts as (
        select null as pair_id, left_record_id, right_record_id, verdict_seq, null as weight
        from verdict_links where verdict = '{SAME}'
    )
    select * from (from merges union all by name from verdicts)
    where left_record_id in (from contested_records)
        and right_record_id in (from contested_records)
"""

_EDGES_IN_ORDER = """
select pair_id, left_record_id, right_record_id from contested_edges
order by verdict_seq desc nulls last, weight desc, pair_id
"""

_APART = f"""
select left_record_id, right_record_id from verdict_links
where verdict = '{DIFFERENT}' and left_record_id in (from contested_records)
    and right_record_id in (from contested_records)
"""

# A cluster's id comes from the submission of it that was received first, here as everywhere.
_PLACEMENTS = """
create or replace temp table match_placements as
    with submissions as (
        select m.submission_id, m.match_record_id as record_id, n.received_seq
        from identity.lead_members as m
        join identity.normalized_submissions as n on n.submission_id = m.submission_id
        where m.match_record_id in (from contested_records)
        union all
        select submission_id, record_id, received_seq from match_new
        where record_id in (from contested_records)
    ),
    firsts as (
        select g.cluster, min_by(s.submission_id, (s.received_seq, s.submission_id)) as first_id
        from given_clusters as g
        join submissions as s on s.record_id = g.record_id
        group by g.cluster
    )
    select g.record_id, 'lead_' || left(sha256(f.first_id), 24) as lead_id
    from given_clusters as g
    join firsts as f on f.cluster = g.cluster
"""


def place_contested(connection: duckdb.DuckDBPyConnection) -> None:
    """Fills `match_placements` (record_id, lead_id) and `cut_pairs` from labelled_nodes.

    `cut_pairs` are merges that would join, through others, what people keep apart. Also fills
    `contested_nodes` and `contested_records`.
    """
    connection.execute(_CONTESTED)
    connection.execute(_CONTESTED_EDGES)
    records = [row[0] for row in connection.execute("from contested_records").fetchall()]
    edges = connection.execute(_EDGES_IN_ORDER).fetchall()
    apart = connection.execute(_APART).fetchall()
    clusters = cluster_apart(sorted(records), [edge[1:] for edge in edges], apart)
    given = pd.DataFrame(clusters.representative.items(), columns=["record_id", "cluster"])
    connection.register("given_clusters", given.astype("str"))
    connection.execute(_PLACEMENTS)
    connection.unregister("given_clusters")
    _keep_cuts(connection, [edges[position] for position in clusters.cut], apart)


def _keep_cuts(connection: duckdb.DuckDBPyConnection, cut: list[Edge], apart: list[Pair]) -> None:
    """Fills `cut_pairs`; `is_settled` where people's verdicts on others say it already."""
    said = connection.execute(
        f"select left_record_id, right_record_id from verdict_links where verdict = '{SAME}'"
    ).fetchall()
    records = {record for pair in [*said, *apart, *(edge[1:] for edge in cut)] for record in pair}
    person = cluster_apart(sorted(records), said, ()).representative
    kept_apart = {(person[left], person[right]) for left, right in apart}
    rows = [
        {"pair_id": pair_id, "is_settled": bool(kept_apart & _both_ways(person, left, right))}
        for pair_id, left, right in cut
        if pair_id is not None
    ]
    schema = pa.schema([("pair_id", pa.string()), ("is_settled", pa.bool_())])
    connection.register("given_cuts", pa.Table.from_pylist(rows, schema=schema))
    connection.execute("create or replace temp table cut_pairs as from given_cuts")
    connection.unregister("given_cuts")


def _both_ways(person: dict[str, str], left: str, right: str) -> set[Pair]:
    return {(person[left], person[right]), (person[right], person[left])}
