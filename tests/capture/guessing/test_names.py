"""What names say that no list can have whole: parts of an address behind what kind it is, and what
a company has behind what a company is called."""

from itertools import product

import pytest

from tests.capture.guessing.test_exports import NAMES

PLACES = {
    "City": "city",
    "State": "region",
    "Zip Code": "postal_code",
    "Country": "country",
    "Street": "street",
}
FIRMS = {
    "Industry": "industry",
    "Website": "company_website",
    "Number of Employees": "employee_count",
    "Annual Revenue": "annual_revenue",
}


def meanings(name: str) -> set[str]:
    return {match.field for match in NAMES.matches((name,))}


@pytest.mark.parametrize(
    ("group", "part"),
    product(("Business", "HQ", "Shipping", "Address 1:", "Account HQ", "Firma"), PLACES),
)
def test_parts_of_an_address_are_known_whatever_kind_it_is(group: str, part: str) -> None:
    assert meanings(f"{group} {part}") == {PLACES[part]}


@pytest.mark.parametrize(
    ("group", "part"), product(("Account", "Employer", "Organisation", "Your Firm"), FIRMS)
)
def test_what_a_company_has_is_known_behind_what_it_is_called(group: str, part: str) -> None:
    assert meanings(f"{group} {part}") == {FIRMS[part]}


@pytest.mark.parametrize(
    "name",
    [
        *("Shipping Industry", "Office Website", "Billing Revenue"),
        *("Account Phone", "Account Email", "Company Contact Name", "Office Manager Name"),
        *("Account Owner Country", "Parent Account Website", "Shipping Status", "Work History"),
    ],
)
def test_nothing_else_is_taken_for_either(name: str) -> None:
    """An address has no industry, a company's mailbox is nobody's, and a group of somebody else
    stays somebody else's."""
    assert not meanings(name) & {*PLACES.values(), *FIRMS.values(), "email", "full_name"}


@pytest.mark.parametrize("part", PLACES)
def test_the_persons_own_comes_first(part: str) -> None:
    [own] = NAMES.matches((f"Contact {part}",))
    [firms] = NAMES.matches((f"Account HQ {part}",))
    assert own.rank < firms.rank


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("Registration Date/Time", "submitted_at"),
        ("Date and time submitted", "submitted_at"),
        ("date_updated", "modified_at"),
        ("Last Changed On", "modified_at"),
    ],
)
def test_words_of_day_and_time_stand_where_they_like(name: str, field: str) -> None:
    assert field in meanings(name)
