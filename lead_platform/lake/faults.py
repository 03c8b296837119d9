"""Work on many records of which one breaks it: found by halving, left out, told.

`work_around` is for work that depends on its rows alone, such as normalising; `find_culprits` for
any work that can be tried with some of its records left out (`rehearsal`). What becomes of the
records at fault is the quarantine's.
"""

import math
import time
import traceback
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Generic, TypeVar

import duckdb
import pandas as pd
import psycopg2

from lead_platform.lake.failures import chain_of
from lead_platform.processes import WorkerDiedError

T = TypeVar("T")

# What no record causes: memory, disk, network, an interruption, somebody else's commit.
_OF_THE_MACHINE = (
    MemoryError,
    OSError,
    WorkerDiedError,
    psycopg2.Error,
    duckdb.ConnectionException,
    duckdb.FatalException,
    duckdb.IOException,
    duckdb.InterruptException,
    duckdb.OutOfMemoryException,
    duckdb.TransactionException,
)


# How long to look for rows that break work of which others do not: work that is broken for all of
# many rows is to fail soon all the same.
SEARCH_SECONDS = 60.0


def may_be_of_a_record(error: BaseException) -> bool:
    """Whether one record among many may be why; never for what is the machine's fault, or came of
    that."""
    return all(
        isinstance(one, Exception) and not isinstance(one, _OF_THE_MACHINE)
        for one in chain_of(error)
    )


