"""Reversal: which verdicts undo a merge, split a lead or settle a review, and what comes of them.

Owns finding merges in effect, the two sides of each as they were before, and the preview. It only
plans; verdicts.py writes down what follows, and the next run of identity lets it take effect.
"""

import datetime as dt
import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import combinations, pairwise, product

import duckdb
import pandas as pd
import pyarrow as pa

from lead_platform.identity.engine.clusters import spanning_edges
from lead_platform.identity.engine.specification import LinkageSpecification
from lead_platform.identity.judgement.verdicts import (
    DIFFERENT,
    SAME,
    UNSURE,
    Pair,
    Verdict,
    VerdictError,
    collect_links,
    ordered,
    standing_verdicts,
)
from lead_platform.identity.leads.components import (
    Components,
    cluster_components,
    collect_components,
)
from lead_platform.identity.leads.records import prepare


@dataclass(frozen=True)
class MergeFilter:
    """Which merges in effect are meant; what is None does not matter. Instants are UTC, naive."""

    name: str | None = None
    run_id: str | None = None
    rule: str | None = None
    since: dt.datetime | None = None
    until: dt.datetime | None = None


@dataclass(frozen=True)
class Merge:
    """A decision that holds two records in one lead; `retired_lead_id` where it cost a lead its id.

    `run_id` is None where a person decided.
    """

    decision_id: str
    decided_at: dt.datetime
    rule: str
    reason: str
    match_probability: float | None
    decided_by: str
    lead_id: str
    left_record_id: str
    right_record_id: str
    retired_lead_id: str | None

    @property
    def run_id(self) -> str | None:
        """The run that merged."""
        automated, _, run_id = self.decided_by.partition("automation:")
        return run_id if not automated else None


@dataclass(frozen=True)
class Parting:
    """One lead taken apart: the leads it becomes, each with its submissions, and the verdicts."""

    lead_id: str
    becomes: tuple[tuple[str, tuple[str, ...]], ...]
    verdicts: tuple[Verdict, ...]


@dataclass
class _Demand:
    """What has to come apart: pairs of records, and sides that are known record by record."""

    pairs: set[Pair] = field(default_factory=set)
    sides: list[tuple[frozenset[str], frozenset[str]]] = field(default_factory=list)
    source_id: str = ""

    def apart(self) -> set[Pair]:
        crossed = (ordered(a, b) for left, right in self.sides for a, b in product(left, right))
        return self.pairs | set(crossed)


@dataclass(frozen=True)
class _Members:
    """The records of some leads: the lead of each, and its submissions, the first received first.

    `received` is each submission's place in the order of arrival.
    """

    lead_of: dict[str, str]
    submissions: dict[str, list[str]]
    received: dict[str, int]

    def of_lead(self, lead_id: str) -> set[str]:
        return {record for record, holder in self.lead_of.items() if holder == lead_id}

    def in_order(self, records: Iterable[str]) -> list[str]:
        """The submissions of these records, the first received first."""
        ids = [one for record in records for one in self.submissions[record]]
        return sorted(ids, key=lambda one: (self.received[one], one))

    def verdicts(self, pairs: Iterable[Pair], verdict: str, source_id: str) -> list[Verdict]:
        """Verdicts on pairs of records, each spoken of its first received submission."""
        spoken = self.submissions
        return [
            Verdict(ordered(spoken[left][0], spoken[right][0]), verdict, source_id)
            for left, right in sorted(pairs)
        ]


def find_merges(
    connection: duckdb.DuckDBPyConnection, wanted: MergeFilter, limit: int | None = None
) -> list[Merge]:
    """The merges in effect that are meant, newest first."""
    parameters = {
        "name": wanted.name, "run_id": wanted.run_id, "rule": wanted.rule,
        "since": wanted.since, "until": wanted.until,
    }  # fmt: skip
    rows = connection.execute(
        _MERGES + (f" limit {int(limit)}" if limit is not None else ""), parameters
    ).fetchall()
    return [Merge(*row) for row in rows]


