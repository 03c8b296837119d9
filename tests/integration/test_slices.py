"""Promise 4, step by step equals all at once: slices, one load and a rebuild agree.

The installation that takes in slices also shows, while a reader watches it, that readers see whole
releases only (promise 1), and afterwards that its decisions replay from their record (promise 9).
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from lead_platform.lake.lake import Lake
from lead_platform.routing.configuration import RoutingConfiguration
from lead_platform.routing.decisions import Decision, replay_decision
from tests.integration.conftest import Install
from tests.integration.installation import (
    Installation,
    Tables,
    differences,
    files_by_slice,
    make_world,
)

# Each slice is a run of seconds. Slices of any size and order are drawn where they cost less
# (`tests/identity/test_members.py`); where the tables lie makes no difference to what is in them.
SLICES = {"embedded": 6, "server": 3}
# Slices that a reader watches being taken in.
WATCHED = 2
SUBMISSIONS = 120

# What a lead is, what it did and what it scores, whatever the pace at which it came in.
SAME_TABLES = (
    "identity.normalized_submissions",
    "identity.lead_members",
    "identity.lead_versions",
    "identity.lead_events",
    "identity.lead_outcomes",
    "identity.leads",
    "identity.accounts",
    "identity.account_members",
    "enrichment.lead_profiles",
    "scoring.lead_features",
    "scoring.score_contributions",
    "scoring.lead_scores",
)


@pytest.fixture(scope="module")
def slices(profile: str, tmp_path_factory: pytest.TempPathFactory) -> list[list[tuple[Path, str]]]:
    """A world's files in slices."""
    folder = tmp_path_factory.mktemp("world")
    make_world(
        folder,
        slices=SLICES[profile],
        seed=5,
        submissions=SUBMISSIONS,
        events_per_person=2.0,
        duplicate_rate=0.45,
    )
    return files_by_slice(folder)


@pytest.fixture(scope="module")
def at_once(install: Install, slices: list[list[tuple[Path, str]]]) -> Installation:
    """All slices in one run, in the order of their arrival."""
    installation = install("at-once")
    installation.run(files=[file for files in slices for file in files])
    return installation


@pytest.fixture(scope="module")
def expected(at_once: Installation) -> Tables:
    """What every other way has to lead to."""
    tables = _same_tables(at_once)
    merged = at_once.scalar("select count(*) - count(distinct lead_id) from identity.lead_members")
    assert merged > 10, "a world without duplicates proves nothing"
    assert all(rows.total() for rows in tables.values())
    return tables


@dataclass(frozen=True)
class Sliced:
    """An installation that has taken in all slices, and what a reader saw of the last ones."""

    installation: Installation
    seen: dict[str, Any]


@pytest.fixture(scope="module")
def sliced(
    install: Install,
    profile: str,
    slices: list[list[tuple[Path, str]]],
    tmp_path_factory: pytest.TempPathFactory,
) -> Sliced:
    """Slice by slice, the last ones under the eyes of a reader."""
    installation = install("slices")
    assert len(slices) == SLICES[profile]
    installation.run_all(slices[:-WATCHED])
    stop = tmp_path_factory.mktemp("reader") / "stop"
    reader = installation.start("watch_releases", stop=str(stop))
    try:
        installation.run_all(slices[-WATCHED:])
    finally:
        stop.touch()
    return Sliced(installation, reader.finish())


@pytest.mark.timeout(1_800)
def test_slices_equal_one_load(sliced: Sliced, expected: Tables) -> None:
    assert differences(expected, _same_tables(sliced.installation)) == {}


def test_reader_sees_only_whole_releases(sliced: Sliced) -> None:
    installation, seen = sliced.installation, sliced.seen
    assert len(seen["fingerprints"]) > 5, "a reader that sees no release change proves nothing"
    assert seen["looks"] > len(seen["fingerprints"])
    assert seen["broken"] == {}
    assert seen["moved"] == []
    assert seen["afterwards"] == seen["fingerprints"]
    passed = installation.query("select snapshot_id from governance.releases")
    assert {int(snapshot) for snapshot in seen["fingerprints"]} <= {row[0] for row in passed}
    statuses = installation.query("select distinct status from governance.releases")
    assert statuses == [("passed",)]


def test_every_routing_decision_replays_from_its_record(sliced: Sliced) -> None:
    """Of all slices: decisions were made again and owners kept."""
    with Lake(sliced.installation.settings).read() as connection:
        decisions = connection.execute("from routing.routing_decisions").df()
        versions = dict(
            connection.execute(
                "select routing_version, definition from routing.routing_versions"
            ).fetchall()
        )
    configurations = {
        version: RoutingConfiguration.from_definition(definition)
        for version, definition in versions.items()
    }
    assert len(decisions) > 50
    assert set(decisions["destination_kind"]) == {"rep", "queue"}
    for _, row in decisions.iterrows():
        replayed = replay_decision(row, configurations[row["routing_version"]])
        assert replayed == Decision.from_row(row)


def test_rebuild_from_submissions_equals_the_first_build(
    install: Install, at_once: Installation, expected: Tables
) -> None:
    installation = install("rebuild")
    source = at_once.settings
    copied = installation.start(
        "copy_submissions",
        source={"home": str(source.home), "database_url": source.database_url},
    ).finish()
    assert copied > 100
    installation.run()
    assert differences(expected, _same_tables(installation)) == {}


def _same_tables(installation: Installation) -> Tables:
    tables = installation.tables()
    return {table: tables[table] for table in SAME_TABLES}
