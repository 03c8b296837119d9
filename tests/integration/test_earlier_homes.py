"""Homes that earlier commits made open, migrate, run, and are undone and read back as before.

`tests/homes/make_home.py` made them, with the code of those commits.
"""

import tarfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest

from lead_platform.lake.catalogs import load_postgres
from lead_platform.lake.connection import attach_lake, open_engine
from lead_platform.lake.lake import Lake
from lead_platform.lake.tables import declared_columns, real_columns, tables_without_statistics
from lead_platform.settings import Settings
from tests.integration.conftest import Install
from tests.integration.installation import AS_OF, Installation, make_world

HOMES = Path(__file__).resolve().parents[1] / "homes"

# The second has no accounts yet: their tables and three columns are to come.
COMMITS = ("91a8866", "f14214f")

LEADS = "select submission_id, lead_id from identity.lead_members order by all"
OWNERS = """
    select lead_id, destination_kind, owner_rep_id, queue
    from routing.assignments order by all
"""
STATE = (LEADS, OWNERS, "select lead_id, email, full_name from identity.leads order by all")


@dataclass(frozen=True)
class Earlier:
    """An installation whose home an earlier commit made, and what that commit's readers saw."""

    installation: Installation
    snapshot_id: int
    seen: list[list[tuple]]
    columns: dict[str, dict[str, str]]


@pytest.fixture(scope="module", params=COMMITS)
def earlier(request: pytest.FixtureRequest, profile: str, install: Install) -> Earlier:
    """The commit's home on the profile, not opened by this version yet."""
    installation = install(f"from_{request.param}")
    settings = installation.settings
    with tarfile.open(HOMES / f"{request.param}-{profile}.tar.gz") as archive:
        archive.extractall(settings.home, filter="data")
    if settings.database_url:
        load_postgres(settings, settings.home / "catalog")
    with _as_it_lies(settings) as connection:
        row = connection.execute("select max(snapshot_id) from governance.releases").fetchone()
        assert row
        seen = [connection.execute(query).fetchall() for query in STATE]
        return Earlier(installation, row[0], seen, dict(real_columns(connection)))


@contextmanager
def _as_it_lies(settings: Settings) -> Iterator[duckdb.DuckDBPyConnection]:
    """The lake without any of this version's opening."""
    with closing(open_engine(settings, threads=1)) as engine:
        attach_lake(engine, settings, is_created=False)
        engine.execute("use lake")
        yield engine


@pytest.fixture(scope="module")
def upgraded(earlier: Earlier) -> Earlier:
    """The same, brought to this version by its own command."""
    announced = earlier.installation.command("upgrade", "--check")
    assert announced.exit_code == 3, announced.err
    assert "governance.migrations: new table" in announced.out
    done = earlier.installation.command("upgrade")
    assert done.exit_code == 0, done.err
    assert earlier.installation.command("upgrade", "--check").exit_code == 0
    return earlier


@pytest.fixture(scope="module")
def at_work(upgraded: Earlier, tmp_path_factory: pytest.TempPathFactory) -> Earlier:
    """The same, after a batch of people it had not known."""
    world = tmp_path_factory.mktemp("batch")
    make_world(world, seed=23, submissions=12, events_per_person=1.0)
    upgraded.installation.deliver(world, "*.jsonl")
    upgraded.installation.run(as_of=AS_OF + timedelta(hours=1))
    return upgraded


def read(installation: Installation, snapshot_id: int | None = None) -> list[list[tuple]]:
    return [installation.query(query, snapshot_id) for query in STATE]


def test_it_is_migrated_with_all_it_held(upgraded: Earlier) -> None:
    installation = upgraded.installation
    assert Lake(installation.settings).published().label == "migration"
    declared = declared_columns(installation.settings.dbt_project_dir)
    lake = Lake(installation.settings)
    with lake.read() as connection:
        real = real_columns(connection)
        assert {table: list(real[table].items()) for table in declared} == {
            table: list(columns.items()) for table, columns in declared.items()
        }
        assert tables_without_statistics(lake._open(), lake.metadata) == []
    assert read(installation) == upgraded.seen


def test_it_runs_and_keeps_ids_and_owners(at_work: Earlier) -> None:
    members, owners, _ = read(at_work.installation)
    known = dict(at_work.seen[0])
    now = dict(members)
    assert len(now) > len(known)
    assert {submission: now[submission] for submission in known} == known
    assert set(at_work.seen[1]) <= set(owners)
    quality = at_work.installation.query(
        "select check_name from governance.data_quality where not passed"
    )
    assert quality == []


def test_models_that_gained_columns_were_filled_again(at_work: Earlier) -> None:
    installation = at_work.installation
    assert (
        installation.scalar("select count(*) from governance.migrations where is_refill_due") == 0
    )
    refilled = installation.query(
        "select distinct subject from governance.migrations where kind = 'columns'"
    )
    if "account_id" not in at_work.columns["identity.leads"]:
        assert ("identity.leads",) in refilled


def test_earlier_releases_read_as_they_were(at_work: Earlier) -> None:
    assert read(at_work.installation, at_work.snapshot_id) == at_work.seen
    with Lake(at_work.installation.settings).read(at_work.snapshot_id) as connection:
        assert dict(real_columns(connection)) == at_work.columns
    command = at_work.installation.command(
        "sql", "--snapshot", str(at_work.snapshot_id), "select count(*) as n from identity.leads"
    )
    assert str(len(at_work.seen[2])) in command.out
    newest = Lake(at_work.installation.settings).published().snapshot_id
    told = at_work.installation.command("releases", "diff", str(at_work.snapshot_id), str(newest))
    assert told.exit_code == 0, told.err


def test_a_merge_of_the_earlier_version_is_undone(at_work: Earlier) -> None:
    installation = at_work.installation
    # A pair and nobody else, so that one verdict parts them.
    decision_id, lead_id = installation.query("""
        select decisions.decision_id, members.lead_id
        from identity.merge_decisions as decisions
        join identity.lead_members as members on members.match_record_id = decisions.left_record_id
        where decisions.decision = 'merge' and (
            select count(*) from identity.lead_members as all_of_it
            where all_of_it.lead_id = members.lead_id
        ) = 2
        order by all limit 1
    """)[0]
    done = installation.command(
        *("merges", "undo", decision_id, "--reason", "two people", "--by", "Dana"),
        *("--as-of", str(AS_OF + timedelta(hours=2))),
    )
    assert done.exit_code == 0, done.out + done.err
    parted = dict(installation.query(LEADS))
    once_one = [submission for submission, lead in at_work.seen[0] if lead == lead_id]
    assert len(once_one) == 2
    assert len({parted[submission] for submission in once_one}) == 2
    assert {
        submission: lead for submission, lead in parted.items() if submission not in once_one
    }.items() >= {(submission, lead) for submission, lead in at_work.seen[0] if lead != lead_id}
