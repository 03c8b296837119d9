"""The full scan: the whole base compared with itself under the model at work.

Owns what a scan finds (pairs of leads that may be one person, leads that would no longer hang
together) and putting it into the review queue. It merges and splits nothing: a person decides, and
members.py lets it take effect. `scan_base` only reads, `write_findings` only writes what still
holds then.
"""

import datetime as dt
import hashlib
from dataclasses import asdict, dataclass

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa

from lead_platform.identity.engine.clusters import cluster_records, tell_reason
from lead_platform.identity.engine.linking import apart_pairs, limited_values, merge_edges
from lead_platform.identity.engine.model import MatchModel
from lead_platform.identity.engine.pairs import find_pairs, open_scratch, take_as_new
from lead_platform.identity.engine.specification import LinkageSpecification, Scan
from lead_platform.identity.judgement.verdicts import (
    DIFFERENT,
    SAME,
    VERDICTS,
    settle_reviews,
    standing_verdicts,
)
from lead_platform.identity.leads.records import collect_members, prepare
from lead_platform.lake.audit import record_actions
from lead_platform.lake.order import next_place

# A person's word outweighs any evidence.
_SAID_WEIGHT = np.inf


@dataclass(frozen=True)
class Findings:
    """What a scan found, in the order in which people should look at it.

    `pairs`: rows as in identity.match_pairs, one per two leads. `splits`: one row per lead
    (review_id, lead_id, left_record_id, right_record_id, match_probability, rule, reason);
    `parts`: rows as in identity.split_parts. `counts`: what was compared, as identity.scans tells.
    """

    pairs: pa.Table
    splits: pa.Table
    parts: pa.Table
    counts: dict[str, int]
    model_version: str


@dataclass(frozen=True)
class ScanSummary:
    """What became of the findings: new in the queue, left out by the limits, no longer proposed."""

    reviews_opened: int
    reviews_left_out: int
    splits_proposed: int
    splits_left_out: int
    splits_withdrawn: int


def scan_base(
    connection: duckdb.DuckDBPyConnection, specification: LinkageSpecification, model: MatchModel
) -> Findings:
    """Compares all records that have a lead; the connection may be a reader's.

    Cost grows with the base: it is the one comparison that does not follow what is new.
    """
    prepare(connection, specification)
    members = collect_members(connection)
    connection.execute(_RECORD_LEADS)
    held = connection.execute(_HELD).to_arrow_table()
    with open_scratch(members.num_rows) as scratch:
        take_as_new(scratch, members)
        found = find_pairs(scratch, specification.widened(), model, asked=held)
    connection.register("scanned_pairs", found.pairs)
    try:
        pairs = _between_leads(connection)
        values = limited_values(members, specification)
        splits, parts = _find_splits(connection, specification, values)
    finally:
        connection.unregister("scanned_pairs")
    records = connection.execute("select count(distinct record_id) from record_leads").fetchone()
    counts = {
        "submissions": members.num_rows,
        "records": int(records[0]) if records else 0,
        "candidates": found.candidates,
        "bounded_keys": found.bounded_keys,
    }
    return Findings(pairs, splits, parts, counts, model.version)


_RECORD_LEADS = """
create or replace temp table record_leads as
    select distinct match_record_id as record_id, lead_id from identity.lead_members
"""

# What holds leads together: merges in effect.
_HELD = """
select p.left_record_id, p.right_record_id
from identity.match_pairs as p
join record_leads as l on l.record_id = p.left_record_id
join record_leads as r on r.record_id = p.right_record_id and r.lead_id = l.lead_id
where p.decision = 'merge'
"""

# One pair per two leads, unless somebody judged or is asked about them already: what people say of
# two records they say of the leads they see.
_BETWEEN_LEADS = """
with between_leads as (
    select s.*, least(l.lead_id, r.lead_id) as one_lead,
        greatest(l.lead_id, r.lead_id) as other_lead
    from scanned_pairs as s
    join record_leads as l on l.record_id = s.left_record_id
    join record_leads as r on r.record_id = s.right_record_id and r.lead_id <> l.lead_id
    where s.decision in ('merge', 'review')
),
spoken_of as (
    from judged_pairs union all
    select left_record_id, right_record_id from identity.match_reviews
),
known as (
    select distinct least(l.lead_id, r.lead_id) as one_lead,
        greatest(l.lead_id, r.lead_id) as other_lead
    from spoken_of as s
    join record_leads as l on l.record_id = s.left_record_id
    join record_leads as r on r.record_id = s.right_record_id and r.lead_id <> l.lead_id
)
select b.* exclude (one_lead, other_lead)
from between_leads as b
anti join known as k on k.one_lead = b.one_lead and k.other_lead = b.other_lead
qualify row_number() over (
    partition by b.one_lead, b.other_lead order by b.match_probability desc, b.pair_id
) = 1
order by b.match_probability desc, b.pair_id
"""


