import pytest
from hypothesis import given
from hypothesis import strategies as st

from lead_platform.identity.normalization.quantities import (
    normalize_annual_revenue,
    normalize_employee_count,
)
from lead_platform.vocabularies.tables import Vocabularies


@pytest.mark.parametrize(
    ("raw", "count"),
    [
        ("1-20", 1), ("51–200 employees", 51), ("1,000+", 1000), ("10k", 10_000), ("1.000", 1000),
        ("12", 12), ("12.0", 12), ("just me", 1), ("< 50", 1), ("5001-10,000", 5001),
        ("1.5k", 1500), ("10 000", 10_000), ("800-2k", 800), ("10-50k", 10_000),
        ("over 500", 500), ("0", None), ("-5", None), ("abc", None), ("99999999", None),
    ],
)  # fmt: skip
def test_employee_count_is_the_lower_bound(
    raw: str, count: int | None, vocabularies: Vocabularies
) -> None:
    found = normalize_employee_count(raw, vocabularies)
    assert found.value == count
    assert (found.reason is None) == (count is not None)


@pytest.mark.parametrize(
    ("raw", "revenue"),
    [
        ("$1M - $10M", 1e6), ("€2.5 million", 2.5e6), ("1,234,567.89", 1234567.89),
        ("1.234.567,89", 1234567.89), ("10-50M", 1e7), ("1.5bn", 1.5e9), ("500K+", 5e5),
        ("USD 3 Mio", 3e6), ("1.250 Mio", None),
        ("1,250-2,000k", None), ("5 Crore", 5e7), ("less than $1M", 0), ("a lot", None),
    ],
)  # fmt: skip
def test_annual_revenue(raw: str, revenue: float | None, vocabularies: Vocabularies) -> None:
    assert normalize_annual_revenue(raw, vocabularies).value == revenue


@given(st.text() | st.from_regex(r"[$€]?\d[\d., ]{0,12}( ?[kmb+])?", fullmatch=True))
def test_twice_is_once_and_nothing_raises(vocabularies: Vocabularies, raw: str) -> None:
    for normalise in (normalize_employee_count, normalize_annual_revenue):
        once = normalise(raw, vocabularies)
        if once.value is not None:
            written = f"{once.value:.2f}" if once.value % 1 else f"{once.value:.0f}"
            assert normalise(written, vocabularies).value == once.value


# Each was read as another number, or may be.
@pytest.mark.parametrize(
    "raw",
    [
        "1e9", "1E+12", "½", "1/2", "3 3/4", "10⁶", "10^6", "5x10", "100万", "三百", "1.2.3",
        "1,2,3", "1.234.5", "10 50", "1 00 000", "0x1F", "5 mil", "1T", "50%", "a dozen", "2 dozen",
        "5 million thousand", "10k million", "10 or 500", "3 founders, 200 people", "12/2023",
        "2024-01-05", "+49 30 123456", "1٫5", "EUR -5", "$ -3M", "1'0", "v2", "10e", "1_000",
    ],
)  # fmt: skip
def test_what_may_be_two_numbers_is_none(raw: str, vocabularies: Vocabularies) -> None:
    found = normalize_employee_count(raw, vocabularies)
    assert found.value is None
    assert found.reason


@pytest.mark.parametrize(
    ("raw", "count"),
    [
        ("1e3", 1000), ("1.5e3 employees", 1500), ("٢٥٠", 250), ("２５０", 250), ("1'000", 1000),
        ("1,23,456", 123_456), ("12.500", 12_500), ("between 10 and 50", 10),
        ("zwischen 10 und 50", 10), ("5 hundred", 500), ("3 tausend", 3000), ("1234.0", 1234),
        ("2 lakh", 200_000), ("4974.9991", 4974), ("23.996", 23_996), ("23.99596", 23),
    ],
)  # fmt: skip
def test_forms_of_one_number(raw: str, count: int, vocabularies: Vocabularies) -> None:
    assert normalize_employee_count(raw, vocabularies).value == count


