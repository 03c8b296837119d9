"""Quarantine: what a step leaves out, since when and why, so that one bad row costs itself alone.

Owns the rows of `governance.quarantine` and what follows from their state. Which rows are bad is
the gate's; what a step holds instead of them, where its tables have another grain than its input,
is told by the step (`Trace`); what people decide is written by governance.
"""

import json
from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import duckdb
import pandas as pd
import pyarrow as pa

from lead_platform.lake.changes import current_snapshot
from lead_platform.lake.faults import Fault, few_of
from lead_platform.lake.gate import TableFailure, Verdict
from lead_platform.lake.suites import KEPT_ROWS

# The expectation that a record broke on which the step's own code raised an error.
RAISES = "expect_no_error"

# Left out by the step until a person releases it, or until it is worth another try.
LEFT_OUT = ("held", "discarded")

LET_GO = f"(state not in {LEFT_OUT} and tried_at is null)"
"""Condition on governance.quarantine: let go, by a person, for another suite or for what is known
since, and not tried again yet: its step has not run, or its workflow is switched off."""
# Of what is set aside only leads change; with another version they are tried again.
_LEAD_VERSIONS = """
select lead_id, lead_version from identity.lead_versions
where lead_id in (select unnest($lead_ids))
"""


@dataclass(frozen=True)
class Subject:
    """What a step leaves out: a submission, an event, an outcome, a lead, a delivery.

    `version`: which of the contents that may come under this id; None for whatever comes.
    """

    type: str
    subject_id: str
    version: str | None = None


@dataclass(frozen=True)
class Hold:
    """One subject to be set aside, and the expectation it broke first.

    `suite_version`: of the suite that judged it and the configuration it was made by.
    `lead_version`: of a lead, its version as the write that failed has left it. `is_of_many`:
    whether more than few are set aside with it that were not before.
    """

    subject: Subject
    table: str
    expectation: str
    arguments: str
    offending_row: str | None = None
    suite_version: str | None = None
    lead_version: str | None = None
    is_of_many: bool = False


# From ids of one subject type of the suites to what the step leaves out instead, read in the state
# the write has left, after the snapshot given. Ids that lead to nothing are absent.
Trace = Callable[
    [duckdb.DuckDBPyConnection, str, Sequence[str], int], Mapping[str, Sequence[Subject]]
]


def as_named(
    connection: duckdb.DuckDBPyConnection, subject_type: str, ids: Sequence[str], since: int
) -> dict[str, list[Subject]]:
    """The trace of steps whose tables' rows belong to what the step reads: each is its own."""
    return {subject_id: [Subject(subject_type, subject_id)] for subject_id in ids}


# All that a step takes in and could do without, in the order it came.
Pending = Callable[[duckdb.DuckDBPyConnection], Sequence[Subject]]

# How many a step has taken up, read in the state that it has left, after the snapshot given.
Count = Callable[[duckdb.DuckDBPyConnection, int], int]


@dataclass(frozen=True)
class Scope:
    """What a step can do without: found behind the rows that fail (`trace`), or, where the step's
    own code breaks, among all that is `pending`. `table` is the one that then has no row of it.
    `count_taken` where the step takes up but a part of what is pending."""

    table: str
    pending: Pending
    trace: Trace = as_named
    count_taken: Count | None = None


@dataclass(frozen=True)
class Separation:
    """How a stage does without rows of its `tables` that fail (None: of any). On the step's last
    try (`is_last`) it is refused instead."""

    step: str
    trace: Trace = as_named
    is_last: bool = False
    tables: frozenset[str] | None = None

    def of_mine(self, failures: Iterable[TableFailure]) -> list[TableFailure]:
        """Those of its tables."""
        return [one for one in failures if self.tables is None or one.table in self.tables]


def leads_named(lead_ids: Iterable[str]) -> list[Subject]:
    """These leads, each once, by name."""
    return [Subject("lead", lead_id) for lead_id in sorted({*lead_ids})]


# Those that have no row yet come last: they are the newest, and found soonest.
_LEADS = """
select lead_id from identity.lead_versions
order by lead_id in (select lead_id from {table}) desc, lead_id
"""


