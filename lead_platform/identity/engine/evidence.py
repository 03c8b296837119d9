"""The evidence on a pair in plain words: the parts of its match weight, and what each means."""

import json
from dataclasses import dataclass

from lead_platform.identity.engine.specification import MISSING

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
    "same_words": "the same words in another order",
    "same_label": "the same under another ending",
    "spelled_alike": "spelled alike",
    "different": "different",
    "shared": "what they share, people of one share as well",
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

    def meaning(self, one: str = "one person", two: str = "two people") -> str:
        """How much likelier that is among records of one than of two, or the reverse."""
        if abs(self.weight) < 0.05:
            return "says nothing"
        likelier = 2 ** abs(self.weight)
        factor = f"{likelier:,.0f}" if likelier >= 10 else f"{likelier:.1f}"
        return f"{factor} times likelier for {one if self.weight > 0 else two}"


def read_parts(parts: str | None) -> list[Part]:
    """The parts of a row of identity.match_pairs, the weightiest first."""
    found = json.loads(parts) if parts else []
    rows = [Part(str(p["comparison"]), str(p["level"]), float(p["weight"] or 0)) for p in found]
    return sorted(rows, key=lambda part: (-abs(part.weight), part.comparison))


def tell_parts(parts: str | None, limit: int = 3) -> str:
    """The weightiest parts in a line: `email: the same, first name: a nickname of the other`."""
    known = [part.words for part in read_parts(parts) if part.level != MISSING]
    return ", ".join(known[:limit])
