"""Whether what is stored of a field without a column of its own is of the field's type.

JSON keeps the type of each value, so the values themselves say what the field was when they came.
"""

from pathlib import Path

import duckdb

from lead_platform.configuration import ConfigurationError
from lead_platform.fields import LeadField, load_fields, place_of, platform_fields
from lead_platform.lake.lake import Lake


def check_stored_types(lake: Lake, config_dir: Path) -> None:
    """Raises ConfigurationError for every field of config_dir/fields.yaml that holds values of
    another type than its own. Looks at every submission: for people who ask, not for runs."""
    own = platform_fields().custom
    fields = [field for field in load_fields(config_dir).custom if field not in own]
    if not fields:
        return
    with lake.read() as connection:
        misfits = {field.name: _count_misfits(connection, field) for field in fields}
    faults = [
        f"{place_of(config_dir, field.name)}.type: {misfits[field.name]:,} submissions hold "
        f"{field.name} as another type than {field.type}; a field keeps its type while it holds "
        "values: give it back, or add a field of another name"
        for field in fields
        if misfits[field.name]
    ]
    if faults:
        raise ConfigurationError(faults)


def _count_misfits(connection: duckdb.DuckDBPyConnection, field: LeadField) -> int:
    row = connection.execute(
        f"select count(*) from capture.submissions where {field.misfit('custom_fields')}"
    ).fetchone()
    assert row is not None
    return int(row[0])
