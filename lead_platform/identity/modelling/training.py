"""Training of a matching model, without labels, seeded.

Owns what becomes a model of what estimation.py finds in match records, its prior and term
frequencies; the file is model.py's, who may put a model to work is proposals.py's.
"""

import math
from collections.abc import Sequence
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from lead_platform.identity.engine.matching import weigh_records
from lead_platform.identity.engine.model import Household, LevelRates, MatchModel, TermFrequencies
from lead_platform.identity.engine.specification import (
    Column,
    Comparison,
    LinkageSpecification,
    read_shares,
)
from lead_platform.identity.modelling.contradictions import contradicted_shares, merging_pairs
from lead_platform.identity.modelling.counting import count_block, count_equal, count_random
from lead_platform.identity.modelling.estimation import Block, Estimate, Floats, estimate

# A level nobody showed in training is rare, not impossible.
_LEAST_RATE = 1e-6
# Matching pairs that disagree are rarer in blocks that trained than elsewhere: a zero there must
# not become a proof against a match.
_LEAST_MATCH_RATE = 1e-4
# Of the pairs at a level, the share that is taken to be strangers at the least.
_LEAST_STRANGERS = 0.1
# Where all pairs of a level are contradicted, as many may match all the same.
_MOST_CONTRADICTED = 0.99
# Matching pairs per record that are taken for granted where nothing tells how many there are.
_FEWEST_MATCHES = 0.5
# Pairs a block is sampled down to at the least.
_FEWEST_OF_BLOCK = 20_000
# Fewer pairs of a household than these are none.
_FEWEST_HOMES = 5.0


