import contextlib
from decimal import Decimal
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lead_platform.capture import numbers
from lead_platform.capture.numbers import (
    NumberMarks,
    plain_figures,
    read_integer,
    read_number,
)
from lead_platform.capture.values import ValueFault
from lead_platform.vocabularies.folder import shipped_intake_lists

CURRENCIES = shipped_intake_lists().currencies
read_amount = partial(numbers.read_amount, currencies=CURRENCIES)
read_currency = partial(numbers.read_currency, currencies=CURRENCIES)
GERMAN = NumberMarks(",", ".")
ENGLISH = NumberMarks(".", ",")
ALL_MARKS = [
    NumberMarks(decimal, thousands)
    for decimal in ".,"
    for thousands in (".", ",", " ", "'", "")
    if decimal != thousands
]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("1,234.50", "1234.50"),
        (5, "5"),
        ("-3", "-3"),
        ("1e3", "1000"),
        (0.1, "0.10"),
        (1.125, "1.12"),
        ("24120000", "24120000"),
        ("1.250.000,50 €", "1250000.50"),
        ("1,250,000.50", "1250000.50"),
        ("1 250 000,50", "1250000.50"),
        ("1\u202f250\u202f000,50 EUR", "1250000.50"),
        ("1'250.00", "1250"),
        ("CHF 1’250.–", "1250"),
        ("1.250,-", "1250"),
        ("$1,250", "1250"),
        ("1.250 €", "1250"),
        ("EUR 12", "12"),
        ("12,5", "12.50"),
        ("(1,250.00)", "-1250"),
        ("1250-", "-1250"),
        ("\u2212$5.00", "-5"),
        ("12,34,567.5", "1234567.50"),
        ("R$ 1.250,50", "1250.50"),
        ("0.125", "0.12"),
        ("1234.125", "1234.12"),
    ],
)
def test_amounts(value: object, expected: str) -> None:
    assert read_amount(value) == Decimal(expected)


@pytest.mark.parametrize(
    "value",
    ["12 EUX", "1.234.50", "", "1.234", "1,234", "12 %", "1 EUR 2", "½", "abc", True, "1e99", "nan",
     [1], "1.250 KWD", "12 000 00", "1,2,3", "10-20", "1.25.000,5", "5 Mio"],
)  # fmt: skip
def test_what_is_no_amount_or_two_is_refused(value: object) -> None:
    with pytest.raises(ValueFault):
        read_amount(value)


@pytest.mark.parametrize(
    ("value", "marks", "expected"),
    [
        ("1.250", GERMAN, "1250"),
        ("1.250", ENGLISH, "1.25"),
        ("1,250", ENGLISH, "1250"),
        ("1,250", GERMAN, "1.25"),
        ("1,5E+03", GERMAN, "1500"),
    ],
)
def test_the_channel_says_which_marks(value: str, marks: NumberMarks, expected: str) -> None:
    assert read_amount(value, marks=marks) == Decimal(expected)


@pytest.mark.parametrize("value", ["1250.50", "12.5", "1 250,00"])
def test_other_marks_than_the_channels_are_refused(value: str) -> None:
    with pytest.raises(ValueFault, match="as `numbers` of the channel has them"):
        read_amount(value, marks=GERMAN)


@given(st.text(max_size=30) | st.floats() | st.integers() | st.none())
def test_numbers_are_read_or_refused(value: object) -> None:
    for read in (read_amount, read_integer, read_number):
        for marks in (None, GERMAN):
            with contextlib.suppress(ValueFault):
                read(value, marks=marks)


@given(
    st.decimals(min_value=0, max_value=10**9, places=2),
    st.sampled_from(ALL_MARKS),
    st.sampled_from(["{}", "{} €", "EUR {}", "-{}", "({})"]),
)
def test_no_way_to_write_a_number_gives_another_number(
    number: Decimal, marks: NumberMarks, around: str
) -> None:
    english = f"{number:,.2f}"
    written = english.translate(str.maketrans({",": marks.thousands, ".": marks.decimal}))
    expected = -number if "-" in around or "(" in around else number
    assert read_amount(around.format(written), marks=marks) == expected
    with contextlib.suppress(ValueFault):
        assert read_amount(around.format(written)) == expected
    whole = written.removesuffix(f"{marks.decimal}00")
    if whole != written:
        with contextlib.suppress(ValueFault):
            assert read_amount(whole) == number
        assert read_amount(plain_figures(whole, marks)) == number


def test_a_quantity_is_whole() -> None:
    assert read_integer("5.0") == 5
    assert read_integer("1.250") == read_integer("1,250") == 1250
    with pytest.raises(ValueFault, match=r"may be 3000 or 3\.000"):
        read_integer("3.000")
    with pytest.raises(ValueFault, match="whole number"):
        read_integer("2.5")
    with pytest.raises(ValueFault, match="whole number"):
        read_integer(2**40)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("eur", "EUR"),
        ("€", "EUR"),
        ("1.250,50 €", "EUR"),
        ("USD 12", "USD"),
        ("zł", "PLN"),
        ("Euro", "EUR"),
        ("₸", "KZT"),
        ("Ft", "HUF"),
        ("US$ 5", "USD"),
        ("CA$ 1,250.50", "CAD"),
        ("S/.500", "PEN"),
        ("$ 12 USD", "USD"),
    ],
)
def test_currencies(value: str, expected: str) -> None:
    assert read_currency(value) == expected


@pytest.mark.parametrize(
    "value", ["$", "ABC", "XXX", "XTS", "kr", "¥", "12", "EUR/USD", "EUR or more", ""]
)
def test_what_is_no_currency_of_iso_4217_is_refused(value: str) -> None:
    with pytest.raises(ValueFault, match="ISO 4217"):
        read_currency(value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1.200", "1200"),
        ("1.250.000,50 €", "1250000.50 €"),
        ("3,5 Mio", "3.5 Mio"),
        ("3,125 Mio", "3.1250 Mio"),
        ("50-1.000", "50-1000"),
        ("12.5", "12.5"),
        ("keine", "keine"),
    ],
)
def test_figures_are_written_plainly_for_those_behind(text: str, expected: str) -> None:
    assert plain_figures(text, GERMAN) == expected


SIGNS = ("€", "US$", "CA$", "A$", "HK$", "R$", "RM", "TL", "lei", "руб.", "kr.", "Rs.", "₾", "₸",
         "₲", "₡", "₼", "₮", "₵", "Ft", "¥", "S/.", "CHF", "SEK")  # fmt: skip


@given(
    st.sampled_from(SIGNS),
    st.sampled_from(("{sign} {figure}", "{sign}{figure}", "{figure} {sign}", "{figure}{sign}")),
    st.decimals(min_value=1, max_value=10**9, places=2),
)
def test_a_sign_of_a_currency_changes_no_amount(sign: str, form: str, number: Decimal) -> None:
    assert read_amount(form.format(sign=sign, figure=f"{number:,.2f}")) == number
    assert read_amount(form.format(sign=sign, figure=f"{number:.0f}")) == int(f"{number:.0f}")


@pytest.mark.parametrize(
    ("written", "number"),
    [("12.000,-", 12_000.0), ("1200.-", 1_200.0), ("9,-", 9.0), ("-9,-", -9.0), ("9-", -9.0)],
)
def test_a_dash_for_the_cents_is_no_minus(written: str, number: float) -> None:
    assert read_number(written) == number
    assert read_amount(written) == Decimal(str(number))