def _between_leads(connection: duckdb.DuckDBPyConnection) -> pa.Table:
    """The pairs of `scanned_pairs` that ask something new, the likeliest first."""
    judged = [pair for verdict in VERDICTS for pair in standing_verdicts(connection, verdict)]
    connection.register("judged_pairs", _pair_table(judged))
    try:
        return connection.execute(_BETWEEN_LEADS).to_arrow_table()
    finally:
        connection.unregister("judged_pairs")


def _pair_table(pairs: list[tuple[str, str]]) -> pa.Table:
    return pa.table(
        {
            name: pa.array([pair[side] for pair in pairs], pa.string())
            for side, name in enumerate(("left_record_id", "right_record_id"))
        }
    )


# Per lead of several records everything that speaks for one person, as scored now; `was_merged`
# where it merged before, with the probability it had then.
_WITHIN_LEADS = """
select l.lead_id, s.*, coalesce(p.decision = 'merge', false) as was_merged,
    p.rule as former_rule, p.match_probability as former_probability,
    p.match_weight as former_weight, p.model_version as former_model
from scanned_pairs as s
join record_leads as l on l.record_id = s.left_record_id
join record_leads as r on r.record_id = s.right_record_id and r.lead_id = l.lead_id
left join identity.match_pairs as p on p.pair_id = s.pair_id
order by s.pair_id
"""

_RECORDS = """
select m.lead_id, m.match_record_id as record_id, min(n.received_seq) as first_seq
from identity.lead_members as m
join identity.normalized_submissions as n on n.submission_id = m.submission_id
where m.lead_id in (
    select lead_id from record_leads group by lead_id having count(*) > 1
)
group by all order by first_seq, record_id
"""


def _find_splits(
    connection: duckdb.DuckDBPyConnection, specification: LinkageSpecification, values: pd.DataFrame
) -> tuple[pa.Table, pa.Table]:
    """The leads that would no longer hang together, and their parts; `values` count towards
    limits, as `limited_values` gives them."""
    records = connection.execute(_RECORDS).df()
    within = connection.execute(_WITHIN_LEADS).df()
    said = pd.DataFrame(
        standing_verdicts(connection, SAME), columns=["left", "right"], dtype=object
    )
    said = said[said["left"].isin(records["record_id"]) & said["right"].isin(records["record_id"])]
    said = said.assign(weight=_SAID_WEIGHT, is_certain=True)
    records = records[~records["lead_id"].isin(_torn_leads(connection, records))]
    # Once with what held them so far, and where that no longer does, with all that speaks for them.
    records = _coming_apart(records, within[within["was_merged"]], said, values, specification)[0]
    records, aside = _coming_apart(records, within, said, values, specification)
    found = [
        _split(str(lead_id), lead, within, aside) for lead_id, lead in records.groupby("lead_id")
    ]
    return (
        pa.Table.from_pylist([proposal for proposal, _ in found], _SPLIT),
        pa.Table.from_pylist([part for _, parts in found for part in parts], _PART),
    )


_SPLIT = pa.schema(
    [
        ("review_id", pa.string()), ("lead_id", pa.string()), ("left_record_id", pa.string()),
        ("right_record_id", pa.string()), ("match_probability", pa.float64()),
        ("rule", pa.string()), ("reason", pa.string()),
    ]
)  # fmt: skip
_PART = pa.schema([("review_id", pa.string()), ("record_id", pa.string()), ("part", pa.int32())])


def _torn_leads(connection: duckdb.DuckDBPyConnection, records: pd.DataFrame) -> set[str]:
    """Leads of which a person has said already that they are several; the next run parts them."""
    lead_of = dict(zip(records["record_id"], records["lead_id"], strict=True))
    return {
        lead_of[left]
        for left, right in standing_verdicts(connection, DIFFERENT)
        if left in lead_of and lead_of.get(right) == lead_of[left]
    }


