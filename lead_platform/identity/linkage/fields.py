"""The fields a specification reads, from the columns of tables.

Owns how several columns are one field, how a whole name is taken apart, and which fields say
nothing and are left out. What matching makes of a field's text is derivations.py's.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from lead_platform.identity.linkage.dates import is_order_open, iso_dates
from lead_platform.identity.linkage.specification import SOURCE, LinkSpecification
from lead_platform.identity.linkage.tables import Tables, TablesFault
from lead_platform.identity.normalization.names import normalize_name
from lead_platform.vocabularies.tables import Vocabularies

FULL_NAME, FIRST_NAME, LAST_NAME = "full_name", "first_name", "last_name"
_DATES = frozenset({"birth_date"})
# Among fewer records one value in all of them may be what they are: one and the same.
_FEW_RECORDS = 20


@dataclass(frozen=True)
class Fields:
    """`frame`: one row per record, one column per field that says something, and `source_file`;
    `notes`: which fields were left out, and why."""

    frame: pd.DataFrame
    notes: tuple[str, ...]


def read_fields(
    tables: Tables, specification: LinkSpecification, vocabularies: Vocabularies
) -> Fields:
    """The fields that the specification's columns are given from, as far as the tables have them.

    Raises TablesFault where they have none.
    """
    frame, notes = tables.frame, list[str]()
    fields: dict[str, pd.Series] = {}
    for field in dict.fromkeys((*specification.given_fields(), *specification.fields)):
        named = specification.fields.get(field, (field,))
        held = [name for name in named if name in tables.columns]
        if field in specification.fields:
            notes += [
                f"{field}: no table has the column {name!r}" for name in named if name not in held
            ]
        if held:
            values = join_columns(frame, held)
            fields[field] = values
        if held and field in _DATES:
            notes += _open_orders(field, values, frame[SOURCE])
            fields[field] = _dated(values, frame[SOURCE])
    if FULL_NAME in fields:
        _take_apart(fields, vocabularies)
    silent = {
        field: why for field, values in fields.items() if (why := _says_nothing(values)) is not None
    }
    if len(silent) < len(fields):
        notes += [f"{field}: {why}; left out" for field, why in silent.items()]
        fields = {field: values for field, values in fields.items() if field not in silent}
    if not fields:
        raise TablesFault(
            "No column of the tables is one that the specification reads. The tables have: "
            f"{', '.join(tables.columns)}. Say under `fields:` which of them hold "
            f"{', '.join(specification.given_fields())}."
        )
    return Fields(pd.DataFrame(fields).assign(**{SOURCE: frame[SOURCE]}), tuple(notes))


def join_columns(frame: pd.DataFrame, columns: Sequence[str]) -> pd.Series:
    """What several columns say as one text, parted by spaces; None where none says anything."""
    parts = [frame[column].fillna("").astype(str).str.strip() for column in columns]
    joined = parts[0]
    for part in parts[1:]:
        joined = joined.str.cat(part, sep=" ").str.strip()
    return joined.astype(object).where(joined != "", None)


def _dated(values: pd.Series, source: pd.Series) -> pd.Series:
    """Each file has its own way to write a date."""
    parts = [
        pd.Series(iso_dates(part.tolist()), index=part.index, dtype=object)
        for _, part in values.groupby(source, sort=False)
    ]
    return pd.concat(parts).reindex(values.index)


def _open_orders(field: str, values: pd.Series, source: pd.Series) -> list[str]:
    """Of which files nothing shows the order of day and month: among several, one may be the other
    way round."""
    parts = list(values.dropna().groupby(source, sort=False))
    if source.nunique() < 2:
        return []
    return [
        f"{field}: no value of {file} shows whether day or month comes first; the day was taken "
        "first. Write its dates as YYYY-MM-DD where that is wrong."
        for file, part in parts
        if is_order_open(part.tolist())
    ]


def _take_apart(fields: dict[str, pd.Series], vocabularies: Vocabularies) -> None:
    """First and last name from the whole one, where they are not given by themselves."""
    whole = fields.pop(FULL_NAME)
    names = {
        value: normalize_name(value, None, None, vocabularies) for value in whole.dropna().unique()
    }
    parts = {
        FIRST_NAME: {value: name.first for value, name in names.items()},
        # A single word is somebody's name all the same.
        LAST_NAME: {value: name.last or (None if name.first else value)
                    for value, name in names.items()},
    }  # fmt: skip
    for field, known in parts.items():
        found = whole.map(known).astype(object)
        found = found.where(found.notna(), None)
        given = fields.get(field)
        fields[field] = found if given is None else given.where(given.notna(), found)


def _says_nothing(values: pd.Series) -> str | None:
    """Why a field tells no two records apart, nor shows that they are one."""
    distinct = values.nunique()
    if not distinct:
        return "no record has it"
    if distinct == 1 and len(values) >= _FEW_RECORDS:
        return "all records that have it have the same"
    return None
