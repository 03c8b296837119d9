"""Foreign worlds of companies: generated sets that no specification was settled on.

As foreign.py for people: each seed draws how companies are named, which columns there are besides
the name, how many records a company has, how its name is varied from record to record, and how much
of a name it shares with strangers: a surname with other trades, a place, one word with a sister
company that is another one. Nothing here knows how records are matched.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from benchmarks.identity.foreign import SYLLABLES, drawn_names, mistyped
from benchmarks.identity.sets import LabelledSet, SetDescription
from lead_platform.identity.linkage.specification import SOURCE

_TRADES = (
    "Logistics", "Consulting", "Software", "Foods", "Textiles", "Electronics", "Engineering",
    "Motors", "Pharma", "Energy", "Media", "Insurance", "Partners", "Tools", "Metals", "Paper",
    "Shipping", "Optics", "Bakery", "Furniture", "Chemicals", "Games", "Travel", "Security",
)  # fmt: skip
_BROAD = ("Group", "Holding", "International", "Services", "Solutions", "Systems", "Industries")
# How a form is written; a company keeps its form, not its spelling.
_FORMS = {
    "us": (("Inc", "Inc.", "Incorporated", ", Inc."), ("LLC", "L.L.C."), ("Corp", "Corporation")),
    "gb": (("Ltd", "Limited", "Ltd."), ("PLC", "plc", "Public Limited Company")),
    "de": (("GmbH", "G.m.b.H.", "Gesellschaft mbH"), ("AG", "Aktiengesellschaft"),
           ("GmbH & Co. KG",)),
    "fr": (("SARL", "S.A.R.L."), ("SA", "S.A."), ("SAS", "S.A.S.")),
    "es": (("S.L.", "SL"), ("S.A.", "SA")),
    "nl": (("B.V.", "BV"), ("N.V.", "NV")),
}  # fmt: skip
_LISTS = {"us": "us_census_1990", "gb": "en_gb", "de": "de_de", "fr": "fr_fr", "es": "es_es",
          "nl": "nl_nl"}  # fmt: skip
_SHORT = {"International": "Intl", "Services": "Svcs", "Industries": "Ind", "Systems": "Sys",
          "Engineering": "Eng.", "Electronics": "Elec", "Group": "Grp"}  # fmt: skip
_OPTIONAL = {"website": 0.35, "phone": 0.3, "street": 0.3, "city": 0.4, "postal_code": 0.3}


@dataclass(frozen=True)
class CompanyTraits:
    """What kind of set a seed draws."""

    companies: int
    records_per_company: float
    columns: tuple[str, ...]
    country: str
    corrupted: float
    varied: float
    missing: float
    sisters: float
    two_lists: bool


def draw_company_traits(seed: int, *, most: int = 4_000) -> CompanyTraits:
    """The kind of set the seed stands for; two in five have names alone."""
    rng = np.random.default_rng([seed, 11])
    optional = [name for name, share in _OPTIONAL.items() if rng.random() < share]
    if rng.random() < 0.4:
        optional = []
    return CompanyTraits(
        companies=int(np.exp(rng.uniform(np.log(120), np.log(most)))),
        records_per_company=float(rng.choice([1.1, 1.5, 2.0, 4.0])),
        columns=("name", *optional),
        country=str(rng.choice(sorted(_FORMS))),
        corrupted=float(rng.choice([0.0, 0.03, 0.1, 0.25])),
        varied=float(rng.choice([0.1, 0.4, 0.8])),
        missing=float(rng.choice([0.0, 0.1, 0.4])),
        sisters=float(rng.choice([0.0, 0.05, 0.2])),
        two_lists=bool(rng.random() < 0.4),
    )


def foreign_companies(seed: int, *, most: int = 4_000) -> LabelledSet:
    """The seed's set: `records` in random order, `truth` a number per company."""
    traits = draw_company_traits(seed, most=most)
    rng = np.random.default_rng([seed, 12])
    companies = _companies(traits, rng)
    counts = np.maximum(1, rng.poisson(traits.records_per_company - 1, len(companies)) + 1)
    if traits.two_lists:
        # A list of each company once, and one of some of them as others write them.
        counts = 1 + (rng.random(len(companies)) < min(0.9, traits.records_per_company / 2.5))
    owners = rng.permutation(np.repeat(np.arange(len(companies)), counts))
    seen: set[int] = set()
    rows = []
    for owner in owners.tolist():
        record = dict(companies[owner])
        is_first = owner not in seen
        seen.add(owner)
        if not is_first:
            record = _spoilt(record, traits, rng)
        row = {name: record[name] for name in traits.columns}
        rows.append({**row, SOURCE: "listed" if is_first else "entered"})
    frame = pd.DataFrame(rows).astype(object)
    frame = frame.where(frame.notna() & (frame != ""), None)
    if not traits.two_lists:
        frame = frame.drop(columns=[SOURCE])
    description = SetDescription(
        kind="organisation", files=(), link="between" if traits.two_lists else "within"
    )
    return LabelledSet(f"foreign_companies_{seed}", description, frame, pd.Series(owners))


