"""Which tables the lake has to have: those the layers declare in `tables.sql`, and dbt's models.

Models' tables are made from their contracts before dbt fills them, all in one commit: readers find
every table from the first day on, and DuckLake, which reads the whole catalog once for each schema
version it meets, meets one. How tables that are there become what is declared: `migration`.
"""

import functools
import importlib.resources
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import duckdb
import yaml  # type: ignore[import-untyped]

_MARKER = "create table if not exists "

# In C where PyYAML was built with it: a tenth of the time.
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

# A table's columns with their types as DuckDB writes them, in their order.
Columns = dict[str, str]


def table_scripts() -> list[str]:
    """The `tables.sql` of every layer."""
    package = Path(str(importlib.resources.files("lead_platform")))
    return [path.read_text(encoding="utf-8") for path in sorted(package.glob("*/tables.sql"))]


@functools.cache
def declared_columns(dbt_project: Path) -> Mapping[str, Columns]:
    """The columns of every table the lake has to have, by `layer.table`.

    DuckDB reads the declarations, so that types are spelled as those of real tables are.
    """
    scripts = [*table_scripts(), *_model_scripts(dbt_project)]
    names = [
        line.removeprefix(_MARKER).split()[0]
        for script in scripts
        for line in script.splitlines()
        if _MARKER in line
    ]
    with duckdb.connect(":memory:", config={"threads": "1"}) as connection:
        create_schemas(connection, names)
        connection.execute("\n".join(scripts))
        return real_columns(connection)


def modelled_tables(dbt_project: Path) -> set[str]:
    """`layer.table` of every table that dbt fills."""
    return {f"{path.parent.name}.{path.stem}" for path in (dbt_project / "models").glob("*/*.sql")}


def real_columns(connection: duckdb.DuckDBPyConnection) -> dict[str, Columns]:
    """The columns of every table in the connection's current database, by `layer.table`.

    Not asked of `duckdb_tables()`: that counts the rows of every table.
    """
    rows = connection.execute(
        """
        select schema_name || '.' || table_name, column_name, data_type
        from duckdb_columns()
        where database_name = current_database() and not internal
            and (database_name, schema_name, table_name) not in (
                select (database_name, schema_name, view_name) from duckdb_views()
            )
        order by 1, column_index
        """
    ).fetchall()
    tables: dict[str, Columns] = {}
    for table, column, kind in rows:
        tables.setdefault(table, {})[column] = kind
    return tables


def create_schemas(connection: duckdb.DuckDBPyConnection, tables: Iterable[str]) -> None:
    """Create the layers of these tables where they are not there yet."""
    for layer in sorted({table.split(".", 1)[0] for table in tables}):
        connection.execute(f"create schema if not exists {layer}")


def create_table(connection: duckdb.DuckDBPyConnection, table: str, columns: Columns) -> None:
    """Create an empty table of which the catalog knows statistics."""
    listed = ", ".join(f'"{name}" {kind}' for name, kind in columns.items())
    connection.execute(f"create table {table} ({listed})")
    give_statistics(connection, table)


def tables_without_statistics(connection: duckdb.DuckDBPyConnection, metadata: str) -> list[str]:
    """`layer.table` of every table that never had a row; `metadata` is the catalog's schema."""
    rows = connection.execute(
        f"""
        select schemas.schema_name || '.' || tables.table_name
        from {metadata}.ducklake_table as tables
        join {metadata}.ducklake_schema as schemas using (schema_id)
        anti join {metadata}.ducklake_table_stats as known using (table_id)
        where tables.end_snapshot is null and schemas.end_snapshot is null
        order by 1
        """
    ).fetchall()
    return [str(table) for (table,) in rows]


def give_statistics(connection: duckdb.DuckDBPyConnection, table: str) -> None:
    """Have the catalog know statistics of an empty table: a row comes and goes.

    Of a table that never had a row DuckLake asks for those of every column in every statement,
    some 20 ms for a dozen columns; of one that has had any it keeps them.
    """
    connection.execute(f"insert into {table} default values")
    connection.execute(f"delete from {table}")


def _model_scripts(dbt_project: Path) -> list[str]:
    """A `create table` per dbt model, with the columns and types of its contract."""
    scripts = []
    for path in sorted((dbt_project / "models").glob("*/*.yml")):
        document: dict[str, Any] = yaml.load(path.read_text(encoding="utf-8"), _Loader)
        for model in document.get("models", ()):
            columns = ", ".join(
                f'"{column["name"]}" {column["data_type"]}' for column in model["columns"]
            )
            scripts.append(f"{_MARKER}{path.parent.name}.{model['name']} (\n    {columns}\n);")
    return scripts
