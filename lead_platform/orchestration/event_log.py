"""Dagster's event log in one database, with its connections, and what it knows of its tables, kept.

What nothing reads is not stored, and what a run plans is stored at once: a run of one lead stores
half the events that Dagster tells of.

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
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from dagster import DagsterEventType, EventLogEntry
from dagster._core.event_api import EventHandlerFn
from dagster._core.storage.asset_check_execution_record import AssetCheckExecutionRecordStatus
from dagster._core.storage.event_log.polling_event_watcher import SqlPollingEventWatcher
from dagster._core.storage.event_log.schema import (
    AssetCheckExecutionsTable,
    AssetKeyTable,
    SqlEventLogStorageTable,
)
from dagster._core.storage.event_log.sql_event_log import SqlEventLogStorage
from dagster._core.storage.event_log.sqlite.consolidated_sqlite_event_log import (
    SQLITE_EVENT_LOG_FILENAME,
    ConsolidatedSqliteEventLogStorage,
)
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from dagster._serdes import serialize_value
from dagster._serdes.config_class import ConfigurableClassData
from dagster_postgres.event_log import PostgresEventLogStorage
from dagster_postgres.utils import pg_url_from_config
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.dialects.sqlite import insert

# How many events of a run's plan Dagster hands over at once; it hands over one by one unless told.
BATCH_VARIABLE = "DAGSTER_EVENT_BATCH_SIZE"
BATCH_SIZE = 1_000

# Nothing reads them: a step hands nothing on but by the lake, so its outputs are empty and told
# once more as materialisations and checks; what it prints is not captured; and that the one
# resource is there shows in what it does.
_NOT_STORED = frozenset(
    {
        DagsterEventType.STEP_OUTPUT,
        DagsterEventType.LOGS_CAPTURED,
        DagsterEventType.RESOURCE_INIT_STARTED,
        DagsterEventType.RESOURCE_INIT_SUCCESS,
    }
)
_PLANNED_TABLE = DagsterEventType.ASSET_MATERIALIZATION_PLANNED
_PLANNED_CHECK = DagsterEventType.ASSET_CHECK_EVALUATION_PLANNED

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


class _StoresWhatIsRead(SqlEventLogStorage):
    """Leaves out what nothing reads, and stores what a run plans in one transaction."""

    def store_event(self, event: EventLogEntry) -> None:
        """Store one event, if it is of those that are read."""
        if event.dagster_event_type not in _NOT_STORED:
            super().store_event(event)

    def store_event_batch(self, events: Sequence[EventLogEntry]) -> None:
        """Store a run's plan: its tables as events, its checks where they are then judged.

        A planned check is asked for by its execution alone, never as an event.
        """
        if {each.dagster_event_type for each in events} - {_PLANNED_TABLE, _PLANNED_CHECK}:
            super().store_event_batch(events)
            return
        tables = [each for each in events if each.dagster_event_type == _PLANNED_TABLE]
        checks = [each for each in events if each.dagster_event_type == _PLANNED_CHECK]
        with self.index_transaction() as connection:
            if tables:
                rows = [self._event_to_row(each) for each in tables]
                connection.execute(SqlEventLogStorageTable.insert(), rows)
            for each in tables:
                # The number of the event is noted of materialisations only.
                self._store_asset_event(connection, each, 0)
            if checks:
                rows = [self._planned_check(each) for each in checks]
                connection.execute(AssetCheckExecutionsTable.insert(), rows)

    def _planned_check(self, entry: EventLogEntry) -> dict[str, Any]:
        """The row that the check's evaluation is written into; no asset here has partitions."""
        check_key = entry.get_dagster_event().asset_check_planned_data.asset_check_key
        return {
            "asset_key": check_key.asset_key.to_string(),
            "check_name": check_key.name,
            "run_id": entry.run_id,
            "execution_status": AssetCheckExecutionRecordStatus.PLANNED.value,
            "evaluation_event": serialize_value(entry),
            "evaluation_event_timestamp": self._event_insert_timestamp(entry),  # type: ignore[no-untyped-call]
        }


class PooledPostgresEventLogStorage(_RemembersTables, _StoresWhatIsRead, PostgresEventLogStorage):
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


class KeptConnectionEventLogStorage(
    _RemembersTables, _StoresWhatIsRead, ConsolidatedSqliteEventLogStorage
):
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

    def _store_asset_event(self, conn: Connection, event: EventLogEntry, event_id: int) -> None:
        """In one statement: an insert that fails first, as Dagster's, costs three times that."""
        happened = event.dagster_event
        if not (happened and happened.asset_key):
            return
        has_index = self._has_asset_key_index_cols_on_connection(conn)
        values = self._get_asset_entry_values(event, event_id, has_index)
        if values:
            known = {"asset_key": happened.asset_key.to_string(), **values}
            statement = insert(AssetKeyTable).values(**known)
            conn.execute(statement.on_conflict_do_update(index_elements=["asset_key"], set_=values))

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
