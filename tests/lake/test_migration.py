"""An installed home becomes what the code declares: no column added leads to refused writes."""

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path

import duckdb
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as effort
from hypothesis import strategies as st

import lead_platform.lake.lake as lake_module
from lead_platform.lake.connection import attach_lake, open_engine
from lead_platform.lake.lake import Lake
from lead_platform.lake.migration import (
    LEDGER,
    MigrationFailedError,
    MigrationRefusedError,
    Script,
    apply_plan,
    is_wider,
    models_to_refill,
    note_refilled,
    plan_migration,
    shipped_scripts,
)
from lead_platform.lake.tables import (
    Columns,
    create_schemas,
    create_table,
    declared_columns,
    real_columns,
)
from lead_platform.settings import Settings
from tests.lake import trial, workers

SCANS = "identity.scans"
REVIEWS = "identity.match_reviews"
DECLARED = declared_columns(Settings().dbt_project_dir)

Declared = Mapping[str, Columns]


@contextmanager
def declaring(patch: pytest.MonkeyPatch, changes: Mapping[str, Columns | None]) -> Iterator[None]:
    """For the block, another version of the code: these tables otherwise, or not at all."""
    declared = {**DECLARED, **changes}
    kept = {table: columns for table, columns in declared.items() if columns is not None}
    with patch.context() as inner:
        inner.setattr(lake_module, "declared_columns", lambda project: kept)
        yield


def without(table: str, *names: str) -> Columns:
    """The table's columns but these."""
    return {name: kind for name, kind in DECLARED[table].items() if name not in names}


# An earlier version: a column fewer in the middle, a narrower type, a table fewer.
EARLIER: Mapping[str, Columns | None] = {
    SCANS: {**without(SCANS, "records"), "submissions": "INTEGER"},
    REVIEWS: without(REVIEWS, "status"),
    "routing.territories": None,
}


