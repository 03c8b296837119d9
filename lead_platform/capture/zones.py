"""The zone of a time of day: behind it (`10:00 UTC`, `10:30:00 -0300`, `8:15 PM GMT+1`), or in a
column beside it (`Europe/Berlin`, `GMT-5`, `EST`).

A name may have several meanings (`CST` is a zone of America and one of China): each counts, and the
time has to be the same by all of them.
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

from lead_platform.vocabularies.text import fold
from lead_platform.vocabularies.time_zones import called, zone_of_name

# Behind a time of day only: the end of 01-01-2025 is no offset. Nor is that of 10:00-11:00 and of
# 9:00-10, which are from when to when: a colon needs seconds before it, hours alone a name.
_ZONED = re.compile(
    r"(?P<local>.*[\sT|]\d{1,2}:\d{2}(?P<seconds>:\d{2}(?:[.,]\d{1,6})?)?(?:\s*[ap]\.?m\.?)?)\s*"
    r"(?:(?P<zero>utc|gmt|z)|(?P<named>utc|gmt)?\s*(?P<sign>[+\-−])(?P<hours>\d{1,2})"
    r"(?:(?P<colon>:)?(?P<minutes>00|15|30|45))?"
    r"|\((?P<bracket>[^()]{1,12})\)|(?<=[\s\dmM.])(?P<name>[a-z]{2,5}))",
    re.IGNORECASE | re.DOTALL,
)
# Kiribati's.
_FURTHEST = timedelta(hours=14)
_OFFSET = re.compile(
    r"(?:utc|gmt)?\s*(?P<sign>[+\-−])\s*(?P<hours>\d{1,2})(?::?(?P<minutes>00|15|30|45))?",
    re.IGNORECASE,
)
_ZERO = frozenset(("utc", "gmt", "z", "zulu", "etc utc", "etc gmt", "utc 0", "gmt 0", "gmt0"))
# (GMT-05:00) Eastern Time, as settings of calendars have it.
_LED_BY_OFFSET = re.compile(r"\((?:utc|gmt)[^)]*\)\s*(?P<name>\S.*)", re.IGNORECASE)


def split_zone(text: str) -> tuple[str, tuple[tzinfo, ...]]:
    """The local time and every zone that may stand behind it; the text itself where none does."""
    found = _ZONED.fullmatch(text.strip())
    if found is None:
        return text, ()
    if found["zero"]:
        return found["local"], (UTC,)
    if name := found["bracket"] or found["name"]:
        # Of words only those that are listed: `10:00 Rome` may be a place.
        zones = zones_of(name) if found["bracket"] else _called(name)
        return (found["local"], zones) if zones else (text, ())
    offset = timedelta(hours=int(found["hours"]), minutes=int(found["minutes"] or 0))
    is_stated = found["named"] or (found["minutes"] and (found["seconds"] or not found["colon"]))
    if offset > _FURTHEST or not is_stated:
        return text, ()
    return found["local"], (timezone(offset if found["sign"] == "+" else -offset),)


def in_utc(local: datetime, zones: Iterable[tzinfo]) -> frozenset[datetime]:
    """The instants, as UTC without zone, that a local time is in these zones. Raises ValueError for
    a time that has an offset already, OverflowError outside the calendar."""
    if local.tzinfo is not None:
        raise ValueError(f"two zones: {local.tzinfo} and another one")
    return frozenset(
        local.replace(tzinfo=zone).astimezone(UTC).replace(tzinfo=None) for zone in zones
    )


@lru_cache(maxsize=1_000)
def zones_of(name: str) -> tuple[tzinfo, ...]:
    """Every zone that a cell may mean; none where it is not known."""
    text = name.strip()
    if (led := _LED_BY_OFFSET.fullmatch(text)) is not None:
        # The offset is that of winter, the name has both.
        return zones_of(led["name"])
    if fold(text) in _ZERO:
        return (UTC,)
    if (zone := _offset(text)) is not None:
        return (zone,)
    if zones := _called(text):
        return zones
    known = zone_of_name(text)
    return () if known is None else (ZoneInfo(known),)


def _called(name: str) -> tuple[tzinfo, ...]:
    return tuple(_offset(each) or ZoneInfo(each) for each in called(name))


def _offset(text: str) -> timezone | None:
    found = _OFFSET.fullmatch(text)
    if found is None:
        return None
    offset = timedelta(hours=int(found["hours"]), minutes=int(found["minutes"] or 0))
    if offset > _FURTHEST:
        return None
    return timezone(offset if found["sign"] == "+" else -offset)
