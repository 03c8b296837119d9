"""A forecast tells of what is set aside what a run would make of it."""

from pathlib import Path

import pytest

from lead_platform.governance.forecast import forecast
from lead_platform.lake.faults import Fault
from lead_platform.lake.quarantine import Separation
from lead_platform.settings import Settings
from tests.identity.test_rereading import AT, NORA, World, make_world
from tests.templates import Templates, open_lake

OTHER = "7,Piet Smit,piet@example.com,,Smit Tools,Netherlands,logistics,,"


@pytest.fixture
def world(tmp_path: Path, templates: Templates) -> World:
    """Two submissions that have no normal form yet."""
    settings = Settings(home=tmp_path / "home", config_dir=tmp_path / "config")
    templates.copy_to(settings, open_lake)
    made = make_world(settings, tmp_path / "config")
    made.receive(NORA, OTHER)
    return made


def appearing(world: World) -> int:
    changes = forecast(world.lake, as_of=AT)
    return sum(change.what == "appears" for change in changes)


def test_what_is_set_aside_stays_out_until_a_run_would_try_it_again(world: World) -> None:
    """It was left out also where a run would have tried it, for the rules are others by now."""
    with world.lake.read() as connection:
        found = connection.execute(
            "select submission_id from capture.submissions order by record_id limit 1"
        ).fetchone()
    assert found is not None
    fault = Fault(found[0], "KeyError", "titles.py:1")
    with world.lake.write("normalize", separations=[Separation("normalize")]) as candidate:
        candidate.hold([fault], "submission", "identity.normalized_submissions")
    assert appearing(world) == 1
    world.add_word("industries.csv", "Barging,logistics")
    assert appearing(world) == 2
    with world.lake.read() as connection:
        states = connection.execute("select state from governance.quarantine").fetchall()
    assert states == [("held",)], "all of it is taken back"
