"""What one cell holds besides a plain value: lists, JSON, urlencoded forms, a vendor's prefix.

Each function makes a step of a value rule (`value_rules`) of its settings.
"""

from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import parse_qsl

from lead_platform.capture.documents import ObjectReader, doubled_names, parse_kept
from lead_platform.capture.paths import compile_path
from lead_platform.capture.values import ValueFault, read_text, show

Step = Callable[[Any], Any]

# A form has some dozen fields; a crafted body could name a million.
_MOST_PAIRS = 2_000
_DEEPEST = 20


def parsing(form: str, at: str | None) -> Step:
    """Reads a text that is JSON or an urlencoded body; `at` is a path into what it holds."""
    read = read_json if form == "json" else read_urlencoded
    find = compile_path(at) if at is not None else None

    def parse(value: Any) -> Any:
        content = read(value) if isinstance(value, str) else value
        return content if find is None else find(content)

    return parse


def read_json(text: str) -> Any:
    """Raises ValueFault where it is none, or a name stands twice in an object."""
    try:
        doubled = doubled_names(ObjectReader().parse(text))
        content = parse_kept(text)
    except (ValueError, RecursionError):
        raise ValueFault(f"{show(text)} is not JSON") from None
    if doubled:
        raise ValueFault(f"{show(doubled[0])} stands twice in one object of {show(text)}")
    return content


def read_urlencoded(text: str) -> dict[str, Any]:
    """The fields of `a=1&b%5Bc%5D=2` with what brackets nest: {"a": "1", "b": {"c": "2"}}.

    A name given twice, or with empty brackets, becomes a list. Raises ValueFault.
    """
    try:
        pairs = parse_qsl(
            text, keep_blank_values=True, strict_parsing=True, errors="strict",
            max_num_fields=_MOST_PAIRS,
        )  # fmt: skip
    except ValueError:
        raise ValueFault(f"{show(text)} is not urlencoded") from None
    content: dict[str, Any] = {}
    for name, value in pairs:
        _put(content, _keys(name), value)
    return content


def _keys(name: str) -> list[str]:
    head, bracket, rest = name.partition("[")
    if not bracket or not rest.endswith("]"):
        return [name]
    keys = [head, *rest[:-1].split("][")]
    if len(keys) > _DEEPEST:
        raise ValueFault(f"{show(name)} is nested deeper than {_DEEPEST} levels")
    return keys[:-1] if keys[-1] == "" else keys


def _put(content: dict[str, Any], keys: Sequence[str], value: str) -> None:
    for key in keys[:-1]:
        inner = content.setdefault(key, {})
        if not isinstance(inner, dict):
            raise ValueFault(f"{show(key)} is a value and holds others")
        content = inner
    last = keys[-1]
    if last not in content:
        content[last] = value
    elif isinstance(content[last], list):
        content[last].append(value)
    elif isinstance(content[last], dict):
        raise ValueFault(f"{show(last)} is a value and holds others")
    else:
        content[last] = [content[last], value]


def stripping(prefixes: Sequence[str]) -> Step:
    """Takes the first prefix off that stands there (`p:+49…`); null where nothing is left."""

    def strip(value: Any) -> Any:
        text = read_text(value) or ""
        found = next((prefix for prefix in prefixes if text.startswith(prefix)), "")
        return text.removeprefix(found).strip() or None

    return strip


def splitting(separator: str, take: str, blanks: frozenset[str]) -> Step:
    """Splits a list in a cell; what is blank between two separators is no element."""

    def split(value: Any) -> Any:
        parts = value if isinstance(value, list) else (read_text(value) or "").split(separator)
        texts = [text for part in parts if (text := read_text(part)) and text not in blanks]
        if take == "all" or not texts:
            return texts or None
        return texts[0] if take == "first" else texts[-1]

    return split
