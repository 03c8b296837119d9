"""Names of files, which are bytes to the system and may be no text: shown, handed on, shortened.

Owns their forms as text. Which files are looked at belongs to `inbox`.
"""

import os
import re
from pathlib import Path
from urllib.parse import unquote_to_bytes

# What file systems take for one name.
LONGEST_NAME = 255
_LONGEST_SUFFIX = 20
_URI = "file:"
# Surrogates, but for those that stand for a byte of a name.
_HALF_SIGNS = re.compile("[\ud800-\udc7f\udd00-\udfff]")


def shown(path: Path | str) -> str:
    """The path or name for people: what is no text or would act on a terminal is escaped."""
    return "".join(char if char.isprintable() else _escaped(char) for char in writable(str(path)))


def writable(text: str) -> str:
    """A text that may hold such a name, or half a sign of a broken file, as every store takes it:
    both escaped."""
    whole = _HALF_SIGNS.sub(lambda found: _escaped(found.group()), text)
    return whole.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def path_as_text(path: Path) -> str:
    """The absolute path as a text that every store takes; `path_of_text` gives it back.

    Itself wherever it is text; else as a `file:` address, whose percent signs hold any byte.
    """
    text = str(path)
    return text if _is_text(text) else path.as_uri()


def path_of_text(text: str) -> Path:
    """The path that `path_as_text` wrote."""
    if text.startswith(_URI):
        return Path(os.fsdecode(unquote_to_bytes(text.removeprefix(_URI).removeprefix("//"))))
    return Path(text)


def shortened(name: str, prefix: str) -> str:
    """`prefix` and `name`, the middle of the name left out where a file system would refuse it."""
    room = LONGEST_NAME - len(os.fsencode(prefix))
    given = os.fsencode(name)
    if len(given) <= room:
        return prefix + name
    suffix = os.fsencode(Path(name).suffix)
    suffix = suffix if len(suffix) <= _LONGEST_SUFFIX else b""
    kept = given[: room - len(suffix)]
    # A letter of several bytes is not cut in two.
    head = kept.decode("utf-8", "ignore") if _is_text(name) else os.fsdecode(kept)
    return prefix + head + os.fsdecode(suffix)


def _is_text(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _escaped(char: str) -> str:
    return char.encode("unicode_escape").decode()
