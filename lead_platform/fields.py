"""The field catalogue: every field of a lead once, with what follows from it.

The platform's own fields stand in `fields.yaml` beside this module, those RevOps add in
config/fields.yaml, in one shape. What channels map, what wins in a golden record, what a scorecard
tests and a routing rule asks is derived from them here; reading values and building tables is left
to the layers.

A field that RevOps add has no column of its own: `custom_fields`, a JSON object by name kept as
text, holds it in every table on the way of a lead. So a new field rewrites no table, closes no
release and parses no model anew, whatever the base, and one that is taken away keeps its values.
"""

import functools
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any, Literal, Self, TypeAlias, get_args

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationInfo,
    field_validator,
    model_validator,
)

from lead_platform.configuration import ConfigurationError, load_yaml, parse_yaml

FILE_NAME = "fields.yaml"

FieldKind = Literal["profile", "behaviour", "consent", "attribution", "preference"]
# How a channel's value is read; `values` and `numbers` of capture own the reading.
ValueType = Literal[
    "text", "instant", "amount", "currency", "integer", "number", "consent", "json", "list",
    "truth", "date",
]  # fmt: skip
CustomType = Literal["text", "integer", "number", "amount", "truth", "date"]
# What a rule may compare a value as.
Comparable = Literal["text", "number", "truth"]
# What wins in a golden record; `fields.yaml` says what each means. Of `strictest` and `earliest`,
# which look at events and first touches too, the models know the fields.
CustomRule = Literal["newest", "fullest", "last_touch", "company"]
SurvivorshipRule = Literal["newest", "fullest", "last_touch", "company", "strictest", "earliest"]

