"""Two processes of the whole job at once: nothing lost, nothing doubled, references hold."""

from pathlib import Path

import pytest

from lead_platform.demo.world import World
from lead_platform.lake.lake import Lake
from tests.integration.conftest import Install
from tests.integration.installation import (
    PROJECT,
    Installation,
    broken_references,
    differences,
    files_by_slice,
    make_world,
)

Slices = list[list[tuple[Path, str]]]


@pytest.fixture(scope="module")
def world_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the world's files lie."""
    return tmp_path_factory.mktemp("world")


@pytest.fixture(scope="module")
def world(world_folder: Path) -> World:
    """A world in two slices."""
    return make_world(world_folder, slices=2, seed=9, submissions=60, events_per_person=2.0)


def test_two_processes_with_different_files_lose_and_double_nothing(
    install: Install, world: World, world_folder: Path
) -> None:
    first, second = files_by_slice(world_folder)
    # One file goes to both: the same delivery, twice at once.
    shared = next(file for file in first if file[1] == "web_form")
    installation = install("two-writers")
    children = [installation.start_run(files=files) for files in (first, [*second, shared])]
    for child in children:
        (outcome,) = child.finish()
        assert outcome["success"], outcome["errors"]
    _check(installation, world)


def test_two_processes_on_the_same_inbox_take_each_file_once(
    install: Install, world: World, world_folder: Path
) -> None:
    installation = install("one-inbox")
    installation.deliver(world_folder)
    children = [installation.start_run() for _ in range(2)]
    for child in children:
        (outcome,) = child.finish()
        assert outcome["success"], outcome["errors"]
    assert installation.waiting == []
    _check(installation, world)


def _check(installation: Installation, world: World) -> None:
    """All that the world sent is there once, and hangs together."""
    valid = world.submissions[world.submissions["defect"].isna()]
    taken = installation.query(
        "select channel, record_id, count(*) from capture.submissions group by all"
    )
    assert {(channel, record) for channel, record, _ in taken} == set(
        zip(valid["channel"], valid["record_id"], strict=True)
    )
    assert {count for *_, count in taken} == {1}
    sequence = installation.query("select received_seq from capture.submissions order by all")
    assert sequence == [(number,) for number in range(1, len(valid) + 1)]
    members = installation.query("select submission_id from identity.lead_members")
    assert len(members) == len(set(members)) == len(valid)
    leads = installation.query("select distinct lead_id from identity.lead_members order by all")
    # Whoever routed first may not have seen the other's leads; one quiet run later all is done.
    before = installation.tables()
    installation.run()
    changed = set(differences(before, installation.tables()))
    assert changed <= {"governance.audit_log"}, "the last of two runs finishes the work of both"
    for table in (
        "identity.leads", "enrichment.lead_profiles", "scoring.lead_scores", "routing.assignments",
    ):  # fmt: skip
        assert installation.query(f"select lead_id from {table} order by all") == leads, table
    with Lake(installation.settings).read() as connection:
        assert broken_references(connection, PROJECT / "expectations") == []
    failed = "select check_name from governance.data_quality where not passed"
    assert installation.query(failed) == []
