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

# Behind the names that say it whole (0) or in part (1): a bare name, and the type of the answer.
_VAGUE, _BY_SOURCE = 2, 3

# `2. `, `3) `, `Q4: ` before a question, a name put into it, and marks of emphasis.
_NUMBERING = re.compile(r"^\W*(?:q\s?)?\d{1,2}(?:[.):]\s*|\s+)(?=\D)", re.I)
_RECALLED = re.compile(r"\{\{[^}]*\}\}|[*_~]{1,2}(?=\S)|(?<=\S)[*~]{1,2}")
_OPENING = re.compile(r"^(?:and|und|et|en|och|oraz)\s+", re.I)
# "Nice to meet you! What is your name?"
_SENTENCES = re.compile(r"[.!?:]\s+|\n+|\s[-–—]\s")
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


@dataclass(frozen=True)
class Filled:
    """`answers`: question by field. `refused`: field, question and why the answer is not taken."""

    answers: Mapping[str, Asked]
    refused: Sequence[tuple[str, str, str]]


class QuestionReader:
    """Finds the fields that the questions of one record fill."""

    def __init__(self, names: FieldNames, consents: AliasTable) -> None:
        self._names = names
        self._consents = consents
        self._known: dict[str, tuple[tuple[NameMatch, ...], bool]] = {}
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
            if (reason := self._objection(name, one.answer)) is not None:
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
            matches, is_about_another = self._matches(one.question)
            for match in matches:
                # Whose name a bare name is, the others tell.
                level = _VAGUE if match.field == AMBIGUOUS_NAME else int(not match.is_exact)
                yield _Candidate(level, match.rank, position, match.field)
            if one.source_field in ASKED_FIELDS and not matches and not is_about_another:
                yield _Candidate(_BY_SOURCE, 0, position, str(one.source_field))

    def _matches(self, question: str) -> tuple[tuple[NameMatch, ...], bool]:
        """The fields a question may ask for, and whether it asks about somebody else."""
        known = self._known.get(question)
        if known is None:
            if len(self._known) > _MOST_REMEMBERED:
                self._known.clear()
            text = _NUMBERING.sub("", _RECALLED.sub(" ", question)).strip()
            is_about_another = self._names.asks_about_another(text)
            known = self._known[question] = (
                () if is_about_another else self._found(text),
                is_about_another,
            )
        return known

    def _found(self, text: str) -> tuple[NameMatch, ...]:
        """What the whole question says; else what its only sentence that says something does."""
        if whole := self._asked_fields(text):
            return whole
        sentences = [part for part in _SENTENCES.split(text) if part]
        found = [matches for part in sentences if (matches := self._asked_fields(part))]
        return found[0] if len(sentences) > 1 and len(found) == 1 else ()

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
