"""Promise 9: the same input gives the same tables, and a decision replays from its record."""

from pathlib import Path

import pytest

from lead_platform.lake.lake import Lake
from lead_platform.routing.configuration import RoutingConfiguration
from lead_platform.routing.decisions import Decision, replay_decision
from tests.integration.conftest import Install
from tests.integration.installation import Installation, differences, files_by_slice, make_world

Slices = list[list[tuple[Path, str]]]


@pytest.fixture(scope="module")
def slices(tmp_path_factory: pytest.TempPathFactory) -> Slices:
    """A world in two slices, so that decisions are made again and owners kept."""
    folder = tmp_path_factory.mktemp("world")
    make_world(folder, slices=2, seed=13, submissions=120, events_per_person=2.0)
    return files_by_slice(folder)


@pytest.fixture(scope="module")
def first(install: Install, slices: Slices) -> Installation:
    """One installation that has taken the world in."""
    installation = install("first")
    installation.run_all(slices)
    return installation


def test_same_input_gives_the_same_tables_in_another_home(
    install: Install, slices: Slices, first: Installation
) -> None:
    second = install("second")
    second.run_all(slices)
    tables = first.timeless_tables()
    assert tables["identity.leads"].total() > 50
    assert differences(tables, second.timeless_tables()) == {}


def test_every_routing_decision_replays_from_its_record(first: Installation) -> None:
    with Lake(first.settings).read() as connection:
        decisions = connection.execute("from routing.routing_decisions").df()
        versions = dict(
            connection.execute(
                "select routing_version, definition from routing.routing_versions"
            ).fetchall()
        )
    configurations = {
        version: RoutingConfiguration.model_validate_json(definition)
        for version, definition in versions.items()
    }
    assert len(decisions) > 50
    assert set(decisions["destination_kind"]) == {"rep", "queue"}
    for _, row in decisions.iterrows():
        replayed = replay_decision(row, configurations[row["routing_version"]])
        assert replayed == Decision.from_row(row)
