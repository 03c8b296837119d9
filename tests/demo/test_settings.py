"""Settings no world can be made from name every fault at once."""

import datetime

import pytest

from lead_platform.demo.settings import WorldSettings, WorldSettingsError, open_stream


def test_all_faults_are_named_together() -> None:
    with pytest.raises(WorldSettingsError) as caught:
        WorldSettings(
            submissions=0,
            days=0,
            duplicate_rate=1.5,
            channels=(("fbk", 1.0),),
            end_at=datetime.datetime(2026, 7, 1),
            rep_emails=(),
        )
    message = str(caught.value)
    expected = ("submissions 0", "days 0", "duplicate_rate 1.5", "'fbk'", "end_at", "rep_emails")
    for part in expected:
        assert part in message
    assert "web_form" in message


def test_streams_differ_by_name_and_repeat_by_seed() -> None:
    first, again = open_stream(7, "people"), open_stream(7, "people")
    other = open_stream(7, "companies")
    value = first.random()
    assert value == again.random()
    assert value != other.random()
