"""Components: the match records that hang together around some of them, and their clusters.

Owns how far a run has to look (whole components of stored merges and verdicts, so that the leads in
them are a function of what is stored, not of how it arrived), and what is given to clusters.py.
"""

from dataclasses import dataclass

import duckdb
import pandas as pd
import pyarrow as pa

from lead_platform.identity.engine.clusters import (
    NO_KINDS,
    Clusters,
    Kinds,
    certain_pairs,
    cluster_records,
    label_clusters,
)
from lead_platform.identity.engine.guards import (
    find_kinds,
    kinds_of_persons,
    scatter,
    without_shown,
)
from lead_platform.identity.engine.specification import APART, CANNOT_LINK, LinkageSpecification
from lead_platform.identity.judgement.verdicts import DIFFERENT, SAME
from lead_platform.identity.leads.records import collect_matched, collect_values
from lead_platform.lake.statements import count_rows


@dataclass(frozen=True)
class Components:
    """Records around the seeds. A node is a place in `record_ids`, which are sorted.

    `edges`: left, right, weight, is_certain, verdict_seq, as cluster_records takes them, and
    is_shown: whether evidence says so too; under their number in temp table `component_edges`.
    `cannot_links`: left, right, and is_said where a person keeps them apart.
    """

    record_ids: list[str]
    edges: pd.DataFrame
    cannot_links: pd.DataFrame


# What merges or must stay apart, people's verdicts on the pair itself aside: they say it all.
_JUDGED = f"""
exists (
    select 1 from verdict_links as v
    where v.verdict in ('{SAME}', '{DIFFERENT}')
        and v.left_record_id = least(p.left_record_id, p.right_record_id)
        and v.right_record_id = greatest(p.left_record_id, p.right_record_id)
)
"""

# What is said of a pair that joins it or keeps it apart.
_SPEAKING = f"('merge', '{CANNOT_LINK}', '{APART}')"

_START = f"""
create or replace temp table component_members as
    select distinct record_id, 0::integer as step from component_seeds;

create or replace temp table component_pairs as
    select pair_id, left_record_id, right_record_id, rule, match_probability, match_weight,
        decision, reason, model_version
    from fresh_pairs where decision in {_SPEAKING}
"""

# One step outwards: all of the leads that were met, then all that merges with what is there.
_WHOLE_LEADS = """
insert into component_members
    select distinct m.match_record_id, $step
    from identity.lead_members as m
    where m.lead_id in (
        select lead_id from identity.lead_members
        where match_record_id in (select record_id from component_members where step = $step)
    )
    and m.match_record_id not in (select record_id from component_members)
"""
_PAIRS = f"""
insert into component_pairs
    select p.pair_id, p.left_record_id, p.right_record_id, p.rule, p.match_probability,
        p.match_weight, p.decision, p.reason, p.model_version
    from identity.match_pairs as p
    where p.decision in {_SPEAKING}
        and (
            p.left_record_id in (select record_id from component_members where step = $step)
            or p.right_record_id in (select record_id from component_members where step = $step)
        )
        and p.pair_id not in (select pair_id from fresh_pairs)
        and p.pair_id not in (select pair_id from component_pairs)
"""
_OTHER_ENDS = f"""
insert into component_members
    with joined as (
        select left_record_id, right_record_id from component_pairs as p
        where decision = 'merge' and not {_JUDGED}
        union all
        select left_record_id, right_record_id from verdict_links where verdict = '{SAME}'
    ),
    met as (
        select right_record_id as record_id from joined
        where left_record_id in (select record_id from component_members where step = $step)
        union
        select left_record_id from joined
        where right_record_id in (select record_id from component_members where step = $step)
    )
    select record_id, $step + 1 from met
    where record_id not in (select record_id from component_members)
"""

