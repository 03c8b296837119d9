"""Migrations: an installed home becomes what this version declares, in one release.

Numbered scripts run first, then declared tables are compared with the real ones. New tables, new
columns and wider types are brought about here; whatever else differs needs a script, and without
one the lake does not open. Existing rows of a new column are null; dbt's models are filled again
by their next run.
"""

import importlib.resources
import re
import runpy
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path

import duckdb

from lead_platform.lake.changes import TableFacts
from lead_platform.lake.gate import column_failures
from lead_platform.lake.suites import Suite
from lead_platform.lake.tables import (
    Columns,
    create_schemas,
    create_table,
    give_statistics,
    real_columns,
)

LEDGER = "governance.migrations"

# Each holds all values of those before it.
_WIDER = (
    ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT"),
    ("UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT"),
    ("UTINYINT", "SMALLINT"),
    ("USMALLINT", "INTEGER"),
    ("UINTEGER", "BIGINT"),
    ("UBIGINT", "HUGEINT"),
    ("FLOAT", "DOUBLE"),
)
_DECIMAL = re.compile(r"DECIMAL\((\d+),(\d+)\)")


class MigrationRefusedError(Exception):
    """The home differs from what is declared in a way no script of this version accounts for."""

    def __init__(self, differences: Iterable[str]) -> None:
        self.differences = tuple(differences)
        super().__init__(
            "This home's tables are not those of this version, and it does not know how to "
            "change them:\n"
            + "\n".join(f"  {difference}" for difference in self.differences)
            + "\nNothing was changed. Run the version this home was last used with, or one whose "
            "lead_platform/lake/migrations/ has a script for it."
        )


class MigrationFailedError(Exception):
    """A script failed, or a table held other rows once it was rebuilt: nothing was published."""


@dataclass(frozen=True)
class Script:
    """A numbered script."""

    path: Path

    @property
    def name(self) -> str:
        """As the ledger has it, such as `0001_lead_crosswalk`."""
        return self.path.stem

    def run(self, connection: duckdb.DuckDBPyConnection) -> None:
        """Apply it to the connection's current database. Raises MigrationFailedError."""
        try:
            if self.path.suffix == ".sql":
                connection.execute(self.path.read_text(encoding="utf-8"))
            else:
                runpy.run_path(str(self.path))["migrate"](connection)
        except duckdb.Error as error:
            raise MigrationFailedError(
                f"The migration script {self.path.name} failed: {error}\nNothing was changed."
            ) from error


@dataclass(frozen=True)
class Rebuild:
    """A table that has to be written anew, and its columns before and after."""

    table: str
    before: Columns
    after: Columns

    @property
    def added(self) -> tuple[str, ...]:
        """New columns."""
        return tuple(name for name in self.after if name not in self.before)

    @property
    def description(self) -> str:
        """What happens to the table, in words."""
        changes = [f"new column {name} {self.after[name]}" for name in self.added]
        changes += [
            f"{name} from {kind} to {self.after[name]}"
            for name, kind in self.before.items()
            if kind != self.after[name]
        ]
        return f"{self.table}: {', '.join(changes) or 'columns in their new order'}"


@dataclass(frozen=True)
class Plan:
    """What takes a home to this version; `faults` are differences nothing here accounts for."""

    scripts: tuple[Script, ...] = ()
    created: Mapping[str, Columns] | None = None
    rebuilt: tuple[Rebuild, ...] = ()
    faults: tuple[str, ...] = ()
    is_new_home: bool = False

    @property
    def is_empty(self) -> bool:
        """Whether the home is of this version already."""
        return not (self.scripts or self.created or self.rebuilt or self.faults)

    @property
    def lines(self) -> list[str]:
        """What would happen, a line each."""
        return [
            *(f"script {script.name}" for script in self.scripts),
            *(f"{table}: new table" for table in self.created or ()),
            *(rebuild.description for rebuild in self.rebuilt),
        ]


def shipped_scripts() -> list[Script]:
    """The scripts of this version, in order."""
    folder = Path(str(importlib.resources.files("lead_platform.lake.migrations")))
    return [Script(path) for path in sorted(folder.glob("[0-9]*_*.*")) if path.suffix != ".pyc"]


