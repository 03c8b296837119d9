"""Files that may take the process that reads them along: a library hangs or breaks on one in its
own code, where no exception is raised, or memory runs out.

Which file a process reads is noted, under a lock that the system frees when it ends. What a process
that is gone was reading is a suspect, and read in a process of its own, until that was done or the
file has changed.
"""

import faulthandler
import fcntl
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pydantic import BaseModel

from lead_platform.capture.inbox import FileState, state_of
from lead_platform.capture.names import path_as_text, path_of_text

# How long reading a file may last from one batch to the next, at least, and more for each megabyte
# it holds: thirty times what the whole lasts on two processors that others use as well.
READING_SECONDS = 120.0
READING_SECONDS_PER_MB = 10.0

_STDERR = 2


class _Note(BaseModel):
    path: str
    state: FileState


def reading_seconds(size_bytes: int) -> float:
    """How long reading a file of this size may last from one batch to the next."""
    return READING_SECONDS + READING_SECONDS_PER_MB * size_bytes / 1_048_576


@contextmanager
def noted(
    folder: Path, path: Path, state: FileState, seconds: float
) -> Iterator[Callable[[], None]]:
    """Note in the folder that this process reads the file, for as long as the block lasts.

    What is yielded says that reading goes on. Where it is not said for so many seconds this process
    ends, and tells on its error output what it did: a call that hangs in a library lets nothing
    else in this process run, so that no exception is possible.
    """

    def goes_on() -> None:
        faulthandler.dump_traceback_later(seconds, exit=True, file=_STDERR)

    folder.mkdir(mode=0o700, exist_ok=True)
    name = secrets.token_hex(8)
    draft, note = folder / f".{name}", folder / name
    with draft.open("w", encoding="utf-8") as file:
        # On a disk without locks nothing tells a reader's note from that of a dead one.
        with suppress(OSError):
            # Locked before others see it: at no instant does it look left behind.
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            file.write(_Note(path=path_as_text(path), state=state).model_dump_json())
            file.flush()
            draft.rename(note)
        goes_on()
        try:
            yield goes_on
        finally:
            faulthandler.cancel_dump_traceback_later()
            draft.unlink(missing_ok=True)
            note.unlink(missing_ok=True)


def suspects(folder: Path) -> set[Path]:
    """The files that processes were reading when they ended, and that are still what they were."""
    return {path for _, path in _left_behind(folder)}


def clear(folder: Path, path: Path) -> None:
    """Suspect a file no more: it has been read."""
    for note, suspect in _left_behind(folder):
        if suspect == path:
            note.unlink(missing_ok=True)


def _left_behind(folder: Path) -> list[tuple[Path, Path]]:
    """Notes of processes that are gone, and their files; those of other files are removed."""
    found = []
    for note in sorted(folder.glob("[!.]*")):
        # Another run may remove it at this moment.
        with suppress(OSError), note.open("rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except OSError:
                continue
            path = _suspected(file.read())
            if path is None:
                note.unlink()
            else:
                found.append((note, path))
    return found


def _suspected(content: bytes) -> Path | None:
    """None where the note was cut, or its file is not what it was."""
    try:
        note = _Note.model_validate_json(content)
        path = path_of_text(note.path)
        # Of a link that somebody gave by its path, what it leads to was read.
        return path if note.state in (state_of(path.lstat()), state_of(path.stat())) else None
    except (OSError, ValueError):
        return None