_NUMBERED = f"""
create or replace temp table component_records as
    select row_number() over (order by record_id) - 1 as node, record_id from component_members;

create or replace temp table component_edges as
    with edges as (
        select pair_id, left_record_id, right_record_id, rule, match_probability,
            match_weight as weight, 0 as verdict_seq, reason, model_version, true as is_shown
        from component_pairs as p where decision = 'merge' and not {_JUDGED}
        union all
        select null, v.left_record_id, v.right_record_id, 'verdict', null, 0, v.verdict_seq, null,
            null, exists (
                select 1 from component_pairs as p
                where p.decision = 'merge'
                    and v.left_record_id = least(p.left_record_id, p.right_record_id)
                    and v.right_record_id = greatest(p.left_record_id, p.right_record_id)
            )
        from verdict_links as v where v.verdict = '{SAME}'
    )
    select row_number() over () - 1 as edge,
        l.node as left_node, r.node as right_node, e.*
    from edges as e
    join component_records as l on l.record_id = e.left_record_id
    join component_records as r on r.record_id = e.right_record_id;

create or replace temp table component_cannot_links as
    with apart as (
        select left_record_id, right_record_id, true as is_said from verdict_links
        where verdict = '{DIFFERENT}'
        union all
        select left_record_id, right_record_id, false from component_pairs as p
        where decision in ('{CANNOT_LINK}', '{APART}') and not {_JUDGED}
    )
    select l.node as left_node, r.node as right_node, a.is_said
    from apart as a
    join component_records as l on l.record_id = a.left_record_id
    join component_records as r on r.record_id = a.right_record_id
"""


def collect_components(
    connection: duckdb.DuckDBPyConnection, specification: LinkageSpecification
) -> Components:
    """Everything that hangs together with the records of temp table `component_seeds`.

    Reads `verdict_links` (verdicts.collect_links) and `fresh_pairs`, rows as in match_pairs that
    stand for the stored ones of the same pair_id; all ends of its merges must be seeds. Leaves
    temp tables `component_records` (node, record_id), `component_edges` and
    `component_cannot_links`. Cost follows the neighbourhood and a scan of lead_members and
    match_pairs per step outwards; most runs take one step.
    """
    connection.execute(_START)
    step = 0
    while True:
        for outwards in (_WHOLE_LEADS, _PAIRS):
            connection.execute(outwards, {"step": step})
        if not count_rows(connection, _OTHER_ENDS, {"step": step}):
            break
        step += 1
    connection.execute(_NUMBERED)
    records = connection.execute(
        "select record_id from component_records order by node"
    ).to_arrow_table()
    edges = connection.execute(
        "select edge, left_node as left, right_node as right, weight, rule, match_probability, "
        "verdict_seq, is_shown from component_edges order by edge"
    ).df()
    edges["is_certain"] = certain_pairs(edges, specification) | (edges["verdict_seq"] > 0)
    links = connection.execute(
        "select left_node as left, right_node as right, is_said from component_cannot_links "
        "order by all"
    ).df()
    columns = ["left", "right", "weight", "is_certain", "verdict_seq", "is_shown"]
    return Components(
        records["record_id"].to_pylist(),
        edges.set_index("edge")[columns],
        links,
    )


def cluster_components(
    connection: duckdb.DuckDBPyConnection,
    components: Components,
    specification: LinkageSpecification,
) -> Clusters:
    """The clusters of the components' nodes; a label per node."""
    nodes = pd.Series(range(len(components.record_ids)), dtype="int64")
    limits = specification.clustering.limits
    if components.edges.empty or not (limits or specification.binding_guards()):
        return cluster_records(
            nodes, components.edges, components.cannot_links, specification.clustering
        )
    _match_records(connection, nodes, components, specification)
    spoken = find_kinds(connection, specification, _FIRST_SUBMISSIONS)
    edges, scattered = scatter(components.edges, spoken)
    values = collect_values(connection, limits)

    def clusters(edges: pd.DataFrame, links: pd.DataFrame, judged: pd.DataFrame) -> Clusters:
        kinds = without_shown(spoken.kinds, edges, judged)
        return cluster_records(nodes, edges, links, specification.clustering, values, kinds)

    links, judged = components.cannot_links, NO_KINDS.apart
    is_said = edges["verdict_seq"] > 0
    if is_said.any():
        evidence = edges[~is_said | edges["is_shown"]].assign(verdict_seq=0)
        shown = clusters(evidence, links, judged).labels
        person = _seen_as_one(shown, edges[is_said])
        judged = kinds_of_persons(spoken.kinds, person)
        links = _unjudged(links, spoken.kinds, judged)
        is_placed = shown[edges["left"]].to_numpy() == shown[edges["right"]].to_numpy()
        edges = edges.assign(is_placed=is_said | is_placed)
    found = clusters(edges, links, judged)
    return Clusters(found.labels, pd.concat([found.set_aside, scattered]))


