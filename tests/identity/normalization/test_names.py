from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nameparser import HumanName

from lead_platform.identity.normalization.names import normalize_name
from lead_platform.vocabularies.tables import Vocabularies
from lead_platform.vocabularies.text import clean_text
from tests.marked_scripts import ACCENTED, NAMES, POINTED


@pytest.mark.parametrize(
    ("given_name", "full", "first", "last"),
    [
        ("Dr. Juan Q. Xavier de la Vega III (Doc Vega)", "Juan Q Xavier de la Vega", "Juan",
         "de la Vega"),
        ("Schmidt, Anna", "Anna Schmidt", "Anna", "Schmidt"),
        ("VAN DER BERG, JAN", "Jan van der Berg", "Jan", "van der Berg"),
        ("Vincent Van Gogh", "Vincent Van Gogh", "Vincent", "Van Gogh"),
        ("john smith, PhD", "John Smith", "John", "Smith"),
        ("mcdonald", "McDonald", "McDonald", None),
        ("anna-maria o'BRIEN", "Anna-Maria O'Brien", "Anna-Maria", "O'Brien"),
        ("jOHN sMITH", "John Smith", "John", "Smith"),
        ("JP MORGAN", "JP Morgan", "JP", "Morgan"),
        ("Jack Ma", "Jack Ma", "Jack", "Ma"),
        ("Dean Smith", "Dean Smith", "Dean", "Smith"),
        ("Mr Smith", "Smith", None, "Smith"),
        ("Kerry 🌟", "Kerry", "Kerry", None),
        ("J. R. R. Tolkien", "J R R Tolkien", "J R R", "Tolkien"),
        ("Abdul Rahman bin Ali", "Abdul Rahman bin Ali", "Abdul Rahman", "bin Ali"),
        ("山田 太郎", "山田 太郎", "太郎", "山田"),
    ],
)  # fmt: skip
def test_whole_names(
    given_name: str, full: str, first: str | None, last: str | None, vocabularies: Vocabularies
) -> None:
    found = normalize_name(given_name, None, None, vocabularies)
    assert (found.full, found.first, found.last, found.reasons) == (full, first, last, ())


@pytest.mark.parametrize(
    "name", [name for names in (*NAMES.values(), POINTED, ACCENTED) for name in names]
)
def test_marks_stay_with_their_letters(name: str, vocabularies: Vocabularies) -> None:
    """`राहुल शर्मा` became `र ह ल शर म`, and so did others: marks were no letters."""
    first, last = name.split()
    whole = normalize_name(name, None, None, vocabularies)
    parts = normalize_name(None, first, last, vocabularies)
    typed = normalize_name(f"{name} <a.b@acme.com>", None, None, vocabularies)
    assert whole == parts == (clean_text(name), clean_text(first), clean_text(last), (), None)
    assert typed[:3] == whole[:3]
    lost = normalize_name(f"{first}?{last}", None, None, vocabularies)
    assert lost.full is None


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        (("Mary Ann Smith", "Mary Ann", None), ("Mary Ann Smith", "Mary Ann", "Smith")),
        (("Ana Pérez Gómez", None, "Pérez Gómez"), ("Ana Pérez Gómez", "Ana", "Pérez Gómez")),
        (("Juan Carlos Pérez Gómez", "Juan Carlos", None),
         ("Juan Carlos Pérez Gómez", "Juan Carlos", "Pérez Gómez")),
        (("Jan van der Berg", None, "Berg"), ("Jan van der Berg", "Jan", "van der Berg")),
        (("山田太郎", "太郎", None), ("山田 太郎", "太郎", "山田")),
        (("Park Ji Sung", "Ji Sung", None), ("Ji Sung Park", "Ji Sung", "Park")),
        (("Dr. Mary Ann Smith Jr.", "Mary Ann", None), ("Mary Ann Smith", "Mary Ann", "Smith")),
        (("Mohd. Ali Khan", "Ali", None), ("Ali Khan", "Ali", "Khan")),
        (("Wm. Henry Smith", "Henry", None), ("Henry Smith", "Henry", "Smith")),
        (("Nguyễn Văn An", "An", None), ("An Văn Nguyễn", "An", "Nguyễn")),
        (("Abdul Rahman bin Ali", "Abdul", None),
         ("Abdul Rahman bin Ali", "Abdul", "bin Ali")),
    ],
)  # fmt: skip
def test_a_part_beside_the_whole_name(
    parts: tuple[str | None, ...], expected: tuple[str, ...], vocabularies: Vocabularies
) -> None:
    """`Mary Ann Smith` beside the first name `Mary Ann` was `Mary Ann Ann Smith`."""
    assert normalize_name(*parts, vocabularies)[:3] == expected


