"""Upkeep: nothing that can be read changes, and nothing grows beyond what is kept."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from lead_platform.lake.lake import Lake
from lead_platform.lake.releases import UnreadableReleaseError
from lead_platform.lake.upkeep import maintain
from lead_platform.settings import Settings
from tests.lake import trial

START = datetime(2026, 7, 1, 6, 0)


class Calendar:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def pass_by(self, lake: Lake, **period: float) -> None:
        """Time goes by: for the lake's clock, and for what the catalog and the files remember.

        Both took the real time, which lies after any this calendar shows.
        """
        self.now += timedelta(**period)
        with lake._writer() as connection:
            connection.execute(
                f"update {lake.metadata}.ducklake_files_scheduled_for_deletion "
                f"set schedule_start = '{self.now}+00' "
                f"where schedule_start::timestamptz > timestamptz '{self.now}+00'"
            )


@pytest.fixture
def calendar() -> Calendar:
    return Calendar()


@pytest.fixture
def aging_lake(trial_settings: Settings, calendar: Calendar) -> Lake:
    """A lake with the trial tables, whose time passes when the calendar says so."""
    trial.open_trial(trial_settings)
    return Lake(trial_settings, clock=calendar)


def _count(lake: Lake, query: str) -> int:
    with lake._writer() as connection:
        row = connection.execute(query.format(catalog=lake.metadata)).fetchone()
    assert row is not None
    return int(row[0])


def _files(lake: Lake) -> set[Path]:
    return set(Path(lake.settings.lake_data_path).rglob("*.parquet"))


def test_releases_are_thinned_and_say_so(aging_lake: Lake, calendar: Calendar) -> None:
    lake = aging_lake
    states = {}
    for step in range(16):
        # Four releases a day, for four days.
        with lake.supervise("a step") as candidate, candidate.fence.transaction():
            trial.seed_leads(candidate, 1, start=step)
        states[lake.published().snapshot_id] = (calendar.now, trial.contents(lake))
        calendar.pass_by(lake, hours=6)
    done = maintain(lake)
    assert done.forgotten_releases > 0
    releases = {each.snapshot_id: each for each in lake.releases(limit=100)}
    readable = {at for at in states if releases[at].snapshot_forgotten_at is None}
    fine = {at for at, (when, _) in states.items() if calendar.now - when <= timedelta(days=2)}
    last_of_days = {
        max(at for at, (when, _) in states.items() if when.date() == day)
        for day in {when.date() for when, _ in states.values()}
    }
    assert readable == fine | last_of_days
    for at in states:
        if at in readable:
            assert trial.contents(lake, at) == states[at][1]
        else:
            with pytest.raises(UnreadableReleaseError, match="can no longer be read"):
                trial.contents(lake, at)
