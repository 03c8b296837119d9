"""Lets dbt's own DuckDB connection use the lake.

dbt-duckdb calls the plugin on each new connection, before the profile's `attach` (which then
finds the lake attached already): extensions are loaded from their wheels, nothing is fetched.
"""

from typing import Any

from dbt.adapters.duckdb.plugins import BasePlugin
from duckdb import DuckDBPyConnection

from lead_platform.lake.connection import attach_lake, load_extensions
from lead_platform.settings import Settings

# Set by `lead_platform.lake.dbt` before each run; a dbt started by hand reads the environment.
attached_settings: Settings | None = None


class Plugin(BasePlugin):
    """Attaches the lake of the current settings as `lake`, writable."""

    def initialize(self, config: dict[str, Any]) -> None:
        """Nothing to prepare: everything comes from the settings."""

    def configure_connection(self, conn: DuckDBPyConnection) -> None:
        """Load the extensions and attach the lake."""
        load_extensions(conn)
        attach_lake(conn, attached_settings or Settings())