def leads_of(table: str) -> Scope:
    """The scope of dbt models that work lead by lead and leave their rows in `table`.

    All leads are pending: which of them are stale the models alone know, and to leave out one that
    is not changes nothing. How many were is told by the rows they leave.
    """
    schema, name = table.split(".")

    def pending(connection: duckdb.DuckDBPyConnection) -> list[Subject]:
        rows = connection.execute(_LEADS.format(table=table)).fetchall()
        return [Subject("lead", row[0]) for row in rows]

    def count_taken(connection: duckdb.DuckDBPyConnection, since: int) -> int:
        until = current_snapshot(connection)
        if until == since:
            return 0
        row = connection.execute(
            "select count(distinct lead_id) from "
            "ducklake_table_insertions('lake', ?, ?, ?::bigint, ?::bigint)",
            [schema, name, since + 1, until],
        ).fetchone()
        return int(row[0]) if row else 0

    return Scope(table, pending, count_taken=count_taken)


@dataclass(frozen=True)
class Parting:
    """What a step leaves out from now on for a failed write, and whether that is so little that
    the rest may be tried at once. `further`: what later stages leave out, each with its name, where
    the write is refused."""

    step: str = ""
    holds: tuple[Hold, ...] = ()
    is_few: bool = False
    further: tuple[tuple[str, tuple[Hold, ...]], ...] = ()

    @property
    def by_stage(self) -> list[tuple[str, tuple[Hold, ...]]]:
        """All that is left out."""
        return [(self.step, self.holds), *self.further]

    @property
    def held_by(self) -> dict[str, int]:
        """How many each stage leaves out."""
        return {stage: len(holds) for stage, holds in self.by_stage if holds}


def held(step: str, subject_type: str) -> str:
    """SQL for a relation of the `subject_id`s that a step leaves out, to anti-join with."""
    return (
        "(select subject_id from governance.quarantine "
        f"where step = '{step}' and subject_type = '{subject_type}' "
        f"and state in {LEFT_OUT})"
    )


def part(
    connection: duckdb.DuckDBPyConnection,
    verdict: Verdict,
    separations: Sequence[Separation],
    since: int,
    rule_versions: Mapping[str, str],
) -> Parting:
    """What to hold of a failed write, for the first stage of whose tables rows failed: nothing
    where anything but its rows failed, or a table of nobody's.

    Where that is more than few the write is refused, and what it brought is no news to the next
    run: later stages leave out by then what failed of their own rows, but for what the first one
    holds, which may be why. Reads the state the write has left, so it comes before the restore.
    """
    by_stage = [(separation, separation.of_mine(verdict.failures)) for separation in separations]
    known = {failed.table for _, failures in by_stage for failed in failures}
    if not {failed.table for failed in verdict.failures} <= known:
        return Parting()
    failing = [entry for entry in by_stage if entry[1]]
    separation, failures = failing[0]
    if not all(failed.is_of_rows for failed in failures):
        return Parting()

    def found(stage: Separation, rows: Sequence[TableFailure]) -> tuple[tuple[Hold, ...], bool]:
        holds, is_whole = _holds_of(connection, rows, stage, since, rule_versions)
        changed = max(verdict.changed_by(failed.table) for failed in rows)
        is_of_many = _count_new(connection, stage.step, holds, since) > few_of(changed)
        return tuple(replace(hold, is_of_many=is_of_many) for hold in holds), is_whole

    holds, is_whole = found(separation, failures)
    is_few = not any(hold.is_of_many for hold in holds)
    if is_whole and is_few and not separation.is_last:
        return Parting(separation.step, holds, is_few=True)
    known_subjects = {_named(hold.subject) for hold in holds}
    further = []
    for later, of_later in failing[1:]:
        if not all(failed.is_of_rows for failed in of_later):
            continue
        of_stage, _ = found(later, of_later)
        if {hold.subject.type for hold in of_stage} == {one.type for one in known_subjects}:
            new = tuple(hold for hold in of_stage if _named(hold.subject) not in known_subjects)
            known_subjects |= {_named(hold.subject) for hold in new}
            further.append((later.step, new))
    return Parting(separation.step, holds, further=tuple(further))


# Open in the state before the write: what is tried again, whatever let it go.
_TRIED_AGAIN = f"""
select count(*) from new_subjects semi join (
    select subject_type, subject_id from governance.quarantine at (version => {{since}})
    where step = ? and (state = 'held' or {LET_GO})
) using (subject_type, subject_id)
"""


