"""The scorecard: rules for fit, behaviour and timing, as `config/scorecard.yaml` states them.

Owns what a valid scorecard is, above all that no single rule or event can make a lead ready.
Its rows in the lake are `scorecard_rules`' business, turning rules into points the dbt models'.
"""

import functools
import hashlib
import json
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Literal, Self

import duckdb
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from lead_platform.capture.columns import VOCABULARIES
from lead_platform.configuration import ConfigurationError, load_yaml
from lead_platform.fields import FieldCatalogue, fields_of, load_fields, platform_fields
from lead_platform.vocabularies.rows import (
    CONSENTS,
    INDUSTRIES,
    JOB_FUNCTIONS,
    PAGE_CATEGORIES,
    PREFERRED_CHANNELS,
    PURCHASE_TIMEFRAMES,
    SENIORITIES,
    SOURCES,
)

Part = Literal["fit", "behaviour", "timing"]
# Only a stated timeframe has an instant of its own, so only it can expire.
DATED_FIELDS = frozenset({"purchase_timeframe"})

# Rule ids of the rows that bound the sum (`scorecard_rules`); rules may not take them.
RESERVED_IDS = frozenset(
    {"fit_limit", "behaviour_limit", "timing_limit", "total_limit", "single_action_guard"}
    | {"band_medium", "band_high"}
)


def _two_decimals(value: float) -> float:
    if round(value, 2) != value:
        raise ValueError("at most two decimals, so that contributions add up exactly")
    return value


def _lower_case(value: str | bool) -> str:
    return str(value).lower() if isinstance(value, bool) else value


# Bounds keep every sum of points exact in the models' decimal(9, 2).
Points = Annotated[float, Field(ge=-1000, le=1000), AfterValidator(_two_decimals)]
Value = Annotated[str | bool, AfterValidator(_lower_case)]
RuleId = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=60)]
Activity = Annotated[str, Field(pattern=r"^[a-z_]+(:[a-z_]+)?$")]
Days = Annotated[int, Field(gt=0, le=3650)]


