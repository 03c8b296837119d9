"""Names of people: parts, casing, and what is not a name at all.

Titles, degrees and nicknames are dropped. What a person typed in mixed case stays as typed. Which
word of a whole name is what is told by `name_parts`.
"""

import re
from collections.abc import Callable
from typing import NamedTuple

from lead_platform.identity.normalization.known_names import is_given
from lead_platform.identity.normalization.name_lines import on_one_line
from lead_platform.identity.normalization.name_parts import (
    FAMILY_FIRST_SCRIPT,
    NOT_CLEAR,
    Parts,
    family_in_order,
    split_name,
    vietnamese_families,
)
from lead_platform.identity.normalization.name_remarks import (
    Noted,
    is_a_remark,
    without_remarks,
    without_remarks_in_both,
    without_remarks_in_part,
)
from lead_platform.identity.normalization.name_subjects import (
    BETWEEN_GIVEN,
    BETWEEN_PERSONS,
    SEVERAL_PERSONS,
    are_several_first_names,
)
from lead_platform.identity.normalization.name_words import (
    AROUND,
    GENERATIONS,
    GENERATIONS_CUT_SHORT,
    bare,
    suffixes_behind,
    titles_before,
    with_titles_apart,
    without_asides,
    without_name_at_birth,
)
from lead_platform.vocabularies.birth_names import is_birth_name_alone
from lead_platform.vocabularies.particles import NEVER_GIVEN, PARTICLES
from lead_platform.vocabularies.tables import Vocabularies
from lead_platform.vocabularies.text import (
    LETTER,
    LETTER_END,
    MARKS,
    clean_text,
    fold,
    recase,
    straighten_apostrophes,
    unaccent,
)

_LONGEST = 150
_MAY_HOLD_NOTE = "a part of it may be a note and no name: look at it"
_LEFT_OUT = "a note beside it is left out"
_LONGEST_FILLER = 3
"""Words: "no last name"."""
_HASH = re.compile(r"(?=.*\d)[0-9a-f]{16,128}|[0-9a-f]{32,128}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-.*")
_LINK = re.compile(r"https?://|www\.|\.(?:com|net|org|io)\b", re.IGNORECASE)
_REPEATED = re.compile(r"(.)\1{2,}")
# M?ller, M\ufffdller: what was no letter of some encoding on the way.
_LOST_LETTER = re.compile(rf"\ufffd|(?<={LETTER_END})[?](?={LETTER_END})")
_NOT_IN_NAMES = re.compile(
    rf"(?:[^\w{MARKS}\s.,'()\"\-&/]|[_=])[{MARKS}]*|(?<![\w{MARKS}])[{MARKS}]+"
)
_NUMBER_BEHIND = re.compile(rf"(?<={LETTER_END}{{2}})[_#]?\d{{1,2}}(?!\S)")
_STRAY_SIGNS = re.compile(r"(?<!\S)[()\"'.,-]+(?!\S)")
# What people set between two persons, as one sign.
_BESIDE_ANOTHER = re.compile(rf"(?<={LETTER_END})(?:\s*[;|、]\s*|\s+\+\s*|\s*\+\s+)(?=[^\W\d_])")
# In an address a plus is a space: Anna+Ek is one person, Anna+Bo Ek is two.
_PLUS = re.compile(rf"(?<={LETTER_END})\+(?=[^\W\d_])")
_SET_OFF = re.compile(r"(?<!\S)([dlo])'\s+(?=[^\W\d_])", re.IGNORECASE)
_INITIAL = re.compile(rf"({LETTER})\.")
_WORD_WITH_DIGIT = re.compile(r"\S*\d\S*")
_DIGIT = re.compile(r"\d")
_RETIRED = re.compile(r"(?<= )(a\. D\.|i\. R\.)(?!\S)")
# Suresh Kumar, S / O: Ramesh Rao
_RELATIVE = re.compile(r"(?:,\s*|\s+|^)([sdwhfm])\s?/\s?(o)\b[.:]*\s+", re.IGNORECASE)
# Mª, M.ª and Fcº as Spanish names are cut short.
_RAISED = re.compile(r"(?<=[^\W\d_])\.?([ªº])\.?")
_NOT_LETTERS = re.compile(r"[\W\d_]+")
_MC = re.compile(r"^(mc)([^\W\d_]{2,})$", re.IGNORECASE)
_APOSTROPHE = re.compile(r"^(o|d|l|dell|dall|degl|sant|n|m|t|s)'([^\W\d_].*)$", re.IGNORECASE)
# 't Hart and 's-Gravesande; any other name only has the sign of a spreadsheet or a quotation.
_OPENS_WITH_APOSTROPHE = re.compile(r"'[ts](?=[\s-])", re.IGNORECASE)
# Written small within a family's name.
_SMALL = frozenset(
    ["van", "von", "der", "den", "de", "del", "della", "di", "da", "das", "do", "dos", "du", "la",
     "le", "lo", "el", "al", "bin", "binti", "ibn", "ter", "ten", "het", "'t", "'s", "zu", "zum",
     "zur", "af", "av", "y", "e", "und", "s/o", "d/o", "a/l", "a/p"]
)  # fmt: skip
# Small only before another word of the family's name: in 't Veld, but Anna In.
_SMALL_BEFORE = frozenset(["aan", "bij", "in", "onder", "op", "over", "tot", "uit", "voor"])
# Small only behind another one: de la Cruz, but Le Goff, La Rosa.
_SMALL_BEHIND = frozenset(["la", "le", "lo"])
_LINKS_OF_PERSONS = BETWEEN_PERSONS | BETWEEN_GIVEN | {"en", "y", "e", "i"}


