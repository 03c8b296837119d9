"""Which territory a lead belongs to, by country, region, postal code prefix and industry.

Owns config/territories.csv: its rows, how they overlap and which of several wins.
Who covers a territory belongs to `roster`.
"""

from dataclasses import dataclass
from functools import cache, cached_property
from itertools import product
from typing import Annotated, Any

import pandas as pd
import pycountry
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

# country, region (ISO 3166-2), postal code prefix, industry; None stands for any.
Key = tuple[str | None, str | None, str | None, str | None]

TERRITORY_COLUMNS = [
    "territory_id",
    "territory",
    "country",
    "region",
    "postal_code_prefix",
    "industry",
    "config_version",
]


def split_list(cell: Any) -> Any:
    """A cell that lists several values with semicolons, as a tuple."""
    if isinstance(cell, str):
        return tuple(part.strip() for part in cell.split(";") if part.strip())
    return cell


Listed = Annotated[tuple[str, ...], BeforeValidator(split_list)]


class TerritoryRow(BaseModel):
    """One row: every combination of its values belongs to `territory`. Blank means any."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    territory: str = Field(min_length=1)
    country: Listed = ()
    region: Listed = ()
    postal_code_prefix: Listed = ()
    industry: Listed = ()

    def faults(self) -> list[str]:
        """What cannot be true of a place."""
        faults = [
            f"country: unknown code {code!r}; allowed: two letters of ISO 3166-1, such as NL"
            for code in self.country
            if pycountry.countries.get(alpha_2=code) is None
        ]
        if (self.region or self.postal_code_prefix) and len(self.country) != 1:
            faults.append("country: a region or postal code prefix needs exactly one country")
        elif not faults:
            faults += [
                f"region: {code!r} is no part of {self.country[0]}; allowed: ISO 3166-2 codes "
                f"such as {_first_region(self.country[0])}"
                for code in self.region
                if full_region(self.country[0], code) not in _regions(self.country[0])
            ]
        return faults

    def claims(self) -> list[Key]:
        """The row as single keys."""
        regions = [full_region(self.country[0], code) for code in self.region]
        prefixes = [_plain_postal_code(prefix) for prefix in self.postal_code_prefix]
        return list(
            product(
                self.country or (None,),
                regions or (None,),
                prefixes or (None,),
                self.industry or (None,),
            )
        )


@dataclass(frozen=True)
class TerritoryMap:
    """Every key with its territory.

    Of several keys that fit a lead the most specific wins: the longest postal code prefix, then
    a region, then an industry, then a country.
    """

    territories: dict[Key, str]

    @cached_property
    def fields(self) -> set[str]:
        """The fields the map reads."""
        names = ("country", "region", "postal_code", "industry")
        used = {
            name
            for key in self.territories
            for name, part in zip(names, key, strict=True)
            if part is not None
        }
        return used | {"country"}

    @cached_property
    def prefix_lengths(self) -> list[int]:
        """The lengths of the postal code prefixes, longest first."""
        return sorted({len(key[2]) for key in self.territories if key[2]}, reverse=True)

    def territory_of(
        self,
        country: str | None,
        region: str | None = None,
        postal_code: str | None = None,
        industry: str | None = None,
    ) -> str | None:
        """The lead's territory; None where the country is not known or nothing fits."""
        if country is None:
            return None
        full = full_region(country, region) if region else None
        postal = _plain_postal_code(postal_code) if postal_code else ""
        prefixes = [postal[:length] for length in self.prefix_lengths if len(postal) >= length]
        for prefix, area, vertical, land in product(
            (*prefixes, None), _or_any(full), _or_any(industry), (country, None)
        ):
            territory = self.territories.get((land, area, prefix, vertical))
            if territory is not None:
                return territory
        return None


def map_territories(rows: list[TerritoryRow]) -> TerritoryMap:
    """The lookup over all rows; the first row wins where two claim a key (a load fault)."""
    territories: dict[Key, str] = {}
    for row in rows:
        for key in row.claims():
            territories.setdefault(key, row.territory)
    return TerritoryMap(territories)


def tabulate_territories(rows: tuple[TerritoryRow, ...], config_version: str) -> pd.DataFrame:
    """The rows of routing.territories: one per key."""
    records = [
        (territory_id(row.territory, key), row.territory, *key, config_version)
        for row in rows
        for key in row.claims()
    ]
    return pd.DataFrame(records, columns=TERRITORY_COLUMNS).astype("str")


def territory_id(territory: str, key: Key) -> str:
    """A name for one key of a territory, such as `Benelux:NL`."""
    country, region, prefix, industry = key
    parts = [region or country or "any", prefix, industry]
    return territory + ":" + "/".join(part for part in parts if part)


def full_region(country: str, region: str) -> str:
    """The ISO 3166-2 code, whether or not the region came with its country."""
    code = region.upper()
    return code if code.startswith(f"{country}-") else f"{country}-{code}"


def _or_any(value: str | None) -> tuple[str | None, ...]:
    return (value, None) if value is not None else (None,)


def _plain_postal_code(code: str) -> str:
    return code.replace(" ", "").replace("-", "").upper()


@cache
def _regions(country: str) -> list[str]:
    subdivisions = pycountry.subdivisions
    return sorted(item.code for item in subdivisions if item.country_code == country)


def _first_region(country: str) -> str:
    regions = _regions(country)
    return regions[0] if regions else "(none: this country has no regions)"
