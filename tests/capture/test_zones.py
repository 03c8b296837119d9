from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from lead_platform.capture.channels import Channel
from lead_platform.capture.values import ValueFault, instant_reader
from lead_platform.capture.zones import split_zone, zones_of
from lead_platform.configuration import ConfigurationError
from tests.capture.conftest import MakeChannel
from tests.capture.test_mapping import items, map_one

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
        assert split_zone(text) == (text, ())


@pytest.mark.parametrize(
    "slot", ["10:00-11:00", "9:00-10", "10:00 -11:00", "10:00-10:30", "8:15 PM-9"]
)
def test_from_when_to_when_is_no_offset(slot: str) -> None:
    """30/11/2026 10:00-11:00 was nine in the evening."""
    assert split_zone(f"30/11/2026 {slot}") == (f"30/11/2026 {slot}", ())
    with pytest.raises(ValueFault):
        instant_reader(("%d/%m/%Y %H:%M",), ZoneInfo("UTC"))(f"30/11/2026 {slot}")


@pytest.mark.parametrize("zone", ["+01:00Z", "+01:00 UTC", "Z+0200", "+01:00 -0300"])
def test_two_offsets_are_none(zone: str) -> None:
    with pytest.raises(ValueFault):
        instant_reader((), ZoneInfo("UTC"))(f"2026-11-30T10:30:00{zone}")


NAMED = {
    "America/New_York": ("EST", "EDT"),
    "America/Los_Angeles": ("PST", "PDT"),
    "Europe/Berlin": ("CET", "CEST"),
    "Australia/Sydney": ("AEST", "AEDT"),
}
SPELLED = (" {}", " ({})", "({})")
IN_MANY_FORMS = (*LOCALS, "%b %d, %Y %I:%M %p", "%d %B %Y, %H:%M")


@given(
    at=INSTANTS,
    zone=st.sampled_from(sorted(NAMED)),
    form=st.sampled_from(IN_MANY_FORMS),
    spelled=st.sampled_from(SPELLED),
)
def test_the_name_of_a_zone_behind_a_time_counts_or_is_refused(
    at: datetime, zone: str, form: str, spelled: str
) -> None:
    """`Jun 18, 2026 01:52 PM EDT` was no point in time. With the zone of the field known, a name
    that has other meanings elsewhere is this one."""
    at = at if "%S" in form else at.replace(second=0)
    located = at.replace(tzinfo=UTC).astimezone(ZoneInfo(zone))
    # Not in the hour that comes twice, nor at instants before a zone was what it is now.
    assume(located.replace(fold=1).utcoffset() == located.replace(fold=0).utcoffset())
    assert located.tzname() in NAMED[zone]
    text = located.strftime(form) + spelled.format(located.tzname())
    assert instant_reader((form,), ZoneInfo(zone))(text) == at
    for formats in ((form,), ()):
        with suppress(ValueFault):
            assert instant_reader(formats, UTC)(text) == at


def test_a_name_is_refused_that_means_two_times() -> None:
    read = instant_reader(("%m/%d/%Y %H:%M",), UTC)
    assert read("01/15/2026 10:00 EST") == datetime(2026, 1, 15, 15)
    assert read("Jun 18, 2026 01:52 PM EDT") == datetime(2026, 6, 18, 17, 52)
    # Of New York, where the clocks have gone forward, or five hours behind UTC all year?
    for text in ("07/15/2026 10:00 EST", "01/15/2026 10:00 CST", "01/15/2026 10:00 IST"):
        with pytest.raises(ValueFault, match="time_zone"):
            read(text)
    # The zone that the message advises says which it is, by whatever name.
    for zone, hour in (("America/Toronto", 14), ("Etc/GMT+5", 15), ("US/Eastern", 14)):
        told = instant_reader(("%m/%d/%Y %H:%M",), ZoneInfo(zone))
        assert told("07/15/2026 10:00 EST") == datetime(2026, 7, 15, hour)
    # Lisbon's summer time was Perth, which lies in a region the tz database calls West.
    assert read("07/15/2026 10:00 WEST") == datetime(2026, 7, 15, 9)
    chicago = instant_reader(("%m/%d/%Y %H:%M",), ZoneInfo("America/Chicago"))
    assert chicago("01/15/2026 10:00 CST") == datetime(2026, 1, 15, 16)


