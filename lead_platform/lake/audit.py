"""The audit log: what every workflow writes, whatever its layer."""

import hashlib
from datetime import datetime

import duckdb
import pandas as pd

from lead_platform.lake.order import next_place, read_place

AUDIT_COLUMNS = (
    "audit_id", "workflow", "action", "subject_type", "subject_id", "rule", "rule_version",
    "reason", "before", "after", "actor", "run_id", "occurred_at", "audit_seq",
)  # fmt: skip

_NEXT_PLACE = next_place("governance.audit_log", "audit_seq")

# What makes two actions of one place two.
_NAMING = ("workflow", "action", "subject_id", "rule", "before", "after", "occurred_at")


def record_actions(
    connection: duckdb.DuckDBPyConnection, actions: pd.DataFrame, *, run_id: str
) -> int:
    """Append one audit record per action; absent columns stay null. The number written.

    The id is derived from what was done to what, and from its place: what is done once more after
    something else is noted once more, also by a clock that stands still.
    """
    if actions.empty:
        return 0
    place = read_place(connection, _NEXT_PLACE)
    entries = actions.assign(run_id=run_id, audit_seq=place)
    if "actor" not in entries:
        entries["actor"] = "system"
    named = entries.reindex(columns=list(_NAMING)).astype(str).fillna("")
    entries["audit_id"] = [
        "aud_" + hashlib.sha256("\x1f".join((str(place), *row)).encode()).hexdigest()[:24]
        for row in named.itertuples(index=False, name=None)
    ]
    entries = entries.reindex(columns=list(AUDIT_COLUMNS)).drop_duplicates("audit_id")
    connection.register("audit_entries", entries)
    columns = ", ".join(f'"{column}"' for column in AUDIT_COLUMNS)
    connection.execute(
        f"insert into governance.audit_log ({columns}) select {columns} from audit_entries"
    )
    connection.unregister("audit_entries")
    return len(entries)


def record_run(
    connection: duckdb.DuckDBPyConnection,
    workflow: str,
    *,
    run_id: str,
    status: str,
    reason: str,
    started_at: datetime,
    finished_at: datetime,
    items: int,
) -> None:
    """Note what a workflow did in a run, or why it did not act."""
    connection.execute(
        "insert into governance.workflow_runs values (?, ?, ?, ?, ?, ?, ?)",
        [workflow, run_id, status, reason, started_at, finished_at, items],
    )
