"""Names of people: parts, casing, and what is not a name at all.

Titles, degrees and nicknames are dropped. What a person typed in mixed case stays as typed.
"""

import re
from functools import cache
from typing import NamedTuple

from nameparser import HumanName
from nameparser.config import CONSTANTS

from lead_platform.identity.normalization.family_first import family_name_of
from lead_platform.vocabularies.tables import Vocabularies
from lead_platform.vocabularies.text import (
    clean_text,
    fold,
    recase,
    straighten_apostrophes,
    unaccent,
    undo_percent_encoding,
)

_LONGEST = 150
_HASH = re.compile(r"(?=.*\d)[0-9a-f]{16,128}|[0-9a-f]{32,128}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-.*")
_LINK = re.compile(r"https?://|www\.|\.(?:com|net|org|io)\b", re.IGNORECASE)
_REPEATED = re.compile(r"(.)\1{2,}")
_PLAIN = re.compile(r"[^\W\d_]{2,}(?:[-'][^\W\d_]{2,})* [^\W\d_]{2,}(?:[-'][^\W\d_]{2,})*")
_AROUND = " ,.-'\"()&/"
_NOT_IN_NAMES = re.compile(r"[^\w\s.,'()\"\-&/]|[_=]")
_STRAY_SIGNS = re.compile(r"(?<!\S)[()\"'.,-]+(?!\S)")
_INITIAL = re.compile(r"[^\W\d_]\.")
_WORD_WITH_DIGIT = re.compile(r"\S*\d\S*")
_DIGIT = re.compile(r"\d")
_NOT_LETTERS = re.compile(r"[\W\d_]+")
_MC = re.compile(r"^(mc)([^\W\d_]{2,})$", re.IGNORECASE)
_APOSTROPHE = re.compile(r"^(o|d|l|dell|n|m)'([^\W\d_].*)$", re.IGNORECASE)
_REMARK = re.compile(r"([^\W\d_][\w.'’-]* [\w.'’ -]*[^\W\d_]\.?)(?:\s*;.*| - [A-Z]{2,7})")
_INITIALS = re.compile(r"((?:[^\W\d_]\. ?){2,}) ?([^\W\d_]{2,}(?:[-'][^\W\d_]+)*)")
_SAINT = re.compile(r"(.+) ((?:saint|sainte) [^\W\d_]+)", re.IGNORECASE)
# Written with their marks these are family names and stand first, as in all of Vietnam.
_VIETNAMESE_FAMILIES = frozenset(
    ["nguyễn", "trần", "lê", "phạm", "huỳnh", "hoàng", "vũ", "võ", "đặng", "bùi", "đỗ", "hồ",
     "ngô", "dương", "lý"]
)  # fmt: skip
_PARTICLES = frozenset(
    [
        "van",
        "von",
        "der",
        "den",
        "de",
        "del",
        "della",
        "di",
        "da",
        "das",
        "do",
        "dos",
        "du",
        "la",
        "le",
        "lo",
        "el",
        "al",
        "bin",
        "binti",
        "ibn",
        "ter",
        "ten",
        "het",
        "'t",
        "zu",
        "zum",
        "zur",
        "af",
        "av",
        "y",
        "e",
    ]
)
# Which of several generations of one name a word behind it says.
GENERATIONS = {
    "sr": "sr", "snr": "sr", "senior": "sr", "jr": "jr", "jnr": "jr", "junior": "jr",
    "ii": "ii", "iii": "iii", "iv": "iv",
}  # fmt: skip
_FAMILY_FIRST_SCRIPT = re.compile(r"^[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]+$")
# nameparser lists 800 titles; "Dean", "Major" or "King" among them are first names more often.
_HONORIFICS = frozenset(
    [
        "mr",
        "mrs",
        "ms",
        "mx",
        "miss",
        "dr",
        "drs",
        "prof",
        "professor",
        "sir",
        "madam",
        "herr",
        "frau",
        "monsieur",
        "madame",
        "mme",
        "mlle",
        "sr",
        "sra",
        "srta",
        "señor",
        "señora",
        "signor",
        "signora",
        "dott",
        "dottssa",
        "ing",
        "rev",
        "hon",
    ]
)


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
    full, full_reason = _usable(full_raw, vocabularies)
    first, first_reason = _usable(first_raw, vocabularies)
    last, last_reason = _usable(last_raw, vocabularies)
    reasons = tuple(
        (field, reason)
        for field, reason in (
            ("full_name", full_reason),
            ("first_name", first_reason),
            ("last_name", last_reason),
        )
        if reason
    )
    if _is_nobodys(full, (first_raw, last_raw), vocabularies) and not _speaks(email, full or last):
        given = {"full_name": full, "first_name": first, "last_name": last}
        more = tuple((field, "placeholder") for field, text in given.items() if text)
        return Name(reasons=reasons + more)
    parts = _settled(_parts_from(full, first, last))
    suffix = _generation(full, first, last) if parts.first and parts.last else None
    return Name(_joined(parts), parts.first, parts.last, reasons, suffix)


