"""Nothing ungated is ever published: poisoned writes of every kind, on both profiles."""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from lead_platform.lake.gate import SUITE_READABLE, MissingSuiteError
from lead_platform.lake.lake import GateFailedError, Lake
from lead_platform.settings import Settings
from tests.lake import trial


@dataclass(frozen=True)
class Poison:
    """A write that must be refused, and what the refusal has to say."""

    statement: str
    table: str
    expectation: str
    offending_count: int
    offending: tuple[str, ...]


def _lead(
    id: str = "'lead_new'", email: str = "'new@example.org'", points: str = "1", band: str = "'low'"
) -> str:
    return (
        f"insert into trial.leads values ({id}, {email}, {points}, {band}, 1, [], "
        "now()::timestamp, true)"
    )


POISONS = {
    "value out of range": Poison(
        _lead(points="101"),
        "trial.leads",
        "expect_column_values_to_be_between",
        1,
        ("lead_new",),
    ),
    "unknown band": Poison(
        "update trial.leads set band = 'gigantic' where lead_id in ('lead_1', 'lead_2')",
        "trial.leads",
        "expect_column_values_to_be_in_set",
        2,
        ("lead_1", "lead_2"),
    ),
    "null in a required column": Poison(
        _lead(email="null"),
        "trial.leads",
        "expect_column_values_to_not_be_null",
        1,
        ("lead_new",),
    ),
    "null key": Poison(
        _lead(id="null"),
        "trial.leads",
        "expect_column_values_to_not_be_null",
        1,
        ("new@example.org",),
    ),
    "half a compound key": Poison(
        "insert into trial.scores values ('lead_1', null, 1)",
        "trial.scores",
        "expect_column_values_to_not_be_null",
        1,
        ("lead_1",),
    ),
    "key of a published row": Poison(
        _lead(id="'lead_3'"),
        "trial.leads",
        "expect_column_values_to_be_unique",
        2,
        ("new@example.org", "person3@example.org"),
    ),
    "compound key of a published row": Poison(
        "insert into trial.scores values ('lead_1', 'fit', 1)",
        "trial.scores",
        "expect_compound_columns_to_be_unique",
        2,
        ("lead_1",),
    ),
    "parent that is not there": Poison(
        "insert into trial.scores values ('lead_nobody', 'fit', 1)",
        "trial.scores",
        "expect_references_to_exist",
        1,
        ("lead_nobody",),
    ),
    "compound parent that is not there": Poison(
        "insert into trial.tasks values ('task_x', 'lead_1', 'no rule')",
        "trial.tasks",
        "expect_references_to_exist",
        1,
        ("task_x",),
    ),
    "parent that a history row never had": Poison(
        "insert into trial.decisions values ('decision_x', 'lead_nobody')",
        "trial.decisions",
        "expect_references_to_exist",
        1,
        ("decision_x",),
    ),
    "parent that a row of its kind needs": Poison(
        "insert into trial.links values ('link_x', 'inner', 'lead_nobody')",
        "trial.links",
        "expect_references_to_exist",
        1,
        ("link_x",),
    ),
    "reference moved to nowhere": Poison(
        "update trial.decisions set lead_id = 'lead_nobody' where lead_id = 'lead_1'",
        "trial.decisions",
        "expect_references_to_exist",
        1,
        ("lead_nobody",),
    ),
    "most of the table gone": Poison(
        "delete from trial.leads where lead_id <> 'lead_1'",
        "trial.leads",
        "expect_column_values_to_be_between",
        1,
        ('"rows_before":6', '"rows_after":1', '"rows_deleted":5'),
    ),
    "all of the table gone": Poison(
        "delete from trial.leads",
        "trial.leads",
        "expect_column_values_to_be_between",
        1,
        (),
    ),
    "column missing": Poison(
        "create or replace table trial.leads as select * exclude (email) from trial.leads",
        "trial.leads",
        "expect_table_columns_to_match_set",
        6,
        (),
    ),
    "key column missing": Poison(
        "alter table trial.leads drop column lead_id",
        "trial.leads",
        "expect_table_columns_to_match_set",
        6,
        (),
    ),
    "column nobody declared": Poison(
        "alter table trial.leads add column nickname varchar",
        "trial.leads",
        "expect_table_columns_to_match_set",
        6,
        (),
    ),
    "column of another type": Poison(
        "create or replace table trial.leads as "
        "select * replace (points::varchar as points) from trial.leads",
        "trial.leads",
        "expect_table_columns_to_have_types",
        6,
        (),
    ),
    "column of a wider type": Poison(
        "alter table trial.leads alter points type bigint",
        "trial.leads",
        "expect_table_columns_to_have_types",
        6,
        (),
    ),
    "table dropped": Poison(
        "drop table trial.tasks",
        "trial.tasks",
        "expect_table_to_exist",
        12,
        (),
    ),
}


