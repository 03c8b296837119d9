"""Linkage of any set of records by a specification: derive, train, compare, decide, cluster.

Owns the way through the engine for records that are no submissions: accounts, benchmark sets.
The leads' way, with known leads and their ids, is members.py's.
"""

from collections.abc import Hashable
from dataclasses import dataclass

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from lead_platform.identity.engine.clusters import (
    NO_KINDS,
    NO_VALUES,
    Clusters,
    certain_pairs,
    cluster_records,
    label_clusters,
)
from lead_platform.identity.engine.derivations import derive_columns
from lead_platform.identity.engine.guards import find_kinds, scatter, without_shown
from lead_platform.identity.engine.model import MatchModel
from lead_platform.identity.engine.pairs import (
    PairFindings,
    find_pairs,
    open_scratch,
    take_as_new,
)
from lead_platform.identity.engine.specification import APART, CANNOT_LINK, LinkageSpecification


@dataclass(frozen=True)
class Linkage:
    """What belongs together. `clusters`: one number per record, in the order given; `pairs`: rows
    as in identity.match_pairs; `candidates`: pairs compared; `set_aside`: merging pairs that were
    not followed, with the reason."""

    clusters: pd.Series
    pairs: pd.DataFrame
    candidates: int
    set_aside: pd.DataFrame


def match_records(
    frame: pd.DataFrame, specification: LinkageSpecification, record_ids: pd.Series
) -> pa.Table:
    """The match records of `frame`: record_id and every declared column, typed."""
    derived = derive_columns(frame, specification)
    columns = {
        name: pa.array(
            derived[name].tolist(),
            pa.string() if column.kind == "text" else pa.list_(pa.string()),
        )
        for name, column in specification.columns.items()
    }
    return pa.table({"record_id": pa.array(record_ids.astype(str).tolist(), pa.string())} | columns)


def link_records(
    records: pa.Table, specification: LinkageSpecification, model: MatchModel
) -> Linkage:
    """Clusters of the records that are one thing, by the specification's thresholds and guards."""
    findings = compare_records(records, specification, model)
    pairs = findings.pairs.to_pandas()
    found = cluster_pairs(records, pairs, specification)
    return Linkage(found.labels, pairs, findings.candidates, found.set_aside)


def compare_records(
    records: pa.Table, specification: LinkageSpecification, model: MatchModel
) -> PairFindings:
    """The pairs of match records that are one thing, or wait for a person."""
    with open_scratch(records.num_rows) as scratch:
        take_as_new(scratch, as_new(records))
        return find_pairs(scratch, specification, model)


def as_new(records: pa.Table) -> pa.Table:
    """Match records as `take_as_new` wants them; those that do not say when they were received
    were so once, in the order of their ids."""
    order = pc.rank(records["record_id"].combine_chunks(), tiebreaker="first")
    added = {
        "submission_id": records["record_id"],
        "received_seq": order.cast(pa.int64()),
        "is_known_record": pa.array([False] * records.num_rows, pa.bool_()),
    }
    for name, values in added.items():
        if name not in records.column_names:
            records = records.append_column(name, values)
    return records


def cluster_pairs(
    records: pa.Table, pairs: pd.DataFrame, specification: LinkageSpecification
) -> Clusters:
    """The clusters of match records by the pairs found of them, within limits and guards."""
    nodes = pd.Series(records["record_id"].to_pylist(), dtype=object)
    edges = merge_edges(pairs, specification)
    labelled = records.append_column("node", records["record_id"]).append_column(
        "component", pa.array(label_clusters(nodes, edges))
    )
    with open_scratch(records.num_rows) as scratch:
        scratch.register("labelled_records", labelled)
        spoken = find_kinds(scratch, specification, "labelled_records")
    edges, scattered = scatter(edges, spoken)
    found = cluster_records(
        nodes,
        edges,
        apart_pairs(pairs),
        specification.clustering,
        limited_values(records, specification),
        without_shown(spoken.kinds, edges, NO_KINDS.apart),
    )
    return Clusters(found.labels, pd.concat([found.set_aside, scattered]))


def merge_edges(pairs: pd.DataFrame, specification: LinkageSpecification) -> pd.DataFrame:
    """The merging ones of `pairs` (rows as in identity.match_pairs) as edges to cluster along."""
    merges = pairs[pairs["decision"] == "merge"]
    return pd.DataFrame(
        {
            "left": merges["left_record_id"],
            "right": merges["right_record_id"],
            "weight": merges["match_weight"],
            "is_certain": certain_pairs(merges, specification),
        }
    )


def apart_pairs(pairs: pd.DataFrame) -> pd.DataFrame:
    """Those of `pairs` that a guard keeps apart, as cannot-links."""
    is_apart = pairs["decision"].isin([CANNOT_LINK, APART])
    apart = pairs.loc[is_apart, ["left_record_id", "right_record_id"]]
    return apart.set_axis(["left", "right"], axis=1)


def limited_values(records: pa.Table, specification: LinkageSpecification) -> pd.DataFrame:
    """What each record counts with under the limits, as cluster_records takes it."""
    rows = [NO_VALUES]
    for place, limit in enumerate(specification.clustering.limits):
        held = records.select(["record_id", *limit.columns]).to_pandas()
        held["within"] = held[limit.within] if limit.within else ""
        named = {"record_id": "node", limit.column: "value"}
        held = held.rename(columns=named)[["node", "within", "value"]].dropna()
        rows.append(held.assign(limit=place))
    return pd.concat(rows, ignore_index=True)


def same_ids(frame: pd.DataFrame, column: Hashable | None = None) -> pd.Series:
    """Record ids for a frame: those of a column, or the row numbers, padded to sort as counted."""
    if column is not None:
        return frame[column].astype(str)
    return pd.Series([f"r{number:08d}" for number in range(len(frame))], index=frame.index)
