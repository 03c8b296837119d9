"""What was taken in with other lists than today's, read anew: a slice at a time, the oldest first.

An item becomes what a fresh load would make of it, fields and whether it is a person's; what people
said stands. Owns how far capture is. How a record is mapped again is `remapping`'s; what becomes of
leads is for identity, which sees the number of the reading.
"""

import json
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import duckdb
import pandas as pd

from lead_platform.capture.channels import Channel
from lead_platform.capture.columns import CONSENTS, KINDS, TABLES, Kind
from lead_platform.capture.contracts import Contracts
from lead_platform.capture.judgement import reread_kinds
from lead_platform.capture.kinds import MARKS, PERSON
from lead_platform.capture.remapping import (
    BATCH_RECORDS,
    Changed,
    Choice,
    Item,
    RecordKey,
    Remapping,
    as_mapped,
    map_again_records,
    write_changed,
)
from lead_platform.lake.audit import record_actions
from lead_platform.lake.quarantine import Subject, held
from lead_platform.lake.readings import (
    Backlog,
    Reading,
    begin_reading,
    find_backlog,
    note_reading,
)
from lead_platform.vocabularies.tables import IntakeLists

STEP = "intake"
# What quarantine knows it by: an item whose new reading fails stays as it is.
STAGE = "reread"
_REASON = "config/vocabularies/ has changed"


@dataclass(frozen=True)
class Reread:
    """What one slice was: records mapped again, items that differ, submissions found to be a
    person's or not."""

    records: int = 0
    changed: int = 0
    judged: int = 0


@dataclass(frozen=True)
class _Slice:
    """Of a kind of items, those that are next."""

    kind: Kind
    backlog: Backlog
    records: tuple[tuple[str, RecordKey], ...]
    item_ids: tuple[str, ...]
    until_seq: int


def note_lists(connection: duckdb.DuckDBPyConnection, reading: Reading) -> None:
    """Where these lists are news, note what was taken in before them. Costs nothing of the base.

    Called by whatever reads with them, before it writes. The caller owns the transaction.
    """
    for kind in KINDS:
        if find_backlog(connection, STEP, kind, reading.version) is None:
            begin_reading(
                connection, replace(reading, kind=kind), behind_seq=_last_seq(connection, kind)
            )


def count_behind(connection: duckdb.DuckDBPyConnection, lists: IntakeLists) -> int:
    """How many items were read with other lists, and not anew since."""
    return sum(
        _count(connection, kind, _backlog(connection, kind, lists.version)) for kind in KINDS
    )


def list_slice(
    connection: duckdb.DuckDBPyConnection, lists: IntakeLists, rows: int
) -> list[Subject]:
    """The items that `reread_items` takes up next."""
    return [
        Subject(part.kind, item_id)
        for part in _slices(connection, lists.version, rows)
        for item_id in part.item_ids
    ]


def reread_items(
    connection: duckdb.DuckDBPyConnection,
    channels: Mapping[str, Channel],
    contracts: Contracts,
    lists: IntakeLists,
    reading: Reading,
    *,
    rows: int,
) -> Reread:
    """Read the next `rows` of each kind of items anew, with the records they came in.

    What the channel would not take in now, or is not kept as a whole, stays as it is. Where the
    channel itself has changed since, only what could not be read before is filled, and what is
    denied by now is denied: to map all of it anew is a person's decision (`remap`). The caller owns
    the transaction.
    """
    slices = _slices(connection, reading.version, rows)
    if not slices:
        return Reread()
    note_lists(connection, reading)
    found = Remapping()
    changed = _map_again(connection, slices, channels, contracts, found)
    for part in slices:
        left = Backlog(part.until_seq, part.backlog.until_seq)
        of_kind = sum(one.kind == part.kind for one in changed)
        if part is slices[0]:
            write_changed(
                connection, changed, reading, action="read_anew", by="system", reason=_REASON
            )
        note_reading(connection, replace(reading, kind=part.kind), items=of_kind, backlog=left)
    judged = [one for one in changed if "kind" in one.becomes]
    told = [_told_kind(one, reading, lists) for one in judged]
    record_actions(connection, pd.DataFrame(told), run_id=reading.run_id)
    restored = [
        submission_id
        for part in slices
        if part.kind == "submission"
        for submission_id in reread_kinds(
            connection,
            lists.non_persons,
            at=reading.read_at,
            run_id=reading.run_id,
            among=Backlog(part.backlog.after_seq, part.until_seq),
        )
    ]
    return Reread(found.records, len(changed), len(judged) + len(restored))


# --- which items -------------------------------------------------------------------------------


def _slices(connection: duckdb.DuckDBPyConnection, version: str, rows: int) -> list[_Slice]:
    parts = (_slice(connection, kind, version, rows) for kind in KINDS)
    return [part for part in parts if part is not None]


def _slice(
    connection: duckdb.DuckDBPyConnection, kind: Kind, version: str, rows: int
) -> _Slice | None:
    backlog = _backlog(connection, kind, version)
    if backlog.is_empty:
        return None
    found = connection.execute(
        f"select channel, delivery_id, record_number, {kind}_id, received_seq "
        f"from capture.{TABLES[kind]} where received_seq > ? and received_seq <= ? "
        "order by received_seq limit ?",
        [backlog.after_seq, backlog.until_seq, rows],
    ).fetchall()
    records = tuple((row[0], (str(row[1]), int(row[2]))) for row in found)
    is_last = len(found) < rows
    until_seq = backlog.until_seq if is_last else int(found[-1][4])
    return _Slice(kind, backlog, records, tuple(row[3] for row in found), until_seq)


