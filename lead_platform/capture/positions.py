"""Finds mappings that read parallel lists by position, which give one person another's data.

Where one record is made of each message, `contacts[0]` is the first sender of the batch, whoever
wrote the message. What belongs together is joined by its key (`joins`).
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from lead_platform.capture.paths import parse_path

_Node = Mapping[str, Any]


class _Origin(NamedTuple):
    """The names that lead to a value, and how many lists that the path itself makes are around."""

    names: tuple[str, ...] = ()
    lists: int = 0


_Origins = frozenset[_Origin]
_NOWHERE: _Origins = frozenset()
_RECORD: _Origins = frozenset({_Origin()})
_CHAINS = frozenset({"subexpression", "index_expression", "pipe"})
_PROJECTIONS = frozenset({"projection", "value_projection", "filter_projection"})
# Of what they are applied to, nothing is in the value.
_ANSWERS = frozenset({"comparator", "not_expression", "literal"})


def names_by_position(expression: str) -> set[str]:
    """The outermost names of lists that `expression` reads by position: `a[0].b` reads `a`.

    `record.a[0]` reads `record.a`. A list that was filtered before (`a[?id=='x'] | [0]`) is read
    by what it holds; one that went through functions and choices is the list it was.
    """
    walk = _Walk()
    walk.origins(parse_path(expression), _RECORD)
    return walk.found


def position_faults(expressions: Iterable[str], allowed: frozenset[str]) -> list[str]:
    """One fault per list beside those in `allowed` that an expression reads by position."""
    return [
        f"{expression!r} reads {name!r} by position while another list is iterated: which element "
        "belongs to which is told by a key; use `join: {list: …, on: {key: …, of: …}, value: …}`"
        for expression in expressions
        for name in sorted(names_by_position(expression) - allowed)
    ]


class _Walk:
    """Goes through a path and collects the lists that it reads by position."""

    def __init__(self) -> None:
        self.found: set[str] = set()

    def origins(self, node: _Node, base: _Origins) -> _Origins:
        """Where the node's value comes from, where what it is applied to comes from `base`."""
        kind = node["type"]
        children = [child for child in node.get("children", []) if isinstance(child, Mapping)]
        if kind in ("identity", "current"):
            return base
        if kind == "field":
            return _named(base, str(node["value"]))
        if kind in ("index", "slice"):
            return self._by_position(node, base)
        if kind in _CHAINS:
            for child in children:
                base = self.origins(child, base)
            return base
        if kind in _PROJECTIONS:
            return self._projected(kind, children, base)
        if kind == "flatten":
            return _elements(self.origins(children[0], base))
        if kind == "function_expression":
            return self._result(str(node["value"]), children, base)
        found = _NOWHERE.union(*(self.origins(child, base) for child in children))
        if kind == "multi_select_list":
            return _listed(found)
        return _NOWHERE if kind in _ANSWERS else found

    def _by_position(self, node: _Node, base: _Origins) -> _Origins:
        is_slice = node["type"] == "slice"
        if is_slice and node["children"][:2] == [None, None]:
            return base
        for names, lists in base:
            if names and not lists:
                self.found.add(".".join(names[: 2 if names[0] == "record" else 1]))
        return base if is_slice else _elements(base)

    def _projected(self, kind: str, children: list[_Node], base: _Origins) -> _Origins:
        """What is found in each element, or in each that a filter leaves."""
        whole = self.origins(children[0], base)
        if kind == "value_projection":
            whole = _named(whole, "*")
        if kind == "filter_projection":
            self.origins(children[2], _NOWHERE)
            whole = frozenset(origin for origin in whole if origin.lists)
        is_listed = any(origin.lists for origin in whole)
        parts = self.origins(children[1], _elements(whole))
        return _listed(parts) if is_listed else parts

    def _result(self, name: str, children: list[_Node], base: _Origins) -> _Origins:
        """A function's value is made of its arguments, in the order that it gives them."""
        applied = [child for child in children if child["type"] == "expref"]
        given = [child for child in children if child["type"] != "expref"]
        found = _NOWHERE.union(*(self.origins(child, base) for child in given))
        if name == "values":
            found = _named(found, "*")
        return found.union(*(self.origins(child, _elements(found)) for child in applied))


def _named(base: _Origins, name: str) -> _Origins:
    return frozenset(_Origin((*origin.names, name), origin.lists) for origin in base)


def _listed(base: _Origins) -> _Origins:
    return frozenset(_Origin(origin.names, origin.lists + 1) for origin in base)


def _elements(base: _Origins) -> _Origins:
    return frozenset(_Origin(origin.names, max(0, origin.lists - 1)) for origin in base)
