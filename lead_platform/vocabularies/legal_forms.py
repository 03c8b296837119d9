"""Legal forms and words of organisations: the one list of them, legal_forms.csv beside this module.

`kind` says what a word means beside names of people, for some are such themselves: a `form` nobody
is called by, `form_or_initials` (AG), `form_or_name` (Sa), `form_by_its_signs` (e. K.), and what
tells only among other words (`…_among_words`). Organisations are named `_behind` or `_before`
(Sales Team, Stadt Wien). `shown` is how a form is written. What is stripped off a company's name,
cleanco's list says.
"""

import csv
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

_LIST = Path(__file__).with_name("legal_forms.csv")
# Written in the middle of other words as often as not: no sign of a company by themselves.
_NO_SIGNS = frozenset({"lp", "as", "se", "asa"})
_SHORTEST_UNDOTTED = 4


@cache
def words_of(kind: str) -> frozenset[str]:
    """The words of a kind, in small letters."""
    return frozenset(row["word"] for row in _rows() if row["kind"] == kind)


@cache
def shown_forms() -> Mapping[str, str]:
    """How forms are written that are not written like other words: gmbh is GmbH."""
    return {row["word"]: row["shown"] for row in _rows() if row["shown"]}


def in_capitals(form: str) -> str:
    """How a form stands out from a name: AG, SpA, OY."""
    shown = shown_forms().get(form, "")
    return shown if sum(map(str.isupper, shown)) > 1 else form.upper()


@cache
def sign_of_a_company() -> re.Pattern[str]:
    """Finds a form or a word of organisations in a text; `_before` names them in its first place
    only, which is not asked here."""
    words = (
        row["word"]
        for row in _rows()
        if row["kind"] != "organisation_before" and row["word"] not in _NO_SIGNS
    )
    patterns = sorted(map(_pattern, dict.fromkeys(words)), key=len, reverse=True)
    return re.compile(rf"\b(?:{'|'.join(patterns)})(?!\w)\.?", re.IGNORECASE)


def _pattern(word: str) -> str:
    if not word.isalpha():
        return re.escape(word).replace(r"\ ", r"\s?")
    return r"\.?".join(word) if len(word) < _SHORTEST_UNDOTTED else word


@cache
def _rows() -> tuple[dict[str, str], ...]:
    with _LIST.open(encoding="utf-8", newline="") as stream:
        return tuple(csv.DictReader(stream))
