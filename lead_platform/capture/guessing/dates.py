"""In which form a column writes points in time: found where one reading is possible, else none."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from lead_platform.capture.guessing.shapes import MOST_READ
from lead_platform.capture.values import (
    EARLIEST,
    SPREADSHEET_DAYS,
    ValueFault,
    instant_reader,
    read_days,
)
from lead_platform.capture.worded_dates import read_worded_date
from lead_platform.capture.zones import in_utc, split_zone
from lead_platform.vocabularies.day_halves import plain_halves

# Nobody who puts points between them writes the month first. With hyphens a year of two digits may
# stand first, as in ISO 8601.
_DATES = {
    "/": ("%d/%m/%Y", "%m/%d/%Y", "%d/%m/%y", "%m/%d/%y", "%Y/%m/%d"),
    "-": ("%d-%m-%Y", "%m-%d-%Y", "%d-%m-%y", "%m-%d-%y", "%Y-%m-%d", "%y-%m-%d"),
    ".": ("%d.%m.%Y", "%d.%m.%y", "%Y.%m.%d"),
}
_CLOCKS = (
    "", " %H:%M", " %H:%M:%S", " %I:%M %p", " %I:%M:%S %p", ", %H:%M", ", %H:%M:%S", ", %I:%M %p",
    ", %I:%M:%S %p", "T%H:%M:%S", " %H:%M:%S.%f",
)  # fmt: skip
_NAMED = (
    "%B %d, %Y", "%b %d, %Y", "%d %B %Y", "%d %b %Y", "%d-%b-%Y", "%d-%b-%y", "%d. %B %Y",
    "%a, %d %b %Y", "%a %b %d %Y",
)  # fmt: skip
_ISO = instant_reader((), ZoneInfo("UTC"))
IN_WORDS = "in words"
"""Stands for dates that name their month in any language: these need no format."""
_FIGURES = re.compile(r"%[dmyY](?P<sign>\W)%[dmyY](?P=sign)%[dmyY]")
_NAMES_MONTH = re.compile(r"[^\W\d_]{3}|[年년]")
# So much of a column must be dates: exports have a blank or a broken one, rarely more.
_SHARE = 0.95
_MOST_TRIED = 200
_MOST_MIXED, _LONGEST_DATE = 20, 40
ALWAYS = datetime(9999, 1, 1)  # noqa: DTZ001
"""As `now`, dates of a time to come fit too."""


@dataclass(frozen=True)
class DateForm:
    """How a column writes dates: `formats` for strptime, none needed for ISO 8601 and epochs.

    `ambiguous`: several orders of day, month and year fit every value; a person has to say which.
    `unread`: the few values that are no dates in any form.
    """

    formats: tuple[str, ...] = ()
    ambiguous: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()


def find_date_form(values: Sequence[str], now: datetime) -> DateForm | None:
    """The form of a column of texts (none blank), None where they are no points in time.

    A form that puts a value before 1990 or after `now` (UTC without zone) does not fit.
    """
    times = Counter(values)
    everything = list(times)
    values = everything[:_MOST_TRIED]
    if not values:
        return None
    # ISO 8601 and epochs are always read: the form is that of the other values.
    others = [value for value in values if not _fits([value], None, now)]
    if len(others) <= (1 - _SHARE) * len(values):
        return _with_form_of_few((), everything, now)
    fitting = [form for form in _candidates(others) if _fits(others, form, now)]
    if not fitting:
        # A word among the dates, which no form reads, speaks against none of them.
        read = [value for value in everything if _is_read(value, everything)]
        if sum(times[v] for v in read) < MOST_READ * times.total():
            return None
        if len(read) < len(everything):
            found = find_date_form(read, now)
            unread = tuple(value for value in everything if value not in read)
            return None if found is None else replace(found, unread=(*found.unread, *unread))
        return None
    orders = {_reading(others, form): form for form in reversed(fitting)}
    if len(orders) > 1:
        return DateForm(ambiguous=tuple(form for form in fitting if form in orders.values()))
    formats = tuple(form for form in fitting[:1] if form != IN_WORDS)
    return _with_form_of_few(formats, everything, now)


def are_mixed_dates(values: Sequence[str], now: datetime) -> bool:
    """Whether most values are dates until `now`, each in a form of its own."""
    tried = list(dict.fromkeys(values))[:_MOST_MIXED]
    read = sum(_is_date_alone(value, now) for value in tried)
    return read > len(tried) / 2


def _is_date_alone(value: str, now: datetime) -> bool:
    if len(value) > _LONGEST_DATE or not any(map(str.isdigit, value)) or value.isdigit():
        return False
    return any(_fits([value], form, now) for form in (None, *_candidates([value])))


def _with_form_of_few(formats: tuple[str, ...], values: Sequence[str], now: datetime) -> DateForm:
    """`formats`, which most values have, and that of the others, where one reading is possible and
    the first say nothing against it: a column has one order of day and month."""
    known = (*formats, None, IN_WORDS)
    left = [value for value in values if not any(_read(value, form) for form in known)]
    dates = [value for value in left if _is_read(value, left)]
    fitting = [form for form in _candidates(dates) if dates and _fits(dates, form, now)]
    if len({_reading(dates, form) for form in fitting}) == 1:
        most = [value for value in values if value not in left]
        if all(_read(v, fitting[0]) in (None, _first(v, known)) for v in most):
            formats = (*formats, fitting[0])
            left = [value for value in left if _read(value, fitting[0]) is None]
    return DateForm(formats, unread=tuple(left))


def _first(value: str, forms: Sequence[str | None]) -> datetime | None:
    return next((at for form in forms if (at := _read(value, form)) is not None), None)


def ordered_as(form: DateForm, others: Iterable[DateForm]) -> DateForm | None:
    """`form` in the one order of day and month that other columns which the same system fills have;
    None where none of them tells, or they differ."""
    told = {_order(each) for other in others for each in other.formats} - {None}
    fitting = [each for each in form.ambiguous if _order(each) in told]
    if len(told) != 1 or len(fitting) != 1:
        return None
    return replace(form, formats=tuple(fitting), ambiguous=())


def _order(form: str) -> str | None:
    """Its day, month and year with the signs between them; None where it has names."""
    found = _FIGURES.match(form)
    return found.group().lower() if found else None


def read_dates(values: Sequence[str], form: DateForm) -> tuple[datetime | None, ...]:
    """The points in time of `values` by an unambiguous form, without zone; None for no date."""
    forms = (*form.formats, None, IN_WORDS)
    found = (_first(value, forms) if value else None for value in values)
    return tuple(at.replace(tzinfo=None) if at is not None else None for at in found)


def find_clock(dates: Sequence[str], clocks: Sequence[str], form: DateForm) -> str | None:
    """The format of `date|time` of two columns, None where the second is no time of day.

    `form`: that of the dates, which has no time of day of its own.
    """
    day = form.formats[0] if form.formats else "%Y-%m-%d"
    has_time = any(sign in day for sign in ("%H", "%I"))
    if has_time or len(dates) != len(clocks):
        return None
    texts = [f"{date}|{clock}" for date, clock in zip(dates, clocks, strict=True)]
    found = (f"{day}|{clock.lstrip(' ,T')}" for clock in _CLOCKS if clock)
    return next((form for form in found if all(_read(text, form) for text in texts)), None)


def _candidates(values: Sequence[str]) -> list[str]:
    others = [SPREADSHEET_DAYS] if any(read_days(value) for value in values) else []
    used = [sign for sign in _DATES if any(sign in value for value in values)]
    dates = [date for sign in used for date in _DATES[sign]]
    if any(map(_NAMES_MONTH.search, values)):
        dates += _NAMED
        others.append(IN_WORDS)
    return [*(f"{date}{clock}" for date in dates for clock in _CLOCKS), *others]


def _is_read(value: str, values: Sequence[str]) -> bool:
    return any(_read(value, form) is not None for form in (None, *_candidates(values)))


def _fits(values: Sequence[str], form: str | None, now: datetime) -> bool:
    read = sum(1 for value in values if (found := _read(value, form)) and EARLIEST < found <= now)
    return read >= _SHARE * len(values)


def _read(value: str, form: str | None) -> datetime | None:
    local, zones = split_zone(plain_halves(value))
    try:
        if form is None:
            # Fewer than ten digits are numbers of something, no epoch; eight may be 20261130.
            is_number = value.isdigit() and len(value) < 10 and len(value) != 8
            return None if is_number or _NAMES_MONTH.search(local) else _ISO(value)
        if form == SPREADSHEET_DAYS:
            return read_days(value)
        if form == IN_WORDS:
            found = read_worded_date(local if zones else value)
            if found is None or not zones:
                return None if found is None else found.replace(tzinfo=None)
            return min(in_utc(found, zones))
        at = datetime.strptime(local, form)  # noqa: DTZ007
        return min(in_utc(at, zones)) if zones else at
    except (ValueFault, ValueError, OverflowError):
        return None


def _reading(values: Sequence[str], form: str) -> tuple[datetime | None, ...]:
    """What a form makes of the values: two forms that agree on all are one."""
    return tuple(_read(value, form) for value in values)