@pytest.mark.parametrize("name", POISONS)
def test_poisoned_write_leaves_published_rows_identical(shared_lake: Lake, name: str) -> None:
    poison, lake = POISONS[name], shared_lake
    before, published = trial.contents(lake), lake.published()

    # A good row in the same write must not be published either.
    with pytest.raises(GateFailedError) as refusal:
        trial.write(lake, "insert into trial.left_side values (1, 1)", poison.statement)

    assert trial.contents(lake) == before
    assert trial.contents(lake, published.snapshot_id) == before
    assert lake.published().status == "refused"
    text = str(refusal.value)
    for part in (poison.table, poison.expectation, f"({poison.offending_count} rows)"):
        assert part in text
    assert f"release_id = '{refusal.value.release.release_id}'" in text
    assert "example.org" not in text, "addresses stay in the table, they are not for logs"
    _assert_rows_are_kept(lake, text, poison)


def _assert_rows_are_kept(lake: Lake, text: str, poison: Poison) -> None:
    with lake.read() as connection:
        kept = connection.execute(text.partition("Offending rows: ")[2]).fetch_df()
    kept = kept[(kept["table_name"] == poison.table) & (kept["expectation"] == poison.expectation)]
    assert set(kept["offending_count"]) == {poison.offending_count}
    rows = " ".join(kept["offending_row"].dropna())
    for offending in poison.offending:
        assert offending in rows


def test_the_next_write_after_refused_ones_is_published(seeded_lake: Lake) -> None:
    for name in ("value out of range", "most of the table gone", "column missing", "table dropped"):
        with pytest.raises(GateFailedError):
            trial.write(seeded_lake, POISONS[name].statement)
    with seeded_lake.write("good") as candidate:
        candidate.connection.execute(_lead())
        candidate.connection.execute("insert into trial.scores values ('lead_new', 'fit', 1)")
        candidate.connection.execute("insert into trial.tasks values ('t', 'lead_new', 'fit')")
    assert candidate.rows("trial.tasks") == {"inserted": 1, "removed": 0, "rows": 13}
    assert trial.count_rows(seeded_lake, "trial.leads") == 7


def test_passing_write_is_published(seeded_lake: Lake) -> None:
    with seeded_lake.write("good", run_id="run_1") as candidate:
        candidate.connection.execute(_lead())
        candidate.connection.execute("update trial.leads set points = 7 where lead_id = 'lead_0'")
        candidate.connection.execute("delete from trial.tasks where lead_id = 'lead_1'")

    release = seeded_lake.published()
    assert candidate.release == release
    assert (release.label, release.run_id, release.status) == ("good", "run_1", "passed")
    assert candidate.rows("trial.leads") == {"inserted": 2, "removed": 0, "rows": 7}
    assert candidate.rows("trial.tasks") == {"inserted": 0, "removed": 2, "rows": 10}
    assert candidate.rows("trial.scores") == {"inserted": 0, "removed": 0, "rows": 0}
    with seeded_lake.read() as connection:
        points = connection.execute(
            "select points from trial.leads where lead_id in ('lead_0', 'lead_new') order by all"
        ).fetchall()
    assert points == [(1,), (7,)]


def test_a_write_that_changes_nothing_makes_no_release(shared_lake: Lake) -> None:
    before = shared_lake.published()
    with shared_lake.write("nothing") as candidate:
        candidate.connection.execute("delete from trial.leads where lead_id = 'nobody'")
    assert candidate.release is None
    assert shared_lake.published() == before


