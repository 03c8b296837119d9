"""How alerts reach a person: through Apprise where addresses are set, else into a file.

A target that is dead, slow or misspelt holds up nobody: each is given some seconds, all together
little more, and what is left is tried later; telling never raises into what it tells of.
"""

import hashlib
import logging
import os
import sqlite3
import sys
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from lead_platform.governance.alerts import AlertBook, Message, Signal
from lead_platform.instants import has_passed
from lead_platform.lake.switches import open_switches
from lead_platform.settings import Settings

SEND_SECONDS = 15.0

# After this no further sending is begun, so that telling ends within 20 s however many hang:
# Dagster evaluates its sensors in turn, and gives one up after 60 s.
BEGIN_WITHIN_SECONDS = 5.0

Target = Callable[[Message], bool]


@dataclass
class _Unrecorded:
    """What could not be recorded: when it was told of last, and what there is to tell since."""

    told_at: datetime | None = None
    signals: dict[tuple[str, str], Signal] = field(default_factory=dict)


# By home; in memory, for there may be no place on disk that can be written.
_UNRECORDED: dict[Path, _Unrecorded] = {}


def open_book(settings: Settings) -> AlertBook:
    """The alerts of the settings' home."""
    return AlertBook(
        settings.alerts,
        group_for=timedelta(minutes=settings.alert_minutes),
        keep_for=timedelta(days=settings.record_retention_days),
    )


def tell(
    settings: Settings,
    signals: list[Signal],
    now: datetime,
    *,
    over: Iterable[tuple[str, str]] = (),
) -> None:
    """Record the signals and send what is due. Never raises: it is called where things fail.

    `over`: kinds and subjects that are in order again.
    """
    resolved = list(over)
    missed = _UNRECORDED.get(settings.home, _Unrecorded()).signals
    for place in resolved:
        missed.pop(place, None)
    try:
        open_book(settings).record([*missed.values(), *signals], now, over=resolved)
        missed.clear()
        send_due(settings, now)
    except (OSError, sqlite3.Error) as error:
        # The book cannot be written, as on a full disk.
        if not silenced_because(settings):
            _tell_unrecorded(settings, signals, error, now)


def _tell_unrecorded(
    settings: Settings, signals: list[Signal], error: Exception, now: datetime
) -> None:
    """Tell straight away, then as seldom as what is recorded, with what came meanwhile."""
    unrecorded = _UNRECORDED.setdefault(settings.home, _Unrecorded())
    unrecorded.signals.update({(signal.kind, signal.subject): signal for signal in signals})
    told_at, silence = unrecorded.told_at, timedelta(minutes=settings.alert_minutes)
    if told_at is not None and not has_passed(silence, told_at, now):
        return
    lines = [f"- {each.kind} {each.subject}: {each.text}" for each in unrecorded.signals.values()]
    body = "\n".join([str(error), *lines])
    message = Message(0, "Lead platform: alerts cannot be recorded", body)
    _send_at_once(targets_of(settings).values(), message)
    print(f"{message.title}\n{message.body}", file=sys.stderr)
    unrecorded.told_at = now
    unrecorded.signals.clear()


def send_due(settings: Settings, now: datetime) -> None:
    """Compose a message of what there is to tell, and send what waits.

    While the switch of `alerts` is off nothing is composed: what is open by then is told once it
    is on again.
    """
    if silenced_because(settings):
        return
    book = open_book(settings)
    targets = targets_of(settings)
    book.compose(targets, now)
    until = time.monotonic() + BEGIN_WITHIN_SECONDS
    book.deliver(
        targets,
        now,
        may_send=lambda: time.monotonic() < until and not silenced_because(settings),
    )


def silenced_because(settings: Settings) -> str | None:
    """Why the switch of `alerts` lets no message out; None where it does.

    One that cannot be read lets them out: that its database is out of reach has to be told.
    """
    try:
        return open_switches(settings).read("alerts").off_because
    except Exception:
        return None


def targets_of(settings: Settings) -> dict[str, Target]:
    """What sends to each address, by a name that tells nothing of it: addresses hold secrets."""
    urls = settings.alert_urls.split()
    if not urls:
        return {"file": lambda message: _append(settings.alerts / "alerts.log", message)}
    return {hashlib.sha256(url.encode()).hexdigest()[:16]: _apprise(url) for url in urls}


def _send_at_once(targets: Iterable[Target], message: Message) -> None:
    """One message to all, side by side: it takes as long as the slowest."""
    threads = [
        threading.Thread(target=send, args=[message], daemon=True, name="alerts")
        for send in targets
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _apprise(url: str) -> Target:
    def send(message: Message) -> bool:
        return _within(SEND_SECONDS, lambda: _notify(url, message))

    return send


def _notify(url: str, message: Message) -> bool:
    import apprise

    # Its log repeats addresses.
    logging.getLogger("apprise").setLevel(logging.CRITICAL + 1)
    service = apprise.Apprise()
    return service.add(url) and bool(service.notify(title=message.title, body=message.body))


def _within(seconds: float, work: Callable[[], bool]) -> bool:
    """What `work` says, False where it raises or takes longer; it is left behind then."""
    answers: list[bool] = []

    def run() -> None:
        try:
            answers.append(work())
        except Exception:
            answers.append(False)

    thread = threading.Thread(target=run, daemon=True, name="alert")
    thread.start()
    thread.join(seconds)
    return bool(answers and answers[0])


def _append(file: Path, message: Message) -> bool:
    """Add the message to a file its owner alone may read."""
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(file, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
        with os.fdopen(descriptor, "a", encoding="utf-8") as stream:
            written_at = f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC"
            stream.write(f"{written_at}  {message.title}\n{message.body}\n\n")
    except OSError:
        return False
    return True
