"""Charts of a matching model and of what it found: weights of levels, pairs, clusters.

Owns drawing and saving; that of the weights is Splink's own. The file's ending (.svg, .png,
.html) decides the format; nothing is fetched from the network.
"""

import logging
import warnings
from math import log2
from pathlib import Path
from typing import Any

import altair as alt
import duckdb
import pandas as pd
from splink import DuckDBAPI, Linker

from lead_platform.identity.engine.matching import splink_settings
from lead_platform.identity.engine.model import MatchModel
from lead_platform.identity.engine.specification import LinkageSpecification, Thresholds

_TYPES = {
    "text": "varchar",
    "list": "varchar[]",
    "weighted": "struct(token varchar, weight double)[]",
}


def match_weights_chart(specification: LinkageSpecification, model: MatchModel) -> Any:
    """Splink's chart of the weight (base 2) of every level, and of the prior."""
    logging.getLogger("splink").setLevel(logging.ERROR)
    columns = ", ".join(
        f"{name} {_TYPES[column.kind]}" for name, column in specification.columns.items()
    )
    with duckdb.connect() as scratch:
        scratch.execute(f"create table records (record_no bigint, {columns})")
        api = DuckDBAPI(scratch)
        settings = splink_settings(specification, model)
        linker = Linker(api.register("records"), settings, log_level=None, validate_settings=False)
        return linker.visualisations.match_weights_chart()


def save_chart(chart: Any, path: Path) -> None:
    """Writes an Altair chart; its scripts, where it needs any, are part of the file."""
    inline = {"inline": True} if path.suffix == ".html" else {}
    path.parent.mkdir(parents=True, exist_ok=True)
    with warnings.catch_warnings():
        # Altair tells that Splink gives two views the same zoom.
        warnings.simplefilter("ignore", UserWarning)
        chart.save(str(path), **inline)


def pair_weights_chart(pairs: pd.DataFrame, thresholds: Thresholds) -> alt.LayerChart:
    """How many pairs have which match weight (rows as in identity.match_pairs), by what became of
    them; lines stand at the thresholds."""
    counted = (
        pairs.assign(weight=pairs["match_weight"].clip(-40, 60).round())
        .groupby(["weight", "decision"])
        .size()
        .reset_index(name="pairs")
    )
    bars = (
        alt.Chart(counted)
        .mark_bar()
        .encode(
            x=alt.X("weight:Q", title="match weight in bits (0: as likely as not)"),
            y=alt.Y("pairs:Q", title="pairs"),
            color=alt.Color("decision:N", title="decision"),
        )
    )
    lines = pd.DataFrame(
        {
            "weight": [log2(p / (1 - p)) for p in (thresholds.review, thresholds.merge)],
            "threshold": [f"review {thresholds.review}", f"merge {thresholds.merge}"],
        }
    )
    rules = (
        alt.Chart(lines).mark_rule(strokeDash=[4, 3]).encode(x="weight:Q", tooltip="threshold:N")
    )
    return (bars + rules).properties(
        width=460, height=260, title="Pairs kept, by weight; dashed: review and merge"
    )


def cluster_sizes_chart(labels: pd.Series) -> alt.Chart:
    """How many clusters (one label per record) have how many records."""
    counts = (
        labels.value_counts().value_counts().rename_axis("records").reset_index(name="clusters")
    )
    return (
        alt.Chart(counts)
        .mark_bar()
        .encode(
            x=alt.X("records:O", title="records of a cluster"),
            y=alt.Y("clusters:Q", title="clusters", scale=alt.Scale(type="symlog")),
        )
        .properties(width=460, height=260, title="Clusters by size")
    )
