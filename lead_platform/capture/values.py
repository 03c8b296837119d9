"""Turns one raw value into the type of its canonical column, or says why it cannot.

Owns text, instants (UTC) and consent; numbers and money have a module of their own. What the value
means (country names, phone numbers, vocabularies of people) belongs to normalisation.
"""

import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache, partial
from typing import Any

from lead_platform.capture.documents import (
    holds_no_number,
    is_no_number,
    told_no_number,
    write_json,
)
from lead_platform.capture.iso_times import read_iso
from lead_platform.capture.worded_dates import read_worded_date
from lead_platform.capture.zones import in_utc, split_zone
from lead_platform.vocabularies.day_halves import plain_halves
from lead_platform.vocabularies.rows import Consent, OptOut
from lead_platform.vocabularies.tables import AliasTable, IntakeLists, truth_of

EARLIEST = datetime(1990, 1, 1)  # noqa: DTZ001  (UTC without zone, as all instants here)
CLOCK_SKEW = timedelta(days=1)
MEETING_HORIZON = timedelta(days=730)

_EPOCH = re.compile(r"[0-9]{9,16}(?:\.[0-9]+)?\Z")
SPREADSHEET_DAYS = "spreadsheet_days"
"""The format of dates that a spreadsheet counts in days since 1899-12-30: 45123.5."""

_COMPACT = re.compile(r"(?:19|20)[0-9]{6}\Z")
_SERIAL = re.compile(r"[0-9]{5}(?:[.,][0-9]{1,15})?\Z")
_FIRST_DAY = datetime(1899, 12, 30)  # noqa: DTZ001
# 1990-01-01 and 2100-01-01: smaller ones are numbers of something, larger ones nobody dates with.
_EARLIEST_SERIAL, _LATEST_SERIAL = 32_874, 73_051
_LONGEST_WORD = 200
# Words of consent are few, and each is looked up in several lists.
_MOST_REMEMBERED = 1_000
_LONGEST_INSTANT = 100
_SHOWN = 80
_LONGEST_CELL = 400
_MOST_LINES = 8


class ValueFault(ValueError):
    """A value that does not fit its column. The message names the value and what is allowed."""


class PartFault(ValueFault):
    """A part of a value does not fit its column; `kept` is what the column has without it."""

    def __init__(self, reason: str, kept: Any) -> None:
        super().__init__(reason)
        self.kept = kept


def show(value: Any) -> str:
    """The value as a reason quotes it: short, one line."""
    text = repr(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}… ({len(text):,} characters)"


def brief(value: Any) -> str:
    """The value as a cell of a terminal shows it: a long note would fill thousands of lines."""
    text = str(value)
    if len(text) <= _LONGEST_CELL and text.count("\n") < _MOST_LINES:
        return text
    cut = "\n".join(text[:_LONGEST_CELL].splitlines()[:_MOST_LINES])
    return f"{cut}… ({len(text):,} characters)"


def canonical_json(value: Any) -> str:
    """JSON with sorted keys and no spaces: equal content, equal text."""
    return write_json(value)


def read_text(value: Any) -> str | None:
    """Trimmed text; numbers and booleans as written in JSON, lists joined by ', '.

    Raises ValueFault where it stands for a number and is none, or holds such.
    """
    if isinstance(value, str):
        return value.strip()
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        if is_no_number(value):
            raise ValueFault(told_no_number(value))
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else str(value)
    if isinstance(value, list):
        parts = [read_text(part) for part in value]
        return ", ".join(part for part in parts if part) or None
    if isinstance(value, dict):
        if holds_no_number(value):
            raise ValueFault(PART_IS_NO_NUMBER)
        return canonical_json(value) if value else None
    return str(value)


def readable_text(value: Any) -> str | None:
    """The same, None also where it cannot be read: for what is only looked up or compared."""
    try:
        return read_text(value)
    except ValueFault:
        return None


def told_repeat(value: str) -> str:
    """Why a mark for the value of the row above is none."""
    return (
        f"{show(value)} stands for the value of another row, and nobody knows for certain which; "
        "fill the cells down at the source. Where it is a value, take it off "
        "config/vocabularies/repeats.csv"
    )


