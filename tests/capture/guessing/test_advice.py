"""What `guess` tells a newcomer can be followed: rows as a spreadsheet shows them, what a channel
that is there already would lose, and settings that can be given before there is a channel."""

from io import StringIO
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.console import Console

from lead_platform.capture.channels import load_channel
from lead_platform.capture.guessing.proposal import Proposal, render_proposal
from lead_platform.capture.guessing.samples import NothingToGuessError
from lead_platform.capture.readers import read_records
from lead_platform.capture.tabular.rules import TableRule, table_rule
from tests.capture.guessing.exports import Columns
from tests.capture.guessing.test_exports import proposed, write_export
from tests.capture.tabular.test_tables import CHANNEL, as_text
from tests.capture.test_readers import rules


def told(proposal: Proposal) -> str:
    console = Console(width=10_000, record=True, file=StringIO())
    console.print(render_proposal(proposal))
    return console.export_text()


NAMES = ("Ann Lee", "Bo Brock", "Cid Dow", "Di Eck", "Ed Fox", "Flo Gut")
PEOPLE: Columns = [
    ("Datum", None, *(f"2{day}.11.2026" for day in range(6))),
    ("Name", None, *NAMES),
    ("E-Mail", None, *(f"{name[0].lower()}@b.example" for name in NAMES)),
    ("Schuhgröße", None, "42", "43", "44", "45", "46", "47"),
]


def test_a_channel_that_takes_the_date_from_elsewhere_does_not_fit(tmp_path: Path) -> None:
    """`fits as it is` was said of a channel that dates each lead by the receipt of the file."""
    first = [(name, field, *cells[:2]) for name, field, *cells in PEOPLE]
    path = write_export(tmp_path / "x.csv", first[:3])
    draft = proposed(path, "own").draft
    assert draft is not None
    (tmp_path / "own.yaml").write_text(draft.text, encoding="utf-8")
    late = draft.text.replace("name: own", "name: late")
    lines = [
        "      submitted_at: {default: received_at}" if "submitted_at:" in line else line
        for line in late.splitlines()
    ]
    (tmp_path / "late.yaml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    own, late_channel = load_channel(tmp_path / "own.yaml"), load_channel(tmp_path / "late.yaml")
    wide = write_export(tmp_path / "wide.csv", first)
    fits = proposed(wide, channels={"own": own, "late": late_channel})
    assert fits.nearest is not None
    assert (fits.nearest.channel, fits.nearest.fits) == ("own", True)
    assert "It keeps in the payload only: Schuhgröße." in told(fits)
    loses = proposed(wide, channels={"late": late_channel})
    assert loses.nearest is not None
    assert (loses.nearest.fits, loses.nearest.lost) == (False, {"submitted_at"})
    assert "takes every record in" in told(loses)
    assert "leaves empty, or takes from elsewhere, submitted_at (Datum)" in told(loses)


def test_a_record_that_is_rejected_is_found_in_the_file(tmp_path: Path) -> None:
    """`takes 5 in, not 6` said neither what is wrong with which record nor where it stands."""
    path = write_export(tmp_path / "x.csv", PEOPLE)
    path.write_text("Teilnehmer\n\n" + path.read_text(encoding="utf-8"), encoding="utf-8")
    text = path.read_text(encoding="utf-8").replace("25.11.2026", "31.31.2026")
    path.write_text(text.replace("Ann Lee", '"Ann\nLee"'), encoding="utf-8")
    text = told(proposed(path))
    assert "takes 5 in and rejects 1, the first being record 6 (row 9): submitted_at" in text


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(
    notes=st.lists(
        st.sampled_from(["", "one", "two\nlines", "a\n\nb", '"q"']), min_size=1, max_size=5
    ),
    titles=st.integers(0, 3),
    declares=st.booleans(),
)
def test_rows_are_counted_as_a_spreadsheet_does(
    tmp_path: Path, notes: list[str], titles: int, declares: bool
) -> None:
    header = ["id", "name", "email", "phone", "note"]
    body = [[str(n), "Ann", "a@b.example", "", note] for n, note in enumerate(notes, start=1)]
    text = as_text([*([["Leads"]] * titles), header, *body], ";", "\n")
    path = tmp_path / "x.csv"
    path.write_text(("sep=;\n" if declares else "") + text, encoding="utf-8")
    found = [record.row for record in read_records(path, rules(**CHANNEL))]
    assert found == [titles + 1 + n for n in range(1, len(notes) + 1)]


@pytest.mark.parametrize(
    ("line", "parts"),
    [
        ("2,Bo,b@b.example,,hi, there", ("row 3 has 6 cells", "row 1 names 5", "holds a comma")),
        ("2,Bo", ("row 3 has 2 cells", "row 1 names 5 columns", "blank ones too")),
    ],
)
def test_a_ragged_row_says_what_to_do(tmp_path: Path, line: str, parts: tuple[str, ...]) -> None:
    path = tmp_path / "x.csv"
    path.write_text(f"id,name,email,phone,note\n1,Ann,a@b.example,,hi\n{line}\n")
    _, record = list(read_records(path, rules(**CHANNEL)))
    assert all(part in record.reason for part in parts)  # type: ignore[union-attr]


def test_an_encoding_can_be_given_before_there_is_a_channel(tmp_path: Path) -> None:
    """The advice was to write it into the channel that was yet to be proposed."""
    path = tmp_path / "x.csv"
    path.write_bytes(
        "Name;E-Mail\nJiří Šťastný;a@b.example\nVěra Bílá;b@b.example\n".encode("cp1250")
    )
    text = told(proposed(path))
    assert "under `table` of the channel" not in text
    proposal = proposed(path, table=TableRule(encoding="cp1250"))
    assert proposal.preview is not None
    (names,) = [each.values for each in proposal.preview.fields if each.field == "full_name"]
    assert names == ("Jiří Šťastný", "Věra Bílá")
    assert proposal.draft is not None
    assert "table: {encoding: cp1250}" in proposal.draft.text


def test_a_file_without_a_header_says_which_option_helps(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("1,a@b.example,2026-01-01\n2,b@b.example,2026-01-02\n")
    with pytest.raises(NothingToGuessError, match="--header-row") as error:
        proposed(path)
    assert "of the channel" not in str(error.value)


def test_settings_that_are_none_are_told() -> None:
    with pytest.raises(ValueError, match="'cp12xx' is not an encoding"):
        table_rule(encoding="cp12xx", delimiter=None, header_row=None, sheet=None)
    with pytest.raises(ValueError, match="header_row: "):
        table_rule(header_row=0)
    assert table_rule(sheet=["Leads"], delimiter=";").stated() == {
        "sheet": ["Leads"],
        "delimiter": ";",
    }


def test_days_of_a_spreadsheet_are_guessed_and_asked_about(tmp_path: Path) -> None:
    columns: Columns = [
        ("Created", None, "45123.5", "45124"), ("Email", None, "a@b.example", "b@b.example"),
    ]  # fmt: skip
    proposal = proposed(write_export(tmp_path / "x.csv", columns))
    assert proposal.draft is not None
    assert "submitted_at: {path: Created, formats: [spreadsheet_days]}" in proposal.draft.text
    (question,) = [each for each in proposal.found.questions if each.startswith("Created:")]
    assert "45123.5 being 2023-07-16 12:00:00" in question
    assert proposal.preview is not None
    (dates,) = [each.values for each in proposal.preview.fields if each.field == "submitted_at"]
    assert [str(found) for found in dates] == ["2023-07-16 12:00:00", "2023-07-17 00:00:00"]
