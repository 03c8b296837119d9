"""The order of what was decided: places, not times.

A clock may step back or stand still, and a run may be given a time of its own (`--as-of`). So what
is appended to a history carries its place there, one more than the greatest so far; what one write
appends shares it. The times beside it are for people.
"""

import duckdb


def last_place(table: str, *columns: str) -> str:
    """SQL for the greatest place any of these columns holds; 0 in an empty table."""
    greatest = ", ".join(f"max({column})" for column in columns)
    return f"(select coalesce(greatest({greatest}), 0) from {table})"


def next_place(table: str, *columns: str) -> str:
    """SQL for the place of what is appended now."""
    return f"(1 + {last_place(table, *columns)})"


def read_place(connection: duckdb.DuckDBPyConnection, place: str) -> int:
    """The number such SQL stands for, as things are now."""
    row = connection.execute(f"select {place}").fetchone()
    assert row is not None
    return int(row[0])
