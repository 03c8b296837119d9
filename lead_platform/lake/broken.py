"""A broken SQLite file beside the lake is kept under another name, so that its place is free.

For what can be made anew: the switches, the book of alerts, Dagster's records. Never the catalog.
"""

import sqlite3
import sys
from contextlib import closing, suppress
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
