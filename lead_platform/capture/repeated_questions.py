"""Questions that people repeat with their answers in a text: `Newsletter: nein`, `OK to call? no`.

Owns where in a text a question may end and its answer begin; what either says is for
`answer_denials`.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

_PARTS = re.compile(r"\s*[,;|\n()\[\]]+\s*|(?<!\d)\.\s+|\s/\s")
_SIGN = re.compile(r"\s*[:=?]+\s*|\s+[-–—]\s+")
_LONGEST_QUESTION = 200
_LONGEST_ANSWER = 40
# `Tel nein`: more words before a bare no are a sentence.
_MOST_WORDS = 4
_SHORTEST_WORD = 2


def parts_of(text: str) -> list[str]:
    """The parts of a text of which each may be a question with its answer."""
    return [part for part in _PARTS.split(text) if part.strip()]


class Reading(NamedTuple):
    """A part of a text as a question and its answer; `is_set_off`: whether a sign stands between
    them."""

    question: str
    answer: str
    is_set_off: bool


def readings(part: str) -> Iterator[Reading]:
    """How a part may be read: by the last sign in it, else as words before a last one that may be a
    bare no."""
    if len(part) > _LONGEST_QUESTION + _LONGEST_ANSWER:
        return
    for sign in reversed(list(_SIGN.finditer(part))):
        question, answer = part[: sign.start()].strip(), part[sign.end() :].strip()
        if question and answer:
            if len(question) <= _LONGEST_QUESTION and len(answer) <= _LONGEST_ANSWER:
                yield Reading(question, answer, is_set_off=True)
            return
    *words, last = part.rstrip(" .!").split() or [""]
    if 1 <= len(words) <= _MOST_WORDS and last.isalpha() and len(last) >= _SHORTEST_WORD:
        yield Reading(" ".join(words), last, is_set_off=False)
