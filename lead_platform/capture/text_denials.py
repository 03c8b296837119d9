"""Denials that people write into texts: remarks, answers, and values such as a company.

Owns which clause of a text denies, whatever it was asked for: by phrases that are listed, or by
words of a wish, a refusal and a channel. What a question asks is for `answer_denials`.
"""

import re
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import Literal

from lead_platform.capture.columns import CONSENTS
from lead_platform.capture.denials import (
    DenialReader,
    Place,
    consent_fields,
    in_order,
    said_behind_a_name,
)
from lead_platform.capture.guessing.names import DENIED_AT, FieldNames
from lead_platform.vocabularies.conjunctions import CONTRASTS, PREFERENCES
from lead_platform.vocabularies.contact_permissions import Leave
from lead_platform.vocabularies.dating import without_dates
from lead_platform.vocabularies.rows import CONTACT_CHANNELS
from lead_platform.vocabularies.tables import IntakeLists
from lead_platform.vocabularies.text import fold, straighten_apostrophes, unaccent

# Longer ones are what people wrote.
LONGEST_ANSWER = 200
# `No, do not call me`, `Gore Ltd (unsubscribed)`
CLAUSES = re.compile(r"\s*[,;.!()\[\]|\n]\s*|\s+[-–—/]\s+")
_BLANKS = re.compile(r"[^\S\n]+")
_SIGNS = str.maketrans(
    {code: " " for code in range(128) if not chr(code).isalnum()} | {"'": "", "`": ""}
)
# Dashes, quotes, signs of money, pictures; the accents of a letter stay with it.
_MARKS = re.compile("[^\x00-\x7f\\w\u0300-\u036f]")
_DOUBLE = _PAIR = 2
_LONGEST_REPLY = 40
# Spanish for `low` too.
_ALSO_LEVELS = frozenset({"baja"})
# Letters from Thai on; signs and marks of other scripts stand between them.
_WITHOUT_SPACES = re.compile("[\u0e00-\u1dbf\u2e80-\ud7ff\uf900-\ufaff\U00020000-\U0003ffff]")
_NE = frozenset({"ne", "n"})
# Surnames, which people write in capitals too, have vowels.
_CAPITALS = re.compile(r"\b[B-DF-HJ-NP-TV-XZ]{3,}\b")
_STOPS = ".,;:!?()[]"
_SET_APART = PREFERENCES | CONTRASTS

UNCLEAR_DENIAL = (
    "has words of a denial among others: read it, for no consent is filled from it; a phrase that "
    "denies by itself goes into config/vocabularies/opt_outs.csv"
)
TextKind = Literal["remark", "answer", "value", "name"]
"""A text written freely; what was answered to a question; a value such as a company; a person's
name, behind which something may be said."""


