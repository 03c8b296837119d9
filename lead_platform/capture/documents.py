"""Texts of JSON, with the numbers that are none: NaN, Infinity, 1e999, five thousand digits.

Programs write them where a number is missing or went over its limits. JSON has no name for them.
They are read as Python has them, so that the field that wants one says why it is empty, and kept as
MongoDB's Extended JSON writes them, so that what was kept is read alike again.
"""

import json
import math
from collections.abc import Callable
from typing import Any, TypeVar

# Python refuses to read more (a million digits take it seconds), and no number has as many.
_MOST_DIGITS = 4_000
_KEY = "$numberDouble"
_NAMES = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}

Read = TypeVar("Read")


def is_no_number(value: Any) -> bool:
    """Whether it stands for a number and is none."""
    return type(value) is float and not math.isfinite(value)


def holds_no_number(value: Any) -> bool:
    """Whether it is one that is none, or has one within it."""
    waiting = [value]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            waiting.extend(part.values())
        elif isinstance(part, list):
            waiting.extend(part)
        elif is_no_number(part):
            return True
    return False


def without_no_numbers(value: Any) -> Any:
    """The value with null in the place of each that is none."""
    if isinstance(value, dict):
        return {name: without_no_numbers(part) for name, part in value.items()}
    if isinstance(value, list):
        return [without_no_numbers(part) for part in value]
    return None if is_no_number(value) else value


def told_no_number(value: float) -> str:
    """Why it is none, and what to do."""
    if math.isnan(value):
        return "NaN is no number; send null where there is none"
    return (
        f"{_name_of(value)} is no number (one beyond 1.8e308 counts as it); send a smaller one, or "
        "null where there is none"
    )


class DoubledObject(dict[str, Any]):
    """An object in which a name stands twice, with two values: the last one is its content."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        self._pairs = pairs

    def __repr__(self) -> str:
        return f"{{{', '.join(f'{name!r}: {value!r}' for name, value in self._pairs)}}}"

    @property
    def name(self) -> str:
        """The first that stands twice."""
        seen: dict[str, Any] = {}
        return next(n for n, value in self._pairs if seen.setdefault(n, value) != value)


class DoubledDocument(dict[str, Any]):
    """A document that has such objects in it, or is one. `names`: one of each."""

    def __init__(self, document: dict[str, Any]) -> None:
        super().__init__(document)
        self.names = doubled_names(document)
        self._text = document

    def __repr__(self) -> str:
        return repr(self._text)


def doubled_names(value: Any) -> list[str]:
    """The names that stand twice in objects of the value."""
    names: list[str] = []
    waiting = [value]
    while waiting:
        part = waiting.pop()
        if isinstance(part, DoubledDocument):
            return part.names
        if isinstance(part, DoubledObject):
            names.append(part.name)
        if isinstance(part, dict):
            waiting.extend(part.values())
        elif isinstance(part, list):
            waiting.extend(part)
    return names


class ObjectReader:
    """Reads documents one after the other; one in which a name stands twice is a
    DoubledDocument."""

    def __init__(self) -> None:
        self._has_doubled = False
        self._decoder = json.JSONDecoder(object_pairs_hook=self._object)
        self._long = json.JSONDecoder(object_pairs_hook=self._object, parse_int=_integer)

    def parse(self, text: str) -> Any:
        """As `parse_json`."""
        return self._told(_decoded(lambda one: one.decode(text), self._decoder, self._long))

    def element(self, text: str, position: int) -> tuple[Any, int]:
        """The value that begins at `position`, and where it ends. Raises as `parse_json` does."""
        value, end = _decoded(lambda one: one.raw_decode(text, position), self._decoder, self._long)
        return self._told(value), end

    def _told(self, value: Any) -> Any:
        if not self._has_doubled:
            return value
        self._has_doubled = False
        return DoubledDocument(value) if isinstance(value, dict) and doubled_names(value) else value

    def _object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        content = dict(pairs)
        if len(content) == len(pairs):
            return content
        if any(content[name] != value for name, value in pairs):
            self._has_doubled = True
            return DoubledObject(pairs)
        return content


def parse_json(text: str) -> Any:
    """What the text holds. Raises ValueError, RecursionError where it is nested too deeply."""
    return _decoded(lambda decoder: decoder.decode(text), _DECODER, _LONG_DECODER)


def parse_kept(text: str) -> Any:
    """What `write_json` was given. Raises as `parse_json` does."""
    return json.loads(text, object_hook=_restored) if _KEY in text else parse_json(text)


def write_json(value: Any) -> str:
    """JSON with sorted keys and no spaces: equal content, equal text."""
    try:
        return _ENCODER.encode(value)
    except ValueError:
        return _ENCODER.encode(_extended(value))


def _decoded(
    read: Callable[[json.JSONDecoder], Read], decoder: json.JSONDecoder, long: json.JSONDecoder
) -> Read:
    try:
        return read(decoder)
    except json.JSONDecodeError:
        raise
    except ValueError:
        # A number of too many digits; to be asked of each costs twice the time.
        return read(long)


def _integer(digits: str) -> int | float:
    if len(digits) <= _MOST_DIGITS:
        return int(digits)
    return -math.inf if digits.startswith("-") else math.inf


def _name_of(value: float) -> str:
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def _extended(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _extended(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [_extended(part) for part in value]
    return {_KEY: _name_of(value)} if is_no_number(value) else value


def _restored(content: dict[str, Any]) -> Any:
    name = content.get(_KEY)
    return _NAMES.get(name, content) if isinstance(name, str) and len(content) == 1 else content


_DECODER = json.JSONDecoder()
_LONG_DECODER = json.JSONDecoder(parse_int=_integer)
_ENCODER = json.JSONEncoder(
    sort_keys=True, ensure_ascii=False, allow_nan=False, separators=(",", ":")
)
