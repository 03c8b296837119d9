"""The inbox: files waiting to be taken in, and where they go afterwards.

One folder per channel. Files are written elsewhere and renamed in; names that start with a dot or
end like an unfinished download are not looked at. What is no regular file is told, never opened.
"""

import errno
import itertools
import os
import shutil
import stat
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType

from filelock import FileLock
from pydantic import BaseModel, NaiveDatetime

from lead_platform.capture.names import (
    LONGEST_NAME,
    path_as_text,
    path_of_text,
    shortened,
    shown,
    writable,
)
from lead_platform.instants import has_passed
from lead_platform.lake.trees import kind_of, walk

# Files handed to one run: a run over many small files costs less than many runs.
FILES_PER_RUN = 500

# A file whose run failed is asked for again after this time, doubled each time, so often.
RETRY_AFTER = timedelta(minutes=2)
QUICK_ATTEMPTS = 4
RETRY_SLOWLY_AFTER = timedelta(hours=1)

# A file that took the process that read it along is let alone for so long.
LEFT_ALONE_FOR = timedelta(days=1)

# Who holds the book does so for milliseconds.
_LOCK_SECONDS = 10.0
# What disks without locks say: of networks, of FUSE, of containers.
_NO_LOCKS = frozenset({errno.ENOLCK, errno.EOPNOTSUPP, errno.EINVAL})

_UNFINISHED = (".tmp", ".part", ".partial", ".crdownload", ".filepart")
_UNFINISHED_FOR = timedelta(hours=1)

# A file written in place, not renamed in, is left alone until it has rested so long.
SETTLED_AFTER = timedelta(seconds=3)


@dataclass(frozen=True)
class InboxFile:
    """A file waiting in the folder of its channel."""

    path: Path
    channel: str
    size_bytes: int
    modified_ns: int
    changed_ns: int

    @property
    def fingerprint(self) -> str:
        """Changes when the file is written again under the same name."""
        return f"{self.size_bytes}:{self.modified_ns}"

    def is_settled(self, now: datetime) -> bool:
        """Whether nobody is writing to it.

        Renaming a file in changes its status after its contents; while a file is being written
        both times are the same, and it has to rest. A time to come cannot be waited for.
        """
        if self.changed_ns != self.modified_ns:
            return True
        age = now.replace(tzinfo=UTC).timestamp() - self.modified_ns / 1e9
        return age < 0 or age >= SETTLED_AFTER.total_seconds()


@dataclass(frozen=True)
class FileFault:
    """A file that stays where it is, and why: what to do about it.

    `changed_ns`: since when it lies there, where that is known. `harmful_since`: when it took the
    process that read it along (UTC, naive), so that it is not opened again as it is for a day.
    """

    path: Path
    reason: str
    changed_ns: int = 0
    harmful_since: datetime | None = None

    def is_left_alone(self, now: datetime) -> bool:
        """Whether the file is not to be opened yet."""
        since = self.harmful_since
        return since is not None and not has_passed(LEFT_ALONE_FOR, since, now)

    def __str__(self) -> str:
        return f"{shown(self.path)}: {self.reason}"


class Request(BaseModel):
    """When a file was last handed to a run, and how often."""

    fingerprint: str
    attempts: int
    requested_at: datetime


class Cursor(BaseModel):
    """What a sensor remembers between evaluations and restarts: requests by file, and the folders
    of no channel it has warned of."""

    requests: dict[str, Request] = {}
    warned: tuple[str, ...] = ()


def make_folders(inbox: Path, channels: Iterable[str]) -> None:
    """One for each channel, so that nobody has to know their names."""
    for channel in channels:
        (inbox / channel).mkdir(parents=True, exist_ok=True)


def list_inbox(inbox: Path) -> list[InboxFile]:
    """Files waiting, oldest first, then by name."""
    files = [
        InboxFile(
            path,
            path.relative_to(inbox).parts[0],
            status.st_size,
            status.st_mtime_ns,
            status.st_ctime_ns,
        )
        for path, status in walk(inbox, _is_unfinished)
        if stat.S_ISREG(status.st_mode) and path.parent != inbox
    ]
    return sorted(files, key=lambda file: (file.modified_ns, str(file.path)))