@given(
    words=st.lists(
        st.sampled_from(["Mary", "Ann", "Juan", "Carlos", "Pérez", "Gómez", "Smith", "Park",
                         "Sung", "Roth", "Lindqvist", "Tremblay"]),
        min_size=2, max_size=4, unique=True,
    ),
    size=st.integers(1, 3), is_first=st.booleans(), is_before=st.booleans(),
)  # fmt: skip
def test_no_word_is_lost_or_doubled_beside_a_part(
    words: list[str], size: int, is_first: bool, is_before: bool, vocabularies: Vocabularies
) -> None:
    size = min(size, len(words) - 1)
    part = " ".join(words[:size] if is_before else words[-size:])
    first, last = (part, None) if is_first else (None, part)
    found = normalize_name(" ".join(words), first, last, vocabularies)
    assert sorted((found.full or "").split()) == sorted(words)
    assert (found.first if is_first else found.last) == part


@pytest.mark.parametrize(
    ("title", "first", "last"),
    [("Encik", "Ahmad", "Razak"), ("Sayın", "Ayşe", "Yılmaz"), ("господин", "Иван", "Петров"),
     ("Госпожа", "Анна", "Петрова"), ("डॉ.", "राहुल", "शर्मा"), ("श्रीमती", "सीता", "शर्मा")],
)  # fmt: skip
def test_titles_of_many_languages_are_no_first_name(
    title: str, first: str, last: str, vocabularies: Vocabularies
) -> None:
    found = normalize_name(f"{title} {first} {last}", None, None, vocabularies)
    assert (found.first, found.last) == (first, last)


@pytest.mark.parametrize(
    ("typed", "full"),
    [("❤\ufe0f Anna Berg", "Anna Berg"), ("\u0301Anna Berg", "Anna Berg"), ("राम ।", "राम"),
     ("\u845b\U000e0100\u57ce 太郎", "\u845b\U000e0100\u57ce 太郎")],
)  # fmt: skip
def test_a_mark_of_no_letter_goes(typed: str, full: str, vocabularies: Vocabularies) -> None:
    assert normalize_name(typed, None, None, vocabularies).full == full


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ((None, "JAN", "VAN DER BERG"), ("Jan van der Berg", "Jan", "van der Berg")),
        ((None, "Dr. Anna", "Schmidt"), ("Anna Schmidt", "Anna", "Schmidt")),
        ((None, "Anna Schmidt", None), ("Anna Schmidt", "Anna", "Schmidt")),
        ((None, "Anna Schmidt", "Schmidt"), ("Anna Schmidt", "Anna", "Schmidt")),
        ((None, "Anna", "Schmidt, Anna"), ("Anna Schmidt", "Anna", "Schmidt")),
        ((None, "Mary Ann", "Smith Jr."), ("Mary Ann Smith", "Mary Ann", "Smith")),
        # The field says which part it is, whatever families are called.
        ((None, "Schmidt", None), ("Schmidt", "Schmidt", None)),
        (("Schmidt", "Schmidt", None), ("Schmidt", "Schmidt", None)),
        (("Anna", None, "Anna"), ("Anna", None, "Anna")),
        (("Schmidt", "Anna", None), ("Anna Schmidt", "Anna", "Schmidt")),
        ((None, None, "van der berg"), ("van der Berg", None, "van der Berg")),
        (("Anna B. Schmidt", "Anna", None), ("Anna B Schmidt", "Anna", "Schmidt")),
        (("anna@acme.com", "Anna", "Schmidt"), ("Anna Schmidt", "Anna", "Schmidt")),
    ],
)
def test_parts_are_merged_and_split(
    parts: tuple[str | None, str | None, str | None],
    expected: tuple[str, str | None, str | None],
    vocabularies: Vocabularies,
) -> None:
    found = normalize_name(*parts, vocabularies)
    assert (found.full, found.first, found.last) == expected


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ("db320f93ead463e1a2faee198cd9a122", "a hash, not a name"),
        ("anna@acme.com", "an email address, not a name"),
        ("www.cheap-pills.com", "a link, not a name"),
        ("test", "placeholder"),
        ("asdf", "placeholder"),
        ("aaaa", "placeholder"),
        ("12345", "no letters"),
        ("Mr.", "a title, not a name"),
        ("x" * 200, "longer than 150 characters"),
    ],
)
def test_what_is_no_name_says_why(raw: str, reason: str, vocabularies: Vocabularies) -> None:
    found = normalize_name(raw, None, None, vocabularies)
    assert found.full is None
    assert found.reasons == (("full_name", reason),)