class Name(NamedTuple):
    """A person's name; `reasons` pairs the field with why what was in it is no name.

    `suffix`: which of several generations of that name, where it is said (GENERATIONS).
    """

    full: str | None = None
    first: str | None = None
    last: str | None = None
    reasons: tuple[tuple[str, str], ...] = ()
    suffix: str | None = None


NO_NAME = Name()


def normalize_name(
    full_raw: str | None,
    first_raw: str | None,
    last_raw: str | None,
    vocabularies: Vocabularies,
    email: str | None = None,
) -> Name:
    """One name from the fields that hold it; given parts win over parts read from the whole.

    `email`: the mailbox beside it, which may speak for a surname that fills fields too.
    """
    whole = _without_notes(full_raw, vocabularies, without_remarks)
    given = _without_notes(first_raw, vocabularies, without_remarks_in_part)
    family = _without_notes(last_raw, vocabularies, without_remarks_in_part)
    may_hold_note = False
    if given.text and family.text and not whole.text:
        both = without_remarks_in_both(given.text, family.text, vocabularies)
        if both is not None:
            first_left, last_left, may_hold_note = both
            given = Noted(first_left, has_note=given.has_note or first_left != given.text)
            family = Noted(last_left, has_note=family.has_note or last_left != family.text)
    full, full_reason = _usable(_beside_another(whole.text), vocabularies, is_clear=whole.is_clear)
    first, first_reason = _usable(_beside_another(given.text), vocabularies)
    last, last_reason = _usable(family.text or None, vocabularies)
    reasons = tuple(
        (field, reason)
        for field, reason in (
            ("full_name", full_reason or (_LEFT_OUT if whole.has_note else None)),
            ("first_name", first_reason or (_LEFT_OUT if given.has_note else None)),
            ("last_name", last_reason or (_LEFT_OUT if family.has_note else None)),
            ("last_name", _MAY_HOLD_NOTE if may_hold_note and not last_reason else None),
        )
        if reason
    )
    if _is_nobodys(full, (first_raw, last_raw), vocabularies) and not _speaks(email, full or last):
        filled = {"full_name": full, "first_name": first, "last_name": last}
        more = tuple((field, "placeholder") for field, text in filled.items() if text)
        return Name(reasons=reasons + more)
    parts = _parts_from(full, first, last, is_clear=whole.is_clear)
    if parts.doubt is not None:
        reasons += (("first_name", parts.doubt),)
    parts = _settled(parts)
    suffix = _generation(full, first, last) if parts.first and parts.last else None
    return Name(_joined(parts), parts.first, parts.last, reasons, suffix)


