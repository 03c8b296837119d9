"""Deals: who gets an opportunity, who wins it, and what drives winning before and after the shift.

Winning is a coin whose bias is a logistic function of fit and engagement, so the best possible
separation is known and below perfect.
"""

import dataclasses

import numpy as np
import pandas as pd
import pyarrow as pa

from lead_platform.demo.behaviour import Contacts
from lead_platform.demo.settings import WorldSettings, open_stream, to_seconds
from lead_platform.demo.text import (
    Floats,
    Ints,
    blank,
    choose,
    choose_one,
    draw,
    format_number,
    hit,
    is_present,
    join,
    make_frame,
    make_text,
    take,
)
from lead_platform.demo.words import load_countries

_DAY = 86_400
# Measured at 100,000 submissions: best possible AUC 0.81 (0.83 before the shift, 0.81 after).
COEFFICIENTS: dict[str, tuple[float, float]] = {
    "icp_title": (1.2, 1.2),
    "manager_title": (0.5, 0.5),
    "headcount_fit": (1.3, 0.2),
    "core_industry": (1.1, -0.8),
    "emerging_industry": (-0.6, 1.3),
    "covered_country": (0.6, 0.6),
    "free_mail": (-0.9, -0.9),
    "engagement": (1.3, 1.3),
}
_WIN_RATE = 0.23
_CORE = ("software", "financial_services", "healthcare", "manufacturing", "telecom")
_EMERGING = (
    "retail",
    "logistics",
    "education",
    "professional_services",
    "hospitality",
    "automotive",
)
_COVERED = ("US", "CA", "GB", "DE", "FR", "NL")
_ICP_FUNCTIONS = ("sales", "marketing", "operations", "executive", "data")
_LOST_REASONS = ("price", "no budget", "went with a competitor", "no decision", "missing feature")
_WON_REASONS = ("best fit", "speed", "support", "references")


def measure_fit(people: pd.DataFrame, companies: pd.DataFrame) -> pd.DataFrame:
    """One row per person: the drivers of winning that person and company bring along (0 to 1)."""
    company = people["company_index"].to_numpy()
    has_company = company >= 0
    employees = np.where(has_company, companies["employee_count"].to_numpy()[company], 1)
    industry = companies["industry"].reindex(company).reset_index(drop=True)
    senior = people["seniority"].isin(["c_level", "vp", "director"])
    distance = np.abs(np.log10(employees) - np.log10(500)) / 1.2
    return pd.DataFrame(
        {
            "icp_title": senior & people["job_function"].isin(_ICP_FUNCTIONS),
            "manager_title": people["seniority"].eq("manager"),
            "headcount_fit": np.clip(1.0 - distance, 0, 1) * has_company,
            "core_industry": industry.isin(_CORE),
            "emerging_industry": industry.isin(_EMERGING),
            "covered_country": people["country"].isin(_COVERED),
            "free_mail": people["prefers_personal_email"] | ~has_company,
        }
    ).astype("float64")


@dataclasses.dataclass(frozen=True)
class Deals:
    """What the CRM says (outcomes) and the truth behind it (deals, drivers, coefficients)."""

    outcomes: pd.DataFrame
    deals: pd.DataFrame
    drivers: pd.DataFrame
    coefficients: pd.DataFrame


def generate_deals(
    settings: WorldSettings,
    people: pd.DataFrame,
    companies: pd.DataFrame,
    events: pd.DataFrame,
    contacts: Contacts,
    record_base: int,
) -> Deals:
    """At most one opportunity per person; those whose close lies beyond the end stay open."""
    rng = open_stream(settings.seed, "deals")
    start_at, close_at, who = _plan_opportunities(rng, settings, people, contacts)
    fit = measure_fit(people, companies)
    engagement = np.minimum(np.log1p(_count_hot_events(events, len(people), who, close_at)), 3.0)
    drivers = fit.iloc[who].assign(engagement=engagement)
    is_late = close_at >= to_seconds(settings.shift_at)
    probability, intercepts = _weigh(drivers, is_late)
    is_won = rng.random(len(who)) < probability
    deals = _describe_deals(rng, settings, people, companies, who, record_base)
    deals = deals.assign(
        opened_at=start_at.astype("datetime64[s]"),
        closed_at=pd.Series(close_at.astype("datetime64[s]")).where(
            close_at < to_seconds(settings.end_at)
        ),
        outcome=pd.Series(np.where(is_won, "closed_won", "closed_lost"), dtype="str").where(
            close_at < to_seconds(settings.end_at), "open"
        ),
        regime=pd.Series(np.where(is_late, "after", "before"), dtype="str"),
        win_probability=probability,
        engagement=engagement,
    )
    coefficients = pd.DataFrame(
        [("intercept", *intercepts), *((name, *pair) for name, pair in COEFFICIENTS.items())],
        columns=["driver", "before", "after"],
    )
    outcomes = _report(rng, settings, people, companies, contacts, deals, close_at, record_base)
    return Deals(outcomes, deals, _tell_drivers(people, fit, intercepts), coefficients)


