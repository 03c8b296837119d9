"""Queries of people: which statements they may ask, and a connection that can do nothing else.

Three walls, each of which holds alone against most of what was tried: the catalog is attached
read-only, the engine reaches no file but the lake's own and its configuration is locked, and only
a query over the lake's tables is let through, as DuckDB's own parser understands it.

What a query takes has a bound that DuckDB does not hold alone: it does not count the values that
expressions build, nor look at the clock while it builds one. So a query of a person runs in a
process of its own, which the kernel bounds.
"""

import json
import os
import re
import signal
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from lead_platform.lake.connection import (
    attach_copy,
    attach_lake,
    copy_catalog,
    is_only_readable,
    open_engine,
)
from lead_platform.processes import run_bounded
from lead_platform.settings import Settings

# What spills of one query may take on disk.
SPILL_LIMIT = "20GB"

# What a query's process may take beyond the limit its engine keeps to. Sorting 8 million texts
# with 500 MB took 1,045 MB on 2 cores, grouping them 569; each core has a thread with its arena.
_SLACK_BYTES = 1 << 30
_SLACK_BYTES_PER_CORE = 32 << 20

# An engine that is interrupted stops within milliseconds, unless it is building one value.
_INTERRUPT_SECONDS = 1.0

# What makes a file of a name: the engine opens `'…/*.parquet'` where no table is called so.
_PATH = re.compile(r"[./\\:*?\[]")

# Beyond the lake's layers, what tells which tables and columns there are.
_DESCRIBING = {("information_schema", name) for name in ("columns", "schemata", "tables")}

# Functions that stand in a FROM clause and read nothing but their arguments. The others read
# files, settings, the catalog, or take SQL and table names as text.
_TABLE_FUNCTIONS = {
    "generate_series", "generate_subscripts", "json_each", "json_tree", "range",
    "regexp_split_to_table", "repeat", "repeat_row", "unnest",
}  # fmt: skip

# What `show` may list: databases would name the catalog and its address.
_SHOWN = {'"tables"', "__show_tables_expanded"}

# Volatile functions (random numbers, ids, the clock) are what a query may use; the other volatile
# ones have effects. These have none, but tell of the process or hold it up.
_HARMLESS = {"gen_random_uuid", "random", "setseed", "uuid", "uuidv4", "uuidv7", "error"}
_TELLTALE = {"current_setting", "getenv", "getvariable", "json_serialize_plan", "pg_sleep"}

_EXPLAIN = re.compile(r"\s*explain(\s+analyze|\s*\([^)]*\))?\s", re.IGNORECASE)


@dataclass(frozen=True)
class _Surroundings:
    """What the engine knows besides the query: the lake's layers, and what is out of bounds."""

    layers: set[str]
    views: set[str]
    acting_functions: set[str]


class QueryRefusedError(ValueError):
    """A statement that is no query over the lake's tables: says what is allowed."""


class QueryStoppedError(RuntimeError):
    """A query that took longer, or more memory, than it may."""


def run_apart(settings: Settings, work: Callable[[Path], None]) -> int:
    """Do `work`, which asks one query, in a process that is bounded: its exit code.

    `work` is given a folder that is cleared away however it ends, and tells its own errors. Raises
    QueryStoppedError where its process was killed.
    """
    slack = _SLACK_BYTES + _SLACK_BYTES_PER_CORE * (os.cpu_count() or 1)
    with tempfile.TemporaryDirectory(prefix="lead-platform-query-") as folder:
        code = run_bounded(lambda: work(Path(folder)), settings.query_memory_bytes + slack)
    if code == -signal.SIGALRM:
        raise _out_of_time(settings.query_seconds)
    if code < 0:
        raise _out_of_memory(f"its process ended by signal {-code}")
    return code


def end_after(seconds: float) -> None:
    """Have this process killed once a query had so long and was not stopped by its interrupt."""
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, seconds + _INTERRUPT_SECONDS)