def _backlog(connection: duckdb.DuckDBPyConnection, kind: Kind, version: str) -> Backlog:
    """Where nothing was read with these lists yet, all there is."""
    known = find_backlog(connection, STEP, kind, version)
    return known or Backlog(0, _last_seq(connection, kind))


def _last_seq(connection: duckdb.DuckDBPyConnection, kind: Kind) -> int:
    row = connection.execute(
        f"select coalesce(max(received_seq), 0) from capture.{TABLES[kind]}"
    ).fetchone()
    return int(row[0]) if row else 0


def _count(connection: duckdb.DuckDBPyConnection, kind: Kind, backlog: Backlog) -> int:
    if backlog.is_empty:
        return 0
    row = connection.execute(
        f"select count(*) from capture.{TABLES[kind]} where received_seq > ? and received_seq <= ?",
        [backlog.after_seq, backlog.until_seq],
    ).fetchone()
    return int(row[0]) if row else 0


# --- what they become --------------------------------------------------------------------------


def _map_again(
    connection: duckdb.DuckDBPyConnection,
    slices: Sequence[_Slice],
    channels: Mapping[str, Channel],
    contracts: Contracts,
    found: Remapping,
) -> list[Changed]:
    """What changes of the records of these items, each record once."""
    by_channel: dict[str, dict[RecordKey, None]] = defaultdict(dict)
    for part in slices:
        for channel_name, key in part.records:
            by_channel[channel_name][key] = None
    left_out = _left_out(connection)
    changed: list[Changed] = []
    for name, keys in sorted(by_channel.items()):
        if name not in channels:
            continue
        channel = channels[name]
        same = _as_it_was(connection, channel)
        for choose, chosen in (
            (_as_read, [key for key in keys if key[0] in same]),
            (_as_filled, [key for key in keys if key[0] not in same]),
        ):
            spared = _but(choose, left_out)
            for start in range(0, len(chosen), BATCH_RECORDS):
                batch = chosen[start : start + BATCH_RECORDS]
                changed += map_again_records(connection, batch, channel, contracts, spared, found)
    return changed


def _as_it_was(connection: duckdb.DuckDBPyConnection, channel: Channel) -> set[str]:
    """The deliveries of the channel that were mapped with it as it is now."""
    remapped = connection.execute(
        "select max_by(version, reading) from governance.readings "
        "where step = 'remap' and channel = ?",
        [channel.name],
    ).fetchone()
    is_remapped = remapped is not None and remapped[0] == channel.version
    rows = connection.execute(
        "select delivery_id from capture.deliveries "
        "where channel = ? and (? or channel_version = ?)",
        [channel.name, is_remapped, channel.version],
    ).fetchall()
    return {str(row[0]) for row in rows}


def _left_out(connection: duckdb.DuckDBPyConnection) -> set[str]:
    """The items that stay as they are, because a row of theirs failed."""
    held_items = " union all ".join(f"from {held(STAGE, kind)}" for kind in KINDS)
    return {str(row[0]) for row in connection.execute(held_items).fetchall()}


def _but(choose: Choice, left_out: Collection[str]) -> Choice:
    """As `choose`, but for these items."""

    def spared(kind: Kind, item: Item, mapped: Item) -> dict[str, Any]:
        return {} if item[f"{kind}_id"] in left_out else choose(kind, item, mapped)

    return spared


def _as_read(kind: Kind, item: Item, mapped: Item) -> dict[str, Any]:
    """All that is mapped otherwise, and what the item is found to be now."""
    marks = _marks(item, mapped) if kind == "submission" else {}
    return {**as_mapped(kind, item, mapped), **marks}


def _as_filled(kind: Kind, item: Item, mapped: Item) -> dict[str, Any]:
    """What holds nothing because it could not be read, and can be read now; what is denied now,
    whatever it holds, for a denial may stand in another column; and what it is."""
    issues = json.loads(item["issues"] or "[]")
    filled = {
        issue["field"]: mapped[issue["field"]]
        for issue in issues
        if item.get(issue["field"]) is None and mapped.get(issue["field"]) is not None
    }
    filled |= {
        name: "denied"
        for name in CONSENTS
        if item.get(name) != "denied" and mapped.get(name) == "denied"
    }
    marks = _marks(item, mapped) if kind == "submission" else {}
    if not filled:
        return marks
    # What can still not be read has the reason of today.
    now = {
        issue["field"]: issue
        for issue in json.loads(mapped.get("issues") or "[]")
        if item.get(issue["field"]) is None
    }
    left = [now.get(issue["field"], issue) for issue in issues if issue["field"] not in filled]
    told = json.dumps(left, ensure_ascii=False) if left else None
    return {**filled, "issues": told, **marks}


def _marks(item: Item, mapped: Item) -> dict[str, Any]:
    """What of a submission's marks changes by the list; what a person said of it has a reason and
    no version."""
    is_said = item["kind_reason"] is not None and item["kind_version"] is None
    if is_said or (item["kind"] or PERSON) == PERSON == mapped["kind"]:
        return {}
    return {name: mapped[name] for name in MARKS if mapped[name] != item[name]}


def _told_kind(one: Changed, reading: Reading, lists: IntakeLists) -> dict[str, Any]:
    before, after = one.item["kind"] or PERSON, one.becomes["kind"]
    return {
        "workflow": "capture",
        "action": "restore_submission" if after == PERSON else "mark_no_person",
        "subject_type": "submission",
        "subject_id": one.item["submission_id"],
        "rule": "non_persons",
        "rule_version": lists.non_persons.version,
        "reason": "config/vocabularies/non_persons.csv has changed",
        "before": ": ".join(filter(None, (before, one.item["kind_reason"]))),
        "after": after,
        "actor": "system",
        "occurred_at": reading.read_at,
    }