def _plan_opportunities(
    rng: np.random.Generator, settings: WorldSettings, people: pd.DataFrame, contacts: Contacts
) -> tuple[Ints, Ints, Ints]:
    """Start and planned close (seconds) and person: the keen get one; the cycle takes weeks."""
    intent = people["intent"].to_numpy()
    reachable = is_present(contacts.email) | is_present(contacts.phone)
    gets_one = (rng.random(len(people)) < 1 / (1 + np.exp(1.0 - 0.8 * intent))) & reachable
    started = contacts.first_at + (np.exp(rng.normal(np.log(6), 0.8, len(people))) * _DAY).astype(
        np.int64
    )
    cycle = (8 + rng.gamma(2.0, 10.0, len(people))) * _DAY
    who = np.flatnonzero(gets_one & (started < to_seconds(settings.end_at)))
    who = who[np.argsort(started[who], kind="stable")]
    return started[who], started[who] + cycle[who].astype(np.int64), who


def _count_hot_events(events: pd.DataFrame, size: int, who: Ints, close_at: Ints) -> Ints:
    """Per opportunity, the buyer's own signals before it was closed."""
    closed = np.zeros(size, dtype=np.int64)
    closed[who] = close_at
    person = events["person_index"].to_numpy()
    at = events["at"].to_numpy().astype("datetime64[s]").astype(np.int64)
    counted = events["is_hot"].to_numpy() & (person >= 0) & (at < closed[person])
    return np.bincount(person[counted], minlength=size)[who]


def _weigh(drivers: pd.DataFrame, is_late: np.ndarray) -> tuple[Floats, tuple[float, float]]:
    """Win probability per opportunity; the intercepts give both regimes the same win rate."""
    values = drivers[list(COEFFICIENTS)].to_numpy()
    probability = np.zeros(len(drivers))
    intercepts = []
    for regime, rows in enumerate((~is_late, is_late)):
        weights = np.array([pair[regime] for pair in COEFFICIENTS.values()])
        score = values @ weights
        intercept = _balance(score[rows]) if rows.any() else _balance(score)
        probability[rows] = 1 / (1 + np.exp(-(intercept + score[rows])))
        intercepts.append(intercept)
    return probability, (intercepts[0], intercepts[1])


def _balance(score: Floats) -> float:
    """The intercept at which the mean probability is the win rate."""
    if len(score) == 0:
        return 0.0
    low, high = -20.0, 20.0
    for _ in range(50):
        middle = (low + high) / 2
        too_high = float(np.mean(1 / (1 + np.exp(-(middle + score))))) > _WIN_RATE
        low, high = (low, middle) if too_high else (middle, high)
    return (low + high) / 2


def _describe_deals(
    rng: np.random.Generator,
    settings: WorldSettings,
    people: pd.DataFrame,
    companies: pd.DataFrame,
    who: Ints,
    record_base: int,
) -> pd.DataFrame:
    """Opportunity id, person, amount in the country's currency, owner and product."""
    size = len(who)
    company = people["company_index"].to_numpy()[who]
    employees = np.where(company >= 0, companies["employee_count"].to_numpy()[company], 2)
    amount = 900 * employees.astype(np.float64) ** 0.55 * np.exp(rng.normal(0, 0.5, size))
    products = make_text(["Starter", "Team", "Enterprise"])
    product = np.digitize(employees, [50, 1000])
    name = take(make_text(companies["company_name"]), company)
    tag = format_number(record_base + np.arange(size), 9)
    country = people["country_index"].to_numpy()[who]
    return make_frame(
        {
            "opportunity_id": join("opp-", tag),
            "opportunity_name": choose(
                company >= 0, join(name, " ", take(products, product)), join("Individual ", tag)
            ),
            "person_id": make_text(people["person_id"].iloc[who]),
            "person_index": who,
            "amount": np.round(np.maximum(amount, 500), -2),
            "currency": take(make_text(load_countries()["currency"]), country),
            "product": take(products, product),
            "owner": take(
                make_text(settings.rep_emails), rng.integers(0, len(settings.rep_emails), size)
            ),
        }
    )


