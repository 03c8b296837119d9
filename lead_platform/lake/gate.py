"""The release gate's verdict: does what a write changed hold to the contracts of its tables?

Columns come first, then removed keys are followed through the references (rows that cannot outlive
their parent go with it), then changed rows, facts and references of each touched table.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import duckdb
import pandas as pd

from lead_platform.lake import changes
from lead_platform.lake.brake import check_brake
from lead_platform.lake.changes import TableFacts, TouchedTable
from lead_platform.lake.fence import Fence
from lead_platform.lake.screening import holds
from lead_platform.lake.suites import (
    COLUMN_TYPES,
    ExpectationSpec,
    Failure,
    Reference,
    Suite,
    validate,
)

# What every table is asked first: has it a suite that can be read?
SUITE_READABLE = "expect_suite_to_be_readable"

# A table and some columns of it.
_Columns = tuple[str, tuple[str, ...]]


class MissingSuiteError(Exception):
    """A table was written for which no contract exists."""


@dataclass(frozen=True)
class TableFailure:
    """A failed expectation of one table with its offending rows (JSON each).

    `subject_ids`: whose these rows are, by the table's `subject_columns`; none where it was not
    rows that failed, or where they are nobody's.
    """

    table: str
    failure: Failure
    rows: tuple[str, ...]
    subject_type: str = ""
    subject_columns: tuple[str, ...] = ()
    subject_ids: tuple[str, ...] = ()

    @property
    def is_of_rows(self) -> bool:
        """Whether rows failed, each of them known to be somebody's."""
        return bool(self.subject_ids)


@dataclass
class Verdict:
    """What the gate found over all tables one write touched.

    `changed`: whose rows the write changed, by table, as a number. `warnings`: what failed that
    stops nothing.
    """

    facts: dict[str, TableFacts] = field(default_factory=dict)
    changed: dict[str, int] = field(default_factory=dict)
    failures: list[TableFailure] = field(default_factory=list)
    warnings: list[TableFailure] = field(default_factory=list)
    touched: list[TouchedTable] = field(default_factory=list)
    expectations: int = 0

    @property
    def passed(self) -> bool:
        """True when nothing failed."""
        return not self.failures

    def changed_by(self, table: str) -> int:
        """Whose rows the write changed in a table, as a number; its rows where nobody counted."""
        facts = self.facts.get(table)
        return self.changed.get(table, facts.rows_inserted if facts else 0)

    def failures_of(self, table: str) -> list[TableFailure]:
        """What failed of one table."""
        return [failed for failed in self.failures if failed.table == table]


