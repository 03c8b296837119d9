"""Spools of runs that are dead are removed, whatever the clock said when they were made.

What a killed run had parsed lay there for a day, and until the clock was there again where that
had been ahead: personal data that nobody reads again.
"""

import os
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lead_platform.capture.deliveries import spool_folder
from lead_platform.settings import SPOOL_PREFIX
from tests.lake import workers

NOW = datetime(2026, 11, 28, 12)
EPOCH = datetime(1970, 1, 1)
DAY = timedelta(days=1)


def _parse(home: Path, has_begun: Any) -> None:
    """Another process's run, which hangs while it parses."""
    with spool_folder(home, NOW) as spools:
        (spools / "0.batch").write_bytes(b"ada@example.com")
        has_begun.set()
        time.sleep(600)


def _date(folder: Path, at: datetime) -> None:
    seconds = (at - EPOCH).total_seconds()
    os.utime(folder, (seconds, seconds))


@pytest.mark.parametrize("at", [NOW - 40 * DAY, NOW, NOW + 40 * DAY])
def test_a_dead_run_leaves_no_spool_and_a_living_one_keeps_its_own(
    tmp_path: Path, at: datetime
) -> None:
    has_begun = workers.PROCESSES.Event()
    run = workers.start(_parse, tmp_path, has_begun)
    try:
        assert has_begun.wait(120)
        (spool,) = tmp_path.glob(f"{SPOOL_PREFIX}*")
        _date(spool, at)
        with spool_folder(tmp_path, NOW) as own:
            assert {*tmp_path.iterdir()} == {spool, own}
    finally:
        workers.kill(run)
    with spool_folder(tmp_path, NOW) as own:
        assert {*tmp_path.iterdir()} == {own}
    assert not list(tmp_path.iterdir())


@given(st.timedeltas(-400 * DAY, 400 * DAY))
def test_where_no_lock_tells_of_a_spool_its_age_does(
    tmp_path_factory: pytest.TempPathFactory, ahead: timedelta
) -> None:
    """As one of an earlier version, or on a disk without locks."""
    home = tmp_path_factory.mktemp("home")
    unmarked = home / f"{SPOOL_PREFIX}abcdefgh"
    unmarked.mkdir()
    _date(unmarked, NOW + ahead)
    with spool_folder(home, NOW):
        # A disk keeps whole microseconds, give or take one.
        if abs(abs(ahead) - DAY) > timedelta(milliseconds=1):
            assert unmarked.exists() == (abs(ahead) < DAY)
