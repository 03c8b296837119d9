"""Words that people write with other letters than ASCII: names, cities, columns' names.

The list beside this module, accented_words.csv, has one a line with its language; most were drawn
from the names and places of Faker (accented_words.license.txt), some from
config/vocabularies/field_names.csv. It tells in which encoding a text makes sense
(`capture/tabular/encodings`).
"""

import csv
from functools import cache
from pathlib import Path

_LIST = Path(__file__).with_name("accented_words.csv")
_LEAST_PART = 2


def is_accented_word(text: str) -> bool:
    """Whether the text is one of the words; of a script without spaces, whether it begins or ends
    with one of two signs or more."""
    word = text.lower()
    if word in _words():
        return True
    if not _is_unspaced(word):
        return False
    sizes = range(_LEAST_PART, min(len(word), _longest() + 1))
    parts = (part for size in sizes for part in (word[:size], word[-size:]))
    return any(part in _words() for part in parts)


def _is_unspaced(word: str) -> bool:
    return all("\u2e80" <= sign <= "\u9fff" or "\uac00" <= sign <= "\ud7a3" for sign in word)


@cache
def _longest() -> int:
    return max(map(len, _words()))


@cache
def _words() -> frozenset[str]:
    with _LIST.open(encoding="utf-8", newline="") as stream:
        return frozenset(row["word"] for row in csv.DictReader(stream))
