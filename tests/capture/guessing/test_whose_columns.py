"""A company's mailbox, and those of our own people, became the lead's beside the lead's own."""

import json
from pathlib import Path
from typing import Any

import pytest

from lead_platform.capture.guessing.proposal import Proposal
from tests.capture.guessing.exports import Columns
from tests.capture.guessing.test_exports import NAMES, proposed, write_export

MAILS = ("ada@firm1.example", "bo@firm2.example")
COMPANIES = ("company", "account", "organization", "Organisation", "employer")


def mapped(proposal: Proposal) -> dict[str, tuple[str, ...]]:
    assert proposal.draft is not None
    return dict(proposal.draft.fields)


@pytest.mark.parametrize("company", COMPANIES)
@pytest.mark.parametrize("key", ["email", "e_mail", "phone"])
def test_what_stands_below_a_company_is_the_companys(
    tmp_path: Path, company: str, key: str
) -> None:
    value = ("office@firm1.example", "office@firm2.example")
    if key == "phone":
        value = ("+44 20 7946 0991", "+44 20 7946 0992")
    records: list[dict[str, Any]] = [
        {"id": n, "person": {"email": mail if n else None}, company: {"name": "F", key: value[n]}}
        for n, mail in enumerate(MAILS)
    ]
    path = tmp_path / "x.json"
    path.write_text(json.dumps(records), encoding="utf-8")
    fields = mapped(proposed(path))
    assert fields["email"] == ("person.email",)
    assert not fields.keys() & {"further_emails", "phone"}


@pytest.mark.parametrize("header", ["account.email", "company[email]", "Organization: E-mail"])
def test_names_of_a_table_that_was_nested(tmp_path: Path, header: str) -> None:
    columns: Columns = [("Email", None, *MAILS), (header, None, "x@firm1.example", "")]
    fields = mapped(proposed(write_export(tmp_path / "x.csv", columns)))
    assert fields["email"] == ("Email",)
    assert "further_emails" not in fields


def test_a_contact_of_a_company_is_a_person() -> None:
    assert not NAMES.is_companys(("company", "contact", "email"))
    assert not NAMES.is_companys(("contact", "email"))
    assert not NAMES.is_companys(("company", "name"))
    assert not NAMES.is_companys(("Company Email",))


@pytest.mark.parametrize(
    ("mails", "is_own"),
    [
        (("info@firm1.example", "sales@firm2.example"), False),
        (("a.ashby@firm1.example", "brock@firm2.example"), True),
    ],
)
def test_a_company_mailbox_beside_another(
    tmp_path: Path, mails: tuple[str, str], *, is_own: bool
) -> None:
    columns: Columns = [
        ("Full name", None, "Ada Ashby", "Bo Brock"),
        ("Email", None, "ada@home.example", "bo@home.example"),
        ("Company Email", None, *mails),
    ]
    proposal = proposed(write_export(tmp_path / "x.csv", columns))
    asked = [text for text in proposal.found.questions if text.startswith("Company Email:")]
    assert ("further_emails" in mapped(proposal)) is is_own
    assert len(asked) == (0 if is_own else 1)


STAFF = ("tom@ours.example", "sue@ours.example")


@pytest.mark.parametrize("lead", ["Requester", "Customer", "Prospect", "Lead", "Contact", "Kunde"])
@pytest.mark.parametrize("staff", ["Submitter", "Caller"])
def test_the_group_that_is_surely_the_leads_wins(tmp_path: Path, lead: str, staff: str) -> None:
    columns: Columns = [
        (f"{staff} email", None, *STAFF),
        (f"{staff} Name", None, "Tom Field", "Sue Lee"),
        (f"{lead} email", None, *MAILS),
        (f"{lead} Name", None, "Ada Ashby", "Bo Brock"),
    ]
    proposal = proposed(write_export(tmp_path / "x.csv", columns))
    fields = mapped(proposal)
    assert fields["email"] == (f"{lead} email",)
    assert fields["full_name"] == (f"{lead} Name",)
    asked = [text.partition(":")[0] for text in proposal.found.questions]
    assert {f"{staff} email", f"{staff} Name"} <= set(asked)