class CellError(ValueFault):
    """A spreadsheet shows an error in the place of a value: what stood there is lost."""

    def __init__(self, value: str) -> None:
        super().__init__(f"{show(value)} is an error of the spreadsheet; mend its formula")


PART_IS_NO_NUMBER = (
    "a part of it is no number (NaN, Infinity, or one beyond 1.8e308); "
    "send null where there is none"
)


def instant_reader(formats: tuple[str, ...], zone: tzinfo) -> Callable[[Any], datetime]:
    """A function that reads an instant as UTC without zone.

    Accepts the declared formats first, then ISO 8601 (also 20261130, as a number too), then epoch
    seconds, milliseconds or microseconds, then a date that names its month. Behind a time of day
    may stand UTC or an offset from it, whatever the form. Values without a zone are local to
    `zone`. Raises ValueFault.
    """
    counts_days = SPREADSHEET_DAYS in formats

    def read(value: Any) -> datetime:
        if isinstance(value, datetime):
            return _to_utc(value, zone)
        if counts_days and (day := read_days(value)) is not None:
            return _to_utc(day, zone)
        if isinstance(value, int | float) and not isinstance(value, bool):
            _refuse_days(value)
            return _to_utc(day, zone) if (day := _compact_day(value)) else _from_epoch(value)
        text = str(value).strip()
        if len(text) > _LONGEST_INSTANT:
            raise ValueFault(_unreadable_instant(value, formats))
        for pattern in formats:
            with suppress(ValueError):
                return _to_utc(datetime.strptime(text, pattern), zone)  # noqa: DTZ007
        if _EPOCH.match(text):
            return _from_epoch(float(text) if "." in text else int(text))
        try:
            return _to_utc(read_iso(text), zone)
        except ValueFault:
            raise
        except ValueError:
            pass
        plain = plain_halves(text)
        for pattern in formats if plain != text else ():
            for written in (plain, plain.replace(" AM", "AM").replace(" PM", "PM")):
                with suppress(ValueError):
                    return _to_utc(datetime.strptime(written, pattern), zone)  # noqa: DTZ007
        if (zoned := _read_zoned(plain, formats, zone)) is not None:
            return zoned
        _refuse_days(value)
        worded = read_worded_date(text)
        if worded is None:
            raise ValueFault(_unreadable_instant(value, formats))
        return _to_utc(worded, zone)

    return read


def _read_zoned(text: str, formats: tuple[str, ...], zone: tzinfo) -> datetime | None:
    """A time behind which its zone stands, as UTC; None where that cannot be read. Where the zone's
    name means several times, it is that of `zone`, if it is one of them; else it is refused."""
    local, zones = split_zone(text)
    if not zones:
        return None
    readers: list[Callable[[str], datetime | None]] = [partial(_strptime, f) for f in formats]
    for read in (*readers, read_iso, read_worded_date):
        found: frozenset[datetime] = frozenset()
        with suppress(ValueError, OverflowError):
            if (at := read(local)) is not None:
                found, own = in_utc(at, zones), in_utc(at, (zone,))
                found = own if own <= found and str(zone) != _DEFAULT_ZONE else found
        if len(found) > 1:
            raise ValueFault(_unclear_zone(text, zones))
        if found:
            return next(iter(found))
    return None


_DEFAULT_ZONE = "UTC"
"""It tells nothing of what a name means: in winter, Ireland's IST is UTC, and India's is not."""


def _strptime(form: str, text: str) -> datetime:
    return datetime.strptime(text, form)  # noqa: DTZ007  (local to the zone behind it)


def _unclear_zone(text: str, zones: tuple[tzinfo, ...]) -> str:
    meanings = " or ".join(str(each) for each in zones)
    return (
        f"{show(text)}: its zone may be {meanings}; write where it is meant as `time_zone` of the "
        "field or the channel, such as America/Chicago, or Etc/GMT+5 for five hours behind UTC"
    )