# A decision is in effect as long as its records are in one lead. It cost a lead its id where the
# records were in two leads before.
_MERGES = """
with record_leads as (
    select distinct match_record_id as record_id, lead_id from identity.lead_members
),
decisions as (
    select d.*, l.lead_id
    from identity.merge_decisions as d
    join record_leads as l on l.record_id = d.left_record_id
    join record_leads as r on r.record_id = d.right_record_id and r.lead_id = l.lead_id
    where d.decision in ('merge', 'same')
        and ($run_id is null or starts_with(d.decided_by, 'automation:' || $run_id))
        and ($rule is null or d.rule = $rule)
        and ($since is null or d.decided_at >= $since)
        and ($until is null or d.decided_at < $until)
),
former as (
    select distinct m.match_record_id as record_id, f.lead_id, f.surviving_lead_id, f.merge_seq
    from identity.merged_members as f
    join identity.lead_members as m on m.submission_id = f.submission_id
),
retirements as (
    select d.decision_id, max_by(
        case when l.lead_id = l.surviving_lead_id then r.lead_id else l.lead_id end, l.merge_seq
    ) as retired_lead_id
    from decisions as d
    join former as l on l.record_id = d.left_record_id
    join former as r on r.record_id = d.right_record_id
        and r.surviving_lead_id = l.surviving_lead_id and r.merge_seq = l.merge_seq
        and r.lead_id <> l.lead_id
    group by d.decision_id
)
select d.decision_id, d.decided_at, d.rule, d.reason, d.match_probability, d.decided_by,
    d.lead_id, d.left_record_id, d.right_record_id, r.retired_lead_id
from decisions as d
left join retirements as r on r.decision_id = d.decision_id
where $name is null or $name in (d.decision_id, d.lead_id, r.retired_lead_id)
order by d.decision_seq desc, d.decision_id
"""


def plan_undo(
    connection: duckdb.DuckDBPyConnection,
    wanted: MergeFilter,
    specification: LinkageSpecification,
) -> list[Parting]:
    """How the leads come apart when these merges are undone; by lead id.

    `name` alone may be a decision, a retired lead (it is given back) or a living one (every lead
    merged into it is given back). Raises VerdictError where nothing in effect is meant.
    """
    if wanted.name and wanted.name.startswith("lead_") and wanted == MergeFilter(wanted.name):
        return _part(connection, _demand_of_lead(connection, wanted.name), specification)
    merges = find_merges(connection, wanted)
    if not merges:
        raise VerdictError("No merge in effect is meant. List them with: lead-platform merges list")
    demand = _Demand(source_id=wanted.name or "")
    for merge in merges:
        sides = _former_sides(connection, merge) if merge.retired_lead_id else None
        if sides:
            demand.sides.append(sides)
        else:
            demand.pairs.add(ordered(merge.left_record_id, merge.right_record_id))
    return _part(connection, demand, specification)


def plan_split(
    connection: duckdb.DuckDBPyConnection,
    lead_id: str,
    submission_ids: Collection[str],
    specification: LinkageSpecification,
) -> Parting:
    """How a lead comes apart when these submissions are taken out, as one lead of their own.

    The beginning of an id will do where it is the only one. Raises VerdictError where they are not
    among the lead's, are all of it, or cannot be told apart from others by what they say.
    """
    members = _members_of_leads(connection, {lead_id})
    out = _taken_out(members, lead_id, _in_full(members, submission_ids))
    rest = set(members.lead_of) - out
    if not rest:
        raise VerdictError(f"That is all of {lead_id}; leave at least one submission in it.")
    demand = _Demand(sides=[(frozenset(rest), frozenset(out))], source_id=lead_id)
    links = _chained(out)
    cluster_of = _clusters(connection, members, demand, links, specification)
    # Nothing but what was named leaves the lead, also where it alone held the others together.
    links |= _chained({cluster_of[record]: record for record in sorted(rest)}.values())
    [parting] = _part(connection, demand, specification, links)
    return parting


def _in_full(members: _Members, names: Collection[str]) -> set[str]:
    """The ids that these begin, where one alone does: a story tells ids by their beginning."""
    found = set()
    for name in names:
        meant = [one for one in members.received if one.startswith(name)]
        found.add(meant[0] if len(meant) == 1 else name)
    return found


