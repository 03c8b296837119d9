"""Which rule each lead matches and why the rules before it did not, for all leads at once.

Owns reading the leads and trying the rules, column by column and per distinct value. Who of the
matched rule's pool gets the lead belongs to `decisions`.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from lead_platform.routing.account_reps import AccountReps
from lead_platform.routing.conditions import Condition, segment_phrases
from lead_platform.routing.configuration import RoutingConfiguration
from lead_platform.routing.fields import (
    SCORE_FIELDS,
    Codes,
    Column,
    Texts,
    column_from_values,
    column_of,
    join_json,
    read_columns,
    text_array,
)
from lead_platform.routing.rules import Rule

NO_RULE = -1


@dataclass(frozen=True)
class LeadColumns:
    """The leads to route, in routing order: the best score first, then by lead_id."""

    lead_ids: list[str]
    profile_versions: list[str | None]
    bands: list[str | None]
    recorded: list[str]
    columns: dict[str, Column]
    named_account_reps: list[str | None]
    account_ids: list[str | None]

    def with_account_owner(self) -> "LeadColumns":
        """The same leads, were there an owner of the account of each."""
        owned = column_from_values([True] * len(self))
        return replace(self, columns={**self.columns, "has_account_owner": owned})

    def __len__(self) -> int:
        return len(self.lead_ids)


@dataclass(frozen=True)
class Evaluation:
    """Per lead: the position of the matched rule or NO_RULE, the rules tried (elements of a JSON
    list), the met conditions in words, the required attributes that are missing."""

    positions: Codes
    tried: Texts
    phrases: Texts
    missing: Texts


def read_leads(
    leads: pd.DataFrame, configuration: RoutingConfiguration, accounts: AccountReps
) -> LeadColumns:
    """The columns of `leads` the configuration reads, with what follows from them.

    `has_account_owner` is false for all: who owns an account shows while leads are given out.
    Raises ValueError where a column is absent or a lead_id is null or stands there twice.
    """
    _check_keys(leads)
    ordered = leads.sort_values(
        ["total", "lead_id"], ascending=[False, True], na_position="last", kind="stable"
    )
    names = configuration.profile_fields
    columns = read_columns(ordered, {**names, "band": SCORE_FIELDS["band"]})
    columns["is_score_missing"] = _missing_scores(ordered)
    given = {name: columns[name] for name in (*names, *SCORE_FIELDS)}
    account_ids = (
        columns["account_id"].to_list() if "account_id" in columns else [None] * len(ordered)
    )
    named_reps = _named_account_reps(columns, configuration, account_ids, accounts)
    columns |= _derived(columns, named_reps, configuration)
    derived = {name: columns[name] for name in ("segment", "territory") if name in columns}
    derived["named_account_rep"] = column_from_values(named_reps)
    return LeadColumns(
        lead_ids=ordered["lead_id"].astype(str).tolist(),
        profile_versions=column_of(ordered["profile_version"], "text").to_list(),
        bands=columns["band"].to_list(),
        recorded=[
            f'"lead":{lead},"derived":{more}'
            for lead, more in zip(join_json(given), join_json(derived), strict=True)
        ],
        columns=columns,
        named_account_reps=named_reps,
        account_ids=account_ids,
    )


def evaluate_rules(leads: LeadColumns, rules: tuple[Rule, ...]) -> Evaluation:
    """Try the rules in order; the first whose conditions all hold takes the lead."""
    count = len(leads)
    evaluation = Evaluation(
        positions=np.full(count, NO_RULE, dtype=np.int64),
        tried=text_array([""] * count),
        phrases=text_array([""] * count),
        missing=text_array([""] * count),
    )
    remaining = np.arange(count)
    for position, rule in enumerate(rules):
        matched = _try_rule(rule, leads, remaining, evaluation.tried)
        evaluation.positions[matched] = position
        evaluation.phrases[matched] = _phrases(rule, leads, matched)
        evaluation.missing[matched] = _missing_attributes(rule, leads, matched)
        remaining = remaining[evaluation.positions[remaining] == NO_RULE]
    return evaluation


def _check_keys(leads: pd.DataFrame) -> None:
    needed = ("lead_id", "profile_version", "total", "is_score_missing")
    absent = [name for name in needed if name not in leads.columns]
    if absent:
        raise ValueError(f"The leads to route lack the columns {', '.join(absent)}. Add them.")
    if leads["lead_id"].isna().any():
        raise ValueError("A lead to route has no lead_id; every lead needs one.")
    twice = leads.loc[leads["lead_id"].duplicated(), "lead_id"].unique().tolist()
    if twice:
        raise ValueError(
            f"{len(twice)} lead_ids stand there more than once, such as {twice[0]!r}; "
            "pass one row per lead."
        )


def _missing_scores(leads: pd.DataFrame) -> Column:
    flagged = leads["is_score_missing"].astype("boolean").fillna(True)
    missing = flagged | leads["band"].isna() | leads["total"].isna()
    return column_from_values([bool(value) for value in missing.tolist()])


def _named_account_reps(
    columns: dict[str, Column],
    configuration: RoutingConfiguration,
    account_ids: list[str | None],
    accounts: AccountReps,
) -> list[str | None]:
    """The rep of each lead's named account, by domain first, then by company key, then by what
    else its account goes by."""
    reps = [accounts.named.get(one) if one is not None else None for one in account_ids]
    for field, known in (
        ("company_key", configuration.account_by_key),
        ("company_domain", configuration.account_by_domain),
    ):
        if known:
            found = columns[field].mapped(known.get).to_list()
            reps = [rep or earlier for rep, earlier in zip(found, reps, strict=True)]
    return reps


def _derived(
    columns: dict[str, Column],
    named_reps: list[str | None],
    configuration: RoutingConfiguration,
) -> dict[str, Column]:
    derived = {
        "is_named_account": column_from_values([rep is not None for rep in named_reps]),
        "has_account_owner": column_from_values([False] * len(named_reps)),
    }
    if "segment" in configuration.fields:
        derived["segment"] = columns["employee_count"].mapped(configuration.routing.segment_of)
    if configuration.uses_territories:
        derived["territory"] = _territories(columns, configuration)
    return derived


def _territories(columns: dict[str, Column], configuration: RoutingConfiguration) -> Column:
    territories = configuration.territory_map
    count = len(columns["band"].codes)
    places = [
        columns[name].to_list() if name in territories.fields else [None] * count
        for name in ("country", "region", "postal_code", "industry")
    ]
    found: dict[tuple[str | None, ...], str | None] = {}
    values: list[str | None] = []
    for place in zip(*places, strict=True):
        if place not in found:
            found[place] = territories.territory_of(*place)
        values.append(found[place])
    return column_from_values(values)


def _try_rule(rule: Rule, leads: LeadColumns, pending: Codes, tried: Texts) -> Codes:
    """The leads of `pending` that meet every condition; the others' first refusal is noted."""
    for condition in rule.when:
        column = leads.columns[condition.field]
        holds = column.holds(condition.accepts)[pending]
        failing = pending[~holds]
        refusals = column.texts(_refusal_json(rule, condition))
        tried[failing] = tried[failing] + refusals[column.codes[failing]]
        pending = pending[holds]
    tried[pending] = tried[pending] + f'{{"rule":{json.dumps(rule.id)},"matched":true}},'
    return pending