def test_readers_do_not_see_a_write_before_its_gate(seeded_lake: Lake) -> None:
    before = trial.contents(seeded_lake)
    with seeded_lake.supervise("many commits") as candidate:
        trial.commit(candidate, _lead())
        assert trial.contents(seeded_lake) == before
    assert trial.contents(seeded_lake) != before


def test_several_failures_are_all_kept(shared_lake: Lake) -> None:
    with pytest.raises(GateFailedError) as refusal:
        trial.write(
            shared_lake,
            _lead(points="1000", band="'huge'"),
            "insert into trial.scores values ('lead_z', 'fit', 1000)",
        )
    failed = {(each.table, each.failure.expectation) for each in refusal.value.failures}
    assert failed == {
        ("trial.leads", "expect_column_values_to_be_between"),
        ("trial.leads", "expect_column_values_to_be_in_set"),
        ("trial.scores", "expect_column_values_to_be_between"),
        ("trial.scores", "expect_references_to_exist"),
    }
    with shared_lake.read() as connection:
        kept = connection.execute(
            "select table_name, expectation from governance.gate_failures where release_id = ?",
            [refusal.value.release.release_id],
        ).fetchall()
    assert set(kept) == failed


def test_offending_rows_are_kept_whole_and_limited(seeded_lake: Lake) -> None:
    with pytest.raises(GateFailedError):
        trial.write(
            seeded_lake,
            "insert into trial.leads select 'bad_' || n, 'a@example.org', 500, 'low', 1, [], "
            "null, true from range(1500) as numbers(n)",
        )
    with seeded_lake.read() as connection:
        kept = connection.execute(
            "select offending_count, offending_row from governance.gate_failures"
        ).fetchall()
    assert len(kept) == 1000
    assert {count for count, _ in kept} == {1500}
    assert set(json.loads(kept[0][1])) == set(trial.TABLES["leads"])


DBT_REPLACES_A_TABLE = (
    "create table trial.leads__dbt_tmp as select * from trial.leads where points > 2",
    "alter table trial.leads rename to leads__dbt_backup",
    "alter table trial.leads__dbt_tmp rename to leads",
    "drop table trial.leads__dbt_backup",
)

SUPERVISED = [
    "insert into trial.leads select * replace (lead_id || '_b' as lead_id) from trial.leads",
    "create or replace table trial.scores as select * from trial.scores where points < 0",
    *DBT_REPLACES_A_TABLE,
    "drop table trial.decisions",
    "create table trial.decisions as select 1 as one",
    "alter table trial.tasks add column note varchar",
    "create table trial.surplus as select 1 as one",
    "create view trial.lead_view as select * from trial.leads",
    "create schema elsewhere",
    "create table elsewhere.things as select 1 as one",
    "delete from trial.left_side",
    "drop table trial.right_side",
]


def test_failing_supervised_writer_restores_everything(shared_lake: Lake) -> None:
    with shared_lake.write("sides") as candidate:
        for side in ("left_side", "right_side"):
            candidate.connection.execute(f"insert into trial.{side} values (1, 1), (2, 2)")
    before = trial.contents(shared_lake)
    with pytest.raises(ValueError, match="model failed"):
        trial.supervise(shared_lake, *SUPERVISED, error=ValueError("model failed"))
    assert trial.contents(shared_lake) == before
    assert shared_lake.published().status == "abandoned"
    with shared_lake.read() as connection:
        views = connection.execute(
            "select view_name from duckdb_views() "
            "where database_name = current_database() and not internal"
        ).fetchall()
        extra = connection.execute(
            "select table_name from duckdb_tables() "
            "where database_name = current_database() and schema_name = 'elsewhere'"
        ).fetchall()
    assert (views, extra) == ([], [])


SINGLE_CHANGES = [
    "alter table trial.leads rename to leads_old",
    "alter table trial.leads rename column email to mail",
    "alter table trial.leads alter column points set data type bigint",
    "drop table trial.tasks",
    "drop schema trial cascade",
    "create or replace table trial.leads as select 1 as one",
    "truncate trial.scores",
]


@pytest.mark.parametrize("statement", SINGLE_CHANGES)
def test_each_kind_of_change_is_undone_on_its_own(shared_lake: Lake, statement: str) -> None:
    _assert_undone(shared_lake, statement)


