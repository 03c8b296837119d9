"""A header of two rows, its group titles in merged cells, is read as one; a title is none."""

from pathlib import Path
from typing import Any

import openpyxl
import pytest

from lead_platform.capture.channels import load_channel
from lead_platform.capture.guessing.proposal import Proposal
from lead_platform.capture.readers import RawRecord, read_records
from lead_platform.capture.tabular.header_pairs import paired
from lead_platform.capture.tabular.rows import Row
from lead_platform.capture.tabular.rules import TableRule
from tests.capture.guessing.test_exports import proposed
from tests.capture.test_mapping import items

PEOPLE = [
    ["L-1", "Ann", "Lee", "ann@acme.example", "Acme GmbH", "Ulm"],
    ["L-2", "Bo", "Brock", "bo@brock.example", "Brock AG", "Bonn"],
]
GROUPS = ["ID", "Kontakt", "", "", "Firma", ""]
NAMES = ["", "Vorname", "Nachname", "E-Mail", "Name", "Ort"]


def workbook(path: Path, *rows: list[Any], merged: tuple[str, ...] = ()) -> Path:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append([cell or None for cell in row])
    for place in merged:
        book.active.merge_cells(place)
    book.save(path)
    return path


def text_of(path: Path, *rows: list[str]) -> Path:
    path.write_text("\n".join(",".join(row) for row in rows) + "\n", encoding="utf-8")
    return path


def fields_of(proposal: Proposal) -> dict[str, tuple[str, ...]]:
    assert proposal.draft is not None, proposal.fault
    return dict(proposal.draft.fields)


