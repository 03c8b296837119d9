"""A row below the header that states units or types is no record; a record is never such a row."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lead_platform.capture.channels import Channel
from lead_platform.capture.readers import RawRecord, read_records
from lead_platform.capture.tabular.unit_rows import is_unit_row
from lead_platform.capture.tabular.wanted import wanted_of
from tests.capture.guessing.test_exports import NAMES, proposed
from tests.capture.tabular.test_tables import CHANNEL
from tests.capture.test_readers import rules


@pytest.mark.parametrize(
    "cells",
    [
        ["text", "text", "email", "date", "EUR"],
        ["Text", "Text", "E-Mail", "Datum", "(in T€)"],
        ["string", "varchar(255)", "VARCHAR(50)", "timestamp", "decimal(18, 2)"],
        ["texte", "texte", "", "JJ/MM/AAAA", "en k€"],
        ["", "", "", "yyyy-mm-dd", "in k"],
        ["", "", "", "", "[USD]"],
        ["required", "optional", "required", "", ""],
        ['{"ImportId":"startDate"}', '{"ImportId":"QID1"}', "", "", ""],
        ["Response", "Open-Ended Response", "", "", ""],
    ],
)
def test_units_and_types(cells: list[str]) -> None:
    assert is_unit_row(cells, len(cells))


@pytest.mark.parametrize(
    "cells",
    [
        ["L-1", "text", "email", "date", "EUR"],
        ["Ann", "Date", "", "", ""],
        ["", "", "", "", ""],
        ["", "", "text", "", ""],
        ["text", "a@b.example", "", "", ""],
        ["1", "2", "3", "4", "5"],
        ["sms", "", "", "", ""],
    ],
)
def test_what_may_be_a_record_is_one(cells: list[str]) -> None:
    assert not is_unit_row(cells, len(cells))


@given(st.lists(st.text(min_size=1, max_size=12), min_size=1, max_size=4), st.integers(0, 10**6))
def test_an_id_a_mailbox_or_a_number_makes_a_record(cells: list[str], number: int) -> None:
    for own in (f"L-{number}", f"p{number}@b.example", f"+49 30 {number}", str(number + 100)):
        assert not is_unit_row([*cells, own], 9)


def test_the_row_is_left_out_and_told(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text(
        "id,name,email,phone,note\nnumber,text,email,phone,text\n1,Ann Lee,a@b.example,,hi\n"
    )
    stream = read_records(path, rules(**CHANNEL))
    (record,) = list(stream)
    assert isinstance(record, RawRecord)
    assert (record.content["id"], record.row) == ("1", 3)
    assert stream.reading is not None
    assert "  row 2, units: number | text | email | phone | text" in stream.reading.describe()


def test_a_header_of_such_words_is_the_header(tmp_path: Path) -> None:
    """`email,phone,date` are names of columns, and a header that comes again is no row of units."""
    path = tmp_path / "x.csv"
    path.write_text("email,phone,date\nemail,phone,date\na@b.example,+49 30 5550 1234,2026-01-02\n")
    proposal = proposed(path)
    assert proposal.draft is not None
    assert set(proposal.draft.fields) >= {"email", "phone"}
    assert "Rows that are no records: 1 repeated header." in proposal.sample.notes


def test_a_unit_below_the_header_multiplies(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("Name,E-Mail,Firma,Umsatz\n,,,T€\nAnn Lee,a@b.example,Acme,13\n")
    proposal = proposed(path)
    assert proposal.preview is not None
    found = {each.field: each.values for each in proposal.preview.fields}
    assert [float(str(value)) for value in found["annual_revenue"]] == [13_000]
    assert any("Umsatz: is 'T€' the unit" in question for question in proposal.found.questions)


def test_types_whose_names_are_known_better_are_no_header(tmp_path: Path) -> None:
    """The row of types says `email, phone`, the header above it names in words nobody lists."""
    path = tmp_path / "x.csv"
    path.write_text("Feld A,Feld B,Feld C\nemail,phone,date\na@b.example,+49 30 5550 1234,\n")
    proposal = proposed(path)
    assert {column.name for column in proposal.sample.columns} == {"Feld A", "Feld B", "Feld C"}


HEADER = "First Name,Last Name,Email,Company,Created At"
PEOPLE = "Ann,Lee,a@b.example,Acme,13.01.2026\nBo,Roe,b@b.example,Acme,14.01.2026\n"


@pytest.mark.parametrize(
    "row",
    [
        "Given name,Family name,E-mail address,Employer,Registration date",
        "Vorname,Nachname,E-Mail-Adresse,Firma,Datum",
        "Given name,Surname,text,text,date",
    ],
)
def test_names_of_the_same_fields_below_the_header_are_no_record(tmp_path: Path, row: str) -> None:
    """They were a lead `Given name Family name`, and the column of dates lost its form."""
    path = tmp_path / "x.csv"
    path.write_text(f"{HEADER}\n{row}\n{PEOPLE}")
    proposal = proposed(path)
    assert "Rows that are no records: 1 second header." in proposal.sample.notes
    assert proposal.draft is not None
    assert "submitted_at" in proposal.draft.fields


def test_a_second_header_is_left_out_of_what_a_channel_reads(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("id,name,email,phone\nID,Full name,E-mail address,Telephone\n1,Ann,a@b.co,\n")
    channel = Channel(rules(**CHANNEL), {}, "v", field_names=NAMES)
    (record,) = read_records(path, channel.rules, wanted_of(channel))
    assert isinstance(record, RawRecord)
    assert record.content["name"] == "Ann"


@pytest.mark.parametrize(
    "row",
    [
        "Given name,Family name,a@b.example,Employer,Registration date",
        "Ann,Name,Email,Company,Created",
        "Website,Email,Phone,Source,City",
        "Given name,Family name,,,",
    ],
)
def test_names_of_other_fields_are_values(tmp_path: Path, row: str) -> None:
    path = tmp_path / "x.csv"
    path.write_text(f"{HEADER}\n{row}\n{PEOPLE}")
    assert not any("second header" in note for note in proposed(path).sample.notes)
