"""Is there a lake, and was there one? A catalog that is not there does not make a home new.

Looks at the catalog's database and at the home's folders, without DuckDB and without writing.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from lead_platform.lake.broken import reading
from lead_platform.lake.postgres import CATALOG_SCHEMA, connect_postgres, describe_database
from lead_platform.settings import Settings

_FINISHED_RUNS = "select count(*) from runs where status = 'SUCCESS'"


class LakeMissingError(Exception):
    """The home holds what a lake left, but the catalog that knows of it is not there."""

    def __init__(self, settings: Settings, traces: Iterable[str]) -> None:
        found = "\n".join(f"  {trace}" for trace in traces)
        super().__init__(
            f"There is no lake in {describe_catalog(settings)}, but the home {settings.home} is "
            f"not new. It holds:\n{found}\n"
            "Nothing was changed. If LEAD_PLATFORM_HOME and LEAD_PLATFORM_DATABASE_URL point to "
            "where the lake was, its catalog was lost: give it back with `lead-platform restore "
            "BACKUP --replace`. To start anew on purpose, move what is listed to another place, "
            "and the files of the archive back to the inbox to take them in again."
        )


def describe_catalog(settings: Settings) -> str:
    """Where the catalog is, without user and password."""
    if settings.database_url:
        return f"schema {CATALOG_SCHEMA} of {describe_database(settings.database_url)}"
    return f"the SQLite catalog {settings.lake_catalog}"


def has_catalog(settings: Settings) -> bool:
    """Whether there is a catalog, whatever its state; a file of no bytes is none."""
    if settings.database_url:
        table = f"{CATALOG_SCHEMA}.ducklake_metadata"
        return bool(_ask_postgres(settings.database_url, "select to_regclass(%s)", table))
    if not settings.lake_catalog.exists():
        return False
    try:
        return bool(
            _ask_sqlite(
                settings.lake_catalog, "select count(*) from sqlite_master where type = 'table'"
            )
        )
    except sqlite3.DatabaseError:
        # Something is there that is no database: attaching says what.
        return True


def is_new_home(settings: Settings) -> bool:
    """Whether there is neither a catalog nor what only a lake can have left."""
    return not has_catalog(settings) and not any(_traces(settings))


def require_new_home(settings: Settings) -> None:
    """Raise LakeMissingError where the home holds what only a lake can have left."""
    traces = list(_traces(settings))
    if traces:
        raise LakeMissingError(settings, traces)


def _traces(settings: Settings) -> Iterator[str]:
    if settings.restoring.exists():
        yield f"{settings.restoring}, which a restore that was interrupted left"
    if "://" not in settings.lake_data_path:
        data = Path(settings.lake_data_path)
        if files := _count_files(data, "*.parquet"):
            yield f"{files} Parquet files in {data}"
    if settings.database_url and settings.lake_catalog.exists():
        yield f"{settings.lake_catalog}, a catalog of the embedded profile"
    if files := _count_files(settings.archive, "*"):
        yield f"{files} files that were taken in, in {settings.archive}"
    if runs := _finished_runs(settings):
        yield f"{runs} runs that succeeded, in Dagster's storage"


def _count_files(folder: Path, pattern: str) -> int:
    return sum(path.is_file() for path in folder.rglob(pattern))


def _finished_runs(settings: Settings) -> int:
    """Runs of the platform that need a lake to succeed; a new home's first run is still going."""
    if settings.database_url:
        if not _ask_postgres(settings.database_url, "select to_regclass(%s)", "runs"):
            return 0
        return int(_ask_postgres(settings.database_url, _FINISHED_RUNS))
    try:
        return _ask_sqlite(settings.dagster_home / "history" / "runs.db", _FINISHED_RUNS)
    except sqlite3.Error:
        return 0


def _ask_sqlite(database: Path, query: str) -> int:
    """The one number of a query. Raises sqlite3.Error where the file is no such database."""
    with reading(database) as connection:
        return int(connection.execute(query).fetchone()[0])


def _ask_postgres(url: str, query: str, *values: str) -> Any:
    """The one value of a query."""
    with closing(connect_postgres(url)) as connection, connection.cursor() as cursor:
        cursor.execute(query, values)
        row = cursor.fetchone()
    return row[0] if row else None
