"""One set through the engine and its anchors: accuracy, seconds and peak memory."""

import resource
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from benchmarks.identity.anchors import join_on_name, plain_splink
from benchmarks.identity.measures import Accuracy, measure
from benchmarks.identity.sets import SOURCE, LabelledSet, load_set
from lead_platform.identity.engine.linking import Linkage, link_records, match_records, same_ids
from lead_platform.identity.engine.model import MatchModel
from lead_platform.identity.engine.specification import LinkageSpecification, load_specification
from lead_platform.identity.modelling.training import train_model

HERE = Path(__file__).parent
LEADS = HERE.parents[1] / "config" / "identity.yaml"


@dataclass(frozen=True)
class Figures:
    """What one way of matching did on one set. `memory`: peak of the process so far, in GB."""

    way: str
    accuracy: Accuracy
    seconds: float
    memory: float
    candidates: int = 0


@dataclass(frozen=True)
class EngineRun:
    """All there is to look at after the engine has run."""

    specification: LinkageSpecification
    model: MatchModel
    linkage: Linkage


def specification_for(labelled: LabelledSet) -> LinkageSpecification:
    """The specification of the set's kind, for the columns the set has."""
    specification = load_specification(HERE / f"{labelled.description.kind}.yaml")
    blocking = specification.blocking
    if labelled.description.link == "between":
        blocking = blocking.model_copy(update={"between": SOURCE})
    nicknames = load_specification(LEADS).nicknames
    specification = specification.model_copy(update={"nicknames": nicknames, "blocking": blocking})
    return specification.restricted_to(list(labelled.records.columns))


def run_engine(labelled: LabelledSet) -> EngineRun:
    """Train on the set, without its truth, and link it."""
    specification = specification_for(labelled)
    records = match_records(labelled.records, specification, same_ids(labelled.records))
    model = train_model(records, specification, name=specification.model)
    return EngineRun(specification, model, link_records(records, specification, model))


def evaluate(labelled: LabelledSet) -> tuple[EngineRun, list[Figures]]:
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
