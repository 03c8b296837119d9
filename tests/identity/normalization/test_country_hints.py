"""A phone without a country was thrown away although state, ZIP code or language told it."""

import pandas as pd
import pytest

from lead_platform.identity.normalization.country_hints import (
    country_told_by_language,
    country_told_by_postal_code,
    country_told_by_state_code,
    country_told_by_tag,
)
from lead_platform.identity.normalization.submissions import normalize_submissions


@pytest.mark.parametrize(
    ("code", "country"),
    [
        ("SW1A 1AA", "GB"), ("ec1a1bb", "GB"), ("K1A 0B1", "CA"), ("1012 AB", "NL"),
        ("D02 X285", "IE"), ("01310-100", "BR"), ("1100-148", "PT"), ("00-950", "PL"),
        ("100-0001", "JP"), ("12345-6789", "US"), ("C1425CLA", "AR"),
        ("10115", None), ("1010", None), ("75008", None), ("110001", None), ("n/a", None),
    ],
)  # fmt: skip
def test_a_postal_code_tells_a_country_where_no_other_writes_it_so(code, country):
    assert country_told_by_postal_code(code) == country


@pytest.mark.parametrize(
    ("state", "code", "country"),
    [
        ("NY", "10001", "US"), ("CA", "94105", "US"), ("TX", "75201-1234", "US"),
        ("MI", "20121", None), ("VA", "21100", None), ("CA", "09100", None),
        ("TX", None, "US"), ("CA", None, None), ("TN", None, None), ("BY", "80331", None),
    ],
)  # fmt: skip
def test_a_states_code_tells_a_country_by_its_zip_code(state, code, country):
    """Varese and Milan have the codes of Virginia and Michigan, and five digits."""
    assert country_told_by_state_code(state, code) == country


def test_a_language_tells_a_country_where_it_is_spoken_alone():
    assert [country_told_by_tag(tag) for tag in ("de-AT", "pt_BR", "zh-Hant-TW", "en-US")] == [
        "AT", "BR", "TW", None,
    ]  # fmt: skip
    assert [country_told_by_language(one) for one in ("ja", "pl", "es", "en")] == [
        "JP", "PL", None, None,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("fields", "phone"),
    [
        ({"phone": "(212) 555-0142", "region": "NY", "postal_code": "10001"}, "+12125550142"),
        ({"phone": "07911 123456", "postal_code": "SW1A 1AA"}, "+447911123456"),
        ({"phone": "(11) 91234-5698", "postal_code": "01310-100"}, "+5511912345698"),
        ({"phone": "090-1234-5618", "language": "ja"}, "+819012345618"),
        ({"phone": "0664 1234567", "language": "de-AT"}, "+436641234567"),
        # A hint against another, or a number that is none there, tells nothing.
        ({"phone": "07911 123456", "postal_code": "SW1A 1AA", "region": "Texas"}, None),
        ({"phone": "07911 123456", "language": "pl"}, None),
        ({"phone": "07911 123456", "postal_code": "SW1A 1AA", "phone_region": "DE"}, None),
    ],
)
def test_phones_are_read_with_what_the_address_or_language_tells(
    fields, phone, captured, vocabularies
):
    row = normalize_submissions(captured(fields), vocabularies).iloc[0]
    assert (None if pd.isna(row["phone"]) else row["phone"]) == phone
    assert pd.isna(row["country"]) or "country" in fields, "a hint is no country of the person"
