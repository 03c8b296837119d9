"""The word lists in ``data/``, loaded once: places, names, titles, industries, campaigns.

Lists inside a cell are separated by ``|``. Positions in these tables are what generators draw.
"""

import dataclasses
import functools
from pathlib import Path

import numpy as np
import pandas as pd

from lead_platform.demo.text import Floats, Ints, Text, make_slug, make_text, strip_marks

DATA_DIR = Path(__file__).parent / "data"
LINKEDIN_FORM_PATH = DATA_DIR / "linkedin_form.json"


def read_table(name: str) -> pd.DataFrame:
    """One word list, every value as text, blanks as empty text."""
    return pd.read_csv(DATA_DIR / f"{name}.csv", dtype="str", keep_default_na=False)


def read_weights(table: pd.DataFrame) -> Floats:
    """The table's ``weight`` column as numbers."""
    return table["weight"].to_numpy(dtype=np.float64)


@dataclasses.dataclass(frozen=True)
class NameList:
    """Names of all locales in a row; ``spans[locale]`` is where a locale's names stand."""

    names: Text
    plain: Text
    slugs: Text
    spans: tuple[tuple[int, int], ...]
    weights: tuple[Floats, ...]


@dataclasses.dataclass(frozen=True)
class Spellings:
    """Several spellings per thing: a flat text column and where each thing's spellings start."""

    values: Text
    starts: Ints
    counts: Ints

    def pick(self, rng: np.random.Generator, things: Ints) -> Ints:
        """Positions in ``values``, one drawn per row: the first spelling as often as all others."""
        counts = self.counts[things]
        offset = (rng.random(len(things)) * counts).astype(np.int64)
        offset[rng.random(len(things)) < 0.5] = 0
        return np.where(counts > 0, self.starts[things] + offset, -1)


def split_spellings(cells: list[str]) -> Spellings:
    """Spellings from cells such as ``Inc.|Inc|LLC``."""
    parts = [[part for part in cell.split("|") if part] for cell in cells]
    counts = np.array([len(part) for part in parts], dtype=np.int64)
    return Spellings(
        values=make_text([word for part in parts for word in part]),
        starts=np.concatenate([[0], np.cumsum(counts)[:-1]]).astype(np.int64),
        counts=counts,
    )


@functools.cache
def load_countries() -> pd.DataFrame:
    """One row per country."""
    return read_table("countries")


@functools.cache
def load_cities() -> pd.DataFrame:
    """One row per city, in the order of the countries; ``country_index`` points to its country."""
    cities = read_table("cities")
    order = {code: number for number, code in enumerate(load_countries()["country"])}
    return cities.assign(country_index=cities["country"].map(order).astype("int64"))


@functools.cache
def load_locales() -> tuple[str, ...]:
    """Name locales, in the order of the lists."""
    return tuple(read_table("first_names")["locale"])


@functools.cache
def load_locale_weights() -> tuple[Floats, ...]:
    """Per country: how common the names of each locale are."""
    locales = load_locales()
    rows = []
    for cell in load_countries()["locales"]:
        shares = dict(part.split(":") for part in cell.split("|"))
        rows.append(np.array([float(shares.get(locale, 0)) for locale in locales]))
    return tuple(rows)


@functools.cache
def load_first_names() -> NameList:
    """First names with a long-tailed frequency."""
    table = read_table("first_names")
    lists = [cell.split("|") for cell in table["names"]]
    weights = [1.0 / np.arange(12.0, len(names) + 12.0) for names in lists]
    return _make_names(lists, weights)


@functools.cache
def load_surnames() -> NameList:
    """Common surnames (60 % of people) and compounds of the locale's heads and tails (40 %)."""
    lists, weights = [], []
    for row in read_table("surnames").itertuples(index=False):
        common = str(row.names).split("|")
        seen = set(common)
        compounds = [
            head + tail
            for head in str(row.heads).split("|")
            for tail in str(row.tails).split("|")
            if head + tail not in seen
        ]
        frequency = 1.0 / (np.arange(len(common)) + 15.0)
        lists.append(common + compounds)
        weights.append(
            np.concatenate(
                [0.6 * frequency / frequency.sum(), np.full(len(compounds), 0.4 / len(compounds))]
            )
        )
    return _make_names(lists, weights)


def _make_names(lists: list[list[str]], weights: list[Floats]) -> NameList:
    flat = [name for names in lists for name in names]
    ends = np.cumsum([len(names) for names in lists])
    return NameList(
        names=make_text(flat),
        plain=make_text([strip_marks(name) for name in flat]),
        slugs=make_text([make_slug(name) for name in flat]),
        spans=tuple(
            (int(end) - len(names), int(end)) for end, names in zip(ends, lists, strict=True)
        ),
        weights=tuple(weights),
    )


@functools.cache
def load_nicknames() -> Spellings:
    """For each first name, in the order of ``load_first_names``, its nicknames (often none)."""
    known = dict(read_table("nicknames").itertuples(index=False, name=None))
    return split_spellings([known.get(name, "") for name in load_first_names().names.to_pylist()])