@pytest.mark.parametrize("name", ["West", "South", "ACT", "NSW", "Queensland"])
def test_regions_are_no_cities(name: str) -> None:
    assert not [zone for zone in zones_of(name) if str(zone).endswith(f"/{name}")]


@pytest.mark.parametrize("zone", ["+15:00", "-99:00", "+0199", "CST", "Ortszeit", "Uhr", "+"])
def test_what_has_no_one_meaning_is_refused(zone: str) -> None:
    with pytest.raises(ValueFault):
        instant_reader(("%d/%m/%Y %H:%M",), ZoneInfo("UTC"))(f"01/03/2025 10:00 {zone}")


CALLS = """\
name: calls
description: Calls of several offices.
format: csv
record_id: Id
time_zone: Asia/Tokyo
emits:
  - kind: submission
    fields:
      submitted_at: {path: [Day, Clock], formats: ['%d/%m/%Y|%H:%M'], zone: {column: Zone, values: {HQ: Europe/Oslo}}}
      email: Mail
"""  # noqa: E501
CALL = {"Id": "1", "Mail": "ada@firm.example", "Day": "13/01/2026", "Clock": "12:00"}


def called_at(channel: Channel, **cells: str) -> datetime:
    (row,) = items(channel, {**CALL, **cells})
    at = row["submitted_at"]
    assert isinstance(at, datetime)
    return at


@pytest.mark.parametrize(
    ("zone", "hour"),
    [
        ("Europe/Oslo", 11), ("europe/oslo", 11), ("Oslo", 11), ("HQ", 11), ("UTC", 12), ("z", 12),
        ("GMT+1", 11), ("UTC-05:00", 17), ("+0530", 6), ("−03:30", 15), ("-5", 17), ("", 3),
        ("Eastern Time (US & Canada)", 17), ("(GMT-08:00) Pacific Time (US & Canada)", 20),
        # The same by either meaning in January.
        ("EST", 17), ("CET", 11), ("PT", 20), ("n/a", 3),
    ],
)  # fmt: skip
def test_a_column_states_the_zone(make_channel: MakeChannel, zone: str, hour: int) -> None:
    assert called_at(make_channel(CALLS), Zone=zone).hour == hour


@pytest.mark.parametrize(
    ("zone", "told"),
    [
        ("EST", "may be America/New_York or UTC-05:00"),
        ("CST", "may be America/Chicago or UTC-06:00 or Asia/Shanghai"),
        ("IST", "may be Asia/Kolkata or Asia/Jerusalem or Europe/Dublin"),
        ("XQT", "is not known"),
        ("+25", "is not known"),
    ],
)
def test_a_zone_of_several_meanings_or_none_is_no_guess(
    make_channel: MakeChannel, zone: str, told: str
) -> None:
    content = CALL | {"Day": "13/07/2026", "Zone": zone}
    (reason,) = map_one(make_channel(CALLS), content).reasons
    assert told in reason
    assert "with `values` at `zone`" in reason


@given(at=INSTANTS, zone=st.sampled_from(["Europe/Lisbon", "America/Bogota", "Asia/Kathmandu"]))
def test_a_zone_beside_says_what_an_offset_within_says(at: datetime, zone: str) -> None:
    located = at.replace(tzinfo=UTC).astimezone(ZoneInfo(zone))
    form = "%d.%m.%Y %H:%M:%S"
    (meant,) = zones_of(zone)
    # An hour that comes twice has two meanings, of which local times name the first.
    if located.fold == 0:
        assert instant_reader((form,), meant)(located.strftime(form)) == at


def test_a_zone_is_of_points_in_time_only(make_channel: MakeChannel) -> None:
    with pytest.raises(ConfigurationError, match="`zone` is for points in time"):
        make_channel(CALLS.replace("email: Mail", "email: {column: Mail, zone: Zone}"))


@pytest.mark.parametrize(
    ("clock", "hour"),
    [("10:15 AM UTC", 10), ("10:15 pm GMT", 22), ("10:15 AM EST", 15), ("10:15 AM GMT+2", 8)],
)
def test_the_zone_of_a_time_beside_its_date_counts(clock: str, hour: int) -> None:
    """Joined by the sign between two columns, the time had no zone: it was left out."""
    read = instant_reader(("%Y-%m-%d|%I:%M %p",), ZoneInfo("Asia/Tokyo"))
    assert read(f"2026-01-04|{clock}") == datetime(2026, 1, 4, hour, 15)
