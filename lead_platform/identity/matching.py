"""Scoring of given pairs with Splink: the specification's comparisons, the model's weights.

Owns the translation into Splink and its run on a scratch DuckDB, so that nothing of it ends up
in the lake. A pair's score depends on its two records and the model alone. Which pairs are
scored, and what follows, is pairs.py's.
"""

import logging
from typing import Any

import duckdb
import splink.comparison_level_library as cll
from splink import DuckDBAPI, Linker, SettingsCreator
from splink.comparison_library import CustomComparison

from lead_platform.identity.model import MatchModel
from lead_platform.identity.specification import Comparison, Level, LinkageSpecification

_QUIET = logging.ERROR
# Only where training starts from; EM finds its own.
_UNTRAINED_PRIOR = 1e-4


def score_pairs(
    scratch: duckdb.DuckDBPyConnection,
    specification: LinkageSpecification,
    model: MatchModel,
) -> list[str]:
    """Scores the rows of `candidates` and returns the names of the tables of scores.

    Reads from the scratch database `records` (record_no integer key, the match columns) and
    `candidates` (left_no, right_no, rule as the number of the specification's rule). The results
    have record_no_l, record_no_r, match_weight (base 2), match_probability, and per comparison
    gamma_<name> and mw_<name>. Pairs that share no exact key and score below the review threshold
    are left out.
    """
    logging.getLogger("splink").setLevel(_QUIET)
    settings = splink_settings(specification, model)
    exact = len(specification.exact_keys)
    shares: tuple[tuple[str, float | None], ...] = (
        (f"rule < {exact}", None),
        (f"rule >= {exact}", specification.thresholds.review),
    )
    return [
        _score_share(scratch, settings, condition, threshold)
        for condition, threshold in shares
        if scratch.execute(f"select 1 from candidates where {condition} limit 1").fetchone()
    ]


def _score_share(
    scratch: duckdb.DuckDBPyConnection,
    settings: SettingsCreator,
    condition: str,
    threshold: float | None,
) -> str:
    api = DuckDBAPI(scratch)
    linker = Linker(api.register("records"), settings, log_level=None, validate_settings=False)
    scratch.execute(f"""
        create or replace table candidate_keys as
        select rule as match_key, left_no as join_key_l, right_no as join_key_r
        from candidates where {condition}
    """)
    linker.table_management.register_blocked_pairs_for_predict(api.register("candidate_keys"))
    scores = linker.inference.predict(threshold_match_probability=threshold, warning_mode="never")
    return str(scores.physical_name)


def splink_settings(
    specification: LinkageSpecification, model: MatchModel | None
) -> SettingsCreator:
    """The specification as Splink settings; without a model, the weights are left to training."""
    comparisons: list[Any] = [
        _splink_comparison(comparison, model) for comparison in specification.comparisons
    ]
    return SettingsCreator(
        link_type="dedupe_only",
        unique_id_column_name="record_no",
        comparisons=comparisons,
        # Splink keeps the levels (gamma) only together with the values.
        retain_matching_columns=True,
        retain_intermediate_calculation_columns=True,
        probability_two_random_records_match=model.prior if model else _UNTRAINED_PRIOR,
    )


def _splink_comparison(comparison: Comparison, model: MatchModel | None) -> CustomComparison:
    missing = " and ".join(f'("{c}_l" is null or "{c}_r" is null)' for c in comparison.needs)
    levels: list[Any] = [cll.CustomLevel(missing).configure(is_null_level=True)]
    for name in comparison.level_names:
        level = next((level for level in comparison.levels if level.name == name), None)
        creator = cll.ElseLevel() if level is None else _splink_level(level)
        settings: dict[str, Any] = {"label_for_charts": name}
        if model is not None:
            rates = model.rates(comparison.name, name)
            settings |= {"m_probability": rates.m, "u_probability": rates.u}
        levels.append(creator.configure(**settings))
    return CustomComparison(output_column_name=comparison.name, comparison_levels=levels)


def _splink_level(level: Level) -> Any:
    if level.exact is not None:
        return cll.ExactMatchLevel(level.exact)
    if level.swapped is not None:
        return cll.ColumnsReversedLevel(*level.swapped, symmetrical=True)
    if level.intersects is not None:
        return cll.ArrayIntersectLevel(level.intersects)
    if level.jaro_winkler is not None and level.at_least is not None:
        return cll.JaroWinklerLevel(level.jaro_winkler, level.at_least)
    if level.damerau_levenshtein is not None and level.at_most is not None:
        return cll.DamerauLevenshteinLevel(level.damerau_levenshtein, level.at_most)
    column = level.abbreviated
    return cll.CustomLevel(
        f'substr("{column}_l", 1, 1) = substr("{column}_r", 1, 1) '
        f'and (length("{column}_l") = 1 or length("{column}_r") = 1)'
    )
