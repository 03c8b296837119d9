"""Which words are written with other letters than ASCII."""

import pytest

from lead_platform.vocabularies.accented_words import is_accented_word


@pytest.mark.timeout(30)
@pytest.mark.parametrize("sign", ["々", "龘", "뷁", "é"])
def test_a_word_of_any_length_is_read_in_its_time(sign: str) -> None:
    """Each beginning and each end of a text without spaces was looked up, however long it was."""
    assert not is_accented_word(sign * 500_000)
