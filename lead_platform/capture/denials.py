"""Denials of contact that stand in no column of consents: in a name, beside a mailbox or phone.

Owns what of such a value denies which consents, and what is left of the value without it. Columns
of consents and opt-outs are read by `values`; the words of both are those of opt_outs.csv.
"""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from lead_platform.capture.notes import is_note
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
# What sets a note off from a mailbox; where none of it stands there is none.
_AROUND_A_MAILBOX = frozenset(" \t\r\n\u00a0()[]{}<>*,;|/（）")
_MAILBOX = re.compile(r"[^\s()\[\]{}<>*,;|/（）]*@[^\s()\[\]{}<>*,;|/（）]*")
_NOTE_BEGINS, _NOTE_ENDS = (
    re.compile(r"[(\[{（][^()\[\]{}（）@]*$"),
    re.compile(r"[^()\[\]{}（）@]*[)\]}）]"),
)
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
        self._phrases, signs, self._longest = lists.denials_in_names
        self._notes = lists.denying_notes
        self._signs = signs | self._notes.keys()
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
        return Denial(
            consent_fields(denied), ", ".join(filter(None, kept)) or None, ", ".join(words)
        )

    def in_name(self, text: str) -> Denial | None:
        """What stands in a name and denies (`Jane Doe DO NOT CALL`), however it is set off; a short
        word that may be a name only as a note (`Jane Doe (DNC)`)."""
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
        for start, end in spans(len(words), self._longest):
            channels = self._phrases.get(" ".join(words[start:end]))
            if channels is not None:
                place = found[start].start(), found[end - 1].end()
                return Denial(consent_fields(channels), _without(text, *place), text[slice(*place)])
        for word, match in zip(words, found, strict=True):
            if self._is_note(word, text, match):
                rest = _without(text, *match.span())
                return Denial(consent_fields(self._notes[word]), rest, match.group())
        return None

    def _is_note(self, word: str, text: str, match: re.Match[str]) -> bool:
        """Of registers, which deny one channel (TPS), people have the initials."""
        channels = self._notes.get(word)
        denies_all = channels == CONTACT_CHANNELS
        return channels is not None and is_note(text, *match.span(), counts_bare=denies_all)

    def in_email(self, text: str) -> Denial | None:
        """What stands beside a mailbox or for one, and denies (`jane@acme.com (do not email)`);
        what is left is the mailbox. What names no channel denies mail."""
        is_plain = "@" in text and _AROUND_A_MAILBOX.isdisjoint(text)
        if is_plain or len(text) > _LONGEST_VALUE:
            return None
        # Digits in their place: no phrase reaches over a mailbox, and none stands in it.
        bare = _MAILBOX.sub(lambda match: "0" * len(match.group()), text)
        found = list(_WORD.finditer(bare))
        words = [fold(match.group()) for match in found]
        for start, end in spans(len(words), self._longest):
            phrase = " ".join(words[start:end])
            if phrase in self._phrases:
                return self._beside_mailbox(
                    text, found[start].start(), found[end - 1].end(), phrase
                )
        beside = [match for match in found if not match.group().isdigit()]
        for word, match in zip(words, found, strict=True):
            if word not in self._notes:
                continue
            is_alone = len(beside) == 1 and _is_no_name(match.group(), text)
            if is_alone or self._is_note(word, bare, match):
                return self._beside_mailbox(text, *match.span(), word)
        return None

    def _beside_mailbox(self, text: str, start: int, end: int, phrase: str) -> Denial:
        """The denial without its note, which goes as far as the brackets around it."""
        channels = self._lists.named_channels(phrase) or ("email",)
        head, tail = text[:start], text[end:]
        opened, closed = _NOTE_BEGINS.search(head), _NOTE_ENDS.match(tail)
        if opened and closed:
            head, tail = head[: opened.start()], tail[closed.end() :]
        rest = " ".join(_EMPTY.sub(" ", f"{head} {tail}").split()).strip(_BESIDE_A_NUMBER)
        left = rest if any(map(str.isalnum, rest)) else None
        return Denial(consent_fields(channels), left, text[start:end])

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
        for start, end in spans(len(words), self._longest):
            channels = self._phrases.get(" ".join(words[start:end]))
            if channels is not None:
                return _beside_number(text, found[start].start(), found[end - 1].end(), channels)
        return None

    def _denied_by(self, text: str) -> frozenset[str]:
        if self._lists.prefers_no_channel(text):
            return frozenset(CONTACT_CHANNELS)
        return frozenset(self._lists.denied_channels(text))


def _is_no_name(word: str, text: str) -> bool:
    """Whether a short word, the only one beside a mailbox or in its place, is nobody's name: names
    have a capital, stand before an address in brackets, and in the address itself."""
    if "@" not in text:
        return True
    is_cased = word.istitle() or "<" in text
    return not is_cased and text.casefold().count(word.casefold()) == 1


def spans(size: int, longest: int) -> Iterator[tuple[int, int]]:
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
    return Denial(consent_fields(channels), left, text[start:end])


def consent_fields(channels: Iterable[str]) -> tuple[str, ...]:
    """The fields of consent to those channels, in order."""
    return tuple(f"consent_{channel}" for channel in CONTACT_CHANNELS if channel in channels)
