"""`2026-05-03 10.30` was three tenths of a second past ten; `2026-05-03+02:00` 2 in the morning."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lead_platform.capture.iso_times import read_iso
from lead_platform.capture.values import ValueFault, instant_reader

READ = instant_reader((), UTC)


@given(
    at=st.datetimes(datetime(1980, 1, 1), datetime(2060, 1, 1)),
    date=st.sampled_from(["%Y-%m-%d", "%Y%m%d", "%G-W%V-%u"]),
    between=st.sampled_from(["T", " "]),
    time=st.sampled_from(["%H.%M", "%H,%M", "%H:%M:%S", "%H:%M:%S.%f", "%H%M"]),
    zone=st.sampled_from(["", "Z", "+00:00"]),
)
def test_whatever_stands_between_hours_and_minutes(
    at: datetime, date: str, between: str, time: str, zone: str
) -> None:
    kept = at if "%f" in time else at.replace(microsecond=0)
    kept = kept if "%S" in time else kept.replace(second=0)
    text = f"{at:{date}}{between}{at:{time}}{zone}"
    if "%H%M" in time or ":" in time:
        assert READ(text) == datetime.fromisoformat(text).replace(tzinfo=None)
    else:
        assert READ(text) == kept


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2026-06-07 09.05", datetime(2026, 6, 7, 9, 5)),
        ("2026-06-07T23.59+01:00", datetime(2026, 6, 7, 22, 59)),
        ("2026-06-07+03:00", datetime(2026, 6, 6, 21)),
        ("20260607+0300", datetime(2026, 6, 6, 21)),
        ("2026-06-07-13:30", datetime(2026, 6, 7, 13, 30)),
        ("2026-06-07T09:05:03,25", datetime(2026, 6, 7, 9, 5, 3, 250_000)),
    ],
)
def test_what_is_read(text: str, at: datetime) -> None:
    assert READ(text) == at


@pytest.mark.parametrize(
    "text",
    ["2026-06-07 09.5", "2026-06-07 09.75", "2026-06-07 09:05.5", "2026-06-07-05:00",
     "2026-06-07 09.055", "2026-06-07 09.75.10"],
)  # fmt: skip
def test_what_may_be_a_fraction_or_another_time_is_not_read(text: str) -> None:
    with pytest.raises(ValueFault):
        READ(text)


def test_an_offset_is_kept() -> None:
    assert read_iso("2026-06-07T10.00+02:00").utcoffset() == timedelta(hours=2)
