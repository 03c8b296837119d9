"""The linkage specification: what makes two records one person, as data (config/identity.yaml).

Owns its shape, its faults and its version. The numbers behind each level (how often true matches
and strangers show it) are the model's; running it is matching.py's and pairs.py's.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from lead_platform.configuration import content_version, load_yaml

# Names end up as SQL identifiers and JSON keys, so they are held to this form.
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
MatchColumn = Literal[
    "mailbox",
    "mailbox_local",
    "mailbox_stem",
    "shared_mailbox",
    "work_domain",
    "phone",
    "linkedin",
    "first_name",
    "last_name",
    "last_name_parts",
    "first_forms",
    "first_root",
    "first_initial",
    "name_key",
    "company_key",
    "company_domain",
    "city",
    "region",
    "postal_code",
    "country",
    "job_title",
]
KeyColumn = MatchColumn | Literal["source_person_key"]
EdgeDecision = Literal["review", "drop"]

MISSING = "missing"
DIFFERENT = "different"
MODEL_RULE = "model"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Thresholds(_Part):
    """Match probabilities from which a pair merges, or waits for a person."""

    merge: float = Field(gt=0.5, lt=1)
    review: float = Field(gt=0, lt=1)

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.review >= self.merge:
            raise ValueError(f"review ({self.review}) must be below merge ({self.merge})")
        return self


class BlockingRule(_Part):
    """Records are compared when all these columns are filled and equal."""

    name: Name
    columns: tuple[KeyColumn, ...] = Field(min_length=1)


class Blocking(_Part):
    """Which pairs are looked at; per key, a record meets the `window` records received first."""

    window: int = Field(ge=2, le=1_000)
    rules: tuple[BlockingRule, ...] = Field(min_length=1)


class Level(_Part):
    """One degree of agreement: exactly one test on one or two columns."""

    name: Name
    exact: MatchColumn | None = None
    swapped: tuple[MatchColumn, MatchColumn] | None = None
    intersects: MatchColumn | None = None
    abbreviated: MatchColumn | None = None
    jaro_winkler: MatchColumn | None = None
    at_least: float | None = Field(default=None, gt=0, lt=1)
    damerau_levenshtein: MatchColumn | None = None
    at_most: int | None = Field(default=None, ge=1, le=5)

    @model_validator(mode="after")
    def _one_test(self) -> Self:
        tests = ("exact", "swapped", "intersects", "abbreviated", "jaro_winkler")
        named = [t for t in (*tests, "damerau_levenshtein") if getattr(self, t) is not None]
        if len(named) != 1:
            raise ValueError(f"name one test of {', '.join(tests)}, damerau_levenshtein")
        if (self.jaro_winkler is None) != (self.at_least is None):
            raise ValueError("jaro_winkler and at_least go together")
        if (self.damerau_levenshtein is None) != (self.at_most is None):
            raise ValueError("damerau_levenshtein and at_most go together")
        if self.name in (MISSING, DIFFERENT):
            raise ValueError(f"{self.name!r} is given by itself; choose another name")
        return self


class Comparison(_Part):
    """One aspect two records are compared in; its levels, best agreement first."""

    name: Name
    needs: tuple[MatchColumn, ...] = Field(min_length=1)
    levels: tuple[Level, ...] = Field(min_length=1)

    @property
    def level_names(self) -> tuple[str, ...]:
        """All levels with weights, best first; `different` is what is left."""
        return (*(level.name for level in self.levels), DIFFERENT)


class Guard(_Part):
    """What keeps a pair from merging although key or probability say so."""

    name: Name
    reason: str
    applies_to: tuple[Name, ...] = Field(min_length=1)
    when: dict[Name, tuple[Name, ...]] = Field(min_length=1)
    unless: dict[Name, tuple[Name, ...]] = {}
    decision: EdgeDecision


class LinkageSpecification(_Part):
    """How records of one kind are matched. Raises on load with every fault named."""

    name: Name
    model: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]*-v[0-9]+$")]
    thresholds: Thresholds
    exact_keys: tuple[BlockingRule, ...]
    blocking: Blocking
    comparisons: tuple[Comparison, ...] = Field(min_length=1)
    guards: tuple[Guard, ...] = ()
    nicknames: tuple[tuple[Annotated[str, StringConstraints(to_lower=True)], ...], ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        faults = [*_repeated_names(self), *_guard_faults(self)]
        if faults:
            raise ValueError("; ".join(faults))
        return self

    @property
    def rules(self) -> tuple[BlockingRule, ...]:
        """Exact keys first, then blocking rules: the first a pair shares names the pair."""
        return (*self.exact_keys, *self.blocking.rules)


def load_specification(path: Path) -> LinkageSpecification:
    """The specification in `path`. Raises ConfigurationError with all faults at once."""
    return load_yaml(path, LinkageSpecification)


def specification_version(path: Path) -> str:
    """A name for the specification as it stands in `path`: 12 hexadecimal digits."""
    return content_version(path)


def _repeated_names(specification: LinkageSpecification) -> Iterator[str]:
    groups = {
        "exact_keys and blocking rules": [rule.name for rule in specification.rules],
        "comparisons": [comparison.name for comparison in specification.comparisons],
        "guards": [guard.name for guard in specification.guards],
    } | {c.name: list(c.level_names) for c in specification.comparisons}
    for group, names in groups.items():
        for name in sorted({name for name in names if names.count(name) > 1}):
            yield f"{group}: {name!r} is used twice; give each its own name"


def _guard_faults(specification: LinkageSpecification) -> Iterator[str]:
    levels = {c.name: (*c.level_names, MISSING) for c in specification.comparisons}
    rules = [*(key.name for key in specification.exact_keys), MODEL_RULE]
    for guard in specification.guards:
        for rule in guard.applies_to:
            if rule not in rules:
                yield f"guard {guard.name}: unknown rule {rule!r}; known: {', '.join(rules)}"
        for comparison, named in (*guard.when.items(), *guard.unless.items()):
            known = levels.get(comparison)
            if known is None:
                yield f"guard {guard.name}: unknown comparison {comparison!r}; known: " + ", ".join(
                    levels
                )
                continue
            for level in named:
                if level not in known:
                    yield (
                        f"guard {guard.name}: {comparison} has no level {level!r}; "
                        f"known: {', '.join(known)}"
                    )
