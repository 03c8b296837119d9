"""Who should handle each lead, and why: one decision per lead, recorded so that it can be replayed.

Owns the choice: the owner who stays, the queue, or one of the matched rule's pool, in the order of
the score so that scarce capacity goes to the best leads. Which rule matches belongs to
`evaluation`; what is written where, and undoing it, to `assignments`.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple, Self

import numpy as np
import pandas as pd

from lead_platform.lake.brake import check_brake
from lead_platform.routing.account_reps import AccountReps
from lead_platform.routing.choices import Candidate, Strategy, load_strategy
from lead_platform.routing.configuration import RoutingConfiguration
from lead_platform.routing.evaluation import (
    NO_RULE,
    Evaluation,
    LeadColumns,
    evaluate_rules,
    read_leads,
)
from lead_platform.routing.roster import PoolMembers, Rep, select_pool
from lead_platform.routing.rules import (
    HOLDING_QUEUE,
    KEEPS_OWNER,
    NO_RULE_MATCHED,
    REVIEW_QUEUE,
    UNDONE,
    Rule,
)

NO_ACCOUNTS = AccountReps()
REP = "rep"
QUEUE = "queue"

# How many leads are decided between two looks at the brake: a hundredth of a second.
_BETWEEN_LOOKS = 500


class ReplayError(Exception):
    """A decision that cannot be replayed under the configuration given."""


@dataclass(frozen=True)
class RoutingResult:
    """What one run decided, as frames with the columns of tables.sql, in routing order."""

    decisions: pd.DataFrame
    assignments: pd.DataFrame
    review_queue: pd.DataFrame


@dataclass(frozen=True)
class Decision:
    """One row of routing.routing_decisions."""

    decision_id: str
    lead_id: str
    profile_version: str | None
    routing_version: str
    inputs: str
    rules_tried: str
    candidates: str
    rule: str
    destination_kind: str
    destination: str
    explanation: str
    decided_at: datetime

    @classmethod
    def from_row(cls, row: Mapping[str, Any] | pd.Series) -> Self:
        """The decision a table row holds."""
        values = {field.name: row[field.name] for field in fields(cls)}
        values["decided_at"] = pd.Timestamp(values["decided_at"]).to_pydatetime()
        version = values["profile_version"]
        values["profile_version"] = None if pd.isna(version) else version
        return cls(**values)

    def as_row(self) -> dict[str, Any]:
        """The decision as a table row."""
        return asdict(self)


class _Outcome(NamedTuple):
    """What becomes of one lead; `reason` is set where a queue takes it."""

    kind: str
    destination: str
    rule: str
    explanation: str
    reason: str | None = None
    candidates: str = "[]"
    active_leads: str = "{}"


class _Settled(NamedTuple):
    """The outcome of one lead, and the owner of its account as it stood when its turn came;
    `is_owned` says that the rules were tried with one."""

    outcome: _Outcome
    account_owner: str | None
    is_owned: bool


class _Pool(NamedTuple):
    """A pool with what every decision over it repeats."""

    members: tuple[tuple[Rep, str], ...]
    excluded_json: str
    strategy: Strategy
    territory: str | None


def route_leads(
    leads: pd.DataFrame,
    configuration: RoutingConfiguration,
    load: Mapping[str, int],
    owners: Mapping[str, Sequence[str]],
    decided_at: datetime,
    accounts: AccountReps = NO_ACCOUNTS,
) -> RoutingResult:
    """One decision per row of `leads`; the same arguments give the same result, bit for bit.

    `leads`: one row per lead with lead_id, profile_version, band, total, is_score_missing and the
    profile columns the configuration reads. `load`: active leads per rep_id, not counting `leads`.
    `owners`: the previous owners of a lead and of those merged into it, the first to be preferred.
    `accounts`: the reps of accounts. Owners are kept first; then leads are placed by falling total
    (missing last), then by lead_id. Whoever gets the first lead of an account owns the account.
    Raises ValueError where columns are absent or a lead stands there twice.
    """
    table = read_leads(leads, configuration, accounts)
    rules = configuration.routing.rules
    evaluation = evaluate_rules(table, rules)
    owned = evaluation
    if configuration.uses_account_owners:
        owned = evaluate_rules(table.with_account_owner(), rules)
    loads = {rep.rep_id: int(load.get(rep.rep_id, 0)) for rep in configuration.reps}
    settled = _settle(table, (evaluation, owned), configuration, loads, owners, accounts)
    is_owned = np.array([one.is_owned for one in settled], dtype=bool)
    tried = np.where(is_owned, owned.tried, evaluation.tried)
    return _frames(table, tried.tolist(), settled, configuration, owners, accounts, decided_at)


def explain_route(
    lead: Mapping[str, Any],
    configuration: RoutingConfiguration,
    load: Mapping[str, int],
    decided_at: datetime,
    owners: Sequence[str] = (),
    accounts: AccountReps = NO_ACCOUNTS,
) -> Decision:
    """The decision for one lead, hypothetical or real, without writing anything.

    Fields `lead` does not name count as unknown; without a band the score counts as missing.
    """
    has_score = lead.get("band") is not None
    lead_id = str(lead.get("lead_id") or "hypothetical")
    names = ("profile_version", "band", *configuration.profile_fields)
    row = {name: lead.get(name) for name in names} | {
        "lead_id": lead_id,
        "total": lead.get("total", 0.0 if has_score else None),
        "is_score_missing": lead.get("is_score_missing", not has_score),
    }
    frame = pd.DataFrame([row])
    result = route_leads(frame, configuration, load, {lead_id: owners}, decided_at, accounts)
    return Decision.from_row(result.decisions.iloc[0])


def replay_decision(
    row: Mapping[str, Any] | pd.Series, configuration: RoutingConfiguration
) -> Decision:
    """The decision made again from its recorded inputs alone; equal to the recorded one.

    Raises ReplayError where the configuration is of another version, or a person decided.
    """
    recorded = Decision.from_row(row)
    if recorded.rule == UNDONE:
        raise ReplayError(f"Decision {recorded.decision_id} is a person's undo; nothing to replay.")
    if recorded.routing_version != configuration.routing_version:
        raise ReplayError(
            f"Decision {recorded.decision_id} was made under routing version "
            f"{recorded.routing_version}, this is {configuration.routing_version}. "
            "Take the definition of that version from routing.routing_versions."
        )
    inputs = json.loads(recorded.inputs)
    lead = inputs["lead"] | {
        "lead_id": recorded.lead_id,
        "profile_version": recorded.profile_version,
        "total": None if inputs["lead"]["is_score_missing"] else 0.0,
    }
    return explain_route(
        lead,
        configuration,
        inputs["active_leads"],
        recorded.decided_at,
        inputs["previous_owners"],
        _recorded_account(inputs),
    )


def _recorded_account(inputs: dict[str, Any]) -> AccountReps:
    """The reps of the lead's account as its decision recorded them."""
    account_id, reps = inputs["lead"].get("account_id"), inputs.get("account", {})
    known = {
        kind: {account_id: reps[kind]} if account_id and reps.get(kind) else {}
        for kind in ("named", "owner")
    }
    return AccountReps(named=known["named"], owners=known["owner"])


