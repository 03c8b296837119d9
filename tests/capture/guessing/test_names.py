"""What names say that no list can have whole: parts of an address behind what kind it is, and what
a company has behind what a company is called."""

from itertools import product
from pathlib import Path

import pytest

from tests.capture.guessing.exports import Columns
from tests.capture.guessing.test_exports import NAMES, proposed, write_export

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


BESIDE: Columns = [
    ("Email", None, "a@b.example", "c@d.example"), ("Company", None, "Acme", "Beta"),
]  # fmt: skip
WHOSE = frozenset({"full_name", "first_name", "last_name"})


@pytest.mark.parametrize(
    "header", ["Contact", "Lead name", "Customer", "Name", "Prospect", "Client name"]
)
@pytest.mark.parametrize(
    "cells",
    [("in person", "by phone"), ("Website Lead", "Facebook Lead"), ("Phone call", "Cold call"),
     ("left voicemail", "no answer"), ("Trade Show", "Contact form"), ("5 Jan 2026", "6 Jan 2026")],
)  # fmt: skip
@pytest.mark.parametrize("first", [[], [("First name", None, "Ada", "Bo")]])
def test_sources_and_ways_of_contact_are_nobodys_name(
    tmp_path: Path, header: str, cells: tuple[str, str], first: Columns
) -> None:
    """`Contact` with `by phone` was the full name, 95 %."""
    columns = [*BESIDE, *first, (header, None, *cells)]
    choices = proposed(write_export(tmp_path / "x.csv", columns)).found.choices
    assert header not in [c.column.name for name in WHOSE & set(choices) for c in choices[name]]


@pytest.mark.parametrize("cells", [("Ada Ashby", "Cy Poe", "Bo Guest"), ("c dole", "c poe", "")])
def test_names_of_persons_are(tmp_path: Path, cells: tuple[str, ...]) -> None:
    """In small letters too, where the mailbox says so."""
    mails = ("ashby@b.example", "poe@d.example", "guest@e.example")
    columns: Columns = [("Email", None, *mails), ("Contact", None, *cells)]
    proposal = proposed(write_export(tmp_path / "x.csv", columns))
    assert proposal.found.first("full_name") is not None


@pytest.mark.parametrize(
    "header",
    ["Last contact", "Last Contact Person", "LastContact", "First contact", "last_customer_name"],
)
@pytest.mark.parametrize(
    "cells", [("Joe", "Ann"), ("2026-01-02T00:00:00", "2026-02-14T00:00:00"), ("phone", "mail")]
)
def test_the_last_contact_is_no_last_name(
    tmp_path: Path, header: str, cells: tuple[str, str]
) -> None:
    columns = [*BESIDE, (header, None, *cells)]
    choices = proposed(write_export(tmp_path / "x.csv", columns)).found.choices
    assert not WHOSE & set(choices)


@pytest.mark.parametrize("header", ["Contact Last", "Last", "Last name (contact)", "Lead - Last"])
def test_what_is_short_for_a_last_name_is_one(header: str) -> None:
    assert [match.field for match in NAMES.matches((header,))] == ["last_name"]


@pytest.mark.parametrize("header", ["News", "Billing", "Shipping", "Publicité"])
def test_what_is_no_field_fills_none(header: str) -> None:
    assert NAMES.matches((header,)) == ()
