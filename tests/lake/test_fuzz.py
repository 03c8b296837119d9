"""Random operations on the lake against a plain DuckDB table that does the same.

The lake is young and everything stands on it: newest state and every kept snapshot must equal the
shadow's, through inlined and large writes, replaced tables, refused and killed writes, flushes,
compaction, expiry and reopening. LEAD_PLATFORM_FUZZ_OPERATIONS makes it run longer.

`ducklake_rewrite_data_files` is not among the operations: with older snapshots kept, reads at
them came back with wrong rows after it, and so `upkeep.maintain` leaves it out.
"""

import json
import os
import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from lead_platform.lake import upkeep
from lead_platform.lake.connection import INLINED_ROWS
from lead_platform.lake.lake import Candidate, GateFailedError, Lake
from lead_platform.lake.upkeep import maintain, rebuild_table
from lead_platform.settings import Settings

OPERATIONS = int(os.environ.get("LEAD_PLATFORM_FUZZ_OPERATIONS", "120"))
SEED = 20260702
SIZES = (1, 2, 5, INLINED_ROWS - 1, INLINED_ROWS, INLINED_ROWS + 1, 600, 1500)
MOST_ROWS = 6_000
COMPARED_SNAPSHOTS = 25

DECLARATION = """
    (id bigint, amount double, price decimal(10, 2), label varchar, tags varchar[],
    seen_at timestamp, born_date date, is_known boolean)
"""

COLUMNS = ["id", "amount", "price", "label", "tags", "seen_at", "born_date", "is_known"]

# Values that are easily lost on the way through a catalog: quotes, breaks, emoji, empty, infinite.
ROWS = """
    select id, case id % 11 when 0 then 'infinity'::double when 1 then null else id * 1.1 end,
        (id % 9999) / 100,
        case id % 7
            when 0 then 'O''Hara "x"' when 1 then E'two\\nlines' when 2 then '' when 3 then null
            when 4 then '\U0001f600 Ünï\U00010348' when 5 then repeat('long ', 60) else 'n' || id
        end,
        case id % 3 when 0 then ['a', null] when 1 then [] end,
        timestamp '2026-01-01 00:00:00.123456' + id * interval 1 minute,
        date '1970-01-01' + (id % 20000)::integer,
        case id % 3 when 0 then true when 1 then false end
    from range({start}, {stop}) as numbers(id)
"""

POISON = "insert into trial.fuzz (id, price) values (-1, -1), (-2, null)"

STATE = """
    select count(*), md5(coalesce(string_agg(fuzz::varchar, chr(10) order by id), ''))
    from {table} as fuzz
"""


class Simulated(Exception):
    """A writer that fails by itself."""


@dataclass
class Shadow:
    """A plain DuckDB table, with a copy of it for each published snapshot that is still kept."""

    connection: duckdb.DuckDBPyConnection = field(default_factory=duckdb.connect)
    kept: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.connection.execute(f"create schema trial; create table trial.fuzz {DECLARATION}")

    def keep(self, snapshot_id: int) -> None:
        if snapshot_id not in self.kept:
            self.connection.execute(f"create table at_{snapshot_id} as from trial.fuzz")
            self.kept.append(snapshot_id)

    def forget(self, snapshot_id: int) -> None:
        self.kept.remove(snapshot_id)
        self.connection.execute(f"drop table at_{snapshot_id}")

    def state(self, snapshot_id: int | None = None) -> tuple:
        table = "trial.fuzz" if snapshot_id is None else f"at_{snapshot_id}"
        return _state(self.connection, table)


def _state(connection: duckdb.DuckDBPyConnection, table: str) -> tuple:
    row = connection.execute(STATE.format(table=table)).fetchone()
    assert row is not None
    return row


