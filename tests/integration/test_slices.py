"""Promise 4, step by step equals all at once: ten slices, one load and a rebuild agree."""

from pathlib import Path

import pytest

from tests.integration.conftest import Install
from tests.integration.installation import (
    Installation,
    Tables,
    differences,
    files_by_slice,
    make_world,
)

# Fewer on the server, where each statement travels; what differs there is the catalog alone.
SLICES = {"embedded": 10, "server": 5}
SUBMISSIONS = {"embedded": 200, "server": 100}

# What a lead is, what it did and what it scores, whatever the pace at which it came in.
SAME_TABLES = (
    "identity.normalized_submissions",
    "identity.lead_members",
    "identity.lead_versions",
    "identity.lead_events",
    "identity.lead_outcomes",
    "identity.leads",
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
        submissions=SUBMISSIONS[profile],
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


@pytest.mark.timeout(1_800)
def test_slices_equal_one_load(
    install: Install, profile: str, slices: list[list[tuple[Path, str]]], expected: Tables
) -> None:
    installation = install("slices")
    assert len(slices) == SLICES[profile]
    installation.run_all(slices)
    assert differences(expected, _same_tables(installation)) == {}


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
