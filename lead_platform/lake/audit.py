"""The audit log: what every workflow writes, whatever its layer."""

import hashlib
from datetime import datetime

import duckdb
import pandas as pd

AUDIT_COLUMNS = (
    "audit_id", "workflow", "action", "subject_type", "subject_id", "rule", "rule_version",
    "reason", "before", "after", "actor", "run_id", "occurred_at",
)  # fmt: skip


def record_actions(
    connection: duckdb.DuckDBPyConnection, actions: pd.DataFrame, *, run_id: str
) -> int:
    """Append one audit record per action; absent columns stay null. The number written.

    The id is derived from what was done to what and when, so a repeated step writes nothing new.
    """
    if actions.empty:
        return 0
    entries = actions.assign(run_id=run_id)
    if "actor" not in entries:
        entries["actor"] = "system"
    named = entries[["workflow", "action", "subject_id", "occurred_at"]].astype(str)
    named["after"] = entries["after"].astype(str) if "after" in entries else ""
    entries["audit_id"] = [
        "aud_" + hashlib.sha256("\x1f".join(row).encode()).hexdigest()[:24]
        for row in named.itertuples(index=False, name=None)
    ]
    entries = entries.reindex(columns=list(AUDIT_COLUMNS)).drop_duplicates("audit_id")
    connection.register("audit_entries", entries)
    columns = ", ".join(f'"{column}"' for column in AUDIT_COLUMNS)
    connection.execute(
        f"insert into governance.audit_log ({columns}) select {columns} from audit_entries "
        "anti join governance.audit_log using (audit_id)"
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
