"""Finds a phrase of a look-up in a message that says nothing else.

Owns which words may stand around it: those of a second list, the phrase again, marks and signs. The
lists are those of the channel.
"""

import re
from collections.abc import Collection, Mapping

from lead_platform.vocabularies.text import fold

# Who writes more has more to say; each start of each phrase is looked up.
_MOST_WORDS = 24
_LONGEST_MESSAGE = 300
# No language of the lists writes a letter three times in a row.
_DRAWN_OUT = re.compile(r"([^\W\d_])\1{2,}")


class PhraseFinder:
    """Finds keys of `phrases`, folded, among `courtesies`, folded too."""

    def __init__(self, phrases: Mapping[str, str], courtesies: Collection[str]) -> None:
        self._phrases, self._courtesies = phrases, frozenset(courtesies)
        known = (*phrases, *courtesies)
        self._longest = max((len(phrase.split()) for phrase in known), default=0)

    def key(self, text: str) -> str:
        """The phrase that `text` says, once or again and again, in whatever courtesies; the folded
        text where it says anything else, or two phrases that mean different things."""
        key = fold(text) if len(text) <= _LONGEST_MESSAGE else text
        if key in self._phrases or len(text) > _LONGEST_MESSAGE:
            return key
        plain = _DRAWN_OUT.sub(r"\1", key)
        if " " in plain and len(plain.replace(" ", "")) * 2 == len(plain) + 1:
            plain = plain.replace(" ", "")
        words = plain.split()
        return (self._only_phrase(words) if len(words) <= _MOST_WORDS else None) or key

    def _only_phrase(self, words: list[str]) -> str | None:
        """A phrase where the words fall into phrases of one meaning and courtesies."""
        # By how many words are read so far: a phrase of each meaning among them.
        found: list[dict[str, str]] = [{} for _ in range(len(words) + 1)]
        is_read = [True, *(False for _ in words)]
        for start in range(len(words)):
            if not is_read[start]:
                continue
            for end in range(start + 1, min(start + self._longest, len(words)) + 1):
                part = " ".join(words[start:end])
                meaning = self._phrases.get(part)
                if meaning is None and part not in self._courtesies:
                    continue
                is_read[end] = True
                found[end] |= found[start]
                if meaning is not None:
                    found[end][meaning] = part
        phrases = list(found[-1].values())
        return phrases[0] if len(phrases) == 1 else None