class Run:
    """One fuzz run: draws operations, applies them to lake and shadow, counts statements."""

    def __init__(self, settings: Settings, seed: int) -> None:
        self.settings = settings
        self.luck = random.Random(seed)
        self.shadow = Shadow()
        self.next_id = 0
        self.statements = 0
        self.log: list[str] = []
        self.now = datetime(2026, 7, 1)
        self.reopen()
        with self.lake.write("create") as candidate:
            candidate.connection.execute("create schema trial")
            candidate.connection.execute(f"create table trial.fuzz {DECLARATION}")
        self.shadow.keep(self.lake.published().snapshot_id)

    def step(self) -> None:
        """One random operation."""
        operation = self.luck.choices(
            [
                self.publish,
                self.publish_supervised,
                self.refuse,
                self.fail,
                self.die,
                self.flush,
                self.merge_files,
                self.expire,
                self.reopen,
                self.maintain,
                self.rebuild,
            ],
            weights=[30, 14, 9, 4, 6, 5, 5, 4, 3, 5, 3],
        )[0]
        self.now += timedelta(hours=1)
        self.log.append(operation.__name__)
        operation()
        self.statements += 1
        self.check_newest()

    def publish(self) -> None:
        statements = self.draw_statements()
        with self.lake.write("fuzz") as candidate:
            self.apply(candidate.connection, statements)
        self.accept(statements)

    def publish_supervised(self) -> None:
        """Every statement a commit of its own, with a rolled back transaction in between."""
        statements = self.draw_statements()
        with self.lake.supervise("fuzz") as candidate:
            self.commit_each(candidate, statements[:1])
            candidate.connection.begin()
            self.apply(candidate.connection, self.draw_statements())
            candidate.connection.rollback()
            self.commit_each(candidate, statements[1:])
        self.accept(statements)

    def refuse(self) -> None:
        gated, apply = self.draw_writer()
        statements = [*self.draw_statements(), POISON]
        with pytest.raises(GateFailedError):
            self.gate(gated, apply, statements)
        self.accept([])

    def draw_writer(self) -> tuple[Callable[..., Any], Callable[..., None]]:
        """One that writes in one transaction, or one that commits each statement."""
        one = (self.lake.write, lambda candidate, each: self.apply(candidate.connection, each))
        return self.luck.choice([one, (self.lake.supervise, self.commit_each)])

    def gate(
        self, gated: Callable[..., Any], apply: Callable[..., None], statements: list[str]
    ) -> None:
        with gated("fuzz") as candidate:
            apply(candidate, statements)

    def fail(self) -> None:
        gated, apply = self.draw_writer()
        with suppress(Simulated), gated("fails") as candidate:
            apply(candidate, self.draw_statements())
            raise Simulated
        self.accept([])

    def die(self) -> None:
        """Commits without a release, as a killed writer leaves them."""
        with self.lake._writer() as connection:
            self.apply(connection, self.draw_statements())

    def flush(self) -> None:
        self.call("ducklake_flush_inlined_data('lake')")

    def merge_files(self) -> None:
        self.call("ducklake_merge_adjacent_files('lake')")

    def call(self, procedure: str) -> None:
        with self.lake._writer() as connection:
            connection.execute(f"call {procedure}")

    def expire(self) -> None:
        """Forget a few snapshots that are not the published one, and delete their files."""
        older = self.shadow.kept[:-1]
        for snapshot_id in self.luck.sample(older, min(len(older), 3)):
            self.call(f"ducklake_expire_snapshots('lake', versions => [{snapshot_id}])")
            self.shadow.forget(snapshot_id)
        self.call("ducklake_cleanup_old_files('lake', cleanup_all => true)")

    def reopen(self) -> None:
        self.lake = Lake(self.settings, clock=lambda: self.now)

    def maintain(self) -> None:
        """Flush, merge, rebuild what is worn, thin releases out and forget old ones."""
        maintain(self.lake)
        self.accept([])
        for release in self.lake.releases(limit=100_000):
            if release.snapshot_forgotten_at and release.snapshot_id in self.shadow.kept:
                self.shadow.forget(release.snapshot_id)

    def rebuild(self) -> None:
        with self.lake.reorganize("rebuild") as fence:
            rebuild_table(fence, "trial.fuzz")
        self.accept([])

    def accept(self, statements: list[str]) -> None:
        """What was published is now the shadow's state too."""
        self.apply(self.shadow.connection, statements)
        self.shadow.keep(self.lake.published().snapshot_id)

    def apply(self, connection: duckdb.DuckDBPyConnection, statements: list[str]) -> None:
        for statement in statements:
            connection.execute(statement)
        self.statements += len(statements)

    def commit_each(self, candidate: Candidate, statements: list[str]) -> None:
        for statement in statements:
            with candidate.fence.transaction():
                self.apply(candidate.connection, [statement])

    def draw_statements(self) -> list[str]:
        """One to four statements; each gives the same rows wherever it runs."""
        return [self.draw_statement() for _ in range(self.luck.randint(1, 4))]

    def draw_statement(self) -> str:
        share, rest = self.luck.randint(2, 9), self.luck.randint(0, 8)
        start, stop = self.next_id, self.next_id + self.luck.choice(SIZES)
        kind = self.luck.choices(
            ["insert", "delete", "update", "merge", "replace", "shrink"], [8, 3, 4, 3, 1, 1]
        )[0]
        if kind in ("insert", "merge"):
            self.next_id = stop
        rows = ROWS.format(start=max(0, start - 40) if kind == "merge" else start, stop=stop)
        return {
            "insert": f"insert into trial.fuzz {rows}",
            "delete": f"delete from trial.fuzz where id % {share} = {rest}",
            "update": "update trial.fuzz set amount = coalesce(amount, 0) + 1, "
            f"label = label || 'u', tags = ['updated'] where id % {share * 3} = {rest}",
            "merge": "merge into trial.fuzz using "
            f"(from ({rows}) as fresh({', '.join(COLUMNS)})) as fresh on fuzz.id = fresh.id "
            "when matched then update set label = 'merged', price = fresh.price "
            "when not matched then insert",
            "replace": "create or replace table trial.fuzz as "
            f"select * replace (not is_known as is_known) from trial.fuzz where id % {share} <> 0",
            "shrink": f"delete from trial.fuzz where id < {self.next_id - MOST_ROWS}",
        }[kind]

    def check_newest(self) -> None:
        with self.lake.read() as connection:
            found = _state(connection, "trial.fuzz")
        assert found == self.shadow.state(), self.explain()

    def check_snapshots(self, sample: int | None = None) -> None:
        """Time travel to all kept snapshots, or to some of them."""
        kept = self.shadow.kept
        for snapshot_id in self.luck.sample(kept, min(sample or len(kept), len(kept))):
            with self.lake.read(snapshot_id) as connection:
                found = _state(connection, "trial.fuzz")
            expected = self.shadow.state(snapshot_id)
            assert found == expected, f"snapshot {snapshot_id}: {self.explain()}"

    def explain(self) -> str:
        return f"seed {SEED}, after {self.statements} statements: {' '.join(self.log[-12:])}"


