"""What the columns of unknown tables hold: recognised by name and by content.

Reads the list of names that channels are guessed by (config/vocabularies/field_names.csv); owns
what linkage adds to it, and which further columns may tell one thing from another. A name that the
values contradict is not believed.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from lead_platform.capture.guessing.names import AMBIGUOUS_NAME, FieldNames
from lead_platform.capture.guessing.shapes import (
    Column,
    Countries,
    contradicts,
    is_company_name,
    is_mail,
    is_number,
    is_person_name,
    is_phone,
    is_url,
)
from lead_platform.identity.linkage.dates import find_form
from lead_platform.identity.linkage.specification import SOURCE, Kind
from lead_platform.identity.linkage.tables import Tables
from lead_platform.vocabularies.text import fold

HOUSE_NUMBER = "house_number"
_LOOKED_AT = 2_000
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_AMOUNT = re.compile(r"\W*\d[\d,.\s]*[.,]\d{1,2}\W*")

# By the kind of record: fields of the catalogue, as the specifications that ship call them.
_FIELDS: Mapping[Kind, Mapping[str, str]] = {
    "person": {
        "first_name": "first_name", "last_name": "last_name", "full_name": "full_name",
        AMBIGUOUS_NAME: "full_name", "birth_date": "birth_date", "email": "email",
        "phone": "phone", "national_id": "national_id", "street": "street", "city": "city",
        "postal_code": "postal_code", "region": "region", "country": "country",
        "job_title": "occupation", "occupation": "occupation", "linkedin_url": "linkedin",
        "company_name": "company", HOUSE_NUMBER: HOUSE_NUMBER,
    },
    "organisation": {
        "company_name": "name", AMBIGUOUS_NAME: "name", "full_name": "name",
        "company_website": "website", "phone": "phone", "street": "street", "city": "city",
        "postal_code": "postal_code", "country": "country", "industry": "industry",
        HOUSE_NUMBER: HOUSE_NUMBER,
    },
}  # fmt: skip
# Names that no channel maps, or that mean something else there.
_FURTHER_NAMES = {
    "birth_date": "dob|birth date|date of birth|birthdate|birthday|born|born on|geburtsdatum|"
    "geburtstag|geb datum|date de naissance|fecha de nacimiento|data di nascita|"
    "data de nascimento|geboortedatum|fodselsdato|fodelsedatum|data urodzenia|date birth",
    "national_id": "national id|ssn|social security number|soc sec id|social security|nin|"
    "national insurance number|passport number|passport no|id card number|tax id|dni|nif|curp|cpf|"
    "steuer id|personnummer|bsn|codice fiscale|document number|identity number|id number",
    HOUSE_NUMBER: "street number|house number|house no|hausnummer|hausnr|street no",
    "first_name": "first name|given name|given names|forename|fname|firstname",
    "last_name": "last name|surname|family name|lname|lastname",
    "street": "street|address|street address|address 1|address line 1|address1|street 1",
    "city": "city|town|suburb|locality|birth place|place of birth",
    "region": "region|state|province|county",
    "postal_code": "postcode|postal code|zip|zip code|plz|post code",
    "occupation": "occupation|profession|beruf|job",
    "company_name": "company|organisation|organization|org name|organisation name|business name|"
    "legal name",
    "phone": "phone|mobile|telephone|phone number",
    "email": "email|e mail|mail",
}
_BY_NAME = {"".join(name.split()): field for field, names in _FURTHER_NAMES.items()
            for name in names.split("|")}  # fmt: skip
# Of the record, and not of whom it is about.
_OF_RECORD = frozenset({"record_id", "person_id", "crm_record_id", "row_number"})


@dataclass(frozen=True)
class Recognised:
    """A column and what it holds. `field`: of the specification that ships, None for one that only
    the tables know; `is_key`: its values look like a number or code of somebody's own."""

    column: str
    field: str | None
    reason: str
    filled: float
    distinct: int
    is_key: bool = False


@dataclass(frozen=True)
class Recognition:
    """What the tables hold: their kind, the columns that are compared, in the order of the tables,
    and per column that is not, why."""

    kind: Kind
    columns: tuple[Recognised, ...]
    left_out: Mapping[str, str]


@dataclass(frozen=True)
class _Candidate:
    column: str
    field: str
    order: tuple[int, int]
    reason: str


def recognise_columns(
    tables: Tables, names: FieldNames, countries: Countries, kind: Kind | None = None
) -> Recognition:
    """What each column of the tables holds; their kind is told by the columns where it is not
    given."""
    columns = {name: _sampled(tables.frame[name], name) for name in tables.columns}
    found = {name: list(_candidates(column, names, countries)) for name, column in columns.items()}
    kind = kind or _kind_of(columns, found)
    meant = _FIELDS[kind]
    chosen: dict[str, _Candidate] = {}
    passed_over: dict[str, str] = {}
    for name, candidates in found.items():
        usable = [c for c in candidates if c.field in meant]
        if usable:
            chosen[name] = min(usable, key=lambda c: c.order)
    for name, candidate in list(chosen.items()):
        field = meant[candidate.field]
        better = _better(name, field, chosen, meant, tables)
        if better is not None:
            passed_over[name] = f"{field} is read from {better!r}"
    recognised, left_out = [], dict[str, str]()
    for name, column in columns.items():
        filled, distinct = _counts(tables.frame[name])
        if name in passed_over:
            left_out[name] = passed_over[name]
        elif name in chosen:
            field = meant[chosen[name].field]
            recognised.append(Recognised(name, field, chosen[name].reason, filled, distinct))
        elif why := _why_not(column, found[name], names, filled, distinct, len(tables.frame)):
            left_out[name] = why
        else:
            key = _is_key(column)
            recognised.append(Recognised(name, None, "its values", filled, distinct, key))
    return Recognition(kind, tuple(recognised), left_out)


