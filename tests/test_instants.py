"""After the clock was ahead, what waits for a time waits no longer than that time.

Files whose run failed meanwhile were not asked for until the clock was there again, upkeep was not
due, a hanging `up` was told as well, and nothing told of any of it.
"""

from datetime import datetime, timedelta
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from lead_platform.capture.inbox import (
    RETRY_SLOWLY_AFTER,
    Cursor,
    InboxFile,
    has_lain,
    plan_requests,
)
from lead_platform.instants import CLOCKS_DIFFER_BY, has_passed, is_to_come

NOW = datetime(2026, 11, 28, 12)
EPOCH = datetime(1970, 1, 1)
INSTANT = timedelta(microseconds=1)
SPANS = st.timedeltas(timedelta(seconds=1), timedelta(days=400))


@given(span=SPANS, ahead=SPANS)
def test_since_an_instant_to_come_any_time_has_passed(span: timedelta, ahead: timedelta) -> None:
    assert has_passed(span, NOW + CLOCKS_DIFFER_BY + ahead, NOW)
    assert has_passed(span, NOW - span, NOW)
    assert not has_passed(span, NOW - span + INSTANT, NOW)


@given(ahead=st.timedeltas(timedelta(0), CLOCKS_DIFFER_BY))
def test_what_was_noted_a_moment_after_now_was_read_is_not_to_come(ahead: timedelta) -> None:
    assert not is_to_come(NOW + ahead, NOW)
    assert not has_passed(timedelta(seconds=1), NOW + ahead, NOW)
    assert is_to_come(NOW + CLOCKS_DIFFER_BY + INSTANT, NOW)


@given(ahead=SPANS, attempts=st.integers(1, 9))
def test_a_file_asked_for_at_a_time_to_come_is_asked_for_again(
    ahead: timedelta, attempts: int
) -> None:
    file = InboxFile(Path("/inbox/web_form/a.jsonl"), "web_form", 10, 1, 2)
    cursor, asked_at = Cursor(), NOW + CLOCKS_DIFFER_BY + ahead
    for attempt in range(attempts):
        due, cursor = plan_requests([file], cursor, asked_at + attempt * RETRY_SLOWLY_AFTER)
        assert due == [file]
    due, cursor = plan_requests([file], cursor, NOW)
    assert due == [file]
    assert plan_requests([file], cursor, NOW + timedelta(seconds=5))[0] == [], "only once"


@given(span=SPANS, ahead=SPANS)
def test_a_file_of_a_time_to_come_has_lain_there_after_twice_the_time(
    span: timedelta, ahead: timedelta
) -> None:
    """One a little ahead, as the clock of another machine's disk has it, has not at once."""
    since_ns = (NOW + ahead - EPOCH) // INSTANT * 1000
    assert has_lain(span, since_ns, NOW) == (ahead > span)
    assert has_lain(span, since_ns, NOW + 2 * span) or ahead > span
    assert has_lain(span, since_ns, NOW + ahead + span + INSTANT)
