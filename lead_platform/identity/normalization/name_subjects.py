"""Whom a name is of: one person, several, a company or a team.

Only one person's has a first name. The lists are short: a person with an odd name is a person.
"""

import re

from lead_platform.identity.normalization.companies import legal_form_behind
from lead_platform.identity.normalization.known_names import is_given, is_only_family
from lead_platform.identity.normalization.name_words import HONORIFICS, bare, without_asides
from lead_platform.vocabularies import name_words as words_around
from lead_platform.vocabularies.legal_forms import in_capitals, words_of
from lead_platform.vocabularies.particles import PARTICLES
from lead_platform.vocabularies.text import LETTER, LETTER_END

SEVERAL_PERSONS = "several persons in one name: kept whole"
A_COMPANY = "a company's or a team's name: kept whole"

_GLUED = re.compile(rf"{LETTER_END}{{2}}\.?\s*[&/]\s*{LETTER_END}{{2}}")
# И. И. Иванов
_INITIAL = re.compile(r"[ИІ]\.")
_ABBREVIATED = re.compile(rf"{LETTER}\.?|(?:{LETTER}){{2,3}}\.")
BETWEEN_PERSONS = words_around.words_of("between_persons")
BETWEEN_GIVEN = words_around.words_of("between_given")
_FOR_ANOTHER = words_around.words_of("for_another")
_SPACED = re.compile(r"(?<= )([ip]\.) ([AVpo]\.)(?= )")
_HOUSEHOLDS = frozenset(
    ["familie", "fam", "family", "famille", "familia", "famiglia", "família", "eheleute", "ehepaar"]
)


def why_no_single_person(text: str) -> str | None:
    """Why the text names no person or more than one."""
    plain = _SPACED.sub(r"\1\2", without_asides(text))
    words = plain.split()
    keys = [bare(word) or word for word in words]
    is_household = keys[0] in _HOUSEHOLDS or keys[-1] in ("family", "familie")
    if is_household and len(keys) > 1:
        return SEVERAL_PERSONS
    if _GLUED.search(plain) or _joins_persons(words, keys):
        return SEVERAL_PERSONS
    if len(keys) > 1 and (_names_an_organisation(keys) or _ends_in_legal_form(words, keys)):
        return A_COMPANY
    return None


def _names_an_organisation(keys: list[str]) -> bool:
    """Sales Team, Universität Wien."""
    # A surname too: Anna Bank.
    is_bank = keys[-1] in words_of("organisation_or_surname") and not is_given(keys[0])
    is_behind = keys[-1] in words_of("organisation_behind")
    return keys[0] in words_of("organisation_before") or is_behind or is_bank


def _ends_in_legal_form(words: list[str], keys: list[str]) -> bool:
    """Acme GmbH, KPMG AG, Acme sp. z o.o.; what people are called or abbreviated by is none."""
    key, word = keys[-1], words[-1].strip(",")
    if key in words_of("form"):
        return True
    stands_out = word == in_capitals(key) and not words[0].isupper()
    if key in words_of("form_or_initials"):
        # Only in capitals behind a name that is not, or that no given name is in.
        whole = " ".join(words)
        is_level = whole.isupper() or whole.islower()
        return stands_out or (is_level and not any(map(is_given, words[:-1])))
    if key in words_of("form_or_name"):
        # Unless what stands before is no given name: Maria SA.
        is_dotted = word.upper() == "".join(f"{sign}." for sign in key.upper())
        may_be_initials = is_dotted and is_only_family(words[0])
        return (is_dotted or stands_out) and not is_given(words[0]) and not may_be_initials
    # Of several words, not all of them initials: sp. z o.o., S.A. de C.V.
    form = legal_form_behind(" ".join(words)).split()
    return len(form) > 1 and any(len(bare(part)) > 1 and "." not in part[:-1] for part in form)


def _joins_persons(words: list[str], keys: list[str]) -> bool:
    """Whether a word between two names says that they are two persons'.

    `y`, `e` and `i` join the surnames of one as well, and En is a name: given names beside them
    tell.
    """
    for place in range(1, len(keys) - 1):
        before, key, behind = keys[place - 1 : place + 2]
        if words[place] in _FOR_ANOTHER and len(behind) > 1:
            return True
        if _may_be_initial(words, place):
            continue
        is_link = not (before in PARTICLES and behind in PARTICLES)
        if key in BETWEEN_PERSONS and is_link and not _INITIAL.fullmatch(words[place]):
            return True
        if key in BETWEEN_GIVEN and (
            _stands_between_given(words, place) or (words[place].islower() and behind in HONORIFICS)
        ):
            # Anna u. Peter, Peter Weber u. Frau
            return True
        if key == "en" and is_given(behind):
            return True
        if key in ("y", "e", "i") and place == 1 and is_given(before) and is_given(behind):
            return True
    return False


def _may_be_initial(words: list[str], place: int) -> bool:
    """DAVID A. SCOTT, maria e martin: where capitals tell nothing, a letter before the last name is
    its owner's; KARIN U. STEFAN HOFMANN are two."""
    whole = " ".join(words)
    is_level = whole.isupper() or whole.islower()
    return is_level and len(words[place].strip(".")) == 1 and place + 2 == len(words)


def _stands_between_given(words: list[str], place: int) -> bool:
    """Anna u. Peter, A. u. P., anna ve ali; not Anna U. Roth: a capital is an initial or a name."""
    word, neighbours = words[place], (words[place - 1], words[place + 1])
    known = [
        is_given(bare(each)) or _ABBREVIATED.fullmatch(each) is not None for each in neighbours
    ]
    is_set_off = word.islower() and all(each[:1].isupper() for each in neighbours)
    if all(known):
        return word.islower() or all(map(str.isupper, words))
    return is_set_off and any(known)


def are_several_first_names(text: str) -> bool:
    """Whether a column of first names has those of two people: Anna & Peter, "Anna, Peter"."""
    names = [name.strip() for name in text.split(",")]
    if len(names) == 2 and all(name and is_given(name) for name in names):
        return True
    return why_no_single_person(text) == SEVERAL_PERSONS


def are_two_persons(left: list[str], right: list[str]) -> bool:
    """Anna Schmidt, Bob Jones: a given name and a family's on either side."""
    return all(
        len(words) > 1 and is_given(words[0]) and is_only_family(words[-1])
        for words in (left, right)
    )
