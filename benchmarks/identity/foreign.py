"""Foreign worlds: generated sets of people that no specification was settled on.

Each seed draws another kind of set: which columns there are, in which language names are given, how
many records a person has, how often fields are mistyped, missing, outdated or swapped, whether
people share a household, and whether a column is constant or tells nothing. Nothing here knows how
records are matched.

    python -m benchmarks.identity.foreign     100 worlds, beside plain Splink and a name join
"""

import argparse
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from benchmarks.identity.measures import measure
from benchmarks.identity.sets import LabelledSet, SetDescription
from lead_platform.identity.engine.specification import read_shares

_OLDEST = np.datetime64("1935-01-01")
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_DIGITS = "0123456789"
SYLLABLES = ("ba", "den", "fel", "gor", "hal", "kin", "lau", "mer", "nor", "ost", "pra", "rid",
              "sel", "tor", "ulm", "ver", "win", "zel")  # fmt: skip
_OCCUPATIONS = tuple(
    f"{what} {who}"
    for what in ("school", "office", "site", "night", "field", "junior", "senior")
    for who in ("teacher", "manager", "nurse", "clerk", "engineer", "driver", "cook", "buyer")
)
# Columns besides names, and how likely a set has each.
_OPTIONAL = {
    "birth_date": 0.45, "email": 0.4, "phone": 0.4, "street": 0.4, "city": 0.7,
    "postal_code": 0.6, "region": 0.3, "occupation": 0.2, "national_id": 0.1,
}  # fmt: skip
_ADDRESS = ("street", "city", "postal_code", "region")


@dataclass(frozen=True)
class Traits:
    """What kind of set a seed draws."""

    people: int
    records_per_person: float
    columns: tuple[str, ...]
    names: str
    corrupted: float
    missing: float
    moved: float
    households: float
    cities: int
    constant: str | None
    shortened: float


def draw_traits(seed: int, *, most_people: int = 4_000) -> Traits:
    """The kind of set the seed stands for."""
    rng = np.random.default_rng([seed, 1])
    optional = [name for name, share in _OPTIONAL.items() if rng.random() < share]
    if not optional:
        optional = ["city", "postal_code"]
    lists = sorted(set(_lists("first_names")) & set(_lists("last_names")))
    spare = [name for name in ("region", "occupation") if name in optional]
    return Traits(
        people=int(np.exp(rng.uniform(np.log(150), np.log(most_people)))),
        records_per_person=float(rng.choice([1.05, 1.3, 2.0, 3.0, 8.0])),
        columns=("first_name", "last_name", *optional),
        names=str(rng.choice(lists)),
        corrupted=float(rng.choice([0.03, 0.1, 0.2, 0.4])),
        missing=float(rng.choice([0.0, 0.05, 0.2, 0.4])),
        moved=float(rng.choice([0.0, 0.1, 0.3])),
        households=float(rng.choice([0.0, 0.1, 0.4])),
        cities=int(rng.choice([8, 60, 500])),
        constant=str(rng.choice(spare)) if spare and rng.random() < 0.2 else None,
        shortened=float(rng.choice([0.0, 0.05])),
    )


def foreign_world(seed: int, *, most_people: int = 4_000) -> LabelledSet:
    """The seed's set: `records` in random order, `truth` a number per person."""
    traits = draw_traits(seed, most_people=most_people)
    rng = np.random.default_rng([seed, 2])
    people = _people(traits, rng)
    counts = 1 + rng.poisson(traits.records_per_person - 1, traits.people)
    owners = rng.permutation(np.repeat(np.arange(traits.people), counts))
    records = people.iloc[owners].reset_index(drop=True)
    seen: set[int] = set()
    rows = []
    for owner, values in zip(owners.tolist(), records.to_dict("records"), strict=True):
        record = {str(name): str(value) for name, value in values.items()}
        rows.append(record if owner not in seen else _spoilt(record, traits, rng))
        seen.add(owner)
    frame = pd.DataFrame(rows)[list(traits.columns)].astype(object)
    frame = frame.where(frame.notna() & (frame != ""), None)
    description = SetDescription(kind="person", files=())
    return LabelledSet(f"foreign_{seed}", description, frame, pd.Series(owners))


