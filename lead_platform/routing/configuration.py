"""The routing configuration as a whole: rules, territories, reps and named accounts together.

Owns loading and what only shows across files: names that do not exist, pools nobody is in,
territories that overlap, rules no lead can reach. Parsing belongs to lead_platform.configuration.
"""

import csv
from collections.abc import Callable
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TypeVar

import pandas as pd
from pydantic import BaseModel, ConfigDict

from lead_platform.configuration import (
    ConfigurationError,
    content_version,
    load_csv,
    load_yaml,
    parse_yaml,
)
from lead_platform.routing.conditions import Condition
from lead_platform.routing.roster import NamedAccount, Rep, is_candidate
from lead_platform.routing.rules import RoutingRules, Rule, shadowing_rule
from lead_platform.routing.territories import Key, TerritoryMap, TerritoryRow, map_territories

T = TypeVar("T")

RULES_FILE = "routing.yaml"
TERRITORIES_FILE = "territories.csv"
REPS_FILE = "reps.csv"
NAMED_ACCOUNTS_FILE = "named_accounts.csv"


class RoutingConfiguration(BaseModel):
    """All that decides who handles a lead. `routing_version` names the contents of its files.

    It goes to JSON and back (`model_dump_json`, `model_validate_json`), so that a decision can be
    replayed under the version it was made.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    routing_version: str
    territories_version: str
    reps_version: str
    routing: RoutingRules
    territories: tuple[TerritoryRow, ...]
    reps: tuple[Rep, ...]
    named_accounts: tuple[NamedAccount, ...] = ()

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
        read = {"band", "is_score_missing"}
        for rule in self.routing.rules:
            read |= rule.fields
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
        """What works but sends leads to the review queue: pools in which nobody is active."""
        return [
            f"rule {rule.id}: nobody active in its pool"
            + (f" for territory {territory}" if territory else "")
            for rule in self.routing.rules
            for territory in _territories_to_staff(rule, self.territories)
            if not any(rep.is_active for rep in _staff(rule, self.reps, territory))
        ] + [
            f"named account {account.company_domain or account.company_key}: "
            f"its rep {account.rep_id} is not active"
            for account in self.named_accounts
            if account.rep_id not in self.active_rep_ids
        ]


def load_routing(config_dir: Path) -> RoutingConfiguration:
    """The routing configuration of this folder; named_accounts.csv may be absent.

    Raises ConfigurationError with every fault of every file at once.
    """
    faults: list[str] = []
    paths = [config_dir / name for name in (RULES_FILE, TERRITORIES_FILE, REPS_FILE)]
    accounts_path = config_dir / NAMED_ACCOUNTS_FILE
    routing = _collect(faults, lambda: load_yaml(paths[0], RoutingRules))
    territories = _collect(faults, lambda: load_csv(paths[1], TerritoryRow))
    reps = _collect(faults, lambda: load_csv(paths[2], Rep))
    accounts = _collect(
        faults, lambda: load_csv(accounts_path, NamedAccount) if accounts_path.exists() else []
    )
    if routing is None or territories is None or reps is None or accounts is None:
        raise ConfigurationError(faults)
    used = [*paths, accounts_path] if accounts_path.exists() else paths
    configuration = RoutingConfiguration(
        routing_version=content_version(*used),
        territories_version=content_version(paths[1]),
        reps_version=content_version(paths[2]),
        routing=routing,
        territories=tuple(territories),
        reps=tuple(reps),
        named_accounts=tuple(accounts),
    )
    faults = cross_file_faults(configuration, config_dir)
    if faults:
        raise ConfigurationError(faults)
    return configuration


def tabulate_version(configuration: RoutingConfiguration, effective_at: datetime) -> pd.DataFrame:
    """The row of routing.routing_versions: the configuration under its name, to replay from."""
    return pd.DataFrame(
        {
            "routing_version": [configuration.routing_version],
            "definition": [configuration.model_dump_json()],
            "effective_at": [pd.Timestamp(effective_at)],
        }
    )


def cross_file_faults(configuration: RoutingConfiguration, config_dir: Path) -> list[str]:
    """What is wrong between the files, each with its file and line."""
    territory_lines = _csv_lines(config_dir / TERRITORIES_FILE)
    rep_lines = _csv_lines(config_dir / REPS_FILE)
    account_lines = _csv_lines(config_dir / NAMED_ACCOUNTS_FILE)
    rule_lines = _rule_lines(config_dir / RULES_FILE)
    return [
        *_located(
            config_dir / TERRITORIES_FILE,
            territory_lines,
            _territory_faults(configuration, territory_lines),
        ),
        *_located(config_dir / REPS_FILE, rep_lines, _rep_faults(configuration)),
        *_located(config_dir / NAMED_ACCOUNTS_FILE, account_lines, _account_faults(configuration)),
        *_located(config_dir / RULES_FILE, rule_lines, _rule_faults(configuration)),
    ]


# One fault and the position of the row or rule it belongs to.
Fault = tuple[int, str]


def _territory_faults(configuration: RoutingConfiguration, lines: list[int]) -> list[Fault]:
    faults: list[Fault] = []
    claimed: dict[Key, int] = {}
    for position, row in enumerate(configuration.territories):
        own = row.faults()
        faults += [(position, fault) for fault in own]
        for key in [] if own else row.claims():
            earlier = claimed.setdefault(key, position)
            if earlier != position:
                other = configuration.territories[earlier].territory
                shown = " ".join(part for part in key if part) or "everything"
                faults.append(
                    (
                        position,
                        f"territory {row.territory!r} overlaps {other!r} (line {lines[earlier]}): "
                        f"both claim {shown}; keep one",
                    )
                )
    return faults


def _rep_faults(configuration: RoutingConfiguration) -> list[Fault]:
    faults: list[Fault] = []
    known = sorted({row.territory for row in configuration.territories})
    seen: set[str] = set()
    for position, rep in enumerate(configuration.reps):
        if rep.rep_id in seen:
            faults.append((position, f"rep_id: {rep.rep_id!r} stands there more than once"))
        seen.add(rep.rep_id)
        faults += [
            (position, f"territories: unknown territory {name!r}; known: {', '.join(known)}")
            for name in rep.territories
            if name not in known
        ]
    return faults


def _account_faults(configuration: RoutingConfiguration) -> list[Fault]:
    faults: list[Fault] = []
    seen: set[str] = set()
    known = ", ".join(sorted(configuration.reps_by_id))
    for position, account in enumerate(configuration.named_accounts):
        if account.rep_id not in configuration.reps_by_id:
            faults.append((position, f"rep_id: unknown rep {account.rep_id!r}; known: {known}"))
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


def _staff(rule: Rule, reps: tuple[Rep, ...], territory: str | None) -> list[Rep]:
    assert rule.pool is not None
    return [
        rep
        for rep in reps
        if is_candidate(rep, rule.pool, None)
        and (territory is None or territory in rep.territories)
    ]


def _collect(faults: list[str], load: Callable[[], T]) -> T | None:
    try:
        return load()
    except ConfigurationError as error:
        faults += error.faults
        return None


def _located(path: Path, lines: list[int], faults: list[Fault]) -> list[str]:
    return [f"{path}:{lines[position]}: {fault}" for position, fault in faults]


def _csv_lines(path: Path) -> list[int]:
    """The line each row ends on, rows counted as load_csv counts them."""
    if not path.exists():
        return []
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file)
        return [reader.line_num for row in reader if row][1:]


def _rule_lines(path: Path) -> list[int]:
    rules = parse_yaml(path)["rules"]
    return [rules.lc.item(position)[0] + 1 for position in range(len(rules))]