def decision_id(lead_id: str, routing_version: str, inputs: str) -> str:
    """The name of a decision. Inputs and version determine the choice, so they name it."""
    digest = hashlib.sha256("\x1f".join((lead_id, routing_version, inputs)).encode())
    return f"dec_{digest.hexdigest()[:24]}"


def as_utc(instant: datetime) -> datetime:
    """The instant as tables hold it: UTC without a zone."""
    return instant.astimezone(UTC).replace(tzinfo=None) if instant.tzinfo else instant


def _settle(
    leads: LeadColumns,
    evaluations: tuple[Evaluation, Evaluation],
    configuration: RoutingConfiguration,
    loads: dict[str, int],
    owners: Mapping[str, Sequence[str]],
    accounts: AccountReps,
) -> list[_Settled]:
    """The outcome of each lead, in routing order; `loads` grows with every lead given out.

    `evaluations`: the rules as tried for a lead whose account has no owner, and for one whose has.
    """
    nowhere: list[str | None] = [None] * len(leads)
    places = leads.columns["territory"].to_list() if "territory" in leads.columns else nowhere
    kept = [
        _keep_owner(owners.get(lead_id, ()), place, configuration)
        for lead_id, place in zip(leads.lead_ids, places, strict=True)
    ]
    active = set(configuration.active_rep_ids)
    account_owners = {one: rep for one, rep in accounts.owners.items() if rep in active}
    for outcome, account_id in zip(kept, leads.account_ids, strict=True):
        if outcome is not None:
            loads[outcome.destination] += 1
            if account_id is not None:
                account_owners.setdefault(account_id, outcome.destination)
    rules = configuration.routing.rules
    matches = [
        list(zip(one.positions.tolist(), one.phrases.tolist(), one.missing.tolist(), strict=True))
        for one in evaluations
    ]
    pools: dict[tuple[int, str | None, str | None], _Pool] = {}
    settled = []
    rows = zip(
        leads.lead_ids, kept, places, leads.named_account_reps, leads.account_ids, strict=True
    )
    for number, (lead_id, owned, place, named_rep, account_id) in enumerate(rows):
        if number % _BETWEEN_LOOKS == 0:
            check_brake()
        account_owner = account_owners.get(account_id) if account_id is not None else None
        position, phrase, missing = matches[account_owner is not None][number]
        outcome = owned or _queue_without_choice(rules, position, phrase, missing)
        if outcome is None:
            rep = account_owner if _goes_to_account_owner(rules[position]) else named_rep
            key = (position, place, rep)
            if key not in pools:
                pools[key] = _open_pool(rules[position], configuration, place, rep)
            outcome = _choose(lead_id, rules[position], pools[key], phrase, loads)
        if outcome.kind == REP and account_id is not None:
            account_owners.setdefault(account_id, outcome.destination)
        settled.append(_Settled(outcome, account_owner, account_owner is not None))
    return settled


