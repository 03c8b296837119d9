"""What a person sees of a number in a workbook."""

import math
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lead_platform.capture.tabular.number_formats import BUILT_IN, show_number


@pytest.mark.parametrize(
    ("stored", "code", "shown"),
    [
        ("1067", "00000", "01067"),
        ("4520555012", "General", "4520555012"),
        ("4.520555012E9", "0.00E+00", "4520555012"),
        ("493055501234", '"+"0', "+493055501234"),
        ("6175550142", "(000) 000-0000", "(617) 555-0142"),
        ("5550142", "[<=9999999]###-####;(###) ###-####", "555-0142"),
        ("6175550142", "[<=9999999]###-####;(###) ###-####", "(617) 555-0142"),
        ("155501234", "00 00 00 00 00", "01 55 50 12 34"),
        ("101", '"LH-"000', "LH-101"),
        ("42", '0" Mitarbeiter"', "42"),
        ("1250", "# ##0", "1250"),
        ("1250000", "[$€-407] #,##0", "1250000"),
        ("1250000.5", '#,##0.00 "€"', 1250000.5),
        ("0.30000000000000004", "General", 0.3),
        ("0.25", "0%", "25%"),
        ("0.125", "0.00%", "12.5%"),
        ("46346", "dd/mm/yyyy", "2026-11-20"),
        ("46346", "mmm-yy", "2026-11-20"),
        ("46346", "General", "46346"),
        ("46346.6284722222", "[$-409]m/d/yy h:mm AM/PM;@", "2026-11-20T15:05:00"),
        ("46346.6284722222", "dd.mm.yyyy", "2026-11-20T15:05:00"),
        ("46347", "yyyy-mm-dd h:mm:ss", "2026-11-21T00:00:00"),
        ("0.5", "h:mm", "12:00:00"),
        ("1.5", "[h]:mm:ss", "36:00:00"),
        ("59", "d/m/yyyy", "1900-02-28"),
        ("61", "d/m/yyyy", "1900-03-01"),
        ("-5", "d/m/yyyy", "-5"),
        ("-5", "00000", "-5"),
        ("12345678901234567", "0", "12345678901234567"),
        ("abc", "0", "abc"),
        ("2079460991", r"\+44\ 0000000000", "+44 2079460991"),
        ("2079460991", "+44 General", "+44 2079460991"),
        ("2079460991", '"+44 "#,##0', "+44 2079460991"),
        ("612345678", r"\(\+3\1\)_-00\ 00*x\ 00000", "(+31)61 23 45678"),
        ("301234567", "[$+49] 000 000 000", "+49 301 234 567"),
        ("6912345678", "+30 0000000000", "+30 6912345678"),
        ("1", '[=1]"No";[=0]"Yes"', "No"),
        ("0", '[=1]"No";[=0]"Yes"', "Yes"),
        ("2", '[=1]"No";[=0]"Yes"', "2"),
        ("1", '"granted";;"denied"', "granted"),
        ("0", '"granted";;"denied"', "denied"),
        ("-1", r"\J\a;\N\e\i\n", "Nein"),
        ("7", '[>5][Green]"hot";[Red]"cold"', "hot"),
        ("5", '[>5][Green]"hot";[Red]"cold"', "cold"),
        ("1", '"✓";;"✗"', "✓"),
        ("0", '#,##0;-#,##0;"-"', "0"),
        ("0", ";;;", "0"),
        ("1250", '_($* #,##0_);_($* (#,##0);_($* "-"??_);_(@_)', "1250"),
        ("5", "# ?/?", "5"),
        ("46346", "General;;", "46346"),
    ],
)
def test_a_number_is_shown_as_its_format_has_it(stored: str, code: str, shown: str | float) -> None:
    assert show_number(stored, code, since_1904=False) == shown


def test_days_may_count_from_1904() -> None:
    assert show_number("44884", "yyyy-mm-dd", since_1904=True) == "2026-11-20"


@pytest.mark.parametrize("stored", ["88010020030040400", "8.8010020030040397E+16"])
def test_what_excel_rounded_looks_rounded(stored: str) -> None:
    """The last digits became zeros: as they are they could be a stranger's."""
    assert show_number(stored, "0", since_1904=False) == "8.80100200300404E+16"


@given(number=st.integers(0, 10**15 - 1), code=st.sampled_from(["General", "0", "#,##0", "0.00"]))
def test_whole_numbers_keep_every_digit(number: int, code: str) -> None:
    assert show_number(str(number), code, since_1904=False) == str(number)
    assert show_number(f"{number:.16E}", code, since_1904=False) == str(number)


@given(
    stored=st.text("0123456789.eE+-naif", max_size=50),
    code=st.one_of(st.sampled_from(sorted(BUILT_IN.values())), st.text(max_size=30)),
)
def test_any_format_of_any_number_is_shown(stored: str, code: str) -> None:
    shown = show_number(stored, code, since_1904=False)
    assert isinstance(shown, str) or math.isfinite(shown)


@given(
    mantissa=st.decimals(-10, 10, places=3),
    exponent=st.integers(-(10**18), 10**18),
    code=st.sampled_from(["General", "0", "00000", "0%", "(000) 000-0000", "yyyy-mm-dd", "[h]:mm"]),
)
def test_a_number_of_any_exponent_is_shown(mantissa: Decimal, exponent: int, code: str) -> None:
    """1E+999999999 as 00000 was written out digit by digit, and nothing could stop it."""
    stored = f"{mantissa}E{exponent}"
    shown = str(show_number(stored, code, since_1904=False))
    assert len(shown) < 700
    if abs(exponent) > 320:
        assert shown == stored


def test_what_no_double_holds_stays_as_it_is() -> None:
    for stored in ("1E+999999999", "1E+999999", "1E-999999999"):
        assert show_number(stored, "00000", since_1904=False) == stored
    assert show_number("1E+5", "00000", since_1904=False) == "100000"
