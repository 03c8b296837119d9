"""Tables that were glued together: each row is read by the header above it, or refused."""

import random
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lead_platform.capture.readers import BadRecord, RawRecord, RecordStream, read_records
from lead_platform.capture.tabular.tables import read_table
from tests.capture.tabular.test_tables import CHANNEL, NAMES, as_text, contents
from tests.capture.test_readers import rules

PEOPLE = st.lists(
    st.fixed_dictionaries(
        {
            "id": st.integers(1, 999).map(lambda n: f"L-{n}"),
            "name": st.sampled_from(["Ann Lee", "Jörg Müller", "Total Energy"]),
            "email": st.sampled_from(["a@b.example", "c@d.example"]),
            "phone": st.sampled_from(["+49 30 5550 1234", ""]),
            "note": st.sampled_from(["hi", "name", "email", "", "id, phone"]),
        }
    ),
    min_size=1,
    max_size=4,
)


def write(path: Path, rows: list[list[str]]) -> None:
    if path.suffix == ".csv":
        path.write_text(as_text(rows, ";", "\n"), encoding="utf-8")
        return
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    book.save(path)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    parts=st.lists(PEOPLE, min_size=1, max_size=4),
    orders=st.randoms(use_true_random=False),
    suffix=st.sampled_from([".csv", ".xlsx"]),
    data=st.data(),
)
def test_each_part_is_read_by_its_own_header(
    tmp_path: Path,
    parts: list[list[dict[str, str]]],
    orders: random.Random,
    suffix: str,
    data: Any,
) -> None:
    """Two exports one below the other: the second header was a lead, and what followed was read by
    the first."""
    rows: list[list[str]] = []
    for part in parts:
        names = list(NAMES)
        orders.shuffle(names)
        if not rows:
            names = [*NAMES]
        names[2:2] = data.draw(st.sampled_from([[], ["Stand"]])) if rows else []
        rows.append([f" {name} " if rows and name == "name" else name for name in names])
        rows += [[record.get(name, "") for name in names] for record in part]
        rows += data.draw(st.sampled_from([[], [[""] * len(names)]]))
    path = tmp_path / f"glued{suffix}"
    write(path, rows)
    found = [{name: record[name] for name in NAMES} for record in contents(path)]
    assert found == [record for part in parts for record in part]


def stream_of(path: Path, rows: list[list[str]], **options: Any) -> RecordStream:
    write(path, rows)
    return read_records(path, rules(**CHANNEL | options))


def test_the_other_header_is_told(tmp_path: Path) -> None:
    first, second = ["id", "name", "email"], ["email", "id", "name"]
    stream = stream_of(
        tmp_path / "x.csv", [first, ["1", "Ann", "a@b.example"], second, ["c@d.example", "2", "Bo"]]
    )
    assert [r.content["id"] for r in stream if isinstance(r, RawRecord)] == ["1", "2"]
    assert stream.reading is not None
    assert stream.reading.header_lines == (1, 3)
    assert "Row 3 names the columns again" in stream.reading.remarks[0]


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_rows_below_a_header_that_lacks_a_needed_column_are_refused(
    tmp_path: Path, suffix: str
) -> None:
    rows = [
        ["id", "name", "email"], ["1", "Ann", "a@b.example"],
        ["name", "email", "stage"], ["Bo", "c@d.example", "won"], ["Cy", "e@f.example", "lost"],
        ["id", "name", "email"], ["3", "Di", "g@h.example"],
    ]  # fmt: skip
    read = list(stream_of(tmp_path / f"x{suffix}", rows))
    assert [r.content["id"] for r in read if isinstance(r, RawRecord)] == ["1", "3"]
    bad = [record for record in read if isinstance(record, BadRecord)]
    assert [record.row for record in bad] == [4, 5]
    assert all(r.reason.startswith("other columns: row 3 names them again") for r in bad)
    assert "columns missing: id" in bad[0].reason


@pytest.mark.parametrize(
    "row",
    [
        ["L-2", "name", "email", "phone", "note"],
        ["L-2", "Name", "a@b.example", "", "id"],
        ["email", "", "", "", ""],
    ],
)
def test_a_record_that_holds_names_of_columns_is_none(tmp_path: Path, row: list[str]) -> None:
    known = ["L-1", "Ann", "a@b.example", "", "hi"]
    read = list(stream_of(tmp_path / "x.csv", [NAMES, known, row, known]))
    assert [record.content["id"] for record in read] == ["L-1", row[0], "L-1"]  # type: ignore[union-attr]


def test_a_table_nobody_has_described_may_be_glued_too(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    write(
        path,
        [["Name", "E-Mail"], ["Ann", "a@b.example"], ["E-Mail", "Name"], ["c@d.example", "Bo"]],
    )
    assert [row["Name"] for row in read_table(path).rows] == ["Ann", "Bo"]
