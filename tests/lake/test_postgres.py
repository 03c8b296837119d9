"""A PostgreSQL that accepts and never answers, as one that hangs does, is told as out of reach.

`lead-platform status` and all else that opened the lake waited for it without end, and so did
Dagster's storage.
"""

import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy
from hypothesis import given
from hypothesis import strategies as st
from psycopg2.extensions import parse_dsn

from lead_platform.lake.connection import LakeUnreachableError, attach_lake, open_engine
from lead_platform.lake.postgres import (
    DatabaseUnreachableError,
    connect_postgres,
    connection_limits,
    with_limits,
)
from lead_platform.settings import Settings

# Connecting is given up after ten seconds.
GIVEN_UP_WITHIN = 25.0


@pytest.fixture
def silent_url() -> Iterator[str]:
    """The system accepts for who never does."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(16)
        yield f"postgresql://lead:s3cret@127.0.0.1:{server.getsockname()[1]}/leads"


def read_lake(url: str, home: Path) -> None:
    """As each reader and writer of the lake begins."""
    settings = Settings(home=home, database_url=url)
    with open_engine(settings) as engine:
        attach_lake(engine, settings)


def read_runs(url: str, home: Path) -> None:
    """As Dagster's storage does with the address it is given."""
    address = with_limits(url).partition("://")[2]
    sqlalchemy.create_engine(f"postgresql+psycopg2://{address}").connect()


def connect(url: str, home: Path) -> None:
    """As the lock and the switches do."""
    connect_postgres(url)


@pytest.mark.parametrize(
    ("work", "error"),
    [
        (read_lake, LakeUnreachableError),
        (read_runs, sqlalchemy.exc.OperationalError),
        (connect, DatabaseUnreachableError),
    ],
)
def test_who_connects_to_a_server_that_never_answers_gives_up(
    silent_url: str, tmp_path: Path, work: Callable[[str, Path], None], error: type[Exception]
) -> None:
    began = time.monotonic()
    with pytest.raises(error) as told:
        work(silent_url, tmp_path)
    assert time.monotonic() - began < GIVEN_UP_WITHIN
    assert "s3cret" not in str(told.value)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://lead:it%27s%23me@db.example.org:5433/leads",
        "postgresql://lead@db.example.org/leads?sslmode=require",
        "postgresql:///leads?host=/var/run/postgresql&user=lead",
        "postgresql://postgres:@/postgres?host=/tmp/a%20folder",
    ],
)
@given(
    said=st.dictionaries(
        st.sampled_from(sorted(connection_limits("postgresql:///leads"))), st.integers(2, 90)
    )
)
def test_what_an_address_says_of_waiting_stands(url: str, said: dict[str, int]) -> None:
    own = "&".join(f"{name}={value}" for name, value in said.items())
    address = url + ("&" if "?" in url else "?") + own if own else url
    found = parse_dsn(with_limits(address))
    limits = connection_limits("postgresql:///leads")
    assert found == {**parse_dsn(url), **limits, **{name: str(said[name]) for name in said}}