def _taken_out(members: _Members, lead_id: str, named: set[str]) -> set[str]:
    """The records of the named submissions, which must be all that say the same."""
    strangers = sorted(named - members.received.keys())
    if strangers or not named:
        raise VerdictError(
            f"Not among the submissions of {lead_id}: {', '.join(strangers) or 'none was named'}. "
            f"List them with: lead-platform lead {lead_id}"
        )
    out = {record for record, ids in members.submissions.items() if named & set(ids)}
    twins = sorted(set(members.in_order(out)) - named)
    if twins:
        raise VerdictError(
            f"{', '.join(twins)} say the same as what you take out, so the next run could not tell "
            "them apart. Name them too."
        )
    return out


def plan_review(
    connection: duckdb.DuckDBPyConnection,
    review_id: str,
    verdict: str,
    specification: LinkageSpecification,
) -> list[Verdict]:
    """What a verdict on a review says. `different` means all of both leads, as a person sees them,
    or all parts of a lead that the review proposes to take apart; `unsure` all that is asked about
    the two.

    Raises VerdictError for an unknown review.
    """
    row = connection.execute(
        "select left_record_id, right_record_id from identity.match_reviews where review_id = ?",
        [review_id],
    ).fetchone()
    if row is None:
        raise VerdictError(
            f"No review goes by {review_id!r}. List what waits with: lead-platform reviews list"
        )
    pair = ordered(*row)
    parts = proposed_parts(connection, review_id)
    if parts and verdict in (SAME, DIFFERENT):
        return _judge_parts(connection, review_id, verdict, pair, parts, specification)
    members = _members_of_records(connection, set(pair))
    if verdict == SAME:
        return members.verdicts({pair}, SAME, review_id)
    leads = [members.lead_of[record] for record in pair]
    if verdict == UNSURE:
        asked = _open_pairs(connection, members) if leads[0] != leads[1] else set()
        return members.verdicts({pair} | asked, UNSURE, review_id)
    if leads[0] == leads[1]:
        [parting] = _part(connection, _Demand(pairs={pair}, source_id=review_id), specification)
        return list(parting.verdicts)
    left, right = (frozenset(members.of_lead(lead_id)) for lead_id in leads)
    return members.verdicts(_Demand(sides=[(left, right)]).apart(), DIFFERENT, review_id)


def review_status(connection: duckdb.DuckDBPyConnection, review_id: str) -> str:
    """The status of a review, `gone` where there is none any more."""
    row = connection.execute(
        "select status from identity.match_reviews where review_id = ?", [review_id]
    ).fetchone()
    return str(row[0]) if row else "gone"


def plan_dismissal(
    connection: duckdb.DuckDBPyConnection, run: str, specification: LinkageSpecification
) -> list[Verdict]:
    """What takes everything off the queue that a scan has put there and nobody judged: `unsure`.

    `run` is the scan's run id or its beginning. Raises VerdictError where nothing of it waits.
    """
    reviews = connection.execute(
        """
        select distinct r.review_id from governance.audit_log as a
        join identity.match_reviews as r on r.review_id = a.subject_id and r.status = 'open'
        where a.workflow = 'identity_scan' and a.action in ('open_review', 'propose_split')
            and starts_with(a.run_id, ?)
        order by all
        """,
        [run],
    ).fetchall()
    if not run or not reviews:
        raise VerdictError(
            f"Nothing waits that a scan {run!r} has found. List scans with: "
            'lead-platform sql "from identity.scans"'
        )
    return [
        verdict
        for (review_id,) in reviews
        for verdict in plan_review(connection, review_id, UNSURE, specification)
    ]


def _open_pairs(connection: duckdb.DuckDBPyConnection, members: _Members) -> set[Pair]:
    """The pairs that wait between two leads."""
    with _asked(connection, members.lead_of):
        rows = connection.execute(
            "select left_record_id, right_record_id from identity.match_reviews "
            "where status = 'open' and left_record_id in (from asked_names) "
            "and right_record_id in (from asked_names)"
        ).fetchall()
    return {
        ordered(left, right)
        for left, right in rows
        if members.lead_of[left] != members.lead_of[right]
    }


