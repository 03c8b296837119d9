"""The leads' own matching, with the shipped model, on leads with known truth.

    python -m benchmarks.identity.leads 100000                  the demo world
    python -m benchmarks.identity.leads 100000 --of people      people generated for matching

Prints precision and recall of leads; per threshold what it would merge: precision, recall, wrong
merges per 10,000 leads as counted and as the probabilities themselves expect; and what the limits
of clustering set aside, by the probability from which an edge is certain. The shipped
model was trained on the second kind under another seed, without its truth; the demo world is
another generator, whose names and mess the model has not seen.
"""

import argparse
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa

from benchmarks.identity.evaluation import Figures, peak_memory
from benchmarks.identity.measures import Accuracy, measure
from benchmarks.identity.populations import POPULATIONS, SPECIFICATION
from benchmarks.identity.sets import LabelledSet, SetDescription
from lead_platform.identity.engine.clusters import Clusters, label_clusters
from lead_platform.identity.engine.linking import cluster_pairs, merge_edges
from lead_platform.identity.engine.model import MatchModel, load_model
from lead_platform.identity.engine.pairs import find_pairs, open_scratch, take_as_new
from lead_platform.identity.engine.specification import LinkageSpecification
from lead_platform.identity.leads.records import collect_all, prepare

STRONG = (0.997, 0.998, 0.999, 0.9995, 0.9999, 1.0)
THRESHOLDS = (0.9, 0.95, 0.99, 0.995, 0.999, 0.9999)
SEED = 11


@dataclass(frozen=True)
class LeadsRun:
    """What matching did. `pairs`: rows as in identity.match_pairs; `records`: the match records,
    `nodes` their ids; `truth`: submission_id, match_record_id, person; `candidates`: pairs
    compared."""

    pairs: pd.DataFrame
    records: pa.Table
    nodes: pd.Series
    truth: pd.DataFrame
    candidates: int
    seconds: float
    memory: float


def run_leads(kind: str, submissions: int, seed: int, model: MatchModel) -> LeadsRun:
    """All leads of a population compared, as if all were new. The times are those of matching."""
    population = POPULATIONS[kind](submissions, seed)
    prepare(population.lake, SPECIFICATION)
    started = time.perf_counter()
    rows = collect_all(population.lake)
    with open_scratch(rows.num_rows) as scratch:
        take_as_new(scratch, rows)
        found = find_pairs(scratch, SPECIFICATION, model)
        records = scratch.execute("from records order by record_no").to_arrow_table()
        seconds = time.perf_counter() - started
    return LeadsRun(
        pairs=found.pairs.to_pandas(),
        records=records,
        nodes=pd.Series(records["record_id"].to_pylist(), dtype=object),
        truth=population.truth,
        candidates=found.candidates,
        seconds=seconds,
        memory=peak_memory(),
    )


def leads_figures(run: LeadsRun) -> list[Figures]:
    """The leads as chains of merging pairs, and as guarded clusters."""
    started = time.perf_counter()
    chained = label_clusters(run.nodes, merge_edges(run.pairs, SPECIFICATION))
    between = time.perf_counter()
    guarded = guarded_clusters(run, SPECIFICATION).labels
    times = {"chains": between - started, "guarded": time.perf_counter() - between}
    return [
        Figures(
            way, accuracy(run, labels), run.seconds + times[way], run.memory, run.candidates
        )
        for way, labels in (("chains", chained), ("guarded", guarded))
    ]  # fmt: skip


def guarded_clusters(run: LeadsRun, specification: LinkageSpecification) -> Clusters:
    """Leads within the limits, as the job clusters them."""
    return cluster_pairs(run.records, run.pairs, specification)