def read_days(value: Any) -> datetime | None:
    """The point in time of a spreadsheet's count of days, to the second; None where it is none."""
    text = str(value).strip()
    if isinstance(value, bool) or not _SERIAL.match(text):
        return None
    days = float(text.replace(",", "."))
    if not _EARLIEST_SERIAL <= days < _LATEST_SERIAL:
        return None
    return _FIRST_DAY + timedelta(seconds=round(days * 86_400))


def _compact_day(value: int | float) -> datetime | None:
    """The day that a number writes as 20261130; as an epoch it would be one of 1970."""
    text = str(value).removesuffix(".0")
    if not _COMPACT.match(text):
        return None
    try:
        return datetime.strptime(text, "%Y%m%d")  # noqa: DTZ007
    except ValueError:
        return None


def _refuse_days(value: Any) -> None:
    """Raises ValueFault for what a spreadsheet counts: neither a year nor seconds since 1970."""
    if (day := read_days(value)) is not None:
        raise ValueFault(
            f"{show(value)} looks like a spreadsheet's count of days ({day.isoformat()}); export "
            f"the column as dates, or write `formats: [{SPREADSHEET_DAYS}]` at the field"
        )


def _unreadable_instant(value: Any, formats: tuple[str, ...]) -> str:
    known = ("ISO 8601 (2026-11-22T10:00:00Z)", "epoch seconds", "a named month (3 May 2026)")
    allowed = ", ".join([*formats, *known])
    return (
        f"{show(value)} is not a point in time; allowed: {allowed}; "
        "add the source's own form to `formats` of the channel"
    )


def _to_utc(value: datetime, zone: tzinfo) -> datetime:
    try:
        located = value if value.tzinfo is not None else value.replace(tzinfo=zone)
        return located.astimezone(UTC).replace(tzinfo=None)
    except (OverflowError, ValueError):
        raise ValueFault(f"{show(str(value))} is outside the calendar") from None


