from collections.abc import Sequence
from io import StringIO
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.console import Console

from lead_platform.capture.columns import Kind
from lead_platform.capture.intake import identify_delivery, parse_file, write_batches
from lead_platform.capture.preview import preview_file, render_preview
from lead_platform.capture.tallies import ReadRow, Row, render_tally, tally_file
from tests.capture.conftest import CONTACTS, PROJECT, RECEIVED_AT, MakeChannel

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
    rows = [f"{n}-{row}" for n in range(1_500) for row in ROWS.splitlines(keepends=True)]
    path.write_text(HEAD + "".join(rows))
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


CONTENTS = st.lists(
    st.tuples(st.sampled_from("123"), st.sampled_from(["Ann", "Bob", "Test Test"])), max_size=8
)


@pytest.mark.parametrize("on_conflict", ["reject", "update"])
@given(rows=CONTENTS)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_counted_is_what_comes_of_a_delivery(
    make_channel: MakeChannel, tmp_path: Path, on_conflict: str, rows: list[tuple[str, str]]
) -> None:
    """Repeats, and other contents under a known id, were counted as taken."""
    text = CONTACTS.replace("record_id: id", f"record_id: id\n    on_conflict: {on_conflict}")
    channel, path = make_channel(text), tmp_path / "people.csv"
    lines = [f"{id},{id},2026-01-01,{name},{name[:3]}@b.co,," for id, name in rows]
    path.write_text(HEAD + "".join(f"{line}\n" for line in lines or ["0,0,soon,,,,"]))
    tally = tally_file(path, channel, received_at=RECEIVED_AT, normalize=read_mailboxes)
    with duckdb.connect() as connection:
        connection.execute("create schema capture")
        connection.execute((PROJECT / "lead_platform/capture/tables.sql").read_text())
        counts = write_batches(
            connection,
            identify_delivery(path, channel, received_at=RECEIVED_AT),
            parse_file(path, channel, received_at=RECEIVED_AT),
        )
        kinds = dict(
            connection.execute(
                "select kind, count(*) from capture.submissions group by 1"
            ).fetchall()
        )
    assert (tally.records, tally.taken, tally.repeats) == (
        counts.records, counts.taken, counts.repeats,
    )  # fmt: skip
    assert tally.items.get("submission", 0) == counts.submissions
    assert tally.kinds == kinds


def test_what_becomes_no_lead_is_told(make_channel: MakeChannel, tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    rows = [f"{n},{n},2026-01-01,Test Test,test@test.com,,\n" for n in range(7)]
    path.write_text(HEAD + "".join([*rows, rows[0], "3,3,2026-01-01,Ann,a@b.co,,\n"]))
    tally = tally_file(path, make_channel(), received_at=RECEIVED_AT, normalize=read_mailboxes)
    console = Console(width=200, record=True, file=StringIO())
    console.print(render_tally(tally))
    text = console.export_text()
    assert "Of 9 records 7 would be taken (7 submissions), 1 repeat another of the file" in text
    assert "1 rejected" in text
    assert "Of the submissions no lead becomes: 7 test." in text
    assert tally.rejected == {"conflicting contents": 1}
