"""A column `TZ` beside dates was no part of them: times were wrong by hours, and nothing told."""

from datetime import datetime
from pathlib import Path

import pytest

from lead_platform.capture.guessing.proposal import Proposal
from tests.capture.guessing.exports import Columns
from tests.capture.guessing.test_exports import proposed, write_export

MAILS = ("Email", None, "ada@firm1.example", "bo@firm2.example", "cy@firm3.example")
DAYS = ("Date", None, "13/01/2026", "14/01/2026", "15/07/2026")
CLOCKS = ("Time", None, "10:00", "23:30", "08:15")


def guessed(tmp_path: Path, *columns: tuple[str, str | None, *tuple[str, ...]]) -> Proposal:
    listed: Columns = [MAILS, *columns]
    return proposed(write_export(tmp_path / "calls.csv", listed))


def submitted(proposal: Proposal) -> list[datetime | None]:
    assert proposal.preview is not None
    (found,) = [each for each in proposal.preview.fields if each.field == "submitted_at"]
    return [value if isinstance(value, datetime) else None for value in found.values]


def asked(proposal: Proposal, column: str) -> list[str]:
    return [q for q in proposal.found.questions if q.startswith(f"{column}:")]


@pytest.mark.parametrize("header", ["TZ", "Timezone", "Time Zone", "Zeitzone", "UTC offset"])
@pytest.mark.parametrize("zones", [("Asia/Tokyo", "UTC", "America/Lima"), ("+9", "GMT", "-05:00")])
def test_dates_are_in_the_zone_beside_them(
    tmp_path: Path, header: str, zones: tuple[str, ...]
) -> None:
    proposal = guessed(tmp_path, DAYS, CLOCKS, (header, None, *zones))
    assert submitted(proposal) == [
        datetime(2026, 1, 13, 1), datetime(2026, 1, 14, 23, 30), datetime(2026, 7, 15, 13, 15)
    ]  # fmt: skip
    (question,) = asked(proposal, header)
    assert "are the times of Date local to it?" in question


def test_of_one_column_too(tmp_path: Path) -> None:
    created = ("Created", None, "2026-01-13 10:00", "2026-01-14 11:00", "2026-07-15 12:00")
    proposal = guessed(tmp_path, ("Zone", None, "a", "b", "c"), created,
                       ("Timezone", None, *["Europe/Vienna"] * 3))  # fmt: skip
    assert [at.hour for at in submitted(proposal) if at is not None] == [9, 10, 10]
    # What all rows have is the export's own: it says nothing of where people are.
    assert not proposal.found.choices.get("time_zone")


def test_names_of_several_meanings_are_asked_about(tmp_path: Path) -> None:
    proposal = guessed(tmp_path, DAYS, CLOCKS, ("TZ", None, "EST", "PST", "EST"))
    assert submitted(proposal) == [
        datetime(2026, 1, 13, 15), datetime(2026, 1, 15, 7, 30), datetime(2026, 7, 15, 12, 15)
    ]  # fmt: skip
    assert sum("with its summer time?" in question for question in asked(proposal, "TZ")) == 2


def test_elsewhere_it_may_be_where_the_person_lives(tmp_path: Path) -> None:
    between = ("City", None, "Lima", "Kyoto", "Graz")
    zone = ("Time Zone", None, "America/Lima", "Asia/Tokyo", "Europe/Vienna")
    proposal = guessed(tmp_path, DAYS, CLOCKS, between, zone)
    assert [at.hour for at in submitted(proposal) if at is not None] == [10, 23, 8]
    (question,) = asked(proposal, "Date")
    assert "local to Time Zone, or is that where the person lives?" in question
    assert proposal.found.choices["time_zone"]


def test_zones_nobody_knows_are_asked_about(tmp_path: Path) -> None:
    proposal = guessed(tmp_path, DAYS, CLOCKS, ("TZ", None, "HQ", "Lab", "HQ"))
    (question,) = asked(proposal, "TZ")
    assert "no zones that are known" in question


@pytest.mark.parametrize(
    "dates",
    [
        ("2026-01-13T10:00:00Z", "2026-01-14T11:00:00Z", "2026-07-15T12:00:00Z"),
        ("2026-01-13 10:00 +0200", "2026-01-14 11:00 +0200", "2026-07-15 12:00 +0200"),
        ("2026-01-13", "2026-01-14", "2026-07-15"),
    ],
)
def test_dates_that_need_no_zone_leave_the_column_to_the_person(
    tmp_path: Path, dates: tuple[str, ...]
) -> None:
    zones = ("TZ", None, "Europe/Vienna", "Asia/Tokyo", "America/Lima")
    proposal = guessed(tmp_path, ("Created", None, *dates), zones)
    (choice,) = proposal.found.choices["submitted_at"]
    assert choice.zoned_by is None
    assert not asked(proposal, "TZ")


def test_a_time_beside_its_date_may_say_its_zone(tmp_path: Path) -> None:
    """`10:15 AM UTC` was no time of day: every record was of midnight, and nothing told."""
    clocks = ("Time", None, "10:00 AM UTC", "11:30 PM UTC", "08:15 AM UTC")
    proposal = guessed(tmp_path, DAYS, clocks)
    assert submitted(proposal) == [
        datetime(2026, 1, 13, 10), datetime(2026, 1, 14, 23, 30), datetime(2026, 7, 15, 8, 15),
    ]  # fmt: skip
