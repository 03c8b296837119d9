"""A run's deliveries: files parsed before the lake is locked, written in one go, then archived.

A file shares its run with others, never its fate: what is wrong with it costs it alone.
"""

import errno
import os
import shutil
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import pandas as pd

from lead_platform.capture.batches import HalfSwappedError, RecordItems
from lead_platform.capture.channels import Channel, UnknownChannelError, unknown_channel
from lead_platform.capture.contracts import Contracts, load_contracts
from lead_platform.capture.inbox import (
    ChangedFileError,
    FileFault,
    FileState,
    archive_file,
    has_lain,
    kind_fault,
    state_of,
)
from lead_platform.capture.intake import (
    Delivery,
    DeliveryCounts,
    ParsedBatch,
    identify_delivery,
    parse_file,
    write_batches,
)
from lead_platform.capture.names import shown
from lead_platform.capture.profiles import append_profiles, profile_rows
from lead_platform.capture.quarantine import read_left_out
from lead_platform.capture.readers import UnreadableFileError
from lead_platform.capture.spool import Spool, profiles_of
from lead_platform.capture.suspects import clear, noted, reading_seconds, suspects
from lead_platform.lake.audit import record_actions
from lead_platform.lake.brake import WorkflowStoppedError
from lead_platform.lake.drafts import is_marked, scratch_folder
from lead_platform.lake.lake import utc_now
from lead_platform.parallel import map_in_processes
from lead_platform.settings import SPOOL_PREFIX

# From this size on, all files together, parsing is spread over processes: about four seconds.
PARALLEL_BYTES = 16 * 1_048_576

# A form submission has some hundred bytes more, an event in a CSV some hundred less.
TYPICAL_RECORD_BYTES = 400

# Of an earlier version, or on a disk without locks, nothing but its age tells that a run is dead.
_ABANDONED_AFTER = timedelta(days=1)


@dataclass(frozen=True)
class _Opened:
    """A file found readable, with its channel and identity."""

    path: Path
    state: FileState
    channel: Channel
    delivery: Delivery
    contracts: Contracts
    spools: Path
    notes: Path
    reading_seconds: float


@dataclass(frozen=True)
class ParsedDelivery:
    """A file with its identity and its records, which can be read twice.

    `path` is None where it is no file: a record that comes back.
    """

    path: Path | None
    state: FileState | None
    delivery: Delivery
    batches: Iterable[ParsedBatch]


@dataclass(frozen=True)
class Intake:
    """What a run took in: the records' counts, the deliveries, and those it left where they are.

    `mostly_rejected`: files that were taken in, and of which most records were not.
    """

    totals: dict[str, int] = field(default_factory=dict)
    taken: Sequence[ParsedDelivery] = ()
    set_aside: Sequence[ParsedDelivery] = ()
    mostly_rejected: Sequence[FileFault] = ()

    @property
    def faults(self) -> list[FileFault]:
        """One per file that stays in the inbox because its gate refused it as a whole."""
        return [
            FileFault(
                item.path,
                f"it is set aside, delivery {item.delivery.delivery_id}; see why with: "
                "lead-platform quarantine list --step intake",
            )
            for item in self.set_aside
            if item.path is not None
        ]


def estimate_records(parsed: Sequence[ParsedDelivery]) -> int:
    """About how many records there are, by the size of the files."""
    return sum(item.delivery.size_bytes for item in parsed) // TYPICAL_RECORD_BYTES


@contextmanager
def spool_folder(home: Path, now: datetime) -> Iterator[Path]:
    """A private folder for what is parsed until it is written; removed, those of dead runs too."""
    for unmarked in home.glob(f"{SPOOL_PREFIX}*"):
        # Another run may remove it, or mark it, at this moment.
        with suppress(FileNotFoundError):
            since = unmarked.stat().st_mtime_ns
            if not is_marked(unmarked) and has_lain(_ABANDONED_AFTER, since, now):
                shutil.rmtree(unmarked, ignore_errors=True)
    with scratch_folder(home, SPOOL_PREFIX) as folder:
        yield folder


