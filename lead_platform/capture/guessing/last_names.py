"""Last names that stand in several columns: a particle, the name, the mother's name."""

from dataclasses import replace

from lead_platform.capture.guessing.choices import Choice
from lead_platform.capture.guessing.names import NAME_PARTICLE, SECOND_LAST_NAME
from lead_platform.capture.guessing.shapes import Column


def with_whole_last_name(chosen: dict[str, tuple[Choice, ...]]) -> dict[str, tuple[Choice, ...]]:
    """The last name with its particle (van der) and the second one (apellido materno), where they
    stand in columns of their own."""
    before, after = chosen.pop(NAME_PARTICLE, ()), chosen.pop(SECOND_LAST_NAME, ())
    found = chosen.get("last_name", ())[:1]
    for last in found:
        beside = [c.column for c in before[:1] if not _repeats(last.column, c.column)]
        joined = (*beside, last.column, *(c.column for c in after[:1]))
        if len(joined) > 1:
            names = " and ".join(c.name for c in joined if c is not last.column)
            reason = f"{last.reason}, and {names} beside it"
            return chosen | {"last_name": (replace(last, joined=joined, reason=reason),)}
    return chosen


def _repeats(last: Column, particle: Column) -> bool:
    """Whether the last names begin with what stands in the column of particles already."""
    pairs = [pair for pair in zip(last.cells, particle.cells, strict=True) if all(pair)]
    again = sum(name.lower().startswith(f"{part.lower()} ") for name, part in pairs)
    return again > len(pairs) / 2
