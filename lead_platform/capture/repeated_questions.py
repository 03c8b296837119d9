"""Questions that people repeat with their answers in a text: `Newsletter: nein`, `OK to call? no`.

Owns where in a text a question may end and its answer begin; what either says is for
`answer_denials`.
"""

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

_PARTS = re.compile(
    r" ?[,;|\n()\[\]]+ ?|(?<!\d)\. |(?<=\d{4})\. |(?<=[./-]\d\d)\. (?=[A-ZÀ-Þ])| / "
)
_SIGN = re.compile(r" ?[:=?：＝？]+ ?| [-–—] ")
# A question above its answer, which an A may announce.
_BROKEN = re.compile(r"([:?：？]) ?\n ?(?:A: ?)?")
_ANSWERED_IN_BRACKETS = re.compile(r" ?[(\[](\w{1,12})[)\]]")
_LONGEST_QUESTION = 200
_LONGEST_REPLY = 40
# `Tel nein`: more words before a bare no are a sentence.
_MOST_WORDS = 4
_SHORTEST_WORD = 2


def parts_of(text: str) -> list[str]:
    """The parts of a text, whose blanks are single, of which each may be a question with its
    answer."""
    return [part for part in _PARTS.split(text) if part.strip()]


def beside_answers(text: str, is_answer: Callable[[str], bool]) -> str:
    """The text with each question in a line with its answer, which brackets may hold."""

    def opened(bracket: re.Match[str]) -> str:
        return f": {bracket[1]}" if is_answer(bracket[1]) else bracket[0]

    return _ANSWERED_IN_BRACKETS.sub(opened, _BROKEN.sub(r"\1 ", text))


class Reading(NamedTuple):
    """A part of a text as a question and its answer; `is_set_off`: whether a sign stands between
    them."""

    question: str
    answer: str
    is_set_off: bool


def readings(part: str) -> Iterator[Reading]:
    """How a part may be read: by the last sign in it, else as words before a last one that may be a
    bare no."""
    if len(part) > _LONGEST_QUESTION + _LONGEST_REPLY:
        return
    for sign in reversed(list(_SIGN.finditer(part))):
        question, answer = part[: sign.start()].strip(), part[sign.end() :].strip()
        if question and answer:
            if len(question) <= _LONGEST_QUESTION and len(answer) <= _LONGEST_REPLY:
                yield Reading(question, answer, is_set_off=True)
            return
    *words, last = part.rstrip(" .!").split() or [""]
    if 1 <= len(words) <= _MOST_WORDS and last.isalpha() and len(last) >= _SHORTEST_WORD:
        yield Reading(" ".join(words), last, is_set_off=False)
