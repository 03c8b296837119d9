"""Rehearsals of a step: which of the records it takes in make its own code raise an error?

A step reads all that waits but for what is held, so it is tried with some of that left out, and
taken back, until the few are found without which it goes through. First it is tried as it was: an
error that does not come back is nobody's. It costs nothing where no error is raised. What the gate
finds wrong of rows is `quarantine`'s.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from lead_platform.lake.brake import WorkflowStoppedError, check_brake
from lead_platform.lake.changes import current_snapshot
from lead_platform.lake.faults import Fault, fault_of, few_of, find_culprits, may_be_of_a_record
from lead_platform.lake.fence import OvertakenError
from lead_platform.lake.lake import Candidate, GateFailedError, LakeFullError
from lead_platform.lake.lock import WriterLockTimeoutError
from lead_platform.lake.quarantine import Scope, Separation, Subject, leave_out

Write = Callable[[Candidate], Mapping[str, Any] | None]
Gated = Callable[..., AbstractContextManager[Candidate]]

# How long to look: a step that is broken for all of its records fails soon all the same. 20
# rehearsals, which find one of a million leads, take a minute on a small base.
_SEARCH_SECONDS = 600.0

_OF_THE_LAKE = (
    GateFailedError,
    LakeFullError,
    OvertakenError,
    WorkflowStoppedError,
    WriterLockTimeoutError,
)


class _RehearsalEndedError(Exception):
    """Takes a rehearsal back that went through."""


@dataclass(frozen=True)
class Step:
    """How a step writes: `gated` opens its write, `write` does it; `scope` is what it can do
    without, None where it cannot."""

    name: str
    run_id: str
    gated: Gated
    write: Write
    scope: Scope | None


def find_faults(
    step: Step, separation: Separation, error: Exception
) -> list[tuple[Subject, Fault]]:
    """What the step has to leave out so that its code does not raise; `error` is what it raised.

    Empty where that is no few records' fault, it does not come back, or none was found in time.
    """
    if step.scope is None or isinstance(error, _OF_THE_LAKE) or not may_be_of_a_record(error):
        return []
    deadline = time.monotonic() + _SEARCH_SECONDS
    scope, most_taken = step.scope, 0

    def attempt(left_out: Sequence[Subject]) -> Exception | None:
        nonlocal most_taken
        if time.monotonic() > deadline:
            raise error
        raised, taken = _rehearse(step, scope, separation, left_out)
        most_taken = max(most_taken, taken)
        return raised

    def is_few(count: int) -> bool:
        if scope.count_taken is None:
            return count <= few_of(len(pending))
        # Known in the end. Where they outnumber the sound so far, they are a step that is broken.
        return count <= few_of(0) or count <= most_taken

    pending = _list_pending(step, scope, separation)
    culprits = find_culprits(pending, attempt, is_few)
    if scope.count_taken and len(culprits) > few_of(most_taken + len(culprits)):
        return []
    return [(subject, fault_of(subject.subject_id, raised)) for subject, raised in culprits]


def _list_pending(step: Step, scope: Scope, separation: Separation) -> Sequence[Subject]:
    """All that the step takes in, with what is let go at its beginning."""
    pending: Sequence[Subject] = ()
    try:
        with step.gated(step.name, run_id=step.run_id, separation=separation) as candidate:
            pending = scope.pending(candidate.connection)
            raise _RehearsalEndedError
    except _RehearsalEndedError:
        return pending


def _rehearse(
    step: Step, scope: Scope, separation: Separation, left_out: Sequence[Subject]
) -> tuple[Exception | None, int]:
    """What the step raises without these, or else how many it has taken up; nothing stays."""
    taken = 0
    try:
        with step.gated(step.name, run_id=step.run_id, separation=separation) as candidate:
            with candidate.transaction():
                leave_out(candidate.connection, separation.step, left_out)
            since = current_snapshot(candidate.connection)
            step.write(candidate)
            if scope.count_taken:
                taken = scope.count_taken(candidate.connection, since)
            raise _RehearsalEndedError
    except _RehearsalEndedError:
        return None, taken
    except _OF_THE_LAKE:
        raise
    except Exception as error:
        check_brake()
        if not may_be_of_a_record(error):
            raise
        return error, 0