def parse_deliveries(
    files: Sequence[tuple[Path, str]],
    channels: Mapping[str, Channel],
    *,
    received_at: datetime,
    inbox: Path,
    spools: Path,
    notes: Path | None = None,
    contracts: Contracts | None = None,
) -> tuple[list[ParsedDelivery], list[FileFault]]:
    """The files' records, mapped, and one fault per file that is left where it is.

    A file that is gone from the inbox is left out: another run has taken it in meanwhile. Where one
    was being read when a process ended, as `notes` says (a folder that lasts), all are read by
    processes of their own: others may be like it. Raises NotADirectoryError where something else
    lies in the place of `notes`.
    """
    contracts = contracts or load_contracts()
    notes = notes or spools / "being-read"
    if os.path.lexists(notes) and not notes.is_dir():
        raise NotADirectoryError(f"{shown(notes)} is no folder; move it away, and run again")
    opened: list[_Opened] = []
    faults: list[FileFault] = []
    for path, name in files:
        if path.is_relative_to(inbox) and not os.path.lexists(path):
            continue
        try:
            state = _readable_state(path, inbox)
            if name not in channels:
                raise unknown_channel(name, channels, path)
            channel = channels[name]
            delivery = identify_delivery(path, channel, received_at=received_at)
        except (UnknownChannelError, UnreadableFileError) as error:
            faults.append(FileFault(path, str(error)))
            continue
        seconds = reading_seconds(delivery.size_bytes)
        opened.append(_Opened(path, state, channel, delivery, contracts, spools, notes, seconds))
    # The largest first, so that no processor is left with it at the end.
    order = sorted(opened, key=lambda item: -item.delivery.size_bytes)
    total = sum(item.delivery.size_bytes for item in opened)
    suspected = suspects(notes) & {item.path for item in opened}
    is_apart = total >= PARALLEL_BYTES or bool(suspected)
    read = _parse_apart(order) if is_apart else [_parse(item) for item in order]
    results = dict(zip((item.path for item in order), read, strict=True))
    for path in suspected:
        if not isinstance(results[path], FileFault):
            clear(notes, path)
    parsed = []
    for item in opened:
        result = results[item.path]
        if isinstance(result, FileFault):
            faults.append(result)
        else:
            parsed.append(ParsedDelivery(item.path, item.state, item.delivery, result))
    return parsed, faults


def _readable_state(path: Path, inbox: Path) -> FileState:
    """Raises UnreadableFileError for what is no regular file; in the inbox links are none."""
    try:
        status = path.lstat() if path.is_relative_to(inbox) else path.stat()
    except OSError as error:
        raise UnreadableFileError(f"it cannot be read: {error.strerror or error}") from None
    if not stat.S_ISREG(status.st_mode):
        raise UnreadableFileError(kind_fault(status.st_mode))
    return state_of(status)


def _state(path: Path) -> FileState | None:
    """None where the file is gone."""
    try:
        return state_of(path.lstat() if path.is_symlink() else path.stat())
    except OSError:
        return None


def _parse_apart(items: Sequence[_Opened]) -> list[Spool | FileFault]:
    """In other processes, which a file may end without ending this one."""
    return map_in_processes(_parse, items, of_dead=_fault_of_dead)


def _fault_of_dead(item: _Opened) -> FileFault:
    return FileFault(
        item.path,
        "the process that read it died, or came to no end, the second time with all the memory for "
        "itself: the file needs more than there is, or a library broke on it. Deliver it in "
        "smaller files, or move it away and report it; it is tried again after a day, or once it "
        "is written anew or touched. The other files go on",
        harmful_since=utc_now(),
    )


def _parse(item: _Opened) -> Spool | FileFault:
    """The file's batches, or why it stays where it is; other files go on in either case."""
    try:
        with noted(item.notes, item.path, item.state, item.reading_seconds) as goes_on:
            try:
                spool = _spooled(item, goes_on)
            except HalfSwappedError as error:
                # Only the whole file shows it.
                spool = _spooled(item, goes_on, error.columns)
    except UnreadableFileError as error:
        return FileFault(item.path, str(error))
    except WorkflowStoppedError:
        raise
    except Exception as error:
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            # The disk is full for every file.
            raise
        # Names the kind of error only: its text may quote a record.
        return FileFault(
            item.path,
            f"it cannot be parsed ({type(error).__name__}), which is a fault of this program; "
            "report it with the file. The other files go on",
        )
    if _state(item.path) != item.state:
        return FileFault(item.path, "it was changed while it was read; the next run takes it in")
    return spool


