"""Installations for the whole job: a warm process to fork from, homes on either profile."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from lead_platform.settings import Settings
from tests.conftest import PROFILES, Postgres
from tests.integration.installation import Installation, Zygote

Install = Callable[..., Installation]


# Before xdist reads the groups, also where this folder alone is asked for.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A module's tests on one profile share their worlds, so they share a worker.

    So do those of both profiles where the module says so.
    """
    for item in items:
        is_here = Path(__file__).parent in item.path.parents
        if is_here and item.get_closest_marker("xdist_group") is None:
            profile = getattr(item, "callspec", None)
            name = profile.params.get("profile", "embedded") if profile else "embedded"
            item.add_marker(pytest.mark.xdist_group(f"{item.path.stem}-{name}"))


@pytest.fixture(scope="module", params=PROFILES)
def profile(request: pytest.FixtureRequest) -> str:
    """Runs the module's tests once per profile."""
    return str(request.param)


@pytest.fixture(scope="session")
def zygote(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Zygote]:
    """The process that has imported everything."""
    warm = Zygote(tmp_path_factory.mktemp("zygote"))
    yield warm
    warm.close()


@pytest.fixture(scope="module")
def install(
    profile: str,
    zygote: Zygote,
    tmp_path_factory: pytest.TempPathFactory,
    request: pytest.FixtureRequest,
) -> Iterator[Install]:
    """Makes fresh installations on the profile; keywords go to `Settings`."""
    postgres: Postgres | None = None
    if profile == "server":
        postgres = request.getfixturevalue("postgres_server")
    urls = []

    def make(name: str, **settings: Any) -> Installation:
        url = postgres.create_database() if postgres else None
        urls.append(url)
        home = tmp_path_factory.mktemp(name) / "home"
        return Installation(Settings(home=home, database_url=url, **settings), zygote)

    yield make
    for url in urls:
        if postgres and url:
            postgres.drop_database(url)


@pytest.fixture(scope="module")
def embedded_install(zygote: Zygote, tmp_path_factory: pytest.TempPathFactory) -> Install:
    """As `install`, embedded only: for tests in which the profile plays no part."""

    def make(name: str, **settings: Any) -> Installation:
        home = tmp_path_factory.mktemp(name) / "home"
        return Installation(Settings(home=home, **settings), zygote)

    return make
