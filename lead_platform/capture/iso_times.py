"""ISO 8601 as people and XML write it, where the standard library reads another time of day.

It takes any sign for the one between date and time, so that `2026-05-03+02:00` would be two in the
morning, and what follows a dot for a fraction of a second, so that half past ten, `10.30`, would be
three tenths of a second past ten.
"""

import re
from datetime import datetime

_MARKS = (".", ",")
# Where the fraction stands in 2026-05-03T10:30:00.5, as nearly all that have one are written.
_OF_SECONDS = 19
_SIGNED_AT = (8, 10)
_MARK = re.compile(r"[.,]")
# Digits of date and time before a fraction of a second: 20260503103000, 2026W187103000.
_WITH_SECONDS = (13, 14)
_BY_DOTS = re.compile(r"\d\d[.,][0-5]\d(?:Z|[+-]\d\d:?\d\d)?", re.IGNORECASE)
_BEHIND_A_DASH = re.compile(r"(?:0\d|1[0-2]):?[0-5]\d")


def read_iso(text: str) -> datetime:
    """The point in time of an ISO 8601 text; a dot or comma may stand between hours and
    minutes, and an offset may follow a date. Raises ValueError, also where it may be two times."""
    found = datetime.fromisoformat(text)
    for place in _SIGNED_AT:
        if text[place : place + 1] == "+":
            return datetime.fromisoformat(f"{text[:place]}T00:00{text[place:]}")
    if text[10:11] == "-" and _BEHIND_A_DASH.fullmatch(text[11:]):
        raise ValueError("an offset from UTC, or a time of day")
    if ("." in text or "," in text) and text[_OF_SECONDS : _OF_SECONDS + 1] not in _MARKS:
        return _with_mark(text, found)
    return found


def _with_mark(text: str, found: datetime) -> datetime:
    mark = _MARK.search(text)
    place = mark.start() if mark is not None else 0
    if sum(map(str.isdigit, text[:place])) in _WITH_SECONDS:
        return found
    if _BY_DOTS.fullmatch(text[place - 2 :]) is None or text[place - 3].isdigit():
        raise ValueError("a fraction of an hour or a minute, or a time of day")
    return datetime.fromisoformat(_MARK.sub(":", text))
