"""Drift audits: verdicts at their bounds, and silence where there is no signal."""

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from lead_platform.scoring.drift import AUDIT_COLUMNS, MIN_SAMPLES, audit_quarters

FEBRUARY = datetime.fromisoformat("2026-02-01")
NOW = datetime.fromisoformat("2026-07-15")


def deals(
    won: "np.ndarray | list[float]",
    lost: "np.ndarray | list[float]",
    *,
    closed_at: datetime = FEBRUARY,
    version: str = "v1",
) -> pd.DataFrame:
    totals = [*won, *lost]
    return pd.DataFrame(
        {
            "scorecard_version": version,
            "outcome_type": ["closed_won"] * len(won) + ["closed_lost"] * len(lost),
            "closed_at": pd.Series([closed_at] * len(totals), dtype="datetime64[us]"),
            "total": np.array(totals, dtype=float),
        }
    )


def audit(frame: pd.DataFrame, **given: object) -> pd.DataFrame:
    return audit_quarters(frame, audited_at=NOW, scorecard_version="v1", **given)  # type: ignore[arg-type]


def spread(mean: float, count: int) -> list[float]:
    """Values with this mean and a standard deviation near 5.8."""
    return list(mean + np.linspace(-10, 10, count))


@pytest.mark.parametrize(
    ("won", "lost", "verdict"),
    [
        (spread(60, 50), spread(40, 50), "healthy"),
        (spread(40, 50), spread(60, 50), "inverted"),
        (spread(50, 50), spread(50, 50), "no_separation"),
        (spread(60, MIN_SAMPLES), spread(40, MIN_SAMPLES), "healthy"),
        (spread(60, MIN_SAMPLES - 1), spread(40, 500), "not_enough_data"),
        (spread(60, 500), spread(40, MIN_SAMPLES - 1), "not_enough_data"),
        ([60.0], [], "not_enough_data"),
    ],
)
def test_verdicts(won: list[float], lost: list[float], verdict: str) -> None:
    result = audit(deals(won, lost))
    assert list(result.columns) == list(AUDIT_COLUMNS)
    row = result.iloc[0]
    assert row["verdict"] == verdict
    assert (row["won_count"], row["lost_count"]) == (len(won), len(lost))
    assert str(len(won)) in row["reason"]


def test_figures_are_those_of_welch_and_of_ranks() -> None:
    won, lost = [1.0, 2.0, 3.0, 4.0], [2.0, 4.0, 6.0, 8.0, 10.0]
    row = audit(deals(won, lost), min_samples=2).iloc[0]
    assert row["gap"] == pytest.approx(-3.5)
    reference = stats.ttest_ind(won, lost, equal_var=False).confidence_interval(0.95)
    assert row["gap_low"] == pytest.approx(reference.low)
    assert row["gap_high"] == pytest.approx(reference.high)
    pairs = [(a > b) + (a == b) / 2 for a in won for b in lost]
    assert row["auc"] == pytest.approx(sum(pairs) / len(pairs))


def test_a_shrinking_gap_weakens_only_against_the_quarter_right_before() -> None:
    first = deals(spread(70, 60), spread(40, 60), closed_at=datetime.fromisoformat("2025-11-01"))
    second = deals(spread(55, 60), spread(45, 60), closed_at=datetime.fromisoformat("2026-02-01"))
    adjacent = audit(pd.concat([first, second]))
    assert list(adjacent["verdict"]) == ["healthy", "weakening"]
    assert adjacent["gap_change"].iloc[1] == pytest.approx(-20)
    second["closed_at"] = datetime.fromisoformat("2026-05-01")
    apart = audit(pd.concat([first, second]))
    assert list(apart["quarter"]) == ["2025-Q4", "2026-Q2"]
    assert list(apart["verdict"]) == ["healthy", "healthy"]
    assert apart["gap_change"].isna().all()


def test_only_closed_quarters_this_version_and_scored_deals_count() -> None:
    good = deals(
        spread(60, 40), spread(40, 40), closed_at=datetime.fromisoformat("2026-06-30T23:59:59")
    )
    running = deals(spread(60, 40), spread(40, 40), closed_at=datetime.fromisoformat("2026-07-01"))
    other = deals(spread(60, 40), spread(40, 40), version="v2")
    missing = deals([float("nan")] * 40, [float("nan")] * 40)
    result = audit(pd.concat([good, running, other, missing]))
    assert list(result["quarter"]) == ["2026-Q2"]
    at_end = audit_quarters(
        good, audited_at=datetime.fromisoformat("2026-06-30"), scorecard_version="v1"
    )
    assert at_end.empty
    assert list(at_end.columns) == list(AUDIT_COLUMNS)
    zoned = datetime(2026, 7, 1, tzinfo=UTC)
    assert len(audit_quarters(good, audited_at=zoned, scorecard_version="v1")) == 1


def test_the_same_quarter_keeps_its_id() -> None:
    first, again = (audit(deals(spread(m, 40), spread(40, 40))) for m in (60, 61))
    assert list(first["audit_id"]) == list(again["audit_id"])


@pytest.mark.slow
def test_without_signal_separation_is_claimed_no_more_often_than_chance_allows() -> None:
    """1,000 quarters of pure chance, skewed and bounded scores, uneven groups."""
    chance = np.random.default_rng(5)
    verdicts: list[str] = []
    for _ in range(4):
        # Every second quarter, so that none is compared with the one before.
        days = pd.date_range("1820-02-01", periods=250, freq="6MS")
        quarters = [
            deals(
                np.round(100 * chance.beta(2, 5, chance.integers(30, 80)), 2),
                np.round(100 * chance.beta(2, 5, chance.integers(60, 300)), 2),
                closed_at=day.to_pydatetime(),
            )
            for day in days
        ]
        verdicts += list(audit(pd.concat(quarters))["verdict"])
    assert len(verdicts) == 1_000
    shares = pd.Series(verdicts).value_counts(normalize=True)
    # Nominal: 2.5 % on either side; 4 standard errors of 1,000 trials are 2 points.
    assert shares["healthy"] < 0.025 + 0.02
    assert shares["inverted"] < 0.025 + 0.02
    assert shares["healthy"] + shares["inverted"] > 0.02


def test_without_change_weakening_is_rare() -> None:
    chance = np.random.default_rng(6)
    days = pd.date_range("1900-02-01", periods=300, freq="QS-FEB")
    quarters = [
        deals(chance.normal(60, 12, 60), chance.normal(48, 12, 90), closed_at=day.to_pydatetime())
        for day in days
    ]
    verdicts = audit(pd.concat(quarters))["verdict"]
    assert len(verdicts) == 300
    assert (verdicts == "weakening").mean() < 0.025 + 4 * 0.009
    assert (verdicts == "healthy").mean() > 0.9


def test_missing_columns_and_absurd_sample_sizes_are_named() -> None:
    with pytest.raises(ValueError, match="lack the columns total"):
        audit(deals([1.0], [1.0]).drop(columns="total"))
    with pytest.raises(ValueError, match="allowed: 2 or more"):
        audit(deals([1.0], [1.0]), min_samples=1)