# A record's fields are those of its first received submission.
_FIRST_SUBMISSIONS = """
(from matched_records qualify row_number() over (
    partition by node order by received_seq, submission_id
) = 1)
"""


def _persons(components: Components) -> pd.Series:
    """A label per node, the same for what people hold to be one."""
    nodes = pd.Series(range(len(components.record_ids)), dtype="int64")
    return label_clusters(nodes, components.edges[components.edges["verdict_seq"] > 0])


def _seen_as_one(shown: pd.Series, said: pd.DataFrame) -> pd.Series:
    """A label per node, the same for what people hold to be one: they say it of two leads as they
    see them, with all that evidence alone puts there."""
    ends = pd.DataFrame({end: said[end].map(shown) for end in ("left", "right")})
    clusters = pd.Series(sorted(shown.unique()))
    person = dict(zip(clusters, label_clusters(clusters, ends), strict=True))
    return shown.map(person)


def _unjudged(links: pd.DataFrame, kinds: Kinds, judged: pd.DataFrame) -> pd.DataFrame:
    """The cannot-links without those of guards between kinds that people say are one person's."""
    ends = pd.DataFrame({end: links[end].map(kinds.of) for end in ("left", "right")}).fillna(-1)
    ordered = pd.MultiIndex.from_arrays([ends.min(axis=1), ends.max(axis=1)])
    is_judged = ordered.isin(pd.MultiIndex.from_frame(judged))
    return links[links["is_said"].astype(bool) | ~is_judged]


def is_settled(components: Components, clusters: Clusters) -> pd.Series:
    """Per edge set aside whether people's verdicts on others say already what it is.

    So they do where somebody they hold to be the one is apart from somebody they hold to be the
    other, and where they have placed one end with somebody who is apart from the other end.
    """
    person = _persons(components)
    links = components.cannot_links
    said = links.loc[links["is_said"].astype(bool), ["left", "right"]]
    apart = {
        frozenset(pair) for pair in zip(person[said["left"]], person[said["right"]], strict=True)
    }
    placed = person.duplicated(keep=False)
    aside = clusters.set_aside
    ends = zip(aside["left"], aside["right"], strict=True)
    told = [
        frozenset((person[left], person[right])) in apart or placed[left] or placed[right]
        for left, right in ends
    ]
    return pd.Series(told, index=aside.index, dtype=bool) & (aside["reason"] == CANNOT_LINK)


def _match_records(
    connection: duckdb.DuckDBPyConnection,
    nodes: pd.Series,
    components: Components,
    specification: LinkageSpecification,
) -> None:
    """Fills temp table `matched_records` (node, component, match columns), where a limit or a guard
    could apply."""
    labels = label_clusters(nodes, components.edges)
    # Of two records the pair itself says all, but for what their submissions bring.
    fewest = [3] if specification.binding_guards() else []
    fewest += [
        2 if specification.columns[limit.column].of_submission else limit.at_most + 1
        for limit in specification.clustering.limits
    ]
    is_large = labels.map(labels.value_counts()) >= min(fewest)
    given = pa.table({"node": pa.array(nodes[is_large]), "component": pa.array(labels[is_large])})
    connection.register("given_labels", given)
    connection.execute("""
        create or replace temp table valued_records as
        select r.node, r.record_id, g.component
        from component_records as r join given_labels as g on g.node = r.node
    """)
    connection.unregister("given_labels")
    collect_matched(connection)
