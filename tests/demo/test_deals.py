"""Deals: the share won, how well the truth separates, and the shift a drift audit has to see."""

import numpy as np
import pandas as pd
import pytest

from lead_platform.demo.deals import COEFFICIENTS
from lead_platform.demo.settings import WorldSettings
from lead_platform.demo.world import World, generate_world


def measure_auc(is_won: np.ndarray, score: np.ndarray) -> float:
    ranks = pd.Series(score).rank().to_numpy()
    won = is_won.sum()
    return float((ranks[is_won].sum() - won * (won + 1) / 2) / (won * (~is_won).sum()))


@pytest.fixture(scope="module")
def large() -> World:
    return generate_world(WorldSettings(submissions=60_000))


def close_deals(world: World) -> pd.DataFrame:
    return world.deals[world.deals["outcome"] != "open"].reset_index(drop=True)


def test_win_rate_is_that_of_the_trade(world: World, large: World) -> None:
    assert (close_deals(world)["outcome"] == "closed_won").mean() == pytest.approx(0.23, abs=0.04)
    closed = close_deals(large)
    by_regime = (closed["outcome"] == "closed_won").groupby(closed["regime"]).mean()
    assert by_regime["before"] == pytest.approx(0.23, abs=0.03)
    assert by_regime["after"] == pytest.approx(0.23, abs=0.03)


def test_truth_separates_well_but_not_perfectly(large: World) -> None:
    closed = close_deals(large)
    is_won = (closed["outcome"] == "closed_won").to_numpy()
    assert 0.77 < measure_auc(is_won, closed["win_probability"].to_numpy()) < 0.85


def test_what_won_before_the_shift_wins_no_more(large: World) -> None:
    closed = close_deals(large)
    is_won = (closed["outcome"] == "closed_won").to_numpy()
    fit = large.drivers.set_index("person_id")["fit_logit_before"]
    old_view = fit[closed["person_id"]].to_numpy()
    is_late = (closed["regime"] == "after").to_numpy()
    before = measure_auc(is_won[~is_late], old_view[~is_late])
    after = measure_auc(is_won[is_late], old_view[is_late])
    assert before > 0.7
    assert after < before - 0.1


def test_regime_follows_the_closing_date(world: World) -> None:
    closed = close_deals(world)
    shift = pd.Timestamp(world.settings.shift_at).tz_localize(None)
    assert ((closed["closed_at"] >= shift) == (closed["regime"] == "after")).all()


def test_drivers_explain_the_probability(world: World) -> None:
    coefficients = world.coefficients.set_index("driver")
    drivers = world.drivers.set_index("person_id").loc[world.deals["person_id"]]
    fit = [name for name in COEFFICIENTS if name != "engagement"]
    for regime in ("before", "after"):
        rows = (world.deals["regime"] == regime).to_numpy()
        weights = coefficients[regime]
        logit = (
            weights["intercept"]
            + drivers[fit].to_numpy()[rows] @ weights[fit].to_numpy()
            + weights["engagement"] * world.deals["engagement"].to_numpy()[rows]
        )
        expected = 1 / (1 + np.exp(-logit))
        assert world.deals["win_probability"].to_numpy()[rows] == pytest.approx(expected)


def test_outcomes_tell_the_deals(world: World) -> None:
    reported = world.outcomes[world.outcomes["defect"].isna()]
    closes = reported[reported["type"].isin(["closed_won", "closed_lost"])]
    truth = close_deals(world).set_index("opportunity_id")["outcome"]
    assert closes.set_index("opportunity_id")["type"].to_dict() == truth.to_dict()
    assert closes["amount"].gt(0).all()
    assert closes["reason"].notna().all()
    assert reported["owner"].isin(world.settings.rep_emails).all()
    assert reported["currency"].str.fullmatch("[A-Z]{3}").all()


def test_both_quarters_have_enough_closed_deals(world: World) -> None:
    counts = close_deals(world).groupby("regime")["outcome"].value_counts()
    assert counts.min() >= 30