def _spooled(
    item: _Opened, goes_on: Callable[[], None], swapped: frozenset[str] = frozenset()
) -> Spool:
    spool = Spool(item.spools)
    for batch in parse_file(
        item.path,
        item.channel,
        received_at=item.delivery.received_at,
        contracts=item.contracts,
        swapped=swapped,
    ):
        spool.keep(batch)
        goes_on()
    return spool


def take_in(
    connection: duckdb.DuckDBPyConnection, parsed: Sequence[ParsedDelivery], *, run_id: str
) -> Intake:
    """Write all deliveries but those set aside; what was taken, and the records' counts."""
    totals = {"received": 0, "taken": 0, "repeats": 0, "rejected": 0}
    actions = []
    left_out = read_left_out(connection)
    taken: list[ParsedDelivery] = []
    set_aside: list[ParsedDelivery] = []
    mostly_rejected: list[FileFault] = []
    profiles: list[dict[str, object]] = []
    for item in parsed:
        counts = write_batches(connection, item.delivery, item.batches, left_out)
        (set_aside if counts.is_set_aside else taken).append(item)
        totals["received"] += counts.records
        totals["taken"] += counts.taken
        totals["repeats"] += counts.repeats
        totals["rejected"] += counts.rejected
        if not counts.was_known and not counts.is_set_aside:
            if item.path and 2 * counts.rejected > counts.records:
                mostly_rejected.append(FileFault(item.path, _why_rejected(counts)))
            profiles += profile_rows(
                counts.delivery_id,
                item.delivery.channel,
                item.delivery.received_at,
                profiles_of(item.batches),
            )
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
    append_profiles(connection, profiles)
    record_actions(connection, pd.DataFrame(actions), run_id=run_id)
    return Intake(totals, taken, set_aside, mostly_rejected)


def _why_rejected(counts: DeliveryCounts) -> str:
    """The commonest kinds of reasons, and what to do."""
    common = "; ".join(counts.kinds_of_reasons[:2])
    return (
        f"{counts.rejected:,} of {counts.records:,} records were rejected ({common}). Correct the "
        "file or the channel and deliver it again; each record with its reasons: lead-platform sql "
        '"select record_number, reasons from capture.rejected_records where delivery_id = '
        f"'{counts.delivery_id}'\""
    )


def list_records(parsed: Iterable[ParsedDelivery]) -> Iterator[RecordItems]:
    """The records of all deliveries, in the order they came."""
    for delivery in parsed:
        for batch in delivery.batches:
            yield from batch.records


def archive_deliveries(
    parsed: Sequence[ParsedDelivery], *, inbox: Path, archive: Path
) -> list[FileFault]:
    """Move what was taken in out of the inbox; a crash before that only means a repeat.

    A file that was replaced or written to since it was read stays for the next run.
    """
    faults = []
    for item in parsed:
        if item.path is None or item.state is None or _state(item.path) != item.state:
            continue
        try:
            archive_file(
                item.path,
                state=item.state,
                inbox=inbox,
                archive=archive,
                channel=item.delivery.channel,
                delivery_id=item.delivery.delivery_id,
            )
        except FileNotFoundError:
            # Another run that took the same file in may move it at this moment.
            continue
        except ChangedFileError as changed:
            is_back = changed.path.is_relative_to(inbox)
            what_next = "the next run takes it in" if is_back else f"move it back to {item.path}"
            faults.append(FileFault(changed.path, f"it was changed after it was read; {what_next}"))
        except OSError as error:
            reason = (
                f"it is taken in, but cannot be moved to {archive} ({error.strerror or error}); "
                "correct the permissions, or move it away"
            )
            faults.append(FileFault(item.path, reason))
    return faults
