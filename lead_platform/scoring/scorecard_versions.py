"""The scorecard versions that took effect, written to the lake with their rules."""

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