def _count_new(
    connection: duckdb.DuckDBPyConnection, step: str, holds: Sequence[Hold], since: int
) -> int:
    """How many of these the stage did not leave out before. What failed before and fails again
    tells nothing of what the write brought."""
    subjects = {_named(hold.subject) for hold in holds}
    if not subjects:
        return 0
    connection.register(
        "new_subjects",
        pa.table(
            {
                "subject_type": pa.array([one.type for one in subjects], pa.string()),
                "subject_id": pa.array([one.subject_id for one in subjects], pa.string()),
            }
        ),
    )
    row = connection.execute(_TRIED_AGAIN.format(since=since), [step]).fetchone()
    connection.unregister("new_subjects")
    return len(subjects) - (int(row[0]) if row else 0)


def _holds_of(
    connection: duckdb.DuckDBPyConnection,
    failures: Sequence[TableFailure],
    separation: Separation,
    since: int,
    rule_versions: Mapping[str, str],
) -> tuple[tuple[Hold, ...], bool]:
    """What a stage leaves out for these failures, and whether that is all they are about."""
    traced = _trace(connection, failures, separation, since)
    versions = _lead_versions(connection, [one for found in traced.values() for one in found])
    holds: dict[Subject, Hold] = {}
    is_whole = True
    for failed in failures:
        rows = _rows_by_subject(failed)
        for named in failed.subject_ids:
            subjects = traced.get((failed.subject_type, named), ())
            is_whole = is_whole and bool(subjects)
            for subject in subjects:
                holds.setdefault(
                    subject,
                    Hold(
                        subject,
                        failed.table,
                        failed.failure.expectation,
                        failed.failure.arguments,
                        rows.get(named),
                        rule_versions.get(failed.table),
                        versions.get(subject),
                    ),
                )
    return tuple(holds.values()), is_whole


def leave_out(
    connection: duckdb.DuckDBPyConnection, step: str, subjects: Sequence[Subject]
) -> None:
    """Have the step leave these out for as long as its write lasts that is never published."""
    if not subjects:
        return
    rows = pa.table(
        {
            "subject_type": pa.array([subject.type for subject in subjects], pa.string()),
            "subject_id": pa.array([subject.subject_id for subject in subjects], pa.string()),
            "subject_version": pa.array([subject.version for subject in subjects], pa.string()),
        }
    )
    connection.register("left_out", rows)
    connection.execute(
        "insert into governance.quarantine by name select *, 'rehearsed' as quarantine_id, "
        "? as step, '' as table_name, '' as expectation, '' as arguments, 'held' as state "
        "from left_out",
        [step],
    )
    connection.unregister("left_out")


def write_holds(
    connection: duckdb.DuckDBPyConnection,
    holds: Sequence[Hold],
    *,
    step: str,
    release_id: str | None,
    run_id: str,
    held_at: datetime,
) -> None:
    """Set these subjects aside for the step; an earlier hold of the same is superseded.

    What may come with other contents is held for these: those that were held before stay so.
    """
    if not holds:
        return
    subjects = [hold.subject for hold in holds]
    versions = _lead_versions(connection, subjects)
    rows = pd.DataFrame(
        {
            "step": step,
            "subject_type": hold.subject.type,
            "subject_id": hold.subject.subject_id,
            "subject_version": hold.subject.version
            or hold.lead_version
            or versions.get(hold.subject),
            "table_name": hold.table,
            "expectation": hold.expectation,
            "arguments": hold.arguments,
            "offending_row": hold.offending_row,
            "suite_version": hold.suite_version,
            "release_id": release_id,
            "run_id": run_id,
            "is_of_many": str(hold.is_of_many).lower(),
            "place": str(place),
        }
        for place, hold in enumerate(holds)
    ).astype("str")
    connection.register("new_holds", rows)
    connection.execute(_SUPERSEDE_EARLIER, {"at": held_at})
    connection.execute(_INSERT, {"at": held_at})
    connection.unregister("new_holds")


# What was let go and failed once more keeps who let it go; of what has a payload, that is noted by
# who brings it back.
_SUPERSEDE_EARLIER = f"""
update governance.quarantine as q
set state = 'superseded',
    decided_by = if(q.state = 'held', 'system', q.decided_by),
    decided_at = if(q.state = 'held', $at::timestamp, q.decided_at),
    decision_reason =
        if(q.state = 'held', 'it was tried again and failed', q.decision_reason),
    tried_at = $at::timestamp
from new_holds as n
where (
        q.state = 'held' or (q.state = 'discarded' and q.subject_type = 'lead')
        or ({LET_GO} and q.payload_id is null)
    )
    and q.step = n.step and q.subject_type = n.subject_type and q.subject_id = n.subject_id
    and (q.subject_type = 'lead' or q.subject_version is not distinct from n.subject_version)
"""

