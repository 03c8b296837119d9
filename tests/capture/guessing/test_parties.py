"""Columns of others beside the leads' own: whatever they are called, no lead gets their values.

`Owner, Email, Customer Email` gave each lead the owner's mailbox, and a `User ID` with three values
over 24 people, as an exact key, made three leads of them.
"""

import json
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lead_platform.capture.contracts import load_contracts
from lead_platform.capture.guessing.proposal import Proposal, propose_channel
from lead_platform.vocabularies.folder import load_intake_lists, load_vocabularies
from tests.capture.guessing.test_exports import CONFIG, NAMES, NOW
from tests.capture.guessing.test_exports import proposed as proposed_of

VOCABULARIES, CONTRACTS = load_vocabularies(CONFIG), load_contracts()
LISTS = load_intake_lists(CONFIG)
ROWS = 24
FIRST = ("Ada", "Boris", "Chloe", "Dmitri", "Elif", "Farid", "Gina", "Hugo")
LAST = ("Meyer", "Novak", "Dubois", "Ivanov", "Yilmaz", "Khan", "Rossi")
STAFF = ("Sam Stone", "Pat Price", "Kim Hale")


def cell(what: str, row: int) -> str:
    """`what` of the person of a row; with `staff` before it, of one of three."""
    first, last = FIRST[row % 8], LAST[row * 3 % 7]
    staff = STAFF[row % 3]
    return {
        "name": f"{first} {last}",
        "first": first,
        "last": last,
        "mail": f"{first}.{last}{row}@firm{row % 9}.example".lower(),
        "stranger's mail": f"box{row}@other{row}.example",
        "phone": f"+49 30 55501{row:03d}",
        "company": f"Firm {row % 20} Ltd",
        "id": str(1000 + row),
        "date": f"2026-10-{row + 1:02d} 10:00",
        "staff name": staff,
        "staff mail": f"{staff.split()[0].lower()}@us.example",
        "staff phone": f"+49 30 555020{row % 3}",
        "staff id": str(row % 3),
    }[what]


def guessed(path: Path, columns: dict[str, str]) -> Proposal:
    lines = [",".join(columns)]
    lines += [",".join(cell(what, row) for what in columns.values()) for row in range(ROWS)]
    return proposed(path, lines)


def proposed(path: Path, lines: list[str]) -> Proposal:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return propose_channel(
        path,
        "guessed",
        channels={},
        names=NAMES,
        vocabularies=VOCABULARIES,
        lists=LISTS,
        contracts=CONTRACTS,
        now=NOW,
    )


def chosen(proposal: Proposal) -> set[str]:
    fields = proposal.draft.fields if proposal.draft is not None else {}
    return {column for columns in fields.values() for column in columns}


@pytest.mark.parametrize(
    "columns",
    [
        {"User ID": "staff id", "Name": "name", "Email": "mail"},
        {"Customer ID": "staff id", "Name": "name", "Email": "mail"},
        {"Contact ID": "staff id", "First Name": "first", "Last Name": "last", "Mail": "mail"},
        {"Owner": "staff name", "Email": "staff mail", "Customer Email": "mail"},
        {"Organizer": "staff name", "Attendee": "name", "Email": "staff mail"},
        {"Name": "staff name", "Email": "staff mail", "Lead Name": "name", "Lead Email": "mail"},
        {"Ansprechpartner": "staff name", "Kunde": "name", "E-Mail": "mail"},
        {"Contact Person": "staff name", "Customer": "name", "Phone": "phone"},
        {"Interlocuteur": "staff name", "Nom": "last", "Prénom": "first", "Email": "mail"},
        {"Persona de contacto": "staff name", "Nombre": "first", "Apellidos": "last"},
        {"Display Name": "staff name", "First Name": "first", "Email": "mail"},
        {"Business Number": "staff phone", "WhatsApp": "phone", "Name": "name"},
        {"Mobile": "staff phone", "Lead Mobile": "phone", "Name": "name"},
        {"Contact Person": "staff name", "Company": "company"},
        {"Staff Email": "stranger's mail", "Phone": "phone", "Company": "company"},
        {"Forwarded To": "stranger's mail", "Name": "name", "Phone": "phone"},
        {"Rechnungs-E-Mail": "stranger's mail", "Vorname": "first", "Nachname": "last"},
        {"Zzz": "stranger's mail", "Name": "name", "Phone": "phone"},
        {"Company Email": "staff mail", "Vorname": "first", "Nachname": "last"},
        {"Guest Email": "stranger's mail", "Phone": "phone"},
        {"+1 Name": "staff name", "Email": "mail"},
    ],
    ids=",".join,
)  # fmt: skip
def test_nobody_gets_what_is_anothers(tmp_path: Path, columns: dict[str, str]) -> None:
    proposal = guessed(tmp_path / "x.csv", {**columns, "Created": "date"})
    others = {name for name, what in columns.items() if what.startswith("st")}
    assert others & chosen(proposal) == set()
    told = {column.name: near for column, near in proposal.found.rest}
    assert others <= set(told)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=40
)
@given(
    headers=st.permutations(["Email", "Customer Email", "Work Email", "Mail"]),
    theirs=st.lists(
        st.sampled_from(["staff mail", "staff name", "staff id", "staff phone"]),
        min_size=1,
        max_size=3,
        unique=True,
    ),
    order=st.randoms(use_true_random=False),
)
def test_few_values_over_many_leads_are_nobodys(
    tmp_path: Path, headers: list[str], theirs: list[str], order: Random
) -> None:
    known = {"staff mail": headers[0], "staff name": "Full Name", "staff id": "Contact ID",
             "staff phone": "Phone"}  # fmt: skip
    columns = {known[what]: what for what in theirs} | {headers[1]: "mail", "Company": "company"}
    names = list(columns)
    order.shuffle(names)
    proposal = guessed(tmp_path / "x.csv", {name: columns[name] for name in names})
    assert {known[what] for what in theirs} & chosen(proposal) == set()
    assert proposal.draft is not None
    assert proposal.draft.fields["email"] == (headers[1],)


