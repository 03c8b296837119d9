"""Tables of any format as one frame of texts, with the file and row each record stands in.

Reading is capture's: CSV in all its dialects, Excel, Parquet, JSON and JSONL. Owns what is told of
it, and nothing of what columns mean.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from lead_platform.capture.channels import ChannelRules
from lead_platform.capture.formats import RefusedFormatError, format_of
from lead_platform.capture.readers import BadRecord, UnreadableFileError, read_records
from lead_platform.capture.tabular.wanted import Wanted
from lead_platform.capture.values import read_text
from lead_platform.identity.linkage.specification import SOURCE
from lead_platform.vocabularies.repeats import spellings
from lead_platform.vocabularies.tables import IntakeLists

ROW = "source_row"
_OF_CHANNEL = re.compile(r"write which one does as `header_row` under `table` of the channel")
# What outputs add; a column of that name keeps its values under another.
_ADDED = frozenset({SOURCE, ROW, "cluster_id", "cluster_size"})
# Longer texts are no names and no keys: comparing one of a million signs takes seconds a pair.
LONGEST_VALUE = 1_000


class TablesFault(ValueError):
    """Nothing that can be linked: every fault of every file, with what to do."""


@dataclass(frozen=True)
class Tables:
    """`frame`: one row per record, texts or None, with `source_file` and `source_row` (the record's
    number in its file, from 1) first; `notes`: what was read otherwise than it stands there."""

    frame: pd.DataFrame
    files: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def columns(self) -> list[str]:
        """The columns of the tables themselves."""
        return [str(name) for name in self.frame.columns if name not in (SOURCE, ROW)]


def read_tables(
    paths: Sequence[Path],
    lists: IntakeLists,
    wanted: Wanted | None = None,
    *,
    header_row: int | None = None,
) -> Tables:
    """All records of the files, below each other; a column has its name's values of all files.
    `header_row`: the row that names the columns, counted from 1, where it is not found.

    A record that cannot be read is left out and told. Raises TablesFault for what is no table, for
    files without records, and where two files have one name.
    """
    names = _file_names(paths)
    faults: list[str] = []
    notes: list[str] = []
    frames = []
    for path, name in zip(paths, names, strict=True):
        try:
            frame, remarks = _read(path, lists, wanted or Wanted(), header_row)
        except (UnreadableFileError, RefusedFormatError, OSError, TablesFault) as error:
            told = str(error)
            faults.append(told if str(path) in told else f"{path}: {told}")
            continue
        notes += [f"{name}: {note}" for note in remarks]
        frame.insert(0, ROW, range(1, len(frame) + 1))
        frame.insert(0, SOURCE, name)
        frames.append(frame)
    if faults:
        raise TablesFault("\n".join(faults))
    frame = pd.concat(frames, ignore_index=True)
    # A column that a file lacks is filled with what is no text.
    return Tables(frame.astype(object).where(frame.notna(), None), tuple(names), tuple(notes))


def _file_names(paths: Sequence[Path]) -> list[str]:
    """How records name their file: by its name, or its whole path where two have one."""
    if not paths:
        raise TablesFault("No file to link. Give one or more: CSV, Excel, Parquet, JSON, JSONL")
    repeated = [str(path) for path, count in Counter(paths).items() if count > 1]
    if repeated:
        raise TablesFault(f"{', '.join(repeated)}: given twice; every record would be a duplicate")
    counts = Counter(path.name for path in paths)
    return [path.name if counts[path.name] == 1 else str(path) for path in paths]


def _read(
    path: Path, lists: IntakeLists, wanted: Wanted, header_row: int | None
) -> tuple[pd.DataFrame, list[str]]:
    """The file's records, and what is to be told of them."""
    rules = ChannelRules.model_validate({
        "name": "table", "description": "", "format": format_of(path, "csv"),
        "record_id": "content", "emits": [{"kind": "submission", "fields": {}}],
        "table": {"header_row": header_row} if header_row else {},
    })  # fmt: skip
    stream = read_records(path, rules, wanted)
    rows: list[dict[str, str | None]] = []
    bad: list[str] = []
    cut: Counter[str] = Counter()
    for record in stream:
        if isinstance(record, BadRecord):
            if record.number is None:
                raise TablesFault(f"{path}: {_said(record.reason)}")
            bad.append(record.reason)
            continue
        rows.append(
            {(name := _named(k)): _text(v, lists, name, cut) for k, v in record.content.items()}
        )
    if not rows:
        why = f"; {len(bad):,} cannot be read: {bad[0]}" if bad else ""
        raise TablesFault(f"{path}: no records{why}")
    frame = pd.DataFrame(rows, dtype=object)
    notes = list(stream.reading.describe()) if stream.reading is not None else []
    if bad:
        notes.append(f"{len(bad):,} records cannot be read and are left out: {bad[0]}")
    notes += [
        f"{count:,} values of {name!r} are longer than {LONGEST_VALUE:,} signs; the rest of them "
        "is left out"
        for name, count in cut.items()
    ]
    return frame.where(frame.notna(), None), notes


def _said(reason: str) -> str:
    """A fault of reading in the words of this command, which has no channel."""
    return _OF_CHANNEL.sub("give its number: --header-row N", reason)


def _named(name: object) -> str:
    return f"{name} (given)" if name in _ADDED else str(name)


def _text(value: object, lists: IntakeLists, column: str, cut: Counter[str]) -> str | None:
    """The value as text; None for a blank, in whatever word, and for "the same as above"."""
    text = read_text(value)
    if not text or text in lists.blanks or text in spellings(lists.repeats):
        return None
    if len(text) > LONGEST_VALUE:
        cut[column] += 1
        return text[:LONGEST_VALUE]
    return text
