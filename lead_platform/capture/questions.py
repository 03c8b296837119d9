"""Which field the answer to a form's question fills, by the names people give to fields.

Reads the list that `guess` reads, config/vocabularies/field_names.csv. The question that says it
most plainly wins, whatever stands first; an answer that cannot be the field stays an answer.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

from lead_platform.capture.guessing.names import (
    AMBIGUOUS_NAME,
    NAME_PARTICLE,
    SECOND_LAST_NAME,
    FieldNames,
    NameMatch,
)
from lead_platform.capture.last_names import join_last_name
from lead_platform.vocabularies.particles import are_particles
from lead_platform.vocabularies.tables import AliasTable

ASKED_FIELDS = frozenset(
    [
        *("email", "phone", "full_name", "first_name", "last_name", "linkedin_url"),
        *("company_name", "company_website", "job_title", "employee_count", "annual_revenue"),
        *("industry", "street", "city", "region", "postal_code", "country"),
        *("message", "purchase_timeframe", "product_interest", "preferred_channel"),
    ]
)
"""What forms ask people about themselves. Consent, dates and campaigns are for a channel to map."""

_MAY_BE_ANOTHERS = (
    "may be another person's: its question does not say whose. Where it is the lead's own, add the "
    "question to config/vocabularies/field_names.csv, or map it with `match`"
)
# Behind the names that say it whole (0) or in part (1): a bare name, and the type of the answer.
_VAGUE, _BY_SOURCE = 2, 3

# `2. `, `3) `, `Q4: ` before a question, a name put into it, and marks of emphasis.
_NUMBERING = re.compile(r"^\W*(?:q\s?)?\d{1,2}(?:[.):]\s*|\s+)(?=\D)", re.I)
_RECALLED = re.compile(r"\{\{[^}]*\}\}|[*_~]{1,2}(?=\S)|(?<=\S)[*~]{1,2}")
_OPENING = re.compile(r"^(?:and|und|et|en|och|oraz)\s+", re.I)
# "Nice to meet you! What is your name?"
_SENTENCE_END = re.compile(r"[.!?:]\s+|\n+|\s[-–—]\s")
# Behind a heading, and before what only says more of what stands there.
_HEADING_ENDS = frozenset(":-–—")
_BRACKETS = re.compile(r"\(([^)]*)\)|\[([^\]]*)\]")
_RANGE = re.compile(
    r"[<>~≥≤]?\s*\d[\d.,']*\s*"
    r"(?:\+|(?:-|–|—|to|bis|bis zu|à|a|tot)\s*\d[\d.,']*\s*\+?)"
    r"\s*(?:[^\W\d]+\s*){0,3}",
    re.I,
)
_NUMBER = re.compile(r"[\d\s.,'+-]+")
_MAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_URL = re.compile(r"(?:https?://|www\.)\S+", re.I)
_LONGEST_SHAPE = 60
_LEAST_DIGITS = 6
_MOST_REMEMBERED = 10_000
_HALVES = ("first_name", "last_name")
_WORDS = frozenset(("full_name", *_HALVES, "company_name", "job_title", "industry", "city"))
"""Fields that nothing after capture judges: whatever text they get is believed."""
_NO_WISHES = frozenset({"company_name", "job_title", "industry", "product_interest", "message"})


class Asked(NamedTuple):
    """A question, what was answered, and the field that the source itself says it asks for."""

    question: str
    answer: str
    source_field: str | None = None


class _Candidate(NamedTuple):
    """A field a question may ask for; the least comes first."""

    level: int
    rank: int
    position: int
    field: str
    is_own: bool


class _Question(NamedTuple):
    """What a question asks for. `is_own`: it surely asks that of whoever answers."""

    matches: tuple[NameMatch, ...]
    is_own: bool
    is_about_another: bool


@dataclass(frozen=True)
class Filled:
    """`answers`: question by field. `refused`: field, question and why the answer is not taken."""

    answers: Mapping[str, Asked]
    refused: Sequence[tuple[str, str, str]]


class _Sentence(NamedTuple):
    """A sentence of a question, and the sign it ends with."""

    text: str
    end: str


def _sentences(text: str) -> list[_Sentence]:
    found: list[_Sentence] = []
    start = 0
    for end in _SENTENCE_END.finditer(text):
        found.append(_Sentence(text[start : end.start()], end.group().strip()))
        start = end.end()
    return [one for one in (*found, _Sentence(text[start:], "")) if one.text.strip()]


def bare_question(question: str) -> str:
    """The question without its number, names put into it, and marks of emphasis."""
    return _NUMBERING.sub("", _RECALLED.sub(" ", question)).strip()


class QuestionReader:
    """Finds the fields that the questions of one record fill."""

    def __init__(self, names: FieldNames, consents: AliasTable) -> None:
        self._names = names
        self._consents = consents
        self._known: dict[str, _Question] = {}
        self._fields: dict[str, frozenset[str]] = {}

    def read(self, asked: Sequence[Asked]) -> Filled:
        """One answer per field, and one field per answer."""
        filled: dict[str, Asked] = {}
        refused: list[tuple[str, str, str]] = []
        used: set[str] = set()
        for candidate in sorted(self._candidates(asked)):
            one, name = asked[candidate.position], candidate.field
            if name == AMBIGUOUS_NAME:
                name = _whose_name(filled)
            if name in filled or one.question in used:
                continue
            reason = self._objection(name, one.answer)
            if reason is None and not candidate.is_own:
                reason = _MAY_BE_ANOTHERS
            if reason is not None:
                refused.append((name, one.question, reason))
                continue
            filled[name] = one
            used.add(one.question)
        filled = self._with_whole_last_name(_with_whole_name(filled), asked)
        return Filled(filled, [entry for entry in refused if entry[0] not in filled])

    def _with_whole_last_name(
        self, filled: dict[str, Asked], asked: Sequence[Asked]
    ) -> dict[str, Asked]:
        """`Tussenvoegsel` is the beginning of the last name, `Apellido materno` its end."""
        last = filled.get("last_name")
        if last is None:
            return filled
        others = [one for one in asked if one.question != last.question and one.answer.strip()]
        before = (o for o in others if are_particles(o.answer) and self._asks(NAME_PARTICLE, o))
        after = (
            one
            for one in others
            if self._asks(SECOND_LAST_NAME, one)
            and self._objection("last_name", one.answer) is None
        )
        whole = [*islice(before, 1), last, *islice(after, 1)]
        answer = join_last_name([one.answer.strip() for one in whole], " ")
        return filled | {"last_name": last._replace(answer=answer)} if len(whole) > 1 else filled

    def _asks(self, part: str, one: Asked) -> bool:
        """Whether the question asks for that part of a last name."""
        fields = self._fields.get(one.question)
        if fields is None:
            if len(self._fields) > _MOST_REMEMBERED:
                self._fields.clear()
            matches = self._names.matches([one.question])
            fields = self._fields[one.question] = frozenset(match.field for match in matches)
        return part in fields

    def _candidates(self, asked: Sequence[Asked]) -> Iterator[_Candidate]:
        for position, one in enumerate(asked):
            found = self._read(one.question)
            for match in found.matches:
                # Whose name a bare name is, the others tell.
                level = _VAGUE if match.field == AMBIGUOUS_NAME else int(not match.is_exact)
                yield _Candidate(level, match.rank, position, match.field, found.is_own)
            by_source = one.source_field if one.source_field in ASKED_FIELDS else None
            if by_source and not found.matches and not found.is_about_another:
                is_own = self._names.is_of_reader(bare_question(one.question))
                yield _Candidate(_BY_SOURCE, 0, position, by_source, is_own)

    def _read(self, question: str) -> _Question:
        """What the question asks for."""
        known = self._known.get(question)
        if known is None:
            if len(self._known) > _MOST_REMEMBERED:
                self._known.clear()
            text = bare_question(question)
            is_about_another = self._names.asks_about_another(text)
            found = _Question((), False, True) if is_about_another else self._found(text)
            known = self._known[question] = found
        return known

    def _found(self, text: str) -> _Question:
        """What the whole question says; else what its only sentence that says something does."""
        if whole := self._asked_fields(text):
            return _Question(whole, True, False)
        parts = _sentences(text)
        found = [(at, m) for at, part in enumerate(parts) if (m := self._asked_fields(part.text))]
        if len(parts) > 1 and len(found) == 1:
            ((telling, matches),) = found
            is_own = self._names.speaks_to_reader(parts[telling].text) or all(
                at == telling or self._is_beside(parts[telling], part, at > telling)
                for at, part in enumerate(parts)
            )
            return _Question(matches, is_own, False)
        brackets = ["".join(pair) for pair in _BRACKETS.findall(text)]
        bare = self._asked_fields(_BRACKETS.sub(" ", text)) if brackets else ()
        return _Question(bare, all(map(self._names.is_of_reader, brackets)), False)

    def _is_beside(self, telling: _Sentence, other: _Sentence, is_behind: bool) -> bool:
        """Whether another sentence leaves it to the one that names a field whose it is: `Thanks!`,
        `So that we can reach you`. A heading may say who it is: `Site foreman: phone`."""
        is_more = is_behind and telling.end not in _HEADING_ENDS
        is_thanks = not is_behind and other.end == "!"
        return (
            is_more
            or is_thanks
            or self._names.says_nothing(other.text)
            or self._names.is_of_reader(other.text)
        )

    def _asked_fields(self, text: str) -> tuple[NameMatch, ...]:
        if not text:
            return ()
        matches = self._names.matches([text]) or self._translated(text)
        if not matches and (rest := _OPENING.sub("", text)) != text:
            matches = self._names.matches([rest])
        return tuple(m for m in matches if m.field in ASKED_FIELDS or m.field == AMBIGUOUS_NAME)

    def _translated(self, text: str) -> tuple[NameMatch, ...]:
        """`Firma / Company`: one question in two languages."""
        parts = self._names.parts(text)
        return parts[:1] if len({part.field for part in parts}) == 1 else ()

    def _objection(self, field: str, answer: str) -> str | None:
        """Why the answer cannot be the field."""
        if field == "email":
            return None if "@" in answer else "is no mailbox"
        if field == "phone":
            enough = sum(map(str.isdigit, answer)) >= _LEAST_DIGITS and "@" not in answer
            return None if enough else "is no telephone number"
        if field == "company_website":
            is_address = "." in answer.strip(".") and " " not in answer and "@" not in answer
            return None if is_address else "is no web address"
        if field in _WORDS and (shape := _shape_of(answer)) is not None:
            return f"is {shape}"
        may_be_wish = field in _NO_WISHES and len(answer) <= _LONGEST_SHAPE
        is_wish = may_be_wish and self._consents.find(answer) is not None
        return "is a yes or no" if is_wish else None


def _whose_name(filled: Mapping[str, Asked]) -> str:
    """`Vorname` and `Name` are the halves of one; `Name` alone is the whole."""
    halves = [half for half in _HALVES if half not in filled]
    return halves[0] if len(halves) == 1 else "full_name"


def _with_whole_name(filled: dict[str, Asked]) -> dict[str, Asked]:
    """`Nombre` alone, answered in two words, holds the whole name."""
    given = [half for half in _HALVES if half in filled]
    if len(given) == 1 and "full_name" not in filled and " " in filled[given[0]].answer.strip():
        filled["full_name"] = filled.pop(given[0])
    return filled


def _shape_of(answer: str) -> str | None:
    text = answer.strip()
    if _MAIL.fullmatch(text):
        return "a mailbox"
    if _URL.fullmatch(text):
        return "a web address"
    if len(text) <= _LONGEST_SHAPE and _RANGE.fullmatch(text):
        return "a range"
    return "a number" if _NUMBER.fullmatch(text) else None
