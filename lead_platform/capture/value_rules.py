"""The rules of one value: where it is found in a record, and what is done to it on the way.

Owns the YAML model of a field. Which fields a record has belongs to `channels`, the steps
themselves to `fields` and `cells`.
"""

from typing import Annotated, Any, Literal, Self, TypeAlias
from zoneinfo import ZoneInfo

import phonenumbers
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from lead_platform.capture.joins import JoinRule
from lead_platform.capture.numbers import NumberMarks
from lead_platform.capture.paths import PartPathText, PathText
from lead_platform.patterns import Pattern

Scalar: TypeAlias = str | int | float | bool


def _check_pattern(value: str) -> str:
    return Pattern(value).source


def _check_zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (LookupError, ValueError, OSError):
        raise ValueError(
            f"{value!r} is not a time zone; allowed: names such as Europe/Berlin, UTC"
        ) from None
    return value


def as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def as_rule(value: Any) -> Any:
    return {"path": value} if isinstance(value, str | list) else value


def _as_rules(value: Any) -> Any:
    return [as_rule(each) for each in value] if isinstance(value, list) else value


PatternText = Annotated[str, AfterValidator(_check_pattern)]
ZoneName = Annotated[str, AfterValidator(_check_zone)]
PathList = Annotated[tuple[PathText, ...], BeforeValidator(as_list)]
NameList = Annotated[tuple[str, ...], BeforeValidator(as_list)]