FieldName: TypeAlias = Annotated[
    str, StringConstraints(pattern=r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$", max_length=40)
]

_COMPARED: dict[str, Comparable] = {
    "text": "text",
    "consent": "text",
    "date": "text",
    "integer": "number",
    "number": "number",
    "amount": "number",
    "truth": "truth",
}
_SQL_TYPES: dict[str, str] = {"text": "varchar", "integer": "integer", "number": "double"}
# SQL: how DuckDB names the types of JSON values that a field of a type holds.
_JSON_TYPES: dict[str, str] = {
    "text": "('VARCHAR')",
    "date": "('VARCHAR')",
    "integer": "('BIGINT', 'UBIGINT')",
    "number": "('BIGINT', 'UBIGINT', 'DOUBLE')",
    "amount": "('BIGINT', 'UBIGINT', 'DOUBLE')",
    "truth": "('BOOLEAN')",
}


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Described(_Entry):
    """What every field says of itself.

    `scorable`: a scorecard may test it; `routable`: a routing rule may ask it; `searchable`: its
    value finds the lead; `personal`: it may tell who somebody is.
    """

    name: FieldName
    kind: FieldKind
    scorable: bool = False
    routable: bool = False
    searchable: bool = False
    personal: bool = False
    label: str = Field(min_length=1, max_length=100)
    description: str = ""


class LeadField(_Described):
    """A field kept in `custom_fields`. `values`: all it may hold, where that is a closed list."""

    type: CustomType
    wins: CustomRule
    values: tuple[Annotated[str, Field(min_length=1, max_length=200)], ...] = ()

    @field_validator("kind")
    @classmethod
    def _is_no_consent(cls, kind: FieldKind) -> FieldKind:
        if kind == "consent":
            raise ValueError(
                "consent is the platform's own: map consent_email, consent_phone, consent_sms or "
                "consent_whatsapp; allowed: profile, behaviour, attribution, preference"
            )
        return kind

    @model_validator(mode="after")
    def _lists_texts(self) -> Self:
        if self.values and self.type != "text":
            raise ValueError(f"`values` lists texts, {self.name} is of type {self.type}")
        return self

    def text(self, custom_fields: str) -> str:
        """SQL for its value as text, out of the column `custom_fields`."""
        return f"json_extract_string({custom_fields}, '$.{self.name}')"

    def expression(self, custom_fields: str) -> str:
        """SQL for its value as rules compare it; null where it is not of the field's type."""
        text = self.text(custom_fields)
        cast = {"number": "double", "truth": "boolean"}.get(_COMPARED[self.type])
        return f"try_cast({text} as {cast})" if cast else text

    def misfit(self, custom_fields: str) -> str:
        """SQL that is true where there is a value, and it is of another type than the field's."""
        kind = f"json_type({custom_fields}, '$.{self.name}')"
        misfit = f"{kind} not in {_JSON_TYPES[self.type]}"
        if self.type == "date":
            misfit = f"({misfit} or try_cast({self.text(custom_fields)} as date) is null)"
        return f"({kind} is not null and {misfit})"


class ColumnField(_Described):
    """A field of the platform with a column of its own.

    `captured`: how a channel's value of it is read; None where it is made of others. `follows`: it
    says no more than another field of its group. `provider`: whether a provider's answer fills a
    gap, or wins over what was stated.
    """

    type: ValueType
    captured: ValueType | None = None
    follows: bool = False
    provider: Literal["never", "fills", "wins"] = "never"


class FieldGroup(_Entry):
    """Fields that come from one submission, and which: the models' variable `survivorship`."""

    group: str
    wins: SurvivorshipRule
    of_employer: bool = False
    employer_last: bool = False
    fields: tuple[str, ...]


class _PlatformFile(_Entry):
    """`fields.yaml` of the package."""

    columns: tuple[ColumnField, ...]
    fields: tuple[LeadField, ...]
    groups: tuple[FieldGroup, ...]
    reserved: tuple[str, ...]


class _CustomFile(_Entry):
    """config/fields.yaml."""

    fields: tuple[LeadField, ...] = ()

    @field_validator("fields", mode="before")
    @classmethod
    def _may_be_empty(cls, fields: Any) -> Any:
        return () if fields is None else fields


@dataclass(frozen=True)
class FieldCatalogue:
    """The fields with columns of their own, and those kept in `custom_fields`, in their order."""

    columns: tuple[ColumnField, ...]
    groups: tuple[FieldGroup, ...]
    custom: tuple[LeadField, ...] = ()

    @property
    def all(self) -> tuple[ColumnField | LeadField, ...]:
        """Every field, those without a column of their own last."""
        return (*self.columns, *self.custom)

    @functools.cached_property
    def custom_by_name(self) -> Mapping[str, LeadField]:
        """The fields without a column of their own."""
        return {field.name: field for field in self.custom}

    @property
    def captured_columns(self) -> Mapping[str, ValueType]:
        """The columns of a submission that a channel may map, and how each value is read."""
        return {field.name: field.captured for field in self.columns if field.captured}

    @functools.cached_property
    def scorable(self) -> Mapping[str, Comparable]:
        """What a scorecard may test, and what its values are compared as."""
        return {field.name: _COMPARED[field.type] for field in self.all if field.scorable}

    @functools.cached_property
    def routable(self) -> Mapping[str, Comparable]:
        """What a routing rule may ask of the profile, and what its values are compared as."""
        return {field.name: _COMPARED[field.type] for field in self.all if field.routable}

    @functools.cached_property
    def survivorship(self) -> tuple[FieldGroup, ...]:
        """What wins in the golden record, by group of fields. A custom field goes by
        `custom_<name>`: a fact of the company, or a group of its own."""
        facts = [f"custom_{field.name}" for field in self.custom if field.wins == "company"]
        own = [
            FieldGroup(group=name, wins=field.wins, fields=(name,))
            for field in self.custom
            if (name := f"custom_{field.name}") not in facts
        ]
        columns = [
            group.model_copy(update={"fields": (*group.fields, *facts)})
            if group.wins == "company"
            else group
            for group in self.groups
        ]
        return (*columns, *own)

    @functools.cached_property
    def winning_rules(self) -> Mapping[str, SurvivorshipRule]:
        """What wins in the golden record, by field."""
        columns = {name: group.wins for group in self.groups for name in group.fields}
        return columns | {field.name: field.wins for field in self.custom}

    @property
    def searchable(self) -> tuple[LeadField, ...]:
        """The fields without a column of their own whose value finds a lead."""
        return tuple(field for field in self.custom if field.searchable)

    def of(self, names: Collection[str]) -> tuple[LeadField, ...]:
        """The fields without a column of their own among `names`."""
        return tuple(field for field in self.custom if field.name in names)

    @functools.cached_property
    def variables(self) -> Mapping[str, Any]:
        """What the dbt models know of fields, as variables of the project."""
        columns = [field for field in self.columns if field.provider != "never"]
        return {
            "survivorship": [
                group.model_dump(mode="json", exclude_defaults=True)
                for group in self.survivorship
                if group.wins in get_args(CustomRule)
            ],
            "derived_fields": [
                *(field.name for field in self.columns if field.follows),
                # What RevOps add makes no submission say more than another.
                *(f"custom_{field.name}" for field in self.custom),
            ],
            "scorable_fields": sorted(field.name for field in self.columns if field.scorable),
            "provider_fields": {field.name: _SQL_TYPES[field.type] for field in columns},
            "provider_first_fields": [field.name for field in columns if field.provider == "wins"],
            "custom_fields": [field.name for field in self.custom],
        }


@functools.cache
def platform_fields() -> FieldCatalogue:
    """The platform's own fields."""
    shipped = _platform_file()
    return FieldCatalogue(shipped.columns, shipped.groups, shipped.fields)


def load_fields(config_dir: Path) -> FieldCatalogue:
    """The platform's fields and those of config_dir/fields.yaml, which may be absent.

    Raises ConfigurationError with all faults.
    """
    platform, path = platform_fields(), config_dir / FILE_NAME
    if not path.exists():
        return platform
    added = load_yaml(path, _CustomFile).fields
    if faults := _name_faults(path, added):
        raise ConfigurationError(faults)
    return replace(platform, custom=(*platform.custom, *added))


def reserved_names() -> set[str]:
    """What no field of config/fields.yaml may be called."""
    return {*_platform_file().reserved, *(field.name for field in platform_fields().all)}


def place_of(config_dir: Path, name: str) -> str:
    """Where a field of config_dir/fields.yaml is defined: `file:line: fields.position`."""
    path = config_dir / FILE_NAME
    added = load_yaml(path, _CustomFile).fields
    return _place(path, [field.name for field in added].index(name))


def _place(path: Path, position: int) -> str:
    line = parse_yaml(path)["fields"].lc.item(position)[0] + 1
    return f"{path}:{line}: fields.{position}"


def fields_of(info: ValidationInfo) -> FieldCatalogue:
    """The catalogue that a configuration file is validated with; the platform's without one."""
    return info.context if isinstance(info.context, FieldCatalogue) else platform_fields()


@functools.cache
def _platform_file() -> _PlatformFile:
    return load_yaml(Path(__file__).with_name(FILE_NAME), _PlatformFile)


def _name_faults(path: Path, added: Sequence[LeadField]) -> list[str]:
    """Names that stand for something else already, each with its line."""
    own, seen = reserved_names(), set[str]()
    faults = []
    for position, field in enumerate(added):
        fault = None
        if field.name in own:
            fault = "is the platform's own name; choose another"
        elif field.name in seen:
            fault = "stands there more than once; keep one"
        if fault is not None:
            faults.append(f"{_place(path, position)}.name: {field.name!r} {fault}")
        seen.add(field.name)
    return faults
