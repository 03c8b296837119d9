"""A name at birth is nobody's name now, and what only fills the fields names nobody."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lead_platform.identity.normalization.names import normalize_name
from lead_platform.vocabularies.tables import Vocabularies

MARKS = (
    "geb.", "geborene", "née", "nee", "born", "roz.", "rozená", "rod.", "z domu", "z d.", "født",
    "född", "o.s.", "szül.", "nata", "de soltera", "урожд.", "f.", "GEB.", "NÉE",
)  # fmt: skip
PLACES = (
    "Anna Berg {mark} {other}", "Anna Berg, {mark} {other}", "Anna Berg ({mark} {other})",
    "Berg, {mark} {other}, Anna", "Berg {mark} {other}, Anna", "Berg, Anna, {mark} {other}",
    "Berg ({mark} {other}), Anna", "Anna Berg [{mark} {other}]",
)  # fmt: skip
OTHERS = ("Roth", "Roth-Weiss", "von der Heide", "Svobodová")


@given(st.sampled_from(MARKS), st.sampled_from(PLACES), st.sampled_from(OTHERS))
def test_a_name_at_birth_is_no_part_of_the_name(
    vocabularies: Vocabularies, mark: str, place: str, other: str
) -> None:
    """ "Müller, geb. Schmidt, Anna" lost Anna, and a Polish one took the name at birth."""
    found = normalize_name(place.format(mark=mark, other=other), None, None, vocabularies)
    assert (found.first, found.last, found.reasons) == ("Anna", "Berg", ())


@given(st.sampled_from(MARKS), st.sampled_from(OTHERS))
def test_a_name_at_birth_in_the_field_of_the_last_name(
    vocabularies: Vocabularies, mark: str, other: str
) -> None:
    behind = normalize_name(None, "Anna", f"Berg {mark} {other}", vocabularies)
    assert (behind.first, behind.last) == ("Anna", "Berg")
    alone = normalize_name(None, "Anna", f"{mark} {other}", vocabularies)
    assert (alone.first, alone.last) == ("Anna", None)
    assert alone.reasons == (("last_name", "the name at birth, not the name"),)


@pytest.mark.parametrize(
    "name",
    ["Max Born", "Born Max", "Ann Born Berg", "Lee Nee", "Nee Wong", "Nata Berg", "Anna Nata",
     "Renée Roth", "Ur Shlonsky", "max born", "nata berg", "max born berg"],
)  # fmt: skip
def test_people_who_are_called_so(name: str, vocabularies: Vocabularies) -> None:
    found = normalize_name(name, None, None, vocabularies)
    assert found.full is not None
    assert found.full.lower() == name.lower()


FILLERS = (
    "N. N.", "N.N.", "NN", "n/a", "n.a.", "Unbekannt", "unknown", "Inconnu", "-", "?", "null",
    "Desconocido", "tbd", "k.A.", "neznámý", "不明",
)  # fmt: skip


@given(
    st.lists(st.sampled_from(FILLERS), min_size=1, max_size=3),
    st.sampled_from(["", "Herr ", "Mrs. ", "Dr. "]),
    st.booleans(),
)
def test_what_only_fills_a_name_names_nobody(
    vocabularies: Vocabularies, fillers: list[str], title: str, is_split: bool
) -> None:
    """ "n/a n/a", "N. N." and "Frau N.N." became persons, one for all of them."""
    text = title + " ".join(fillers)
    parts = (None, title + fillers[0], fillers[-1]) if is_split else (text, None, None)
    found = normalize_name(*parts, vocabularies)
    assert (found.full, found.first, found.last) == (None, None, None)


@pytest.mark.parametrize("name", ["N. N. Taleb", "Nassim N. Taleb", "A. N. Other", "Ann Na"])
def test_initials_beside_a_name_are_a_persons(name: str, vocabularies: Vocabularies) -> None:
    assert normalize_name(name, None, None, vocabularies).last is not None