def odd_entries(inbox: Path) -> list[FileFault]:
    """What lies in the inbox and is not taken in: links, pipes, devices, folders that are closed to
    this user, files beside channels and those whose sender has left them unfinished."""
    faults = []
    for path, status in walk(inbox, _is_hidden):
        if stat.S_ISDIR(status.st_mode):
            reason = f"{kind_of(status.st_mode)}; correct its permissions"
        elif not stat.S_ISREG(status.st_mode):
            reason = kind_fault(status.st_mode)
        elif path.suffix in _UNFINISHED:
            now = datetime.now(UTC).replace(tzinfo=None)
            if not has_lain(_UNFINISHED_FOR, status.st_ctime_ns, now):
                continue
            reason = "its name says that it is unfinished; rename it once it is complete"
        elif path.parent == inbox:
            reason = f"it lies beside the channels' folders; move it to {inbox}/<channel>/"
        else:
            continue
        faults.append(FileFault(path, reason, status.st_ctime_ns))
    return faults


def has_lain(span: timedelta, since_ns: int, now: datetime) -> bool:
    """Whether a file has lain there for so long.

    A disk that goes by another machine's clock may be a little ahead for good: a time to come is
    taken for that as far as the span reaches, and for a wrong clock's beyond.
    """
    since = datetime.fromtimestamp(since_ns / 1e9, UTC).replace(tzinfo=None)
    return has_passed(span, since, now, tolerance=span)


def kind_fault(mode: int) -> str:
    """Why an entry of this kind is not opened."""
    return f"{kind_of(mode)}, which is not opened; put the file itself there"


def _is_hidden(name: str) -> bool:
    return name.startswith(".")


def _is_unfinished(name: str) -> bool:
    return _is_hidden(name) or os.path.splitext(name)[1] in _UNFINISHED


def located(path: Path, inbox: Path) -> Path:
    """The path as the inbox spells it where it leads into it, whatever `..` and linked folders it
    goes by; else without them. A link to a file stays one."""
    place = path.parent.resolve() / path.name
    home = inbox.resolve()
    return inbox / place.relative_to(home) if place.is_relative_to(home) else place


def plan_requests(
    files: Iterable[InboxFile], cursor: Cursor, now: datetime
) -> tuple[list[InboxFile], Cursor]:
    """The files to hand to a run now, and the cursor after that.

    Each file once; again only when its content changed, or when it still lies there long after
    it was asked for (its run failed or died), less and less often.
    """
    known = cursor.requests
    waiting = list(files)
    chosen = [file for file in waiting if _is_new(file, known) and file.is_settled(now)]
    # What failed before comes after what is new: it may fail again.
    chosen += [
        file for file in waiting if not _is_new(file, known) and _is_overdue(file, known, now)
    ]
    due = {path_as_text(file.path): file for file in chosen[:FILES_PER_RUN]}
    requests = {name: known[name] for file in waiting if (name := path_as_text(file.path)) in known}
    for name, file in due.items():
        attempts = 1 if _is_new(file, known) else known[name].attempts + 1
        requests[name] = Request(fingerprint=file.fingerprint, attempts=attempts, requested_at=now)
    return list(due.values()), cursor.model_copy(update={"requests": requests})


def stuck_files(files: Iterable[InboxFile], cursor: Cursor) -> list[InboxFile]:
    """Files that still lie there after all the quick tries; they are asked for once an hour."""
    known = cursor.requests
    return [
        file
        for file in files
        if not _is_new(file, known) and known[path_as_text(file.path)].attempts >= QUICK_ATTEMPTS
    ]


FileState = tuple[int, int, int, int]
"""What tells one state of a file from another: where it lies, its size, when it was changed."""


