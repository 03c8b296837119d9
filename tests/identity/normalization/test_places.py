import pytest
from hypothesis import given
from hypothesis import strategies as st

from lead_platform.identity.normalization.places import (
    country_told_by_region,
    country_told_by_time_zone,
    normalize_city,
    normalize_country,
    normalize_language,
    normalize_postal_code,
    normalize_region,
    normalize_time_zone,
)
from lead_platform.vocabularies.tables import Vocabularies


@pytest.mark.parametrize(
    ("raw", "country"),
    [
        ("DE", "DE"), ("deu", "DE"), ("Deutschland", "DE"), ("  England ", "GB"), ("UK", "GB"),
        ("U.S.A.", "US"), ("usa", "US"), ("Estados Unidos", "US"), ("The Netherlands", "NL"),
        ("Korea, Republic of", "KR"), ("Côte d’Ivoire", "CI"), ("日本", "JP"), ("Россия", "RU"),
        ("Myanmar (Burma)", "MM"), ("Germnay", "DE"), ("Untied States", "US"), ("Niger", "NE"),
        ("Nigeria", "NG"), ("Austria", "AT"), ("Australia", "AU"), ("Kosovo", "XK"),
        ("ČR", "CZ"), ("č.r.", "CZ"), ("DÉ", None), ("Ö", None), ("Çin", "CN"), ("CR", "CR"),
        ("D", None), ("A", None), ("F", None), ("I", None), ("CH", "CH"),
        ("Atlantis", None), ("unknown", None), ("Asia/Pacific Region", None), ("xx", None),
    ],
)  # fmt: skip
def test_country(raw: str, country: str | None, vocabularies: Vocabularies) -> None:
    found = normalize_country(raw, vocabularies)
    assert found.value == country
    assert (found.reason is None) == (country is not None)


@pytest.mark.parametrize(
    ("raw", "country", "region"),
    [
        ("California", "US", "CA"), ("ca", "US", "CA"), ("N. Carolina", "US", "NC"),
        ("US-CA", None, "CA"), ("Bavaria", "DE", "BY"), ("Bayern", "DE", "BY"),
        ("Québec", "CA", "QC"), ("nsw", "AU", "NSW"), ("Maharashtra", "IN", "MH"),
        ("lombardia", "IT", "Lombardia"), ("Somewhere", "GB", "Somewhere"),
        ("California", None, "California"), ("Freedonia", "US", None), ("georgia", "CA", None),
    ],
)  # fmt: skip
def test_region(
    raw: str, country: str | None, region: str | None, vocabularies: Vocabularies
) -> None:
    assert normalize_region(raw, country, vocabularies).value == region


def test_what_tells_a_country() -> None:
    assert country_told_by_region("california") == "US"
    assert country_told_by_region("CA") is None
    assert country_told_by_time_zone("Europe/Berlin") == "DE"
    assert country_told_by_time_zone("Etc/UTC") is None


@pytest.mark.parametrize(
    ("raw", "city"),
    [
        ("RIO DE JANEIRO", "Rio de Janeiro"), ("frankfurt am main", "Frankfurt am Main"),
        ("McAllen", "McAllen"), ("Other Cities", None), ("12345", None),
    ],
)  # fmt: skip
def test_city(raw: str, city: str | None, vocabularies: Vocabularies) -> None:
    assert normalize_city(raw, vocabularies).value == city


@pytest.mark.parametrize(
    ("raw", "country", "code"),
    [
        ("2139", "US", "02139"), ("62581-5386", "US", "62581-5386"), ("abcde", "US", None),
        ("123456", "US", None), ("sw1a1aa", "GB", "SW1A 1AA"), ("k1a0b1", "CA", "K1A 0B1"),
        ("10115", "DE", "10115"),
    ],
)  # fmt: skip
def test_postal_code(raw: str, country: str, code: str | None, vocabularies: Vocabularies) -> None:
    assert normalize_postal_code(raw, country, vocabularies).value == code


@pytest.mark.parametrize(
    ("raw", "language"),
    [
        ("en-US", "en"), ("English", "en"), ("de_DE.UTF-8", "de"), ("fr-FR,fr;q=0.9", "fr"),
        ("Deutsch", "de"), ("español", "es"), ("ger", "de"), ("Portuguese (Brazil)", "pt"),
        ("日本語", "ja"), ("Klingon", None), ("xx", None),
    ],
)  # fmt: skip
def test_language(raw: str, language: str | None, vocabularies: Vocabularies) -> None:
    assert normalize_language(raw, vocabularies).value == language


@pytest.mark.parametrize(
    ("raw", "zone"),
    [
        ("europe/berlin", "Europe/Berlin"), ("Asia/Calcutta", "Asia/Kolkata"),
        ("Eastern Time (US & Canada)", "America/New_York"), ("Mars/Base", None),
    ],
)  # fmt: skip
def test_time_zone(raw: str, zone: str | None, vocabularies: Vocabularies) -> None:
    assert normalize_time_zone(raw, vocabularies).value == zone


@given(st.text(max_size=30), st.sampled_from([None, "US", "DE", "IT", "JP"]))
def test_twice_is_once_and_nothing_raises(
    vocabularies: Vocabularies, raw: str, country: str | None
) -> None:
    for once, again in (
        (normalize_country(raw, vocabularies), lambda v: normalize_country(v, vocabularies)),
        (normalize_city(raw, vocabularies), lambda v: normalize_city(v, vocabularies)),
        (normalize_language(raw, vocabularies), lambda v: normalize_language(v, vocabularies)),
        (normalize_time_zone(raw, vocabularies), lambda v: normalize_time_zone(v, vocabularies)),
        (
            normalize_region(raw, country, vocabularies),
            lambda v: normalize_region(v, country, vocabularies),
        ),
        (
            normalize_postal_code(raw, country, vocabularies),
            lambda v: normalize_postal_code(v, country, vocabularies),
        ),
    ):
        assert once.value is None or again(once.value).value == once.value
