"""Rehearsals of a step: which of the records it takes in make its own code raise an error?

A step reads all that waits but for what is held, so it is tried with some of that left out, and
taken back, until the few are found without which it goes through. First it is tried as it was: an
error that does not come back is nobody's. It costs nothing where no error is raised. What the gate
finds wrong of rows is `quarantine`'s.
"""

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from lead_platform.lake.brake import WorkflowStoppedError, check_brake
from lead_platform.lake.changes import current_snapshot
from lead_platform.lake.faults import Fault, fault_of, few_of, find_culprits, may_be_of_a_record
from lead_platform.lake.fence import OvertakenError
from lead_platform.lake.lake import Candidate, GateFailedError, LakeFullError
from lead_platform.lake.lock import WriterLockTimeoutError
from lead_platform.lake.quarantine import Scope, Separation, Subject, leave_out
from lead_platform.lake.steps import Metadata, Part, Stage, Step
from lead_platform.settings import Settings

Faults = dict[str, list[tuple[Subject, Fault]]]
"""By stage, the records that break its code: it does without them."""

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


@dataclass
class Position:
    """The stage that is being written; None before the first and after the last."""

    stage: Stage | None = None


def write_parts(
    candidate: Candidate,
    parts: Iterable[Part],
    settings: Settings,
    faults: Faults,
    position: Position,
) -> dict[str, Metadata]:
    """Write these, without the records that are known to break a stage; metadata by stage."""
    metadata: dict[str, Metadata] = {}
    for part in parts:
        position.stage = part.stages[0][0]
        _begin(candidate, part, faults)
        try:
            metadata |= part.write(candidate, settings)
        except Exception as error:
            position.stage = part.stage_of(error)
            raise
    return metadata


def find_faults(
    step: Step,
    stage: Stage,
    separations: Sequence[Separation],
    faults: Faults,
    error: Exception,
) -> list[tuple[Subject, Fault]]:
    """What the stage has to leave out, beside `faults`, so that its code does not raise; `error` is
    what it raised.

    However many these are, as long as they do not outnumber the others. Empty where they do, or
    where the error does not come back. Where they are too many to tell apart in time, some that
    lie between them are left out with them; of models that take up a part of all leads, nothing.
    What was left out before and is tried again costs the step nothing: it is left out first, and
    however much of it breaks the stage again is left out anew.
    """
    scope = stage.scope
    if scope is None or isinstance(error, _OF_THE_LAKE) or not may_be_of_a_record(error):
        return []
    deadline = time.monotonic() + _SEARCH_SECONDS
    rehearsal = _Rehearsal(step, stage, scope, separations, faults)
    most_taken = 0

    def is_over() -> bool:
        return time.monotonic() > deadline

    def without(left_out: Sequence[Subject]) -> Exception | None:
        nonlocal most_taken
        if scope.count_taken and is_over():
            raise error
        raised, taken = rehearsal.without(left_out)
        most_taken = max(most_taken, taken)
        return raised

    def is_worth(culprits: int, sound: int) -> bool:
        # Of all leads most are taken up by nothing, and sound in whatever step.
        return culprits <= max(few_of(0), most_taken if scope.count_taken else sound)

    pending, again = rehearsal.list_pending()
    tried_again = {*again}
    new = [subject for subject in pending if subject not in tried_again]
    if again and without(()) is None:
        return []
    culprits: list[tuple[Subject, Exception]] = []
    if not again or without(again) is not None:
        culprits = find_culprits(new, lambda out: without([*again, *out]), is_worth, is_over)
        if not culprits:
            return []
    taken = most_taken + len(culprits) if scope.count_taken else len(pending)
    is_of_many = len(culprits) > few_of(taken)
    found = [
        (subject, replace(fault_of(subject.subject_id, raised), is_of_many=is_of_many))
        for subject, raised in culprits
    ]
    if not again:
        return found
    left_out = [subject for subject, _ in culprits]
    try:
        held_again = find_culprits(
            again, lambda out: without([*left_out, *out]), lambda *_: True, is_over
        )
    except Exception as raised:
        if raised is not error:
            raise
        # Too many to find in time which of them: all stay out.
        held_again = [(subject, error) for subject in again]
    return found + [
        (subject, fault_of(subject.subject_id, raised)) for subject, raised in held_again
    ]


@dataclass(frozen=True)
class _Rehearsal:
    """A step written up to one of its stages, and taken back."""

    step: Step
    stage: Stage
    scope: Scope
    separations: Sequence[Separation]
    faults: Faults

    def list_pending(self) -> tuple[Sequence[Subject], Sequence[Subject]]:
        """All that the stage takes in, with what is let go at the step's beginning; and of these,
        what it left out before and tries again."""
        pending: Sequence[Subject] = ()
        again: Sequence[Subject] = ()
        try:
            with self._begun() as (candidate, _):
                pending = self.scope.pending(candidate.connection)
                tried = candidate.list_tried(self.stage.name)
                again = [one for one in pending if Subject(one.type, one.subject_id) in tried]
                raise _RehearsalEndedError
        except _RehearsalEndedError:
            return pending, again

    def without(self, left_out: Sequence[Subject]) -> tuple[Exception | None, int]:
        """What the stage raises without these, or else how many it has taken up; nothing stays."""
        taken = 0
        try:
            with self._begun() as (candidate, part):
                with candidate.transaction():
                    leave_out(candidate.connection, self.stage.name, left_out)
                since = current_snapshot(candidate.connection)
                part.write(candidate, self.step.settings)
                if self.scope.count_taken:
                    taken = self.scope.count_taken(candidate.connection, since)
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

    @contextmanager
    def _begun(self) -> Iterator[tuple[Candidate, Part]]:
        """The stages before are written; the part that the stage belongs to comes next."""
        before, part = self.step.until(self.stage)
        step = self.step
        with step.gated(step.name, run_id=step.run_id, separations=self.separations) as candidate:
            write_parts(candidate, before, step.settings, self.faults, Position())
            _begin(candidate, part, self.faults)
            yield candidate, part


def _begin(
    candidate: Candidate, part: Part, faults: Mapping[str, list[tuple[Subject, Fault]]]
) -> None:
    """Take up what the part's stages need not leave out any more, and set aside what breaks them:
    behind what comes before, for a lead has its version by then."""
    for stage, prepared in part.stages:
        candidate.take_up({stage.name}, prepared.seen)
        for subject, fault in faults.get(stage.name, ()):
            assert stage.scope is not None
            candidate.step = stage.name
            candidate.hold([fault], subject.type, stage.scope.table, subject.version)
