"""Which sign separates the cells of a text.

Owns the `sep=` line that Excel writes and the comparison of delimiters over a file's beginning.
"""

import csv
import re
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from io import StringIO
from typing import BinaryIO

from lead_platform.capture.tabular.encodings import TextEncoding
from lead_platform.capture.tabular.headers import HEADER_ROWS, TableFault
from lead_platform.capture.tabular.readings import DELIMITERS
from lead_platform.capture.tabular.rules import TableRule
from lead_platform.capture.tabular.wanted import Wanted

_SAMPLE_BYTES = 262_144
_SAMPLE_ROWS = 1_000
_DECLARATION = re.compile(r'"?sep=(.)"?\s*\Z', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Dialect:
    """The sign between cells, and how many lines say so before the table begins."""

    delimiter: str
    declaring_lines: int = 0


def find_dialect(
    stream: BinaryIO, encoding: TextEncoding, rule: TableRule, wanted: Wanted
) -> Dialect:
    """What the channel sets, else what the file declares, else what splits it best.

    The stream is read from where it stands and put back. Raises TableFault where two fit alike.
    """
    place = stream.tell()
    data = stream.read(_SAMPLE_BYTES)
    stream.seek(place)
    lines = list(StringIO(_decoded(data, encoding), newline="\n"))
    declared = _DECLARATION.match(lines[0]) if lines else None
    if rule.delimiter is not None:
        return Dialect(rule.delimiter, int(declared is not None))
    if declared is not None:
        return Dialect(declared[1], 1)
    whole = lines[:-1] if len(data) == _SAMPLE_BYTES and len(lines) > 1 else lines
    return Dialect(_best_delimiter(whole, wanted))


def _decoded(data: bytes, encoding: TextEncoding) -> str:
    try:
        return data.decode(encoding.name)
    except UnicodeDecodeError:
        return data.decode(encoding.otherwise or encoding.name, "replace")


def _best_delimiter(lines: list[str], wanted: Wanted) -> str:
    scores = {sign: _score(lines, sign, wanted) for sign in DELIMITERS}
    best = max(scores.values())
    fitting = [sign for sign, score in scores.items() if score == best]
    if len(fitting) > 1 and best.columns > 1:
        raise TableFault(
            f"ambiguous delimiter: {' and '.join(DELIMITERS[sign] for sign in fitting)} split the "
            "rows alike; write the right one as `delimiter` under `table` of the channel"
        )
    return fitting[0]


@dataclass(frozen=True, slots=True, order=True)
class _Score:
    """How well a delimiter splits: names the channel wants (where no channel speaks of the table,
    those people use), then rows of one width, then columns.

    `regular`: how many rows have the commonest width, where that is more than one cell.
    """

    has_needed: bool
    named: int
    regular: int
    columns: int


def _score(lines: list[str], delimiter: str, wanted: Wanted) -> _Score:
    rows = [row for row in _split(lines, delimiter) if any(cell.strip() for cell in row)]
    if wanted.names:
        (has_needed, named) = max(map(wanted.score, rows), default=(False, 0))
    else:
        # Reports hold other tables, and dates with a comma in each row split alike.
        named = max(map(wanted.count_known, rows[:HEADER_ROWS]), default=0)
        has_needed = True
    if not named:
        has_needed = False
    widths = Counter(len(row) for row in rows)
    columns, regular = max(
        ((width, count) for width, count in widths.items() if width > 1),
        key=lambda found: (found[1], found[0]),
        default=(1, 0),
    )
    return _Score(has_needed, named, regular, columns)


def _split(lines: list[str], delimiter: str) -> list[list[str]]:
    """Rows as the delimiter would have them, as far as they can be split."""
    rows: list[list[str]] = []
    with suppress(csv.Error):
        for row in csv.reader(lines, delimiter=delimiter):
            rows.append(row)
            if len(rows) == _SAMPLE_ROWS:
                break
    return rows
