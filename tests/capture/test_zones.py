from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lead_platform.capture.values import ValueFault, instant_reader
from lead_platform.capture.zones import split_zone

OFFSETS = st.integers(-14 * 4, 14 * 4).map(lambda parts: timezone(timedelta(minutes=15 * parts)))
INSTANTS = st.datetimes(datetime(2001, 1, 1), datetime(2026, 11, 27)).map(
    lambda at: at.replace(microsecond=0)
)
LOCALS = (
    "%d/%m/%Y %H:%M:%S", "%m/%d/%Y %I:%M:%S %p", "%d.%m.%Y %H:%M:%S", "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%dT%H:%M:%S",
)  # fmt: skip
ZONES = (" %z", "%z", " UTC%z", " GMT%z")


@given(at=INSTANTS, offset=OFFSETS, form=st.sampled_from(LOCALS), zone=st.sampled_from(ZONES))
def test_the_offset_behind_a_time_of_day_counts_in_every_form(
    at: datetime, offset: timezone, form: str, zone: str
) -> None:
    """`2025-03-01 10:00:00 -0300` was no point in time, in whatever form a channel read."""
    located = at.replace(tzinfo=UTC).astimezone(offset)
    read = instant_reader((form,), ZoneInfo("Asia/Tokyo"))
    assert read(located.strftime(form + zone)) == at


@pytest.mark.parametrize("zone", [" UTC", " utc", "Z", " GMT", " Z"])
def test_utc_behind_a_time_of_day_counts_in_every_form(zone: str) -> None:
    for form in LOCALS:
        text = datetime(2025, 3, 1, 10, 30).strftime(form) + zone
        assert instant_reader((form,), ZoneInfo("Asia/Tokyo"))(text) == datetime(2025, 3, 1, 10, 30)


@given(day=st.dates(datetime(1990, 1, 1).date(), datetime(2026, 1, 1).date()))
def test_the_end_of_a_date_is_no_offset(day: datetime) -> None:
    for form in ("%d-%m-%Y", "%Y-%m-%d", "%d/%m/%Y", "%Y-%m-%d %H:%M"):
        text = day.strftime(form)
        assert split_zone(text) == (text, None)


@pytest.mark.parametrize(
    "slot", ["10:00-11:00", "9:00-10", "10:00 -11:00", "10:00-10:30", "8:15 PM-9"]
)
def test_from_when_to_when_is_no_offset(slot: str) -> None:
    """30/11/2026 10:00-11:00 was nine in the evening."""
    assert split_zone(f"30/11/2026 {slot}") == (f"30/11/2026 {slot}", None)
    with pytest.raises(ValueFault):
        instant_reader(("%d/%m/%Y %H:%M",), ZoneInfo("UTC"))(f"30/11/2026 {slot}")


@pytest.mark.parametrize("zone", ["+01:00Z", "+01:00 UTC", "Z+0200", "+01:00 -0300"])
def test_two_offsets_are_none(zone: str) -> None:
    with pytest.raises(ValueFault):
        instant_reader((), ZoneInfo("UTC"))(f"2026-11-30T10:30:00{zone}")


@pytest.mark.parametrize("zone", ["+15:00", "-99:00", "+0199", "CST", "EST", "Ortszeit", "+"])
def test_what_has_no_one_meaning_is_refused(zone: str) -> None:
    with pytest.raises(ValueFault):
        instant_reader(("%d/%m/%Y %H:%M",), ZoneInfo("UTC"))(f"01/03/2025 10:00 {zone}")
