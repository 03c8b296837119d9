"""Statements that tell how many rows they made, added, changed or removed: nobody asks again."""

from collections.abc import Mapping, Sequence
from typing import Any

import duckdb


def count_rows(
    connection: duckdb.DuckDBPyConnection,
    statement: str,
    values: Sequence[Any] | Mapping[str, Any] | None = None,
) -> int:
    """Run one `create table … as`, insert, update or delete; the number of its rows."""
    row = connection.execute(statement, values).fetchone()
    return int(row[0]) if row else 0