@pytest.fixture
def earlier_home(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A home of that version, with a scan in it that readers see."""
    suites = shutil.copytree(settings.expectations_dir, tmp_path / "earlier_suites")
    for table in (SCANS, REVIEWS):
        (suites / f"{table.replace('.', '/')}.json").unlink()
    (suites / "identity" / "scans.json").write_text(json.dumps(scan_suite()), encoding="utf-8")
    with declaring(monkeypatch, EARLIER):
        lake = Lake(settings.model_copy(update={"expectations_dir": suites}))
        with lake.write("scan") as candidate:
            candidate.connection.execute(
                f"insert into {SCANS} (run_id, scanned_at, submissions) "
                "select 'run_' || n, timestamp '2026-01-01', n from range(300) as numbers(n)"
            )
    return settings


def scan_suite() -> dict:
    """A contract of scans that asks little."""
    columns = list(EARLIER[SCANS] or ())
    return {
        "name": SCANS,
        "meta": {"grain": "one per scan", "key": ["run_id"]},
        "expectations": [
            {"type": "expect_table_columns_to_match_set", "kwargs": {"column_set": columns}}
        ],
    }


def rows(lake: Lake, query: str, snapshot_id: int | None = None) -> list[tuple]:
    with lake.read(snapshot_id) as connection:
        return connection.execute(query).fetchall()


def test_an_earlier_home_is_migrated_in_one_release(earlier_home: Settings) -> None:
    # A column added to a table and its suite once showed green, and every write was refused.
    lake = Lake(earlier_home)
    migrated, before, *_ = lake.releases()
    assert (migrated.label, migrated.status) == ("migration", "passed")
    assert before.label == "scan"
    assert rows(lake, f"select sum(submissions), count(records) from {SCANS}") == [(44_850, 0)]
    with lake.read() as connection:
        assert {**real_columns(connection), **DECLARED} == real_columns(connection)
        assert list(real_columns(connection)[SCANS]) == list(DECLARED[SCANS])
    told = rows(
        lake, f"select kind, subject, detail from {LEDGER} where kind <> 'script' order by all"
    )
    assert told == [
        ("columns", REVIEWS, f"{REVIEWS}: new column status VARCHAR"),
        (
            "columns",
            SCANS,
            f"{SCANS}: new column records BIGINT, submissions from INTEGER to BIGINT",
        ),
        ("table", "routing.territories", "new table"),
    ]


def test_a_new_column_that_may_not_be_empty_is_warned_of(
    earlier_home: Settings, tmp_path: Path
) -> None:
    """The check was green, and rows of before failed one by one when they were next written."""
    suites = shutil.copytree(earlier_home.expectations_dir, tmp_path / "strict_suites")
    for table, column in ((SCANS, "records"), (REVIEWS, "status")):
        path = suites / f"{table.replace('.', '/')}.json"
        suite = json.loads(path.read_text(encoding="utf-8"))
        suite["expectations"].append(
            {"type": "expect_column_values_to_not_be_null", "kwargs": {"column": column}}
        )
        path.write_text(json.dumps(suite), encoding="utf-8")
    lake = Lake(earlier_home.model_copy(update={"expectations_dir": suites}))
    # Of the reviews there are none yet.
    [warning] = lake.migration_warnings(lake.pending_migration())
    assert warning.startswith(f"{SCANS}.records: the 300 rows that are there will hold null")


def test_a_migrated_home_is_written_and_read_as_before(earlier_home: Settings) -> None:
    lake = Lake(earlier_home)
    before = lake.releases()[1].snapshot_id
    with lake.write("scan again") as candidate:
        candidate.connection.execute(
            f"insert into {SCANS} by name select * replace ('run_new' as run_id) "
            "from (select 0::bigint as submissions, 0 as records, 0 as candidates, "
            "0 as bounded_keys, 0 as reviews_opened, 0 as reviews_left_out, "
            "0 as splits_proposed, 0 as splits_left_out, 0 as splits_withdrawn, "
            "'person-v2' as model_version, '0123456789ab' as specification_version, "
            "timestamp '2026-01-02' as scanned_at, 1 as scan_seq, '' as run_id)"
        )
    assert candidate.rows(SCANS)["rows"] == 301
    # What was is still there as it was.
    with lake.read(before) as connection:
        assert connection.execute(f"select count(*) from {SCANS}").fetchone() == (300,)
        assert "records" not in real_columns(connection)[SCANS]
    changed = {
        change.table: change for change in lake.compare(before, lake.published().snapshot_id)
    }
    assert (changed[SCANS].inserted, changed[SCANS].removed) == (1, 0)


def test_what_a_dead_writer_left_is_not_migrated(earlier_home: Settings) -> None:
    with closing(open_engine(earlier_home)) as engine:
        attach_lake(engine, earlier_home)
        engine.execute(f"delete from lake.{SCANS} where submissions < 100")
        engine.execute("create table lake.identity.scans__dbt_tmp as select 1 as one")
    lake = Lake(earlier_home)
    assert rows(lake, f"select count(*) from {SCANS}") == [(300,)]
    with lake.read() as connection:
        assert "identity.scans__dbt_tmp" not in real_columns(connection)


def test_several_processes_open_an_earlier_home_at_once(earlier_home: Settings) -> None:
    processes = [workers.start(workers.open_lake, earlier_home) for _ in range(3)]
    for process in processes:
        process.join(60)
        assert process.exitcode == 0
    labels = [release.label for release in Lake(earlier_home).releases()]
    assert labels.count("migration") == 1


def test_a_migration_that_dies_is_done_by_the_next_opening(
    earlier_home: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(lake_module.releases, "insert_release", die)
        with pytest.raises(KeyboardInterrupt):
            Lake(earlier_home).published()
    lake = Lake(earlier_home)
    assert lake.published().label == "migration"
    assert rows(lake, f"select count(*) from {LEDGER} where subject = '{SCANS}'") == [(1,)]


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        (without(REVIEWS, "reason"), "match_reviews.reason VARCHAR is there and not declared"),
        ({**DECLARED[REVIEWS], "opened_at": "DATE"}, "opened_at is TIMESTAMP there and DATE"),
        ({**DECLARED[REVIEWS], "match_probability": "VARCHAR"}, "DOUBLE there and VARCHAR"),
    ],
)
def test_what_no_script_accounts_for_is_refused(
    embedded_settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    columns: Columns,
    told: str,
) -> None:
    published = Lake(embedded_settings).published()
    with declaring(monkeypatch, {REVIEWS: columns}):
        for _ in range(2):
            with pytest.raises(MigrationRefusedError) as error:
                Lake(embedded_settings).published()
        assert told in str(error.value)
        assert "lead_platform/lake/migrations/" in str(error.value)
    assert Lake(embedded_settings).published() == published


def test_a_suite_that_names_other_columns_is_told_before_anything_changes(
    embedded_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    published = Lake(embedded_settings).published()
    columns = {**DECLARED[REVIEWS], "colour": "VARCHAR"}
    with (
        declaring(monkeypatch, {REVIEWS: columns}),
        pytest.raises(
            MigrationRefusedError, match=r"expectations/identity/match_reviews\.json says otherwise"
        ),
    ):
        Lake(embedded_settings).published()
    assert Lake(embedded_settings).published() == published


def test_scripts_run_once_and_in_order(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Lake(settings).published()
    (tmp_path / "0900_rename.sql").write_text(
        "create or replace table identity.match_reviews as "
        "select * rename (reason as because) from identity.match_reviews;"
    )
    (tmp_path / "0901_note.py").write_text(
        "def migrate(connection):\n"
        "    connection.execute('create or replace table identity.split_parts as '\n"
        "        'select parts.*, because as note from identity.split_parts as parts '\n"
        "        'left join identity.match_reviews using (review_id)')\n"
    )
    scripts = [Script(path) for path in sorted(tmp_path.glob("09*"))]
    renamed = {
        ("because" if name == "reason" else name): kind for name, kind in DECLARED[REVIEWS].items()
    }
    noted = {**DECLARED["identity.split_parts"], "note": "VARCHAR"}
    monkeypatch.setattr(lake_module, "shipped_scripts", lambda: scripts)
    with declaring(monkeypatch, {REVIEWS: renamed, "identity.split_parts": noted}):
        for _ in range(2):
            lake = Lake(settings)
            with lake.read() as connection:
                assert real_columns(connection)[REVIEWS] == renamed
                assert real_columns(connection)["identity.split_parts"] == noted
    assert [release.label for release in lake.releases()].count("migration") == 1
    applied = rows(lake, f"select subject from {LEDGER} where subject like '09%' order by all")
    assert applied == [("0900_rename",), ("0901_note",)]


def test_a_script_that_fails_changes_nothing(
    embedded_settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    published = Lake(embedded_settings).published()
    (tmp_path / "0900_wrong.sql").write_text("alter table identity.scans drop column nowhere")
    with monkeypatch.context() as patch:
        patch.setattr(lake_module, "shipped_scripts", lambda: [Script(tmp_path / "0900_wrong.sql")])
        with pytest.raises(MigrationFailedError, match=r"0900_wrong\.sql failed"):
            Lake(embedded_settings).published()
    assert Lake(embedded_settings).published() == published


def test_a_new_home_has_run_every_script(embedded_settings: Settings) -> None:
    lake = Lake(embedded_settings)
    assert rows(lake, f"select kind, subject from {LEDGER} order by subject") == [
        ("script", "0001_lead_crosswalk"),
        ("script", "0002_places"),
    ]
    assert [release.label for release in lake.releases()] == ["tables"]


@pytest.mark.parametrize("is_old", [True, False])
def test_the_crosswalk_of_the_first_version(is_old: bool) -> None:
    script = next(script for script in shipped_scripts() if script.name == "0001_lead_crosswalk")
    old = (
        "'lead_a' as retired_lead_id, 'lead_b' as surviving_lead_id, now()::timestamp as retired_at"
    )
    new = (
        "'lead_a' as lead_id, 'lead_b' as related_lead_id, 'merged_into' as relation, "
        "now()::timestamp as merged_at, null::timestamp as split_at"
    )
    with duckdb.connect() as connection:
        connection.execute("create schema identity")
        connection.execute(
            f"create table identity.lead_crosswalk as select {old if is_old else new}"
        )
        script.run(connection)
        assert list(real_columns(connection)["identity.lead_crosswalk"]) == [
            "lead_id", "related_lead_id", "relation", "merged_at", "split_at"
        ]  # fmt: skip
        assert connection.execute(
            "select lead_id, related_lead_id, relation, merged_at is null, split_at is null "
            "from identity.lead_crosswalk"
        ).fetchall() == [("lead_a", "lead_b", "merged_into", False, True)]


def test_what_was_decided_before_there_were_places_has_those_its_times_tell() -> None:
    script = next(script for script in shipped_scripts() if script.name == "0002_places")
    added = {"merge_seq", "split_seq", "decision_seq", "crosswalk_seq", "assigned_seq", "audit_seq"}
    tables = (
        "identity.lead_crosswalk", "identity.merged_members", "identity.merge_decisions",
        "routing.routing_decisions", "routing.assignments", "governance.audit_log",
    )  # fmt: skip
    with duckdb.connect() as connection:
        create_schemas(connection, tables)
        for table in tables:
            kept = {name: kind for name, kind in DECLARED[table].items() if name not in added}
            create_table(connection, table, kept)
        connection.execute("""
            insert into identity.lead_crosswalk values
                ('b', 'a', 'split_from', '2026-01-02', '2026-01-05'),
                ('c', 'a', 'merged_into', '2026-01-04', null);
            insert into identity.merged_members values
                ('s', 'd', 'a', '2026-01-01'), ('s', 'b', 'a', '2026-01-02');
            insert into routing.routing_decisions by name
                select * from (values
                    ('first', 'a', '2026-01-01 12:00'::timestamp),
                    ('other', 'd', '2026-01-01 12:00'),
                    ('merged', 'a', '2026-01-02'), ('parted', 'a', '2026-01-05')
                ) as given (decision_id, lead_id, decided_at);
            insert into routing.assignments by name
                select 'a' as lead_id, timestamp '2026-01-02' as assigned_at;
        """)
        for _ in range(2):
            script.run(connection)
        assert {table: real_columns(connection)[table] for table in tables} == {
            table: DECLARED[table] for table in tables
        }
        assert connection.execute(
            "select lead_id, merge_seq, split_seq from identity.lead_crosswalk order by all"
        ).fetchall() == [("b", 2, 4), ("c", 3, None)]
        assert connection.execute(
            "select lead_id, merge_seq from identity.merged_members order by all"
        ).fetchall() == [("b", 2), ("d", 1)]
        assert connection.execute(
            "select decision_id, decision_seq, crosswalk_seq from routing.routing_decisions "
            "order by decision_seq, decision_id"
        ).fetchall() == [("first", 1, 1), ("other", 1, 1), ("merged", 2, 2), ("parted", 3, 4)]
        assert connection.execute("select assigned_seq from routing.assignments").fetchall() == [
            (2,)
        ]


def test_models_that_gained_columns_are_due_until_they_were_refilled(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    suites = shutil.copytree(settings.expectations_dir, tmp_path / "suites")
    (suites / "reporting" / "lead_funnel.json").write_text(
        json.dumps(
            {
                "name": "reporting.lead_funnel",
                "meta": {"grain": "one per cell", "key": ["funnel_id"]},
                "expectations": [
                    {
                        "type": "expect_column_values_to_not_be_null",
                        "kwargs": {"column": "funnel_id"},
                    }
                ],
            }
        ),
        encoding="utf-8",
    )
    lenient = settings.model_copy(update={"expectations_dir": suites})
    with (
        declaring(
            monkeypatch, {"reporting.lead_funnel": without("reporting.lead_funnel", "won_amounts")}
        ),
        Lake(lenient).write("marts") as candidate,
    ):
        candidate.connection.execute("insert into reporting.lead_funnel (funnel_id) values ('f')")
    lake = Lake(settings)
    with lake.read() as connection:
        assert models_to_refill(connection) == ["reporting.lead_funnel"]
    with lake.write("marts") as candidate:
        note_refilled(candidate.connection, ["reporting.lead_funnel"])
    with lake.read() as connection:
        assert models_to_refill(connection) == []


KINDS = (
    "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "UTINYINT", "UINTEGER", "UBIGINT",
    "FLOAT", "DOUBLE", "DECIMAL(9,2)", "DECIMAL(12,2)", "DECIMAL(18,4)", "DECIMAL(38,10)",
    "VARCHAR", "DATE", "TIMESTAMP", "BOOLEAN", "INTEGER[]", "BIGINT[]", "VARCHAR[]",
)  # fmt: skip


def test_wider_types_hold_every_value() -> None:
    """As DuckDB casts them: the ends of the narrower type come back as they were."""
    with duckdb.connect() as connection:
        for kind in KINDS:
            for wanted in KINDS:
                if not is_wider(kind, wanted) or kind.endswith("[]") or kind == wanted:
                    continue
                for value in ENDS[kind]:
                    assert connection.execute(
                        f"select ({value})::{kind}::{wanted}::{kind} = ({value})::{kind}"
                    ).fetchone() == (True,), (kind, wanted)


ENDS = {
    "TINYINT": ("-128", "127"),
    "SMALLINT": ("-32768", "32767"),
    "INTEGER": ("-2147483648", "2147483647"),
    "BIGINT": ("-9223372036854775807", "9223372036854775807"),
    "UTINYINT": ("0", "255"),
    "UINTEGER": ("0", "4294967295"),
    "UBIGINT": ("0", "18446744073709551615"),
    "FLOAT": ("-3.4e38", "1.1754944e-38", "0.1"),
    "DECIMAL(9,2)": ("-9999999.99", "9999999.99"),
    "DECIMAL(12,2)": ("-9999999999.99", "0.01"),
    "DECIMAL(18,4)": ("99999999999999.9999",),
}


@pytest.mark.parametrize(
    ("kind", "wanted"),
    [
        ("BIGINT", "INTEGER"),
        ("INTEGER", "VARCHAR"),
        ("BIGINT", "DOUBLE"),
        ("UINTEGER", "INTEGER"),
        ("DOUBLE", "FLOAT"),
        ("DECIMAL(12,2)", "DECIMAL(12,4)"),
        ("DECIMAL(12,4)", "DECIMAL(18,2)"),
        ("DATE", "TIMESTAMP"),
        ("VARCHAR", "VARCHAR[]"),
    ],
)
def test_other_types_are_not_wider(kind: str, wanted: str) -> None:
    assert not is_wider(kind, wanted)


_NOW = datetime(2026, 1, 1)


def _value(kind: str) -> str:
    """An expression over `n` that gives values of this type, nulls among them."""
    if kind.endswith("[]"):
        return f"[{_value(kind.removesuffix('[]'))}, null]"
    if kind == "VARCHAR":
        value = "'text ' || n"
    elif kind in ("DATE", "TIMESTAMP"):
        value = "timestamp '2026-01-01 10:00:00.123456' + n * interval 1 hour"
    elif kind == "BOOLEAN":
        value = "n % 2 = 0"
    else:
        value = "n % 100 / 4" if kind in ("FLOAT", "DOUBLE") or "DEC" in kind else "n % 100"
    return f"case when n % 7 <> 0 then ({value})::{kind} end"


@st.composite
def upgrades(draw: st.DrawFn) -> tuple[Columns, Columns]:
    """A table's columns, and those of a later version: some wider, some new, anywhere."""
    kinds = draw(st.lists(st.sampled_from(KINDS), min_size=1, max_size=5))
    before = {f"c{number}": kind for number, kind in enumerate(kinds)}
    after = [
        (name, draw(st.sampled_from([wanted for wanted in KINDS if is_wider(kind, wanted)])))
        for name, kind in before.items()
    ]
    for number in range(draw(st.integers(0, 3))):
        place = draw(st.integers(0, len(after)))
        after.insert(place, (f"n{number}", draw(st.sampled_from(KINDS))))
    return before, dict(after)


@pytest.fixture(scope="module")
def bare_lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """A lake's own connection, for tables of any kind."""
    settings = Settings(home=tmp_path_factory.mktemp("bare"))
    Lake(settings).published()
    with closing(open_engine(settings, threads=1)) as engine:
        attach_lake(engine, settings)
        engine.execute("use lake")
        engine.execute("create schema trial")
        yield engine


@effort(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(tables=st.lists(upgrades(), min_size=1, max_size=3), size=st.sampled_from([0, 3, 250]))
def test_any_added_columns_and_wider_types_keep_the_data(
    bare_lake: duckdb.DuckDBPyConnection, tables: list[tuple[Columns, Columns]], size: int
) -> None:
    names = [f"trial.t{number}" for number in range(len(tables))]
    contents = {}
    for name, (before, _) in zip(names, tables, strict=True):
        values = ", ".join(f'{_value(kind)} as "{column}"' for column, kind in before.items())
        bare_lake.execute(
            f"create or replace table {name} as select {values} from range({size}) as r(n)"
        )
        contents[name] = bare_lake.execute(f"from {name} order by all").fetchall()
    snapshot = bare_lake.execute("from ducklake_current_snapshot('lake')").fetchone()
    declared = {
        **real_columns(bare_lake),
        **{name: after for name, (_, after) in zip(names, tables, strict=True)},
    }
    plan = plan_migration(bare_lake, declared, ())
    assert not plan.faults
    bare_lake.begin()
    apply_plan(bare_lake, plan, models=(), applied_at=_NOW)
    bare_lake.commit()
    assert plan_migration(bare_lake, declared, ()).is_empty
    for name, (before, after) in zip(names, tables, strict=True):
        assert list(real_columns(bare_lake)[name].items()) == list(after.items())
        kept = ", ".join(f'"{column}"::{kind}' for column, kind in before.items())
        assert (
            bare_lake.execute(f"select {kept} from {name} order by all").fetchall()
            == contents[name]
        )
        added = [f'count("{column}")' for column in after if column not in before]
        if added:
            assert set(
                bare_lake.execute(f"select {', '.join(added)} from {name}").fetchone() or ()
            ) == {0}
        assert snapshot
        at = f"{name} at (version => {snapshot[0]})"
        assert bare_lake.execute(f"from {at} order by all").fetchall() == contents[name]


def test_a_home_whose_data_was_noted_as_a_relative_path_opens(
    trial_settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A catalog in PostgreSQL attaches with the path it notes only: earlier ones as it was set."""
    monkeypatch.chdir(tmp_path)
    earlier = trial_settings.model_copy(update={"lake_data": "data/"})
    trial.open_trial(earlier)
    workers.write_step(Lake(earlier), 0)
    before = trial.contents(Lake(earlier))
    now = trial_settings.model_copy(update={"lake_data": f"{tmp_path}/data/"})
    assert trial.contents(Lake(now)) == before
