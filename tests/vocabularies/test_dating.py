"""Where in a text a date stands, in whatever form people give it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lead_platform.vocabularies.dating import Undated, has_date, without_dates

STATED = "unsubscribed"


@pytest.mark.parametrize(
    ("text", "is_since"),
    [
        ("unsubscribed 3 Nov", False), ("unsubscribed on 3/11/2026", False),
        ("unsubscribed am 3.11.", False), ("unsubscribed in May 2025", False),
        ("unsubscribed im Mai", False), ("unsubscribed Nov 3rd, 2026", False),
        ("unsubscribed el 3 de noviembre de 2026", False), ("unsubscribed per 1-11", False),
        ("on 3 Nov unsubscribed", False), ("unsubscribed since March", True),
        ("unsubscribed as of 3/11", True), ("unsubscribed seit 2025", True),
        ("unsubscribed last week", False), ("unsubscribed Mon 3 Nov 2026 10:30", False),
        ("unsubscribed 2026-11-03T10:00:00Z", False), ("unsubscribed 3. November 2026", False),
        ("unsubscribed 3 ноября", False),
    ],
)  # fmt: skip
def test_a_date_goes_with_the_word_before_it(text: str, is_since: bool) -> None:
    undated = without_dates(text)
    assert undated == Undated(STATED, STATED, "since" if is_since else "open")
    assert has_date(text)


@pytest.mark.parametrize(
    "text",
    ["call 0171 1234567", "no calls before 9", "may not call", "Do not contact Bob May", "2023",
     "since 2023", "set 3 calls", "opted out 3", "room 12", "on Monday", ""],
)  # fmt: skip
def test_what_is_no_date_stays(text: str) -> None:
    assert without_dates(text) is None


def test_a_sentence_behind_a_date_stays_one() -> None:
    undated = without_dates("Call 3 Nov 2024. Opted out on 4 Nov by mail")
    assert undated is not None
    assert undated.text == "Call . Opted out by mail"
    assert undated.parted == "Call, . Opted out, by mail"


WORDS = st.lists(st.sampled_from(["zzqx", "unsubscribed", "bob", "call", "nicht"]), max_size=4)
DATES = st.sampled_from(["3 Nov", "am 3.11.", "2026-11-03", "since March", "3-Nov-2026 10:00 PM"])


@given(WORDS, DATES, WORDS)
def test_all_other_words_of_a_text_stay(before: list[str], date: str, behind: list[str]) -> None:
    undated = without_dates(" ".join(["zzqx", *before, date, *behind, "zzqx"]))
    assert undated is not None
    assert undated.text.split() == ["zzqx", *before, *behind, "zzqx"]
