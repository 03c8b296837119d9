"""What a person should know of: one alert per kind and subject, grouped into messages.

The book is a file of its own beside the lake: that a disk is full or the lake cannot be opened has
to be told all the same. Alerts hold counts, ids and names of tables, never data of a person.
"""

import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

# What there is to tell, in the words of a message.
KINDS: Mapping[str, str] = {
    "run_failed": "runs failed",
    "check_failed": "checks failed",
    "check_warned": "checks warn",
    "feed_stale": "feeds bring nothing new",
    "feed_fallen": "feeds bring far less than usual",
    "field_moved": "fields are filled far less or more than usual",
    "vocabulary_moved": "values are far less or more often known than usual",
    "quarantine_grown": "many rows were set aside at once",
    "files_waiting": "files wait in the inbox",
    "runs_waiting": "runs wait to be started",
    "disk_nearly_full": "disks are nearly full",
    "maintenance_overdue": "maintenance is overdue",
    "part_restarted": "parts keep ending and being started again",
    "watch_failed": "watches could not look",
}

# An open alert is told again after this time, for as long as nobody acknowledges it.
REMIND_AFTER = timedelta(hours=24)

# How long a message that cannot be delivered is tried again.
TRY_FOR = timedelta(days=2)

# Subjects of a kind a message names; the others are counted.
_NAMED = 5

_DETAILS = (
    "Details: lead-platform alerts list\n"
    "What to do: docs/operations.md, section 'What to do for each alert'"
)

# While one process sends, another leaves the message alone.
_CLAIM = timedelta(minutes=2)
_LONGEST_WAIT_MINUTES = 60

_TABLES = """
create table if not exists alerts (
    alert_id integer primary key, kind text not null, subject text not null, text text not null,
    state text not null, first_seen_at text not null, last_seen_at text not null,
    occurrences integer not null, told_occurrences integer not null, told_state text not null,
    decided_by text, reason text, unique (kind, subject)
);
create table if not exists told_kinds (kind text primary key, told_at text not null);
create table if not exists messages (
    message_id integer primary key, composed_at text not null, title text not null,
    body text not null
);
create table if not exists sendings (
    message_id integer not null, target text not null, attempts integer not null,
    next_attempt_at text not null, sent_at text, primary key (message_id, target)
);
"""

State = Literal["open", "acknowledged", "resolved"]


@dataclass(frozen=True)
class Signal:
    """Something to tell. A condition lasts until it is gone; an occurrence happens again."""

    kind: str
    subject: str
    text: str
    is_condition: bool = False


@dataclass(frozen=True)
class Alert:
    """All signals of one kind and subject since it was last in order."""

    alert_id: int
    kind: str
    subject: str
    text: str
    state: State
    first_seen_at: datetime
    last_seen_at: datetime
    occurrences: int
    decided_by: str | None
    reason: str | None


@dataclass(frozen=True)
class Message:
    """What is sent to a person."""

    message_id: int
    title: str
    body: str


