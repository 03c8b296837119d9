"""The country that is written beside a number: `UK 7911 123456`, `Paris office (France) 01 …`.

Owns which words in a phone field name a country, and how surely. Which numbers that country has is
for `phones`.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from lead_platform.identity.normalization.known_names import is_given
from lead_platform.identity.normalization.places import country_named, is_code_alone, is_region_of
from lead_platform.vocabularies.phone_words import has_other_words
from lead_platform.vocabularies.tables import Vocabularies

_LETTERS = re.compile(r"[^\W\d_]+(?:(?:['’]|\.\s?|[ -])[^\W\d_]+)*\.?")
_SHORTEST_NAME = 4
_LONGEST_CODE = 3
_MOST_WORDS = 4
# What stands beside a number as often: its number, days and times.
_OTHERS = frozenset({"NO", "AM", "PM", "MO", "DI", "MI", "DO", "SA", "SO", "TU", "SU", "PH", "EXT"})


class Stated(NamedTuple):
    """A country (ISO 3166-1 alpha-2); sure where its words can hardly be anything else beside a
    number: a name that nobody is called by, with no other words around it (China Town)."""

    country: str
    is_sure: bool


def countries_beside(
    text: str, country: str | None, vocabularies: Vocabularies
) -> tuple[Stated, ...]:
    """The countries other than `country` that words of a phone field name, each once; none in most.

    A region of `country` is none (Georgia, New Mexico), and neither is a given name (Jordan).
    """
    # Digits and signs have no case, and are what nearly every phone is of.
    if text.isascii() and text.lower() == text.upper():
        return ()
    found: dict[str, bool] = {}
    for match in _LETTERS.finditer(text):
        for stated in _named(match.group(), country, vocabularies):
            if stated.country != country:
                found[stated.country] = found.get(stated.country, False) or stated.is_sure
    return tuple(Stated(named, is_sure) for named, is_sure in found.items())


def _named(run: str, country: str | None, vocabularies: Vocabularies) -> Iterator[Stated]:
    """The countries of one run of words, the longest phrases first.

    A code counts only by itself and in capitals: `IT`, `DE` and `ME` are words as well, and the
    last two states of the US.
    """
    plain = run.replace(".", "")
    if len(plain) <= _LONGEST_CODE:
        is_other = plain in _OTHERS or (country is not None and is_region_of(plain, country))
        if plain.isupper() and len(plain) > 1 and not is_other:
            found = country_named(plain, vocabularies)
            if found is not None:
                yield Stated(found, not is_code_alone(plain))
        return
    words = run.split()
    start = 0
    while start < len(words):
        for end in range(min(start + _MOST_WORDS, len(words)), start, -1):
            phrase = " ".join(words[start:end]).rstrip(".")
            is_region = country is not None and is_region_of(phrase, country)
            found = None
            if len(phrase) >= _SHORTEST_NAME and not is_region and not is_given(phrase):
                found = country_named(phrase, vocabularies)
            if found is not None and not _is_of_a_name(words, start, end):
                yield Stated(found, not has_other_words(" ".join([*words[:start], *words[end:]])))
            if found is not None or is_region:
                start = end - 1
                break
        start += 1


def _is_of_a_name(words: list[str], start: int, end: int) -> bool:
    """Whether a capital stands right beside the country, as in New Jersey, China Town and India
    Lee; what says which line it is has no name: Handy Schweiz."""
    beside = [*words[max(start - 1, 0) : start], *words[end : end + 1]]
    return any(word[:1].isupper() and has_other_words(word) for word in beside)
