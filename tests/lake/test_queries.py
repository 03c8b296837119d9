"""`sql` reads the lake and does nothing else, whatever the statement.

`delete from __ducklake_metadata_lake.main.ducklake_snapshot` once ended a lake: read-only was a
property of one attachment, and everything beside it could be written, read and called.
"""

import hashlib
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from lead_platform.lake.connection import attach_statement, open_engine
from lead_platform.lake.lake import Lake
from lead_platform.lake.postgres import CATALOG_SCHEMA, create_reader, reader_address
from lead_platform.lake.queries import (
    QueryRefusedError,
    QueryStoppedError,
    ask,
    check_query,
    read_alone,
)
from lead_platform.settings import Settings
from tests.lake import trial

QUERIES = {
    "select count(*) from trial.leads": [(6,)],
    "from trial.leads select lead_id order by all limit 1": [("lead_0",)],
    "select count(*) from lake.trial.leads": [(6,)],
    "select l.lead_id, sum(s.points) from trial.leads l join trial.scores s using (lead_id) "
    "group by all order by all limit 1": [("lead_0", 0.0)],
    "with best as (select lead_id, row_number() over (order by points desc) as place "
    "from trial.leads) select lead_id from best where place = 1": [("lead_5",)],
    "with recursive n(i) as (select 1 union all select i + 1 from n where i < 4) "
    "select max(i) from n": [(4,)],
    "select count(*) from range(3), trial.leads": [(18,)],
    "select count(*) from (select unnest(tags) from trial.leads)": [(12,)],
    "values (1), (2)": [(1,), (2,)],
    "select count(*) from (describe trial.leads)": [(8,)],
    "select count(*) from (summarize trial.leads)": [(8,)],
    "select count(*) from (pivot trial.leads on band in ('high', 'low') using count(*))": [(6,)],
    "select exists(from information_schema.tables where table_name = 'leads')": [(True,)],
    "select round(random()) between 0 and 1, now() > timestamp '2020-01-01'": [(True, True)],
    "select count(*) from trial.leads where lead_id in (select lead_id from trial.scores)": [(6,)],
    "select j.value from json_each('[7]') as j": [("7",)],
    "  -- how many\n select 1 /* of them */;": [(1,)],
}
SHOWN = ("describe trial.leads", "summarize trial.leads", "show all tables",
         "explain select * from trial.leads", "explain analyze select * from trial.leads",
         "explain (format json) select 1")  # fmt: skip


