"""Denials that the answer to a form's question states: `Email opt out`: yes, `May we call?`: no.

Owns what a question asks about leave to reach somebody, and which answers deny it. A denial counts
wherever it is stated; a grant only where the channel maps one.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import Any, Literal, NamedTuple

from lead_platform.capture.columns import CONSENTS
from lead_platform.capture.denials import consent_fields, in_order
from lead_platform.capture.guessing.names import (
    DENIED_AT,
    OPT_OUTS,
    WITHDRAWN_AT,
    FieldNames,
)
from lead_platform.capture.questions import bare_question
from lead_platform.capture.repeated_questions import beside_answers, parts_of, readings
from lead_platform.capture.text_denials import (
    CLAUSES,
    LONGEST_ANSWER,
    TextDenials,
    TextKind,
    plain_note,
)
from lead_platform.capture.values import read_list, readable_text, show
from lead_platform.vocabularies.dating import has_date, without_dates
from lead_platform.vocabularies.rows import CONTACT_CHANNELS
from lead_platform.vocabularies.tables import IntakeLists
from lead_platform.vocabularies.text import fold

_PARTS = re.compile(r"[.!?:]\s+|\n+|\s[-–—]\s|[()\[\]]")
# By themselves the seconds since 1970.
_SECONDS = re.compile(r"1\d{9}(?:\d{3})?")
# What was 1 in a column of numbers with gaps in it.
_NO_FRACTION = re.compile(r"^(\d+)\.0+$")
# What HubSpot calls the opt-out from one list: hs_email_optout_12345.
_ID_BEHIND = re.compile(r"(?<=optout)[_ ]\d+$")
_MOST_REMEMBERED = 10_000
_MOST_SHAPES = 1_000
# What is longer or more is nobody's form, and not remembered.
_LONGEST_NAME = 300
_LONGEST_QUESTION = 2_000
_MOST_NAMES = 1_000
_DOUBLE = 2
# What is shorter may be a state: `Not contacted`.
_LEAST_WORDS = 4
# More words are a sentence.
_MOST_STATED = 5
_SHORT_QUESTION = 3
_LONG_WORD = 8
# What databases and spreadsheets write for no date.
_NO_DATE = re.compile(
    r"^\D*(?:0{4}-00|00[./-]00[./-]|1900-01-0[01]|0?[01][./]0?1[./]1900|9999-|31[./]12[./]9999|12/31/9999)"
)


class _Leave(NamedTuple):
    """What a question asks about leave to reach somebody, and for which consents.

    `is_sure`: else it may ask that, the opposite or something else; a `time` to call only `never`
    answers as one of leave, a bare `channel` (`Calls`) more than a no; `is_of_opt_out`: it has the
    words of one, and a date is its.
    """

    of: Literal["consent", "opt_out", "opt_out_at", "time", "channel"]
    fields: tuple[str, ...]
    is_sure: bool = True
    is_of_opt_out: bool = False


@dataclass(frozen=True)
class DeniedAnswer:
    """A question whose answer denies, as fields of consents; none where nobody knows what it says
    of them."""

    question: str
    answer: str
    fields: tuple[str, ...]

    @property
    def told(self) -> str:
        """The denial in words, behind the question."""
        if self.fields:
            return f"holds a denial: {show(self.answer)} denies {' and '.join(self.fields)}"
        return (
            f"may say who may be reached: what {show(self.answer)} says of it is not clear, and no "
            "consent is filled from it"
        )


class AnswerDenials:
    """Finds what answers deny, by the names and words of one channel."""

    def __init__(self, names: FieldNames, lists: IntakeLists) -> None:
        self._names = names
        self._lists = lists
        self._texts = TextDenials(names, lists)
        self._known: dict[str, _Leave | None] = {}
        self._known_texts: dict[tuple[str, TextKind], _Said] = {}
        self._uses: dict[str, _Leave | Literal["remark", "state"] | None] = {}
        self._of_shape: dict[tuple[str, ...], tuple[str, ...]] = {}

    def read(self, answers: Mapping[str, Any]) -> Iterator[DeniedAnswer]:
        """Of each answer that denies, or may: what it denies."""
        for question, given in answers.items():
            answer = (
                ", ".join(read_list(given)) if isinstance(given, list) else readable_text(given)
            )
            if not answer:
                continue
            answer = _NO_FRACTION.sub(r"\1", answer)
            fields = self._denied(self._asked(question), answer)
            if fields is None or fields:
                yield DeniedAnswer(question, answer, fields or ())

    def in_record(
        self, content: Mapping[str, Any], *, reads_remarks: bool
    ) -> Iterator[DeniedAnswer]:
        """What a record denies that is no answer: by columns of opt-outs and consents, wherever
        it holds them, and by what people wrote into columns of remarks."""
        for name, value in self._heard(content):
            use, text = self._use(name), readable_text(value)
            if not text or use is None:
                continue
            fields: tuple[str, ...] | None
            if use == "remark":
                fields = self.in_text(text, "remark") if reads_remarks else ()
            elif use == "state":
                fields = self.in_text(text, "answer")
            elif "://" in text:
                # Where to opt out.
                continue
            else:
                fields = self._denied(use, _NO_FRACTION.sub(r"\1", text))
                if not use.is_sure and not fields and self._lists.truths.find(text) == "no":
                    continue
                fields = fields if use.is_sure or self._is_dated_opt_out(name) else fields and None
            if fields is None or fields:
                yield DeniedAnswer(name, text, fields or ())
            if use in ("remark", "state") and self.leaves_open(
                text, "remark" if use == "remark" else "answer"
            ):
                yield DeniedAnswer(name, text, ())

    def in_text(self, text: str, kind: TextKind) -> tuple[str, ...] | None:
        """As `TextDenials.read`; of a remark or an answer also what it says to questions that it
        repeats: `Newsletter: nein`, `Mail ok, Tel nein`."""
        said = self._said_in(text, kind)
        return said.fields or (None if said.is_unclear else ())

    def leaves_open(self, text: str, kind: TextKind) -> bool:
        """Whether a text that denies may deny more, and nobody knows."""
        said = self._said_in(text, kind)
        return said.is_unclear and bool(said.fields)

    def _said_in(self, text: str, kind: TextKind) -> "_Said":
        if len(text) > LONGEST_ANSWER:
            return self._in_text(text, kind)
        key = (text, kind)
        if key not in self._known_texts:
            if len(self._known_texts) > _MOST_REMEMBERED:
                self._known_texts.clear()
            self._known_texts[key] = self._in_text(text, kind)
        return self._known_texts[key]

    def _in_text(self, text: str, kind: TextKind) -> "_Said":
        if kind not in ("remark", "answer"):
            return _said_of(self._texts.read_all(text, kind))
        text = plain_note(text)
        if not self._texts.may_deny(text, kind):
            return _NOTHING
        text = beside_answers(text, lambda word: self._lists.truths.find(word) is not None)
        found: list[tuple[str, ...] | None] = []
        rest: list[str] = []
        at = 0
        for part in parts_of(text):
            if answered := self._answered(part):
                found += answered
                start = text.index(part, at)
                rest.append(text[at:start])
                at = start + len(part)
        rest_of_text = "".join([*rest, text[at:]])
        if any(map(str.isalnum, rest_of_text)):
            stated = self._texts.read_all(rest_of_text, kind)
            found += (
                stated if any(stated) else [*stated, *map(self._stated, parts_of(rest_of_text))]
            )
        said = _said_of(found)
        if said.fields and (self._is_asked_back(text) or self._is_taken_back(text)):
            return _Said((), is_unclear=True)
        return said

    def _is_asked_back(self, text: str) -> bool:
        """`Opt out?`"""
        return text.endswith("?") and len(text.split()) <= _SHORT_QUESTION

    def _is_taken_back(self, text: str) -> bool:
        """`Unsubscribed 3 Nov, resubscribed 5 Nov`"""
        others = [part for part in parts_of(text) if self._texts.read(part, "remark") == ()]
        said = [f" {fold(part)} " for part in others]
        return any(f" {phrase} " in part for part in said for phrase in self._taken_back)

    @cached_property
    def _taken_back(self) -> list[str]:
        """What says that somebody is in again; a word alone only where it says no more."""
        return [
            phrase
            for phrase, said in self._lists.opt_outs.exact.items()
            if said == "not_denied" and len(phrase) >= _LONG_WORD
        ]

    def _answered(self, part: str) -> list[tuple[str, ...] | None]:
        """What a part of a text denies that is a question about leave with an answer; nothing where
        it is none."""
        undated = without_dates(part)
        for text in (part, *([undated.text] if undated else [])):
            for question, answer, is_set_off in readings(text):
                if not (is_set_off or self._is_bare_no(answer)):
                    continue
                if said := self._answer_to(question, answer):
                    return said
        return []

    def _answer_to(self, question: str, answer: str) -> list[tuple[str, ...] | None]:
        is_no = self._is_bare_no(answer)
        is_refused = (
            self._lists.prefers_no_channel(answer)
            or self._lists.consents.find(answer) == "denied"
            or bool(self._lists.denied_channels(answer))
        )
        is_said = is_no or is_refused or self._lists.says_opt_out(answer) is not None
        asked = self._asked(question) if is_said or self._is_date(answer) else None
        if asked is not None and asked.of not in ("time", "channel"):
            return (
                [self._denied_of(asked, question, answer)] if is_said or asked.is_of_opt_out else []
            )
        label = without_dates(question)
        bare = label.text if label else question
        channel = self._asked_by_channel(bare)
        if channel is None:
            leave = self._names.leave(bare)
            return [None] if is_no and leave.is_asked and leave.is_whole else []
        if self._lists.truths.find(answer) == "no" or self._lists.prefers_no_channel(answer):
            # `Phone: no` may say that there is none, `Calls: 0` how many.
            return [None] if not any(map(str.isdigit, answer)) else []
        own = self._texts.read(answer, "remark")
        speaks_of_itself = label is not None or self._names.leave(answer).channels is not None
        if not (own or speaks_of_itself) and self._names.permissions.negates(fold(answer).split()):
            # `Anruf: nicht erwünscht`
            joined = self._texts.read(f"{bare} {answer}", "remark")
            own = own if joined == () else joined
        if not own:
            negates = self._names.permissions.negates(fold(answer).split())
            is_open = own is None or (negates and not self._names.leave(answer).is_absent)
            return [None] if is_open else []
        return [own if own != CONSENTS or speaks_of_itself else channel.fields]

    def _denied_of(self, asked: "_Leave", question: str, answer: str) -> tuple[str, ...] | None:
        """What the answer denies to a question that a text repeats, and no form has asked."""
        fields = self._denied(asked, answer)
        if not fields:
            return fields
        leave = self._names.leave(question)
        if asked.of == "consent":
            # `Has newsletter: no`
            text = bare_question(question)
            is_listed = self._listed(text) is not None or len(text.split()) == 1
            is_clear = leave.is_wish or (
                leave.is_asked
                and (leave.channels is not None or self._names.is_about_consent((question,)))
            )
            return fields if is_listed or is_clear else None
        if (
            self._lists.consents.find(answer) == "granted"
            and self._lists.truths.find(answer) is None
        ):
            # `DNC: ok`
            return None
        # `Unsubscribed: yes`
        return self._texts.read(question, "remark") or fields

    def _stated(self, text: str) -> tuple[str, ...] | None:
        """What a few words deny that say who did not consent: `no consent`, `did not consent`."""
        if len(text.split()) > _MOST_STATED:
            return ()
        leave = self._names.leave(text)
        if leave.is_state or self._names.permissions.says_by_what(fold(text).split()):
            # `DNC ok`, `not reachable by phone`
            return ()
        is_refused = leave.is_asked and leave.refusals == 1 and leave.channels is None
        if not (is_refused and self._names.is_about_consent((text,))):
            return ()
        is_sent = self._names.permissions.says_paperwork(fold(text).split())
        is_open = is_sent or leave.is_absent or leave.is_wish
        return CONSENTS if leave.is_whole and not is_open else None

    def _is_bare_no(self, answer: str) -> bool:
        """`No, thanks`, and not `no answer`."""
        first, *rest = fold(answer).split() or [""]
        return self._lists.truths.find(first) == "no" and self._names.permissions.are_fillers(rest)

    def _asked_by_channel(self, question: str) -> _Leave | None:
        """`Tel`, `Kontakt`: what may ask for the number, or whether it may be used."""
        text = bare_question(question)
        if asked := self._of_channel(text):
            return asked
        named = {match.field for match in self._names.matches((text,)) if match.is_exact}
        fields = tuple(f"consent_{name}" for name in ("email", "phone") if name in named)
        leave = self._names.leave(text)
        is_of_contact = leave.is_whole and not (leave.refusals or leave.is_absent or leave.is_asked)
        is_sent = self._names.permissions.says_paperwork(fold(text).split())
        if not fields and leave.channels is not None and is_of_contact and not is_sent:
            fields = consent_fields(leave.channels or CONTACT_CHANNELS)
        return _Leave("channel", fields) if fields else None

    def _of_channel(self, text: str) -> _Leave | None:
        channels = self._names.leave(text).channels if self._names.is_channel((text,)) else None
        return _Leave("channel", consent_fields(channels)) if channels else None

    def _heard(self, content: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
        """Each value within the record that stands in a column of a use, by the name next to it."""
        waiting: list[Any] = [content]
        while waiting:
            part = waiting.pop()
            inner = [value for value in part.values() if type(value) is dict or type(value) is list]
            waiting += reversed([one for value in inner for one in _objects(value)])
            # The records of a source have a few sets of keys.
            names = tuple(part)
            heard = self._of_shape.get(names)
            if heard is None:
                heard = tuple(name for name in names if self._use(name) is not None)
                if len(names) <= _MOST_NAMES and max(map(len, names), default=0) <= _LONGEST_NAME:
                    if len(self._of_shape) > _MOST_SHAPES:
                        self._of_shape.clear()
                    self._of_shape[names] = heard
            for name in heard:
                yield from ((name, value) for value in _values(part[name]))

    def _use(self, name: str) -> _Leave | Literal["remark", "state"] | None:
        """What the column is for, as far as it may deny: by its name as a whole."""
        if len(name) > _LONGEST_NAME:
            return None
        if name not in self._uses:
            if len(self._uses) > _MOST_REMEMBERED:
                self._uses.clear()
            asked = self._asked_of_column(name)
            named = {match.field for match in self._names.matches((name,))}
            is_remark = "message" in named or self._names.is_remark(name)
            is_state = self._names.is_contact_state(name)
            if asked is not None and (asked.is_sure or not (is_remark or is_state)):
                self._uses[name] = asked
            else:
                self._uses[name] = "remark" if is_remark else "state" if is_state else None
        return self._uses[name]

    def _asked_of_column(self, name: str) -> _Leave | None:
        """What the name of a column asks, where it has words of an opt-out or a consent: others
        than a form has columns of what was done: `Email received`, `Calls`."""
        asked = self._asked(name)
        if asked is None or asked.of in ("time", "channel"):
            return None
        is_meant = asked.is_of_opt_out or (
            asked.is_sure and (asked.of != "consent" or self._names.is_about_consent((name,)))
        )
        return asked if is_meant or self._listed(name) else None

    def _is_dated_opt_out(self, name: str) -> bool:
        """Whether one word more than a listed opt-out stands there: `Email opt out date`, and not
        `Unsubscribe link clicked at`."""
        words = bare_question(name).split()
        shorter = (" ".join(words[:-1]), " ".join(words[1:]))
        return any(part and self._listed(part) for part in shorter)

    def _denied(self, asked: _Leave | None, answer: str) -> tuple[str, ...] | None:
        """The consents that the answer denies; None where it may deny some, and nobody knows."""
        stated = self.in_text(answer, "answer")
        if asked is None:
            return stated
        if asked.is_of_opt_out and _NO_DATE.match(answer):
            return ()
        clauses = [answer, *CLAUSES.split(answer)] if len(answer) <= LONGEST_ANSWER else []
        if named := set(chain.from_iterable(map(self._lists.named_channels, clauses))):
            return consent_fields(named)
        said = {self._said(asked, clause) for clause in clauses} - {None}
        if asked.is_of_opt_out and self._is_date(answer):
            # `No since 2023` may be none.
            is_no = self._lists.truths.find((fold(answer).split() or [""])[0]) == "no"
            return None if is_no or "not_denied" in said else asked.fields
        if asked.of == "consent" and "denied" not in said:
            excepted = self._texts.excepted(answer)
            if excepted is None:
                return stated or None
            stated = in_order([stated or (), excepted])
        # `Unsubscribed` leaves it to the question of what.
        if stated and not (asked.is_sure and said == {"denied"}):
            return stated
        if not asked.is_sure:
            return None if said else ()
        if len(said) != 1:
            return None
        return asked.fields if "denied" in said else ()

    def _is_date(self, answer: str) -> bool:
        """Whether a date, in whatever form, is all that the answer says, or all but a yes."""
        if _SECONDS.fullmatch(answer):
            return True
        if not has_date(answer):
            return False
        undated = without_dates(answer)
        words = fold(undated.text).split() if undated else []
        is_yes = bool(words) and self._lists.truths.find(words[0]) is not None
        return self._names.permissions.are_fillers(words[1:] if is_yes else words)

    def _said(self, asked: _Leave, text: str) -> str | None:
        """What a clause says to the question."""
        if asked.of == "consent":
            channel = asked.fields[0].removeprefix("consent_") if len(asked.fields) == 1 else ""
            return self._lists.says_consent(text, channel)
        if asked.of == "channel" and self._lists.truths.find(text) is not None:
            return "not_denied"
        if asked.of in ("time", "channel"):
            is_refused = (
                self._lists.prefers_no_channel(text) or self._lists.consents.find(text) == "denied"
            )
            return "denied" if is_refused else "not_denied"
        first, *rest = fold(text).split() or [""]
        if self._lists.truths.find(first) != "no":
            return self._lists.says_opt_out(text)
        # `No, thanks` to an opt-out is none, though it refuses where consent is asked for.
        return "not_denied" if self._names.permissions.are_fillers(rest) else None

    def _asked(self, question: str) -> _Leave | None:
        if len(question) > _LONGEST_QUESTION:
            return None
        if question not in self._known:
            if len(self._known) > _MOST_REMEMBERED:
                self._known.clear()
            text = bare_question(question)
            asked = self._leave(text)
            is_of_opt_out = asked is not None and (
                asked.of == "opt_out_at" or self._names.tells_opt_out(text)
            )
            self._known[question] = asked and asked._replace(is_of_opt_out=is_of_opt_out)
        return self._known[question]

    def _leave(self, text: str) -> _Leave | None:
        """What the question asks, as a whole or in its only sentence that surely does.

        `I agree to receive e-mails. You can unsubscribe at any time` is a consent.
        """
        if (whole := self._listed(text)) is not None:
            return whole
        if self._names.matches((text,)) or self._names.is_sensitive((text,)):
            # A whole question that is listed asks for what the list says, and nothing else.
            return None
        parts = [part for part in _PARTS.split(text) if part.strip()]
        found = [
            said for part in parts if (said := self._listed(part) or self._said_by_words(part))
        ]
        sure = {said for said in found if said.is_sure}
        if len(sure) == 1:
            return sure.pop()
        unsure = found or ([_MAYBE] if self._may_be_about_leave(text) else [])
        if unsure:
            return unsure[0]._replace(is_sure=False)
        return self._of_channel(text)

    def _listed(self, text: str) -> _Leave | None:
        """What a question asks that is listed, or is when words are left out that add nothing."""
        named = {match.field for match in self._names.matches((_ID_BEHIND.sub("", text),))}
        if opt_outs := [fields for name, fields in OPT_OUTS.items() if name in named]:
            return _Leave("opt_out", in_order(opt_outs))
        if dated := [f for name, f in DENIED_AT.items() if name in named and name != WITHDRAWN_AT]:
            return _Leave("opt_out_at", in_order(dated))
        if consents := named & set(CONSENTS):
            return _Leave("consent", in_order([consents]))
        if self._names.asks_call_time(text):
            return _Leave("time", ("consent_phone",))
        return None

    def _said_by_words(self, text: str) -> _Leave | None:
        """What a sentence asks by its words: surely where each of them is known and one refusal at
        most stands among them (`No objection to calls` has two)."""
        leave = self._names.leave(text)
        is_about = self._names.is_about_consent((text,))
        is_leave = leave.channels is not None and (leave.is_asked or leave.refusals > 0)
        if not is_about and not is_leave:
            return None
        fields = consent_fields(leave.channels or CONTACT_CHANNELS)
        if not leave.refusals:
            words = fold(text).split()
            is_sent = not leave.is_wish and (
                leave.is_absent or self._names.permissions.says_paperwork(words)
            )
            return _Leave("consent", fields, leave.is_whole and not is_sent)
        is_said = self._names.tells_opt_out(text) or len(text.split()) >= _LEAST_WORDS
        return _Leave("opt_out", fields, leave.is_whole and leave.refusals < _DOUBLE and is_said)

    def _may_be_about_leave(self, text: str) -> bool:
        path = (text,)
        return self._names.speaks_of_leave(path) or self._names.tells_opt_out(text)


_MAYBE = _Leave("consent", CONSENTS, is_sure=False)


@dataclass(frozen=True)
class _Said:
    """What a text denies; `is_unclear`: whether it may deny more, and nobody knows."""

    fields: tuple[str, ...]
    is_unclear: bool


_NOTHING = _Said((), is_unclear=False)


def _said_of(found: Sequence[tuple[str, ...] | None]) -> _Said:
    return _Said(in_order(each for each in found if each), is_unclear=None in found)


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    """The objects nearest to a value: itself, or those within its lists."""
    waiting = [value]
    while waiting:
        part = waiting.pop()
        if isinstance(part, dict):
            yield part
        elif isinstance(part, list):
            waiting += reversed(part)


def _values(value: Any) -> Iterator[Any]:
    """A value by itself, or those of its lists; no objects, and nothing empty."""
    waiting = [value]
    while waiting:
        part = waiting.pop()
        if isinstance(part, list):
            waiting += reversed(part)
        elif part is not None and part != "" and not isinstance(part, dict):
            yield part
