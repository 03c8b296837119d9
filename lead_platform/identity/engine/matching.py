"""Scoring: Splink with the specification's comparisons, the model's weights.

Owns the translation into Splink and its run on a scratch DuckDB, so that nothing of it ends up
in the lake. A pair's score depends on its two records and the model alone. Which pairs are
scored, and what follows, is pairs.py's.
"""

import logging
from typing import Any

import duckdb
import pyarrow as pa
import splink.comparison_level_library as cll
from splink import DuckDBAPI, Linker, SettingsCreator
from splink.comparison_library import CustomComparison

from lead_platform.identity.engine.model import MatchModel, TermFrequencies
from lead_platform.identity.engine.specification import (
    DIFFERENT,
    MISSING,
    Comparison,
    Level,
    LinkageSpecification,
)

_QUIET = logging.ERROR

# From this many on, what scores low is not kept: of few pairs Splink's second preparation (a tenth
# of a second) costs more than the rows.
MANY_CANDIDATES = 20_000

# The functions a backend must bring along; everything else is Splink's. Tokens are distinct
# within a list, so the weights of equal ones are equal.
_MACROS = """
create or replace macro weight_of(tokens) as
    coalesce(list_sum(list_transform(tokens, lambda entry: entry.weight)), 0);
create or replace macro weighted_overlap(a, b) as
    2 * weight_of(list_intersect(a, b)) / nullif(weight_of(a) + weight_of(b), 0);
create or replace macro weighted_containment(a, b) as
    weight_of(list_intersect(a, b)) / nullif(least(weight_of(a), weight_of(b)), 0);
"""


def score_pairs(
    scratch: duckdb.DuckDBPyConnection,
    specification: LinkageSpecification,
    model: MatchModel,
) -> list[str]:
    """Scores the rows of `candidates` and returns the names of the tables of scores.

    Reads from the scratch database `records` (record_no integer key, the match columns) and
    `candidates` (left_no, right_no, rule as the number of the specification's rule, is_asked). The
    results have record_no_l, record_no_r, match_weight (base 2), match_probability, and per
    comparison gamma_<name>, mw_<name> and, where rarity counts, mw_tf_adj_<name>. Of many, pairs
    that share no exact key, are not asked for and score below the review threshold are left out.
    """
    logging.getLogger("splink").setLevel(_QUIET)
    weigh_records(scratch, specification, model.term_frequencies)
    settings = splink_settings(specification, model)
    row = scratch.execute("select count(*) from candidates").fetchone()
    assert row is not None
    if row[0] < MANY_CANDIDATES:
        return [_score_share(scratch, specification, settings, "true", None)]
    exact = len(specification.exact_keys)
    shares: tuple[tuple[str, float | None], ...] = (
        (f"(rule < {exact} or is_asked)", None),
        (f"rule >= {exact} and not is_asked", specification.thresholds.review),
    )
    return [
        _score_share(scratch, specification, settings, condition, threshold)
        for condition, threshold in shares
        if scratch.execute(f"select 1 from candidates where {condition} limit 1").fetchone()
    ]


def weigh_records(
    scratch: duckdb.DuckDBPyConnection,
    specification: LinkageSpecification,
    frequencies: dict[str, TermFrequencies],
) -> None:
    """Fills `weighed_records` from `records`: tokens with their weights; and the tables of terms.

    A token weighs the bits its frequency is worth. `terms_<column>` has one row per value of a
    column whose rarity counts.
    """
    scratch.execute(_MACROS)
    weighted = []
    for name in specification.rare_columns():
        _register_terms(scratch, name, frequencies[name])
        if specification.columns[name].kind == "weighted":
            weighted.append(name)
            scratch.execute(_WEIGHTED.format(column=name, unlisted=frequencies[name].unlisted))
        else:
            scratch.execute(_TERMS.format(column=name, unlisted=frequencies[name].unlisted))
    joins = "".join(f" left join weighted_{name} using (record_no)" for name in weighted)
    replaced = ", ".join(f"weighted_{name}.tokens as {name}" for name in weighted)
    replace = f" replace ({replaced})" if weighted else ""
    # A view where nothing is weighed: a million records need no copy.
    kind = "table" if weighted else "view"
    scratch.execute(f"drop {kind} if exists weighed_records")
    scratch.execute(
        f"create {kind} weighed_records as select records.*{replace} from records{joins}"
    )


_WEIGHTED = """
create or replace table weighted_{column} as
with tokens as (
    select distinct record_no, unnest({column}) as token from records
)
select t.record_no,
    list({{'token': t.token, 'weight': -log2(coalesce(f.frequency, {unlisted}))}} order by t.token)
        as tokens
from tokens as t
left join given_{column} as f on f.term = t.token
group by t.record_no
"""

_TERMS = """
create or replace table terms_{column} as
select r.{column}, coalesce(f.frequency, {unlisted}) as tf_{column}
from (select distinct {column} from records where {column} is not null) as r
left join given_{column} as f on f.term = r.{column}
"""


def _register_terms(
    scratch: duckdb.DuckDBPyConnection, column: str, frequencies: TermFrequencies
) -> None:
    terms = pa.table(
        {
            "term": pa.array(list(frequencies.listed), pa.string()),
            "frequency": pa.array(list(frequencies.listed.values()), pa.float64()),
        }
    )
    scratch.register("given_terms", terms)
    scratch.execute(f"create or replace table given_{column} as from given_terms")
    scratch.unregister("given_terms")