def plan_migration(
    connection: duckdb.DuckDBPyConnection,
    declared: Mapping[str, Columns],
    scripts: Iterable[Script],
) -> Plan:
    """Compare the real tables of the connection's current database with the declared ones.

    What scripts will do is tried on empty tables of the same columns, so nothing is written.
    """
    real = real_columns(connection)
    is_new_home = "governance.releases" not in real
    pending = _pending_scripts(connection, real, scripts)
    expected = real if is_new_home or not pending else _rehearse(real, pending)
    common = [table for table in declared if table in expected]
    rebuilds = [Rebuild(table, expected[table], declared[table]) for table in common]
    faults = [fault for rebuild in rebuilds for fault in _faults(rebuild)]
    return Plan(
        tuple(pending),
        {table: columns for table, columns in declared.items() if table not in expected},
        tuple(rebuild for rebuild in rebuilds if _differs(rebuild)),
        tuple(faults),
        is_new_home,
    )


def apply_plan(
    connection: duckdb.DuckDBPyConnection,
    plan: Plan,
    *,
    models: Iterable[str],
    applied_at: datetime,
) -> dict[str, TableFacts]:
    """Bring the plan about; the caller holds the transaction and publishes. The rows by table.

    `models` are the tables dbt fills. Raises MigrationRefusedError, MigrationFailedError.
    """
    if plan.faults:
        raise MigrationRefusedError(plan.faults)
    entries = [("script", script.name, "", False) for script in plan.scripts]
    if not plan.is_new_home:
        for script in plan.scripts:
            script.run(connection)
        entries += [("table", table, "new table", False) for table in plan.created or ()]
    create_schemas(connection, plan.created or ())
    for table, columns in (plan.created or {}).items():
        create_table(connection, table, columns)
    facts = {}
    filled = set(models)
    for rebuild in plan.rebuilt:
        rows = _rebuild(connection, rebuild)
        facts[rebuild.table] = TableFacts(rows, rows, 0, 0)
        is_refill_due = bool(rows and rebuild.added and rebuild.table in filled)
        entries.append(("columns", rebuild.table, rebuild.description, is_refill_due))
    _record(connection, entries, applied_at)
    return facts


def contract_faults(plan: Plan, suites: Mapping[str, Suite]) -> list[str]:
    """Tables whose suite names other columns than they would have: every write would be refused."""
    made = {rebuild.table: rebuild.after for rebuild in plan.rebuilt}
    if not plan.is_new_home:
        made.update(plan.created or {})
    return [
        f"{table} is declared with {', '.join(columns)}; its suite "
        f"expectations/{table.replace('.', '/')}.json says otherwise: {failure.arguments}"
        for table, columns in made.items()
        if table in suites
        for failure in column_failures(suites[table], columns)
    ]


def suite_faults(plan: Plan, unreadable: Mapping[str, Sequence[str]]) -> list[str]:
    """Tables with rows to be written anew whose suite cannot be read, so that nothing judges them.

    What is made anew holds no row: its first write is judged, or refused.
    """
    return [
        f"{rebuild.table} would be written anew, and its suite cannot be read: {fault}"
        for rebuild in plan.rebuilt
        for fault in unreadable.get(rebuild.table, ())
    ]


def contract_warnings(
    plan: Plan,
    suites: Mapping[str, Suite],
    rows: Mapping[str, int],
    models: Iterable[str],
) -> list[str]:
    """New columns whose suite wants a value in every row, of tables that have rows.

    Rows that are there hold null. Nothing judges them until they are written again; then each
    counts as a bad one. dbt's models are filled again, so they are none of it.
    """
    return [
        f"{rebuild.table}.{name}: the {rows[rebuild.table]:,} rows that are there will hold null, "
        f"and expectations/{rebuild.table.replace('.', '/')}.json allows none. Fill them in a "
        "migration script, or take that expectation away; else each is set aside, or refuses its "
        "step, when it is next written"
        for rebuild in plan.rebuilt
        if rebuild.table in suites and rebuild.table not in set(models) and rows[rebuild.table]
        for name in rebuild.added
        if name in suites[rebuild.table].filled_columns
    ]


