"""Dates that name their month have one meaning in any language, or none."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from babel.dates import format_date
from hypothesis import given
from hypothesis import strategies as st

from lead_platform.capture.guessing.dates import find_date_form
from lead_platform.capture.values import SPREADSHEET_DAYS, ValueFault, instant_reader
from lead_platform.capture.worded_dates import read_worded_date

NOW = datetime(2026, 11, 27)
DAYS = st.dates(date(1990, 1, 1), date(2099, 12, 31))


@pytest.mark.parametrize(
    "text",
    [
        "3rd of May 2024",
        "May 3rd, 2024",
        "mayo 3, 2024",
        "3 de mayo de 2024",
        "3. Mai 2024",
        "Freitag, 3. Mai 2024",
        "vendredi 3 mai 2024",
        "ven. 3 mai 2024",
        "3 maggio 2024",
        "Fri May 3 2024",
        "3-May-2024",
        "MAY 3, 2024",
        "2024 May 3",
        "3 maja 2024",
        "3 мая 2024 г.",
        "2024年5月3日",
        "2024년 5월 3일",
        "3 mei 2024",
        "3º de maio de 2024",
    ],
)
def test_what_names_its_month_is_read(text: str) -> None:
    assert read_worded_date(text) == datetime(2024, 5, 3)


@pytest.mark.parametrize(
    "text",
    [
        "yesterday",
        "May 2024",
        "3 May",
        "3 May 24",
        "3/4 May 2024",
        "32 May 2024",
        "30 Feb 2024",
        "3 listopada 2024",
        "3 May 2024 EST",
        "3 May 2024 10:00 GMT+2",
        "3 May 2024 25:00",
        "",
        "May",
        "call 3 May 2024",
        "3 May or 4 May 2024",
        "03.04.2024",
        "5 3 2024",
        "3 May June 2024",
    ],
)
def test_what_may_mean_two_things_is_none(text: str) -> None:
    assert read_worded_date(text) is None


@pytest.mark.parametrize(
    ("text", "hour", "minute"),
    [("3 May 2024 14:05", 14, 5), ("May 3, 2024 at 2:05 PM", 14, 5), ("3 May 2024 12:00 am", 0, 0),
     ("3. Mai 2024 um 14:05 Uhr", 14, 5), ("3 May 2024, 14:05:59", 14, 5)],
)  # fmt: skip
def test_a_time_beside_it(text: str, hour: int, minute: int) -> None:
    found = read_worded_date(text)
    assert found is not None
    assert (found.hour, found.minute) == (hour, minute)


def test_utc_is_a_zone() -> None:
    assert read_worded_date("3 May 2024 14:05 UTC") == datetime(2024, 5, 3, 14, 5, tzinfo=UTC)


@given(DAYS, st.sampled_from(["en", "de", "fr", "es", "it", "nl", "pt", "sv", "cs", "ru", "tr"]))
def test_the_long_form_of_a_language_is_read_as_that_day(day: date, language: str) -> None:
    """CLDR writes `d. MMMM y` as each language has it."""
    read = read_worded_date(format_date(day, "long", locale=language))
    assert read == datetime(day.year, day.month, day.day)


@given(st.text(max_size=40))
def test_any_text_is_a_date_or_none(text: str) -> None:
    read_worded_date(text)


def test_a_reason_says_what_is_allowed() -> None:
    with pytest.raises(ValueFault) as told:
        instant_reader((), ZoneInfo("UTC"))("yesterday")
    for part in ("'yesterday'", "ISO 8601", "epoch seconds", "3 May 2026", "`formats`"):
        assert part in str(told.value)


@pytest.mark.parametrize("value", ["45123.5", "45123,5", 45123.5])
def test_days_of_a_spreadsheet_are_neither_years_nor_seconds(value: object) -> None:
    """45123.5 was the morning of 1970-01-01."""
    with pytest.raises(ValueFault, match=r"count of days.*2023-07-16T12:00:00"):
        instant_reader((), ZoneInfo("UTC"))(value)
    read = instant_reader((SPREADSHEET_DAYS,), ZoneInfo("UTC"))
    assert read(value) == datetime(2023, 7, 16, 12)
    assert read("2024-05-03") == datetime(2024, 5, 3)


@given(st.datetimes(datetime(1990, 1, 1), datetime(2099, 12, 31)))
def test_a_count_of_days_is_read_to_the_second(moment: datetime) -> None:
    moment = moment.replace(microsecond=0)
    days = (moment - datetime(1899, 12, 30)).total_seconds() / 86_400
    read = instant_reader((SPREADSHEET_DAYS,), ZoneInfo("UTC"))
    assert read(f"{days:.9f}") == moment


def test_a_column_of_such_dates_needs_no_format_or_that_one() -> None:
    worded = find_date_form(["3rd of May 2024", "mayo 5, 2024"], NOW)
    assert worded is not None
    assert (worded.formats, worded.unread) == ((), ())
    counted = find_date_form(["45123.5", "45124", "45125.25"], NOW)
    assert counted is not None
    assert counted.formats == (SPREADSHEET_DAYS,)
    assert find_date_form(["yesterday", "today"], NOW) is None
