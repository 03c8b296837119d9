"""Digits beside a number that may be none of its own: a desk, a year, hours, the mark of a list.

No sign tells "030 589481 2 Etage" from "06 12 34 56 78 privat". So such a text is given with and
without them, and `phones` takes a number only where the readings agree.
"""

import re
from collections.abc import Callable, Iterator
from typing import NamedTuple

# Behind the last hyphen, where no hyphen stood before: "08-12 71 06-12", not "08-1271-06".
_DESK = re.compile(r"(?:^[+(]*|(?<![-‐-―−\s])\s+|[()./]\s*)\d+\)?(?=(\s*[-‐-―−~]\s*\d{1,3})$)")
# Behind digits enough for a number: "020 7946 2024" is one.
_DATE = re.compile(
    r"^(?:(?:\D*\d){8,}(?=(\s+(?:19|20)\d\d)$)|(?:\D*\d){4,}(?=(\s+\d\d?[./]\d\d?[./](?:\d\d){1,2})$))"
)
_MAY_END_IN_A_DOUBT = re.compile(r"(?:[-‐-―−~]\s*\d{1,3}|\s(?:19|20)\d\d|[./]\d+)$")
_BEFORE_A_WORD = re.compile(r"\s+\d{1,2}(?:\s*[-‐-―−]\s*\d{1,2})?(?:\s*|[.-]\s*)$")
_BEFORE_A_HASH = re.compile(r"[\s.-]+\d{1,7}$")
_MARK = re.compile(r"^(?:\d{1,2}[\s.]+(?=\(?0)|\([1-9]\)\s*(?=\d))")
_BEHIND_A_WORD = re.compile(r"^[1-9]\d?\s+(?=\(?\d)")


class PhonePart(NamedTuple):
    """A text that may be a number, and the same without digits that may not be its own.

    `is_desk`: what is left out first is set off as a desk, whose number goes on with it.
    """

    texts: tuple[str, ...]
    is_desk: bool = False


def plain_part(text: str) -> PhonePart:
    """`text` stands alone."""
    texts = tuple(_ever_shorter(text))
    return PhonePart(texts, is_desk=len(texts) > 1 and _DESK.search(text) is not None)


def part_among_words(text: str, *, is_behind: bool, is_before: bool) -> PhonePart:
    """`text` follows a word directly, or goes before one."""
    shorter = text
    if is_before:
        shorter = _BEFORE_A_WORD.sub("", shorter)
    if is_behind:
        shorter = _BEHIND_A_WORD.sub("", shorter)
    if shorter in ("", text):
        return plain_part(text.strip())
    return PhonePart((*_ever_shorter(text.strip()), *_ever_shorter(shorter.strip())))


def part_before_a_hash(text: str) -> PhonePart:
    """`text` ends in #, as what is dialled to a desk does."""
    shorter = _BEFORE_A_HASH.sub("", text)
    return PhonePart((text,) if shorter == text else (text, shorter))


def _ever_shorter(text: str) -> Iterator[str]:
    """`text`, and each way to leave out marks before it, what ends it, or both; all of it last."""
    for marked in _repeated(_without_mark, text):
        yield from _repeated(_without_ending, marked)


def _repeated(cut: Callable[[str], str | None], text: str) -> Iterator[str]:
    shorter: str | None = text
    while shorter is not None:
        yield shorter
        shorter = cut(shorter)


def _without_mark(text: str) -> str | None:
    return _MARK.sub("", text) if _MARK.match(text) else None


def _without_ending(text: str) -> str | None:
    # Most numbers end otherwise, and the two expressions look at every digit.
    if _MAY_END_IN_A_DOUBT.search(text[-12:]) is None:
        return None
    if (found := _DESK.search(text) or _DATE.match(text)) is not None:
        return text[: found.start(found.lastindex or 0)]
    return None
