"""Tables of any format, however they are broken, as one frame."""

import json
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from lead_platform.capture.guessing.names import load_field_names
from lead_platform.capture.tabular.wanted import Wanted
from lead_platform.identity.linkage.tables import LONGEST_VALUE, TablesFault, read_tables
from lead_platform.settings import PROJECT_ROOT
from lead_platform.vocabularies.folder import shipped_intake_lists

LISTS = shipped_intake_lists()
WANTED = Wanted(is_name=load_field_names(PROJECT_ROOT / "config").has)
ROWS = [
    {"name": "Ada Lovelace", "city": "London", "n": "7"},
    {"name": "Alan Turing", "city": "n/a", "n": "8"},
]


def written(folder: Path, suffix: str) -> Path:
    path = folder / f"people.{suffix}"
    if suffix == "csv":
        path.write_text("name;city;n\n" + "".join(f"{';'.join(r.values())}\n" for r in ROWS))
    elif suffix == "jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    elif suffix == "json":
        path.write_text(json.dumps(ROWS))
    elif suffix == "parquet":
        pd.DataFrame(ROWS).astype({"n": "int64"}).to_parquet(path)
    else:
        book = openpyxl.Workbook()
        for row in (list(ROWS[0]), *(list(r.values()) for r in ROWS)):
            book.active.append(row)
        book.save(path)
    return path


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "json", "parquet", "xlsx"])
def test_every_format_gives_the_same_records(tmp_path, suffix):
    tables = read_tables([written(tmp_path, suffix)], LISTS, WANTED)
    assert tables.columns == ["name", "city", "n"]
    # What stands for nothing is nothing.
    assert tables.frame["city"].tolist() == ["London", None]
    assert tables.frame["n"].tolist() == ["7", "8"]
    assert tables.frame["source_row"].tolist() == [1, 2]
    assert set(tables.frame["source_file"]) == {f"people.{suffix}"}


def test_files_stand_below_each_other_with_all_their_columns(tmp_path):
    one, other = tmp_path / "a.csv", tmp_path / "b.csv"
    one.write_text("name,city\nAda,London\n")
    other.write_text("Name,phone\nAlan,020 1\n")
    tables = read_tables([one, other], LISTS, WANTED)
    assert tables.columns == ["name", "city", "Name", "phone"]
    assert tables.frame["phone"].tolist() == [None, "020 1"]


def test_two_columns_of_one_name_are_two(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("name,email,email\nAda,a@x.example,b@x.example\n")
    tables = read_tables([path], LISTS, WANTED, header_row=1)
    assert len(tables.columns) == 3
    assert tables.frame[tables.columns[2]].tolist() == ["b@x.example"]


def test_a_huge_cell_costs_its_end_and_is_told(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(f'name,notes\nAda,"{"x" * 300_000}"\nAlan,short\n')
    tables = read_tables([path], LISTS, WANTED)
    assert [len(text) for text in tables.frame["notes"]] == [LONGEST_VALUE, 5]
    assert any("1 values of 'notes'" in note for note in tables.notes)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "empty file"),
        ("name,city\n", "no records"),
        ("<html><body>no</body></html>", "web page"),
    ],
)
def test_what_is_no_table_is_refused_with_its_name(tmp_path, content, says):
    path = tmp_path / "odd.csv"
    path.write_text(content)
    with pytest.raises(TablesFault, match=f"odd.csv.*{says}|{says}.*odd.csv"):
        read_tables([path], LISTS, WANTED)


def test_where_no_row_names_the_columns_one_says_which_does(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("email,email\na@x.example,b@x.example\n")
    with pytest.raises(TablesFault, match="give its number: --header-row N"):
        read_tables([path], LISTS)
    tables = read_tables([path], LISTS, WANTED, header_row=1)
    assert tables.columns[0] == "email"


def test_all_faults_of_all_files_are_told_at_once(tmp_path):
    absent, empty = tmp_path / "absent.csv", tmp_path / "empty.csv"
    empty.write_text("")
    with pytest.raises(TablesFault) as error:
        read_tables([absent, empty], LISTS, WANTED)
    assert "absent.csv" in str(error.value)
    assert "empty.csv" in str(error.value)


def test_the_same_file_twice_is_refused(tmp_path):
    path = written(tmp_path, "csv")
    with pytest.raises(TablesFault, match="given twice"):
        read_tables([path, path], LISTS, WANTED)


def test_two_files_of_one_name_are_told_apart_by_their_paths(tmp_path):
    paths = []
    for folder in ("may", "june"):
        (tmp_path / folder).mkdir()
        paths.append(written(tmp_path / folder, "csv"))
    assert set(read_tables(paths, LISTS, WANTED).frame["source_file"]) == {
        str(path) for path in paths
    }