@pytest.mark.parametrize("done", range(1, len(DBT_REPLACES_A_TABLE)))
def test_a_replacement_that_stops_halfway_is_undone(shared_lake: Lake, done: int) -> None:
    # A table renamed away was not restored (the change feed names the new table only), or could
    # not be, because its new name was dropped first, and no later writer could recover.
    _assert_undone(shared_lake, *DBT_REPLACES_A_TABLE[:done])


def _assert_undone(lake: Lake, *statements: str) -> None:
    before = trial.contents(lake)
    with pytest.raises(ValueError, match="stop"):
        trial.supervise(lake, *statements, error=ValueError("stop"))
    assert trial.contents(lake) == before
    trial.write(lake, "delete from trial.left_side where step < 0")
    assert trial.contents(lake) == before
    assert lake.published().status == "abandoned", "restored at once, not by the next writer"


@pytest.mark.parametrize("new_name", ["chores", "zeal"])
def test_a_table_renamed_to_one_without_a_suite_is_refused(
    shared_lake: Lake, new_name: str
) -> None:
    before = trial.contents(shared_lake)
    with pytest.raises(MissingSuiteError):
        trial.write(shared_lake, f"alter table trial.tasks rename to {new_name}")
    trial.write(shared_lake, "delete from trial.left_side where step < 0")
    assert trial.contents(shared_lake) == before


def test_a_transaction_left_open_is_not_published(shared_lake: Lake) -> None:
    before = trial.contents(shared_lake)
    with pytest.raises(duckdb.Error):
        _leave_open(shared_lake)
    assert trial.contents(shared_lake) == before


def _leave_open(lake: Lake) -> None:
    with lake.supervise("open") as candidate:
        candidate.connection.begin()
        candidate.connection.execute(_lead())


def test_tables_replaced_as_dbt_does_are_gated(seeded_lake: Lake) -> None:
    def replace(points: int) -> None:
        copied = (
            "create table trial.leads__dbt_tmp as "
            f"select * replace ({points} as points) from trial.leads"
        )
        trial.supervise(seeded_lake, copied, *DBT_REPLACES_A_TABLE[1:])

    replace(5)
    with seeded_lake.read() as connection:
        points = connection.execute("select distinct points from trial.leads").fetchall()
    assert points == [(5,)]
    before = trial.contents(seeded_lake)
    with pytest.raises(GateFailedError, match="expect_column_values_to_be_between"):
        replace(500)
    assert trial.contents(seeded_lake) == before


def test_views_are_restored_to_their_published_definition(seeded_lake: Lake) -> None:
    trial.supervise(
        seeded_lake,
        "create view trial.known as select lead_id from trial.leads",
        "create view trial.gone as select 1 as one",
    )

    def seen() -> list[tuple]:
        with seeded_lake.read() as connection:
            known = connection.execute("select * from trial.known order by all").fetchall()
            return [*known, *connection.execute("from trial.gone").fetchall()]

    before = seen()
    assert len(before) == 7
    with pytest.raises(GateFailedError):
        trial.supervise(
            seeded_lake,
            "create or replace view trial.known as select 'x' as lead_id",
            "drop view trial.gone",
            "create view trial.more as select 1 as one",
            _lead(points="-1"),
        )
    assert seen() == before
    with seeded_lake.read() as connection, pytest.raises(duckdb.CatalogException):
        connection.execute("from trial.more")


def test_removing_a_lead_takes_its_rows_along_through_all_levels(seeded_lake: Lake) -> None:
    with seeded_lake.write("retire") as candidate:
        candidate.connection.execute("delete from trial.leads where lead_id = 'lead_2'")
    assert candidate.rows("trial.leads")["removed"] == 1
    assert candidate.rows("trial.scores") == {"inserted": 0, "removed": 2, "rows": 10}
    assert candidate.rows("trial.tasks") == {"inserted": 0, "removed": 2, "rows": 10}
    assert candidate.rows("trial.decisions")["removed"] == 0
    rows = trial.contents(seeded_lake)
    for table in ("leads", "scores", "tasks"):
        assert not [row for row in rows[table][1:] if "lead_2" in row]
    assert [row for row in rows["decisions"][1:] if "lead_2" in row], "history stays"