def _goes_to_account_owner(rule: Rule) -> bool:
    return rule.pool is not None and rule.pool.owner_of == "account"


def _queue_without_choice(
    rules: tuple[Rule, ...], position: int, phrase: str, missing: str
) -> _Outcome | None:
    """The queue of a lead nobody is chosen for; None where the rule has a pool to choose from."""
    if position == NO_RULE:
        reason = f"none of the {len(rules)} rules matched"
        return _queued(REVIEW_QUEUE, NO_RULE_MATCHED, reason)
    rule = rules[position]
    if missing:
        return _queued(HOLDING_QUEUE, rule.id, _holding_reason(rule, missing, phrase))
    if rule.queue is not None:
        return _queued(rule.queue, rule.id, phrase)
    return None


def _keep_owner(
    owners: Sequence[str], territory: str | None, configuration: RoutingConfiguration
) -> _Outcome | None:
    """The first of the previous owners who is active keeps the lead, whatever their load."""
    active = [rep_id for rep_id in owners if rep_id in configuration.active_rep_ids]
    if not active:
        return None
    verdicts = [
        {
            "rep_id": rep_id,
            "verdict": "keeps the lead"
            if rep_id == active[0]
            else "owned it less recently"
            if rep_id in active
            else "not active",
        }
        for rep_id in dict.fromkeys(owners)
    ]
    rep = configuration.reps_by_id[active[0]]
    explanation = f"{_introduce(rep, territory)}: already owns this lead or one merged into it."
    return _Outcome(REP, rep.rep_id, KEEPS_OWNER, explanation, candidates=_json(verdicts))