class TextDenials:
    """Finds what texts deny, by the names and words of one channel."""

    def __init__(self, names: FieldNames, lists: IntakeLists) -> None:
        self._names = names
        self._lists = lists
        self._denials = DenialReader(lists)

    def read(self, text: str, kind: TextKind) -> tuple[str, ...] | None:
        """What a text denies that was asked for another purpose, in a clause whose words are all
        known: `Do not call, please`, `wants no more e-mails`; None where words of a denial stand
        among others. A remark may be a single word (`Stop`), in an answer it counts in capitals."""
        if kind == "name":
            said = said_behind_a_name(text)
            return self.read(said, "remark") if said else ()
        # A long row of blanks would be gone through again from each of them.
        text = _BLANKS.sub(" ", text)
        if not self.may_deny(text, kind):
            return ()
        fields = self._denied_by(text, kind)
        undated = None if fields or kind == "value" else without_dates(text)
        if undated is None:
            return fields
        stated = self._denied_by(undated.text, kind)
        is_state = undated.is_since or self._names.leave(undated.text).is_state
        if stated and not is_state and self._names.permissions.refuses(fold(undated.text).split()):
            # `Do not call on 3 Nov` may be of that day.
            return None
        return stated or (None if fields is None else stated)

    def may_deny(self, text: str, kind: TextKind) -> bool:
        """The one look that each text costs: whether it has a word that refuses, or says no."""
        return not _has_none_of(self._signs_of_remarks if kind == "remark" else self._signs, text)

    def _denied_by(self, text: str, kind: TextKind) -> tuple[str, ...] | None:
        if reply := self._behind(text) if kind == "value" else self._reply(text, kind):
            return reply
        clauses = [
            self._clause(each)
            for each in dict.fromkeys((text, *CLAUSES.split(text)))
            if 0 < len(each) <= LONGEST_ANSWER
        ]
        found = [self._by_itself(c, is_remark=kind == "remark" and c.text == text) for c in clauses]
        if kind != "value" and not any(found):
            found += [self._by_its_words(clause) for clause in clauses]
        fields = in_order(each for each in found if each)
        is_unclear = kind == "remark" and any(map(self._may_be_denial, clauses))
        return fields or (None if is_unclear else ())

    def excepted(self, answer: str) -> tuple[str, ...] | None:
        """What an answer leaves out of the leave that it gives: `Yes, but not by phone`; None where
        that is not clear: `Yes, email only`."""
        denied: list[tuple[str, ...]] = []
        parts = CLAUSES.split(answer) if len(answer) <= LONGEST_ANSWER else []
        for clause in map(self._clause, parts):
            leave = clause.leave
            if not leave.channels or clause.places:
                continue
            rest = self._names.leave(" ".join(clause.words_in_order(CONTRASTS)))
            if rest.is_whole and clause.refuses_once and not (leave.is_wish or leave.is_absent):
                denied.append(consent_fields(leave.channels))
            elif leave.refusals or not _SET_APART.isdisjoint(clause.words):
                return None
        return in_order(denied)

    def _clause(self, text: str) -> "_Clause":
        is_plain = _has_none_of(self._denials.signs, text)
        places = () if is_plain else tuple(self._denials.phrases_in(text))
        return _Clause(text, places, self._names.leave(text))

    def _reply(self, text: str, kind: TextKind) -> tuple[str, ...]:
        """What a whole text denies that is one word of a denial, among courtesies in a remark."""
        if len(text) > _LONGEST_REPLY:
            return ()
        words = fold(text).split()
        if kind == "remark":
            said = [word for word in words if not self._lists.is_courtesy(word)]
            if len(said) == 1 and (denied := self._lists.denied_channels(said[0])):
                return consent_fields(denied)
            # `Consent withdrawn`
            named = {match.field for match in self._names.matches((text,))}
            return in_order(fields for name, fields in DENIED_AT.items() if name in named)
        if not text.isupper() or _ALSO_LEVELS.intersection(words):
            return ()
        return consent_fields(self._lists.denied_channels(text))

    def _behind(self, text: str) -> tuple[str, ...]:
        """What several words in capitals deny behind a name that is not: `Vidal SL DO NOT CONTACT`;
        one alone may be initials (DNC)."""
        words = text.split()
        for start in range(1, len(words) - 1 if len(text) <= LONGEST_ANSWER else 0):
            behind = " ".join(words[start:])
            if not behind.isupper() or not any(map(str.islower, " ".join(words[:start]))):
                continue
            if denied := self._lists.denied_channels(behind):
                return consent_fields(denied)
        return ()

    @cached_property
    def _signs(self) -> frozenset[str]:
        noes = {word for word, said in self._lists.truths.exact.items() if said == "no"}
        return self._denials.signs | self._names.permissions.refusing_words | noes

    @cached_property
    def _signs_of_remarks(self) -> frozenset[str]:
        """With words that set off the one channel that is wanted."""
        return self._signs | PREFERENCES

    def _by_its_words(self, clause: "_Clause") -> tuple[str, ...]:
        """What a clause denies that wishes for no contact in words of its own; of channels on both
        sides of the refusal the one behind it: `prefer e-mail, not phone`."""
        leave = clause.leave
        is_wish = leave.is_wish and leave.is_whole and leave.channels
        is_turned = clause.is_several or not CONTRASTS.isdisjoint(clause.words)
        if not is_wish or not clause.refuses_once or is_turned:
            return ()
        words = clause.text.split()
        start = next(
            (at for at, word in enumerate(words) if self._names.permissions.refuses([fold(word)])),
            0,
        )
        before = self._names.leave(" ".join(words[:start])).channels
        denied = self._names.leave(" ".join(words[start:])).channels if before else leave.channels
        return consent_fields(denied) if denied and len(denied) == 1 else ()

    def _may_be_denial(self, clause: "_Clause") -> bool:
        """Whether a denial stands among words that nobody knows: `do not call before 9`; one that
        is composed may say that there is nothing: `I have no fax`."""
        leave = clause.leave
        if leave.is_whole and clause.refuses_once and leave.channels is not None and leave.is_wish:
            # `does not want to hear from us`
            return True
        phrases = (fold(clause.text[p.start : p.end]) for p in clause.places)
        composed = self._lists.composed_denials.channels
        if any(" " in each and each not in composed for each in phrases):
            return True
        return self._is_short_denial(clause) or self._is_marked(clause)

    def _is_short_denial(self, clause: "_Clause") -> bool:
        """Whether all words of it are known, and may say in brief that somebody is not to be
        reached: `no contact please`, `has objected`, `please delete`, `only by email`."""
        leave = clause.leave
        if clause.is_several or leave.is_absent or not leave.is_whole:
            return False
        if leave.refusals == 0:
            is_only = not PREFERENCES.isdisjoint(clause.words) and leave.channels
            return leave.is_state or bool(is_only and not leave.is_asked)
        is_any = leave.channels is not None and not leave.channels
        return clause.refuses_once and (is_any or leave.is_state)

    def _is_marked(self, clause: "_Clause") -> bool:
        """Whether a short word that denies stands in capitals among others: `Added to DNC`."""
        if clause.text.isupper():
            return False
        notes = self._lists.denying_notes
        marks = [
            word
            for word in _CAPITALS.findall(clause.text)
            if notes.get(word.lower()) == CONTACT_CHANNELS
        ]
        refuses = self._names.permissions.refuses
        others = [word for word in clause.text.split() if word.strip(_STOPS) not in marks]
        return bool(marks) and not any(refuses([fold(word)]) for word in others)

    def _by_itself(self, clause: "_Clause", *, is_remark: bool) -> tuple[str, ...]:
        """What a clause denies whatever was asked: `Please do not call or text me`; of what denies
        every channel, the one that it names: `Do not contact me by phone`.

        Two words may be what somebody does not do (`No marketing`, `We do no marketing`), but not
        as a remark, nor with words of a wish beside them (`Please`).
        """
        text, places, leave = clause.text, clause.places, clause.leave
        if not places:
            return ()
        around = text
        for place in reversed(places):
            around = f"{around[: place.start]} {around[place.end :]}"
        permissions, words_around = self._names.permissions, fold(around).split()
        words = sum(len(text[place.start : place.end].split()) for place in places)
        is_told = leave.is_wish or words > _PAIR
        is_whole = leave.is_whole and leave.channels is not None and clause.refuses_once
        is_known = is_told and (is_whole or permissions.add_nothing(words_around))
        fields = consent_fields(set(chain.from_iterable(place.channels for place in places)))
        beside = self._names.leave(around)
        if beside.channels:
            if fields != CONSENTS or not self._narrows(clause, beside):
                # `Do not contact me but email is ok`
                return () if not is_known or fields == CONSENTS else fields
            return consent_fields(beside.channels)
        if not is_known and not permissions.are_fillers(words_around):
            return ()
        denial = fold(text[places[0].start : places[-1].end]).split()
        may_be_trade = words == _PAIR and not leave.is_wish and permissions.may_be_trade(denial)
        is_said = is_remark or bool(around.strip())
        before = text[: places[0].start]
        is_polite = len(before.split()) <= 1 or self._lists.is_courtesy(before)
        return () if may_be_trade and not (is_said and is_polite) else fields

    def _narrows(self, clause: "_Clause", beside: Leave) -> bool:
        """Whether what stands beside a denial of every channel names the one that is meant, and
        not one that is still wanted: `Opt me out of SMS`, not `do not contact, email only`."""
        is_plain = beside.is_whole and not (beside.refusals or beside.is_asked or beside.is_wish)
        return is_plain and not clause.is_several and _SET_APART.isdisjoint(clause.words)


