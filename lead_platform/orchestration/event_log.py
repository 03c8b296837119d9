"""Dagster's event log in one database, with its connections, and what it knows of its tables, kept.

On SQLite Dagster gives each run a database of its own, which nobody ever removes: 5 MB a run with
its write-ahead log, and an engine in the memory of whoever wrote it. It builds a SQLAlchemy engine
for every event it stores and every record it reads; thereby it loses the statements compiled
before, and SQLite writes its journal back each time the last connection closes. On PostgreSQL it
connects anew each time, some 800 times in a run. For each event it also asks anew which tables,
columns and indexes there are.
"""

import functools
import sqlite3
from abc import abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from dagster._core.event_api import EventHandlerFn
from dagster._core.storage.event_log.polling_event_watcher import SqlPollingEventWatcher
from dagster._core.storage.event_log.sql_event_log import SqlEventLogStorage
from dagster._core.storage.event_log.sqlite.consolidated_sqlite_event_log import (
    SQLITE_EVENT_LOG_FILENAME,
    ConsolidatedSqliteEventLogStorage,
)
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from dagster._serdes.config_class import ConfigurableClassData
from dagster_postgres.event_log import PostgresEventLogStorage
from dagster_postgres.utils import pg_url_from_config
from sqlalchemy import Connection, Engine, create_engine, event

# Of each database, what was found in it: tables, columns and indexes are never taken away.
_PRESENT: set[tuple[str, str, str]] = set()


class _RemembersTables(SqlEventLogStorage):
    """Asks once per process and database what there is."""

    @property
    @abstractmethod
    def _place(self) -> str:
        """Which database this is."""

    def has_table(self, table_name: str) -> bool:
        """Whether the event log has this table."""
        return self._is_present("table", table_name, super().has_table)  # type: ignore[safe-super]

    def has_secondary_index(self, name: str) -> bool:
        """Whether this index of earlier events has been built."""
        return self._is_present("index", name, super().has_secondary_index)

    def _has_asset_key_col_on_connection(self, conn: Connection, column_name: str) -> bool:
        ask = functools.partial(super()._has_asset_key_col_on_connection, conn)
        return self._is_present("column", column_name, ask)

    def _is_present(self, kind: str, name: str, ask: Callable[[str], bool]) -> bool:
        wanted = (self._place, kind, name)
        if wanted not in _PRESENT and ask(name):
            _PRESENT.add(wanted)
        return wanted in _PRESENT


class PooledPostgresEventLogStorage(_RemembersTables, PostgresEventLogStorage):
    """One engine per database and process, with a connection that stays open."""

    def __init__(self, postgres_url: str, inst_data: ConfigurableClassData | None = None) -> None:
        super().__init__(postgres_url, inst_data=inst_data)
        self._engine = _postgres_engine(postgres_url)

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> "PooledPostgresEventLogStorage":
        """Built by Dagster from `dagster.yaml`."""
        return cls(pg_url_from_config(config_value), inst_data=inst_data)

    @property
    def _place(self) -> str:
        return self.postgres_url


class KeptConnectionEventLogStorage(_RemembersTables, ConsolidatedSqliteEventLogStorage):
    """All runs in one database; one engine per process, with a connection that stays open."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        _adopt_index(Path(base_dir))
        super().__init__(base_dir, inst_data)
        self._watcher = SqlPollingEventWatcher(self)

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> "KeptConnectionEventLogStorage":
        """Built by Dagster from `dagster.yaml`."""
        return cls(inst_data=inst_data, **config_value)

    @property
    def _place(self) -> str:
        return self._conn_string

    @contextmanager
    def _connect(self) -> Iterator[Connection]:
        with _engine(self._conn_string).begin() as connection:
            yield connection

    def watch(self, run_id: str, cursor: str | None, callback: EventHandlerFn) -> None:
        """Tell of a run's events as they come.

        By asking: watching the file, as Dagster does, sees nothing of its write-ahead log.
        """
        self._watcher.watch_run(run_id, cursor, callback)

    def end_watch(self, run_id: str, handler: EventHandlerFn) -> None:
        """Tell no more of them."""
        self._watcher.unwatch_run(run_id, handler)

    def dispose(self) -> None:
        """Stop asking."""
        self._watcher.close()


@functools.lru_cache(maxsize=8)
def _postgres_engine(url: str) -> Engine:
    """`pool_pre_ping`: a server that was restarted meanwhile is connected to again."""
    return create_engine(url, isolation_level="AUTOCOMMIT", pool_size=1, pool_pre_ping=True)


def _adopt_index(folder: Path) -> None:
    """Begin with what an earlier version kept of all runs: their events of assets and checks."""
    database, index = folder / f"{SQLITE_EVENT_LOG_FILENAME}.db", folder / "runs" / "index.db"
    if database.exists() or not index.exists():
        return
    draft = database.with_suffix(".draft")
    with closing(sqlite3.connect(index)) as source, closing(sqlite3.connect(draft)) as target:
        source.backup(target)
    draft.replace(database)


@functools.lru_cache(maxsize=8)
def _engine(address: str) -> Engine:
    waiting = {"timeout": SQLITE_BUSY_TIMEOUT_SECONDS}
    engine = create_engine(address, pool_size=1, connect_args=waiting)
    event.listen(engine, "connect", _sync_at_checkpoints)
    return engine


def _sync_at_checkpoints(connection: sqlite3.Connection, _: object) -> None:
    """With a write-ahead log the database stays whole; a power cut may cost the last events."""
    connection.execute("pragma synchronous = normal")
