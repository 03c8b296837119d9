"""Finds mappings that read parallel lists by position, which give one person another's data.

Where one record is made of each message, `contacts[0]` is the first sender of the batch, whoever
wrote the message. What belongs together is joined by its key (`joins`).
"""

from collections.abc import Iterable, Mapping
from typing import Any

from lead_platform.capture.paths import parse_path

_Node = Mapping[str, Any]
_Origin = tuple[str, ...] | None
"""The names that lead to a value; None where it was selected by what it holds, or made."""

_CHAINS = frozenset({"subexpression", "index_expression", "pipe", "projection", "value_projection"})


def names_by_position(expression: str) -> set[str]:
    """The outermost names of lists that `expression` reads by position: `a[0].b` reads `a`.

    `record.a[0]` reads `record.a`. A list that was filtered before (`a[?id=='x'] | [0]`) is read
    by what it holds.
    """
    found: set[str] = set()
    _origin(parse_path(expression), (), found)
    return found


def position_faults(expressions: Iterable[str], allowed: frozenset[str]) -> list[str]:
    """One fault per list beside those in `allowed` that an expression reads by position."""
    return [
        f"{expression!r} reads {name!r} by position while another list is iterated: which element "
        "belongs to which is told by a key; use `join: {list: …, on: {key: …, of: …}, value: …}`"
        for expression in expressions
        for name in sorted(names_by_position(expression) - allowed)
    ]


def _origin(node: _Node, base: _Origin, found: set[str]) -> _Origin:
    """Where the node's value comes from; lists read by position on the way go to `found`."""
    kind = node["type"]
    children = [child for child in node.get("children", []) if isinstance(child, Mapping)]
    if kind == "field":
        return None if base is None else (*base, str(node["value"]))
    if kind == "index" and base:
        found.add(".".join(base[: 2 if base[0] == "record" else 1]))
    if kind in ("index", "identity", "slice"):
        return base
    if kind in _CHAINS or kind == "flatten":
        for child in children:
            base = _origin(child, base, found)
        return base
    if kind == "filter_projection":
        _origin(children[0], base, found)
        for child in children[1:]:
            _origin(child, None, found)
        return None
    for child in children:
        _origin(child, base, found)
    return None
