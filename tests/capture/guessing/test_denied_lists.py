"""Lists of people who may not be reached: they were proposed as plain leads, without a question."""

from pathlib import Path

import openpyxl
import pytest

from lead_platform.capture.channels import load_channel
from lead_platform.capture.contracts import load_contracts
from lead_platform.capture.guessing.proposal import Proposal
from lead_platform.capture.preview import preview_file
from tests.capture.guessing.test_exports import NOW, proposed

ROWS = [["Email"], ["ida@falk.example"], ["omar@reyes.example"]]


def asked(proposal: Proposal) -> list[str]:
    return [note for note in proposal.sample.notes if "may not be written to or called?" in note]


def written(path: Path) -> Path:
    path.write_text("\n".join(row[0] for row in ROWS) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "name",
    ["suppression_list", "unsubscribes", "unsubscribed_2026-10", "bounces", "opt_outs", "DNC list",
     "do_not_call", "Blacklist", "Sperrliste", "Abmeldungen", "Désabonnés", "bajas", "disiscritti",
     "Uitschrijvingen", "hard_bounces", "spam complaints"],
)  # fmt: skip
def test_the_name_of_a_file_says_so(tmp_path: Path, name: str) -> None:
    path = written(tmp_path / f"{name}.csv")
    proposal = proposed(path)
    (note,) = asked(proposal)
    assert name in note
    # What the question tells to add denies.
    assert proposal.draft is not None
    lines = proposal.draft.text.rstrip() + "\n      consent_email: {constant: denied}\n"
    (tmp_path / "guessed.yaml").write_text(lines, encoding="utf-8")
    channel = load_channel(tmp_path / "guessed.yaml")
    preview = preview_file(path, channel, received_at=NOW, contracts=load_contracts(), limit=9)
    said = {each.field: each.values for each in preview.fields}
    assert set(said["consent_email"]) == {"denied"}


@pytest.mark.parametrize(
    "name",
    ["leads", "customers", "newsletter_signups", "one_stop_shop", "no_show_leads", "expo_2026",
     "opt_ins", "export (2)"],
)  # fmt: skip
def test_other_names_do_not(tmp_path: Path, name: str) -> None:
    assert not asked(proposed(written(tmp_path / f"{name}.csv")))


def test_the_name_of_a_sheet_says_so(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    assert book.active is not None
    book.active.title = "Abgemeldet"
    for row in ROWS:
        book.active.append(row)
    book.save(tmp_path / "x.xlsx")
    (note,) = asked(proposed(tmp_path / "x.xlsx"))
    assert "Abgemeldet" in note


def test_the_name_of_the_only_column_says_so(tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("Unsubscribed Email\na@b.example\nc@d.example\n", "utf-8")
    (note,) = asked(proposed(tmp_path / "x.csv"))
    assert "Unsubscribed Email" in note
