"""Workbooks: which sheet is read, what its cells say, and what a crafted file cannot do."""

import zipfile
from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from lead_platform.capture.readers import BadRecord, RawRecord, RecordStream, read_records
from tests.capture.test_readers import rules

EMITS = [{"kind": "submission", "fields": {"submitted_at": "at", "email": "email"}}]


def read(path: Path, **options: Any) -> tuple[RecordStream, list[Any]]:
    stream = read_records(path, rules(emits=EMITS, **options))
    return stream, [
        record.content if isinstance(record, RawRecord) else record.reason for record in stream
    ]


def save(path: Path, *sheets: tuple[str, list[list[Any]]]) -> openpyxl.Workbook:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets:
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    book.save(path)
    return book


LEADS = [["id", "email", "at"], [1, "a@b.co", datetime(2026, 11, 20, 15, 5)]]
LEAD = {"id": "1", "email": "a@b.co", "at": "2026-11-20T15:05:00"}


def test_cells_are_what_a_person_sees(tmp_path: Path) -> None:
    path = tmp_path / "f.xlsx"
    header = ["id", "email", "at", "plz", "phone", "ok", "share", "amount", "sum"]
    row = [7.0, "a@b.co", date(2026, 1, 2), 1067, 493055501234, True, 0.25, 1250.5, "=1+1"]
    book = save(path, ("Leads", [header, row]))
    sheet = book.active
    sheet["D2"].number_format, sheet["G2"].number_format = "00000", "0%"
    book.save(path)
    stream, (record,) = read(path)
    assert record == {
        "id": "7", "email": "a@b.co", "at": "2026-01-02", "plz": "01067", "phone": "493055501234",
        "ok": "TRUE", "share": "25%", "amount": 1250.5, "sum": "",
    }  # fmt: skip
    assert "formulas that were never calculated" in stream.reading.remarks[0]  # type: ignore[union-attr]


def test_days_from_1904_and_hidden_sheets(tmp_path: Path) -> None:
    path = tmp_path / "f.xlsx"
    book = save(path, ("Old", LEADS), ("Leads", LEADS))
    book["Old"].sheet_state = "hidden"
    book.epoch = openpyxl.utils.datetime.CALENDAR_MAC_1904
    book.save(path)
    stream, records = read(path)
    assert records == [LEAD]
    assert stream.reading.sheets == ("Leads",)  # type: ignore[union-attr]
    assert "Hidden sheet 'Old' is not read." in stream.reading.remarks  # type: ignore[union-attr]


def test_the_sheet_that_holds_the_columns_is_read(tmp_path: Path) -> None:
    path = tmp_path / "f.xlsx"
    save(path, ("Read me", [["Hello"]]), ("Leads", [["Our leads"], [], *LEADS]), ("Empty", []))
    assert read(path)[1] == [LEAD]


def test_two_sheets_that_hold_them_are_named(tmp_path: Path) -> None:
    path = tmp_path / "f.xlsx"
    february = [LEADS[0], [2, *LEADS[1][1:]]]
    save(path, ("Jan", LEADS), ("Feb", february))
    assert read(path)[1][0].startswith("ambiguous sheet: 'Jan', 'Feb' each hold columns")
    assert read(path, table={"sheet": "feb"})[1] == [LEAD | {"id": "2"}]
    assert read(path, table={"sheet": ["Jan", "Feb"]})[1] == [LEAD, LEAD | {"id": "2"}]
    assert read(path, table={"sheet": "Mar"})[1][0].startswith("sheet missing: 'Mar'")


def package(path: Path, sheet: str, texts: str = "") -> None:
    """A workbook of the least that makes one, its sheet as given."""
    kinds = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    relation = '<Relationship Id="{}" Type="' + kinds + '/{}" Target="{}"/>'
    parts = {
        "_rels/.rels": relation.format("r1", "officeDocument", "xl/workbook.xml"),
        "xl/_rels/workbook.xml.rels": relation.format("r1", "worksheet", "s.xml")
        + relation.format("r2", "sharedStrings", "t.xml"),
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in parts.items():
            archive.writestr(name, f"<Relationships>{text}</Relationships>")
        archive.writestr(
            "xl/workbook.xml",
            f'<x:workbook xmlns:x="m" xmlns:r="{kinds}"><x:sheets>'
            '<x:sheet name="S" r:id="r1"/></x:sheets></x:workbook>',
        )
        archive.writestr("xl/s.xml", sheet)
        archive.writestr("xl/t.xml", f"<sst>{texts}</sst>")


def cell(text: str, place: str = "") -> str:
    return f'<c t="inlineStr"{place and f" r={place!r}"}><is><t>{text}</t></is></c>'


HEADER = f"<row>{cell('id')}{cell('email')}{cell('at')}</row>"
BOMB = '<!DOCTYPE b [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]>'
LONG = f"<si><t>{'x' * 30_000}</t></si>"


@pytest.mark.parametrize(
    ("sheet", "texts", "reason"),
    [
        (f"{BOMB}<worksheet>{HEADER}</worksheet>", "", "broken workbook: it declares a document"),
        (f"<worksheet>{HEADER}<row>", "", "broken workbook"),
        (
            f"<worksheet>{HEADER}" + "<row>" + '<c t="s"><v>0</v></c>' * 1_000 + "</row>",
            LONG,
            "record too large",
        ),
        (
            f"<worksheet>{HEADER}" + ("<row>" + '<c t="s"><v>0</v></c>' * 30 + "</row>") * 300,
            LONG,
            "too large when decoded",
        ),
        (f"<worksheet>{HEADER}" + " " * 140_000_000 + "</worksheet>", "", "too large when decoded"),
        ("<worksheet><row>" + cell("id") * 3_000 + "</row></worksheet>", "", "too many columns"),
    ],
)
def test_a_crafted_workbook_is_refused(tmp_path: Path, sheet: str, texts: str, reason: str) -> None:
    path = tmp_path / "f.xlsx"
    package(path, sheet, texts)
    _, records = read(path)
    assert any(isinstance(told, str) and told.startswith(reason) for told in records)


def test_rows_and_columns_far_away_cost_nothing(tmp_path: Path) -> None:
    path = tmp_path / "f.xlsx"
    far = (
        f'<row r="1048576">{cell("1", "A1048576")}{cell("a@b.co", "B1048576")}'
        f'{cell("2026-01-01", "C1048576")}</row><row r="99999999999">{cell("2")}</row>'
        f'<row r="5">{cell("3", "ZZZ9999999")}</row>'
    )
    package(path, f"<worksheet>{HEADER}{far}</worksheet>")
    records = list(read_records(path, rules(emits=EMITS)))
    assert isinstance(records[0], RawRecord)
    assert records[0].content["email"] == "a@b.co"
    assert all(isinstance(record, RawRecord | BadRecord) for record in records)


def test_prefixes_rich_texts_and_reading_aids(tmp_path: Path) -> None:
    path = tmp_path / "f.xlsx"
    texts = "<si><r><t>Yama</t></r><r><t>da</t></r><rPh><t>ヤマダ</t></rPh></si>"
    row = f'<row><c t="s"><v>0</v></c>{cell("a_x000D_&#10;b")}{cell("2026-01-01")}</row>'
    package(path, f"<worksheet>{HEADER}{row}</worksheet>", texts)
    assert read(path)[1] == [{"id": "Yamada", "email": "a\nb", "at": "2026-01-01"}]
