"""What one cannot see of a specification and a model on one's own records, made visible.

Owns what absent columns take along, what the probabilities promise at each threshold, what verdicts
or labels say to that, and which pairs a threshold decides. Reach of the keys is coverage.py's, odd
weights are weights.py's.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

import pandas as pd
import pyarrow as pa

from lead_platform.identity.engine.evidence import read_parts
from lead_platform.identity.engine.model import MatchModel
from lead_platform.identity.engine.pairs import find_pairs, open_scratch, take_as_new
from lead_platform.identity.engine.specification import MISSING, LinkageSpecification
from lead_platform.identity.modelling.coverage import RuleCoverage, rule_coverage
from lead_platform.identity.modelling.weights import Alarm, find_alarms, level_weights

THRESHOLDS = (0.9, 0.95, 0.99, 0.995, 0.999)
# Pairs below are left out: they are expected to be strangers, and there may be very many.
_LEAST_PROBABILITY = 0.05
_PATTERNS = 10


_PAIR = ["left_record_id", "right_record_id"]


@dataclass(frozen=True)
class Measured:
    """What people or labels say of the merging pairs: `known` of them, and the shares that are
    right, and that were found; None where nobody knows any."""

    known: int
    precision: float | None
    recall: float | None


Measure = Callable[[pd.DataFrame], Measured]


@dataclass(frozen=True)
class Promise:
    """What a merge threshold would do, before clustering. `expected_precision` and
    `expected_recall` are the model's own word, recall of the pairs that share a key."""

    threshold: float
    merged: int
    expected_precision: float
    expected_recall: float
    measured: Measured


@dataclass(frozen=True)
class Diagnosis:
    """All there is to look at. `lost`: per absent column what it takes along; `weights`: as of
    weights.level_weights; `patterns`: evidence of the pairs that change side between the first and
    the last threshold, and how many show it, the commonest first."""

    records: int
    model: str
    prior: float
    candidates: int
    lost: dict[str, tuple[str, ...]]
    rules: tuple[RuleCoverage, ...]
    weights: pd.DataFrame
    alarms: tuple[Alarm, ...]
    promises: tuple[Promise, ...]
    changing: int
    patterns: tuple[tuple[str, int], ...]


def diagnose(
    records: pa.Table,
    specification: LinkageSpecification,
    model: MatchModel,
    *,
    whole: LinkageSpecification,
    measure: Measure | None = None,
) -> Diagnosis:
    """Looks at match records (as pairs.take_as_new wants them) through a specification that the
    model fits. `whole`: the specification as it is written, with what had to be left out of it.
    `measure`: how many of the merging pairs are right, where somebody knows.
    """
    thresholds = specification.thresholds.model_copy(
        update={"review": min(_LEAST_PROBABILITY, specification.thresholds.review)}
    )
    with open_scratch(records.num_rows) as scratch:
        take_as_new(scratch, records)
        found = find_pairs(
            scratch, specification.model_copy(update={"thresholds": thresholds}), model
        )
    pairs = found.pairs.to_pandas()
    is_held = pairs["reason"].str.contains(": ", regex=False)
    pairs["strength"] = pairs["match_probability"].where(
        ~pairs["rule"].isin([key.name for key in specification.exact_keys]), 1.0
    )
    free = pairs[~is_held]
    first, last = THRESHOLDS[0], THRESHOLDS[-1]
    changing = free[(free["strength"] >= first) & (free["strength"] < last)]
    return Diagnosis(
        records=records.num_rows,
        model=model.name,
        prior=model.prior,
        candidates=found.candidates,
        lost=lost_by(whole, _filled(records, whole)),
        rules=tuple(rule_coverage(records, specification)),
        weights=level_weights(specification, model),
        alarms=tuple(find_alarms(specification, model)),
        promises=tuple(_promise(free, measure, threshold) for threshold in THRESHOLDS),
        changing=len(changing),
        patterns=tuple(_patterns(changing)),
    )


def lost_by(
    specification: LinkageSpecification, filled: Collection[str]
) -> dict[str, tuple[str, ...]]:
    """Per column that no record has, what of the specification goes with it."""
    lost: dict[str, list[str]] = {}
    for place, names in specification.losses(filled).items():
        for name in names:
            lost.setdefault(name, []).append(place)
    return {name: tuple(lost[name]) for name in specification.columns if name in lost}


def _filled(records: pa.Table, specification: LinkageSpecification) -> set[str]:
    return {
        name
        for name in specification.columns
        if name in records.column_names and records[name].null_count < records.num_rows
    }


