"""Second and third persons of a row, in columns that are numbered: `Contact 2 Name`, `Email 2`.

Owns which columns are theirs, and how a record of each is made. Nothing of theirs is the lead's: a
`Last Name 2` beside a `First Name 2` is no second surname.
"""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from lead_platform.capture.guessing.choices import Choice
from lead_platform.capture.guessing.names import AMBIGUOUS_NAME, FieldNames
from lead_platform.capture.guessing.notation import quoted, where
from lead_platform.capture.guessing.shapes import Column, is_person_name

Persons = Mapping[int, Mapping[str, Column]]
"""By number: the columns of who a further person is, by field."""

_NUMBER = re.compile(r"(?<![\d.,])[2-9](?!\d)")
_REACHED = ("email", "phone")
_WHO = ("full_name", "first_name", "last_name", *_REACHED)
_LOOK_LIKE_NAMES = 0.5
_TOLD = {2: "second", 3: "third"}


def find_further_persons(columns: Sequence[Column], names: FieldNames) -> Persons:
    """Those besides the first, where their numbers stand in the names of the columns.

    `Email 2` or `Phone 2` alone is the lead's as well, `First Name 2` alone a middle name, and
    `Name 2` a person where its values look like persons' names.
    """
    found: dict[int, dict[str, Column]] = defaultdict(dict)
    for column in columns:
        if (numbered := _numbered(column, names)) is not None:
            number, field = numbered
            found[number].setdefault(field, column)
    return {number: own for number, own in sorted(found.items()) if _is_person(own)}


def _numbered(column: Column, names: FieldNames) -> tuple[int, str] | None:
    """The number in the column's name, and which field of a person's it would be without it."""
    name = column.path[-1]
    numbers = list(_NUMBER.finditer(name))
    if len(numbers) != 1 or not column.values:
        return None
    (number,) = numbers
    before, behind = name[: number.start()].strip(), name[number.end() :].strip()
    for text in (f"{before} 1 {behind}", f"{before} {behind}", behind, before):
        matches = names.matches((text.strip(),)) if any(map(str.isalpha, text)) else ()
        for match in matches:
            field = "full_name" if match.field == AMBIGUOUS_NAME else match.field
            if field in _WHO:
                return int(number.group()), field
        if matches:
            return None
    return None


def _is_person(own: Mapping[str, Column]) -> bool:
    whole = own.get("full_name")
    if whole is not None and whole.share(is_person_name) >= _LOOK_LIKE_NAMES:
        return True
    # `Apellido 2` beside `Email 2` is a second surname, and a second mailbox.
    return "first_name" in own and len(own) > 1


def ask_about_further_persons(
    persons: Persons, chosen: Mapping[str, tuple[Choice, ...]]
) -> Iterator[str]:
    """Whether each is one, and how all become records."""
    if not persons:
        return
    first = {name: chosen[name][0].column for name in _WHO if chosen.get(name)}
    everybody = (first, *persons.values())
    fields = [name for name in _WHO if any(name in own for own in everybody)]
    each = f"[{', '.join(_element(own) for own in everybody)}]"
    when = " || ".join(f"item.{name}" for name in fields)
    told = "; ".join(
        f"{', '.join(column.name for column in own.values())} of a {_TOLD.get(number, 'further')}"
        for number, own in persons.items()
    )
    names = ", ".join(f"`{name}: item.{name}`" for name in fields)
    yield (
        f"{told}: does a row hold several persons? Only the first becomes a lead; the columns of "
        "the others are kept as answers, and a row that has only them is rejected as one without "
        "identity. Where they are persons, split the rows before delivery; or write, beside `kind: "
        f"submission`, `each: {quoted(each)}` and `when: {quoted(when)}`, in `fields` {names}, and "
        "every other path with `record.` before it"
    )


def _element(own: Mapping[str, Column]) -> str:
    return "{" + ", ".join(f"{name}: {where(column)}" for name, column in own.items()) + "}"
