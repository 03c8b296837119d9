import pytest
from hypothesis import given
from hypothesis import strategies as st

from lead_platform.vocabularies.text import clean_message, clean_text, fold


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


@given(st.text())
def test_cleaning_twice_is_once(raw: str) -> None:
    once = clean_text(raw)
    assert once is None or clean_text(once) == once
    message = clean_message(raw)
    assert message is None or clean_message(message) == message


@given(st.text())
def test_folding_twice_is_once(text: str) -> None:
    assert fold(fold(text)) == fold(text)
