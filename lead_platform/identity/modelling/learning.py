"""What people's verdicts teach a model: its rates of matching pairs, moved as far as they prove.

Owns how verdicts on pairs change `m`; the rates of strangers (`u`), the prior and the frequencies
stay what training.py found. Which verdicts count is verdicts.py's and proposals.py's.
"""

from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray
from scipy.optimize import minimize

from lead_platform.identity.engine.matching import score_pairs
from lead_platform.identity.engine.model import LevelRates, MatchModel
from lead_platform.identity.engine.specification import LinkageSpecification

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# Below, a fifth of the verdicts is too few to tell whether the other four fifths taught anything.
FEWEST_VERDICTS = 30
_FOLDS = 5
_PAIR = ["left_record_id", "right_record_id"]
# How far a level's rate may move, as a standard deviation of its logarithm, and which share of
# verdicts may be wrong. What predicts the verdicts left out best is taken.
_SPREADS = (0.25, 0.5, 1.0)
_WRONG = (0.01, 0.05, 0.1)
# What counts as a gain: so many standard errors, and so much of the log-loss. Thirty verdicts that
# agree with the model gain a thousandth each time, which is certain and worth nothing.
_STANDARD_ERRORS = 1.5
_LEAST_GAIN = 0.02
# Merges that nobody judged: how many are sampled, and what moving all of their log-odds by one
# costs, in nats per verdict. Without it verdicts of fake_1000 drew right merges below the
# threshold: F1 0.839 became 0.835 at 100 verdicts.
_SETTLED = 2_000
_HOLD = 0.25
# Beyond, a probability is 0 or 1 to a double.
_CERTAIN = 36.0
_LEAST_RATE = 1e-4


@dataclass(frozen=True)
class Lesson:
    """What verdicts taught. `loss`: mean log-loss (bits per verdict) of verdicts left out, by the
    model without them and with them. `is_learnt`: whether the model follows them."""

    same: int
    different: int
    loss: tuple[float, float] | None
    is_learnt: bool

    def tell(self) -> str:
        """In a sentence, for the model's card."""
        if not self.same + self.different:
            return "No verdicts to learn from."
        counts = f"{self.same} verdicts of `same` and {self.different} of `different`"
        if self.loss is None:
            return f"{counts}: fewer than {FEWEST_VERDICTS}, so the rates are those of training."
        losses = (
            f"log-loss over verdicts left out {self.loss[0]:.3f} bits each without the others, "
            f"{self.loss[1]:.3f} with them"
        )
        end = "the rates follow them" if self.is_learnt else "no clear gain: the rates stay"
        return f"{counts}; {losses}; {end}."


def learn_from_verdicts(
    model: MatchModel,
    records: pa.Table,
    specification: LinkageSpecification,
    verdicts: pd.DataFrame,
    settled: pd.DataFrame,
) -> tuple[MatchModel, Lesson]:
    """The model with its `m` moved towards what people said, where that proves to help.

    `verdicts`: left_record_id, right_record_id, is_same, one row per pair; pairs without records
    are left out. `settled`: left_record_id and right_record_id of the pairs the model merges by
    itself. Nobody is asked about those, so they are held: a sample of them pays for every move of
    their log-odds.

    Which pairs people are shown depends on how alike they are, which the model sees, and on nothing
    else; so the chance of a match given that likeness, fitted as a logistic regression, is not
    distorted, while rates counted from such pairs would be (Zadrozny, Learning and Evaluating
    Classifiers under Sample Selection Bias, ICML 2004). The model's own weights are where the
    regression starts (Platt, Probabilistic Outputs for Support Vector Machines, 1999; reviewed
    pairs in a linkage model: Larsen and Rubin, Iterative Automated Record Linkage Using Mixture
    Models, JASA 2001). Each level's logarithm of `m` moves against a normal penalty, the `m` of a
    comparison keep their sum, and a share of verdicts may be wrong (Bootkrajang and Kabán,
    Label-noise Robust Logistic Regression, ECML 2012). Penalty and share are chosen by
    cross-validation; unless that predicts verdicts left out clearly better than before, the model
    stays as it is. The same verdicts give the same bytes.
    """
    task = _task(model, records, specification, verdicts, settled)
    same = int(task.is_same.sum())
    counts = (same, len(task.is_same) - same)
    if sum(counts) < FEWEST_VERDICTS:
        return model, Lesson(*counts, loss=None, is_learnt=False)
    before = min((_left_out(task, 0.0, wrong) for wrong in _WRONG), key=np.mean)
    tried = [
        (_left_out(task, spread, wrong), spread, wrong) for spread in _SPREADS for wrong in _WRONG
    ]
    after, spread, wrong = min(tried, key=lambda entry: float(np.mean(entry[0])))
    gain = before - after
    least = max(_STANDARD_ERRORS * np.std(gain) / np.sqrt(len(gain)), _LEAST_GAIN * np.mean(before))
    is_learnt = bool(np.mean(gain) > least)
    loss = (float(np.mean(before)) / np.log(2), float(np.mean(after)) / np.log(2))
    lesson = Lesson(*counts, loss=loss, is_learnt=is_learnt)
    if not is_learnt:
        return model, lesson
    moved = _fit(task, np.arange(len(task.is_same)), spread, wrong)
    return _with_rates(model, task, moved), lesson


