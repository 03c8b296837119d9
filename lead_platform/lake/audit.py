"""The audit log and the kill switches: what every workflow writes and reads, whatever its layer."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

import duckdb
import pandas as pd

# The workflows that act on their own; each stops at its switch.
WORKFLOWS = (
    "capture",
    "identity",
    "identity_scan",
    "enrichment",
    "scoring",
    "routing",
    "reporting",
    "maintenance",
)

AUDIT_COLUMNS = (
    "audit_id", "workflow", "action", "subject_type", "subject_id", "rule", "rule_version",
    "reason", "before", "after", "actor", "run_id", "occurred_at",
)  # fmt: skip


class UnknownWorkflowError(ValueError):
    """A workflow that does not exist: names those that do."""


@dataclass(frozen=True)
class Switch:
    """Whether a workflow may act, who decided so and why."""

    workflow: str
    is_enabled: bool
    changed_by: str
    reason: str
    changed_at: datetime | None


def read_switch(connection: duckdb.DuckDBPyConnection, workflow: str) -> Switch:
    """The switch of one workflow; enabled until somebody disables it."""
    row = connection.execute(
        "select workflow, is_enabled, changed_by, reason, changed_at "
        "from governance.workflow_switches where workflow = ?",
        [workflow],
    ).fetchone()
    return Switch(*row) if row else Switch(workflow, True, "", "never changed", None)


def list_switches(connection: duckdb.DuckDBPyConnection) -> list[Switch]:
    """One per workflow."""
    return [read_switch(connection, workflow) for workflow in WORKFLOWS]


def set_switch(
    connection: duckdb.DuckDBPyConnection,
    switch: Switch,
    *,
    run_id: str = "",
) -> bool:
    """Set a switch and write its audit record; False where it stood that way already.

    Raises UnknownWorkflowError, and ValueError without a person and a reason.
    """
    if switch.workflow not in WORKFLOWS:
        raise UnknownWorkflowError(
            f"Unknown workflow {switch.workflow!r}. Known: {', '.join(WORKFLOWS)}."
        )
    if not switch.changed_by.strip() or not switch.reason.strip():
        raise ValueError("A switch needs a person (--by) and a reason (--reason).")
    before = read_switch(connection, switch.workflow)
    if before.is_enabled == switch.is_enabled:
        return False
    connection.execute(
        "delete from governance.workflow_switches where workflow = ?", [switch.workflow]
    )
    connection.execute(
        "insert into governance.workflow_switches values (?, ?, ?, ?, ?)",
        [
            switch.workflow,
            switch.is_enabled,
            switch.changed_by,
            switch.reason,
            switch.changed_at,
        ],
    )
    entry = {
        "workflow": switch.workflow,
        "action": "enable_workflow" if switch.is_enabled else "disable_workflow",
        "subject_type": "workflow",
        "subject_id": switch.workflow,
        "reason": switch.reason,
        "before": "enabled" if before.is_enabled else "disabled",
        "after": "enabled" if switch.is_enabled else "disabled",
        "actor": switch.changed_by,
        "occurred_at": switch.changed_at,
    }
    record_actions(connection, pd.DataFrame([entry]), run_id=run_id)
    return True


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
