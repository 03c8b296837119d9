import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lead_platform.identity.normalization.categories import (
    normalize_category,
    normalize_linkedin_url,
    page_category,
)
from lead_platform.vocabularies.rows import (
    CONSENTS,
    INDUSTRIES,
    PREFERRED_CHANNELS,
    PURCHASE_TIMEFRAMES,
    SOURCES,
)
from lead_platform.vocabularies.tables import Vocabularies


@pytest.mark.parametrize(
    ("raw", "source"),
    [
        ("Google", "google"), ("google", "google"), ("adwords", "google"), ("fb", "facebook"),
        ("google ads - brand", "google"), ("Olark Chat", "chat"), ("Direct Traffic", "direct"),
        ("(direct)", "direct"), ("Organic Search", "organic_search"), ("Reference", "referral"),
        ("Referral Sites", "referral"), ("Press_Release", "other"), ("testone", None),
    ],
)  # fmt: skip
def test_source(raw: str, source: str | None, vocabularies: Vocabularies) -> None:
    found = normalize_category(raw, vocabularies.sources, vocabularies)
    assert found.value == source
    assert found.reason == (None if source else "not in sources.csv")


@pytest.mark.parametrize(
    ("raw", "industry"),
    [
        ("SaaS", "software"), ("COMPUTER_SOFTWARE", "software"), ("Banking", "financial_services"),
        ("Hospitals and Health Care", "healthcare"), ("Retail Apparel and Fashion", "retail"),
        ("Renewable Energy Equipment Manufacturing", "manufacturing"), ("Odd trade", None),
    ],
)  # fmt: skip
def test_industry(raw: str, industry: str | None, vocabularies: Vocabularies) -> None:
    assert normalize_category(raw, vocabularies.industries, vocabularies).value == industry


@pytest.mark.parametrize(
    ("raw", "timeframe"),
    [
        ("ASAP", "now"), ("1-3 months", "this_quarter"), ("3–6 months", "this_half"),
        ("6-12 months", "this_year"), ("Just researching", "later"), ("whenever", None),
    ],
)  # fmt: skip
def test_purchase_timeframe(raw: str, timeframe: str | None, vocabularies: Vocabularies) -> None:
    table = vocabularies.purchase_timeframes
    assert normalize_category(raw, table, vocabularies).value == timeframe


def test_canonical_values_stand_for_themselves(vocabularies: Vocabularies) -> None:
    tables = [
        (vocabularies.industries, INDUSTRIES),
        (vocabularies.sources, SOURCES),
        (vocabularies.purchase_timeframes, PURCHASE_TIMEFRAMES),
        (vocabularies.preferred_channels, PREFERRED_CHANNELS),
        (vocabularies.consents, CONSENTS),
    ]
    for table, values in tables:
        for value in values:
            assert normalize_category(value, table, vocabularies).value == value


@pytest.mark.parametrize(
    ("url", "category"),
    [
        ("https://x.com/pricing?a=1", "pricing"), ("/en/pricing/", "pricing"),
        ("https://x.com/", "home"), ("https://x.com", "home"), ("/de", "home"),
        ("/customers/acme", "case_study"), ("/request-demo", "demo"), ("/api/v1", "docs"),
        ("/de/produkt", "product"), ("/karriere", "careers"), ("/contact-us", "contact"),
        ("/blog/how-to-price", "blog"), ("/foo", "other"), ("http://[bad", "other"),
    ],
)  # fmt: skip
def test_page_category(url: str, category: str, vocabularies: Vocabularies) -> None:
    assert page_category(pd.Series([url]), vocabularies).tolist() == [category]


def test_page_category_keeps_index_and_nulls(vocabularies: Vocabularies) -> None:
    found = page_category(pd.Series([None, "/pricing"], index=[7, 3]), vocabularies)
    assert found.index.tolist() == [7, 3]
    assert found.isna().tolist() == [True, False]


@pytest.mark.parametrize(
    ("raw", "url"),
    [
        ("https://www.linkedin.com/in/Foo-Bar/?x=1", "https://www.linkedin.com/in/foo-bar"),
        ("de.linkedin.com/in/foo", "https://www.linkedin.com/in/foo"),
        ("linkedin.com/company/x", None),
        ("foo", None),
    ],
)
def test_linkedin_url(raw: str, url: str | None) -> None:
    assert normalize_linkedin_url(raw).value == url


@given(st.text() | st.from_regex(r"https://x\.linkedin\.com/in/[\w%.-]{1,20}", fullmatch=True))
def test_linkedin_twice_is_once(raw: str) -> None:
    once = normalize_linkedin_url(raw)
    assert once.value is None or normalize_linkedin_url(once.value) == once


@given(st.text())
def test_any_url_has_a_category(vocabularies: Vocabularies, url: str) -> None:
    assert page_category(pd.Series([url]), vocabularies).notna().all()