@dataclass(frozen=True)
class _Task:
    """Verdicts as numbers. `levels`: per pair and comparison the place of its level in `names` and
    `m`, -1 where it is missing; `groups`: of each level its comparison; `start`: log-odds now;
    `settled`: levels as of verdicts, of the merges that are held."""

    names: list[tuple[str, str]]
    m: Floats
    groups: Ints
    levels: Ints
    start: Floats
    is_same: NDArray[np.bool_]
    settled: Ints

    def rates(self, moves: Floats) -> Floats:
        """`m` after its logarithms moved: of each comparison they add up to what they did."""
        raw = self.m * np.exp(moves)
        size = int(self.groups.max()) + 1
        held = np.bincount(self.groups, self.m, size) / np.bincount(self.groups, raw, size)
        return np.asarray(raw * held[self.groups], dtype=np.float64)

    def shifts(self, moves: Floats, levels: Ints) -> Floats:
        """By how much the moves change the log-odds of pairs at these levels."""
        shift = np.append(np.log(self.rates(moves) / self.m), 0.0)
        return np.asarray(shift[levels].sum(axis=1), dtype=np.float64)

    def log_odds(self, moves: Floats, rows: Ints) -> Floats:
        total = self.start[rows] + self.shifts(moves, self.levels[rows])
        return np.asarray(np.clip(total, -_CERTAIN, _CERTAIN), dtype=np.float64)


