"""What people note around a name: OLD - Carl Ek, VIP Jane Doe, Ann Lee DUPLICATE, Bo Ek from Acme.

Owns what goes before anybody asks which word is which. What surely is a note goes; where something
may be one, and may be part of the name, the name is not clear. The words of notes are those of
placeholders.csv (`name_mark`, and `name_mark_or_surname`, which only a sign makes a note), job
titles those of the vocabularies.
"""

import re
from functools import cache
from itertools import chain
from typing import NamedTuple

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
from lead_platform.vocabularies.name_words import Kind, words_of
from lead_platform.vocabularies.particles import LINKS, PARTICLES
from lead_platform.vocabularies.tables import Vocabularies
from lead_platform.vocabularies.text import LETTER_END, MARKS, fold

_IN_BRACKETS = re.compile(r"\[([^\[\]]*)\]|\{([^{}]*)\}|<([^<>]*)>|【([^【】]*)】")
_OPENING_BRACKETS = re.compile(r"[(\"]\s*([^()\"]*[^()\"\s])\s*[)\"]\s*")
_HELD = re.compile(r"\(([^()]*)\)|\"([^\"]*)\"")
_DASHES = "‐‑‒–—―"
_SIGNS_IN_WORDS = str.maketrans(_DASHES + "_", "-" * len(_DASHES) + " ")
_SIGN = re.compile(
    rf"(\s+[-=]+>?\s+|\s*[→⇒➔➜]\s*|\s+[>»•·~@/]\s+|\s*[;|]\s*|(?<={LETTER_END}):\s+)"
)
# Tom Becker <tom@acme.com>
_MAILBOX_BEHIND = re.compile(rf"(?<=[\w{MARKS}])\s*[<(\[]\s*\S+@\S+?\s*[>)\]]\s*$")
_MAILBOX = re.compile(r"@\s*[\w-]+\.\w")
_CODE = re.compile(r"[A-Z]{2,7}")
_LONGEST_MARK = 4
_LONGEST_LABEL = 3
_LONGEST_INITIALS = 3
_PAIR = 2


class Noted(NamedTuple):
    """A name without its notes, and whether there was any; not clear where what is left may hold
    one."""

    text: str
    is_clear: bool = True
    has_note: bool = False


def without_remarks(text: str, vocabularies: Vocabularies) -> Noted:
    """A whole name, cleaned, without what surely is a note; several persons are joined by `&`."""
    bare = _MAILBOX_BEHIND.sub("", text) if "@" in text else text
    if _MAILBOX.search(bare) is not None:
        return Noted(text)
    plain, _, has_note = _without_brackets(bare)
    has_note = has_note or bare != text
    whole = plain
    if _SIGN.search(plain) is not None:
        plain, is_clear, _ = _judged(plain, vocabularies)
        if not is_clear:
            return Noted(plain, is_clear=False)
    if "," in plain:
        if _may_be_surname_and_note(plain, vocabularies):
            return Noted(plain, is_clear=False)
        plain = _without_notes_behind_commas(plain, vocabularies)
    words = plain.split()
    titles = titles_before(words)
    name = words[titles:]
    if name and "&" not in plain and "," not in plain:
        for cut in (
            _without_relative,
            _without_placeholder_behind,
            _without_sentence,
            _without_number_behind,
            _without_organisation,
            _without_notes_before,
            _without_notes_behind,
        ):
            name, is_clear = cut(name, vocabularies)
            if not is_clear:
                return Noted(plain, is_clear=False)
        plain = " ".join([*words[:titles], *name])
    left_out = len(fold(plain).split()) < len(fold(whole).split())
    return Noted(plain, has_note=has_note or left_out)


def without_remarks_in_part(text: str, vocabularies: Vocabularies) -> Noted:
    """The same of a first or a last name, of which all that is not surely a note stays."""
    plain, _, has_note = _without_brackets(text)
    pieces = _SIGN.split(plain)[::2]
    kept = [
        piece
        for piece in pieces
        if fold(piece) not in vocabularies.placeholders["name_mark"]
        and not (piece.isupper() and _is_mark_set_off(fold(piece), vocabularies))
    ]
    words = (kept[0] if len(kept) == 1 else plain).split()
    while len(words) > 1 and _is_code(words, 0) and _is_mark(words[:1], vocabularies):
        del words[0]
    while len(words) > 1 and _is_code(words, -1) and _is_mark(words[-1:], vocabularies):
        del words[-1]
    return Noted(" ".join(words), has_note=has_note or len(words) < len(plain.split()))


