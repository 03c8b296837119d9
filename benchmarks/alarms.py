"""How often the watches of feeds and fields cry wolf, and how soon they tell what is wrong.

Generated channels with the rhythms real ones have: hours, weekdays, month ends, holidays, growth,
noise beyond Poisson's, shares that vary from day to day. Quiet ones are judged every two hours for
60 days, their fields every eight; each alert that opens is a false one. Then three faults are put
in on a working morning: 200 records a day become 3, all mails are empty, all countries unknown.

Run: python -m benchmarks.alarms [worlds] [first seed]

Thresholds were tuned on seeds below 1,000. The figures in docs/benchmarks.md are of others.
"""

import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import numpy as np

from lead_platform.governance.feeds import Arrivals, judge_feeds
from lead_platform.governance.fields import Measure, Share, judge_fields
from lead_platform.governance.holidays import Holiday

# As the lake holds instants: naive UTC.
START = datetime.fromisoformat("2026-01-05")
DAYS = 190
JUDGED_DAYS = 60
EPOCH = datetime.fromisoformat("1970-01-01")

# Working hours in UTC, with the tail of other time zones.
HOURS = np.array(
    [2, 1, 1, 1, 1, 3, 6, 15, 30, 40, 40, 35, 30, 35, 40, 40, 30, 20, 15, 12, 10, 8, 5, 3], float
)

# Share of rows in which a field is as it should be, and its spread from day to day.
FIELDS: dict[tuple[str, Measure], tuple[float, float]] = {
    ("email", "filled"): (0.97, 0.01),
    ("phone", "filled"): (0.5, 0.08),
    ("company_name", "filled"): (0.8, 0.05),
    ("consent_email", "filled"): (0.65, 0.15),
    ("country", "known"): (0.95, 0.02),
    ("industry", "known"): (0.75, 0.06),
    ("job_title", "known"): (0.6, 0.08),
    ("source", "known"): (0.9, 0.05),
}


@dataclass(frozen=True)
class Channel:
    """How a generated channel behaves."""

    per_day: float
    dispersion: float = 1.3
    noise: float = 0.15
    month_end: float = 1.0
    weekend: float = 0.15
    growth_per_day: float = 0.0
    is_daily_file: bool = False


CHANNELS = {
    "3 a day": Channel(3),
    "20 a day": Channel(20),
    "200 a day": Channel(200),
    "200 a day, none at weekends": Channel(200, weekend=0.0),
    "200 a day, more at month ends": Channel(200, month_end=2.5),
    "200 a day, less at month ends": Channel(200, month_end=0.3),
    "200 a day, doubling in half a year": Channel(120, growth_per_day=0.0037),
    "200 a day, halving in half a year": Channel(300, growth_per_day=-0.0037),
    "2,000 a day, in bursts": Channel(2_000, dispersion=3.0, noise=0.3),
    "a file a day": Channel(200, is_daily_file=True),
}


@dataclass(frozen=True)
class World:
    """One channel's records: when each delivery came, how many it held, fields by day."""

    arrivals: Arrivals
    rows: np.ndarray
    hits: dict[tuple[str, Measure], np.ndarray]
    holidays: list[datetime]


def make_world(channel: Channel, seed: int) -> World:
    """Half a year of a channel, with five holidays of its last three months."""
    rng = np.random.default_rng(seed)
    holidays = _holidays(rng)
    days = [START + timedelta(days=number) for number in range(DAYS)]
    at: list[float] = []
    records: list[float] = []
    for number, day in enumerate(days):
        hours = _counts(rng, channel, _level(rng, channel, number, day, day in holidays))
        midnight = (day - EPOCH).total_seconds()
        if channel.is_daily_file:
            if hours.sum():
                at.append(midnight + 3600 * (22 + rng.normal(0, 0.5)))
                records.append(float(hours.sum()))
            continue
        for hour, count in enumerate(hours):
            at += list(midnight + 3600 * (hour + rng.uniform(0, 1, count)))
            records += [1.0] * int(count)
    order = np.argsort(at)
    instants, sizes = np.array(at)[order], np.array(records)[order]
    world = World(Arrivals("web_form", instants, sizes, instants), sizes, {}, holidays)
    return replace(world, hits={key: _hits(rng, world, *FIELDS[key]) for key in FIELDS})


def _holidays(rng: np.random.Generator) -> list[datetime]:
    """Five working days, some side by side as at Easter."""
    first = DAYS - JUDGED_DAYS - 30
    chosen = {START + timedelta(days=int(day)) for day in rng.integers(first, DAYS, 4)}
    chosen |= {max(chosen) + timedelta(days=1)}
    return sorted(day for day in chosen if day.weekday() < 5)


def _level(
    rng: np.random.Generator, channel: Channel, number: int, day: datetime, is_off: bool
) -> float:
    """Records to expect of a day."""
    level = channel.per_day * float(np.exp(channel.growth_per_day * number))
    is_weekend = day.weekday() >= 5 or is_off
    level *= channel.weekend if is_weekend else 1.1 - 0.05 * day.weekday()
    level *= float(np.exp(rng.normal(0, channel.noise)))
    if (day + timedelta(days=3)).month != day.month:
        level *= channel.month_end
    return level


def _counts(rng: np.random.Generator, channel: Channel, level: float) -> np.ndarray:
    """Records by hour."""
    means = np.maximum(level * HOURS / HOURS.sum(), 1e-9)
    sizes = means / (channel.dispersion - 1)
    counts: np.ndarray = rng.negative_binomial(sizes, 1 / channel.dispersion)
    return counts


