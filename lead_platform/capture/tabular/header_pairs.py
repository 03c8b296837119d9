"""Columns that two rows name together: a group's title over several columns, their names below.

Spreadsheets merge such cells, and a merged cell leaves blank ones behind. Owns how both rows become
one; whether they are the header of a table belongs to `headers`.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lead_platform.capture.tabular.rows import AnyRow, Row
from lead_platform.capture.tabular.wanted import name_of

BETWEEN = " - "
"""Stands between the group and the name, as CRMs write it: `Person - Email`."""

_LONGEST_NAME = 200
_LEAST_GROUPS = 2
# `Exported by:`, `Report 2026`: what reports have above their tables.
_OF_A_REPORT = re.compile(r":\s*\Z|\d{4}")
_VALUE = re.compile(r"[^\s@]+@[^\s@]+\.|[+(]?[\d\s().,:/%€$£+T-]*\d[\d\s().,:/%€$£+TZ-]*\Z|https?:")


@dataclass(frozen=True)
class HeaderPair:
    """Two rows as one: `cells` are the names of the columns; `groups` has group and own name of
    those that have both, by the name they make. `titles` is what stands in the upper row, `lone`
    what names a column there that the lower row has no name for, by its place."""

    row: Row
    groups: dict[str, tuple[str, str]]
    titles: frozenset[str]
    lone: dict[int, str]

    @property
    def own_names(self) -> list[str]:
        """What the lower row calls the columns of groups."""
        return [own for _, own in self.groups.values()]

    @property
    def tells_apart(self) -> bool:
        """Whether a name comes again below another group: without their titles it is nobody's."""
        groups: dict[str, set[str]] = {}
        for group, own in self.groups.values():
            groups.setdefault(own, set()).add(group)
        return any(len(titles) > 1 for titles in groups.values())


def paired(upper: AnyRow, lower: AnyRow) -> HeaderPair | None:
    """The header that two rows, one right below the other, may make; None where they do not have
    its shape."""
    if not isinstance(upper, Row) or not isinstance(lower, Row):
        return None
    width = max(len(upper.cells), len(lower.cells))
    above, below = _texts(upper, width), _texts(lower, width)
    texts = list(filter(None, (*above, *below)))
    if any(len(text) > _LONGEST_NAME or _VALUE.match(text) for text in texts):
        return None
    if any(_OF_A_REPORT.search(text) for text in above):
        return None
    groups = list(_groups(above, below))
    starts = [n for n in range(width) if above[n] and below[n] and not _goes_on(above, n)]
    is_wide = any(group and group == groups[n + 1] for n, group in enumerate(groups[:-1]))
    lone = {n: above[n] for n in range(width) if above[n] and not below[n]}
    is_beside = bool(starts) and starts[0] > 0 and bool(below[0])
    if not is_wide or not (lone or is_beside or len(starts) >= _LEAST_GROUPS):
        return None
    names = list(map(_name, groups, above, below))
    made = {
        name: (group, own)
        for name, group, own in zip(names, groups, below, strict=True)
        if group and own
    }
    row = Row(upper.line, list(names), upper.number)
    return HeaderPair(row, made, frozenset(filter(None, above)), lone)


def pairs_of(rows: Sequence[AnyRow]) -> Iterator[tuple[int, HeaderPair]]:
    """Each two neighbours that may be a header, with the position of the upper one."""
    for position in range(len(rows) - 1):
        if (pair := paired(rows[position], rows[position + 1])) is not None:
            yield position, pair


def _texts(row: Row, width: int) -> list[str]:
    texts = [name_of(cell) for cell in row.cells]
    return texts + [""] * (width - len(texts))


def _goes_on(above: Sequence[str], place: int) -> bool:
    """Whether the same group's title stands in the cell before, as some exports repeat it."""
    return place > 0 and above[place] == above[place - 1]


def _groups(above: Sequence[str], below: Sequence[str]) -> Iterator[str]:
    """The group of each column: that above it, or that of its left neighbour. A title that has
    nothing below it is a column's own name and goes no further."""
    group = ""
    for title, own in zip(above, below, strict=True):
        if title:
            group = title if own else ""
        yield group if own else ""


def _name(group: str, title: str, own: str) -> str:
    return f"{group}{BETWEEN}{own}" if group and own else own or title