@pytest.mark.parametrize(
    "parts",
    [
        ("Info Requested", None, None),
        (None, "Info", "Requested"),
        ("Info Requested", "Info Requested", "Info Requested"),
        ("[REDACTED]", None, None),
        ("Guest 2", "Guest", "2"),
        ("Guest Guest", None, None),
        (None, "Unknown", "Guest"),
        ("Anonymous User", "Anonymous", "User"),
        ("Call-in User_1", None, None),
        (None, None, "Nicht angegeben"),
        ("非公開", None, None),
        ("Аноним", None, None),
    ],
)
def test_what_systems_write_for_no_name_is_none(
    parts: tuple[str | None, str | None, str | None], vocabularies: Vocabularies
) -> None:
    found = normalize_name(*parts, vocabularies)
    assert (found.full, found.first, found.last) == (None, None, None)
    assert dict(found.reasons).keys() == {
        field
        for field, part in zip(("full_name", "first_name", "last_name"), parts, strict=True)
        if part
    }


SURNAMES = st.sampled_from(["guest", "blank", "last", "lead", "sample", "bar", "na", "friend"])


@given(st.sampled_from(["Anna", "Jürgen", "Li"]), SURNAMES, st.sampled_from([str.title, str.upper]))
def test_a_surname_that_fills_fields_too_is_kept_beside_a_name(
    vocabularies: Vocabularies, first: str, last: str, case: Callable[[str], str]
) -> None:
    shown = f"{first} {last.title()}"
    assert normalize_name(None, first, case(last), vocabularies).full == shown
    assert normalize_name(f"{first} {last.title()}", None, None, vocabularies).full == shown


def test_a_mailbox_speaks_for_a_surname_that_fills_fields_too(vocabularies: Vocabularies) -> None:
    assert normalize_name(None, None, "Guest", vocabularies, "p.guest@acme.com").last == "Guest"
    assert normalize_name(None, None, "Guest", vocabularies, "guest@acme.com").last is None
    assert normalize_name(None, None, "Guest", vocabularies, "anna@acme.com").last is None


WORDS = st.from_regex(r"[A-Z][a-z]{2,8}", fullmatch=True)


@given(WORDS, WORDS)
def test_the_short_cut_agrees_with_nameparser(
    vocabularies: Vocabularies, first: str, last: str
) -> None:
    parsed = HumanName(f"{first} {last}")
    found = normalize_name(f"{first} {last}", None, None, vocabularies)
    if not (parsed.title or parsed.suffix or found.reasons):
        assert (found.first or "", found.last or "") == (str(parsed.first), str(parsed.last))


PARTS = st.none() | st.text(max_size=40) | st.from_regex(r"[\w.,' \"-]{1,40}", fullmatch=True)


