"""A number some digits of which are masked or cut off is none, for the rest is often another."""

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from phonenumbers import PhoneNumber

from lead_platform.identity.normalization.phones import normalize_phone
from lead_platform.vocabularies.tables import Vocabularies
from tests.identity.normalization.test_phone_forms import numbers
from tests.identity.normalization.test_phone_remarks import FORMS

# One for each digit, wherever it is.
MASKS = "*#?xX_•●○■░×\ufffd"
# Between digits a single one sets groups apart.
RUNS = "-–.·~nNoO"
CUTS = (
    "…", "...", " …", " ...", "[...]", "(…)", " [...]", " (**)", "(??)", " (xx)", " ***", " ??",
    " xx", " XX", "--", " --", "__", "-", "~", "*", "#", "?", "..", "/**", "-xx", "-##",
)  # fmt: skip


@settings(max_examples=500)
@given(numbers(), st.sampled_from(FORMS), st.booleans(), st.sampled_from(MASKS), st.data())
def test_a_number_with_masked_digits_is_none(
    vocabularies: Vocabularies,
    found: tuple[PhoneNumber, str],
    form: int,
    has_country: bool,
    mask: str,
    data: st.DataObject,
) -> None:
    """ "+43 664 2241xx" was read without its last digits, and "***5123480730" without its first:
    other people's numbers."""
    number, region = found
    raw = phonenumbers.format_number(number, form)
    digits = [place for place, char in enumerate(raw) if char.isdigit()]
    masked = data.draw(st.sets(st.sampled_from(digits), min_size=1, max_size=5))
    raw = "".join(mask if place in masked else char for place, char in enumerate(raw))
    read = normalize_phone(raw, region if has_country else None, vocabularies)
    assert (read.phone, read.others) == (None, ()), (raw, region if has_country else None)
    assert read.reason


@settings(max_examples=300)
@given(numbers(), st.sampled_from(FORMS), st.booleans(), st.sampled_from(RUNS), st.data())
def test_a_run_of_signs_stands_for_digits(
    vocabularies: Vocabularies,
    found: tuple[PhoneNumber, str],
    form: int,
    has_country: bool,
    sign: str,
    data: st.DataObject,
) -> None:
    number, region = found
    raw = phonenumbers.format_number(number, form)
    pairs = [
        place for place in range(len(raw) - 1) if raw[place].isdigit() and raw[place + 1].isdigit()
    ]
    place = data.draw(st.sampled_from(pairs))
    raw = f"{raw[:place]}{sign * 2}{raw[place + 2 :]}"
    read = normalize_phone(raw, region if has_country else None, vocabularies)
    assert (read.phone, read.others) == (None, ()), (raw, region if has_country else None)


@settings(max_examples=300)
@given(
    numbers(),
    st.sampled_from(FORMS),
    st.booleans(),
    st.integers(0, 6),
    st.sampled_from(CUTS),
    st.booleans(),
)
def test_a_number_that_is_cut_is_none(
    vocabularies: Vocabularies,
    found: tuple[PhoneNumber, str],
    form: int,
    has_country: bool,
    cut: int,
    sign: str,
    is_labelled: bool,
) -> None:
    number, region = found
    written = phonenumbers.format_number(number, form)
    raw = f"{'Mobil: ' * is_labelled}{written[: len(written) - cut]}{sign}"
    read = normalize_phone(raw, region if has_country else None, vocabularies)
    assert (read.phone, read.others) == (None, ()), (raw, region if has_country else None)


@pytest.mark.parametrize(
    ("raw", "country"),
    [
        ("+49 30 23451**", None), ("+49 89 123456…", None), ("+43 664 2241xx", None),
        ("+86 10 1236 740X", None), ("***5123480730", "CN"), ("+49 30 2345 [...]", None),
        ("+49 30 2345 (**)", None), ("+49 30 23451??", None), ("030 58948x21", "DE"),
        ("030 5894--", "DE"), ("+49 30 58948/xx", None), ("Mobil: …5123480", "DE"),
    ],
)  # fmt: skip
def test_masks_and_cuts(raw: str, country: str | None, vocabularies: Vocabularies) -> None:
    read = normalize_phone(raw, country, vocabularies)
    assert read.phone is None
    assert read.reason


@pytest.mark.parametrize(
    ("raw", "country", "expected"),
    [
        ("030 58948121 *mobil*", "DE", "+493058948121"),
        ("*mobil* 030 58948121", "DE", "+493058948121"),
        ("Tel. #030 58948121", "DE", "+493058948121"),
        ("Tel...... 030 58948121", "DE", "+493058948121"),
        ("Tel....: 030 58948121", "DE", "+493058948121"),
        ("- 030 58948121", "DE", "+493058948121"),
        ("030 58948121 -- Anna", "DE", "+493058948121"),
        ("030 58948121.", "DE", "+493058948121"),
        ("030 58948121!", "DE", "+493058948121"),
        ("030 58948121 (ab 18 Uhr...)", "DE", "+493058948121"),
        ("+49 30 23451**; +49 30 58948121", None, "+493058948121"),
        ("415-555-2671x12", "US", "+14155552671"),
        ("415-555-2671 #12", "US", "+14155552671"),
        ("*31#030 58948121", "DE", "+493058948121"),
    ],
)
def test_signs_that_stand_for_no_digits(
    raw: str, country: str, expected: str, vocabularies: Vocabularies
) -> None:
    assert normalize_phone(raw, country, vocabularies).phone == expected
