"""Columns that hold what is dialled before the number beside them: a country's code, an area's.

Owns which of the two a column holds, and of which number. How they are put together is
`capture.phone_codes`'. A number without its code is another one, or none: where nobody can say how
it goes on, it fills no phone.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import pycountry

from lead_platform.capture.guessing.choices import DIALLED_OTHERWISE, Choice
from lead_platform.capture.guessing.names import AREA_CODE, CALLING_CODE, FieldNames
from lead_platform.capture.guessing.notation import reference
from lead_platform.capture.guessing.shapes import MOST_READ, Column
from lead_platform.capture.phone_codes import read_calling_code
from lead_platform.capture.values import show

Chosen = dict[str, tuple[Choice, ...]]
CodeKind = Literal["calling_code", "area_code", "unclear"]
_STATED = re.compile(r"(?:.*[\s(])?(?:\+|00)\s?[1-9].*")
_AREA = re.compile(r"\(?\s*0?[1-9]\d{0,4}\s*\)?")
_HALF = 0.5
_LONGEST_UNCLEAR = 2


@dataclass(frozen=True)
class PhoneCode:
    """A column of codes and what they are, as far as its name and values say."""

    column: Column
    kind: CodeKind


def find_phone_codes(columns: Sequence[Column], names: FieldNames) -> tuple[PhoneCode, ...]:
    """The columns of codes, of a file that has one of phones."""
    if not any(match.field == "phone" for c in columns for match in names.matches(_own(c))):
        return ()
    found = ((column, _kind(column, names)) for column in columns if column.values)
    return tuple(PhoneCode(column, kind) for column, kind in found if kind is not None)


def with_codes_beside(
    chosen: Chosen,
    columns: Sequence[Column],
    codes: Sequence[PhoneCode],
    near: dict[tuple[str, ...], str],
) -> tuple[Chosen, tuple[str, ...]]:
    """The phone with the codes that stand beside it, and what a person has to say of them; why a
    number is not taken goes to `near`. `columns`: all of the file in their order."""
    phones = chosen.get("phone", ())
    if not phones or not codes:
        return chosen, ()
    phone = _of_codes(phones, codes, columns)
    own = _nearest(codes, columns, phone) if phone is not None else {}
    if phone is None or not own or "unclear" in own:
        for choice in phones:
            near[choice.column.path] = DIALLED_OTHERWISE
        kept = {name: found for name, found in chosen.items() if name != "phone"}
        return kept, (_unclear(phones, codes, own.get("unclear")),)
    told = " and ".join(column.name for column in own.values())
    reason = f"{phone.reason}; dialled with {told}"
    joined = replace(
        phone,
        calling_code=own.get("calling_code"),
        area_code=own.get("area_code"),
        reason=reason,
    )
    others = [choice for choice in phones if choice is not phone]
    for choice in others:
        near[choice.column.path] = DIALLED_OTHERWISE
    questions = [
        f"{choice.column.name}: is it dialled with {told} too? Only {phone.column.name} is read "
        "so; it is kept as an answer"
        for choice in others
    ]
    return {**chosen, "phone": (joined,)}, tuple(questions)


def ask_region(chosen: Chosen) -> tuple[str, ...]:
    """What is to be said of numbers in national form where no column names a country."""
    phones = chosen.get("phone", ())
    if "country" in chosen or any(choice.calling_code for choice in phones):
        return ()
    national = [
        choice.column.name
        for choice in phones
        if any(_STATED.fullmatch(value) is None for value in choice.column.tried)
    ]
    if not national:
        return ()
    return (
        f"{' and '.join(national)}: of which country are the numbers without a plus? No column "
        "names one. Write `phone_region: DE`, with yours for DE, else they are kept and not read",
    )


def code_parts(choice: Choice) -> list[str]:
    """The parts of a phone's rule that name its codes."""
    stated = (("calling_code", choice.calling_code), ("area_code", choice.area_code))
    return [_part(key, column) for key, column in stated if column is not None]


def _part(key: str, column: Column) -> str:
    return f"{key}: {{{reference((column,), bare=False)}}}"


def _own(column: Column) -> tuple[str, ...]:
    return column.path[1:] if column.path[0] == "_answers" else column.path


def _kind(column: Column, names: FieldNames) -> CodeKind | None:
    kinds = names.phone_codes(_own(column))
    if not kinds or column.is_opaque:
        return None
    may_be_country = any(match.field == "country" for match in names.matches(_own(column)))
    if column.share(read_calling_code) >= MOST_READ and not column.share(_is_area_with_zero):
        return _of_codes_alone(column, kinds, may_be_country=may_be_country)
    if column.share(_AREA.fullmatch) >= MOST_READ and not may_be_country:
        return "area_code" if AREA_CODE in kinds else "unclear"
    is_of_figures = column.share(lambda value: any(map(str.isdigit, value))) >= _HALF
    is_named_so = kinds == {CALLING_CODE} and not may_be_country
    return "unclear" if is_named_so or (is_of_figures and not may_be_country) else None


def _of_codes_alone(
    column: Column, kinds: frozenset[str], *, may_be_country: bool
) -> CodeKind | None:
    """What a column is whose values can be country codes, each of them."""
    if column.share(str.isalpha) >= _HALF:
        return None if may_be_country or AREA_CODE in kinds else "calling_code"
    if any(map(_STATED.fullmatch, column.tried)):
        return "calling_code"
    if kinds == {CALLING_CODE}:
        is_of_iso = may_be_country and all(map(_is_iso_number, column.tried))
        return "unclear" if is_of_iso else "calling_code"
    is_short = all(len(value) <= _LONGEST_UNCLEAR for value in column.tried)
    return "unclear" if CALLING_CODE in kinds or is_short else "area_code"


def _is_area_with_zero(value: str) -> bool:
    return value.lstrip("( ").startswith("0") and not value.lstrip("( ").startswith("00")


def _is_iso_number(value: str) -> bool:
    """Whether it is a country's number in ISO 3166-1, of three digits."""
    return pycountry.countries.get(numeric=value) is not None


def _of_codes(
    phones: Sequence[Choice], codes: Sequence[PhoneCode], columns: Sequence[Column]
) -> Choice | None:
    """The number that the codes are of: the only one, or the one they stand next to."""
    if len(phones) == 1:
        return phones[0]
    places = {column.path: place for place, column in enumerate(columns)}
    beside = [
        phone
        for phone in phones
        if any(0 < places[phone.column.path] - places[c.column.path] <= len(codes) for c in codes)
    ]
    return beside[0] if len(beside) == 1 else None


def _nearest(
    codes: Sequence[PhoneCode], columns: Sequence[Column], phone: Choice
) -> Mapping[str, Column]:
    """Of each kind the column that stands nearest to the number."""
    places = {column.path: place for place, column in enumerate(columns)}
    place = places[phone.column.path]
    ordered = sorted(codes, key=lambda code: -abs(places[code.column.path] - place))
    return {code.kind: code.column for code in ordered}


def _unclear(phones: Sequence[Choice], codes: Sequence[PhoneCode], unclear: Column | None) -> str:
    column, phone = unclear or codes[0].column, phones[0].column
    number = reference((phone,), bare=False)
    rules = " or ".join(f"`{_part(key, column)}`" for key in ("calling_code", "area_code"))
    others = " or ".join(choice.column.name for choice in phones)
    return (
        f"{column.name}: is {show(column.values[0])} dialled before {others}, and is it the code "
        "of a country or of an area? No phone is read until you say so: without its code it may "
        f"be somebody else's number. Write `phone: {{{number}, …}}` with {rules}; without either "
        "where the numbers are whole"
    )