def models_to_refill(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Models (`layer.table`) that gained columns and whose rows were not built again since."""
    rows = connection.execute(
        f"select distinct subject from {LEDGER} where is_refill_due order by subject"
    ).fetchall()
    return [str(table) for (table,) in rows]


def note_refilled(connection: duckdb.DuckDBPyConnection, tables: Iterable[str]) -> None:
    """All rows of these models were built again."""
    for table in tables:
        connection.execute(
            f"update {LEDGER} set is_refill_due = false where is_refill_due and subject = ?",
            [table],
        )


def _pending_scripts(
    connection: duckdb.DuckDBPyConnection, real: Mapping[str, Columns], scripts: Iterable[Script]
) -> list[Script]:
    applied: set[str] = set()
    if LEDGER in real:
        rows = connection.execute(f"select subject from {LEDGER} where kind = 'script'").fetchall()
        applied = {str(name) for (name,) in rows}
    return [script for script in scripts if script.name not in applied]


def _rehearse(real: Mapping[str, Columns], scripts: Iterable[Script]) -> dict[str, Columns]:
    """The columns scripts would leave, tried on empty tables in memory."""
    with duckdb.connect(":memory:", config={"threads": "1"}) as stage:
        create_schemas(stage, real)
        for table, columns in real.items():
            create_table(stage, table, columns)
        for script in scripts:
            script.run(stage)
        return real_columns(stage)


def _differs(rebuild: Rebuild) -> bool:
    """Columns in another order count: some writers name none."""
    return list(rebuild.before.items()) != list(rebuild.after.items())


def _faults(rebuild: Rebuild) -> list[str]:
    """The differences of a table that rebuilding it does not account for."""
    faults = []
    for name, kind in rebuild.before.items():
        wanted = rebuild.after.get(name)
        if wanted is None:
            faults.append(
                f"{rebuild.table}.{name} {kind} is there and not declared "
                f"(declared: {', '.join(rebuild.after)})"
            )
        elif not is_wider(kind, wanted):
            faults.append(
                f"{rebuild.table}.{name} is {kind} there and {wanted} as declared, "
                "which does not hold all its values"
            )
    return faults


def is_wider(kind: str, wanted: str) -> bool:
    """Whether every value of the one type is exactly one of the other, which is of its kind."""
    if kind == wanted:
        return True
    if kind.endswith("[]") and wanted.endswith("[]"):
        return is_wider(kind.removesuffix("[]"), wanted.removesuffix("[]"))
    decimals = _DECIMAL.fullmatch(kind), _DECIMAL.fullmatch(wanted)
    if decimals[0] and decimals[1]:
        (digits, scale), (more_digits, more_scale) = (
            tuple(map(int, decimal.groups())) for decimal in decimals if decimal
        )
        return more_scale >= scale and more_digits - more_scale >= digits - scale
    reached = {kind}
    for chain in _WIDER:
        for narrow, wide in pairwise(chain):
            if narrow in reached:
                reached.add(wide)
    return wanted in reached


def _rebuild(connection: duckdb.DuckDBPyConnection, rebuild: Rebuild) -> int:
    """Write a table anew with its new columns; its rows. Raises MigrationFailedError.

    A replaced table, as when a release is restored: that way of the lake's is the best tried one,
    puts columns into their declared order, and leaves earlier snapshots as they were.
    """
    before = _fingerprint(connection, rebuild)
    columns = ", ".join(
        f'"{name}"::{kind} as "{name}"' if name in rebuild.before else f'null::{kind} as "{name}"'
        for name, kind in rebuild.after.items()
    )
    connection.execute(
        f"create or replace table {rebuild.table} as select {columns} from {rebuild.table}"
    )
    after = _fingerprint(connection, rebuild)
    if before != after:
        raise MigrationFailedError(
            f"{rebuild.table} held {before[0]} rows before its columns changed and {after[0]} of "
            "the same after. Nothing was published; restore a backup if this happens again."
        )
    if not after[0]:
        give_statistics(connection, rebuild.table)
    return after[0]


def _fingerprint(connection: duckdb.DuckDBPyConnection, rebuild: Rebuild) -> tuple[int, int]:
    """The number of rows and a sum over the values they had before, as they were typed then."""
    columns = ", ".join(f'"{name}"::{kind}' for name, kind in rebuild.before.items())
    row = connection.execute(
        f"select count(*), coalesce(sum(hash({columns})::hugeint), 0) from {rebuild.table}"
    ).fetchone()
    assert row is not None
    return int(row[0]), int(row[1])


def _record(
    connection: duckdb.DuckDBPyConnection,
    entries: list[tuple[str, str, str, bool]],
    applied_at: datetime,
) -> None:
    for kind, subject, detail, is_refill_due in entries:
        connection.execute(
            f"insert into {LEDGER} "
            "(migration_id, kind, subject, detail, applied_at, is_refill_due) "
            "values (?, ?, ?, ?, ?, ?)",
            [f"mig_{uuid.uuid4().hex[:24]}", kind, subject, detail, applied_at, is_refill_due],
        )
