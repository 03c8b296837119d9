"""Cells merged downwards hold for each row they reach over."""

from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lead_platform.capture.readers import RawRecord, read_records
from lead_platform.capture.tabular import merged_cells
from lead_platform.capture.tabular.headers import TableFault
from lead_platform.capture.tabular.tables import read_table
from tests.capture.test_readers import rules

NAMES = ["Company", "Name", "E-Mail", "Since"]


def saved(path: Path, rows: list[list[Any]], merged: list[str]) -> Path:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    for place in merged:
        book.active.merge_cells(place)
    book.save(path)
    return path


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(
    groups=st.lists(st.tuples(st.integers(1, 4), st.booleans()), min_size=1, max_size=5),
    titles=st.integers(0, 2),
    column=st.integers(0, 3),
)
def test_a_value_over_several_rows_is_that_of_each(
    tmp_path: Path, groups: list[tuple[int, bool]], titles: int, column: int
) -> None:
    """A company over three rows was that of the first person alone."""
    rows: list[list[Any]] = [["Fair"]] * titles + [NAMES]
    merged, expected = [], []
    for number, (size, is_merged) in enumerate(groups):
        first = len(rows) + 1
        for place in range(size):
            person = [f"C{number}", f"Person {first}{place}", f"p{first}{place}@b.example", "2020"]
            value = f"value {number}"
            person[column] = value if place == 0 else None
            rows.append(person)
            expected.append(value if is_merged or place == 0 else "")
        if is_merged and size > 1:
            letter = "ABCD"[column]
            merged.append(f"{letter}{first}:{letter}{first + size - 1}")
    found = read_table(saved(tmp_path / "x.xlsx", rows, merged)).rows
    assert [row[NAMES[column]] for row in found] == expected


def test_a_block_holds_its_value_in_its_first_column(tmp_path: Path) -> None:
    rows = [NAMES, ["Beck", "Ann", "a@b.example", "2020"], [None, None, "b@b.example", "2021"]]
    found = read_table(saved(tmp_path / "x.xlsx", rows, ["A2:B3"])).rows
    assert [found[1][name] for name in NAMES] == ["Beck", "", "b@b.example", "2021"]


def test_merged_titles_and_blank_rows_are_what_they_were(tmp_path: Path) -> None:
    rows: list[list[Any]] = [
        ["id", "Company", "Person", None], [None, None, "Name", "E-Mail"],
        ["1", "Beck", "Ann", "a@b.example"], [None] * 4, ["2", None, "Bo", "b@b.example"],
        ["3", "Cole", "Cy", "c@b.example"],
    ]  # fmt: skip
    path = saved(tmp_path / "x.xlsx", rows, ["A1:A2", "B1:B2", "C1:D1", "B3:B5"])
    fields: dict[str, Any] = {"company_name": "Company", "full_name": {"column": ["Person - Name"]}}
    emits = [
        {"kind": "submission", "fields": {"submitted_at": {"default": "received_at"}} | fields}
    ]
    found = [r.content for r in read_records(path, rules(emits=emits)) if isinstance(r, RawRecord)]
    assert [row["Company"] for row in found] == ["Beck", "Beck", "Cole"]
    assert [row["Person - Name"] for row in found] == ["Ann", "Bo", "Cy"]


def test_more_ranges_than_are_held_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(merged_cells, "MOST_RANGES", 2)
    body = [["C", f"P{n}", f"p{n}@b.example", "1"] for n in range(8)]
    path = saved(tmp_path / "x.xlsx", [NAMES, *body], ["A2:A3", "A4:A5", "A6:A7"])
    with pytest.raises(TableFault, match="too many merged cells"):
        read_table(path)
