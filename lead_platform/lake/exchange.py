"""Exchange what folders hold for what was prepared beside it: all of it, or nothing.

The folders themselves stay where they are: a home may be the mount point of a volume, or lie where
its user may make nothing beside it.
"""

import errno
import shutil
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

_Moves = list[tuple[Path, Path]]


class ExchangeFailedError(Exception):
    """What was moved could not be moved back: says what lies where."""


@dataclass(frozen=True)
class Place:
    """A folder, the draft of what it is to hold, and where what it holds goes.

    `kept` stays where it is, and so do the folders it lies in.
    """

    folder: Path
    draft: Path
    aside: Path
    kept: frozenset[Path]

    def is_occupied(self) -> bool:
        """Whether there is more than empty folders to set aside."""
        return any(
            not _is_folder(path)
            for entry in _entries(self.folder, self.kept)
            for path in (entry, *_below(entry, self.kept))
        )


@contextmanager
def exchanged(places: Collection[Place]) -> Iterator[None]:
    """For the block and, unless it or the exchange itself fails, for good.

    Raises ExchangeFailedError where what was moved cannot be moved back.
    """
    moved: _Moves = []
    try:
        for place in places:
            if place.is_occupied():
                fixed = place.kept | mount_points(place.folder)
                _move_contents(place.folder, place.aside, place.kept, fixed, moved)
            _move_contents(place.draft, place.folder, frozenset(), frozenset(), moved)
        yield
    except BaseException:
        _move_back(moved)
        for place in places:
            _remove_empty(place.aside)
        raise


def mount_points(folder: Path) -> frozenset[Path]:
    """The folder itself and folders below it, where they are mount points."""
    place = folder.resolve()
    mounted = (Path(part.mountpoint) for part in psutil.disk_partitions(all=True))
    return frozenset(
        folder / path.relative_to(place) for path in mounted if path.is_relative_to(place)
    )


def _move_contents(
    source: Path, target: Path, kept: frozenset[Path], fixed: frozenset[Path], moved: _Moves
) -> None:
    """Move what the source holds to the target: whole folders, unless part of them is fixed."""
    target.mkdir(parents=True, exist_ok=True)
    for entry in _entries(source, kept):
        goal = target / entry.name
        is_shared = _is_folder(entry) and goal.is_dir()
        if is_shared or any(path.is_relative_to(entry) for path in fixed):
            _move_contents(entry, goal, kept, fixed, moved)
        else:
            _move(entry, goal, moved)


def _move(source: Path, target: Path, moved: _Moves) -> None:
    """Rename it; from or to another file system, such as a volume within a home, copy it."""
    try:
        source.rename(target)
        moved.append((source, target))
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        try:
            _copy(source, target)
        except BaseException:
            _remove(target)
            raise
        moved.append((source, target))
        _remove(source)


def _copy(source: Path, target: Path) -> None:
    if _is_folder(source):
        shutil.copytree(source, target, symlinks=True, dirs_exist_ok=True)
    else:
        shutil.copy2(source, target, follow_symlinks=False)


def _remove(path: Path) -> None:
    if _is_folder(path):
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _move_back(moved: _Moves) -> None:
    for source, target in reversed(moved):
        try:
            _move(target, source, [])
        except OSError as error:
            raise ExchangeFailedError(
                f"{target} could not be moved back to {source} ({error.strerror}), nor what was "
                "moved before it. Nothing was removed: move it back by hand."
            ) from error


def _entries(folder: Path, kept: Collection[Path]) -> list[Path]:
    """What the folder holds; the lake last, and in it the catalog."""
    if not folder.is_dir():
        return []
    found = [entry for entry in folder.iterdir() if entry not in kept]
    return sorted(found, key=lambda path: (path.name == "lake", not _is_folder(path), path.name))


def _below(folder: Path, kept: Collection[Path]) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path not in kept)


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def _remove_empty(folder: Path) -> None:
    """Remove it with the empty folders in it; whatever holds a file stays."""
    for path in sorted((folder, *folder.rglob("*")), reverse=True):
        with suppress(OSError):
            path.rmdir()
