"""A unit or a zone in a name changes the values: it is applied, or asked about."""

from pathlib import Path

import pytest

from lead_platform.capture.channels import load_channel
from lead_platform.capture.guessing.proposal import Proposal
from lead_platform.capture.readers import RawRecord, read_records
from lead_platform.identity.normalization.quantities import normalize_annual_revenue
from lead_platform.vocabularies.folder import load_vocabularies
from tests.capture.guessing.exports import Columns
from tests.capture.guessing.test_exports import CONFIG, proposed, write_export
from tests.capture.test_mapping import items


def guessed(path: Path, header: str, *cells: str) -> tuple[Proposal, dict[str, tuple[object, ...]]]:
    mails = [f"p{number}@b.example" for number in range(len(cells))]
    columns: Columns = [("Email", None, *mails), (header, None, *cells)]
    proposal = proposed(write_export(path, columns))
    assert proposal.preview is not None
    return proposal, {each.field: each.values for each in proposal.preview.fields}


@pytest.mark.parametrize(
    ("header", "field", "times"),
    [
        ("Umsatz (T€)", "annual_revenue", 1_000),
        ("Umsatz [TEUR]", "annual_revenue", 1_000),
        ("Umsatz (Mio. EUR)", "annual_revenue", 1_000_000),
        ("Annual Revenue (USD millions)", "annual_revenue", 1_000_000),
        ("Annual Revenue ($M)", "annual_revenue", 1_000_000),
        ("Annual Revenue (€ '000)", "annual_revenue", 1_000),
        ("Annual Revenue (USD)", "annual_revenue", 1),
        ("Employees (thousands)", "employee_count", 1_000),
        ("Mitarbeiter (ca.)", "employee_count", 1),
        ("Annual Turnover (INR lakhs)", "annual_revenue", 100_000),
        ("Annual Revenue (₹ Cr)", "annual_revenue", 10_000_000),
        ("Annual Revenue (INR crores)", "annual_revenue", 10_000_000),
        ("Chiffre d'affaires (milliers €)", "annual_revenue", 1_000),
        ("Annual Revenue (R$ milhões)", "annual_revenue", 1_000_000),
        ("Annual Revenue (tkr)", "annual_revenue", 1_000),
        ("Annual Revenue (MUSD)", "annual_revenue", 1_000_000),
    ],
)
def test_a_unit_multiplies(tmp_path: Path, header: str, field: str, times: int) -> None:
    """`Annual Revenue (USD millions)` of 13 was 13 dollars."""
    proposal, found = guessed(tmp_path / "x.csv", header, "13", "25")
    assert [float(str(value)) for value in found[field]] == [13 * times, 25 * times]
    (choice,) = proposal.found.choices[field]
    assert times == 1 or "add nothing" not in choice.reason


@pytest.mark.parametrize(
    ("cell", "revenue"),
    [
        ("13 €", 13_000),
        ("€13.5", 13_500),
        ("10-50", 10_000),
        ("10 – 50 €", 10_000),
        ("ca. 10", 10_000),
        ("> 10", 10_000),
        ("< 10", 0),
        ("10+", 10_000),
        ("1,5", 1_500),
        ("10 000", 10_000_000),
        # What states its own unit is not multiplied again.
        ("$25M", 25_000_000),
        ("10-50 Mio. €", 10_000_000),
        ("25k", 25_000),
        # What may be two figures is none.
        ("1.250", None),
        ("25 mil", None),
        ("13 (2025)", None),
        ("unknown", None),
    ],
)
def test_a_unit_changes_nothing_else(tmp_path: Path, cell: str, revenue: int | None) -> None:
    """`10-50` was read without a unit in the header, and not with one."""
    assert revenue_of(tmp_path, cell, "") == revenue


@pytest.mark.parametrize(
    ("cell", "revenue"),
    [
        ("1.250", 1_250_000),
        ("1,5-2,5", 1_500),
        ("ca. 1.250,5 €", 1_250_500),
        ("ca. 0,0125 €", 12.5),
        ("25,5 Mio. €", 25_500_000),
        ("ca. 1,250.5", None),
    ],
)
def test_a_unit_goes_with_the_marks_of_the_source(
    tmp_path: Path, cell: str, revenue: float | None
) -> None:
    assert revenue_of(tmp_path, cell, "numbers: {decimal: ',', thousands: '.'}\n") == revenue


def revenue_of(folder: Path, cell: str, numbers: str) -> float | None:
    """What identity reads of a cell among figures in T€, captured by the channel proposed."""
    path = folder / "x.csv"
    mails = [f"p{number}@b.example" for number in range(4)]
    columns: Columns = [
        ("Email", None, *mails),
        ("Umsatz (T€)", None, "12", "13", "14", cell),
    ]
    proposal = proposed(write_export(path, columns))
    assert proposal.draft is not None
    text = proposal.draft.text.replace("emits:", f"{numbers}emits:")
    (folder / "guessed.yaml").write_text(text, encoding="utf-8")
    channel = load_channel(folder / "guessed.yaml")
    *_, last = read_records(path, channel.rules)
    assert isinstance(last, RawRecord)
    (row,) = items(channel, last.content)
    if row["annual_revenue"] is None:
        return None
    return normalize_annual_revenue(row["annual_revenue"], load_vocabularies(CONFIG)).value


@pytest.mark.parametrize("cell", ["a few hundred", "several thousands", "tausend und mehr"])
def test_words_among_figures_are_no_unit(tmp_path: Path, cell: str) -> None:
    _, found = guessed(tmp_path / "x.csv", "Employees", cell, "13", "25", "30", "31")
    assert [str(value) for value in found["employee_count"][1:]] == ["13", "25", "30", "31"]


def test_a_row_of_units_multiplies_and_is_asked_about(tmp_path: Path) -> None:
    proposal, found = guessed(tmp_path / "x.csv", "Umsatz", "in T€", "13", "25", "30", "31")
    assert float(str(found["annual_revenue"][1])) == 13_000
    assert [text for text in proposal.found.questions if text.startswith("Umsatz: is 'in T€'")]


def test_a_unit_of_two_meanings_is_asked_about(tmp_path: Path) -> None:
    proposal, _ = guessed(tmp_path / "x.csv", "Annual Revenue (USD mil)", "13", "25")
    assert [text for text in proposal.found.questions if "a thousand or a million" in text]


@pytest.mark.parametrize(
    ("header", "hour", "is_asked"),
    [
        ("Created (EST)", 19, True),
        ("Created (MEZ)", 13, True),
        ("Created (UTC)", 14, False),
        ("Created (Europe/Berlin)", 13, False),
        ("Created (GMT+2)", 14, True),
        ("Created (XST)", 14, True),
    ],
)
def test_a_zone_is_that_of_the_dates(
    tmp_path: Path, header: str, hour: int, is_asked: bool
) -> None:
    """`Created (EST)` was read as UTC."""
    cells = ("2026-11-13 14:05", "2026-11-14 14:05")
    proposal, found = guessed(tmp_path / "x.csv", header, *cells)
    assert str(found["submitted_at"][0]) == f"2026-11-13 {hour}:05:00"
    assert any(text.startswith(f"{header}:") for text in proposal.found.questions) == is_asked
