"""What each level of a model weighs, and which weights should make one look twice.

Owns these figures and the alarms on them; how the rates came about is training.py's.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from math import log2

import pandas as pd

from lead_platform.identity.engine.model import MatchModel
from lead_platform.identity.engine.specification import LinkageSpecification

# Less than this many bits is nothing: less than one more pair in a hundred.
_NOTHING = 0.01
# By so much a weight may rise where agreement falls, by chance.
_SLACK = 0.5


@dataclass(frozen=True)
class Alarm:
    """Something of a model that a person should look at; `subject`: `comparison.level`."""

    subject: str
    text: str


def level_weights(specification: LinkageSpecification, model: MatchModel) -> pd.DataFrame:
    """One row per comparison and level, best first: comparison, level, m, u, and weight in bits
    (above 0 speaks for one, below 0 for two; without the rarity of the value)."""
    rows = []
    for comparison in specification.comparisons:
        for level in comparison.level_names:
            rates = model.rates(comparison.name, level)
            rows.append((comparison.name, level, rates.m, rates.u, log2(rates.m / rates.u)))
    return pd.DataFrame(rows, columns=["comparison", "level", "m", "u", "weight"])


def find_alarms(specification: LinkageSpecification, model: MatchModel) -> Iterator[Alarm]:
    """What is odd about a model's weights: it may be right all the same."""
    weights = level_weights(specification, model)
    for name, levels in weights.groupby("comparison", sort=False):
        own = dict(zip(levels["level"], levels["weight"], strict=True))
        if all(abs(weight) < _NOTHING for weight in own.values()):
            yield Alarm(
                str(name), f"{name} weighs nothing: no pair in training told anything of it"
            )
            continue
        # Names are swapped in two comparisons at once: either has a half of the evidence.
        tests = specification.comparison(str(name)).levels
        swaps = {level.name for level in tests if level.swapped}
        yield from _odd_levels(str(name), own, swaps)


def _odd_levels(name: str, weights: dict[str, float], swaps: set[str]) -> Iterator[Alarm]:
    known = {level: one for level, one in weights.items() if abs(one) >= _NOTHING}
    silent = [level for level in weights if level not in known]
    for level in silent:
        yield Alarm(
            f"{name}.{level}", f"{name}: nobody showed {level} in training; it weighs nothing"
        )
    levels = list(weights)
    best, last = levels[0], levels[-1]
    if weights[best] < 0:
        yield Alarm(
            f"{name}.{best}",
            f"{name}: to be {best} speaks against a match ({weights[best]:+.1f} bits); strangers "
            "of one block may have been taken for matches",
        )
    if weights[last] > _NOTHING:
        yield Alarm(
            f"{name}.{last}",
            f"{name}: to be {last} speaks for a match ({weights[last]:+.1f} bits)",
        )
    pairs = [(level, weight) for level, weight in known.items() if level not in swaps]
    for (better, ours), (worse, theirs) in itertools.pairwise(pairs):
        if theirs > ours + _SLACK:
            yield Alarm(
                f"{name}.{worse}",
                f"{name}: {worse} weighs more ({theirs:+.1f} bits) than {better} ({ours:+.1f})",
            )
