"""The country that is written beside a number: `UK 7911 123456`, `Paris office (France) 01 …`.

Owns which words in a phone field name a country. Which numbers that country has is for `phones`.
"""

import re

from lead_platform.identity.normalization.places import country_named, is_region_of
from lead_platform.vocabularies.tables import Vocabularies

_LETTERS = re.compile(r"[^\W\d_]+(?:(?:['’]|\.\s?|[ -])[^\W\d_]+)*\.?")
_SHORTEST_NAME = 4
_LONGEST_CODE = 3
_MOST_WORDS = 4
# Codes that say something else beside a number: its number, days and times.
_OTHERS = frozenset({"NO", "AM", "PM", "MO", "DI", "MI", "DO", "SA", "SO", "TU", "SU", "PH", "EXT"})


def countries_beside(text: str, country: str | None, vocabularies: Vocabularies) -> frozenset[str]:
    """The countries (ISO 3166-1 alpha-2) other than `country` that words of a phone field name;
    none in most. A region of `country` is none (Georgia, New Mexico)."""
    # Digits and signs have no case, and are what nearly every phone is of.
    if text.isascii() and text.lower() == text.upper():
        return frozenset()
    runs = [match.group() for match in _LETTERS.finditer(text)]
    found = (_named(run, country, vocabularies) for run in runs)
    return frozenset(named for run in found for named in run) - {country or ""}


def _named(run: str, country: str | None, vocabularies: Vocabularies) -> set[str]:
    """The countries of one run of words, the longest phrases first.

    A code counts only by itself and in capitals: `IT`, `DE` and `ME` are words as well, and the
    last two states of the US.
    """
    plain = run.replace(".", "")
    if len(plain) <= _LONGEST_CODE:
        is_other = plain in _OTHERS or (country is not None and is_region_of(plain, country))
        is_code = plain.isupper() and len(plain) > 1 and not is_other
        found = country_named(plain, vocabularies) if is_code else None
        return {found} if found else set()
    words = run.split()
    countries: set[str] = set()
    start = 0
    while start < len(words):
        for end in range(min(start + _MOST_WORDS, len(words)), start, -1):
            phrase = " ".join(words[start:end]).rstrip(".")
            is_region = country is not None and is_region_of(phrase, country)
            found = None
            if len(phrase) >= _SHORTEST_NAME and not is_region:
                found = country_named(phrase, vocabularies)
            if found is not None:
                countries.add(found)
            if found is not None or is_region:
                start = end - 1
                break
        start += 1
    return countries
