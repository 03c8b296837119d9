"""Fixtures of the lake's tests: an installation with the trial tables."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lead_platform.lake.lake import Lake
from lead_platform.settings import Settings
from tests.conftest import PROFILES, Postgres
from tests.lake import trial
from tests.templates import Templates


@pytest.fixture
def trial_suites(tmp_path: Path) -> Path:
    """The folder with the trial tables' contracts."""
    return trial.write_suites(Settings(home=tmp_path), tmp_path / "expectations")


@pytest.fixture
def trial_settings(new_settings: Callable[..., Settings], trial_suites: Path) -> Settings:
    """An installation whose contracts are those of the trial tables."""
    return new_settings("home", expectations_dir=trial_suites)


@pytest.fixture
def trial_lake(trial_settings: Settings, templates: Templates) -> Lake:
    """The lake with the trial tables, empty."""
    templates.copy_to(trial_settings, trial.open_trial)
    return Lake(trial_settings)


@pytest.fixture
def seeded_lake(trial_settings: Settings, templates: Templates) -> Lake:
    """The lake with six leads and what belongs to them."""
    templates.copy_to(trial_settings, trial.open_seeded)
    return Lake(trial_settings)


@pytest.fixture(scope="module", params=PROFILES)
def shared_lake(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Lake]:
    """As `seeded_lake`, one for a whole module: for tests that leave published rows as they are."""
    folder = tmp_path_factory.mktemp("shared")
    expectations = trial.write_suites(Settings(home=folder), folder / "expectations")
    postgres: Postgres | None = None
    if request.param == "server":
        postgres = request.getfixturevalue("postgres_server")
    url = postgres.create_database() if postgres else None
    yield trial.open_seeded(
        Settings(
            home=folder / "home",
            database_url=url,
            expectations_dir=expectations,
            lock_timeout_seconds=60.0,
        )
    )
    if postgres and url:
        postgres.drop_database(url)
