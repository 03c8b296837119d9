"""Folders in the making, beside the place they are to take, and such for a while: one that a kill
left is found again. Whose process lives its lock tells, which asks no clock."""

import fcntl
import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

# Says in a draft that it is one; locked, by the system, while its process lives.
_MARK = ".lead-platform-draft"

# As `mkdtemp` names them: `.<name>.<eight characters>`.
_NAME = re.compile(r"\..+\.[a-z0-9_]{8}")


@contextmanager
def draft_folder(target: Path) -> Iterator[Path]:
    """A folder that becomes the target once the block has ended; where it fails, it is removed.

    So is what blocks of killed processes left beside it.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    for folder in _named_as_drafts(target.parent):
        _remove_abandoned(folder)
    around = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        with _marked(around):
            draft = around / target.name
            draft.mkdir(mode=0o700)
            yield draft
            draft.rename(target)
    finally:
        shutil.rmtree(around, ignore_errors=True)


@contextmanager
def scratch_folder(parent: Path, prefix: str) -> Iterator[Path]:
    """A private folder for as long as the block lasts, and what blocks of killed processes left
    beside it removed."""
    for folder in parent.glob(f"{prefix}*"):
        _remove_abandoned(folder)
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
    try:
        with _marked(folder):
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def is_marked(folder: Path) -> bool:
    """Whether its lock tells if it is in use; not so on a disk without locks."""
    return (folder / _MARK).exists()


@contextmanager
def _marked(folder: Path) -> Iterator[None]:
    # Locked before others see it: at no instant does it look abandoned.
    unseen = folder / f"{_MARK}.new"
    with unseen.open("w") as mark:
        try:
            fcntl.flock(mark, fcntl.LOCK_EX)
            unseen.rename(folder / _MARK)
        except OSError:
            # A disk without locks: what a kill leaves there, a person has to remove.
            unseen.unlink()
        yield


def _named_as_drafts(folder: Path) -> list[Path]:
    # A folder that takes files may show none.
    with suppress(OSError):
        return [
            path
            for path in folder.iterdir()
            if _NAME.fullmatch(path.name) and not path.is_symlink()
        ]
    return []


def _remove_abandoned(folder: Path) -> None:
    # Without the mark it is none of ours; another user's is closed; one that is locked is at work.
    with suppress(OSError):
        descriptor = os.open(folder / _MARK, os.O_RDWR | os.O_NOFOLLOW)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder)
        finally:
            os.close(descriptor)
