"""The card of a linkage: what was read, what was compared, what came of it, what to look at.

Markdown for people. Figures are counts and the model's own expectations; without labels nobody
knows how many of them are right.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log2

import pandas as pd

from lead_platform.identity.linkage.runs import LinkRun
from lead_platform.identity.modelling.coverage import rule_coverage
from lead_platform.identity.modelling.weights import Alarm, find_alarms, level_weights

_MOST_SIZES = 12


@dataclass(frozen=True)
class LinkSummary:
    """What is told of a run. `notes`: what was read or left out otherwise than one might expect;
    `reviews`: pairs of clusters that wait for a person."""

    files: tuple[str, ...]
    records: int
    clusters: int
    duplicates: int
    compared: int
    matches: int
    reviews: int
    expected_wrong: float
    expected_missed: float
    notes: tuple[str, ...]
    alarms: tuple[Alarm, ...]

    def lines(self) -> list[str]:
        """The outcome in a few lines."""
        return [
            f"{self.records:,} records are {self.clusters:,}; {self.duplicates:,} repeat another.",
            f"{self.compared:,} pairs were compared, {self.matches:,} merged, "
            f"{self.reviews:,} wait for a person.",
            f"Of the pairs merged some {self.expected_wrong:,.1f} are expected to be wrong; of "
            f"those that wait, {self.expected_missed:,.1f} to be right. By the model's own word.",
        ]


def summarise(
    run: LinkRun, *, files: tuple[str, ...], reviews: int, notes: tuple[str, ...]
) -> LinkSummary:
    """The run in figures."""
    pairs, labels = run.linkage.pairs, run.linkage.clusters
    merged = pairs[pairs["decision"] == "merge"]
    # What a guard holds back is not likely to be right by the model's word.
    is_held = pairs["reason"].str.contains(": ", regex=False)
    waiting = pairs[(pairs["decision"] == "review") & ~is_held]
    return LinkSummary(
        files=files,
        records=len(labels),
        clusters=int(labels.nunique()),
        duplicates=len(labels) - int(labels.nunique()),
        compared=run.linkage.candidates,
        matches=len(merged),
        reviews=reviews,
        expected_wrong=float((1 - merged["match_probability"]).sum()),
        expected_missed=float(waiting["match_probability"].sum()),
        notes=notes,
        alarms=tuple(find_alarms(run.specification, run.model)),
    )


def render_card(run: LinkRun, summary: LinkSummary, charts: list[str]) -> str:
    """The card as Markdown."""
    alarms = [f"- {alarm.text}" for alarm in summary.alarms]
    notes = [f"- {note}" for note in summary.notes]
    parts = [
        f"# {run.specification.name}: {', '.join(summary.files)}",
        "\n".join(summary.lines()),
        *(["## Look at this first", "\n".join(alarms)] if alarms else []),
        *(["## How the tables were read", "\n".join(notes)] if notes else []),
        "## Clusters by size",
        _table(["records", "clusters"], _sizes(run.linkage.clusters)),
        "## What is compared",
        _table(["comparison", "filled", "same weighs", "different weighs"], _comparisons(run)),
        "Bits: +10 is 1,000 times likelier for one than for two, -10 the reverse. The prior weighs "
        f"{_bits(run.model.prior / (1 - run.model.prior))}.",
        "## Keys",
        _table(["rule", "records with it", "records that share it"], _rules(run)),
        "## Charts",
        "\n\n".join(f"![{name}]({name})" for name in charts),
    ]
    return "\n\n".join(parts) + "\n"


def _sizes(labels: pd.Series) -> list[tuple[str, str]]:
    counts = labels.value_counts().value_counts().sort_index()
    rows = [(str(size), f"{count:,}") for size, count in counts.items()]
    if len(rows) <= _MOST_SIZES:
        return rows
    more = int(counts.iloc[_MOST_SIZES - 1 :].sum())
    return [*rows[: _MOST_SIZES - 1], (f"{counts.index[_MOST_SIZES - 1]} and more", f"{more:,}")]


def _comparisons(run: LinkRun) -> list[tuple[str, str, str, str]]:
    weights = level_weights(run.specification, run.model)
    rows = []
    for comparison in run.specification.comparisons:
        own = weights[weights["comparison"] == comparison.name]["weight"].tolist()
        filled = max(_filled(run, column) for column in comparison.needs)
        rows.append((comparison.name, f"{filled:.0%}", f"{own[0]:+.1f}", f"{own[-1]:+.1f}"))
    return rows


def _filled(run: LinkRun, column: str) -> float:
    values = run.records[column]
    return 1 - values.null_count / max(1, len(values))


def _rules(run: LinkRun) -> list[tuple[str, str, str]]:
    found = rule_coverage(run.records, run.specification)
    return [(one.rule, f"{one.filled:,}", f"{one.sharing:,}") for one in found]


def _bits(odds: float) -> str:
    return f"{log2(odds):+.1f}"


def _table(header: list[str], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [header, ["---"] * len(header), *map(list, rows)]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)
