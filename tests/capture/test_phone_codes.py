"""`44` beside `2079460991` and United States became the valid number of somebody in Virginia."""

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st
from phonenumbers import PhoneNumberFormat, PhoneNumberType

from lead_platform.capture.phone_codes import (
    read_calling_code,
    with_area_code,
    with_calling_code,
)
from lead_platform.capture.values import ValueFault

_REGIONS = sorted(phonenumbers.SUPPORTED_REGIONS)
_TYPES = (PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE)


def examples() -> st.SearchStrategy[phonenumbers.PhoneNumber]:
    found = (
        number
        for region in _REGIONS
        for kind in _TYPES
        if (number := phonenumbers.example_number_for_type(region, kind)) is not None
    )
    return st.sampled_from(list(found))


@given(number=examples(), form=st.sampled_from(["{}", "+{}", "00{}", "XX (+{})", " {}.0"]))
def test_any_number_is_itself_with_its_code_beside_it(
    number: phonenumbers.PhoneNumber, form: str
) -> None:
    code = form.format(number.country_code)
    for written in (
        phonenumbers.format_number(number, PhoneNumberFormat.NATIONAL),
        phonenumbers.national_significant_number(number),
        phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL),
        phonenumbers.format_number(number, PhoneNumberFormat.E164).removeprefix("+"),
    ):
        try:
            read = phonenumbers.parse(with_calling_code(written, code), None)
        except ValueFault:
            # Two numbers are possible: none is taken.
            continue
        if phonenumbers.is_valid_number(read):
            assert phonenumbers.is_number_match(read, number) == phonenumbers.MatchType.EXACT_MATCH


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("31", "31"), ("+31", "31"), ("0031", "31"), ("(+31)", "31"), ("31.0", "31"), ("nl", "31"),
        ("Netherlands (+31)", "31"), ("NL +31", "31"), ("+44-1481", "441481"), ("1 684", "1684"),
        ("1684", "1684"),
        ("030", None), ("Holland", None), ("1-809, 1-829", None), ("0", None), ("", None),
        ("ZZ", None), ("3161234567", None), ("210", None),
    ],
)  # fmt: skip
def test_codes_are_read_as_widgets_write_them(text: str, code: str | None) -> None:
    assert read_calling_code(text) == code


@pytest.mark.parametrize(
    ("number", "code", "whole"),
    [
        ("20 624 1111", "31", "+31 20 624 1111"),
        ("020 624 1111", "+31", "+31 020 624 1111"),
        ("(020) 6241111", "31", "+31 (020) 6241111"),
        ("+43 664 1234765", "31", "+43 664 1234765"),
        ("0043 664 1234765", "31", "0043 664 1234765"),
        ("31206241111", "31", "+31206241111"),
        ("mobile: 612345678", "31", "+31 612345678"),
        ("2.06241111E+8", "31", "+31 206241111"),
        ("206241111.0", "31", "+31 206241111"),
        ("6331234", "1684", "+1684 6331234"),
        ("6846331234", "1684", "+16846331234"),
    ],
)
def test_a_number_goes_behind_its_code(number: str, code: str, whole: str) -> None:
    assert with_calling_code(number, code) == whole


@pytest.mark.parametrize(
    ("number", "code", "told"),
    [
        ("206241111", None, "no country calling code"),
        ("206241111", "Holland", "is no country calling code"),
        # Of Weener (04951), or of Hanover (0511) with the code of Germany.
        ("49511234567", "49", "already, or not"),
    ],
)
def test_without_a_certain_code_there_is_no_number(
    number: str, code: str | None, told: str
) -> None:
    with pytest.raises(ValueFault, match=told):
        with_calling_code(number, code)


@pytest.mark.parametrize(
    ("number", "code", "whole"),
    [
        ("6241111", "020", "020 6241111"),
        ("664-0199", "(312)", "(312) 664-0199"),
        ("6241111", "20.0", "20 6241111"),
        ("(312) 664-0199", "312", "(312) 664-0199"),
        ("020 6241111", "020", "020 6241111"),
        ("+31 20 6241111", "020", "+31 20 6241111"),
        ("3126640199", None, "3126640199"),
    ],
)
def test_a_number_goes_behind_its_area(number: str, code: str | None, whole: str) -> None:
    assert with_area_code(number, code) == whole


@pytest.mark.parametrize(
    ("number", "code", "told"),
    [
        ("6241111", None, "no area code"),
        ("6241111", "+31", "is no area code"),
        ("6241111", "Amsterdam", "is no area code"),
        ("312-664-0199", "312", "already, or not"),
    ],
)
def test_without_a_certain_area_there_is_no_number(
    number: str, code: str | None, told: str
) -> None:
    with pytest.raises(ValueFault, match=told):
        with_area_code(number, code)
