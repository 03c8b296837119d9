"""Denials of contact that stand in no column of consents: in a name, in a preferred channel.

Owns what of such a value denies which consents, and what is left of the value without it. Columns
of consents and opt-outs are read by `values`; the words of both are those of opt_outs.csv.
"""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from lead_platform.vocabularies.rows import CONTACT_CHANNELS
from lead_platform.vocabularies.tables import FIRST_IDEOGRAPH, IntakeLists
from lead_platform.vocabularies.text import fold, unaccent

NAME_FIELDS = ("full_name", "first_name", "last_name")
PREFERRED_CHANNEL = "preferred_channel"
_LONGEST_VALUE = 200
# Wishes are few, and each is looked up in several lists.
_MOST_REMEMBERED = 1_000
_SIGNS = str.maketrans(dict.fromkeys('()[]{}<>*!.,;:/|-–—_#"（）', " ") | {"'": ""})
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_SEPARATOR = re.compile(r"\s*[()\[\]{}<>*!;:/|,_#\"–—]+\s*|\s+[-.]+\s*|[-.]+\s+")
_OPENED, _CLOSING = re.compile(r"[(\[{<*（][^)\]}>]*$"), re.compile(r"[)\]}>*）]+")
_SET_OFF = '()[]{}<>*!;:/|,_#"–—- （）'
_EMPTY, _BESIDE_A_NUMBER = re.compile(r"[(\[{<*][\s!.,:;-]*[)\]}>*]"), " *!:;,/|–—-_\"'"
_PARTS = re.compile(r"\s*[;,|/\n]\s*")


class Denial(NamedTuple):
    """What a value denies, as fields of consents, and what is left of it; `words` are the denial's
    own, as they stand there."""

    fields: tuple[str, ...]
    rest: str | None
    words: str


class DenialReader:
    """Finds denials by the lists of one channel."""

    def __init__(self, lists: IntakeLists) -> None:
        self._lists = lists
        self._phrases, self._signs, self._longest = lists.denials_in_names
        self._wishes: dict[str, Denial | None] = {}

    def in_preference(self, text: str) -> Denial | None:
        """What somebody denies who says by which channels to be reached."""
        if len(text) > _LONGEST_VALUE:
            return None
        if text not in self._wishes:
            if len(self._wishes) > _MOST_REMEMBERED:
                self._wishes.clear()
            self._wishes[text] = self._in_wish(text)
        return self._wishes[text]

    def _in_wish(self, text: str) -> Denial | None:
        denied: set[str] = set()
        kept: list[str] = []
        words: list[str] = []
        parts = [text] if self._denied_by(text) else _PARTS.split(text)
        for part in parts:
            channels = self._denied_by(part)
            denied |= channels
            (words if channels else kept).append(part)
        if not denied:
            return None
        return Denial(_fields(denied), ", ".join(filter(None, kept)) or None, ", ".join(words))

    def in_name(self, text: str) -> Denial | None:
        """What stands in a name and denies (`Jane Doe DO NOT CALL`), however it is set off."""
        is_one_word = text.isalpha() and text[0] < FIRST_IDEOGRAPH
        if is_one_word or len(text) > _LONGEST_VALUE:
            return None
        # The one look that each name costs.
        plain = text.casefold() if text.isascii() else unaccent(text)
        if not plain.replace(" ", "").isalpha():
            plain = plain.translate(_SIGNS)
        if self._signs.isdisjoint(plain.split()):
            return None
        found = list(_WORD.finditer(text))
        words = [fold(match.group()) for match in found]
        for start, end in _spans(len(words), self._longest):
            channels = self._phrases.get(" ".join(words[start:end]))
            if channels is not None:
                place = found[start].start(), found[end - 1].end()
                return Denial(_fields(channels), _without(text, *place), text[slice(*place)])
        return None

    def in_phone(self, text: str) -> Denial | None:
        """What stands beside a number and denies (`DO NOT CALL 030 …`, `030 … (DNC)`); what is left
        is the number. A short word that may be a name denies where no other stands there."""
        # Signs and digits have no case, and are what nearly every phone is of.
        if (text.isascii() and text.lower() == text.upper()) or len(text) > _LONGEST_VALUE:
            return None
        found = [match for match in _WORD.finditer(text) if not match.group().isdigit()]
        words = [fold(match.group()) for match in found]
        alone = frozenset(self._lists.denied_channels(" ".join(words))) if words else frozenset()
        if alone:
            return _beside_number(text, found[0].start(), found[-1].end(), alone)
        for start, end in _spans(len(words), self._longest):
            channels = self._phrases.get(" ".join(words[start:end]))
            if channels is not None:
                return _beside_number(text, found[start].start(), found[end - 1].end(), channels)
        return None

    def _denied_by(self, text: str) -> frozenset[str]:
        if self._lists.prefers_no_channel(text):
            return frozenset(CONTACT_CHANNELS)
        return frozenset(self._lists.denied_channels(text))


def _spans(size: int, longest: int) -> Iterator[tuple[int, int]]:
    """Of `size` words, the longest row of them first."""
    for length in range(min(size, longest), 0, -1):
        for start in range(size - length + 1):
            yield start, start + length


def _without(text: str, start: int, end: int) -> str | None:
    """The name without the note that holds the denial.

    Behind a name the note goes on to the end, or to the bracket that closes it; it begins with the
    denial, or with small letters before it that a sign sets off (`Müller - bitte nicht anrufen`).
    """
    head, tail = text[:start], text[end:]
    for sign in _SEPARATOR.finditer(head):
        name, lead = head[: sign.start()], head[sign.end() :]
        if lead.islower() and not name.islower():
            head = name + sign.group().strip()
            break
    if _WORD.search(head) is not None:
        closing = _CLOSING.search(tail) if _OPENED.search(head) else None
        tail = tail[closing.end() :] if closing else ""
    rest = f"{head.rstrip(_SET_OFF)} {tail.lstrip(_SET_OFF if not head.strip(_SET_OFF) else ' ')}"
    return rest.replace(" ,", ",").strip(_SET_OFF) or None


def _beside_number(text: str, start: int, end: int, channels: Iterable[str]) -> Denial:
    rest = " ".join(_EMPTY.sub(" ", f"{text[:start]} {text[end:]}").split())
    rest = rest.strip(_BESIDE_A_NUMBER)
    left = rest if any(map(str.isdigit, rest)) else None
    return Denial(_fields(channels), left, text[start:end])


def _fields(channels: Iterable[str]) -> tuple[str, ...]:
    return tuple(f"consent_{channel}" for channel in CONTACT_CHANNELS if channel in channels)
