"""The hour of chaos in half a minute: every lead is there once, and all is well again by itself."""

import random
from pathlib import Path

import pytest

from benchmarks.chaos import Chaos, database, run_chaos, small_disk
from lead_platform.settings import Settings
from tests.orchestration.running_up import RunningUp


@pytest.mark.timeout(1500)
@pytest.mark.xdist_group("up")
def test_every_lead_is_there_once_and_all_is_well_after_random_blows(tmp_path: Path) -> None:
    with small_disk(tmp_path) as disk, database("server") as (server, url):
        home = (disk or tmp_path) / "home"
        up = RunningUp(Settings(home=home, database_url=url), log=tmp_path / "up.log")
        # The minute is promised to a machine that is not busy with other tests.
        chaos = Chaos(up, random.Random(11), server, disk, recovery_seconds=240.0)
        assert run_chaos(chaos, minutes=0.5, files=6) == []
        assert chaos.blows