MEMBERS = (
    "insert into trial.members values ('s1', 'a'), ('s2', 'a'), ('s3', 'b'), ('s4', 'c')",
    "insert into trial.profiles values ('a', 'Berlin'), ('b', 'Paris'), ('c', 'Rome')",
)


@pytest.mark.parametrize(
    ("statement", "profiles"),
    [
        ("delete from trial.members where submission_id = 's1'", ["a", "b", "c"]),
        ("delete from trial.members where lead_id = 'a'", ["b", "c"]),
        ("update trial.members set lead_id = 'a' where submission_id = 's3'", ["a", "c"]),
        ("update trial.members set submission_id = 's9' where submission_id = 's4'", list("abc")),
        (
            "create or replace table trial.members as select * from trial.members "
            "where submission_id in ('s2', 's4')",
            ["a", "c"],
        ),
    ],
    ids=["one of two", "the last of a lead", "moved to another", "key changed", "replaced"],
)
def test_rows_stay_while_any_parent_names_them(
    shared_lake: Lake, statement: str, profiles: list[str]
) -> None:
    # The reference is not to the parent's key. One removed parent took every child row along.
    trial.write(shared_lake, "delete from trial.members", "delete from trial.profiles")
    trial.write(shared_lake, *MEMBERS)
    candidate = trial.write(shared_lake, statement)
    with shared_lake.read() as connection:
        kept = connection.execute("select lead_id from trial.profiles order by all").fetchall()
    assert [lead for (lead,) in kept] == profiles
    assert candidate.rows("trial.profiles")["removed"] == 3 - len(profiles)


def test_replacing_a_parent_table_cascades_too(seeded_lake: Lake) -> None:
    trial.supervise(
        seeded_lake,
        "create or replace table trial.leads as "
        "select * from trial.leads where lead_id <> 'lead_4'",
    )
    assert trial.count_rows(seeded_lake, "trial.scores") == 10
    assert trial.count_rows(seeded_lake, "trial.tasks") == 10


def test_a_refused_removal_brings_the_cascaded_rows_back(shared_lake: Lake) -> None:
    before = trial.contents(shared_lake)
    with pytest.raises(GateFailedError):
        trial.write(
            shared_lake,
            "delete from trial.leads where lead_id = 'lead_2'",
            "insert into trial.left_side values (1, -1)",
        )
    assert trial.contents(shared_lake) == before


def test_a_key_deleted_and_written_again_is_not_a_removal(seeded_lake: Lake) -> None:
    with seeded_lake.write("rewrite") as candidate:
        candidate.connection.execute("delete from trial.leads where lead_id = 'lead_2'")
        candidate.connection.execute(_lead(id="'lead_2'"))
    assert candidate.rows("trial.leads") == {"inserted": 1, "removed": 0, "rows": 6}
    assert trial.count_rows(seeded_lake, "trial.scores") == 12


def test_a_table_without_a_suite_is_refused(shared_lake: Lake) -> None:
    with (
        pytest.raises(MissingSuiteError, match=r"expectations/trial/surplus\.json"),
        shared_lake.write("surplus") as candidate,
    ):
        candidate.connection.execute("create table trial.surplus as select 1 as one")
    assert "surplus" not in trial.contents(shared_lake)


def test_a_table_created_in_a_refused_write_vanishes(
    new_settings: Callable[..., Settings], tmp_path: Path
) -> None:
    expectations = trial.write_suites(Settings(home=tmp_path), tmp_path / "suites")
    lake = Lake(new_settings("fresh", expectations_dir=expectations))
    with pytest.raises(GateFailedError):
        trial.write(lake, *trial.TABLE_STATEMENTS, _lead(points="-5"))
    assert trial.contents(lake) == {}
    trial.write(lake, *trial.TABLE_STATEMENTS, _lead())
    assert len(trial.contents(lake)["leads"]) == 2


def test_an_exception_in_the_block_leaves_nothing(shared_lake: Lake) -> None:
    before, published = trial.contents(shared_lake), shared_lake.published()
    with pytest.raises(KeyboardInterrupt):
        trial.write(
            shared_lake,
            _lead(),
            "create table trial.surplus as select 1 as one",
            error=KeyboardInterrupt(),
        )
    assert trial.contents(shared_lake) == before
    assert shared_lake.published() == published, "nothing was committed, so nothing was restored"


