"""One last name from the columns or questions it stands in: a particle, the name, the mother's.

Owns that no part is said twice. Which columns belong together, `guess` and `questions` tell.
"""

from collections.abc import Sequence

from lead_platform.vocabularies.particles import are_particles
from lead_platform.vocabularies.text import fold


def join_last_name(parts: Sequence[str], between: str) -> str:
    """The parts in their order, without one that the next or the last one has already.

    ("van der", "van der Berg"), ("García Márquez", "Márquez"). Two surnames may be the same.
    """
    joined = ""
    for part in parts:
        if not joined or _opens(joined, part):
            joined = part
        elif not _closes(part, joined):
            joined = f"{joined}{between}{part}"
    return joined


def _opens(left: str, right: str) -> bool:
    """Whether what stands left is the beginning of the right one already."""
    words, longer = fold(left).split(), fold(right).split()
    if longer[: len(words)] != words:
        return False
    return are_particles(left) or _names(right) > 1


def _closes(right: str, left: str) -> bool:
    """Whether what stands right is the end of the left one already."""
    words, longer = fold(right).split(), fold(left).split()
    return longer[-len(words) :] == words and _names(left) > 1


def _names(text: str) -> int:
    """How many words are names by themselves: one in de la Cruz."""
    return sum(not are_particles(word) for word in text.split())