class ChangedFileError(Exception):
    """What lay under the name was not the file that was read; it lies at `path` now."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{shown(path)} is not as it was read")
        self.path = path


def state_of(status: os.stat_result) -> FileState:
    """A renaming leaves it as it is."""
    return (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)


def archive_file(
    path: Path, *, state: FileState, inbox: Path, archive: Path, channel: str, delivery_id: str
) -> Path:
    """Move a taken-in file out of the inbox to its channel's folder; files that lie elsewhere stay
    where they are.

    What is moved is looked at once it is out of everybody's way: a look before says nothing of
    what lies there at the move. What is not the file of this `state` is put back. Raises
    ChangedFileError, OSError.
    """
    if not path.is_relative_to(inbox):
        return path
    folder = archive / channel
    folder.mkdir(parents=True, exist_ok=True)
    prefix = f"{delivery_id}__"
    known = folder / shortened(path.name, prefix)
    target = _free(folder, path.name, prefix)
    try:
        claimed = path.rename(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        # The next run finds it under this name, should this process die.
        claimed = path.rename(_free(path.parent, path.name, prefix))
    if state_of(claimed.lstat()) != state:
        raise ChangedFileError(_put_back(claimed, path))
    if claimed != target:
        _copy_over(claimed, target, state, path)
    if target != known and known.stat().st_size == target.stat().st_size:
        # The id stands for channel and content: it is there already.
        target.unlink()
        return known
    # As whoever put it there left it, others may read it. Where the file is another user's, the
    # folder alone is closed.
    with suppress(OSError):
        target.chmod(0o600)
    return target


def _copy_over(claimed: Path, target: Path, state: FileState, path: Path) -> None:
    """Whole or not at all, to another file system."""
    draft = target.with_name(f".{target.name[: LONGEST_NAME - 60]}.draft")
    with claimed.open("rb") as source, draft.open("wb") as copy:
        shutil.copyfileobj(source, copy)
        copy.flush()
        os.fsync(copy.fileno())
    if state_of(claimed.lstat()) != state:
        draft.unlink()
        raise ChangedFileError(_put_back(claimed, path))
    draft.rename(target)
    claimed.unlink()


def _put_back(claimed: Path, path: Path) -> Path:
    """Under its name, or one like it: a link is never made over another file.

    Where it lies then: where it was, if the file system has no links.
    """
    for name in _names(path.parent, path.name, ""):
        try:
            name.hardlink_to(claimed)
        except FileExistsError:
            continue
        except OSError:
            break
        claimed.unlink()
        return name
    return claimed


def _free(folder: Path, name: str, prefix: str) -> Path:
    return next(path for path in _names(folder, name, prefix) if not os.path.lexists(path))


def _names(folder: Path, name: str, prefix: str) -> Iterator[Path]:
    """The prefixed name, and others like it, without end."""
    yield folder / shortened(name, prefix)
    for number in itertools.count(2):
        yield folder / shortened(name, f"{prefix}{number}-")


def describe_waiting(
    inbox: Path,
    known: Mapping[str, object],
    now: datetime,
    off_because: str = "",
    broken: Mapping[str, Exception] = MappingProxyType({}),
    left: Iterable[FileFault] = (),
) -> list[tuple[str, str, str]]:
    """Whatever lies in the inbox: its path, since when (UTC), and what it waits for.

    `off_because`: why nothing is taken in at present, if so. `broken`: channels that cannot be
    used, and why. `left`: files that runs left.
    """
    rows = []
    told = {fault.path: fault.reason for fault in left}
    for file in list_inbox(inbox):
        if file.channel in broken:
            reason = broken_channel(file.channel, broken)
        elif file.channel not in known:
            reason = f"no channel is called {shown(file.channel)!r}: lead-platform channels list"
        elif not os.access(file.path, os.R_OK):
            reason = "this user may not read it; correct its permissions"
        elif not file.is_settled(now):
            reason = "it is being written"
        elif off_because:
            reason = off_because
        else:
            reason = told.get(file.path, "the next run")
        rows.append((shown(file.path.relative_to(inbox)), _minute(file.changed_ns), reason))
    odd = odd_entries(inbox)
    return rows + [
        (shown(fault.path.relative_to(inbox)), _minute(fault.changed_ns), fault.reason)
        for fault in odd
    ]


def _minute(instant_ns: int) -> str:
    """UTC."""
    return f"{datetime.fromtimestamp(instant_ns / 1e9, UTC):%Y-%m-%d %H:%M}"


class _Told(BaseModel):
    """Why a run left a file, as long as the file is what it was then."""

    state: FileState
    reason: str
    harmful_since: NaiveDatetime | None = None


class _ToldFiles(BaseModel):
    files: dict[str, _Told] = {}


def note_left(faults: Iterable[FileFault], book: Path) -> None:
    """Keep why a run left these files, for whoever looks at what waits; of earlier ones, those that
    are still what they were. Raises OSError, as when another process holds the book too long."""
    with _alone(book):
        left = {fault.path: fault for fault in [*(_still_left(book) or ()), *faults]}
        files = {
            path_as_text(path): _Told(
                state=state, reason=writable(fault.reason), harmful_since=fault.harmful_since
            )
            for path, fault in left.items()
            if (state := _state_now(path))
        }
        draft = book.with_name(f".{book.name}.draft")
        draft.write_text(_ToldFiles(files=files).model_dump_json(), encoding="utf-8")
        draft.rename(book)


@contextmanager
def _alone(book: Path) -> Iterator[None]:
    """One process at a time, where the disk has locks: of two that each add to what they read, one
    would be lost. Raises OSError where the book is not to be had in time."""
    lock = FileLock(book.with_name(f".{book.name}.lock"), timeout=_LOCK_SECONDS, mode=0o600)
    try:
        lock.acquire()
    except NotImplementedError:
        pass
    except OSError as error:
        if error.errno not in _NO_LOCKS:
            raise
    try:
        yield
    finally:
        lock.release()


def read_left(book: Path) -> list[FileFault]:
    """The files that runs left and that are still what they were then, each with its reason."""
    # None was left yet; a book that cannot be read is written anew by the next run.
    return _still_left(book) or []


def is_none_left(book: Path, inbox: Path) -> bool:
    """Whether all that runs left in the inbox is gone or replaced since; not where nothing tells.
    What is no file is looked at anew."""
    left = _still_left(book)
    if left is None or any(_is_file_within(fault.path, inbox) for fault in left):
        return False
    return not odd_entries(inbox)


def _still_left(book: Path) -> list[FileFault] | None:
    """None where the book cannot be read."""
    try:
        told = _ToldFiles.model_validate_json(book.read_text(encoding="utf-8"))
        paths = {path_of_text(name): entry for name, entry in told.files.items()}
        return [
            FileFault(path, entry.reason, harmful_since=entry.harmful_since)
            for path, entry in paths.items()
            if entry.state == _state_now(path)
        ]
    except (OSError, ValueError):
        return None


def with_earlier(faults: Sequence[FileFault], book: Path, inbox: Path) -> list[FileFault]:
    """These, and the files of the inbox that earlier runs left and that are still what they were.

    A run is handed what is new: that it can read its files says nothing of those that lie there.
    What is no file is looked at anew in each run.
    """
    told = {fault.path for fault in faults}
    earlier = [
        fault
        for fault in read_left(book)
        if fault.path not in told and _is_file_within(fault.path, inbox)
    ]
    return [*faults, *earlier]


def _is_file_within(path: Path, inbox: Path) -> bool:
    return path.is_relative_to(inbox) and not path.is_symlink() and path.is_file()


def _state_now(path: Path) -> FileState | None:
    """None where nothing lies there; of a link that leads somewhere, what it leads to."""
    with suppress(OSError):
        return state_of(path.stat())
    with suppress(OSError):
        return state_of(path.lstat())
    return None


def broken_channel(name: str, broken: Mapping[str, Exception]) -> str:
    """Why the files of a channel stay where they are, though it has one of its own."""
    return (
        f"the channel {shown(name)} cannot be used; correct this, which lead-platform config check "
        f"tells as well: {writable(str(broken[name]))}"
    )


def files_of_broken(
    files: Iterable[tuple[Path, str]], inbox: Path, broken: Mapping[str, Exception]
) -> list[FileFault]:
    """Of these files (path and channel) and the inbox, those whose channel is to be corrected."""
    if not broken:
        return []
    waiting = {path: name for path, name in files if name in broken}
    waiting |= {file.path: file.channel for file in list_inbox(inbox) if file.channel in broken}
    return [FileFault(path, broken_channel(name, broken)) for path, name in waiting.items()]


def stray_folders(
    files: Iterable[InboxFile],
    known: Mapping[str, object],
    broken: Mapping[str, Exception] = MappingProxyType({}),
) -> dict[str, str]:
    """One sentence per folder whose files no channel takes, by its name."""
    strays = [file for file in files if file.channel not in known]
    return {
        shown(file.channel): broken_channel(file.channel, broken)
        if file.channel in broken
        else f"Unknown channel {shown(file.channel)!r} in {shown(file.path)}. "
        f"Known: {', '.join(sorted(known))}. "
        f"Add config/channels/{shown(file.channel)}.yaml or move what is in that folder."
        for file in reversed(strays)
    }


def _is_new(file: InboxFile, known: Mapping[str, Request]) -> bool:
    request = known.get(path_as_text(file.path))
    return request is None or request.fingerprint != file.fingerprint


def _is_overdue(file: InboxFile, known: Mapping[str, Request], now: datetime) -> bool:
    request = known[path_as_text(file.path)]
    is_slow = request.attempts >= QUICK_ATTEMPTS
    wait = RETRY_SLOWLY_AFTER if is_slow else RETRY_AFTER * 2 ** (request.attempts - 1)
    return has_passed(wait, request.requested_at, now)