def attacks(settings: Settings, outside: Path) -> list[str]:
    """Statements that read or write what is not the lake's published rows."""
    metadata = f"__ducklake_metadata_lake.{CATALOG_SCHEMA if settings.database_url else 'main'}"
    data, catalog = settings.lake_data_path, settings.lake_catalog
    secret, target = outside / "secret.csv", outside / "stolen.csv"
    return [
        # The lake and its catalog, written.
        "delete from trial.leads",
        "update trial.leads set points = 0",
        "insert into trial.leads default values",
        "truncate trial.leads",
        "merge into trial.leads using trial.scores on false when not matched then insert default "
        "values",
        "drop table lake.trial.leads",
        "drop schema trial cascade",
        "alter table trial.leads add column x integer",
        "create table trial.stolen as select 1 as x",
        "create view trial.stolen as select 1 as x",
        "create or replace view trial.leads as select 1 as x",
        f"delete from {metadata}.ducklake_snapshot",
        f"update {metadata}.ducklake_metadata set value = '/tmp'",
        f"drop table {metadata}.ducklake_table",
        f"insert into {metadata}.ducklake_tag select 1, 1, null, 'a', 'b'",
        f"explain analyze delete from {metadata}.ducklake_snapshot",
        "explain analyze delete from trial.leads",
        "with gone as (delete from trial.leads returning *) select * from gone",
        # The lake's own upkeep.
        "call ducklake_expire_snapshots('lake', older_than => now())",
        "select * from ducklake_expire_snapshots('lake', older_than => now())",
        "from ducklake_cleanup_old_files('lake', cleanup_all => true)",
        "from ducklake_delete_orphaned_files('lake', cleanup_all => true)",
        "from ducklake_flush_inlined_data('lake')",
        "from ducklake_merge_adjacent_files('lake')",
        "from ducklake_rewrite_data_files('lake')",
        "from ducklake_set_option('lake', 'parquet_compression', 'zstd')",
        f"from ducklake_add_data_files('lake', 'leads', '{data}x.parquet')",
        "call lake.set_commit_message('a', 'b')",
        "explain analyze select * from ducklake_expire_snapshots('lake', older_than => now())",
        "select (select count(*) from ducklake_flush_inlined_data('lake'))",
        "select 1 from trial.leads where exists (from ducklake_flush_inlined_data('lake'))",
        # The catalog and the process, read.
        f"select * from {metadata}.ducklake_metadata",
        "from __ducklake_metadata_lake.ducklake_snapshot",
        "from ducklake_snapshots('lake')",
        "from ducklake_table_info('lake')",
        "from ducklake_list_files('lake', 'leads', schema => 'trial')",
        "from duckdb_databases()",
        "from duckdb_databases",
        "from main.duckdb_databases",
        "from system.main.duckdb_databases",
        "with x as (select 1) select * from (from pragma_database_list), x",
        "from pragma_database_list",
        "pragma database_list",
        "show databases",
        "from duckdb_secrets()",
        "from duckdb_settings()",
        "from duckdb_extensions()",
        "from which_secret('s3://x', 's3')",
        "from pg_catalog.pg_settings",
        "from pg_catalog.pg_database",
        "select current_setting('temp_directory')",
        "select getenv('HOME')",
        "select getvariable('x')",
        "select nextval('x')",
        "select write_log('x')",
        "select sleep_ms(10000)",
        # Text that would become a query or a table.
        "from query('delete from trial.leads')",
        "from query('from duckdb_databases()')",
        "from query_table('duckdb_databases')",
        "from json_execute_serialized_sql('{}')",
        "from histogram('duckdb_databases', path)",
        "pragma json_execute_serialized_sql('{}')",
        # Files.
        f"from read_csv('{secret}')",
        f"from read_text('{secret}')",
        f"from read_blob('{secret}')",
        f"from read_json('{secret}')",
        f"from '{secret}'",
        f"from '{data}**/*.parquet'",
        f"select count(*) from '{data}**/*.parquet'",
        f'from "{data}trial/leads/*.parquet"',
        f"describe from '{data}**/*.parquet'",
        f"summarize '{data}**/*.parquet'",
        f"from '{data}x.csv'",
        f"from '{data}x.json'",
        f"from trial.leads, '{data}**/*.parquet'",
        f"select 1 where exists (from '{data}**/*.parquet')",
        f'with "{data}**/*.parquet" as (select 1) from "{data}**/*.parquet"',
        f"from read_parquet('{data}**/*.parquet')",
        f"from parquet_metadata('{data}**/*.parquet')",
        f"from glob('{outside}/*')",
        f"from glob('{data}**')",
        f"from sniff_csv('{secret}')",
        f"from sqlite_scan('{catalog}', 'ducklake_snapshot')",
        f"from sqlite_query('{catalog}', 'delete from ducklake_snapshot')",
        "from postgres_query('__ducklake_metadata_lake', 'select 1')",
        "call postgres_execute('__ducklake_metadata_lake', 'create table public.x(a int)')",
        "from postgres_scan('dbname=postgres', 'public', 'x')",
        f"copy (select 1) to '{target}'",
        f"copy (select 1) to '{data}stolen.csv'",
        f"copy trial.leads to '{target}'",
        f"copy trial.leads from '{secret}'",
        f"export database '{outside / 'stolen'}'",
        f"import database '{outside}'",
        # The engine.
        f"attach '{target}' as other",
        f"attach '{catalog}' as other (type sqlite)",
        attach_statement(settings, alias="other"),
        "detach lake",
        "use memory",
        "set enable_external_access = true",
        "set memory_limit = '64GB'",
        "reset lock_configuration",
        f"set profiling_output = '{target}'",
        "install httpfs",
        "load httpfs",
        "force install spatial from community",
        "create temp table x as select 1",
        "create macro x() as 1",
        "create secret (type s3)",
        "prepare x as select 1",
        "execute x",
        "begin",
        "checkpoint",
        "vacuum",
        "create type mood as enum ('a')",
        "pivot trial.leads on band",
        "select 1; delete from trial.leads",
        "select 1; select 2",
        # Names of the process around the engine.
        "from QUERIES",
        "from settings",
        "",
        "nonsense",
        "select " + "abs(" * 5_000 + "1" + ")" * 5_000,
    ]  # fmt: skip


