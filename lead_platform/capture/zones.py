"""The zone of a time of day: behind it (`10:00 UTC`, `10:30:00 -0300`, `8:15 PM GMT+1`), or in a
column beside it (`Europe/Berlin`, `GMT-5`, `EST`).

Behind a time only what has one meaning everywhere: `CST` is a zone of America and one of China, so
it is none. In a column every meaning counts, and the time has to be the same by each.
"""

import re
from datetime import UTC, timedelta, timezone, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

from lead_platform.vocabularies.text import fold
from lead_platform.vocabularies.time_zones import called, zone_of_name

# Behind a time of day only: the end of 01-01-2025 is no offset. Nor is that of 10:00-11:00 and of
# 9:00-10, which are from when to when: a colon needs seconds before it, hours alone a name.
_ZONED = re.compile(
    r"(?P<local>.*[\sT]\d{1,2}:\d{2}(?P<seconds>:\d{2}(?:[.,]\d{1,6})?)?(?:\s*[ap]\.?m\.?)?)\s*"
    r"(?:(?P<zero>utc|gmt|z)|(?P<named>utc|gmt)?\s*(?P<sign>[+\-−])(?P<hours>\d{1,2})"
    r"(?:(?P<colon>:)?(?P<minutes>00|15|30|45))?)",
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


def split_zone(text: str) -> tuple[str, timezone | None]:
    """The local time and its offset from UTC; the text itself and None where none is stated."""
    found = _ZONED.fullmatch(text.strip())
    if found is None:
        return text, None
    if found["zero"]:
        return found["local"], timezone(timedelta(0))
    offset = timedelta(hours=int(found["hours"]), minutes=int(found["minutes"] or 0))
    is_stated = found["named"] or (found["minutes"] and (found["seconds"] or not found["colon"]))
    if offset > _FURTHEST or not is_stated:
        return text, None
    return found["local"], timezone(offset if found["sign"] == "+" else -offset)


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
    if (known := zone_of_name(text)) is not None:
        return (ZoneInfo(known),)
    meanings = (_offset(each) or ZoneInfo(each) for each in called(text))
    return tuple(meanings)


def _offset(text: str) -> timezone | None:
    found = _OFFSET.fullmatch(text)
    if found is None:
        return None
    offset = timedelta(hours=int(found["hours"]), minutes=int(found["minutes"] or 0))
    if offset > _FURTHEST:
        return None
    return timezone(offset if found["sign"] == "+" else -offset)
