"""What lies below a folder that strangers fill meanwhile: told or left out, no reason to stop."""

import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

_KINDS = {
    stat.S_IFLNK: "a symbolic link",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFDIR: "a folder this user may not look into",
}


def walk(
    folder: Path, is_skipped: Callable[[str], bool] = lambda name: False
) -> Iterator[tuple[Path, os.stat_result]]:
    """Everything below the folder and its state; of folders only those that cannot be entered.

    The folder may be a link; no link below it is followed: who fills it made that. As deep as names
    go. `is_skipped`: names of files and folders that are not looked at.
    """
    folders: list[tuple[Path, os.stat_result | None]] = [(folder, None)]
    while folders:
        place, found = folders.pop()
        try:
            entries = list(os.scandir(place))
        except (FileNotFoundError, NotADirectoryError):
            # Gone since it was listed, or never there.
            continue
        except OSError:
            yield place, found or place.stat()
            continue
        for entry in entries:
            if is_skipped(entry.name):
                continue
            try:
                status = entry.stat(follow_symlinks=False)
            except OSError:
                continue
            if stat.S_ISDIR(status.st_mode):
                folders.append((Path(entry.path), status))
            else:
                yield Path(entry.path), status


def kind_of(mode: int) -> str:
    """What is no regular file, in words."""
    return _KINDS.get(stat.S_IFMT(mode), "no regular file")


@dataclass
class Tree:
    """What lies below a folder: the files, and by path why anything else cannot be copied."""

    files: list[Path] = field(default_factory=list)
    left_out: dict[Path, str] = field(default_factory=dict)


def look_below(folder: Path) -> Tree:
    """All of it before any is used: who copies must not find the copy."""
    tree = Tree()
    for path, status in walk(folder):
        if stat.S_ISREG(status.st_mode):
            tree.files.append(path)
        else:
            tree.left_out[path] = kind_of(status.st_mode)
    return tree
