"""Contradictions: agreement that does not carry over to a third record.

Where one comparison is all there is, names alone, no block shows how often matching pairs reach a
level, and how often strangers do cannot be told from it. But who is one is so through third records
too: if Kinsel is Kinsel Foods and Kinsel Group, these two are one. A level at which that fails is
one that strangers reach.
"""

import json

import duckdb
import pandas as pd
import pyarrow as pa

from lead_platform.identity.engine.linking import compare_records
from lead_platform.identity.engine.model import MatchModel
from lead_platform.identity.engine.specification import Comparison, LinkageSpecification

# Of those a record is linked with, so many are looked at, the most alike first.
_MOST_NEIGHBOURS = 30


def merging_pairs(
    records: pa.Table, specification: LinkageSpecification, model: MatchModel
) -> pd.DataFrame:
    """The pairs of match records that the model would merge: left_record_id, right_record_id,
    parts."""
    pairs = compare_records(records, specification, model).pairs.to_pandas()
    merging = pairs["decision"] == "merge"
    return pairs.loc[merging, ["left_record_id", "right_record_id", "parts"]]


def contradicted_shares(merging: pd.DataFrame, comparison: Comparison) -> dict[str, float]:
    """By level of the comparison, the share of `merging` pairs that are contradicted: one of the
    two would merge, at this level or a better one, with a third record that does not with the
    other. Levels at which nothing would merge are absent."""
    names = comparison.level_names
    ranks = {level: rank for rank, level in enumerate(names)}
    levels = merging["parts"].map(lambda parts: _level_of(parts, comparison.name))
    edges = merging[["left_record_id", "right_record_id"]].set_axis(["l", "r"], axis=1)
    edges = edges.assign(rank=levels.map(ranks)).dropna()
    if edges.empty:
        return {}
    with duckdb.connect() as connection:
        connection.execute("set threads = 1")
        connection.register("edges", edges)
        rows = connection.execute(_CONTRADICTED, {"most": _MOST_NEIGHBOURS}).fetchall()
    return {names[int(rank)]: float(share) for rank, share in rows}


def _level_of(parts: str, comparison: str) -> str | None:
    told = {part["comparison"]: part["level"] for part in json.loads(parts)}
    return told.get(comparison)


_CONTRADICTED = """
with both_ways as (
    select l, r, rank from edges union all select r, l, rank from edges
),
near as (
    select * from both_ways
    qualify row_number() over (partition by l order by rank, hash(r), r) <= $most
),
-- A pair, and a third record that one of the two would merge with.
triads as (
    select e.l, e.r, third.r as third
    from near as e
    join near as third on third.l = e.l and third.r <> e.r and third.rank <= e.rank
),
open_ones as (
    select distinct triads.l, triads.r from triads
    anti join both_ways as closing on closing.l = triads.r and closing.r = triads.third
),
contradicted as (
    select least(l, r) as l, greatest(l, r) as r from open_ones group by all
)
select rank, count(contradicted.l) / count(*) as share
from (select least(l, r) as l, greatest(l, r) as r, rank from edges) as pairs
left join contradicted using (l, r)
group by rank
"""
