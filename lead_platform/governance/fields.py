"""Are a channel's fields filled as they usually are? The last day against those before."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import sqrt

import duckdb

from lead_platform.governance.feeds import Finding

_JUDGED = timedelta(days=1)
_HISTORY = timedelta(days=60)

# Rows on either side below which a share is chance.
_LEAST_ROWS = 50
_LEAST_HISTORY = 200

# A share speaks where it moved by this much and by this many standard errors.
_MOVED = 0.3
_ERRORS = 6.0


@dataclass(frozen=True)
class Share:
    """Of how many rows a field was filled, lately and before."""

    channel: str
    kind: str
    field: str
    rows: int
    filled: int
    rows_before: int
    filled_before: int


def read_shares(connection: duckdb.DuckDBPyConnection, now: datetime) -> list[Share]:
    """One per channel, kind of record and field; the judged day is not in its own history."""
    rows = connection.execute(
        """
        with counted as (
            select channel, kind, rows, received_at > $judged as is_judged,
                unnest(json_keys(filled)) as field, filled
            from capture.delivery_profiles
            where received_at > $since and received_at <= $now
        )
        select channel, kind, field,
            coalesce(sum(rows) filter (is_judged), 0),
            coalesce(sum(cast(json_extract(filled, '$.' || field) as bigint))
                filter (is_judged), 0),
            coalesce(sum(rows) filter (not is_judged), 0),
            coalesce(sum(cast(json_extract(filled, '$.' || field) as bigint))
                filter (not is_judged), 0)
        from counted group by all order by all
        """,
        {"judged": now - _JUDGED, "since": now - _HISTORY, "now": now},
    ).fetchall()
    return [Share(*row) for row in rows]


def judge_fields(shares: list[Share]) -> list[Finding]:
    """The channels with fields that moved: one finding each, naming the fields."""
    moved: dict[str, list[str]] = {}
    for share in shares:
        if _has_moved(share):
            before = share.filled_before / share.rows_before
            text = f"{share.field} {before:.0%} to {share.filled / share.rows:.0%}"
            moved.setdefault(share.channel, []).append(text)
    return [
        Finding(channel, "field_moved", "filled, before to last day: " + ", ".join(texts))
        for channel, texts in moved.items()
    ]


def _has_moved(share: Share) -> bool:
    if share.rows < _LEAST_ROWS or share.rows_before < _LEAST_HISTORY:
        return False
    now, before = share.filled / share.rows, share.filled_before / share.rows_before
    pooled = (share.filled + share.filled_before) / (share.rows + share.rows_before)
    error = sqrt(pooled * (1 - pooled) * (1 / share.rows + 1 / share.rows_before))
    return abs(now - before) > max(_MOVED, _ERRORS * error)
