"""Companies: name, domain under the reserved ``.example``, industry, size, place, switchboard.

Also the firmographics a provider would sell: part of the companies, some of it stale.
"""

import numpy as np
import pandas as pd
import pyarrow.compute as pc

from lead_platform.demo.phones import make_numbers
from lead_platform.demo.settings import WorldSettings, open_stream
from lead_platform.demo.text import (
    Ints,
    Text,
    choose,
    choose_one,
    count_earlier,
    draw,
    draw_within,
    format_number,
    hit,
    join,
    make_frame,
    make_slug,
    make_text,
    take,
)
from lead_platform.demo.words import (
    load_cities,
    load_countries,
    load_locale_weights,
    load_surnames,
    read_table,
    read_weights,
    split_spellings,
)

# ln(1000 / 110) / 1.72 = 1.28 standard deviations: one company in ten has 1,000 employees or more.
_MEDIAN_EMPLOYEES, _EMPLOYEES_SPREAD, _MOST_EMPLOYEES = 110.0, 1.72, 250_000


def generate_companies(
    settings: WorldSettings, count: int, stream: str = "companies", start: int = 0
) -> pd.DataFrame:
    """One row per company; ``start`` is the number of the first one.

    ``phone`` is the switchboard's national number; ``*_index`` columns point into the word lists.
    """
    rng = open_stream(settings.seed, stream)
    countries, cities, industries = load_countries(), load_cities(), read_table("industries")
    country = draw(rng, read_weights(countries), count)
    city = draw_cities(rng, country)
    industry = draw(rng, read_weights(industries), count)
    employees = np.exp(rng.normal(np.log(_MEDIAN_EMPLOYEES), _EMPLOYEES_SPREAD, count))
    employees = np.clip(np.round(employees), 1, _MOST_EMPLOYEES).astype(np.int64)
    name, slug = _name_companies(rng, country, industry)
    forms = split_spellings(countries["legal_forms"].to_list())
    revenue = employees * 140_000 * np.exp(rng.normal(0, 0.5, count))
    columns: dict[str, object] = {
        "company_id": join("c", format_number(start + np.arange(count), 7)),
        "company_name": name,
        "legal_form": take(forms.values, forms.pick(rng, country)),
        "domain": _make_domains(slug, take(make_text(countries["country"]), country), start),
        "industry": take(make_text(industries["industry"]), industry),
        "employee_count": employees,
        "annual_revenue_usd": np.round(revenue, -4).astype(np.int64),
        "country": take(make_text(countries["country"]), country),
        "city": take(make_text(cities["city"]), city),
        "founded_year": (2024 - np.minimum(rng.exponential(18, count), 160)).astype(np.int64),
        "technologies": _draw_technologies(rng, count),
        "phone": make_numbers(country, start + count_earlier(country)),
        "email_pattern": draw(rng, (0.5, 0.2, 0.15, 0.1, 0.05), count),
        "country_index": country,
        "city_index": city,
        "industry_index": industry,
    }
    return make_frame(columns)


def draw_cities(rng: np.random.Generator, country: Ints) -> Ints:
    """Positions of cities, drawn by weight within each row's country."""
    cities = load_cities()
    owner, weights = cities["country_index"].to_numpy(), read_weights(cities)
    return draw_within(rng, country, [weights * (owner == n) for n in range(owner.max() + 1)])