@pytest.fixture(scope="module")
def asking(shared_lake: Lake) -> Iterator[duckdb.DuckDBPyConnection]:
    """One walled-in connection to the seeded lake."""
    settings = shared_lake.settings
    with read_alone(settings, shared_lake.published().snapshot_id) as connection:
        yield connection


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """A folder that is not the lake's, with a file worth reading."""
    (tmp_path / "secret.csv").write_text("password\nhunter2\n", encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize("clause", [
    "version => 1", "version => 99999", "version => (select 1)", "timestamp => now()",
    "timestamp => timestamp '2030-01-01'", "VERSION => 1 + 1",
])  # fmt: skip
@pytest.mark.parametrize("query", [
    "from trial.leads at ({})", "from lake.trial.leads at ({})", "select (select count(*) from "
    "trial.leads at ({}))", "with x as (from trial.leads at ({})) from x", "from trial.leads union "
    "all from trial.leads at ({})", "explain analyze select * from trial.leads at ({})",
    "from trial.scores join trial.leads at ({}) using (lead_id)",
    "describe select * from trial.leads at ({})",
])  # fmt: skip
def test_no_snapshot_but_the_attached_one_is_read(
    asking: duckdb.DuckDBPyConnection, query: str, clause: str
) -> None:
    """`at (version => 20)` gave rows that no gate had judged, where `--snapshot 20` is refused."""
    with pytest.raises(QueryRefusedError, match=r"no `at \(…\)`"):
        check_query(asking, query.format(clause))


@pytest.mark.parametrize("name", ["{}**/*.parquet", "{}x.parquet", "x.csv", "s3://b/x", "/etc/x"])
@pytest.mark.parametrize("query", [
    "from '{}'", 'from "{}"', "select count(*) from '{}'", "from trial.leads, '{}'",
    "describe from '{}'", "with x as (from '{}') from x", 'from trial."{}"', 'from lake.trial."{}"',
    'with "{}" as (select 1) select 1 where exists (from "{}")',
])  # fmt: skip
def test_a_path_is_no_table(
    shared_lake: Lake, asking: duckdb.DuckDBPyConnection, query: str, name: str
) -> None:
    """The lake's own files, which hold unpublished rows too, answered by their bare path."""
    path = name.format(shared_lake.settings.lake_data_path)
    with pytest.raises(QueryRefusedError, match="is none of them"):
        check_query(asking, query.replace("{}", path))


@pytest.mark.parametrize("query", QUERIES)
def test_queries_are_answered(asking: duckdb.DuckDBPyConnection, query: str) -> None:
    with ask(asking, query, seconds=30) as result:
        assert result.fetchall() == QUERIES[query]


@pytest.mark.parametrize("query", SHOWN)
def test_what_there_is_can_be_described(asking: duckdb.DuckDBPyConnection, query: str) -> None:
    with ask(asking, query, seconds=30) as result:
        assert result.fetchall()


def test_nothing_else_is_let_through(
    shared_lake: Lake, asking: duckdb.DuckDBPyConnection, outside: Path
) -> None:
    before = _state(shared_lake, outside)
    for statement in attacks(shared_lake.settings, outside):
        with (
            pytest.raises((QueryRefusedError, duckdb.Error)) as error,
            ask(asking, statement, seconds=30) as result,
        ):
            pytest.fail(f"{statement}\nanswered {result.fetchmany(3)}")
        assert not isinstance(error.value, duckdb.InterruptException)
    assert _state(shared_lake, outside) == before


def test_the_walls_hold_without_the_gatekeeper(shared_lake: Lake, outside: Path) -> None:
    """What a statement does that DuckDB runs unchecked: nothing to the lake, no file outside."""
    settings = shared_lake.settings
    before = _state(shared_lake, outside)
    with read_alone(settings, shared_lake.published().snapshot_id) as connection:
        for statement in attacks(settings, outside):
            # Writing beside the lake's own files, or opening its catalog anew, is what the
            # gatekeeper is for: the engine has to be able to reach those.
            if settings.lake_data_path in statement or str(settings.lake_catalog) in statement:
                continue
            # The lake itself is needed for the statements after it.
            if not statement or statement.startswith(("detach", "use")):
                continue
            try:
                rows = connection.execute(statement).fetchmany(100)
            except duckdb.Error:
                continue
            assert "hunter2" not in str(rows), statement
    # Upkeep may leave a file the catalog never hears of: maintenance clears those away.
    del before["files"]
    assert before.items() <= _state(shared_lake, outside).items()


def test_what_is_printed_for_other_clients_opens_the_catalog_read_only(shared_lake: Lake) -> None:
    settings = shared_lake.settings
    schema = CATALOG_SCHEMA if settings.database_url else "main"
    with open_engine(settings) as client:
        client.execute(attach_statement(settings, snapshot_id=shared_lake.published().snapshot_id))
        assert client.execute("select count(*) from lake.trial.leads").fetchone() == (6,)
        for statement in (
            f"delete from __ducklake_metadata_lake.{schema}.ducklake_snapshot",
            "delete from lake.trial.leads",
            "call ducklake_flush_inlined_data('lake')",
            "call postgres_execute('__ducklake_metadata_lake', 'create table x (a int)')",
        ):
            with pytest.raises(duckdb.Error):
                client.execute(statement)


def test_a_reader_of_the_database_reads_and_no_more(shared_lake: Lake) -> None:
    url = shared_lake.settings.database_url
    if url is None:
        pytest.skip("roles are PostgreSQL's")
    for _ in range(2):
        create_reader(url, "bi reader", "it's a secret", CATALOG_SCHEMA)
    address = reader_address(url, "bi reader")
    snapshot = shared_lake.published().snapshot_id
    with open_engine(shared_lake.settings) as client:
        client.execute(
            attach_statement(shared_lake.settings, snapshot_id=snapshot, database_url=address)
        )
        assert client.execute("select count(*) from lake.trial.leads").fetchone() == (6,)
    # What the lake makes afterwards is readable too.
    trial.write(shared_lake, "update trial.leads set band = band")
    writable = attach_statement(shared_lake.settings, alias="other", database_url=address)
    with open_engine(shared_lake.settings) as client:
        client.execute(
            attach_statement(
                shared_lake.settings,
                snapshot_id=shared_lake.published().snapshot_id,
                database_url=address,
            )
        )
        assert client.execute("select count(*) from lake.trial.leads").fetchone() == (6,)
        with pytest.raises(duckdb.Error, match=r"permission denied|read-only"):
            client.execute(writable + "; create table other.trial.x as select 1 as a")


def test_no_password_is_handed_on() -> None:
    url = "postgresql://boss:s3cret%20word@db.example.org:5433/leads?sslmode=require&password=x"
    assert (
        reader_address(url, None) == "postgresql://boss@db.example.org:5433/leads?sslmode=require"
    )
    shown = reader_address(url, "bi tool")
    assert shown == "postgresql://bi%20tool@db.example.org:5433/leads?sslmode=require"
    statement = attach_statement(Settings(database_url=url), snapshot_id=1, database_url=shown)
    assert "s3cret" not in statement
    assert "user=''bi tool''" in statement.replace("\\", "")


def test_a_query_has_its_time_and_its_memory(shared_lake: Lake) -> None:
    settings = shared_lake.settings.model_copy(update={"query_memory": "200MB"})
    with read_alone(settings, shared_lake.published().snapshot_id) as connection:
        started = time.monotonic()
        with (
            pytest.raises(QueryStoppedError, match="LEAD_PLATFORM_QUERY_SECONDS"),
            ask(connection, "select sum(a.range * b.range) from range(1e6::int) a, "
                "range(1e6::int) b", seconds=0.5) as result,
        ):  # fmt: skip
            result.fetchall()
        assert time.monotonic() - started < 20
        with (
            pytest.raises(QueryStoppedError, match="LEAD_PLATFORM_QUERY_MEMORY"),
            ask(connection, "select list(range) from range(200_000_000)", seconds=60) as result,
        ):
            result.fetchall()
        assert threading.active_count() < 10


def test_values_that_expressions_build_are_bounded_too(shared_lake: Lake) -> None:
    """Four texts of 2 GB once took 11.9 GB with a limit of 2, and 22 seconds with a limit of 5."""
    query = "select sum(length(repeat('a', 2_000_000_000) || i)) from range(4) t(i)"
    url = shared_lake.settings.database_url
    for limits, told in (
        ({"QUERY_MEMORY": "200MB"}, "LEAD_PLATFORM_QUERY_MEMORY"),
        ({"QUERY_MEMORY": "8GB", "QUERY_SECONDS": "1"}, "LEAD_PLATFORM_QUERY_SECONDS"),
    ):
        given = {"HOME": str(shared_lake.settings.home), "DATABASE_URL": url or "", **limits}
        environment = {f"LEAD_PLATFORM_{name}": value for name, value in given.items() if value}
        asked = subprocess.run(
            [sys.executable, "-m", "lead_platform.cli", "sql", query],
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert (asked.returncode, asked.stdout) == (1, ""), asked.stderr
        assert told in asked.stderr
        assert "Traceback" not in asked.stderr


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("delete from trial.leads", "read-only: it takes one query"),
        ("pivot trial.leads on band", "names its values"),
        ("from read_csv('x')", "no function 'read_csv', only generate_series"),
        ("from duckdb_databases", "duckdb_databases is none of them. List them"),
        ("selec 1", "cannot be read"),
    ],
)
def test_a_refusal_says_what_is_allowed(
    asking: duckdb.DuckDBPyConnection, statement: str, told: str
) -> None:
    with pytest.raises(QueryRefusedError, match=told):
        check_query(asking, statement)


def _state(lake: Lake, outside: Path) -> dict[str, object]:
    """The lake's rows, snapshots and files, and those of the folder beside it."""
    with lake.read() as connection:
        snapshots = connection.execute("select * from lake.snapshots() order by all").fetchall()
    return {
        "rows": trial.contents(lake),
        "snapshots": snapshots,
        "files": _hashes(Path(lake.settings.lake_data_path)),
        "outside": _hashes(outside),
    }


def _hashes(folder: Path) -> dict[str, str]:
    return {
        str(path): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