# --- people ------------------------------------------------------------------------------------


def _lists(name: str) -> list[str]:
    return list(dict.fromkeys(read_shares(name)["list"].to_pylist()))


def drawn_names(name: str, language: str, size: int, rng: np.random.Generator) -> list[str]:
    """So many names of a list, each as often as it is common."""
    shares = read_shares(name).to_pandas()
    shares = shares[shares["list"] == language]
    weights = shares["share"].to_numpy() / shares["share"].sum()
    return [str(value) for value in rng.choice(shares["value"].to_numpy(), size, p=weights)]


def _people(traits: Traits, rng: np.random.Generator) -> pd.DataFrame:
    size = traits.people
    cities = _places(traits.cities, rng)
    # Few cities hold many people.
    weights = 1 / np.arange(1, len(cities) + 1)
    homes = rng.choice(len(cities), size, p=weights / weights.sum())
    codes = rng.integers(0, 1 + 400 // traits.cities, size)
    people = pd.DataFrame({
        "first_name": drawn_names("first_names", traits.names, size, rng),
        "last_name": drawn_names("last_names", traits.names, size, rng),
        "city": [cities[home] for home in homes],
        "postal_code": [str(10_000 + code) for code in 37 * homes + codes],
        "region": [f"region {SYLLABLES[home % 12]}" for home in homes],
        "street": [
            f"{number} {SYLLABLES[a]}{SYLLABLES[b]} {kind}"
            for number, a, b, kind in zip(
                rng.integers(1, 150, size), rng.integers(0, 18, size), rng.integers(0, 18, size),
                rng.choice(["street", "road", "lane"], size), strict=True,
            )
        ],
        "birth_date": [
            str(_OLDEST + np.timedelta64(int(days), "D")) for days in rng.integers(0, 26_000, size)
        ],
        "phone": ["".join(map(str, row)) for row in rng.integers(0, 10, (size, 9))],
        "national_id": ["".join(map(str, row)) for row in rng.integers(0, 10, (size, 8))],
        "occupation": rng.choice(_OCCUPATIONS, size),
    })  # fmt: skip
    _move_together(people, traits.households, rng)
    people["email"] = _mailboxes(people, rng)
    if traits.constant is not None:
        people[traits.constant] = "same everywhere"
    return people


def _places(count: int, rng: np.random.Generator) -> list[str]:
    made = {"".join(SYLLABLES[part] for part in rng.integers(0, 18, 3)) for _ in range(count * 2)}
    return sorted(made)[:count]


def _move_together(people: pd.DataFrame, share: float, rng: np.random.Generator) -> None:
    """Neighbours in the table become families: one name, one address, one phone."""
    follows = rng.random(len(people)) < share
    follows[0] = False
    # Each takes what the first of the family has.
    first = np.maximum.accumulate(np.where(follows, 0, np.arange(len(people))))
    for column in ("last_name", *_ADDRESS, "phone"):
        people[column] = people[column].to_numpy()[first]


def _mailboxes(people: pd.DataFrame, rng: np.random.Generator) -> list[str]:
    return [
        f"{first.lower()}.{last.lower()}{number if number > 30 else ''}@{host}".replace(" ", "")
        for first, last, number, host in zip(
            people["first_name"], people["last_name"], rng.integers(0, 100, len(people)),
            rng.choice(["mail.example", "post.example", "box.example"], len(people)), strict=True,
        )
    ]  # fmt: skip


# --- what happens to records -------------------------------------------------------------------


def _spoilt(record: dict[str, str], traits: Traits, rng: np.random.Generator) -> dict[str, str]:
    """A further record of a person: mistyped, incomplete, outdated."""
    spoilt = dict(record)
    if rng.random() < traits.moved:
        spoilt |= {
            "street": f"{rng.integers(1, 150)} {SYLLABLES[rng.integers(18)]}berg lane",
            "city": "".join(SYLLABLES[part] for part in rng.integers(0, 18, 3)),
            "postal_code": str(rng.integers(10_000, 30_000)),
            "phone": "".join(map(str, rng.integers(0, 10, 9))),
        }
    if rng.random() < traits.shortened:
        spoilt["first_name"] = spoilt["first_name"][:1]
    if rng.random() < traits.corrupted / 10:
        names = spoilt["first_name"], spoilt["last_name"]
        spoilt["last_name"], spoilt["first_name"] = names
    for column in traits.columns:
        if column == traits.constant:
            continue
        if rng.random() < traits.corrupted:
            spoilt[column] = mistyped(spoilt[column], rng)
        if column not in ("first_name", "last_name") and rng.random() < traits.missing:
            spoilt[column] = ""
    return spoilt


def mistyped(text: str, rng: np.random.Generator) -> str:
    """With a slip or two of whoever typed it."""
    for _ in range(1 + int(rng.random() < 0.3)):
        if not text:
            return text
        text = _SLIPS[rng.integers(len(_SLIPS))](text, int(rng.integers(len(text))), rng)
    return text


def _other_sign(sign: str, rng: np.random.Generator) -> str:
    return str(rng.choice(list(_DIGITS if sign.isdigit() else _LETTERS)))


def _replaced(text: str, at: int, rng: np.random.Generator) -> str:
    return text[:at] + _other_sign(text[at], rng) + text[at + 1 :]


def _doubled(text: str, at: int, rng: np.random.Generator) -> str:
    return text[:at] + _other_sign(text[at], rng) + text[at:]


def _dropped(text: str, at: int, _: np.random.Generator) -> str:
    return text[:at] + text[at + 1 :] if len(text) > 1 else text


def _turned(text: str, at: int, _: np.random.Generator) -> str:
    return text[:at] + text[at : at + 2][::-1] + text[at + 2 :]


_SLIPS: tuple[Callable[[str, int, np.random.Generator], str], ...] = (
    _replaced, _doubled, _dropped, _turned,
)  # fmt: skip


# --- the benchmark -----------------------------------------------------------------------------


def main() -> None:
    """Prints per world the F1 of the engine and of its anchors, then how they compare."""
    from benchmarks.identity.anchors import join_on_name, plain_splink
    from benchmarks.identity.evaluation import run_engine
    from benchmarks.identity.foreign_companies import draw_company_traits, foreign_companies

    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--worlds", type=int, default=100)
    parser.add_argument("--most", type=int, default=1_500, help="people or companies of a world")
    parser.add_argument("--companies", action="store_true", help="in the place of people")
    options = parser.parse_args()
    ahead: dict[str, list[float]] = {"plain Splink": [], "name join": []}
    for seed in range(options.first, options.first + options.worlds):
        traits: object
        if options.companies:
            world = foreign_companies(seed, most=options.most)
            traits = draw_company_traits(seed, most=options.most)
        else:
            world = foreign_world(seed, most_people=options.most)
            traits = draw_traits(seed, most_people=options.most)
        ours = measure(world, run_engine(world).linkage.clusters)
        plain = measure(world, plain_splink(world)).f1
        joined = measure(world, join_on_name(world)).f1
        ahead["plain Splink"].append(ours.f1 - plain)
        ahead["name join"].append(ours.f1 - joined)
        print(
            f"{seed:4} {len(world.records):6,} records  engine {ours.f1:.3f} "
            f"({ours.precision:.3f}, {ours.recall:.3f})  plain Splink {plain:.3f}  "
            f"name join {joined:.3f}  {traits}",
            flush=True,
        )
    for anchor, differences in ahead.items():
        print(
            f"engine less {anchor}: median {np.median(differences):+.3f}, "
            f"5th percentile {np.percentile(differences, 5):+.3f}"
        )


if __name__ == "__main__":
    main()