@dataclass(frozen=True)
class Gate:
    """Judges the difference between two snapshots with the suites of the touched tables.

    `accepted` remembers, for as long as the suites are loaded, of which state the columns of a
    table passed: they are read and validated again when they change. What it deletes is committed
    as the writer's own. `unreadable`: what is wrong with the suites of other tables; what touches
    one is refused.
    """

    fence: Fence
    suites: dict[str, Suite]
    accepted: set[tuple[str, int, int]] = field(default_factory=set)
    unreadable: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def connection(self) -> duckdb.DuckDBPyConnection:
        """The writer's."""
        return self.fence.connection

    def judge(self, since: int) -> Verdict:
        """The verdict over everything written after snapshot `since`, cascades included.

        Each phase is one transaction: outside of one, every statement opens the catalog anew.
        """
        verdict = Verdict()
        until = self.fence.begin()
        try:
            self.fence.require_own(since)
            verdict.touched = self._touched(since, until)
            self._judge_columns(verdict, since)
            if verdict.failures:
                return verdict
            lost, has_cascaded = self._cascade(verdict.touched, since, until)
            self._judge_unreadable(verdict, lost)
            if verdict.failures:
                return verdict
            removed = {name: lost[name, self._suite(name).meta.key] for name, _ in lost}
            if has_cascaded:
                self.fence.commit()
                until = self.fence.begin()
                verdict.touched = self._touched(since, until)
                self._judge_columns(verdict, since)
            judged = [
                table
                for table in verdict.touched
                if table.exists and not verdict.failures_of(table.name)
            ]
            counts = self._count_rows(judged, since)
            for table in judged:
                lost_keys = removed.get(table.name, 0)
                self._judge_rows(verdict, table, counts[table.name], lost_keys, since, until)
            return verdict
        finally:
            self.connection.rollback()

    def _touched(self, since: int, until: int) -> list[TouchedTable]:
        return changes.touched_tables(self.connection, self.fence.metadata, since, until)

    def _judge_columns(self, verdict: Verdict, since: int) -> None:
        """Which tables and columns there are: without them nothing further can be asked."""
        for table in verdict.touched:
            if table.name in self.unreadable:
                verdict.failures.append(self._unreadable_failure(table.name))
            elif table.exists:
                suite = self._suite(table.name)
                known = (table.name, *table.columns_state)
                if known in self.accepted:
                    continue
                columns = changes.table_columns(self.connection, table.name)
                failures = column_failures(suite, columns)
                count = changes.rows_now(self.connection, table.name) if failures else 0
                verdict.failures += [
                    TableFailure(table.name, replace(failure, offending_count=count), ())
                    for failure in failures
                ]
                if not failures:
                    self.accepted.add(known)
            elif table.name in self.suites:
                count = changes.rows_at(self.connection, table.name, since)
                gone = Failure("expect_table_to_exist", "{}", count)
                verdict.failures.append(TableFailure(table.name, gone, ()))

    def _cascade(
        self, touched: list[TouchedTable], since: int, until: int
    ) -> tuple[dict[_Columns, int], bool]:
        """Delete orphans of removed parents, level by level; what is lost, and if any was deleted.

        All that the write removed is noted first: with deletes of its own in progress, a
        transaction reads earlier snapshots wrong.
        """
        lost = {
            (table.name, columns): changes.store_removed(
                self.connection, table, columns, since, until
            )
            for table in touched
            if table.exists
            for columns in self._watched(table.name)
        }
        pending = [parent for parent, count in lost.items() if count]
        present = self._present() if pending else set()
        has_cascaded = False
        while pending:
            parent = pending.pop()
            for child, reference in self._children(parent):
                if child in present and self._delete_orphans(child, reference, lost, pending):
                    has_cascaded = True
        return lost, has_cascaded

    def _judge_unreadable(self, verdict: Verdict, lost: Mapping[_Columns, int]) -> None:
        """Rows that name what is lost may have to go with it: their suite would say so."""
        if not (self.unreadable and any(lost.values())):
            return
        for table in sorted(self._present() & self.unreadable.keys()):
            names_lost = (
                changes.names_removed(self.connection, table, parent, columns)
                for (parent, columns), count in lost.items()
                if count
            )
            if any(names_lost):
                verdict.failures.append(self._unreadable_failure(table))

    def _unreadable_failure(self, table: str) -> TableFailure:
        faults = json.dumps({"faults": [*self.unreadable[table]]})
        return TableFailure(table, Failure(SUITE_READABLE, faults, 0), ())

    def _delete_orphans(
        self, child: str, reference: Reference, lost: dict[_Columns, int], pending: list[_Columns]
    ) -> bool:
        """Delete one child's orphans and note what it has lost by that."""
        watched = self._watched(child)
        kept = dict.fromkeys(column for columns in watched for column in columns)
        if not changes.delete_orphans(self.connection, child, reference, kept):
            return False
        for columns in watched:
            known = lost.get((child, columns), 0)
            more = changes.store_orphaned(self.connection, child, columns, known=known)
            lost[child, columns] = known + more
            if more:
                pending.append((child, columns))
        return True

    def _watched(self, table: str) -> list[tuple[str, ...]]:
        """The key, and each set of columns through which children hang on the table.

        Where a suite cannot be read, also those through which rows that are kept name it: through
        one of these its table may hang on this one too.
        """
        key = self._suite(table).meta.key
        named = [
            reference.to_columns
            for suite in self.suites.values()
            for reference in suite.meta.references
            if reference.to == table and (reference.on_delete == "cascade" or self.unreadable)
        ]
        return list(dict.fromkeys([key, *named]))

    def _children(self, parent: _Columns) -> list[tuple[str, Reference]]:
        return [
            (child, reference)
            for child, suite in self.suites.items()
            for reference in suite.meta.references
            if (reference.to, reference.to_columns) == parent and reference.on_delete == "cascade"
        ]

    def _present(self) -> set[str]:
        return changes.existing_tables(self.connection, self.fence.metadata)

    def _count_rows(self, judged: list[TouchedTable], since: int) -> dict[str, tuple[int, int]]:
        """Rows of each before and after; before only where an expectation asks for them."""
        asking = [one for one in judged if one.existed and self._suite(one.name).scoped("table")]
        now: list[tuple[str, int | None]] = [(one.name, None) for one in judged]
        counts = changes.row_counts(self.connection, [*now, *((one.name, since) for one in asking)])
        before = dict(zip((one.name for one in asking), counts[len(judged) :], strict=True))
        return {
            one.name: (before.get(one.name, 0), after)
            for one, after in zip(judged, counts, strict=False)
        }

    def _judge_rows(
        self,
        verdict: Verdict,
        touched: TouchedTable,
        counts: tuple[int, int],
        deleted: int,
        since: int,
        until: int,
    ) -> None:
        suite = self._suite(touched.name)
        frame = changes.changed_rows(self.connection, touched, suite, since, until)
        verdict.expectations += len(suite.expectations) + 1 + len(suite.meta.references)
        verdict.facts[touched.name] = TableFacts(*counts, len(frame), deleted)
        facts = verdict.facts[touched.name].frame()
        firm, warning = _by_severity(suite.scoped("table"))
        verdict.failures += _table_failures(touched.name, facts, firm)
        verdict.warnings += _table_failures(touched.name, facts, warning)
        if frame.empty:
            return
        firm, warning = _by_severity(suite.scoped("rows"))
        on_rows = _failures(frame, firm) + self._orphans(frame, suite)
        verdict.failures += self._row_failures(suite, frame, on_rows)
        verdict.warnings += self._row_failures(suite, frame, _failures(frame, warning))
        if on_rows and suite.meta.subject:
            verdict.changed[touched.name] = len(_subject_ids(suite, frame))

    def _row_failures(
        self, suite: Suite, frame: pd.DataFrame, failures: list[Failure]
    ) -> list[TableFailure]:
        """With the offending rows of each, whole."""
        found = []
        for failure in failures:
            offending = frame.iloc[list(failure.positions)]
            keys = offending[list(suite.meta.key)]
            rows = changes.offending_rows(self.connection, suite.name, suite, keys)
            found.append(_row_failure(suite, failure, rows, offending))
        return found

    def _orphans(self, frame: pd.DataFrame, suite: Suite) -> list[Failure]:
        references = suite.meta.references
        missing = changes.missing_parents(self.connection, frame, references)
        return [
            Failure(
                expectation="expect_references_to_exist",
                arguments=reference.model_dump_json(),
                offending_count=len(positions),
                positions=tuple(positions),
            )
            for reference, positions in zip(references, missing, strict=True)
            if positions
        ]

    def _suite(self, table: str) -> Suite:
        suite = self.suites.get(table)
        if suite is None:
            layer, name = table.split(".", 1)
            raise MissingSuiteError(
                f"Table {table} was written but has no contract. "
                f"Add expectations/{layer}/{name}.json; nothing ungated is published."
            )
        return suite