def _generation(*texts: str | None) -> str | None:
    """What the last word of a name says of father and son; None where texts differ in it.

    Alone it is a name: Junior Mendes.
    """
    found = {
        generation
        for text in texts
        if text
        and len(words := text.replace(",", " ").split()) > 1
        # i.V. is no fourth.
        and "." not in words[-1].rstrip(".")
        and (generation := _generation_said(words)) is not None
    }
    return found.pop() if len(found) == 1 else None


def _generation_said(words: list[str]) -> str | None:
    cut_short = GENERATIONS_CUT_SHORT.get(words[-1].lower())
    return cut_short if cut_short and suffixes_behind(words) else GENERATIONS.get(bare(words[-1]))


def _is_nobodys(
    full: str | None, parts: tuple[str | None, str | None], vocabularies: Vocabularies
) -> bool:
    """Whether all that is given only fills the fields: Guest, Guest Guest, Info | Requested."""
    given = [text for text in (" ".join(part for part in parts if part), full) if text]
    return bool(given) and all(_only_fills(text, vocabularies) for text in given)


def _only_fills(text: str, vocabularies: Vocabularies) -> bool:
    """Also behind a title: Frau N. N. What is too long for a name says nothing."""
    words = text.split()
    if sum(map(len, words)) > 2 * _LONGEST:
        return False
    named = words[titles_before(words) :] or words
    return _is_filler(_key(" ".join(named)), vocabularies)


def _is_filler(key: str, vocabularies: Vocabularies) -> bool:
    """Two words that are names too make a name: Bar Foo."""
    words = key.split()
    if key in vocabularies.placeholders["whole_name"] or is_a_remark(key, vocabularies):
        return True
    return _are_fillers(words, vocabularies, is_sure=len(set(words)) == 1)


def _are_fillers(words: list[str], vocabularies: Vocabularies, *, is_sure: bool) -> bool:
    """Whether the words are one filler behind another (n/a, N. N.), one of them (or what
    `is_sure` says) no name by itself."""
    # By how many words are read: whether one of them was no name, in each way to read so far.
    read: list[set[bool]] = [{is_sure}, *(set() for _ in words)]
    for start, found in enumerate(read):
        if not found:
            continue
        for end in range(start + 1, min(start + _LONGEST_FILLER, len(words)) + 1):
            head = " ".join(words[start:end])
            is_known = head in vocabularies.placeholders["whole_name"]
            is_none = vocabularies.is_placeholder_beside_a_name(head) or (
                is_known and end - start > 1
            )
            if is_known or is_none:
                read[end] |= {True} if is_none else found
    return True in read[-1]


def _speaks(email: str | None, text: str | None) -> bool:
    """Whether a mailbox has this word as a name beside another: peter.guest@ for Guest."""
    names = _NOT_LETTERS.split(email.partition("@")[0]) if email and text else []
    return len(names) > 1 and all(names) and fold(text or "") in names


def _key(text: str) -> str:
    """The folded words without numbers, which tell fillers apart: Guest 2, attendee3."""
    key = fold(text)
    if _DIGIT.search(key) is None:
        return key
    return " ".join(stem for word in key.split() if (stem := word.rstrip("0123456789"))) or key


def _cleaned(raw: str | None) -> str | None:
    if not raw:
        return None
    line = _RAISED.sub(r"\1.", on_one_line(raw))
    # NFKC takes the acute accent that stands for an apostrophe for one of a letter.
    text = clean_text(line if line.isascii() else straighten_apostrophes(line))
    if text is None or len(text) > _LONGEST:
        return text
    text = _RELATIVE.sub(r" \1/\2 ", text).strip() if "/" in text else text
    text = _RETIRED.sub(lambda found: found[0].replace(" ", ""), text)
    return with_titles_apart(without_name_at_birth(text))


def _without_notes(
    raw: str | None, vocabularies: Vocabularies, without: Callable[[str, Vocabularies], Noted]
) -> Noted:
    """The cleaned text without what somebody noted around the name; empty where nothing is."""
    text = _cleaned(raw) or ""
    if not text or len(text) > _LONGEST:
        return Noted(text)
    noted = without(text, vocabularies)
    return noted if noted.text else Noted(text)


