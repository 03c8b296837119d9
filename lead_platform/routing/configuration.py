"""The routing configuration as a whole: rules, territories, reps and named accounts together.

Owns loading and what only shows across files: names that do not exist, pools nobody is in,
territories that overlap, rules no lead can reach. Parsing belongs to lead_platform.configuration.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from typing import Generic, Self, TypeVar

import pandas as pd
from pydantic import BaseModel, ConfigDict

from lead_platform.configuration import (
    ConfigurationError,
    content_version,
    load_yaml,
    parse_yaml,
    read_csv,
)
from lead_platform.fields import (
    Comparable,
    FieldCatalogue,
    LeadField,
    load_fields,
    platform_fields,
)
from lead_platform.routing.conditions import Condition
from lead_platform.routing.roster import NamedAccount, Rep, is_candidate
from lead_platform.routing.rules import Pool, RoutingRules, Rule, shadowing_rule
from lead_platform.routing.territories import Key, TerritoryMap, TerritoryRow, map_territories

M = TypeVar("M", bound=BaseModel)

RULES_FILE = "routing.yaml"
TERRITORIES_FILE = "territories.csv"
REPS_FILE = "reps.csv"
NAMED_ACCOUNTS_FILE = "named_accounts.csv"


class RoutingConfiguration(BaseModel):
    """All that decides who handles a lead. `routing_version` names the contents of its files.

    It goes to JSON and back (`model_dump_json`, `from_definition`), so that a decision can be
    replayed under the version it was made. `custom_fields`: those of the fields its rules name that
    have no column of their own, as they were.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    routing_version: str
    territories_version: str
    reps_version: str
    routing: RoutingRules
    territories: tuple[TerritoryRow, ...]
    reps: tuple[Rep, ...]
    named_accounts: tuple[NamedAccount, ...] = ()
    custom_fields: tuple[LeadField, ...] = ()

    @classmethod
    def from_definition(cls, definition: str) -> Self:
        """The configuration that a row of routing.routing_versions defines."""
        recorded = _RecordedFields.model_validate_json(definition).custom_fields
        known = replace(platform_fields(), custom=recorded)
        return cls.model_validate_json(definition, context=known)

    @cached_property
    def territory_map(self) -> TerritoryMap:
        """The territory lookup."""
        return map_territories(list(self.territories))

    @cached_property
    def reps_by_id(self) -> dict[str, Rep]:
        """Every rep by rep_id."""
        return {rep.rep_id: rep for rep in self.reps}

    @cached_property
    def active_rep_ids(self) -> list[str]:
        """The reps who may own leads."""
        return [rep.rep_id for rep in self.reps if rep.is_active]

    @cached_property
    def account_by_domain(self) -> dict[str, str]:
        """The rep of each named account known by its domain."""
        return {
            item.company_domain: item.rep_id for item in self.named_accounts if item.company_domain
        }

    @cached_property
    def account_by_key(self) -> dict[str, str]:
        """The rep of each named account known by its company key."""
        return {item.company_key: item.rep_id for item in self.named_accounts if item.company_key}

    @cached_property
    def fields(self) -> set[str]:
        """Every field of a lead the configuration reads."""
        read = {"band", "is_score_missing", *self.routing.fields}
        if self.uses_territories:
            read |= self.territory_map.fields
        if "segment" in read:
            read |= {"employee_count"}
        if self.account_by_domain:
            read |= {"company_domain"}
        if self.account_by_key:
            read |= {"company_key"}
        if self.uses_accounts:
            read |= {"account_id"}
        return read

    @cached_property
    def profile_fields(self) -> dict[str, Comparable]:
        """Those of `fields` that the profile has, in the catalogue's order."""
        known = replace(platform_fields(), custom=self.custom_fields).routable
        return {name: kind for name, kind in known.items() if name in self.fields}

    @cached_property
    def uses_accounts(self) -> bool:
        """Whether any rule depends on the lead's account."""
        return bool(self.named_accounts) or self.uses_account_owners

    @cached_property
    def uses_account_owners(self) -> bool:
        """Whether any rule depends on who owns other leads of the account."""
        return any(
            "has_account_owner" in rule.fields
            or (rule.pool is not None and rule.pool.owner_of == "account")
            for rule in self.routing.rules
        )

    @cached_property
    def uses_territories(self) -> bool:
        """Whether any rule depends on the lead's territory."""
        return any(
            "territory" in rule.fields or (rule.pool is not None and rule.pool.territory)
            for rule in self.routing.rules
        )

    def warnings(self) -> list[str]:
        """What works and is likely not meant: pools in which nobody is active, which sends leads to
        the review queue, and words of reps that no pool selects, though it does one like them."""
        return (
            [
                f"rule {rule.id}: nobody active in its pool"
                + (f" for territory {territory}" if territory else "")
                for rule in self.routing.rules
                for territory in _territories_to_staff(rule, self.territories)
                if not any(rep.is_active for rep in _staff(rule, self.reps, territory))
            ]
            + [
                f"named account {account.company_domain or account.company_key}: "
                f"its rep {account.rep_id} is not active"
                for account in self.named_accounts
                if account.rep_id not in self.active_rep_ids
            ]
            + [
                f"rep {rep.rep_id}: no rule selects {kind} {word!r}, only "
                f"{', '.join(map(repr, alike))}, which looks like it; reps have: "
                f"{_listed(self.reps, kind)}"
                for kind, selected in _selected(self.routing.rules).items()
                for rep in self.reps
                for word in _words(rep, kind)
                if word not in selected and (alike := get_close_matches(word, selected, cutoff=0.8))
            ]
        )


