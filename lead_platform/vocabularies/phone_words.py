"""Words beside a number: that nobody reaches the person by it (wrong, cut off, a fax, another's),
or what line it is and when it is answered, which changes nothing.

The list beside this module, phone_words.csv, has one a line, with what it says.
"""

import csv
import re
from functools import cache
from pathlib import Path
from typing import NamedTuple

from lead_platform.vocabularies.phone_forms import dialled_by_letters
from lead_platform.vocabularies.text import fold, undo_percent_encoding

_LIST = Path(__file__).with_name("phone_words.csv")
_TOLD = {
    "wrong": "marked as a wrong number",
    # Of anything else in a column of its own: `Customer: old`.
    "wrong_beside": "marked as a wrong number",
    "unreachable": "marked as out of service",
    "fax": "marked as a fax",
    "another": "marked as somebody else's",
}
_LONGEST_LABEL = 5
_OF_A_LINE = "line"
_OF_NUMBERS = frozenset({"wrong", "unreachable", "fax"})
# Scripts without spaces: such a word may stand within another (妻子手机).
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]{2,}")
_WORDS = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
_POSSESSIVE = re.compile(r"['’]s\b", re.IGNORECASE)
# One line for both is one to be called on.
_PHONE_AND_FAX = re.compile(
    r"\b(?!\w*fax)(?:t[eé]l\w*|phone|fon|fone)\.?\s*(?:[/&+-]|and|und|et|en|y|e)\s*"
    r"(?:t[eé]l[eé])?fax\b\.?",
    re.IGNORECASE,
)


class _Phrases(NamedTuple):
    says: dict[str, str]
    first: frozenset[str]
    longest: int
    unspaced: tuple[str, ...]
    of_a_line: frozenset[str]


@cache
def _phrases() -> _Phrases:
    with _LIST.open(encoding="utf-8", newline="") as stream:
        rows = [(fold(row["word"]), row["says"]) for row in csv.DictReader(stream)]
    says = {word: told for word, told in rows if told != _OF_A_LINE}
    of_a_line = frozenset(word for word, told in rows if told == _OF_A_LINE)
    firsts = frozenset(phrase.split()[0] for phrase in says)
    longest = max(len(phrase.split()) for phrase in says)
    unspaced = tuple(phrase for phrase in says if _UNSPACED.fullmatch(phrase))
    return _Phrases(says, firsts, longest, unspaced, of_a_line)


def without_shared_line(text: str) -> str:
    """`text` without the mark of a line that is phone and fax alike (`Tel./Fax: …`)."""
    return _PHONE_AND_FAX.sub(" ", text)


def is_against_numbers(value: str) -> bool:
    """Whether the whole value says of a number that nobody is reached by it; `boss` says nothing
    of numbers where none stands beside it."""
    return _phrases().says.get(fold(value)) in _OF_NUMBERS


def against_number(text: str) -> str | None:
    """Why nobody is reached by the number that `text` stands beside; None where no word says so."""
    if text.isascii() and text.lower() == text.upper():
        return None
    known = _phrases()
    words = fold(_POSSESSIVE.sub("", " ".join(_WORDS.findall(text)))).split()
    for start, word in enumerate(words):
        if word not in known.first:
            continue
        for end in range(start + 1, min(start + known.longest, len(words)) + 1):
            if (says := known.says.get(" ".join(words[start:end]))) is not None:
                return _TOLD[says]
    if not text.isascii():
        within = (phrase for phrase in known.unspaced if any(phrase in word for word in words))
        return next((_TOLD[known.says[phrase]] for phrase in within), None)
    return None


def is_label_against_number(value: str) -> bool:
    """Whether the value, where it is the label of a number or mailbox, says that nobody reaches the
    person by it."""
    is_label = len(value.split()) <= _LONGEST_LABEL and "@" not in value
    return is_label and not any(map(str.isdigit, value)) and against_number(value) is not None


def has_other_words(text: str) -> bool:
    """Whether words stand beside the number that say more than what line it is."""
    if text.isascii() and text.lower() == text.upper():
        return False
    if dialled_by_letters(text) is not None:
        return False
    beside = " ".join(
        part
        for part in undo_percent_encoding(text).split()
        if "@" not in part and "://" not in part
    )
    words = fold(" ".join(_WORDS.findall(beside))).split()
    return not _phrases().of_a_line.issuperset(words)
