"""A broken SQLite file beside the lake is kept under another name, so that its place is free.

For what can be made anew: the switches, the book of alerts, Dagster's records. Never the catalog.
"""

import sqlite3
import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from filelock import FileLock

_BROKEN = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_WAIT_SECONDS = 10

# What SQLite keeps beside a database: of no use to another one in its place.
_COMPANIONS = ("-wal", "-shm", "-journal")


def shows_breakage(error: sqlite3.Error) -> bool:
    """Whether the file is to blame; a full disk, a lock or a missing permission pass."""
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and code & 0xFF in _BROKEN


def set_aside_if_broken(database: Path, *, without: str = "") -> Path | None:
    """Rename a database that cannot be read and say so; where it lies then, None where it is whole.

    `without`: a table whose absence makes it broken too. One process at a time: what another one
    has made anew meanwhile is whole.
    """
    with FileLock(f"{database}.lock", timeout=_WAIT_SECONDS):
        if not database.exists() or not _is_broken(database, without):
            return None
        aside = database.with_name(f"{database.name}.broken_{datetime.now(UTC):%Y%m%d_%H%M%S_%f}")
        database.rename(aside)
        for companion in _COMPANIONS:
            Path(f"{database}{companion}").unlink(missing_ok=True)
    print(
        f"{database} is no readable SQLite database: it was set aside as {aside.name} and is made "
        "anew.",
        file=sys.stderr,
    )
    return aside


def _is_broken(database: Path, without: str) -> bool:
    # Reading what tables there are finds garbage and a file cut short, whatever its size.
    try:
        with closing(
            sqlite3.connect(f"{database.as_uri()}?mode=rw", uri=True, timeout=_WAIT_SECONDS)
        ) as connection:
            tables = {name for (name,) in connection.execute("select name from sqlite_master")}
    except sqlite3.DatabaseError as error:
        if not shows_breakage(error):
            raise
        return True
    return bool(without) and without not in tables
