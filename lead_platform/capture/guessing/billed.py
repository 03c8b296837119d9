"""Whether who is billed is the lead: in a file of orders often nobody else stands.

Owns the columns of that party: `Billing Name`, `Email (Billing)`. What each fills is for
`assignment`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from lead_platform.capture.guessing.names import (
    AMBIGUOUS_NAME,
    BILLED,
    SHIPPED_TO,
    FieldNames,
)
from lead_platform.capture.guessing.parties import fold_cells, hold_names
from lead_platform.capture.guessing.shapes import Column, Countries, contradicts, is_mail
from lead_platform.capture.guessing.shapes import is_person_name as is_name

THE_ONLY_PARTY = "who is billed is the only party of the file"
_NAMES = frozenset({"full_name", "first_name", "last_name", AMBIGUOUS_NAME})
_WHO = _NAMES | {"email", "phone"}
_LOOKS_SO = 0.5
_Path = tuple[str, ...]


@dataclass(frozen=True)
class Billed:
    """The columns that nothing but who is billed claims: `names` by path what they are called
    without that; `same` are those of whom the goods go to, saying the same; `others` are those of
    somebody else."""

    columns: Mapping[_Path, Column]
    names: Mapping[_Path, str]
    same: tuple[Column, ...]
    others: tuple[Column, ...]

    @property
    def is_lead(self) -> bool:
        """Whether nobody else stands in the file."""
        return not self.others

    def told(self, names: FieldNames) -> list[Column]:
        """What a person is asked about here: mailboxes and numbers are, as any others."""
        reached = {"email", "phone"}
        return [c for p, c in self.columns.items() if not names.fields_of(self.names[p]) & reached]


def find_billed(columns: Sequence[Column], names: FieldNames, countries: Countries) -> Billed:
    """Who is billed, by the columns of a sample."""
    filled = [column for column in columns if column.values]
    bare = {c.path: name for c in filled if (name := _bare(c, BILLED, names)) is not None}
    kinds = {path: names.fields_of(name) & (_WHO | {"company_name"}) for path, name in bare.items()}
    own = {c.path: c for c in filled if kinds.get(c.path) and not names.matches(c.path)}
    if not own:
        return Billed({}, {}, (), ())
    same: list[Column] = []
    others: list[Column] = []
    billed = [(kinds[path], column) for path, column in own.items()]
    for column in filled:
        shipped = _bare(column, SHIPPED_TO, names)
        fields = names.fields_of(shipped) if shipped else names.fields_of(column.name)
        fields &= _WHO
        if column.path in bare or any(contradicts(column, f, countries) for f in _judged(fields)):
            continue
        if names.is_other_party(column.path) and not names.is_owner(column.path):
            others += [column] if _is_somebody(column) else []
        elif fields and _says_the_same(column, fields, billed):
            same += [column] if shipped else []
        elif fields and not _holds_names(column, fields, billed):
            others.append(column)
    return Billed(own, {path: bare[path] for path in own}, tuple(same), tuple(others))


def ask_about_billed(billed: Billed, names: FieldNames) -> Iterator[str]:
    """Whose the columns are, where another stands beside."""
    told = ", ".join(column.name for column in billed.told(names))
    if told and not billed.is_lead:
        beside = ", ".join(column.name for column in billed.others)
        yield (
            f"{told}: is who is billed the lead? {beside} may be somebody else's, and no field is "
            "filled from what is billed: it is kept as an answer. Where it is the lead's, map it"
        )


def _bare(column: Column, kind: str, names: FieldNames) -> str | None:
    return names.without_words(" ".join(column.path), kind)


def _judged(fields: frozenset[str]) -> list[str]:
    return ["full_name" if field == AMBIGUOUS_NAME else field for field in sorted(fields)]


def _is_somebody(column: Column) -> bool:
    return max(column.share(is_mail), column.share(is_name)) >= _LOOKS_SO


def _says_the_same(
    column: Column, fields: frozenset[str], billed: Sequence[tuple[frozenset[str], Column]]
) -> bool:
    own = fold_cells(column.cells)
    return any(
        fields & kinds
        and all(one == two for one, two in zip(own, fold_cells(each.cells), strict=True) if one)
        for kinds, each in billed
    )


def _holds_names(
    column: Column, fields: frozenset[str], billed: Sequence[tuple[frozenset[str], Column]]
) -> bool:
    """Whether a mailbox holds the names of who is billed, who has none of their own."""
    if fields != {"email"} or any("email" in kinds for kinds, _ in billed):
        return False
    return any(hold_names(each.cells, column.cells) for kinds, each in billed if kinds & _NAMES)
