"""Which statements DuckDB ran for each step of a job, by its own log, and the tables they name.

`Trace` is planted in a child process before it runs a job.
"""

import csv
import itertools
import logging
import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import sqlglot
from sqlglot import exp

# It says so of each call of a procedure, which names no table.
logging.getLogger("sqlglot").setLevel(logging.ERROR)

_WRITING = (exp.Insert, exp.Update, exp.Delete, exp.Merge, exp.Create, exp.Drop, exp.Alter)

Span = tuple[float, float]


@dataclass
class Trace:
    """The statements of this process from now on; each engine logs into a folder of its own.

    `judged` is when the gate was at work: what it reads, it reads of any table that was touched.
    """

    folder: Path
    judged: list[Span] = field(default_factory=list)

    def begin(self) -> None:
        """Have every engine log, and the gate note when it judges."""
        from lead_platform.lake.gate import Gate

        connect, judge, numbers = duckdb.connect, Gate.judge, itertools.count()

        def connect_logged(*given: Any, **named: Any) -> duckdb.DuckDBPyConnection:
            connection = connect(*given, **named)
            path = self.folder / f"{next(numbers):03d}"
            connection.execute(
                f"call enable_logging('QueryLog', storage = 'file', "
                f"storage_config = {{'path': '{path}'}})"
            )
            return connection

        def judge_noted(gate: Gate, since: int) -> Any:
            started = time.time()
            try:
                return judge(gate, since)
            finally:
                self.judged.append((started, time.time()))

        duckdb.connect = connect_logged
        Gate.judge = judge_noted  # type: ignore[method-assign]

    def statements(self, steps: Sequence[tuple[str, Span]]) -> dict[str, list[str]]:
        """Of each step, by the spans in which it ran, each statement once."""
        found: dict[str, dict[str, None]] = {name: {} for name, _ in steps}
        for at, statement in self._log():
            if any(begun <= at <= ended for begun, ended in self.judged):
                continue
            for name, (begun, ended) in steps:
                if begun <= at <= ended:
                    found[name][statement] = None
        return {name: list(statements) for name, statements in found.items()}

    def _log(self) -> Iterator[tuple[float, str]]:
        csv.field_size_limit(1 << 30)
        for path in sorted(self.folder.glob("*/duckdb_log_entries.csv")):
            with path.open(encoding="utf-8", newline="") as file:
                entries = list(csv.DictReader(file))
            # In the others declarations are tried, or rows compared that came from elsewhere.
            if any("ducklake:" in entry["message"] for entry in entries):
                for entry in entries:
                    yield datetime.fromisoformat(entry["timestamp"]).timestamp(), entry["message"]


def tables_of(statement: str, layers: Collection[str]) -> tuple[set[str], set[str]]:
    """`layer.table` of all that a statement reads, and of all that it writes."""
    if not any(f"{layer}." in statement.replace('"', "") for layer in layers):
        return set(), set()
    # The one spelling this parser does not know: a cast of an unnamed parameter.
    trees = sqlglot.parse(statement.replace("?::", "null::"), dialect="duckdb")
    reads, writes = set(), set()
    for tree in filter(None, trees):
        written = {id(target) for target in _targets(tree)}
        for table in tree.find_all(exp.Table):
            if table.db in layers:
                name = f"{table.db}.{table.name}"
                (writes if id(table) in written else reads).add(name)
    return reads, writes


def _targets(tree: exp.Expr) -> Iterator[exp.Expr]:
    """The tables that parts of a statement write: an insert's is named with its columns or not."""
    for writing in tree.find_all(*_WRITING):
        target = writing.this
        yield target.this if isinstance(target, exp.Schema) else target
