"""The match weight of a pair as a waterfall in the terminal."""

from collections.abc import Sequence

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from lead_platform.identity.engine.evidence import read_parts
from lead_platform.identity.engine.specification import MISSING

_WIDTH = 24


def render_waterfall(
    parts: str | None,
    match_weight: float,
    match_probability: float,
    one: str = "one person",
    two: str = "two people",
) -> RenderableType:
    """From what is expected of any two records, part by part, to the weight of this pair."""
    rows = read_parts(parts)
    known = [part for part in rows if part.level != MISSING]
    unknown = [part.comparison.replace("_", " ") for part in rows if part.level == MISSING]
    prior = match_weight - sum(part.weight for part in known)
    steps = [("any two records", "before anything is compared", prior)]
    steps += [(part.words, part.meaning(one, two), part.weight) for part in known]
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
        Text(f"probability of {one} {match_probability:.4%}", style="bold"),
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