def _suite() -> dict:
    return {
        "name": "trial.fuzz",
        "meta": {"grain": "one per random row", "key": ["id"], "references": []},
        "expectations": [
            {
                "type": "expect_table_columns_to_match_set",
                "kwargs": {"column_set": COLUMNS, "exact_match": True},
            },
            {
                "type": "expect_column_values_to_be_between",
                "kwargs": {"column": "price", "min_value": 0},
            },
        ],
    }


def test_lake_equals_its_shadow_through_random_operations(
    new_settings: Callable[..., Settings], trial_suites: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # So low that each upkeep finds something to merge and to rebuild.
    monkeypatch.setattr(upkeep, "FILES_TO_MERGE", 2)
    monkeypatch.setattr(upkeep, "LEAST_DEAD_ROWS", 20)
    (trial_suites / "trial" / "fuzz.json").write_text(json.dumps(_suite()), encoding="utf-8")
    # A release an hour: the last half day in full, then one in six hours, for three days.
    settings = new_settings(
        "fuzz", expectations_dir=trial_suites, fine_snapshot_days=0.5, snapshot_spacing_hours=6,
        snapshot_retention_days=3,
    )  # fmt: skip
    run = Run(settings, SEED)
    checked = 0
    while run.statements < OPERATIONS:
        run.step()
        if run.statements - checked >= 100:
            run.check_snapshots(sample=COMPARED_SNAPSHOTS // 5)
            checked = run.statements
    run.check_snapshots()
    run.maintain()
    run.check_newest()
    run.check_snapshots(sample=COMPARED_SNAPSHOTS)
    run.reopen()
    run.check_snapshots(sample=COMPARED_SNAPSHOTS)
