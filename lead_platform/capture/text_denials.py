"""Denials that people write into texts: remarks, answers, and values such as a company.

Owns which clause of a text denies, whatever it was asked for: by phrases that are listed, or by
words of a wish, a refusal and a channel. What a question asks is for `answer_denials`.
"""

import html
import re
from collections.abc import Sequence
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
from lead_platform.capture.guessing.names import AMBIGUOUS_NAME, DENIED_AT, FieldNames
from lead_platform.vocabularies.conjunctions import CONTRASTS, FROM_NOW_ON, PREFERENCES
from lead_platform.vocabularies.contact_permissions import Leave
from lead_platform.vocabularies.dating import has_date, without_dates
from lead_platform.vocabularies.rows import CONTACT_CHANNELS
from lead_platform.vocabularies.tables import IntakeLists
from lead_platform.vocabularies.text import MARKS, fold, straighten_apostrophes, unaccent

# Longer ones are what people wrote.
LONGEST_ANSWER = 200
# `No, do not call me`, `Gore Ltd (unsubscribed)`
CLAUSES = re.compile(r"\s*[,;.!()\[\]|\n]\s*|\s+[-–—/]\s+")
# The same with the signs kept, and no dot or dash within a date.
_PIECES = re.compile(
    r"([,;!?()\[\]|\n]|(?<!\d)\.\s|(?<=\d{4})\.\s"
    r"|(?<=[./-]\d)\.\s(?=[A-ZÀ-Þ])|(?<=[./-]\d\d)\.\s(?=[A-ZÀ-Þ])|\s[-–—/]\s)"
)
_LABELS = re.compile(r": | ?(?:->|=>|→|•|·|»|>) ?")
# What stands before it was asked or is a label, and was read with its answer.
_ASKED = re.compile(r"(?<!\d)[:=?]")
_TAG = re.compile(r"<[^<>]{1,200}>")
_INLINE_TAG = re.compile(r"</?(?:b|i|u|em|strong|span|a|font|small)\b[^<>]{0,200}>", re.I)
_QUOTED = re.compile(
    r"\n ?(?:>|On .{5,80}wrote:|Am .{5,80}schrieb|Le .{5,80}écrit"
    r"|Sent from |Get Outlook |Von meinem |Gesendet von |Envoyé de |Enviado desde |Inviato da )"
)
_NUMBERED = re.compile(r"\bno\. ?(?=\d)", re.I)
_CROSSES = re.compile(" ?[❌✗✘☒🚫⛔✖]\ufe0f? ?")
_INITIALS = re.compile(r"(?<![\w.])(?:[A-Z]\.){3,}(?!\w)")
_BRACKETED = re.compile(r" ?[(\[]([^()\[\]]{1,30})[)\]]")
_BLANKS = re.compile(r"[^\S\n]+")
_SIGNS = str.maketrans(
    {code: " " for code in range(128) if not chr(code).isalnum()} | {"'": "", "`": ""}
)
# Dashes, quotes, signs of money, pictures; the accents of a letter stay with it.
_MARKS = re.compile(f"[^\x00-\x7f\\w{MARKS}]")
_DOUBLE = _PAIR = 2
_LONGEST_REPLY = 40
# More words are a sentence of which nobody knows what it says.
_MOST_WORDS_TOLD = 8
_FEW_WORDS = 4
# Spanish for `low` too.
_ALSO_LEVELS = frozenset({"baja"})
# Letters from Thai on; signs and marks of other scripts stand between them.
_WITHOUT_SPACES = re.compile("[\u0e00-\u1dbf\u2e80-\ud7ff\uf900-\ufaff\U00020000-\U0003ffff]")
_NE = frozenset({"ne", "n"})
# Surnames, which people write in capitals too, have vowels.
_CAPITALS = re.compile(r"\b[B-DF-HJ-NP-TV-XZ]{3,}\b")
_STOPS = ".,;:!?()[]"
_THINGS = frozenset({"email", "phone"})
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
        found = self.read_all(text, kind)
        return in_order(each for each in found if each) or (None if None in found else ())

    def read_all(self, text: str, kind: TextKind) -> list[tuple[str, ...] | None]:
        """What `read` says, and None beside it where the text may deny more."""
        if kind == "name":
            said = said_behind_a_name(text)
            return self.read_all(said, "remark") if said else []
        # A long row of blanks would be gone through again from each of them.
        text = _BLANKS.sub(" ", text)
        if kind in ("remark", "answer"):
            text = _BRACKETED.sub(self._opened, text)
        if not self.may_deny(text, kind):
            return []
        undated, is_for_a_day = self._undated(text)
        fields = self._denied_by(undated, kind)
        return [fields, None] if is_for_a_day else [fields]

    def _opened(self, bracket: re.Match[str]) -> str:
        """What brackets hold, without them where it is a channel: `Opt out (SMS)`."""
        return f" {bracket[1]} " if self._names.is_channel((bracket[1],)) else bracket[0]

    def _undated(self, text: str) -> tuple[str, bool]:
        """The text without the dates that stand in it, and without what is not to be done at one of
        them only (`do not call on 3 Nov`); whether there was such."""
        if not has_date(text):
            return text, False
        kept: list[str] = []
        is_for_a_day = False
        for piece in _PIECES.split(text):
            undated = without_dates(piece)
            if undated is None:
                kept.append("" if has_date(piece) else piece)
                continue
            words = fold(undated.text).split()
            negates = self._names.permissions.negates
            # `No email since March` may say that none came.
            is_wish = self._names.leave(undated.text).is_wish
            may_be_past = negates(words[:1]) and not is_wish
            # What stands before it was written on that day: `2024-11-03 do not call`.
            is_logged = piece.strip()[:1].isdigit()
            is_of_day = (
                undated.lasts == "day"
                or (undated.lasts == "open" and negates(words) and not is_logged)
                or (undated.lasts == "since" and may_be_past)
            )
            if is_of_day and self._denied_by(undated.text, "remark"):
                is_for_a_day = True
            else:
                kept.append(undated.parted)
        return "".join(kept), is_for_a_day

    def may_deny(self, text: str, kind: TextKind) -> bool:
        """The one look that each text costs: whether it has a word that refuses, or says no."""
        signs = self._signs_of_remarks if kind == "remark" else self._signs
        return not _has_none_of(signs, text) or (
            kind == "remark" and self._names.permissions.refuses_by_stem(fold(text).split())
        )

    def _denied_by(self, text: str, kind: TextKind) -> tuple[str, ...] | None:
        if reply := self._behind(text) if kind == "value" else self._reply(text, kind):
            return reply
        parts = (text, *CLAUSES.split(text))
        if kind != "value":
            # `JM: unsubscribed`, `met -> opted out`: what stands last is said.
            parts = (*parts, *(_LABELS.split(part)[-1] for part in parts))
        clauses = [
            self._clause(each) for each in dict.fromkeys(parts) if 0 < len(each) <= LONGEST_ANSWER
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
        if kind == "remark" and words[-1:] == ["by"]:
            # `Please stop by`
            return ()
        if kind == "remark":
            said = [word for word in words if not self._lists.is_courtesy(word)]
            if len(said) == 1 and (denied := self._lists.denied_channels(said[0])):
                # Of registers some are words: nix.
                is_register = denied != CONTACT_CHANNELS and said[0] in self._lists.denying_notes
                if not is_register or not text.islower():
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
        if leave.is_state and leave.is_asked and not clause.is_several:
            # `Consent withdrawn`
            named = {match.field for match in self._names.matches((clause.text,))}
            if withdrawn := in_order(of for name, of in DENIED_AT.items() if name in named):
                return withdrawn
        is_told = leave.is_wish or leave.is_granting
        is_wish = is_told and leave.is_whole and leave.channels is not None
        is_turned = clause.is_several or not CONTRASTS.isdisjoint(clause.words)
        if not is_wish or not clause.refuses_once or is_turned:
            return ()
        words = clause.text.split()
        start = next(
            (at for at, word in enumerate(words) if self._names.permissions.refuses([fold(word)])),
            0,
        )
        before = self._names.leave(" ".join(words[:start])).channels
        behind = self._names.leave(" ".join(words[start:])).channels
        denied = (behind or before) if before else leave.channels
        if not leave.channels:
            return CONSENTS if leave.is_granting else ()
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
        return (
            self._is_short_denial(clause) or self._is_marked(clause) or self._is_near_denial(clause)
        )

    def _is_near_denial(self, clause: "_Clause") -> bool:
        """Whether a few words refuse, and speak of reaching somebody or of consent, whatever the
        others say: `said not to call`, `no le llamen`."""
        words = [word for word in clause.in_order if word not in self._lists.denying_notes]
        leave = self._names.leave(" ".join(words))
        is_several = clause.is_several or _ASKED.search(clause.text) is not None
        if leave.is_absent or is_several or len(words) > _MOST_WORDS_TOLD:
            return False
        if leave.is_state and len(words) <= _FEW_WORDS:
            return not self._names.permissions.negates(words)
        speaks = leave.channels is not None or self._names.is_about_consent((" ".join(words),))
        return speaks and (leave.refusals > 0 or leave.is_state)

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
        if clause.text.isupper() and len(clause.in_order) > _MOST_WORDS_TOLD:
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
        is_state = leave.is_state and not (leave.is_wish or permissions.negates(clause.in_order))
        if beside.is_asked and is_state:
            # `DNC ok`, `on TPS, but gave consent`
            return ()
        if beside.channels:
            if fields != CONSENTS:
                return fields if is_known else ()
            if self._says_how(clause, beside):
                return fields
            # `Do not contact me but email is ok`
            return consent_fields(beside.channels) if self._narrows(clause, beside) else ()
        if not is_known and not permissions.are_fillers(words_around):
            return ()
        before = text[: places[0].start]
        if not leave.is_wish and self._may_say_absence(text, places):
            return ()
        denial = fold(text[places[0].start : places[-1].end]).split()
        may_be_trade = words == _PAIR and not leave.is_wish and permissions.may_be_trade(denial)
        is_said = is_remark or bool(around.strip())
        is_beginning = len(before.split()) <= 1 or self._lists.is_courtesy(before)
        return () if may_be_trade and not (is_said and is_beginning) else fields

    def _may_say_absence(self, text: str, places: Sequence[Place]) -> bool:
        """Whether a denial of two words may say that there is none: `no phone`, `kein Kontakt`."""
        phrase = fold(text[places[0].start : places[-1].end])
        head, _, thing = phrase.partition(" ")
        if not FROM_NOW_ON.isdisjoint(fold(text).split()):
            return False
        if not self._names.permissions.negates([head]):
            return False
        named = {match.field for match in self._names.matches((thing,)) if match.is_exact}
        if AMBIGUOUS_NAME in named and self._names.leave(thing).channels == frozenset():
            return True
        if self._names.permissions.says_paperwork(thing.split()):
            # `never called`
            return phrase in self._lists.composed_denials.channels
        word = self._lists.channel_words.get(thing)
        if named.isdisjoint(_THINGS) or (word and _THINGS.isdisjoint(word.channels)):
            return False
        if phrase in self._lists.composed_denials.channels:
            return True
        # `no email`, and not `no emails`
        is_none = self._lists.truths.find(head) == "no" or self._lists.prefers_no_channel(head)
        return is_none and f"{phrase}s" in self._lists.denials_in_names.channels

    def _narrows(self, clause: "_Clause", beside: Leave) -> bool:
        """Whether what stands beside a denial of every channel names the one that is meant, and
        not one that is still wanted: `Opt me out of SMS`, not `do not contact, email only`."""
        is_plain = beside.is_whole and not (beside.refusals or beside.is_asked or beside.is_wish)
        return is_plain and not clause.is_several and _SET_APART.isdisjoint(clause.words)

    def _says_how(self, clause: "_Clause", beside: Leave) -> bool:
        """Whether what stands beside says by which way somebody told us: `opted out by phone`,
        `called to opt out`."""
        is_told = clause.leave.is_state and not self._names.permissions.negates(clause.in_order)
        is_plain = beside.is_whole and not (beside.refusals or clause.is_several)
        return is_told and is_plain and self._names.permissions.says_by_what(clause.in_order)


def plain_note(text: str) -> str:
    """A note with single blanks, without the tags of a web page, what an answered mail quotes and
    its signature; with a cross as the word that it stands for, and initials without dots."""
    if "<" in text or "&" in text:
        text = _TAG.sub("\n", _INLINE_TAG.sub(" ", text))
        text = html.unescape(text)
    text = _BLANKS.sub(" ", text.strip())
    if "\n" in text:
        text = _QUOTED.split(text)[0]
    text = _NUMBERED.sub("number ", _CROSSES.sub(" no ", text))
    return _INITIALS.sub(lambda match: match.group().replace(".", ""), text).strip()


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
        return frozenset(self.in_order)

    @cached_property
    def in_order(self) -> list[str]:
        return fold(self.text).split()

    def words_in_order(self, but: frozenset[str]) -> list[str]:
        """Its words, folded, without these."""
        return [word for word in self.in_order if word not in but]

    @property
    def is_several(self) -> bool:
        """Whether signs divide it into further clauses."""
        return CLAUSES.search(self.text) is not None

    @property
    def refuses_once(self) -> bool:
        """Whether one word refuses, or two as one: ne … pas."""
        is_french = self.leave.refusals == _DOUBLE and not _NE.isdisjoint(self.words)
        return self.leave.refusals == 1 or is_french
