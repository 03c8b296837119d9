"""What people note around a name never becomes a part of it."""

from itertools import product

import pytest

from lead_platform.identity.normalization.names import Name, normalize_name
from lead_platform.vocabularies.tables import Vocabularies

PERSONS = (
    ("Carl", "Ek"),
    ("Fay", "Holm"),
    ("Jane", "Doe"),
    ("Anna-Lena", "Berg"),
    ("Zoë", "O'Hara"),
)
BEFORE = ("OLD", "VIP", "NEW", "CEO", "DUPLICATE", "ZZZ", "Copy of", "DO NOT USE", "Head of Sales")
BEHIND = ("DUPLICATE", "VIP", "CEO", "DO NOT CALL", "left the company", "EXT")
SET_OFF = ("duplicate", "Old", "inaktiv", "Sales Manager", "CEO", "Acme GmbH", "do not use", "GBP")
SIGNS = (" - ", " – ", " | ", "; ", " -> ", " • ")
UNKNOWN = ("Acme", "Zorblatt", "Quux Widgets")


def read(text: str, vocabularies: Vocabularies) -> Name:
    return normalize_name(text, None, None, vocabularies)


@pytest.mark.parametrize(("given", "family"), PERSONS)
def test_a_note_goes_from_a_name(given: str, family: str, vocabularies: Vocabularies) -> None:
    """CEO Fay Holm was Fay Ceo, OLD - Carl Ek Carl Old."""
    name = f"{given} {family}"
    notes = [f"{note} {name}" for note in BEFORE]
    notes += [f"{name} {note}" for note in BEHIND]
    notes += [f"{name}{sign}{note}" for sign, note in product(SIGNS, SET_OFF)]
    notes += [f"{note}{sign}{name}" for sign, note in product(SIGNS, SET_OFF) if note != "GBP"]
    notes += [f"{label}: {name}" for label in ("Name", "Contact", "Ansprechpartner", "Inscrito")]
    notes += [f"{name} [EXT]", f"{name} {{old}}", f"{name} <Acme>", f"{name} from Acme"]
    notes += [f"{name} @ Acme", f"{name}, Sales Manager", f"{name}, Acme GmbH", f"{name}_2"]
    found = {note: read(note, vocabularies) for note in notes}
    assert {note: (each.first, each.last) for note, each in found.items()} == dict.fromkeys(
        notes, (given, family)
    )


@pytest.mark.parametrize(("given", "family"), PERSONS)
def test_what_nobody_knows_beside_a_name_is_no_part_of_it(
    given: str, family: str, vocabularies: Vocabularies
) -> None:
    """Erik Gran - Acme was Erik Acme."""
    name = f"{given} {family}"
    texts = [f"{name}{sign}{word}" for sign, word in product(SIGNS, UNKNOWN)]
    texts += [f"{word}{sign}{name}" for sign, word in product(SIGNS, UNKNOWN)]
    texts += [f"{name.lower()} - acme", f"{name.upper()} - ACME", f"{name} of Acme", f"XQ {name}"]
    for text in texts:
        found = read(text, vocabularies)
        assert (found.first, found.last) in {(None, None), (given, family)}, text
        assert found.first or found.reasons, text


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        # Names that look like notes, and are none.
        ("NOVÁK Jana", "Jana", "Novák"), ("Jean DUPONT", "Jean", "Dupont"), 
        ("Ann Old", "Ann", "Old"),
        ("Nova Jane Doe", "Nova", "Doe"), ("Md Karim Hossain", "Md", "Hossain"),
        ("Alt, Jan", "Jan", "Alt"), ("Georgina Lionel Re", "Georgina", "Re"),
        ("John Doe III", "John", "Doe"), ("Maria José GARCÍA", "Maria", "García"),
        ("Head, Peter", "Peter", "Head"),
        # A family's double name, its sign set between spaces.
        ("Anna Müller - Schmidt", "Anna", "Müller-Schmidt"),
        ("Müller – Schmidt, Anna", "Anna", "Müller-Schmidt"),
    ],
)  # fmt: skip
def test_a_name_that_looks_like_a_note_stays(
    text: str, first: str, last: str, vocabularies: Vocabularies
) -> None:
    found = read(text, vocabularies)
    assert (found.first, found.last) == (first, last)


@pytest.mark.parametrize(
    "text",
    ["Ann Lee - Bob May", "Ann Lee | Bob May", "Ann Lee i.A. Bob May", "Ann Lee i. V. Bob May",
     "Ann Lee p.p. Bob May", "Ann Lee; Bob May"],
)  # fmt: skip
def test_two_persons_stay_two(text: str, vocabularies: Vocabularies) -> None:
    """Ann Lee i.A. Bob May was Ann May."""
    found = read(text, vocabularies)
    assert (found.first, found.last) == (None, None)
    assert "several persons" in found.reasons[0][1]


@pytest.mark.parametrize(
    ("first", "last"),
    [("VIP Jane", "Doe"), ("Jane", "Doe DUPLICATE"), ("OLD - Jane", "Doe"), ("Jane", "Doe - VIP"),
     ("Jane [EXT]", "Doe"), ("Jane", "Doe (old)"), ("Jane", "Doe_2"), ("Jane3", "Doe")],
)  # fmt: skip
def test_a_note_goes_from_a_part(first: str, last: str, vocabularies: Vocabularies) -> None:
    found = normalize_name(None, first, last, vocabularies)
    assert (found.first, found.last) == ("Jane", "Doe")


@pytest.mark.parametrize("text", ["DO NOT USE", "Duplicate", "do not contact", "left the company"])
def test_a_note_alone_is_no_name(text: str, vocabularies: Vocabularies) -> None:
    found = read(text, vocabularies)
    assert (found.full, found.reasons) == (None, (("full_name", "placeholder"),))
