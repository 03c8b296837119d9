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

from lead_platform.identity.matching import splink_settings, weigh_records
from lead_platform.identity.model import LevelRates, MatchModel, TermFrequencies
from lead_platform.identity.specification import LinkageSpecification

# A level nobody showed in training is rare, not impossible.
_LEAST_RATE = 1e-6
# Matching pairs that disagree are rarer in blocks that trained than elsewhere: a zero there must
# not become a proof against a match.
_LEAST_MATCH_RATE = 1e-4


def train_model(
    records: pa.Table, specification: LinkageSpecification, *, name: str
) -> MatchModel:
    """Rates for every level of the specification, from match records (one row each).

    `records` has record_id and the declared columns. `u` from random pairs, `m` by expectation
    maximisation within blocks, sampled. One thread and the specification's seed make it
    repeatable to the bit.
    """
    logging.getLogger("splink").setLevel(logging.ERROR)
    training = specification.training
    with duckdb.connect() as scratch:
        scratch.execute("set threads = 1")
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
        if training.prior is None and training.certain:
            linker.training.estimate_probability_two_random_records_match(
                [block_on(*columns) for columns in training.certain], recall=training.recall
            )
        linker.training.estimate_u_using_random_sampling(
            max_pairs=training.sampled_pairs, seed=training.seed
        )
        for columns in training.sessions:
            linker.training.estimate_parameters_using_expectation_maximisation(
                block_on(*columns),
                estimate_without_term_frequencies=True,
                max_pairs=training.session_pairs,
                record_sample_proportion=1.0,
            )
        prior = training.prior or linker._settings_obj._probability_two_random_records_match
        model = _read_rates(linker, specification, name, prior, frequencies)
    return _count_swaps_once(model, specification)


def _count_terms(
    scratch: duckdb.DuckDBPyConnection, column: str, specification: LinkageSpecification
) -> TermFrequencies:
    """The commonest values with their shares; what is seen once only is not listed."""
    is_list = specification.columns[column].kind != "text"
    term = f"unnest(list_distinct({column}))" if is_list else column
    filled = scratch.execute(f"select count({column}) from records").fetchone()
    total = max(1, int(filled[0]) if filled else 0)
    counted = scratch.execute(
        f"""
        select term, count(*) as records from (select {term} as term from records)
        where term is not null group by term having count(*) > 1
        order by records desc, term limit ?
        """,
        [specification.training.listed_terms],
    ).fetchall()
    return TermFrequencies(
        listed={str(value): _rounded(count / total) for value, count in counted},
        unlisted=_rounded(1 / (total + 1)),
    )


def _read_rates(
    linker: Linker,
    specification: LinkageSpecification,
    name: str,
    prior: float,
    frequencies: dict[str, TermFrequencies],
) -> MatchModel:
    comparisons: dict[str, dict[str, LevelRates]] = {}
    for trained in linker._settings_obj.comparisons:
        comparisons[trained.output_column_name] = {
            level.label_for_charts: LevelRates(
                m=_rate(level.m_probability, _LEAST_MATCH_RATE),
                u=_rate(level.u_probability, _LEAST_RATE),
            )
            for level in trained.comparison_levels
            if not level.is_null_level
        }
    return MatchModel(
        name=name, prior=_rounded(prior), comparisons=comparisons, term_frequencies=frequencies
    )


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
