"""Last names that stand in several columns: a particle, the name, the mother's name."""

from dataclasses import replace

from lead_platform.capture.guessing.choices import Choice
from lead_platform.capture.guessing.names import NAME_PARTICLE, SECOND_LAST_NAME


def with_whole_last_name(chosen: dict[str, tuple[Choice, ...]]) -> dict[str, tuple[Choice, ...]]:
    """The last name with its particle (van der) and the second one (apellido materno), where they
    stand in columns of their own."""
    before, after = chosen.pop(NAME_PARTICLE, ()), chosen.pop(SECOND_LAST_NAME, ())
    found = chosen.get("last_name", ())[:1]
    for last in found:
        joined = tuple(choice.column for choice in (*before[:1], last, *after[:1]))
        if len(joined) > 1:
            names = " and ".join(c.name for c in joined if c is not last.column)
            reason = f"{last.reason}, and {names} beside it"
            return chosen | {"last_name": (replace(last, joined=joined, reason=reason),)}
    return chosen