# --- companies ---------------------------------------------------------------------------------


def _companies(traits: CompanyTraits, rng: np.random.Generator) -> list[dict[str, str]]:
    surnames = drawn_names("last_names", _LISTS[traits.country], traits.companies, rng)
    found: dict[str, dict[str, str]] = {}
    for surname in surnames:
        company = _company(surname.title(), traits, rng)
        found.setdefault(company["name"].lower(), company)
        if rng.random() < traits.sisters:
            sister = _company(surname.title(), traits, rng)
            sister["name"] = _sister_name(company, traits, rng)
            found.setdefault(sister["name"].lower(), sister)
    return list(found.values())


def _coined(rng: np.random.Generator) -> str:
    parts = rng.integers(0, len(SYLLABLES), rng.integers(2, 4))
    return "".join(SYLLABLES[part] for part in parts).title()


def _company(surname: str, traits: CompanyTraits, rng: np.random.Generator) -> dict[str, str]:
    forms = _FORMS[traits.country]
    form = forms[rng.integers(len(forms))][0]
    trade = str(rng.choice(_TRADES))
    stem = _STEMS[rng.integers(len(_STEMS))](surname, trade, rng)
    city = "".join(SYLLABLES[part] for part in rng.integers(0, len(SYLLABLES), 2)).title()
    street = f"{_coined(rng)} {rng.choice(['street', 'road', 'lane'])} {rng.integers(1, 200)}"
    return {
        "name": f"{stem} {form}",
        "stem": stem,
        "form": form,
        "trade": trade,
        "website": f"{stem.lower().replace(' ', '').replace('&', '')}.example",
        "phone": "+1212" + "".join(map(str, rng.integers(2, 10, 7))),
        "street": street,
        "city": city,
        "postal_code": str(rng.integers(10_000, 99_999)),
    }


_STEMS: tuple[Callable[[str, str, np.random.Generator], str], ...] = (
    lambda surname, trade, rng: f"{surname} {trade}",
    lambda surname, trade, rng: f"{surname} & {_coined(rng)}",
    lambda surname, trade, rng: _coined(rng),
    lambda surname, trade, rng: f"{_coined(rng)} {trade}",
    lambda surname, trade, rng: f"{surname} {rng.choice(_BROAD)}",
    lambda surname, trade, rng: f"{_coined(rng)} {trade} {rng.choice(_BROAD)}",
    lambda surname, trade, rng: f"{_coined(rng)} {_coined(rng)} {trade}",
)


def _sister_name(company: dict[str, str], traits: CompanyTraits, rng: np.random.Generator) -> str:
    """Another company of the same first word: another trade, or a place."""
    first = company["stem"].split()[0]
    if rng.random() < 0.5:
        others = [trade for trade in _TRADES if trade != company["trade"]]
        return f"{first} {rng.choice(others)} {company['form']}"
    return f"{company['stem']} {_coined(rng)} {company['form']}"


# --- what happens to names ---------------------------------------------------------------------


def _spoilt(
    record: dict[str, str], traits: CompanyTraits, rng: np.random.Generator
) -> dict[str, str]:
    stem, form = record["stem"], record["form"]
    spelled = next(forms for forms in _FORMS[traits.country] if forms[0] == form)
    if rng.random() < traits.varied:
        form = str(rng.choice([*spelled, ""]))
    if rng.random() < traits.varied / 2:
        stem = " ".join(_SHORT.get(word, word) for word in stem.split())
    if rng.random() < traits.varied / 3:
        stem = stem.replace("&", "and" if traits.country in ("us", "gb") else "+")
    if rng.random() < traits.varied / 8:
        stem = stem.upper()
    if rng.random() < traits.varied / 10 and len(stem.split()) > 2:
        stem = " ".join(stem.split()[:2])
    if rng.random() < traits.corrupted:
        stem = mistyped(stem, rng)
    spoilt = record | {"name": f"{stem} {form}".replace(" ,", ",").strip()}
    for column in traits.columns[1:]:
        if rng.random() < traits.corrupted:
            spoilt[column] = mistyped(spoilt[column], rng)
        if rng.random() < traits.missing:
            spoilt[column] = ""
    return spoilt
