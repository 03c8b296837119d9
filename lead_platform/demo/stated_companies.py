"""Synthetic companies as submissions state them, with the truth of which is which.

Owns what the shipped accounts' model is trained on: drawn from a seed and short word lists, so it
holds nobody's data. With the traps of account matching: namesakes, subsidiaries, shared buildings.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from lead_platform.identity.normalization.companies import company_key

Texts = NDArray[np.object_]


def _split(text: str) -> list[str]:
    return text.split()


_SYLLABLES = _split(
    "al bar bel bo bri cal cor da del den dor el fal fen gar gle gra har hel im in jo kal kar "
    "kes la lan lor lu mar mel mer mon na nel nor ol or pal per pol qua ra rem ro sal san sel "
    "so ta tel tor tri ul va ver vi vol wel wes wil yor za zel"
)
_TRADES = _split(
    "software systems consulting logistics freight foods pharma medical energy capital finance "
    "insurance media press retail stores motors tools machinery plastics textiles construction "
    "engineering labs data networks telecom travel hotels estates partners advisory group "
    "industries works trading services solutions technologies design security analytics health"
)
_MIDDLE = _split(
    "north west east south central first united royal grand modern advanced global premier "
    "digital green blue silver golden union alpine coastal river harbour summit valley metro"
)
_LEGAL_FORMS = {
    "US": "Inc|LLC|Corp|Co", "GB": "Ltd|PLC|LLP", "DE": "GmbH|AG|KG", "FR": "SARL|SAS|SA",
    "ES": "S.L.|S.A.", "IT": "S.r.l.|S.p.A.", "NL": "B.V.|N.V.", "SE": "AB",
}  # fmt: skip
_COUNTRY_NAMES = {
    "US": "USA", "GB": "UK", "DE": "Deutschland", "FR": "France", "ES": "España", "IT": "Italia",
    "NL": "Nederland", "SE": "Sverige",
}  # fmt: skip
_ENDINGS = {
    "US": "com", "GB": "co.uk", "DE": "de", "FR": "fr", "ES": "es", "IT": "it", "NL": "nl",
    "SE": "se",
}  # fmt: skip
_CITIES = {
    "US": "New York|Chicago|Austin|Seattle|Denver|Boston|Atlanta|Dallas|Phoenix|Portland",
    "GB": "London|Manchester|Leeds|Bristol|Glasgow", "DE": "Berlin|Munich|Hamburg|Cologne|Bremen",
    "FR": "Paris|Lyon|Lille|Nantes", "ES": "Madrid|Barcelona|Valencia|Bilbao",
    "IT": "Milan|Rome|Turin|Bologna", "NL": "Amsterdam|Utrecht|Rotterdam", "SE": "Stockholm|Malmö",
}  # fmt: skip
_COUNTRIES = tuple(_LEGAL_FORMS)
_WEIGHTS = (0.36, 0.15, 0.15, 0.1, 0.07, 0.07, 0.06, 0.04)
_COLUMNS = ("company_domain", "company_key", "country", "city", "postal_code", "street", "phone")


@dataclass(frozen=True)
class SyntheticCompanies:
    """`records` has record_id and what a company record states; `truth` the company of each."""

    records: pd.DataFrame
    truth: pd.Series


def generate_companies(records: int, *, seed: int) -> SyntheticCompanies:
    """About three distinct records per company; the same arguments give the same ones."""
    rng = np.random.default_rng(seed)
    companies = _draw_companies(rng, max(2, records // 3))
    weights = 1 / np.arange(1, len(companies) + 1) ** 0.6
    company = rng.choice(len(companies), size=records, p=weights / weights.sum())
    stated = _state(rng, companies.iloc[company].reset_index(drop=True))
    stated["company"] = company
    stated = stated[stated["company_domain"].notna() | stated["company_key"].notna()]
    stated = stated.drop_duplicates([*_COLUMNS, "company"]).reset_index(drop=True)
    stated.insert(0, "record_id", [f"crec_{seed}_{number:07d}" for number in range(len(stated))])
    return SyntheticCompanies(stated[["record_id", *_COLUMNS]], stated["company"])


def _draw_companies(rng: np.random.Generator, count: int) -> pd.DataFrame:
    """One row per company; a few bear another one's name, or are its branch in another country."""
    country = rng.choice(np.array(_COUNTRIES, dtype=object), count, p=_WEIGHTS)
    name = _names(rng, count)
    parent = np.arange(count)
    namesake = np.flatnonzero(rng.random(count) < 0.03)
    parent[namesake] = rng.integers(0, count, len(namesake))
    subsidiary = np.flatnonzero(rng.random(count) < 0.04)
    parent[subsidiary] = rng.integers(0, count, len(subsidiary))
    name = name[parent].copy()
    for row in subsidiary:
        if country[row] != country[parent[row]]:
            name[row] = f"{name[row]} {_COUNTRY_NAMES[country[row]]}"
    plain = [one.lower().replace("ñ", "n").replace(" ", "") for one in name]
    taken: dict[str, int] = {}
    domains = []
    for label, code in zip(plain, country, strict=True):
        ending = _ENDINGS[code] if rng.random() < 0.7 else "com"
        number = taken.get(f"{label}.{ending}", 0)
        taken[f"{label}.{ending}"] = number + 1
        domains.append(f"{label}{number or ''}.{ending}")
    building = rng.integers(0, max(2, int(count * 0.9)), count)
    return pd.DataFrame({
        "name": name, "country": country, "domain": domains,
        "city": [_one_of(rng, _CITIES[code]) for code in country],
        "street": [f"{rng.integers(1, 200)} {_one_of(rng, _STREETS)}" for _ in range(count)],
        "postal_code": [f"{number % 90_000 + 10_000}" for number in building],
        "phone": [f"+{number}" for number in rng.permutation(9 * count + 9)[:count] + 10_000_000],
    })  # fmt: skip


