"""What people note around a name never becomes a part of it, and no name becomes a note."""

from itertools import product

import pytest

from lead_platform.identity.normalization.name_words import titles_before
from lead_platform.identity.normalization.names import Name, normalize_name
from lead_platform.vocabularies.folder import shipped_intake_lists
from lead_platform.vocabularies.tables import Vocabularies

PERSONS = (
    ("Carl", "Ek"), ("Fay", "Holm"), ("Jane", "Doe"), ("Anna-Lena", "Berg"), ("Zoë", "O'Hara"),
)  # fmt: skip
BEFORE = ("VIP", "CEO", "DUPLICATE", "ZZZ", "Copy of", "DO NOT USE", "Head of Sales", "dupe")
BEHIND = ("DUPLICATE", "VIP", "CEO", "DO NOT USE", "left the company", "EXT", "left message")
SET_OFF = (
    "duplicate", "Old", "inaktiv", "Sales Manager", "CEO", "Acme GmbH", "do not use", "Gast", "2",
    "3rd", "2024", "+1 212 555 0188",
)  # fmt: skip
SIGNS = (" - ", " – ", " | ", "; ", " -> ", " • ")
UNKNOWN = ("Acme", "Zorblatt", "Quux Widgets")
SAID = (
    "on maternity leave", "works at Acme", "now at Acme", "call after 5", "no longer employed",
    "met at booth 5", "bitte zurückrufen", "ist nicht mehr da", "ne pas appeler", "è in ferie",
    "ya no trabaja aquí", "não está", "werkt hier niet meer", "the boss",
)  # fmt: skip
NOTED = ("full_name", "a note beside it is left out")


def read(text: str, vocabularies: Vocabularies) -> Name:
    return normalize_name(text, None, None, vocabularies)


@pytest.mark.parametrize("title", ["", "Mr. ", "Dr. "])
@pytest.mark.parametrize(("given", "family"), PERSONS)
def test_a_note_goes_from_a_name_and_is_told(
    title: str, given: str, family: str, vocabularies: Vocabularies
) -> None:
    """CEO Fay Holm was Fay Ceo, OLD - Carl Ek Carl Old."""
    name = f"{title}{given} {family}"
    notes = [] if title else [f"{note} {name}" for note in BEFORE]
    notes += [f"{name} {note}" for note in (*BEHIND, *SAID)]
    notes += [f"{name}{sign}{note}" for sign, note in product(SIGNS, SET_OFF)]
    notes += [f"{note}{sign}{name}" for sign, note in product(SIGNS, SET_OFF)]
    notes += [f"{label}: {name}" for label in ("Name", "Contact", "Ansprechpartner", "Inscrito")]
    notes += [f"{name} [EXT]", f"{name} {{old}}", f"{name} <Acme>", f"{name} (asked to be removed)"]
    notes += [f"{name} {word} Acme" for word in ("from", "FROM", "at", "bei", "@")]
    notes += [f"{name}, Sales Manager", f"{name}, Acme GmbH", f"{name}\nHead of Sales"]
    for note in notes:
        found = read(note, vocabularies)
        assert (found.first, found.last) == (given, family), note
        assert NOTED in found.reasons, note


@pytest.mark.parametrize(("given", "family"), PERSONS)
def test_what_nobody_knows_beside_a_name_is_no_part_of_it(
    given: str, family: str, vocabularies: Vocabularies
) -> None:
    """Erik Gran - Acme was Erik Acme. Delivered again as it is kept, it is read alike."""
    name = f"{given} {family}"
    texts = [f"{name}{sign}{word}" for sign, word in product(SIGNS, UNKNOWN)]
    texts += [f"{word}{sign}{name}" for sign, word in product(SIGNS, UNKNOWN)]
    texts += [f"{name.lower()} - acme", f"{name.upper()} - ACME", f"{name} of Acme", f"XQ {name}"]
    texts += [f"{name} - Austin", f"{name} - Ford", f"{name} Owner"]
    for text in texts:
        found = read(text, vocabularies)
        assert (found.first, found.last) in {(None, None), (given, family)}, text
        assert found.first or found.reasons, text
        assert read(str(found.full), vocabularies).first == found.first, text


@pytest.mark.parametrize(
    "text",
    [
        "Ann Lee retired",
        "Juan Carlos hdez mtz",
        "Ann Lee referred by Tom Ek",
        "Tran Thi bich ngoc",
        "Ann on leave",
        "Ann Lee wife of Tom Ek",
        "Jan Pieter met de Pet",
        "Ana López esposa de Juan Pérez",
        "Anna Müller sekretärin von Karl Bauer",
        "Ann Lee with Bob",
        "Anna Maria im Hof",
    ],
)
def test_small_letters_that_may_be_a_name_or_a_note_leave_it_whole(
    text: str, vocabularies: Vocabularies
) -> None:
    found = read(text, vocabularies)
    assert (found.full, found.first, found.last) == (text, None, None)
    assert found.reasons


