"""Shows what records of a file would become before anything is taken in, field by field.

Owns the five-dummy-leads test of a channel: data first, a table for the terminal beside it.
Writes nothing.
"""

import dataclasses
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain, islice
from pathlib import Path
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from lead_platform.capture.channels import Channel
from lead_platform.capture.columns import Kind
from lead_platform.capture.contracts import Contracts
from lead_platform.capture.guessing.left_parts import doubts_about_parts, parts_of
from lead_platform.capture.guessing.names import FieldNames
from lead_platform.capture.guessing.refusals import may_be_consent
from lead_platform.capture.guessing.section_titles import ask_about_titles_of_rows
from lead_platform.capture.guessing.shapes import Column
from lead_platform.capture.half_converted import dated_names, half_converted
from lead_platform.capture.mapping import ITEM_COLUMNS, RecordMapper, item_values
from lead_platform.capture.names import shown
from lead_platform.capture.questions import ASKED_FIELDS
from lead_platform.capture.readers import BadRecord, RawRecord, Record, read_records
from lead_platform.capture.tabular.readings import TableReading
from lead_platform.capture.tabular.wanted import wanted_of
from lead_platform.capture.tallies import Normalizer, ReadRow
from lead_platform.capture.value_rules import FieldRule
from lead_platform.capture.values import brief, readable_text, show

PREVIEWED_RECORDS = 5
READ_ON = 5_000
"""Records behind those previewed that are read to see where the table ends: a tenth of a second."""
_MOST_BESIDE = 5
_MOST_NAMES = 50

_BY_QUESTION = "the answer to its question"
_HIDDEN = {"channel", "content_hash", "record_number", "received_at", "payload", "kind_version"}


@dataclass(frozen=True)
class FieldPreview:
    """One canonical field of one kind of item: where it comes from, its value per record."""

    kind: Kind
    field: str
    source: str
    values: tuple[Any, ...]

    @property
    def is_filled(self) -> bool:
        """Whether any of the records has a value."""
        return any(value is not None for value in self.values)


@dataclass(frozen=True)
class FilePreview:
    """What the first records of a file would become.

    `fields` has one entry per kind and canonical field that is mapped or filled; its values go
    with `record_numbers` (of several items of one kind, the first is shown). `item_counts` has
    (kind, number of items) per record; `rejections` the reasons by record number, None being the
    file as a whole; `side_faults` why single fields of a record that is taken in stay empty.
    `unused_names` are top-level names of the records that no path mentions. `reading`: how the file
    was read as a table, as far as its first READ_ON records. `normalized` has the fields as
    identity reads them, where a normaliser was given. `rows`: where records stand in a table, by
    their number, as a spreadsheet counts rows. `doubts`: what columns of dates have, as far as
    READ_ON records, that makes them look wrong, and what is left that may say who may be reached.
    `names_beside` are parts of the document beside its records.
    """

    channel: str
    file_name: str
    record_numbers: tuple[int, ...]
    fields: tuple[FieldPreview, ...]
    item_counts: tuple[dict[Kind, int], ...]
    rejections: tuple[tuple[int | None, tuple[str, ...]], ...]
    side_faults: tuple[tuple[int, tuple[str, ...]], ...]
    unused_names: tuple[str, ...]
    reading: TableReading | None = None
    normalized: tuple[FieldPreview, ...] = ()
    rows: Mapping[int, int] = dataclasses.field(default_factory=dict)
    doubts: tuple[str, ...] = ()
    names_beside: tuple[str, ...] = ()

    def told(self, number: int) -> str:
        """A record by its number, and by where a person finds it in the file."""
        row = self.rows.get(number)
        return f"record {number}" if row is None else f"record {number} (row {row})"


