"""Which listed keys a record has anywhere: asked of every record, so that few are gone through.

A key is known in any spelling: `is_test`, `Is Test` and `isTest` are one.
"""

import re
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from lead_platform.vocabularies.text import MARKS

_MOST_SHAPES = 1_000
_MOST_KNOWN = 10_000
_NOT_OF_A_NAME = re.compile(rf"(?:[^\w{MARKS}]|_)+")

T = TypeVar("T")


def plain_key(name: str) -> str:
    """What all spellings of a key have in common."""
    return _NOT_OF_A_NAME.sub("", name.casefold())


class Spellings(Generic[T]):
    """What a list says of keys, in any spelling; the records of a source have the same few."""

    def __init__(self, look_up: Callable[[str], T]) -> None:
        """`look_up` is given the plain form of a key."""
        self._look_up = look_up
        self._known: dict[str, T] = {}

    def of(self, name: str) -> T:
        """What the list says of the key."""
        try:
            return self._known[name]
        except KeyError:
            if len(self._known) >= _MOST_KNOWN:
                self._known.clear()
            said = self._known[name] = self._look_up(plain_key(name))
            return said


class KeyFinder:
    """Finds keys that are in one of several lists, and says which lists have any."""

    def __init__(self, *lists: Callable[[str], bool]) -> None:
        """Each says of a key whether it is listed."""
        self._lists = lists
        self._of_shape: dict[tuple[str, ...], int] = {}

    def found_in(self, content: Any) -> int:
        """Bit n is set where a key of the n-th list stands in `content`, at any depth: 3 µs."""
        shapes, found = self._of_shape, 0
        waiting = [content]
        while waiting:
            part = waiting.pop()
            if type(part) is dict:
                # The records of a source have a few sets of keys.
                names = tuple(part)
                listed = shapes.get(names)
                found |= self._look_at(names) if listed is None else listed
                part = part.values()
            for value in part:
                if type(value) is dict or type(value) is list:
                    waiting.append(value)
        return found

    def _look_at(self, names: tuple[str, ...]) -> int:
        if len(self._of_shape) >= _MOST_SHAPES:
            self._of_shape.clear()
        listed = 0
        for position, is_listed in enumerate(self._lists):
            listed |= any(map(is_listed, names)) << position
        self._of_shape[names] = listed
        return listed
