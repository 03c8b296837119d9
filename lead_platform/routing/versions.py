"""The routing configuration in effect: its rules, reps and territories written to the lake."""

from datetime import datetime

import duckdb
import pandas as pd

from lead_platform.lake.audit import record_actions
from lead_platform.routing.configuration import RoutingConfiguration, tabulate_version
from lead_platform.routing.roster import tabulate_reps
from lead_platform.routing.territories import tabulate_territories


def write_configuration(
    connection: duckdb.DuckDBPyConnection,
    configuration: RoutingConfiguration,
    *,
    effective_at: datetime,
    run_id: str,
) -> dict[str, str]:
    """Make rules, reps and territories those of the configuration; versions are kept."""
    version = configuration.routing_version
    newest = connection.execute(
        "select routing_version, version_seq from routing.routing_versions "
        "order by version_seq desc limit 1"
    ).fetchone()
    before, newest_seq = newest or (None, 0)
    _replace(
        connection, "routing.reps", tabulate_reps(configuration.reps, configuration.reps_version)
    )
    _replace(
        connection,
        "routing.territories",
        tabulate_territories(configuration.territories, configuration.territories_version),
    )
    if before == version:
        return {"routing_version": version}
    _replace(
        connection,
        "routing.routing_versions",
        tabulate_version(configuration, effective_at).assign(version_seq=newest_seq + 1),
        where="routing_version in (select routing_version from replacement)",
    )
    action = {
        "workflow": "routing",
        "action": "activate_routing",
        "subject_type": "routing_configuration",
        "subject_id": version,
        "rule_version": version,
        "reason": "routing.yaml, territories.csv, reps.csv or named_accounts.csv changed",
        "before": before,
        "after": version,
        "occurred_at": effective_at,
    }
    record_actions(connection, pd.DataFrame([action]), run_id=run_id)
    return {"routing_version": version}


def _replace(
    connection: duckdb.DuckDBPyConnection, table: str, frame: pd.DataFrame, where: str = "true"
) -> None:
    """Make the rows of `table` (those `where` names) the frame's, unless they are already."""
    connection.register("replacement", frame)
    differs = connection.execute(
        f"""
        select exists(from replacement except from {table})
            or exists((from {table} where {where}) except from replacement)
        """
    ).fetchone()
    if differs and differs[0]:
        connection.execute(f"delete from {table} where {where}")
        connection.execute(f"insert into {table} by name select * from replacement")
    connection.unregister("replacement")