class _RecordedFields(BaseModel):
    custom_fields: tuple[LeadField, ...] = ()


def load_routing(config_dir: Path) -> RoutingConfiguration:
    """The routing configuration of this folder; named_accounts.csv may be absent.

    Raises ConfigurationError with every fault of every file at once.
    """
    files = _Files.read(config_dir)
    faults = files.faults + cross_file_faults(files)
    configuration = files.configuration
    if faults or configuration is None:
        raise ConfigurationError(faults)
    return configuration


@dataclass(frozen=True)
class _Table(Generic[M]):
    """The rows of a CSV file that can be read, with the line of each, and what is wrong with it."""

    path: Path
    lines: list[int]
    rows: tuple[M, ...]
    faults: list[str]

    @classmethod
    def read(cls, path: Path, row_model: type[M]) -> "_Table[M]":
        """The file."""
        numbered, faults = read_csv(path, row_model)
        return cls(path, [line for line, _ in numbered], tuple(row for _, row in numbered), faults)


@dataclass(frozen=True)
class _Files:
    """The files of a folder as far as they can be read: a fault in one hides none in another."""

    rules_path: Path
    rules: RoutingRules | None
    territories: _Table[TerritoryRow]
    reps: _Table[Rep]
    accounts: _Table[NamedAccount]
    fields: FieldCatalogue
    faults: list[str]

    @classmethod
    def read(cls, folder: Path) -> "_Files":
        """All of them; named_accounts.csv may be absent."""
        rules: RoutingRules | None = None
        fields, faults = platform_fields(), list[str]()
        try:
            fields = load_fields(folder)
            rules = load_yaml(folder / RULES_FILE, RoutingRules, fields)
        except ConfigurationError as error:
            faults = error.faults
        territories = _Table.read(folder / TERRITORIES_FILE, TerritoryRow)
        reps = _Table.read(folder / REPS_FILE, Rep)
        accounts_path = folder / NAMED_ACCOUNTS_FILE
        accounts: _Table[NamedAccount] = _Table(accounts_path, [], (), [])
        if accounts_path.exists():
            accounts = _Table.read(accounts_path, NamedAccount)
        faults = [*faults, *territories.faults, *reps.faults, *accounts.faults]
        return cls(folder / RULES_FILE, rules, territories, reps, accounts, fields, faults)

    @cached_property
    def configuration(self) -> RoutingConfiguration | None:
        """The whole, where each file can be read."""
        if self.rules is None or self.faults:
            return None
        paths = [self.rules_path, self.territories.path, self.reps.path]
        used = [*paths, self.accounts.path] if self.accounts.path.exists() else paths
        return RoutingConfiguration(
            routing_version=content_version(*used),
            territories_version=content_version(self.territories.path),
            reps_version=content_version(self.reps.path),
            routing=self.rules,
            territories=self.territories.rows,
            reps=self.reps.rows,
            named_accounts=self.accounts.rows,
            custom_fields=self.fields.of(self.rules.fields),
        )


def tabulate_version(configuration: RoutingConfiguration, effective_at: datetime) -> pd.DataFrame:
    """The row of routing.routing_versions: the configuration under its name, to replay from."""
    return pd.DataFrame(
        {
            "routing_version": [configuration.routing_version],
            "definition": [configuration.model_dump_json()],
            "effective_at": [pd.Timestamp(effective_at)],
        }
    )


