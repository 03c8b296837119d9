from io import StringIO
from pathlib import Path

from rich.console import Console

from lead_platform.capture.preview import FilePreview, preview_file, render_preview
from tests.capture.conftest import RECEIVED_AT, MakeChannel

FILE = (
    "id,person,at,name,email,message,consent,shoe size\n"
    "1,1,2026-01-01,Ann,a@b.co,,,42\n"
    "2,2,soon,Bob,,,,\n"
    "3,3,2026-01-02,Cid,,,,\n"
    "4,4,2026-01-02,Dan,,,,\n"
)


def preview(
    make_channel: MakeChannel, tmp_path: Path, content: str = FILE, records: int = 3
) -> FilePreview:
    path = tmp_path / "people.csv"
    path.write_text(content)
    return preview_file(path, make_channel(), received_at=RECEIVED_AT, limit=records)


def test_a_preview_shows_field_by_field_what_records_become(
    make_channel: MakeChannel, tmp_path: Path
) -> None:
    shown = preview(make_channel, tmp_path)
    assert shown.record_numbers == (1, 3)
    fields = {field.field: field for field in shown.fields}
    assert fields["full_name"].values == ("Ann", "Cid")
    assert fields["full_name"].source == "name"
    assert fields["submitted_at"].source == "at else received_at"
    assert fields["email"].values == ("a@b.co", None)
    assert not fields["message"].is_filled
    assert shown.item_counts == ({"submission": 1}, {"submission": 1})
    assert shown.unused_names == ("shoe size",)
    ((number, reasons),) = shown.rejections
    assert number == 2
    assert reasons[0].startswith("submitted_at not readable: 'soon'")


def test_a_preview_of_a_broken_file_says_why(make_channel: MakeChannel, tmp_path: Path) -> None:
    shown = preview(make_channel, tmp_path, "no,such\ncolumns,here\n")
    assert shown.record_numbers == ()
    assert shown.rejections[0][0] is None
    assert shown.rejections[0][1][0].startswith("columns missing: id")


def test_a_preview_can_be_printed(make_channel: MakeChannel, tmp_path: Path) -> None:
    console = Console(width=160, record=True, file=StringIO())
    console.print(render_preview(preview(make_channel, tmp_path)))
    text = console.export_text()
    for part in ("full_name", "Ann", "Rejected record 2", "payload only: shoe size"):
        assert part in text


def test_a_long_note_is_shown_short_and_kept_whole(
    make_channel: MakeChannel, tmp_path: Path
) -> None:
    """One cell of a CRM's history printed thousands of lines."""
    note = "called again\n" * 3_000
    content = f'id,person,at,name,email,message,consent\n1,1,2026-01-01,Ann,,"{note}",{"x" * 900}\n'
    shown = preview(make_channel, tmp_path, content)
    (message,) = [field.values[0] for field in shown.fields if field.field == "message"]
    assert len(message) > 30_000
    console = Console(width=160, record=True, file=StringIO())
    console.print(render_preview(shown))
    text = console.export_text()
    assert len(text.splitlines()) < 60
    assert "… (38,999 characters)" in text


def test_many_records_are_shown_a_few_side_by_side(
    make_channel: MakeChannel, tmp_path: Path
) -> None:
    """Columns of fifty records were a letter wide."""
    mails = [f"m{number}@acme.example" for number in range(50)]
    rows = "".join(f"{n},{n},2026-01-01,Ann,{mail},,\n" for n, mail in enumerate(mails, 1))
    shown = preview(
        make_channel, tmp_path, f"id,person,at,name,email,message,consent\n{rows}", records=50
    )
    console = Console(width=160, record=True, file=StringIO())
    console.print(render_preview(shown))
    text = console.export_text()
    assert [mail for mail in mails if mail not in text.replace("\n", " ")] == []


def test_records_are_found_in_the_file(make_channel: MakeChannel, tmp_path: Path) -> None:
    """`record 2` is nowhere in a file that has titles and cells of several lines."""
    shown = preview(make_channel, tmp_path, "Leads,\n\n" + FILE.replace("Ann", '"Ann\nLee"'))
    console = Console(width=160, record=True, file=StringIO())
    console.print(render_preview(shown))
    text = console.export_text()
    for part in ("record 1 (row 4)", "Rejected record 2 (row 5)", "record 3 (row 6)"):
        assert part in text