def _hits(rng: np.random.Generator, world: World, share: float, spread: float) -> np.ndarray:
    """In how many records of each delivery a field is as it should be."""
    daily = np.clip(share + spread * rng.standard_normal(DAYS + 2), 0.0, 1.0)
    day = ((world.arrivals.at - (START - EPOCH).total_seconds()) // 86400).astype(int)
    hits: np.ndarray = rng.binomial(world.rows.astype(int), daily[day]).astype(float)
    return hits


def feeds_found(world: World, now: datetime) -> set[str]:
    """The kinds of alert on arrivals that stand at an instant."""
    known = _known(world, now)
    arrivals = replace(
        world.arrivals,
        at=world.arrivals.at[:known],
        records=world.arrivals.records[:known],
        newest=world.arrivals.newest[:known],
    )
    spans = [Holiday(date=day.date(), name="off").span for day in world.holidays]
    return {finding.kind for finding in judge_feeds([arrivals], now, spans)}


def fields_found(world: World, now: datetime) -> set[str]:
    """The kinds of alert on fields that stand at an instant."""
    return {finding.kind for finding in judge_fields(_shares(world, _known(world, now), now))}


def _known(world: World, now: datetime) -> int:
    return int(np.searchsorted(world.arrivals.at, _seconds(now), side="right"))


def _shares(world: World, known: int, now: datetime) -> Iterator[Share]:
    """Each field by trailing day, as the lake tells it."""
    day = ((_seconds(now) - world.arrivals.at[:known]) // 86400).astype(int)
    lately = day < 60
    for (field, measure), hits in world.hits.items():
        rows_by_day = np.bincount(day[lately], world.rows[:known][lately], minlength=61)
        hits_by_day = np.bincount(day[lately], hits[:known][lately], minlength=61)
        yield Share(
            "web_form", field, measure, rows_by_day.astype(float), hits_by_day.astype(float)
        )


def false_alarms(world: World) -> list[str]:
    """Each alert that opens in 60 quiet days."""
    opened: list[str] = []
    for find, every in ((feeds_found, 2), (fields_found, 8)):
        standing: set[str] = set()
        for hour in range(0, 24 * JUDGED_DAYS, every):
            found = find(world, START + timedelta(days=DAYS - JUDGED_DAYS, hours=hour))
            opened += sorted(found - standing)
            standing = found
    return opened


# A Wednesday morning.
FAULT_AT = datetime.fromisoformat("2026-06-10T09:00")


def fall(world: World, share: float, seed: int) -> World:
    """Only a share of the records arrives from the fault on."""
    kept = world.arrivals.at < _seconds(FAULT_AT)
    kept |= np.random.default_rng(seed).uniform(size=len(kept)) < share
    arrivals = replace(
        world.arrivals,
        at=world.arrivals.at[kept],
        records=world.arrivals.records[kept],
        newest=world.arrivals.newest[kept],
    )
    hits = {key: values[kept] for key, values in world.hits.items()}
    return replace(world, arrivals=arrivals, rows=world.rows[kept], hits=hits)


def empty(world: World, field: str, measure: Measure) -> World:
    """A field is as it should be in no record from the fault on."""
    hits = dict(world.hits)
    hits[field, measure] = np.where(
        world.arrivals.at < _seconds(FAULT_AT), hits[field, measure], 0.0
    )
    return replace(world, hits=hits)


Find = Callable[[World, datetime], set[str]]


def hours_until(world: World, find: Find, *, limit: int = 24 * 14) -> int | None:
    """Hours from the fault to the first alert, where one stands by then."""
    hours = range(limit + 1)
    return next((hour for hour in hours if find(world, FAULT_AT + timedelta(hours=hour))), None)


def measure_faults(name: str, seeds: Iterable[int]) -> dict[str, list[int | None]]:
    """Hours until each fault of a channel is told, by fault."""
    told: dict[str, list[int | None]] = {"fallen to 1.5 %": [], "no mails": [], "no country": []}
    for seed in seeds:
        world = replace(make_world(CHANNELS[name], seed), holidays=[])
        told["fallen to 1.5 %"].append(hours_until(fall(world, 0.015, seed), feeds_found))
        told["no mails"].append(hours_until(empty(world, "email", "filled"), fields_found))
        told["no country"].append(hours_until(empty(world, "country", "known"), fields_found))
    return told


def _seconds(instant: datetime) -> float:
    return (instant - EPOCH).total_seconds()


def main(worlds: int, first_seed: int) -> None:
    """Print both tables."""
    seeds = range(first_seed, first_seed + worlds)
    print(f"{'quiet channel':<38}{'alerts per 60 days':>20}{'worst':>7}  kinds")
    for name, channel in CHANNELS.items():
        opened = [false_alarms(make_world(channel, seed)) for seed in seeds]
        kinds = Counter(kind for each in opened for kind in each)
        mean = sum(map(len, opened)) / worlds
        print(f"{name:<38}{mean:>20.2f}{max(map(len, opened)):>7}  {dict(kinds)}", flush=True)
    print(f"\n{'channel with a fault':<38}{'fault':<18}{'hours until told: median, worst':>32}")
    for name in ("3 a day", "20 a day", "200 a day", "2,000 a day, in bursts", "a file a day"):
        for fault, hours in measure_faults(name, seeds).items():
            known = sorted(hour for hour in hours if hour is not None)
            missed = f", {len(hours) - len(known)} not in 14 days" if len(known) < worlds else ""
            told = f"{known[len(known) // 2]}, {known[-1]}" if known else "-"
            print(f"{name:<38}{fault:<18}{told + missed:>32}", flush=True)


if __name__ == "__main__":
    given = [int(each) for each in sys.argv[1:]]
    main(*(given + [10, 1000][len(given) :]))
