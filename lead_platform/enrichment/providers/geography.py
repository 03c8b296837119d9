"""Country, region, currency and time zone from what is known of a lead's place.

The stated country comes first, then the phone's. The time zone comes from the region, else from a
country that has one main zone, else from the phone's area code.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from importlib.metadata import version as library_version
from typing import Any, NamedTuple

import pandas as pd
import phonenumbers
import pycountry
from babel.core import get_global
from babel.numbers import get_territory_currencies
from phonenumbers import NumberParseException, timezone

from lead_platform.enrichment.provider import (
    MATCHED,
    NOT_FOUND,
    Answer,
    EnrichmentError,
    ProviderContext,
    answer_frame,
)
from lead_platform.identity.normalization.places import region_name
from lead_platform.vocabularies.tables import Vocabularies

NAME = "geography"
CODE_VERSION = "1"
SOURCE = f"CLDR in babel {library_version('babel')}"
# Stands in region_time_zones.csv for the zone most people of a country live in.
_ANY_REGION = "*"


class _Place(NamedTuple):
    key: str
    country: str | None
    region: str | None
    phone_country: str | None
    phone: str | None


@dataclass(frozen=True)
class Geography:
    """Places a lead on the map and on the clock."""

    version: str
    vocabularies: Vocabularies
    name: str = NAME
    request_columns: tuple[str, ...] = ("country", "region", "phone_country", "phone")

    def enrich(self, requests: pd.DataFrame, as_of: datetime) -> pd.DataFrame:
        """One answer per distinct place; not_found where not even a country is known."""
        columns = ["request_key", *self.request_columns]
        filled = requests[columns].astype(object).where(requests[columns].notna(), None)
        places = (_Place(*row) for row in filled.itertuples(index=False, name=None))
        return answer_frame([self._answer(place, as_of) for place in places])

    def _answer(self, place: _Place, as_of: datetime) -> Answer:
        country = place.country or place.phone_country
        if country is None:
            return Answer(place.key, NOT_FOUND, source=SOURCE, reason="no country known")
        region = place.region if place.country else None
        zone, basis = self._time_zone(country, region, place.phone)
        attributes = {
            "country": country,
            "country_basis": "stated" if place.country else "phone",
            "country_name": _country_name(country),
            "region_name": _region_name(country, region) if region else None,
            "currency": _currency(country, as_of.date()),
            "time_zone": zone,
            "time_zone_basis": basis,
        }
        return Answer(place.key, MATCHED, attributes, SOURCE, as_of.date())

    def _time_zone(
        self, country: str, region: str | None, phone: str | None
    ) -> tuple[str | None, str | None]:
        by_region = self.vocabularies.region_time_zones
        if region and (country, region) in by_region:
            return by_region[country, region], "region"
        zones = _zones(country)
        if len(zones) == 1:
            return zones[0], "country"
        main = by_region.get((country, _ANY_REGION))
        if main:
            return main, "country"
        of_phone = [zone for zone in _phone_zones(phone) if zone in zones] if phone else []
        if len(of_phone) == 1:
            return of_phone[0], "phone"
        return None, None


def create(options: Mapping[str, Any], context: ProviderContext) -> Geography:
    """The provider; it has no options."""
    if options:
        raise EnrichmentError(f"{NAME}: unknown options {', '.join(options)}; it has none")
    return Geography(f"{CODE_VERSION}-{context.vocabularies.version}", context.vocabularies)


@cache
def _country_name(country: str) -> str | None:
    found = pycountry.countries.get(alpha_2=country)
    return str(getattr(found, "common_name", found.name)) if found else None


@cache
def _region_name(country: str, region: str) -> str:
    return region_name(country, region) or region


@cache
def _currency(country: str, day: date) -> str | None:
    """The tender of that day; of several the one CLDR lists last is in use longest."""
    found = get_territory_currencies(country, day, day)
    return str(found[0]) if found else None


@cache
def _zones(country: str) -> tuple[str, ...]:
    return tuple(get_global("territory_zones").get(country, ()))


def _phone_zones(phone: str) -> tuple[str, ...]:
    try:
        return tuple(timezone.time_zones_for_number(phonenumbers.parse(phone)))
    except NumberParseException:
        return ()
