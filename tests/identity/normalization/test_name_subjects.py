"""Two people in one cell once became one that nobody is: Anna U Peter Schmidt."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lead_platform.identity.normalization.name_subjects import SEVERAL_PERSONS
from lead_platform.identity.normalization.names import normalize_name
from lead_platform.vocabularies.name_words import words_of
from lead_platform.vocabularies.tables import Vocabularies

GIVEN = ["Karin", "Stefan", "Maria", "Laura", "Martin", "Julia", "Thomas"]
FAMILIES = ["Hofmann", "Kowalski", "Jansen", "Novak", "Rossi"]
SIGNS = [
    "u.", "und", "&", "/", "+", "et", "oder", "bzw.", "y", "e", "i", "ve", "és", "och", "dan",
    "for", "on behalf of", "für", "pour", "via", "attn.", "c/o",
]  # fmt: skip
TOLD = (("first_name", SEVERAL_PERSONS),)


@given(
    first=st.sampled_from(GIVEN), sign=st.sampled_from(SIGNS), second=st.sampled_from(GIVEN),
    family=st.sampled_from(FAMILIES),
)  # fmt: skip
def test_two_first_names_are_nobodys(
    first: str, sign: str, second: str, family: str, vocabularies: Vocabularies
) -> None:
    whole = normalize_name(f"{first} {sign} {second} {family}", None, None, vocabularies)
    assert (whole.first, whole.last, whole.reasons) == (None, None, TOLD)
    parts = normalize_name(None, f"{first} {sign} {second}", family, vocabularies)
    assert (parts.first, parts.last, parts.reasons) == (None, family, TOLD)
    for name in (whole, parts):
        assert name.full is not None
        assert {first, second, family} <= set(name.full.split())


@given(
    people=st.lists(
        st.tuples(st.sampled_from(GIVEN), st.sampled_from([*FAMILIES, "Verma", "Öztürk"])),
        min_size=2, max_size=3, unique=True,
    ),
    end=st.sampled_from(["\n", "\r\n", "\n\n", " \n ", "\u2028", "<br>", "<br />"]),
)  # fmt: skip
def test_names_below_each_other_are_several(
    people: list[tuple[str, str]], end: str, vocabularies: Vocabularies
) -> None:
    name = normalize_name(end.join(map(" ".join, people)), None, None, vocabularies)
    assert (name.first, name.last, name.reasons) == (None, None, TOLD)
    assert name.full == " / ".join(map(" ".join, people))


@pytest.mark.parametrize(
    ("raw", "first", "last"),
    [
        ("Karin\nHofmann", "Karin", "Hofmann"),
        ("Dr.\nKarin Hofmann", "Karin", "Hofmann"),
        ("Hofmann,\nKarin", "Karin", "Hofmann"),
        ("Karin Hofmann\n", "Karin", "Hofmann"),
        ("Karin U. Thomas", "Karin", "Thomas"),
        ("Karin U. Hofmann", "Karin", "Hofmann"),
        ("karin u. hofmann", "Karin", "Hofmann"),
        ("U Thant", "U", "Thant"),
        ("Dan Novak", "Dan", "Novak"),
        ("Maria Dan Novak", "Maria", "Novak"),
        ("Martin A. Jansen", "Martin", "Jansen"),
        ("Karin+Hofmann", "Karin", "Hofmann"),
        ("Rosa da Silva e Costa", "Rosa", "da Silva e Costa"),
    ],
)
def test_one_person_stays_one(raw: str, first: str, last: str, vocabularies: Vocabularies) -> None:
    name = normalize_name(raw, None, None, vocabularies)
    assert (name.first, name.last, name.reasons) == (first, last, ())


@given(
    first=st.sampled_from(GIVEN),
    initial=st.sampled_from("abcdefghijklmnopqrstuvwxyz"),
    dot=st.sampled_from(["", "."]),
    last=st.sampled_from(["Thomas", "James", "Scott", "Martin", "Novak"]),
    write=st.sampled_from([str.upper, str.lower]),
)
def test_a_letter_before_the_last_name_is_an_initial_where_capitals_tell_nothing(
    first: str, initial: str, dot: str, last: str, write: Any, vocabularies: Vocabularies
) -> None:
    """DAVID A. SCOTT was several persons, and had neither first nor last name."""
    name = normalize_name(write(f"{first} {initial}{dot} {last}"), None, None, vocabularies)
    assert SEVERAL_PERSONS not in dict(name.reasons).values()


@pytest.mark.parametrize(
    "raw",
    ["Hr. u. Fr. Jansen", "K. u. S. Hofmann", "Karin+Stefan Roth",
     "KARIN U. STEFAN HOFMANN", "Karin u.\nStefan Hofmann", "Hofmann, Karin u. Stefan",
     "佐藤健、佐藤花", "Ольга и Иван Петровы", "Karin Hofmann c/o Stefan Jansen"],
)  # fmt: skip
def test_other_forms_of_several_are_told(raw: str, vocabularies: Vocabularies) -> None:
    name = normalize_name(raw, None, None, vocabularies)
    assert (name.first, name.last, name.reasons) == (None, None, TOLD)


@pytest.mark.parametrize(
    "first", ["Karin, Stefan", "Karin\nStefan", "Karin/Stefan", "Karin;Stefan"]
)
def test_two_in_the_column_of_first_names(first: str, vocabularies: Vocabularies) -> None:
    name = normalize_name(None, first, "Hofmann", vocabularies)
    assert (name.first, name.last, name.reasons) == (None, "Hofmann", TOLD)


@pytest.mark.parametrize("first", ["Karin Maria", "Karin-Maria", "K. M.", "Karin, MBA", "Jean E."])
def test_several_names_of_one_stay(first: str, vocabularies: Vocabularies) -> None:
    assert normalize_name(None, first, "Hofmann", vocabularies).reasons == ()


def test_words_between_people_stand_in_one_list_each() -> None:
    assert not words_of("between_persons") & words_of("between_given")
