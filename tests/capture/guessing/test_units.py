"""A unit or a zone in a name changes the values: it is applied, or asked about."""

from pathlib import Path

import pytest

from lead_platform.capture.guessing.proposal import Proposal
from tests.capture.guessing.exports import Columns
from tests.capture.guessing.test_exports import proposed, write_export


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
    ],
)
def test_a_unit_multiplies(tmp_path: Path, header: str, field: str, times: int) -> None:
    """`Annual Revenue (USD millions)` of 13 was 13 dollars."""
    proposal, found = guessed(tmp_path / "x.csv", header, "13", "25")
    assert [float(str(value)) for value in found[field]] == [13 * times, 25 * times]
    (choice,) = proposal.found.choices[field]
    assert times == 1 or "add nothing" not in choice.reason


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
