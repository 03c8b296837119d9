"""Is a feed as it usually is? Each channel's arrivals against its own past at this time of week.

Plain numbers in, findings out: which channel brings far less than it should, and which has brought
nothing new for longer than it ever does. Whom that reaches is decided in `alerts`.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import duckdb
import numpy as np
import numpy.typing as npt
from scipy import stats

HISTORY_WEEKS = 12

# Weeks with arrivals before a feed is judged: fewer do not tell a pattern from chance.
LEAST_WEEKS = 4

# Trailing hours that are compared. Short ones tell a busy feed's fall within two hours, long ones
# let a feed of three a day be judged at all.
_WINDOWS = (1, 2, 8, 24, 72, 168)

# A window speaks where its count is this improbable, below this share of what is expected, and
# below all but one of the same windows before: an earlier outage does not hide the next. At 1e-6
# one of 15 generated falls from 200 a day to 3 went untold for two hours; how often 1e-5 is wrong
# over quiet feeds `benchmarks/alarms.py` measures.
_IMPROBABLE = 1e-5
_SHARE = 0.35
_LEAST_EXPECTED = 10.0

# Counts of people vary more than Poisson's: campaigns, weather. The least ratio of variance to
# mean that is assumed, whatever the few weeks before happened to show.
_LEAST_DISPERSION = 2.0

# A feed whose arrivals are too few to say so by their number is stale at this multiple of the
# longest silence there was, and an hour.
_SILENCE = 1.5
_SILENCE_GRACE_HOURS = 1.0

# Hours by which the same time of week may lie to the side: summer time, a file that comes late.
_SHIFTS = (-1.0, 0.0, 1.0)
_SHIFTS_OF_DAYS = (-2.0, -1.0, 0.0, 1.0, 2.0)

# Days before and after a month's end that follow the month rather than the week.
_MONTH_END_DAYS = 3
_MONTHS = 6

# Days to either side of a month's end that lie at its time of week, and not at a month's end.
_DAYS_BESIDE = (-14.0, -7.0, 7.0, 14.0)

_HOUR = 3600.0
_DAY = 24 * _HOUR

Seconds = npt.NDArray[np.float64]
Span = tuple[datetime, datetime]


@dataclass(frozen=True)
class Arrivals:
    """What a channel brought: arrival times in seconds, in order, records, newest record's time."""

    channel: str
    at: Seconds
    records: Seconds
    newest: Seconds


@dataclass(frozen=True)
class Finding:
    """A feed that is not as it usually is: counts and hours, no record. `causes`: what of it, where
    it may be so of several things at a time."""

    channel: str
    kind: str
    text: str
    causes: Collection[str] = ("",)


def read_arrivals(connection: duckdb.DuckDBPyConnection, now: datetime) -> list[Arrivals]:
    """Each channel's deliveries over the weeks that are looked back on."""
    since = now - timedelta(days=31 * (_MONTHS + 1))
    rows = connection.execute(
        """
        with newest as (
            select delivery_id, max(newest_at) as newest_at
            from capture.delivery_profiles where received_at >= $since group by delivery_id
        )
        select channel, epoch(received_at), taken,
            epoch(least(coalesce(newest_at, received_at), received_at))
        from capture.deliveries left join newest using (delivery_id)
        where received_at >= $since and received_at <= $now and taken > 0
        order by channel, received_at
        """,
        {"since": since, "now": now},
    ).fetchall()
    channels = sorted({row[0] for row in rows})
    return [
        Arrivals(
            channel, *(np.array(column, dtype=np.float64) for column in zip(*mine, strict=True))
        )
        for channel in channels
        if (mine := [row[1:] for row in rows if row[0] == channel])
    ]


def judge_feeds(
    feeds: list[Arrivals], now: datetime, holidays: Sequence[Span] = ()
) -> list[Finding]:
    """What is not as usual, at most one finding per channel: silence says more than volume.

    Holidays are left out of what is judged, and the same hours out of the weeks it is compared to.
    """
    histories = (_History(feed, now, holidays) for feed in feeds)
    found = (_stale(history) or _fallen(history) for history in histories)
    return [finding for finding in found if finding]


