"""What the unit or the zone that a name states does to the values.

Owns how names state units and zones; which words multiply is told by `quantities.csv`, and how the
channel applies them is `draft`'s.
"""

import re
from collections.abc import Iterable, Iterator

from lead_platform.vocabularies.tables import IntakeLists
from lead_platform.vocabularies.text import fold
from lead_platform.vocabularies.time_zones import called, zone_of_name

FIGURES = frozenset({"annual_revenue", "employee_count", "amount"})
_IN = frozenset({"in", "en", "em", "w"})
_NOUGHTS = {"000": 1_000, "000s": 1_000}
_STATED = re.compile(r"[(\[]([^)\]]*)[)\]]|\bin\s+(\S+(?:\s+\S+)?)\s*$", re.I)
_UTC = frozenset({"utc", "gmt", "z", "zulu", "gmt 0", "utc 0"})
_OFFSET = re.compile(r"\b(?:utc|gmt)\s*[+\u2212-]\s*\d", re.I)


def stated_scale(texts: Iterable[str], lists: IntakeLists) -> int | None:
    """What the figures are to be multiplied with: 1000 of `Umsatz (T€)`; None where none is, or
    where it is not clear."""
    for text in texts:
        found = _factors(text, lists)
        if len(found) == 1 and found[0]:
            return found[0]
    return None


def unclear_unit(name: str, lists: IntakeLists) -> str | None:
    """A unit in the name that multiplies by a thousand in one language and by a million in another,
    or by several figures."""
    units = ((text, _factors(text, lists)) for text in stated(name))
    return next((text for text, found in units if found and (len(found) > 1 or not found[0])), None)


def _factors(text: str, lists: IntakeLists) -> list[int | None]:
    """What the words of a unit multiply by, each once; None for one that is not clear."""
    words = fold(text).split()
    if "t" in (bare := fold(lists.currencies.without_signs(text)).split()):
        # T€ is a thousand; a t alone may be tons.
        has_currency = bool(lists.currencies.signs_in(text))
        words = [word for word in bare if word != "t"] + (["tsd"] if has_currency else ["t"])
    found: list[float | None] = [_NOUGHTS[word] for word in words if word in _NOUGHTS]
    found += lists.quantities.multipliers_in(" ".join(words))
    return [None if factor is None else int(factor) for factor in dict.fromkeys(found)]


def stated_zone(name: str) -> str | None:
    """The zone that a name states, as `time_zone` takes it."""
    for text in stated(name):
        key = fold(text)
        if _OFFSET.search(text):
            continue
        if key in _UTC:
            return "UTC"
        if (zone := next(iter(called(key)), None) or zone_of_name(key)) is not None:
            return zone
    return None


def may_be_zone(name: str) -> bool:
    """Whether a name may state a zone that is not known: `Created (XST)`, `Created (GMT+2)`."""
    return stated_zone(name) is None and any(
        _OFFSET.search(text) or re.fullmatch(r"[A-Z]{2,5}", text.strip()) for text in stated(name)
    )


def is_by_region(name: str) -> bool:
    """Whether the zone's name is short for that of several regions, or for one half of the year."""
    return any(called(text) for text in stated(name))


def stated(name: str) -> Iterator[str]:
    """What stands in brackets, or behind `in` at the end."""
    return (one or other for one, other in _STATED.findall(name))


def is_unit_cell(value: str, lists: IntakeLists) -> bool:
    """Whether a cell among figures is a unit: a row of units stands below some headers."""
    words = fold(lists.currencies.without_signs(value)).split()
    others = [word for word in words if not (_factors(word, lists) or word in _IN)]
    has_digits = any(map(str.isdigit, value))
    return not others and not has_digits and stated_scale((value,), lists) is not None
