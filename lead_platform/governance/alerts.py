"""What a person should know of: one alert per kind and subject, grouped into messages.

The book is a file of its own beside the lake: that a disk is full or the lake cannot be opened has
to be told all the same. Alerts hold counts, ids and names of tables, never data of a person.
"""

import os
import sqlite3
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

from lead_platform.governance.news import mark_told, read_news
from lead_platform.lake.broken import set_aside_if_broken, shows_breakage

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
    "files_rejected": "files were mostly rejected",
    "configuration_broken": "files of the configuration cannot be used",
    "model_lacking": "comparisons weigh nothing, for the model at work does not know them",
    "runs_waiting": "runs wait to be started",
    "sensor_failing": "sensors or schedules fail at every tick",
    "disk_nearly_full": "disks are nearly full",
    "maintenance_overdue": "maintenance is overdue",
    "part_restarted": "parts keep ending and being started again",
    "watch_failed": "watches could not look",
    "book_broken": "books of alerts were begun anew",
}

# How long a message that cannot be delivered is tried again.
TRY_FOR = timedelta(days=2)

_DETAILS = (
    "Details: lead-platform alerts list\n"
    "What to do: docs/operations.md, section 'What to do for each alert'"
)

# While one process sends, another leaves the message alone.
_CLAIM = timedelta(minutes=2)

# Nothing waits for longer: what says so was written while the clock was ahead, and is due.
_LONGEST_WAIT = timedelta(hours=1)

_TABLES = """
create table if not exists alerts (
    alert_id integer primary key, kind text not null, subject text not null, text text not null,
    state text not null, first_seen_at text not null, last_seen_at text not null,
    occurrences integer not null, told_occurrences integer not null, told_state text not null,
    decided_by text, reason text, unique (kind, subject)
);
create table if not exists told (
    alert_id integer primary key, told_at text not null, named_at text
);
create table if not exists passed (
    alert_id integer not null, opened_at text not null, closed_at text not null
);
create table if not exists causes (
    alert_id integer not null, cause text not null, primary key (alert_id, cause)
);
create table if not exists messages (
    message_id integer primary key, composed_at text not null, title text not null,
    body text not null
);
create table if not exists sendings (
    message_id integer not null, target text not null, attempts integer not null,
    next_attempt_at text not null, sent_at text, primary key (message_id, target)
);
create table if not exists failing_targets (
    target text primary key, failures integer not null, waits_until text not null
);
"""

State = Literal["open", "acknowledged", "resolved"]