def train_model(records: pa.Table, specification: LinkageSpecification, *, name: str) -> MatchModel:
    """Rates for every level of the specification, from match records (one row each).

    `records` has record_id and the declared columns. `u` from random pairs, `m` by expectation
    maximisation over the blocks of the sessions, sampled. One thread and the specification's seed
    make it repeatable to the bit.
    """
    training = specification.training
    with duckdb.connect() as scratch:
        scratch.execute("set threads = 1; set enable_progress_bar = false")
        scratch.register("given", records)
        scratch.execute(
            "create table records as "
            "select row_number() over (order by record_id) as record_no, * from given"
        )
        frequencies = {
            column: _count_terms(scratch, column, specification)
            for column in specification.rare_columns()
        }
        weigh_records(scratch, specification, frequencies)
        random = count_random(scratch, specification, training.sampled_pairs, training.seed)
        keys = block_columns(specification)
        most = max(_FEWEST_OF_BLOCK, training.session_pairs // max(1, len(keys)))
        counted = (count_block(scratch, specification, columns, most) for columns in keys)
        blocks = [block for block in counted if len(block.counts)]
        pairs = max(1.0, _count_pairs(scratch, specification))
        shown = count_equal(scratch, specification, random)
        found = estimate(specification, shown, blocks, pairs)
        matches = _count_matches(scratch, specification, found, blocks, records.num_rows)
    prior = training.prior or min(0.5, matches / pairs)
    model = _read_rates(specification, name, prior, found, frequencies)
    household = _household(specification, model, found, blocks, pairs)
    model = model.model_copy(update={"household": household})
    if records.num_rows < training.fewest_records:
        model = _with_given_chances(model, specification)
    model = _without_contradicted(records, specification, model, found)
    return _count_swaps_once(model, specification)


def block_columns(specification: LinkageSpecification) -> list[tuple[str, ...]]:
    """What pairs share that rates are learnt from: the sessions' columns and the blocking's."""
    texts = {name for name, column in specification.columns.items() if column.kind == "text"}
    rules = [rule.columns for rule in specification.rules if set(rule.columns) <= texts]
    return list(dict.fromkeys([*specification.training.sessions, *rules]))


def _household(
    specification: LinkageSpecification,
    model: MatchModel,
    found: Estimate,
    blocks: Sequence[Block],
    pairs: float,
) -> Household | None:
    """What two of a household show, where there are any: as many as the block with most holds."""
    homes = max(
        (share * block.pairs for share, block in zip(found.homes, blocks, strict=True)), default=0.0
    )
    if homes < _FEWEST_HOMES:
        return None
    comparisons = {}
    for place, comparison in enumerate(specification.comparisons):
        rates = model.comparisons[comparison.name]
        shown = found.h[place]
        comparisons[comparison.name] = {
            level: _rounded(
                rates[level].u if comparison.individual else max(_LEAST_MATCH_RATE, float(shown[n]))
            )
            for n, level in enumerate(comparison.level_names)
        }
    return Household(prior=_rounded(min(0.5, homes / pairs)), comparisons=comparisons)


def _count_matches(
    scratch: duckdb.DuckDBPyConnection,
    specification: LinkageSpecification,
    found: Estimate,
    blocks: Sequence[Block],
    records: int,
) -> float:
    """How many pairs of records match.

    Each block holds some matching pairs, and a share of all that is known from the other blocks:
    how often matching pairs agree in what it blocks on. Where no block can be told so, the pairs
    that are equal in a `certain` column set stand in.
    """
    filled = _filled_shares(scratch, specification)
    held: float = 0.0
    shown: float = 0.0
    for block, share in zip(blocks, found.share, strict=True):
        agree = _agreeing(specification, found, block.columns, filled)
        if agree is not None:
            held += share * block.pairs
            shown += agree
    if shown:
        return max(1.0, held / shown)
    least = _FEWEST_MATCHES * records / 2
    certain = [
        _count_equal_pairs(scratch, specification, columns)
        / (_agreeing(specification, found, columns, filled) or specification.training.recall)
        for columns in specification.training.certain
    ]
    return max(least, *certain, 1.0)


def _count_pairs(scratch: duckdb.DuckDBPyConnection, specification: LinkageSpecification) -> float:
    """How many pairs of records there are to match, equal in nothing."""
    between = specification.blocking.between
    within = (
        f"(select sum(n * (n - 1) / 2) from (select count(*) as n from records group by {between}))"
    )
    row = scratch.execute(
        f"select count(*) * (count(*) - 1) / 2 - {within if between else 0} from records"
    ).fetchone()
    return float(row[0]) if row else 0.0


def _agreeing(
    specification: LinkageSpecification,
    found: Estimate,
    columns: tuple[str, ...],
    filled: dict[str, float],
) -> float | None:
    """The share of matching pairs that are equal in all these columns; None where a column is one
    that no comparison tests for being equal."""
    equal = {
        comparison.levels[0].exact: float(found.m[place][0])
        for place, comparison in enumerate(specification.comparisons)
        if not comparison.levels[0].both
    }
    if not set(columns) <= equal.keys():
        return None
    return math.prod(equal[column] * filled[column] ** 2 for column in columns)


def _filled_shares(
    scratch: duckdb.DuckDBPyConnection, specification: LinkageSpecification
) -> dict[str, float]:
    """Per column the share of records that have it."""
    names = list(specification.columns)
    counted = ", ".join(f"count({name}) / greatest(1, count(*))" for name in names)
    row = scratch.execute(f"select {counted} from records").fetchone() or ()
    return dict(zip(names, map(float, row), strict=True))


def _count_equal_pairs(
    scratch: duckdb.DuckDBPyConnection,
    specification: LinkageSpecification,
    columns: tuple[str, ...],
) -> float:
    """Pairs that are equal in all these columns; counted by value, for there may be very many."""
    filled = " and ".join(f"{column} is not null" for column in columns)
    key, between = ", ".join(columns), specification.blocking.between
    counted = (
        "(select coalesce(sum(n * (n - 1) / 2), 0) from "
        f"(select count(*) as n from records where {filled} group by {{by}}))"
    )
    inside = f" - {counted.format(by=f'{key}, {between}')}" if between else ""
    row = scratch.execute(f"select {counted.format(by=key)}{inside}").fetchone()
    return float(row[0]) if row else 0.0


def _count_terms(
    scratch: duckdb.DuckDBPyConnection, column: str, specification: LinkageSpecification
) -> TermFrequencies:
    """The commonest values, with the share of other records that have them.

    Others, because a value's own record says nothing about how likely a second one has it too. A
    value is as common as here or as the column's list says, whichever is more; what is no
    commoner than the level's `rarest` is left out and counts as that.
    """
    declared = specification.columns[column]
    term = f"unnest(list_distinct({column}))" if declared.kind != "text" else column
    filled = scratch.execute(f"select count({column}) from records").fetchone()
    total = max(1, int(filled[0]) if filled else 0)
    scratch.register("known_shares", _known_shares(declared))
    unlisted = max(1 / (total + 1), specification.rarest(column))
    listed = scratch.execute(
        f"""
        with counted as (
            select term, (count(*) - 1) / {total} as share
            from (select {term} as term from records)
            where term is not null group by term having count(*) > 1
        )
        select term, greatest(coalesce(c.share, 0), coalesce(k.share, 0)) as frequency
        from counted as c full join known_shares as k using (term)
        where frequency > $rarest order by frequency desc, term limit $most
        """,
        {"rarest": specification.rarest(column), "most": specification.training.listed_terms},
    ).fetchall()
    scratch.unregister("known_shares")
    return TermFrequencies(
        listed={str(value): _rounded(share) for value, share in listed}, unlisted=_rounded(unlisted)
    )


def _known_shares(column: Column) -> pa.Table:
    """term, share: how common the column's values are where they are commonest, if a list says."""
    if column.known_shares is None:
        return pa.table({"term": pa.array([], pa.string()), "share": pa.array([], pa.float64())})
    lists = read_shares(column.known_shares)
    most = lists.group_by("value").aggregate([("share", "max")])
    return most.rename_columns(["term", "share"])


def _read_rates(
    specification: LinkageSpecification,
    name: str,
    prior: float,
    found: Estimate,
    frequencies: dict[str, TermFrequencies],
) -> MatchModel:
    comparisons: dict[str, dict[str, LevelRates]] = {}
    for place, comparison in enumerate(specification.comparisons):
        stated = [level.expected is not None for level in comparison.levels] + [False]
        # Who is equal in it is taken to match: a stranger is the exception.
        is_certain = (comparison.levels[0].exact,) in specification.training.certain
        m, u = _fitted(found, place, prior, np.array(stated, dtype=np.bool_), is_certain)
        comparisons[comparison.name] = {
            level: LevelRates(m=_rate(float(m[n]), _LEAST_RATE), u=_rate(float(u[n]), _LEAST_RATE))
            for n, level in enumerate(comparison.level_names)
        }
    return MatchModel(
        name=name, prior=_rounded(prior), comparisons=comparisons, term_frequencies=frequencies
    )


def _fitted(
    found: Estimate, place: int, prior: float, stated: NDArray[np.bool_], is_certain: bool
) -> tuple[Floats, Floats]:
    """`m` and `u` of a comparison. Random pairs hold matching ones too: those are taken out of `u`,
    as far as matching pairs were seen to show the level. Where that is only expected of them, as
    where there is nothing but names to compare, all that show it count as strangers.

    A level that no pair showed weighs nothing, unless the specification states what to expect.
    """
    m, seen = found.m[place], found.u_seen[place]
    total = max(1.0, float(seen.sum()))
    u = (seen + 0.5) / (total + 0.5 * len(seen))
    matching = np.where(found.m_seen[place] < 0.5, 0.0, prior * m)
    strangers = np.maximum((u - matching) / (1 - prior), u * _LEAST_STRANGERS)
    if is_certain:
        strangers[0] = u[0] * _LEAST_STRANGERS
    u = strangers / strangers.sum()
    nothing = (found.m_seen[place] < 0.5) & (seen < 0.5) & ~stated
    m = np.where(nothing & ~nothing.all(), 0.0, m)
    m, u = np.maximum(m / m.sum(), _LEAST_MATCH_RATE), np.maximum(u, _LEAST_RATE)
    m[nothing] = u[nothing]
    m[~nothing], u[~nothing] = falling(m[~nothing], u[~nothing])
    return m, u


def falling(m: Floats, u: Floats) -> tuple[Floats, Floats]:
    """Both rates, levels that weigh less than one below them taken together with it, so that the
    weight never rises while agreement falls."""
    groups: list[tuple[float, float, int]] = []
    for ours, theirs in zip(m.tolist(), u.tolist(), strict=True):
        groups.append((ours, theirs, 1))
        while len(groups) > 1 and groups[-1][0] * groups[-2][1] > groups[-2][0] * groups[-1][1]:
            a, b = groups.pop(), groups.pop()
            groups.append((a[0] + b[0], a[1] + b[1], a[2] + b[2]))
    ratios = np.concatenate([np.full(n, theirs / ours) for ours, theirs, n in groups])
    return m, np.minimum(1.0, m * ratios)


def _with_given_chances(model: MatchModel, specification: LinkageSpecification) -> MatchModel:
    """The model with the levels' own chances, and every value of a column equally frequent."""
    comparisons = {name: dict(levels) for name, levels in model.comparisons.items()}
    frequencies = dict(model.term_frequencies)
    for comparison in specification.comparisons:
        for level in comparison.levels:
            if level.chance:
                rates = comparisons[comparison.name][level.name]
                comparisons[comparison.name][level.name] = LevelRates(m=rates.m, u=level.chance)
            if level.rarity and level.exact:
                u = comparisons[comparison.name][level.name].u
                frequencies[level.exact] = TermFrequencies(listed={}, unlisted=u)
    return model.model_copy(update={"comparisons": comparisons, "term_frequencies": frequencies})


def _without_contradicted(
    records: pa.Table, specification: LinkageSpecification, model: MatchModel, found: Estimate
) -> MatchModel:
    """The model in which a level that matching pairs were only expected to show is no likelier than
    third records allow: in the share of its pairs that they contradict it is one of strangers."""
    expected_only = {
        comparison.name: levels
        for place, comparison in enumerate(specification.comparisons)
        if (levels := _expected_only(comparison, found.m_seen[place]))
    }
    if not expected_only:
        return model
    merging = merging_pairs(records, specification, model)
    comparisons = dict(model.comparisons)
    for name, levels in expected_only.items():
        rates = dict(comparisons[name])
        shares = contradicted_shares(merging, specification.comparison(name))
        for level in levels & shares.keys():
            m, u = rates[level].m, rates[level].u
            strangers = min(_MOST_CONTRADICTED, shares[level])
            least = m * model.prior / (1 - model.prior) * strangers / (1 - strangers)
            rates[level] = LevelRates(m=m, u=_rate(max(u, least), _LEAST_RATE))
        comparisons[name] = rates
    return model.model_copy(update={"comparisons": comparisons})


def _expected_only(comparison: Comparison, seen: Floats) -> set[str]:
    """The levels below the first that matching pairs are expected to show, and none was seen to."""
    return {
        level.name
        for number, level in enumerate(comparison.levels)
        if number and level.expected is not None and seen[number] < 0.5
    }


def _count_swaps_once(model: MatchModel, specification: LinkageSpecification) -> MatchModel:
    """The model with the evidence of swapped names spread over the two comparisons that show it.

    First and last name are swapped together or not at all, so taken as independent they would
    count twice (27 bits where equal names give 16). Strangers' names are equal crosswise as often
    as they are equal straight.
    """
    swaps = {
        c.name: level.name
        for c in specification.comparisons
        for level in c.levels
        if level.swapped and c.levels[0].exact in level.swapped
    }
    if len(swaps) != 2:
        return model
    comparisons = {name: dict(levels) for name, levels in model.comparisons.items()}
    same = [
        comparisons[c.name][c.levels[0].name].u
        for c in specification.comparisons
        if c.name in swaps
    ]
    for name, level in swaps.items():
        m = comparisons[name][level].m
        # Swapped names never speak against a match.
        u = min(m, math.sqrt(m * same[0] * same[1]))
        comparisons[name][level] = LevelRates(m=m, u=_rate(u, _LEAST_RATE))
    return model.model_copy(update={"comparisons": comparisons})


def _rate(value: Any, least: float) -> float:
    if not isinstance(value, float):
        return least
    return _rounded(min(1.0, max(least, value)))


def _rounded(value: float) -> float:
    return float(f"{value:.6g}")
