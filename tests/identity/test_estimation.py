"""What unlabelled pairs teach: neighbours are no matches, families no persons, and what nobody
showed is no evidence."""

import numpy as np
import pandas as pd
import pytest

from benchmarks.identity.anchors import join_on_name, plain_splink
from benchmarks.identity.evaluation import run_engine
from benchmarks.identity.foreign import foreign_world
from benchmarks.identity.measures import measure
from benchmarks.identity.sets import LabelledSet, SetDescription
from lead_platform.identity.modelling.training import falling

# Few people, so that ten worlds take seconds.
PEOPLE = 250
_ENDINGS = ("a", "is", "o", "ine", "us", "ette", "el", "und")


def labelled(rows: list[dict[str, str]], truth: list[int]) -> LabelledSet:
    frame = pd.DataFrame(rows).astype(object)
    return LabelledSet("made", SetDescription(kind="person", files=()), frame, pd.Series(truth))


def weight(run, comparison: str, level: str) -> float:
    rates = run.model.rates(comparison, level)
    return float(np.log2(rates.m / rates.u))


@pytest.fixture(scope="module")
def neighbours() -> LabelledSet:
    """People with a name, a city and a postal code, a third of them twice, with slips."""
    rng = np.random.default_rng(5)
    first = [f"{a}{b}" for a in ("an", "bo", "car", "dor", "el") for b in ("na", "ris", "lo", "mi")]
    last = [f"{a}{b}" for a in ("berg", "holm", "lund", "ström") for b in ("er", "man", "qvist")]
    rows, truth = [], []
    for person in range(900):
        place = int(rng.integers(40))
        row = {
            "first_name": str(rng.choice(first)),
            "last_name": str(rng.choice(last)),
            "city": f"city {'abcdefghij'[place // 4] * 3}",
            "postal_code": f"{20_000 + 991 * place}",
        }
        for copy in range(1 + (person % 3 == 0)):
            spoilt = dict(row)
            if copy and rng.random() < 0.3:
                spoilt["last_name"] = spoilt["last_name"][:-1]
            rows.append(spoilt)
            truth.append(person)
    return labelled(rows, truth)


def test_neighbours_in_a_postal_code_are_not_taken_for_matches(neighbours):
    """There the same first name once counted against a match: all shared the city."""
    run = run_engine(neighbours)
    assert weight(run, "first_name", "same") > 3
    assert weight(run, "first_name", "different") < -2


def test_a_family_behind_one_address_and_phone_is_not_one_person():
    rng = np.random.default_rng(7)
    rows, truth = [], []
    names = [f"{a}{b}{c}" for a in "ABDEFGHK" for b in ("lon", "rik", "mus") for c in _ENDINGS]
    for home in range(250):
        shared = {
            "last_name": f"Name{home % 180}son",
            "phone": f"0301{home:06}",
            "street": f"{home} Long Road",
        }
        members = rng.choice(names, 1 + home % 3, replace=False)
        for member, first_name in enumerate(members):
            birth_date = str(
                np.datetime64("1950-01-01") + np.timedelta64(int(rng.integers(20_000)))
            )
            for _ in range(1 + (home + member) % 2):
                row = shared | {"first_name": str(first_name), "birth_date": birth_date}
                rows.append(row if rng.random() < 0.8 else row | {"birth_date": ""})
                truth.append(home * 10 + member)
    made = labelled(rows, truth)
    accuracy = measure(made, run_engine(made).linkage.clusters)
    assert accuracy.precision > 0.98
    assert accuracy.recall > 0.9


def test_the_weight_never_rises_while_agreement_falls():
    m, u = falling(np.array([0.5, 0.1, 0.3, 0.1]), np.array([0.01, 0.02, 0.001, 0.969]))
    weights = np.log2(m / u)
    assert (np.diff(weights) <= 1e-9).all()
    assert m.sum() == pytest.approx(1)


def test_no_level_outweighs_a_better_one(neighbours):
    model = run_engine(neighbours).model
    for name, levels in model.comparisons.items():
        weights = [np.log2(rates.m / rates.u) for rates in levels.values() if rates.m != rates.u]
        assert (np.diff(weights) <= 1e-3).all(), name


def test_foreign_worlds_are_matched_no_worse_than_by_hand():
    """Ten kinds of sets that nothing was settled on; single small ones go either way."""
    by_hand, by_name = [], []
    for seed in range(1_000, 1_010):
        world = foreign_world(seed, most_people=PEOPLE)
        ours = measure(world, run_engine(world).linkage.clusters).f1
        by_hand.append(ours - measure(world, plain_splink(world)).f1)
        by_name.append(ours - measure(world, join_on_name(world)).f1)
    assert np.median(by_hand) >= -0.01, by_hand
    assert np.median(by_name) >= 0, by_name