def _from_epoch(value: int | float) -> datetime:
    magnitude = abs(value)
    if magnitude >= 1e17 or magnitude != magnitude:
        raise ValueFault(f"{show(value)} is not a point in time; allowed: epoch seconds, ms, µs")
    divisor = 1_000_000 if magnitude >= 1e14 else 1_000 if magnitude >= 1e11 else 1
    try:
        return datetime(1970, 1, 1) + timedelta(  # noqa: DTZ001
            microseconds=int(value * (1_000_000 // divisor))
        )
    except OverflowError:
        raise ValueFault(f"{show(value)} is outside the calendar") from None


def check_instant(value: datetime, received_at: datetime, horizon: timedelta) -> None:
    """Raises ValueFault when the instant is before 1990 or later than receipt plus `horizon`."""
    if value < EARLIEST:
        raise ValueFault(f"{value.isoformat()} is before 1990-01-01")
    if value > received_at + horizon:
        raise ValueFault(
            f"{value.isoformat()} is more than {horizon.days} day(s) after receipt "
            f"({received_at.isoformat()}); check the channel's time zone and date formats"
        )


class DenialElsewhere(PartFault):
    """A denial of other channels than the field's: it denies `fields`. `kept` is what the field
    has: `denied` where the word speaks of its channel too."""

    def __init__(self, reason: str, kept: Any, fields: Sequence[str]) -> None:
        super().__init__(reason, kept)
        self.fields = tuple(fields)


def consent_reader(lists: IntakeLists, field: str = "") -> Callable[[Any], str]:
    """A function that reads 'granted' or 'denied' by the words people say it with, and the opt-outs
    of the channel that `field` (consent_phone) speaks of.

    Raises DenialElsewhere for an opt-out of other channels too, ValueFault for any other word: what
    is not understood is no consent.
    """
    channel = field.removeprefix("consent_")

    @lru_cache(maxsize=_MOST_REMEMBERED)
    def judge(text: str) -> tuple[Consent | None, tuple[str, ...]]:
        return lists.says_consent(text, channel), _named_fields(lists, text, field)

    def read(value: Any) -> str:
        if isinstance(value, bool):
            return "granted" if value else "denied"
        # A column of numbers with gaps in it holds 1.0 and 0.0 for what was 1 and 0.
        text = read_text(value) or ""
        found, named = judge(text) if len(text) <= _LONGEST_WORD else (None, ())
        _tell_elsewhere(value, named, field)
        if found is None:
            _tell_not_stated(value, text, lists)
            raise ValueFault(
                f"{show(value)} is not a consent; add the word to "
                f"config/vocabularies/{lists.consents.file_name}, or map it with `values`"
            )
        return found

    return read


def _tell_not_stated(value: Any, text: str, lists: IntakeLists) -> None:
    """Raises ValueFault for a state by which nobody agreed and nobody refused: no grant counts
    beside it, for a mailbox that bounced or was never confirmed is none to write to."""
    if len(text) <= _LONGEST_WORD and lists.states_no_consent(text):
        raise ValueFault(f"{show(value)} is a state in which nobody agreed and nobody refused")


def _named_fields(lists: IntakeLists, text: str, field: str) -> tuple[str, ...]:
    """The fields that a denial in a column of `field` names by itself."""
    named = lists.named_channels(text) if field else ()
    return tuple(f"consent_{channel}" for channel in named)


def _tell_elsewhere(value: Any, named: Sequence[str], field: str) -> None:
    """Raises DenialElsewhere where the value denies other fields than `field`."""
    others = [name for name in named if name != field]
    if not others:
        return
    told = f"{show(value)} denies {' and '.join(named)}"
    if field in named:
        raise DenialElsewhere(told, "denied", others)
    raise DenialElsewhere(f"{told}, and says nothing of {field}", None, others)


def opt_out_reader(lists: IntakeLists, field: str = "") -> Callable[[Any], str | None]:
    """A function that reads a column of opt-outs: 'denied', or None where it says nothing.

    The list of opt-outs goes first; of the words that only that of consents knows, each denies: a
    yes agrees to the opt-out, and `unsubscribed` is one. Raises DenialElsewhere for an opt-out of
    other channels than that of `field` too, ValueFault for any other word.
    """

    @lru_cache(maxsize=_MOST_REMEMBERED)
    def judge(text: str) -> tuple[OptOut | None, tuple[str, ...]]:
        stated = lists.says_opt_out(text)
        return stated, _named_fields(lists, text, field) if stated == "denied" else ()

    def read(value: Any) -> str | None:
        if isinstance(value, bool):
            return "denied" if value else None
        text = read_text(value) or ""
        stated, named = judge(text) if len(text) <= _LONGEST_WORD else (None, ())
        _tell_elsewhere(value, named, field)
        if stated is not None:
            return "denied" if stated == "denied" else None
        _tell_not_stated(value, text, lists)
        raise ValueFault(
            f"{show(value)} does not say whether somebody opted out; add the word to "
            f"config/vocabularies/{lists.opt_outs.file_name}, or map it with `values`"
        )

    return read


def truth_reader(words: AliasTable) -> Callable[[Any], bool]:
    """A function that reads yes or no by the `words` systems write it with.

    Raises ValueFault for any other word.
    """

    def read(value: Any) -> bool:
        if isinstance(value, bool):
            return value
        text = read_text(value) or ""
        found = truth_of(words, text) if len(text) <= _LONGEST_WORD else None
        if found is None:
            raise ValueFault(
                f"{show(value)} is neither yes nor no; allowed: true, yes, 1, false, no, 0 and the "
                f"other words of config/vocabularies/{words.file_name}; add the word there, or map "
                "it with `values`"
            )
        return found == "yes"

    return read


def read_list(value: Any) -> list[str]:
    """The texts of a list, or of a text that separates them by ; , | or line breaks: each once."""
    parts = value if isinstance(value, list) else _SEPARATORS.split(read_text(value) or "")
    texts = [text for part in parts if (text := read_text(part))]
    return list(dict.fromkeys(texts))


_SEPARATORS = re.compile(r"[;,|\r\n]+")