def test_a_failing_statement_leaves_nothing(shared_lake: Lake) -> None:
    before = trial.contents(shared_lake)
    with pytest.raises(duckdb.Error):
        trial.write(shared_lake, _lead(), "insert into trial.leads values (1)")
    assert trial.contents(shared_lake) == before


def test_restored_tables_keep_types_and_values(shared_lake: Lake) -> None:
    # Restoring is `create or replace table as`: types must come through exactly, several times.
    before = trial.contents(shared_lake)
    for _ in range(3):
        with pytest.raises(GateFailedError):
            trial.write(
                shared_lake, _lead(points="-1"), "update trial.leads set amount = 1, tags = null"
            )
    after = trial.contents(shared_lake)
    assert after == before
    types = dict(after["leads"][0])
    assert types["amount"] == "DECIMAL(12,2)"
    assert types["tags"] == "VARCHAR[]"
    assert types["seen_at"] == "TIMESTAMP"


def _seed_with_one_bad_lead(lake: Lake, count: int) -> None:
    with lake.write("bulk") as candidate:
        trial.seed_leads(candidate, count, start=1000 * count)
        candidate.connection.execute(
            "update trial.leads set points = 101 where lead_id = ?", [f"lead_{1000 * count}"]
        )


def test_rows_around_the_inlining_limit_are_gated_alike(seeded_lake: Lake) -> None:
    for count in (199, 200, 201):
        before = trial.contents(seeded_lake)
        with pytest.raises(GateFailedError) as refusal:
            _seed_with_one_bad_lead(seeded_lake, count)
        assert refusal.value.failures[0].failure.offending_count == 1
        assert trial.contents(seeded_lake) == before
        with seeded_lake.write("bulk") as candidate:
            trial.seed_leads(candidate, count, start=1000 * count)
        assert candidate.rows("trial.scores")["inserted"] == 2 * count


def test_a_changed_contract_is_applied_to_the_next_write(
    seeded_lake: Lake, trial_settings: Settings
) -> None:
    # Suites and columns that passed are remembered: not beyond an edit of the suite.
    folder = trial_settings.expectations_dir / "trial"
    suite = trial.suite_document("leads")
    suite["expectations"][0]["kwargs"]["column_set"].append("nickname")
    (folder / "leads.json").write_text(json.dumps(suite), encoding="utf-8")
    with (
        pytest.raises(GateFailedError, match="expect_table_columns_to_match_set"),
        seeded_lake.write("good under the old contract") as candidate,
    ):
        candidate.connection.execute(_lead())
    shutil.rmtree(folder)
    with pytest.raises(MissingSuiteError), seeded_lake.write("no contract") as candidate:
        candidate.connection.execute(_lead())
    assert trial.count_rows(seeded_lake, "trial.leads") == 6


def _let_warn(settings: Settings, *warnings: dict) -> None:
    """Add expectations to the suite of leads that warn only."""
    suite = trial.suite_document("leads")
    for warning in warnings:
        warning.setdefault("meta", {})["severity"] = "warn"
    suite["expectations"] += warnings
    path = settings.expectations_dir / "trial" / "leads.json"
    path.write_text(json.dumps(suite), encoding="utf-8")


def test_what_only_warns_is_published_and_kept(seeded_lake: Lake, trial_settings: Settings) -> None:
    _let_warn(
        trial_settings,
        trial._between("points", 0, 90),
        {**trial._between("rows_inserted", 0, 1), "meta": {"on": "table"}},
    )
    with seeded_lake.write("bulk") as candidate:
        candidate.connection.execute(_lead("'lead_a'", points="95"))
        candidate.connection.execute(_lead("'lead_b'", points="2"))
    assert trial.count_rows(seeded_lake, "trial.leads") == 8
    assert seeded_lake.published().status == "passed"
    assert {failed.failure.offending_count for failed in candidate.warnings} == {1}
    with seeded_lake.read() as connection:
        kept = connection.execute(
            "select severity, table_name, json_extract_string(arguments, '$.column'), "
            "offending_row from governance.gate_failures where release_id = ? order by 3",
            [candidate.release.release_id],
        ).fetchall()
    assert [row[:3] for row in kept] == [
        ("warn", "trial.leads", "points"),
        ("warn", "trial.leads", "rows_inserted"),
    ]
    assert "lead_a" in kept[0][3]
    assert "lead_b" not in kept[0][3]


