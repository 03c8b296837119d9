"""Estimation of a matching model's rates from unlabelled pairs, one joint expectation maximisation.

Owns what is fitted to pairs: random ones tell how strangers agree (`u`), those that share a block
how matching ones do (`m`). Which pairs are counted is counting.py's, what becomes a model of it is
training.py's.

The model is that of Fellegi and Sunter (A Theory for Record Linkage, JASA 1969), fitted as by
Winkler (Using the EM Algorithm for Weight Computation, 1988), with three differences to a session
per block: all blocks share one `m`, so that none can take neighbours for matches; within a block
strangers have rates of their own, drawn towards those of random pairs, for who shares a postal code
shares a city; and few pairs move little, for each rate starts from an expectation that counts as
some pairs.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lead_platform.identity.engine.specification import Comparison, LinkageSpecification

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_MOST_ROUNDS = 200
_SETTLED = 1e-4
# As many pairs the expectations of matching pairs count, and those of a block's strangers.
_MATCHES_BEFORE = 20.0
_STRANGERS_BEFORE = 100.0
# No block counts for more: a large one is no better proof than a small one.
_MOST_OF_BLOCK = 5_000.0
# How many more strangers than by chance a block may hold.
_SLACK = 1.5
# What matching pairs are expected to show where the specification says nothing: mostly the best
# level, sometimes none, and rarely what lies between.
_SAME, _DIFFERENT = 0.75, 0.1
_LEAST_REST = 0.01
# What a pair may be: the rows of shares and weights.
STRANGER, MATCH, HOME = 0, 1, 2


@dataclass(frozen=True)
class Block:
    """Pairs that share a key, counted by pattern of agreement.

    `levels`: per pattern and comparison the place of the level, -1 where it is missing; `counts`:
    pairs of each pattern; `sizes`: how many levels each comparison has; `told`: which comparisons
    say something, not being what is shared; `chance`: how likely two strangers share the key, where
    that is known.
    """

    columns: tuple[str, ...]
    levels: Ints
    counts: Floats
    sizes: tuple[int, ...]
    told: NDArray[np.bool_]
    chance: float | None = None

    @property
    def pairs(self) -> float:
        """All pairs of the block."""
        return float(self.counts.sum())


@dataclass(frozen=True)
class Estimate:
    """What was found, per comparison and level in their order.

    `m`, `u` and `h`: what pairs of one person, of strangers and of a household show; `m_seen`,
    `u_seen`: how many matching and random pairs showed it; `share` and `homes`: of each block the
    share of pairs that match, and that are of one household.
    """

    m: list[Floats]
    u: list[Floats]
    h: list[Floats]
    share: tuple[float, ...]
    homes: tuple[float, ...]
    m_seen: list[Floats]
    u_seen: list[Floats]


# --- the fit -----------------------------------------------------------------------------------


def estimate(
    specification: LinkageSpecification,
    u_seen: list[Floats],
    blocks: Sequence[Block],
    pairs: float,
) -> Estimate:
    """The rates that make the patterns of all blocks most likely, expectations included.

    `u_seen`: how many random pairs show each level; `pairs`: how many there are in all.
    """
    fit = _Fit(specification, u_seen, [block for block in blocks if len(block.counts)], pairs)
    for _ in range(_MOST_ROUNDS):
        if fit.step() < _SETTLED:
            break
    match, home = (tuple(float(one[place]) for one in fit.shares) for place in (MATCH, HOME))
    return Estimate(fit.m, fit.u, fit.h, match, home, fit.m_seen, u_seen)


class _Fit:
    """Rates and shares so far; each `step` is a round of expectation and maximisation."""

    def __init__(
        self,
        specification: LinkageSpecification,
        u_seen: list[Floats],
        blocks: list[Block],
        pairs: float,
    ) -> None:
        comparisons = specification.comparisons
        self._own = [comparison.individual for comparison in comparisons]
        self._expected = [_expected(comparison) for comparison in comparisons]
        self._blocks = blocks
        self._most = [_most_strangers(block, pairs) for block in blocks]
        self.u = [_shares(seen, np.full(len(seen), 1 / len(seen))) for seen in u_seen]
        self.m = self._expected
        self.h = self._of_home(self._expected)
        self.m_seen = [np.zeros(len(rate)) for rate in self.u]
        self._strangers = [list(self.u) for _ in blocks]
        # Where nothing tells people of a household apart, there are none.
        told = [bool((block.told & np.array(self._own)).any()) for block in blocks]
        self._before = [np.array([0.8, 0.1, 0.1 if tells else 0.0]) for tells in told]
        self.shares = list(self._before)

    def step(self) -> float:
        """One round; by how much a rate or share moved at the most."""
        self.m_seen = [np.zeros(len(rate)) for rate in self.u]
        h_seen = [np.zeros(len(rate)) for rate in self.u]
        moved = 0.0
        for number, block in enumerate(self._blocks):
            weights = self._weigh(number, block)
            for kind, seen in ((MATCH, self.m_seen), (HOME, h_seen)):
                scale = min(1.0, _MOST_OF_BLOCK / max(1.0, weights[kind].sum()))
                for total, part in zip(
                    seen, level_counts(block, weights[kind] * scale), strict=True
                ):
                    total += part
            self._strangers[number] = [
                rate if is_own else _shares(seen, _STRANGERS_BEFORE * rate)
                for seen, rate, is_own in zip(
                    level_counts(block, weights[STRANGER]), self.u, self._own, strict=True
                )
            ]
            share = _shares(weights.sum(axis=1), self._before[number])
            moved = max(moved, float(abs(share - self.shares[number]).max()))
            self.shares[number] = share
        m = self._fitted(self.m_seen)
        moved = max(moved, *(float(abs(a - b).max()) for a, b in zip(m, self.m, strict=True)))
        self.m, self.h = m, self._of_home(self._fitted(h_seen))
        return moved

    def _weigh(self, number: int, block: Block) -> Floats:
        with np.errstate(divide="ignore"):
            logs = np.log(self.shares[number])
        rates = (self._strangers[number], self.m, self.h)
        likely = np.stack(
            [_log_likelihood(block, one) + log for one, log in zip(rates, logs, strict=True)]
        )
        return _weigh(block, likely, self._most[number])

    def _fitted(self, seen: list[Floats]) -> list[Floats]:
        return [
            _shares(counts, _MATCHES_BEFORE * expected)
            for counts, expected in zip(seen, self._expected, strict=True)
        ]

    def _of_home(self, shared: list[Floats]) -> list[Floats]:
        """In what is of the person alone people of a household are strangers."""
        rows = zip(self.u, shared, self._own, strict=True)
        return [strangers if is_own else ours for strangers, ours, is_own in rows]


def _weigh(block: Block, likely: Floats, most: float) -> Floats:
    """How many pairs of each pattern are strangers, match, or are of a household, by the logarithms
    of their likelihoods. There are no more strangers than `most`: chance brings no more together
    (a constraint on the posterior: Ganchev et al., Posterior Regularization, JMLR 2010)."""

    def weighed(less: float) -> Floats:
        logs = likely - np.array([[less], [0.0], [0.0]])
        shares = np.exp(logs - logs.max(axis=0))
        return np.asarray(block.counts * (shares / shares.sum(axis=0)), dtype=np.float64)

    weights = weighed(0.0)
    if weights[0].sum() <= most:
        return weights
    low, high = 0.0, 60.0
    for _ in range(30):
        middle = (low + high) / 2
        low, high = (middle, high) if weighed(middle)[0].sum() > most else (low, middle)
    return weighed(high)


def _most_strangers(block: Block, pairs: float) -> float:
    """How many strangers share the block's columns at the most."""
    if block.chance is None:
        return math.inf
    expected = pairs * block.chance
    return _SLACK * expected + 3 * math.sqrt(expected) + 3