def test_who_comes_again_keeps_mailbox_name_and_id(tmp_path: Path) -> None:
    """Repetition alone says nothing: few persons with many records each are leads too."""
    rows = [f"{n % 4},{cell('name', n % 4)},{cell('mail', n % 4)},{n}" for n in range(ROWS)]
    proposal = proposed(tmp_path / "x.csv", ["Contact ID,Name,Email,Points", *rows])
    assert proposal.draft is not None
    assert {"person_id", "full_name", "email"} <= set(proposal.draft.fields)


def test_a_familys_mailbox_is_its_own(tmp_path: Path) -> None:
    rows = [f"{first} Bakker,home@bakker.example" for first in FIRST]
    proposal = proposed(tmp_path / "x.csv", ["Name,Email", *rows])
    assert proposal.draft is not None
    assert proposal.draft.fields["email"] == ("Email",)


def test_the_only_mailboxes_are_the_leads_where_they_hold_their_names(tmp_path: Path) -> None:
    proposal = guessed(tmp_path / "x.csv", {"Zzz": "mail", "Name": "name", "Phone": "phone"})
    assert proposal.draft is not None
    assert proposal.draft.fields["email"] == ("Zzz",)


@pytest.mark.parametrize(
    "sites",
    [
        ["https://us.example/contact", "https://us.example/demo", "https://us.example/a?b=1"],
        ["https://us.example", "https://us.example/", "us.example"],
        ["https://www.us.example", "https://us.example", "https://firm2.example"],
    ],
)
@pytest.mark.parametrize("header", ["URL", "_url", "Website", "Site"])
def test_our_own_site_is_nobodys_employer(tmp_path: Path, header: str, sites: list[str]) -> None:
    rows = [f"{cell('mail', n)},{site}" for n, site in enumerate(sites)]
    proposal = proposed(tmp_path / "x.csv", [f"Email,{header}", *rows])
    assert proposal.draft is not None
    assert "company_website" not in proposal.draft.fields


def test_colleagues_have_one_site(tmp_path: Path) -> None:
    rows = [f"p{n}@firm1.example,https://www.firm1.example" for n in range(6)]
    proposal = proposed(tmp_path / "x.csv", ["Email,Website", *rows])
    assert proposal.draft is not None
    assert proposal.draft.fields["company_website"] == ("Website",)


@pytest.mark.parametrize("name", ["user_id", "contact_id", "customer_id"])
def test_one_record_does_not_tell_whose_an_id_is(tmp_path: Path, name: str) -> None:
    """The operator's id of a webhook's one body was an exact key: strangers became one lead."""
    for count, is_person in ((1, False), (3, True)):
        path = tmp_path / "hook.jsonl"
        records = [
            {"email": f"p{n}@x{n}.example", "name": f"Ada{n} Berg{n}", name: 12 + n}
            for n in range(count)
        ]
        path.write_text("\n".join(map(json.dumps, records)), encoding="utf-8")
        proposal = proposed_of(path)
        assert proposal.draft is not None
        assert ("person_id" in proposal.draft.fields) == is_person
        asked = any(each.startswith(f"{name}: is it the id") for each in proposal.found.questions)
        assert asked == (not is_person)
        assert ("on_conflict" in proposal.draft.text) <= is_person
