"""A holiday is no fallen feed, and does not hide one on the next working day."""

from datetime import date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from lead_platform.configuration import ConfigurationError
from lead_platform.governance.feeds import Arrivals, judge_feeds
from lead_platform.governance.holidays import Holiday, load_holidays
from tests.governance.test_feeds import FEEDS, generate, thinned, until

# A Wednesday on which nobody works, and as many records come as on a Sunday.
OFF = datetime(2026, 6, 10)
DAY = timedelta(days=1)


def found(name: str, *, seed: int, calendar: list[datetime], after: float = 1.0) -> set[str]:
    """What is found over 60 hours from the holiday on; `after`: the share that comes the day after.

    A feed is thinned from an instant on, so the day after comes from one that was not.
    """
    feed = generate(FEEDS[name], seed)
    holiday = until(thinned(feed, OFF, 0.1, seed), OFF + DAY)
    rest = thinned(feed, OFF + DAY, after, seed)
    is_later = rest.at >= (OFF + DAY - datetime(1970, 1, 1)).total_seconds()
    arrivals = Arrivals(
        feed.channel,
        np.concatenate([holiday.at, rest.at[is_later]]),
        np.concatenate([holiday.records, rest.records[is_later]]),
        np.concatenate([holiday.newest, rest.newest[is_later]]),
    )
    spans = [Holiday(date=day.date(), name="off").span for day in calendar]
    instants = [OFF + timedelta(hours=hour) for hour in range(0, 60, 2)]
    return {
        finding.kind
        for now in instants
        for finding in judge_feeds([until(arrivals, now)], now, spans)
    }


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", ["usual", "workdays"])
def test_a_holiday_in_the_calendar_is_let_alone_and_one_that_is_not_is_told(
    name: str, seed: int
) -> None:
    assert found(name, seed=seed, calendar=[OFF]) == set()
    assert found(name, seed=seed, calendar=[]) != set()


@pytest.mark.parametrize("name", ["usual", "workdays"])
def test_a_fall_after_a_holiday_is_told(name: str) -> None:
    assert found(name, seed=1, calendar=[OFF], after=0.0) != set()


def test_the_calendar_is_read_and_all_its_faults_are_named(tmp_path: Path) -> None:
    assert load_holidays(tmp_path) == []
    path = tmp_path / "holidays.csv"
    path.write_text("date,name\n2026-12-25,Christmas\n", encoding="utf-8")
    (holiday,) = load_holidays(tmp_path)
    assert (holiday.date, holiday.name) == (date(2026, 12, 25), "Christmas")
    assert holiday.span == (datetime(2026, 12, 24, 12), datetime(2026, 12, 26, 12))
    path.write_text("date,name\n25.12.2026,Christmas\n2026-12-26,\n", encoding="utf-8")
    with pytest.raises(ConfigurationError) as error:
        load_holidays(tmp_path)
    assert len(error.value.faults) == 2