def _expected(comparison: Comparison) -> Floats:
    """What matching pairs are expected to show of a comparison, adding up to one."""
    stated = np.array([*(level.expected or 0.0 for level in comparison.levels), 0.0])
    usual = np.full(len(stated), (1 - _SAME - _DIFFERENT) / max(1, len(stated) - 2))
    usual[0], usual[-1] = _SAME, _DIFFERENT
    if not stated.any():
        return np.asarray(usual / usual.sum(), dtype=np.float64)
    rest = np.where(stated > 0, 0.0, usual)
    rest *= max(_LEAST_REST, 1 - stated.sum()) / rest.sum()
    return np.asarray((stated + rest) / (stated + rest).sum(), dtype=np.float64)


def _shares(seen: Floats, before: Floats) -> Floats:
    rates = seen + before
    return np.asarray(rates / rates.sum(), dtype=np.float64)


def level_counts(block: Block, weights: Floats) -> list[Floats]:
    """Per comparison how much weight lies on each level; nothing where it is not told."""
    counted = []
    for place, size in enumerate(block.sizes):
        levels = block.levels[:, place]
        is_seen = (levels >= 0) & block.told[place]
        counted.append(np.bincount(levels[is_seen], weights[is_seen], size).astype(np.float64))
    return counted


def _log_likelihood(block: Block, rates: Sequence[Floats]) -> Floats:
    total = np.zeros(len(block.counts))
    for place, rate in enumerate(rates):
        if block.told[place]:
            total += np.append(np.log(rate), 0.0)[block.levels[:, place]]
    return total
