"""Measures of a clustering against the truth: over pairs, and over records (B-cubed)."""

from dataclasses import dataclass

import pandas as pd

from benchmarks.identity.sets import LabelledSet
from lead_platform.identity.linkage.specification import SOURCE


@dataclass(frozen=True)
class Accuracy:
    """Shares between 0 and 1. `apart_merged`: of the pairs that are related but not the same
    and could have been confused, how many were put together."""

    precision: float
    recall: float
    b_cubed: float | None = None
    apart_merged: int | None = None
    apart: int | None = None

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall over pairs."""
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0


def measure(labelled: LabelledSet, clusters: pd.Series) -> Accuracy:
    """How well `clusters` (one label per record, in order) shows the truth."""
    if labelled.judged is not None:
        return _over_verdicts(labelled.judged, clusters)
    frame = pd.DataFrame({"truth": labelled.truth.to_numpy(), "found": clusters.to_numpy()})
    between = labelled.description.link == "between"
    frame["source"] = labelled.records[SOURCE].to_numpy() if between else ""
    right = _pairs(frame, ["truth", "found"])
    found, true = _pairs(frame, ["found"]), _pairs(frame, ["truth"])
    merged = _apart_merged(labelled.apart, frame) if labelled.apart is not None else None
    return Accuracy(
        precision=right / found if found else 1.0,
        recall=right / true if true else 1.0,
        b_cubed=_b_cubed(frame),
        apart_merged=merged,
        apart=None if labelled.apart is None else len(labelled.apart),
    )


def _pairs(frame: pd.DataFrame, by: list[str]) -> int:
    """Pairs within groups; where two files are linked, only those across them."""
    sizes = frame.groupby(by).size()
    pairs = int((sizes * (sizes - 1) // 2).sum())
    if frame["source"].nunique() > 1:
        inner = frame.groupby([*by, "source"]).size()
        pairs -= int((inner * (inner - 1) // 2).sum())
    return pairs


def _b_cubed(frame: pd.DataFrame) -> float:
    """F1 of B-cubed precision and recall, each a mean over records."""
    both = frame.groupby(["truth", "found"])["source"].transform("size")
    precision = (both / frame.groupby("found")["source"].transform("size")).mean()
    recall = (both / frame.groupby("truth")["source"].transform("size")).mean()
    return float(2 * precision * recall / (precision + recall))


def _apart_merged(apart: pd.DataFrame, frame: pd.DataFrame) -> int:
    """Related pairs of which some record of one is in a cluster with some record of the other."""
    placed = frame[["truth", "found"]].drop_duplicates()
    met = apart.merge(placed, left_on="left", right_on="truth").merge(
        placed, left_on=["right", "found"], right_on=["truth", "found"]
    )
    return int(met[["left", "right"]].drop_duplicates().shape[0])


def _over_verdicts(judged: pd.DataFrame, clusters: pd.Series) -> Accuracy:
    labels = clusters.to_numpy()
    together = labels[judged["left"]] == labels[judged["right"]]
    right = int((together & judged["is_match"]).sum())
    return Accuracy(
        precision=right / int(together.sum()) if together.any() else 1.0,
        recall=right / int(judged["is_match"].sum()),
    )
