"""A name at birth is nobody's name now, and what only fills the fields names nobody."""

from collections.abc import Callable

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from lead_platform.identity.normalization.names import normalize_name
from lead_platform.vocabularies.tables import Vocabularies
from lead_platform.vocabularies.text import fold

MARKS = (
    "geb.", "geborene", "née", "nee", "born", "roz.", "rozená", "rod.", "z domu", "z d.", "født",
    "född", "o.s.", "szül.", "nata", "de soltera", "урожд.", "f.", "GEB.", "NÉE",
)  # fmt: skip
# Marks that are initials too.
INITIALS = ("f.", "ur.", "o.s.", "z d.")
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


@given(st.sampled_from(sorted(set(MARKS) - set(INITIALS))), st.sampled_from(OTHERS))
def test_a_name_at_birth_in_the_field_of_the_last_name(
    vocabularies: Vocabularies, mark: str, other: str
) -> None:
    behind = normalize_name(None, "Anna", f"Berg {mark} {other}", vocabularies)
    assert (behind.first, behind.last) == ("Anna", "Berg")
    alone = normalize_name(None, "Anna", f"{mark} {other}", vocabularies)
    assert (alone.first, alone.last) == ("Anna", None)
    assert alone.reasons == (("last_name", "the name at birth, not the name"),)


WHOLE = (
    "John {initial} Kennedy", "Juan Carlos {initial} Santos", "Anna Maria {initial} Berg",
    "John Fitz {initial} Kennedy", "Kennedy, {initial} John", "Kennedy, John {initial} Scott",
    "John {initial} Kennedy, Jr.", "J. {initial} Kennedy", "Parker {initial} Jones",
    "van Buren, {initial} Martin", "Kennedy, {initial} John, PhD",
)  # fmt: skip
LETTERS = st.sampled_from("abcdefghijklmnopqrstuvwxyzø")


@given(
    st.sampled_from(WHOLE),
    st.one_of(
        st.builds("{}.".format, LETTERS),
        st.builds("{}.{}.".format, LETTERS, LETTERS),
        st.builds("{} {}.".format, LETTERS, LETTERS),
        st.sampled_from([*INITIALS, "Rod.", "Roz."]),
    ),
    st.sampled_from([str, str.lower, str.upper, str.title]),
    st.booleans(),
)
def test_an_initial_takes_no_name_away(
    vocabularies: Vocabularies, place: str, initial: str, casing: Callable[[str], str], is_all: bool
) -> None:
    """ "John f. Kennedy" became John, and "Juan Carlos f. Santos" Juan Carlos: `f.` is Danish for
    née, and `o.s.` Finnish."""
    assume(is_all is False or casing is not str.upper or initial not in ("Rod.", "Roz."))
    name = place.format(initial=initial if is_all else casing(initial))
    name = casing(name) if is_all else name
    assume(not ({"ROD.", "rod.", "ROZ.", "roz."} & set(name.split())))
    found = normalize_name(name, None, None, vocabularies)
    said = set(fold(found.full or "").split())
    assert set(fold(place.format(initial="")).split()) - {"jr", "phd"} <= said


@given(st.sampled_from(INITIALS), st.sampled_from(OTHERS))
def test_an_initial_in_the_field_of_the_last_name(
    vocabularies: Vocabularies, initial: str, other: str
) -> None:
    """ "John" | "f. Kennedy" had no last name."""
    for last in (f"{initial} {other}", f"Parker {initial} {other}"):
        found = normalize_name(None, "Anna", last, vocabularies)
        assert found.reasons == ()
        assert set(fold(last).split()) - set(fold(initial).split()) <= set(
            fold(found.last or "").split()
        )


@pytest.mark.parametrize("mark", INITIALS)
def test_an_initial_that_is_none(mark: str, vocabularies: Vocabularies) -> None:
    for place in PLACES:
        found = normalize_name(place.format(mark=mark, other="Roth"), None, None, vocabularies)
        assert (found.first, found.last, found.reasons) == ("Anna", "Berg", ())


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