def without_remarks_in_both(
    first: str, last: str, vocabularies: Vocabularies
) -> tuple[str, str, bool] | None:
    """A first and a last name without the note that only both together show: Ann | Lee no longer
    here; None where there surely is none. True: what is left may hold one."""
    given, family = first.split(), last.split()
    if len(given) + len(family) <= _PAIR:
        return None
    noted = without_remarks(f"{first} {last}", vocabularies)
    if not noted.is_clear:
        return first, last, True
    kept, words = noted.text.split(), [*given, *family]
    starts = range(len(words) - len(kept) + 1)
    start = next((at for at in starts if _are_alike(words[at : at + len(kept)], kept)), None)
    if start is None or not noted.has_note or len(kept) == len(words):
        return None
    end, count = start + len(kept), len(given)
    if start >= count or (end <= count and len(family) == 1):
        # A whole column of one word is no note beside the other.
        return first, last, True
    return " ".join(words[start : min(end, count)]), " ".join(words[count : max(end, count)]), False


def _are_alike(words: list[str], kept: list[str]) -> bool:
    return [word.strip(",;") for word in words] == [word.strip(",;") for word in kept]


def is_a_remark(key: str, vocabularies: Vocabularies) -> bool:
    """Whether a folded name is nothing but several words of a mark: do not use."""
    return " " in key and key in vocabularies.placeholders["name_mark"]


def _without_brackets(text: str) -> Noted:
    """Without what brackets hold, unless they hold all, or the given name that opens the text; any
    dash as a hyphen. A nickname in them is no note: (Doc Vega) of a Vega."""
    plain = _IN_BRACKETS.sub(_in_round_ones, text.translate(_SIGNS_IN_WORDS)).strip()
    if "(" not in plain and '"' not in plain:
        return Noted(plain)
    opening = _OPENING_BRACKETS.match(plain)
    if opening and (opening.end() == len(plain) or _opens_with_given(opening[1])):
        return _without_brackets(f"{opening[1]} {plain[opening.end() :]}".strip())
    bare = without_asides(plain)
    held = [words for each in _HELD.findall(plain) for words in each if words]
    is_note = any(
        not all(map(is_given, words.split())) and not any(word in bare for word in words.split())
        for words in held
    )
    return Noted(bare, has_note=is_note)


def _in_round_ones(found: re.Match[str]) -> str:
    return f" ({next(text for text in found.groups() if text is not None)}) "


def _opens_with_given(text: str) -> bool:
    words = text.split()
    named = words[titles_before(words) :]
    return bool(named) and is_given(named[0])


def _judged(text: str, vocabularies: Vocabularies) -> Noted:
    """What is left of the pieces between signs."""
    pieces = _SIGN.split(text)
    texts, signs = pieces[::2], [sign.strip() for sign in pieces[1::2]]
    kept = [place for place in range(len(texts)) if not _is_note(texts, signs, place, vocabularies)]
    left = [texts[place] for place in kept]
    if not left:
        return Noted(" ".join(texts))
    if len(left) == 1:
        return Noted(left[0])
    if "/" in signs:
        # Jane / John Doe
        return Noted(text)
    are_given = all(" " not in each and is_given(each) for each in left) and "-" not in signs
    if all(map(_is_person, left)) or are_given:
        return Noted(" & ".join(left))
    if len(left) == len(texts) == _PAIR and signs[0] == "-" and _is_double_name(*left):
        return Noted("-".join(left))
    return Noted(" - ".join(left), is_clear=False)


