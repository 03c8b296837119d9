"""A catalog that is not there beside data that is: refused with what was found, not begun anew."""

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import psycopg2
import pytest

from lead_platform.lake.connection import (
    LakeUnreachableError,
    attach_lake,
    create_catalog,
    open_engine,
)
from lead_platform.lake.lake import Lake
from lead_platform.lake.postgres import CATALOG_SCHEMA
from lead_platform.lake.presence import LakeMissingError
from lead_platform.settings import Settings
from tests.lake import trial


@pytest.fixture
def lived_in(seeded_lake: Lake) -> Settings:
    """A home with rows in Parquet files."""
    with seeded_lake.write("many") as candidate:
        trial.seed_leads(candidate, 300, start=6)
    seeded_lake._open().close()
    seeded_lake._instance = None
    return seeded_lake.settings


def lose_catalog(settings: Settings) -> None:
    """As a lost volume, a wrong path, an empty database."""
    if settings.database_url:
        ask_postgres(settings, f"drop schema {CATALOG_SCHEMA} cascade")
    else:
        for path in settings.lake_catalog.parent.glob("catalog.sqlite*"):
            path.unlink()


def empty_catalog(settings: Settings) -> None:
    """The place for a catalog, with none in it."""
    lose_catalog(settings)
    if settings.database_url:
        ask_postgres(settings, f"create schema {CATALOG_SCHEMA}")
    else:
        settings.lake_catalog.touch()


def lose_tables(settings: Settings) -> None:
    """A lake in which there is nothing: somebody else's, or one that was begun anew."""
    lose_catalog(settings)
    spare = settings.model_copy(update={"home": settings.home.parent / "spare"})
    spare.prepare_home()
    create_catalog(spare)
    # On the server profile the catalog remembers where its data lies.
    there = spare if not settings.database_url else settings
    with closing(open_engine(there)) as engine:
        attach_lake(engine, there)
    if not settings.database_url:
        shutil.copy(spare.lake_catalog, settings.lake_catalog)


def ask_postgres(settings: Settings, statement: str) -> None:
    assert settings.database_url
    with closing(psycopg2.connect(settings.database_url)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)


def files_below(folder: Path) -> set[Path]:
    return {path for path in folder.rglob("*.parquet")}


@pytest.mark.parametrize("lose", [lose_catalog, empty_catalog, lose_tables])
def test_a_lost_catalog_is_no_new_home(
    lived_in: Settings, lose: Callable[[Settings], None]
) -> None:
    # It once became a new, empty lake in silence, and the next upkeep would have taken the files.
    files = files_below(lived_in.home)
    lose(lived_in)
    for _ in range(2):
        with pytest.raises(LakeMissingError) as error:
            Lake(lived_in).published()
        told = str(error.value)
        assert f"{len(files)} Parquet files in {lived_in.home / 'lake' / 'data'}" in told
        assert "lead-platform restore" in told
        assert "start anew" in told
    assert files_below(lived_in.home) == files


def test_what_was_moved_away_makes_a_home_new(lived_in: Settings) -> None:
    lose_catalog(lived_in)
    (lived_in.home / "lake" / "data").rename(lived_in.home.parent / "moved away")
    assert Lake(lived_in).published().label == "tables"


@pytest.mark.parametrize("trace", ["archive", "runs"])
def test_small_homes_are_known_by_their_archive_and_runs(settings: Settings, trace: str) -> None:
    """Rows of small batches lie in the catalog alone, so there may be no Parquet file."""
    Lake(settings).published()
    assert not files_below(settings.home)
    lose_catalog(settings)
    if trace == "archive":
        (settings.archive / "web_form").mkdir()
        (settings.archive / "web_form" / "dlv_1__leads.jsonl").touch()
    elif settings.database_url:
        ask_postgres(settings, "create table runs as select 'SUCCESS' as status")
    else:
        (settings.dagster_home / "history").mkdir()
        with closing(sqlite3.connect(settings.dagster_home / "history" / "runs.db")) as runs:
            runs.execute("create table runs as select 'SUCCESS' as status")
            runs.commit()
    with pytest.raises(LakeMissingError, match=r"1 (files|runs) that"):
        Lake(settings).published()


def test_a_first_run_in_a_new_home_is_no_trace(embedded_settings: Settings) -> None:
    """Dagster notes the run before its first step opens the lake; one that failed made none."""
    embedded_settings.prepare_home()
    (embedded_settings.dagster_home / "history").mkdir()
    with closing(sqlite3.connect(embedded_settings.dagster_home / "history" / "runs.db")) as runs:
        runs.execute("create table runs as select 'STARTED' as status union select 'FAILURE'")
        runs.commit()
    (embedded_settings.inbox / "web_form").mkdir()
    (embedded_settings.inbox / "web_form" / "leads.jsonl").touch()
    assert Lake(embedded_settings).published().label == "tables"


@pytest.mark.parametrize("damage", [b"garbage " * 1_000, b"SQLite format 3\0" + bytes(200)])
def test_a_damaged_catalog_says_so(embedded_settings: Settings, damage: bytes) -> None:
    Lake(embedded_settings).published()
    lose_catalog(embedded_settings)
    embedded_settings.lake_catalog.write_bytes(damage)
    with pytest.raises(LakeUnreachableError) as error:
        Lake(embedded_settings).published()
    assert "lead-platform restore" in str(error.value)
    assert embedded_settings.lake_catalog.read_bytes() == damage


@pytest.mark.parametrize(
    "statement",
    ["drop table ducklake_metadata", "drop table ducklake_table", "delete from ducklake_snapshot"],
)
def test_a_catalog_that_lost_what_it_rests_on(embedded_settings: Settings, statement: str) -> None:
    Lake(embedded_settings).published()
    with closing(sqlite3.connect(embedded_settings.lake_catalog)) as catalog:
        catalog.execute(statement)
        catalog.commit()
    for _ in range(2):
        with pytest.raises(LakeUnreachableError) as error:
            Lake(embedded_settings).published()
        assert str(embedded_settings.lake_catalog) in str(error.value)


def test_a_home_of_the_embedded_profile_is_not_opened_on_the_server(
    embedded_settings: Settings, request: pytest.FixtureRequest
) -> None:
    Lake(embedded_settings).published()
    postgres = request.getfixturevalue("postgres_server")
    url = postgres.create_database()
    try:
        with pytest.raises(LakeMissingError, match="a catalog of the embedded profile"):
            Lake(embedded_settings.model_copy(update={"database_url": url})).published()
    finally:
        postgres.drop_database(url)


def test_who_only_reads_closes_a_home_left_open(lake: Lake) -> None:
    lake.published()
    lake.settings.home.chmod(0o755)
    Lake(lake.settings).published()
    assert lake.settings.home.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("profile", ["server"])
def test_another_homes_database_is_told_as_such(lake: Lake, tmp_path: Path) -> None:
    """The advice was to put a backup in the place of a catalog that nothing was wrong with."""
    lake.published()
    other = lake.settings.model_copy(update={"home": tmp_path / "other"})
    with pytest.raises(LakeUnreachableError, match="another home's, or was moved") as told:
        Lake(other).published()
    assert "LEAD_PLATFORM_LAKE_DATA" in str(told.value)
    assert "restore" not in str(told.value)