def _report(
    rng: np.random.Generator,
    settings: WorldSettings,
    people: pd.DataFrame,
    companies: pd.DataFrame,
    contacts: Contacts,
    deals: pd.DataFrame,
    close_at: Ints,
    record_base: int,
) -> pd.DataFrame:
    """One row per thing the CRM reports: meeting, opportunity, stage changes, close; by time."""
    size = len(deals)
    opened = deals["opened_at"].to_numpy().astype("datetime64[s]").astype(np.int64)
    span = close_at - opened
    met = opened - rng.integers(3_600, 2 * _DAY, size)
    kinds = ("meeting", "opportunity", "stage_change", "stage_change", "close")
    stages = ("Meeting held", "Qualification", "Proposal", "Negotiation", "Close")
    instants = (met, opened, opened + span * 4 // 10, opened + span * 3 // 4, close_at)
    happened = [hit(rng, share, size) for share in (0.7, 1.0, 0.8, 0.6, 1.0)]
    deal = np.tile(np.arange(size), len(kinds))
    step = np.repeat(np.arange(len(kinds)), size)
    at = np.concatenate(instants)
    keep = (
        np.concatenate(happened)
        & (at < to_seconds(settings.end_at))
        & (at >= contacts.first_at[deals["person_index"].to_numpy()[deal]])
    )
    order = np.lexsort((step, at))
    order = order[keep[order]]
    deal, step, at = deal[order], step[order], at[order]
    outcome = deals["outcome"].to_numpy()[deal]
    is_close, is_won = step == 4, outcome == "closed_won"
    who = deals["person_index"].to_numpy()[deal]
    company = people["company_index"].to_numpy()[who]
    count = len(deal)
    reasons = [
        take(make_text(words), rng.integers(0, len(words), count))
        for words in (_LOST_REASONS, _WON_REASONS)
    ]
    close_type = choose(is_won, "closed_won", "closed_lost")
    close_stage = choose(is_won, "Closed Won", "Closed Lost")
    defect = choose(hit(rng, 0.003, count) & (step == 2), "unknown_outcome_type", None)
    kind = choose(is_close, close_type, take(make_text(kinds), step))
    email = take(contacts.email, who)
    columns: dict[str, object] = {
        "outcome_id": join("oc-", format_number(record_base + np.arange(count), 10)),
        "type": choose(is_present(defect), "reincarnated", kind),
        "occurred_at": at.astype("datetime64[s]"),
        **{
            name: take(make_text(deals[name]), deal)
            for name in ("opportunity_id", "opportunity_name", "currency", "owner", "product")
        },
        "email": email,
        "phone": blank(is_present(email), take(contacts.phone, who)),
        "stage": choose(is_close, close_stage, take(make_text(stages), step)),
        "amount": pa.array(deals["amount"].to_numpy()[deal], mask=step == 0),
        "reason": blank(~is_close, choose_one(is_won.astype(np.int64), reasons)),
        "account_name": take(make_text(companies["company_name"]), company),
        "account_domain": take(make_text(companies["domain"]), company),
        "person_index": np.where(is_present(defect), -1, who),
        "defect": defect,
        "deliveries": 1 + (draw(rng, (0.99, 0.01), count)),
    }
    return make_frame(columns)


def _tell_drivers(
    people: pd.DataFrame, fit: pd.DataFrame, intercepts: tuple[float, float]
) -> pd.DataFrame:
    """One row per person: every driver, latent intent, the fit part of the win logit per regime."""
    names = [name for name in COEFFICIENTS if name in fit.columns]
    logits = {
        f"fit_logit_{regime}": intercepts[which]
        + fit[names].to_numpy() @ np.array([COEFFICIENTS[name][which] for name in names])
        for which, regime in enumerate(("before", "after"))
    }
    return pd.DataFrame({"person_id": people["person_id"], "intent": people["intent"]}).join(
        fit.assign(**logits)
    )
