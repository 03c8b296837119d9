"""One last name from several columns: each part once, and no name lost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lead_platform.capture.last_names import join_last_name


@pytest.mark.parametrize(
    ("parts", "last"),
    [
        (("van der", "Berg"), "van der Berg"),
        (("van der", "van der Berg"), "van der Berg"),
        (("Van der", "van der Berg"), "van der Berg"),
        (("van", "van der Berg"), "van der Berg"),
        (("van", "Vander Berg"), "van Vander Berg"),
        (("de", "de la Torre", "Gil"), "de la Torre Gil"),
        (("García", "Márquez"), "García Márquez"),
        (("García Márquez", "Marquez"), "García Márquez"),
        (("García", "García Márquez"), "García Márquez"),
        (("García Márquez", "García Márquez"), "García Márquez"),
        # One surname of both parents, and of one alone with a particle.
        (("García", "García"), "García García"),
        (("de la Cruz", "Cruz"), "de la Cruz Cruz"),
        (("de la Cruz", "de la Cruz"), "de la Cruz de la Cruz"),
        (("Berg",), "Berg"),
        ((), ""),
    ],
)
def test_parts_of_a_last_name(parts: tuple[str, ...], last: str) -> None:
    assert join_last_name(parts, " ") == last


PART = st.lists(
    st.sampled_from(["van", "de", "la", "García", "Márquez", "Gil", "--", "\u6797"]), min_size=1
).map(" ".join)


@given(st.lists(PART, max_size=3))
def test_no_word_gets_lost(parts: list[str]) -> None:
    joined = join_last_name(parts, " ").split()
    assert {word for part in parts for word in part.split()} <= set(joined) | {"--"}
