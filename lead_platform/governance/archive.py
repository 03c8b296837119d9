"""The archive against the lake: every file that was taken in has its delivery there.

The counts of one run add up even where a whole file is gone from the lake after it was archived;
this is what would notice.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa

# As `capture.inbox.archive_file` names them.
_ARCHIVED = re.compile(r"(?P<delivery_id>del_[0-9a-z]+)__")

_LISTED = 20


@dataclass(frozen=True)
class ArchivedFile:
    """An archived file and the delivery its name says it was."""

    path: Path
    channel: str
    delivery_id: str


def archived_files(archive: Path) -> Iterator[ArchivedFile]:
    """The files below the archive folder that carry a delivery's id, by path."""
    for path in sorted(archive.rglob("*")):
        named = _ARCHIVED.match(path.name)
        if named and path.is_file():
            channel = path.relative_to(archive).parts[0]
            yield ArchivedFile(path, channel, named["delivery_id"])


def missing_deliveries(
    connection: duckdb.DuckDBPyConnection, files: list[ArchivedFile]
) -> list[ArchivedFile]:
    """The archived files of which the lake knows no delivery."""
    named = pa.table({"delivery_id": pa.array([file.delivery_id for file in files], pa.string())})
    connection.register("archived", named)
    try:
        rows = connection.execute(
            "select distinct delivery_id from archived anti join capture.deliveries "
            "using (delivery_id)"
        ).fetchall()
    finally:
        connection.unregister("archived")
    missing = {delivery_id for (delivery_id,) in rows}
    return [file for file in files if file.delivery_id in missing]


def describe_missing(missing: list[ArchivedFile], *, total: int) -> str:
    """What is missing, and how it is taken in again."""
    commands = [
        f"lead-platform ingest '{file.path}' --channel {file.channel}" for file in missing[:_LISTED]
    ]
    more = [f"and {len(missing) - _LISTED} more"] if len(missing) > _LISTED else []
    return "\n".join(
        [
            f"{len(missing)} of {total} archived files have no delivery in the lake: it was lost "
            "after they were taken in. Take them in again:",
            *commands,
            *more,
        ]
    )
