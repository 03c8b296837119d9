"""A feed that falls or falls silent is told within two working hours, a quiet one is not.

The figures come from generated feeds with the rhythms real ones have: hours, weekdays, month ends,
noise beyond Poisson's, files once a day.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np
import pytest

from lead_platform.governance.feeds import Arrivals, Finding, judge_feeds

START = datetime(2026, 1, 5)
JUDGED = datetime(2026, 4, 21)
# A Wednesday morning.
FALL = datetime(2026, 6, 10, 9)
HOURS = np.array(
    [2, 1, 1, 1, 1, 3, 6, 15, 30, 40, 40, 35, 30, 35, 40, 40, 30, 20, 15, 12, 10, 8, 5, 3], float
)


@dataclass(frozen=True)
class Feed:
    """How a generated feed behaves."""

    per_day: float
    dispersion: float = 1.3
    noise: float = 0.15
    month_end: float = 1.0
    weekend: float = 0.15
    is_daily_file: bool = False


FEEDS = {
    "usual": Feed(200),
    "busy": Feed(2_000, dispersion=3, noise=0.3),
    "small": Feed(20),
    "tiny": Feed(3),
    "low_month_end": Feed(200, month_end=0.3),
    "high_month_end": Feed(200, month_end=2.5),
    "daily_file": Feed(200, is_daily_file=True),
    "workdays": Feed(200, weekend=0.0),
}


def generate(feed: Feed, seed: int, days: int = 170) -> Arrivals:
    rng = np.random.default_rng(seed)
    share = HOURS / HOURS.sum()
    at: list[float] = []
    records: list[float] = []
    for day in (START + timedelta(days=number) for number in range(days)):
        level = feed.per_day * (feed.weekend if day.weekday() >= 5 else 1.1 - 0.05 * day.weekday())
        level *= float(np.exp(rng.normal(0, feed.noise)))
        if (day + timedelta(days=3)).month != day.month:
            level *= feed.month_end
        midnight = (day - datetime(1970, 1, 1)).total_seconds()
        if feed.is_daily_file:
            if level:
                at.append(midnight + 3600 * (6 + rng.normal(0, 0.7)))
                records.append(float(rng.poisson(level)) + 1)
            continue
        for hour, mean in enumerate(level * share):
            count = (
                rng.negative_binomial(mean / (feed.dispersion - 1), 1 / feed.dispersion)
                if (mean)
                else 0
            )
            at += list(midnight + 3600 * (hour + rng.uniform(0, 1, count)))
            records += [1.0] * count
    order = np.argsort(at)
    instants = np.array(at)[order]
    return Arrivals("web_form", instants, np.array(records)[order], instants)


def until(arrivals: Arrivals, now: datetime) -> Arrivals:
    """What was known at an instant."""
    known = int(
        np.searchsorted(arrivals.at, (now - datetime(1970, 1, 1)).total_seconds(), side="right")
    )
    return replace(
        arrivals,
        at=arrivals.at[:known],
        records=arrivals.records[:known],
        newest=arrivals.newest[:known],
    )


def alarms(
    arrivals: Arrivals, start: datetime, hours: int, *, every: timedelta
) -> list[tuple[datetime, Finding]]:
    """When something is found that was not found the time before."""
    found = []
    was_found = False
    for number in range(int(timedelta(hours=hours) / every) + 1):
        now = start + number * every
        findings = judge_feeds([until(arrivals, now)], now)
        if findings and not was_found:
            found.append((now, findings[0]))
        was_found = bool(findings)
    return found


def thinned(arrivals: Arrivals, since: datetime, share: float, seed: int) -> Arrivals:
    """The feed as it is when only a share of it arrives from an instant on."""
    after = arrivals.at >= (since - datetime(1970, 1, 1)).total_seconds()
    kept = ~after | (np.random.default_rng(seed).uniform(size=len(after)) < share)
    return replace(
        arrivals,
        at=arrivals.at[kept],
        records=arrivals.records[kept],
        newest=arrivals.newest[kept],
    )


@pytest.mark.slow
@pytest.mark.parametrize("name", FEEDS)
def test_a_quiet_feed_is_let_alone(name: str) -> None:
    """At most one false alarm in 60 days."""
    arrivals = generate(FEEDS[name], seed=7)
    assert len(alarms(arrivals, JUDGED, 60 * 24, every=timedelta(hours=5))) <= 1


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", ["usual", "busy", "low_month_end", "high_month_end", "workdays"])
def test_a_fall_from_200_to_3_is_told_within_two_hours(name: str, seed: int) -> None:
    fallen = thinned(generate(FEEDS[name], seed), FALL, 0.015, seed)
    (at, finding), *_ = alarms(fallen, FALL, 2, every=timedelta(minutes=10))
    assert at - FALL <= timedelta(hours=2)
    assert finding.channel == "web_form"


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("name", ["usual", "workdays"])
@pytest.mark.parametrize(
    "fall", [datetime(2026, 4, 30, 9), datetime(2026, 5, 29, 9), datetime(2026, 6, 3, 9)]
)
def test_a_fall_at_a_months_end_is_told_as_soon(name: str, seed: int, fall: datetime) -> None:
    """One earlier end of a month that lay on a weekend hid it for a day."""
    fallen = thinned(generate(FEEDS[name], seed), fall, 0.015, seed)
    (at, finding), *_ = alarms(fallen, fall, 3, every=timedelta(minutes=30))
    assert at - fall <= timedelta(hours=3)
    assert finding.kind in ("feed_fallen", "feed_stale")


@pytest.mark.parametrize("seed", range(2))
def test_months_that_end_low_are_let_alone_at_their_ends(seed: int) -> None:
    arrivals = generate(FEEDS["low_month_end"], seed)
    assert alarms(arrivals, datetime(2026, 5, 27), 9 * 24, every=timedelta(hours=2)) == []


def test_a_silent_feed_is_told() -> None:
    silent = thinned(generate(FEEDS["usual"], seed=1), FALL, 0.0, seed=1)
    found = alarms(silent, FALL, 24, every=timedelta(hours=1))
    assert found[0][0] - FALL <= timedelta(hours=2)


def test_a_daily_file_with_little_in_it_is_told_as_it_comes() -> None:
    arrivals = generate(FEEDS["daily_file"], seed=3)
    arrivals = until(arrivals, FALL)
    arrivals.records[-1] = 3.0
    (finding,) = judge_feeds([arrivals], FALL)
    assert finding.kind == "feed_fallen"
    assert finding.text.startswith("3 records in the last")


def test_a_file_that_never_comes_again_is_told() -> None:
    arrivals = until(generate(FEEDS["daily_file"], seed=3), FALL)
    assert judge_feeds([arrivals], FALL + timedelta(days=4))[0].kind == "feed_stale"


def test_a_young_feed_is_not_judged() -> None:
    young = until(generate(FEEDS["usual"], seed=1), START + timedelta(days=20))
    assert judge_feeds([young], START + timedelta(days=27)) == []


def test_a_load_of_history_is_no_feed() -> None:
    received = FALL - timedelta(days=150)
    loaded = Arrivals(
        "export",
        at=np.array([(received - datetime(1970, 1, 1)).total_seconds()]),
        records=np.array([5_000.0]),
        newest=np.array([(received - datetime(1970, 1, 1)).total_seconds() - 3_600]),
    )
    assert judge_feeds([loaded], FALL) == []


def test_files_that_bring_only_old_records_do_not_make_a_feed_fresh() -> None:
    arrivals = generate(FEEDS["usual"], seed=1)
    fall = (FALL - datetime(1970, 1, 1)).total_seconds()
    # An export that repeats last week's state: it arrives, and holds nothing newer.
    arrivals = replace(arrivals, newest=np.minimum(arrivals.newest, fall))
    now = FALL + timedelta(hours=4)
    assert [finding.kind for finding in judge_feeds([until(arrivals, now)], now)] == ["feed_stale"]