def test_a_caller_alone_is_the_lead(tmp_path: Path) -> None:
    columns: Columns = [
        ("Caller Name", None, "Ada Ashby", "Bo Brock"),
        ("Caller Email", None, *MAILS),
    ]
    fields = mapped(proposed(write_export(tmp_path / "x.csv", columns)))
    assert fields["email"] == ("Caller Email",)
    assert fields["full_name"] == ("Caller Name",)


@pytest.mark.parametrize(
    "header",
    [
        "Phone (2nd participant)", "Visitor 2 phone", "visitor2Phone", "Phone - Passenger 3",
        "Teilnehmer 2 Telefon", "Telefon zweiter Ansprechpartner", "Deelnemer 2 telefoon",
        "Téléphone du deuxième invité", "Third guest: mobile", "2. Besucher Telefon",
    ],
)  # fmt: skip
@pytest.mark.parametrize("has_first", [True, False])
def test_what_a_second_of_several_persons_has_is_not_the_leads(
    tmp_path: Path, header: str, has_first: bool
) -> None:
    """Words in brackets and persons with a number added nothing, so their phone was the lead's."""
    numbers = ("+44 20 7946 0991", "+44 20 7946 0992")
    columns: Columns = [
        ("Name", None, "Ada Ashby", "Bo Brock"), ("Email", None, *MAILS), (header, None, *numbers)
    ]  # fmt: skip
    if has_first:
        columns.append(("Visitor 1 phone", None, "+44 20 7946 0993", "+44 20 7946 0994"))
    fields = mapped(proposed(write_export(tmp_path / "x.csv", columns)))
    assert fields.get("phone") == (("Visitor 1 phone",) if has_first else None)


@pytest.mark.parametrize(
    "name", ["Applicant 2", "2nd participant email", "Zweiter Ansprechpartner", "Guest #4"]
)
def test_a_name_says_a_second_person(name: str) -> None:
    assert NAMES.is_other_party([name])
    assert NAMES.matches([name]) == ()


@pytest.mark.parametrize(
    "name",
    ["Participant 1 phone", "Applicant", "Customer 2024", "Visitor 1", "Teilnehmer 1 E-Mail"],
)
def test_a_name_says_the_first_or_the_only_person(name: str) -> None:
    assert not NAMES.is_other_party([name])


@pytest.mark.parametrize(
    "ids",
    [(["recA1b2C3d4E5f6G"], ["recB1b2C3d4E5f6G", "recC1b2C3d4E5f6G"]), ("0015g00000XyZab", None)],
)
def test_an_id_of_a_record_is_no_companys_name(tmp_path: Path, ids: tuple[Any, Any]) -> None:
    """A linked record of Airtable was the company `recA1…`."""
    ids = tuple([f"{each}7" for each in one] if isinstance(one, list) else one for one in ids)
    path = tmp_path / "x.json"
    records = [{"Email": mail, "Company": one} for mail, one in zip(MAILS, ids, strict=True)]
    path.write_text(json.dumps(records), encoding="utf-8")
    proposal = proposed(path)
    assert "company_name" not in mapped(proposal)
    (question,) = [each for each in proposal.found.questions if each.startswith("Company:")]
    assert "what is the company called?" in question


@pytest.mark.parametrize(
    ("header", "field", "cells"),
    [
        ("Merged Into", "merged_person_ids", ("123", "")),
        ("Name des zugehörigen Unternehmens", "company_name", ("Acme GmbH", "Recreation AG")),
    ],
)
def test_names_that_say_what_else_a_record_belongs_to(
    tmp_path: Path, header: str, field: str, cells: tuple[str, str]
) -> None:
    columns: Columns = [("Email", None, *MAILS), (header, None, *cells)]
    assert mapped(proposed(write_export(tmp_path / "x.csv", columns)))[field] == (header,)
