"""Training of a matching model, without labels: Splink's expectation maximisation, seeded.

Owns how rates are estimated from match records; the file they go to is model.py's. Run it with
`python -m lead_platform.identity.training config/identity.yaml models/person-v2.json`.
"""

import logging
import math
import sys
from pathlib import Path
from typing import Any

import duckdb
from splink import DuckDBAPI, Linker, block_on

from lead_platform.identity.matching import splink_settings
from lead_platform.identity.model import LevelRates, MatchModel, save_model
from lead_platform.identity.people import generate_people
from lead_platform.identity.records import collect_new, prepare
from lead_platform.identity.specification import LinkageSpecification, load_specification

# Each session leaves out the comparisons it blocks on, so together they must cover all of them.
_SESSIONS = (("mailbox",), ("linkedin",), ("first_name", "last_name"))
# One pair in 200,000 is what a base of some 100,000 leads shows. Frozen: with a prior that follows
# the base, a pair's verdict would change with what else has been received.
SHIPPED_PRIOR = 5e-6
# A level nobody showed in training is rare, not impossible.
_LEAST_RATE = 1e-6


def train_model(
    connection: duckdb.DuckDBPyConnection,
    specification: LinkageSpecification,
    *,
    name: str,
    prior: float,
    seed: int,
    sampled_pairs: int = 5_000_000,
) -> MatchModel:
    """Rates for every level of the specification, from the submissions that have no lead yet.

    `u` from random pairs, `m` by expectation maximisation within blocks. One thread and the seed
    make it repeatable to the bit. `prior` is given, not estimated: it depends on the base, and
    a frozen value keeps verdicts the same while the base grows.
    """
    prepare(connection, specification)
    collect_new(connection)
    scratch = duckdb.connect()
    scratch.execute("set threads = 1")
    scratch.register("given", connection.execute("from match_new").to_arrow_table())
    scratch.execute("""
        create table records as
        select row_number() over (order by record_id) as record_no, * from given
        qualify row_number() over (partition by record_id order by received_seq) = 1
    """)
    logging.getLogger("splink").setLevel(logging.ERROR)
    api = DuckDBAPI(scratch)
    linker = Linker(api.register("records"), splink_settings(specification, None), log_level=None)
    linker.training.estimate_u_using_random_sampling(max_pairs=sampled_pairs, seed=seed)
    for columns in _SESSIONS:
        linker.training.estimate_parameters_using_expectation_maximisation(block_on(*columns))
    return _count_swaps_once(_read_rates(linker, specification, name, prior), specification)


def _read_rates(
    linker: Linker, specification: LinkageSpecification, name: str, prior: float
) -> MatchModel:
    comparisons: dict[str, dict[str, LevelRates]] = {}
    for trained in linker._settings_obj.comparisons:
        levels: dict[str, LevelRates] = {}
        for level in trained.comparison_levels:
            if level.is_null_level:
                continue
            levels[level.label_for_charts] = LevelRates(
                m=_rate(level.m_probability), u=_rate(level.u_probability)
            )
        comparisons[trained.output_column_name] = levels
    return MatchModel(name=name, prior=prior, comparisons=comparisons)


def _count_swaps_once(model: MatchModel, specification: LinkageSpecification) -> MatchModel:
    """The model with the evidence of swapped names spread over the two comparisons that show it.

    First and last name are swapped together or not at all, so taken as independent they would
    count twice (27 bits where equal names give 16). Strangers' names are equal crosswise as often
    as they are equal straight.
    """
    swaps = {
        c.name: level.name for c in specification.comparisons for level in c.levels if level.swapped
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
        comparisons[name][level] = LevelRates(m=m, u=_rate(u))
    return model.model_copy(update={"comparisons": comparisons})


def _rate(value: Any) -> float:
    if not isinstance(value, float):
        return _LEAST_RATE
    return float(f"{min(1.0, max(_LEAST_RATE, value)):.6g}")


def train_shipped_model(specification: LinkageSpecification, *, name: str) -> MatchModel:
    """The model that ships: synthetic people only, so that it may be given to anyone."""
    tables = (Path(__file__).parent / "tables.sql").read_text(encoding="utf-8")
    people = generate_people(60_000, seed=20_260_101, specification=specification)
    connection = duckdb.connect()
    connection.execute("create schema identity")
    connection.execute(tables)
    connection.register("synthetic", people.submissions)
    connection.execute("insert into identity.normalized_submissions by name from synthetic")
    return train_model(connection, specification, name=name, prior=SHIPPED_PRIOR, seed=1)


if __name__ == "__main__":
    specification_path, model_path = map(Path, sys.argv[1:3])
    save_model(
        train_shipped_model(load_specification(specification_path), name=model_path.stem),
        model_path,
    )
