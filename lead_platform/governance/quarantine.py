"""What people decide of what was set aside: release it for another try, or discard it for good.

Owns the commands' words and their audit records. What a state means to the steps is told in
`lake.quarantine`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import duckdb
import pandas as pd

from lead_platform.lake.audit import record_actions
from lead_platform.lake.quarantine import LEFT_OUT, LET_GO, OF_MEMBERS
from lead_platform.layers import workflow_of

Verdict = Literal["released", "discarded"]

# What each verdict is said of, beside, to discard it, what waits to be tried; of anything else it
# would say nothing new.
_BEFORE = {"released": ("held", "discarded"), "discarded": ("held",)}


class QuarantineError(ValueError):
    """A verdict that cannot be taken: names what is wrong and what is there."""


@dataclass(frozen=True)
class Entry:
    """A subject that was set aside, and what has become of it."""

    quarantine_id: str
    state: str
    step: str
    subject_type: str
    subject_id: str
    table: str
    expectation: str
    arguments: str
    held_at: datetime
    offending_row: str | None
    release_id: str | None
    payload_id: str | None
    decided_by: str | None
    decision_reason: str | None
    decided_at: datetime | None
    tried_at: datetime | None

    @property
    def waits_to_be_tried(self) -> bool:
        """Whether it was let go and its step has not tried it since."""
        return self.state not in LEFT_OUT and self.tried_at is None


_ENTRIES = """
select quarantine_id, state, step, subject_type, subject_id, table_name, expectation, arguments,
    held_at, offending_row, release_id, payload_id, decided_by, decision_reason, decided_at,
    tried_at
from governance.quarantine
"""

_OF_LEAD = """
with members as (select submission_id from identity.lead_members where lead_id = $lead_id),
belonging as (
    select 'lead' as subject_type, $lead_id as subject_id
    union all select 'submission', submission_id from members
    union all select 'event', event_id from capture.events semi join members using (submission_id)
    union all select 'event', event_id from identity.lead_events where lead_id = $lead_id
    union all
    select 'outcome', outcome_id from capture.outcomes semi join members using (submission_id)
    union all select 'outcome', outcome_id from identity.lead_outcomes where lead_id = $lead_id
)
"""

# What was received of it: kept with the rejection, with the submission, event or outcome, or, of a
# lead, with each of its submissions.
_PAYLOADS = """
select payload from capture.rejected_records where rejected_id = $payload_id
union all
select payload from capture.submissions where submission_id = $subject_id
union all
select payload from capture.events where event_id = $subject_id
union all
select payload from capture.outcomes where outcome_id = $subject_id
union all
select submissions.payload from identity.lead_members as members
join capture.submissions as submissions using (submission_id)
where members.lead_id = $subject_id
"""


def list_entries(
    connection: duckdb.DuckDBPyConnection,
    *,
    step: str | None = None,
    states: Sequence[str] = ("held", "discarded"),
    untried: bool = True,
) -> list[Entry]:
    """What waits or was discarded, the oldest first; of one step, or in other states. `untried`:
    also what was let go and not tried since."""
    rows = connection.execute(
        f"{_ENTRIES} where (list_contains($states, state) or ($untried and {LET_GO})) "
        "and ($step is null or step = $step) "
        "order by held_at, quarantine_id",
        {"states": list(states), "step": step, "untried": untried},
    ).fetchall()
    return [Entry(*row) for row in rows]


def list_entries_of_lead(connection: duckdb.DuckDBPyConnection, lead_id: str) -> list[Entry]:
    """What is left out of a lead, the oldest first: itself, its submissions, and what came with
    them or was found to be the lead's."""
    rows = connection.execute(
        f"{_OF_LEAD} {_ENTRIES} semi join belonging using (subject_type, subject_id) "
        "where state in ('held', 'discarded') order by held_at, quarantine_id",
        {"lead_id": lead_id},
    ).fetchall()
    return [Entry(*row) for row in rows]


