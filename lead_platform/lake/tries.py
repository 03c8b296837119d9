"""Tries of a step: written once more without what failed, until it is published.

Few rows that the gate finds wrong are set aside by the stage that wrote them, the earliest such
stage first: what later ones made of the same record may be right without it. More than few refuse
the try, and each stage sets aside what failed of its own; the rest is nobody's fault and is tried
at once. Which records a stage's code breaks on is `rehearsal`'s to find.
"""

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from lead_platform.lake.brake import Brake
from lead_platform.lake.lake import Candidate, GateFailedError
from lead_platform.lake.quarantine import Separation
from lead_platform.lake.rehearsal import Faults, Position, find_faults, write_parts
from lead_platform.lake.steps import Metadata, Step

_SEE = "See them with: lead-platform quarantine list"

# How often a step is written at most. A try leaves out what failed in one of its stages, or, where
# that is more than few, in all: others fail then only for want of those, or of another content of
# theirs.
_MOST_TRIES = 8


@dataclass(frozen=True)
class Published:
    """The try that was published, what each stage tells of it, and how many were set aside."""

    candidate: Candidate
    metadata: dict[str, Metadata]
    set_aside: int = 0


def run_step(step: Step, brake: Brake, log: logging.Logger) -> Published:
    """Write the step until a try is published.

    Raises GateFailedError where nothing can be left out for what failed or that leads nowhere, and
    what a stage raises that is no few records' fault.
    """
    faults: Faults = {}
    repeats = 0
    set_aside: Counter[str] = Counter()
    searched: set[str] = set()
    while True:
        is_last = repeats == _MOST_TRIES - 1
        separations = [
            separation for stage in step.stages if (separation := stage.separation(is_last=is_last))
        ]
        position = Position()
        try:
            candidate, metadata = _write(step, brake, separations, faults, position)
        except GateFailedError as refusal:
            if not refusal.held_by or is_last:
                raise
            repeats += 1
            searched.clear()
            set_aside.update(refusal.held_by)
            log.error(str(refusal))
            continue
        except Exception as error:
            stage = position.stage
            if stage is None or stage.name in searched:
                raise
            found = find_faults(step, stage, separations, faults, error)
            if not found:
                raise
            searched.add(stage.name)
            faults.setdefault(stage.name, []).extend(found)
            log.warning(
                f"{stage.name} breaks on {len(found):,} of its records: they are set aside, the "
                f"step goes on without them. {_SEE}"
            )
            continue
        if not candidate.is_to_repeat:
            set_aside.update(candidate.held_by)
            return Published(candidate, _with_counts(metadata, set_aside), set_aside.total())
        searched.clear()
        repeats += 1
        set_aside[candidate.parted] += candidate.held
        log.warning(
            f"{candidate.parted}: {candidate.held:,} set aside, the step goes on without them. "
            f"{_SEE}"
        )


def _write(
    step: Step,
    brake: Brake,
    separations: Sequence[Separation],
    faults: Faults,
    position: Position,
) -> tuple[Candidate, dict[str, Metadata]]:
    """One try, without the records that stages were found to break on."""
    with step.gated(step.name, run_id=step.run_id, separations=separations) as candidate:
        # Thrown while the step waited for the lock.
        brake.look()
        metadata = write_parts(candidate, step.parts, step.settings, faults, position)
        position.stage = None
    return candidate, metadata


def _with_counts(metadata: dict[str, Metadata], set_aside: Counter[str]) -> dict[str, Metadata]:
    counts = {name: {"set_aside": count} for name, count in set_aside.items() if count}
    return {
        name: {**metadata.get(name, {}), **counts.get(name, {})} for name in {**metadata, **counts}
    }
