"""Signs beside words of consent: `☐ Yes`, an empty box, was taken as a grant, for the key under
which words are looked up has no signs."""

import csv

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lead_platform.capture.values import ValueFault, truth_reader
from lead_platform.vocabularies.folder import SHIPPED, shipped_intake_lists
from lead_platform.vocabularies.signs import read_sign

LISTS = shipped_intake_lists()


def _words(file_name: str) -> list[tuple[str, str]]:
    with (SHIPPED / file_name).open(encoding="utf-8", newline="") as lines:
        return [
            (row["alias"], row["value"])
            for row in csv.DictReader(lines)
            if row.get("channel") != "preference"
        ]


GRANTS = [word for word, value in _words("consents.csv") if value == "granted"]
DENIALS = [word for word, value in _words("consents.csv") if value == "denied"]
OPT_OUTS = [word for word, value in _words("opt_outs.csv") if value == "denied"]
YES = [word for word, value in _words("truths.csv") if value == "yes"]
NO = [word for word, value in _words("truths.csv") if value == "no"]
EMPTY = ["☐", "□", "▢", "⬜", "🔲", "○", "[ ]", "[]", "[_]", "( )", "()"]
CROSSES = ["❌", "✗", "✘", "✖", "✖️", "×", "🚫", "👎"]
DOUBTS = ["?", "??", "¿", "？", "؟", "~~", "☒", "❎", "¬", "≠", "⚠️", "🤔", "\ufffd", "<>", "%"]
TICKS = ["☑", "☑️", "✓", "✔", "✔️", "✅", "👍", "[x]", "[X]", "( x )", "(•)", "[✓]"]
HARMLESS = [".", "…", "*", '"', "-", ";", "\u200b", "\ufeff", "。"]
PLACES = ["{sign} {word}", "{sign}{word}", "{word} {sign}", "{word}{sign}", " {sign}\t{word} "]


def placed(word: str, sign: str, place: str) -> str:
    return place.format(word=word, sign=sign)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("sign", [*EMPTY, *CROSSES])
def test_beside_an_empty_box_or_a_cross_no_word_grants(sign: str, place: str) -> None:
    assert {LISTS.says_consent(placed(word, sign, place)) for word in GRANTS} == {"denied"}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("sign", DOUBTS)
def test_what_a_sign_makes_doubtful_is_no_consent(sign: str, place: str) -> None:
    assert {LISTS.says_consent(placed(word, sign, place)) for word in GRANTS} == {None}


def test_a_mark_of_exclamation_negates_before_a_word_only() -> None:
    assert (LISTS.says_consent("yes!"), LISTS.says_consent("!yes")) == ("granted", None)


@pytest.mark.parametrize("strike", ["\u0336", "\u0335", "\u0337", "\u0338", "\u20e0", "\u20d2"])
def test_words_struck_out_grant_nothing(strike: str) -> None:
    struck = ["".join(sign + strike for sign in word) for word in GRANTS]
    assert {LISTS.says_consent(word) for word in struck} == {None}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("sign", [*TICKS, *HARMLESS])
def test_ticks_and_punctuation_leave_each_word_what_it_is(sign: str, place: str) -> None:
    assert {LISTS.says_consent(placed(word, sign, place)) for word in GRANTS} == {"granted"}
    assert {LISTS.says_consent(placed(word, sign, place)) for word in DENIALS} == {"denied"}
    assert {LISTS.says_opt_out(placed(word, sign, place)) for word in OPT_OUTS} == {"denied"}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("sign", [*EMPTY, *CROSSES, *DOUBTS])
def test_a_denial_stays_one_beside_any_sign(sign: str, place: str) -> None:
    assert {LISTS.says_consent(placed(word, sign, place)) for word in DENIALS} == {"denied"}


@pytest.mark.parametrize("sign", [*CROSSES, *DOUBTS])
def test_an_opt_out_counts_unless_its_box_is_empty(sign: str) -> None:
    assert {LISTS.says_opt_out(f"{sign} {word}") for word in OPT_OUTS} == {"denied"}
    assert {LISTS.says_opt_out(f"☐ {word}") for word in OPT_OUTS} == {"not_denied"}


@pytest.mark.parametrize("sign", [*EMPTY, *DOUBTS])
def test_no_doubt_says_that_somebody_did_not_opt_out(sign: str) -> None:
    assert LISTS.says_opt_out(f"{sign} no") is None
    assert LISTS.says_opt_out(f"{sign} subscribed") is None


def test_a_truth_with_a_sign() -> None:
    read = truth_reader(LISTS.truths)
    for word in YES:
        assert read(f"☑ {word}") is True
        assert read(f"☐ {word}") is False
        for doubtful in (f"{word}?", f"❌ {word}", f"☒ {word}"):
            with pytest.raises(ValueFault):
                read(doubtful)
    for word in NO:
        assert read(f"❌ {word}") is False
        for doubtful in (f"{word}?", f"☐ {word}"):
            with pytest.raises(ValueFault):
                read(doubtful)


@pytest.mark.parametrize("word", [*GRANTS, *DENIALS, *OPT_OUTS, *YES, *NO])
def test_no_word_of_the_lists_holds_a_sign(word: str) -> None:
    assert read_sign(word) == (word, "none")


@given(st.text(max_size=3), st.sampled_from(GRANTS), st.text(max_size=3))
def test_no_text_around_a_negating_sign_makes_a_grant(before: str, word: str, after: str) -> None:
    for sign in (*EMPTY, *CROSSES, *DOUBTS):
        assert LISTS.says_consent(f"{before}{sign}{word}{after}") != "granted"
        assert LISTS.says_consent(f"{before}{word}{sign}{after}") != "granted"
