"""The label of a number or mailbox was not read: a fax, or an assistant's mailbox, was the lead's
without a question."""

from pathlib import Path

import pytest

from lead_platform.capture.guessing.proposal import Proposal
from lead_platform.capture.paths import compile_path
from tests.capture.guessing.exports import Columns
from tests.capture.guessing.test_exports import proposed, write_export

_MAILS = ("ida@falk.example", "omar@reyes.example")
_PHONES = ("+44 20 7946 0111", "+44 20 7946 0112")


def _asked(path: Path, *columns: tuple[str, None, str, str]) -> list[str]:
    named: Columns = [("Name", None, "Ida Falk", "Omar Reyes"), *columns]
    proposal: Proposal = proposed(write_export(path, named))
    return [each for each in proposal.found.questions if "is not reached by" in each]


@pytest.mark.parametrize(
    ("value", "label"),
    [
        ("Phone 1 - Value", "Phone 1 - Label"),
        ("Phone", "Phone Type"),
        ("Phone", "Phone belongs to"),
        ("Telefon", "Telefon Art"),
        ("Mobile", "Mobile (whose)"),
    ],
)
@pytest.mark.parametrize("said", ["Work Fax", "* Home fax", "Assistant", "His boss", "Mother"])
def test_labels_of_numbers(tmp_path: Path, value: str, label: str, said: str) -> None:
    mails = ("Email", None, *_MAILS)
    asked = _asked(tmp_path / "x.csv", mails, (value, None, *_PHONES), (label, None, said, "Work"))
    (question,) = asked
    assert question.startswith(f"{label}: does {said!r} say")
    # What it tells to write leaves out the number that the label speaks against, and no other.
    path = compile_path(question.split("the field '")[1][:-1].replace("''", "'"))
    assert path({value: _PHONES[0], label: said}) is None
    assert path({value: _PHONES[1], label: "Work"}) == _PHONES[1]
    assert path({value: _PHONES[1], label: None}) == _PHONES[1]


@pytest.mark.parametrize(
    ("value", "label"),
    [("Email", "Email Type"), ("E-mail 1 - Value", "E-mail 1 - Label"), ("E-Mail", "E-Mail Typ")],
)
def test_labels_of_mailboxes(tmp_path: Path, value: str, label: str) -> None:
    columns = ((value, None, *_MAILS), (label, None, "Work", "Assistant"))
    (question,) = _asked(tmp_path / "x.csv", *columns)
    assert question.startswith(f"{label}: does 'Assistant' say")


@pytest.mark.parametrize(
    "column",
    [
        ("Phone Type", None, "Work", "* Mobile"),
        # Of the second number, which is not read.
        ("Phone 2 Type", None, "Work Fax", "Assistant"),
        # What a person is, and what people wrote.
        ("Relationship", None, "Manager", "Assistant"),
        ("Notes", None, "spoke to his assistant", "sent the fax"),
        ("Phone notes", None, "left word with the assistant of the head of sales", ""),
    ],
)
def test_what_says_nothing_of_the_number(
    tmp_path: Path, column: tuple[str, None, str, str]
) -> None:
    known = (("Email", None, *_MAILS), ("Phone", None, *_PHONES))
    assert not _asked(tmp_path / "x.csv", *known, column)
