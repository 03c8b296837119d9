"""The databases that all else needs, and whether they answer: PostgreSQL on the server profile, the
catalog and Dagster's records in SQLite on the embedded one.

`lead-platform up` asks them itself: whoever else would notice their loss needs them to say so.
"""

import functools
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg2

from lead_platform.lake.broken import reading
from lead_platform.lake.postgres import (
    DatabaseUnreachableError,
    describe_database,
    without_password,
)
from lead_platform.lake.presence import describe_catalog, has_catalog, is_new_home
from lead_platform.orchestration.supervision import State
from lead_platform.settings import Settings

# An answer that takes longer is none. Connecting is given up after 10 s, and so is a lock.
ANSWER_SECONDS = 15.0

POSTGRESQL, CATALOG, DAGSTER = "postgresql", "catalog", "dagster"
STORES = (POSTGRESQL, CATALOG, DAGSTER)

# Somebody works with it, so it answers.
_AT_WORK = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}


@dataclass(frozen=True)
class StoreStatus:
    """How a store is: `starting` until it was asked, `silent` where it is out of reach, `told` why
    and `seconds_out` for how long."""

    name: str
    state: State
    told: str
    seconds_out: float


class Store:
    """One of them. Whoever asks for its status never waits for its answer.

    `fault` says what speaks against it, None where nothing does; it may take its time, and hang.
    """

    def __init__(self, name: str, place: str, fault: Callable[[], str | None]) -> None:
        self.name = name
        self._place = place
        self._fault = fault
        self._told = ""
        self._asked_at: float | None = None
        self._out_since: float | None = None
        self._has_answered = False

    def look(self, now: float) -> None:
        """Ask it, and wait for the answer."""
        self._asked_at = now
        try:
            fault = self._fault()
        except Exception as error:
            # Its words may repeat what it stumbled over.
            fault = f"{self._place} cannot be asked: {type(error).__name__}"
        if fault is None:
            self._out_since, self._has_answered = None, True
        else:
            self._told = fault
            self._out_since = now if self._out_since is None else self._out_since
        self._asked_at = None

    def status(self, now: float) -> StoreStatus:
        """How it is, by the last answer or its absence."""
        since, asked_at = self._out_since, self._asked_at
        if since is not None:
            return StoreStatus(self.name, "silent", self._told, now - since)
        if asked_at is not None and now - asked_at > ANSWER_SECONDS:
            told = f"{self._place} does not answer"
            return StoreStatus(self.name, "silent", told, now - asked_at)
        if not self._has_answered:
            return StoreStatus(self.name, "starting", f"{self._place} is asked", 0.0)
        return StoreStatus(self.name, "well", f"{self._place} answers", 0.0)


def stores_of(settings: Settings) -> list[Store]:
    """Those of the settings' profile."""
    if settings.database_url:
        place = describe_database(settings.database_url)
        return [Store(POSTGRESQL, place, functools.partial(_fault_of_postgres, settings))]
    records = f"Dagster's storage in {settings.dagster_home}"
    return [
        Store(CATALOG, describe_catalog(settings), functools.partial(_fault_of_catalog, settings)),
        Store(DAGSTER, records, functools.partial(_fault_of_records, settings, set())),
    ]


def dagster_databases(settings: Settings) -> Iterator[Path]:
    """Dagster's records in the home (embedded profile)."""
    for place in ("history/*.db", "history/runs/index.db", "schedules/*.db"):
        yield from settings.dagster_home.glob(place)


def _fault_of_postgres(settings: Settings) -> str | None:
    assert settings.database_url
    try:
        return _fault_of_lake(settings)
    except DatabaseUnreachableError as error:
        return str(error)
    except psycopg2.Error as error:
        words = (str(error).strip() or type(error).__name__).splitlines()[0]
        reason = without_password(settings.database_url, words)
        return f"{describe_database(settings.database_url)} does not answer: {reason}"


def _fault_of_catalog(settings: Settings) -> str | None:
    is_there = settings.lake_catalog.exists()
    return (is_there and _unreadable(settings.lake_catalog)) or _fault_of_lake(settings)


def _fault_of_lake(settings: Settings) -> str | None:
    """Whether the catalog is not there, though the home is not new."""
    if has_catalog(settings) or is_new_home(settings):
        return None
    return (
        f"There is no lake in {describe_catalog(settings)}, but the home {settings.home} is not new"
    )


def _fault_of_records(settings: Settings, known: set[Path]) -> str | None:
    """`known`: those that were there once, each of which has to be there still."""
    known.update(dagster_databases(settings))
    return next((fault for path in sorted(known) if (fault := _unreadable(path))), None)


def _unreadable(database: Path) -> str | None:
    try:
        with reading(database) as connection:
            connection.execute("select count(*) from sqlite_master").fetchone()
    except sqlite3.Error as error:
        if (getattr(error, "sqlite_errorcode", 0) & 0xFF) in _AT_WORK:
            return None
        return f"{database} cannot be read: {error}"
    return None
