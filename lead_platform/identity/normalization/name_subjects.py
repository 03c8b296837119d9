"""Whom a name is of: one person, several, or a company. Only one person's has a first name."""

import re

from lead_platform.identity.normalization.known_names import is_given, is_only_family
from lead_platform.identity.normalization.name_words import bare, without_asides
from lead_platform.vocabularies.particles import PARTICLES

SEVERAL_PERSONS = "several persons in one name: kept whole"
A_COMPANY = "a company's name: kept whole"

_GLUED = re.compile(r"[^\W\d_]{2,}\.?\s*[&/]\s*[^\W\d_]{2,}")
_BETWEEN_PERSONS = frozenset(["&", "/", "and", "und", "et", "och", "og"])
_HOUSEHOLDS = frozenset(
    ["familie", "fam", "family", "famille", "familia", "famiglia", "família", "eheleute", "ehepaar"]
)
_LEGAL_FORMS = frozenset(
    ["gmbh", "mbh", "ggmbh", "ohg", "gbr", "llc", "llp", "inc", "ltd", "limited", "corp",
     "corporation", "plc", "pty", "sarl", "sasu", "eurl", "srl", "bv", "nv", "oyj", "aps", "ltda",
     "lda", "kft", "zrt", "sro", "doo", "pvt", "holdings", "solutions", "consulting",
     "services", "technologies", "systems", "university", "stiftung"]
)  # fmt: skip
# Initials and syllables of names too: only in capitals behind a name that is not.
_SHORT_FORMS = frozenset(["AG", "KG", "UG", "OY", "SpA", "SAS"])


def why_no_single_person(text: str) -> str | None:
    """Why the text names no person or more than one."""
    plain = without_asides(text)
    words = plain.split()
    keys = [bare(word) or word for word in words]
    is_household = keys[0] in _HOUSEHOLDS or keys[-1] in ("family", "familie")
    if is_household and len(keys) > 1:
        return SEVERAL_PERSONS
    if _GLUED.search(plain) or _joins_persons(keys):
        return SEVERAL_PERSONS
    is_short_form = words[-1] in _SHORT_FORMS and not words[0].isupper()
    if len(keys) > 1 and (keys[-1] in _LEGAL_FORMS or is_short_form):
        return A_COMPANY
    return None


def _joins_persons(keys: list[str]) -> bool:
    """Whether a word between two names says that they are two persons'.

    `y`, `e` and `i` join the surnames of one as well, and En is a name: given names beside them
    tell.
    """
    for place in range(1, len(keys) - 1):
        before, key, behind = keys[place - 1 : place + 2]
        if key in _BETWEEN_PERSONS and not (before in PARTICLES and behind in PARTICLES):
            return True
        if key == "en" and is_given(behind):
            return True
        if key in ("y", "e", "i") and place == 1 and is_given(before) and is_given(behind):
            return True
    return False


def are_two_persons(left: list[str], right: list[str]) -> bool:
    """Anna Schmidt, Bob Jones: a given name and a family's on either side."""
    return all(
        len(words) > 1 and is_given(words[0]) and is_only_family(words[-1])
        for words in (left, right)
    )