def _beside_another(text: str) -> str | None:
    """A whole name with one sign between two persons, so that it is seen: Anna Ek; Bo Ek."""
    if not text:
        return None
    set_off = _BESIDE_ANOTHER.sub(" & ", text)
    return _PLUS.sub(" & ", set_off) if "+" in set_off and " " in set_off else set_off


def _usable(
    text: str | None, vocabularies: Vocabularies, *, is_clear: bool = True
) -> tuple[str | None, str | None]:
    if text is None:
        return None, None
    reason = _why_no_name(text, vocabularies)
    if reason:
        return None, reason
    plain = _NOT_IN_NAMES.sub(
        " ", _WORD_WITH_DIGIT.sub(" ", _NUMBER_BEHIND.sub("", _straight(text)))
    )
    if "' " in plain:
        plain = _SET_OFF.sub(r"\1'", plain)
    kept = clean_text(_STRAY_SIGNS.sub(" ", plain) if is_clear else plain)
    if kept is None or not any(char.isalpha() for char in kept):
        return None, "no letters"
    if titles_before(words := kept.split()) == len(words):
        return None, "a title, not a name"
    return kept, None


def _straight(text: str) -> str:
    return straighten_apostrophes(text).replace("“", '"').replace("”", '"')


def _why_no_name(text: str, vocabularies: Vocabularies) -> str | None:
    if len(text) > _LONGEST:
        return f"longer than {_LONGEST} characters"
    if "@" in text:
        return "an email address, not a name"
    if _HASH.fullmatch(text.lower()):
        return "a hash, not a name"
    if _LINK.search(text):
        return "a link, not a name"
    if _LOST_LETTER.search(text):
        return "letters lost on the way: deliver it in UTF-8"
    if vocabularies.is_placeholder_beside_a_name(_key(text)):
        return "placeholder"
    if is_birth_name_alone(text):
        return "the name at birth, not the name"
    letters = fold(text).replace(" ", "")
    if letters and _REPEATED.fullmatch(letters):
        return "placeholder"
    return None


def _parts_from(full: str | None, first: str | None, last: str | None, *, is_clear: bool) -> Parts:
    if first and last:
        return _both_given(first, last)
    if full:
        parts = split_name(full) if is_clear else Parts(whole=full, doubt=NOT_CLEAR)
        return _completed(parts, full, first, last)
    if first:
        return split_name(first)
    if last:
        whole = _holds_a_whole_name(last)
        return split_name(last) if whole else Parts(last=family_in_order(last))
    return Parts()


def _completed(whole: Parts, full: str, first: str | None, last: str | None) -> Parts:
    """The whole name, with the one part that was given beside it in place of its own."""
    if " " not in full and fold(full) in {fold(first or ""), fold(last or "")}:
        return Parts(last=last) if last else split_name(full)
    if not (first or last) or fold(full) in {fold(first or ""), fold(last or "")}:
        return whole
    if FAMILY_FIRST_SCRIPT.match(full) and first and full.endswith(first):
        return Parts(first, None, full.removesuffix(first))
    if " " not in full and first:
        # One word, and not that one: what it is called by besides.
        return Parts(first, None, whole.first or whole.last)
    if whole.doubt is not None and (first or last):
        return Parts(first, None, last, whole.whole, None if first else whole.doubt)
    if "," not in full and (beside := _rest_beside(whole, full, first, last)) is not None:
        return beside
    if not (first or whole.first) or not (last or whole.last):
        return whole._replace(first=first or whole.first, last=last or whole.last)
    parts = _both_given(first or whole.first or "", last or whole.last or "")
    # Mohd. Ali Khan, whose first name is given as Ali
    is_said = whole.middle and parts.first and _is_said_in(whole.middle, parts.first)
    return parts._replace(middle=None if is_said else whole.middle)


