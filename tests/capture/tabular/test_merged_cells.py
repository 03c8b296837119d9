"""Cells merged downwards hold for each row they reach over."""

import time
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lead_platform.capture.readers import RawRecord, read_records
from lead_platform.capture.tabular import merged_cells
from lead_platform.capture.tabular.headers import TableFault
from lead_platform.capture.tabular.rows import Row
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


def filled(
    ranges: list[tuple[int, int, int]], cells: list[list[str]]
) -> tuple[list[list[Any]], int]:
    """Rows with the values of ranges (first row, last row, column) over them; what was spent."""
    spent: list[int] = []
    found = tuple(sorted(merged_cells._Range(*one) for one in ranges))
    rows = (Row(number, row) for number, row in enumerate(cells, start=1))
    made = merged_cells.MergedCells(found, spent.append).filled(rows)
    return [list(row.cells) for row in made], sum(spent)


@given(
    ranges=st.lists(
        st.tuples(st.integers(1, 8), st.integers(2, 9), st.integers(0, 3)).filter(
            lambda one: one[0] < one[1]
        ),
        max_size=8,
    ),
    cells=st.lists(st.lists(st.sampled_from(["", "a", "b", "c"]), max_size=4), max_size=9),
)
def test_of_ranges_over_each_other_the_first_with_a_value_counts(
    ranges: list[tuple[int, int, int]], cells: list[list[str]]
) -> None:
    expected = []
    for number, row in enumerate(cells, start=1):
        full = dict(enumerate(row))
        for first, last, column in sorted(ranges):
            above = cells[first - 1][column:] if first <= len(cells) else []
            if any(row) and first < number <= last and above and above[0]:
                full[column] = full.get(column) or above[0]
        expected.append({column: value for column, value in full.items() if value})
    found, _ = filled(ranges, cells)
    assert [{c: v for c, v in enumerate(row) if v} for row in found] == expected


def test_ranges_over_each_other_take_no_time() -> None:
    """Each row went through all ranges that reach over it: 20,000 ranges took minutes."""
    cells = [["C", "P"], *([["", f"P{n}"] for n in range(30_000)])]
    ranges = [(1, last, 0) for last in range(10_000, 30_000)]
    started = time.process_time()
    found, _ = filled(ranges, cells)
    assert time.process_time() - started < 5
    assert [row[0] for row in found] == ["C"] * 29_999 + ["", ""]


def test_cells_that_a_row_does_not_have_are_counted() -> None:
    """A row of one cell became one of 16,384, a million times, for nothing."""
    found, spent = filled([(1, 3, 16_383)], [[""] * 16_383 + ["v"], ["a"], ["b"]])
    assert [row[-1] for row in found] == ["v", "v", "v"]
    assert spent > 2 * 16_000
