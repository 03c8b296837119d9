"""Denials that the answer to a form's question states: `Email opt out`: yes, `May we call?`: no.

Owns what a question asks about leave to reach somebody, and which answers deny it. A denial counts
wherever it is stated; a grant only where the channel maps one.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any, Literal, NamedTuple

from lead_platform.capture.columns import CONSENTS
from lead_platform.capture.denials import consent_fields
from lead_platform.capture.guessing.names import DENIED_AT, OPT_OUTS, WITHDRAWN_AT, FieldNames
from lead_platform.capture.questions import bare_question
from lead_platform.capture.values import read_list, readable_text, show
from lead_platform.vocabularies.rows import CONTACT_CHANNELS
from lead_platform.vocabularies.tables import IntakeLists
from lead_platform.vocabularies.text import fold

# Longer ones are what people wrote.
_LONGEST_ANSWER = 200
# `No, do not call me.`
_CLAUSES = re.compile(r"\s*[,;.!]\s*")
_MOST_REMEMBERED = 10_000


class _Leave(NamedTuple):
    """What a question asks about leave to reach somebody, and for which consents."""

    of: Literal["consent", "opt_out", "opt_out_at"]
    fields: tuple[str, ...]


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
            f"may say who may be reached, and {show(self.answer)} says neither yes nor no: no "
            "consent is filled from it"
        )


class AnswerDenials:
    """Finds what answers deny, by the names and words of one channel."""

    def __init__(self, names: FieldNames, lists: IntakeLists) -> None:
        self._names = names
        self._lists = lists
        self._phrases = lists.denials_in_names.channels
        self._known: dict[str, _Leave | None] = {}

    def read(self, answers: Mapping[str, Any]) -> Iterator[DeniedAnswer]:
        """Of each answer that denies, or may: what it denies."""
        for question, given in answers.items():
            answer = (
                ", ".join(read_list(given)) if isinstance(given, list) else readable_text(given)
            )
            if not answer:
                continue
            asked = self._asked(question)
            if asked is None:
                if fields := self._by_itself(answer):
                    yield DeniedAnswer(question, answer, fields)
                continue
            denied = self._denied(asked, answer)
            if denied is None or denied:
                yield DeniedAnswer(question, answer, denied or ())

    def _denied(self, asked: _Leave, answer: str) -> tuple[str, ...] | None:
        """The consents that the answer denies; None where it says neither yes nor no."""
        if len(answer) > _LONGEST_ANSWER:
            return None
        said = [self._said(asked, part) for part in (answer, *_CLAUSES.split(answer))]
        if denied := _in_order(fields for fields in said if fields):
            return denied
        if asked.of == "opt_out_at" and said[0] is None:
            return asked.fields
        return said[0]

    def _said(self, asked: _Leave, text: str) -> tuple[str, ...] | None:
        if named := self._lists.named_channels(text):
            return consent_fields(named)
        channel = asked.fields[0].removeprefix("consent_") if len(asked.fields) == 1 else ""
        stated = (
            self._lists.says_consent(text, channel)
            if asked.of == "consent"
            else self._lists.says_opt_out(text)
        )
        if stated is None:
            return None
        return asked.fields if stated == "denied" else ()

    def _by_itself(self, answer: str) -> tuple[str, ...]:
        """What an answer denies whatever was asked: `Do not call`."""
        if len(answer) > _LONGEST_ANSWER:
            return ()
        return consent_fields(self._phrases.get(fold(answer), ()))

    def _asked(self, question: str) -> _Leave | None:
        if question not in self._known:
            if len(self._known) > _MOST_REMEMBERED:
                self._known.clear()
            self._known[question] = self._leave(bare_question(question))
        return self._known[question]

    def _leave(self, text: str) -> _Leave | None:
        path = (text,)
        named = {match.field for match in self._names.matches(path)}
        if opt_outs := [fields for name, fields in OPT_OUTS.items() if name in named]:
            return _Leave("opt_out", _in_order(opt_outs))
        if dated := [f for name, f in DENIED_AT.items() if name in named and name != WITHDRAWN_AT]:
            return _Leave("opt_out_at", _in_order(dated))
        if consents := named & set(CONSENTS):
            return _Leave("consent", _in_order([consents]))
        # A whole question that is listed asks for what the list says, and nothing else.
        if named or self._names.is_sensitive(path):
            return None
        channels = self._names.channels_spoken_of(path)
        fields = consent_fields(channels or CONTACT_CHANNELS)
        if self._names.tells_opt_out(text):
            return _Leave("opt_out", fields)
        is_about = channels is not None and self._names.is_about_consent(path)
        if not is_about and not self._names.speaks_of_leave(path):
            return None
        return _Leave("opt_out" if self._names.is_negated(path) else "consent", fields)


def _in_order(fields: Iterable[Iterable[str]]) -> tuple[str, ...]:
    named = set(chain.from_iterable(fields))
    return tuple(name for name in CONSENTS if name in named)
