"""What the unit or the zone that a name states does to the values.

Owns how names write thousands, millions and zones; how the channel applies them is `draft`'s.
"""

import re
from collections.abc import Iterable, Iterator
from zoneinfo import available_timezones

from lead_platform.vocabularies.text import fold

FIGURES = frozenset({"annual_revenue", "employee_count", "amount"})
_THOUSAND = frozenset(
    [
        "k",
        "tsd",
        "tausend",
        "thousand",
        "thousands",
        "milliers",
        "miles",
        "migliaia",
        "duizend",
        "tys",
        "tkr",
        "tchf",
        "teur",
        "tusd",
        "te",
        "keur",
        "kusd",
    ]
)
_MILLION = frozenset(
    [
        "m",
        "mio",
        "mill",
        "million",
        "millions",
        "millionen",
        "mn",
        "mm",
        "millones",
        "milioni",
        "miljoen",
        "milhoes",
        "mln",
        "meur",
        "musd",
        "mioeur",
    ]
)
_BILLION = frozenset(
    [
        "b",
        "bn",
        "billion",
        "billions",
        "mrd",
        "milliarden",
        "milliards",
        "miliardi",
        "miljard",
        "mld",
    ]
)
_SCALES = dict.fromkeys(_THOUSAND, 1_000) | dict.fromkeys(_MILLION, 1_000_000)
_SCALES |= dict.fromkeys(_BILLION, 1_000_000_000)
_NOUGHTS = {"000": 1_000, "000s": 1_000}
_CURRENCY = re.compile(r"[€$£¥]|\b(?:eur|usd|gbp|chf)\b", re.I)
_STATED = re.compile(r"[(\[]([^)\]]*)[)\]]|\bin\s+(\S+(?:\s+\S+)?)\s*$", re.I)
_REGIONS = {
    **dict.fromkeys(("est", "edt", "et"), "America/New_York"),
    **dict.fromkeys(("cst", "cdt", "ct"), "America/Chicago"),
    **dict.fromkeys(("mst", "mdt", "mt"), "America/Denver"),
    **dict.fromkeys(("pst", "pdt", "pt"), "America/Los_Angeles"),
    **dict.fromkeys(("cet", "cest", "mez", "mesz"), "Europe/Berlin"),
    **dict.fromkeys(("bst", "gmt bst"), "Europe/London"),
    **{"ist": "Asia/Kolkata", "jst": "Asia/Tokyo", "trt": "Europe/Istanbul"},
}
_UTC = frozenset({"utc", "gmt", "z", "zulu", "gmt 0", "utc 0"})
_ZONES = {fold(name): name for name in available_timezones() if "/" in name}
_OFFSET = re.compile(r"\b(?:utc|gmt)\s*[+\u2212-]\s*\d", re.I)


def stated_scale(texts: Iterable[str]) -> int | None:
    """What the figures are to be multiplied with: 1000 of `Umsatz (T€)`; None where none is."""
    for text in texts:
        words = fold(_CURRENCY.sub(" ", text)).split()
        found = [scale for word in words if (scale := _SCALES.get(word) or _NOUGHTS.get(word))]
        if "t" in words and _CURRENCY.search(text):
            found.append(1_000)
        if found:
            return found[0]
    return None


def unclear_unit(name: str) -> str | None:
    """A word in the name that is a thousand in one language and a million in another."""
    words = (word for text in stated(name) for word in fold(text).split())
    return next((word for word in words if word == "mil"), None)


def stated_zone(name: str) -> str | None:
    """The zone that a name states, as `time_zone` takes it."""
    for text in stated(name):
        key = fold(text)
        if _OFFSET.search(text):
            continue
        if key in _UTC:
            return "UTC"
        if (zone := _REGIONS.get(key) or _ZONES.get(key)) is not None:
            return zone
    return None


def may_be_zone(name: str) -> bool:
    """Whether a name may state a zone that is not known: `Created (XST)`, `Created (GMT+2)`."""
    return stated_zone(name) is None and any(
        _OFFSET.search(text) or re.fullmatch(r"[A-Z]{2,5}", text.strip()) for text in stated(name)
    )


def is_by_region(name: str) -> bool:
    """Whether the zone's name is short for that of several regions, or for one half of the year."""
    return any(fold(text) in _REGIONS for text in stated(name))


def stated(name: str) -> Iterator[str]:
    """What stands in brackets, or behind `in` at the end."""
    return (one or other for one, other in _STATED.findall(name))


def is_unit_cell(value: str) -> bool:
    """Whether a cell among figures is a unit: a row of units stands below some headers."""
    return not any(map(str.isdigit, value)) and stated_scale((value,)) is not None
