"""Tries of a step: written once more without the few that failed, until it is published.

Rows that the gate finds wrong are set aside by the stage that wrote them, the earliest such stage
first: what later ones made of the same record may be right without it. Which records a stage's code
breaks on is `rehearsal`'s to find.
"""

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from lead_platform.lake.brake import Brake
from lead_platform.lake.lake import Candidate
from lead_platform.lake.quarantine import Separation
from lead_platform.lake.rehearsal import Faults, Position, find_faults, write_parts
from lead_platform.lake.steps import Metadata, Step

_SEE = "See them with: lead-platform quarantine list"


@dataclass(frozen=True)
class Published:
    """The try that was published, and what each stage tells of it."""

    candidate: Candidate
    metadata: dict[str, Metadata]


def run_step(step: Step, brake: Brake, log: logging.Logger) -> Published:
    """Write the step until a try is published.

    Raises GateFailedError, and what a stage raises that is no few records' fault.
    """
    faults: Faults = {}
    repeats: Counter[str] = Counter()
    set_aside: Counter[str] = Counter()
    searched: set[str] = set()
    while True:
        separations = _separations(step, repeats)
        position = Position()
        try:
            candidate, metadata = _write(step, brake, separations, faults, position)
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
            return Published(candidate, _with_counts(metadata, set_aside))
        searched.clear()
        repeats[candidate.parted] += 1
        set_aside[candidate.parted] += candidate.held
        log.warning(
            f"{candidate.parted}: {candidate.held:,} set aside, the step goes on without them. "
            f"{_SEE}"
        )


def _separations(step: Step, repeats: Counter[str]) -> list[Separation]:
    """Of each stage that can do without what fails, for good where it has no further try."""
    found = []
    for stage in step.stages:
        last = stage.scope.tries - 1 if stage.scope else 0
        separation = stage.separation(is_last=repeats[stage.name] >= last)
        if separation is not None:
            found.append(separation)
    return found


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
