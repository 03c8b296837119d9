"""Dates of birth in whatever form a file writes them, as ISO 8601.

Owns the forms, and which one a column has; unlike capture's, what is meant lies in the past.
"""

import datetime as dt
import re
from collections.abc import Iterable, Sequence

_FORMS = (
    "%Y-%m-%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y", "%Y/%m/%d", "%Y.%m.%d",
    "%Y%m%d", "%d%m%Y", "%m%d%Y", "%d %b %Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y", "%d-%b-%Y",
)  # fmt: skip
_EARLIEST, _LATEST = 1850, 2100
# A time of day, as spreadsheets and databases add it.
_CLOCK = re.compile(r"[T ]\d{1,2}:\d{2}.*$")
_SHARE = 0.5


def find_form(values: Sequence[str]) -> str | None:
    """The form that reads most of the values; None where none reads half of them.

    Of two that read as many, day before month: what is exchanged throughout a file changes
    nothing within it.
    """
    forms = _best_forms(values)
    return forms[0] if forms else None


def is_order_open(values: Sequence[str]) -> bool:
    """Whether two forms read as many of the values, and some as other days: no value shows the
    order of day and month."""
    forms = _best_forms(values)[:2]
    return len(forms) == 2 and any(
        len({_read(_day_of(value), form) for form in forms}) == 2 for value in values
    )


def _best_forms(values: Sequence[str]) -> list[str]:
    """The forms that read most of the values; none where that is not half of them."""
    distinct = list(dict.fromkeys(map(_day_of, values)))[:2_000]
    read = {form: sum(_read(value, form) is not None for value in distinct) for form in _FORMS}
    most = max(read.values())
    if not distinct or most < _SHARE * len(distinct):
        return []
    return [form for form in _FORMS if read[form] == most]


def iso_dates(values: Iterable[str | None]) -> list[str | None]:
    """The values as ISO 8601, by the form of the column; as they are where they do not fit it."""
    given = list(values)
    form = find_form([value for value in given if value])
    if form is None:
        return given
    known = {value: _iso(value, form) for value in dict.fromkeys(given) if value}
    return [known[value] if value else None for value in given]


def _day_of(value: str) -> str:
    return _CLOCK.sub("", value.strip())


def _iso(value: str, form: str) -> str:
    # A file may hold what its neighbour writes: ISO is read whatever else it has.
    found = _read(_day_of(value), form) or _read(_day_of(value), "%Y-%m-%d")
    return found.isoformat() if found else value


def _read(value: str, form: str) -> dt.date | None:
    try:
        found = dt.datetime.strptime(value, form).date()  # noqa: DTZ007
    except ValueError:
        return None
    return found if _EARLIEST <= found.year <= _LATEST else None
