"""Signs that a submission is no person's: of vendors, who mark their tests, and of people.

Owns the list `non_persons.csv` as it is looked up in. What signs together say is for capture.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, get_args

import re2

from lead_platform.patterns import OrderedPatterns, wildcard
from lead_platform.vocabularies.text import fold

SignName = Literal[
    "key", "text", "address", "attendee", "name_word", "name", "run", "mailbox", "tag", "domain",
    "reserved", "reserved_weak", "company", "message", "link", "promise",
]  # fmt: skip
NonPerson = Literal["test", "junk", "machine"]

SIGNS: tuple[SignName, ...] = get_args(SignName)
# Their values are wildcards over the text as it is, in lower case; those of others whole texts.
_WILDCARDS: tuple[SignName, ...] = (
    "text", "attendee", "reserved", "reserved_weak", "link", "promise",
)  # fmt: skip


_OF_NAMES: tuple[SignName, ...] = ("name_word", "name", "run")
START = 4


@dataclass(frozen=True)
class Sign:
    """What a listed value says, and of what kind such a submission is."""

    kind: NonPerson
    reason: str


class SignTable:
    """The values of one sign."""

    def __init__(self, rows: Iterable[tuple[str, Sign]], *, is_wildcard: bool) -> None:
        listed = list(rows)
        self.values: Mapping[str, Sign] = (
            {} if is_wildcard else {_key(value): sign for value, sign in listed}
        )
        self._signs = [sign for _, sign in listed]
        self._patterns = OrderedPatterns(
            [wildcard(value.casefold().split("*")) for value, _ in listed] if is_wildcard else []
        )

    def find(self, text: str) -> Sign | None:
        """What `text`, in lower case, is a sign of."""
        if self.values:
            return self.values.get(text)
        position = self._patterns.first_in(text)
        return None if position is None else self._signs[position]


class NonPersonSigns:
    """The whole list, by sign, and `version`, which names its state."""

    def __init__(self, rows: Iterable[tuple[SignName, str, NonPerson, str]], version: str) -> None:
        by_sign: dict[SignName, list[tuple[str, Sign]]] = {name: [] for name in SIGNS}
        for name, value, kind, reason in rows:
            by_sign[name].append((value, Sign(kind, reason)))
        self.version = version
        self._tables = {
            name: SignTable(listed, is_wildcard=name in _WILDCARDS)
            for name, listed in by_sign.items()
        }
        self.keys = _keys(by_sign["key"])
        markers = [(_of_any_line(value), sign) for value, sign in by_sign["text"]]
        markers += [(_of_first_line(value), sign) for value, sign in by_sign["attendee"]]
        self._markers = OrderedPatterns([expression for expression, _ in markers])
        self._marked = [sign for _, sign in markers]
        listed = [value for name in _OF_NAMES for value in self._tables[name].values]
        listed += [2 * value for value in self._tables["run"].values]
        listed += [value.casefold() for value, _ in by_sign["attendee"]]
        self.name_starts = frozenset(_start(value) for value in listed)
        """How a word starts, in capitals as names are written, that a listed name may have."""

    def find_marker(self, lines: str) -> Sign | None:
        """What the texts of a submission, in lower case, the name as first line, say alone."""
        position = self._markers.first_in(lines)
        return None if position is None else self._marked[position]

    def __getitem__(self, name: SignName) -> SignTable:
        return self._tables[name]


def _key(value: str) -> str:
    """Addresses and parts of them keep their marks; of words the folded form counts."""
    return value.casefold() if "@" in value or "_" in value else fold(value) or value.casefold()


def _start(value: str) -> str:
    words = re.findall(r"\w+", value)
    return words[0][:START].title() if words else ""


def _of_any_line(value: str) -> str:
    return wildcard(value.casefold().split("*"))


def _of_first_line(value: str) -> str:
    """`*` before a word stands for other words: a longer word that ends like it is another."""
    first, *others = value.casefold().split("*")
    if others and not first and others[0][:1].isalnum():
        start = rf"(?:[^\n]*[^\pL\pN\n])?{re2.escape(others[0])}"
    else:
        start = r"[^\n]*".join(re2.escape(part) for part in [first, *others[:1]])
    return r"\A" + r"[^\n]*".join([start, *(re2.escape(part) for part in others[1:])]) + r"\n"


def _keys(listed: Iterable[tuple[str, Sign]]) -> dict[str, dict[str, Sign]]:
    """`is_test=true` by name of the key and its value in lower case."""
    keys: dict[str, dict[str, Sign]] = {}
    for value, sign in listed:
        name, _, given = value.partition("=")
        keys.setdefault(name, {})[given.casefold()] = sign
    return keys
