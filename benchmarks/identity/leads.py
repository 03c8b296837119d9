"""The leads' own matching, with the shipped model, on generated people with known truth.

    python -m benchmarks.identity.leads 100000 --seed 11

Prints precision and recall of leads following merge edges as chains and the guarded way, also with
other probabilities from which an edge is certain, and what is set aside; and per threshold what it
would merge: precision, recall, wrong merges per 10,000 leads as counted and as the probabilities
themselves expect. The model was trained on the same generator under another seed, without its
truth.
"""

import argparse
import time
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa

from benchmarks.identity.measures import measure
from benchmarks.identity.sets import LabelledSet, SetDescription
from lead_platform.identity.clusters import cluster_records, label_clusters
from lead_platform.identity.linkage import apart_pairs, limited_values, merge_edges
from lead_platform.identity.model import load_model
from lead_platform.identity.pairs import find_pairs
from lead_platform.identity.people import generate_people
from lead_platform.identity.records import collect_all, prepare
from lead_platform.identity.specification import LinkageSpecification, load_specification

ROOT = Path(__file__).resolve().parents[2]
STRONG = (0.997, 0.998, 0.999, 0.9995, 0.9999, 1.0)
THRESHOLDS = (0.9, 0.95, 0.99, 0.995, 0.999, 0.9999)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("submissions", type=int, nargs="?", default=100_000)
    parser.add_argument("--seed", type=int, default=11)
    options = parser.parse_args()
    specification = load_specification(ROOT / "config" / "identity.yaml")
    model = load_model(specification)
    people = generate_people(options.submissions, seed=options.seed, specification=specification)
    truth = people.truth.merge(people.submissions[["submission_id", "match_record_id"]])
    with duckdb.connect() as lake, duckdb.connect() as scratch:
        tables = (ROOT / "lead_platform/identity/tables.sql").read_text(encoding="utf-8")
        lake.execute(f"create schema identity; {tables}")
        lake.register("given", people.submissions)
        lake.execute("insert into identity.normalized_submissions by name from given")
        prepare(lake, specification)
        started = time.perf_counter()
        scratch.register("given_rows", collect_all(lake))
        scratch.execute("create table new_rows as from given_rows")
        scratch.execute("create table known_rows as from new_rows limit 0")
        pairs = find_pairs(scratch, specification, model).pairs.to_pandas()
        records = scratch.execute("from records order by record_no").to_arrow_table()
    nodes = pd.Series(records["record_id"].to_pylist(), dtype=object)
    print(f"{len(nodes):,} records matched in {time.perf_counter() - started:.1f} s")
    chained = label_clusters(nodes, merge_edges(pairs, specification))
    print(f"{'chains':<15}" + _line(truth["person"], _found(truth, nodes, chained)))
    print(f"{'guarded':<15}" + _guarded(pairs, records, nodes, truth, specification))
    for strong in STRONG:
        clustering = specification.clustering.model_copy(update={"strong": strong})
        other = specification.model_copy(update={"clustering": clustering})
        print(f"{f'strong {strong}':<15}" + _guarded(pairs, records, nodes, truth, other))
    print("threshold  precision  recall  wrong merges per 10,000 leads: counted, expected")
    for threshold in THRESHOLDS:
        print(_at(threshold, pairs, nodes, truth, specification))


def _guarded(
    pairs: pd.DataFrame,
    records: pa.Table,
    nodes: pd.Series,
    truth: pd.DataFrame,
    specification: LinkageSpecification,
) -> str:
    """Leads within the limits, as the job clusters them, and how many edges are set aside why."""
    clusters = cluster_records(
        nodes,
        merge_edges(pairs, specification),
        apart_pairs(pairs),
        specification.clustering,
        limited_values(records, specification),
    )
    counted = clusters.set_aside["reason"].value_counts().to_dict()
    return f"{_line(truth['person'], _found(truth, nodes, clusters.labels))}  {counted}"


def _found(truth: pd.DataFrame, nodes: pd.Series, labels: pd.Series) -> pd.Series:
    return truth["match_record_id"].map(dict(zip(nodes, labels, strict=True)))


def _line(person: pd.Series, found: pd.Series) -> str:
    description = SetDescription(kind="person", files=())
    labelled = LabelledSet("leads", description, pd.DataFrame(index=person.index), person)
    accuracy = measure(labelled, found)
    return (
        f"precision {accuracy.precision:.5f}  recall {accuracy.recall:.4f}  F1 {accuracy.f1:.4f}  "
        f"B-cubed {accuracy.b_cubed:.4f}"
    )


def _at(threshold, pairs, nodes, truth, specification) -> str:
    """One threshold over pairs that no guard holds back; equal keys merge whatever it is."""
    keys = [key.name for key in specification.exact_keys]
    held_back = pairs["reason"].str.contains(": ", regex=False)
    by_key = pairs["rule"].isin(keys)
    chosen = pairs[~held_back & (by_key | (pairs["match_probability"] >= threshold))]
    edges = chosen[["left_record_id", "right_record_id"]].set_axis(["left", "right"], axis=1)
    labels = label_clusters(nodes, edges)
    found = _found(truth, nodes, labels)
    person = truth.groupby("match_record_id")["person"].first()
    is_wrong = person.loc[edges["left"]].to_numpy() != person.loc[edges["right"]].to_numpy()
    leads = labels.nunique() / 10_000
    by_model = chosen[~chosen["rule"].isin(keys)]
    expected = float(np.sum(1 - by_model["match_probability"]))
    line = _line(truth["person"], found)
    return f"{threshold:<9}{line}  {is_wrong.sum() / leads:6.2f} {expected / leads:6.2f}"


if __name__ == "__main__":
    main()
