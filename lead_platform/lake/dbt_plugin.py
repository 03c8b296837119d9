"""Lets dbt's own DuckDB connection use the lake.

dbt-duckdb calls the plugin on each new connection, before the profile's `attach` (which then
finds the lake attached already): extensions are loaded from their wheels, nothing is fetched.
"""

from collections import deque
from contextlib import suppress
from typing import Any

import duckdb
from dbt.adapters.duckdb.plugins import BasePlugin
from duckdb import DuckDBPyConnection

from lead_platform.lake.connection import attach_lake, load_extensions, verify_extensions
from lead_platform.settings import Settings

# Set by `lead_platform.lake.dbt` before each run; a dbt started by hand reads the environment.
attached_settings: Settings | None = None

_threads = 1
_connection: DuckDBPyConnection | None = None

# Those dbt's threads work on: it opens one per thread and run.
_cursors: deque[DuckDBPyConnection] = deque(maxlen=32)


def interrupt() -> None:
    """Stop whatever statement dbt is running."""
    for cursor in list(_cursors):
        # dbt may have closed it.
        with suppress(duckdb.Error):
            cursor.interrupt()


def use_threads(threads: int) -> None:
    """How many threads DuckDB uses for dbt from now on."""
    global _threads
    if threads == _threads:
        return
    _threads = threads
    if _connection is not None:
        # dbt may have closed it; the next one is told when it is opened.
        with suppress(duckdb.ConnectionException):
            _connection.execute(f"set threads = {threads}")


class Plugin(BasePlugin):
    """Attaches the lake of the current settings as `lake`, writable."""

    def initialize(self, config: dict[str, Any]) -> None:
        """Nothing to prepare: everything comes from the settings."""

    def configure_cursor(self, cursor: DuckDBPyConnection) -> None:
        """Remember it, so that its statements can be stopped."""
        _cursors.append(cursor)

    def configure_connection(self, conn: DuckDBPyConnection) -> None:
        """Load the extensions and attach the lake."""
        global _connection
        _connection = conn
        settings = attached_settings or Settings()
        conn.execute(f"set threads = {_threads}")
        # The profile lets dbt's engine load what is verified here.
        verify_extensions(settings)
        load_extensions(conn, settings)
        attach_lake(conn, settings)
