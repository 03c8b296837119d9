"""Files that may take the process that reads them along: a library hangs or breaks on one in its
own code, where no exception is raised, or memory runs out.

Which file a process reads is noted beside what it parses. The note of a process that is gone makes
its file a suspect for the next run, which reads it in a process of its own.
"""

import faulthandler
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pydantic import BaseModel

from lead_platform.capture.inbox import FileState
from lead_platform.capture.names import path_as_text, path_of_text

# How long reading a file may last from one batch to the next, at least, and more for each megabyte
# it holds: thirty times what the whole lasts on two processors that others use as well.
READING_SECONDS = 120.0
READING_SECONDS_PER_MB = 10.0

_BEING_READ = "being-read-"
_SUSPECT = "suspect-"
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

    note = folder / f"{_BEING_READ}{os.getpid()}"
    note.write_text(_Note(path=path_as_text(path), state=state).model_dump_json(), encoding="utf-8")
    goes_on()
    try:
        yield goes_on
    finally:
        faulthandler.cancel_dump_traceback_later()
        note.unlink(missing_ok=True)


def notes_of(folder: Path) -> list[str]:
    """What the run of this folder, which is dead, was reading, or suspected and had not read."""
    found = []
    for note in folder.iterdir():
        if note.name.startswith((_BEING_READ, _SUSPECT)):
            # One whose writing was interrupted tells of no reading that had begun.
            with suppress(OSError, ValueError):
                found.append(note.read_text(encoding="utf-8"))
    return found


def suspect(folder: Path, notes: Iterable[str]) -> None:
    """Keep what dead runs noted in the folder of this one."""
    for number, note in enumerate(sorted(set(notes))):
        (folder / f"{_SUSPECT}{number}").write_text(note, encoding="utf-8")


def suspects_of(folder: Path) -> dict[Path, FileState]:
    """The files which the run of this folder suspects, as they were then."""
    found = {}
    for path in folder.glob(f"{_SUSPECT}*"):
        with suppress(ValueError):
            note = _Note.model_validate_json(path.read_text(encoding="utf-8"))
            found[path_of_text(note.path)] = note.state
    return found