def _failures(frame: pd.DataFrame, specs: list[ExpectationSpec]) -> list[Failure]:
    """What fails; Great Expectations sees what is not proven to hold."""
    open_ones = []
    for spec in specs:
        check_brake()
        if not holds(frame, spec):
            open_ones.append(spec)
    return validate(frame, open_ones)


def _by_severity(
    specs: list[ExpectationSpec],
) -> tuple[list[ExpectationSpec], list[ExpectationSpec]]:
    """Those that stop a write, and those that warn."""
    return (
        [spec for spec in specs if not spec.is_warning],
        [spec for spec in specs if spec.is_warning],
    )


def _table_failures(
    table: str, facts: pd.DataFrame, specs: list[ExpectationSpec]
) -> list[TableFailure]:
    """What fails about the write as a whole, with its facts as the offending row."""
    row = (str(facts.iloc[0].to_json()),)
    return [TableFailure(table, failure, row) for failure in _failures(facts, specs)]


def _row_failure(
    suite: Suite, failure: Failure, rows: list[str], offending: pd.DataFrame
) -> TableFailure:
    """With whose the offending rows are, where every one of them is somebody's."""
    subject = suite.meta.subject
    if subject is None or offending[list(subject.columns)].isna().all(axis=1).any():
        return TableFailure(suite.name, failure, tuple(rows))
    return TableFailure(
        suite.name,
        failure,
        tuple(rows),
        subject_type=subject.type,
        subject_columns=subject.columns,
        subject_ids=tuple(sorted(_subject_ids(suite, offending))),
    )


def _subject_ids(suite: Suite, frame: pd.DataFrame) -> set[str]:
    return {
        str(named) for column in suite.subject_columns for named in frame[column].dropna().unique()
    }


def column_failures(suite: Suite, columns: Mapping[str, str]) -> list[Failure]:
    """What the suite says about columns and their types, and any it reads that is not there."""
    on_columns = suite.scoped("columns")
    on_types = [spec for spec in on_columns if spec.type == COLUMN_TYPES]
    on_names = [spec for spec in on_columns if spec.type != COLUMN_TYPES]
    failures = _failures(pd.DataFrame(columns=list(columns)), on_names)
    missing = [name for name in suite.row_columns if name not in columns]
    if missing and not failures:
        failures = [Failure("expect_column_to_exist", json.dumps({"column": missing}), 0)]
    return failures or [failure for spec in on_types for failure in _type_failures(spec, columns)]


def _type_failures(spec: ExpectationSpec, columns: Mapping[str, str]) -> list[Failure]:
    """At most one, naming each column of another type: what was said and what there is."""
    said: dict[str, str] = spec.kwargs["types"]
    others = {
        column: {"expected": kind, "found": columns.get(column)}
        for column, kind in said.items()
        if columns.get(column) != kind
    }
    return [Failure(spec.type, json.dumps(others), 0)] if others else []