# The number of the hold is part of its name: what is released may have to be held again. What was
# tried just now was set aside by an earlier run, and of as many as then.
_INSERT = """
insert into governance.quarantine by name
with earlier as (
    select step, subject_type, subject_id, max(hold_number) as holds,
        arg_max(coalesce(first_run_id, run_id), hold_number) filter (where tried_at = $at)
            as first_run_id,
        arg_max(is_of_many, hold_number) filter (where tried_at = $at) as is_of_many
    from governance.quarantine semi join new_holds using (step, subject_type, subject_id)
    group by all
),
numbered as (
    select n.* exclude (place, is_of_many), coalesce(e.holds, 0) + row_number() over (
        partition by n.step, n.subject_type, n.subject_id order by n.place::bigint
    ) as hold_number,
    coalesce(e.first_run_id, n.run_id) as first_run_id,
    coalesce(e.is_of_many, n.is_of_many::boolean) as is_of_many
    from new_holds as n
    left join earlier as e using (step, subject_type, subject_id)
)
select
    'qua_' || left(sha256(concat_ws(chr(31), step, subject_type, subject_id, hold_number - 1)), 24)
        as quarantine_id,
    *, $at::timestamp as held_at, 'held' as state
from numbered
"""


def holds_of_faults(
    faults: Iterable[Fault],
    subject_type: str,
    table: str,
    suite_version: str | None,
    version: str | None = None,
    *,
    is_of_many: bool = False,
) -> list[Hold]:
    """What breaks the work of a step, as what it leaves out of `table`."""
    return [
        Hold(
            Subject(subject_type, fault.subject_id, version),
            table,
            RAISES,
            json.dumps({"error": fault.error, "at": fault.place}),
            suite_version=suite_version,
            is_of_many=is_of_many or fault.is_of_many,
        )
        for fault in faults
    ]


@dataclass(frozen=True)
class _Entry:
    """An entry that may yet be tried."""

    quarantine_id: str
    step: str
    is_held: bool
    table: str
    suite_version: str | None
    subject: Subject
    run_id: str


@dataclass(frozen=True)
class OpenEntries:
    """What may yet be tried, as a write found it: nobody else changes it while that goes on."""

    entries: tuple[_Entry, ...] = ()

    def of_other_rules(
        self, rule_versions: Mapping[str, str], unreadable: Container[str]
    ) -> list[str]:
        """Those held that were judged by another suite, or made by another configuration.

        Of a table whose suite is `unreadable` none: its write would be refused as a whole.
        """
        return [
            entry.quarantine_id
            for entry in self.entries
            if entry.is_held
            and entry.table not in unreadable
            and rule_versions.get(entry.table) != entry.suite_version
        ]

    def of(self, steps: Container[str]) -> "OpenEntries":
        """Those of these stages."""
        return OpenEntries(tuple(entry for entry in self.entries if entry.step in steps))


# What comes back as a record of its own has a payload: who brings it back notes that.
_OPEN = f"""
select quarantine_id, step, state = 'held', table_name, suite_version, subject_type, subject_id,
    subject_version, run_id
from governance.quarantine
where state = 'held' or (state = 'discarded' and subject_type = 'lead')
    or ({LET_GO} and payload_id is null)
"""


def open_entries(connection: duckdb.DuckDBPyConnection) -> OpenEntries:
    """All that may yet be tried: of what a person discarded only leads, which may come to have
    other submissions."""
    rows = connection.execute(_OPEN).fetchall()
    return OpenEntries(
        tuple(
            _Entry(quarantine_id, step, is_held, table, suite, Subject(kind, named, version), run)
            for quarantine_id, step, is_held, table, suite, kind, named, version, run in rows
        )
    )


def let_go(
    connection: duckdb.DuckDBPyConnection, ids: Sequence[str], reason: str, *, at: datetime
) -> None:
    """These are held no more, for this reason: their stage tries them when it next runs."""
    connection.execute(
        "update governance.quarantine set state = 'superseded', decided_by = 'system', "
        "decided_at = ?, decision_reason = ?, tried_at = null "
        "where quarantine_id in (select unnest(?::varchar[]))",
        [at, reason, list(ids)],
    )


_LET_GO_OF = f"""
select quarantine_id from governance.quarantine
where quarantine_id in (select unnest(?::varchar[])) and {LET_GO} and payload_id is null
order by quarantine_id
"""


