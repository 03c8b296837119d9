"""Whether the databases that all else needs answer, whatever they do instead."""

import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from lead_platform.lake.lake import Lake
from lead_platform.lake.postgres import connect_postgres
from lead_platform.orchestration.runs import prepare_instance
from lead_platform.orchestration.stores import (
    ANSWER_SECONDS,
    CATALOG,
    DAGSTER,
    POSTGRESQL,
    STORES,
    Store,
    StoreStatus,
    dagster_databases,
    stores_of,
)
from lead_platform.settings import Settings


def looked_at(settings: Settings, name: str) -> StoreStatus:
    """The store of that name, asked once."""
    (store,) = (store for store in stores_of(settings) if store.name == name)
    store.look(0.0)
    return store.status(0.0)


def test_all_answer_in_a_new_home_and_in_one_that_is_at_work(
    settings: Settings, lake: Lake, new_settings: Callable[..., Settings]
) -> None:
    for home in (new_settings("new"), settings):
        home.prepare_home()
        names = [store.name for store in stores_of(home)]
        assert names
        assert set(names) <= set(STORES)
        assert [looked_at(home, name).state for name in names] == ["well"] * len(names)


def test_one_that_was_not_asked_yet_is_not_called_well() -> None:
    store = Store("s", "the place", lambda: None)
    assert store.status(100.0).state == "starting"
    store.look(100.0)
    assert store.status(100.0).state == "well"


def test_one_that_never_answers_is_out_of_reach_since_it_was_asked() -> None:
    """What watches a lamp may not hang with it."""
    answers = threading.Event()
    store = Store("s", "the place", lambda: None if answers.wait(60) else "late")
    thread = threading.Thread(target=store.look, args=[100.0], daemon=True)
    thread.start()
    deadline = time.monotonic() + 10
    while store.status(101.0 + ANSWER_SECONDS).state == "starting":
        assert time.monotonic() < deadline
    assert store.status(100.0 + ANSWER_SECONDS).state == "starting"
    out = store.status(101.0 + ANSWER_SECONDS)
    assert (out.state, out.seconds_out) == ("silent", 1.0 + ANSWER_SECONDS)
    assert "the place" in out.told
    answers.set()
    thread.join()
    assert store.status(200.0).state == "well"


def test_time_out_of_reach_counts_from_the_first_look_without_an_answer() -> None:
    faults: list[str | None] = ["down", "starting up", None, "down"]
    store = Store("s", "the place", lambda: faults.pop(0))
    found = []
    for now in (10.0, 20.0, 30.0, 40.0):
        store.look(now)
        status = store.status(now + 1)
        found.append((status.state, status.told if status.seconds_out else "", status.seconds_out))
    assert found == [
        ("silent", "down", 1.0),
        ("silent", "starting up", 11.0),
        ("well", "", 0.0),
        ("silent", "down", 1.0),
    ]


def test_an_error_nobody_thought_of_is_told_without_its_words() -> None:
    def fault() -> None:
        raise RuntimeError("ana.lima@example.org")

    store = Store("s", "the place", fault)
    store.look(0.0)
    assert store.status(0.0).told == "the place cannot be asked: RuntimeError"


def _overwrite(path: Path) -> None:
    path.write_bytes(b"no database" * 1000)


def _replace_by_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize("spoil", [_overwrite, _replace_by_folder, Path.unlink])
@pytest.mark.parametrize("profile", ["embedded"])
def test_database_in_the_home_that_cannot_be_opened_is_named(
    settings: Settings, lake: Lake, spoil: Callable[[Path], object]
) -> None:
    (settings.archive / "web_form").mkdir(parents=True)
    (settings.archive / "web_form" / "a__leads.csv").write_text("email\n")
    spoil(settings.lake_catalog)
    out = looked_at(settings, CATALOG)
    assert out.state == "silent"
    assert str(settings.lake_catalog) in out.told
    prepare_instance(settings)
    store = next(store for store in stores_of(settings) if store.name == DAGSTER)
    store.look(0.0)
    assert store.status(0.0).state == "well"
    database = max(dagster_databases(settings))
    spoil(database)
    store.look(1.0)
    assert store.status(1.0).state == "silent"
    assert str(database) in store.status(1.0).told


@pytest.mark.parametrize("profile", ["embedded"])
def test_catalog_somebody_works_with_is_not_out_of_reach(settings: Settings, lake: Lake) -> None:
    with closing(sqlite3.connect(settings.lake_catalog)) as connection:
        connection.execute("begin immediate")
        assert looked_at(settings, CATALOG).state == "well"


@pytest.mark.parametrize("profile", ["server"])
def test_server_that_refuses_or_has_lost_the_lake_is_named_without_its_password(
    settings: Settings, lake: Lake, tmp_path: Path
) -> None:
    url = "postgresql://lead:s3cret@127.0.0.1:1/leads"
    out = looked_at(Settings(home=tmp_path / "other", database_url=url), POSTGRESQL)
    assert out.state == "silent"
    assert "PostgreSQL at 127.0.0.1:1/leads does not answer" in out.told
    assert "s3cret" not in out.told
    (settings.archive / "web_form").mkdir(parents=True)
    (settings.archive / "web_form" / "a__leads.csv").write_text("email\n")
    assert settings.database_url
    with closing(connect_postgres(settings.database_url)) as connection:
        connection.cursor().execute("drop schema lake_catalog cascade")
    assert "There is no lake" in looked_at(settings, POSTGRESQL).told
