"""Phone numbers nobody shares by accident: ranges set aside for fiction first, then random ones.

Sources of the fictional ranges: NANP 555-01xx; drama numbers of Ofcom, Bundesnetzagentur, Arcep,
ACMA, PTS. Countries without such ranges (IN, NL, ES, BR, IT) and worlds too large for them get
random numbers of a valid prefix.
"""

import dataclasses
import functools

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from lead_platform.demo.text import (
    Flags,
    Ints,
    Text,
    choose,
    choose_one,
    cut,
    draw,
    format_number,
    join,
    make_text,
    take,
)
from lead_platform.demo.words import load_cities, load_countries, read_table

# A prime: coprime to every capacity here, so a walk meets each number once before it starts again.
_STRIDE = 7_368_787


@dataclasses.dataclass(frozen=True)
class _Range:
    """Numbers of one country and origin: prefixes and how many digits follow each."""

    prefixes: tuple[str, ...]
    digits: tuple[int, ...]

    @property
    def capacity(self) -> int:
        return sum(10**count for count in self.digits)


@functools.cache
def _load_ranges() -> dict[tuple[str, str], _Range]:
    rows = [
        (str(row.country), str(row.origin), str(row.prefix), int(str(row.digits)))
        for row in read_table("phones").itertuples(index=False)
    ]
    for row in load_cities().itertuples(index=False):
        country = str(row.country)
        if country in ("US", "CA"):
            rows.append((country, "fictional", f"{row.dial_prefix}55501", 2))
            # Exchanges of 6xx to 8xx keep clear of 555 and of service codes such as 911.
            rows += [(country, "random", f"{row.dial_prefix}{first}", 6) for first in (6, 7, 8)]
    ranges: dict[tuple[str, str], _Range] = {}
    for key in dict.fromkeys((country, origin) for country, origin, _, _ in rows):
        own = [
            (prefix, digits) for country, origin, prefix, digits in rows if (country, origin) == key
        ]
        ranges[key] = _Range(tuple(p for p, _ in own), tuple(d for _, d in own))
    return ranges


def make_numbers(country_index: Ints, serial: Ints) -> Text:
    """National significant numbers, a different one for each serial of a country.

    ``serial`` counts from 0 within each country; two calls with disjoint serials never collide
    (until a country's random ranges, at least 10 million numbers each, are used up).
    """
    pieces, order = [], []
    for number, country in enumerate(load_countries()["country"]):
        rows = np.flatnonzero(country_index == number)
        order.append(rows)
        pieces.append(_number_country(country, serial[rows]))
    positions = np.empty(len(country_index), dtype=np.int64)
    positions[np.concatenate(order)] = np.arange(len(country_index))
    return pa.concat_arrays(pieces).take(pa.array(positions))


def _number_country(country: str, serial: Ints) -> Text:
    ranges = _load_ranges()
    fictional, random = ranges.get((country, "fictional")), ranges[(country, "random")]
    set_aside = fictional.capacity if fictional else 0
    late = _number_range(random, np.maximum(serial - set_aside, 0))
    if fictional is None:
        return late
    early = _number_range(fictional, np.minimum(serial, set_aside - 1))
    return choose(serial < set_aside, early, late)


def _number_range(numbers: _Range, serial: Ints) -> Text:
    """Walk the range in a fixed scattered order, so that neighbours in serial are not in number."""
    position = (serial * _STRIDE) % numbers.capacity
    starts = np.concatenate([[0], np.cumsum([10**digits for digits in numbers.digits])])
    segment = np.searchsorted(starts, position, side="right") - 1
    rest = format_number(position - starts[segment])
    widths = np.array(numbers.digits, dtype=np.int64)[segment]
    padded = choose_one(widths, [rest] + [pc.utf8_lpad(rest, width, "0") for width in range(1, 9)])
    return join(take(make_text(numbers.prefixes), segment), padded)


def format_e164(country_index: Ints, national: Text) -> Text:
    """``+`` country code and national number."""
    return join("+", take(make_text(load_countries()["dial_code"]), country_index), national)


def format_typed(rng: np.random.Generator, country_index: Ints, national: Text) -> Text:
    """Numbers as people type them: international, national, dotted, with 00 or an extension."""
    countries = load_countries()
    dial = take(make_text(countries["dial_code"]), country_index)
    trunk = take(make_text(countries["trunk"]), country_index)
    is_nanp: Flags = np.asarray(pc.equal(dial, "1"))
    first, middle, last = cut(national, 0, 3), cut(national, 3, 6), cut(national, 6)
    compact = join("+", dial, national)
    spaced = join("+", dial, " ", first, " ", middle, " ", last)
    plain = join(trunk, national)
    grouped = choose(
        is_nanp,
        join("(", first, ") ", middle, "-", last),
        join(trunk, cut(national, 0, 2), " ", cut(national, 2, 5), " ", cut(national, 5)),
    )
    dotted = choose(is_nanp, join(first, ".", middle, ".", last), spaced)
    zeros = choose(
        is_nanp, join("1-", first, "-", middle, "-", last), join("00", dial, " ", national)
    )
    extension = join(compact, " ext. ", format_number(rng.integers(10, 999, len(country_index))))
    bracketed = choose(
        np.asarray(pc.equal(trunk, "0")), join("+", dial, " (0) ", first, " ", middle, last), spaced
    )
    kind = draw(rng, (0.32, 0.16, 0.24, 0.11, 0.07, 0.05, 0.02, 0.03), len(country_index))
    return choose_one(kind, [compact, spaced, grouped, plain, dotted, zeros, extension, bracketed])
