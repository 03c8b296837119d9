"""Promise 5, crashes leave no half-truths: killed at any instant, the next run ends the same.

Each attempt is a process of the whole job, killed by SIGKILL at a random moment of its CPU time;
those that recover are killed too, one of them between a write and its release, and only the last
is left alone.
"""

import random
import time
from pathlib import Path

import duckdb
import pytest

from lead_platform.lake.connection import attach_lake, open_engine
from lead_platform.lake.lake import Lake
from tests.integration.conftest import Install
from tests.integration.installation import (
    PROJECT,
    Installation,
    Tables,
    broken_references,
    differences,
    make_world,
)

# Chains of killed attempts and an undisturbed one; kills that must have hit a running job in each,
# and attempts after which it is given up.
CHAINS = 2
KILLS = 5
MOST_ATTEMPTS = 15

# An attempt that finds all work done takes half the CPU time of the first: until there a kill
# hits it while it runs.
_RECOVERY_SHARE = 0.4


@pytest.fixture(scope="module")
def world_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files of a very small world."""
    folder = tmp_path_factory.mktemp("world")
    make_world(folder, seed=3, submissions=60, events_per_person=1.0)
    return folder


@pytest.mark.timeout(1_800)
def test_killed_at_random_moments_the_next_run_ends_the_same(
    install: Install, profile: str, world_folder: Path
) -> None:
    control = install("undisturbed")
    control.deliver(world_folder)
    seconds = control.run()["cpu_seconds"]
    expected = control.timeless_tables()
    assert expected["routing.assignments"].total() > 20

    generator = random.Random(f"crash-{profile}")
    recoveries = 0
    for number in range(CHAINS):
        installation = install(f"killed-{number}")
        installation.deliver(world_folder)
        kills = int(_kill_before_a_release(installation))
        moments: list[float] = []
        while kills < KILLS and len(moments) < MOST_ATTEMPTS:
            luck = generator.random()
            share = luck * _RECOVERY_SHARE if moments else (number + luck) / CHAINS * 0.97
            moments.append(share * seconds)
            kills += installation.start_run().kill_after(moments[-1])
        assert kills >= KILLS, "too few attempts were hit while they ran"
        how = "killed at " + ", ".join(f"{moment:.2f} s" for moment in moments)
        recoveries += _finish(installation, expected, how)
    assert recoveries, "no kill fell between a write and its release: the test lost its bite"


def _kill_before_a_release(installation: Installation) -> bool:
    """Start a run and kill it as soon as it has committed something that is not published."""
    with open_engine(installation.settings) as connection:
        child = installation.start_run()
        deadline = time.monotonic() + 120
        # The first release is that of the empty tables.
        while Lake(installation.settings).published().label == "tables":
            assert time.monotonic() < deadline, "the run has published nothing"
            time.sleep(0.05)
        attach_lake(connection, installation.settings)
        connection.execute("use lake")
        while child.is_running:
            (newest,) = _only(connection, "select id from ducklake_current_snapshot('lake')")
            (published,) = _only(connection, "select max(snapshot_id) from governance.releases")
            if newest > published:
                return child.kill_after(0)
    return False


def _only(connection: duckdb.DuckDBPyConnection, query: str) -> tuple:
    row = connection.execute(query).fetchone()
    assert row is not None
    return row


def _finish(installation: Installation, expected: Tables, how: str) -> int:
    """Run to the end and compare; how many times a dead writer's rows had to be restored."""
    installation.run()
    assert differences(expected, installation.timeless_tables()) == {}, how
    assert installation.waiting == [], how
    with Lake(installation.settings).read() as connection:
        assert broken_references(connection, PROJECT / "expectations") == []
    return int(
        installation.scalar("select count(*) from governance.releases where status = 'recovered'")
    )
