"""What people note around a name: OLD - Carl Ek, VIP Jane Doe, Ann Lee DUPLICATE, Bo Ek from Acme.

Owns what goes before anybody asks which word is which. What surely is a note goes; what may be one,
and may be part of the name, stays and is set off by SET_OFF, so that the name is kept whole. The
words of notes are those of placeholders.csv (`name_mark`), job titles those of the vocabularies.
"""

import re

from lead_platform.identity.normalization.companies import legal_form_behind
from lead_platform.identity.normalization.known_names import (
    is_given,
    is_only_family,
    share_family,
)
from lead_platform.identity.normalization.name_words import (
    suffixes_behind,
    titles_before,
    without_asides,
)
from lead_platform.vocabularies.name_words import words_of
from lead_platform.vocabularies.tables import Vocabularies
from lead_platform.vocabularies.text import fold

SET_OFF = "–"
"""Stands between a name and what may be a note."""

_IN_BRACKETS = re.compile(r"\[([^\[\]]*)\]|\{([^{}]*)\}|<([^<>]*)>|【([^【】]*)】")
_DASHES = "‐‑‒–—―"
_SIGNS_IN_WORDS = str.maketrans(_DASHES + "_", "-" * len(_DASHES) + " ")
_SIGN = re.compile(r"(\s+-+>?\s+|\s+[>»•·~@]\s+|\s*[;|]\s*|(?<=[^\W\d_]):\s+)")
_CODE = re.compile(r"[A-Z]{2,7}")
_LONGEST_MARK = 4
_LONGEST_LABEL = 3
_PAIR = 2


def without_remarks(text: str, vocabularies: Vocabularies) -> str:
    """A whole name, cleaned, without what surely is a note; what may be one is set off.

    Several persons are joined by `&`.
    """
    plain = without_asides(_plain(text))
    if _SIGN.search(plain) is not None:
        plain = _judged(plain, vocabularies)
    if "," in plain:
        return _without_notes_behind_commas(plain, vocabularies)
    if SET_OFF in plain or "&" in plain:
        return plain
    words = _before_organisation(plain.split())
    return _without_notes_behind(_without_notes_before(words, vocabularies), vocabularies)


def without_remarks_in_part(text: str, vocabularies: Vocabularies) -> str:
    """The same of a first or a last name, of which nothing is set off."""
    plain = without_asides(_plain(text))
    pieces = _SIGN.split(plain)[::2]
    kept = [piece for piece in pieces if fold(piece) not in _marks(vocabularies)]
    words = (kept[0] if len(kept) == 1 else plain).split()
    while len(words) > 1 and _is_mark(words[:1], vocabularies) and _is_no_name(words, 0):
        del words[0]
    while len(words) > 1 and _is_mark(words[-1:], vocabularies) and _is_no_name(words, -1):
        del words[-1]
    return " ".join(words)


def is_a_remark(key: str, vocabularies: Vocabularies) -> bool:
    """Whether a folded name is nothing but several words of a mark: do not use."""
    return " " in key and key in _marks(vocabularies)


def _plain(text: str) -> str:
    """Any brackets as round ones, which nicknames and notes have; any dash as a hyphen."""
    return _IN_BRACKETS.sub(_in_round_ones, text.translate(_SIGNS_IN_WORDS)).strip()


def _in_round_ones(found: re.Match[str]) -> str:
    return f" ({next(text for text in found.groups() if text is not None)}) "


def _marks(vocabularies: Vocabularies) -> frozenset[str]:
    return vocabularies.placeholders["name_mark"]


def _judged(text: str, vocabularies: Vocabularies) -> str:
    """What is left of the pieces between signs."""
    pieces = _SIGN.split(text)
    texts, signs = pieces[::2], [sign.strip() for sign in pieces[1::2]]
    kept = [place for place in range(len(texts)) if not _is_note(texts, signs, place, vocabularies)]
    left = [texts[place] for place in kept]
    if not left:
        return " ".join(texts)
    if len(left) == 1:
        return left[0]
    if all(map(_is_person, left)) or all(" " not in each and is_given(each) for each in left):
        return " & ".join(left)
    is_joined = len(left) == len(texts) == _PAIR and signs[0] == "-"
    if is_joined and _is_double_name(*left):
        return "-".join(left)
    return f" {SET_OFF} ".join(left)


def _is_note(texts: list[str], signs: list[str], place: int, vocabularies: Vocabularies) -> bool:
    """Whether a piece surely is no part of a name, and no other person's."""
    key = fold(texts[place])
    words = key.split()
    if not words or key in _marks(vocabularies):
        return True
    typed = texts[place].split()
    if any(map(is_given, words)) or suffixes_behind(["", *typed]) == len(typed):
        return False
    others = [word for at, text in enumerate(texts) if at != place for word in text.split()]
    if place and signs[place - 1] == "@":
        return True
    if len(words) == 1 and share_family(key):
        return False
    if place < len(signs) and signs[place] == ":" and len(words) <= _LONGEST_LABEL:
        return is_given(others[0]) and not any(map(share_family, words))
    is_code = _CODE.fullmatch(texts[place]) is not None and not " ".join(others).isupper()
    if is_code and len(others) > 1:
        return True
    return _is_job(key, vocabularies) or (len(words) > 1 and bool(legal_form_behind(texts[place])))


def _is_person(text: str) -> bool:
    words = text.split()
    named = words[titles_before(words) :]
    return len(named) > 1 and is_given(named[0])


def _is_double_name(left: str, right: str) -> bool:
    """Anna Müller - Schmidt, and Müller - Schmidt, Anna."""
    before, (behind, comma, _) = left.split()[-1], right.partition(",")
    is_whole = " " not in behind and bool(comma) is (" " not in left)
    return is_whole and bool(share_family(before) and share_family(behind))


