import re
import sys
import unicodedata
from itertools import groupby
from urllib import parse

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lead_platform.identity.normalization.categories import page_category
from lead_platform.vocabularies import text as texts
from lead_platform.vocabularies.tables import Vocabularies
from lead_platform.vocabularies.text import (
    LETTER,
    MOST_NON_STARTERS,
    clean_message,
    clean_text,
    fold,
    is_non_starter,
    stream_safe,
    unaccent,
)
from tests.marked_scripts import ACCENTED, NAMES, POINTED

# Marks of several combining classes, two of which count as letters, and what they stand upon.
MARKS = "\u0301\u0316\u0344\u05b0\u0f73\u093c\u3099\uff9e\U0001d165"
ROWS = st.lists(
    st.tuples(st.sampled_from("aé日 \nᄀ."), st.text(MARKS, max_size=100), st.integers(1, 50)).map(
        lambda row: row[0] + row[1] * row[2]
    )
).map("".join)


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        ("  Anna \t Schmidt\n", "Anna Schmidt"),
        ("Ａｎｎａ", "Anna"),
        ("An\u200bna\ufeff", "Anna"),
        ("a\x00b", "ab"),
        ("cafÃ©", "café"),
        ("MÃ¼ller", "Müller"),
        ("AT&amp;amp;T", "AT&T"),
        ("Acme™", "Acme"),
        ("half \ud800 pair", "half pair"),
        ("a&#65;b&#0000065;", "aAbA"),
        # More digits than Python reads as one number, which set the record aside.
        ("a&#" + "1" * 5_000 + ";b", "a\ufffdb"),
        ("\u200b \u00a0", None),
        ("", None),
    ],
)
def test_clean_text(raw: str, expected: str | None) -> None:
    assert clean_text(raw) == expected


def test_a_message_keeps_its_lines() -> None:
    assert clean_message("Hello  there,\r\n\r\n\r\n\r\ncall me\x07\n") == "Hello there,\n\ncall me"


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("São-Tomé & Príncipe", "sao tome and principe"),
        ("L’Oréal", "loreal"),
        ("Straße", "strasse"),
        ("snake_case", "snake case"),
        ("Łódź", "lodz"),
        ("Київ", "киів"),
        ("日本", "日本"),
        ("!?", ""),
    ],
)
def test_fold(text: str, key: str) -> None:
    assert fold(text) == key


@pytest.mark.parametrize("script", NAMES)
def test_vowels_that_are_marks_are_of_the_key(script: str) -> None:
    """`टाटा` and `टीटी` had one key: what is no letter to Python was left out."""
    assert [fold(name) for name in NAMES[script]] == [clean_text(name) for name in NAMES[script]]
    assert len(set(map(fold, NAMES[script]))) == len(NAMES[script]) >= 18
    assert all(re.fullmatch(rf"(?:{LETTER})+ (?:{LETTER})+", name) for name in NAMES[script])


@pytest.mark.parametrize(("text", "key"), [*POINTED.items(), *ACCENTED.items()])
def test_points_and_accents_are_not_of_the_key(text: str, key: str) -> None:
    assert fold(text) == key


@pytest.mark.parametrize(
    ("text", "key"),
    [("1\ufe0f\u20e3 Acme", "1 acme"), ("\u093eराम", "राम"), ("❤\ufe0f Acme", "acme"),
     ("राम।श्याम", "राम श्याम"), ("\u845b\U000e0100\u57ce", "\u845b\u57ce")],
)  # fmt: skip
def test_a_mark_counts_with_the_letter_before_it(text: str, key: str) -> None:
    assert fold(text) == key


def test_all_marks_of_letters_are_known() -> None:
    marks = re.compile(f"[{texts.MARKS}]")
    for code in range(sys.maxunicode):
        is_mark = unicodedata.category(chr(code)) in ("Mn", "Mc")
        is_of_symbols = 0x20D0 <= code < 0x2100
        assert (marks.match(chr(code)) is not None) == (is_mark and not is_of_symbols), hex(code)


@given(st.text())
def test_cleaning_twice_is_once(raw: str) -> None:
    once = clean_text(raw)
    assert once is None or clean_text(once) == once
    message = clean_message(raw)
    assert message is None or clean_message(message) == message


@given(st.text())
def test_folding_twice_is_once(text: str) -> None:
    assert fold(fold(text)) == fold(text)


def longest_row(text: str) -> int:
    """The most non-starters in a row: what normalising takes the square of."""
    rows = groupby(text, is_non_starter)
    return max((sum(1 for _ in row) for is_row, row in rows if is_row), default=0)


class Watched:
    """The longest row that any text had when it was normalised, here or in the library."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.longest = 0
        self._normalize = unicodedata.normalize
        monkeypatch.setattr(unicodedata, "normalize", self.normalize)

    def normalize(self, form: str, text: str) -> str:
        if len(text) > 1:
            with pytest.MonkeyPatch.context() as patch:
                patch.setattr(unicodedata, "normalize", self._normalize)
                self.longest = max(self.longest, longest_row(text))
        return self._normalize(form, text)


@pytest.mark.parametrize("marks", ["\u0301\u0316", "\u0316\u0301", "\uff9e\u093c", "\u0344\u0316"])
def test_no_text_takes_the_square_of_its_marks(
    vocabularies: Vocabularies, monkeypatch: pytest.MonkeyPatch, marks: str
) -> None:
    """A message of 450,000 marks took minutes in one call, and no switch stopped it."""
    watched = Watched(monkeypatch)
    first, second = marks
    text = "a" + first * 2_000 + second * 2_000
    parse.clear_cache()
    for work in (clean_text, clean_message, fold, unaccent):
        work(text)
    page_category(pd.Series([f"https://{text}/pricing", f"//{text}"]), vocabularies)
    assert 0 < watched.longest <= MOST_NON_STARTERS


def test_all_non_starters_are_known() -> None:
    """A newer version of Unicode may add some elsewhere."""
    everything = map(chr, range(sys.maxunicode + 1))
    others = filter(is_non_starter, everything)
    assert all(longest_row(stream_safe(one * 100)) == MOST_NON_STARTERS for one in others)


@given(ROWS)
def test_a_safe_text_looks_the_same_and_stays_safe(text: str) -> None:
    safe = stream_safe(text)
    assert longest_row(safe) <= MOST_NON_STARTERS
    assert stream_safe(safe) == safe
    assert safe.replace("\u034f", "") == text
    assert len(safe) <= len(text) * (1 + 1 / MOST_NON_STARTERS)
    for clean in (clean_text, clean_message):
        once = clean(text)
        assert once is None or clean(once) == once


@given(st.text())
def test_what_people_write_is_normalised_as_ever(text: str) -> None:
    assert longest_row(text) > MOST_NON_STARTERS or stream_safe(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "Đặng Thị Ngọc Hạnh, " * 20,
        "שָׁלוֹם עֲלֵיכֶם " * 20,
        "བོད་ཡིག་ ཧཱུྃ " * 20,
        "がぎぐげご ｶﾞｷﾞｸﾞ " * 20,
        "Z̴̡a̸l̵g̷o̶ " * 20,
        "──────────" * 20,
        "！！！！！" * 20,
        "👨‍👩‍👧" * 20,
    ],
)
def test_scripts_with_many_marks_stay_as_they_are(text: str) -> None:
    assert stream_safe(text) == text
    decomposed = unicodedata.normalize("NFD", text)
    assert stream_safe(decomposed) == decomposed
