from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lead_platform.capture.guessing.dates import DateForm, find_date_form, ordered_as
from lead_platform.capture.values import instant_reader

NOW = datetime(2026, 11, 27, 12)
FORMS = (
    "%d.%m.%Y", "%d.%m.%Y %H:%M", "%d.%m.%y", "%m/%d/%Y", "%d/%m/%Y", "%m/%d/%Y %I:%M %p",
    "%d/%m/%Y %H:%M:%S", "%d-%m-%Y", "%Y/%m/%d", "%Y-%m-%d %I:%M %p", "%B %d, %Y", "%d %b %Y",
    "%m/%d/%Y, %I:%M %p", "%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%y-%m-%d", "%d-%m-%y",
)  # fmt: skip
INSTANTS = st.datetimes(datetime(2001, 1, 1), NOW).map(lambda at: at.replace(microsecond=0))


@given(instants=st.lists(INSTANTS, min_size=1, max_size=30), form=st.sampled_from(FORMS))
def test_no_form_gives_another_day(instants: list[datetime], form: str) -> None:
    """A column is read as it was written, or somebody is asked: never another day."""
    texts = [at.strftime(form) for at in instants]
    found = find_date_form(texts, NOW)
    assert found is not None
    if found.ambiguous:
        assert form in found.ambiguous
        return
    for text, at in zip(texts, instants, strict=True):
        assert instant_reader(found.formats, ZoneInfo("UTC"))(text).date() == at.date()


DAYS = [datetime(2025, 1, 1) + timedelta(days=day) for day in range(0, 360, 4)]
ISO_DAYS, POINTED_DAYS, AMERICAN_DAYS = (
    [at.strftime(form) for at in DAYS] for form in ("%Y-%m-%d", "%d.%m.%Y", "%m/%d/%Y")
)


@pytest.mark.parametrize(
    ("texts", "form"),
    [
        (["2026-11-01T10:00:00Z", "2026-11-02"], DateForm()),
        (["1795600000", "1795600001000"], DateForm()),
        (["2026-10-01 10:00", "3/15/2026 2:30 PM"], DateForm(("%m/%d/%Y %I:%M %p",))),
        (["03/04/2026", "05/04/2026"], DateForm(ambiguous=("%d/%m/%Y", "%m/%d/%Y"))),
        (["26-11-10", "26-11-12"], DateForm(ambiguous=("%d-%m-%y", "%y-%m-%d"))),
        (["05-04-03"], DateForm(ambiguous=("%d-%m-%y", "%m-%d-%y", "%y-%m-%d"))),
        (["26-11-10", "26-10-31"], DateForm(("%y-%m-%d",))),
        (["31-12-19", "30-11-19"], DateForm(("%d-%m-%y",))),
        (["12/31/2026", "31/12/2026"], None),
        (["soon", "later"], None),
        ([*(f"2026-10-{day} 10:00" for day in range(10, 20)), "soon"], DateForm(unread=("soon",))),
        (["13.10.2026"] * 4 + ["soon"], DateForm(("%d.%m.%Y",), unread=("soon",))),
        (["13.10.2026"] * 2 + ["soon"], None),
        (["12/31/2026", "31/12/2026", "soon"], None),
        (["1", "2", "3"], None),
        (["20261101", "20261130"], DateForm()),
        (["12345678", "87654321"], None),
        ([*ISO_DAYS, "31/12/2025", "30/12/2025"], DateForm(("%d/%m/%Y",))),
        ([*ISO_DAYS, "31.12.2025 08:00"], DateForm(("%d.%m.%Y %H:%M",))),
        ([*ISO_DAYS, "03/04/2025"], DateForm(unread=("03/04/2025",))),
        ([*ISO_DAYS, "soon", "31/12/2025"], DateForm(("%d/%m/%Y",), unread=("soon",))),
        ([*ISO_DAYS, "3 May 2025"], DateForm()),
        ([*POINTED_DAYS, "31/12/2025"], DateForm(("%d.%m.%Y", "%d/%m/%Y"))),
        (
            ["12/31/2026", *AMERICAN_DAYS, "31/12/2025"],
            DateForm(("%m/%d/%Y",), unread=("31/12/2025",)),
        ),
        (["2031-01-01"], None),
    ],
)
def test_find_date_form(texts: list[str], form: DateForm | None) -> None:
    assert find_date_form(texts, NOW + timedelta(days=60)) == form


@given(
    days=st.lists(INSTANTS, min_size=40, max_size=60),
    few=st.lists(INSTANTS, min_size=1, max_size=2),
    form=st.sampled_from(FORMS),
    other=st.sampled_from(FORMS),
)
def test_a_few_dates_in_another_form_are_read_or_told(
    days: list[datetime], few: list[datetime], form: str, other: str
) -> None:
    """Three of a hundred dates were refused without a format and without a question."""
    rest = [at.strftime(other) for at in few]
    found = find_date_form([*(at.strftime(form) for at in days), *rest], NOW)
    if found is None or found.ambiguous:
        return
    for text in rest:
        if text not in found.unread:
            instant_reader(found.formats, ZoneInfo("UTC"))(text)


@pytest.mark.parametrize("zone", [" -0300", " UTC", "+05:30", " GMT+2"])
def test_a_zone_behind_the_time_of_day_is_part_of_no_form(zone: str) -> None:
    texts = [f"{day:02}/01/2025 10:30:00{zone}" for day in (2, 13, 28)]
    assert find_date_form(texts, NOW) == DateForm(("%d/%m/%Y %H:%M:%S",))


@pytest.mark.parametrize(
    ("others", "found"),
    [
        ([DateForm(("%m/%d/%Y %I:%M %p",))], "%m/%d/%Y"),
        ([DateForm(("%d/%m/%y",)), DateForm()], "%d/%m/%Y"),
        # Two columns that differ, one with other signs, one without figures: nothing is told.
        ([DateForm(("%m/%d/%Y",)), DateForm(("%d/%m/%Y %H:%M",))], None),
        ([DateForm(("%m-%d-%Y",))], None),
        ([DateForm(("%B %d, %Y",)), DateForm()], None),
        ([DateForm(ambiguous=("%d/%m/%Y", "%m/%d/%Y"))], None),
    ],
)
def test_a_file_has_one_order_of_day_and_month(others: list[DateForm], found: str | None) -> None:
    unclear = DateForm(ambiguous=("%d/%m/%Y", "%m/%d/%Y"))
    assert ordered_as(unclear, others) == (found and DateForm((found,)))
    with_others = replace(unclear, unread=("soon",))
    assert ordered_as(with_others, others) == (found and DateForm((found,), unread=("soon",)))
