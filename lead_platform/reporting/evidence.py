"""The evidence on a pair: the parts of its match weight in plain words, and as a waterfall."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

MISSING = "missing"
_WIDTH = 24
_WORDS = {
    "same": "the same",
    "swapped": "swapped with the other name",
    "nickname": "a nickname of the other",
    "similar": "similar",
    "one_letter_off": "one letter off",
    "initial": "an initial of the other",
    "shares_part": "shares a part",
    "same_local_part": "the same before the @, another domain",
    "numbered": "the same but for a number",
    "same_company": "another mailbox at the same company",
    "same_domain": "the same web domain",
    "same_name": "the same name",
    "similar_name": "a similar name",
    "same_city": "the same city",
    "same_country": "the same country",
    "different": "different",
}


@dataclass(frozen=True)
class Part:
    """One comparison of a pair; `weight` in bits, above 0 for one person, below 0 for two."""

    comparison: str
    level: str
    weight: float

    @property
    def words(self) -> str:
        """`last name: the same`."""
        level = _WORDS.get(self.level, self.level.replace("_", " "))
        return f"{self.comparison.replace('_', ' ')}: {level}"

    @property
    def meaning(self) -> str:
        """How much likelier that is among records of one person than of two, or the reverse."""
        if abs(self.weight) < 0.05:
            return "says nothing"
        likelier = 2 ** abs(self.weight)
        factor = f"{likelier:,.0f}" if likelier >= 10 else f"{likelier:.1f}"
        return f"{factor} times likelier for {'one person' if self.weight > 0 else 'two people'}"


def read_parts(parts: str | None) -> list[Part]:
    """The parts of a row of identity.match_pairs, the weightiest first."""
    found = json.loads(parts) if parts else []
    rows = [Part(str(p["comparison"]), str(p["level"]), float(p["weight"] or 0)) for p in found]
    return sorted(rows, key=lambda part: (-abs(part.weight), part.comparison))


def tell_parts(parts: str | None, limit: int = 3) -> str:
    """The weightiest parts in a line: `email: the same, first name: a nickname of the other`."""
    known = [part.words for part in read_parts(parts) if part.level != MISSING]
    return ", ".join(known[:limit])


def render_waterfall(
    parts: str | None, match_weight: float, match_probability: float
) -> RenderableType:
    """From what is expected of any two records, part by part, to the weight of this pair."""
    rows = read_parts(parts)
    known = [part for part in rows if part.level != MISSING]
    unknown = [part.comparison.replace("_", " ") for part in rows if part.level == MISSING]
    prior = match_weight - sum(part.weight for part in known)
    steps = [("any two records", "before anything is compared", prior)]
    steps += [(part.words, part.meaning, part.weight) for part in known]
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("what", overflow="fold")
    table.add_column("bits", justify="right", no_wrap=True, min_width=5)
    table.add_column("", no_wrap=True, min_width=_WIDTH)
    table.add_column("which is", overflow="fold")
    at = 0.0
    scale = _scale([weight for _, _, weight in steps])
    for words, meaning, weight in steps:
        table.add_row(Text(words), f"{weight:+.1f}", _bar(at, at + weight, scale), Text(meaning))
        at += weight
    table.add_row(
        Text("together", style="bold"),
        Text(f"{match_weight:+.1f}", style="bold"),
        _bar(0.0, at, scale),
        Text(f"probability of one person {match_probability:.4%}", style="bold"),
    )
    if not unknown:
        return table
    return Group(table, Text(f"Not known on both sides: {', '.join(unknown)}.\n"))


def _scale(weights: Sequence[float]) -> tuple[float, float]:
    """The lowest and the highest point the running sum reaches, 0 among them."""
    at, reached = 0.0, [0.0]
    for weight in weights:
        at += weight
        reached.append(at)
    low, high = min(reached), max(reached)
    return low, high if high > low else low + 1.0


def _bar(start: float, end: float, scale: tuple[float, float]) -> Text:
    low, high = scale
    first, last = sorted(
        round((point - low) / (high - low) * (_WIDTH - 1)) for point in (start, end)
    )
    block, style = ("█", "green") if end >= start else ("░", "red")
    text = Text(" " * first)
    text.append(block * (last - first + 1), style=style)
    text.append(" " * (_WIDTH - 1 - last))
    return text
