"""Failures of what the platform stands on, in one sentence: a full disk, a database that is down.

They surface wherever something is written first: in the lake, in Dagster's storage, in a folder of
the home. Who tells a person asks here what it was.
"""

import errno
import shutil
from collections.abc import Iterator
from pathlib import Path

from lead_platform.lake.postgres import DatabaseUnreachableError, connect_postgres
from lead_platform.settings import Settings

# As the file system, SQLite, DuckDB and PostgreSQL put it.
_SIGNS = (
    "no space left on device",
    "disk quota exceeded",
    "disk is full",
    "disk full",
    "could not extend file",
)
_LEAST_FREE_BYTES = 1_000_000

# Errors of these packages may mean no more than that a page could not be written or sent.
_STORES = ("duckdb", "sqlite3", "sqlalchemy", "psycopg2")


def is_disk_full(settings: Settings, error: BaseException) -> bool:
    """As the error says, or as the disk itself shows where a store failed on it."""
    causes = list(chain_of(error))
    if any(_says_full(one) for one in causes):
        return True
    # SQLite on a full disk may report no more than "disk I/O error".
    return any(_is_of_a_store(one) for one in causes) and _free_bytes(settings) < _LEAST_FREE_BYTES


def tell_failure(settings: Settings, error: BaseException) -> str | None:
    """What happened and what to do, where it was the disk or the database; else None."""
    if is_disk_full(settings, error):
        return (
            f"The disk is full: {settings.home} or what it writes to ({settings.lake_data_path}) "
            "takes no more. Published rows are unchanged, files of the inbox still wait. "
            "Free space there, then run it again."
        )
    if settings.database_url and any(_is_of_a_store(one) for one in chain_of(error)):
        try:
            connect_postgres(settings.database_url).close()
        except DatabaseUnreachableError as unreachable:
            return str(unreachable)
    return None


def chain_of(error: BaseException) -> Iterator[BaseException]:
    """The error and what it came from."""
    seen: set[int] = set()
    following: BaseException | None = error
    while following is not None and id(following) not in seen:
        seen.add(id(following))
        yield following
        following = following.__cause__ or following.__context__


def _says_full(error: BaseException) -> bool:
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return True
    return any(sign in str(error).lower() for sign in _SIGNS)


def _is_of_a_store(error: BaseException) -> bool:
    package = type(error).__module__.split(".")[0].removeprefix("_")
    return package in _STORES


def _free_bytes(settings: Settings) -> int:
    folder: Path = settings.lake_catalog.parent
    while not folder.exists():
        folder = folder.parent
    return shutil.disk_usage(folder).free