def _generation(*texts: str | None) -> str | None:
    """What the last word of a name says of father and son; None where texts differ in it.

    Alone it is a name: Junior Mendes.
    """
    found = {
        GENERATIONS[word]
        for text in texts
        if text
        and len(words := text.replace(",", " ").split()) > 1
        and (word := _bare(words[-1])) in GENERATIONS
    }
    return found.pop() if len(found) == 1 else None


def _is_nobodys(
    full: str | None, parts: tuple[str | None, str | None], vocabularies: Vocabularies
) -> bool:
    """Whether all that is given only fills the fields: Guest, Guest Guest, Info | Requested."""
    given = [text for text in (" ".join(part for part in parts if part), full) if text]
    return bool(given) and all(_is_filler(_key(text), vocabularies) for text in given)


def _is_filler(key: str, vocabularies: Vocabularies) -> bool:
    """Two words that are names too make a name: Bar Foo."""
    whole = vocabularies.placeholders["whole_name"]
    if key in whole or vocabularies.is_placeholder_beside_a_name(key):
        return True
    words = set(key.split())
    alone = {word for word in words if vocabularies.is_placeholder_beside_a_name(word)}
    return words <= (alone | whole) and (bool(alone) or len(words) == 1)


def _speaks(email: str | None, text: str | None) -> bool:
    """Whether a mailbox has this word as a name beside another: peter.guest@ for Guest."""
    names = _NOT_LETTERS.split(email.partition("@")[0]) if email and text else []
    return len(names) > 1 and all(names) and fold(text or "") in names


def _key(text: str) -> str:
    """The folded words without numbers, which tell fillers apart: Guest 2, attendee3."""
    key = fold(text)
    if _DIGIT.search(key) is None:
        return key
    return " ".join(bare for word in key.split() if (bare := word.rstrip("0123456789"))) or key


class _Parts(NamedTuple):
    first: str | None
    middle: str | None
    last: str | None


def _usable(raw: str | None, vocabularies: Vocabularies) -> tuple[str | None, str | None]:
    text = clean_text(undo_percent_encoding(raw)) if raw else None
    if text is None:
        return None, None
    text = _without_remark(text)
    reason = _why_no_name(text, vocabularies)
    if reason:
        return None, reason
    bare = _NOT_IN_NAMES.sub(" ", _WORD_WITH_DIGIT.sub(" ", _straight(text)))
    kept = clean_text(_STRAY_SIGNS.sub(" ", bare))
    if kept is None or not any(char.isalpha() for char in kept):
        return None, "no letters"
    return kept, None


def _without_remark(text: str) -> str:
    """A whole name without what somebody noted behind it: "Owen Pratt - USD", "…; DELETE"."""
    found = _REMARK.fullmatch(text) if len(text) <= _LONGEST else None
    return found[1] if found and not found[1].isupper() else text


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
    if vocabularies.is_placeholder_beside_a_name(_key(text)):
        return "placeholder"
    if all(_bare(word) in _HONORIFICS for word in text.split()):
        return "a title, not a name"
    letters = fold(text).replace(" ", "")
    if letters and _REPEATED.fullmatch(letters):
        return "placeholder"
    return None


def _parts_from(full: str | None, first: str | None, last: str | None) -> _Parts:
    if first and last:
        return _both_given(first, last)
    if full:
        return _completed(_parse(full), full, first, last)
    if first:
        return _parse(first)
    if last:
        return _parse(last) if _holds_a_whole_name(last) else _Parts(None, None, last)
    return _Parts(None, None, None)


def _completed(whole: _Parts, full: str, first: str | None, last: str | None) -> _Parts:
    """The whole name, with the one part that was given beside it in place of its own."""
    if fold(full) in {fold(first or ""), fold(last or "")}:
        return whole
    if not (first or whole.first) or not (last or whole.last):
        return _Parts(first or whole.first, whole.middle, last or whole.last)
    parts = _both_given(first or whole.first or "", last or whole.last or "")
    return parts._replace(middle=whole.middle)