def _is_note(texts: list[str], signs: list[str], place: int, vocabularies: Vocabularies) -> bool:
    """Whether a piece surely is no part of a name, and no other person's."""
    key = fold(texts[place])
    words, typed = key.split(), texts[place].split()
    if not any(map(str.isalpha, key)) or any(map(str.isdigit, key)):
        return True
    if any(map(is_given, words)) or suffixes_behind(["", *typed]) == len(typed):
        return False
    others = [word for at, text in enumerate(texts) if at != place for word in text.split()]
    if len(words) == 1 and place and signs[place - 1] == "," and len(others) == 1:
        # Kim, Won
        return False
    if _is_mark_set_off(key, vocabularies):
        return True
    if place and signs[place - 1] == "@":
        return True
    if not others or (len(words) == 1 and share_family(key)):
        return False
    if place < len(signs) and signs[place] == ":" and len(words) <= _LONGEST_LABEL:
        return _opens_with_given(" ".join(others)) and not any(map(share_family, words))
    is_code = _CODE.fullmatch(texts[place]) is not None and not " ".join(others).isupper()
    if is_code and len(others) > 1:
        return True
    is_job = _holds_seniority(words, vocabularies) or vocabularies.job_functions.find(key)
    return bool(is_job) or (len(words) > 1 and bool(legal_form_behind(texts[place])))


def _is_person(text: str) -> bool:
    words = text.split()
    named = words[titles_before(words) :]
    return len(named) > 1 and is_given(named[0])


def _is_double_name(left: str, right: str) -> bool:
    """Müller - Schmidt, Anna; of Anna Müller - Austin nobody knows."""
    behind, comma, _ = right.partition(",")
    is_whole = bool(comma) and " " not in behind and " " not in left
    return is_whole and bool(share_family(left) and share_family(behind))


def _may_be_surname_and_note(text: str, vocabularies: Vocabularies) -> bool:
    """Berg, CEO: no first name stands behind the comma."""
    cells = [cell.split() for cell in text.split(",")]
    if [len(words) for words in cells] != [1, 1] or _is_known(cells[1][0]):
        return False
    return _is_mark(cells[1], vocabularies) or _holds_seniority(cells[1], vocabularies)


def _without_notes_behind_commas(text: str, vocabularies: Vocabularies) -> str:
    """Jane Doe of Jane Doe, CEO."""
    cells = [cell.strip() for cell in text.split(",")]
    if len(cells) == _PAIR and legal_form_behind(cells[0]) and _is_person(cells[1]):
        # Acme GmbH, Tom Becker
        return cells[1]
    kept = [
        cell
        for place, cell in enumerate(cells)
        if not place or not cell or not _is_note(cells, [","] * len(cells), place, vocabularies)
    ]
    return ", ".join(kept) if len(kept) < len(cells) else text


def _without_number_behind(words: list[str], _: Vocabularies) -> tuple[list[str], bool]:
    """Uma Reyes of Uma Reyes ext. 204: what a number stands behind is its own."""
    # X Æ A-12 Musk is called so.
    end = next((at for at, word in enumerate(words) if word.lstrip("#")[:1].isdigit()), len(words))
    if not _PAIR <= end < len(words):
        return words, True
    label = words[end - 1]
    is_label = label.islower() or label.endswith(".") or not _is_known(label)
    return words[: end - 1] if end > _PAIR and is_label else words[:end], True


def _without_relative(words: list[str], _: Vocabularies) -> tuple[list[str], bool]:
    """Suresh Kumar of Suresh Kumar s/o Ramesh Rao; Suresh s/o Ramesh has no other last name."""
    relatives = words_of("of_a_relative")
    end = next((at for at, word in enumerate(words) if word.lower() in relatives), len(words))
    return (words[:end] if end >= _PAIR else words), True


def _without_placeholder_behind(
    words: list[str], vocabularies: Vocabularies
) -> tuple[list[str], bool]:
    """Ann of Ann TBD, Ann N/A: her last name is not known; Jennifer Null is called so."""
    if not _PAIR <= len(words) <= _PAIR + 1 or not is_given(words[0]):
        return words, True
    is_none = fold(words[-1]) in vocabularies.placeholders["last_name"]
    return (words[:-1] if is_none else words), True