def _coming_apart(
    records: pd.DataFrame,
    within: pd.DataFrame,
    said: pd.DataFrame,
    values: pd.DataFrame,
    specification: LinkageSpecification,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The records of leads that fall into several clusters, with their `cluster`; and the edges
    that were not followed although they merge (left, right, reason)."""
    known = within["left_record_id"].isin(records["record_id"])
    edges = pd.concat([merge_edges(within[known], specification), said], ignore_index=True)
    edges = edges[edges["left"].isin(records["record_id"])]
    apart = apart_pairs(within[known])
    apart = apart[apart["left"].isin(records["record_id"])]
    held = values[values["node"].isin(records["record_id"])]
    found = cluster_records(records["record_id"], edges, apart, specification.clustering, held)
    labelled = records.assign(cluster=found.labels)
    clusters = labelled.groupby("lead_id")["cluster"].transform("nunique")
    told = [tell_reason(reason, specification.clustering) for reason in found.set_aside["reason"]]
    return labelled[clusters > 1], found.set_aside.assign(reason=told)


def _split(
    lead_id: str, lead: pd.DataFrame, within: pd.DataFrame, aside: pd.DataFrame
) -> tuple[dict[str, object], list[dict[str, object]]]:
    """One proposal, with the pair that best explains it, and its parts in the order of arrival."""
    part_of = dict(zip(lead["record_id"], pd.factorize(lead["cluster"])[0] + 1, strict=True))
    named = sorted((int(part), str(record)) for record, part in part_of.items())
    told = chr(31).join(["split", lead_id, *(f"{part}{record}" for part, record in named)])
    review_id = f"rev_{hashlib.sha256(told.encode()).hexdigest()[:24]}"
    pairs = within[within["lead_id"] == lead_id]
    ends = [pairs[side].map(part_of) for side in ("left_record_id", "right_record_id")]
    crossing = pairs[ends[0] != ends[1]].sort_values(
        ["was_merged", "former_weight", "pair_id"], ascending=[False, False, True]
    )
    first = {part: record for part, record in reversed(named)}
    left, right = sorted([first[1], first[2]])
    probability, rule, why = 0.0, None, "nothing joins the parts any more"
    if not crossing.empty:
        pair = crossing.iloc[0]
        left, right = pair["left_record_id"], pair["right_record_id"]
        probability, rule = float(pair["match_probability"]), pair["rule"]
        why = _why_apart(pair, aside)
    proposal: dict[str, object] = {
        "review_id": review_id, "lead_id": lead_id, "left_record_id": left,
        "right_record_id": right, "match_probability": probability, "rule": rule,
        "reason": f"the full scan would take this lead apart; {why}",
    }  # fmt: skip
    return proposal, [
        {"review_id": review_id, "record_id": record, "part": part} for part, record in named
    ]


def _why_apart(pair: pd.Series, aside: pd.DataFrame) -> str:
    """What became of the strongest pair that joined the parts."""
    if pair["decision"] == "merge":
        is_pair = (aside["left"] == pair["left_record_id"]) & (
            aside["right"] == pair["right_record_id"]
        )
        return str(next(iter(aside.loc[is_pair, "reason"]), "it no longer joins the parts"))
    now = f"{pair['reason']} ({pair['match_probability']:.6f}, {pair['model_version']})"
    if not pair["was_merged"]:
        return now
    return (
        f"merged by {pair['former_rule']} ({pair['former_probability']:.6f}, "
        f"{pair['former_model']}), now {now}"
    )


def write_findings(
    connection: duckdb.DuckDBPyConnection,
    findings: Findings,
    scan: Scan,
    *,
    specification_version: str,
    scanned_at: dt.datetime,
    run_id: str,
) -> ScanSummary:
    """Puts what still holds into the review queue, within the limits, with one audit record each.

    What changed since the findings were made is tolerated: leads that are one by now, were judged
    or came apart ask nothing. The caller owns the transaction; `scanned_at` is UTC, naive.
    """
    given = {"scanned_pairs": findings.pairs, "scanned_splits": findings.splits,
             "scanned_parts": findings.parts}  # fmt: skip
    for name, rows in given.items():
        connection.register(name, rows)
    connection.execute(_RECORD_LEADS)
    asking = _between_leads(connection)
    connection.register("asking_pairs", asking.slice(0, scan.new_reviews))
    connection.execute(_NEW_REVIEWS)
    connection.execute(_PROPOSALS)
    connection.execute(_NEW_PROPOSALS, {"limit": scan.new_splits})
    row = connection.execute(_COUNTS).df().iloc[0]
    counts = {str(name): int(value) for name, value in row.items()}
    connection.execute(_WRITE)
    connection.execute(_OPEN, {"at": scanned_at})
    settle_reviews(connection)
    actions = connection.execute(_ACTIONS, {"at": scanned_at, "model": findings.model_version})
    record_actions(connection, actions.df(), run_id=run_id)
    for name in (*given, "asking_pairs"):
        connection.unregister(name)
    left_out = asking.num_rows - counts["reviews_opened"]
    summary = ScanSummary(reviews_left_out=left_out, **counts)
    values = {
        "run_id": run_id,
        "scanned_at": scanned_at,
        **findings.counts,
        "model_version": findings.model_version,
        "specification_version": specification_version,
        **asdict(summary),
    }
    columns = ", ".join(f"${name} as {name}" for name in values)
    connection.execute(
        f"insert into identity.scans by name select {columns}, "
        f"{next_place('identity.scans', 'scan_seq')} as scan_seq",
        values,
    )
    return summary


_NEW_REVIEWS = """
create or replace temp table new_reviews as
    select 'rev_' || left(sha256(pair_id), 24) as review_id,
        * replace ('found by the full scan, by ' || rule || '; ' || reason as reason,
            -- A scan merges nothing, whatever the probability.
            'review' as decision)
    from asking_pairs
"""

# A proposal holds as long as its records, and only they, are the lead. One that was made or judged
# before is not made again.
_PROPOSALS = """
create or replace temp table holding_proposals as
    with parts as (
        select p.review_id, l.lead_id, count(*) as records
        from scanned_parts as p
        join record_leads as l on l.record_id = p.record_id
        group by all
    ),
    sizes as (
        select lead_id, count(*) as records from record_leads
        where lead_id in (select lead_id from scanned_splits) group by lead_id
    )
    select s.* from scanned_splits as s
    join parts as p on p.review_id = s.review_id and p.lead_id = s.lead_id
    join sizes as z on z.lead_id = s.lead_id and z.records = p.records;

create or replace temp table waiting_proposals as
    select h.* from holding_proposals as h
    anti join identity.split_parts as p on p.review_id = h.review_id;

create or replace temp table withdrawn_proposals as
    select r.* from identity.match_reviews as r
    where r.status = 'open' and r.review_id in (select review_id from identity.split_parts)
        and r.review_id not in (select review_id from scanned_splits)
"""

_NEW_PROPOSALS = """
create or replace temp table new_proposals as
    select * from waiting_proposals order by match_probability, review_id limit $limit
"""

_COUNTS = """
select
    (select count(*) from new_reviews) as reviews_opened,
    (select count(*) from new_proposals) as splits_proposed,
    (select count(*) from waiting_proposals) - (select count(*) from new_proposals)
        as splits_left_out,
    (select count(*) from withdrawn_proposals) as splits_withdrawn
"""

_WRITE = """
insert into identity.match_pairs by name
select n.* exclude (review_id) from new_reviews as n
anti join identity.match_pairs as p on p.pair_id = n.pair_id;

insert into identity.split_parts by name
select * from scanned_parts semi join new_proposals using (review_id);

delete from identity.split_parts
where review_id in (select review_id from withdrawn_proposals)
"""

_OPEN = """
insert into identity.match_reviews by name
select review_id, left_record_id, right_record_id, match_probability, reason, 'open' as status,
    $at::timestamp as opened_at
from (from new_reviews union all by name from new_proposals)
where review_id not in (select review_id from identity.match_reviews)
"""

_ACTIONS = """
with acted as (
    select 'open_review' as action, review_id, rule, reason, '' as before, 'open' as after
    from new_reviews
    union all by name
    select 'propose_split' as action, review_id, rule, reason, lead_id as before, 'open' as after
    from new_proposals
    union all by name
    select 'withdraw_proposal' as action, review_id, 'full_scan' as rule,
        'the lead hangs together again' as reason, 'open' as before, 'superseded' as after
    from withdrawn_proposals
)
select 'identity_scan' as workflow, action, 'match_review' as subject_type,
    review_id as subject_id, coalesce(rule, 'full_scan') as rule, $model as rule_version, reason,
    before, after, $at::timestamp as occurred_at
from acted order by all
"""