def preview_file(
    path: Path,
    channel: Channel,
    *,
    received_at: datetime,
    contracts: Contracts | None = None,
    limit: int = PREVIEWED_RECORDS,
    normalize: Normalizer | None = None,
    names: FieldNames | None = None,
) -> FilePreview:
    """The first `limit` records of the file, mapped; `names` tell what of the rest may matter.
    Raises UnreadableFileError."""
    stream = read_records(path, channel.rules, wanted_of(channel))
    records = list(islice(stream, limit))
    # What stands below the records belongs to what is shown, and to what a column has.
    dated: dict[str, dict[str, None]] = {name: {} for name in dated_names(channel.rules)}
    placed: list[tuple[int, Mapping[str, Any]]] = []
    for record in chain(records, islice(stream, READ_ON)):
        _note_dates(record, dated)
        if isinstance(record, RawRecord) and record.row is not None and names is not None:
            placed.append((record.row, record.content))
    mapper = RecordMapper(channel, received_at, contracts)
    numbers: list[int] = []
    counts: list[dict[Kind, int]] = []
    items: list[dict[Kind, dict[str, Any]]] = []
    rejections: list[tuple[int | None, tuple[str, ...]]] = []
    side_faults: list[tuple[int, tuple[str, ...]]] = []
    for record in records:
        if isinstance(record, BadRecord):
            rejections.append((record.number, (record.reason,)))
            continue
        mapped = mapper.map_record(record.content, record.number)
        if mapped.reasons:
            rejections.append((record.number, tuple(mapped.reasons)))
            continue
        if mapped.side_faults:
            side_faults.append((record.number, tuple(mapped.side_faults)))
        numbers.append(record.number)
        counts.append(_counted([kind for kind, _ in mapped.items]))
        items.append(_first_of_kind(mapped.items))
    unused = tuple(_unused_names(channel, records))
    return FilePreview(
        channel=channel.name,
        file_name=shown(path.name),
        record_numbers=tuple(numbers),
        fields=tuple(_field_previews(channel, items)),
        item_counts=tuple(counts),
        rejections=tuple(rejections),
        side_faults=tuple(side_faults),
        unused_names=unused,
        names_beside=tuple(stream.beside),
        reading=stream.reading,
        normalized=tuple(_normalized_previews(channel, items, normalize)) if normalize else (),
        rows={r.number: r.row for r in records if r.number is not None and r.row is not None},
        doubts=(
            *(f"{name}: {told}" for name, seen in dated.items() if (told := half_converted(seen))),
            *(_left_doubts(channel, names, records, unused, stream.beside) if names else ()),
            *(_doubts_about_answers(channel, names, items) if names else ()),
            *(ask_about_titles_of_rows(placed, names, channel.lists) if names else ()),
        ),
    )


def _left_doubts(
    channel: Channel,
    names: FieldNames,
    records: Sequence[Record],
    unused: Sequence[str],
    beside: Mapping[str, Any],
) -> Iterator[str]:
    """What the channel leaves that may say who may be reached."""
    if channel.rules.unmapped == "answers":
        unused = ()
    contents = [record.content for record in records if not isinstance(record, BadRecord)]
    held = {name: [content.get(name) for content in contents] for name in unused}
    parts = (*parts_of(held, is_beside=False), *parts_of(beside, is_beside=True))
    yield from doubts_about_parts(parts, names, channel.lists)


def _doubts_about_answers(
    channel: Channel, names: FieldNames, items: Sequence[Mapping[Kind, Mapping[str, Any]]]
) -> Iterator[str]:
    """Questions that may be about consent, whose answers fill no field."""
    asked: dict[str, dict[str, None]] = {}
    for item in items:
        kept = item.get("submission", {}).get("answers")
        for question, answer in (json.loads(kept) if kept else {}).items():
            asked.setdefault(question, {})[readable_text(answer) or ""] = None
    for question, answers in asked.items():
        if may_be_consent(Column((question,), tuple(answers)), names, channel.lists):
            yield (
                f"{show(question)}: does it say who may be written to or called? An answer that "
                "denies is taken as a denial, and none as a grant; where it grants, map it to "
                "`consent_email`, `consent_phone`, `consent_sms` or `consent_whatsapp`"
            )


def _note_dates(record: Record, dated: dict[str, dict[str, None]]) -> None:
    if isinstance(record, BadRecord):
        return
    for name, seen in dated.items():
        if text := readable_text(record.content.get(name)):
            seen[text] = None


def render_preview(preview: FilePreview) -> RenderableType:
    """The preview for a terminal: a table per kind, the reasons of rejected records below."""
    parts: list[RenderableType] = []
    if preview.reading is not None:
        parts += [Text(line, style="dim") for line in preview.reading.describe()]
    parts += [Text(f"To answer: {doubt}", style="bold red") for doubt in preview.doubts]
    for kind in dict.fromkeys(field.kind for field in preview.fields):
        for title, fields in (
            (f"{preview.channel}: {kind}s from {preview.file_name}", preview.fields),
            (f"{kind}s as they are read", preview.normalized),
        ):
            chosen = [field for field in fields if field.kind == kind]
            if chosen:
                parts += _tables(title, chosen, list(map(preview.told, preview.record_numbers)))
    for rejected, reasons in preview.rejections:
        what = "the file" if rejected is None else preview.told(rejected)
        told = "; ".join(map(brief, reasons))
        parts.append(Text(f"Rejected {what}: {told}", style="red"))
    for number, reasons in preview.side_faults:
        told = "; ".join(map(brief, reasons))
        parts.append(Text(f"Left empty in {preview.told(number)}: {told}", style="yellow"))
    if preview.unused_names:
        told = _told_names(preview.unused_names)
        parts.append(Text(f"Kept in the payload only: {told}", style="dim"))
    if preview.names_beside:
        told = _told_names(preview.names_beside)
        parts.append(Text(f"Beside the records, and not taken in: {told}", style="yellow"))
    return Group(*parts)


def _told_names(names: Sequence[str]) -> str:
    told = ", ".join(map(brief, names[:_MOST_NAMES]))
    more = len(names) - _MOST_NAMES
    return f"{told} and {more:,} more" if more > 0 else told