class StrictRule(BaseModel):
    """A part of a channel file, with no other keys than its own."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _check_region(value: str) -> str:
    if value not in phonenumbers.SUPPORTED_REGIONS:
        raise ValueError(f"{value!r} is no country (ISO 3166-1 alpha-2); allowed: DE, US, …")
    return value


Region = Annotated[str, AfterValidator(_check_region)]


class NumbersRule(StrictRule):
    """The marks a source sets in its numbers; what has others is not read."""

    decimal: Literal[".", ","]
    thousands: Literal[".", ",", " ", "'", ""] = ""

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.decimal == self.thousands:
            raise ValueError("`decimal` and `thousands` are the same mark")
        return self

    @property
    def marks(self) -> NumberMarks:
        """The marks as numbers are read with."""
        return NumberMarks(self.decimal, self.thousands)


class FieldRule(StrictRule):
    """How one value is found and shaped. A plain string in the YAML means `path`.

    Steps in this order: find (`path`, several are joined by '|'; or `first_of`, several paths, or
    `column`, names as they are: the first that is filled, with `joined_by` all that are; or
    `constant`; or `join`, an element of another list by its key; or `strictest_of`, several rules
    of a consent), blanks become null, `parse` and `at`, `strip_prefix`, `split` and `take`,
    `extract`, `values` or `lookup`, `vocabulary` or `consent`, `prefix`, `scale`, `default`.

    `zone`, of a point in time: the rule that finds its zone in the record. `calling_code` and
    `area_code`, of a phone: those that find what is dialled before it.
    """

    path: PathList = ()
    first_of: PathList = ()
    column: NameList = ()
    joined_by: Annotated[str, Field(max_length=5)] | None = None
    constant: Scalar | None = None
    join: JoinRule | None = None
    strictest_of: Annotated[tuple["FieldRule", ...], BeforeValidator(_as_rules)] = ()
    parse: Literal["json", "urlencoded"] | None = None
    at: PartPathText | None = None
    strip_prefix: NameList = ()
    split: Annotated[str, Field(min_length=1, max_length=20)] | None = None
    take: Literal["first", "last", "all"] = "first"
    extract: PatternText | None = None
    unmatched: Literal["empty", "keep"] = "empty"
    values: dict[str, Scalar | None] | None = None
    lookup: str | None = None
    otherwise: Scalar | None = None
    vocabulary: Literal["deal_stages", "truths"] | None = None
    consent: Literal["opt_in", "opt_out", "opt_out_at"] | None = None
    prefix: str | None = None
    scale: float | None = None
    formats: tuple[str, ...] | None = None
    time_zone: ZoneName | None = None
    zone: Annotated["FieldRule", BeforeValidator(as_rule)] | None = None
    calling_code: Annotated["FieldRule", BeforeValidator(as_rule)] | None = None
    area_code: Annotated["FieldRule", BeforeValidator(as_rule)] | None = None
    default: Scalar | None = None

    @property
    def has_otherwise(self) -> bool:
        """Whether the YAML says what stands for a value that is not listed (null counts)."""
        return "otherwise" in self.model_fields_set

    def with_parts(self) -> tuple["FieldRule", ...]:
        """The rule, those that it chooses among, and those of what stands beside its value."""
        return (self, *self.strictest_of, *self.beside())

    def beside(self) -> tuple["FieldRule", ...]:
        """The rules that find what belongs to the value: a time's zone, a phone's codes."""
        found = (self.zone, self.calling_code, self.area_code)
        return tuple(rule for rule in found if rule is not None)

    def columns(self) -> tuple[str, ...]:
        """Every column that the rule names."""
        return tuple(name for rule in self.with_parts() for name in rule.column)

    def paths(self) -> tuple[str, ...]:
        """Every path of the rule that sees the record."""
        if self.strictest_of:
            return tuple(path for part in self.strictest_of for path in part.paths())
        own = (*self.path, *self.first_of) if self.join is None else self.join.paths()
        return (*own, *(path for rule in self.beside() for path in rule.paths()))

    def described(self) -> str:
        """Where the value is found, in words."""
        if self.constant is not None:
            return repr(self.constant)
        if self.strictest_of:
            return " and ".join(part.described() for part in self.strictest_of)
        found_by = (*self.column, *self.first_of)
        if self.joined_by is not None:
            return " + ".join(found_by or self.paths())
        return " else ".join(found_by) or " + ".join(self.paths())

    @model_validator(mode="after")
    def _check(self) -> Self:
        named = [bool(self.path), bool(self.first_of), bool(self.column)]
        named += [self.constant is not None, self.join is not None, bool(self.strictest_of)]
        if sum(named) > 1:
            raise ValueError(
                "give one of `path`, `column`, `first_of`, `constant`, `join`, `strictest_of`, "
                "not several"
            )
        if not any(named) and self.default is None and not self._may_be_sourceless():
            raise ValueError(
                "give `path`, `first_of`, `column`, `constant`, `join`, `strictest_of` or `default`"
            )
        if self.joined_by is not None and max(len(self.column), len(self.path)) < 2:
            raise ValueError("`joined_by` joins several columns or paths: give a list of them")
        if self.values is not None and self.lookup is not None:
            raise ValueError("give `values` or `lookup`, not both")
        if self.extract is not None and Pattern(self.extract).group_count < 1:
            raise ValueError(f"{self.extract!r} has no group; put brackets around what to keep")
        for step, needed in (("at", "parse"), ("take", "split"), ("unmatched", "extract")):
            if step in self.model_fields_set and getattr(self, needed) is None:
                raise ValueError(f"`{step}` belongs to `{needed}`, which is not given")
        if any(rule.beside() for rule in self.beside()):
            raise ValueError(
                "the rules of `zone`, `calling_code` and `area_code` have none of them themselves"
            )
        self._check_lists()
        return self

    def _check_lists(self) -> None:
        """Of what is read by a list of the configuration: a consent, a deal's stage, a truth."""
        if self.consent is not None and self.vocabulary is not None:
            raise ValueError("give `consent` or `vocabulary`, not both")
        if self.strictest_of and self.model_fields_set - {"strictest_of", "default"}:
            raise ValueError(
                "`strictest_of` goes with `default` only; other steps belong to its parts"
            )
        if any(part.strictest_of or part.default is not None for part in self.strictest_of):
            raise ValueError("the parts of `strictest_of` have no `strictest_of` and no `default`")
        if self.vocabulary == "truths" and self.has_otherwise:
            raise ValueError("`vocabulary: truths` has no `otherwise`: what cannot be read is told")
        if self.consent is None:
            return
        if self.has_otherwise:
            raise ValueError("`consent` has no `otherwise`: what cannot be read is told")
        if {*(self.values or {}).values(), self.default} - {"granted", "denied", None}:
            raise ValueError(
                "what `values` and `default` say beside `consent` is final; allowed: granted, "
                "denied, null"
            )

    @property
    def has_codes(self) -> bool:
        """Whether it is made for phones only."""
        return self.calling_code is not None or self.area_code is not None

    @property
    def is_of_consent(self) -> bool:
        """Whether its steps are made for fields of consent only."""
        return self.consent is not None or bool(self.strictest_of)

    def _may_be_sourceless(self) -> bool:
        return False


class RecordIdRule(FieldRule):
    """Where the record's own id is. `content` in the YAML: the record has none, hash it."""

    missing: Literal["reject", "content"] = "reject"

    def _may_be_sourceless(self) -> bool:
        return self.missing == "content"


Rule = Annotated[FieldRule, BeforeValidator(as_rule)]
