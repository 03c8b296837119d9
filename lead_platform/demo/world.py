"""The world: everything put together, with its truth: who is who and what drives winning.

``generate_world`` makes a whole one, ``generate_increment`` the next leads that come into it.
"""

import dataclasses
import datetime

import numpy as np
import pandas as pd
import pyarrow as pa

from lead_platform.demo.behaviour import find_contacts, generate_behaviour
from lead_platform.demo.companies import generate_companies, sell_firmographics
from lead_platform.demo.deals import generate_deals
from lead_platform.demo.people import generate_people
from lead_platform.demo.settings import WorldSettings, open_stream, to_seconds
from lead_platform.demo.submissions import (
    Skeleton,
    plan_submissions,
    spoil_records,
    type_submissions,
)
from lead_platform.demo.text import Ints
from lead_platform.demo.words import load_countries

_PEOPLE_PER_COMPANY = 2.2
# Good records of a world have 10 ** 8 numbers, rejected ones the next; increments stand apart.
_RECORDS_PER_WORLD = 10**8
_INCREMENT_SEEDS = 5_000
_KNOWN_SHARE = 0.4


@dataclasses.dataclass(frozen=True)
class World:
    """A generated world. ``*_index`` columns are row numbers of ``people`` and ``companies``.

    submissions: one per record, rejected ones included (``defect`` is not null there).
    firmographics: one per company the provider covers. duplicates: one per returning submission.
    """

    settings: WorldSettings
    label: str
    companies: pd.DataFrame
    people: pd.DataFrame
    submissions: pd.DataFrame
    events: pd.DataFrame
    outcomes: pd.DataFrame
    firmographics: pd.DataFrame
    duplicates: pd.DataFrame
    drivers: pd.DataFrame
    coefficients: pd.DataFrame
    deals: pd.DataFrame


def generate_world(settings: WorldSettings) -> World:
    """A whole world; the same settings give the same one."""
    base = settings.seed * _RECORDS_PER_WORLD * 10
    person_count = max(1, round(settings.submissions * (1 - settings.duplicate_rate)))
    companies = generate_companies(settings, max(1, round(person_count / _PEOPLE_PER_COMPANY)))
    taken = np.bincount(companies["country_index"], minlength=len(load_countries())).astype(
        np.int64
    )
    people = generate_people(settings, companies, person_count, serial=taken)
    skeleton = plan_submissions(settings, people["intent"].to_numpy(), settings.submissions)
    good = type_submissions(settings, people, companies, skeleton, base)
    bad = spoil_records(settings, good, base + _RECORDS_PER_WORLD)
    contacts = find_contacts(people, good)
    everyone = np.flatnonzero(contacts.first_at < to_seconds(settings.end_at))
    events = generate_behaviour(
        settings, people, contacts, everyone, base, to_seconds(settings.end_at)
    )
    deals = generate_deals(settings, people, companies, events, contacts, base)
    return World(
        settings=settings,
        label=f"world-{settings.seed}",
        companies=companies,
        people=people,
        submissions=pd.concat([good, bad], ignore_index=True),
        events=events,
        outcomes=deals.outcomes,
        firmographics=sell_firmographics(settings, companies),
        duplicates=_pair_duplicates(good, people),
        drivers=deals.drivers,
        coefficients=deals.coefficients,
        deals=deals.deals,
    )


