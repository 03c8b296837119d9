"""Small tables with contracts for the lake's own tests.

`trial.leads` have `trial.scores`, scores have `trial.tasks` (both go with their parent),
`trial.decisions` are history and stay, `trial.links` name leads where their kind is `inner`;
`trial.profiles` live as long as any of `trial.members` names their lead; `trial.left_side` and
`trial.right_side` always change together.
"""

import copy
import json
import shutil
from pathlib import Path
from typing import Any

from lead_platform.lake.lake import Candidate, Lake
from lead_platform.lake.suites import COLUMN_TYPES
from lead_platform.settings import Settings

TABLES: dict[str, dict[str, str]] = {
    "leads": {
        "lead_id": "varchar",
        "email": "varchar",
        "points": "integer",
        "band": "varchar",
        "amount": "decimal(12, 2)",
        "tags": "varchar[]",
        "seen_at": "timestamp",
        "is_known": "boolean",
    },
    "scores": {"lead_id": "varchar", "rule": "varchar", "points": "double"},
    "tasks": {"task_id": "varchar", "lead_id": "varchar", "rule": "varchar"},
    "decisions": {"decision_id": "varchar", "lead_id": "varchar"},
    "links": {"link_id": "varchar", "kind": "varchar", "lead_id": "varchar"},
    "members": {"submission_id": "varchar", "lead_id": "varchar"},
    "profiles": {"lead_id": "varchar", "city": "varchar"},
    "left_side": {"step": "integer", "amount": "bigint"},
    "right_side": {"step": "integer", "amount": "bigint"},
}


def _not_null(column: str) -> dict[str, Any]:
    return {"type": "expect_column_values_to_not_be_null", "kwargs": {"column": column}}


def _between(column: str, low: float, high: float) -> dict[str, Any]:
    return {
        "type": "expect_column_values_to_be_between",
        "kwargs": {"column": column, "min_value": low, "max_value": high},
    }


def _reference(columns: list[str], to: str, on_delete: str) -> dict[str, Any]:
    return {"columns": columns, "to": to, "to_columns": columns, "on_delete": on_delete}


KEYS: dict[str, list[str]] = {
    "leads": ["lead_id"],
    "scores": ["lead_id", "rule"],
    "tasks": ["task_id"],
    "decisions": ["decision_id"],
    "links": ["link_id"],
    "members": ["submission_id"],
    "profiles": ["lead_id"],
    "left_side": ["step"],
    "right_side": ["step"],
}

REFERENCES: dict[str, list[dict[str, Any]]] = {
    "scores": [_reference(["lead_id"], "trial.leads", "cascade")],
    "tasks": [_reference(["lead_id", "rule"], "trial.scores", "cascade")],
    "decisions": [_reference(["lead_id"], "trial.leads", "keep")],
    "links": [{**_reference(["lead_id"], "trial.leads", "keep"), "when": {"kind": "inner"}}],
    "profiles": [_reference(["lead_id"], "trial.members", "cascade")],
}

# Creates the trial tables, empty.
TABLE_STATEMENTS = (
    "create schema if not exists trial",
    *(
        f"create table trial.{table} "
        f"({', '.join(f'{name} {kind}' for name, kind in columns.items())})"
        for table, columns in TABLES.items()
    ),
)

EXPECTATIONS: dict[str, list[dict[str, Any]]] = {
    "leads": [
        _not_null("lead_id"),
        _not_null("email"),
        _between("points", 0, 100),
        {
            "type": "expect_column_values_to_be_in_set",
            "kwargs": {"column": "band", "value_set": ["high", "medium", "low"]},
        },
        {**_between("share_removed", 0, 0.5), "meta": {"on": "table"}},
    ],
    "scores": [_not_null("lead_id"), _not_null("rule"), _between("points", -100, 100)],
    "tasks": [_not_null("task_id")],
    "decisions": [_not_null("decision_id"), _not_null("lead_id")],
    "links": [_not_null("link_id")],
    "members": [_not_null("lead_id")],
    "profiles": [_not_null("lead_id")],
    "left_side": [_not_null("step"), _between("amount", 0, 1_000_000)],
    "right_side": [_not_null("step"), _between("amount", 0, 1_000_000)],
}


def write_suites(settings: Settings, target: Path, tables: list[str] | None = None) -> Path:
    """Write the contracts of the trial tables beside the project's governance suites."""
    governance = target / "governance"
    if not governance.exists():
        shutil.copytree(settings.expectations_dir / "governance", governance)
    folder = target / "trial"
    folder.mkdir(exist_ok=True)
    for table in tables or list(TABLES):
        (folder / f"{table}.json").write_text(json.dumps(suite_document(table)), encoding="utf-8")
    return target