def proposed_parts(connection: duckdb.DuckDBPyConnection, review_id: str) -> list[frozenset[str]]:
    """The records of each part of the lead a review proposes to take apart; none of another review.

    The first part is the one that keeps the lead's id.
    """
    rows = connection.execute(
        "select part, list(record_id) from identity.split_parts where review_id = ? "
        "group by part order by part",
        [review_id],
    ).fetchall()
    return [frozenset(records) for _, records in rows]


def _judge_parts(
    connection: duckdb.DuckDBPyConnection,
    review_id: str,
    verdict: str,
    pair: Pair,
    parts: list[frozenset[str]],
    specification: LinkageSpecification,
) -> list[Verdict]:
    """What is said of the parts: all the same, or each a lead of its own that stays together."""
    members = _members_of_records(connection, {record for part in parts for record in part})
    if verdict == SAME:
        others = [min(part) for part in parts if not part & set(pair)]
        return members.verdicts(
            {pair, *(ordered(pair[0], other) for other in others)}, SAME, review_id
        )
    demand = _Demand(sides=list(combinations(parts, 2)), source_id=review_id)
    cluster_of = _clusters(connection, members, demand, (), specification)
    links = set()
    for part in parts:
        # Held together so far by what is taken apart; named by a record of its own.
        first = {cluster_of[record]: record for record in sorted(part, reverse=True)}
        links |= _chained(set(first.values()))
    return [
        *members.verdicts(demand.apart(), DIFFERENT, review_id),
        *members.verdicts(links, SAME, review_id),
    ]


def holding_edges(
    connection: duckdb.DuckDBPyConnection, lead_id: str
) -> list[tuple[str | None, str, str]]:
    """The chain that holds a lead together: the fewest and strongest edges over its records.

    Each is a pair id (None for a person's verdict) and its two records, the strongest first.
    """
    records = sorted(_members_of_leads(connection, {lead_id}).lead_of)
    edges = _edges(connection, records)
    held = spanning_edges([edge[1:] for edge in edges])
    return [edges[position] for position in held]


def _demand_of_lead(connection: duckdb.DuckDBPyConnection, lead_id: str) -> _Demand:
    """The sides of the merges by which a lead lost its id, or others theirs to it."""
    events = connection.execute(
        """
        with events as (
            select distinct lead_id, surviving_lead_id, merge_seq
            from identity.merged_members
            where lead_id <> surviving_lead_id
                and lead_id in (
                    select lead_id from identity.lead_crosswalk
                    where relation = 'merged_into' and $lead_id in (lead_id, related_lead_id)
                )
        )
        from events
        qualify row_number() over (
            partition by lead_id order by merge_seq desc, surviving_lead_id
        ) = 1
        order by lead_id
        """,
        {"lead_id": lead_id},
    ).fetchall()
    if not events:
        raise VerdictError(
            f"{lead_id} is merged into no other lead, and no other lead into it. Take submissions "
            f"out with: lead-platform merges split {lead_id} SUBMISSION, or undo a decision that "
            "lead-platform merges list shows"
        )
    demand = _Demand(source_id=lead_id)
    for retired, surviving, merge_seq in events:
        demand.sides.append(
            (
                _members_before(connection, surviving, surviving, merge_seq),
                _members_before(connection, retired, surviving, merge_seq),
            )
        )
    return demand


def _former_sides(
    connection: duckdb.DuckDBPyConnection, merge: Merge
) -> tuple[frozenset[str], frozenset[str]] | None:
    """The records of the two leads that a merge made one, as they were before."""
    row = connection.execute(
        """
        with former as (
            select distinct m.match_record_id as record_id, f.lead_id, f.surviving_lead_id,
                f.merge_seq
            from identity.merged_members as f
            join identity.lead_members as m on m.submission_id = f.submission_id
            where m.match_record_id in ($left, $right)
        )
        select l.lead_id, r.lead_id, l.surviving_lead_id, l.merge_seq
        from former as l
        join former as r on r.surviving_lead_id = l.surviving_lead_id
            and r.merge_seq = l.merge_seq and r.lead_id <> l.lead_id
        where l.record_id = $left and r.record_id = $right
        order by l.merge_seq desc limit 1
        """,
        {"left": merge.left_record_id, "right": merge.right_record_id},
    ).fetchone()
    if row is None:
        return None
    left, right, surviving, merge_seq = row
    return (
        _members_before(connection, left, surviving, merge_seq),
        _members_before(connection, right, surviving, merge_seq),
    )


