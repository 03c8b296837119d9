"""`10:00 p` was no point in time, and `12:30 a` was half past noon."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lead_platform.capture.guessing.dates import find_date_form, read_dates
from lead_platform.capture.values import ValueFault, instant_reader
from lead_platform.vocabularies.day_halves import plain_halves

UTC = ZoneInfo("UTC")
HALVES = [
    ("a", "p"), ("A", "P"), ("am", "pm"), ("a.m.", "p.m."), ("A. M.", "P. M."), ("a.", "p."),
    ("a.\u202fm.", "p.\u202fm."), ("vorm.", "nachm."), ("dop.", "odp."), ("π.μ.", "μ.μ."),
    ("ÖÖ", "ÖS"), ("SA", "CH"), ("오전", "오후"), ("ص", "م"),
]  # fmt: skip
INSTANTS = st.datetimes(datetime(2015, 1, 1), datetime(2025, 12, 31)).map(
    lambda at: at.replace(second=0, microsecond=0)
)


@given(at=INSTANTS, half=st.sampled_from(HALVES), space=st.sampled_from(["", " ", "\u00a0"]))
def test_a_half_is_read_in_every_form(at: datetime, half: tuple[str, str], space: str) -> None:
    clock = f"{at.strftime('%I:%M').lstrip('0')}{space}{half[at.hour >= 12]}"
    day_first = instant_reader(("%d/%m/%Y %I:%M %p",), UTC)
    assert day_first(f"{at.strftime('%d/%m/%Y')} {clock}") == at
    glued = instant_reader(("%m-%d-%Y %I:%M%p",), UTC)
    assert glued(f"{at.strftime('%m-%d-%Y')} {clock}") == at
    assert instant_reader((), UTC)(f"{at.strftime('%B')} {at.day}, {at.year} {clock}") == at


@given(at=INSTANTS, half=st.sampled_from([("午前", "午後"), ("上午", "下午"), ("오전", "오후")]))
def test_it_stands_before_the_time_in_asia(at: datetime, half: tuple[str, str]) -> None:
    text = f"{at.year}年{at.month}月{at.day}日 {half[at.hour >= 12]}{at.strftime('%I:%M')}"
    assert instant_reader((), UTC)(text) == at


@pytest.mark.parametrize(
    "text",
    ["May 3, 2024 22:00 p", "May 3, 2024 0:30 a", "May 3, 2024 10:00 x", "May 3, 2024 10:00 pp",
     "May 3, 2024 10:00 a 11:00 p"],
)  # fmt: skip
def test_what_is_no_half_of_a_day_is_refused(text: str) -> None:
    with pytest.raises(ValueFault):
        instant_reader((), UTC)(text)


@pytest.mark.parametrize(
    "text",
    ["10:00 apples", "10:00 Paris", "a 10:00", "Sa 10:00", "10:00", "p 10:00", "v1:10 p'tit",
     "10:00 à Paris", "2024-05-03T10:00:00Z"],
)  # fmt: skip
def test_other_words_beside_a_time_stay(text: str) -> None:
    assert plain_halves(text) == text


def test_a_proposal_reads_them() -> None:
    cells = ["13/05/2024 9:00 a", "14/05/2024 10:30 p", "15/05/2024 12:00 p"]
    form = find_date_form(cells, datetime(2025, 1, 1))
    assert form is not None
    assert [at and at.hour for at in read_dates(cells, form)] == [9, 22, 12]
    assert [instant_reader(form.formats, UTC)(cell).hour for cell in cells] == [9, 22, 12]
