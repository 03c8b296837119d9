"""Rows of a query by column name, as the stories and lists read them."""

from typing import Any

import duckdb

Row = dict[str, Any]
Rows = list[Row]


def fetch_rows(
    connection: duckdb.DuckDBPyConnection, query: str, parameters: dict[str, Any] | None = None
) -> Rows:
    """All rows, in the order of the query."""
    cursor = connection.execute(query, parameters or {})
    names = [column[0] for column in cursor.description or []]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def fetch_row(
    connection: duckdb.DuckDBPyConnection, query: str, parameters: dict[str, Any] | None = None
) -> Row | None:
    """The first row, None without any."""
    found = fetch_rows(connection, query, parameters)
    return found[0] if found else None
