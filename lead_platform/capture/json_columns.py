"""Tables that a JSON object holds column by column, as `DataFrame.to_json()` and many exports of
charts write them: a list per column, or an object per column whose names are numbers of rows.

Owns which objects are such tables, and their rows. Read as records, all people of one would be one.
"""

from collections.abc import Mapping
from typing import Any

_LEAST_COLUMNS = 2
_LEAST_ROWS = 2
"""Of lists: forms send `{"email": ["a@b.example"]}` for one value."""


def rows_of_columns(document: Mapping[str, Any]) -> list[dict[str, Any]] | None:
    """The rows of the table that `document` is; None where it is none. What a row lacks is null."""
    columns = list(document.values())
    if len(columns) < _LEAST_COLUMNS or not isinstance(columns[0], list | dict):
        return None
    if all(isinstance(column, list) for column in columns):
        rows = range(len(columns[0]))
        if len(rows) < _LEAST_ROWS or not all(_is_plain(column) for column in columns):
            return None
        if any(len(column) != len(rows) for column in columns):
            return None
        return [{name: column[row] for name, column in document.items()} for row in rows]
    if not all(isinstance(column, dict) and _is_numbered(column) for column in columns):
        return None
    numbers = dict.fromkeys(number for column in columns for number in column)
    if not numbers:
        return None
    return [{name: column.get(n) for name, column in document.items()} for n in numbers]


def _is_numbered(column: Mapping[str, Any]) -> bool:
    return all(map(str.isdecimal, column)) and _is_plain(list(column.values()))


def _is_plain(values: list[Any]) -> bool:
    return not any(isinstance(value, dict | list) for value in values)
