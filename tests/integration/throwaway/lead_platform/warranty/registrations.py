"""Registrations: every lead holds a warranty from the first renewal after it came."""

from datetime import datetime

import duckdb

_REGISTER = """
insert into warranty.registrations by name
select lead_id, $at::timestamp as registered_at
from identity.leads anti join warranty.registrations using (lead_id)
"""


def register(connection: duckdb.DuckDBPyConnection, *, registered_at: datetime) -> dict[str, int]:
    """Register the leads that hold no warranty yet. `registered_at` is UTC, naive."""
    row = connection.execute(_REGISTER, {"at": registered_at}).fetchone()
    return {"registered": int(row[0]) if row else 0}
