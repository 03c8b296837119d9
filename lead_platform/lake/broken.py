"""SQLite files beside the lake that a crash left: half a change is taken back by whoever reads.

A broken one is kept under another name, so that its place is free. For what can be made anew: the
switches, the book of alerts, Dagster's records. Never the catalog.
"""

import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock

_BROKEN = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_WAIT_SECONDS = 10

# Up to this size every page is looked at, in 15 ms; beyond it a start would wait for that.
_CHECKED_BYTES = 16 * 2**20

# What SQLite keeps beside a database: it would spoil another one in its place.
_COMPANIONS = ("-wal", "-shm", "-journal")


def shows_breakage(error: sqlite3.Error) -> bool:
    """Whether the file is to blame; a full disk, a lock or a missing permission pass."""
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in _BROKEN


@contextmanager
def reading(database: Path) -> Iterator[sqlite3.Connection]:
    """The database as of one instant, also in a home that cannot be written.

    Whoever is killed while committing leaves a journal, by which SQLite takes back what was half
    written before anybody reads. It never does so read-only: it is done in place, and where nothing
    may be written there, in a copy.
    """
    with ExitStack() as until_read:
        connection = _opened(database, "ro") or _opened(database, "rw")
        while connection is None:
            folder = Path(until_read.enter_context(tempfile.TemporaryDirectory()))
            connection = _opened(_copied(database, folder), "rw") or _opened(database, "ro")
        yield until_read.enter_context(closing(connection))


def _opened(database: Path, mode: str) -> sqlite3.Connection | None:
    """A connection that nobody writes beside; None where half a change cannot be taken back."""
    connection = sqlite3.connect(
        f"{database.as_uri()}?mode={mode}", uri=True, timeout=_WAIT_SECONDS
    )
    try:
        connection.execute("begin")
        connection.execute("select count(*) from sqlite_master").fetchone()
    except sqlite3.DatabaseError as error:
        connection.close()
        if error.sqlite_errorcode == sqlite3.SQLITE_READONLY_ROLLBACK:
            return None
        raise
    return connection


def _copied(database: Path, folder: Path) -> Path:
    """Both files, the journal first: what is taken back meanwhile is only taken back again."""
    journal = Path(f"{database}-journal")
    with suppress(FileNotFoundError):
        shutil.copyfile(journal, folder / journal.name)
    return Path(shutil.copyfile(database, folder / database.name))


def set_aside_if_broken(database: Path) -> Path | None:
    """Rename a database that cannot be read and say so; where it lies then, None where it is whole.

    One without a table, as a file of no bytes is, counts as broken: who made it makes its tables
    only with the file. One process at a time: what another one has made anew meanwhile is whole.
    """
    if not _is_broken(database):
        return None
    with FileLock(f"{database}.lock", timeout=_WAIT_SECONDS):
        if not _is_broken(database):
            return None
        aside = database.with_name(f"{database.name}.broken_{datetime.now(UTC):%Y%m%d_%H%M%S_%f}")
        database.rename(aside)
        for companion in _COMPANIONS:
            with suppress(FileNotFoundError):
                Path(f"{database}{companion}").rename(f"{aside}{companion}")
    print(
        f"{database} is no readable SQLite database: it was set aside as {aside.name} and is made "
        "anew.",
        file=sys.stderr,
    )
    return aside


def _is_broken(database: Path) -> bool:
    if not database.exists():
        return False
    # Reading what tables there are finds garbage and a file cut short, whatever its size.
    is_checked = database.stat().st_size <= _CHECKED_BYTES
    try:
        with closing(
            sqlite3.connect(f"{database.as_uri()}?mode=rw", uri=True, timeout=_WAIT_SECONDS)
        ) as connection:
            tables = connection.execute("select name from sqlite_master").fetchall()
            faults = connection.execute("pragma quick_check(1)").fetchall() if is_checked else []
    except sqlite3.DatabaseError as error:
        # Any other error meets whoever works with the database.
        return shows_breakage(error)
    return not tables or faults not in ([], [("ok",)])