def _fallen(history: "_History") -> Finding | None:
    """The feed brought far less in some trailing window than at this time of earlier weeks."""
    if history.weeks < LEAST_WEEKS:
        return None
    for hours in _WINDOWS:
        window = history.records(hours)
        if window.is_improbable(history.clump(hours)):
            return Finding(
                history.channel,
                "feed_fallen",
                f"{window.seen:.0f} records in the last {_hours(hours)}; usually about "
                f"{window.expected:.0f} at this time of the week",
            )
    return None


def _stale(history: "_History") -> Finding | None:
    """Nothing new for longer than chance explains, or than the feed has ever been silent."""
    if history.weeks < LEAST_WEEKS:
        return None
    age = history.age / _HOUR
    longest = history.longest_silence / _HOUR
    is_improbable = age <= _WINDOWS[-1] and history.fresh_deliveries(age).is_improbable(1.0)
    working_age = history.working_age / _HOUR
    if not is_improbable and working_age <= _SILENCE * longest + _SILENCE_GRACE_HOURS:
        return None
    return Finding(
        history.channel,
        "feed_stale",
        f"nothing new for {_hours(age)}; the longest silence of the last weeks was "
        f"{_hours(longest)}",
    )


@dataclass(frozen=True)
class _Window:
    """A count, those of the same window in earlier weeks (a little shifted), and the month's part.

    `month_share`: which share of what is usual at their time of week the ends of months bring.
    """

    seen: float
    weeks: list[list[float]]
    month_share: float

    @property
    def expected(self) -> float:
        """The least that is usual."""
        medians = [float(np.median(counts)) for counts in self.weeks if counts]
        return min(medians, default=0.0) * min(self.month_share, 1.0)

    def is_improbable(self, clump: float) -> bool:
        """Too few to be chance, where records come `clump` at a time."""
        expected = self.expected
        if expected < _LEAST_EXPECTED or self.seen >= _SHARE * expected:
            return False
        if any(len(week) < LEAST_WEEKS or self.seen >= sorted(week)[1] for week in self.weeks):
            return False
        around = np.array(self.weeks[len(self.weeks) // 2])
        spread = 1.4826 * float(np.median(np.abs(around - np.median(around))))
        dispersion = max(_LEAST_DISPERSION, spread**2 / expected, clump)
        # A negative binomial with that ratio of variance to mean.
        size = expected / (dispersion - 1)
        return bool(stats.nbinom.cdf(self.seen, size, 1 / dispersion) < _IMPROBABLE)


class _History:
    """One feed up to an instant: counts over any window, from running totals."""

    def __init__(self, feed: Arrivals, now: datetime, holidays: Sequence[Span]) -> None:
        self.channel = feed.channel
        self._at = feed.at
        self._now = now
        self._end = _epoch(now)
        self._holidays = _merged(holidays, self._end)
        self._records = np.concatenate([[0.0], np.cumsum(feed.records)])
        self._squares = np.concatenate([[0.0], np.cumsum(feed.records**2)])
        self._deliveries = np.arange(len(feed.at) + 1, dtype=np.float64)
        self._freshest = np.maximum.accumulate(feed.newest)
        is_fresh = np.diff(self._freshest, prepend=-np.inf) > 0
        self._fresh = np.concatenate([[0.0], np.cumsum(is_fresh)])

    @property
    def weeks(self) -> int:
        """In how many weeks something arrived: one file of history is no feed yet."""
        return len(np.unique((self._end - self._at) // (7 * _DAY)))

    @property
    def age(self) -> float:
        """Seconds since the newest record there is."""
        return self._end - float(self._freshest[-1])

    @property
    def working_age(self) -> float:
        """As `age`, without holidays."""
        freshest = float(self._freshest[-1])
        off = sum(max(0.0, end - max(start, freshest)) for start, end in self._holidays)
        return self.age - off

    @property
    def longest_silence(self) -> float:
        """The longest but one between arrivals of its last weeks: one outage makes none usual."""
        recent = self._at[self._at > self._at[-1] - HISTORY_WEEKS * 7 * _DAY]
        gaps = np.sort(np.diff(recent))
        return float(gaps[-2] if len(gaps) > 1 else 0.0)

    def records(self, hours: float) -> _Window:
        """Records in the trailing hours, and in the same hours before."""
        return self._window(self._records, hours)

    def deliveries(self, hours: float) -> _Window:
        """Deliveries in the trailing hours, and in the same hours before."""
        return self._window(self._deliveries, hours)

    def fresh_deliveries(self, hours: float) -> _Window:
        """As `deliveries`, of those that brought something newer than all before."""
        return self._window(self._fresh, hours)

    def clump(self, hours: float) -> float:
        """How many records come at a time; 1 where as many deliveries came as usually do.

        A daily file that is late is no fallen feed; one that has come and holds little is.
        """
        deliveries = self.deliveries(hours)
        if deliveries.seen >= max(float(np.median(week)) for week in deliveries.weeks):
            return 1.0
        return float(self._squares[-1] / self._records[-1])

    def _window(self, totals: Seconds, hours: float) -> _Window:
        count = min(HISTORY_WEEKS, int((self._end - hours * _HOUR - self._at[0]) // (7 * _DAY)))
        before = self._end - 7 * _DAY * np.arange(1, count + 1, dtype=np.float64)
        return _Window(
            seen=float(self._count(totals, np.array([self._end]), hours)[0]),
            weeks=[
                list(self._count(totals, before + shift * _HOUR, hours))
                for shift in (_SHIFTS if hours <= 8 else _SHIFTS_OF_DAYS)
            ],
            month_share=self._month_share(totals, hours),
        )

    def _month_share(self, totals: Seconds, hours: float) -> float:
        """The middle over the months before, each against the same time of the weeks beside it.

        The counts themselves do not compare: one month ends on a Sunday, another on a Friday.
        """
        shares = []
        for instant in _same_place_in_months(self._now):
            end = _epoch(instant)
            beside = end + _DAY * np.array(_DAYS_BESIDE)
            is_known = (beside - hours * _HOUR >= self._at[0]) & (beside <= self._end - 7 * _DAY)
            usual = self._count(totals, beside[is_known], hours)
            if end - hours * _HOUR >= self._at[0] and len(usual) and np.median(usual) > 0:
                count = self._count(totals, np.array([end]), hours)[0]
                shares.append(float(count / np.median(usual)))
        return float(np.median(shares)) if shares else 1.0

    def _count(self, totals: Seconds, ends: Seconds, hours: float) -> Seconds:
        """In the hours before each end, without those that are a holiday before now."""
        counted = self._between(totals, ends - hours * _HOUR, ends)
        since = self._end - hours * _HOUR
        for start, end in self._holidays:
            if end > since:
                moved = ends - self._end
                counted = counted - self._between(totals, max(start, since) + moved, end + moved)
        return counted

    def _between(self, totals: Seconds, starts: Seconds, ends: Seconds) -> Seconds:
        last = np.searchsorted(self._at, ends, side="right")
        first = np.searchsorted(self._at, starts, side="right")
        counted: Seconds = totals[last] - totals[first]
        return counted


def _merged(spans: Sequence[Span], until: float) -> list[tuple[float, float]]:
    """The spans up to an instant, in order, those that overlap as one."""
    merged: list[tuple[float, float]] = []
    for start, end in sorted((_epoch(first), min(_epoch(last), until)) for first, last in spans):
        if start >= until:
            break
        if merged and start <= merged[-1][1]:
            merged[-1] = merged[-1][0], max(end, merged[-1][1])
        else:
            merged.append((start, end))
    return merged


def _same_place_in_months(now: datetime) -> Iterator[datetime]:
    """Around a month's end: the instants as far from the ends of the months before."""
    start = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    following = (start + timedelta(days=32)).replace(day=1)
    if following - now <= timedelta(days=_MONTH_END_DAYS):
        anchor = following
    elif now - start <= timedelta(days=_MONTH_END_DAYS + 1):
        anchor = start
    else:
        return
    distance = now - anchor
    for _ in range(_MONTHS):
        anchor = (anchor - timedelta(days=1)).replace(day=1)
        if anchor + distance < now - timedelta(days=7):
            yield anchor + distance


def _hours(hours: float) -> str:
    if hours >= 48:
        return f"{hours / 24:.1f}".removesuffix(".0") + " days"
    text = f"{hours:.1f}".removesuffix(".0")
    return f"{text} hour" if text == "1" else f"{text} hours"


def _epoch(instant: datetime) -> float:
    return (instant - datetime(1970, 1, 1)).total_seconds()  # noqa: DTZ001