@pytest.mark.parametrize("filler", ["TBD", "LNU", "N/A", "Unknown", "unknown", "n/a"])
def test_what_stands_for_a_last_name_is_none(filler: str, vocabularies: Vocabularies) -> None:
    """Ann TBD was of the Tbd family."""
    found = read(f"Ann {filler}", vocabularies)
    assert (found.full, found.first, found.last) == ("Ann", "Ann", None)
    assert NOTED in found.reasons


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("Abdul rahman al hashimi", "Abdul Rahman", "al Hashimi"), ("Kim no", "Kim", "No"),
        ("Bo van de laar", "Bo", "van de Laar"), ("Juan carlos hdez", "Juan", "Hdez"),
        ("Jan nu", "Jan", "Nu"), ("Ana Na", "Ana", "Na"), ("Jennifer Null", "Jennifer", "Null"),
        ("X Æ A-12 Musk", "X", "Musk"), ("Jan van 't wout", "Jan", "van 't Wout"),
        ("Carlos Ruiz i Puig", "Carlos", "Puig"),
        ("Zeynep nur Kaya", "Zeynep", "Kaya"), ("Siti nur aisyah", "Siti", "Aisyah"),
        ("Jane Doe do not use", "Jane", "Doe"), ("JANE DOE do not use", "Jane", "Doe"),
        ("Marie Curie de chez Acme", "Marie", "Curie"),
        ("NOVÁK Jana", "Jana", "Novák"), ("Jean DUPONT", "Jean", "Dupont"),
        ("Ann Old", "Ann", "Old"), ("Nova Jane Doe", "Nova", "Doe"),
        ("Md Karim Hossain", "Md", "Hossain"), ("Alt, Jan", "Jan", "Alt"),
        ("Georgina Lionel Re", "Georgina", "Re"), ("John Doe III", "John", "Doe"),
        ("Maria José GARCÍA", "Maria", "García"), ("Head, Peter", "Peter", "Head"),
        ("Miller, Nova", "Nova", "Miller"), ("Kim, Won", "Won", "Kim"),
        ("Mr. John Guest", "John", "Guest"), ("Frau Eva Gast", "Eva", "Gast"),
        ("Hans Peter Gast", "Hans", "Gast"), ("Leonardo Del Vecchio", "Leonardo", "Del Vecchio"),
        ("John P. Guest", "John", "Guest"), ("VP Menon", "VP", "Menon"),
        ("GM Hossain", "GM", "Hossain"), ("FW de Klerk", "FW", "de Klerk"),
        ("John bei der Wieden", "John", "der Wieden"), ("Ana Costa Novo", "Ana", "Novo"),
        ("Müller – Schmidt, Anna", "Anna", "Müller-Schmidt"),
        ("[Jane Doe]", "Jane", "Doe"), ("(Jane Doe)", "Jane", "Doe"), ("<Jane Doe>", "Jane", "Doe"),
        ('"Jane Doe"', "Jane", "Doe"), ("[Jane] Doe", "Jane", "Doe"), ("(Jane) Doe", "Jane", "Doe"),
        ("Bo (Bob) Ek", "Bo", "Ek"), ("[Jane Doe] VIP", "Jane", "Doe"),
        ("Anita Das", "Anita", "Das"), ("Dr. Anita Das", "Anita", "Das"),
        ("Das, Anita", "Anita", "Das"), ("John Le", "John", "Le"), ("Rahul Das", "Rahul", "Das"),
        ("Robert Lo", "Robert", "Lo"), ("Ravi Kumar ML", "Ravi", "Ml"),
    ],
)  # fmt: skip
def test_a_name_that_looks_like_a_note_stays(
    text: str, first: str, last: str, vocabularies: Vocabularies
) -> None:
    """[Jane Doe] was nobody, VP Menon and GM Menon were one person."""
    found = read(text, vocabularies)
    assert (found.first, found.last) == (first, last)


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("Sig.ra Anna Bianchi", "Anna", "Bianchi"), ("Dr.ssa Anna Bianchi", "Anna", "Bianchi"),
        ("Dr.Anna Roth", "Anna", "Roth"), ("Mr.John Smith", "John", "Smith"),
        ("Maître Paul Roy", "Paul", "Roy"), ("Doña Ana García", "Ana", "García"),
        ("鈴木　一郎様", "一郎", "鈴木"), ("田中さん", None, "田中"), ("王小明 先生", "小明", "王"),
        ("김민준 님", "민준", "김"), ("BEN SALAH Karim", "Karim", "Ben Salah"),
        ("BEN ALI Youssef", "Youssef", "Ben Ali"), ("i.V. Hans Berg", "Hans", "Berg"),
        ("c/o Anna Roth", "Anna", "Roth"),
        ("ANNA MARIA Schmidt", "Anna", "Schmidt"), ("St.John Smith", "St.John", "Smith"),
    ],
)  # fmt: skip
def test_titles_and_words_of_honour_are_no_names(
    text: str, first: str | None, last: str, vocabularies: Vocabularies
) -> None:
    """Dr.Anna Roth was Dr.Anna, 田中さん San."""
    found = read(text, vocabularies)
    assert (found.first, found.last) == (first, last)