def _members_before(
    connection: duckdb.DuckDBPyConnection, lead_id: str, surviving: str, merge_seq: int
) -> frozenset[str]:
    rows = connection.execute(
        """
        select distinct m.match_record_id
        from identity.merged_members as f
        join identity.lead_members as m on m.submission_id = f.submission_id
        where f.lead_id = ? and f.surviving_lead_id = ? and f.merge_seq = ?
        """,
        [lead_id, surviving, merge_seq],
    ).fetchall()
    return frozenset(str(row[0]) for row in rows)


def _part(
    connection: duckdb.DuckDBPyConnection,
    demand: _Demand,
    specification: LinkageSpecification,
    links: Collection[Pair] = (),
) -> list[Parting]:
    """What the leads become, and the verdicts that say so; `links` are held to be the same."""
    asked = {record for pair in demand.apart() for record in pair}
    members = _members_of_records(connection, asked)
    cluster_of = _clusters(connection, members, demand, links, specification)
    around = _members_of_records(connection, cluster_of)
    apart = _expanded(demand, {record: cluster_of[record] for record in members.lead_of})
    partings = []
    for lead_id in sorted(set(members.lead_of.values())):
        records = members.of_lead(lead_id)
        verdicts = members.verdicts(_within(apart, records), DIFFERENT, demand.source_id)
        verdicts += members.verdicts(_within(links, records), SAME, demand.source_id)
        partings.append(Parting(lead_id, _becomes(around, records, cluster_of), tuple(verdicts)))
    return partings


def _expanded(demand: _Demand, cluster_of: dict[str, int]) -> set[Pair]:
    """All pairs to keep apart: said of a bare pair, it is meant for all that hangs on each side."""
    hanging: dict[int, set[str]] = defaultdict(set)
    for record, cluster in cluster_of.items():
        hanging[cluster].add(record)
    apart = demand.apart()
    for left, right in demand.pairs:
        both = product(hanging[cluster_of[left]], hanging[cluster_of[right]])
        apart |= {ordered(one, other) for one, other in both}
    return apart


def _becomes(
    around: _Members, records: set[str], cluster_of: dict[str, int]
) -> tuple[tuple[str, tuple[str, ...]], ...]:
    """The leads these records become part of, the one received first at the head.

    Each with the submissions of these records that it gets.
    """
    clusters: dict[int, set[str]] = defaultdict(set)
    for record, cluster in cluster_of.items():
        clusters[cluster].add(record)
    parts = [clusters[cluster] for cluster in {cluster_of[record] for record in records}]
    parts.sort(key=lambda part: around.received[around.in_order(part & records)[0]])
    return tuple(
        (lead_id_from(around.in_order(part)[0]), tuple(around.in_order(part & records)))
        for part in parts
    )


def _within(pairs: Iterable[Pair], records: set[str]) -> set[Pair]:
    return {pair for pair in pairs if pair[0] in records}


def _clusters(
    connection: duckdb.DuckDBPyConnection,
    members: _Members,
    demand: _Demand,
    links: Collection[Pair],
    specification: LinkageSpecification,
) -> dict[str, int]:
    """The cluster of each record once the demand is met, as the next run will find it.

    Also of records of other leads, where they hang together with these.
    """
    prepare(connection, specification)
    collect_links(connection)
    with _asked(connection, members.lead_of):
        connection.execute(_SEEDS)
    components = collect_components(connection, specification)
    said = _said(components, demand.apart(), links)
    labels = cluster_components(connection, said, specification).labels
    return dict(zip(components.record_ids, labels.tolist(), strict=True))


_SEEDS = """
create or replace temp table component_seeds as select name as record_id from asked_names;
create or replace temp table fresh_pairs as from identity.match_pairs limit 0
"""


