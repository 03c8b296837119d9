"""Parts of JSON that no column is made of: lists of objects in the records, and what stands beside
their list in the document. Each is told; what may say who may be reached is asked.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from lead_platform.capture.guessing.labelled_lists import LabelledList
from lead_platform.capture.guessing.names import AMBIGUOUS_NAME, FieldNames
from lead_platform.capture.guessing.notation import path_of
from lead_platform.capture.guessing.refusals import TURNED, may_be_consent
from lead_platform.capture.guessing.shapes import MOST_READ, Column, is_mail
from lead_platform.capture.values import readable_text
from lead_platform.vocabularies.tables import IntakeLists

_DEPTH = 6
_MOST_VALUES = 1_000
_MOST_NAMES = 5
_NAMES = frozenset({AMBIGUOUS_NAME, "full_name", "first_name", "last_name"})
_Path = tuple[str, ...]
_CONSENTS = {
    "email": "`consent_email`",
    "phone": "`consent_phone`, `consent_sms` or `consent_whatsapp`",
}


@dataclass(frozen=True)
class LeftPart:
    """A part of a file from which no column is made. `columns`: what its elements hold, each with
    the values seen, of whatever record. `is_beside`: it stands beside the records; else it is a
    list in them. `read`: the field that is filled from it all the same; then `columns` are the
    rest, and `at` is where the element says it from which the field is filled."""

    path: _Path
    columns: tuple[Column, ...]
    is_beside: bool
    read: str | None = None

    @property
    def name(self) -> str:
        """As a person reads it."""
        return ".".join(self.path)

    @property
    def told(self) -> str:
        """Its name, and the names within its elements."""
        names = [".".join(c.path[len(self.path) :]) for c in self.columns if c.path != self.path]
        more = ", …" if len(names) > _MOST_NAMES else ""
        return f"{self.name} ({', '.join(names[:_MOST_NAMES])}{more})" if names else self.name


def left_lists(
    lists: Mapping[_Path, list[Any]], labelled: Mapping[_Path, LabelledList | None]
) -> tuple[LeftPart, ...]:
    """The lists of objects in the records, and what those say beside a mailbox or number that fill
    a field with it."""
    return tuple(_left(path, held, labelled.get(path)) for path, held in lists.items())


def _left(path: _Path, held: list[Any], labelled: LabelledList | None) -> LeftPart:
    columns = _columns(path, held)
    if labelled is None:
        return LeftPart(path, columns, False)
    rest = tuple(
        replace(column, at=labelled.place_of(inner))
        for column in columns
        if (inner := column.path[len(path) :]) and inner != (labelled.value,)
    )
    return LeftPart(path, rest, False, labelled.field)


def lists_of(contents: Iterable[Mapping[str, Any]]) -> dict[_Path, list[Any]]:
    """The elements of each list of objects, of all records together."""
    found: dict[_Path, list[Any]] = {}
    for content in contents:
        for path, held in _lists(content, ()):
            found.setdefault(path, []).extend(held)
    return found


def parts_of(held: Mapping[str, Any], *, is_beside: bool) -> tuple[LeftPart, ...]:
    """Parts by their names, as what they are: of the records, or beside them."""
    return tuple(
        LeftPart((name,), _columns((name,), part), is_beside) for name, part in held.items()
    )


def holds_persons(part: LeftPart, names: FieldNames) -> bool:
    """Whether the part is a list whose elements have a name and a mailbox each: `contacts`."""
    mails = [column for column in part.columns if column.share(is_mail) >= MOST_READ]
    named = (names.matches(column.path[len(part.path) :] or column.path) for column in part.columns)
    has_names = any(match.field in _NAMES for matches in named for match in matches)
    return not part.is_beside and bool(mails) and has_names


def ask_about_parts(
    parts: Sequence[LeftPart], names: FieldNames, lists: IntakeLists
) -> Iterator[str]:
    """A question for each part that may say who may be reached, and one for all others."""
    others: list[LeftPart] = []
    for part in parts:
        column = _about_leave(part, names, lists)
        if part.read is not None:
            yield from _asked_of_read(part, part.read, names, lists)
        elif column is not None:
            yield _asked_beside(part) if part.is_beside else _asked_within(part, column)
        elif part.columns:
            others.append(part)
    if beside := [part.told for part in others if part.is_beside]:
        yield (
            f"{', '.join(beside)}: what is it? It stands beside the records, and nothing of it is "
            "taken in: where it speaks of them, write it into each record before delivery"
        )
    within = [part for part in others if not part.is_beside]
    if within:
        told = ", ".join(part.told for part in within)
        yield (
            f"{told}: what is it? Lists stand there, and no field is filled from them: what says "
            f"something of the lead, map by a path such as {_example(within)}"
        )


def _example(parts: Sequence[LeftPart]) -> str:
    """How a value in a list is reached, a mailbox where there is one."""
    columns = [(part, column) for part in parts for column in part.columns]
    part, column = max(columns, key=lambda each: each[1].share(is_mail))
    path = path_of(part.path)
    shown = f"`{path}[0].{path_of(column.path[len(part.path) :])}`"
    if column.share(is_mail) >= MOST_READ:
        shown += f"; where its elements are the records, write `records: {path}`"
    return shown


def doubts_about_parts(
    parts: Iterable[LeftPart], names: FieldNames, lists: IntakeLists
) -> Iterator[str]:
    """What a channel does not read though it may say who may be reached."""
    for part in parts:
        if _about_leave(part, names, lists) is not None:
            yield (
                f"{part.name}: it may say who may be written to or called, and the channel reads "
                "nothing of it"
            )


def _about_leave(part: LeftPart, names: FieldNames, lists: IntakeLists) -> Column | None:
    """The column of the part by which it may say who may be reached; where only the part's name
    says so, the first one. Below a name that does, mailboxes say it too."""
    for column in part.columns:
        named = Column(column.path, ())
        if may_be_consent(column, names, lists) or may_be_consent(named, names, lists):
            return column
    is_named = may_be_consent(Column(part.path, ()), names, lists)
    return part.columns[0] if is_named and part.columns else None


def _asked_beside(part: LeftPart) -> str:
    return (
        f"{part.told}: does it list who may not be written to or called? It stands beside the "
        "records, and nothing of it is taken in: whoever is in both comes in like all others. "
        "Where it does, take them out of the records, or write into each record whether it may be "
        "contacted, before delivery"
    )


def _asked_within(part: LeftPart, column: Column) -> str:
    inner = column.path[len(part.path) :]
    other = next((c.path[len(part.path) :] for c in part.columns if c.path != column.path), None)
    element = f"[?{path_of(other)}=='…'] | [0]" if other else "[0]"
    path = f"{path_of(part.path)}{element}" + (f".{path_of(inner)}" if inner else "")
    return (
        f"{part.told}: does this list say who may be written to or called? No field is filled from "
        "it; where it does, map it to `consent_email`, `consent_phone`, `consent_sms` or "
        f"`consent_whatsapp` by a path such as `{path}`, and its words with `values`"
    )


def _asked_of_read(
    part: LeftPart, field: str, names: FieldNames, lists: IntakeLists
) -> Iterator[str]:
    """What the elements of a list say that fills `field`: of leave, and that some are deleted."""
    for column in part.columns:
        inner = ".".join(column.path[len(part.path) :])
        if may_be_consent(column, names, lists):
            turned = TURNED if names.is_negated(column.path) else ""
            yield (
                f"{part.name}: does {inner} say who may be written to or called?{turned} "
                f"`{field}` is filled from the list whatever it says; where it does, map "
                f"{_CONSENTS[field]} by a path such as `{column.at}`, and its words with `values`"
            )
        elif any(map(names.is_about_deletion, (column.path, *zip(column.tried, strict=True)))):
            yield (
                f"{part.name}: does {inner} mark what is deleted? `{field}` is filled from the "
                "list whatever it says: where it does, leave those elements out of the export"
            )


def _lists(value: Any, path: _Path) -> Iterator[tuple[_Path, list[Any]]]:
    if isinstance(value, list):
        if any(isinstance(part, dict) for part in value):
            yield path, value
    elif isinstance(value, dict) and len(path) < _DEPTH:
        for name, part in value.items():
            yield from _lists(part, (*path, str(name)))


def _columns(path: _Path, held: Any) -> tuple[Column, ...]:
    cells: dict[_Path, list[str]] = {}
    for at, text in islice(_texts(held, path, 0), _MOST_VALUES):
        cells.setdefault(at, []).append(text)
    return tuple(Column(at, tuple(texts)) for at, texts in cells.items())


def _texts(value: Any, path: _Path, depth: int) -> Iterator[tuple[_Path, str]]:
    """Values that are no blanks, by where they stand; places in lists do not count."""
    if isinstance(value, dict | list):
        parts = value.items() if isinstance(value, dict) else (("", part) for part in value)
        for name, part in parts if depth < _DEPTH else ():
            yield from _texts(part, (*path, str(name)) if name else path, depth + 1)
    elif text := readable_text(value):
        yield path, text
