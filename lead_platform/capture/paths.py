"""Paths into a payload: jmespath expressions, compiled once.

Names, positions, choices (`a || b`), comparisons and `{name: path}`, which are nearly all of what
channels use, become plain functions; whatever else the language offers is left to jmespath. Words
that a path names are compared as `values` are: `direction == 'inbound'` holds of `Inbound`.
"""

import math
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Annotated, Any, TypeVar

import jmespath
from jmespath.exceptions import JMESPathError
from jmespath.visitor import TreeInterpreter
from pydantic import AfterValidator, BaseModel

from lead_platform.capture.documents import is_no_number

# All channels that ship have 700 paths.
_MOST_PARSED = 5_000
Getter = Callable[[Any], Any]
_Node = Mapping[str, Any]


class PathError(ValueError):
    """A path that does not compile, or that fails on the record it is applied to."""


class RecordPath(str):
    """A path of a channel that sees the record, perhaps with the item of a list of it."""

    __slots__ = ()


class PartPath(str):
    """A path that sees a part of the record: an element of a list, what a cell holds."""

    __slots__ = ()


class DocumentPath(str):
    """A path that sees no record: the document around the records, or a companion file."""

    __slots__ = ()


_PathOfChannel = TypeVar("_PathOfChannel", RecordPath, PartPath, DocumentPath)


def _checked(form: type[_PathOfChannel]) -> Callable[[str], _PathOfChannel]:
    def check(value: str) -> _PathOfChannel:
        parse_path(value)
        return form(value)

    return check


PathText = Annotated[str, AfterValidator(_checked(RecordPath))]
PartPathText = Annotated[str, AfterValidator(_checked(PartPath))]
DocumentPathText = Annotated[str, AfterValidator(_checked(DocumentPath))]


_WITHOUT_PATHS = (bool, str, int, float)


def paths_of(part: Any, *forms: type[str]) -> Iterator[str]:
    """Every path of these forms in a part of a channel, wherever its model has one."""
    if isinstance(part, forms):
        yield part
        return
    if isinstance(part, BaseModel):
        part = vars(part)
    if isinstance(part, dict):
        part = tuple(part.values())
    if isinstance(part, tuple):
        for inner in part:
            if inner is not None and type(inner) not in _WITHOUT_PATHS:
                yield from paths_of(inner, *forms)


def compile_path(expression: str) -> Getter:
    """A function from a scope (dict) to the value at `expression`, None where there is none.

    `a && b` and `a || b` give None, not false, where they do not apply. Raises PathError when the
    expression does not compile; the function it returns raises PathError when the types of a
    record do not fit the expression (for example joining a number).
    """
    node = parse_path(expression)
    find = _compile(node)
    if node["type"] in ("or_expression", "and_expression"):
        find = _none_for_false(find)
    return find if _is_plain(node) else _explained(expression, find)


def first_name(expression: str) -> str | None:
    """The single name `expression` consists of, None for anything longer."""
    node = parse_path(expression)
    return str(node["value"]) if node["type"] == "field" else None


@lru_cache(_MOST_PARSED)
def names_of(expression: str) -> frozenset[str]:
    """Every field name that occurs in `expression`, at any depth."""
    names: set[str] = set()
    pending: list[_Node] = [parse_path(expression)]
    while pending:
        node = pending.pop()
        if node["type"] == "field":
            names.add(str(node["value"]))
        pending += [child for child in node.get("children", []) if isinstance(child, Mapping)]
    return frozenset(names)


def is_true(value: Any) -> bool:
    """Truth as jmespath has it: 0 is true; null, false, empty text, lists and objects are not.

    Nor is NaN, which says as little as null.
    """
    return not (
        value is None
        or value is False
        or value == ""
        or value == []
        or value == {}
        or is_no_number(value)
    )


# The longest that ships has 180; each sign may nest one deeper, and jmespath walks by recursion.
LONGEST_PATH = 1_000

# A line of lists piped into lists could stand for a billion values; none that ships has over 9.
MOST_COPIES = 1_000
MOST_VALUES = 200_000


@lru_cache(_MOST_PARSED)
def parse_path(expression: str) -> Mapping[str, Any]:
    """The syntax tree of `expression`, as jmespath has it. Raises PathError."""
    if len(expression) > LONGEST_PATH:
        raise PathError(
            f"a path of {len(expression):,} characters; at most {LONGEST_PATH:,}: use `derive`"
        )
    try:
        node: _Node = jmespath.compile(expression).parsed
        copies = _copies(node)
    except RecursionError:
        raise PathError(f"{expression[:80]!r}… is nested too deeply; use `derive`") from None
    except JMESPathError as error:
        raise PathError(
            f"{expression!r} is not a path ({_first_line(error)}); "
            "use jmespath, or `column: <name>` for a name with spaces or signs"
        ) from None
    if copies > MOST_COPIES:
        raise PathError(
            f"{expression[:80]!r} names what it is applied to {copies:,} times, a list within a "
            f"list; at most {MOST_COPIES:,}"
        )
    return node


def _copies(node: _Node) -> int:
    """How often what the node is applied to may stand in its value: `[@, @] | [@, @]` 4 times."""
    children = [child for child in node.get("children", []) if isinstance(child, Mapping)]
    inner = map(_copies, children)
    is_list = node["type"] in ("multi_select_list", "multi_select_dict")
    return max(1, sum(inner) if is_list else math.prod(inner))


def _is_plain(node: _Node) -> bool:
    """Whether the node consists of names and positions only, which fit any record."""
    if node["type"] in ("field", "index"):
        return True
    if node["type"] in ("subexpression", "index_expression"):
        return all(_is_plain(child) for child in node["children"])
    return False


