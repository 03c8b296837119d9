import numpy as np
import pandas as pd
import pytest

from lead_platform.demo.normalized_people import generate_people
from lead_platform.identity.leads.records import collect_all, prepare
from lead_platform.identity.modelling.learning import (
    FEWEST_VERDICTS,
    learn_from_verdicts,
    weigh_pairs,
)
from tests.identity.lead_world import MODEL, SPECIFICATION, empty_lake, insert

PAIR = ["left_record_id", "right_record_id"]


@pytest.fixture(scope="module")
def records():
    lake = empty_lake()
    people = generate_people(1_500, seed=4, specification=SPECIFICATION)
    insert(lake, "identity.normalized_submissions", people.submissions)
    prepare(lake, SPECIFICATION)
    return collect_all(lake)


@pytest.fixture(scope="module")
def judged(records) -> pd.DataFrame:
    """Pairs of one company, whoever they are, with the evidence: half of them of one job title."""
    frame = records.to_pandas()[["record_id", "company_domain"]].dropna()
    pairs = frame.merge(frame, on="company_domain", suffixes=("_l", "_r"))
    pairs = pairs[pairs["record_id_l"] < pairs["record_id_r"]]
    pairs = pairs[["record_id_l", "record_id_r"]].set_axis(PAIR, axis=1)
    weighed = weigh_pairs(MODEL, records, SPECIFICATION, pairs.assign(is_same=False))
    by_title = [weighed[weighed["gamma_job_title"] == level].iloc[:80] for level in (0, 2)]
    assert [len(part) for part in by_title] == [80, 80]
    return pd.concat(by_title).sort_values(PAIR, ignore_index=True)


def taught_by(records, judged, is_same, settled=None):
    verdicts = judged[PAIR].assign(is_same=np.asarray(is_same))
    settled = judged[PAIR].iloc[:0] if settled is None else settled
    return learn_from_verdicts(MODEL, records, SPECIFICATION, verdicts, settled)


def test_few_verdicts_change_nothing(records, judged):
    few = judged.iloc[: FEWEST_VERDICTS - 1]
    model, lesson = taught_by(records, few, few["gamma_job_title"] == 2)
    assert model is MODEL
    assert not lesson.is_learnt
    assert "fewer than" in lesson.tell()
    assert taught_by(records, judged.iloc[:0], [])[1].tell() == "No verdicts to learn from."


def test_a_tenth_of_wrong_verdicts_does_not_turn_it_round(records, judged):
    go_by = (judged["gamma_job_title"] == 2).to_numpy()
    is_wrong = np.arange(len(go_by)) % 10 == 7
    model, lesson = taught_by(records, judged, go_by ^ is_wrong)
    assert lesson.is_learnt
    before, after = MODEL.comparisons["job_title"], model.comparisons["job_title"]
    assert after["same"].m / after["different"].m > before["same"].m / before["different"].m


def test_verdicts_that_follow_nothing_change_nothing(records, judged):
    """By the weight of evidence alone half of them are one person; people toss a coin."""
    blind = {
        name: {level: rates.model_copy(update={"m": rates.u}) for level, rates in levels.items()}
        for name, levels in MODEL.comparisons.items()
    }
    even = MODEL.model_copy(update={"prior": 0.5, "comparisons": blind, "term_frequencies": {}})
    verdicts = judged[PAIR].assign(is_same=np.random.default_rng(1).random(len(judged)) < 0.5)
    model, lesson = learn_from_verdicts(
        even, records, SPECIFICATION, verdicts, judged[PAIR].iloc[:0]
    )
    assert model is even
    assert "no clear gain" in lesson.tell()


def test_what_people_go_by_weighs_more_and_strangers_rates_stay(records, judged):
    go_by = judged["gamma_job_title"] == 2
    model, lesson = taught_by(records, judged, go_by)
    assert lesson.is_learnt
    assert (lesson.same, lesson.different) == (go_by.sum(), (~go_by).sum())
    before, after = MODEL.comparisons["job_title"], model.comparisons["job_title"]
    assert after["same"].m / after["different"].m > before["same"].m / before["different"].m
    for name, levels in model.comparisons.items():
        assert {k: v.u for k, v in levels.items()} == {
            k: v.u for k, v in MODEL.comparisons[name].items()
        }
        assert sum(v.m for v in levels.values()) == pytest.approx(
            sum(v.m for v in MODEL.comparisons[name].values()), abs=0.002
        )
    assert (model.prior, model.term_frequencies) == (MODEL.prior, MODEL.term_frequencies)
    again, _ = taught_by(records, judged, go_by)
    assert again.model_dump_json() == model.model_dump_json()


def test_merges_that_nobody_judged_are_held(records, judged):
    go_by = judged["gamma_job_title"] == 2
    free, _ = taught_by(records, judged, go_by)
    held, _ = taught_by(records, judged, go_by, settled=judged[PAIR])

    def moved(model):
        return sum(
            abs(np.log(rates.m / MODEL.rates(name, level).m))
            for name, levels in model.comparisons.items()
            for level, rates in levels.items()
        )

    assert moved(held) < moved(free)
