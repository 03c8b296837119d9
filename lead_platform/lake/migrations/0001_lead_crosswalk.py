"""Since splits are kept beside merges, the crosswalk says how two leads are related.

Homes that never had the earlier columns, or have the later ones already, stay as they are.
"""

import duckdb

from lead_platform.lake.tables import real_columns


def migrate(connection: duckdb.DuckDBPyConnection) -> None:
    """Turn `retired_lead_id` and `surviving_lead_id` into a relation of kind `merged_into`."""
    if "retired_lead_id" in real_columns(connection).get("identity.lead_crosswalk", ()):
        connection.execute("""
            create or replace table identity.lead_crosswalk as
            select retired_lead_id as lead_id, surviving_lead_id as related_lead_id,
                'merged_into' as relation, retired_at as merged_at, null::timestamp as split_at
            from identity.lead_crosswalk
        """)