class _Model(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Bands(_Model):
    """Thresholds of the total: `medium` is marketing qualified, `high` is sales qualified."""

    medium: Annotated[Points, Field(gt=0, lt=100)]
    high: Annotated[Points, Field(gt=0, le=100)]

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.medium >= self.high:
            raise ValueError(f"medium ({self.medium:g}) must be below high ({self.high:g})")
        return self


class PartLimits(_Model):
    """What one part of the score may add at least and at most."""

    minimum: Annotated[Points, Field(le=0)]
    maximum: Annotated[Points, Field(ge=0, le=100)]


class Parts(_Model):
    """The limits of the three parts."""

    fit: PartLimits
    behaviour: PartLimits
    timing: PartLimits


class Readiness(_Model):
    """How many distinct actions of its own a lead needs before it may be sales qualified."""

    minimum_actions: Annotated[int, Field(ge=2, le=100)]
    ignored_activities: tuple[Activity, ...] = ()


class _Rule(_Model):
    id: RuleId
    part: Part
    points: Points
    reason: str = Field(min_length=3, max_length=200)

    @property
    def most_points(self) -> float:
        """The most this rule alone can add to a score."""
        return self.points


class ExplicitRule(_Rule):
    """Points for what is known about the person or the company: one field, one test."""

    field: str
    in_: tuple[Value, ...] | None = Field(default=None, alias="in", min_length=1)
    not_in: tuple[Value, ...] | None = Field(default=None, min_length=1)
    between: tuple[float, float] | None = None
    at_least: float | None = None
    at_most: float | None = None
    matches: str | None = None
    is_missing: Literal[True] | None = None
    is_present: Literal[True] | None = None
    expires_after_days: Days | None = None

    @property
    def operator(self) -> str:
        """The one test this rule makes."""
        return self._given[0].rstrip("_")

    @property
    def values(self) -> tuple[str, ...] | None:
        """The values compared with, as text; the pattern of `matches`."""
        if self.matches is not None:
            return (self.matches,)
        listed = self.in_ or self.not_in
        return tuple(str(value) for value in listed) if listed else None

    @property
    def bounds(self) -> tuple[float | None, float | None]:
        """Lower and upper bound, both inclusive."""
        return self.between or (self.at_least, self.at_most)

    @property
    def _given(self) -> list[str]:
        tests = ("in_", "not_in", "between", "at_least", "at_most", "matches")
        named = (*tests, "is_missing", "is_present")
        return [name for name in named if getattr(self, name) is not None]

    @field_validator("field")
    @classmethod
    def _is_scorable(cls, field: str, info: ValidationInfo) -> str:
        known = fields_of(info).scorable
        if field not in known:
            raise ValueError(f"unknown field {field!r}; known: {', '.join(sorted(known))}")
        return field

    @model_validator(mode="after")
    def _is_one_sound_test(self, info: ValidationInfo) -> Self:
        if len(self._given) != 1:
            found = ", ".join(name.rstrip("_") for name in self._given) or "none"
            raise ValueError(
                f"rule {self.id!r} needs exactly one test, has {found}; allowed: in, not_in, "
                "between, at_least, at_most, matches, is_missing, is_present"
            )
        kinds = fields_of(info).scorable
        numeric = self.operator in {"between", "at_least", "at_most"}
        if numeric and kinds[self.field] != "number":
            numbers = sorted(name for name, kind in kinds.items() if kind == "number")
            raise ValueError(
                f"rule {self.id!r}: {self.operator} compares numbers, {self.field} is "
                f"{kinds[self.field]}; allowed fields: {', '.join(numbers)}"
            )
        if self.between and self.between[0] > self.between[1]:
            raise ValueError(f"rule {self.id!r}: between {list(self.between)} runs backwards")
        if self.expires_after_days and self.field not in DATED_FIELDS:
            raise ValueError(
                f"rule {self.id!r}: expires_after_days needs a dated field; "
                f"allowed: {', '.join(sorted(DATED_FIELDS))}"
            )
        if self.matches is not None:
            _check_pattern(self.id, self.matches)
        return self


class ImplicitRule(_Rule):
    """Points for what the lead did: one activity, once or per occurrence."""

    activity: Activity
    at_least: Annotated[int, Field(ge=1, le=1000)] = 1
    per_occurrence: bool = False
    max_points: Points | None = None
    expires_after_days: Days | None = None

    @property
    def most_points(self) -> float:
        """The cap where occurrences add up; one event may stand for many of them."""
        return self.points if self.max_points is None else self.max_points

    @property
    def _is_capped_soundly(self) -> bool:
        return self.max_points is None or self.max_points / (self.points or 1) >= 1

    @model_validator(mode="after")
    def _is_bounded(self) -> Self:
        if self.per_occurrence and self.max_points is None:
            raise ValueError(f"rule {self.id!r} counts per occurrence and so needs max_points")
        if not self.per_occurrence and self.max_points is not None:
            raise ValueError(f"rule {self.id!r}: max_points only goes with per_occurrence: true")
        if not self._is_capped_soundly:
            raise ValueError(
                f"rule {self.id!r}: max_points {self.max_points} must have the sign of points "
                f"{self.points} and be at least as large"
            )
        return self


class RecencyRule(_Rule):
    """Points for having been active lately, halved every `half_life_days`."""

    half_life_days: Annotated[float, Field(gt=0, le=3650)]


class Scorecard(_Model):
    """A whole scorecard. Raises ValueError on anything that would make one action decisive."""

    name: str = Field(min_length=1, max_length=100)
    bands: Bands
    parts: Parts
    readiness: Readiness
    explicit: tuple[ExplicitRule, ...] = ()
    implicit: tuple[ImplicitRule, ...] = ()
    recency: tuple[RecencyRule, ...] = ()

    @property
    def rules(self) -> tuple[ExplicitRule | ImplicitRule | RecencyRule, ...]:
        """All rules that earn points."""
        return (*self.explicit, *self.implicit, *self.recency)

    @property
    def version(self) -> str:
        """The hash of the contents: 12 hexadecimal digits, the same for the same rules."""
        return hashlib.sha256(self.definition.encode()).hexdigest()[:12]

    @property
    def definition(self) -> str:
        """The contents as canonical JSON."""
        content = self.model_dump(mode="json", by_alias=True, exclude_none=True)
        return json.dumps(content, sort_keys=True, ensure_ascii=False)

    @model_validator(mode="after")
    def _is_sound(self) -> Self:
        faults = [*_identity_faults(self), *_range_faults(self), *_readiness_faults(self)]
        if faults:
            raise ValueError("; ".join(faults))
        return self


def load_scorecard(path: Path) -> Scorecard:
    """The scorecard in `path`. Raises ConfigurationError with all faults.

    Rules that name a value outside its vocabulary are faults, because they could never fire;
    channels are known by the files in `channels/` beside the scorecard, fields without a column of
    their own by `fields.yaml` there.
    """
    fields = load_fields(path.parent)
    scorecard = load_yaml(path, Scorecard, fields)
    channels = {file.stem for file in (path.parent / "channels").glob("*.yaml")}
    faults = vocabulary_faults(scorecard, known_values(channels, fields))
    if faults:
        raise ConfigurationError(f"{path}: {fault}" for fault in faults)
    return scorecard


def known_values(
    channels: Collection[str] = (), fields: FieldCatalogue | None = None
) -> dict[str, Collection[str]]:
    """The allowed values per field with a vocabulary, per activity and, where given, channel.

    `fields`: the platform's own where None is given.
    """
    fields = fields or platform_fields()
    sources = {"first_touch_source": SOURCES, "source": SOURCES}
    consents = {f"consent_{way}": CONSENTS for way in ("email", "phone", "sms", "whatsapp")}
    flags = {name: {"true", "false"} for name, kind in fields.scorable.items() if kind == "truth"}
    listed = {field.name: field.values for field in fields.custom if field.values}
    named: dict[str, Collection[str]] = {
        "seniority": SENIORITIES,
        "job_function": JOB_FUNCTIONS,
        "industry": INDUSTRIES,
        "purchase_timeframe": PURCHASE_TIMEFRAMES,
        "preferred_channel": PREFERRED_CHANNELS,
        "page_category": PAGE_CATEGORIES,
        "event_type": VOCABULARIES["event_type"],
    }
    if channels:
        named |= {"channel": channels, "first_channel": channels}
    return {**named, **sources, **consents, **flags, **listed}


def vocabulary_faults(
    scorecard: Scorecard, vocabularies: Mapping[str, Collection[str]]
) -> list[str]:
    """Values in the rules that their vocabulary does not hold, so that the rule cannot fire."""
    faults = []
    for rule in scorecard.explicit:
        allowed = vocabularies.get(rule.field)
        if allowed is None or rule.operator not in {"in", "not_in"}:
            continue
        faults += [
            f"rule {rule.id!r}: unknown {rule.field} {value!r}; allowed: {_listed(allowed)}"
            for value in rule.values or ()
            if value not in allowed
        ]
    for owner, activity in _activities(scorecard):
        faults += _activity_faults(owner, activity, vocabularies)
    return faults


def _identity_faults(scorecard: Scorecard) -> Iterator[str]:
    seen: set[str] = set()
    for rule in scorecard.rules:
        if rule.id in RESERVED_IDS:
            yield f"rule id {rule.id!r} is reserved; name it otherwise"
        if rule.id in seen:
            yield f"rule id {rule.id!r} is used twice; ids must differ"
        seen.add(rule.id)


def _range_faults(scorecard: Scorecard) -> Iterator[str]:
    parts = scorecard.parts
    reachable = parts.fit.maximum + parts.behaviour.maximum + parts.timing.maximum
    if reachable > 100:
        yield f"the parts' maxima add up to {reachable:g}; allowed: at most 100"
    if reachable < scorecard.bands.high:
        yield (
            f"no lead can reach band high: the parts' maxima add up to {reachable:g}, "
            f"bands.high is {scorecard.bands.high:g}"
        )
    if not scorecard.rules:
        yield "there are no rules; add at least one under explicit, implicit or recency"


def _readiness_faults(scorecard: Scorecard) -> Iterator[str]:
    """No rule, and no single event, is worth more than the way from medium to high.

    Limits of parts and of the total only shrink differences, so bounding what one event can add
    bounds the jump of the total: whoever is below medium before an event is below high after it.
    """
    span = round(scorecard.bands.high - scorecard.bands.medium, 2)
    for rule in scorecard.rules:
        if rule.most_points > span:
            yield (
                f"rule {rule.id!r} alone is worth {rule.most_points:g} points; allowed: at most "
                f"{span:g}, the way from bands.medium to bands.high"
            )
    recency = sum(max(rule.points, 0) for rule in scorecard.recency)
    for activity in sorted({rule.activity for rule in scorecard.implicit}):
        fired = [rule for rule in scorecard.implicit if _covers(rule.activity, activity)]
        gain = round(recency + sum(max(rule.most_points, 0) for rule in fired), 2)
        if gain > span and len(fired) + len(scorecard.recency) > 1:
            names = ", ".join(rule.id for rule in (*fired, *scorecard.recency))
            yield (
                f"one {activity} can add {gain:g} points ({names}); allowed: at most {span:g}, "
                "the way from bands.medium to bands.high"
            )


def _covers(rule_activity: str, activity: str) -> bool:
    """Whether an event that is `activity` also counts for a rule on `rule_activity`."""
    return activity == rule_activity or activity.startswith(f"{rule_activity}:")


def _activities(scorecard: Scorecard) -> Iterator[tuple[str, str]]:
    for rule in scorecard.implicit:
        yield f"rule {rule.id!r}", rule.activity
    for activity in scorecard.readiness.ignored_activities:
        yield "readiness.ignored_activities", activity


def _activity_faults(
    owner: str, activity: str, vocabularies: Mapping[str, Collection[str]]
) -> Iterator[str]:
    event_type, _, category = activity.partition(":")
    event_types = vocabularies.get("event_type")
    if event_type == "submission":
        allowed = vocabularies.get("channel")
    else:
        allowed = vocabularies.get("page_category")
        if event_types is not None and event_type not in event_types:
            yield (
                f"{owner}: unknown activity {event_type!r}; "
                f"allowed: submission, {_listed(event_types)}"
            )
        if category and event_type != "page_view":
            yield f"{owner}: {activity!r}: only page_view and submission have categories"
    if category and allowed is not None and category not in allowed:
        yield f"{owner}: unknown category {category!r}; allowed: {_listed(allowed)}"


def _listed(values: Collection[str]) -> str:
    return ", ".join(sorted(values))


@functools.lru_cache(maxsize=256)
def _check_pattern(rule_id: str, pattern: str) -> None:
    """DuckDB applies the pattern, so DuckDB says whether it is one: its syntax is RE2's."""
    with duckdb.connect() as connection:
        try:
            connection.execute("select regexp_matches('', $1)", [pattern]).fetchall()
        except duckdb.Error as error:
            reason = str(error).splitlines()[0]
            raise ValueError(f"rule {rule_id!r}: matches {pattern!r}: {reason}") from None