def _choose(lead_id: str, rule: Rule, pool: _Pool, phrase: str, loads: dict[str, int]) -> _Outcome:
    """One of the pool who has room, or the review queue with the reason."""
    with_room = [
        Candidate(rep.rep_id, loads[rep.rep_id], rep.capacity)
        for rep, _ in pool.members
        if loads[rep.rep_id] < rep.capacity
    ]
    active_leads = ",".join(f"{json_id}:{loads[rep.rep_id]}" for rep, json_id in pool.members)
    if not with_room:
        reason = _nobody_reason(rule, pool, phrase)
        candidates = _candidates_json(pool, loads, {})
        outcome = _queued(REVIEW_QUEUE, rule.id, reason)
        return outcome._replace(candidates=candidates, active_leads=f"{{{active_leads}}}")
    choice = pool.strategy.choose(with_room, lead_id)
    verdicts = {
        candidate.rep_id: verdict
        for candidate, verdict in zip(with_room, choice.verdicts, strict=True)
    }
    candidates = _candidates_json(pool, loads, verdicts)
    rep = next(rep for rep, _ in pool.members if rep.rep_id == choice.rep_id)
    loads[choice.rep_id] += 1
    return _Outcome(
        REP,
        choice.rep_id,
        rule.id,
        f"{_introduce(rep, pool.territory)}: {phrase}; {choice.reason}.",
        candidates=candidates,
        active_leads=f"{{{active_leads}}}",
    )


def _open_pool(
    rule: Rule,
    configuration: RoutingConfiguration,
    territory: str | None,
    account_rep_id: str | None,
) -> _Pool:
    assert rule.pool is not None
    selected: PoolMembers = select_pool(configuration.reps, rule.pool, territory, account_rep_id)
    return _Pool(
        members=tuple((rep, json.dumps(rep.rep_id)) for rep in selected.members),
        excluded_json=selected.excluded_json(),
        strategy=load_strategy(rule.strategy),
        territory=territory,
    )


def _candidates_json(pool: _Pool, loads: Mapping[str, int], verdicts: Mapping[str, str]) -> str:
    """The members with their loads and verdicts, then those who were out from the start."""
    parts = [
        f'{{"rep_id":{json_id},"active_leads":{loads[rep.rep_id]},"capacity":{rep.capacity},'
        f'"verdict":{_json_text(verdicts.get(rep.rep_id, "at capacity"))}}}'
        for rep, json_id in pool.members
    ]
    if pool.excluded_json:
        parts.append(pool.excluded_json)
    return "[" + ",".join(parts) + "]"


def _queued(queue: str, rule: str, reason: str) -> _Outcome:
    name = queue.replace("_", " ").capitalize()
    return _Outcome(QUEUE, queue, rule, f"{name} queue: {reason}.", reason)


def _holding_reason(rule: Rule, missing: str, phrase: str) -> str:
    names = missing.rstrip(",").split(",")
    verb = "is" if len(names) == 1 else "are"
    return f"{' and '.join(names)} {verb} missing, which rule {rule.id} needs ({phrase})"


def _nobody_reason(rule: Rule, pool: _Pool, phrase: str) -> str:
    assert rule.pool is not None
    start = f"rule {rule.id} ({phrase})"
    if pool.members:
        return (
            f"{start} found nobody with room: all {len(pool.members)} in its pool are at capacity"
        )
    if rule.pool.territory is None:
        return f"{start} found nobody: no active rep in its pool"
    if pool.territory is None:
        return f"{start} found nobody: the place is in no territory"
    return f"{start} found nobody: no active rep in its pool for {pool.territory}"


def _introduce(rep: Rep, territory: str | None) -> str:
    """`Iris Jansen (senior, Benelux)`; the team where the territory is not the rep's."""
    place = territory if territory in rep.territories else rep.team
    return f"{rep.name} ({rep.seniority}, {place})"


