"""What a whole file would become, counted: what is rejected or left empty, and why.

Reads the file as a stream and writes nothing. Which of its records say the same again, or something
else under one id, `intake` decides; what the lake holds is not asked. The first records in full are
`preview`'s.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from lead_platform.capture.channels import Channel
from lead_platform.capture.columns import Kind
from lead_platform.capture.contracts import Contracts
from lead_platform.capture.intake import SeenRecords
from lead_platform.capture.kinds import PERSON
from lead_platform.capture.mapping import ITEM_COLUMNS, RecordMapper
from lead_platform.capture.readers import BadRecord, read_records
from lead_platform.capture.tabular.wanted import wanted_of
from lead_platform.capture.values import brief

Row = Mapping[str, Any]
_KIND_POSITION = ITEM_COLUMNS["submission"].index("kind")
# Normalised together; a value that occurs often is then normalised once.
_BATCH = 2_000


@dataclass(frozen=True)
class ReadRow:
    """An item as identity reads it: its normalised values, and (field, reason) of what it finds
    no value in."""

    values: Mapping[str, Any]
    issues: tuple[tuple[str, str], ...]


Normalizer = Callable[[Kind, Sequence[Row]], list[ReadRow]]
"""Items of one kind, by column, to how they are read."""


@dataclass
class FileTally:
    """How the records of a file would end.

    `repeats` say what an earlier record of the file said. `kinds` counts submissions by what they
    are: a person's, or why they become no lead. `rejected` and `left_empty` count by reason without
    its value, `unread` by field and reason of normalisation; `examples` has the first reason in
    full, by reason without its value, and `rows` where in a table it is found.
    """

    records: int = 0
    taken: int = 0
    repeats: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    items: Counter[Kind] = field(default_factory=Counter)
    rejected: Counter[str] = field(default_factory=Counter)
    left_empty: Counter[str] = field(default_factory=Counter)
    unread: Counter[tuple[str, str]] = field(default_factory=Counter)
    examples: dict[str, str] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)


def tally_file(
    path: Path,
    channel: Channel,
    *,
    received_at: datetime,
    normalize: Normalizer,
    contracts: Contracts | None = None,
) -> FileTally:
    """Counts over all records of the file. Raises UnreadableFileError."""
    tally, swapped = _tallied(path, channel, received_at, normalize, contracts, frozenset())
    if swapped:
        tally, _ = _tallied(path, channel, received_at, normalize, contracts, swapped)
    return tally


def _tallied(
    path: Path,
    channel: Channel,
    received_at: datetime,
    normalize: Normalizer,
    contracts: Contracts | None,
    swapped: frozenset[str],
) -> tuple[FileTally, frozenset[str]]:
    """The counts, and the columns whose real dates turn out to be swapped; `swapped`: those that
    are known."""
    mapper = RecordMapper(channel, received_at, contracts)
    seen = SeenRecords(channel.rules.on_conflict)
    tally = FileTally()
    waiting: dict[Kind, list[Row]] = {}
    records = read_records(path, channel.rules, wanted_of(channel), swapped=swapped)
    for record in records:
        tally.records += 1
        if isinstance(record, BadRecord):
            _count(tally, tally.rejected, [record.reason], record.row)
            continue
        mapped = mapper.map_record(record.content, record.number)
        if mapped.reasons:
            _count(tally, tally.rejected, mapped.reasons, record.row)
            continue
        new, conflict = seen.decide(record.number, mapped)
        if conflict is not None:
            _count(tally, tally.rejected, [conflict], record.row)
            continue
        if not new:
            tally.repeats += 1
            continue
        tally.taken += 1
        _count(tally, tally.left_empty, mapped.side_faults, record.row)
        for position in new:
            kind, row = mapped.items[position]
            tally.items[kind] += 1
            if kind == "submission":
                tally.kinds[row[_KIND_POSITION]] += 1
            rows = waiting.setdefault(kind, [])
            rows.append(dict(zip(ITEM_COLUMNS[kind], row, strict=True)))
            if len(rows) >= _BATCH:
                _read(tally, kind, rows, normalize)
    for kind, rows in waiting.items():
        _read(tally, kind, rows, normalize)
    return tally, records.swapped - swapped


def _count(
    tally: FileTally, counter: Counter[str], reasons: Sequence[str], row: int | None
) -> None:
    for reason in reasons:
        kind = reason.partition(":")[0]
        counter[kind] += 1
        if kind not in tally.examples:
            tally.examples[kind] = reason
            if row is not None:
                tally.rows[kind] = row


def _read(tally: FileTally, kind: Kind, rows: list[Row], normalize: Normalizer) -> None:
    for read in normalize(kind, rows):
        tally.unread.update(read.issues)
    rows.clear()


def render_tally(tally: FileTally) -> RenderableType:
    """The counts for a terminal."""
    items = ", ".join(f"{count:,} {kind}s" for kind, count in tally.items.items()) or "nothing"
    rejected = tally.records - tally.taken - tally.repeats
    head = Text(f"Of {tally.records:,} records {tally.taken:,} would be taken ({items}), ")
    if tally.repeats:
        head.append(f"{tally.repeats:,} repeat another of the file, ")
    head.append(f"{rejected:,} rejected.", style="red" if rejected else None)
    strangers = [(kind, count) for kind, count in tally.kinds.most_common() if kind != PERSON]
    if strangers:
        told = ", ".join(f"{count:,} {kind}" for kind, count in strangers)
        head.append(f" Of the submissions no lead becomes: {told}.", style="yellow")
    rows = [
        *(("rejected", reason, count) for reason, count in tally.rejected.most_common()),
        *(("left empty", reason, count) for reason, count in tally.left_empty.most_common()),
    ]
    table = Table("what", "why", "records", "first in row", "for example")
    for what, reason, count in rows:
        example = brief(tally.examples[reason].partition(":")[2].strip())
        where = str(tally.rows.get(reason, ""))
        table.add_row(what, Text(reason), f"{count:,}", where, Text(example))
    for (name, reason), count in tally.unread.most_common():
        table.add_row("not normalised", Text(f"{name}: {reason}"), f"{count:,}", "", "")
    return Group(head, table) if table.row_count else head