def count_held(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """How many wait, for a person or to be tried again, by step; empty where nothing does."""
    rows = connection.execute(
        f"select step, count(*) from governance.quarantine where state = 'held' or {LET_GO} "
        "group by step order by step"
    ).fetchall()
    return {str(step): int(count) for step, count in rows}


def count_of_many(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """How many of those held were set aside with more than few others, by step: more likely than so
    many records, something else is wrong. Empty where none were."""
    rows = connection.execute(
        "select step, count(*) from governance.quarantine where state = 'held' and is_of_many "
        "group by step order by step"
    ).fetchall()
    return {str(step): int(count) for step, count in rows}


def count_entries(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """How many `list_entries` lists, by step, those that a person discarded apart from the others;
    empty where there are none."""
    rows = connection.execute(
        "select step || if(state = 'discarded', ', discarded', '') as told, count(*) "
        f"from governance.quarantine where state in {LEFT_OUT} or {LET_GO} "
        "group by all order by told"
    ).fetchall()
    return {str(told): int(count) for told, count in rows}


def find_entries(connection: duckdb.DuckDBPyConnection, ids: Sequence[str]) -> list[Entry]:
    """The entries of these ids. Raises QuarantineError naming every one that is none."""
    wanted = list(dict.fromkeys(ids))
    rows = connection.execute(
        f"{_ENTRIES} where quarantine_id in (select unnest($ids::varchar[])) "
        "order by held_at, quarantine_id",
        {"ids": wanted},
    ).fetchall()
    unknown = sorted(set(wanted) - {row[0] for row in rows})
    if unknown:
        raise QuarantineError(
            f"Nothing is set aside as {', '.join(unknown)}. "
            "See what is with: lead-platform quarantine list"
        )
    return [Entry(*row) for row in rows]


def read_payloads(connection: duckdb.DuckDBPyConnection, entry: Entry) -> list[str]:
    """What was received of an entry's subject, as it was received."""
    rows = connection.execute(
        _PAYLOADS, {"payload_id": entry.payload_id, "subject_id": entry.subject_id}
    ).fetchall()
    return [payload for (payload,) in rows if payload is not None]


def decide(
    connection: duckdb.DuckDBPyConnection,
    ids: Sequence[str],
    verdict: Verdict,
    *,
    by: str,
    reason: str,
    at: datetime,
) -> list[Entry]:
    """Release or discard these; those it says something new of, as they were before.

    A record is released as a whole: with all its contents that are held, and all its items.
    Raises QuarantineError without a person and a reason, and naming every id that is none.
    """
    if not by.strip() or not reason.strip():
        raise QuarantineError("A verdict needs a person (--by) and a reason (--reason).")
    chosen = find_entries(connection, ids)
    if verdict == "released" and chosen:
        chosen += _find_beside(connection, [entry.quarantine_id for entry in chosen])
    entries = [
        entry
        for entry in chosen
        if entry.state in _BEFORE[verdict] or (verdict == "discarded" and entry.waits_to_be_tried)
    ]
    connection.execute(
        "update governance.quarantine set state = ?, decided_by = ?, decision_reason = ?, "
        "decided_at = ?, tried_at = null where quarantine_id in (select unnest(?::varchar[]))",
        [verdict, by, reason, at, [entry.quarantine_id for entry in entries]],
    )
    if verdict == "discarded":
        connection.execute(_OF_THESE_MEMBERS, [[entry.quarantine_id for entry in entries]])
    record_actions(
        connection,
        pd.DataFrame([_action(entry, verdict, by, reason, at) for entry in entries]),
        run_id="",
    )
    return entries


# Who inquires again is another matter than what was discarded.
_OF_THESE_MEMBERS = f"""
update governance.quarantine as q set subject_version = '{OF_MEMBERS}' || v.members_version
from identity.lead_versions as v
where v.lead_id = q.subject_id and q.subject_type = 'lead'
    and q.quarantine_id in (select unnest(?::varchar[]))
"""


def _find_beside(connection: duckdb.DuckDBPyConnection, ids: Sequence[str]) -> list[Entry]:
    """What else is held of the same records."""
    beside = connection.execute(_BESIDE, {"ids": list(ids)}).fetchall()
    return find_entries(connection, [quarantine_id for (quarantine_id,) in beside])


# The same subject with other contents, and what was received with it.
_BESIDE = """
with chosen as (
    select * from governance.quarantine where quarantine_id in (select unnest($ids::varchar[]))
),
held as (
    select * from governance.quarantine
    where state = 'held' and quarantine_id not in (select unnest($ids::varchar[]))
)
select h.quarantine_id from held as h semi join chosen using (step, subject_type, subject_id)
union
select h.quarantine_id from held as h semi join chosen using (step, payload_id)
"""


def still_held(connection: duckdb.DuckDBPyConnection, entries: Sequence[Entry]) -> dict[str, Entry]:
    """Which of these were set aside again since, by their id: the newer entry."""
    rows = connection.execute(
        f"{_ENTRIES} where state = 'held' and subject_id in (select unnest($subjects::varchar[]))",
        {"subjects": [entry.subject_id for entry in entries]},
    ).fetchall()
    newer = {(entry.step, entry.subject_id): entry for entry in (Entry(*row) for row in rows)}
    return {
        entry.quarantine_id: newer[entry.step, entry.subject_id]
        for entry in entries
        if (entry.step, entry.subject_id) in newer
    }


def _action(
    entry: Entry, verdict: Verdict, by: str, reason: str, at: datetime
) -> dict[str, object]:
    return {
        "workflow": workflow_of(entry.table),
        "action": "release_from_quarantine" if verdict == "released" else "discard_from_quarantine",
        "subject_type": entry.subject_type,
        "subject_id": entry.subject_id,
        "rule": f"{entry.table}: {entry.expectation}",
        "reason": reason,
        "before": f"{entry.state} by {entry.step} as {entry.quarantine_id}",
        "after": verdict,
        "actor": by,
        "occurred_at": at,
    }
