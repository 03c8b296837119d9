"""Dagster's event log on SQLite with its connections, and what it knows of its tables, kept.

Dagster builds a SQLAlchemy engine for every event it stores and every record it reads. Thereby it
loses the statements compiled before, and SQLite writes its journal back each time the last
connection closes. For each event it also asks anew which tables, columns and indexes there are.
"""

import functools
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from dagster._core.storage.event_log.sqlite import SqliteEventLogStorage
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from dagster._serdes.config_class import ConfigurableClassData
from sqlalchemy import Connection, Engine, create_engine, event

# Of each database, what was found in it: tables, columns and indexes are never taken away.
_PRESENT: set[tuple[str, str, str]] = set()


class KeptConnectionEventLogStorage(SqliteEventLogStorage):
    """One engine per database and process, with a connection that stays open."""

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> "KeptConnectionEventLogStorage":
        """Built by Dagster from `dagster.yaml`."""
        return cls(inst_data=inst_data, **config_value)

    def has_table(self, table_name: str) -> bool:
        """Whether the event log has this table."""
        return self._is_present("table", table_name, super().has_table)

    def has_secondary_index(self, name: str) -> bool:
        """Whether this index of earlier events has been built."""
        return self._is_present("index", name, super().has_secondary_index)

    def _has_asset_key_col_on_connection(self, conn: Connection, column_name: str) -> bool:
        ask = functools.partial(super()._has_asset_key_col_on_connection, conn)
        return self._is_present("column", column_name, ask)

    def _is_present(self, kind: str, name: str, ask: Callable[[str], bool]) -> bool:
        wanted = (self._base_dir, kind, name)
        if wanted not in _PRESENT and ask(name):
            _PRESENT.add(wanted)
        return wanted in _PRESENT

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        with self._db_lock:
            engine = _engine(self.conn_string_for_shard(shard))
            if shard not in self._initialized_dbs:
                self._initdb(engine)
                self._initialized_dbs.add(shard)
            with engine.begin() as connection:
                yield connection


@functools.lru_cache(maxsize=64)
def _engine(address: str) -> Engine:
    waiting = {"timeout": SQLITE_BUSY_TIMEOUT_SECONDS}
    engine = create_engine(address, pool_size=1, connect_args=waiting)
    event.listen(engine, "connect", _sync_at_checkpoints)
    return engine


def _sync_at_checkpoints(connection: sqlite3.Connection, _: object) -> None:
    """With a write-ahead log the database stays whole; a power cut may cost the last events."""
    connection.execute("pragma synchronous = normal")
