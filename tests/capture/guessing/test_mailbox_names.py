"""One person's name came with another's mailbox and number, unasked: `Email` beside `Attendee Name`
and `Buyer Name` was the buyer's, and went to the attendee."""

from pathlib import Path

import pytest

from lead_platform.capture.guessing.proposal import Proposal
from tests.capture.guessing.exports import Columns
from tests.capture.guessing.test_exports import proposed, write_export

_PHONES = ("+44 20 7946 0111", "+44 20 7946 0112", "+44 20 7946 0113")
_COMPANIES = ("Acme Ltd", "Bold Ltd", "Core Ltd")


def _proposal(path: Path, mails: tuple[str, ...], *people: tuple[str, ...]) -> Proposal:
    rows = len(mails)
    columns: Columns = [
        *[(name, None, *values) for name, *values in people],
        ("Email", None, *mails),
        ("Phone", None, *_PHONES[:rows]),
        ("Company", None, *_COMPANIES[:rows]),
    ]
    return proposed(write_export(path, columns))


def _fields(proposal: Proposal) -> dict[str, tuple[str, ...]]:
    assert proposal.draft is not None
    return dict(proposal.draft.fields)


def _asked(proposal: Proposal) -> list[str]:
    return [q for q in proposal.found.questions if "the lead's (" in q]


_LEADS = ("Ida Falk", "Omar Reyes", "Jo Quill")
_OTHERS = ("Vera Stone", "Nils Berg", "Pia Lund")
_OF_OTHERS = ("vera.stone@acme.example", "nils.berg@bold.example", "pia.lund@core.example")
_OF_LEADS = ("ida@acme.example", "o.reyes@bold.example", "joquill@core.example")


@pytest.mark.parametrize("rows", [1, 2, 3])
@pytest.mark.parametrize(
    ("own", "other"),
    [
        ("Attendee Name", "Buyer Name"),
        ("Name", "Assistant"),
        ("Full name", "Assistant name"),
        ("Name", "Ordered by"),
        ("Contact Name", "Supervisor"),
        ("Teilnehmer", "Rechnungsempfänger"),
    ],
)
def test_a_mailbox_that_holds_anothers_name_is_asked_about(
    tmp_path: Path, own: str, other: str, rows: int
) -> None:
    people = (own, *_LEADS[:rows]), (other, *_OTHERS[:rows])
    proposal = _proposal(tmp_path / "x.csv", _OF_OTHERS[:rows], *people)
    assert _fields(proposal).keys().isdisjoint({"email", "further_emails", "phone"})
    (question,) = _asked(proposal)
    assert f"that of {other}?" in question
    assert f"In {rows} of {rows} rows" in question
    # Asked once, not again as columns that nobody claimed.
    assert not any("are its mailboxes" in each for each in proposal.found.questions)


def test_of_one_family_the_first_name_tells(tmp_path: Path) -> None:
    people = (
        ("Student Name", "Tim Falk", "Uma Reyes"),
        ("Parent Name", "Vera Falk", "Nils Reyes"),
    )
    mails = ("vera@falk.example", "nils@reyes.example")
    proposal = _proposal(tmp_path / "x.csv", mails, *people)
    assert len(_asked(proposal)) == 1
    assert "email" not in _fields(proposal)


def test_halves_of_anothers_name(tmp_path: Path) -> None:
    people = (
        *(("First Name", "Ida", "Omar"), ("Last Name", "Falk", "Reyes")),
        *(("Payer First Name", "Vera", "Nils"), ("Payer Last Name", "Stone", "Berg")),
    )
    proposal = _proposal(tmp_path / "x.csv", ("vera@acme.example", "nils@b.example"), *people)
    assert len(_asked(proposal)) == 1
    assert "email" not in _fields(proposal)


@pytest.mark.parametrize(
    ("mails", "other"),
    [
        (_OF_LEADS, ("Assistant", *_OTHERS)),
        # One of three is the other's, as a typo or a family's mailbox is.
        ((*_OF_LEADS[:2], _OF_OTHERS[2]), ("Assistant", *_OTHERS)),
        (("info@acme.example", "sales@bold.example", "hello@core.example"), ("Owner", *_OTHERS)),
        # Words that look like names are none: a place's mailbox is its owner's.
        (
            ("bellanapoli@mail.example", "goldenlion@mail.example", "redfox@mail.example"),
            ("Restaurant", "Bella Napoli", "Golden Lion", "Red Fox"),
        ),
        # `tom` stands in customer, `ann` in planning.
        (
            ("customer@acme.example", "planning@bold.example", "kimono@core.example"),
            ("Owner", "Tom Ash", "Ann Ash", "Kim Ash"),
        ),
        # Who asks is their own assistant.
        (_OF_LEADS, ("Assistant", *_LEADS)),
    ],
)
def test_what_is_the_leads_stays_unasked(
    tmp_path: Path, mails: tuple[str, ...], other: tuple[str, ...]
) -> None:
    proposal = _proposal(tmp_path / "x.csv", mails, ("Name", *_LEADS), other)
    assert not _asked(proposal)
    fields = _fields(proposal)
    assert (fields["email"], fields["phone"]) == (("Email",), ("Phone",))


def test_beside_the_leads_own_mailbox_the_number_stays(tmp_path: Path) -> None:
    columns: Columns = [
        ("Name", None, *_LEADS),
        ("Assistant", None, *_OTHERS),
        ("Email", None, *_OF_LEADS),
        ("Work Email", None, *_OF_OTHERS),
        ("Phone", None, *_PHONES),
    ]
    proposal = proposed(write_export(tmp_path / "x.csv", columns))
    fields = _fields(proposal)
    assert (fields["email"], fields["phone"]) == (("Email",), ("Phone",))
    assert "further_emails" not in fields
    assert len(_asked(proposal)) == 1
