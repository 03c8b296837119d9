"""People: name by locale, employer, title, addresses and numbers, and how much they want to buy.

Plants the traps of matching: namesakes elsewhere, relatives at the same company, shared phones.
"""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from lead_platform.demo.companies import draw_cities
from lead_platform.demo.phones import make_numbers
from lead_platform.demo.settings import WorldSettings, open_stream
from lead_platform.demo.text import (
    Flags,
    Ints,
    Text,
    blank,
    choose,
    choose_one,
    count_earlier,
    cut,
    draw,
    draw_within,
    format_number,
    hit,
    join,
    make_frame,
    make_text,
    take,
)
from lead_platform.demo.words import (
    load_cities,
    load_countries,
    load_first_names,
    load_locale_weights,
    load_locales,
    load_surnames,
    read_table,
    read_weights,
)

_WITHOUT_COMPANY = 0.07
_RELATIVES, _NAMESAKES, _SHARED_PHONE = 0.012, 0.01, 0.08
_SENIORITY_WEIGHTS = {
    "c_level": 0.10,
    "vp": 0.09,
    "director": 0.16,
    "manager": 0.28,
    "senior": 0.13,
    "individual": 0.20,
    "intern": 0.04,
}
_MAILBOX_HOSTS = (
    ("gmail.com", 0.52),
    ("outlook.com", 0.14),
    ("yahoo.com", 0.13),
    ("hotmail.com", 0.08),
    ("icloud.com", 0.08),
    ("proton.me", 0.05),
)
_LOCAL_HOSTS = {
    "DE": ("gmx.de", "web.de"),
    "FR": ("orange.fr", "free.fr"),
    "IT": ("libero.it", "virgilio.it"),
    "BR": ("uol.com.br", "bol.com.br"),
    "IN": ("rediffmail.com", "yahoo.co.in"),
    "GB": ("btinternet.com", "yahoo.co.uk"),
}


def generate_people(
    settings: WorldSettings,
    companies: pd.DataFrame,
    count: int,
    stream: str = "people",
    serial: Ints | int = 0,
    prefix: str = "p",
) -> pd.DataFrame:
    """One row per person.

    ``company_index`` is a row of ``companies`` or -1. ``serial`` is the first free phone serial
    (per country or for all). ``intent`` is latent, standard normal: it drives behaviour.
    """
    rng = open_stream(settings.seed, stream)
    company = _choose_employers(rng, companies, count)
    country, city = _place_people(rng, companies, company)
    locale = draw_within(rng, country, load_locale_weights())
    first, last = _name_people(rng, locale, company)
    title = _draw_titles(rng, locale)
    titles, cities, countries = read_table("titles"), load_cities(), load_countries()
    offset = serial[country] if isinstance(serial, np.ndarray) else serial
    surnames, first_names = load_surnames(), load_first_names()
    number = np.arange(count)
    tag = format_number(number, 7)
    # Public handles must not give the true person away: scrambled, still unique below ten million.
    token = format_number((number * 7_368_787 + 41) % 10_000_000, 7)
    columns: dict[str, object] = {
        "person_id": join(prefix, tag),
        "company_index": company,
        "first_name": take(first_names.names, first),
        "last_name": take(surnames.names, last),
        "locale": take(make_text(load_locales()), locale),
        "language": take(make_text(countries["language"]), country),
        "country": take(make_text(countries["country"]), country),
        "city": take(make_text(cities["city"]), city),
        "region": take(make_text(cities["region"]), city),
        "region_code": take(make_text(cities["region_code"]), city),
        "postal_code": _draw_postal_codes(rng, take(make_text(cities["postal_code"]), city)),
        "seniority": take(make_text(titles["seniority"]), title),
        "job_function": take(make_text(titles["job_function"]), title),
        "job_title": take(make_text(titles["title"]), title),
        "work_email": _make_work_emails(companies, company, first, last, prefix),
        "personal_email": _make_personal_emails(rng, country, first, last, prefix),
        "phone": make_numbers(country, offset + count_earlier(country)),
        "has_shared_phone": (company >= 0) & hit(rng, _SHARED_PHONE, count),
        "linkedin_url": join(
            "https://www.linkedin.com/in/",
            take(first_names.slugs, first),
            "-",
            take(surnames.slugs, last),
            "-",
            prefix,
            token,
        ),
        "visitor_id": join("v-", prefix, token),
        "intent": rng.normal(0, 1, count),
        "prefers_personal_email": hit(rng, 0.2, count),
        "country_index": country,
        "city_index": city,
        "first_name_index": first,
        "last_name_index": last,
        "title_index": title,
    }
    return make_frame(columns)


def _choose_employers(rng: np.random.Generator, companies: pd.DataFrame, count: int) -> Ints:
    weights = companies["employee_count"].to_numpy().astype(np.float64) ** 0.35
    return np.where(hit(rng, _WITHOUT_COMPANY, count), -1, draw(rng, weights, count))