def _task(
    model: MatchModel,
    records: pa.Table,
    specification: LinkageSpecification,
    verdicts: pd.DataFrame,
    settled: pd.DataFrame,
) -> _Task:
    scored = weigh_pairs(model, records, specification, verdicts)
    ordered = settled.sort_values(_PAIR, ignore_index=True)[_PAIR]
    sample = ordered.iloc[:: max(1, -(-len(ordered) // _SETTLED))]
    names = [(c.name, level) for c in specification.comparisons for level in c.level_names]
    order = {c.name: number for number, c in enumerate(specification.comparisons)}
    return _Task(
        names=names,
        m=np.array([model.rates(*name).m for name in names]),
        groups=np.array([order[comparison] for comparison, _ in names], dtype=np.int64),
        levels=_levels(scored, specification),
        start=np.clip(scored["match_weight"].to_numpy() * np.log(2), -_CERTAIN, _CERTAIN),
        is_same=scored["is_same"].to_numpy(dtype=np.bool_),
        settled=_levels(weigh_pairs(model, records, specification, sample), specification),
    )


def _levels(scored: pd.DataFrame, specification: LinkageSpecification) -> Ints:
    """Per pair and comparison the place of its level among all, -1 where it is missing."""
    columns = []
    first = 0
    for comparison in specification.comparisons:
        # Splink numbers levels from the best down to 0.
        best = len(comparison.level_names) - 1
        gamma = scored[f"gamma_{comparison.name}"].to_numpy(dtype=np.int64)
        columns.append(np.where(gamma < 0, -1, first + best - gamma))
        first += len(comparison.level_names)
    return np.stack(columns, axis=1)


def weigh_pairs(
    model: MatchModel,
    records: pa.Table,
    specification: LinkageSpecification,
    pairs: pd.DataFrame,
) -> pd.DataFrame:
    """`pairs` (left_record_id, right_record_id, more) with match_weight, match_probability and
    gamma_<comparison>, by their ids; whatever they share, and however little."""
    with duckdb.connect() as scratch:
        scratch.execute("set threads = 1; set enable_progress_bar = false")
        scratch.register("given_records", records)
        scratch.register("given_pairs", pa.Table.from_pandas(pairs, preserve_index=False))
        scratch.execute("""
            create table records as
            select row_number() over (order by record_id) as record_no, * from given_records
            where record_id in (
                select left_record_id from given_pairs union select right_record_id from given_pairs
            )
        """)
        # Asked for, so that no pair is left out for what it scores.
        scratch.execute("""
            create table candidates as
            select distinct least(l.record_no, r.record_no) as left_no,
                greatest(l.record_no, r.record_no) as right_no, 0 as rule,
                true as is_asked
            from given_pairs as p
            join records as l on l.record_id = p.left_record_id
            join records as r on r.record_id = p.right_record_id
        """)
        known = specification.rarity_known(model.term_frequencies)
        tables = score_pairs(scratch, known, model)
        if not tables:
            weighed = ["match_weight", "match_probability"]
            weighed += [f"gamma_{c.name}" for c in specification.comparisons]
            return pairs.iloc[:0].assign(**dict.fromkeys(weighed, 0.0))
        gammas = ", ".join(f"s.gamma_{c.name}" for c in specification.comparisons)
        return scratch.execute(f"""
            select p.*, s.match_weight, s.match_probability, {gammas}
            from given_pairs as p
            join records as l on l.record_id = p.left_record_id
            join records as r on r.record_id = p.right_record_id
            join {tables[0]} as s on s.record_no_l = least(l.record_no, r.record_no)
                and s.record_no_r = greatest(l.record_no, r.record_no)
            order by p.left_record_id, p.right_record_id
        """).df()


def _left_out(task: _Task, spread: float, wrong: float) -> Floats:
    """Per verdict its log-loss (nats) by a model fitted without it and a fifth of the others."""
    rows = np.arange(len(task.is_same))
    losses = np.zeros(len(rows))
    for fold in range(_FOLDS if spread else 1):
        out = rows[rows % _FOLDS == fold] if spread else rows
        moves = _fit(task, np.setdiff1d(rows, out), spread, wrong)
        losses[out] = _losses(task, moves, out, wrong)[0]
    return losses


def _losses(task: _Task, moves: Floats, rows: Ints, wrong: float) -> tuple[Floats, Floats]:
    """Per verdict its log-loss, and how that changes with the log-odds."""
    chance = 1 / (1 + np.exp(-task.log_odds(moves, rows)))
    said = wrong + (1 - 2 * wrong) * chance
    is_same = task.is_same[rows]
    loss = -np.log(np.where(is_same, said, 1 - said))
    slope = (said - is_same) / (said * (1 - said)) * (1 - 2 * wrong) * chance * (1 - chance)
    return loss, slope


def _fit(task: _Task, rows: Ints, spread: float, wrong: float) -> Floats:
    """The moves of log `m` that explain the verdicts in `rows` best, at this penalty."""
    start = np.zeros(len(task.m))
    if not spread:
        return start
    hold = _HOLD * len(rows) / max(1, len(task.settled))

    def goal(moves: Floats) -> tuple[float, Floats]:
        loss, slope = _losses(task, moves, rows, wrong)
        shifts = task.shifts(moves, task.settled)
        cost = loss.sum() + hold * (shifts**2).sum() / 2 + (moves**2).sum() / (2 * spread**2)
        gradient = (
            _gradient(task, moves, task.levels[rows], slope)
            + _gradient(task, moves, task.settled, hold * shifts)
            + moves / spread**2
        )
        return float(cost), gradient

    found: Any = minimize(goal, start, jac=True, method="L-BFGS-B")
    return np.asarray(found.x, dtype=np.float64)


def _gradient(task: _Task, moves: Floats, levels: Ints, slope: Floats) -> Floats:
    """How a sum over pairs changes with the moves, given how it changes with their log-odds."""
    size, groups = len(task.m), int(task.groups.max()) + 1
    # A level's own pairs move by it; all pairs of the comparison pay, as rates add up to one.
    own, paid = np.zeros(size), np.zeros(groups)
    for group in range(groups):
        is_seen = levels[:, group] >= 0
        own += np.bincount(levels[is_seen, group], slope[is_seen], size)
        paid[group] = slope[is_seen].sum()
    rates = task.rates(moves)
    share = rates / np.bincount(task.groups, rates, groups)[task.groups]
    return np.asarray(own - paid[task.groups] * share, dtype=np.float64)


def _with_rates(model: MatchModel, task: _Task, moves: Floats) -> MatchModel:
    comparisons = {name: dict(levels) for name, levels in model.comparisons.items()}
    for (comparison, level), m in zip(task.names, task.rates(moves), strict=True):
        u = comparisons[comparison][level].u
        bounded = float(f"{min(1.0, max(_LEAST_RATE, float(m))):.6g}")
        comparisons[comparison][level] = LevelRates(m=bounded, u=u)
    return model.model_copy(update={"comparisons": comparisons})
