"""The second person of a row went unasked into answers, and her last name into the first one's:
Abe Lind and Zoe Lark became Abe Lind Lark."""

import re
from pathlib import Path

import pytest
import yaml

from lead_platform.capture.guessing.proposal import Proposal
from tests.capture.guessing.exports import Columns
from tests.capture.guessing.test_exports import proposed, write_export

_LEAD: Columns = [
    ("Created", None, "2026-03-04", "2026-03-13"),
    ("Company", None, "Falk Ltd", "Reyes Ltd"),
]


def _fields(proposal: Proposal) -> dict[str, tuple[str, ...]]:
    assert proposal.draft is not None
    return dict(proposal.draft.fields)


def _asked(proposal: Proposal) -> list[str]:
    return [each for each in proposal.found.questions if "several persons" in each]


@pytest.mark.parametrize(
    ("first", "second", "last"),
    [
        ("First Name 1", "First Name 2", "Last Name"),
        ("First name", "First name 2", "Surname"),
        ("Vorname 1", "Vorname 2", "Nachname"),
        ("Contact 1 First Name", "Contact 2 First Name", "Contact # Last Name"),
    ],
)
def test_two_persons_in_halves(tmp_path: Path, first: str, second: str, last: str) -> None:
    one, two = ((last.replace("#", n), f"{last} {n}")["#" not in last] for n in "12")
    columns: Columns = [
        *_LEAD,
        (first, None, "Ida", "Omar"),
        (one, None, "Falk", "Reyes"),
        (second, None, "Vera", "Nils"),
        (two, None, "Stone", "Berg"),
        ("Email", None, "ida@falk.example", "omar@reyes.example"),
    ]
    proposal = proposed(write_export(tmp_path / "x.csv", columns))
    fields = _fields(proposal)
    assert (fields["first_name"], fields["last_name"]) == ((first,), (one,))
    (question,) = _asked(proposal)
    assert question.startswith(f"{second}, {two} of a second")


@pytest.mark.parametrize("title", ["Contact", "Ansprechpartner", "Guest", "Person"])
def test_persons_by_groups_and_how_each_becomes_a_record(tmp_path: Path, title: str) -> None:
    columns: Columns = [
        *_LEAD,
        ("Name", None, "Ida Falk", ""),
        ("Email", None, "ida@falk.example", ""),
        *[
            (f"{title} {n} {part}", None, *values)
            for n, part, *values in (
                ("2", "Name", "Vera Stone", "Nils Berg"),
                ("2", "Email", "vera@falk.example", "nils@reyes.example"),
                ("3", "Name", "Pia Lund", ""),
                ("3", "Email", "", ""),
            )
        ],
    ]
    path = write_export(tmp_path / "x.csv", columns)
    proposal = proposed(path)
    (question,) = _asked(proposal)
    assert f"{title} 2 Name, {title} 2 Email of a second; {title} 3 Name of a third" in question
    assert _fields(proposal)["email"] == ("Email",)
    # What the question tells to write is a path that finds all three persons.
    each, when = (re.search(rf"`({key}: '.+?')`", question) for key in ("each", "when"))
    assert each is not None
    assert when is not None
    assert set(yaml.safe_load(f"{each[1]}\n{when[1]}")) == {"each", "when"}
    for number in "23":
        assert f'full_name: "{title} {number} Name"' in each[1]


@pytest.mark.parametrize(
    "columns",
    [
        [("Nombre", None, "Lía", "Ada"), ("Apellido 1", None, "García", "Ruiz"),
         ("Apellido 2", None, "Márquez", "Gil"), ("Teléfono 2", None, "+34 600 111 222", "")],
        [("First name", None, "Ida", "Omar"), ("First name 2", None, "Mae", ""),
         ("Last name", None, "Falk", "Reyes")],
        [("Name", None, "Ida Falk", "Omar Reyes"), ("Phone", None, "+44 20 7946 0111", ""),
         ("Phone 2", None, "", "+44 20 7946 0112"), ("Email 2", None, "ida@home.example", "")],
        [("Name 1", None, "Ida Falk", "Omar Reyes"), ("Name 2", None, "Abt. 4", "c/o Acme GmbH")],
        [("Name", None, "Ida Falk", "Omar Reyes"), ("Address Line 2", None, "Flat 2", "")],
    ],
)  # fmt: skip
def test_one_person_with_two_of_something(tmp_path: Path, columns: Columns) -> None:
    mails: Columns = [("Email", None, "ida@falk.example", "omar@reyes.example")]
    proposal = proposed(write_export(tmp_path / "x.csv", [*_LEAD, *mails, *columns]))
    assert not _asked(proposal)
    if columns[0][0] == "Nombre":
        assert _fields(proposal)["last_name"] == ("Apellido 1", "Apellido 2")
