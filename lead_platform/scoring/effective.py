"""What takes effect in scoring: scorecard versions and drift audits written to the lake."""

from datetime import datetime

import duckdb
import pandas as pd

from lead_platform.lake.audit import record_actions
from lead_platform.scoring.scorecard import Scorecard
from lead_platform.scoring.scorecard_rules import rule_rows, version_row


def newest_scorecard(connection: duckdb.DuckDBPyConnection) -> str | None:
    """The version in effect; None before the first."""
    row = connection.execute(_NEWEST).fetchone()
    return row[0] if row else None


_NEWEST = (
    "select scorecard_version, version_seq from scoring.scorecard_versions "
    "order by version_seq desc limit 1"
)


def write_scorecard(
    connection: duckdb.DuckDBPyConnection,
    scorecard: Scorecard,
    *,
    effective_at: datetime,
    run_id: str,
) -> dict[str, str]:
    """Let the version take effect unless it is the newest; earlier ones stay, with their rules."""
    newest = connection.execute(_NEWEST).fetchone()
    before, newest_seq = newest or (None, 0)
    if before == scorecard.version:
        return {"scorecard_version": scorecard.version}
    version = version_row(scorecard, effective_at=effective_at)
    frames = {
        "scorecard_versions": version.assign(version_seq=newest_seq + 1),
        "scorecard_rules": rule_rows(scorecard),
    }
    for table, frame in frames.items():
        connection.execute(
            f"delete from scoring.{table} where scorecard_version = ?", [scorecard.version]
        )
        connection.register("effective", frame)
        connection.execute(f"insert into scoring.{table} by name select * from effective")
        connection.unregister("effective")
    action = {
        "workflow": "scoring",
        "action": "activate_scorecard",
        "subject_type": "scorecard",
        "subject_id": scorecard.version,
        "rule": scorecard.name,
        "rule_version": scorecard.version,
        "reason": "config/scorecard.yaml changed",
        "before": before,
        "after": scorecard.version,
        "occurred_at": effective_at,
    }
    record_actions(connection, pd.DataFrame([action]), run_id=run_id)
    return {"scorecard_version": scorecard.version}


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
