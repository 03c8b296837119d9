"""The writer lock: one writer at a time over all processes.

A file lock in the embedded profile, an advisory lock on PostgreSQL in the server profile; both
are released by the system when their holder dies. Waiting has a limit and names the holder. A lock
can be lost while it is held (a connection that ends, a file that is replaced): its holder may ask.
"""

import fcntl
import os
import socket
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg2
from psycopg2.extensions import connection as PostgresConnection

from lead_platform.lake.brake import check_brake
from lead_platform.lake.postgres import connect_postgres
from lead_platform.settings import Settings

# Any number works as long as nobody else on the same database uses it.
_ADVISORY_KEY = 7_151_323_001

_POLL_SECONDS = 0.05

# Held locks of this session, by the key above.
_HELD = """
    locktype = 'advisory' and granted and objsubid = 1
    and database = (select oid from pg_database where datname = current_database())
    and ((classid::bigint << 32) | objid::bigint) = %s
"""

# The lock lives as long as its connection, which is idle while the lake is written: no time-out
# may end it.
_WITHOUT_TIME_OUTS = """
    select set_config(name, '0', false) from pg_settings
    where name in
        ('idle_session_timeout', 'idle_in_transaction_session_timeout', 'statement_timeout')
"""


class WriterLockTimeoutError(Exception):
    """Another writer held the lock for longer than this one may wait."""


class WriterLock(ABC):
    """The lock while its block lasts."""

    @abstractmethod
    def is_held(self) -> bool:
        """Whether nobody else can have it: asked anew each time."""


class _FileLock(WriterLock):
    def __init__(self, path: Path, descriptor: int) -> None:
        self._path = path
        self._descriptor = descriptor

    def is_held(self) -> bool:
        """The locked file is still the one others find at its path."""
        return _is_at(self._path, self._descriptor)


class _AdvisoryLock(WriterLock):
    def __init__(self, connection: PostgresConnection) -> None:
        self._connection = connection

    def is_held(self) -> bool:
        """The connection is alive, and the server grants it the lock."""
        try:
            with self._connection.cursor() as cursor:
                cursor.execute(
                    f"select 1 from pg_locks where pid = pg_backend_pid() and {_HELD}",
                    (_ADVISORY_KEY,),
                )
                return cursor.fetchone() is not None
        except psycopg2.Error:
            return False


def lock_file(settings: Settings) -> Path:
    """The file whose lock it is in the embedded profile."""
    return settings.home / "lake" / "writer.lock"


class SupervisedError(Exception):
    """Somebody supervises the home, or exchanges what it holds."""


@contextmanager
def supervisor_lock(settings: Settings) -> Iterator[None]:
    """Be the one `lead-platform up` of the home for the block, or what none may start beside.

    Its file stays where it is when a backup takes the place of all else. Raises SupervisedError.
    """
    path = supervisor_lock_file(settings)
    path.touch(mode=0o600)
    with path.open("r+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SupervisedError(str(path)) from None
        yield


def supervisor_lock_file(settings: Settings) -> Path:
    """The file whose lock it is."""
    return settings.home / "up.lock"


@contextmanager
def writer_lock(
    settings: Settings, *, label: str, timeout: float | None = None
) -> Iterator[WriterLock]:
    """Hold the lock for the block; it is waited for as long as the settings say, or `timeout`.

    Raises WriterLockTimeoutError naming the holder.
    """
    timeout = settings.lock_timeout_seconds if timeout is None else timeout
    holder = f"{label} (process {os.getpid()} on {socket.gethostname()})"
    if settings.database_url:
        with _advisory_lock(settings.database_url, holder, timeout) as lock:
            yield lock
    else:
        with _file_lock(lock_file(settings), holder, timeout) as lock:
            yield lock


@contextmanager
def _file_lock(path: Path, holder: str, timeout: float) -> Iterator[WriterLock]:
    descriptor = _wait(lambda: _lock_file(path), timeout, lambda: _noted_holder(path))
    try:
        _note(descriptor, holder)
        yield _FileLock(path, descriptor)
    finally:
        _note(descriptor, "")
        os.close(descriptor)


def _lock_file(path: Path) -> int | None:
    """The locked file; None while another has it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        if isinstance(error, BlockingIOError):
            return None
        raise
    if not _is_at(path, descriptor):
        # Removed between opening and locking it: another process locks the file there is now.
        os.close(descriptor)
        return None
    return descriptor


def _is_at(path: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except OSError:
        return False


def _note(descriptor: int, holder: str) -> None:
    """Write who holds it into the locked file; a full disk costs the name, not the lock."""
    with suppress(OSError):
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, holder.encode(), 0)


def _noted_holder(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace") or "unknown"
    except OSError:
        return "unknown"


@contextmanager
def _advisory_lock(url: str, holder: str, timeout: float) -> Iterator[WriterLock]:
    connection = connect_postgres(url, application_name=holder)
    try:
        with connection.cursor() as cursor:
            cursor.execute(_WITHOUT_TIME_OUTS)
        _wait(lambda: _try_lock(connection), timeout, lambda: _advisory_holder(connection))
        yield _AdvisoryLock(connection)
    finally:
        connection.close()


def _try_lock(connection: PostgresConnection) -> int | None:
    with connection.cursor() as cursor:
        cursor.execute("select pg_try_advisory_lock(%s)", (_ADVISORY_KEY,))
        row = cursor.fetchone()
    return 1 if row and row[0] else None


def _advisory_holder(connection: PostgresConnection) -> str:
    with connection.cursor() as cursor:
        cursor.execute(
            "select activity.application_name from pg_locks as held "
            f"join pg_stat_activity as activity using (pid) where {_HELD}",
            (_ADVISORY_KEY,),
        )
        row = cursor.fetchone()
    return str(row[0]) if row else "unknown"


def _wait(attempt: Callable[[], int | None], timeout: float, holder: Callable[[], str]) -> int:
    """What `attempt` gives once it gives something. Raises WriterLockTimeoutError."""
    deadline = time.monotonic() + timeout
    while (got := attempt()) is None:
        check_brake()
        if time.monotonic() >= deadline:
            raise WriterLockTimeoutError(
                f"The lake is being written by {holder()}; waited {timeout:g} s. "
                "Let it finish or stop it, or set LEAD_PLATFORM_LOCK_TIMEOUT_SECONDS higher."
            )
        time.sleep(_POLL_SECONDS)
    return got
