"""Half of a column became dates with day and month swapped, and was taken in so without a word."""

import json
from datetime import date, datetime
from pathlib import Path

import openpyxl
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from lead_platform.capture.batches import ParsedBatch
from lead_platform.capture.channels import Channel
from lead_platform.capture.deliveries import parse_deliveries
from lead_platform.capture.half_converted import half_converted
from lead_platform.capture.preview import preview_file
from lead_platform.capture.tallies import tally_file
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
    days = [date(2024, 4, day) for day in (3, 5, 13, 19, 24, 11, 1, 2, 4, 6, 7)]
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


def parsed(path: Path, channel: Channel, tmp_path: Path) -> list[ParsedBatch]:
    (delivery,), faults = parse_deliveries(
        [(path, channel.name)], {channel.name: channel}, received_at=RECEIVED_AT,
        inbox=tmp_path / "inbox", spools=tmp_path,
    )  # fmt: skip
    assert not faults
    return list(delivery.batches)


def test_intake_takes_no_swapped_date_and_tells_it(
    visitors: Path, make_channel: MakeChannel, tmp_path: Path
) -> None:
    """At an unattended intake 4 March stood for 3 April, and nobody was told."""
    header = str(openpyxl.load_workbook(visitors).worksheets[0]["C1"].value)
    channel = make_channel(CHANNEL.replace("Visited on", header))
    (batch,) = parsed(visitors, channel, tmp_path)
    taken = batch.table("submission").column("submitted_at").to_pylist()
    assert sorted(at.day for at in taken) == [13, 19, 24]
    reasons = [json.loads(text)[0] for text in batch.rejected.column("reasons").to_pylist()]
    assert len(reasons) == 8
    assert all(reason.startswith("half-swapped dates: '2024-") for reason in reasons)
    assert f"{header}: some are dates" in str(batch.read_as)
    tally = tally_file(visitors, channel, received_at=RECEIVED_AT, normalize=lambda _k, _r: [])
    assert tally.rejected == {"half-swapped dates": 8}


@pytest.mark.parametrize(
    ("dates", "taken", "is_told"),
    [
        # Two systems' dates in one column look like it where there are few.
        (["2024-04-05", "13/04/2024"], 2, True),
        (["2024-04-05"] * 9 + ["13/04/2024"], 10, True),
        (["2024-04-05", "2024-05-06", "2024-06-07", "13/04/2024", "05/04/2024"], 5, False),
        (["2024-04-05", "2024-05-06", "2024-06-07", "2024-06-17", "14/04/2024"], 5, False),
        (["2024-04-05", "2024-05-06", "2024-06-07", "2024-06-08", "14/04/2024"], 5, True),
        ([*(f"2024-04-{day:02}" for day in range(1, 9)), "14/04/2024"], 1, True),
    ],
)
def test_only_what_is_no_chance_costs_records(
    dates: list[str], taken: int, is_told: bool, make_channel: MakeChannel, tmp_path: Path
) -> None:
    path = tmp_path / "fair.csv"
    rows = [f"v{number}@firm.example,{date}" for number, date in enumerate(dates)]
    path.write_text("\n".join(["Email,Visited on", *rows]) + "\n")
    (batch,) = parsed(path, make_channel(CHANNEL.replace("xlsx", "csv")), tmp_path)
    assert batch.table("submission").num_rows == taken
    assert ("some are dates" in str(batch.read_as)) == is_told
