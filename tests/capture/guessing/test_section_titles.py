"""`DO NOT CONTACT`, typed over the people it is said of, was rejected, and they came in unasked."""

from pathlib import Path

import pytest

from lead_platform.capture.channels import load_channel
from lead_platform.capture.preview import preview_file
from tests.capture.guessing.exports import Columns
from tests.capture.guessing.test_exports import NAMES, NOW, proposed, write_export

MAILS = ("ada@firm1.example", "", "bo@firm2.example")
DENYING = ("DO NOT CONTACT", "Unsubscribed:", "** opted out **", "Bitte nicht anrufen", "Blacklist")


def section(path: Path, title: str) -> Path:
    columns: Columns = [
        ("Full name", None, "Ada Ashby", title, "Bo Brock"),
        ("Email", None, *MAILS),
        ("City", None, "Leeds", "", "York"),
    ]
    return write_export(path, columns)


@pytest.mark.parametrize("title", DENYING)
def test_a_title_that_denies_is_asked_about(tmp_path: Path, title: str) -> None:
    path = section(tmp_path / "x.csv", title)
    proposal = proposed(path)
    assert any("row 3" in note and "rows below" in note for note in proposal.sample.notes)
    assert proposal.draft is not None
    file = tmp_path / "guessed.yaml"
    file.write_text(proposal.draft.text, encoding="utf-8")
    shown = preview_file(path, load_channel(file), received_at=NOW, names=NAMES)
    assert any(doubt.startswith("row 3") for doubt in shown.doubts)


@pytest.mark.parametrize("title", ["Cy Crane", "Leeds office", "2026"])
def test_other_lone_cells_are_not(tmp_path: Path, title: str) -> None:
    notes = proposed(section(tmp_path / "x.csv", title)).sample.notes
    assert not any("rows below" in note for note in notes)


@pytest.mark.parametrize(
    ("header", "operations", "is_asked"),
    [
        ("Op", ("I", "D"), True),
        ("__op", ("c", "d"), True),
        ("_change_type", ("insert", "delete"), True),
        ("Operation", ("Deleted", "Updated"), True),
        ("Op", ("I", "U"), False),
        ("Grade", ("C", "D"), False),
    ],
)
def test_records_that_a_feed_says_are_gone(
    tmp_path: Path, header: str, operations: tuple[str, str], *, is_asked: bool
) -> None:
    columns: Columns = [
        (header, None, *operations),
        ("Email", None, "ada@firm1.example", "bo@firm2.example"),
    ]
    path = write_export(tmp_path / "x.csv", columns)
    proposal = proposed(path)
    asked = [text for text in proposal.found.questions if text.startswith(f"{header}: does")]
    assert len(asked) == is_asked
    if asked:
        assert proposal.draft is not None
        line = asked[0].split("`")[-2]
        text = proposal.draft.text.replace(
            "  - kind: submission\n", f"  - kind: submission\n    {line}\n"
        )
        file = tmp_path / "guessed.yaml"
        file.write_text(text, encoding="utf-8")
        shown = preview_file(path, load_channel(file), received_at=NOW)
        gone = sum(operation.lower() in ("d", "delete", "deleted") for operation in operations)
        assert sum(count.get("submission", 0) for count in shown.item_counts) == 2 - gone