def limits_curve(run: LeadsRun) -> pd.DataFrame:
    """One row per `clustering.strong`: strong, precision, recall, and the edges set aside by
    reason, with how many of them are wrong."""
    person = run.truth.groupby("match_record_id")["person"].first()
    rows = []
    for strong in STRONG:
        clustering = SPECIFICATION.clustering.model_copy(update={"strong": strong})
        found = guarded_clusters(run, SPECIFICATION.model_copy(update={"clustering": clustering}))
        measured, aside = accuracy(run, found.labels), found.set_aside
        is_wrong = person.loc[aside["left"]].to_numpy() != person.loc[aside["right"]].to_numpy()
        rows.append(
            {"strong": strong, "precision": measured.precision, "recall": measured.recall}
            | aside["reason"].value_counts().to_dict()
            | {"wrong": int(is_wrong.sum())}
        )
    return pd.DataFrame(rows).fillna(0)


def accuracy(run: LeadsRun, labels: pd.Series) -> Accuracy:
    """Over all pairs of submissions; `labels`: one per node."""
    found = run.truth["match_record_id"].map(dict(zip(run.nodes, labels, strict=True)))
    person = run.truth["person"]
    description = SetDescription(kind="person", files=())
    return measure(
        LabelledSet("leads", description, pd.DataFrame(index=person.index), person), found
    )


def threshold_curve(run: LeadsRun) -> pd.DataFrame:
    """One row per threshold: threshold, precision, recall, f1, b_cubed, and wrong merges per 10,000
    leads, counted and expected. Equal keys merge at any threshold, guards stay in force."""
    keys = [key.name for key in SPECIFICATION.exact_keys]
    free = run.pairs[~run.pairs["reason"].str.contains(": ", regex=False)]
    by_key = free["rule"].isin(keys)
    person = run.truth.groupby("match_record_id")["person"].first()
    rows = []
    for threshold in THRESHOLDS:
        chosen = free[by_key | (free["match_probability"] >= threshold)]
        edges = chosen[["left_record_id", "right_record_id"]].set_axis(["left", "right"], axis=1)
        labels = label_clusters(run.nodes, edges)
        is_wrong = person.loc[edges["left"]].to_numpy() != person.loc[edges["right"]].to_numpy()
        by_model = chosen[~chosen["rule"].isin(keys)]
        leads = labels.nunique() / 10_000
        found = accuracy(run, labels)
        rows.append({
            "threshold": threshold, "precision": found.precision, "recall": found.recall,
            "f1": found.f1, "b_cubed": found.b_cubed, "wrong_counted": is_wrong.sum() / leads,
            "wrong_expected": float(np.sum(1 - by_model["match_probability"])) / leads,
        })  # fmt: skip
    return pd.DataFrame(rows)


def leads_rows(
    kind: str, submissions: int, seed: int, out: Path | None
) -> tuple[list[Figures], str]:
    """The figures and the curves as text; charts go to `out`."""
    run = run_leads(kind, submissions, seed, load_model(SPECIFICATION))
    curve = threshold_curve(run)
    if out is not None:
        from benchmarks.identity.charts import write_leads_charts

        write_leads_charts(kind, run, load_model(SPECIFICATION), out)
    curves = (curve, limits_curve(run))
    told = [one.to_string(index=False, float_format="{:.4f}".format) for one in curves]
    return leads_figures(run), "\n".join(told)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("submissions", type=int, nargs="?", default=100_000)
    parser.add_argument("--of", choices=sorted(POPULATIONS), default="demo")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--out", type=Path, help="folder for charts")
    options = parser.parse_args()
    figures, curve = leads_rows(options.of, options.submissions, options.seed, options.out)
    for one in figures:
        found = one.accuracy
        print(
            f"{one.way:<8} precision {found.precision:.5f}  recall {found.recall:.4f}  "
            f"F1 {found.f1:.4f}  B-cubed {found.b_cubed:.4f}  {one.seconds:.1f} s  "
            f"{one.memory:.2f} GB  {one.candidates:,} compared"
        )
    print(curve)


if __name__ == "__main__":
    main()
