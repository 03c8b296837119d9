"""The routing rules as config/routing.yaml states them: in order, the first that matches decides.

Owns the shape of a rule, its pool and the segments, and what can be checked within the file.
Whether a rule's names exist elsewhere belongs to `configuration`.
"""

import pkgutil
from typing import Annotated, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationInfo,
    model_validator,
)

from lead_platform.fields import fields_of
from lead_platform.routing import strategies
from lead_platform.routing.conditions import Condition, implies
from lead_platform.routing.fields import routing_fields

Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]

ACCOUNT_OWNER = "account_owner"
REVIEW_QUEUE = "review"
HOLDING_QUEUE = "holding"
# Rules the platform brings itself; routing.yaml may not reuse their names.
KEEPS_OWNER = "keeps_owner"
NO_RULE_MATCHED = "no_rule_matched"
UNDONE = "undone"
BUILT_IN_RULES = (KEEPS_OWNER, NO_RULE_MATCHED, UNDONE)


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Segment(_Entry):
    """Companies from this number of employees on, up to the next segment."""

    segment: Name
    employees_from: int = Field(ge=0)


class Queue(_Entry):
    """Where a lead waits that no rep owns."""

    queue: Name
    description: str = Field(min_length=1)


class Pool(_Entry):
    """Who may get the lead: the reps that meet every selector given.

    `territory: of_lead` keeps those who cover the lead's territory; `owner_of: named_account`
    takes the rep named_accounts.csv names, `owner_of: account` the one who owns other leads of the
    lead's account.
    """

    teams: tuple[str, ...] = ()
    seniorities: tuple[str, ...] = ()
    territories: tuple[str, ...] = ()
    reps: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()
    territory: Literal["of_lead"] | None = None
    owner_of: Literal["named_account", "account"] | None = None

    @model_validator(mode="after")
    def _selects_somebody(self) -> Self:
        if not self.model_dump(exclude_defaults=True):
            raise ValueError(
                f"a pool needs at least one selector; allowed: {', '.join(type(self).model_fields)}"
            )
        return self


class Rule(_Entry):
    """`when` every condition holds, the lead goes to one of the `pool`, or to the `queue`.

    An attribute named in `requires` that is missing sends the lead to the holding queue.
    """

    id: Name
    description: str = Field(min_length=1)
    when: tuple[Condition, ...] = ()
    requires: tuple[str, ...] = ()
    pool: Pool | None = None
    queue: str | None = None
    strategy: str = "fewest_active_leads"

    @model_validator(mode="after")
    def _is_complete(self, info: ValidationInfo) -> Self:
        faults = []
        if (self.pool is None) == (self.queue is None):
            faults.append("give either `pool` or `queue`")
        if self.id in BUILT_IN_RULES:
            faults.append(f"the id {self.id!r} is the platform's own; choose another")
        known = routing_fields(fields_of(info))
        unknown = [name for name in self.requires if name not in known]
        if unknown:
            faults.append(
                f"requires unknown attributes {', '.join(unknown)}; known: {', '.join(known)}"
            )
        if self.strategy not in strategy_names():
            faults.append(
                f"unknown strategy {self.strategy!r}; known: {', '.join(strategy_names())}; "
                "a new one is a module in lead_platform/routing/strategies/"
            )
        if self.strategy == ACCOUNT_OWNER and (
            self.pool is None or self.pool.owner_of != "account"
        ):
            faults.append(f"the strategy {ACCOUNT_OWNER} needs the pool {{owner_of: account}}")
        if faults:
            raise ValueError("; ".join(faults))
        return self

    @property
    def required_attributes(self) -> tuple[str, ...]:
        """`requires`, and the country where the pool depends on the lead's territory."""
        needs_country = self.pool is not None and self.pool.territory == "of_lead"
        extra = ("country",) if needs_country and "country" not in self.requires else ()
        return (*self.requires, *extra)

    @property
    def fields(self) -> set[str]:
        """Every field the rule reads."""
        return {condition.field for condition in self.when} | set(self.required_attributes)


class RoutingRules(_Entry):
    """config/routing.yaml."""

    segments: tuple[Segment, ...] = Field(min_length=1)
    queues: tuple[Queue, ...] = Field(min_length=1)
    rules: tuple[Rule, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        faults = [
            *_repeated("segment", [segment.segment for segment in self.segments]),
            *_repeated("employees_from", [str(item.employees_from) for item in self.segments]),
            *_repeated("queue", [queue.queue for queue in self.queues]),
            *_repeated("rule", [rule.id for rule in self.rules]),
        ]
        names = [queue.queue for queue in self.queues]
        faults += [
            f"the queue {name!r} is missing; the platform sends leads there itself"
            for name in (REVIEW_QUEUE, HOLDING_QUEUE)
            if name not in names
        ]
        if faults:
            raise ValueError("; ".join(faults))
        return self

    @property
    def fields(self) -> set[str]:
        """Every field the rules read."""
        return set().union(*(rule.fields for rule in self.rules))

    def segment_of(self, employee_count: int | float | None) -> str | None:
        """The segment of a company of this size; None where the size is not known."""
        if employee_count is None:
            return None
        fitting = [item for item in self.segments if item.employees_from <= employee_count]
        return max(fitting, key=lambda item: item.employees_from).segment if fitting else None


def strategy_names() -> list[str]:
    """The strategies there are: the modules of lead_platform/routing/strategies."""
    return sorted(module.name for module in pkgutil.iter_modules(strategies.__path__))


def shadowing_rule(rules: tuple[Rule, ...], position: int) -> Rule | None:
    """The earlier rule that takes every lead the rule at `position` could match, if any."""
    when = rules[position].when
    for earlier in rules[:position]:
        if all(any(implies(narrow, wide) for narrow in when) for wide in earlier.when):
            return earlier
    return None


def _repeated(what: str, names: list[str]) -> list[str]:
    twice = sorted({name for name in names if names.count(name) > 1})
    return [f"{what} {name!r} stands there more than once" for name in twice]