def _is_job(key: str, vocabularies: Vocabularies) -> bool:
    found = vocabularies.seniorities.find(key) or vocabularies.job_functions.find(key)
    return found is not None


def _before_organisation(words: list[str]) -> list[str]:
    """Ann Lee of Ann Lee from Acme; of another person's name, both. A place is set off: of Kent."""
    for place in range(1, len(words) - 1):
        word = words[place]
        is_sure = word in words_of("before_organisation")
        if not is_given(words[0]) or not (
            is_sure or word in words_of("before_organisation_or_place")
        ):
            continue
        if is_given(words[place + 1]) and place + _PAIR < len(words):
            return words
        return words[:place] if is_sure else [*words[:place], SET_OFF, *words[place:]]
    return words


def _without_notes_behind_commas(text: str, vocabularies: Vocabularies) -> str:
    """Jane Doe of Jane Doe, CEO."""
    cells = [cell.strip() for cell in text.split(",")]
    kept = [
        cell
        for place, cell in enumerate(cells)
        if not place or not cell or not _is_note(cells, [","] * len(cells), place, vocabularies)
    ]
    return ", ".join(kept) if len(kept) < len(cells) else text


def _without_notes_before(words: list[str], vocabularies: Vocabularies) -> list[str]:
    """The words without marks and a job's title before them: Head of Sales Fay Holm.

    Before given names alone a family's name may stand: VIP Jane, NOVÁ Jana.
    """
    size = _mark_before(words, vocabularies) or _job_before(words, vocabularies)
    if not size:
        return words
    rest = words[size:]
    if all(map(is_given, rest)) and size == 1:
        return [words[0], SET_OFF, *rest]
    return _without_notes_before(rest, vocabularies)


def _mark_before(words: list[str], vocabularies: Vocabularies) -> int:
    """How many words before the name are a mark: one is in capitals or before a whole name."""
    for size in range(min(_LONGEST_MARK, len(words) - 1), 0, -1):
        if _is_mark(words[:size], vocabularies):
            return size if size > 1 or _is_no_name(words, 0) else 0
    return 0


def _job_before(words: list[str], vocabularies: Vocabularies) -> int:
    count = next((place for place, word in enumerate(words) if is_given(word)), 0)
    if not count or len(words) - count < _PAIR or is_given(words[-1]):
        return 0
    is_name = bool(count == 1 and share_family(words[0]))
    is_job = vocabularies.seniorities.find(fold(" ".join(words[:count]))) is not None
    return count if is_job and not is_name else 0


def _without_notes_behind(words: list[str], vocabularies: Vocabularies) -> str:
    """The name without a mark or a job's title behind it; what may be her last name is set off.

    So is a code at either end: XYZ Carl Ek.
    """
    text = " ".join(words)
    if len(words) <= _PAIR or SET_OFF in words or suffixes_behind(words):
        return text
    for size in range(min(_LONGEST_MARK, len(words) - _PAIR), 0, -1):
        if _is_mark(words[-size:], vocabularies):
            is_code = _is_code(words, -1)
            if size == 1 and not is_code and len(words[-1]) <= _PAIR:
                return text
            is_sure = size > 1 or (is_code and not is_given(words[-2]))
            return _parted(words, len(words) - size, is_sure=is_sure)
    if _is_known(words[-1]):
        is_set_off = not is_given(words[0]) and is_given(words[1]) and is_only_family(words[-1])
        return (
            f"{words[0]} {SET_OFF} {' '.join(words[1:])}"
            if (is_set_off and _is_code(words, 0) and not share_family(words[0]))
            else text
        )
    if is_given(words[0]) and _is_job_behind(words[_PAIR:], vocabularies):
        is_alone = _is_code(words, -1) and len(words) == _PAIR + 1
        is_sure = not any(map(_is_known, words[_PAIR:])) and not is_given(words[1])
        return _parted(words, _PAIR, is_sure=is_alone or is_sure)
    if _is_code(words, -1) and is_only_family(words[-2]):
        return _parted(words, len(words) - 1, is_sure=False)
    return text


def _parted(words: list[str], place: int, *, is_sure: bool) -> str:
    name = words[:place]
    return " ".join(name if is_sure else [*name, SET_OFF, *words[place:]])


def _is_job_behind(words: list[str], vocabularies: Vocabularies) -> bool:
    return vocabularies.seniorities.find(fold(" ".join(words))) is not None


def _is_mark(words: list[str], vocabularies: Vocabularies) -> bool:
    """Of one word, which is nobody's name."""
    key = fold(" ".join(words))
    return key in _marks(vocabularies) and (" " in key or not _is_known(key))


def _is_no_name(words: list[str], place: int) -> bool:
    """Whether a mark of one word cannot be a name: in capitals, or before a whole one, which would
    have two families' names then (vip jane doe)."""
    if _is_code(words, place):
        return True
    rest = words[1:]
    is_whole = len(rest) > 1 and is_given(rest[0]) and not is_given(rest[-1])
    may_be_initials = len(words[0]) <= _PAIR and len(set(words[0].lower())) > 1
    return place == 0 and is_whole and not may_be_initials


def _is_code(words: list[str], place: int) -> bool:
    """Whether one word is in capitals and the others are not."""
    is_in_capitals = words[place].isupper() and words[place].isalpha() and len(words[place]) > 1
    return is_in_capitals and any(any(map(str.islower, word)) for word in words)


def _is_known(word: str) -> bool:
    return is_given(word) or bool(share_family(word))