@pytest.fixture(params=["xlsx", "csv", "csv with repeated titles", "below a title"])
def export(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    if request.param == "xlsx":
        merged = ("A1:A2", "B1:D1", "E1:F1")
        return workbook(tmp_path / "fair.xlsx", GROUPS, NAMES, *PEOPLE, merged=merged)
    above = [["Messe Hannover"], []] if request.param == "below a title" else []
    is_repeated = request.param == "csv with repeated titles"
    groups = ["ID", "Kontakt", "Kontakt", "Kontakt", "Firma", "Firma"] if is_repeated else GROUPS
    return text_of(tmp_path / "fair.csv", *above, groups, NAMES, *PEOPLE)


def test_both_rows_name_the_columns(export: Path, tmp_path: Path) -> None:
    """The ids and the companies stood under blank cells of the second row, and were lost."""
    proposal = proposed(export, "fair")
    assert fields_of(proposal) == {
        "record_id": ("ID",),
        "first_name": ("Kontakt - Vorname",),
        "last_name": ("Kontakt - Nachname",),
        "email": ("Kontakt - E-Mail",),
        "company_name": ("Firma - Name",),
        "city": ("Firma - Ort",),
    }
    assert any("name the columns together" in note for note in proposal.sample.notes)
    assert proposal.draft is not None
    (tmp_path / "fair.yaml").write_text(proposal.draft.text, encoding="utf-8")
    channel = load_channel(tmp_path / "fair.yaml")
    first, second = list(read_records(export, channel.rules))
    assert isinstance(first, RawRecord)
    (row,) = items(channel, first.content)
    assert (row["record_id"], row["first_name"], row["company_name"]) == ("L-1", "Ann", "Acme GmbH")
    assert second.row == (first.row or 0) + 1


def test_a_group_about_somebody_else_gives_the_lead_nothing(tmp_path: Path) -> None:
    rows = [["Lead", "", "Referrer", ""], ["First Name", "Last Name", "Name", "Email"]]
    people = [
        ["Ann", "Lee", "Rob Roy", "rob@roy.example"],
        ["Bo", "Ny", "Eve Ash", "eve@ash.example"],
    ]
    proposal = proposed(text_of(tmp_path / "x.csv", *rows, *people))
    found = proposal.draft.fields if proposal.draft is not None else {}
    assert "email" not in found
    assert "full_name" not in found


@pytest.mark.parametrize(
    "above",
    [
        ["Leads of the week", "", "", ""],
        ["Report:", "Q4 leads", "", ""],
        ["Exported", "2026-11-20", "", ""],
        ["", "", "", ""],
        ["ann@acme.example", "Kontakt", "", ""],
    ],
)
def test_a_title_is_no_group(tmp_path: Path, above: list[str]) -> None:
    names = ["First Name", "Last Name", "Email", "City"]
    assert paired(Row(1, list(above)), Row(2, list(names))) is None
    people = [["Ann", "Lee", "ann@acme.example", "Ulm"], ["Bo", "Ny", "bo@ny.example", "Bonn"]]
    proposal = proposed(text_of(tmp_path / "x.csv", above, names, *people))
    assert fields_of(proposal)["email"] == ("Email",)


PREAMBLES = [
    ["Trade fair Cologne", "", "Team South"],
    ["Exported by", "Sam Rep", ""],
    ["Event", "", "Trade fair Cologne"],
    ["Hall", "Trade fair Cologne", "", "Team South"],
    ["Trade fair Cologne", "Trade fair Cologne", "Team South"],
    ["Prepared for", "", "Team South", "Company"],
]


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
@pytest.mark.parametrize("above", PREAMBLES, ids=" ".join)
@pytest.mark.parametrize("times", [1, 2])
def test_a_title_of_several_cells_is_no_group(
    tmp_path: Path, kind: str, above: list[str], times: int
) -> None:
    """`Trade fair Cologne - Email` it was called, and nothing was proposed: no column said who a
    lead is."""
    names = ["Name", "Email", "Company"]
    people = [
        ["Ann Lee", "ann@acme.example", "Acme GmbH"],
        ["Bo Ny", "bo@ny.example", "Ny AG"],
        ["Cy Fox", "cy@fox.example", "Fox Ltd"],
    ]
    write = workbook if kind == "xlsx" else text_of
    proposal = proposed(write(tmp_path / f"x.{kind}", *[above] * times, names, *people))
    found = {"email": ("Email",), "full_name": ("Name",), "company_name": ("Company",)}
    assert fields_of(proposal) == found
    assert proposal.sample.rows == len(people)


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
@pytest.mark.parametrize(
    ("above", "names"),
    [
        (["Booth visitor", "", "", "Booth host", "", ""], 2 * ["Name", "E-Mail", "Ort"]),
        (["Lead", "", "", "Referrer", "", ""], ["Position", "E-Mail", "Ort", "Name", "Firma", "T"]),
        (["ID", "Booth visitor", "", "", "Hall", ""], ["", "Name", "E-Mail", "Ort", "A", "B"]),
    ],
    ids=["names come twice", "titles are names", "a title alone names a column"],
)
def test_titles_that_are_needed_are_groups(
    tmp_path: Path, kind: str, above: list[str], names: list[str]
) -> None:
    write = workbook if kind == "xlsx" else text_of
    people = [[str(n), "Ann Lee", f"a{n}@b.example", "Ulm", "x", "y"] for n in range(3)]
    proposal = proposed(write(tmp_path / f"x.{kind}", above, names, *people))
    assert any("name the columns together" in note for note in proposal.sample.notes)


def test_a_record_below_the_header_is_no_second_row(tmp_path: Path) -> None:
    """Blank cells of the header above filled ones of the first record: a column without a name."""
    rows = [["ID", "Name", "", "City"], ["", "Ann", "Lee", "Ulm"], ["2", "Bo", "Ny", "Bonn"]]
    proposal = proposed(text_of(tmp_path / "x.csv", *rows))
    assert proposal.sample.rows == 2


def test_one_row_alone_where_it_is_set(tmp_path: Path) -> None:
    path = text_of(tmp_path / "x.csv", GROUPS, NAMES, *PEOPLE)
    proposal = proposed(path, table=TableRule(header_row=2))
    assert fields_of(proposal)["email"] == ("E-Mail",)
    assert proposal.draft is not None
    assert "table: {header_row: 2}" in proposal.draft.text