# A discard is of the submissions there were: `subject_version` names them since.
OF_MEMBERS = "members "
_OTHER_MEMBERS = f"""
select q.quarantine_id from governance.quarantine as q
join identity.lead_versions as v on v.lead_id = q.subject_id
where q.quarantine_id in (select unnest(?::varchar[])) and q.state = 'discarded'
    and q.subject_type = 'lead' and starts_with(q.subject_version, '{OF_MEMBERS}')
    and q.subject_version <> '{OF_MEMBERS}' || v.members_version
order by q.quarantine_id
"""


def take_up(
    connection: duckdb.DuckDBPyConnection,
    entries: OpenEntries,
    *,
    seen: Container[str] | None,
    run_id: str,
    at: datetime,
) -> None:
    """The stage of these entries begins: leads of which more is known by now are held no more,
    those that have other submissions than when they were discarded are so no more, and what was let
    go is tried.

    A stage compares where it begins, behind those that make leads: before, a lead that came with a
    write that was taken back is not there. What was set aside in this run stays so. `seen`: what
    the stage had read as let go when it computed, before the lock; what was let go since then, it
    tries the next time. None where it reads now.
    """
    held = [
        entry
        for entry in entries.entries
        if entry.is_held and not (run_id and entry.run_id == run_id)
    ]
    current = _lead_versions(connection, [entry.subject for entry in held])
    changed = [
        entry.quarantine_id
        for entry in held
        if entry.subject.type == "lead"
        and current.get(_named(entry.subject)) != entry.subject.version
    ]
    if changed:
        let_go(connection, changed, "more is known of it", at=at)
    ids = [entry.quarantine_id for entry in entries.entries]
    inquired = [named for (named,) in connection.execute(_OTHER_MEMBERS, [ids]).fetchall()]
    if inquired:
        let_go(connection, inquired, "it has other submissions than it was discarded for", at=at)
    gone = connection.execute(_LET_GO_OF, [ids])
    tried = [named for (named,) in gone.fetchall() if seen is None or named in seen]
    if tried:
        connection.execute(
            "update governance.quarantine set tried_at = ? "
            "where quarantine_id in (select unnest(?::varchar[]))",
            [at, tried],
        )


def list_tried(
    connection: duckdb.DuckDBPyConnection, step: str, at: datetime
) -> frozenset[Subject]:
    """What this stage tries again in the write that began at this instant."""
    rows = connection.execute(
        "select subject_type, subject_id from governance.quarantine "
        f"where step = ? and state not in {LEFT_OUT} and tried_at = ?",
        [step, at],
    ).fetchall()
    return frozenset(Subject(kind, subject_id) for kind, subject_id in rows)


def list_let_go(connection: duckdb.DuckDBPyConnection, step: str) -> frozenset[str]:
    """What this stage tries when it next runs, for one that computes before the lock."""
    rows = connection.execute(
        "select quarantine_id from governance.quarantine "
        f"where step = ? and {LET_GO} and payload_id is null",
        [step],
    ).fetchall()
    return frozenset(quarantine_id for (quarantine_id,) in rows)


def _named(subject: Subject) -> Subject:
    return Subject(subject.type, subject.subject_id)


def _trace(
    connection: duckdb.DuckDBPyConnection,
    failures: Iterable[TableFailure],
    separation: Separation,
    since: int,
) -> dict[tuple[str, str], Sequence[Subject]]:
    """By subject type and id as the suites name them, what the step leaves out instead."""
    ids: dict[str, set[str]] = defaultdict(set)
    for failed in failures:
        ids[failed.subject_type].update(failed.subject_ids)
    return {
        (kind, named): subjects
        for kind, names in ids.items()
        for named, subjects in separation.trace(connection, kind, sorted(names), since).items()
    }


def _rows_by_subject(failed: TableFailure) -> dict[str, str]:
    """The kept offending rows by the ids in their subject columns."""
    found: dict[str, str] = {}
    for text in failed.rows[:KEPT_ROWS]:
        row = json.loads(text)
        for column in failed.subject_columns:
            if row.get(column) is not None:
                found.setdefault(str(row[column]), text)
    return found


def _lead_versions(
    connection: duckdb.DuckDBPyConnection, subjects: Sequence[Subject]
) -> dict[Subject, str]:
    ids = sorted({subject.subject_id for subject in subjects if subject.type == "lead"})
    if not ids:
        return {}
    rows = connection.execute(_LEAD_VERSIONS, {"lead_ids": ids}).fetchall()
    return {Subject("lead", lead_id): version for lead_id, version in rows}
