"""Are a channel's fields filled, and their values known, as they usually are? The last days against
those before.

Filled is what `capture.delivery_profiles` counts. Known is a value that normalisation found in its
vocabularies: a stated country that is one. Plain counts in, findings out.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

import duckdb
import numpy as np
import numpy.typing as npt
from scipy import stats

from lead_platform.governance.feeds import Finding

Measure = Literal["filled", "known"]
Counts = npt.NDArray[np.float64]

# Of what is filled, days on which something came.
_HISTORY_DAYS = 60

# Trailing days that are judged: a day tells a busy channel's break within hours, a week lets one of
# three records a day be judged at all.
_WINDOWS = (1, 3, 7)

# A share speaks where it moved by this much, further than this multiple of the furthest but one of
# the days before, and is this improbable, given how it varied from day to day. Without the second,
# a field of 65 % that varies by 15 points was told twice in 60 days: what varies so is at times in
# every row, which no Beta distribution says.
_MOVED = 0.3
_FURTHER = 1.5
_IMPROBABLE = 1e-6

# History below which what is usual is not known.
_LEAST_ROWS = 50
_LEAST_DAYS = 5

# Share of earlier days left out of that variation, the oddest: an outage does not hide the next.
_TRIMMED = 0.1

_KINDS: dict[Measure, str] = {"filled": "field_moved", "known": "vocabulary_moved"}

# The submissions' fields that have a vocabulary, and where normalisation puts what it knows.
VOCABULARY_FIELDS = {
    "country": "country",
    "industry": "industry",
    "job_title": "job_function",
    "source": "source",
    "purchase_timeframe": "purchase_timeframe",
    "preferred_channel": "preferred_channel",
}


@dataclass(frozen=True)
class Share:
    """Of how many rows a field was as it should be, by trailing day, the last one first."""

    channel: str
    field: str
    measure: Measure
    rows: Counts
    hits: Counts


def read_filled(connection: duckdb.DuckDBPyConnection, now: datetime) -> list[Share]:
    """How often each channel's fields are filled, by kind of record.

    Before the days that are judged only those count on which something came, however long ago: of
    a channel that brings a file a quarter there are five within two years.
    """
    rows = connection.execute(
        """
        with aged as (
            select channel, rows, filled, date_diff('second', received_at, $now) // 86400 as age
            from capture.delivery_profiles where received_at <= $now
        ),
        placed as (
            select *, if(age < $judged, age, $judged - 1 + dense_rank() over (
                partition by channel, age >= $judged order by age
            )) as day
            from aged
        ),
        counted as (
            select channel, rows, unnest(json_keys(filled)) as field, filled, day
            from placed where day <= $days
        )
        select channel, field, day, sum(rows),
            sum(cast(json_extract(filled, '$.' || field) as bigint))
        from counted group by all order by all
        """,
        {"now": now, "judged": _WINDOWS[-1], "days": _HISTORY_DAYS},
    ).fetchall()
    return _by_field(rows, "filled")


def read_known(connection: duckdb.DuckDBPyConnection, now: datetime) -> list[Share]:
    """How often normalisation knows what a field says, of the rows in which it says something."""
    fields = " union all ".join(
        f"select channel, '{stated}' as field, day, count({stated}) as stated, "
        f"count(known_{stated}) filter ({stated} is not null) as known from lately group by all"
        for stated in VOCABULARY_FIELDS
    )
    columns = ", ".join(
        f"s.{stated}, n.{known} as known_{stated}" for stated, known in VOCABULARY_FIELDS.items()
    )
    rows = connection.execute(
        f"""
        with lately as (
            select s.channel, date_diff('second', s.received_at, $now) // 86400 as day, {columns}
            from capture.submissions as s
            join identity.normalized_submissions as n using (submission_id)
            where s.received_at > $since and s.received_at <= $now
        )
        from ({fields}) where stated > 0 order by all
        """,
        {"since": now - timedelta(days=_HISTORY_DAYS), "now": now},
    ).fetchall()
    return _by_field(rows, "known")


def judge_fields(shares: Iterable[Share]) -> list[Finding]:
    """The channels with fields that moved: one finding per measure, naming the fields."""
    moved: dict[tuple[str, Measure], dict[str, str]] = {}
    for share in shares:
        text = _movement(share)
        if text:
            moved.setdefault((share.channel, share.measure), {})[share.field] = text
    return [
        Finding(
            channel,
            _KINDS[measure],
            f"{measure}, before to lately: {', '.join(texts.values())}",
            causes=[*texts],
        )
        for (channel, measure), texts in moved.items()
    ]


def _movement(share: Share) -> str | None:
    """What moved in the shortest window in which it shows; None where all is as it was."""
    for days in _WINDOWS:
        rows, hits = share.rows[:days], share.hits[:days]
        usual = _Usual.of(share.rows[days:], share.hits[days:])
        if usual and usual.is_improbable(rows, hits):
            since = "last day" if days == 1 else f"last {days} days"
            now = hits.sum() / rows.sum()
            return f"{share.field} {usual.share:.0%} to {now:.0%} of the {since}"
    return None


@dataclass(frozen=True)
class _Usual:
    """What is usual: a share, how alike rows of one day are beyond chance (0 to 1), and how far the
    share of a day moves from it."""

    share: float
    likeness: float
    reach: float

    @classmethod
    def of(cls, rows: Counts, hits: Counts) -> "_Usual | None":
        """From the days before; None where they are too few to say."""
        seen = rows > 0
        if rows.sum() < _LEAST_ROWS or int(seen.sum()) < _LEAST_DAYS:
            return None
        rows, hits = rows[seen], hits[seen]
        # Half a row on either side: what has always been so may still be otherwise.
        share = (float(hits.sum()) + 0.5) / (float(rows.sum()) + 1)
        # Days of few rows move by chance.
        large = rows >= np.median(rows) / 2
        moves = np.sort(np.abs(hits[large] / rows[large] - share))
        # What was seen little of is known no better than that.
        likeness = max(_likeness(rows, hits, share), 1 / (float(rows.sum()) + 1))
        return cls(share, likeness, reach=float(moves[-2:][0]))

    def is_improbable(self, rows: Counts, hits: Counts) -> bool:
        """Whether a window of such days is neither near what is usual nor chance."""
        count, found = float(rows.sum()), float(hits.sum())
        if not count:
            return False
        # Where one day has nearly all rows of a window, the window moves as a day does.
        evenness = float(np.sqrt((rows**2).sum())) / count
        moved = found / count - self.share
        if abs(moved) <= max(_MOVED, _FURTHER * self.reach * evenness):
            return False
        weight = self._weight(rows)
        shape = self.share * weight, (1 - self.share) * weight
        if moved < 0:
            return bool(stats.betabinom.cdf(found, int(count), *shape) < _IMPROBABLE)
        return bool(stats.betabinom.sf(found - 1, int(count), *shape) < _IMPROBABLE)

    def _weight(self, rows: Counts) -> float:
        """Of the Beta distribution in which the share of a window of these rows varies."""
        count = float(rows.sum())
        if count <= 1:
            return 1 / self.likeness
        inflation = float((rows * (1 + (rows - 1) * self.likeness)).sum()) / count
        likeness = max((inflation - 1) / (count - 1), 1e-9)
        return (1 - likeness) / likeness


def _likeness(rows: Counts, hits: Counts, share: float) -> float:
    """How alike rows of one day are beyond chance, without the oddest days.

    By the excess of Pearson's chi-squared over what independent rows would show.
    """
    odd = (hits - rows * share) ** 2 / (rows * share * (1 - share))
    kept = np.argsort(odd)[: len(odd) - max(1, int(_TRIMMED * len(odd)))]
    total = float(rows[kept].sum())
    possible = float(((rows[kept] - 1) * (1 - rows[kept] / total)).sum())
    excess = float(odd[kept].sum()) - (len(kept) - 1)
    return min(0.99, max(0.0, excess / possible)) if possible > 0 else 0.0


def _by_field(rows: list[tuple], measure: Measure) -> list[Share]:
    """One share per channel and field from counts by day."""
    found: dict[tuple[str, str], tuple[Counts, Counts]] = {}
    for channel, field, day, count, hits in rows:
        by_day = found.setdefault(
            (channel, field), (np.zeros(_HISTORY_DAYS + 1), np.zeros(_HISTORY_DAYS + 1))
        )
        by_day[0][day] += float(count)
        by_day[1][day] += float(hits)
    return [
        Share(channel, field, measure, counts, hits)
        for (channel, field), (counts, hits) in found.items()
    ]