def _both_given(first: str, last: str) -> _Parts:
    """Drops what a field repeats of the other: ("Anna Schmidt", "Schmidt") is Anna Schmidt."""
    if fold(first) == fold(last) and " " in first:
        return _parse(first)
    if "," in last or fold(last).startswith(fold(first) + " "):
        parsed = _parse(last)
        if parsed.first and parsed.last:
            return parsed
    while fold(first).endswith(" " + fold(last)):
        first = " ".join(first.split()[: -len(last.split())])
    return _Parts(_without_titles(first), None, _without_suffix(last))


def _without_titles(first: str) -> str:
    """The first name without "Dr." before it, if anything else is there."""
    words = first.split()
    while len(words) > 1 and _bare(words[0]) in _HONORIFICS:
        words = words[1:]
    return " ".join(words)


def _without_suffix(last: str) -> str:
    """The last name without "Jr." or "PhD" after it, if anything else is there."""
    words = last.replace(",", " ").split()
    while len(words) > 1 and _bare(words[-1]) in _suffixes():
        words = words[:-1]
    return " ".join(words)


def _holds_a_whole_name(last: str) -> bool:
    words = [word for word in last.split() if word.lower() not in _PARTICLES]
    return "," in last and len(words) > 1


def _parse(text: str) -> _Parts:
    """The parts of a whole name.

    Two plain words, the common case, are first and last name to nameparser as well; it takes
    120 µs to say so, this takes 1 (tests compare the two).
    """
    words = text.split()
    if len(words) == 1:
        family = family_name_of(text) if _FAMILY_FIRST_SCRIPT.match(text) else None
        if family is not None:
            return _Parts(text.removeprefix(family), None, family)
        return _Parts(text.strip(",."), None, None)
    if all(_FAMILY_FIRST_SCRIPT.match(word) for word in words):
        return _Parts(" ".join(words[1:]), None, words[0])
    if _PLAIN.fullmatch(text) and not any(_bare(word) in _special_words() for word in words):
        return _Parts(words[0], None, words[1])
    if len(words) > 2 and words[0].lower() in _VIETNAMESE_FAMILIES:
        return _Parts(" ".join(words[1:]), None, words[0])
    if found := _INITIALS.fullmatch(text) or _SAINT.fullmatch(text):
        return _Parts(found[1].strip(), None, found[2])
    parsed = HumanName(text)
    first, middle, last = str(parsed.first), str(parsed.middle), str(parsed.last)
    return _Parts(_trimmed(first), _trimmed(middle), _trimmed(last))


def _trimmed(part: str) -> str | None:
    return part.strip(_AROUND) or None


def _settled(parts: _Parts) -> _Parts:
    return _Parts(_cased(parts.first, 0), _cased(parts.middle, 0), _cased(parts.last, 1))


def _joined(parts: _Parts) -> str | None:
    if all(part and _FAMILY_FIRST_SCRIPT.match(part) for part in (parts.first, parts.last)):
        return f"{parts.last} {parts.first}"
    return " ".join(part for part in parts if part) or None


def _cased(part: str | None, position: int) -> str | None:
    """`part` in a name's casing; `position` 0 for given names, 1 for family names."""
    if part is None:
        return None
    text = part.strip(_AROUND) if position else part.strip(_AROUND.replace(".", ""))
    undotted = (word[:1] if _INITIAL.fullmatch(word) else word for word in text.split())
    words = (recase(word, lambda word: _cased_word(word, position)) for word in undotted)
    return " ".join(words) or None


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
    if position and lower in _PARTICLES:
        return lower
    if position == 0 and word.isupper() and _are_initials(word):
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


def _bare(word: str) -> str:
    return word.lower().replace(".", "").strip(_AROUND)


@cache
def _suffixes() -> frozenset[str]:
    return frozenset(CONSTANTS.suffix_acronyms) | frozenset(CONSTANTS.suffix_not_acronyms)


@cache
def _special_words() -> frozenset[str]:
    """Words nameparser treats as more than a name."""
    return (
        _HONORIFICS
        | _suffixes()
        | frozenset(CONSTANTS.prefixes)
        | frozenset(CONSTANTS.conjunctions)
        | frozenset(CONSTANTS.bound_first_names)
    )
