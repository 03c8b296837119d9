"""The country that is written beside a number: `UK 7911 123456`, `Paris office (France) 01 …`.

Owns which words in a phone field name a country. Which numbers that country has is for `phones`.
"""

import re

from lead_platform.identity.normalization.places import country_named
from lead_platform.vocabularies.tables import Vocabularies

_LETTERS = re.compile(r"[^\W\d_]+(?:(?:['’]|\.\s?|[ -])[^\W\d_]+)*\.?")
_SHORTEST_NAME = 4
_LONGEST_CODE = 3
_MOST_WORDS = 4
# Codes that say something else beside a number: its number, days and times.
_OTHERS = frozenset({"NO", "AM", "PM", "MO", "DI", "MI", "DO", "SA", "SO", "TU", "SU", "PH", "EXT"})


def countries_beside(text: str, vocabularies: Vocabularies) -> frozenset[str]:
    """The countries (ISO 3166-1 alpha-2) that words of a phone field name; none in most."""
    # Digits and signs have no case, and are what nearly every phone is of.
    if text.isascii() and text.lower() == text.upper():
        return frozenset()
    runs = [match.group() for match in _LETTERS.finditer(text)]
    found = (_named(run, vocabularies) for run in runs)
    return frozenset(country for countries in found for country in countries)


def _named(run: str, vocabularies: Vocabularies) -> set[str]:
    """The countries of one run of words: it as a whole, else the names in it.

    A code counts only by itself and in capitals: `IT`, `DE` and `ME` are words as well.
    """
    plain = run.replace(".", "")
    if len(plain) <= _LONGEST_CODE:
        is_code = plain.isupper() and plain not in _OTHERS and len(plain) > 1
        country = country_named(plain, vocabularies) if is_code else None
        return {country} if country else set()
    if (country := country_named(run, vocabularies)) is not None:
        return {country}
    words = run.split()
    parts = {
        " ".join(words[start:end])
        for start in range(len(words))
        for end in range(start + 1, min(start + _MOST_WORDS, len(words)) + 1)
    }
    long_ones = (part for part in parts if len(part) >= _SHORTEST_NAME)
    return {country for part in long_ones if (country := country_named(part, vocabularies))}
