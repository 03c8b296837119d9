"""Names alone: what is only expected of them does not merge what third records deny."""

import pandas as pd
import pytest

from benchmarks.identity.anchors import join_on_name
from benchmarks.identity.evaluation import run_engine, specification_for
from benchmarks.identity.foreign_companies import draw_company_traits, foreign_companies
from benchmarks.identity.measures import measure
from benchmarks.identity.sets import LabelledSet, SetDescription
from lead_platform.identity.engine.linking import match_records, same_ids
from lead_platform.identity.modelling.contradictions import contradicted_shares, merging_pairs

PLACES = ("Aalborg", "Bergen", "Cadiz", "Dover", "Essen", "Faro", "Ghent", "Izmir", "Jena", "Kiel")


def companies(names: list[str]) -> LabelledSet:
    records = pd.DataFrame({"name": names}, dtype=object)
    description = SetDescription(kind="organisation", files=())
    return LabelledSet("names", description, records, pd.Series(range(len(names))))


def longer_share(names: list[str]) -> float | None:
    """The share of pairs of which one name is the other and more, and which are contradicted."""
    labelled = companies(names)
    run = run_engine(labelled)
    specification = specification_for(labelled)
    records = match_records(labelled.records, specification, same_ids(labelled.records))
    # By which equal names and longer ones merge, and nothing else.
    rates = {
        level: one.model_copy(update={"u": 1e-9 if level in ("same", "longer") else 1.0})
        for level, one in run.model.comparisons["name"].items()
    }
    eager = run.model.model_copy(update={"comparisons": {**run.model.comparisons, "name": rates}})
    merging = merging_pairs(records, specification, eager)
    return contradicted_shares(merging, specification.comparison("name")).get("longer")


def test_a_name_within_many_others_is_contradicted_by_them() -> None:
    names = [f"Quorvik Marlund {place}" for place in PLACES]
    assert (longer_share(["Quorvik Marlund", *names]) or 0) > 0.5


def test_names_in_pairs_contradict_nothing() -> None:
    names = [name for place in PLACES for name in (place, f"{place} {place[::-1]}")]
    assert longer_share(names) == 0


@pytest.mark.parametrize("seed", [2, 8, 10, 17, 28])
def test_names_alone_are_no_worse_than_a_join_on_them(seed: int) -> None:
    """They merged what shares words with nothing else to go by: 0.79 where a join has 0.91."""
    assert draw_company_traits(seed).columns == ("name",)
    world = foreign_companies(seed, most=700)
    ours = measure(world, run_engine(world).linkage.clusters).f1
    assert ours >= measure(world, join_on_name(world)).f1 - 0.01