def _frames(
    leads: LeadColumns,
    rules_tried: list[str],
    settled: list[_Settled],
    configuration: RoutingConfiguration,
    owners: Mapping[str, Sequence[str]],
    accounts: AccountReps,
    decided_at: datetime,
) -> RoutingResult:
    version = configuration.routing_version
    outcomes = [one.outcome for one in settled]
    previous = [list(owners.get(lead_id, ())) for lead_id in leads.lead_ids]
    account_reps = [
        _account_json(accounts.named.get(account_id) if account_id else None, one.account_owner)
        for account_id, one in zip(leads.account_ids, settled, strict=True)
    ]
    inputs = [
        f'{{{recorded},"account":{account},"previous_owners":{_json(before)},'
        f'"active_leads":{outcome.active_leads}}}'
        for recorded, account, before, outcome in zip(
            leads.recorded, account_reps, previous, outcomes, strict=True
        )
    ]
    tried = [
        f"[{(_owner_refusal(before, outcome) + text).rstrip(',')}]"
        for text, before, outcome in zip(rules_tried, previous, outcomes, strict=True)
    ]
    count = len(leads)
    decided = pd.Series([pd.Timestamp(as_utc(decided_at))] * count, dtype="datetime64[us]")
    decisions = pd.DataFrame(
        {
            "decision_id": _texts(
                [
                    decision_id(lead_id, version, text)
                    for lead_id, text in zip(leads.lead_ids, inputs, strict=True)
                ]
            ),
            "lead_id": _texts(leads.lead_ids),
            "profile_version": _texts(leads.profile_versions),
            "routing_version": _texts([version] * count),
            "inputs": _texts(inputs),
            "rules_tried": _texts(tried),
            "candidates": _texts([outcome.candidates for outcome in outcomes]),
            "rule": _texts([outcome.rule for outcome in outcomes]),
            "destination_kind": _texts([outcome.kind for outcome in outcomes]),
            "destination": _texts([outcome.destination for outcome in outcomes]),
            "explanation": _texts([outcome.explanation for outcome in outcomes]),
            "decided_at": decided,
        }
    )
    return RoutingResult(
        decisions, _assignments(decisions, leads), _review_queue(decisions, outcomes)
    )


def _owner_refusal(previous: list[str], outcome: _Outcome) -> str:
    """The rule before all rules, where the lead had an owner."""
    if not previous:
        return ""
    if outcome.rule == KEEPS_OWNER:
        return f'{{"rule":"{KEEPS_OWNER}","matched":true}},'
    because = json.dumps(f"not active: {', '.join(previous)}")
    return f'{{"rule":"{KEEPS_OWNER}","matched":false,"because":{because}}},'


def _assignments(decisions: pd.DataFrame, leads: LeadColumns) -> pd.DataFrame:
    is_owned = decisions["destination_kind"] == REP
    return pd.DataFrame(
        {
            "lead_id": decisions["lead_id"],
            "decision_id": decisions["decision_id"],
            "destination_kind": decisions["destination_kind"],
            "owner_rep_id": decisions["destination"].where(is_owned),
            "queue": decisions["destination"].where(~is_owned),
            "rule": decisions["rule"],
            "explanation": decisions["explanation"],
            "assigned_at": decisions["decided_at"],
            "profile_version": decisions["profile_version"],
            "routing_version": decisions["routing_version"],
            "band": _texts(leads.bands),
            "is_held": pd.Series([False] * len(decisions), dtype="bool"),
        }
    )


def _review_queue(decisions: pd.DataFrame, outcomes: list[_Outcome]) -> pd.DataFrame:
    waiting = (decisions["destination"] == REVIEW_QUEUE) & (decisions["destination_kind"] == QUEUE)
    frame = pd.DataFrame(
        {
            "lead_id": decisions["lead_id"],
            "decision_id": decisions["decision_id"],
            "reason": _texts([outcome.reason for outcome in outcomes]),
            "queued_at": decisions["decided_at"],
        }
    )
    return frame[waiting].reset_index(drop=True)


def _texts(values: Sequence[str | None]) -> pd.Series:
    return pd.Series(values, dtype="str")


@lru_cache(maxsize=1024)
def _account_json(named: str | None, owner: str | None) -> str:
    return _json({"named": named, "owner": owner})


@lru_cache(maxsize=1024)
def _json_text(text: str) -> str:
    return json.dumps(text)


def _json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"))