_STREETS = "Main Street|High Street|Station Road|Bahnhofstrasse|Rue de la Paix|Via Roma|Park Avenue"


def _names(rng: np.random.Generator, count: int) -> Texts:
    words = rng.choice(np.array(_SYLLABLES), (count, 3))
    longer = rng.random(count) < 0.4
    stem = [f"{a}{b}{c if more else ''}" for (a, b, c), more in zip(words, longer, strict=True)]
    middle = rng.choice(np.array(_MIDDLE), count)
    has_middle = rng.random(count) < 0.3
    trade = rng.choice(np.array(_TRADES), count)
    parts = zip(stem, middle, has_middle, trade, strict=True)
    return np.array(
        [f"{a.title()} {b.title() + ' ' if more else ''}{c.title()}" for a, b, more, c in parts],
        dtype=object,
    )


def _state(rng: np.random.Generator, companies: pd.DataFrame) -> pd.DataFrame:
    """What submissions say of their companies: some of it, misspelled, from another place."""
    size = len(companies)

    def chance(share: float) -> NDArray[np.bool_]:
        return rng.random(size) < share

    elsewhere, abroad = chance(0.2), chance(0.05)
    country = companies["country"].to_numpy(dtype=object).copy()
    country[abroad] = rng.choice(np.array(_COUNTRIES, dtype=object), int(abroad.sum()))
    moved = elsewhere | (country != companies["country"].to_numpy())
    other_city = np.array([_one_of(rng, _CITIES[code]) for code in country], dtype=object)
    city = np.where(moved, other_city, companies["city"])
    forms = [_one_of(rng, _LEGAL_FORMS[code]) for code in companies["country"]]
    spoken = [
        _spell(rng, f"{name} {form}" if formal else name, mistyped=typo, shortened=short)
        for name, form, formal, typo, short in zip(
            companies["name"], forms, chance(0.4), chance(0.02), chance(0.03), strict=True
        )
    ]
    at_home = ~moved & chance(0.12)
    stated: dict[str, tuple[Any, Any]] = {
        "company_domain": (chance(0.7), companies["domain"]),
        "company_key": (chance(0.8), [company_key(one) for one in spoken]),
        "country": (chance(0.75), country),
        "city": (chance(0.4), city),
        "postal_code": (at_home, companies["postal_code"]),
        "street": (at_home, companies["street"]),
        "phone": (chance(0.12), companies["phone"]),
    }
    return pd.DataFrame(
        {
            name: pd.Series(values, dtype=object).where(given)
            for name, (given, values) in stated.items()
        }
    )


def _spell(rng: np.random.Generator, name: str, *, mistyped: bool, shortened: bool) -> str:
    words = name.split()
    if shortened and len(words) > 2:
        words = words[: int(rng.integers(1, len(words)))]
    text = " ".join(words)
    if not mistyped or len(text) < 5:
        return text
    at = int(rng.integers(1, len(text) - 1))
    return text[:at] + (text[at + 1 :] if rng.random() < 0.5 else text[at] + text[at:])


def _one_of(rng: np.random.Generator, listed: str) -> str:
    values = listed.split("|")
    return values[int(rng.integers(len(values)))]
