"""Estimation of a matching model's rates from unlabelled pairs, one joint expectation maximisation.

Owns which pairs are looked at and what is fitted to them: random pairs tell how strangers agree
(`u`), pairs that share a block tell how matching ones do (`m`). Shape and file of the model are
training.py's and model.py's.

The model is that of Fellegi and Sunter (A Theory for Record Linkage, JASA 1969), fitted as by
Winkler (Using the EM Algorithm for Weight Computation, 1988), with three differences to a session
per block: all blocks share one `m`, so that none can take neighbours for matches; within a block
strangers have rates of their own, drawn towards those of random pairs, for who shares a postal code
shares a city; and few pairs move little, for each rate starts from an expectation that counts as
some pairs.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import duckdb
import numpy as np
from numpy.typing import NDArray

from lead_platform.identity.engine.matching import level_sql
from lead_platform.identity.engine.specification import Comparison, LinkageSpecification

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_MOST_ROUNDS = 200
_SETTLED = 1e-4
# As many pairs the expectations of matching pairs count, and those of a block's strangers.
_MATCHES_BEFORE = 20.0
_STRANGERS_BEFORE = 100.0
# No block counts for more: a large one is no better proof than a small one.
_MOST_OF_BLOCK = 5_000.0
# How many more strangers than by chance a block may hold.
_SLACK = 1.5
# What matching pairs are expected to show where the specification says nothing: mostly the best
# level, sometimes none, and rarely what lies between.
_SAME, _DIFFERENT = 0.75, 0.1
_LEAST_REST = 0.01


@dataclass(frozen=True)
class Block:
    """Pairs that share a key, counted by pattern of agreement.

    `levels`: per pattern and comparison the place of the level, -1 where it is missing; `counts`:
    pairs of each pattern; `told`: which comparisons say something, not being what is shared;
    `chance`: how likely two strangers share the key, where that is known.
    """

    columns: tuple[str, ...]
    levels: Ints
    counts: Floats
    told: NDArray[np.bool_]
    chance: float | None = None

    @property
    def pairs(self) -> float:
        """All pairs of the block."""
        return float(self.counts.sum())


@dataclass(frozen=True)
class Estimate:
    """What was found, per comparison and level in their order.

    `m`, `u` and `h`: what pairs of one person, of strangers and of a household show; `m_seen`,
    `u_seen`: how many matching and random pairs showed it; `share` and `homes`: of each block the
    share of pairs that match, and that are of one household.
    """

    m: list[Floats]
    u: list[Floats]
    h: list[Floats]
    share: list[float]
    homes: list[float]
    m_seen: list[Floats]
    u_seen: list[Floats]


def count_block(
    scratch: duckdb.DuckDBPyConnection,
    specification: LinkageSpecification,
    columns: tuple[str, ...],
    most_pairs: int,
) -> Block:
    """The pairs of `weighed_records` that are equal in `columns`, at most about so many: in large
    blocks each record meets some others, and each pair counts for as many as it stands for."""
    filled = " and ".join(f"{name} is not null" for name in columns)
    scratch.execute(f"""
        create or replace temp table block_places as
        select record_no, hash({", ".join(columns)}) as key,
            row_number() over (partition by key order by hash(record_no), record_no) as place,
            count(*) over (partition by key) as size, {_source(specification)} as source
        from weighed_records where {filled}
    """)
    window = _window(scratch, most_pairs)
    scratch.execute(
        f"""
        create or replace temp table counted_pairs as
        select l.record_no as left_no, r.record_no as right_no,
            case when l.size - 1 <= $window then 1.0
                else l.size * (l.size - 1.0) / ($window * (2.0 * l.size - $window - 1))
            end as weight
        from block_places as l join block_places as r
            on r.key = l.key and r.place > l.place and r.place <= l.place + $window
        {_between(specification, "where")}
        """,
        {"window": window},
    )
    levels, counts = _patterns(scratch, specification)
    shared = set(columns) | {
        given for name in columns for given in specification.columns[name].given
    }
    told = [
        not _reads(comparison, specification, shared) for comparison in specification.comparisons
    ]
    chance = _chance_of(scratch, specification, columns)
    return Block(columns, levels, counts, np.array(told, dtype=np.bool_), chance)


def _chance_of(
    scratch: duckdb.DuckDBPyConnection, specification: LinkageSpecification, columns: Iterable[str]
) -> float | None:
    """How likely two strangers are equal in all these columns, by how often any two are in each.

    Columns of several given ones count as these. Unknown where two of the columns are such as
    people share together, a last name and a city.
    """
    parts: list[str] = []
    for column in columns:
        given = specification.columns[column].given
        alone = {
            specification.columns[name].given[0]: name
            for name in specification.columns
            if len(specification.columns[name].given) == 1
            and any(c.levels[0].exact == name for c in specification.comparisons)
        }
        if len(given) < 2:
            parts.append(column)
        elif all(name in alone for name in given):
            parts += [alone[name] for name in given]
        else:
            return None
    if sum(not _is_individual(part, specification) for part in parts) > 1:
        return None
    chance = 1.0
    for part in parts:
        row = scratch.execute(
            "select sum(n * (n - 1)), sum(n) from "
            f"(select count(*) as n from records where {part} is not null group by {part})"
        ).fetchone()
        equal, filled = row if row and row[1] else (0, 0)
        chance *= float(equal) / max(1.0, float(filled) * (float(filled) - 1))
    return chance


def _is_individual(column: str, specification: LinkageSpecification) -> bool:
    """Whether all that is compared of the column is of the person alone."""
    given = {column, *specification.columns[column].given}
    reading = [c for c in specification.comparisons if _reads(c, specification, given)]
    return bool(reading) and any(c.individual for c in reading)


def count_random(
    scratch: duckdb.DuckDBPyConnection,
    specification: LinkageSpecification,
    most_pairs: int,
    seed: int,
) -> Block:
    """Random pairs of `weighed_records`: all there are, or about so many."""
    row = scratch.execute("select count(*) from weighed_records").fetchone()
    size = int(row[0]) if row else 0
    steps = min(size // 2 if size % 2 else max(0, size // 2), max(1, most_pairs // max(1, size)))
    # Everybody meets those so many places further on in a shuffled ring.
    scratch.execute(
        f"""
        create or replace temp table ring as
        select record_no,
            row_number() over (order by hash(record_no + $seed * 1000003), record_no) - 1 as place,
            {_source(specification)} as source
        from weighed_records
        """,
        {"seed": seed},
    )
    scratch.execute(
        f"""
        create or replace temp table counted_pairs as
        with meetings as (
            select record_no, source, (place + unnest(range(1, $steps + 1))) % $size as place
            from ring
        )
        select l.record_no as left_no, r.record_no as right_no, 1.0 as weight
        from meetings as l join ring as r on r.place = l.place
            {_between(specification, "and")}
        """,
        {"steps": steps, "size": max(1, size)},
    )
    levels, counts = _patterns(scratch, specification)
    return Block((), levels, counts, np.ones(len(specification.comparisons), dtype=np.bool_))


def count_equal(
    scratch: duckdb.DuckDBPyConnection, specification: LinkageSpecification, random: Block
) -> list[Floats]:
    """How many random pairs show each level; of those equal in the first one's column the number to
    expect, for few of a million pairs are: counted in all records it is no matter of luck."""
    sizes = [len(comparison.level_names) for comparison in specification.comparisons]
    seen = _level_counts(random, random.counts, sizes)
    between = specification.blocking.between
    for counts, comparison in zip(seen, specification.comparisons, strict=True):
        level = comparison.levels[0]
        if level.exact is None or level.both or len(comparison.needs) > 1:
            continue
        column, total = level.exact, float(counts.sum())
        pairs = "sum(n * (n - 1))"
        query = (
            f"select ({pairs}), sum(n) from (select count(*) as n from records "
            f"where {column} is not null group by {column}"
        )
        equal, filled = scratch.execute(f"{query})").fetchone() or (0, 0)
        all_pairs = (filled or 0) * ((filled or 0) - 1.0)
        if between:
            inside = scratch.execute(f"{query}, {between})").fetchone() or (0, 0)
            equal = (equal or 0) - (inside[0] or 0)
            row = scratch.execute(
                f"select sum(n * (n - 1)) from (select count(*) as n from records "
                f"where {column} is not null group by {between})"
            ).fetchone()
            all_pairs -= float(row[0] or 0) if row else 0.0
        if all_pairs > 0:
            others = total - counts[0]
            counts[0] = total * float(equal or 0) / all_pairs
            counts[1:] *= (total - counts[0]) / others if others else 1.0
    return seen


def _window(scratch: duckdb.DuckDBPyConnection, most_pairs: int) -> int:
    """How many others a record may meet, so that there are at most so many pairs."""
    sizes = scratch.execute(
        "select size, count(*) // size as blocks from block_places where size > 1 group by size"
    ).fetchall()
    window = max((size for size, _ in sizes), default=1)
    while window > 1 and sum(n * _met(size, window) for size, n in sizes) > most_pairs:
        window = max(1, window // 2)
    return int(window)


def _met(size: int, window: int) -> float:
    width = min(window, size - 1)
    return width * (2 * size - width - 1) / 2


def _source(specification: LinkageSpecification) -> str:
    return specification.blocking.between or "null"


def _between(specification: LinkageSpecification, word: str) -> str:
    """SQL that keeps pairs of one source out, where only records of two are compared."""
    return f"{word} l.source is distinct from r.source" if specification.blocking.between else ""


def _patterns(
    scratch: duckdb.DuckDBPyConnection, specification: LinkageSpecification
) -> tuple[Ints, Floats]:
    """Per pattern of agreement among `counted_pairs` its levels and the number of pairs."""
    named = ", ".join(
        f"{_place_sql(comparison)} as place_{number}"
        for number, comparison in enumerate(specification.comparisons)
    )
    rows = scratch.execute(f"""
        select {named}, sum(weight) as pairs
        from counted_pairs
        join weighed_records as l on l.record_no = left_no
        join weighed_records as r on r.record_no = right_no
        group by all order by all
    """).fetchnumpy()
    columns = [
        np.asarray(rows[f"place_{number}"], dtype=np.int64)
        for number in range(len(specification.comparisons))
    ]
    return np.stack(columns, axis=1), np.asarray(rows["pairs"], dtype=np.float64)


def _place_sql(comparison: Comparison) -> str:
    """SQL for the place of the level of a pair, -1 where it is missing."""
    names = ", ".join(f"'{name}'" for name in comparison.level_names)
    return f"coalesce(list_position([{names}], {level_sql(comparison, 'l', 'r')}), 0) - 1"


def _reads(comparison: Comparison, specification: LinkageSpecification, shared: set[str]) -> bool:
    """Whether the comparison reads what the pairs of a block share."""
    read = {name for level in comparison.levels for name in level.columns} | set(comparison.needs)
    given = {part for name in read for part in specification.columns[name].given}
    return bool((read | given) & shared)


# --- the fit -----------------------------------------------------------------------------------


def estimate(
    specification: LinkageSpecification,
    u_seen: list[Floats],
    blocks: Sequence[Block],
    pairs: float,
) -> Estimate:
    """The rates that make the patterns of all blocks most likely, expectations included.

    `u_seen`: how many random pairs show each level; `pairs`: how many there are in all.
    """
    comparisons = specification.comparisons
    sizes = [len(comparison.level_names) for comparison in comparisons]
    own = np.array([comparison.individual for comparison in comparisons], dtype=np.bool_)
    u = [_shares(seen, np.full(len(seen), 1 / len(seen))) for seen in u_seen]
    expected = [_expected(comparison) for comparison in comparisons]
    m = [part / part.sum() for part in expected]
    h = [theirs if is_own else ours for ours, theirs, is_own in zip(m, u, own, strict=True)]
    used = [block for block in blocks if len(block.counts)]
    strangers = [[part.copy() for part in u] for _ in used]
    # Where nothing tells people of a household apart, there are none.
    tells = [bool((block.told & own).any()) for block in used]
    shares = [np.array([0.8, 0.1, 0.1 if is_told else 0.0]) for is_told in tells]
    most = [_most_strangers(block, pairs) for block in used]
    for _ in range(_MOST_ROUNDS):
        m_seen = [np.zeros(size) for size in sizes]
        h_seen = [np.zeros(size) for size in sizes]
        moved = 0.0
        for number, block in enumerate(used):
            with np.errstate(divide="ignore"):
                logs = np.log(shares[number])
            likely = np.stack([
                _log_likelihood(block, strangers[number]) + logs[0],
                _log_likelihood(block, m) + logs[1],
                _log_likelihood(block, h) + logs[2],
            ])  # fmt: skip
            weights = _weigh(block, likely, most[number])
            scale = min(1.0, _MOST_OF_BLOCK / max(1.0, weights[1].sum()))
            for place, seen in enumerate(_level_counts(block, weights[1] * scale, sizes)):
                m_seen[place] += seen
            scale = min(1.0, _MOST_OF_BLOCK / max(1.0, weights[2].sum()))
            for place, seen in enumerate(_level_counts(block, weights[2] * scale, sizes)):
                h_seen[place] += seen
            apart = _level_counts(block, weights[0], sizes)
            strangers[number] = [
                rate if is_own else _shares(seen, _STRANGERS_BEFORE * rate)
                for seen, rate, is_own in zip(apart, u, own, strict=True)
            ]
            now = weights.sum(axis=1) + np.array([0.8, 0.1, 0.1 if tells[number] else 0.0])
            now = now / now.sum()
            moved = max(moved, float(abs(now - shares[number]).max()))
            shares[number] = now
        fitted = [
            _shares(seen, _MATCHES_BEFORE * part)
            for seen, part in zip(m_seen, expected, strict=True)
        ]
        moved = max(moved, *(float(abs(a - b).max()) for a, b in zip(fitted, m, strict=True)))
        m = fitted
        h = [
            theirs if is_own else _shares(seen, _MATCHES_BEFORE * part)
            for seen, part, theirs, is_own in zip(h_seen, expected, u, own, strict=True)
        ]
        if moved < _SETTLED:
            break
    return Estimate(
        m,
        u,
        h,
        [float(one[1]) for one in shares],
        [float(one[2]) for one in shares],
        m_seen,
        u_seen,
    )


def _weigh(block: Block, likely: Floats, most: float) -> Floats:
    """How many pairs of each pattern are strangers, match, or are of a household, by the logarithms
    of their likelihoods. There are no more strangers than `most`: chance brings no more together
    (a constraint on the posterior: Ganchev et al., Posterior Regularization, JMLR 2010)."""

    def weighed(less: float) -> Floats:
        logs = likely - np.array([[less], [0.0], [0.0]])
        shares = np.exp(logs - logs.max(axis=0))
        return np.asarray(block.counts * (shares / shares.sum(axis=0)), dtype=np.float64)

    weights = weighed(0.0)
    if weights[0].sum() <= most:
        return weights
    low, high = 0.0, 60.0
    for _ in range(30):
        middle = (low + high) / 2
        low, high = (middle, high) if weighed(middle)[0].sum() > most else (low, middle)
    return weighed(high)


def _most_strangers(block: Block, pairs: float) -> float:
    """How many strangers share the block's columns at the most."""
    if block.chance is None:
        return math.inf
    expected = pairs * block.chance
    return _SLACK * expected + 3 * math.sqrt(expected) + 3


