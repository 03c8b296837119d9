"""What people call time zones, beside their names in the tz database; time_zones.csv has them.

A name of several lines has several meanings, the first of which is the likeliest: EST is the time
of New York, whose clocks go forward in summer, or five hours behind UTC all year.
"""

import csv
from functools import cache
from pathlib import Path
from zoneinfo import available_timezones

from lead_platform.vocabularies.text import fold

# Their zones are no cities: Canada/Central, Australia/West.
_COUNTRIES = frozenset({"Brazil", "Canada", "Chile", "Mexico", "US"})
_REGIONS = frozenset({"act", "lhi", "north", "nsw", "queensland", "south", "tasmania", "victoria",
                      "west"})  # fmt: skip
_LIST = Path(__file__).with_name("time_zones.csv")


def called(name: str) -> tuple[str, ...]:
    """The zones that `name` may stand for, by name or by offset; none where it is not listed."""
    return _rows().get(fold(name), ())


def zone_of_name(name: str) -> str | None:
    """The zone of the tz database that is called so (`europe/berlin`), or whose city is (`Berlin`);
    None where there is none."""
    return _database().get(fold(name))


@cache
def _rows() -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    with _LIST.open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            found[row["name"]] = (*found.get(row["name"], ()), row["zone"])
    return found


@cache
def _database() -> dict[str, str]:
    names = [name for name in available_timezones() if "/" in name and name[:4] != "Etc/"]
    cities: dict[str, set[str]] = {}
    for name in names:
        if name.partition("/")[0] not in _COUNTRIES:
            cities.setdefault(fold(name.rpartition("/")[2]), set()).add(name)
    alone = {
        city: found.pop()
        for city, found in cities.items()
        if len(found) == 1 and city not in _REGIONS
    }
    return alone | {fold(name): name for name in names}
