"""The archive against the lake: every file that was taken in has its delivery there, as it is now.

The counts of one run add up even where a whole file is gone from the lake after it was archived, or
where somebody who still held it open wrote to it then; this is what would notice.
"""

import hashlib
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pyarrow as pa

from lead_platform.capture.names import shown
from lead_platform.lake.lake import Lake

# As `capture.inbox.archive_file` names them.
_ARCHIVED = re.compile(r"(?P<delivery_id>del_[0-9a-z]+)__")

# Whatever is written to a file changes its status: what rested so long was read on a night before.
READ_BACK = timedelta(days=7)

_LISTED = 20


@dataclass(frozen=True)
class ArchivedFile:
    """An archived file and the delivery its name says it was."""

    path: Path
    channel: str
    delivery_id: str


@dataclass(frozen=True)
class Comparison:
    """The archive beside the lake: files without their delivery, and files changed since."""

    total: int
    missing: list[ArchivedFile]
    changed: list[ArchivedFile]

    @property
    def faults(self) -> str:
        """What differs, and how it is taken in; empty where nothing does."""
        return "\n".join(
            [
                *_describe(
                    self.missing,
                    f"{len(self.missing)} of {self.total} archived files have no delivery in the "
                    "lake: it was lost after they were taken in.",
                ),
                *_describe(
                    self.changed,
                    f"{len(self.changed)} of {self.total} archived files are not what was taken "
                    "in: they were written to afterwards.",
                ),
            ]
        )


def compare_with_lake(lake: Lake, *, touched_since: datetime | None) -> Comparison:
    """Every archived file against its delivery: by size, and by content if touched since then."""
    # Listed first: a file is archived once its delivery is published.
    files = list(archived_files(lake.settings.archive))
    with lake.read() as connection:
        missing = missing_deliveries(connection, files)
        sizes = _recorded_sizes(connection, files)
    hashes = dict(_hashes(files, sizes, touched_since))
    with lake.read() as connection:
        changed = _not_taken_in(connection, hashes)
    return Comparison(len(files), missing, changed)


def archived_files(archive: Path) -> Iterator[ArchivedFile]:
    """The files below the archive folder that carry a delivery's id, by path."""
    for path in sorted(archive.rglob("*")):
        named = _ARCHIVED.match(path.name)
        if named and path.is_file():
            channel = path.relative_to(archive).parts[0]
            yield ArchivedFile(path, channel, named["delivery_id"])


def find_archived(archive: Path, delivery_id: str) -> list[ArchivedFile]:
    """The archived files that carry this delivery's id. Raises LookupError where none does."""
    found = [file for file in archived_files(archive) if file.delivery_id == delivery_id]
    if not found:
        raise LookupError(
            f"No file in {archive} is of the delivery {delivery_id!r}: their names begin with the "
            "id and `__`. `lead-platform archive check` lists those the lake does not hold."
        )
    return found


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


def _recorded_sizes(
    connection: duckdb.DuckDBPyConnection, files: list[ArchivedFile]
) -> dict[str, int]:
    ids = sorted({file.delivery_id for file in files})
    return dict(
        connection.execute(
            "select delivery_id, size_bytes from capture.deliveries "
            "where delivery_id in (select unnest(?::varchar[]))",
            [ids],
        ).fetchall()
    )


def _hashes(
    files: list[ArchivedFile], sizes: dict[str, int], touched_since: datetime | None
) -> Iterator[tuple[ArchivedFile, str]]:
    """Of the files that may have changed; one that is gone meanwhile is none."""
    since = touched_since.replace(tzinfo=UTC).timestamp() if touched_since else 0
    for file in files:
        if file.delivery_id not in sizes:
            continue
        try:
            status = file.path.stat()
            if status.st_size != sizes[file.delivery_id] or status.st_ctime >= since:
                with file.path.open("rb") as stream:
                    yield file, hashlib.file_digest(stream, "sha256").hexdigest()
        except FileNotFoundError:
            continue


def _not_taken_in(
    connection: duckdb.DuckDBPyConnection, hashes: dict[ArchivedFile, str]
) -> list[ArchivedFile]:
    """The files whose content is no delivery of their channel."""
    rows = connection.execute(
        "select channel, content_hash from capture.deliveries "
        "where content_hash in (select unnest(?::varchar[]))",
        [sorted(set(hashes.values()))],
    ).fetchall()
    known = set(rows)
    return [file for file, digest in hashes.items() if (file.channel, digest) not in known]


def _describe(files: list[ArchivedFile], what: str) -> list[str]:
    if not files:
        return []
    commands = [_command(file) for file in files[:_LISTED]]
    more = [f"and {len(files) - _LISTED} more"] if len(files) > _LISTED else []
    return [f"{what} Take them in again:", *commands, *more]


def _command(file: ArchivedFile) -> str:
    """Takes the file in again as it is pasted into a shell, whatever a stranger called it."""
    name = str(file.path)
    # What is no text, or would act on a terminal, cannot be pasted.
    named = [name, "--channel", file.channel] if shown(name) == name else None
    return shlex.join(["lead-platform", "ingest", *(named or ["--delivery", file.delivery_id])])
