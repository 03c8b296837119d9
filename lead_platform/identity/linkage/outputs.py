"""What a linkage leaves behind: clusters, pairs that merged, pairs for a person, charts, a card.

Owns the files and their columns; what is said of the run as a whole is cards.py's.
"""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from lead_platform.identity.engine.evidence import tell_parts
from lead_platform.identity.engine.model import save_model
from lead_platform.identity.engine.specification import APART, CANNOT_LINK
from lead_platform.identity.linkage.cards import LinkSummary, render_card
from lead_platform.identity.linkage.runs import LinkRun
from lead_platform.identity.linkage.tables import ROW, Tables
from lead_platform.identity.modelling.charts import (
    cluster_sizes_chart,
    match_weights_chart,
    pair_weights_chart,
    save_chart,
)

CLUSTERS, MATCHES, REVIEWS = "clusters.csv", "matches.csv", "reviews.csv"
CARD, MODEL = "card.md", "model.json"


@dataclass(frozen=True)
class Outcome:
    """Clusters and pairs in the words of the tables.

    `clusters`: one row per record, in the tables' order: cluster_id, cluster_size, source_file,
    source_row, then its columns. `matches`: one per pair of records that merged, `reviews`: one per
    two clusters that a person should look at, the likeliest first.
    """

    clusters: pd.DataFrame
    matches: pd.DataFrame
    reviews: pd.DataFrame


def tell_outcome(tables: Tables, run: LinkRun) -> Outcome:
    """The run's findings, with what the tables say of each record beside them."""
    labels = pd.Series(pd.factorize(run.linkage.clusters)[0] + 1, index=tables.frame.index)
    sizes = labels.map(labels.value_counts())
    clusters = tables.frame.copy()
    clusters.insert(0, "cluster_size", sizes)
    clusters.insert(0, "cluster_id", labels)
    pairs = _with_rows(run.linkage.pairs, labels)
    aside = run.linkage.set_aside
    reasons = dict(zip(zip(aside["left"], aside["right"], strict=True), aside["reason"],
                       strict=True))  # fmt: skip
    ends = zip(pairs["left_record_id"], pairs["right_record_id"], strict=True)
    pairs["set_aside"] = [reasons.get(end, reasons.get(end[::-1])) for end in ends]
    is_together = pairs["left_cluster"] == pairs["right_cluster"]
    merged = pairs[(pairs["decision"] == "merge") & is_together]
    asked = pairs[pairs["decision"].isin(["merge", "review", CANNOT_LINK]) & ~is_together]
    shown = _compared_columns(tables, run)
    return Outcome(
        clusters,
        _side_by_side(merged.sort_values("match_weight", ascending=False), tables, shown),
        _side_by_side(_one_per_two_clusters(asked), tables, shown),
    )


def write_outcome(outcome: Outcome, run: LinkRun, summary: LinkSummary, folder: Path) -> list[Path]:
    """Writes all of it to `folder`; the paths. What an earlier run left there is replaced."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, frame in (
        (CLUSTERS, outcome.clusters), (MATCHES, outcome.matches), (REVIEWS, outcome.reviews)
    ):  # fmt: skip
        frame.to_csv(folder / name, index=False, encoding="utf-8")
    (folder / MODEL).unlink(missing_ok=True)
    save_model(run.model, folder / MODEL)
    specification = run.specification
    kept = run.linkage.pairs[run.linkage.pairs["decision"] != APART]
    charts = {
        "match_weights.svg": match_weights_chart(specification, run.model),
        "pairs.svg": pair_weights_chart(kept, specification.thresholds),
        "cluster_sizes.svg": cluster_sizes_chart(outcome.clusters["cluster_id"]),
    }
    for name, chart in charts.items():
        save_chart(chart, folder / name)
    (folder / CARD).write_text(render_card(run, summary, list(charts)), encoding="utf-8")
    return [folder / name for name in (CLUSTERS, MATCHES, REVIEWS, CARD, MODEL, *charts)]


def _with_rows(pairs: pd.DataFrame, labels: pd.Series) -> pd.DataFrame:
    """Pairs with the rows (counted from 0) and the clusters of their records."""
    found = pairs.copy()
    for side in ("left", "right"):
        found[side] = found[f"{side}_record_id"].str[1:].astype("int64")
        found[f"{side}_cluster"] = found[side].map(labels)
    return found


def _one_per_two_clusters(pairs: pd.DataFrame) -> pd.DataFrame:
    """The strongest pair of two clusters, with how many others say the same; likeliest first."""
    both = pairs[["left_cluster", "right_cluster"]]
    named = pairs.assign(one=both.min(axis=1), other=both.max(axis=1))
    named["further_pairs"] = named.groupby(["one", "other"])["one"].transform("size") - 1
    ranked = named.sort_values(["match_weight", "left", "right"], ascending=[False, True, True])
    return ranked.drop_duplicates(["one", "other"])


def _compared_columns(tables: Tables, run: LinkRun) -> list[str]:
    named = {name for names in run.specification.fields.values() for name in names}
    given = {*named, *run.specification.given_fields()}
    return [name for name in tables.columns if name in given]


def _side_by_side(pairs: pd.DataFrame, tables: Tables, columns: list[str]) -> pd.DataFrame:
    """Probability, reason, and per compared column the values of both records beside each other."""
    frame = tables.frame
    told = {
        "match_probability": pairs["match_probability"].round(6),
        "match_weight": pairs["match_weight"].round(2),
        "reason": pairs["set_aside"].fillna(pairs["reason"]),
        "evidence": [tell_parts(parts, limit=6) for parts in pairs["parts"]],
    }
    if "further_pairs" in pairs:
        told["further_pairs"] = pairs["further_pairs"]
    for side in ("left", "right"):
        told[f"{side}_cluster_id"] = pairs[f"{side}_cluster"]
    for name in ("source_file", ROW, *columns):
        for side in ("left", "right"):
            told[f"{side}_{name}"] = frame[name].to_numpy()[pairs[side].to_numpy()]
    return pd.DataFrame(told, index=pairs.index).reset_index(drop=True)
