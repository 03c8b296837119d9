"""Steps: what is written under one lock and judged by one gate, stage by stage.

A stage is a transaction of its own, or models that dbt builds. Its name is what the quarantine
knows it by. What becomes of a step in which something fails is `tries`'.
"""

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

from lead_platform.lake.data_tests import list_failures
from lead_platform.lake.dbt import DataTestsFailedError, built_tables, run_models
from lead_platform.lake.lake import Candidate
from lead_platform.lake.migration import models_to_refill, note_refilled
from lead_platform.lake.quarantine import Scope, Separation
from lead_platform.settings import Settings

Metadata = Mapping[str, Any]
Write = Callable[[Candidate], Metadata | None]
Gated = Callable[..., AbstractContextManager[Candidate]]


@dataclass(frozen=True)
class Models:
    """dbt models: what `select` names (a union, as dbt has it), and the variables they read."""

    select: str
    variables: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Prepared:
    """What was computed outside the writer lock: how to write it, and about how many rows.

    `write` gives metadata. Where there are `models`, dbt writes, and `write` tells of what it
    built. With neither, there is nothing to do. `seen`: what the quarantine had let go for the
    stage when it computed (`list_let_go`); None where all is read in writing.
    """

    write: Write | None = None
    rows: int = 0
    models: Models | None = None
    seen: frozenset[str] | None = None


NOTHING = Prepared()


@dataclass(frozen=True)
class Stage:
    """A part of a step.

    `workflow`: the one whose switch stops it, None for what nobody may switch off. `tables`: those
    it writes (`layer.table`). `prepare` computes outside the lock. `scope`: what it leaves out for
    a row that fails or a record its code breaks on; without one, either costs the step.
    """

    name: str
    workflow: str | None
    tables: frozenset[str]
    prepare: Callable[[], Prepared]
    scope: Scope | None = None

    def separation(self, *, is_last: bool) -> Separation | None:
        """How it does without what fails; None where it cannot."""
        if self.scope is None:
            return None
        return Separation(self.name, self.scope.trace, is_last=is_last, tables=self.tables)


@dataclass(frozen=True)
class Part:
    """Stages that are written together: one, or all that follow each other of dbt."""

    stages: tuple[tuple[Stage, Prepared], ...]

    def write(self, candidate: Candidate, settings: Settings) -> dict[str, Metadata]:
        """Write it; metadata by stage."""
        models = [prepared.models for _, prepared in self.stages if prepared.models is not None]
        if models:
            if not _build(candidate, settings, models):
                return {}
            return {
                stage.name: prepared.write(candidate) or {}
                for stage, prepared in self.stages
                if prepared.write is not None
            }
        ((stage, prepared),) = self.stages
        if prepared.write is None:
            return {}
        candidate.step = stage.name
        with candidate.transaction():
            return {stage.name: prepared.write(candidate) or {}}

    def stage_of(self, error: Exception) -> Stage:
        """The one that raised it: dbt tells the table, of a data test too."""
        table = getattr(error, "table", "")
        return next((stage for stage, _ in self.stages if table in stage.tables), self.stages[0][0])


@dataclass(frozen=True)
class Step:
    """Stages under one lock, one gate and one release; `gated` opens their write."""

    name: str
    run_id: str
    gated: Gated
    parts: tuple[Part, ...]
    settings: Settings

    @property
    def stages(self) -> list[Stage]:
        """In the order in which they are written."""
        return [stage for part in self.parts for stage, _ in part.stages]

    def until(self, stage: Stage) -> tuple[list[Part], Part]:
        """The parts before the one that has the stage, and of that one what ends with it."""
        before: list[Part] = []
        for part in self.parts:
            for place, (one, _) in enumerate(part.stages):
                if one is stage:
                    return before, Part(part.stages[: place + 1])
            before.append(part)
        raise ValueError(f"{stage.name} is no stage of {self.name}")


def parts_of(stages: Iterable[tuple[Stage, Prepared]]) -> tuple[Part, ...]:
    """Each stage by itself, but for models that follow each other: dbt is called once for them."""
    parts: list[Part] = []
    for stage, prepared in stages:
        before = parts[-1].stages if parts else ()
        if prepared.models and before and before[-1][1].models:
            parts[-1] = Part((*before, (stage, prepared)))
        else:
            parts.append(Part(((stage, prepared),)))
    return tuple(parts)


def _build(candidate: Candidate, settings: Settings, models: list[Models]) -> bool:
    """Whether all were built and passed their data tests; what did not is the candidate's to tell.

    Raises DbtFailedError.
    """
    variables: dict[str, Any] = {}
    for one in models:
        variables |= one.variables
    due = models_to_refill(candidate.connection)
    try:
        built = run_models(
            settings,
            [name for one in models for name in one.select.split()],
            {**variables, "refilled_models": due},
            threads=candidate.threads,
            signature=candidate.fence.signature,
        )
    except DataTestsFailedError as error:
        candidate.failures += list_failures(candidate.connection, error.tests)
        return False
    if refilled := built_tables(built) & set(due):
        with candidate.transaction():
            note_refilled(candidate.connection, refilled)
    return True
