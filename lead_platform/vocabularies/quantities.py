"""Words beside figures: what multiplies them, what bounds them, what changes nothing of them.

Owns the list `quantities.csv` as it is looked up in. What a figure with its words means belongs to
normalisation.
"""

from collections.abc import Mapping
from typing import Literal, get_args

from lead_platform.vocabularies.text import fold

Bound = Literal["above", "below", "to", "and", "between", "one", "unit", "unclear"]
Meaning = Bound | float
BOUNDS: frozenset[str] = frozenset(get_args(Bound))


class QuantityWords:
    """Words and phrases in any spelling to what they mean."""

    def __init__(self, meanings: Mapping[str, Meaning]) -> None:
        """From folded word or phrase to its meaning."""
        self._meanings = meanings
        self._longest = max((len(phrase.split()) for phrase in meanings), default=1)

    def meaning_of(self, text: str) -> Meaning | None:
        """What `text` means as a whole."""
        return self._meanings.get(fold(text))

    def multipliers_in(self, text: str) -> list[float | None]:
        """What the words of `text` multiply a figure by; None where that is unclear."""
        meanings = [self._meanings.get(word) for word in fold(text).split()]
        return [
            meaning if isinstance(meaning, float) else None
            for meaning in meanings
            if isinstance(meaning, float) or meaning == "unclear"
        ]

    def meanings_in(self, text: str) -> list[Meaning] | None:
        """What the words of `text` mean in order, phrases before their words; None where one of
        them is not listed: "not more than" may turn round what "more than" says."""
        words = fold(text).split()
        found: list[Meaning] = []
        while words:
            lengths = range(min(self._longest, len(words)), 0, -1)
            length = next((n for n in lengths if " ".join(words[:n]) in self._meanings), 0)
            if length == 0:
                return None
            found.append(self._meanings[" ".join(words[:length])])
            words = words[length:]
        return found
