"""What a message says of one kind of alert: what is open, what is in order again, what came and
went before anybody could be told.

Owns which alerts are news and the words of a section. The book and when it is told are `alerts`'.
"""

import sqlite3
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

# An open alert is told again this long after it was told, for as long as nobody acknowledges it.
REMIND_AFTER = timedelta(hours=24)

# Subjects of a kind a message names; the others are counted.
_NAMED = 5


@dataclass(frozen=True)
class Passed:
    """An alert that was open, and is in order again, since the last message of its kind."""

    alert_id: int
    subject: str
    text: str
    times: int
    lasted: timedelta

    @property
    def line(self) -> str:
        """How long it was so; of several times, in all."""
        often = f" in all, {self.times} times" if self.times > 1 else ""
        return f"- {self.subject}: was so for {_told(self.lasted)}{often}; well again: {self.text}"


@dataclass(frozen=True)
class News:
    """What there is to tell of one kind: how often, of whom, and what is in order again.

    `heading` is the kind in words. `open_ones`: id, subject, text and occurrences; `over`: id and
    subject of what was told as open.
    """

    kind: str
    heading: str
    open_ones: Sequence[tuple[int, str, str, int]]
    over: Sequence[tuple[int, str]]
    passed: Sequence[Passed]

    @property
    def text(self) -> str:
        """The kind's section of a message."""
        lines = []
        if self.open_ones:
            total = sum(count for *_, count in self.open_ones)
            lines.append(f"{self.heading} ({total} times, {len(self.open_ones)} subjects):")
            lines += [
                f"- {subject}: {text}" + (f" ({count} times)" if count > 1 else "")
                for _, subject, text, count in self.open_ones[:_NAMED]
            ]
            lines += _more(len(self.open_ones))
        if self.over:
            named = ", ".join(subject for _, subject in self.over[:_NAMED])
            more = f" and {len(self.over) - _NAMED} more" if len(self.over) > _NAMED else ""
            lines.append(f"in order again ({self.kind}): {named}{more}")
        if self.passed:
            lines.append(f"came and went ({self.kind}):")
            lines += [one.line for one in self.passed[:_NAMED]]
            lines += _more(len(self.passed))
        return "\n".join(lines)


def read_news(
    connection: sqlite3.Connection, kind: str, heading: str, now: datetime
) -> News | None:
    """What is new of one kind, and what was told a day ago and is still so.

    First those that were named longest ago: of many that last, each is named in its turn.
    """
    open_ones = connection.execute(
        "select alert_id, subject, text, occurrences from alerts left join told using (alert_id) "
        "where kind = :kind and state = 'open' and (occurrences > told_occurrences "
        "or told_at is null or told_at > :now or told_at <= :a_day_ago) "
        "order by case when named_at <= :now then named_at end, last_seen_at desc, alert_id",
        {
            "kind": kind,
            "now": now.isoformat(),
            "a_day_ago": (now - REMIND_AFTER).isoformat(),
        },
    ).fetchall()
    over = connection.execute(
        "select alert_id, subject from alerts "
        "where kind = ? and state = 'resolved' and told_state = 'open'",
        [kind],
    ).fetchall()
    passed = _passed(connection, kind)
    return News(kind, heading, open_ones, over, passed) if open_ones or over or passed else None


def mark_told(connection: sqlite3.Connection, news: News, now: datetime) -> None:
    """Note that this was told, so that it is no news any more."""
    instant = now.isoformat()
    for place, (alert_id, *_) in enumerate(news.open_ones):
        connection.execute(
            "insert into told values (?, ?, ?) on conflict (alert_id) do update set "
            "told_at = excluded.told_at, named_at = coalesce(excluded.named_at, named_at)",
            [alert_id, instant, instant if place < _NAMED else None],
        )
    for alert_id in (*(alert_id for alert_id, _ in news.over), *(p.alert_id for p in news.passed)):
        connection.execute(
            "insert into told values (?, ?, null) on conflict (alert_id) do update set "
            "told_at = excluded.told_at",
            [alert_id, instant],
        )
    connection.execute(
        "update alerts set told_occurrences = occurrences, told_state = state where kind = ?",
        [news.kind],
    )
    connection.execute(
        "delete from passed where alert_id in (select alert_id from alerts where kind = ?)",
        [news.kind],
    )


def _passed(connection: sqlite3.Connection, kind: str) -> list[Passed]:
    """What nobody was told of while it was so, the latest first."""
    times: dict[tuple[int, str, str], list[timedelta]] = defaultdict(list)
    for alert_id, subject, text, opened_at, closed_at in connection.execute(
        "select alert_id, subject, text, opened_at, closed_at "
        "from passed join alerts using (alert_id) "
        "where kind = ? and state = 'resolved' and told_state <> 'open' "
        "order by closed_at desc, alert_id",
        [kind],
    ):
        lasted = datetime.fromisoformat(closed_at) - datetime.fromisoformat(opened_at)
        times[alert_id, subject, text].append(max(lasted, timedelta(0)))
    return [Passed(*alert, len(each), sum(each, timedelta(0))) for alert, each in times.items()]


def _more(count: int) -> list[str]:
    return [f"- and {count - _NAMED} more"] if count > _NAMED else []


def _told(lasted: timedelta) -> str:
    minutes = round(lasted / timedelta(minutes=1))
    for unit, size in (("days", 48 * 60), ("hours", 120)):
        if minutes >= size:
            return f"{minutes // (1440 if unit == 'days' else 60)} {unit}"
    return f"{minutes} minutes" if minutes > 1 else "a minute"