@pytest.mark.parametrize(
    "text",
    ["Berg, CEO", "VIP Menon", "Anna Karin From Larsson", "Rip James Wheeler", "Ana Costa NOVO",
     "maria via rossi",
     "Jean - Pierre", "Anna Müller - Schmidt", "jane.doe @ acme.com"],
)  # fmt: skip
def test_what_may_be_a_name_or_a_note_is_told(text: str, vocabularies: Vocabularies) -> None:
    found = read(text, vocabularies)
    assert (found.first, found.last) == (None, None)
    assert found.reasons


@pytest.mark.parametrize(
    "text",
    ["Ann Lee - Bob May", "Ann Lee | Bob May", "Ann Lee i.A. Bob May", "Ann Lee i. V. Bob May",
     "Ann Lee p.p. Bob May", "Ann Lee; Bob May", "Ann Lee via Bob May"],
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


@pytest.mark.parametrize(
    ("first", "last"),
    [("Anna", "VD Berg"), ("Anna", "von GAST"), ("Anna", "da RE"), ("Ana", "Nova Costa")],
)
def test_a_part_that_looks_like_a_note_stays(
    first: str, last: str, vocabularies: Vocabularies
) -> None:
    found = normalize_name(None, first, last, vocabularies)
    assert (found.last or "").casefold() == last.casefold()


@pytest.mark.parametrize("text", ["DO NOT USE", "Duplicate", "left the company"])
def test_a_note_alone_is_no_name(text: str, vocabularies: Vocabularies) -> None:
    found = read(text, vocabularies)
    assert (found.full, found.reasons) == (None, (("full_name", "placeholder"),))


@pytest.mark.parametrize("text", ["Firma: |", "Tel: ;", "|", " - ", ": :", "(", "[]", "Dr.Schmidt"])
def test_any_signs_are_read(text: str, vocabularies: Vocabularies) -> None:
    """A name of signs alone broke the step."""
    for name in ((text, None, None), (None, text, "Schmidt"), (None, "Anna", text)):
        normalize_name(*name, vocabularies)


def test_no_mark_is_a_denial(vocabularies: Vocabularies) -> None:
    """NEVOLAT Jana Nováková lost what asked for no calls, and nobody heard it."""
    lists = shipped_intake_lists()
    marks = (
        vocabularies.placeholders["name_mark"] | vocabularies.placeholders["name_mark_or_surname"]
    )
    assert [mark for mark in marks if lists.denied_channels(mark)] == []
    assert [mark for mark in marks if titles_before([mark])] == []


@pytest.mark.parametrize(
    ("first", "last", "expected"),
    [
        ("Ann", "Lee, CEO", ("Ann", "Lee")), ("Ann", "Lee Marketing Manager", ("Ann", "Lee")),
        ("Ann", "Lee wrong number", ("Ann", "Lee")), ("Ann", "Lee x 204", ("Ann", "Lee")),
        ("Assistant of Ann", "Lee", ("Ann", "Lee")), ("i.V. Ann", "Lee", ("Ann", "Lee")),
        ("Ann", "van der Berg", ("Ann", "van der Berg")),
        ("Ann", "Lopez Garcia", ("Ann", "Lopez Garcia")),
        ("Ann", "da silva e costa", ("Ann", "da Silva e Costa")),
        ("Mary Ann", "Old", ("Mary Ann", "Old")),
    ],
)  # fmt: skip
def test_a_note_in_a_column_of_names_is_no_name(
    first: str, last: str, expected: tuple[str, str], vocabularies: Vocabularies
) -> None:
    found = normalize_name(None, first, last, vocabularies)
    assert (found.first, found.last) == expected
    is_told = any("note" in reason for _, reason in found.reasons)
    assert is_told == (last not in ("van der Berg", "Lopez Garcia", "da silva e costa", "Old"))


@pytest.mark.parametrize("last", ["Lee verstorben", "Lee bounced", "no longer here", "Lee - Acme"])
def test_what_may_be_a_note_in_a_column_of_names_is_told(
    last: str, vocabularies: Vocabularies
) -> None:
    found = normalize_name(None, "Ann", last, vocabularies)
    assert found.reasons == (("last_name", "a part of it may be a note and no name: look at it"),)


@pytest.mark.parametrize(
    "text",
    ["Uma Reyes ext. 204", "Uma Reyes x 204", "Uma Reyes Apt 5", "Uma Reyes 3rd floor",
     "Uma Reyes <uma@acme.com>", "Acme GmbH, Uma Reyes", "Uma Reyes (uma@acme.com)"],
)  # fmt: skip
def test_what_a_number_mailbox_or_company_beside_a_name_says_is_no_part_of_it(
    text: str, vocabularies: Vocabularies
) -> None:
    found = read(text, vocabularies)
    assert (found.first, found.last) == ("Uma", "Reyes")
    assert NOTED in found.reasons


@pytest.mark.parametrize("sign", ["→", " -> ", " => ", " → "])
def test_one_person_in_place_of_another_is_two(sign: str, vocabularies: Vocabularies) -> None:
    found = read(f"Tom Becker{sign}Ina Ruf", vocabularies)
    assert (found.first, found.last) == (None, None)
