"""How a proposed channel writes where values are: paths of jmespath, and texts of YAML."""

import json
import re
from collections.abc import Mapping

from lead_platform.capture.guessing.shapes import Column

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# What YAML reads as something else than a text unless it is quoted.
_RESERVED = frozenset({"true", "false", "yes", "no", "on", "off", "null", "y", "n", "~"})
_SAFE = re.compile(r"[A-Za-z_][A-Za-z0-9_ ./|-]*[A-Za-z0-9_.]|[A-Za-z_]")


def reference(columns: tuple[Column, ...], *, bare: bool = True) -> str:
    """Where the columns are: `{column: First Name}`, `path: a.b`; of several, the first that says
    something: `{column: [Phone, Mobile]}`. `bare` for a rule of its own."""
    if len(columns) > 1:
        found = _first_of(columns)
        return f"{{{found}}}" if bare else found
    (column,) = columns
    if len(column.path) == 1 and column.at is None and not _PLAIN.fullmatch(column.name):
        named = f"column: {scalar(column.path[0])}"
        return f"{{{named}}}" if bare else named
    path = scalar(where(column))
    return path if bare else f"path: {path}"


def _first_of(columns: tuple[Column, ...]) -> str:
    """A path with `||` would take a dash in the first column for its value."""
    if all(len(column.path) == 1 and column.at is None for column in columns):
        return f"column: {flow([column.path[0] for column in columns])}"
    return f"first_of: {flow([where(column) for column in columns])}"


def where_both(others: tuple[Column, ...], column: Column) -> str:
    """The column where one of the others is filled too."""
    any_other = " || ".join(where(each) for each in others)
    bracketed = f"({any_other})" if len(others) > 1 else any_other
    return f"{bracketed} && {where(column)}"


def all_of(columns: tuple[Column, ...]) -> str:
    """Several columns whose values are joined."""
    if all(len(column.path) == 1 and column.at is None for column in columns):
        return f"column: {flow([column.path[0] for column in columns])}"
    return f"path: {flow([where(column) for column in columns])}"


def where(column: Column) -> str:
    """The jmespath of a column."""
    return column.at if column.at is not None else path_of(column.path)


def path_of(names: tuple[str, ...]) -> str:
    """A jmespath: names with spaces or signs in quotes."""
    return ".".join(
        name if _PLAIN.fullmatch(name) else json.dumps(name, ensure_ascii=False) for name in names
    )


def raw(text: str) -> str:
    """A text as jmespath has it."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def scalar(text: str) -> str:
    """A text as YAML reads it as text, also within brackets."""
    if _SAFE.fullmatch(text) and text.lower() not in _RESERVED and " #" not in text:
        return text
    return quoted(text)


def quoted(text: str) -> str:
    if not text.isprintable():
        return json.dumps(text)
    return "'" + text.replace("'", "''") + "'"


def flow(value: object) -> str:
    if isinstance(value, Mapping):
        pairs = (f"{quoted(str(key))}: {flow(part)}" if not _PLAIN.fullmatch(str(key))
                 or str(key).lower() in _RESERVED else f"{key}: {flow(part)}"
                 for key, part in value.items())  # fmt: skip
        return "{" + ", ".join(pairs) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(flow(part) for part in value) + "]"
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return "null" if value is None else scalar(str(value))
