"""Dagster's event log on SQLite with its connections kept.

Dagster builds a SQLAlchemy engine for every event it stores and every record it reads. Thereby it
loses the statements compiled before, and SQLite writes its journal back each time the last
connection closes.
"""

import functools
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from dagster._core.storage.event_log.sqlite import SqliteEventLogStorage
from dagster._core.storage.sqlite import SQLITE_BUSY_TIMEOUT_SECONDS
from dagster._serdes.config_class import ConfigurableClassData
from sqlalchemy import Connection, Engine, create_engine, event


class KeptConnectionEventLogStorage(SqliteEventLogStorage):
    """One engine per database and process, with a connection that stays open."""

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData | None, config_value: Mapping[str, Any]
    ) -> "KeptConnectionEventLogStorage":
        """Built by Dagster from `dagster.yaml`."""
        return cls(inst_data=inst_data, **config_value)

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
