"""Pairs of records counted by how they agree: random ones, and those that share a block.

Owns which pairs are looked at and their patterns, whole or sampled; levels are Splink's conditions.
Works on a scratch database with `records` and `weighed_records` (engine/matching.py).
"""

from collections.abc import Iterable

import duckdb
import numpy as np

from lead_platform.identity.engine.matching import level_sql
from lead_platform.identity.engine.specification import Comparison, LinkageSpecification
from lead_platform.identity.modelling.estimation import Block, Floats, Ints, level_counts


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
    return Block(
        columns, levels, counts, _sizes(specification), np.array(told, dtype=np.bool_), chance
    )


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
    steps = min(size // 2, max(1, most_pairs // max(1, size)))
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
    told = np.ones(len(specification.comparisons), dtype=np.bool_)
    return Block((), levels, counts, _sizes(specification), told)


def count_equal(
    scratch: duckdb.DuckDBPyConnection, specification: LinkageSpecification, random: Block
) -> list[Floats]:
    """How many random pairs show each level; of those equal in the first one's column the number to
    expect, for few of a million pairs are: counted in all records it is no matter of luck."""
    seen = level_counts(random, random.counts)
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


def _sizes(specification: LinkageSpecification) -> tuple[int, ...]:
    return tuple(len(comparison.level_names) for comparison in specification.comparisons)


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
