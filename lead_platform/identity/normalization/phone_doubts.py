"""Digits beside a number that may be none of its own: a desk, a year, hours, the mark of a list.

No sign tells "030 589481 2 Etage" from "06 12 34 56 78 privat". So such a text is given with and
without them, and `phones` takes a number only where the readings agree.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

UNCLEAR = "one number or several: no sign tells which"
# Behind the last hyphen, where no hyphen stood before: "08-12 71 06-12", not "08-1271-06".
_DESK = re.compile(r"(?:^[+(]*|(?<![-‐-―−\s])\s+|[()./]\s*)\d+\)?(?=(\s*[-‐-―−~]\s*\d{1,3})$)")
# Behind digits enough for a number: "020 7946 2024" is one.
_DATE = re.compile(
    r"^(?:(?:\D*\d){8,}(?=(\s+(?:19|20)\d\d)$)|(?:\D*\d){4,}(?=(\s+\d\d?[./]\d\d?[./](?:\d\d){1,2})$))"
)
# "9-17", "24/7", set off as groups of a number rarely are: "555 11-23" may be a desk's.
_HOURS = r"(?:(?:0?[6-9]|1\d)\s*[-‐-―−/]\s*(?:0?[1-9]|1\d|2[0-4])|24\s*/\s*7)"
_HOURS_BEHIND = re.compile(
    rf"(?<=\d)(?:[\s).]*[\s.(]|\)?\s+[-‐-―−]\s+){_HOURS}$|(?<=\d)[\s).-]+24\s*/\s*7$"
)
_MAY_END_IN_A_DOUBT = re.compile(r"(?:[-‐-―−~/]\s*\d{1,3}|\s(?:19|20)\d\d|[./]\d+)$")
_BEFORE_A_WORD = re.compile(
    rf"[\s.‐-―−-]+(?:{_HOURS}|(?:19|20)\d\d|\d{{1,2}}(?:\s*[-‐-―−]\s*\d{{1,2}})?)(?:\s*|[.-]\s*)$"
)
# "24h", "1st": where the figure begins is not to be seen if digits stand before it.
_BEFORE_A_UNIT = (re.compile(r"\d$"), re.compile(r"\d\d$"))
LONGEST_UNIT = 2
_BEFORE_A_HASH = re.compile(r"[\s.-]+\d{1,7}$")
_MARK = re.compile(
    rf"^(?:\d{{1,2}}[\s.]+(?=\(?0)|\([1-9]\)\s*(?=\d)|\({_HOURS}\)[\s.-]*(?=[+(]*\d)"
    rf"|{_HOURS}[\s.-]+(?=[+(]*\d)|(?:19|20)\d\d[\s.-]+(?=\(?0|\(?\+))"
)
_BEHIND_A_WORD = re.compile(
    rf"^(?:{_HOURS}[\s).-]+(?=[+(]*\d)|\d{{1,4}}(?:[\s).]+|\s+[-‐-―−/]\s+)(?=[+(]*\d)"
    r"|\d{1,4}[\s).-]+(?=[+(]*0|\(?\+))"
)
# Whose numbers keep a zero, so that one may begin a group: "347 0123456" is a mobile.
_KEEP_A_ZERO = frozenset({"IT", "SM", "VA"})
_BEHIND_A_WORD_THERE = re.compile(rf"^(?:{_HOURS}|[1-9]\d?)(?:[\s).]+|\s+[-‐-―−/]\s+)(?=[+(]*\d)")


class PhonePart(NamedTuple):
    """A text that may be a number, and the same without digits that may not be its own.

    `is_desk`: what is left out first is set off as a desk, whose number goes on with it.
    `longer`: what it is if a sign behind it stands for a digit and sets off no extension.
    """

    texts: tuple[str, ...]
    is_desk: bool = False
    longer: tuple[str, ...] = ()


def plain_part(text: str) -> PhonePart:
    """`text` stands alone."""
    texts = tuple(_ever_shorter(text))
    is_desk = _DESK.search(text) is not None and _HOURS_BEHIND.search(text) is None
    return PhonePart(texts, is_desk=len(texts) > 1 and is_desk)


def part_among_words(
    text: str, country: str | None, *, is_behind: bool, is_before: bool, is_before_unit: bool
) -> PhonePart:
    """`text`, written in `country`, follows a word directly, goes before one, or before one as
    short as a unit, with nothing in between."""
    cuts = [text]
    if is_before:
        cuts.append(_BEFORE_A_WORD.sub("", text))
    if is_before_unit:
        cuts += [unit.sub("", text) for unit in _BEFORE_A_UNIT]
    if is_behind:
        mark = _BEHIND_A_WORD_THERE if country in _KEEP_A_ZERO else _BEHIND_A_WORD
        cuts += [mark.sub("", cut) for cut in cuts]
    shorter = [cut.strip() for cut in dict.fromkeys(cuts[1:]) if cut not in ("", text)]
    if not shorter:
        return plain_part(text.strip())
    return PhonePart(tuple(each for cut in (text.strip(), *shorter) for each in _ever_shorter(cut)))


def part_before_a_hash(text: str) -> PhonePart:
    """`text` ends in #, as what is dialled to a desk does."""
    shorter = _BEFORE_A_HASH.sub("", text)
    return PhonePart((text,) if shorter == text else (text, shorter))


def _ever_shorter(text: str) -> Iterator[str]:
    """`text`, and each way to leave out marks before it, what ends it, or both; all of it last."""
    marked: str | None = text
    while marked is not None:
        yield marked
        yield from _without_endings(marked)
        marked = _MARK.sub("", marked) if _MARK.match(marked) else None


def _without_endings(text: str) -> Iterator[str]:
    # Most numbers end otherwise, and the expressions look at every digit.
    if _MAY_END_IN_A_DOUBT.search(text[-12:]) is None:
        return
    found = _DESK.search(text) or _DATE.match(text)
    cuts = [found.start(found.lastindex or 0)] if found is not None else []
    if (hours := _HOURS_BEHIND.search(text)) is not None:
        cuts.append(hours.start())
    for cut in cuts:
        yield text[:cut]
        yield from _without_endings(text[:cut])