def _said(components: Components, apart: Collection[Pair], links: Collection[Pair]) -> Components:
    """The components as they are once a person has said this of these pairs."""
    node = {record: place for place, record in enumerate(components.record_ids)}

    def as_nodes(pairs: Collection[Pair]) -> pd.DataFrame:
        ends = [(node[left], node[right]) for left, right in sorted(pairs)]
        return pd.DataFrame(ends, columns=["left", "right"], dtype="int64")

    def without(frame: pd.DataFrame, pairs: Collection[Pair]) -> pd.DataFrame:
        ends = pd.MultiIndex.from_frame(frame[["left", "right"]])
        return frame[~ends.isin(pd.MultiIndex.from_frame(as_nodes(pairs)))]

    newest = max(components.edges["verdict_seq"], default=0)
    joined = as_nodes(links).assign(
        weight=0.0, is_certain=True, verdict_seq=newest + 1, is_shown=False
    )
    edges = pd.concat([without(components.edges, apart), joined], ignore_index=True)
    kept = without(components.cannot_links, links)
    cannot_links = pd.concat([kept, as_nodes(apart).assign(is_said=True)], ignore_index=True)
    return replace(components, edges=edges, cannot_links=cannot_links)


def _edges(
    connection: duckdb.DuckDBPyConnection, records: Collection[str]
) -> list[tuple[str | None, str, str]]:
    """What joins these records, the strongest first: people's verdicts, then stored merges."""
    known = set(records)
    said: list[tuple[str | None, str, str]] = [
        (None, left, right)
        for left, right in standing_verdicts(connection, SAME)
        if left in known and right in known
    ]
    kept_apart = set(standing_verdicts(connection, DIFFERENT))
    with _asked(connection, records):
        stored = connection.execute(
            """
            select pair_id, left_record_id, right_record_id from identity.match_pairs
            where decision = 'merge'
                and left_record_id in (from asked_names)
                and right_record_id in (from asked_names)
            order by round(match_weight, 6) desc, pair_id
            """
        ).fetchall()
    return [edge for edge in [*said, *stored] if ordered(edge[1], edge[2]) not in kept_apart]


def _members_of_leads(connection: duckdb.DuckDBPyConnection, lead_ids: Collection[str]) -> _Members:
    with _asked(connection, lead_ids):
        rows = connection.execute(
            """
            select m.match_record_id, m.lead_id, m.submission_id, n.received_seq
            from identity.lead_members as m
            join identity.normalized_submissions as n on n.submission_id = m.submission_id
            where m.lead_id in (from asked_names)
            order by n.received_seq, m.submission_id
            """
        ).fetchall()
    submissions: dict[str, list[str]] = defaultdict(list)
    for record, _, submission_id, _ in rows:
        submissions[record].append(submission_id)
    lead_of = {record: lead_id for record, lead_id, _, _ in rows}
    return _Members(lead_of, dict(submissions), {row[2]: row[3] for row in rows})


def _members_of_records(
    connection: duckdb.DuckDBPyConnection, records: Collection[str]
) -> _Members:
    """All members of the leads these records belong to."""
    with _asked(connection, records):
        rows = connection.execute(
            "select distinct lead_id from identity.lead_members "
            "where match_record_id in (from asked_names)"
        ).fetchall()
    return _members_of_leads(connection, {str(row[0]) for row in rows})


@contextmanager
def _asked(connection: duckdb.DuckDBPyConnection, names: Collection[str]) -> Iterator[None]:
    """The names as the table `asked_names`."""
    table = pa.table({"name": pa.array(sorted(names), pa.string())})
    connection.register("asked_names", table)
    try:
        yield
    finally:
        connection.unregister("asked_names")


def lead_id_from(submission_id: str) -> str:
    """The id of the lead whose first received submission this is."""
    return "lead_" + hashlib.sha256(submission_id.encode()).hexdigest()[:24]


def _chained(names: Collection[str]) -> set[Pair]:
    """Pairs that tie the names together, each to the next."""
    return {ordered(one, other) for one, other in pairwise(sorted(names))}