@contextmanager
def read_alone(
    settings: Settings, snapshot_id: int, *, folder: Path | None = None
) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection that knows the lake at one snapshot and nothing else, for queries of people.

    What spills goes into `folder`, by default among the temporary files of the system.

    No statement changes its walls any more. A reader of this process's lake would still reach the
    writable catalog by its name.
    """
    with (
        tempfile.TemporaryDirectory(prefix="lead-platform-query-", dir=folder) as spill,
        open_engine(settings, python_enable_replacements="false") as connection,
    ):
        if is_only_readable(settings):
            copy = copy_catalog(settings, Path(spill))
            attach_copy(connection, settings, copy, snapshot_id=snapshot_id)
        else:
            attach_lake(connection, settings, snapshot_id=snapshot_id)
        connection.execute("use lake")
        _wall_in(connection, settings, spill)
        yield connection


@contextmanager
def ask(
    connection: duckdb.DuckDBPyConnection, query: str, *, seconds: float
) -> Iterator[duckdb.DuckDBPyConnection]:
    """The result of a query, to be fetched inside the block.

    Raises QueryRefusedError for what is no query, QueryStoppedError after `seconds`
    or where it needs more memory than it may.
    """
    check_query(connection, query)
    stop = threading.Timer(seconds, connection.interrupt)
    stop.start()
    try:
        yield connection.execute(query)
    except duckdb.InterruptException:
        raise _out_of_time(seconds) from None
    except (duckdb.OutOfMemoryException, MemoryError) as error:
        raise _out_of_memory((str(error) or "out of memory").splitlines()[0]) from None
    finally:
        stop.cancel()


def check_query(connection: duckdb.DuckDBPyConnection, query: str) -> None:
    """Raise QueryRefusedError unless it is one query over the lake's tables.

    The tree that is looked at is the one DuckDB's parser makes, so there is no second
    understanding of SQL to be played against the first.
    """
    tree = _tree(connection, query)
    surroundings = _surroundings(connection)
    for part in _parts(tree):
        fault = _fault(part, surroundings)
        if fault:
            raise QueryRefusedError(f"`sql` is read-only, over the lake's tables: {fault}")


def _out_of_time(seconds: float) -> QueryStoppedError:
    return QueryStoppedError(
        f"The query was stopped after {seconds:g} seconds. Ask for less, or set a longer "
        "LEAD_PLATFORM_QUERY_SECONDS."
    )


def _out_of_memory(reason: str) -> QueryStoppedError:
    return QueryStoppedError(
        f"The query needs more memory than it may take ({reason}). Ask for less, or set a larger "
        "LEAD_PLATFORM_QUERY_MEMORY."
    )


def _wall_in(connection: duckdb.DuckDBPyConnection, settings: Settings, spill: str) -> None:
    """No file but the lake's own, no extension, bounded memory and disk, and no way back."""
    data = settings.lake_data_path.replace("'", "''")
    for setting in (
        "autoload_known_extensions = false",
        f"memory_limit = '{settings.query_memory}'",
        f"temp_directory = '{spill}'",
        f"max_temp_directory_size = '{SPILL_LIMIT}'",
        f"allowed_directories = ['{data}']",
        "enable_external_access = false",
        "lock_configuration = true",
    ):
        connection.execute(f"set {setting}")


def _tree(connection: duckdb.DuckDBPyConnection, query: str) -> dict[str, Any]:
    """The syntax tree of the one query there may be."""
    explained = _EXPLAIN.match(query)
    text = query[explained.end() :] if explained else query
    row = connection.execute("select json_serialize_sql(?::varchar)", [text]).fetchone()
    try:
        parsed: dict[str, Any] = json.loads(row[0]) if row else {}
    except RecursionError:
        raise QueryRefusedError("The query is nested too deeply to be checked.") from None
    if parsed.get("error_type") == "parser":
        raise QueryRefusedError(f"The query cannot be read: {parsed['error_message']}")
    statements = parsed.get("statements", [])
    if parsed.get("error") or len(statements) != 1:
        raise QueryRefusedError(
            "`sql` is read-only: it takes one query (select, from, with, values, describe, "
            "summarize, show tables, or explain of one), and no other statement. A pivot names "
            "its values: pivot … on band in ('high', 'low')."
        )
    return dict(statements[0])


def _parts(tree: Any) -> Iterator[dict[str, Any]]:
    """Every node of the tree."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            yield node
            waiting.extend(node.values())
        elif isinstance(node, list):
            waiting.extend(node)


def _fault(part: dict[str, Any], surroundings: _Surroundings) -> str | None:
    """What speaks against a node of the tree."""
    match part.get("type"):
        case "BASE_TABLE":
            return _table_fault(part, surroundings)
        case "SHOW_REF":
            shown = str(part.get("table_name") or "")
            is_fine = part.get("query") is not None or shown in _SHOWN
            return None if is_fine else f"`show` lists tables, not {shown}."
        case "TABLE_FUNCTION":
            name = str(part["function"].get("function_name", "")).lower()
            allowed = ", ".join(sorted(_TABLE_FUNCTIONS))
            return None if name in _TABLE_FUNCTIONS else f"no function {name!r}, only {allowed}."
    name = str(part.get("function_name", "")).lower()
    return f"no function {name!r}." if name in surroundings.acting_functions else None


def _table_fault(part: dict[str, Any], surroundings: _Surroundings) -> str | None:
    """Where a table is none of the lake's; without a layer a name is the query's own."""
    catalog, schema, table = (
        str(part.get(name) or "").lower() for name in ("catalog_name", "schema_name", "table_name")
    )
    if part.get("at_clause") is not None:
        return (
            "no `at (…)`: between releases lie rows that no gate has judged. An earlier release is "
            "read with `lead-platform sql --snapshot N`; which there are: lead-platform releases"
        )
    if _PATH.search(table):
        is_fine = False
    elif not catalog and not schema:
        is_fine = table not in surroundings.views
    else:
        is_layer = schema in surroundings.layers or (schema, table) in _DESCRIBING
        is_fine = is_layer and catalog in ("", "lake")
    if is_fine:
        return None
    named = ".".join(filter(None, (catalog, schema, table)))
    return f"{named} is none of them. List them with: lead-platform sql 'show all tables'"


def _surroundings(connection: duckdb.DuckDBPyConnection) -> _Surroundings:
    def names(query: str) -> set[str]:
        return {str(name).lower() for (name,) in connection.execute(query).fetchall()}

    volatile = names("select function_name from duckdb_functions() where stability = 'VOLATILE'")
    return _Surroundings(
        layers=names(
            "select schema_name from duckdb_schemas() where database_name = 'lake' "
            "and schema_name not in ('main', 'information_schema', 'pg_catalog')"
        ),
        views=names("select view_name from duckdb_views() where internal"),
        acting_functions=(volatile - _HARMLESS) | _TELLTALE,
    )