@given(PARTS, PARTS, PARTS)
def test_twice_is_once_and_nothing_raises(
    vocabularies: Vocabularies, full: str | None, first: str | None, last: str | None
) -> None:
    once = normalize_name(full, first, last, vocabularies)
    again = normalize_name(once.full, once.first, once.last, vocabularies)
    # A part may look garbled by itself ("œß"), and would be repaired.
    is_sound = all(clean_text(part) == part for part in (once.full, once.first, once.last) if part)
    if once.first and once.last and is_sound:
        assert (again.first, again.last) == (once.first, once.last)


@pytest.mark.parametrize(
    ("names", "suffix"),
    [
        (("Robert Kane Sr.", None, None), "sr"), (("ROBERT KANE, JR", None, None), "jr"),
        (("William Hart III", None, None), "iii"), ((None, "George", "Foyle, Sr."), "sr"),
        (("Robert Kane Jr", "Robert", "Kane"), "jr"), (("Dr. Ana Ruiz", None, None), None),
        # Names by themselves; and two texts that differ say nothing.
        (("Junior Mendes", None, None), None), (("Junior", None, None), None),
        ((None, "Ana", "Senior"), None), (("Robert Kane Sr", "Robert", "Kane Jr"), None),
    ],
)  # fmt: skip
def test_which_generation_a_name_is_of_is_kept_beside_it(
    names: tuple[str | None, str | None, str | None], suffix: str | None, vocabularies: Vocabularies
) -> None:
    """Father and son were one person: what told them apart was dropped."""
    found = normalize_name(*names, vocabularies)
    assert found.suffix == suffix
    assert "Sr" not in (found.full or "").split()


@pytest.mark.parametrize("sign", ["'", "’", "‘", "`", "´"])
@pytest.mark.parametrize(
    ("last", "kept"),
    [
        # 't Hart became T Hart, and Jan 's Gravesande Jan Gravesande.
        ("'t Lam", "'t Lam"),
        ("'T LAM", "'t Lam"),
        ("'s Jonkers", "'s Jonkers"),
        ("'s-Heer", "'s-Heer"),
        ("van 't Wout", "van 't Wout"),
        ("in 't Hout", "in 't Hout"),
        ("OP 'T LAND", "op 't Land"),
        ("Op 't Land", "Op 't Land"),
        ("d'Orsay", "d'Orsay"),
        ("D'ORSAY", "D'Orsay"),
        ("O'Dowd", "O'Dowd"),
        ("O' Dowd", "O'Dowd"),
        ("DALL'AGLIO", "Dall'Aglio"),
        ("Sant'Elia", "Sant'Elia"),
        ("t'Serclaes", "t'Serclaes"),
        ("N'Dour", "N'Dour"),
    ],
)
def test_the_apostrophe_of_a_last_name_stays(
    last: str, kept: str, sign: str, vocabularies: Vocabularies
) -> None:
    written = last.replace("'", sign)
    ways = [(None, "Jan", written), (f"Jan {written}", None, None), (f"{written}, Jan", None, None)]
    for way in ways:
        name = normalize_name(*way, vocabularies)
        assert (name.first, name.last, name.full) == ("Jan", kept, f"Jan {kept}")


@pytest.mark.parametrize("last", ["'Berger", "'Berger'", '"Berger"', "'Berger "])
def test_the_sign_of_a_spreadsheet_and_quotations_are_no_part(
    last: str, vocabularies: Vocabularies
) -> None:
    assert normalize_name(None, "Jan", last, vocabularies).last == "Berger"


@pytest.mark.parametrize("name", ["M?ller", "M�ller", "Fran?ois", "Lef?vre", "S?rensen", "�zt�rk"])
def test_a_name_that_lost_letters_is_not_another_name(
    name: str, vocabularies: Vocabularies
) -> None:
    """Müller, exported through a narrow encoding, was Ller."""
    found = normalize_name(None, "Anna", name, vocabularies)
    assert (found.first, found.last) == ("Anna", None)
    assert "letters lost" in dict(found.reasons)["last_name"]


@pytest.mark.parametrize("name", ["Novak?", "? Novak", "Novak ???"])
def test_a_question_mark_beside_a_name_is_noise(name: str, vocabularies: Vocabularies) -> None:
    assert normalize_name(None, "Anna", name, vocabularies).last == "Novak"
