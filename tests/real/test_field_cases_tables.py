"""Tables as people have them, shaped after real exports: each gives the records that are in it."""

import os
from pathlib import Path
from typing import Any

import pytest

from lead_platform.capture.channels import load_channel
from lead_platform.capture.readers import BadRecord, RawRecord, read_records
from lead_platform.capture.tabular.readings import TableReading

PROJECT = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("LEAD_PLATFORM_SHARED_DATA", PROJECT.parent / "shared" / "data"))
CASES = SHARED / "field_cases"

pytestmark = pytest.mark.skipif(not CASES.is_dir(), reason=f"{CASES} is not there")


def read(case: str, channel: str) -> tuple[list[dict[str, Any]], TableReading]:
    """The records of a case, none of which may be bad, and how it was read."""
    described = CASES / "channels" / f"{channel}.yaml"
    if not described.exists():
        described = PROJECT / "config" / "channels" / f"{channel}.yaml"
    stream = read_records(CASES / case, load_channel(described).rules)
    records = list(stream)
    assert not [record for record in records if isinstance(record, BadRecord)]
    assert stream.reading is not None
    return [r.content for r in records if isinstance(r, RawRecord)], stream.reading


@pytest.mark.parametrize("name", ["leads_utf16.csv", "leads_utf16.tsv"])
def test_one_channel_reads_commas_tabs_and_utf16_alike(name: str) -> None:
    plain, _ = read("01-facebook-lead-sheet/leads_sheet.csv", "facebook_lead_export")
    wide, reading = read(f"01-facebook-lead-sheet/{name}", "facebook_lead_export")
    assert len(plain) == 4
    assert wide == plain
    assert (reading.encoding, reading.delimiter) == ("utf-16", "\t")


def test_the_footer_of_a_report_is_neither_a_lead_nor_lost() -> None:
    records, reading = read("02-salesforce-report/report.csv", "sf_report")
    assert [(r["First Name"], r["Last Name"]) for r in records] == [
        ("Jürgen", "Höfer"),
        ("Colm", "O’Shea"),
        ("Renée", "du Plessis"),
    ]
    assert records[0]["Street"] == 'Am Hügel 3\nHaus "B"'
    assert dict(reading.left_out) == {"blank": 3, "total": 1, "footer": 5}
    assert reading.rows[0].text == "Grand Totals (3 records)"


@pytest.mark.parametrize("name", ["kunden_sep.csv", "kunden_utf8bom.csv", "kunden_cp1252.csv"])
def test_a_semicolon_file_of_excel_is_read_as_it_is_saved(name: str) -> None:
    records, reading = read(f"05-semicolon-eu/{name}", "kunden")
    assert reading.delimiter == ";"
    assert [r["Vorname"] for r in records][:2] == ["Jörg", "Maëlle"]
    assert records[0]["Umsatz"] == "1.250.000,50 €"
    assert records[0]["PLZ"] == "01067"


def test_a_channel_that_names_no_delimiter_reads_semicolons() -> None:
    records, _ = read("05-semicolon-eu/outbound_semicolon.csv", "outbound_list")
    assert records[0]["email"] == "uwe@arndt.example"


@pytest.mark.parametrize("name", ["report.csv", "report_nul.csv"])
def test_the_attendees_of_a_report_are_its_records(name: str) -> None:
    records, reading = read(f"06-zoom-report/{name}", "zoom_attendees")
    assert len(records) == 8
    assert records[3]["User Name (Original Name)"] == "Omar Farouk"
    assert records[3]["report"]["Webinar ID"] == "811 2222 3333"
    assert dict(reading.left_out) == {"other section": 9}


def test_a_workbook_is_read_as_it_is_shown() -> None:
    records, _ = read("16-xlsx/list.xlsx", "list_us")
    assert [r["phone"] for r in records] == ["4520555012", "+47 22 55 01 02"]
    assert [r["added_at"] for r in records] == ["2026-11-20T15:05:00", "2026-11-21T00:00:00"]
    assert [r["row_id"] for r in records] == ["1", "2"]


@pytest.mark.parametrize("name", ["sheet.csv", "sheet_without_preamble.csv"])
def test_titles_blank_rows_and_totals_are_no_leads(name: str) -> None:
    records, reading = read(f"18-agency-sheet/{name}", "agency")
    assert [r["Lead ID"] for r in records] == ["LH-101", "LH-102", "LH-103", "LH-104"]
    assert reading.rows[-1].text == "Total: 4 leads"
