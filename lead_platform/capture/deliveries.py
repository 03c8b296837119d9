"""A run's deliveries: files parsed before the lake is locked, written in one go, then archived."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import duckdb
import pandas as pd

from lead_platform.capture.channels import Channel, UnknownChannelError, find_channel
from lead_platform.capture.inbox import archive_file
from lead_platform.capture.intake import (
    Delivery,
    ParsedBatch,
    identify_delivery,
    parse_file,
    write_batches,
)
from lead_platform.capture.quarantine import read_left_out
from lead_platform.capture.readers import UnreadableFileError
from lead_platform.lake.audit import record_actions
from lead_platform.parallel import map_in_processes

# Files up to this size are parsed before the writer lock is taken; larger ones stream while it is
# held, which bounds memory: a parsed record takes about three times its bytes.
PARSED_AHEAD_BYTES = 256 * 1_048_576


# From this size on, all files together, parsing is spread over processes: about four seconds.
PARALLEL_BYTES = 16 * 1_048_576


@dataclass(frozen=True)
class _Opened:
    """A file found readable, with its channel and identity."""

    path: Path
    modified_ns: int
    channel: Channel
    delivery: Delivery


# A form submission has some hundred bytes more, an event in a CSV some hundred less.
TYPICAL_RECORD_BYTES = 400


@dataclass(frozen=True)
class ParsedDelivery:
    """A file with its identity and its records, parsed or about to be; they can be read twice.

    `path` is None where it is no file: a record that comes back.
    """

    path: Path | None
    modified_ns: int
    delivery: Delivery
    batches: Iterable[ParsedBatch]


@dataclass(frozen=True)
class Intake:
    """What a run took in: the records' counts, the deliveries, and those it left where they are."""

    totals: dict[str, int] = field(default_factory=dict)
    taken: Sequence[ParsedDelivery] = ()
    set_aside: Sequence[ParsedDelivery] = ()

    @property
    def faults(self) -> list[str]:
        """A line per file that stays in the inbox because its gate refused it as a whole."""
        return [
            f"{item.path} is set aside, delivery {item.delivery.delivery_id}. See why with: "
            "lead-platform quarantine list --step intake"
            for item in self.set_aside
        ]


def estimate_records(parsed: Sequence[ParsedDelivery]) -> int:
    """About how many records there are, by the size of the files."""
    return sum(item.delivery.size_bytes for item in parsed) // TYPICAL_RECORD_BYTES


def parse_deliveries(
    files: Sequence[tuple[Path, str]],
    channels: Mapping[str, Channel],
    *,
    received_at: datetime,
    inbox: Path,
) -> tuple[list[ParsedDelivery], list[str]]:
    """The files' records, mapped, and one fault per file that is left where it is.

    A file is left behind when its channel is unknown or it cannot be opened; the others go on. A
    file that is gone from the inbox is left out: another run has taken it in meanwhile.
    """
    opened: list[_Opened] = []
    faults = []
    for path, name in files:
        if path.is_relative_to(inbox) and not path.exists():
            continue
        modified_ns = _modified_ns(path)
        try:
            channel = find_channel(channels, name, path)
            delivery = identify_delivery(path, channel, received_at=received_at)
        except (UnknownChannelError, UnreadableFileError) as error:
            faults.append(str(error))
            continue
        opened.append(_Opened(path, modified_ns, channel, delivery))
    ahead = _parse_ahead(opened)
    return [
        ParsedDelivery(
            item.path,
            item.modified_ns,
            item.delivery,
            ahead.get(item.path) or _Streamed(item),
        )
        for item in opened
    ], faults


def _parse_ahead(opened: Sequence["_Opened"]) -> dict[Path, list[ParsedBatch]]:
    """The batches of the files that fit into memory together, parsed on all processors."""
    chosen: list[_Opened] = []
    room = PARSED_AHEAD_BYTES
    for item in opened:
        if item.delivery.size_bytes <= room:
            room -= item.delivery.size_bytes
            chosen.append(item)
    # The largest first, so that no processor is left with it at the end.
    chosen.sort(key=lambda item: -item.delivery.size_bytes)
    total = PARSED_AHEAD_BYTES - room
    map_files = map_in_processes if total >= PARALLEL_BYTES else _map_here
    return dict(zip((item.path for item in chosen), map_files(_parse_whole, chosen), strict=True))


def _map_here(
    work: Callable[["_Opened"], list[ParsedBatch]], items: Sequence["_Opened"]
) -> list[list[ParsedBatch]]:
    return [work(item) for item in items]


def _parse_whole(item: "_Opened") -> list[ParsedBatch]:
    return list(_Streamed(item))


@dataclass(frozen=True)
class _Streamed:
    """The batches of a file, read from it each time they are asked for."""

    item: _Opened

    def __iter__(self) -> Iterator[ParsedBatch]:
        item = self.item
        return parse_file(item.path, item.channel, received_at=item.delivery.received_at)


def take_in(
    connection: duckdb.DuckDBPyConnection, parsed: Sequence[ParsedDelivery], *, run_id: str
) -> Intake:
    """Write all deliveries but those set aside; what was taken, and the records' counts."""
    totals = {"received": 0, "taken": 0, "repeats": 0, "rejected": 0}
    actions = []
    left_out = read_left_out(connection)
    taken: list[ParsedDelivery] = []
    set_aside: list[ParsedDelivery] = []
    for item in parsed:
        counts = write_batches(connection, item.delivery, item.batches, left_out)
        (set_aside if counts.is_set_aside else taken).append(item)
        totals["received"] += counts.records
        totals["taken"] += counts.taken
        totals["repeats"] += counts.repeats
        totals["rejected"] += counts.rejected
        if not counts.was_known and not counts.is_set_aside:
            actions.append(
                {
                    "workflow": "capture",
                    "action": "take_in_file",
                    "subject_type": "delivery",
                    "subject_id": counts.delivery_id,
                    "rule": item.delivery.channel,
                    "rule_version": item.delivery.channel_version,
                    "reason": f"file {item.delivery.file_name} arrived",
                    "after": f"{counts.taken} taken, {counts.repeats} repeats, "
                    f"{counts.rejected} rejected",
                    "occurred_at": item.delivery.received_at,
                }
            )
    record_actions(connection, pd.DataFrame(actions), run_id=run_id)
    return Intake(totals, taken, set_aside)


def archive_deliveries(parsed: Sequence[ParsedDelivery], *, inbox: Path, archive: Path) -> None:
    """Move what was taken in out of the inbox; a crash before that only means a repeat.

    A file that was replaced under its name since it was read stays for the next run.
    """
    for item in parsed:
        if item.path and _modified_ns(item.path) == item.modified_ns:
            # Another run that took the same file in may move it at this moment.
            with suppress(FileNotFoundError):
                archive_file(
                    item.path, inbox=inbox, archive=archive, delivery_id=item.delivery.delivery_id
                )


def _modified_ns(path: Path) -> int:
    """When the file was last written; 0 where it is gone."""
    try:
        return path.stat().st_mtime_ns
    except FileNotFoundError:
        return 0
