"""Bodies of forms that were posted urlencoded, one per line, where a channel expects JSON.

Form plugins post the same fields either way; what is delivered is told by its text.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from lead_platform.capture.cells import read_urlencoded
from lead_platform.capture.lines import RecordLines, open_text
from lead_platform.capture.values import ValueFault

_SNIFFED = 4_096
# A name, an equals sign and no space before the line ends: neither JSON nor a table.
_BODY = re.compile(rb"\s*[\w.%\[\]+*-]+=[^\s{}\"]*(?:\r?\n|$)")


def holds_bodies(path: Path) -> bool:
    """Whether the file begins with an urlencoded body."""
    with open_text(path) as stream:
        begin = stream.read(_SNIFFED)
    return _BODY.match(begin) is not None


def read_bodies(path: Path) -> Iterator[dict[str, Any] | str]:
    """The fields of each body, or why it cannot be read."""
    with open_text(path) as stream:
        for line, text, fault in RecordLines(stream, "&", None).records():
            if fault is not None:
                yield fault
            elif text.strip():
                yield _body(text.strip(), line)


def _body(text: str, line: int) -> dict[str, Any] | str:
    try:
        return read_urlencoded(text)
    except ValueFault as fault:
        return f"broken body: line {line}: {fault}"