@dataclass(frozen=True)
class Signal:
    """Something to tell. A condition lasts until it is gone; an occurrence happens again.

    `causes`: why a condition holds. One that has not held since it was last in order is news.
    """

    kind: str
    subject: str
    text: str
    is_condition: bool = False
    causes: Collection[str] = ("",)


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

    def __init__(
        self, folder: Path, *, group_for: timedelta, keep_for: timedelta = timedelta(days=90)
    ) -> None:
        """`keep_for`: how long an alert is listed after it was resolved."""
        self._file = folder / "alerts.sqlite"
        self._group_for = group_for
        self._keep_for = keep_for

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
            _forget(connection, now - TRY_FOR, now - self._keep_for)
            news = [
                each
                for kind in KINDS
                if not self._is_told_lately(connection, kind, now)
                and (each := read_news(connection, kind, KINDS[kind], now))
            ]
            if not news:
                return
            title = "Lead platform: " + ", ".join(each.heading for each in news)
            body = "\n\n".join([*(each.text for each in news), _DETAILS])
            message_id = connection.execute(
                "insert into messages (composed_at, title, body) values (?, ?, ?)",
                [now.isoformat(), title, body],
            ).lastrowid
            for target in targets:
                connection.execute(
                    "insert into sendings values (?, ?, 0, ?, null)",
                    [message_id, target, now.isoformat()],
                )
            for each in news:
                mark_told(connection, each, now)

    def deliver(
        self,
        targets: Mapping[str, Callable[[Message], bool]],
        now: datetime,
        *,
        may_send: Callable[[], bool] = lambda: True,
    ) -> None:
        """Send what is due, first to the targets that answered last time.

        One that takes no message gets no other until it is tried again, ever less often.
        `may_send` is asked before each: what it stops is due the next time.
        """
        while may_send() and (claimed := self._claim(targets, now)):
            message, target = claimed
            is_sent = targets[target](message)
            with self._writing() as connection:
                if is_sent:
                    _note_sent(connection, message, target, now)
                else:
                    _postpone(connection, message, target, now)

    def _claim(self, targets: Iterable[str], now: datetime) -> tuple[Message, str] | None:
        """The next message to send, which other processes leave alone for now."""
        instants = {
            "now": now.isoformat(),
            "latest": (now + _LONGEST_WAIT).isoformat(),
            "oldest": (now - TRY_FOR).isoformat(),
            "claimed_until": (now + _CLAIM).isoformat(),
        }
        with self._writing() as connection:
            rows = connection.execute(
                "select message_id, title, body, target from sendings "
                "join messages using (message_id) left join failing_targets using (target) "
                "where sent_at is null and composed_at > :oldest "
                "and (next_attempt_at <= :now or next_attempt_at > :latest) "
                "and (waits_until is null or waits_until <= :now or waits_until > :latest) "
                "order by coalesce(failures, 0), attempts, message_id",
                instants,
            ).fetchall()
            due = next((row for row in rows if row[3] in targets), None)
            if due is None:
                return None
            connection.execute(
                "update sendings set next_attempt_at = :claimed_until "
                "where message_id = :message_id and target = :target",
                {**instants, "message_id": due[0], "target": due[3]},
            )
        return Message(*due[:3]), due[3]

    def _is_told_lately(self, connection: sqlite3.Connection, kind: str, now: datetime) -> bool:
        """What is in the future was noted while the clock was ahead, and does not count."""
        (told_at,) = connection.execute(
            "select max(told_at) from told join alerts using (alert_id) "
            "where kind = ? and told_at <= ?",
            [kind, now.isoformat()],
        ).fetchone()
        return told_at is not None and now - datetime.fromisoformat(told_at) < self._group_for

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction on the book, which its owner alone may read."""
        try:
            connection = self._connect()
        except sqlite3.DatabaseError as error:
            if not shows_breakage(error):
                raise
            self._begin_anew()
            connection = self._connect()
        with closing(connection):
            connection.execute("begin immediate")
            try:
                yield connection
            except BaseException as error:
                connection.rollback()
                if isinstance(error, sqlite3.Error) and shows_breakage(error):
                    self._begin_anew()
                raise
            connection.commit()

    def _connect(self) -> sqlite3.Connection:
        self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(self._file, os.O_CREAT | os.O_RDWR, 0o600))
        connection = sqlite3.connect(self._file, timeout=10, isolation_level=None)
        try:
            connection.executescript(_TABLES)
        except BaseException:
            connection.close()
            raise
        return connection

    def _begin_anew(self) -> None:
        """Set a broken book aside; the new one tells of it, once."""
        aside = set_aside_if_broken(self._file)
        if aside is None:
            return
        text = f"the old one, with what was told and acknowledged, lies in {aside.name}"
        with closing(self._connect()) as connection:
            now = datetime.now(UTC).replace(tzinfo=None)
            _record(connection, Signal("book_broken", self._file.name, text), now)


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
        connection.execute(
            "delete from causes where alert_id = "
            "(select alert_id from alerts where kind = ? and subject = ?)",
            [signal.kind, signal.subject],
        )
        _learn_causes(connection, signal)
        return
    is_news = _learn_causes(connection, signal) or not signal.is_condition
    connection.execute(
        "update alerts set text = ?, first_seen_at = min(first_seen_at, ?), last_seen_at = ?, "
        "occurrences = occurrences + ? where kind = ? and subject = ?",
        [signal.text, instant, instant, int(is_news), signal.kind, signal.subject],
    )


def _learn_causes(connection: sqlite3.Connection, signal: Signal) -> bool:
    """Whether one of the causes is one that the alert has not had since it was opened."""
    added = [
        connection.execute(
            "insert or ignore into causes select alert_id, ? from alerts "
            "where kind = ? and subject = ?",
            [cause, signal.kind, signal.subject],
        ).rowcount
        for cause in signal.causes
    ]
    return any(count > 0 for count in added)


def _resolve(connection: sqlite3.Connection, kind: str, subject: str, now: datetime) -> None:
    """What was open is in order; that it came and went is kept, for it may not be told yet."""
    connection.execute(
        "insert into passed select alert_id, first_seen_at, ? from alerts "
        "where kind = ? and subject = ? and state = 'open'",
        [now.isoformat(), kind, subject],
    )
    connection.execute(
        "update alerts set state = 'resolved', last_seen_at = ? "
        "where kind = ? and subject = ? and state <> 'resolved'",
        [now.isoformat(), kind, subject],
    )


def _forget(connection: sqlite3.Connection, tried_until: datetime, kept_until: datetime) -> None:
    """Delete messages that are sent or given up by now, and alerts resolved long ago."""
    given_up = "select message_id from messages where composed_at <= ?"
    over = "select alert_id from alerts where state = 'resolved' and last_seen_at <= ?"
    for table in ("sendings", "messages"):
        connection.execute(
            f"delete from {table} where message_id in ({given_up})", [tried_until.isoformat()]
        )
    for table in ("told", "causes", "passed", "alerts"):
        connection.execute(
            f"delete from {table} where alert_id in ({over})", [kept_until.isoformat()]
        )


def _note_sent(
    connection: sqlite3.Connection, message: Message, target: str, now: datetime
) -> None:
    connection.execute(
        "update sendings set sent_at = ? where message_id = ? and target = ?",
        [now.isoformat(), message.message_id, target],
    )
    connection.execute("delete from failing_targets where target = ?", [target])


def _postpone(connection: sqlite3.Connection, message: Message, target: str, now: datetime) -> None:
    """The target waits, with all that is due to it."""
    failures = connection.execute(
        "select coalesce(max(failures), 0) from failing_targets where target = ?", [target]
    ).fetchone()[0]
    wait = min(timedelta(minutes=2 ** min(failures, 10)), _LONGEST_WAIT)
    connection.execute(
        "insert or replace into failing_targets values (?, ?, ?)",
        [target, failures + 1, (now + wait).isoformat()],
    )
    connection.execute(
        "update sendings set attempts = attempts + 1, next_attempt_at = ? "
        "where message_id = ? and target = ?",
        [now.isoformat(), message.message_id, target],
    )