def _score_share(
    scratch: duckdb.DuckDBPyConnection,
    specification: LinkageSpecification,
    settings: SettingsCreator,
    condition: str,
    threshold: float | None,
) -> str:
    api = DuckDBAPI(scratch)
    linker = Linker(
        api.register("weighed_records"), settings, log_level=None, validate_settings=False
    )
    register_terms(linker, api, specification)
    scratch.execute(f"""
        create or replace table candidate_keys as
        select rule as match_key, left_no as join_key_l, right_no as join_key_r
        from candidates where {condition}
    """)
    linker.table_management.register_blocked_pairs_for_predict(api.register("candidate_keys"))
    scores = linker.inference.predict(threshold_match_probability=threshold, warning_mode="never")
    return str(scores.physical_name)


def register_terms(linker: Linker, api: DuckDBAPI, specification: LinkageSpecification) -> None:
    """Gives Splink the frozen frequencies, so that it does not count the run's own records."""
    for name in specification.rare_columns():
        if specification.columns[name].kind == "text":
            linker.table_management.register_term_frequency_lookup(
                api.register(f"terms_{name}"), name
            )


def splink_settings(specification: LinkageSpecification, model: MatchModel) -> SettingsCreator:
    """The specification as Splink settings, with the model's weights."""
    specification = specification.rarity_known(model.term_frequencies)
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
        probability_two_random_records_match=model.prior,
    )


def level_sql(comparison: Comparison, left: str, right: str) -> str:
    """SQL for the level of two records, each a row under the given name, as Splink would tell it.

    Only for comparisons without weighted tests.
    """
    missing = " and ".join(f"({left}.{c} is null or {right}.{c} is null)" for c in comparison.needs)
    cases = [f"when {missing} then '{MISSING}'"]
    for level in comparison.levels:
        test = _splink_level(level).get_comparison_level("duckdb").sql_condition
        for column in level.columns:
            test = test.replace(f'"{column}_l"', f"{left}.{column}")
            test = test.replace(f'"{column}_r"', f"{right}.{column}")
        cases.append(f"when {test} then '{level.name}'")
    return f"case {' '.join(cases)} else '{DIFFERENT}' end"


def _splink_comparison(comparison: Comparison, model: MatchModel) -> CustomComparison:
    missing = " and ".join(f'("{c}_l" is null or "{c}_r" is null)' for c in comparison.needs)
    levels: list[Any] = [cll.CustomLevel(missing).configure(is_null_level=True)]
    for name in comparison.level_names:
        level = next((level for level in comparison.levels if level.name == name), None)
        creator = cll.ElseLevel() if level is None else _splink_level(level)
        rates = model.rates(comparison.name, name)
        settings: dict[str, Any] = {
            "label_for_charts": name, "m_probability": rates.m, "u_probability": rates.u
        }  # fmt: skip
        if level is not None and level.rarity:
            settings |= {
                "tf_adjustment_column": level.exact,
                "tf_adjustment_weight": level.rarity,
                "disable_tf_exact_match_detection": True,
            }
        levels.append(creator.configure(**settings))
    return CustomComparison(output_column_name=comparison.name, comparison_levels=levels)


def _splink_level(level: Level) -> Any:
    creator = _splink_test(level)
    equal = [cll.ExactMatchLevel(name) for name in level.both]
    return cll.And(creator, *equal) if equal else creator


def _splink_test(level: Level) -> Any:
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
    if level.crosswise is not None:
        one, other = level.crosswise
        return cll.CustomLevel(f'"{one}_l" = "{other}_r" or "{other}_l" = "{one}_r"')
    if level.mingled is not None:
        one, other = level.mingled
        return cll.CustomLevel(
            f'list_has_any("{one}_l", "{other}_r") and list_has_any("{one}_r", "{other}_l")'
        )
    if level.nearly_swapped is not None:
        one, other = level.nearly_swapped
        return cll.CustomLevel(
            f'damerau_levenshtein("{one}_l", "{other}_r") <= {level.at_most} '
            f'and damerau_levenshtein("{other}_l", "{one}_r") <= {level.at_most}'
        )
    if level.contained is not None:
        words = level.contained
        return cll.CustomLevel(
            f'list_has_all("{words}_l", "{words}_r") or list_has_all("{words}_r", "{words}_l")'
        )
    if level.misspelled is not None:
        return _to_listed(
            *level.misspelled, f"damerau_levenshtein(entry, {{text}}) <= {level.at_most}"
        )
    if level.initial_of is not None:
        return _to_listed(*level.initial_of, "substr(entry, 1, 1) = {text}")
    column = level.columns[0]
    if level.filled is not None:
        return cll.CustomLevel(f'"{column}_l" is not null and "{column}_r" is not null')
    if level.unlike is not None:
        return cll.CustomLevel(f'"{column}_l" <> "{column}_r"')
    if level.test in ("weighted_overlap", "weighted_containment"):
        return cll.CustomLevel(f'{level.test}("{column}_l", "{column}_r") >= {level.at_least}')
    if level.starts_with is not None:
        shorter = f'least(length("{column}_l"), length("{column}_r"))'
        return cll.CustomLevel(
            f'substr("{column}_l", 1, {shorter}) = substr("{column}_r", 1, {shorter})'
        )
    return cll.CustomLevel(
        f'substr("{column}_l", 1, 1) = substr("{column}_r", 1, 1) '
        f'and (length("{column}_l") = 1 or length("{column}_r") = 1)'
    )


def _to_listed(text: str, listed: str, test: str) -> Any:
    """One's text and an entry of the other's list, either way round, meet the `test`."""
    either = (
        f'len(list_filter("{listed}_{one}", lambda entry: {test})) > 0'.replace(
            "{text}", f'"{text}_{other}"'
        )
        for one, other in (("l", "r"), ("r", "l"))
    )
    return cll.CustomLevel(" or ".join(either))