def _has_none_of(signs: frozenset[str], text: str) -> bool:
    """Whether none of these words stands in a text of a script that sets words apart."""
    plain = text if text.isascii() else _MARKS.sub(" ", straighten_apostrophes(text))
    plain = plain.casefold() if plain.isascii() else unaccent(plain)
    return _WITHOUT_SPACES.search(plain) is None and signs.isdisjoint(
        plain.translate(_SIGNS).split()
    )


@dataclass(frozen=True)
class _Clause:
    """A part of a text with the denials that are listed in it, and what its words say of leave."""

    text: str
    places: tuple[Place, ...]
    leave: Leave

    @cached_property
    def words(self) -> frozenset[str]:
        return frozenset(fold(self.text).split())

    def words_in_order(self, but: frozenset[str]) -> list[str]:
        """Its words, folded, without these."""
        return [word for word in fold(self.text).split() if word not in but]

    @property
    def is_several(self) -> bool:
        """Whether signs divide it into further clauses."""
        return CLAUSES.search(self.text) is not None

    @property
    def refuses_once(self) -> bool:
        """Whether one word refuses, or two as one: ne … pas."""
        is_french = self.leave.refusals == _DOUBLE and not _NE.isdisjoint(self.words)
        return self.leave.refusals == 1 or is_french
