"""Promise 1: a reader that looks all the while sees whole, gated releases that never change."""

from pathlib import Path

import pytest

from tests.integration.conftest import Install
from tests.integration.installation import files_by_slice, make_world


@pytest.fixture(scope="module")
def slices(tmp_path_factory: pytest.TempPathFactory) -> list[list[tuple[Path, str]]]:
    """A small world in two slices."""
    folder = tmp_path_factory.mktemp("world")
    make_world(folder, slices=2, seed=21, submissions=90, events_per_person=1.0)
    return files_by_slice(folder)


def test_reader_sees_only_whole_releases(
    install: Install, slices: list[list[tuple[Path, str]]], tmp_path: Path
) -> None:
    installation = install("watched")
    installation.run(files=slices[0])
    stop = tmp_path / "stop"
    reader = installation.start("watch_releases", stop=str(stop))
    try:
        installation.run_all(slices[1:])
    finally:
        stop.touch()
    seen = reader.finish()

    assert len(seen["fingerprints"]) > 5, "a reader that sees no release change proves nothing"
    assert seen["looks"] > len(seen["fingerprints"])
    assert seen["broken"] == {}
    assert seen["moved"] == []
    assert seen["afterwards"] == seen["fingerprints"]
    passed = installation.query("select snapshot_id from governance.releases")
    assert {int(snapshot) for snapshot in seen["fingerprints"]} <= {row[0] for row in passed}
    statuses = installation.query("select distinct status from governance.releases")
    assert statuses == [("passed",)]
