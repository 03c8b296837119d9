"""A column whose field no record of the channel has is left over like any other."""

from pathlib import Path

import pytest

from tests.capture.guessing.exports import Columns
from tests.capture.guessing.test_exports import proposed, write_export

LEADS: Columns = [("Email", None, "ada@a.example", "bo@b.example"), ("Company", None, "A", "B")]
DEALS: Columns = [
    ("Opportunity ID", None, "1", "2"), ("Stage", None, "Won", "New"), ("Amount", None, "9", "8"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("header", "cells"),
    [("Stage", ("New", "Won")), ("Reason lost", ("Price", "Timing")), ("Close date", ("2026-01-02",
     "2026-03-04")), ("Opportunity name", ("Relaunch", "Audit")), ("Last modified", ("2026-02-03",
     "2026-02-14"))],
)  # fmt: skip
def test_what_a_lead_has_no_field_for_is_its_answer(
    tmp_path: Path, header: str, cells: tuple[str, str]
) -> None:
    """The table said `Stage -> stage 95 %`, and the YAML had it nowhere."""
    proposal = proposed(write_export(tmp_path / "x.csv", [*LEADS, (header, None, *cells)]))
    assert proposal.draft is not None
    (answers,) = [each for each in proposal.draft.text.splitlines() if "answers:" in each]
    assert header in answers
    mapped = [c.column.name for each in proposal.found.choices.values() for c in each]
    assert header not in mapped
    assert [column.name for column, _ in proposal.found.rest] == [header]


@pytest.mark.parametrize("header", ["Stage", "Reason lost", "Opportunity name"])
def test_a_denial_there_is_asked_about(tmp_path: Path, header: str) -> None:
    columns = [*LEADS, (header, None, "Do Not Contact", "Price")]
    proposal = proposed(write_export(tmp_path / "x.csv", columns))
    (question,) = [each for each in proposal.found.questions if each.startswith(f"{header}:")]
    assert "may be written to or called?" in question


def test_a_deal_has_no_consents(tmp_path: Path) -> None:
    columns = [*DEALS, ("Do Not Contact", None, "yes", "no")]
    proposal = proposed(write_export(tmp_path / "x.csv", columns))
    assert proposal.draft is not None
    assert "kind: outcome" in proposal.draft.text
    (question,) = [q for q in proposal.found.questions if q.startswith("Do Not Contact:")]
    assert "may be written to or called?" in question
    # An outcome cannot hold a consent, and the advice was to map it to one.
    assert not any("`consent_" in question for question in proposal.found.questions)


def test_consents_beside_deals_are_asked_about_once(tmp_path: Path) -> None:
    columns = [*DEALS, ("Newsletter", None, "yes", "no"), ("Do Not Call", None, "no", "yes")]
    proposal = proposed(write_export(tmp_path / "x.csv", columns))
    (question,) = [q for q in proposal.found.questions if "may be written to or called?" in q]
    assert question.startswith("Newsletter, Do Not Call: do they say")
    assert "`consent_" not in question
