"""Dates with the year last, a column at a time: which part is the day its values tell together.

05/04/1990 is read only where other values of the column show the order, or points set its parts
off, as nobody does with the month first. What stays open is no date, and is told. Anything else is
left as it is: a mistyped date is compared digit by digit.
"""

import logging
import re
from collections.abc import Sequence

_LOG = logging.getLogger(__name__)
_YEAR_LAST = re.compile(r"(\d{1,2})([-/. ]) ?(\d{1,2})\2 ?(\d{4})(?:[T ,].*)?")


def year_first(texts: Sequence[str], column: str) -> list[str]:
    """The texts, those with the year last as YYYY-MM-DD; "" where day and month may be either, with
    their number in the log under the column's name."""
    day_first = _is_day_first(set(texts))
    read = {text: _read(text.strip(), day_first=day_first) for text in set(texts)}
    lost = sum(1 for text in texts if text and not read[text])
    if lost:
        _LOG.warning(
            "%s: %d of %d dates are not read: no value of the column shows whether day or month "
            "comes first. Write them as YYYY-MM-DD.",
            column,
            lost,
            sum(map(bool, texts)),
        )
    return [read[text] for text in texts]


def _is_day_first(texts: set[str]) -> bool | None:
    """Whether the day stands before the month; None where no value shows it, or two differ."""
    shown = set()
    for text in texts:
        if found := _YEAR_LAST.fullmatch(text.strip()):
            first, second = int(found[1]), int(found[3])
            if first > 12 >= second or (found[2] == "." and second <= 12):
                shown.add(True)
            elif second > 12 >= first:
                shown.add(False)
    return shown.pop() if len(shown) == 1 else None


def _read(text: str, *, day_first: bool | None) -> str:
    found = _YEAR_LAST.fullmatch(text)
    if found is None:
        return text
    first, second, year = found[1].zfill(2), found[3].zfill(2), found[4]
    if int(first) > 12 or first == second:
        day_first = True
    elif int(second) > 12:
        day_first = False
    if day_first is None:
        return ""
    month, day = (second, first) if day_first else (first, second)
    return f"{year}-{month}-{day}"
