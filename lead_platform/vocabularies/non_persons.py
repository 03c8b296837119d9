"""Signs that a submission is no person's: of vendors, who mark their tests, and of people.

Owns the list `non_persons.csv` as it is looked up in. What signs together say is for capture.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, get_args

import re2

from lead_platform.patterns import OrderedPatterns, wildcard
from lead_platform.vocabularies.keys import Spellings, plain_key
from lead_platform.vocabularies.text import fold

SignName = Literal[
    "key", "envelope", "text", "address", "attendee", "maker", "name_word", "name", "run",
    "mailbox", "tag", "domain", "reserved", "company", "message", "link", "promise",
]  # fmt: skip
WeakSignName = Literal[
    "name_word_weak", "run_weak", "mailbox_weak", "domain_weak", "reserved_weak", "company_weak",
]  # fmt: skip
"""The same signs by values that persons and companies have too."""
NonPerson = Literal["test", "junk", "machine"]

SIGNS: tuple[SignName, ...] = get_args(SignName)
# Their values are wildcards over the text as it is, in lower case; those of others whole texts.
_WILDCARDS: tuple[SignName, ...] = ("text", "maker", "reserved", "link")
# The same, but beside a `*` a word of the value begins or ends.
_WILDCARDS_OF_WORDS: tuple[SignName, ...] = ("attendee", "promise")


_OF_NAMES: tuple[SignName, ...] = ("name_word", "name", "run")
START = 4
_NO_LETTER = r"[^\pL\pM\pN]"


@dataclass(frozen=True)
class Sign:
    """What a listed value says, and of what kind such a submission is."""

    kind: NonPerson
    reason: str
    is_strong: bool = True


class SignTable:
    """The values of one sign."""

    def __init__(
        self, rows: Iterable[tuple[str, Sign]], expression: Callable[[str], str] | None
    ) -> None:
        """`expression`: of a value that is a wildcard; None where values are whole texts."""
        listed = list(rows)
        self.values: Mapping[str, Sign] = (
            {} if expression else {_key(value): sign for value, sign in listed}
        )
        self._signs = [sign for _, sign in listed]
        self._patterns = OrderedPatterns(
            [expression(value) for value, _ in listed] if expression else []
        )

    def find(self, text: str) -> Sign | None:
        """What `text`, in lower case, is a sign of."""
        if self.values:
            return self.values.get(text)
        position = self._patterns.first_in(text)
        return None if position is None else self._signs[position]


class NonPersonSigns:
    """The whole list, by sign, and `version`, which names its state."""

    def __init__(
        self,
        rows: Iterable[tuple[SignName | WeakSignName, str, NonPerson, str]],
        version: str,
    ) -> None:
        by_sign: dict[str, list[tuple[str, Sign]]] = {name: [] for name in SIGNS}
        for name, value, kind, reason in rows:
            sign = Sign(kind, reason, is_strong=not name.endswith("_weak"))
            by_sign[name.removesuffix("_weak")].append((value, sign))
        self.version = version
        self._tables = {name: SignTable(by_sign[name], _expression_of(name)) for name in SIGNS}
        key_values: Mapping[str, Mapping[str, Sign]] = _keys(by_sign["key"], plain_key)
        self.keys = Spellings(key_values.get)
        """What the values of a vendor's key say, each in lower case; None of other keys."""
        self.envelope: Mapping[str, Mapping[str, Sign]] = _keys(by_sign["envelope"], str)
        """The same of keys that count in the record itself, and in nothing that it holds; columns
        of people are called `Mode` too, so they are spelled as listed."""
        self.of_vendors = frozenset(
            sign for name in ("key", "envelope") for _, sign in by_sign[name]
        )
        listed = [value for name in _OF_NAMES for value in self._tables[name].values]
        listed += [2 * value for value in self._tables["run"].values]
        self.name_starts = frozenset(_start(value) for value in listed)
        """How the words of listed names start, as folded names written with capitals do."""
        links = [value.replace("*", " ").replace(" ", "") for value, _ in by_sign["link"]]
        self.has_links_of_letters = any(not link or link.isalpha() for link in links)
        """Whether a name of letters alone may be a link."""

    def has_key(self, name: str) -> bool:
        """Whether the vendor's word stands under such a key."""
        return self.keys.of(name) is not None or name in self.envelope

    def __getitem__(self, name: SignName) -> SignTable:
        return self._tables[name]


def _key(value: str) -> str:
    """Addresses and parts of them keep their marks; of words the folded form counts."""
    return value.casefold() if "@" in value or "_" in value else fold(value) or value.casefold()


def _start(value: str) -> str:
    words = re.findall(r"\w+", value)
    return words[0][:START].title() if words else ""


def _expression_of(name: SignName) -> Callable[[str], str] | None:
    if name in _WILDCARDS_OF_WORDS:
        return _wildcard_of_words
    return _plain_wildcard if name in _WILDCARDS else None


def _plain_wildcard(value: str) -> str:
    return wildcard(value.casefold().split("*"))


def _wildcard_of_words(value: str) -> str:
    """`*` stands for other words: "jamie ai*" is no longer word that starts so, as Jamie Aitken."""
    first, *others = value.casefold().split("*")
    expression, before = re2.escape(first), first
    for part in others:
        expression += _gap(before, part) + re2.escape(part)
        before = part
    return rf"(?s)\A{expression}\z"


def _gap(before: str, behind: str) -> str:
    """Anything between two parts of a value; beside their letters and digits no further ones."""
    ends, begins = before[-1:].isalnum(), behind[:1].isalnum()
    if ends and begins:
        return f"{_NO_LETTER}(?:.*{_NO_LETTER})?"
    if ends:
        return f"(?:{_NO_LETTER}.*)?"
    return f"(?:.*{_NO_LETTER})?" if begins else ".*"


def _keys(
    listed: Iterable[tuple[str, Sign]], form: Callable[[str], str]
) -> dict[str, dict[str, Sign]]:
    """`is_test=true|1|yes` by a form of the key and each of its values in lower case."""
    keys: dict[str, dict[str, Sign]] = {}
    for value, sign in listed:
        name, _, given = value.partition("=")
        for one in given.casefold().split("|"):
            keys.setdefault(form(name), {}).setdefault(one, sign)
    return keys