def suite_document(table: str) -> dict[str, Any]:
    """The suite of a trial table as its file states it, the caller's to change."""
    presence = {
        "type": "expect_table_columns_to_match_set",
        "kwargs": {"column_set": list(TABLES[table]), "exact_match": True},
    }
    types = {name: kind.upper().replace(", ", ",") for name, kind in TABLES[table].items()}
    return {
        "name": f"trial.{table}",
        "meta": {
            "grain": "one per test row",
            "key": KEYS[table],
            "references": copy.deepcopy(REFERENCES.get(table, [])),
        },
        "expectations": [
            presence,
            {"type": COLUMN_TYPES, "kwargs": {"types": types}},
            *copy.deepcopy(EXPECTATIONS[table]),
        ],
    }


def open_trial(settings: Settings) -> Lake:
    """The lake with the trial tables in it."""
    lake = Lake(settings)
    with lake.read() as connection:
        present = connection.execute(
            "select count(*) from duckdb_tables() where schema_name = 'trial'"
        ).fetchone()
    if not present or not present[0]:
        write(lake, *TABLE_STATEMENTS)
    return lake


def open_seeded(settings: Settings) -> Lake:
    """As `open_trial`, with six leads and what belongs to them."""
    lake = open_trial(settings)
    with lake.write("seed") as candidate:
        seed_leads(candidate, 6)
    return lake


def seed_leads(candidate: Candidate, count: int, *, start: int = 0) -> None:
    """Leads `lead_<n>` with two scores, two tasks and one decision each."""
    connection = candidate.connection
    bounds = [start, start + count]
    connection.execute(
        """
        insert into trial.leads
        select 'lead_' || n, 'person' || n || '@example.org', n % 101,
            ['high', 'medium', 'low'][1 + n % 3], n + 0.25, ['tag ' || n, null],
            timestamp '2026-01-01' + n * interval 1 hour,
            case n % 3 when 0 then true when 1 then false end
        from range(?, ?) as numbers(n)
        """,
        bounds,
    )
    connection.execute(
        "insert into trial.scores select 'lead_' || n, rule, n % 50 / 4 "
        "from range(?, ?) as numbers(n), (values ('fit'), ('timing')) as rules(rule)",
        bounds,
    )
    connection.execute(
        "insert into trial.tasks select 'task_' || n || rule, 'lead_' || n, rule "
        "from range(?, ?) as numbers(n), (values ('fit'), ('timing')) as rules(rule)",
        bounds,
    )
    connection.execute(
        "insert into trial.decisions select 'decision_' || n, 'lead_' || n "
        "from range(?, ?) as numbers(n)",
        bounds,
    )


def write(lake: Lake, *statements: str, error: BaseException | None = None) -> Candidate:
    """One gated transaction of these statements; `error` is raised inside it at the end."""
    with lake.write("trial") as candidate:
        _execute(candidate, statements, error)
    return candidate


def supervise(lake: Lake, *statements: str, error: BaseException | None = None) -> Candidate:
    """As `write`, each statement a commit of its own."""
    with lake.supervise("trial") as candidate:
        for statement in statements:
            commit(candidate, statement)
        if error is not None:
            raise error
    return candidate


def commit(candidate: Candidate, *statements: str) -> None:
    """One signed commit of these statements, as a supervised writer makes them."""
    with candidate.fence.transaction():
        _execute(candidate, statements, None)


def _execute(
    candidate: Candidate, statements: tuple[str, ...], error: BaseException | None
) -> None:
    for statement in statements:
        candidate.connection.execute(statement)
    if error is not None:
        raise error


def contents(lake: Lake, snapshot_id: int | None = None) -> dict[str, list[tuple]]:
    """Every row of every trial table, with column names and types, as readers see them."""
    with lake.read(snapshot_id) as connection:
        tables = connection.execute(
            "select table_name from duckdb_tables() "
            "where schema_name = 'trial' and database_name = current_database() order by 1"
        ).fetchall()
        found: dict[str, list[tuple]] = {}
        for (table,) in tables:
            described = connection.execute(f"describe trial.{table}").fetchall()
            rows = connection.execute(f"select * from trial.{table} order by all").fetchall()
            found[table] = [tuple(column[:2] for column in described), *rows]
    return found


def count_rows(lake: Lake, table: str) -> int:
    """Rows of a table as readers see it."""
    with lake.read() as connection:
        row = connection.execute(f"select count(*) from {table}").fetchone()
    assert row is not None
    return int(row[0])
