"""Dates of which a spreadsheet took one half for its own: 04/05/2024 became 5 April, 13/04/2024
stayed a text.

Owns the sign of it in a column: where a spreadsheet expects the other order, what it could read
became a date with day and month swapped, and what is left has no month where it looks for one.
"""

import re
from collections.abc import Iterable

from lead_platform.capture.values import read_days, show

_REAL = re.compile(r"\d{4}-\d\d-(\d\d)(?!\d)")
_WRITTEN = re.compile(r"(\d{1,2})([/.\-])(\d{1,2})\2(?:\d{4}|\d\d)(?!\d)")
_MONTHS = 12


def half_converted(values: Iterable[str]) -> str | None:
    """Why real dates of the column may have day and month swapped; None where nothing says so.

    `values`: texts, real dates of a workbook in ISO 8601 or as a spreadsheet counts days.
    """
    converted: str | None = None
    left: dict[bool, str] = {}
    for value in dict.fromkeys(values):
        if (found := _WRITTEN.match(value)) is not None:
            first, second = int(found[1]), int(found[3])
            if (first > _MONTHS) == (second > _MONTHS):
                # A spreadsheet of the other order would have taken it for a date.
                return None
            left[first > _MONTHS] = value
        elif (day := _day_of_real(value)) is not None:
            if day > _MONTHS:
                return None
            converted = converted or value
    if converted is None or len(left) != 1:
        return None
    (text,) = left.values()
    return (
        f"some are dates, such as {show(converted)}, and those that have no month "
        f"where a spreadsheet looks for one stayed texts, such as {show(text)}: it may have "
        "swapped day and month of the others. Export it again with the column as text"
    )


def _day_of_real(value: str) -> int | None:
    if (found := _REAL.match(value)) is not None:
        return int(found[1])
    counted = read_days(value)
    return None if counted is None else counted.day
