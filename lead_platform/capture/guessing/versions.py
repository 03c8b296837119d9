"""Whether an id that comes again is a record's, with its later versions.

A time of change must tell the rows of one id apart, and they must speak of one person: a list's or
an owner's id comes again too.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from lead_platform.capture.guessing.choices import Choice
from lead_platform.capture.guessing.names import AMBIGUOUS_NAME
from lead_platform.capture.guessing.parties import Cells, fold_cells, shared_by_strangers
from lead_platform.capture.guessing.shapes import Column

_IDS = ("record_id", "person_id")
_WITNESSES = ("email", "phone", "full_name", AMBIGUOUS_NAME)
_FILLED = 0.95
_FAULTY = 0.05
"""Share of the rows that may contradict: an export has a broken row, rarely more."""
_OWN_WITNESS = 0.8
"""Of fewer persons than this per id, what agrees is an owner or a team."""


@dataclass(frozen=True)
class Versions:
    """`ids`: paths of the columns whose values are records' that come again; `rows`: one row of
    each record; None where no record comes again."""

    ids: frozenset[tuple[str, ...]] = frozenset()
    rows: tuple[int, ...] | None = None

    def told(self, choice: Choice) -> Choice:
        """The choice, marked where it is the id of records that come again."""
        if choice.field not in _IDS or choice.column.path not in self.ids:
            return choice
        reason = f"{choice.reason}; it comes again with another time of change"
        return replace(choice, reason=reason, is_versioned=True)

    def once(self, choice: Choice) -> Choice:
        """The choice over one row of each record: versions of a person are no several persons."""
        if self.rows is None:
            return choice
        cells = tuple(choice.column.cells[row] for row in self.rows)
        return replace(choice, column=Column(choice.column.path, cells))


def find_versions(candidates: Iterable[Choice]) -> Versions:
    """The records of a sample that come again, by the columns found so far."""
    candidates = list(candidates)
    changes = [c.column.cells for c in candidates if c.field == "modified_at" and c.column.values]
    columns = {c.column.path: c.column for c in candidates if c.field in _IDS}
    witnesses = _witnesses(candidates)
    found = [
        column
        for column in columns.values()
        if any(_come_again(column, change, witnesses) for change in changes)
    ]
    if not found:
        return Versions()
    first = {cell: row for row, cell in reversed(list(enumerate(found[0].cells))) if cell}
    rows = set(first.values()) | {row for row, cell in enumerate(found[0].cells) if not cell}
    return Versions(frozenset(column.path for column in found), tuple(sorted(rows)))


def _come_again(column: Column, change: Cells, witnesses: Sequence[Cells]) -> bool:
    if column.filled < _FILLED or column.is_unique:
        return False
    again = [row for rows in _groups(column).values() if len(rows) > 1 for row in rows]
    told = {(column.cells[row], change[row]) for row in again if change[row]}
    if not again or len(told) < (1 - _FAULTY) * len(again):
        return False
    least = _OWN_WITNESS * len(set(column.values))
    own = [cells for cells in witnesses if len(set(filter(None, cells))) >= least]
    return bool(own) and shared_by_strangers(column.cells, own) <= _FAULTY


def _groups(column: Column) -> dict[str, list[int]]:
    groups: dict[str, list[int]] = defaultdict(list)
    for row, cell in enumerate(column.cells):
        if cell:
            groups[cell].append(row)
    return groups


def _witnesses(candidates: Sequence[Choice]) -> list[Cells]:
    """What says who somebody is: mailbox, number, whole name."""
    found = [fold_cells(c.column.cells) for c in candidates if c.field in _WITNESSES]
    first, last = (
        next((c.column.cells for c in candidates if c.field == name), None)
        for name in ("first_name", "last_name")
    )
    if first is not None and last is not None:
        whole = (f"{one} {two}".strip() for one, two in zip(first, last, strict=True))
        found.append(fold_cells(tuple(whole)))
    return found