def _without_sentence(words: list[str], vocabularies: Vocabularies) -> tuple[list[str], bool]:
    """Ann Lee of Ann Lee on leave: small letters behind capital ones begin what is said of her.

    What no list has may be a last name too, typed so (Juan Carlos hdez), and behind one word what
    opens a sentence (Ann on leave).
    """
    is_name = [not word.islower() for word in words]
    start = is_name.index(False) if False in is_name else len(words)
    if not start or _ends_with_mark(words, vocabularies):
        return words, True
    said = [word not in _joining() and _is_unknown(word) for word in words]
    opens = [word in _opening() for word in words]
    if any(map(is_given, (word for word in words[start:] if not word.islower()))):
        # Ann Lee wife of Tom Ek; of Ann Lee via Bob May others know.
        is_of_another = any(said[start:]) or any(opens[start:])
        return words, not is_of_another or "behalf" in words
    for place in range(start, len(words) - 1):
        if opens[place]:
            behind = [word for word in words[place + 1 :] if word.islower()]
            is_sentence = not PARTICLES.issuperset(behind) or not words[place + 1].isalpha()
            is_sure = start >= _PAIR and is_sentence and not any(said[start:place])
            return (words[:place], True) if is_sure else (words, False)
    begin = max(start, _PAIR)
    are_unknown = (
        is_said and words[place - 1].lower() not in PARTICLES
        for place, is_said in enumerate(said[begin:], begin)
    )
    is_of_another = not _joining().isdisjoint(words[start:])
    return words, start < _PAIR or is_of_another or not any(are_unknown)


def _ends_with_mark(words: list[str], vocabularies: Vocabularies) -> bool:
    """Whether all that is in small letters is a listed mark: do not use."""
    sizes = range(_PAIR, min(_LONGEST_MARK, len(words) - _PAIR) + 1)
    return any(
        _is_mark(words[-size:], vocabularies) and not any(map(str.islower, words[:-size]))
        for size in sizes
    )


@cache
def _opening() -> frozenset[str]:
    """What opens a sentence in small letters, accents left out too; è without its own joins."""
    listed = words_of("of_a_sentence")
    return listed | {plain for word in listed if len(plain := fold(word)) > 1}


@cache
def _joining() -> frozenset[str]:
    """What stands between somebody and an organisation, or another person."""
    kinds: tuple[Kind, ...] = (
        *("before_organisation", "before_organisation_or_place", "before_organisation_or_name"),
        *("between_persons", "between_given", "for_another"),
    )
    return frozenset(chain.from_iterable(map(words_of, kinds)))


def _is_unknown(word: str) -> bool:
    """Whether a word in small letters is none of a name: no particle, initial or listed name."""
    is_word = word.islower() and word.isalpha() and len(word) > 1
    return is_word and word not in PARTICLES and word not in LINKS and not _is_known(word)


def _without_organisation(words: list[str], _: Vocabularies) -> tuple[list[str], bool]:
    """Ann Lee of Ann Lee from Acme; of two persons, and of a place (of Kent), nobody knows."""
    is_level = all(map(str.islower, words))
    for place in range(1, len(words) - 1):
        key, is_small = words[place].lower(), words[place].islower()
        before, behind = words[:place], words[place + 1 :]
        is_name = len(before) > 1 or is_given(before[0])
        if not is_name or behind[0].lower() in PARTICLES:
            continue
        if key in words_of("before_organisation") and (is_small or len(before) > 1):
            if _is_person(" ".join(behind)):
                return words, True
            # Anna From Larsson
            return (words, False) if words[place].istitle() else (_without_particles(before), True)
        if is_small and key in words_of("before_organisation_or_name"):
            if _is_person(" ".join(behind)):
                return words, True
            return (words, False) if is_level else (_without_particles(before), True)
        if is_small and key in words_of("before_organisation_or_place") and is_given(words[0]):
            return words, _is_person(" ".join(behind))
    return words, True


def _without_particles(words: list[str]) -> list[str]:
    """Marie Curie of Marie Curie de chez Acme."""
    end = len(words)
    while end > 1 and words[end - 1] in PARTICLES:
        end -= 1
    return words[:end]


