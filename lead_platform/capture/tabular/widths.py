"""How many cells the rows of a text have, and which rows fit their header.

A comma without quotes makes two cells of one and moves all behind it by one place, which blank
cells at the end of a row or of the header hide. Owns that judgement; workbooks store each cell by
its place and have none.
"""

import re
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice, pairwise
from typing import Any

from lead_platform.capture.tabular.headers import Header
from lead_platform.capture.tabular.rows import AnyRow, Row
from lead_platform.capture.tabular.wanted import Wanted, name_of

_SAMPLE_ROWS = 1_000
_SAMPLE_CHARACTERS = 4 * 1_048_576
_LEAST_SHARE = 0.05
"""Of the rows that have a count of cells, for it to be how the table is written: fewer are slips,
such as halves of rows that were cut in two."""

# What no text with a comma in it looks like.
_SHAPES = (
    re.compile(r"[^\s@<>,;]+@[^\s@<>,;]+\.[^\s@<>,;]+\Z"),
    re.compile(r"(?:\+|00|\()?(?:[\s().\-/]*\d){7,}\Z"),
    re.compile(r"[\d.:TZ/ +-]*\d[\d.:TZ/ +-]*\Z"),
)


@dataclass(frozen=True)
class _Widths:
    """`usual`: cells of a row as the table is written. `shapes`: of columns whose values all look
    alike, which of the shapes they have."""

    named: int
    usual: int
    shapes: dict[int, int]
    is_displaced: bool

    def fits(self, cells: Sequence[Any]) -> bool:
        """Whether each cell surely stands below its name."""
        if self.is_displaced or len(cells) < self.named:
            return False
        return len(cells) == self.usual or self._is_proven(cells)

    def _is_proven(self, cells: Sequence[Any]) -> bool:
        """Whether only blank cells are too many, and nowhere in the row two could have been one.

        A cell of a known shape that stands in its column proves those before it too. Behind it, a
        cell that was cut would leave pieces that are filled side by side.
        """
        if len(cells) <= self.usual or any(map(name_of, cells[self.named :])):
            return False
        anchors = [n for n, shape in self.shapes.items() if _has_shape(cells[n], shape)]
        filled = [bool(name_of(cell)) for cell in cells[max(anchors, default=-1) + 1 : self.named]]
        return not any(map(all, pairwise(filled)))


def fitting_rows(rows: Iterable[AnyRow], header: Header, wanted: Wanted) -> Iterator[AnyRow]:
    """The same rows; those of which some cell may stand below another one's name are marked."""
    rows = iter(rows)
    width = header.named_width
    recent: deque[AnyRow] = deque(maxlen=_SAMPLE_ROWS)
    for row in rows:
        if (len(row.cells) != width or len(header.cells) != width) and any(map(name_of, row.cells)):
            break
        recent.append(row)
        yield row
    else:
        return
    ahead = [row, *_looked_ahead(rows)]
    widths = _widths_of([*recent, *ahead], header, wanted)
    for row in chain(ahead, rows):
        if isinstance(row, Row) and not widths.fits(row.cells):
            yield replace(row, usual_width=widths.usual)
        else:
            yield row


def _looked_ahead(rows: Iterator[AnyRow]) -> Iterator[AnyRow]:
    characters = 0
    for row in islice(rows, _SAMPLE_ROWS):
        yield row
        characters += sum(len(str(cell)) for cell in row.cells)
        if characters > _SAMPLE_CHARACTERS:
            return


def _widths_of(sample: Sequence[AnyRow], header: Header, wanted: Wanted) -> _Widths:
    """The least count of cells that rows have which hold one for each name: what is too much in a
    row only ever adds to it."""
    named = header.named_width
    whole = [row for row in sample if isinstance(row, Row) and len(row.cells) >= named]
    counts = Counter(len(row.cells) for row in whole)
    common = [width for width, count in counts.items() if count >= _LEAST_SHARE * len(whole)]
    usual = min(common, default=named)
    usual_rows = [row for row in whole if len(row.cells) == usual]
    shapes = {n: shape for n in range(usual) if (shape := _shape_of(usual_rows, n)) is not None}
    widths = _Widths(named, usual, shapes, is_displaced=False)
    return replace(widths, is_displaced=_is_displaced(widths, header, wanted))


def _shape_of(rows: Sequence[Row], place: int) -> int | None:
    """The one shape that all values of a column have."""
    texts = [text for row in rows if (text := name_of(row.cells[place]))]
    found = (n for n in range(len(_SHAPES)) if texts and all(_has_shape(t, n) for t in texts))
    return next(found, None)


def _has_shape(cell: Any, shape: int) -> bool:
    return _SHAPES[shape].match(name_of(cell)) is not None


def _is_displaced(widths: _Widths, header: Header, wanted: Wanted) -> bool:
    """Whether mailboxes stand as far behind the column named for them as rows have cells too many:
    every name is written `Doe, Jane`, and the last column is blank throughout."""
    more = widths.usual - widths.named
    if more == 0:
        return False
    names = [name_of(cell) for cell in header.cells] + [""] * more
    return any(
        shape == 0
        and n >= more
        and widths.shapes.get(n - more) != 0
        and _is_for_mailboxes(names[n - more], wanted)
        and not _is_for_mailboxes(names[n], wanted)
        for n, shape in widths.shapes.items()
    )


def _is_for_mailboxes(name: str, wanted: Wanted) -> bool:
    return "mail" in name.casefold() or (name in wanted.identity and "phone" not in name.casefold())