def generate_increment(
    settings: WorldSettings, count: int, seed: int, base: World | None = None
) -> World:
    """The next ``count`` submissions, within a day after the world's end: 40 % by known people.

    ``settings`` are the base world's; ``seed`` (below 5,000) tells one increment from the next.
    Pass ``base`` to spare generating it again. Carries no deals and no firmographics of its own.
    """
    if not 0 <= seed < _INCREMENT_SEEDS:
        raise ValueError(f"seed {seed}: an increment's seed is from 0 to {_INCREMENT_SEEDS - 1}")
    base = base or generate_world(settings)
    label = f"increment-{seed}"
    companies, people, who = _meet_people(settings, base, count, label, seed)
    start = to_seconds(settings.end_at)
    rng = open_stream(settings.seed, label)
    at = np.sort(start + rng.integers(0, 86_400, count))
    plan = plan_submissions(settings, np.zeros(count), count, stream=f"{label}-plan")
    earlier = np.where(who < len(base.people), 1, 0).astype(np.int64)
    record_base = (seed + _INCREMENT_SEEDS + settings.seed * 10_000) * _RECORDS_PER_WORLD * 10
    skeleton = Skeleton(who, plan.channel, at, earlier)
    good = type_submissions(settings, people, companies, skeleton, record_base, f"{label}-typing")
    bad = spoil_records(settings, good, record_base + _RECORDS_PER_WORLD, f"{label}-rejected")
    known = pd.concat(
        [base.submissions[base.submissions["person_index"] >= 0], good], ignore_index=True
    )
    contacts = find_contacts(people, known)
    later = dataclasses.replace(settings, end_at=settings.end_at + datetime.timedelta(days=1))
    events = generate_behaviour(
        later, people, contacts, np.unique(who), record_base, start + 86_400, f"{label}-behaviour"
    )
    fresh = events[events["at"] >= np.datetime64(start, "s")].reset_index(drop=True)
    return World(
        settings=settings,
        label=label,
        companies=companies,
        people=people,
        submissions=pd.concat([good, bad], ignore_index=True),
        events=fresh,
        outcomes=base.outcomes.iloc[:0],
        firmographics=base.firmographics.iloc[:0],
        duplicates=_pair_duplicates(known, people).query("record_id in @good.record_id"),
        drivers=base.drivers.iloc[:0],
        coefficients=base.coefficients,
        deals=base.deals.iloc[:0],
    )


def _meet_people(
    settings: WorldSettings, base: World, count: int, label: str, seed: int
) -> tuple[pd.DataFrame, pd.DataFrame, Ints]:
    """Companies and people with the newcomers at the end, and who submits (rows of people)."""
    rng = open_stream(settings.seed, label, "who")
    known_count = round(count * _KNOWN_SHARE)
    new_count = count - known_count
    first_serial = len(base.companies) + len(base.people) + (seed + 1) * 1_000_000
    new_companies = generate_companies(
        settings, max(1, new_count // 4), stream=f"{label}-companies", start=first_serial
    )
    companies = pd.concat([base.companies, new_companies], ignore_index=True)
    newcomers = generate_people(
        settings,
        companies,
        new_count,
        stream=f"{label}-people",
        serial=first_serial + len(new_companies),
        prefix=f"p{seed + 1}n",
    )
    people = pd.concat([base.people, newcomers], ignore_index=True)
    known = rng.choice(len(base.people), known_count, replace=known_count > len(base.people))
    who = np.concatenate([known, len(base.people) + np.arange(new_count)]).astype(np.int64)
    return companies, people, rng.permutation(who)


def _pair_duplicates(submissions: pd.DataFrame, people: pd.DataFrame) -> pd.DataFrame:
    """One row per submission of somebody seen before: the first record and the mess made."""
    who = submissions["person_index"].to_numpy()
    ordered = submissions.reset_index(drop=True)
    first_rows = np.full(len(people), -1, dtype=np.int64)
    first_rows[who[::-1]] = np.arange(len(who))[::-1]
    later = np.flatnonzero(first_rows[who] != np.arange(len(who)))
    first = ordered.iloc[first_rows[who[later]]].reset_index(drop=True)
    pair = ordered.iloc[later].reset_index(drop=True)
    table = {
        "person_id": people["person_id"].iloc[who[later]].reset_index(drop=True),
        "channel": pair["channel"],
        "record_id": pair["record_id"],
        "first_channel": first["channel"],
        "first_record_id": first["record_id"],
        "has_same_email": (pair["clean_email"] == first["clean_email"])
        .fillna(False)
        .astype("bool"),
        "has_same_phone": (pair["clean_phone"] == first["clean_phone"])
        .fillna(False)
        .astype("bool"),
        "mess": pair["mess"],
    }
    return pd.DataFrame(table)


def name_people(world: World, person_index: pd.Series) -> pd.Series:
    """Person ids of row numbers; missing where the row number is -1."""
    ids = pa.array(world.people["person_id"], type=pa.large_string())
    index = person_index.to_numpy()
    return ids.take(pa.array(index, mask=index < 0)).to_pandas()
