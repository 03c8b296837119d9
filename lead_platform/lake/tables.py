"""Which tables the lake has: those the layers declare in `tables.sql`, and dbt's models.

Models' tables are made from their contracts before dbt fills them, all in one commit: readers find
every table from the first day on, and DuckLake, which reads the whole catalog once for each schema
version it meets, meets one.
"""

import importlib.resources
from pathlib import Path
from typing import Any

import duckdb
import yaml  # type: ignore[import-untyped]

_MARKER = "create table if not exists "

# In C where PyYAML was built with it: a tenth of the time.
_Loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def table_scripts() -> list[str]:
    """The `tables.sql` of every layer."""
    package = Path(str(importlib.resources.files("lead_platform")))
    return [path.read_text(encoding="utf-8") for path in sorted(package.glob("*/tables.sql"))]


def model_scripts(dbt_project: Path) -> list[str]:
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


def tables_of(script: str) -> set[str]:
    """`layer.table` of every table a script creates."""
    return {
        line.removeprefix(_MARKER).split()[0] for line in script.splitlines() if _MARKER in line
    }


def expected_tables(dbt_project: Path) -> set[str]:
    """`layer.table` of every table the lake has to have."""
    models = {
        f"{path.parent.name}.{path.stem}" for path in (dbt_project / "models").glob("*/*.sql")
    }
    return models.union(*map(tables_of, table_scripts()))


def give_statistics(connection: duckdb.DuckDBPyConnection, table: str) -> None:
    """Have the catalog know statistics of a new, empty table: a row comes and goes.

    Of a table that never had a row DuckLake asks for those of every column in every statement,
    some 20 ms for a dozen columns; of one that has had any it keeps them.
    """
    connection.execute(f"insert into {table} default values")
    connection.execute(f"delete from {table}")
