"""Dates that name their month: `3rd of May 2024`, `mayo 5, 2024`, `2024年5月3日`.

Read is what has one meaning whatever the language: a day, a month's name and a year of four digits.
A name that is one month here and another there (`listopada`) is none. Months come from CLDR.
"""

import re
from datetime import UTC, datetime

from lead_platform.vocabularies.dating import month_names, weekday_names
from lead_platform.vocabularies.day_halves import plain_halves
from lead_platform.vocabularies.text import fold

# Ordinals, articles and what stands between day, month and year.
_FILLERS = frozenset(
    ["st", "nd", "rd", "th", "er", "re", "e", "eme", "o", "a", "ta", "ter", "y", "of", "the", "on",
     "at", "de", "del", "d", "den", "der", "dem", "le", "la", "el", "il", "di", "do", "da", "em",
     "um", "as", "las", "om", "kl", "uhr", "h", "m", "gada", "г", "р", "года", "року"]
)  # fmt: skip
_TIME = re.compile(
    r"(?<![\d:.])(\d{1,2}):(\d{2})(?::(\d{2})(?:[.,]\d{1,6})?)?(?:\s*([ap])\.?\s?m\b\.?)?"
    r"(?:\s*(utc|gmt|z)\b(?!\s*[+-]))?",
    re.IGNORECASE,
)
_SIGNS = re.compile(r"[\s,.;/()\-–'’ºª°]*")
_PIECE = re.compile(r"\d+|[^\W\d_]+")
_IDEOGRAPHIC = re.compile(r"(\d{4})\s*[年년]\s*(\d{1,2})\s*[月월]\s*(\d{1,2})\s*[日일]")


def read_worded_date(text: str) -> datetime | None:
    """The instant, with a zone where the text says UTC; None where it is no date or has two
    meanings."""
    text = plain_halves(text)
    times = list(_TIME.finditer(text))
    if len(times) > 1:
        return None
    rest = _TIME.sub(" ", text)
    day = _ideographic(rest) or _named(rest)
    if day is None or not times:
        return day
    return _with_time(day, times[0])


def _ideographic(text: str) -> datetime | None:
    found = _IDEOGRAPHIC.fullmatch(text.strip())
    return None if found is None else _day(int(found[1]), int(found[2]), int(found[3]))


def _named(text: str) -> datetime | None:
    if not _SIGNS.fullmatch(_PIECE.sub("", text)):
        return None
    pieces = _PIECE.findall(text)
    numbers = [piece for piece in pieces if piece.isdecimal()]
    years = [int(number) for number in numbers if len(number) == 4]
    days = [int(number) for number in numbers if len(number) < 3]
    month = _month([fold(piece) for piece in pieces if not piece.isdecimal()])
    if month is None or len(numbers) != 2 or len(years) != 1 or len(days) != 1:
        return None
    return _day(years[0], month, days[0])


def _month(words: list[str]) -> int | None:
    """The one month among the words, of which nothing else says anything."""
    months, weekdays = month_names(), weekday_names()
    named = [word for word in words if word in months]
    if len(named) > 1:
        # `mar. 5 mai`: the day of the week is no month where another word is.
        named = [word for word in named if word not in weekdays]
    others = [word for word in words if word not in (*named, *_FILLERS) and word not in weekdays]
    return months[named[0]] if len(named) == 1 and not others else None


def _with_time(day: datetime, found: re.Match[str]) -> datetime | None:
    hour, minute, second = int(found[1]), int(found[2]), int(found[3] or 0)
    if found[4] is not None:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if found[4].lower() == "p" else 0)
    if hour > 23 or minute > 59 or second > 59:
        return None
    zone = UTC if found[5] is not None else None
    return day.replace(hour=hour, minute=minute, second=second, tzinfo=zone)


def _day(year: int, month: int, day: int) -> datetime | None:
    try:
        return datetime(year, month, day)  # noqa: DTZ001  (local to the channel's zone)
    except ValueError:
        return None
