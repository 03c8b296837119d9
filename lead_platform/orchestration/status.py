"""How `lead-platform up` is: what it writes down of itself, and whether that is so.

What is written is held against what there is: the lock, the processes, the UI's answer. So a file
left by an `up` that was killed, or one written by an `up` that is stopped, is told as what it is.
"""

import fcntl
import json
import os
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from lead_platform.governance.notifications import open_book
from lead_platform.instants import has_passed
from lead_platform.lake.lock import SupervisedError, supervisor_lock, supervisor_lock_file
from lead_platform.orchestration.stores import StoreStatus
from lead_platform.orchestration.supervision import PartStatus
from lead_platform.processes import ProcessId
from lead_platform.settings import Settings

# Written every two seconds; older than this, whoever writes it is stopped or hangs.
STALE = timedelta(seconds=20)

# Alerts that `up --check` tells beside the parts, and in which word.
_TOLD_BESIDE = {"sensor_failing": "failing", "configuration_broken": "broken"}


class AlreadyRunningError(Exception):
    """Somebody else supervises this home."""


@dataclass(frozen=True)
class UpStatus:
    """How `up` and its parts are, as it wrote it at `written_at` (seconds since 1970)."""

    process: ProcessId
    port: int
    folder: str
    written_at: float
    parts: tuple[PartStatus, ...]
    stores: tuple[StoreStatus, ...] = ()

    @property
    def is_well(self) -> bool:
        """Whether every part is, and every store."""
        states = [part.state for part in self.parts] + [store.state for store in self.stores]
        return all(state == "well" for state in states)


@dataclass(frozen=True)
class Check:
    """What `lead-platform up --check` found: one line each, and whether all is well."""

    lines: list[str]
    is_well: bool


@contextmanager
def only_one(settings: Settings) -> Iterator[None]:
    """Be the one `up` of this home for the block. Raises AlreadyRunningError, naming the other."""
    try:
        with supervisor_lock(settings):
            yield
    except SupervisedError:
        raise AlreadyRunningError(_told_other(settings)) from None


def write_status(settings: Settings, status: UpStatus) -> None:
    """Write it in one piece, for nobody else's eyes."""
    path = _status_path(settings)
    draft = path.with_suffix(".draft")
    with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(asdict(status), file)
    draft.replace(path)


def read_status(settings: Settings) -> UpStatus | None:
    """What was written last; None where nothing was, or it cannot be read."""
    try:
        content = json.loads(_status_path(settings).read_text())
        parts = [
            PartStatus(**{**part, "process": _process(part["process"])})
            for part in content["parts"]
        ]
        process = ProcessId(**content["process"])
        # One of an earlier version knows of no stores.
        stores = tuple(StoreStatus(**store) for store in content.get("stores", []))
        return UpStatus(**{**content, "process": process, "parts": tuple(parts), "stores": stores})
    except (OSError, ValueError, KeyError, TypeError):
        return None


def remove_status(settings: Settings) -> None:
    """After an orderly stop there is nothing to tell."""
    _status_path(settings).unlink(missing_ok=True)


def check_up(settings: Settings) -> Check:
    """Whether `up` runs for this home and does all it is there for, tested from outside."""
    status = read_status(settings)
    if not _is_locked(settings):
        told = "lead-platform up does not run for this home. Start it: lead-platform up"
        if status:
            told += f" (the last one, pid {status.process.pid}, ended without tidying up)"
        return Check([told], False)
    if status is None:
        return Check(["lead-platform up is starting."], False)
    now, written_at = _instant(time.time()), _instant(status.written_at)
    if has_passed(STALE, written_at, now):
        silent = f"for {(now - written_at).total_seconds():.0f} s"
        if written_at > now:
            silent = f"since the clock, which was ahead ({written_at:%Y-%m-%d %H:%M} UTC), is right"
        told = (
            f"lead-platform up (pid {status.process.pid}) has said nothing {silent}: "
            f"it is stopped or hangs. kill -CONT {status.process.pid}, or kill -9 and start it."
        )
        return Check([told], False)
    parts = [_seen(part) for part in status.parts]
    answers = ui_answers(settings, status.port)
    ui = f"{'well' if answers else 'silent':<9} UI answers at http://localhost:{status.port}"
    if not answers:
        ui = ui.replace("answers", "does not answer")
    is_well = answers and replace(status, parts=tuple(parts)).is_well
    stores = [_store_line(store, written_at) for store in status.stores]
    return Check([*(_line(part) for part in parts), *stores, ui, *_alerted(settings)], is_well)


def _alerted(settings: Settings) -> list[str]:
    """A line for each sensor and schedule whose ticks fail and each file of the configuration that
    cannot be used, as alerts tell of them: no fault of a part, which to start again would mend."""
    return [
        f"{_TOLD_BESIDE[alert.kind]:<9} {alert.subject}: {alert.text}"
        for alert in open_book(settings).alerts()
        if alert.kind in _TOLD_BESIDE and alert.state != "resolved"
    ]


def ui_answers(settings: Settings, port: int) -> bool:
    """Whether the UI answers at its port."""
    everywhere = settings.ui_address in ("0.0.0.0", "::")
    host = "127.0.0.1" if everywhere else settings.ui_address
    request = urllib.request.Request(
        f"http://{host}:{port}/server_info", headers={"Host": "localhost"}
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def written_now(
    process: ProcessId,
    port: int,
    folder: Path,
    parts: Sequence[PartStatus],
    stores: Sequence[StoreStatus] = (),
) -> UpStatus:
    """The status of this instant."""
    return UpStatus(process, port, str(folder), time.time(), tuple(parts), tuple(stores))


def _seen(part: PartStatus) -> PartStatus:
    """The part as it is now, whatever was written two seconds ago."""
    if part.process is None:
        return part
    if not part.process.is_running:
        return replace(part, state="waiting", last_end="it has just ended")
    return replace(part, state="stopped") if part.process.is_stopped else part


def _line(part: PartStatus) -> str:
    pid = f"pid {part.process.pid}" if part.process else "no process"
    told = (
        f"{part.state:<9} {part.name:<12} {pid:<12} up {part.seconds_up:.0f} s, "
        f"last beat {part.seconds_silent:.0f} s ago, {part.restarts} restarts"
    )
    return f"{told}; last time {part.last_end}" if part.last_end else told


def _store_line(store: StoreStatus, now: datetime) -> str:
    told = f"{store.state:<9} {store.name:<12} {store.told}"
    if store.state != "silent":
        return told
    since = now - timedelta(seconds=store.seconds_out)
    return f"{told} (out of reach since {since:%Y-%m-%d %H:%M:%S} UTC)"


def _told_other(settings: Settings) -> str:
    if settings.restoring.exists():
        return (
            f"A backup is being restored to {settings.home}. Start lead-platform up once that is "
            "done."
        )
    status = read_status(settings)
    who = (
        f"pid {status.process.pid}, UI at http://localhost:{status.port}" if status else "starting"
    )
    return (
        f"lead-platform up runs for {settings.home} already ({who}). "
        "Use that one, or stop it first; lead-platform up --check tells how it is."
    )


def _is_locked(settings: Settings) -> bool:
    try:
        with supervisor_lock_file(settings).open() as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def _instant(seconds: float) -> datetime:
    """UTC, of seconds since 1970."""
    return datetime.fromtimestamp(seconds, UTC)


def _process(content: dict | None) -> ProcessId | None:
    return ProcessId(**content) if content else None


def _status_path(settings: Settings) -> Path:
    return settings.dagster_home / "up.json"