def _without_notes_before(words: list[str], vocabularies: Vocabularies) -> tuple[list[str], bool]:
    """The words without marks and a job's title before them: Head of Sales Fay Holm.

    Before given names alone the family's may stand: VIP Jane, NOVÁ Jana.
    """
    if len(words) < _PAIR:
        return words, True
    if words[0] in words_of("for_another") or words[0].lower() == "c/o":
        return _without_notes_before(words[1:], vocabularies)
    for size in range(min(_LONGEST_MARK, len(words) - 1), 1, -1):
        if _is_mark(words[:size], vocabularies):
            return _without_notes_before(words[size:], vocabularies)
    word, rest = words[0], words[1:]
    is_whole = len(rest) > 1 and is_given(rest[0]) and not is_given(rest[-1])
    is_code = _is_code(words, 0)
    if _is_mark(words[:1], vocabularies):
        may_be_initials = len(word) <= _LONGEST_INITIALS and len(rest) == 1
        if (is_whole or is_code) and (may_be_initials or all(map(is_given, rest))):
            return words, False
        return _without_notes_before(rest, vocabularies) if is_whole or is_code else (words, True)
    if is_whole and _is_mark_or_surname(word, vocabularies):
        return words, False
    if size := _job_before(words, vocabularies):
        return _without_notes_before(words[size:], vocabularies)
    # XYZ Carl Ek
    is_unknown = is_code and is_whole and is_only_family(rest[-1]) and not _is_known(word)
    return words, not is_unknown


def _job_before(words: list[str], vocabularies: Vocabularies) -> int:
    """How many words before a whole name are the title of a job."""
    if len(words) <= _PAIR:
        return 0
    count = next((place for place, word in enumerate(words) if is_given(word)), 0)
    if not count or len(words) - count < _PAIR or is_given(words[-1]):
        return 0
    is_name = bool(count == 1 and share_family(words[0]))
    return count if not is_name and _holds_seniority(words[:count], vocabularies) else 0


def _without_notes_behind(words: list[str], vocabularies: Vocabularies) -> tuple[list[str], bool]:
    """The name without a mark or a job's title behind it; one that may be its last name is not
    clear."""
    if len(words) <= _PAIR or suffixes_behind(words):
        return words, True
    for size in range(min(_LONGEST_MARK, len(words) - _PAIR), 1, -1):
        if _is_mark(words[-size:], vocabularies):
            return words[:-size], True
    last, is_code = words[-1], _is_code(words, -1)
    if _is_mark([last], vocabularies):
        is_sure = is_code and not is_given(words[-2]) and not words[-2].isupper()
        return (words[:-1], True) if is_sure else (words, False)
    if _is_known(last):
        return words, True
    name, behind = words[:_PAIR], words[_PAIR:]
    if is_given(words[0]) and _holds_seniority(behind, vocabularies):
        is_alone = is_code and len(behind) == 1
        is_sure = not any(map(_is_known, behind)) and not is_given(words[1])
        return (name, True) if is_alone or is_sure else (words, False)
    # Anna Holm ABC, Ana Costa NOVO
    return words, not (is_code and is_only_family(words[-2]) and not words[-2].isupper())


def _holds_seniority(words: list[str], vocabularies: Vocabularies) -> bool:
    return vocabularies.seniorities.find(fold(" ".join(words))) is not None


def _is_mark(words: list[str], vocabularies: Vocabularies) -> bool:
    """Of one word, which is nobody's name."""
    key = fold(" ".join(words))
    is_listed = key in vocabularies.placeholders["name_mark"]
    return is_listed and (" " in key or not _is_known(key))


def _is_mark_or_surname(word: str, vocabularies: Vocabularies) -> bool:
    key = fold(word)
    return key in vocabularies.placeholders["name_mark_or_surname"] and not _is_known(key)


def _is_mark_set_off(key: str, vocabularies: Vocabularies) -> bool:
    """Whether a folded text that a sign sets off is a mark, which nobody is called then."""
    listed = vocabularies.placeholders
    return key in listed["name_mark"] or key in listed["name_mark_or_surname"]


def _is_code(words: list[str], place: int) -> bool:
    """Whether one word is in capitals and the others are not."""
    is_in_capitals = words[place].isupper() and words[place].isalpha() and len(words[place]) > 1
    return is_in_capitals and any(any(map(str.islower, word)) for word in words)


def _is_known(word: str) -> bool:
    return is_given(word) or bool(share_family(word))
