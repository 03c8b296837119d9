"""The inbox: files waiting to be taken in, and where they go afterwards.

One folder per channel. Files are written elsewhere and renamed in; names that start with a dot or
end like an unfinished download are not looked at.
"""

import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from pydantic import BaseModel

# Files handed to one run: a run over many small files costs less than many runs.
FILES_PER_RUN = 500

# A file whose run failed is asked for again after this time, doubled each time, so often.
RETRY_AFTER = timedelta(minutes=2)
ATTEMPTS = 4

_UNFINISHED = (".tmp", ".part", ".partial", ".crdownload", ".filepart")


@dataclass(frozen=True)
class InboxFile:
    """A file waiting in the folder of its channel."""

    path: Path
    channel: str
    size_bytes: int
    modified_ns: int

    @property
    def fingerprint(self) -> str:
        """Changes when the file is written again under the same name."""
        return f"{self.size_bytes}:{self.modified_ns}"


class Request(BaseModel):
    """When a file was last handed to a run, and how often."""

    fingerprint: str
    attempts: int
    requested_at: datetime


class Cursor(BaseModel):
    """What a sensor remembers between evaluations and restarts: requests by file."""

    requests: dict[str, Request] = {}


def list_inbox(inbox: Path) -> list[InboxFile]:
    """Files waiting, oldest first, then by name."""
    files = []
    for path in inbox.glob("*/**/*"):
        if path.name.startswith(".") or path.suffix in _UNFINISHED or not path.is_file():
            continue
        status = path.stat()
        channel = path.relative_to(inbox).parts[0]
        files.append(InboxFile(path, channel, status.st_size, status.st_mtime_ns))
    return sorted(files, key=lambda file: (file.modified_ns, str(file.path)))


def plan_requests(
    files: Iterable[InboxFile], cursor: Cursor, now: datetime
) -> tuple[list[InboxFile], Cursor]:
    """The files to hand to a run now, and the cursor after that.

    Each file once; again only when its content changed, or when it still lies there long after
    it was asked for (its run failed or died), a limited number of times.
    """
    due: list[InboxFile] = []
    requests: dict[str, Request] = {}
    for file in files:
        name = str(file.path)
        known = cursor.requests.get(name)
        is_same = known is not None and known.fingerprint == file.fingerprint
        if len(due) < FILES_PER_RUN and (known is None or not is_same or _is_overdue(known, now)):
            attempts = known.attempts + 1 if known and is_same else 1
            request = Request(fingerprint=file.fingerprint, attempts=attempts, requested_at=now)
            requests[name] = request
            due.append(file)
        elif known is not None:
            requests[name] = known
    return due, Cursor(requests=requests)


def archive_file(path: Path, *, inbox: Path, archive: Path, delivery_id: str) -> Path:
    """Move a taken-in file out of the inbox; files that lie elsewhere stay where they are."""
    if not path.is_relative_to(inbox):
        return path
    target = archive / path.relative_to(inbox).parent / f"{delivery_id}__{path.name}"
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.move(path, target)
    return target


def unknown_channels(files: Iterable[InboxFile], known: Mapping[str, object]) -> list[str]:
    """One sentence per waiting file whose folder is no channel's."""
    return [
        f"Unknown channel {file.channel!r} in {file.path}. Known: {', '.join(sorted(known))}. "
        f"Add config/channels/{file.channel}.yaml or move the file."
        for file in files
        if file.channel not in known
    ]


def _is_overdue(request: Request, now: datetime) -> bool:
    if request.attempts >= ATTEMPTS:
        return False
    return now - request.requested_at > RETRY_AFTER * 2 ** (request.attempts - 1)