def _name_companies(rng: np.random.Generator, country: Ints, industry: Ints) -> tuple[Text, Text]:
    """Names such as "Northwind Freight" or "Becker & Lange Tools", and their slugs for domains."""
    size = len(country)
    lists = {
        row.kind: str(row.words).split("|") for row in read_table("company_words").itertuples()
    }
    nouns = split_spellings(read_table("industries")["nouns"].to_list())
    noun = nouns.starts[industry] + (rng.random(size) * nouns.counts[industry]).astype(np.int64)
    head = rng.integers(0, len(lists["head"]), size)
    core = rng.integers(0, len(lists["core"]), size)
    surnames = load_surnames()
    locale = draw_within(rng, country, load_locale_weights())
    starts = np.array([span[0] for span in surnames.spans], dtype=np.int64)
    founders = [starts[locale] + draw_within(rng, locale, surnames.weights) for _ in range(2)]
    kind = draw(rng, (0.14, 0.32, 0.3, 0.24), size)

    def compose(words: tuple[Text, Text, Text, Text], gap: str, ampersand: str) -> Text:
        heads, cores, tails, people = words
        begin, middle, end = take(heads, head), take(cores, core), take(tails, noun)
        pair = join(take(people, founders[0]), ampersand, take(people, founders[1]), gap, end)
        return choose_one(
            kind,
            [
                join(begin, gap, end),
                join(begin, pc.utf8_lower(middle), gap, end),
                join(begin, gap, middle, gap, end),
                pair,
            ],
        )

    plain = [make_text(lists["head"]), make_text(lists["core"]), nouns.values]
    slugs = [make_text([make_slug(word) for word in words.to_pylist()]) for words in plain]
    return (
        compose((plain[0], plain[1], plain[2], surnames.names), " ", " & "),
        compose((slugs[0], slugs[1], slugs[2], surnames.slugs), "-", "-"),
    )


def _make_domains(slug: Text, country: Text, start: int) -> Text:
    """Unique domains: a taken name gets the country, then a number."""
    again = count_earlier(slug) > 0 if start == 0 else np.ones(len(slug), dtype=np.bool_)
    rank = count_earlier(slug, country, again)
    national = join(slug, "-", pc.utf8_lower(country))
    numbered = choose(
        (rank > 0) | (start > 0), join(national, format_number(start + rank + 1)), national
    )
    return join(choose(again, numbered, slug), ".example")


def _draw_technologies(rng: np.random.Generator, size: int) -> Text:
    names = make_text(read_table("technologies")["name"])
    first, step = rng.integers(0, len(names), size), rng.integers(1, 6, size)
    parts = [take(names, (first + number * step) % len(names)) for number in range(3)]
    return choose_one(
        rng.integers(0, 3, size),
        [parts[0], join(parts[0], ";", parts[1]), join(parts[0], ";", parts[1], ";", parts[2])],
    )


def sell_firmographics(settings: WorldSettings, companies: pd.DataFrame) -> pd.DataFrame:
    """One row per company the provider covers; one in eight is years old, headcount included."""
    rng = open_stream(settings.seed, "firmographics")
    known = companies[hit(rng, settings.firmographics_coverage, len(companies))]
    size = len(known)
    is_stale = hit(rng, 0.125, size)
    age_days = np.where(is_stale, rng.integers(500, 1500, size), rng.integers(5, 200, size))
    growth = np.where(is_stale, np.exp(rng.normal(-0.5, 0.4, size)), 1.0)
    end = np.datetime64(settings.end_at.date(), "D")
    with_form = hit(rng, 0.7, size)
    name = make_text(known["company_name"])
    employees = known["employee_count"].to_numpy()
    return make_frame(
        {
            "domain": make_text(known["domain"]),
            "company_name": choose(
                with_form, join(name, " ", make_text(known["legal_form"])), name
            ),
            "industry": make_text(known["industry"]),
            "employee_count": np.maximum(1, np.round(employees * growth)).astype(np.int64),
            "annual_revenue": known["annual_revenue_usd"].to_numpy(),
            "country": make_text(known["country"]),
            "city": make_text(known["city"]),
            "founded_year": known["founded_year"].to_numpy(),
            "technologies": make_text(known["technologies"]),
            "source": take(make_text(["registry", "web_crawl"]), rng.integers(0, 2, size)),
            "as_of": end - age_days.astype("timedelta64[D]"),
        }
    )
