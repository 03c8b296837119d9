"""Charts of a run on one set: match weights, and precision against recall over all thresholds."""

from pathlib import Path

import altair as alt
import numpy as np
import pandas as pd

from benchmarks.identity.leads import LeadsRun
from benchmarks.identity.populations import SPECIFICATION
from benchmarks.identity.sets import LabelledSet
from lead_platform.identity.engine.model import MatchModel
from lead_platform.identity.linkage.runs import LinkRun
from lead_platform.identity.modelling.charts import match_weights_chart, save_chart

_HIGH = 0.98


def write_charts(labelled: LabelledSet, run: LinkRun, folder: Path) -> None:
    """Two PNG files per set."""
    weights = match_weights_chart(run.specification, run.model)
    save_chart(weights, folder / f"{labelled.name}_match_weights.png")
    curve = precision_recall(labelled, run)
    threshold = run.specification.thresholds.merge
    chart = _curve_chart(labelled.name, curve, threshold)
    save_chart(chart, folder / f"{labelled.name}_curve.png")


def write_leads_charts(kind: str, run: LeadsRun, model: MatchModel, folder: Path) -> None:
    """Two PNG files per kind of leads."""
    save_chart(match_weights_chart(SPECIFICATION, model), folder / "leads_match_weights.png")
    records = run.truth.drop_duplicates("match_record_id")
    person = records.set_index("match_record_id")["person"]
    sizes = person.value_counts()
    pairs = _by_weight(run.pairs)
    is_match = (
        person.loc[pairs["left_record_id"]].to_numpy()
        == person.loc[pairs["right_record_id"]].to_numpy()
    )
    curve = _curve(pairs, is_match.astype(float), int((sizes * (sizes - 1) // 2).sum()))
    chart = _curve_chart(f"leads_{kind}", curve, SPECIFICATION.thresholds.merge)
    save_chart(chart, folder / f"leads_{kind}_curve.png")


def precision_recall(labelled: LabelledSet, run: LinkRun) -> pd.DataFrame:
    """Per match weight: precision and recall of the pairs at and above it, before clustering.

    Guards stay in force: what they keep from merging counts at no threshold.
    """
    pairs = _by_weight(run.linkage.pairs)
    ends = [
        pairs[side].str[1:].astype(int).to_numpy() for side in ("left_record_id", "right_record_id")
    ]
    return _curve(pairs, *_verdicts(labelled, *ends))


def _by_weight(pairs: pd.DataFrame) -> pd.DataFrame:
    """The pairs that no guard holds back, the weightiest first."""
    held_back = pairs["reason"].str.contains(": ", regex=False)
    return pairs[~held_back].sort_values("match_weight", ascending=False)


def _curve(pairs: pd.DataFrame, is_match: np.ndarray, total: int) -> pd.DataFrame:
    known = ~np.isnan(is_match)
    right = np.cumsum(is_match[known])
    place = np.arange(1, len(right) + 1)
    weight = pairs["match_weight"].to_numpy()[known]
    curve = pd.DataFrame(
        {"match_weight": weight, "precision": right / place, "recall": right / total}
    )
    last = curve["match_weight"].shift(-1) != curve["match_weight"]
    return curve[last]


def _verdicts(labelled: LabelledSet, left: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, int]:
    """Per pair 1, 0 or unknown, and how many true pairs there are."""
    if labelled.judged is not None:
        judged = {
            frozenset(pair): float(verdict)
            for *pair, verdict in labelled.judged.itertuples(index=False)
        }
        found = [judged.get(frozenset(pair), np.nan) for pair in zip(left, right, strict=True)]
        return np.array(found), int(labelled.judged["is_match"].sum())
    truth = labelled.truth.to_numpy()
    sizes = pd.Series(truth).value_counts()
    return (truth[left] == truth[right]).astype(float), int((sizes * (sizes - 1) // 2).sum())


def _curve_chart(name: str, curve: pd.DataFrame, threshold: float) -> alt.LayerChart:
    thinned = curve.iloc[:: max(1, len(curve) // 2_000)]
    at = curve[curve["match_weight"] >= np.log2(threshold / (1 - threshold))].tail(1)
    # Where precision never falls far, the whole scale would show a straight line.
    lowest = 0.0 if curve["precision"].min() < _HIGH else _HIGH
    x = alt.X("recall", scale=alt.Scale(domain=[0, 1]), title="recall of pairs")
    y = alt.Y(
        "precision",
        scale=alt.Scale(domain=[lowest, 1]),
        title=f"precision of pairs, from {lowest:g}",
    )
    line = alt.Chart(thinned).mark_line(interpolate="step-before").encode(x=x, y=y)
    point = alt.Chart(at).mark_point(size=90, filled=True, color="crimson").encode(x=x, y=y)
    title = f"{name}: pairs before clustering; the point is the merge threshold {threshold}"
    return (line + point).properties(width=460, height=320, title=title)