def by_verdicts(judged: pd.DataFrame) -> Measure:
    """By pairs that people decided: left, right (record ids, in any order) and is_same."""
    one, other = judged["left"].astype(str), judged["right"].astype(str)
    keys = pd.MultiIndex.from_arrays([one.where(one < other, other), other.where(one < other, one)])
    same = judged["is_same"].to_numpy(dtype=bool)

    def measure(merged: pd.DataFrame) -> Measured:
        said = keys.isin(pd.MultiIndex.from_frame(merged[_PAIR]))
        return Measured(len(judged), _ratio((said & same).sum(), said.sum()),
                        _ratio((said & same).sum(), same.sum()))  # fmt: skip

    return measure


def by_labels(truth: pd.Series) -> Measure:
    """By a label per record (its index): equal where two are one, null where nobody knows. Recall
    is of all pairs, also of those that share no key."""
    known = truth.dropna()
    sizes = known.value_counts()
    all_same = int((sizes * (sizes - 1) // 2).sum())

    def measure(merged: pd.DataFrame) -> Measured:
        left, right = (merged[side].map(known) for side in _PAIR)
        is_known = left.notna() & right.notna()
        right_ones = int((left[is_known] == right[is_known]).sum())
        return Measured(int(is_known.sum()), _ratio(right_ones, int(is_known.sum())),
                        _ratio(right_ones, all_same))  # fmt: skip

    return measure


def _ratio(part: float, whole: float) -> float | None:
    return float(part / whole) if whole else None


def _promise(free: pd.DataFrame, measure: Measure | None, threshold: float) -> Promise:
    merged = free[free["strength"] >= threshold]
    right, all_right = merged["match_probability"].sum(), free["match_probability"].sum()
    measured = measure(merged) if measure is not None else Measured(0, None, None)
    return Promise(
        threshold,
        len(merged),
        float(right / len(merged)) if len(merged) else 1.0,
        float(right / all_right) if all_right else 1.0,
        measured,
    )


def _patterns(pairs: pd.DataFrame) -> Iterator[tuple[str, int]]:
    """What the pairs agree and differ in, in words; the commonest first."""
    told = pairs["parts"].map(
        lambda parts: ", ".join(part.words for part in read_parts(parts) if part.level != MISSING)
    )
    for pattern, count in told.value_counts().head(_PATTERNS).items():
        yield str(pattern), int(count)


def render_diagnosis(found: Diagnosis) -> str:
    """The diagnosis as Markdown."""
    bound = [f"- {column}: {', '.join(lost)}" for column, lost in found.lost.items()]
    parts = [
        f"# What {found.model} makes of {found.records:,} records",
        f"{found.candidates:,} pairs share a key. Two records drawn at random are one with a "
        f"chance of {found.prior:.3g}, says the model: "
        f"{found.prior * _pairs(found.records):,.1f} pairs in all.",
        "## Look at this first",
        "\n".join(f"- {alarm.text}" for alarm in found.alarms) or "Nothing is odd.",
        "## Columns that no record has, and what goes with them",
        "\n".join(bound) or "None.",
        "## Keys",
        _table(
            ["rule", "have it", "share it", "largest", "compared", "beyond the window"],
            [
                (r.rule, f"{r.filled:,}", f"{r.sharing:,}", f"{r.largest:,}", f"{r.pairs:,}",
                 f"{r.bounded:,}")
                for r in found.rules
            ],
        ),
        "## Weights, in bits",
        _table(
            ["comparison", "level", "m", "u", "weight"],
            [
                (str(row.comparison), str(row.level), f"{row.m:.3g}", f"{row.u:.3g}",
                 f"{row.weight:+.1f}")
                for row in found.weights.itertuples()
            ],
        ),
        "## What each threshold promises",
        _table(
            ["merge from", "pairs", "expected precision", "expected recall", "precision", "recall"],
            [
                (f"{p.threshold}", f"{p.merged:,}", f"{p.expected_precision:.4f}",
                 f"{p.expected_recall:.3f}", _share(p.measured.precision),
                 _share(p.measured.recall))
                for p in found.promises
            ],
        ),
        f"Expected by the probabilities, of pairs that share a key and that no guard holds back; "
        f"the last two by what is known of {found.promises[0].measured.known:,} pairs.",
        f"## {found.changing:,} pairs change side between {THRESHOLDS[0]} and {THRESHOLDS[-1]}",
        _table(["pairs", "what they show"], [(f"{n:,}", text) for text, n in found.patterns])
        if found.patterns
        else "The threshold decides none.",
    ]  # fmt: skip
    return "\n\n".join(parts) + "\n"


def _pairs(records: int) -> float:
    return records * (records - 1) / 2


def _share(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"


def _table(header: list[str], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [header, ["---"] * len(header), *map(list, rows)]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)