# --- what a column may be ----------------------------------------------------------------------


def _sampled(values: pd.Series, name: str) -> Column:
    """The column with some of its cells, evenly spread."""
    step = max(1, len(values) // _LOOKED_AT)
    return Column((name,), tuple(values.iloc[::step].fillna("").astype(str)))


def _candidates(column: Column, names: FieldNames, countries: Countries) -> Iterator[_Candidate]:
    """The fields the column may be, by its name before its values."""
    own = _BY_NAME.get("".join(fold(_CAMEL.sub(" ", column.name)).split()))
    listed = [(match.field, match.rank) for match in names.matches(column.path)]
    for place, (field, rank) in enumerate([*([(own, 0)] if own else []), *listed]):
        if not column.values or _fits(column, field, countries):
            yield _Candidate(column.name, field, (int(place > 0), rank), "its name")
    for field, (fits, least) in _BY_CONTENT.items():
        if column.values and column.share(fits) >= least:
            yield _Candidate(column.name, field, (2, 0), "its values")


def _fits(column: Column, field: str, countries: Countries) -> bool:
    if field == "birth_date":
        return find_form(column.tried) is not None
    if field == HOUSE_NUMBER:
        return column.share(lambda value: any(map(str.isdigit, value))) >= 0.5
    if field == "national_id":
        return column.share(lambda value: any(map(str.isdigit, value))) >= 0.8
    return contradicts(column, field, countries) is None


def _is_written_phone(value: str) -> bool:
    """A number as people write it; digits alone may be anything."""
    return is_phone(value) and (value[0] in "+0(" or not value.isdigit()) and not find_form([value])


_BY_CONTENT: Mapping[str, tuple[Callable[[str], object], float]] = {
    "email": (is_mail, 0.8),
    "phone": (_is_written_phone, 0.9),
    "linkedin_url": (lambda value: "linkedin." in value.lower(), 0.8),
    "company_website": (is_url, 0.8),
}


def _kind_of(columns: Mapping[str, Column], found: Mapping[str, list[_Candidate]]) -> Kind:
    """Whether the records are people's or organisations'."""
    fields = {candidate.field for candidates in found.values() for candidate in candidates}
    if fields & {"first_name", "last_name", "birth_date", "national_id", "job_title"}:
        return "person"
    whole = [
        columns[name]
        for name, candidates in found.items()
        if any(c.field in (AMBIGUOUS_NAME, "full_name") for c in candidates)
    ]
    if not whole:
        return "organisation" if fields & {"company_name", "company_website"} else "person"
    named = whole[0]
    is_companies = named.share(is_company_name) >= 0.15
    return "organisation" if is_companies or named.share(is_person_name) < 0.5 else "person"


def _better(
    name: str,
    field: str,
    chosen: Mapping[str, _Candidate],
    meant: Mapping[str, str],
    tables: Tables,
) -> str | None:
    """A column that says the same of every record this one speaks of, and better. Columns of two
    files do not stand in each other's way."""
    frame = tables.frame
    rivals = [
        other
        for other, candidate in chosen.items()
        if other != name and meant[candidate.field] == field
    ]
    files = set(frame.loc[frame[name].notna(), SOURCE])

    def order(column: str) -> tuple[tuple[int, int], float, int]:
        filled = float(frame[column].notna().mean())
        return chosen[column].order, -filled, tables.columns.index(column)

    for other in sorted(rivals, key=order):
        shared = files & set(frame.loc[frame[other].notna(), SOURCE])
        if order(other) < order(name) and (shared or not files):
            return other
    return None


# --- further columns ---------------------------------------------------------------------------


def _counts(values: pd.Series) -> tuple[float, int]:
    return float(values.notna().mean()), int(values.nunique())


def _why_not(
    column: Column,
    candidates: Sequence[_Candidate],
    names: FieldNames,
    filled: float,
    distinct: int,
    records: int,
) -> str | None:
    """Why a column that no field is read from tells nothing of whom the record is about."""
    if distinct == 0:
        return "no record has it"
    if distinct == 1:
        return "all records that have it have the same"
    if distinct == round(filled * records) and records > 2:
        return "every record has its own: an id of the record"
    if filled < 0.1:
        return "few records have it"
    if names.is_sensitive(column.path) or names.is_other_party(column.path):
        return "its name says that it is no field of whom the record is about"
    known = {candidate.field for candidate in candidates} - _OF_RECORD
    known |= {match.field for match in names.matches(column.path)} - _OF_RECORD
    if known:
        return f"it is {min(known)}, which is not compared"
    if find_form(column.tried) is not None:
        return "dates, and its name does not say of what"
    if sum(map(len, column.tried)) / len(column.tried) > 60:
        return "long texts"
    if not _is_key(column) and column.share(is_number) >= 0.5:
        return "numbers, and no key"
    return None


def _is_key(column: Column) -> bool:
    """Whether the values look like a number or code that somebody was given."""
    codes = column.share(
        lambda value: 4 <= len(value) <= 40 and any(map(str.isdigit, value)) and " " not in value
    )
    return codes >= 0.8 and column.variety >= 0.3 and column.share(_is_amount) < 0.2


def _is_amount(value: str) -> bool:
    return _AMOUNT.fullmatch(value) is not None
