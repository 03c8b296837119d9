"""Denials of contact that stand in no column of consents: in a name, beside a mailbox or phone.

Owns what of such a value denies which consents, and what is left of the value without it. Columns
of consents and opt-outs are read by `values`; the words of both are those of opt_outs.csv.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cached_property
from itertools import chain, pairwise
from typing import NamedTuple

from lead_platform.capture.columns import CONSENTS
from lead_platform.capture.notes import is_note
from lead_platform.vocabularies.conjunctions import CONJUNCTIONS, PREFERENCES
from lead_platform.vocabularies.dating import without_dates_beside_number
from lead_platform.vocabularies.particles import PARTICLES
from lead_platform.vocabularies.rows import CONTACT_CHANNELS
from lead_platform.vocabularies.tables import FIRST_IDEOGRAPH, IntakeLists
from lead_platform.vocabularies.text import MARKS, fold, unaccent

NAME_FIELDS = ("full_name", "first_name", "last_name")
PREFERRED_CHANNEL = "preferred_channel"
_LONGEST_VALUE = 200
_LONGEST_CHANNEL = 3
_FEWEST_DOTS = 2
_FEWEST_WORDS = 3
# Wishes are few, and each is looked up in several lists.
_MOST_REMEMBERED = 1_000
_SIGNS = str.maketrans(dict.fromkeys('()[]{}<>*!.,;:/|-–—_#"（）', " ") | {"'": ""})
_WORD = re.compile(rf"[^\W_]+(?:[{MARKS}]++[^\W_]*)*(?:['’][^\W_]+)*")
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
# `2024`, `on 01.05.2024`, `since May 2024`
_DATED = re.compile(r"[\s,:–-]+(?:[^\W\d_]+\s+){0,2}\d[\d./-]*(?![^\s,;)\]])")
_NEXT_WORD = re.compile(r" +(?:(?:on|in|at|auf|im|en|au|op) +)?([^\W\d_]+)")
_PARTS = re.compile(r"\s*[;,|/\n]\s*")
# No phrase goes over these; after one negation (`No. Calls …`) over no mark but a hyphen.
_BREAK, _MARK = re.compile(r"[;,|\n!?]|\s[-–—]\s"), re.compile(r"[^\s_-]")
_JOINED, _COMMA = re.compile(r"/|\s*[&+]\s*"), re.compile(r"\s*,\s*")
_INITIALS = re.compile(r"(?<![\w@.-])(?:[^\W\d_]\.){2,}[^\W\d_]\.?(?![\w@.-])")
_AFTER_OPENING, _BEFORE_CLOSING = (
    re.compile(r"([(\[{<*（])[\s;,/|.–-]+"),
    re.compile(r"[\s;,/|.–-]+([)\]}>*）])"),
)


class Denial(NamedTuple):
    """What a value denies, as fields of consents, and what is left of it; `words` are the denial's
    own, as they stand there."""

    fields: tuple[str, ...]
    rest: str | None
    words: str


class Place(NamedTuple):
    """Where a denial stands in a text, and the channels that it denies."""

    start: int
    end: int
    channels: tuple[str, ...]


_Find = Callable[[str], list[Place]]
_Cut = Callable[[str, int, int], str | None]


class DenialReader:
    """Finds denials by the lists of one channel."""

    def __init__(self, lists: IntakeLists) -> None:
        self._lists = lists
        self._phrases, signs, longest = lists.denials_in_names
        self._composed, others, longest_of_others = lists.composed_denials
        self._longest = max(longest, longest_of_others)
        self._notes = lists.denying_notes
        self.signs = signs | others | self._notes.keys()
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
        whole = self._denied_by(text)
        heard = None if whole else _read(text, self.phrases_in, _without_note)
        denied = {*whole, *(heard.channels if heard else ())}
        words = [text] if whole else [heard.words] if heard else []
        left = None if whole else heard.rest if heard else text
        kept: list[str] = []
        for part in _PARTS.split(left or ""):
            channels = self._denied_by(part)
            denied |= channels
            (words if channels else kept).append(part)
        if not denied:
            return None
        rest = ", ".join(part for part in kept if part and not self._lists.is_courtesy(part))
        return Denial(consent_fields(denied), rest or None, ", ".join(words))

    def in_name(self, text: str) -> Denial | None:
        """What stands in a name and denies (`Jane Doe DO NOT CALL`), however it is set off; a short
        word that may be a name only as a note (`Jane Doe (DNC)`)."""
        is_one_word = text.isalpha() and text[0] < FIRST_IDEOGRAPH
        if is_one_word or len(text) > _LONGEST_VALUE:
            return None
        # The one look that each name costs.
        plain = text.casefold() if text.isascii() else unaccent(text)
        if not plain.replace(" ", "").isalpha():
            plain = self._without_dots(plain).translate(_SIGNS)
        if self.signs.isdisjoint(plain.split()):
            return None
        heard = _read(self._without_dots(text), self._places_in_name, _without)
        # Alone it may be a name: `Inga SMS`.
        is_sure = heard is None or heard.rest or fold(heard.words) not in self._composed
        return _as_denial(heard) if is_sure else None

    def _places_in_name(self, text: str) -> list[Place]:
        return self.phrases_in(text) or self._notes_in(text)

    def phrases_in(
        self, text: str, listed: Mapping[str, tuple[str, ...]] | None = None
    ) -> list[Place]:
        """Each phrase that denies, with the channels listed behind it (`do not call or text`), and
        those that nothing or a conjunction divides as one."""
        found = list(_WORD.finditer(text))
        words = [fold(match.group()) for match in found]
        taken: list[tuple[int, int, tuple[str, ...]]] = []
        for start, end in spans(len(words), self._longest):
            phrase = " ".join(words[start:end])
            channels = (listed or self._phrases).get(phrase) or self._composed.get(phrase)
            if channels is None or self._is_broken(text, found[start:end], phrase):
                continue
            if self._is_turned(text, found, start, end):
                continue
            if all(end <= first or last <= start for first, last, _ in taken):
                taken.append((start, end, channels))
        taken.sort()
        starts = [start for start, _, _ in taken[1:]] + [len(words)]
        places: list[Place] = []
        before = -1
        for (start, phrase_end, own), limit in zip(taken, starts, strict=False):
            end, more = self._listed_behind(text, found, words[:limit], phrase_end)
            channels = (*own, *more)
            place = Place(found[start].start(), found[end - 1].end(), channels)
            if places and CONJUNCTIONS.issuperset(words[before:start]):
                first = places.pop()
                place = Place(first.start, place.end, (*first.channels, *channels))
            places.append(place)
            before = end
        return places

    def _is_turned(self, text: str, found: list[re.Match[str]], start: int, end: int) -> bool:
        """Whether the words around a phrase say the opposite (`not opted out`), or of a thing that
        it did not come (`no call received`)."""
        words = [fold(match.group()) for match in found[max(start - 2, 0) : end]]
        before = (" ".join(words[-(end - start + size) :]) for size in (1, 2))
        if any(self._lists.opt_outs.exact.get(said) == "not_denied" for said in before):
            return True
        phrase = " ".join(words[-(end - start) :])
        return self._is_of_a_thing(phrase) and self._comes_not(text[found[end - 1].end() :])

    def _is_of_a_thing(self, phrase: str) -> bool:
        """`no calls`, not `do not call`."""
        return phrase.partition(" ")[2] in self._lists.channel_words

    def _comes_not(self, behind: str) -> bool:
        """Whether the next word, set off by nothing but a space, says that there is none."""
        word = _NEXT_WORD.match(behind)
        return word is not None and fold(word[1]) in self._lists.absences

    def _is_broken(self, text: str, found: list[re.Match[str]], phrase: str) -> bool:
        """Whether a mark divides the words of a phrase: `No, call me`."""
        gaps = [text[one.end() : other.start()] for one, other in pairwise(found)]
        is_of_two = phrase.count(" ") == 1 and phrase in self._composed
        return any(map(_BREAK.search, gaps)) or (is_of_two and any(map(_MARK.search, gaps)))

    def _listed_behind(
        self, text: str, found: list[re.Match[str]], words: list[str], end: int
    ) -> tuple[int, set[str]]:
        """How far a list of channels goes on from the word at `end`, and which they are.

        Behind a comma a channel may be the wanted one (`no calls, email`): it counts where a
        conjunction closes the list, and never before a word such as `only`.
        """
        denied: set[str] = set()
        open_ones: set[str] = set()
        closed = end
        while end < len(words):
            gap = text[found[end - 1].end() : found[end].start()]
            # The `e` of an e-mail joins nothing.
            is_joined = " ".join(words[end : end + 2]) not in self._lists.channel_words
            # Dutch `of` joins, English `opt me out of` does not.
            is_joined = is_joined and words[end - 1 : end + 1] != ["out", "of"]
            start = end + (is_joined and words[end] in CONJUNCTIONS)
            is_listed = start > end or _JOINED.fullmatch(gap) is not None
            if not is_listed and _COMMA.fullmatch(gap) is None:
                break
            size, channels = self._channel_at(words, start)
            behind = words[start + size : start + size + 1]
            if not size or (PREFERENCES.issuperset(behind) and behind):
                break
            end = start + size
            open_ones.update(channels)
            if is_listed:
                denied |= open_ones
                closed = end
        return closed, denied

    def _channel_at(self, words: list[str], start: int) -> tuple[int, tuple[str, ...]]:
        """Of how many words a channel is there, none if none is, and which channels it names."""
        for size in range(min(_LONGEST_CHANNEL, len(words) - start), 0, -1):
            word = self._lists.channel_words.get(" ".join(words[start : start + size]))
            if word is not None:
                return size, tuple(word.channels)
        return 0, ()

    def _without_dots(self, text: str) -> str:
        """`D.N.C.` as one word; other initials as they are."""
        if text.count(".") < _FEWEST_DOTS:
            return text

        def written(match: re.Match[str]) -> str:
            word = match.group().replace(".", "")
            return word if word.lower() in self._notes else match.group()

        return _INITIALS.sub(written, text)

    def _notes_in(self, text: str) -> list[Place]:
        """Each short word that denies as a note."""
        return [
            Place(*match.span(), self._notes[word])
            for match in _WORD.finditer(text)
            if (word := fold(match.group())) in self._notes and self._is_note(word, text, match)
        ]

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
        heard = _read(self._without_dots(text), self._places_beside_mailbox, _without_dated_note)
        return _as_denial(heard)

    def _places_beside_mailbox(self, text: str) -> list[Place]:
        # Digits in their place: no phrase reaches over a mailbox, and none stands in it.
        bare = _MAILBOX.sub(lambda match: "0" * len(match.group()), text)
        has_mailbox = "@" in text
        places = [
            place
            for place in self.phrases_in(bare, self._phrases_of_mail)
            if has_mailbox or self._is_sure(bare, place)
        ]
        if places:
            return places
        found = [match for match in _WORD.finditer(bare) if not match.group().isdigit()]
        return [
            Place(*match.span(), self._in_mail(word))
            for match in found
            if (word := fold(match.group())) in self._notes
            and (
                (len(found) == 1 and _is_no_name(match.group(), text))
                or self._is_note(word, bare, match)
            )
        ]

    @cached_property
    def _phrases_of_mail(self) -> Mapping[str, tuple[str, ...]]:
        return {phrase: self._in_mail(phrase) for phrase in self._phrases}

    def _in_mail(self, phrase: str) -> tuple[str, ...]:
        """What names no channel denies mail."""
        return self._lists.named_channels(phrase) or ("email",)

    def in_phone(self, text: str) -> Denial | None:
        """What stands beside a number and denies (`DO NOT CALL 030 …`, `030 … (DNC)`); what is left
        is the number. A short word that may be a name denies where no other stands there."""
        # Signs and digits have no case, and are what nearly every phone is of.
        if (text.isascii() and text.lower() == text.upper()) or len(text) > _LONGEST_VALUE:
            return None
        plain = self._without_dots(without_dates_beside_number(text))
        return _as_denial(_read(plain, self._places_beside_number, _without_note))

    def _places_beside_number(self, text: str) -> list[Place]:
        found = [m for m in _WORD.finditer(text) if not any(map(str.isdigit, m.group()))]
        alone = self._lists.denied_channels(" ".join(m.group() for m in found)) if found else ()
        if alone:
            return [Place(found[0].start(), found[-1].end(), alone)]
        has_number = any(map(str.isdigit, text))
        places = self.phrases_in(text)
        places = [place for place in places if has_number or self._is_sure(text, place)]
        return places or self._notes_in(text)

    def _is_sure(self, text: str, place: Place) -> bool:
        """`No phone` in the place of a number may say that there is none, `No email provided`
        does."""
        phrase = fold(text[place.start : place.end])
        if phrase in self._composed:
            return False
        return not (self._is_of_a_thing(phrase) and self._comes_not(text[place.end :]))

    def _denied_by(self, text: str) -> frozenset[str]:
        if self._lists.prefers_no_channel(text):
            return frozenset(CONTACT_CHANNELS)
        channel, sign, said = (part.strip() for part in text.partition(":"))
        named = self._lists.channel_words.get(fold(channel)) if sign else None
        if named is not None and self._refuses(said):
            # `phone: never, email: yes`
            return frozenset(named.channels)
        return frozenset(self._lists.denied_channels(text))

    def _refuses(self, said: str) -> bool:
        return self._lists.prefers_no_channel(said) or self._lists.consents.find(said) == "denied"


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
    opened = _OPENED.search(head)
    if opened and _WORD.search(head[: opened.start()]):
        # All that the brackets hold is the note: `Ann Lee (customer requests no calls)`.
        closing = _CLOSING.search(tail)
        head, tail = head[: opened.start()], tail[closing.end() :] if closing else ""
        return f"{_closed(head)} {tail.strip(' ')}".replace(" ,", ",").strip() or None
    for sign in _SEPARATOR.finditer(head):
        name, lead = head[: sign.start()], head[sign.end() :]
        if lead.islower() and not name.islower():
            head = name + sign.group().strip()
            break
    if _WORD.search(head) is not None:
        tail = ""
    rest = f"{_closed(head)} {tail.lstrip(_SET_OFF if not head.strip(_SET_OFF) else ' ')}"
    return _closed(rest.replace(" ,", ",").lstrip(_SET_OFF)) or None


def _closed(head: str) -> str:
    """The text before a note without the signs that set it off; a bracket of its own stays closed:
    `Ann Lee (Annie), do not call`."""
    bare = head.rstrip(_SET_OFF)
    for opening, closing in (("(", ")"), ("[", "]"), ("{", "}")):
        if bare.count(opening) > bare.count(closing) and head[len(bare) :].lstrip()[:1] == closing:
            return bare + closing
    return bare


def _without_note(text: str, start: int, end: int) -> str | None:
    """The text without the denial and its note, which goes as far as the brackets around it."""
    head, tail = text[:start], text[end:]
    opened, closed = _NOTE_BEGINS.search(head), _NOTE_ENDS.match(tail)
    if opened and closed:
        head, tail = head[: opened.start()], tail[closed.end() :]
    rest = " ".join(_EMPTY.sub(" ", f"{head} {tail}").split()).strip(_BESIDE_A_NUMBER)
    return rest if any(map(str.isalnum, rest)) else None


def _without_dated_note(text: str, start: int, end: int) -> str | None:
    """The same beside a mailbox, without the date of it: `opted out on 01.05.2024`."""
    dated = _DATED.match(text[end:])
    return _without_note(text, start, end + dated.end() if dated else end)


class _Heard(NamedTuple):
    channels: frozenset[str]
    rest: str | None
    words: str


def _read(text: str, find: _Find, cut: _Cut) -> _Heard | None:
    """All that denies in a text, and what is left where each has been cut out."""
    channels: set[str] = set()
    words: list[str] = []
    bare, rest = text, text or None
    while places := find(bare):
        channels.update(channel for place in places for channel in place.channels)
        words += [bare[place.start : place.end] for place in places]
        bare = _cut_out(bare, places)
    if not channels:
        return None
    # What a note swallows behind a denial has been heard above.
    while rest and (places := find(rest)):
        rest = cut(rest, places[0].start, places[0].end)
    return _Heard(frozenset(channels), rest, ", ".join(words))


def _cut_out(text: str, places: list[Place]) -> str:
    """The text without the places alone, its notes tidied of what set them off there."""
    for place in reversed(places):
        text = f"{text[: place.start]} {text[place.end :]}"
    return _BEFORE_CLOSING.sub(r"\1", _AFTER_OPENING.sub(r"\1", text))


def _as_denial(heard: _Heard | None) -> Denial | None:
    return heard and Denial(consent_fields(heard.channels), heard.rest, heard.words)


def said_behind_a_name(text: str) -> str | None:
    """What stands in small letters behind a name in capital ones: `asked not to be called` of `Ann
    Lee asked not to be called`. Particles of the family's name are no beginning of it."""
    words = text.split()
    if len(words) < _FEWEST_WORDS or len(text) > _LONGEST_VALUE or words[0].islower():
        return None
    start = next(
        (at for at, word in enumerate(words) if word.islower() and word not in PARTICLES), None
    )
    return " ".join(words[start:]) if start is not None else None


def consent_fields(channels: Iterable[str]) -> tuple[str, ...]:
    """The fields of consent to those channels, in order."""
    return tuple(f"consent_{channel}" for channel in CONTACT_CHANNELS if channel in channels)


def in_order(fields: Iterable[Iterable[str]]) -> tuple[str, ...]:
    """All these fields of consent, each once."""
    named = set(chain.from_iterable(fields))
    return tuple(name for name in CONSENTS if name in named)
