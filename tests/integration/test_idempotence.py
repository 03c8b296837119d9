"""Promise 3, twice is once: the same files or the same run again change no published row."""

import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from tests.integration.conftest import Install
from tests.integration.installation import (
    AS_OF,
    LEDGERS,
    Installation,
    Tables,
    differences,
    make_world,
    put,
)


@pytest.fixture(scope="module")
def world_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Files of a small world with repeats and rejected records."""
    folder = tmp_path_factory.mktemp("world")
    make_world(folder, seed=11, submissions=90, events_per_person=2.0)
    return folder


@pytest.fixture(scope="module")
def loaded(install: Install, world_folder: Path) -> Installation:
    """An installation that has taken the world in."""
    installation = install("idempotence")
    installation.deliver(world_folder)
    installation.run()
    return installation


@pytest.fixture
def before(loaded: Installation) -> Tables:
    """Its tables before the test."""
    tables = loaded.tables()
    assert tables["capture.submissions"].total() > 70
    assert tables["routing.assignments"].total() > 40
    return tables


def test_first_run_takes_the_inbox_and_leaves_it_empty(
    loaded: Installation, world_folder: Path
) -> None:
    assert loaded.waiting == []
    delivered = [path for path in (world_folder / "inbox").rglob("*") if path.is_file()]
    archived = [path for path in loaded.settings.archive.rglob("*") if path.is_file()]
    assert len(archived) == len(delivered)


def test_same_run_again_changes_nothing(loaded: Installation, before: Tables) -> None:
    loaded.run()
    assert differences(before, loaded.tables()) == {}


def test_same_files_in_the_inbox_again_change_nothing(
    loaded: Installation, before: Tables, world_folder: Path
) -> None:
    """Hours later: all of them under their names, and one once more under another."""
    loaded.deliver(world_folder)
    path = next((world_folder / "inbox" / "web_form").glob("*"))
    put(path, loaded.settings.inbox / "web_form" / "again" / "renamed.jsonl")
    assert len(loaded.waiting) > 10
    loaded.run(as_of=AS_OF + timedelta(hours=4))
    assert differences(before, loaded.tables()) == {}
    assert loaded.waiting == []


def test_ingesting_a_known_file_by_path_changes_nothing(
    loaded: Installation, before: Tables, world_folder: Path, tmp_path: Path
) -> None:
    path = next((world_folder / "inbox" / "web_events").glob("*"))
    copy = Path(shutil.copy(path, tmp_path / path.name))
    command = loaded.command(
        "ingest", str(copy), "--channel", "web_events", "--as-of", "2026-07-01T06:00:00"
    )
    assert command.exit_code == 0, command.err
    assert copy.exists(), "a file outside the inbox stays where it is"
    assert differences(before, loaded.tables()) == {}


def test_known_records_in_a_new_file_add_a_delivery_only(
    loaded: Installation, before: Tables, world_folder: Path, tmp_path: Path
) -> None:
    """The records of a file in another order are another file of known records."""
    lines = next((world_folder / "inbox" / "web_form").glob("*")).read_text("utf-8").splitlines()
    path = tmp_path / "reversed.jsonl"
    path.write_text("\n".join(reversed(lines)) + "\n", encoding="utf-8")
    loaded.run(files=[(path, "web_form")], as_of=AS_OF + timedelta(hours=7))
    changed = differences(before, loaded.tables())
    assert changed.keys() <= {
        "capture.deliveries",
        "capture.delivery_profiles",
        "capture.rejected_records",
        "governance.audit_log",
    }
    taken, repeats, rejected, records = loaded.query(
        "select taken, repeats, rejected, records from capture.deliveries "
        "where file_name = 'reversed.jsonl'"
    )[0]
    assert taken == 0
    assert records == len(lines) == repeats + rejected


def test_ledgers_are_the_only_tables_left_out(loaded: Installation) -> None:
    with_ledgers = {
        row[0]
        for row in loaded.query(
            "select table_schema || '.' || table_name from information_schema.tables "
            "where table_catalog = current_database()"
        )
    }
    assert with_ledgers - set(loaded.tables()) == LEDGERS