def test_a_warning_does_not_soften_what_fails(seeded_lake: Lake, trial_settings: Settings) -> None:
    _let_warn(trial_settings, trial._between("points", 0, 90))
    with pytest.raises(GateFailedError) as refusal, seeded_lake.write("bad") as candidate:
        candidate.connection.execute(_lead(points="101"))
    with seeded_lake.read() as connection:
        kept = connection.execute(
            "select severity from governance.gate_failures where release_id = ?",
            [refusal.value.release.release_id],
        ).fetchall()
    assert kept == [("fail",)]
    assert candidate.warnings == []


def _half_saved(path: Path) -> None:
    path.write_text(path.read_text(encoding="utf-8")[:200], encoding="utf-8")


def _a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _a_link_to_nothing(path: Path) -> None:
    path.unlink()
    path.symlink_to(path.with_name("gone"))


def _no_text(path: Path) -> None:
    path.write_bytes(b'{"name": "\xff"}')


def _not_a_suite(path: Path) -> None:
    document = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**document, "expectations": 3}, indent=2), encoding="utf-8")


@pytest.mark.parametrize(
    ("spoil", "fault"),
    [
        (_half_saved, r"scores\.json:1: not valid JSON: EOF"),
        (_a_folder, r"scores\.json: no regular file"),
        (_a_link_to_nothing, r"scores\.json: file not found"),
        (_no_text, r"scores\.json:1: not readable as UTF-8"),
        (_not_a_suite, r"scores\.json:\d\d: expectations: Input should be"),
    ],
)
def test_a_suite_that_cannot_be_read_costs_its_own_table(
    seeded_lake: Lake, trial_settings: Settings, spoil: Callable[[Path], None], fault: str
) -> None:
    """Half a file in expectations/ stopped every write of every table."""
    path = trial_settings.expectations_dir / "trial" / "scores.json"
    whole = path.read_text(encoding="utf-8")
    spoil(path)
    trial.write(seeded_lake, _lead(), "insert into trial.links values ('link_1', 'outer', null)")
    assert trial.count_rows(seeded_lake, "trial.leads") == 7
    more = "insert into trial.scores values ('lead_new', 'fit', 1)"
    for write in (trial.write, trial.supervise):
        with pytest.raises(GateFailedError, match=fault) as refusal:
            write(seeded_lake, more)
        (failed,) = refusal.value.failures
        assert (failed.table, failed.failure.expectation) == ("trial.scores", SUITE_READABLE)
    assert trial.count_rows(seeded_lake, "trial.scores") == 12
    with seeded_lake.read() as connection:
        kept = connection.execute(
            "select distinct table_name, expectation from governance.gate_failures"
        ).fetchall()
    assert kept == [("trial.scores", SUITE_READABLE)]
    if path.is_dir():
        path.rmdir()
    path.unlink(missing_ok=True)
    path.write_text(whole, encoding="utf-8")
    trial.write(seeded_lake, more)
    assert trial.count_rows(seeded_lake, "trial.scores") == 13


@pytest.mark.parametrize("broken", [("scores",), ("tasks",), ("scores", "tasks")])
def test_what_may_hang_on_a_removed_row_keeps_it(
    seeded_lake: Lake, trial_settings: Settings, broken: tuple[str, ...]
) -> None:
    """What the suite would say of its references is not known: no orphan may be left."""
    trial.write(seeded_lake, _lead())
    for table in broken:
        _half_saved(trial_settings.expectations_dir / "trial" / f"{table}.json")
    before = trial.contents(seeded_lake)
    with pytest.raises(GateFailedError, match=SUITE_READABLE):
        trial.write(seeded_lake, "delete from trial.leads where lead_id = 'lead_1'")
    after = trial.contents(seeded_lake)
    assert {name: rows for name, rows in after.items() if "trial" in name} == {
        name: rows for name, rows in before.items() if "trial" in name
    }
    trial.write(seeded_lake, "delete from trial.leads where lead_id = 'lead_new'")
    assert trial.count_rows(seeded_lake, "trial.leads") == 6
