"""Patterns that people configure: linear in the text, any script, a way round every refusal."""

import pickle
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lead_platform.patterns import OrderedPatterns, Pattern, wildcard

# Each hung Python's engine on a text of 40 characters.
EXPLOSIVE = ("(a+)+$", "(a|aa)+$", "(.*a){20}$", r"^(\w+\s?)*$", "([a-z]+)*@")


@pytest.mark.parametrize("source", EXPLOSIVE)
def test_no_pattern_hangs_on_a_long_text(source: str) -> None:
    """A pattern in `extract` held a run for ever on one value."""
    started = time.process_time()
    assert Pattern(source).search("a" * 100_000 + "!") is None
    assert OrderedPatterns([source, "!"]).first_in("a" * 100_000 + "!") == 1
    assert time.process_time() - started < 5


@pytest.mark.parametrize(
    ("source", "hint"),
    [
        (r"(?<!\w)cto", "(^| )word( |$)"),
        ("(?=a)b", "(^| )word( |$)"),
        (r"(a)\1", "write the alternatives out"),
        ("a++", "once only"),
        ("(a{1000}){1000}", "at most 1,000 times"),
        ("(", "missing )"),
        ("a" * 20_001, "make several of it"),
        ("\ud800", "not a regular expression"),
    ],
)
def test_refusal_names_the_way_round(source: str, hint: str) -> None:
    with pytest.raises(ValueError, match=r"pattern of|not a regular expression") as refused:
        Pattern(source)
    assert hint in str(refused.value)


@pytest.mark.parametrize(
    ("source", "text", "found"),
    [
        (r"\w+", "Ürün 1", "Ürün"),
        (r"[\w-]+", "слово-1!", "слово-1"),
        (r"[]\d]+", "x]٣]", "]٣]"),
        (r"\W", "é!", "!"),
        (r"b\Z", "ab", "b"),
        (r"\[\d\]", "a[1]", "[1]"),
    ],
)
def test_classes_hold_every_script(source: str, text: str, found: str) -> None:
    match = Pattern(source).search(text)
    assert match is not None
    assert match.text == found


def test_case_and_groups() -> None:
    pattern = pickle.loads(pickle.dumps(Pattern("id:(A+)?", ignore_case=True)))
    assert pattern.group_count == 1
    assert pattern.search("ID:aa").first_group == "aa"
    assert pattern.search("id:").first_group is None


def test_the_first_in_order_wins_not_the_leftmost() -> None:
    patterns = pickle.loads(pickle.dumps(OrderedPatterns(["b", "a", "ab"])))
    assert [patterns.first_in(text) for text in ("ab", "a", "c")] == [0, 1, None]
    assert OrderedPatterns([]).first_in("a") is None


@given(st.lists(st.text(max_size=5), min_size=1, max_size=4), st.text(max_size=5))
def test_wildcard_matches_its_parts_with_anything_between(parts: list[str], between: str) -> None:
    assert Pattern(wildcard(parts)).found_in(between.join(parts))


def test_wildcard_spans_the_whole_text() -> None:
    pattern = Pattern(wildcard(["/a.", "c"]))
    assert [pattern.found_in(text) for text in ("/a.\nbc", "x/a.c", "/a.cx", "/abc")] == [
        True,
        False,
        False,
        False,
    ]
