"""Since what was decided is sorted by places, earlier decisions have those their times tell.

Nothing else was kept of their order. Tables that have places already, or are not there yet, stay
as they are.
"""

from collections.abc import Iterable

import duckdb

from lead_platform.lake.tables import give_statistics, real_columns

# By table, its new columns. `steps` are merges and splits of leads, `decided` times of routing.
_PLACES = {
    "identity.merged_members": {"merge_seq": "(select place from steps where instant = merged_at)"},
    "identity.lead_crosswalk": {
        "merge_seq": "(select place from steps where instant = merged_at)",
        "split_seq": "(select place from steps where instant = split_at)",
    },
    "identity.merge_decisions": {"decision_seq": "dense_rank() over (order by decided_at)"},
    "identity.merged_account_members": {"merge_seq": "dense_rank() over (order by merged_at)"},
    "identity.scans": {"scan_seq": "dense_rank() over (order by scanned_at)"},
    "routing.routing_versions": {"version_seq": "dense_rank() over (order by effective_at)"},
    "routing.routing_decisions": {
        "decision_seq": "dense_rank() over (order by decided_at)",
        "crosswalk_seq": "(select count(*) from steps where instant <= decided_at)",
    },
    "routing.assignments": {
        "assigned_seq": "(select count(*) from decided where instant <= assigned_at)"
    },
    "scoring.scorecard_versions": {"version_seq": "dense_rank() over (order by effective_at)"},
    "governance.audit_log": {"audit_seq": "dense_rank() over (order by occurred_at)"},
    "governance.quarantine": {
        "hold_number": "row_number() over (partition by step, subject_type, subject_id "
        "order by held_at, quarantine_id)"
    },
}


def migrate(connection: duckdb.DuckDBPyConnection) -> None:
    """Number what was decided by its time."""
    real = real_columns(connection)
    if "identity.lead_crosswalk" not in real:
        return
    _note_times(connection, real.keys())
    for table, places in _PLACES.items():
        if table not in real or places.keys() <= real[table].keys():
            continue
        listed = ", ".join(f"({place})::bigint as {name}" for name, place in places.items())
        connection.execute(f"create or replace table {table} as select *, {listed} from {table}")
        if not connection.execute(f"select 1 from {table} limit 1").fetchone():
            give_statistics(connection, table)
    connection.execute("drop table temp.steps; drop table temp.decided")


def _note_times(connection: duckdb.DuckDBPyConnection, tables: Iterable[str]) -> None:
    """When leads were merged or split, and when they were routed: each time once, numbered."""
    merged = (
        "union select merged_at from identity.merged_members"
        if "identity.merged_members" in tables
        else ""
    )
    connection.execute(f"""
        create temp table steps as
        select instant, row_number() over (order by instant) as place
        from (
            select merged_at as instant from identity.lead_crosswalk
            union select split_at from identity.lead_crosswalk {merged}
        )
        where instant is not null
    """)
    connection.execute(
        "create temp table decided as select distinct decided_at as instant from "
        "routing.routing_decisions"
    )
