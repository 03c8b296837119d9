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

_HISTORY_DAYS = 60

# Trailing days that are judged: a day tells a busy channel's break within hours, a week lets one of
# three records a day be judged at all.
_WINDOWS = (1, 3, 7)

# A share speaks where it moved by this much and is this improbable, given how it varied from window
# to window before.
_MOVED = 0.3
_IMPROBABLE = 1e-6

# History below which what is usual is not known.
_LEAST_ROWS = 50
_LEAST_WINDOWS = 5

# Share of earlier windows left out of that variation, the oddest: an outage does not hide the next.
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
    """How often each channel's fields are filled, by kind of record."""
    rows = connection.execute(
        """
        with counted as (
            select channel, rows, unnest(json_keys(filled)) as field, filled,
                date_diff('second', received_at, $now) // 86400 as day
            from capture.delivery_profiles
            where received_at > $since and received_at <= $now
        )
        select channel, field, day, sum(rows),
            sum(cast(json_extract(filled, '$.' || field) as bigint))
        from counted group by all order by all
        """,
        {"since": now - timedelta(days=_HISTORY_DAYS), "now": now},
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
    moved: dict[tuple[str, Measure], list[str]] = {}
    for share in shares:
        text = _movement(share)
        if text:
            moved.setdefault((share.channel, share.measure), []).append(text)
    return [
        Finding(channel, _KINDS[measure], f"{measure}, before to lately: {', '.join(texts)}")
        for (channel, measure), texts in moved.items()
    ]


def _movement(share: Share) -> str | None:
    """What moved in the shortest window in which it shows; None where all is as it was."""
    for days in _WINDOWS:
        rows, hits = share.rows[:days].sum(), share.hits[:days].sum()
        before = _Usual.of(share.rows[days:], share.hits[days:], days)
        if rows and before and before.is_improbable(rows, hits):
            since = "last day" if days == 1 else f"last {days} days"
            return f"{share.field} {before.share:.0%} to {hits / rows:.0%} of the {since}"
    return None


@dataclass(frozen=True)
class _Usual:
    """What is usual: a share, and the weight of a Beta distribution in which it varies."""

    share: float
    weight: float

    @classmethod
    def of(cls, rows: Counts, hits: Counts, days: int) -> "_Usual | None":
        """From days before, in windows as long as the one that is judged."""
        total = float(rows.sum())
        window_rows, window_hits = _windowed(rows, days), _windowed(hits, days)
        seen = window_rows > 0
        if total < _LEAST_ROWS or int(seen.sum()) < _LEAST_WINDOWS:
            return None
        # Half a row on either side: what has always been so may still be otherwise.
        share = (float(hits.sum()) + 0.5) / (total + 1)
        overlap = _correlation(window_rows[seen], window_hits[seen], share)
        return cls(share, min(total, (1 - overlap) / overlap if overlap else total))

    def is_improbable(self, rows: float, hits: float) -> bool:
        """Whether so many of the rows are neither near what is usual nor chance."""
        moved = hits / rows - self.share
        if abs(moved) <= _MOVED:
            return False
        if moved > 0:
            return _Usual(1 - self.share, self.weight).is_improbable(rows, rows - hits)
        shape = self.share * self.weight, (1 - self.share) * self.weight
        return bool(stats.betabinom.cdf(hits, int(rows), *shape) < _IMPROBABLE)


def _correlation(rows: Counts, hits: Counts, share: float) -> float:
    """How alike rows of one window are beyond chance, 0 to 1, without the oddest windows.

    By the excess of Pearson's chi-squared over what independent rows would show.
    """
    odd = (hits - rows * share) ** 2 / (rows * share * (1 - share))
    kept = np.argsort(odd)[: len(odd) - max(1, int(_TRIMMED * len(odd)))]
    total = float(rows[kept].sum())
    possible = float(((rows[kept] - 1) * (1 - rows[kept] / total)).sum())
    excess = float(odd[kept].sum()) - (len(kept) - 1)
    return min(0.99, max(0.0, excess / possible)) if possible > 0 else 0.0


def _windowed(counts: Counts, days: int) -> Counts:
    whole = len(counts) // days * days
    sums: Counts = counts[:whole].reshape(-1, days).sum(axis=1)
    return sums


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