def _compile(node: _Node) -> Getter:
    build = _BUILDERS.get(node["type"])
    return build(node) if build is not None else _interpreted(node)


def _field(node: _Node) -> Getter:
    name = node["value"]

    def get(scope: Any) -> Any:
        return scope.get(name) if isinstance(scope, dict) else None

    return get


def _index(node: _Node) -> Getter:
    position = int(node["value"])

    def get(scope: Any) -> Any:
        if isinstance(scope, list) and -len(scope) <= position < len(scope):
            return scope[position]
        return None

    return get


def _chain(node: _Node) -> Getter:
    steps = [_compile(child) for child in node["children"]]
    if len(steps) == 2:
        first, second = steps
        return lambda scope: second(first(scope))

    def get(scope: Any) -> Any:
        for step in steps:
            scope = step(scope)
        return scope

    return get


def _or(node: _Node) -> Getter:
    left, right = (_compile(child) for child in node["children"])

    def get(scope: Any) -> Any:
        value = left(scope)
        if is_true(value):
            return value
        other = right(scope)
        return value if other is None and is_no_number(value) else other

    return get


def _and(node: _Node) -> Getter:
    left, right = (_compile(child) for child in node["children"])

    def get(scope: Any) -> Any:
        value = left(scope)
        return right(scope) if is_true(value) else value

    return get


def _not(node: _Node) -> Getter:
    inner = _compile(node["children"][0])
    return lambda scope: not is_true(inner(scope))


def _comparison(node: _Node) -> Getter:
    if node["value"] not in ("eq", "ne"):
        return _interpreted(node)
    left, right = (_compile(child) for child in node["children"])
    wanted, is_of_word = node["value"] == "eq", _has_word(node)

    def get(scope: Any) -> bool:
        a, b = left(scope), right(scope)
        if is_of_word:
            a, b = _worded(a), _worded(b)
        # Python holds 1 == True; jmespath does not.
        same = a == b and isinstance(a, bool) == isinstance(b, bool)
        return same is wanted

    return get


def _has_word(node: _Node) -> bool:
    """Whether a text written in the path is among what the node compares."""
    return any(
        child["type"] == "literal" and isinstance(child["value"], str) for child in node["children"]
    )


def _worded(value: Any) -> Any:
    """A text as words of a source are compared: `Inbound ` is 'inbound'."""
    return value.strip().casefold() if isinstance(value, str) else value


def _cased(value: Any) -> Any:
    """Texts without the case of their letters, those of a list too."""
    if isinstance(value, list):
        return [_cased(part) for part in value]
    return value.casefold() if isinstance(value, str) else value


class _Interpreter(TreeInterpreter):
    """That of jmespath, for which the case of a word that a path names makes no difference."""

    def visit_comparator(self, node: Any, value: Any) -> Any:
        """`from == 'visitor'`, where it stands in a filter."""
        if node["value"] not in ("eq", "ne") or not _has_word(node):
            return super().visit_comparator(node, value)
        left, right = (_worded(self.visit(child, value)) for child in node["children"])
        return (left == right) is (node["value"] == "eq")

    def visit_function_expression(self, node: Any, value: Any) -> Any:
        """`starts_with(event, 'invitee_')`, and what else looks for a word."""
        if node["value"] not in ("starts_with", "ends_with", "contains") or not _has_word(node):
            return super().visit_function_expression(node, value)
        cased = [_cased(self.visit(child, value)) for child in node["children"]]
        arguments = [{"type": "literal", "value": one, "children": []} for one in cased]
        applied: Any = {**node, "children": arguments}
        return super().visit_function_expression(applied, value)


def _literal(node: _Node) -> Getter:
    value = node["value"]
    return lambda _scope: value


def _object(node: _Node) -> Getter:
    pairs = [(child["value"], _compile(child["children"][0])) for child in node["children"]]

    def get(scope: Any) -> dict[str, Any] | None:
        return None if scope is None else {name: find(scope) for name, find in pairs}

    return get


def _interpreted(node: _Node) -> Getter:
    visit: Callable[[Any, Any], Any] = _Interpreter().visit
    return lambda scope: visit(node, scope)


_BUILDERS: dict[str, Callable[[_Node], Getter]] = {
    "field": _field,
    "index": _index,
    "subexpression": _chain,
    "index_expression": _chain,
    "or_expression": _or,
    "and_expression": _and,
    "not_expression": _not,
    "comparator": _comparison,
    "literal": _literal,
    "multi_select_dict": _object,
}


def _none_for_false(find: Getter) -> Getter:
    def get(scope: Any) -> Any:
        value = find(scope)
        return None if value is False else value

    return get


def _explained(expression: str, find: Getter) -> Getter:
    def get(scope: Any) -> Any:
        try:
            value = find(scope)
        except (JMESPathError, TypeError) as error:
            raise PathError(f"{expression!r} does not fit: {_first_line(error)}") from None
        if isinstance(value, list | dict) and _holds_more_than(MOST_VALUES, value):
            raise PathError(f"{expression!r} gives more than {MOST_VALUES:,} values")
        return value

    return get


def _holds_more_than(most: int, value: Any) -> bool:
    """Whether so many values are in it, one that is in it twice counted twice."""
    count, pending = 0, [value]
    while pending:
        parts = pending.pop()
        count += len(parts)
        if count > most:
            return True
        inside = parts.values() if isinstance(parts, dict) else parts
        pending += [part for part in inside if isinstance(part, list | dict)]
    return False


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0]
