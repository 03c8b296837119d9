"""Currencies as people write them: codes of ISO 4217, signs, words.

Owns the list `currencies.csv` as it is looked up in. How an amount is read belongs to whoever asks.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache

import pycountry

# A word, or one sign.
_PIECE = re.compile(r"[^\W\d_]+|[^\w\s]")
# Signs of figures: no currency begins with one.
_MARKS = frozenset(".,'()+-")
_NO_CURRENCIES = frozenset({"XXX", "XTS"})


class Currencies:
    """The signs and words of currencies, and which of them only one currency has."""

    def __init__(self, codes: Mapping[str, str]) -> None:
        """From sign or word in any case to its code, "" where several currencies share it."""
        self._iso = {code.casefold(): code for code in iso_codes()}
        self._codes = self._iso | {sign.casefold(): code for sign, code in codes.items()}
        self._most_pieces = max(len(_PIECE.findall(sign)) for sign in self._codes)

    def code_of(self, sign: str) -> str | None:
        """The one currency that has `sign`."""
        return self._codes.get(sign.casefold()) or None

    def signs_in(self, text: str) -> set[str]:
        """The signs that stand in `text`, in lower case."""
        return {text[start:end].casefold() for start, end in self._spans(text)}

    def without_signs(self, text: str) -> str:
        """`text` with a space for each sign and the dot of an abbreviation."""
        rest, position = "", 0
        for start, end in self._spans(text):
            rest += f"{text[position:start]} "
            position = end + self._has_dot(text, start, end)
        return rest + text[position:]

    def _spans(self, text: str) -> Iterator[tuple[int, int]]:
        """Where signs stand, the longest first: US$ is not the $ that may be any dollar."""
        ends = {found.start(): found.end() for found in _PIECE.finditer(text)}
        position = 0
        for start in ends:
            if start < position or text[start] in _MARKS:
                continue
            end = self._end_of_sign(text, start, ends)
            if end is not None:
                yield start, end
                position = end

    def _end_of_sign(self, text: str, start: int, ends: Mapping[int, int]) -> int | None:
        end: int | None = start
        longest = None
        for _ in range(self._most_pieces):
            end = ends.get(end) if end is not None else None
            if end is not None and text[start:end].casefold() in self._codes:
                longest = end
        return longest

    def _has_dot(self, text: str, start: int, end: int) -> bool:
        """Behind a code a point before digits is theirs (EUR .50), behind a word it is not."""
        is_word = text[end - 1].isalpha() and text[end : end + 1] == "."
        is_code = text[start:end].casefold() in self._iso
        return is_word and not (is_code and text[end + 1 : end + 2].isdecimal())


@cache
def iso_codes() -> frozenset[str]:
    """The codes of ISO 4217 but those that stand for no currency and for tests."""
    return frozenset(currency.alpha_3 for currency in pycountry.currencies) - _NO_CURRENCIES
