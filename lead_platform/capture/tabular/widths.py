"""How many cells the rows of a text have, and which rows fit their header.

A comma without quotes makes two cells of one and moves all behind it by one place, which blank
cells at the end of a row or of the header hide. Owns that judgement; workbooks store each cell by
its place and have none.
"""

import re
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, islice
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
_MAILBOX = 0
_PIECE = re.compile(r"[\d.:TZ/ +()\-]*\Z")
"""What a comma leaves of numbers: `1,200`, `030 5550, 030 5551`."""

_MOST_TOO_MANY = 64
"""Cells. Of rows with more, the ways they may have been written are not looked at: they are
refused."""


@dataclass(frozen=True)
class _Widths:
    """`usual`: cells of a row as the table is written. `shapes`: of columns whose values all look
    alike, which of the shapes they have. `unmailed`: columns with values of which none is a
    mailbox."""

    named: int
    usual: int
    shapes: dict[int, int]
    unmailed: frozenset[int]
    is_displaced: bool

    def fits(self, cells: Sequence[Any]) -> bool:
        """Whether each cell surely stands below its name."""
        if self.is_displaced or len(cells) < self.named:
            return False
        return len(cells) == self.usual or self._is_proven(cells)

    def _is_proven(self, cells: Sequence[Any]) -> bool:
        """Whether only blank cells are too many, and in no other way could the row have become what
        it is: the shapes of the columns contradict each way but this one, and a cell stands in its
        column that none before it could hold.
        """
        too_many = len(cells) - self.usual
        if not 0 < too_many <= _MOST_TOO_MANY or any(map(name_of, cells[self.named :])):
            return False
        texts = [name_of(cell) for cell in cells[: self.named]]
        return (
            all(self._may_hold(n, text) for n, text in enumerate(texts))
            and any(self._is_anchored(n, text, too_many) for n, text in enumerate(texts))
            and not self._may_be_displaced(texts, too_many)
        )

    def _is_anchored(self, place: int, text: str, too_many: int) -> bool:
        before = range(max(0, place - too_many), place)
        return bool(
            text and place in self.shapes and not any(self._may_hold(n, text) for n in before)
        )

    def _may_be_displaced(self, texts: Sequence[str], too_many: int) -> bool:
        """Whether some cells, put together again, leave a filled one below another name.

        `ways`: by how many places what was read so far has moved, whether the cell at hand may be
        continued and whether it may be the last of its column.
        """
        while texts and not texts[-1]:
            texts = texts[:-1]
        ways = {_Way(0, is_cut=False, is_whole=True)}
        for n, text in enumerate(texts):
            ways = set(self._next_ways(ways, n, text, too_many))
        return any(way.moved and way.is_whole for way in ways)

    def _next_ways(
        self, ways: Iterable["_Way"], n: int, text: str, too_many: int
    ) -> Iterator["_Way"]:
        for way in ways:
            place = n - way.moved
            if way.is_whole and self._may_hold(place, text):
                yield _Way(way.moved, is_cut=False, is_whole=True)
            if way.is_whole and way.moved < too_many and text and self._may_be_cut(place, text):
                yield _Way(way.moved, is_cut=True, is_whole=False)
            if way.is_cut and way.moved < too_many and self._may_be_cut(place - 1, text):
                yield _Way(way.moved + 1, is_cut=True, is_whole=True)

    def _may_hold(self, place: int, text: str) -> bool:
        """Whether the value looks like those of the column."""
        if not text:
            return True
        shape = self.shapes.get(place)
        if shape is None:
            return place not in self.unmailed or not _has_shape(text, _MAILBOX)
        return _has_shape(text, shape)

    def _may_be_cut(self, place: int, text: str) -> bool:
        """Whether it looks like a piece of a value of the column: `1,200`, two numbers or two
        mailboxes in one cell, or any text, which may end in a comma."""
        if self.shapes.get(place, _MAILBOX) == _MAILBOX:
            return self._may_hold(place, text) and bool(text or place not in self.shapes)
        return _PIECE.match(text) is not None


@dataclass(frozen=True)
class _Way:
    """How a row may have been written, up to one of its cells. `moved`: by how many places that
    stands too far behind; `is_cut`: it is a piece of a value; `is_whole`: no more pieces must
    follow."""

    moved: int
    is_cut: bool
    is_whole: bool


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
    unmailed = frozenset(n for n in range(usual) if _is_unmailed(usual_rows, n))
    widths = _Widths(named, usual, shapes, unmailed, is_displaced=False)
    return replace(widths, is_displaced=_is_displaced(widths, header, wanted))


def _texts_of(rows: Sequence[Row], place: int) -> list[str]:
    return [text for row in rows if (text := name_of(row.cells[place]))]


def _is_unmailed(rows: Sequence[Row], place: int) -> bool:
    texts = _texts_of(rows, place)
    return bool(texts) and not any("@" in text for text in texts)


def _shape_of(rows: Sequence[Row], place: int) -> int | None:
    """The one shape that all values of a column have."""
    texts = _texts_of(rows, place)
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
        shape == _MAILBOX
        and n >= more
        and widths.shapes.get(n - more) != _MAILBOX
        and _is_for_mailboxes(names[n - more], wanted)
        and not _is_for_mailboxes(names[n], wanted)
        for n, shape in widths.shapes.items()
    )


def _is_for_mailboxes(name: str, wanted: Wanted) -> bool:
    return "mail" in name.casefold() or (name in wanted.identity and "phone" not in name.casefold())