def _refusal_json(rule: Rule, condition: Condition) -> Callable[[object], str]:
    start = f'{{"rule":{json.dumps(rule.id)},"matched":false,"because":'
    return lambda value: f"{start}{json.dumps(condition.refusal(value))}}},"


def _phrases(rule: Rule, leads: LeadColumns, matched: Codes) -> Texts:
    """The met conditions in words, and the country where the pool depends on it."""
    phrases = text_array([""] * len(matched))
    for condition in rule.when:
        column = leads.columns[condition.field]
        if condition.field == "segment":
            spoken = text_array(segment_phrases(column, leads.columns["employee_count"]))
        else:
            spoken = column.texts(condition.phrase)
        joint = "" if condition is rule.when[0] else " and "
        phrases = phrases + joint + spoken[column.codes[matched]]
    if not rule.when:
        phrases = phrases + "every lead"
    if rule.pool is not None and rule.pool.territory == "of_lead":
        country = leads.columns["country"]
        places = country.texts(lambda code: f" in {code}" if code else "")
        phrases = phrases + places[country.codes[matched]]
    return phrases


def _missing_attributes(rule: Rule, leads: LeadColumns, matched: Codes) -> Texts:
    """The required attributes that are missing, each followed by a comma."""
    missing = text_array([""] * len(matched))
    for name in rule.required_attributes:
        column = leads.columns[name]
        marks = column.texts(lambda value, name=name: f"{name}," if value is None else "")  # type: ignore[misc]
        missing = missing + marks[column.codes[matched]]
    return missing