@pytest.mark.parametrize(
    "bound",
    [
        "max. {}", "maximal {}", "hasta {}", "até {}", "fino a {}", "jusqu'à {}", "bis {}",
        "weniger als {}", "meno di {}", "at most {}", "no more than {}", "nicht mehr als {}",
        "tot {}", "högst {}", "do {}", "до {}", "не более {}", "{} or less", "{} oder weniger",
        "under {}", "<{}", "≤ {}",
    ],
)  # fmt: skip
def test_an_upper_bound_is_no_lower_one(bound: str, vocabularies: Vocabularies) -> None:
    assert normalize_employee_count(bound.format(50), vocabularies).value == 1
    assert normalize_annual_revenue(bound.format(50), vocabularies).value == 0


@pytest.mark.parametrize(
    ("raw", "revenue"),
    [
        ("10 млн", 1e7), ("10 milj", 1e7), ("10 mkr", 1e7), ("10 mln zł", 1e7), ("5 mld €", 5e9),
        ("10 тыс. руб.", 10_000), ("500 TEUR", 5e5), ("¥1M - ¥10M", 1e6), ("$10M a year", 1e7),
        ("R$ 1M - R$ 10M", 1e6), ("CHF 1M - CHF 10M", 1e6), ("R$ 1.250,50", 1250.5),
        ("1 Mio. € – 10 Mio. €", 1e6), ("1 to 5 million", 1e6),
    ],
)  # fmt: skip
def test_factors_and_currencies_of_other_languages(
    raw: str, revenue: float, vocabularies: Vocabularies
) -> None:
    assert normalize_annual_revenue(raw, vocabularies).value == revenue


@given(st.from_regex("[a-zäöüéñøåčžабвгд]{2,8}", fullmatch=True), st.booleans())
def test_an_unknown_word_beside_a_figure_makes_it_none(
    vocabularies: Vocabularies, word: str, is_before: bool
) -> None:
    raw = f"{word} 50" if is_before else f"50 {word}"
    words = vocabularies.quantities.meanings_in(vocabularies.currencies.without_signs(word))
    found = normalize_employee_count(raw, vocabularies)
    assert (words is not None) or (found.value is None and found.reason is not None)


WRITTEN = (
    "{0}", "{0:,}", "{0:_}", "{0:e}", "{0:.17g}", "{0}.0", "{0:,}.00", "{0} employees", "~{0:,}",
    "{0:,}+", "> {0}", "{0} - {1}", "{0:,} to {1:,}", "{0}/{1}", "{0} {1}", "{0},{1}", "{0}.{1}",
    "{0} people in {1} offices", "{0}k", "{0} mil", "{0}%", "n{0}", "{0}x{1}", "{0}^{1}", "-{0}",
)  # fmt: skip
SEPARATORS = (",", ".", " ", "'", "\u00a0", "\u202f", "\u2009")


@given(
    st.sampled_from(WRITTEN),
    st.integers(1, 5_000_000),
    st.integers(0, 5_000_000),
    st.sampled_from(SEPARATORS),
)
def test_a_number_is_read_as_itself_or_not_at_all(
    vocabularies: Vocabularies, form: str, number: int, other: int, separator: str
) -> None:
    """`1e9` employees were read as 9: a wrong figure decides scores and routes."""
    raw = form.format(number, other).replace(",", separator)
    found = normalize_employee_count(raw, vocabularies)
    meant = {number, number * 1000 if "k" in form else number}
    if form in ("{0},{1}", "{0} {1}", "{0}.{1}"):
        # One number to whoever reads it: its digits, or what stands before the mark.
        meant |= {int(f"{number}{other}")}
    if found.value is None:
        assert found.reason
    else:
        assert found.value in meant


@pytest.mark.parametrize("raw", ["(1.234,50)", "(1.250.000) €", "1.250.000-", "-3.000 €", "−5"])
def test_a_negative_number_is_none(raw: str, vocabularies: Vocabularies) -> None:
    for normalize in (normalize_annual_revenue, normalize_employee_count):
        found = normalize(raw, vocabularies)
        assert found.value is None
        assert found.reason == "a negative number"
