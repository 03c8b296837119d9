from collections.abc import Sequence
from io import StringIO
from pathlib import Path

from rich.console import Console

from lead_platform.capture.columns import Kind
from lead_platform.capture.preview import preview_file, render_preview
from lead_platform.capture.tallies import ReadRow, Row, render_tally, tally_file
from tests.capture.conftest import RECEIVED_AT, MakeChannel

HEAD = "id,person,at,name,email,message,consent\n"
ROWS = "1,1,2026-01-01,Ann,a@b.co,,perhaps\n2,2,soon,Bob,,,\n3,3,2026-01-02,Cid,nobody,,\n"


def read_mailboxes(_kind: Kind, rows: Sequence[Row]) -> list[ReadRow]:
    """A normaliser that knows mailboxes alone."""
    return [
        ReadRow({"email": row["email"]}, ())
        if row["email"] and "@" in row["email"]
        else ReadRow({"email": None}, (("email", "not an address"),))
        for row in rows
    ]


def test_all_records_of_a_file_are_counted_by_reason(
    make_channel: MakeChannel, tmp_path: Path
) -> None:
    path = tmp_path / "people.csv"
    path.write_text(HEAD + ROWS * 1_500)
    tally = tally_file(path, make_channel(), received_at=RECEIVED_AT, normalize=read_mailboxes)
    assert (tally.records, tally.taken) == (4_500, 3_000)
    assert tally.items == {"submission": 3_000}
    assert tally.rejected == {"submitted_at not readable": 1_500}
    assert tally.left_empty == {"consent_email not readable": 1_500}
    assert tally.unread == {("email", "not an address"): 1_500}
    console = Console(width=200, record=True, file=StringIO())
    console.print(render_tally(tally))
    text = console.export_text()
    for part in ("Of 4,500 records 3,000 would be taken", "not normalised", "'soon' is not"):
        assert part in text


def test_a_preview_shows_how_values_are_read(make_channel: MakeChannel, tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_text(HEAD + ROWS)
    preview = preview_file(path, make_channel(), received_at=RECEIVED_AT, normalize=read_mailboxes)
    (email,) = preview.normalized
    assert email.values == ("a@b.co", "✗ not an address")
    console = Console(width=200, record=True, file=StringIO())
    console.print(render_preview(preview))
    assert "submissions as they are read" in console.export_text()