def _place_people(
    rng: np.random.Generator, companies: pd.DataFrame, company: Ints
) -> tuple[Ints, Ints]:
    """Country and city: the company's for most, elsewhere for some and those without a company."""
    size = len(company)
    anywhere = draw(rng, read_weights(load_countries()), size)
    home = companies["country_index"].to_numpy()[company]
    country = np.where((company >= 0) & ~hit(rng, 0.05, size), home, anywhere)
    stays = (country == home) & (company >= 0) & hit(rng, 0.8, size)
    return country, np.where(
        stays, companies["city_index"].to_numpy()[company], draw_cities(rng, country)
    )


def _name_people(rng: np.random.Generator, locale: Ints, company: Ints) -> tuple[Ints, Ints]:
    """Positions of first name and surname, with relatives and namesakes planted."""
    size = len(locale)
    drawn = []
    for names in (load_first_names(), load_surnames()):
        starts = np.array([start for start, _ in names.spans], dtype=np.int64)
        drawn.append(starts[locale] + draw_within(rng, locale, names.weights))
    first, last = drawn
    order = np.argsort(company, kind="stable")
    is_neighbour = np.concatenate([[False], company[order][1:] == company[order][:-1]])
    chosen = np.flatnonzero(is_neighbour & (company[order] >= 0) & hit(rng, _RELATIVES, size))
    last[order[chosen]] = last[order[chosen - 1]]
    copies = np.flatnonzero(hit(rng, _NAMESAKES, size))
    models = rng.integers(0, size, len(copies))
    first[copies], last[copies] = first[models].copy(), last[models].copy()
    return first, last


def _draw_titles(rng: np.random.Generator, locale: Ints) -> Ints:
    """Titles by seniority; speakers of a title's language may use it instead of the English one."""
    titles = read_table("titles")
    seniority = titles["seniority"]
    share = (
        seniority.map(_SENIORITY_WEIGHTS) / seniority.groupby(seniority).transform("size")
    ).to_numpy(dtype=np.float64)
    languages = titles["locale"].to_numpy()
    weights = [
        share * np.where(languages == "en", 1.0, np.where(languages == own, 6.0, 0.0))
        for own in load_locales()
    ]
    return draw_within(rng, locale, weights)


def _draw_postal_codes(rng: np.random.Generator, patterns: Text) -> Text:
    digit = rng.integers(0, 10, len(patterns))
    return choose_one(
        digit, [pc.replace_substring(patterns, "#", str(number)) for number in range(10)]
    )


def _make_work_emails(
    companies: pd.DataFrame, company: Ints, first: Ints, last: Ints, prefix: str
) -> Text:
    """Addresses in the company's pattern, unique; null without a company."""
    given, family = take(load_first_names().slugs, first), take(load_surnames().slugs, last)
    pattern = companies["email_pattern"].to_numpy()[company]
    local = choose_one(
        pattern,
        [
            join(given, ".", family),
            join(cut(given, 0, 1), family),
            given,
            join(given, cut(family, 0, 1)),
            join(given, "_", family),
        ],
    )
    domain = take(make_text(companies["domain"]), company)
    rank = count_earlier(local, company)
    numbered = join(local, prefix[1:], format_number(rank + 1))
    is_taken: Flags = (rank > 0) | (prefix != "p")
    return join(choose(is_taken, numbered, local), "@", domain)


def _make_personal_emails(
    rng: np.random.Generator, country: Ints, first: Ints, last: Ints, prefix: str
) -> Text:
    """Free mail addresses; digits make it unlikely that anyone real has them."""
    size = len(country)
    given, family = take(load_first_names().slugs, first), take(load_surnames().slugs, last)
    host = take(
        make_text([name for name, _ in _MAILBOX_HOSTS]),
        draw(rng, [weight for _, weight in _MAILBOX_HOSTS], size),
    )
    codes = load_countries()["country"]
    for place in (0, 1):
        hosts = make_text(
            [_LOCAL_HOSTS[code][place] if code in _LOCAL_HOSTS else None for code in codes]
        )
        host = pc.if_else(
            pa.array(hit(rng, 0.12, size)), pc.coalesce(take(hosts, country), host), host
        )
    digits = rng.integers(1_000, 1_000_000, size)
    local = choose(
        hit(rng, 0.7, size),
        join(given, ".", family, prefix[1:], format_number(digits)),
        join(cut(given, 0, 1), family, prefix[1:], format_number(digits)),
    )
    rank = count_earlier(local)
    suffix = choose(rank == 0, "", join("x", format_number(rank)))
    return join(local, suffix, "@", host)


def find_addresses(people: pd.DataFrame, companies: pd.DataFrame) -> tuple[Text, Text]:
    """Per person the national number it is reached by (shared or own) and a role mailbox."""
    company = people["company_index"].to_numpy()
    switchboard = take(make_text(companies["phone"]), company)
    shared = people["has_shared_phone"].to_numpy() & (
        people["country_index"].to_numpy() == companies["country_index"].to_numpy()[company]
    )
    phone = choose(shared, switchboard, make_text(people["phone"]))
    names = make_text(["info", "sales", "office", "contact"])
    mailbox = join(take(names, company % 4), "@", take(make_text(companies["domain"]), company))
    return phone, blank(company < 0, mailbox)
