"""The writer lock: one writer at a time over all processes.

A file lock in the embedded profile, an advisory lock on PostgreSQL in the server profile; both
are released by the system when their holder dies. Waiting has a limit and names the holder.
"""

import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import filelock
from psycopg2.extensions import connection as PostgresConnection

from lead_platform.lake.postgres import connect_postgres
from lead_platform.settings import Settings

# Any number works as long as nobody else on the same database uses it.
_ADVISORY_KEY = 7_151_323_001

_POLL_SECONDS = 0.05


class WriterLockTimeoutError(Exception):
    """Another writer held the lock for longer than this one may wait."""


@contextmanager
def writer_lock(settings: Settings, *, label: str) -> Iterator[None]:
    """Hold the lock for the block. Raises WriterLockTimeoutError naming the holder."""
    holder = f"{label} (process {os.getpid()} on {socket.gethostname()})"
    if settings.database_url:
        with _advisory_lock(settings.database_url, holder, settings.lock_timeout_seconds):
            yield
    else:
        path = settings.home / "lake" / "writer.lock"
        with _file_lock(path, holder, settings.lock_timeout_seconds):
            yield


@contextmanager
def _file_lock(path: Path, holder: str, timeout: float) -> Iterator[None]:
    note = path.with_suffix(".holder")
    lock = filelock.FileLock(path, poll_interval=_POLL_SECONDS, thread_local=False)
    try:
        lock.acquire(timeout=timeout)
    except filelock.Timeout:
        raise _timed_out(timeout, _read_note(note)) from None
    try:
        note.write_text(json.dumps({"holder": holder}), encoding="utf-8")
        yield
    finally:
        with suppress(OSError):
            note.unlink()
        lock.release()


def _read_note(note: Path) -> str:
    try:
        return str(json.loads(note.read_text(encoding="utf-8"))["holder"])
    except (OSError, ValueError, KeyError):
        return "unknown"


@contextmanager
def _advisory_lock(url: str, holder: str, timeout: float) -> Iterator[None]:
    connection = connect_postgres(url, application_name=holder)
    try:
        deadline = time.monotonic() + timeout
        while not _try_lock(connection):
            if time.monotonic() >= deadline:
                raise _timed_out(timeout, _advisory_holder(connection))
            time.sleep(_POLL_SECONDS)
        yield
    finally:
        connection.close()


def _try_lock(connection: PostgresConnection) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("select pg_try_advisory_lock(%s)", (_ADVISORY_KEY,))
        row = cursor.fetchone()
    return bool(row and row[0])


def _advisory_holder(connection: PostgresConnection) -> str:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            select activity.application_name
            from pg_locks as held join pg_stat_activity as activity using (pid)
            where held.locktype = 'advisory' and held.granted
                and ((held.classid::bigint << 32) | held.objid::bigint) = %s
            """,
            (_ADVISORY_KEY,),
        )
        row = cursor.fetchone()
    return str(row[0]) if row else "unknown"


def _timed_out(timeout: float, holder: str) -> WriterLockTimeoutError:
    return WriterLockTimeoutError(
        f"The lake is being written by {holder}; waited {timeout:g} s. "
        "Let it finish or stop it, or set LEAD_PLATFORM_LOCK_TIMEOUT_SECONDS higher."
    )
