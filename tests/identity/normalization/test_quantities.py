import pytest
from hypothesis import given
from hypothesis import strategies as st

from lead_platform.identity.normalization.quantities import (
    normalize_annual_revenue,
    normalize_employee_count,
)
from lead_platform.identity.normalization.vocabularies import Vocabularies


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
        ("USD 3 Mio", 3e6), ("5 Crore", 5e7), ("less than $1M", 0), ("a lot", None),
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
