"""The zone that stands behind a time of day: `10:00 UTC`, `10:30:00 -0300`, `8:15 PM GMT+1`.

Only what has one meaning everywhere: `CST` is a zone of America and one of China, so it is none.
"""

import re
from datetime import timedelta, timezone

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
