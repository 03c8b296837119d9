"""Marks for "the same as above": `"`, `dto.`, `siehe oben`, in the spellings people write them.

Such a mark is a value of no field: what stands above is another record's, and rows get sorted.
"""

from collections.abc import Iterator
from functools import lru_cache
from itertools import product

_FEWEST_LETTERS = 3


@lru_cache(maxsize=4)
def spellings(marks: frozenset[str]) -> frozenset[str]:
    """Each mark as it stands; words also in other casing, within brackets, and with a full stop.

    Looked up as they are: to fold every value of a file takes longer than to list all spellings.
    """
    return frozenset(form for mark in marks for form in _forms(mark))


def _forms(mark: str) -> Iterator[str]:
    if not any(map(str.isalpha, mark)):
        yield mark
        return
    for cased in _cased(mark):
        yield cased
        yield f"({cased})"
        if not cased.endswith("."):
            yield f"{cased}."


def _cased(mark: str) -> set[str]:
    """Any words with a capital; of letters alone the first, for S.O. and J. W. are initials."""
    if max(map(len, mark.replace(".", " ").split())) < _FEWEST_LETTERS:
        return {mark, mark.capitalize()}
    words = ((word, word[:1].upper() + word[1:]) for word in mark.split(" "))
    return {mark.upper(), *map(" ".join, product(*words))}