def cross_file_faults(files: _Files) -> list[str]:
    """What is wrong between the files, each with its file and line.

    What a file says is held against another only where that one is whole: a row that cannot be
    read may be the one that is named.
    """
    found = _located(files.territories, _territory_faults(files.territories))
    territories = None if files.territories.faults else files.territories.rows
    found += _located(files.reps, _rep_faults(files.reps.rows, territories))
    reps = None if files.reps.faults else files.reps.rows
    found += _located(files.accounts, _account_faults(files.accounts.rows, reps))
    if files.configuration is None:
        return found
    lines = _rule_lines(files.rules_path)
    return found + [
        f"{files.rules_path}:{lines[position]}: {fault}"
        for position, fault in _rule_faults(files.configuration)
    ]


# One fault and the position of the row or rule it belongs to.
Fault = tuple[int, str]


def _territory_faults(table: _Table[TerritoryRow]) -> list[Fault]:
    faults: list[Fault] = []
    claimed: dict[Key, int] = {}
    for position, row in enumerate(table.rows):
        own = row.faults()
        faults += [(position, fault) for fault in own]
        for key in [] if own else row.claims():
            earlier = claimed.setdefault(key, position)
            if earlier != position:
                other = table.rows[earlier].territory
                shown = " ".join(part for part in key if part) or "everything"
                faults.append(
                    (
                        position,
                        f"territory {row.territory!r} overlaps {other!r} "
                        f"(line {table.lines[earlier]}): both claim {shown}; keep one",
                    )
                )
    return faults


def _rep_faults(reps: tuple[Rep, ...], territories: tuple[TerritoryRow, ...] | None) -> list[Fault]:
    faults: list[Fault] = []
    known = sorted({row.territory for row in territories or ()})
    seen: set[str] = set()
    for position, rep in enumerate(reps):
        if rep.rep_id in seen:
            faults.append((position, f"rep_id: {rep.rep_id!r} stands there more than once"))
        seen.add(rep.rep_id)
        faults += [
            (position, f"territories: unknown territory {name!r}; known: {', '.join(known)}")
            for name in rep.territories
            if territories is not None and name not in known
        ]
    return faults


def _account_faults(
    accounts: tuple[NamedAccount, ...], reps: tuple[Rep, ...] | None
) -> list[Fault]:
    faults: list[Fault] = []
    seen: set[str] = set()
    known = sorted({rep.rep_id for rep in reps or ()})
    for position, account in enumerate(accounts):
        if reps is not None and account.rep_id not in known:
            told = f"rep_id: unknown rep {account.rep_id!r}; known: {', '.join(known)}"
            faults.append((position, told))
        names = [name for name in (account.company_domain, account.company_key) if name]
        faults += [
            (position, f"{name!r} is a named account more than once; keep one")
            for name in names
            if name in seen
        ]
        seen.update(names)
    return faults


def _rule_faults(configuration: RoutingConfiguration) -> list[Fault]:
    faults: list[Fault] = []
    for position, rule in enumerate(configuration.routing.rules):
        named = _unknown_names(configuration, rule)
        faults += [(position, f"rule {rule.id}: {fault}") for fault in named]
        if not named:
            faults += [
                (position, f"rule {rule.id}: {fault}")
                for fault in _empty_pools(configuration, rule)
            ]
        shadow = shadowing_rule(configuration.routing.rules, position)
        if shadow is not None:
            faults.append(
                (
                    position,
                    f"rule {rule.id} is never reached: {shadow.id} above takes every lead it "
                    "could match; move it up or narrow the other",
                )
            )
    return faults


def _unknown_names(configuration: RoutingConfiguration, rule: Rule) -> list[str]:
    reps = configuration.reps
    allowed = {
        "team": {rep.team for rep in reps},
        "seniority": {rep.seniority for rep in reps},
        "territory": {row.territory for row in configuration.territories},
        "rep": set(configuration.reps_by_id),
        "language": {language for rep in reps for language in rep.languages},
        "queue": {queue.queue for queue in configuration.routing.queues},
        "segment": {segment.segment for segment in configuration.routing.segments},
    }
    named: list[tuple[str, str]] = []
    if rule.pool is not None:
        named += [("team", name) for name in rule.pool.teams]
        named += [("seniority", name) for name in rule.pool.seniorities]
        named += [("territory", name) for name in rule.pool.territories]
        named += [("rep", name) for name in rule.pool.reps]
        named += [("language", name) for name in rule.pool.languages]
    if rule.queue is not None:
        named.append(("queue", rule.queue))
    named += [
        (condition.field, name)
        for condition in rule.when
        if condition.field in ("segment", "territory")
        for name in condition.named_values
    ]
    return [
        f"unknown {kind} {name!r}; known: {', '.join(sorted(allowed[kind])) or '(none)'}"
        for kind, name in named
        if name not in allowed[kind]
    ]