def few_of(count: int) -> int:
    """How many of so many may be at fault before the work itself is more likely wrong.

    Never fewer than ten: one file with a handful of broken rows is no broken step.
    """
    return max(10, count // 20)


@dataclass(frozen=True)
class Fault:
    """A row that breaks the work: its id, the kind of error and where it was raised.

    Not the error's message: it may quote the record. `is_of_many`: whether more than few do.
    """

    subject_id: str
    error: str
    place: str
    is_of_many: bool = False


def work_around(
    work: Callable[[pd.DataFrame], T], frame: pd.DataFrame, key: str, again: Collection[str] = ()
) -> tuple[T, list[Fault]]:
    """`work` of the frame, without the rows that break it; `key` is the column of their ids.

    However many do, as long as others do not: nobody waits for them. Those `again` were left out
    before. Raises what `work` raises where more than few others break it and no row does not, where
    none does by itself or they are not found in time, and what is the machine's fault and no
    record's.
    """
    try:
        return work(frame), []
    except Exception as error:
        if not may_be_of_a_record(error):
            raise
        frame = frame.reset_index(drop=True)
        broken = find_breaking_rows(work, frame, len(frame), seconds=SEARCH_SECONDS)
        faults = [fault_of(str(frame[key].iloc[row]), error) for row, error in broken]
        new = sum(fault.subject_id not in again for fault in faults)
        if not faults or (len(faults) == len(frame) and new > few_of(len(frame))):
            raise
        rest = frame[~frame[key].isin([fault.subject_id for fault in faults])]
        return work(rest.reset_index(drop=True)), faults


def find_breaking_rows(
    work: Callable[[pd.DataFrame], object],
    frame: pd.DataFrame,
    most: int,
    *,
    seconds: float = math.inf,
) -> list[tuple[int, Exception]]:
    """The places of the rows that break the work by themselves, with the error each raises; none
    where they are more than `most`, or not all are found in so many `seconds`.

    Of a row alone the same error has to come twice: one that passes is nobody's. Raises what is the
    machine's fault.
    """
    broken: list[tuple[int, Exception]] = []
    pending = [range(len(frame))]
    deadline = time.monotonic() + seconds
    while pending:
        if time.monotonic() > deadline:
            return []
        places = pending.pop()
        rows = frame.iloc[places.start : places.stop].reset_index(drop=True)
        error = _raised(work, rows)
        if error is None:
            continue
        if len(places) > 1:
            middle = len(places) // 2
            pending += [places[middle:], places[:middle]]
            continue
        again = _raised(work, rows)
        if again is not None and fault_of("", again) == fault_of("", error):
            broken.append((places[0], error))
        if len(broken) > most:
            return []
    return broken


def _raised(work: Callable[[pd.DataFrame], object], rows: pd.DataFrame) -> Exception | None:
    """What the work raises on these rows that may be a record's fault; raises what cannot be."""
    try:
        work(rows)
    except Exception as error:
        if not may_be_of_a_record(error):
            raise
        return error
    return None


def find_culprits(
    items: Sequence[T],
    attempt: Callable[[Sequence[T]], Exception | None],
    is_worth: Callable[[int, int], bool],
    is_over: Callable[[], bool] = lambda: False,
) -> list[tuple[T, Exception]]:
    """The items without which the work goes through, each with the error it raised.

    `attempt` does the work without some of them and gives what it raised. Of what breaks only
    together with earlier items the last one is found, as if they had come one by one. `is_worth`
    is asked, of how many culprits and how many sound items are known, whether to go on. Once time
    `is_over`, whatever was not told apart by then counts as culprits with those beside it.

    Empty where that is not worth it, the work fails without any of them, or the error does not come
    back: an error that passes is nobody's.
    """
    failed = attempt(())
    if failed is None or not items or attempt(items) is not None:
        return []
    search = _Search(items, attempt, [(range(len(items)), failed)])
    while search.pending and not is_over():
        search.step()
        if not search.is_worth(is_worth):
            return []
    search.look_ahead()
    search.give_up_pending()
    if not is_worth(len(search.culprits), len(search.sound)):
        return []
    culprits = [(items[place], raised) for place, raised in search.culprits]
    if attempt([item for item, _ in culprits]) is not None:
        return []
    return culprits if _come_back(culprits, attempt, is_over) else []


@dataclass
class _Search(Generic[T]):
    """A search by halving: places that go through together, places at fault, and ranges still to be
    told apart, the last of `pending` first; of one that is known to break, what it raised."""

    items: Sequence[T]
    attempt: Callable[[Sequence[T]], Exception | None]
    pending: list[tuple[range, Exception | None]]
    sound: set[int] = field(default_factory=set)
    culprits: list[tuple[int, Exception]] = field(default_factory=list)

    def step(self) -> None:
        """Try the earliest range; halve it where it breaks."""
        places, failed = self.pending.pop()
        failed = failed or self._with(places)
        if failed is None:
            return
        if len(places) == 1:
            self.culprits.append((places[0], failed))
            return
        middle = len(places) // 2
        former, latter = places[:middle], places[middle:]
        in_former = self._with(former)
        # What breaks with all of them, and not with the former half, breaks with the latter.
        self.pending.append((latter, failed if in_former is None else None))
        if in_former is not None:
            self.pending.append((former, in_former))

    def is_worth(self, is_worth: Callable[[int, int], bool]) -> bool:
        """Whether to go on; where it seems not, what comes later is looked at before."""
        if is_worth(len(self.culprits), len(self.sound)):
            return True
        self.look_ahead()
        return is_worth(len(self.culprits), len(self.sound))

    def look_ahead(self) -> None:
        """Try each range as a whole: those that go through need no telling apart."""
        tried = [(places, failed or self._with(places)) for places, failed in self.pending]
        self.pending = [(places, failed) for places, failed in tried if failed is not None]

    def give_up_pending(self) -> None:
        """Whatever lies in a range that breaks counts as a culprit."""
        for places, failed in self.pending:
            assert failed is not None
            self.culprits += [(place, failed) for place in places]
        self.pending = []

    def _with(self, places: range) -> Exception | None:
        """What these raise beside those that go through, to which they belong if nothing."""
        there = self.sound.union(places)
        raised = self.attempt([item for n, item in enumerate(self.items) if n not in there])
        if raised is None:
            self.sound = there
        return raised


def _come_back(
    culprits: Sequence[tuple[T, Exception]],
    attempt: Callable[[Sequence[T]], Exception | None],
    is_over: Callable[[], bool],
) -> bool:
    """Whether each of them, of those there is time for, breaks the work once more as it did, with
    all others left out."""
    for place, (_, failed) in enumerate(culprits):
        if is_over():
            break
        others = [item for item, _ in (*culprits[:place], *culprits[place + 1 :])]
        raised = attempt(others)
        if raised is None or fault_of("", raised) != fault_of("", failed):
            return False
    return True


def fault_of(subject_id: str, error: Exception) -> Fault:
    """What may be told of the error that this record raised."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return Fault(subject_id, type(error).__name__, getattr(error, "place", "") or place)