def _rest_beside(whole: Parts, full: str, first: str | None, last: str | None) -> Parts | None:
    """The name of which a part that its words begin or end with is given, where the split has
    another one: Mary Ann | Smith, Ana | Pérez Gómez, Park | Ji Sung. No word is lost or doubled."""
    words = without_asides(full).split()
    words = words[titles_before(words) :]
    words = words[: len(words) - suffixes_behind(words)]
    part, split = (first, whole.first) if first else (last or "", whole.last)
    size = len(part.split())
    if not size < len(words) or fold(part) == fold(split or ""):
        return None
    is_before, is_behind = (
        fold(" ".join(typed)) == fold(part) for typed in (words[:size], words[-size:])
    )
    rest = words[size:] if is_before else words[:-size]
    if first and is_before:
        count = len((whole.last or "").split())
        between = rest[: len(rest) - count]
        is_particle = " ".join(rest[len(between) :])[:1].islower()
        if not (is_particle or all(map(is_given, between))):
            # Juan Carlos | Pérez Gómez
            between = []
        return Parts(first, " ".join(between) or None, " ".join(rest[len(between) :]))
    if first and is_behind:
        # Nguyễn | Văn | An
        own = len((whole.last or "").split())
        own = own if own and fold(" ".join(rest[:own])) == fold(whole.last or "") else len(rest)
        return Parts(first, " ".join(rest[own:]) or None, " ".join(rest[:own]))
    if is_behind:
        count = _particles_behind(rest, part)
        given, particles = rest[: len(rest) - count], rest[len(rest) - count :]
        own = len((whole.first or "").split()) or len(given)
        middle = " ".join(given[own:]) or None
        return Parts(" ".join(given[:own]), middle, " ".join([*particles, part]))
    return Parts(" ".join(rest), None, part) if is_before else None


def _both_given(first: str, last: str) -> Parts:
    """Drops what a field repeats of the other: ("Anna Schmidt", "Schmidt") is Anna Schmidt.

    What is a given name is no repetition: ("Juan Carlos", "Carlos"). Two people stay whole.
    """
    if not first.isalpha() and are_several_first_names(first):
        return Parts(None, None, last, f"{first} {last}", SEVERAL_PERSONS)
    if fold(first) == fold(last) and " " in first:
        return split_name(first)
    first = _without_titles(first)
    if (repeated := _whole_in_last(first, last)) is not None:
        return repeated
    last = family_in_order(_without_suffix(last, first))
    while fold(first).endswith(" " + fold(last)) and not is_given(last):
        first = " ".join(first.split()[: -len(last.split())])
    words = first.split()
    count = _particles_behind(words, last)
    particles, given = words[len(words) - count :], " ".join(words[: len(words) - count])
    return Parts(given or None, None, " ".join([*particles, last]))


def _whole_in_last(first: str, last: str) -> Parts | None:
    """The whole name, where the field of the last name has it and so repeats the first one.

    ("Anna", "Berg, Jan") repeats nothing.
    """
    is_repeated = fold(last).startswith(fold(first) + " ")
    if "," not in last and not is_repeated:
        return None
    parsed = split_name(last)
    if not (parsed.first and parsed.last):
        return None
    given = " ".join(part for part in (parsed.first, parsed.middle) if part)
    if is_repeated or _is_said_in(first, given):
        return parsed
    return Parts(first, None, parsed.last) if _is_said_in(given, first) else None


def _is_said_in(shorter: str, longer: str) -> bool:
    """Whether all words of one are words of the other, or their initials."""
    words = fold(longer).split()
    return all(
        any(word == other or (len(word) == 1 and other.startswith(word)) for other in words)
        for word in fold(shorter).split()
    )


def _particles_behind(words: list[str], last: str) -> int:
    """How many words behind the first name belong to the last one: "Jan van der" | "Berg".

    Behind a word that is not known as a given name they may be one: "Xiao Le" | "Wang".
    """
    count = 0
    while count < len(words) and words[-1 - count].lower() in PARTICLES:
        count += 1
    if not words:
        return 0
    if count == len(words):
        is_given_to_nobody = words[0].lower() in NEVER_GIVEN and not is_given(words[0])
        return count if count > 1 or is_given_to_nobody else 0
    is_vietnamese = fold(last) in vietnamese_families()
    return count if is_given(words[0]) and not is_vietnamese else 0


