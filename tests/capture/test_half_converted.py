"""Half of a column became dates with day and month swapped, and was taken in so without a word."""

from datetime import date, datetime
from pathlib import Path

import openpyxl
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from lead_platform.capture.half_converted import half_converted
from lead_platform.capture.preview import preview_file
from tests.capture.conftest import RECEIVED_AT, MakeChannel
from tests.capture.guessing.test_exports import proposed

DAYS = st.lists(
    st.dates(date(2020, 1, 1), date(2025, 12, 31)), min_size=4, max_size=30, unique=True
)
FORMS = st.sampled_from(["%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%d-%m-%y"])
CHANNEL = """\
name: fair
description: Visitors.
format: xlsx
record_id: content
emits:
  - kind: submission
    fields:
      submitted_at: {column: Visited on, formats: ['%d/%m/%Y']}
      email: Email
"""


def opened(day: date, form: str) -> date | str:
    """A written date after a spreadsheet of the other order opened it."""
    return day.strftime(form) if day.day > 12 else date(day.year, day.day, day.month)


@given(days=DAYS, form=FORMS, clock=st.booleans())
def test_half_swapped_dates_are_seen(days: list[date], form: str, clock: bool) -> None:
    cells = [opened(day, form) for day in days]
    assume({type(cell) for cell in cells} == {date, str})
    texts = [cell if isinstance(cell, str) else cell.isoformat() for cell in cells]
    told = half_converted([f"{text} 10:30:00" if clock else text for text in texts])
    assert told is not None
    assert "swapped day and month" in told


@given(days=DAYS, form=FORMS)
def test_one_kind_of_dates_is_no_sign(days: list[date], form: str) -> None:
    assert half_converted([day.strftime(form) for day in days]) is None
    assert half_converted([day.isoformat() for day in days]) is None


@pytest.mark.parametrize(
    "cells",
    [
        # The spreadsheet would have taken 05/04 as well; a real date is no month.
        ["2024-04-05", "13/04/2024", "05/04/2024"],
        ["2024-04-25", "13/04/2024"],
        ["2024-04-05", "13/04/2024", "04/13/2024"],
        ["2024-04-05", "3 May 2024"],
        [],
    ],
)
def test_other_mixtures_are_no_sign(cells: list[str]) -> None:
    assert half_converted(cells) is None


def test_days_that_a_spreadsheet_counts_are_real_dates() -> None:
    assert half_converted(["45387", "13/04/2024"]) is not None


@pytest.fixture(params=["Visited on", "Created", "Last modified"])
def visitors(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["Name", "Email", request.param])
    days = [date(2024, 4, day) for day in (3, 5, 13, 19, 24, 11)]
    for number, day in enumerate(days):
        at = opened(day, "%d/%m/%Y")
        cell = at if isinstance(at, str) else datetime.combine(at, datetime.min.time())
        sheet.append([f"Ada Berg{number}", f"ada{number}@firm.example", cell])
    path = tmp_path / "visitors.xlsx"
    book.save(path)
    return path


def test_a_guess_asks_and_fills_no_field(visitors: Path) -> None:
    proposal = proposed(visitors)
    assert not {"submitted_at", "modified_at"} & proposal.found.choices.keys()
    asked = [q for q in proposal.found.questions if "are all its dates right?" in q]
    assert len(asked) == 1


def test_a_check_tells_it_of_a_channel_that_is_there(
    visitors: Path, make_channel: MakeChannel
) -> None:
    header = str(openpyxl.load_workbook(visitors).worksheets[0]["C1"].value)
    channel = make_channel(CHANNEL.replace("Visited on", header))
    shown = preview_file(visitors, channel, received_at=RECEIVED_AT, limit=2)
    (doubt,) = shown.doubts
    assert doubt.startswith(f"{header}: some are dates")
