"""Following the advice about a list of referrals made every referrer a lead."""

from pathlib import Path

import pytest

from lead_platform.capture.guessing.proposal import Proposal
from tests.capture.guessing.test_exports import proposed, write_export


def guessed(tmp_path: Path, referrer: str, friend: str) -> Proposal:
    return proposed(
        write_export(
            tmp_path / "list.csv",
            [
                (f"{referrer} name", None, "Ada Ashby", "Cy Cole", "Ed Eve"),
                (f"{referrer} email", None, "ada@a.example", "cy@c.example", "ed@e.example"),
                (f"{friend} name", None, "Bo Brock", "Di Dean", "Flo Fox"),
                (f"{friend} email", None, "bo@b.example", "di@d.example", "flo@f.example"),
            ],
        )
    )


REFERRERS = ("Referrer", "Referer", "Introducer", "Recommender", "Empfehler", "Werber", "Parrain")


@pytest.mark.parametrize("referrer", REFERRERS)
@pytest.mark.parametrize("friend", ["Friend", "Referral"])
def test_whose_mailboxes_are_the_leads_is_asked_and_never_said(
    tmp_path: Path, referrer: str, friend: str
) -> None:
    proposal = guessed(tmp_path, referrer, friend)
    assert proposal.draft is None
    assert f"{referrer} email" not in (proposal.fault or "")
    asked = f"{referrer} email, {friend} email: whose mailboxes are the leads'?"
    assert any(question.startswith(asked) for question in proposal.found.questions)


@pytest.mark.parametrize("referrer", REFERRERS)
def test_beside_the_leads_a_referrer_is_nobody(tmp_path: Path, referrer: str) -> None:
    proposal = guessed(tmp_path, referrer, "Customer")
    assert proposal.draft is not None
    assert proposal.draft.fields["email"] == ("Customer email",)
    assert not any(question.startswith(referrer) for question in proposal.found.questions)