def _without_titles(first: str) -> str:
    """The first name without "Dr." before it, if anything else is there."""
    words = first.split()
    return " ".join(words[min(titles_before(words), len(words) - 1) :])


def _without_suffix(last: str, first: str) -> str:
    """The last name without "Jr." or "PhD" after it, if anything else is there.

    Only what is one behind a whole name too: Ma and Do are names.
    """
    words = last.split()
    count = min(suffixes_behind([*first.split(), *words]), len(words) - 1)
    return " ".join(words[: len(words) - count])


def _holds_a_whole_name(last: str) -> bool:
    words = [word for word in last.split() if word.lower() not in PARTICLES]
    return "," in last and len(words) > 1


def _settled(parts: Parts) -> Parts:
    return Parts(
        _cased(parts.first, 0),
        _cased(parts.middle, 0),
        _cased(parts.last, 1),
        _cased_whole(parts.whole),
        parts.doubt,
    )


def _joined(parts: Parts) -> str | None:
    if parts.whole is not None and not (parts.first and parts.last):
        return parts.whole
    names = (parts.first, parts.middle, parts.last)
    if all(part and FAMILY_FIRST_SCRIPT.match(part) for part in (parts.first, parts.last)):
        return f"{parts.last} {parts.first}"
    return " ".join(part for part in names if part) or None


def _cased_whole(text: str | None) -> str | None:
    """A name that is not split, in a name's casing where it has none."""
    if text is None or not (text.isupper() or text.islower()):
        return text
    words = (
        word.lower() if word.lower() in _LINKS_OF_PERSONS else recase(word, _cased_in_whole)
        for word in text.split()
    )
    return " ".join(words)


def _cased_in_whole(word: str) -> str:
    return _cased_word(word, 1)


def _cased(part: str | None, position: int) -> str | None:
    """`part` in a name's casing; `position` 0 for given names, 1 for family names."""
    if part is None:
        return None
    text = part.strip(AROUND) if position else part.strip(AROUND.replace(".", ""))
    if position and _OPENS_WITH_APOSTROPHE.match(behind := part.lstrip(AROUND.replace("'", ""))):
        text = behind.rstrip(AROUND)
    words = [found[1] if (found := _INITIAL.fullmatch(word)) else word for word in text.split()]
    cased = [recase(word, lambda word: _cased_word(word, position)) for word in words]
    opens = words[0].lower() if position and words else ""
    if opens in _SMALL_BEHIND or (len(words) == 1 and opens in _SMALL):
        # Chinedu E., Pierre Le: no particle where nothing stands behind it.
        cased[0] = recase(words[0], lambda word: _capital(word.lower()))
    for place, word in enumerate(words[:-1] if position else ()):
        if word.lower() in _SMALL_BEFORE and (word.islower() or word.isupper()):
            cased[place] = word.lower()
    return " ".join(cased) or None


def _cased_word(word: str, position: int) -> str:
    if "-" in word:
        return "-".join(_cased_word(piece, position) for piece in word.split("-"))
    if word.islower() or word.isupper() or _is_inverted(word):
        return _recased(word, position)
    return word


def _is_inverted(word: str) -> bool:
    """jOHN: typed with caps lock on."""
    return len(word) > 1 and word[0].islower() and word[1:].isupper()


def _recased(word: str, position: int) -> str:
    lower = word.lower()
    if position and lower in _SMALL:
        return lower
    if word.isupper() and ("." in word or position == 0) and _are_initials(word):
        return word
    if match := _MC.match(lower):
        return "Mc" + _capital(match.group(2))
    if match := _APOSTROPHE.match(lower):
        return f"{_capital(match.group(1))}'{_capital(match.group(2))}"
    return _capital(lower)


def _are_initials(word: str) -> bool:
    """JP, T.J.: two consonants are no first name."""
    letters = word.replace(".", "")
    return "." in word or (len(letters) == 2 and not set(unaccent(letters)) & set("aeiouy"))


def _capital(lower: str) -> str:
    """First letter in upper case, where that is one letter still ("ß" has no capital to begin)."""
    upper = lower[:1].upper()
    return (upper if len(upper) == 1 else lower[:1]) + lower[1:]
