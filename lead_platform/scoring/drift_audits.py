"""Drift audits written to the lake; what they say is `drift`'s."""

import duckdb
import pandas as pd

from lead_platform.lake.audit import record_actions


def write_audits(
    connection: duckdb.DuckDBPyConnection, audits: pd.DataFrame, *, run_id: str
) -> dict[str, int]:
    """Replace the audits of the same quarters and scorecard; earlier scorecards' stay."""
    if audits.empty:
        return {"quarters": 0}
    connection.register("audits", audits)
    connection.execute(
        "delete from scoring.drift_audits where audit_id in (select audit_id from audits)"
    )
    connection.execute("insert into scoring.drift_audits by name select * from audits")
    connection.unregister("audits")
    actions = pd.DataFrame(
        {
            "workflow": "scoring",
            "action": "audit_drift",
            "subject_type": "quarter",
            "subject_id": audits["quarter"],
            "rule": "drift_audit",
            "rule_version": audits["scorecard_version"],
            "reason": audits["reason"],
            "after": audits["verdict"],
            "occurred_at": audits["audited_at"],
        }
    )
    record_actions(connection, actions, run_id=run_id)
    return {"quarters": len(audits)}