def _expected(comparison: Comparison) -> Floats:
    """What matching pairs are expected to show of a comparison, adding up to one."""
    stated = np.array([*(level.expected or 0.0 for level in comparison.levels), 0.0])
    usual = np.full(len(stated), (1 - _SAME - _DIFFERENT) / max(1, len(stated) - 2))
    usual[0], usual[-1] = _SAME, _DIFFERENT
    if not stated.any():
        return np.asarray(usual / usual.sum(), dtype=np.float64)
    rest = np.where(stated > 0, 0.0, usual)
    rest *= max(_LEAST_REST, 1 - stated.sum()) / rest.sum()
    return np.asarray((stated + rest) / (stated + rest).sum(), dtype=np.float64)


def _shares(seen: Floats, before: Floats) -> Floats:
    rates = seen + before
    return np.asarray(rates / rates.sum(), dtype=np.float64)


def _level_counts(block: Block, weights: Floats, sizes: Iterable[int]) -> list[Floats]:
    """Per comparison how much weight lies on each level; nothing where it is not told."""
    counted = []
    for place, size in enumerate(sizes):
        levels = block.levels[:, place]
        is_seen = (levels >= 0) & block.told[place]
        counted.append(np.bincount(levels[is_seen], weights[is_seen], size).astype(np.float64))
    return counted


def _log_likelihood(block: Block, rates: Sequence[Floats]) -> Floats:
    total = np.zeros(len(block.counts))
    for place, rate in enumerate(rates):
        if block.told[place]:
            total += np.append(np.log(rate), 0.0)[block.levels[:, place]]
    return total
