"""Training of a matching model, without labels: Splink's expectation maximisation, seeded.

Owns how rates and term frequencies are estimated from match records; the file they go to is
model.py's, who may put a model to work is proposals.py's.
"""

import logging
import math
from typing import Any

import duckdb
import pyarrow as pa
from splink import DuckDBAPI, Linker, block_on
from splink.internals.comparison_level import ComparisonLevel
from splink.internals.exceptions import EMTrainingException

from lead_platform.identity.engine.matching import splink_settings, weigh_records
from lead_platform.identity.engine.model import LevelRates, MatchModel, TermFrequencies
from lead_platform.identity.engine.specification import (
    Column,
    Comparison,
    LinkageSpecification,
    read_shares,
)

_LOG = logging.getLogger(__name__)
# A level nobody showed in training is rare, not impossible.
_LEAST_RATE = 1e-6
# Matching pairs that disagree are rarer in blocks that trained than elsewhere: a zero there must
# not become a proof against a match.
_LEAST_MATCH_RATE = 1e-4
# Of the pairs at a level, the share that is taken to be strangers at the least.
_LEAST_STRANGERS = 0.2
# Matching pairs per record that are taken for granted where almost none are certain.
_FEWEST_MATCHES = 0.5


def train_model(records: pa.Table, specification: LinkageSpecification, *, name: str) -> MatchModel:
    """Rates for every level of the specification, from match records (one row each).

    `records` has record_id and the declared columns. `u` from random pairs, `m` by expectation
    maximisation within blocks, sampled. One thread and the specification's seed make it
    repeatable to the bit.
    """
    logging.getLogger("splink").setLevel(logging.ERROR)
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
        api = DuckDBAPI(scratch)
        settings = splink_settings(specification, None)
        linker = Linker(api.register("weighed_records"), settings, log_level=None)
        if training.prior is None and training.certain and _any_certain(scratch, specification):
            linker.training.estimate_probability_two_random_records_match(
                [block_on(*columns) for columns in training.certain], recall=training.recall
            )
        linker.training.estimate_u_using_random_sampling(
            max_pairs=training.sampled_pairs, seed=training.seed
        )
        for columns in training.sessions:
            _run_session(linker, columns, training.session_pairs)
        estimated = linker._settings_obj._probability_two_random_records_match
        prior = training.prior or max(
            estimated,
            _FEWEST_MATCHES / max(2, records.num_rows),
        )
        model = _read_rates(linker, specification, name, prior, frequencies)
    if records.num_rows < training.fewest_records:
        model = _with_given_chances(model, specification)
    return _count_swaps_once(model, specification)


def _run_session(linker: Linker, columns: tuple[str, ...], most_pairs: int) -> None:
    """One session of expectation maximisation; what it cannot settle, others or defaults do.

    Splink refuses rates that underflow: in blocks where next to nothing but matches, or none,
    are found, a level can end there; and a failed session leaves the settings half emptied.
    """
    before = linker._settings_obj.core_model_settings.copy()  # type: ignore[no-untyped-call]
    try:
        linker.training.estimate_parameters_using_expectation_maximisation(
            block_on(*columns),
            estimate_without_term_frequencies=True,
            max_pairs=most_pairs,
            record_sample_proportion=1.0,
        )
    except (ValueError, EMTrainingException) as error:
        linker._settings_obj.core_model_settings = before
        _LOG.warning("session on %s gave no rates: %s", ", ".join(columns), error)


def _any_certain(scratch: duckdb.DuckDBPyConnection, specification: LinkageSpecification) -> bool:
    """Whether some pair is equal in one of the certain column sets; Splink cannot do without."""
    return any(
        scratch.execute(
            f"select 1 from records where {' and '.join(f'{c} is not null' for c in columns)} "
            f"group by {', '.join(columns)} having count(*) > 1 limit 1"
        ).fetchone()
        for columns in specification.training.certain
    )


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
    linker: Linker,
    specification: LinkageSpecification,
    name: str,
    prior: float,
    frequencies: dict[str, TermFrequencies],
) -> MatchModel:
    comparisons: dict[str, dict[str, LevelRates]] = {}
    declared = {c.name: c for c in specification.comparisons}
    unseen = 1 / specification.training.sampled_pairs
    for trained in linker._settings_obj.comparisons:
        levels = [level for level in trained.comparison_levels if not level.is_null_level]
        is_trained = any(level._has_estimated_m_values for level in levels)
        expected = _expected_rates(declared[trained.output_column_name], is_trained=is_trained)
        comparisons[trained.output_column_name] = {
            level.label_for_charts: _level_rates(
                level, expected[level.label_for_charts], prior, unseen
            )
            for level in levels
        }
    return MatchModel(
        name=name, prior=_rounded(prior), comparisons=comparisons, term_frequencies=frequencies
    )


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


def _level_rates(
    level: ComparisonLevel, expected: float | None, prior: float, unseen: float
) -> LevelRates:
    """One level's rates. Random pairs hold matching ones too: those are taken out of `u`.

    `expected` stands in for an `m`, `unseen` for a `u` that no pair of the training showed. A
    level without either weighs nothing: initials that a set does not have are no evidence.
    """
    seen = level.u_probability if level._has_estimated_u_values else unseen
    seen = _rate(seen, _LEAST_RATE)
    trained = level.m_probability if level._has_estimated_m_values else expected
    if trained is None:
        return LevelRates(m=seen, u=seen)
    m = _rate(trained, _LEAST_MATCH_RATE)
    strangers = (seen - prior * m) / (1 - prior)
    return LevelRates(m=m, u=_rate(max(strangers, seen * _LEAST_STRANGERS), _LEAST_RATE))


def _expected_rates(comparison: Comparison, *, is_trained: bool) -> dict[str, float | None]:
    """Where to stand without training: the levels' own expectations.

    In a comparison that no session trained, the levels without one share the rest evenly.
    """
    given = {level.name: level.expected for level in comparison.levels if level.expected}
    if is_trained:
        return {name: given.get(name) for name in comparison.level_names}
    left = [name for name in comparison.level_names if name not in given]
    rest = max(0.0, 1 - sum(given.values())) / len(left)
    return {name: given.get(name, rest) for name in comparison.level_names}


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
        u = min(1.0, math.sqrt(m * same[0] * same[1]))
        comparisons[name][level] = LevelRates(m=m, u=_rate(u, _LEAST_RATE))
    return model.model_copy(update={"comparisons": comparisons})


def _rate(value: Any, least: float) -> float:
    if not isinstance(value, float):
        return least
    return _rounded(min(1.0, max(least, value)))


def _rounded(value: float) -> float:
    return float(f"{value:.6g}")
