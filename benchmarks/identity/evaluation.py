"""One set through the engine and its anchors: accuracy, seconds and peak memory."""

import resource
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from benchmarks.identity.anchors import join_on_name, plain_splink
from benchmarks.identity.measures import Accuracy, measure
from benchmarks.identity.sets import LabelledSet, load_set
from lead_platform.identity.engine.specification import load_specification
from lead_platform.identity.linkage.runs import LinkRun, fitted_specification, run_linkage
from lead_platform.identity.linkage.specification import (
    SOURCE,
    LinkSpecification,
    shipped_specification,
)

LEADS = Path(__file__).parents[2] / "config" / "identity.yaml"
# The curve of precision against recall is drawn from here on.
LEAST_REVIEWED = 0.001


@dataclass(frozen=True)
class Figures:
    """What one way of matching did on one set. `memory`: peak of the process so far, in GB."""

    way: str
    accuracy: Accuracy
    seconds: float
    memory: float
    candidates: int = 0


def specification_for(labelled: LabelledSet) -> LinkSpecification:
    """The specification of the set's kind, for the columns the set has."""
    specification = shipped_specification(labelled.description.kind)
    thresholds = specification.thresholds.model_copy(update={"review": LEAST_REVIEWED})
    return fitted_specification(
        specification.model_copy(update={"thresholds": thresholds}),
        [name for name in labelled.records.columns if name != SOURCE],
        is_between=labelled.description.link == "between",
        nicknames=load_specification(LEADS).nicknames,
    )


def run_engine(labelled: LabelledSet) -> LinkRun:
    """Train on the set, without its truth, and link it."""
    return run_linkage(labelled.records, specification_for(labelled))


def evaluate(labelled: LabelledSet) -> tuple[LinkRun, list[Figures]]:
    """The engine first, so that its peak memory is its own; then the anchors."""
    started = time.perf_counter()
    run = run_engine(labelled)
    seconds = time.perf_counter() - started
    memory = peak_memory()
    figures = [
        Figures(
            "engine", measure(labelled, run.linkage.clusters), seconds, memory,
            run.linkage.candidates,
        )
    ]  # fmt: skip
    figures += [
        _timed("name join", join_on_name, labelled),
        _timed("plain Splink", plain_splink, labelled),
    ]
    return run, figures


def run_set(name: str, data: Path, out: Path | None) -> tuple[list[Figures], float | None]:
    """The figures of one set and the F1 it should reach; charts go to `out`."""
    labelled = load_set(name, data)
    run, figures = evaluate(labelled)
    if out is not None:
        from benchmarks.identity.charts import write_charts

        write_charts(labelled, run, out)
    return figures, labelled.description.reach


def _timed(way: str, link: Callable[[LabelledSet], pd.Series], labelled: LabelledSet) -> Figures:
    started = time.perf_counter()
    clusters = link(labelled)
    seconds = time.perf_counter() - started
    return Figures(way, measure(labelled, clusters), seconds, peak_memory())


def peak_memory() -> float:
    """The process's peak so far, in GB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 / 1024
