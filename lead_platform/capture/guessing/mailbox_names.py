"""Whose name a mailbox holds: the lead's, or that of somebody else who stands in the same row.

Owns the comparison of mailboxes with the names of every person column: `Email` beside `Attendee`
and `Buyer Name` says of neither that it is theirs, its values do.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from lead_platform.capture.guessing.choices import ABOUT_OTHERS, OWNER, Choice
from lead_platform.capture.guessing.names import FieldNames
from lead_platform.capture.guessing.parties import Cells, fold_cells
from lead_platform.capture.guessing.shapes import Column, is_person_name
from lead_platform.vocabularies.text import fold

_HALVES = ("first_name", "last_name")
_NAMES = frozenset({"full_name", *_HALVES})
_LOOK_LIKE_NAMES = 0.5
# Of the other's name: two first names in two rows, or both words of one in a single row. One word
# alone may be chance.
_ENOUGH_WORDS = 2
_SHORTEST_WITHIN = 4
"""Of a word that stands within others: `tom` is in customer."""
_SHORT = 2
_NO_WORD = re.compile(r"[\W\d_]+")
_NO_LETTER = re.compile(r"[\d@:/]")


class _Person(NamedTuple):
    """A column of another person. `is_named`: its name says that it is one; else its values look
    like names, which `Bella Napoli` of restaurants does too."""

    column: Column
    is_named: bool


def without_mailboxes_of_others(
    choices: Sequence[Choice],
    columns: Sequence[Column],
    names: FieldNames,
    near: dict[tuple[str, ...], str],
) -> tuple[list[Choice], list[str]]:
    """Without the mailboxes that hold another's name in more rows than the lead's, and, where no
    other is left, without the numbers beside them, why going to `near`; with a question each."""
    leads = _names_of_leads(choices)
    if leads is None:
        return list(choices), []
    named, cells = leads
    taken = {c.path for c in named}
    taken |= {c.column.path for c in choices if c.field not in ("full_name", OWNER)}
    others = [p for c in columns if c.path not in taken and (p := _person(c, names)) is not None]
    mails = [choice for choice in choices if choice.field == "email" and choice.column.values]
    whose = {
        mail.column.path: (mail.column, other, rows)
        for mail in mails
        for other in others
        if (rows := _rows_of_other(mail.column, cells, other)) > 0
    }
    if not whose:
        return list(choices), []
    gone = set(whose)
    if all(mail.column.path in whose for mail in mails):
        gone |= {
            c.column.path
            for c in choices
            if c.field == "phone" and not names.says_lead(c.column.path)
        }
    near.update(dict.fromkeys(gone, ABOUT_OTHERS))
    left = [choice for choice in choices if choice.column.path not in gone]
    numbers = [
        choice.column.name
        for choice in choices
        if choice.field == "phone" and choice.column.path in gone
    ]
    told = " and ".join(column.name for column in named)
    return left, [_question(each, told, numbers) for each in whose.values()]


def _question(whose: tuple[Column, _Person, int], lead: str, numbers: Sequence[str]) -> str:
    mail, other, rows = whose
    reached = ", ".join(dict.fromkeys([mail.name, *numbers]))
    fields = "`email` and `phone`" if numbers else "`email`"
    name = other.column.name
    return (
        f"{reached}: the lead's ({lead}), or that of {name}? In {rows} of {len(mail.values)} rows "
        f"the mailbox holds a name of {name}, and no field is filled from it. Where {name} is the "
        f"lead, map it to `full_name` in place of {lead}; where {lead} is, and is reached so, map "
        f"only {fields}"
    )


def _names_of_leads(choices: Sequence[Choice]) -> tuple[tuple[Column, ...], Cells] | None:
    """The columns of the lead's name and what they say together, row by row."""
    found = [
        max(own, key=lambda choice: (choice.confidence, -choice.rank)).column
        for field in ("full_name", *_HALVES)
        if (own := [c for c in choices if c.field == field and c.column.values])
    ]
    if not found:
        return None
    return tuple(found), fold_cells(
        tuple(" ".join(parts) for parts in zip(*(column.cells for column in found), strict=True))
    )


def _person(column: Column, names: FieldNames) -> _Person | None:
    if not column.values or column.is_opaque or column.share(_NO_LETTER.search) > 0:
        return None
    words = [word for word in _NO_WORD.split(column.path[-1]) if word]
    endings = ((" ".join(words[-size:]),) for size in (1, 2) if size < len(words))
    is_half = any(match.field in _NAMES for end in endings for match in names.matches(end))
    if is_half or names.is_other_party(column.path):
        return _Person(column, True)
    if column.share(is_person_name) >= _LOOK_LIKE_NAMES:
        return _Person(column, False)
    return None


def _rows_of_other(mails: Column, leads: Cells, other: _Person) -> int:
    """In how many rows the mailbox holds the other's name; 0 where that is not more often than the
    lead's, or too little to say so."""
    held = [
        _words_held(mail, _words(lead), _words(name), other)
        for mail, lead, name in zip(mails.cells, leads, fold_cells(other.column.cells), strict=True)
        if mail and name
    ]
    rows = sum(count > 0 for count in held)
    is_others = rows > sum(count < 0 for count in held)
    is_enough = sum(count for count in held if count > 0) >= _ENOUGH_WORDS
    return rows if is_others and is_enough else 0


def _words_held(mail: str, lead: list[str], other: list[str], person: _Person) -> int:
    """How many words the mailbox holds that only the other's name has; -1 where it holds one that
    only the lead's has, which settles it."""
    local = fold(mail.partition("@")[0])
    parts = [part for part in _NO_WORD.split(local) if part]
    joined = "".join(parts)
    own = (word for word in lead if word not in other)
    if any(word in parts or (len(word) > _SHORT and word in joined) for word in own):
        return -1
    if not person.is_named and not (len(parts) > 1 and set(parts) <= set(other)):
        return 0
    return sum(
        word in parts or (len(word) >= _SHORTEST_WITHIN and word in joined)
        for word in dict.fromkeys(other)
        if word not in lead and len(word) > _SHORT
    )


def _words(name: str) -> list[str]:
    return [word for word in _NO_WORD.split(name) if word]