def _empty_pools(configuration: RoutingConfiguration, rule: Rule) -> list[str]:
    if rule.pool is None:
        return []
    if rule.pool.owner_of == "named_account" and not configuration.named_accounts:
        return ["its pool is empty: named_accounts.csv names no account"]
    return [
        "its pool is empty"
        + (f" for territory {territory!r}" if territory else "")
        + ": no rep in reps.csv meets its selectors; add one or widen the pool"
        + _told_words(rule.pool, configuration.reps, territory)
        for territory in _territories_to_staff(rule, configuration.territories)
        if not _staff(rule, configuration.reps, territory)
    ]


def _territories_to_staff(rule: Rule, rows: tuple[TerritoryRow, ...]) -> list[str | None]:
    """The territories the rule's pool must cover; [None] where it does not depend on one."""
    if rule.pool is None or rule.pool.owner_of is not None:
        return []
    if rule.pool.territory is None:
        return [None]
    whole = [row for row in rows if not (row.region or row.postal_code_prefix or row.industry)]
    settled = {country for row in whole for country in row.country}
    reachable = [row.territory for row in rows if _may_match(rule.when, row, settled)]
    return list(dict.fromkeys(reachable))


def _may_match(when: tuple[Condition, ...], row: TerritoryRow, settled: set[str]) -> bool:
    """Whether a lead of this row can meet what the rule says of places.

    `settled` countries have a row of their own, so they never fall to a row without a country.
    """
    places: dict[str, tuple[str, ...]] = {
        "territory": (row.territory,),
        "country": row.country,
        "industry": row.industry,
    }
    for condition in when:
        values = places.get(condition.field, ())
        if values and not any(condition.accepts(value) for value in values):
            return False
        left_over = not row.country and not row.industry and condition.field == "country"
        if left_over and condition.named_values and condition.operator in ("equals", "in"):
            return not settled.issuperset(condition.named_values)
    return True


def _told_words(pool: Pool, reps: tuple[Rep, ...], territory: str | None) -> str:
    """The words the pool selects by, and those of the reps who cover the territory."""
    there = [rep for rep in reps if territory is None or territory in rep.territories]
    return "".join(
        f"; it selects {kind} {', '.join(map(repr, names))}, reps there have "
        f"{_listed(there, kind) or 'none'}"
        for kind, names in _selectors(pool).items()
        if names
    )


def _listed(reps: Iterable[Rep], kind: str) -> str:
    return ", ".join(sorted({repr(word) for rep in reps for word in _words(rep, kind)}))


def _selectors(pool: Pool) -> dict[str, tuple[str, ...]]:
    return {"team": pool.teams, "seniority": pool.seniorities, "language": pool.languages}


def _selected(rules: Iterable[Rule]) -> dict[str, list[str]]:
    """The words that pools select reps by, each kind of them."""
    pools = [_selectors(rule.pool) for rule in rules if rule.pool is not None]
    return {
        kind: sorted({name for pool in pools for name in pool[kind]})
        for kind in ("team", "seniority", "language")
    }


def _words(rep: Rep, kind: str) -> tuple[str, ...]:
    return {"team": (rep.team,), "seniority": (rep.seniority,), "language": rep.languages}[kind]


def _staff(rule: Rule, reps: tuple[Rep, ...], territory: str | None) -> list[Rep]:
    assert rule.pool is not None
    return [
        rep
        for rep in reps
        if is_candidate(rep, rule.pool, None)
        and (territory is None or territory in rep.territories)
    ]


def _located(table: _Table[M], faults: list[Fault]) -> list[str]:
    return [f"{table.path}:{table.lines[position]}: {fault}" for position, fault in faults]


def _rule_lines(path: Path) -> list[int]:
    rules = parse_yaml(path)["rules"]
    return [rules.lc.item(position)[0] + 1 for position in range(len(rules))]
