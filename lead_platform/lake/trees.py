"""The files of a folder that strangers fill while it is read: told or left out, never a reason to
stop."""

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Tree:
    """What lies below a folder: the files that can be copied, and why anything else cannot.

    A folder that is a link is entered where it is the one asked for, and not below: who fills it
    made that link. As deep as names go.
    """

    files: list[Path] = field(default_factory=list)
    left_out: dict[Path, str] = field(default_factory=dict)


def look_below(folder: Path) -> Tree:
    """All of it before any is used: who copies must not find the copy."""
    tree, folders = Tree(), [folder]
    while folders:
        for entry in _entries(folders.pop(), tree):
            path = Path(entry.path)
            try:
                mode = entry.stat(follow_symlinks=False).st_mode
            except FileNotFoundError:
                continue
            except OSError as error:
                tree.left_out[path] = error.strerror or str(error)
                continue
            if stat.S_ISDIR(mode):
                folders.append(path)
            elif stat.S_ISREG(mode):
                tree.files.append(path)
            else:
                tree.left_out[path] = "a link" if stat.S_ISLNK(mode) else "no regular file"
    return tree


def _entries(folder: Path, tree: Tree) -> Iterator[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            yield from entries
    except (FileNotFoundError, NotADirectoryError):
        # Gone since it was listed, or never there.
        return
    except OSError as error:
        tree.left_out[folder] = error.strerror or str(error)