class AlertBook:
    """The alerts of one installation and what has been told of them."""

    def __init__(self, folder: Path, *, group_for: timedelta) -> None:
        self._file = folder / "alerts.sqlite"
        self._group_for = group_for

    def record(
        self, signals: Iterable[Signal], now: datetime, *, over: Iterable[tuple[str, str]] = ()
    ) -> None:
        """Open an alert for each signal, or count it where one is open.

        `over`: kinds and subjects that are in order again.
        """
        with self._writing() as connection:
            for kind, subject in over:
                _resolve(connection, kind, subject, now)
            for signal in signals:
                _record(connection, signal, now)

    def settle(self, kinds: Iterable[str], signals: Iterable[Signal], now: datetime) -> None:
        """Record conditions just looked at; those of the kinds that no longer hold are resolved."""
        holding = list(signals)
        still = {(signal.kind, signal.subject) for signal in holding}
        with self._writing() as connection:
            for signal in holding:
                _record(connection, signal, now)
            for kind in kinds:
                known = connection.execute(
                    "select subject from alerts where kind = ? and state <> 'resolved'", [kind]
                ).fetchall()
                for (subject,) in known:
                    if (kind, subject) not in still:
                        _resolve(connection, kind, subject, now)

    def acknowledge(self, alert_id: int, *, by: str, reason: str) -> Alert:
        """A person has seen it: it is not told again until it was in order in between.

        Raises LookupError where no such alert is open.
        """
        with self._writing() as connection:
            changed = connection.execute(
                "update alerts set state = 'acknowledged', decided_by = ?, reason = ? "
                "where alert_id = ? and state <> 'resolved'",
                [by, reason, alert_id],
            ).rowcount
        if not changed:
            raise LookupError(
                f"No alert {alert_id} is open. See which are: lead-platform alerts list"
            )
        return next(alert for alert in self.alerts() if alert.alert_id == alert_id)

    def alerts(self) -> list[Alert]:
        """All of them, the newest first."""
        if not self._file.exists():
            return []
        with self._writing() as connection:
            rows = connection.execute(
                "select alert_id, kind, subject, text, state, first_seen_at, last_seen_at, "
                "occurrences, decided_by, reason from alerts order by last_seen_at desc, alert_id"
            ).fetchall()
        return [Alert(*row[:5], *map(datetime.fromisoformat, row[5:7]), *row[7:]) for row in rows]

    def compose(self, targets: Iterable[str], now: datetime) -> None:
        """Put one message about all there is to tell in the outbox, if there is anything.

        A kind that was told a short while ago waits, and is told with its count then.
        """
        with self._writing() as connection:
            due = [kind for kind in KINDS if self._is_due(connection, kind, now)]
            sections = {kind: section for kind in due if (section := _section(connection, kind))}
            if not sections:
                return
            title = "Lead platform: " + ", ".join(KINDS[kind] for kind in sections)
            body = "\n\n".join([*sections.values(), _DETAILS])
            message_id = connection.execute(
                "insert into messages (composed_at, title, body) values (?, ?, ?)",
                [now.isoformat(), title, body],
            ).lastrowid
            for target in targets:
                connection.execute(
                    "insert into sendings values (?, ?, 0, ?, null)",
                    [message_id, target, now.isoformat()],
                )
            for kind in sections:
                connection.execute(
                    "insert or replace into told_kinds values (?, ?)", [kind, now.isoformat()]
                )
                connection.execute(
                    "update alerts set told_occurrences = occurrences, told_state = state "
                    "where kind = ?",
                    [kind],
                )

    def deliver(
        self,
        targets: Mapping[str, Callable[[Message], bool]],
        now: datetime,
        *,
        may_send: Callable[[], bool] = lambda: True,
    ) -> None:
        """Send what is due to each target; what fails is tried again, ever less often.

        `may_send` is asked before each: what it stops is due again in minutes.
        """
        for message, target in self._claim(targets, now):
            if not may_send():
                return
            is_sent = targets[target](message)
            with self._writing() as connection:
                if is_sent:
                    statement = (
                        "update sendings set sent_at = ? where message_id = ? and target = ?"
                    )
                    connection.execute(statement, [now.isoformat(), message.message_id, target])
                else:
                    _postpone(connection, message, target, now)

    def _claim(self, targets: Iterable[str], now: datetime) -> list[tuple[Message, str]]:
        claimed = []
        with self._writing() as connection:
            rows = connection.execute(
                "select message_id, title, body, target from sendings join messages "
                "using (message_id) where sent_at is null and next_attempt_at <= ? "
                "and composed_at > ? order by message_id",
                [now.isoformat(), (now - TRY_FOR).isoformat()],
            ).fetchall()
            for message_id, title, body, target in rows:
                if target in targets:
                    connection.execute(
                        "update sendings set next_attempt_at = ? "
                        "where message_id = ? and target = ?",
                        [(now + _CLAIM).isoformat(), message_id, target],
                    )
                    claimed.append((Message(message_id, title, body), target))
        return claimed

    def _is_due(self, connection: sqlite3.Connection, kind: str, now: datetime) -> bool:
        row = connection.execute("select told_at from told_kinds where kind = ?", [kind]).fetchone()
        if row is None:
            return True
        silent_for = now - datetime.fromisoformat(row[0])
        if silent_for >= REMIND_AFTER:
            connection.execute(
                "update alerts set told_occurrences = 0 where kind = ? and state = 'open'", [kind]
            )
        return silent_for >= self._group_for

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction on the book, which its owner alone may read."""
        self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(self._file, os.O_CREAT | os.O_RDWR, 0o600))
        with closing(sqlite3.connect(self._file, timeout=10, isolation_level=None)) as connection:
            connection.executescript(_TABLES)
            connection.execute("begin immediate")
            try:
                yield connection
            except BaseException:
                connection.rollback()
                raise
            connection.commit()


def _record(connection: sqlite3.Connection, signal: Signal, now: datetime) -> None:
    instant = now.isoformat()
    known = connection.execute(
        "select state from alerts where kind = ? and subject = ?", [signal.kind, signal.subject]
    ).fetchone()
    if known is None or known[0] == "resolved":
        connection.execute(
            "insert into alerts (kind, subject, text, state, first_seen_at, last_seen_at, "
            "occurrences, told_occurrences, told_state) values (?, ?, ?, 'open', ?, ?, 1, 0, '') "
            "on conflict (kind, subject) do update set text = excluded.text, state = 'open', "
            "first_seen_at = excluded.first_seen_at, last_seen_at = excluded.last_seen_at, "
            "occurrences = 1, told_occurrences = 0, decided_by = null, reason = null",
            [signal.kind, signal.subject, signal.text, instant, instant],
        )
        return
    connection.execute(
        "update alerts set text = ?, last_seen_at = ?, occurrences = occurrences + ? "
        "where kind = ? and subject = ?",
        [signal.text, instant, 0 if signal.is_condition else 1, signal.kind, signal.subject],
    )


def _resolve(connection: sqlite3.Connection, kind: str, subject: str, now: datetime) -> None:
    connection.execute(
        "update alerts set state = 'resolved', last_seen_at = ? "
        "where kind = ? and subject = ? and state <> 'resolved'",
        [now.isoformat(), kind, subject],
    )


def _section(connection: sqlite3.Connection, kind: str) -> str | None:
    """What is new of one kind: how often, of whom, and what is in order again."""
    open_ones = connection.execute(
        "select subject, text, occurrences from alerts where kind = ? and state = 'open' "
        "and occurrences > told_occurrences order by last_seen_at desc, alert_id",
        [kind],
    ).fetchall()
    over = connection.execute(
        "select subject from alerts where kind = ? and state = 'resolved' and told_state = 'open'",
        [kind],
    ).fetchall()
    if not open_ones and not over:
        return None
    lines = []
    if open_ones:
        total = sum(row[2] for row in open_ones)
        lines.append(f"{KINDS[kind]} ({total} times, {len(open_ones)} subjects):")
        lines += [
            f"- {subject}: {text}" + (f" ({count} times)" if count > 1 else "")
            for subject, text, count in open_ones[:_NAMED]
        ]
        if len(open_ones) > _NAMED:
            lines.append(f"- and {len(open_ones) - _NAMED} more")
    if over:
        named = ", ".join(subject for (subject,) in over[:_NAMED])
        more = f" and {len(over) - _NAMED} more" if len(over) > _NAMED else ""
        lines.append(f"in order again ({kind}): {named}{more}")
    return "\n".join(lines)


def _postpone(connection: sqlite3.Connection, message: Message, target: str, now: datetime) -> None:
    (attempts,) = connection.execute(
        "select attempts from sendings where message_id = ? and target = ?",
        [message.message_id, target],
    ).fetchone()
    minutes = min(2**attempts, _LONGEST_WAIT_MINUTES)
    connection.execute(
        "update sendings set attempts = ?, next_attempt_at = ? where message_id = ? and target = ?",
        [attempts + 1, (now + timedelta(minutes=minutes)).isoformat(), message.message_id, target],
    )
