"""Denials that people write into texts: remarks, answers, and values such as a company.

Owns which clause of a text denies, whatever it was asked for: by phrases that are listed, or by
words of a wish, a refusal and a channel. What a question asks is for `answer_denials`.
"""

import re
from functools import cached_property
from itertools import chain
from typing import Literal

from lead_platform.capture.columns import CONSENTS
from lead_platform.capture.denials import DenialReader, consent_fields, in_order, said_behind_a_name
from lead_platform.capture.guessing.names import DENIED_AT, FieldNames
from lead_platform.vocabularies.contact_permissions import Leave
from lead_platform.vocabularies.tables import IntakeLists
from lead_platform.vocabularies.text import fold, unaccent

# Longer ones are what people wrote.
LONGEST_ANSWER = 200
# `No, do not call me`, `Gore Ltd (unsubscribed)`
CLAUSES = re.compile(r"\s*[,;.!()\[\]|\n]\s*|\s+[-–—/]\s+")
_BLANKS = re.compile(r"[^\S\n]+")
_SIGNS = str.maketrans(dict.fromkeys('()[]{}<>*!?.,;:/|-–—_#"', " ") | {"'": ""})
_MOST_REMEMBERED = 10_000
_DOUBLE = _PAIR = 2
_LONGEST_REPLY = 40
# Spanish for `low` too.
_ALSO_LEVELS = frozenset({"baja"})
# Thai, and whatever stands behind it in Unicode.
_WITHOUT_SPACES = "\u0e00"
_NE = frozenset({"ne", "n"})

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
        self._known: dict[tuple[str, TextKind], tuple[str, ...] | None] = {}

    def read(self, text: str, kind: TextKind) -> tuple[str, ...] | None:
        """What a text denies that was asked for another purpose, in a clause whose words are all
        known: `Do not call, please`, `wants no more e-mails`; None where words of a denial stand
        among others. A remark may be a single word (`Stop`), in an answer it counts in capitals."""
        if kind == "name":
            said = said_behind_a_name(text)
            return self.read(said, "remark") if said else ()
        # A long row of blanks would be gone through again from each of them.
        text = _BLANKS.sub(" ", text)
        if len(text) > LONGEST_ANSWER:
            return self._read(text, kind)
        key = (text, kind)
        if key not in self._known:
            if len(self._known) > _MOST_REMEMBERED:
                self._known.clear()
            self._known[key] = self._read(text, kind)
        return self._known[key]

    def _read(self, text: str, kind: TextKind) -> tuple[str, ...] | None:
        # The one look that each text costs.
        plain = text.casefold() if text.isascii() else unaccent(text)
        is_spaced = plain.isascii() or max(plain) < _WITHOUT_SPACES
        if is_spaced and self._signs.isdisjoint(plain.translate(_SIGNS).split()):
            return ()
        if reply := self._behind(text) if kind == "value" else self._reply(text, kind):
            return reply
        clauses = [
            c for c in dict.fromkeys((text, *CLAUSES.split(text))) if 0 < len(c) <= LONGEST_ANSWER
        ]
        found = [self._by_itself(c, is_remark=kind == "remark" and c == text) for c in clauses]
        if kind != "value" and not any(found):
            found += [self._by_its_words(clause) for clause in clauses]
        fields = in_order(each for each in found if each)
        is_unclear = kind == "remark" and any(map(self._may_deny, clauses))
        return fields or (None if is_unclear else ())

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
        return self._denials.signs | self._names.permissions.refusing_words

    def _by_its_words(self, clause: str) -> tuple[str, ...]:
        """What a clause denies that wishes for no contact in words of its own; of channels on both
        sides of the refusal the one behind it: `prefer e-mail, not phone`."""
        leave = self._names.leave(clause)
        is_wish = leave.is_wish and leave.is_whole and leave.channels
        if not is_wish or not self._refuses_once(clause, leave) or CLAUSES.search(clause):
            return ()
        words = clause.split()
        start = next(
            (at for at, word in enumerate(words) if self._names.permissions.refuses([fold(word)])),
            0,
        )
        before = self._names.leave(" ".join(words[:start])).channels
        denied = self._names.leave(" ".join(words[start:])).channels if before else leave.channels
        return consent_fields(denied) if denied and len(denied) == 1 else ()

    def _refuses_once(self, clause: str, leave: Leave) -> bool:
        """Whether one word refuses, or two as one: ne … pas."""
        is_french = leave.refusals == _DOUBLE and not _NE.isdisjoint(fold(clause).split())
        return leave.refusals == 1 or is_french

    def _may_deny(self, clause: str) -> bool:
        """Whether a denial stands among words that nobody knows: `do not call before 9`; one that
        is composed may say that there is nothing: `I have no fax`."""
        leave = self._names.leave(clause)
        is_wish = leave.is_wish and leave.is_whole and leave.channels is not None
        if is_wish and self._refuses_once(clause, leave):
            # `does not want to hear from us`
            return True
        phrases = (fold(clause[p.start : p.end]) for p in self._denials.phrases_in(clause))
        return any(
            " " in each and each not in self._lists.composed_denials.channels for each in phrases
        )

    def _by_itself(self, clause: str, *, is_remark: bool) -> tuple[str, ...]:
        """What a clause denies whatever was asked: `Please do not call or text me`; of what denies
        every channel, the one that it names: `Do not contact me by phone`.

        Two words may be what somebody does not do (`No marketing`, `We do no marketing`), but not
        as a remark, nor with words of a wish beside them (`Please`).
        """
        places = self._denials.phrases_in(clause)
        around = clause
        for place in reversed(places):
            around = f"{around[: place.start]} {around[place.end :]}"
        if not places:
            return ()
        leave, beside = self._names.leave(clause), self._names.leave(around)
        permissions, words_around = self._names.permissions, fold(around).split()
        words = sum(len(clause[place.start : place.end].split()) for place in places)
        is_told = leave.is_wish or words > _PAIR
        is_whole = leave.is_whole and leave.channels is not None
        is_whole = is_whole and self._refuses_once(clause, leave)
        is_known = is_told and (is_whole or permissions.add_nothing(words_around))
        if not is_known and not permissions.are_fillers(words_around):
            return ()
        fields = consent_fields(set(chain.from_iterable(place.channels for place in places)))
        if fields == CONSENTS and beside.channels:
            fields = consent_fields(beside.channels)
        denial = fold(clause[places[0].start : places[-1].end]).split()
        may_be_trade = words == _PAIR and not leave.is_wish and permissions.may_be_trade(denial)
        is_said = is_remark or bool(around.strip())
        before = clause[: places[0].start]
        is_polite = len(before.split()) <= 1 or self._lists.is_courtesy(before)
        return () if may_be_trade and not (is_said and is_polite) else fields
