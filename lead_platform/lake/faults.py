"""Work on many records of which one breaks it: found by halving, left out, told.

For work that depends on its rows alone, such as normalising: what is left is worked on as if the
rows at fault had never been there. What becomes of those is the quarantine's.
"""

import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pandas as pd

T = TypeVar("T")


def few_of(count: int) -> int:
    """How many of so many may be at fault before the work itself is more likely wrong.

    Never fewer than ten: one file with a handful of broken rows is no broken step.
    """
    return max(10, count // 20)


@dataclass(frozen=True)
class Fault:
    """A row that breaks the work: its id, the kind of error and where it was raised.

    Not the error's message: it may quote the record.
    """

    subject_id: str
    error: str
    place: str


def work_around(
    work: Callable[[pd.DataFrame], T], frame: pd.DataFrame, key: str
) -> tuple[T, list[Fault]]:
    """`work` of the frame, without the few rows that break it; `key` is the column of their ids.

    Raises what `work` raises where more than few break it, or none does by itself, and what is the
    machine's fault and no record's.
    """
    try:
        return work(frame), []
    except (MemoryError, OSError):
        raise
    except Exception:
        faults = _find_faults(work, frame, key, few_of(len(frame)))
        if not faults:
            raise
        rest = frame[~frame[key].isin([fault.subject_id for fault in faults])]
        return work(rest.reset_index(drop=True)), faults


def _find_faults(
    work: Callable[[pd.DataFrame], object], frame: pd.DataFrame, key: str, most: int
) -> list[Fault]:
    """The rows that break the work by themselves; none where they are more than `most`."""
    faults: list[Fault] = []
    pending = [frame]
    while pending:
        part = pending.pop()
        try:
            work(part.reset_index(drop=True))
            continue
        except Exception as error:
            if len(part) == 1:
                faults.append(_fault(str(part[key].iloc[0]), error))
        if len(faults) > most:
            return []
        if len(part) > 1:
            middle = len(part) // 2
            pending += [part.iloc[middle:], part.iloc[:middle]]
    return faults


def _fault(subject_id: str, error: Exception) -> Fault:
    frames = traceback.extract_tb(error.__traceback__)
    place = f"{Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
    return Fault(subject_id, type(error).__name__, place)