def _tables(
    title: str, fields: Sequence[FieldPreview], records: Sequence[str]
) -> Iterator[RenderableType]:
    """As many records side by side as can be read."""
    for start in range(0, len(records), _MOST_BESIDE):
        told = title if not start else f"{title}, further records"
        yield _table(told, fields, records, slice(start, start + _MOST_BESIDE))


def _table(
    title: str, fields: Sequence[FieldPreview], records: Sequence[str], shown: slice
) -> Table:
    table = Table(title=title, expand=False)
    table.add_column("field", style="bold", no_wrap=True)
    table.add_column("from", style="dim", overflow="fold")
    for record in records[shown]:
        table.add_column(record, overflow="fold")
    for field in fields:
        values = [Text("·" if v is None else brief(v)) for v in field.values[shown]]
        style = None if field.is_filled else "yellow"
        table.add_row(Text(field.field), Text(field.source), *values, style=style)
    return table


def _normalized_previews(
    channel: Channel, shown: list[dict[Kind, dict[str, Any]]], normalize: Normalizer
) -> Iterator[FieldPreview]:
    """Fields that some record has a value or a reason for; the reason stands where a value is
    missing."""
    for kind in dict.fromkeys(emit.kind for emit in channel.rules.emits):
        with_kind = [number for number, items in enumerate(shown) if kind in items]
        read = normalize(kind, [shown[number][kind] for number in with_kind])
        rows = dict(zip(with_kind, read, strict=True))
        names = dict.fromkeys(
            name
            for row in read
            for name in (*row.values, *(name for name, _ in row.issues))
            if row.values.get(name) is not None or name in dict(row.issues)
        )
        for name in names:
            values = tuple(_read_value(rows.get(number), name) for number in range(len(shown)))
            yield FieldPreview(kind, name, "", values)


def _read_value(row: ReadRow | None, name: str) -> Any:
    if row is None:
        return None
    value, reason = row.values.get(name), dict(row.issues).get(name)
    if value is None:
        return None if reason is None else f"✗ {reason}"
    return value if reason is None else f"{value} ({reason})"


def _counted(kinds: list[Kind]) -> dict[Kind, int]:
    return {kind: kinds.count(kind) for kind in dict.fromkeys(kinds)}


def _first_of_kind(items: list[tuple[Kind, list[Any]]]) -> dict[Kind, dict[str, Any]]:
    first: dict[Kind, dict[str, Any]] = {}
    for kind, row in items:
        if kind not in first:
            first[kind] = item_values(kind, row)
    return first


def _field_previews(
    channel: Channel, shown: list[dict[Kind, dict[str, Any]]]
) -> Iterator[FieldPreview]:
    for kind in dict.fromkeys(emit.kind for emit in channel.rules.emits):
        sources = _sources(channel, kind)
        rule = channel.rules.answers
        by_name = kind == "submission" and rule is not None and rule.by_name
        asked = ASKED_FIELDS if by_name else ()
        custom = [field.name for field in channel.mapped_custom_fields if kind == "submission"]
        for name in (*ITEM_COLUMNS[kind], *custom):
            values = tuple(items[kind].get(name) if kind in items else None for items in shown)
            source = sources.get(name, _BY_QUESTION if name in asked else "")
            field = FieldPreview(kind, name, source, values)
            if name not in _HIDDEN and (name in sources or field.is_filled):
                yield field


def _sources(channel: Channel, kind: Kind) -> dict[str, str]:
    """Canonical field to the place the channel takes it from, in words."""
    rules = channel.rules
    sources = {"record_id": _described(rules.record_id) or "hash of the content"}
    if rules.person_id is not None:
        sources["source_person_id"] = _described(rules.person_id)
    for emit in rules.emits:
        if emit.kind == kind:
            sources.update({n: _described(rule) for n, rule in emit.fields.items()})
    if kind == "submission":
        for name, value in rules.defaults.items():
            sources[name] = " else ".join(filter(None, (sources.get(name), repr(value))))
        if rules.answers is not None:
            sources.setdefault("answers", "answers that fill no field")
            for name, pattern in rules.answers.match.items():
                sources[name] = " else ".join(filter(None, (sources.get(name), f"/{pattern}/")))
    return sources


def _described(rule: FieldRule) -> str:
    source = rule.described()
    if rule.at is not None:
        source += f" ({rule.at})"
    if rule.join is not None:
        keys = " or ".join(f"{pair.key} = {pair.of}" for pair in rule.join.on)
        source = f"{rule.join.list} where {keys}: {rule.join.value}"
    if rule.lookup is not None:
        source += f" → {rule.lookup}"
    if rule.vocabulary is not None:
        source += f" → {rule.vocabulary}"
    if rule.default is not None:
        source = " else ".join(filter(None, (source, str(rule.default))))
    return source


def _unused_names(channel: Channel, records: list[Record]) -> list[str]:
    used = channel.rules.mentioned_names()
    names: dict[str, None] = {}
    for record in records:
        if not isinstance(record, BadRecord):
            names.update(dict.fromkeys(record.content))
    return [name for name in names if name not in used and name != "report"]
