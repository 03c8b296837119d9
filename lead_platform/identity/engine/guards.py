"""Guards: what speaks against two records being one, whatever key or probability say.

Owns what a guard's conditions mean, when it binds, and which records of a component it keeps apart
though nobody compared them: a third record joins what shares no key, and a key shared by many is
compared for a part of them only. What follows is clusters.py's.
"""

from collections.abc import Hashable
from dataclasses import dataclass

import duckdb
import pandas as pd

from lead_platform.identity.engine.clusters import CROWD_SHARES, NO_KINDS, Kinds
from lead_platform.identity.engine.matching import level_sql
from lead_platform.identity.engine.specification import (
    Guard,
    LinkageSpecification,
)

# From so many unlike names on that hang together, their mailbox is nobody's own: names are not
# compared with one another any more (45,000 comparisons take 0.1 s), only equal ones are one.
CROWD = 300


def guard_sql(guard: Guard) -> str:
    """SQL that is true where the guard's conditions hold, over columns `level_<comparison>`."""
    when = " and ".join(_at_levels(name, levels) for name, levels in guard.when.items())
    unless = " or ".join(_at_levels(name, levels) for name, levels in guard.unless.items())
    return f"{when} and not ({unless})" if unless else when


def speaks_against_sql(guard: Guard, specification: LinkageSpecification) -> str:
    """SQL that is true where a guard that holds found a difference, and not only that something is
    missing: then it binds."""
    found = []
    for name, levels in guard.when.items():
        unlike = specification.comparison(name).differences & set(levels)
        if unlike:
            found.append(_at_levels(name, tuple(sorted(unlike))))
    return f"({' or '.join(found)})" if found else "false"


@dataclass(frozen=True)
class Spoken:
    """What guards say of the records of whole components. `crowded`: the nodes of components that
    hold more kinds than are compared with one another."""

    kinds: Kinds
    crowded: frozenset[Hashable]


NOTHING_SPOKEN = Spoken(NO_KINDS, frozenset())


def find_kinds(
    connection: duckdb.DuckDBPyConnection, specification: LinkageSpecification, records: str
) -> Spoken:
    """What the guards that speak against any two records say of those of each component.

    `records` is SQL for a table of node, component and the match columns, one row per node.
    Records that are equal in what these guards read are one kind; those of which they read nothing
    have none.
    """
    guards = specification.binding_guards()
    if not guards:
        return NOTHING_SPOKEN
    named = dict.fromkeys(name for guard in guards for name in guard.comparisons)
    comparisons = [specification.comparison(name) for name in named]
    read = dict.fromkeys(
        name
        for c in comparisons
        for columns in (c.needs, *(level.columns for level in c.levels))
        for name in columns
    )
    filled = " or ".join(f"{column} is not null" for c in comparisons for column in c.needs)
    levels = ", ".join(f"{level_sql(c, 'l', 'r')} as level_{c.name}" for c in comparisons)
    spoken = " or ".join(
        f"({guard_sql(guard)} and {speaks_against_sql(guard, specification)})" for guard in guards
    )
    connection.execute(
        f"""
        create or replace temp table spoken_kinds as
        select node, component, {", ".join(read)},
            dense_rank() over (order by component, {", ".join(read)}) - 1 as kind
        from {records} where {filled}
        """
    )
    apart = connection.execute(
        f"""
        with found as (select distinct component, kind, {", ".join(read)} from spoken_kinds),
        kinds as (
            from found qualify count(*) over (partition by component) between 2 and {CROWD}
        ),
        compared as (
            select l.kind as "left", r.kind as "right", {levels}
            from kinds as l join kinds as r on r.component = l.component and r.kind > l.kind
        )
        select "left", "right" from compared where {spoken} order by all
        """
    ).df()
    crowded = connection.execute(
        f"""
        select node from {records} where component in (
            select component from spoken_kinds
            group by component having count(distinct kind) > {CROWD}
        )
        """
    ).fetchall()
    of = connection.execute("select node, kind from spoken_kinds order by node").df()
    return Spoken(
        Kinds(of.set_index("node")["kind"], apart.astype("int64")),
        frozenset(node for (node,) in crowded),
    )


def kinds_of_persons(kinds: Kinds, person: pd.Series) -> pd.DataFrame:
    """The pairs of kinds (left, right; the smaller first) that are of one person by people's word.

    `person`: a label per node, the same for what people hold to be one.
    """
    held = pd.DataFrame({"person": person.reindex(kinds.of.index), "kind": kinds.of})
    held = held[held["person"].duplicated(keep=False)].drop_duplicates()
    pairs = held.merge(held, on="person", suffixes=("_left", "_right"))
    pairs = pairs[pairs["kind_left"] < pairs["kind_right"]]
    return pairs[["kind_left", "kind_right"]].set_axis(["left", "right"], axis=1).drop_duplicates()


def without_shown(kinds: Kinds, edges: pd.DataFrame, judged: pd.DataFrame) -> Kinds:
    """The kinds, those apart without what says itself what it is: kinds with an edge (left, right)
    between them were compared, and `judged` (kinds_of_persons) are one person's."""
    ends = pd.DataFrame({end: edges[end].map(kinds.of) for end in ("left", "right")}).dropna()
    direct = pd.DataFrame({"left": ends.min(axis=1), "right": ends.max(axis=1)}, dtype="int64")
    return Kinds(kinds.of, _left_out(kinds.apart, pd.concat([direct, judged])))


def scatter(edges: pd.DataFrame, spoken: Spoken) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The edges to follow, and those that are set aside beforehand: where a crowd shares what joins
    it, edges between two kinds, or to what has none, join nobody. A person's word does."""
    one, other = (edges[end].map(spoken.kinds.of).fillna(-1) for end in ("left", "right"))
    is_scattered = edges["left"].isin(spoken.crowded) & (one != other)
    if "verdict_seq" in edges:
        is_scattered &= edges["verdict_seq"] == 0
    aside = edges.loc[is_scattered, ["left", "right", "weight"]]
    return edges[~is_scattered], aside.assign(reason=CROWD_SHARES, torn=None)


def _left_out(pairs: pd.DataFrame, others: pd.DataFrame) -> pd.DataFrame:
    known = pd.MultiIndex.from_frame(others.astype("int64"))
    return pairs[~pd.MultiIndex.from_frame(pairs).isin(known)]


def _at_levels(comparison: str, levels: tuple[str, ...]) -> str:
    named = ", ".join("'" + level + "'" for level in levels)
    return f"level_{comparison} in ({named})"
