"""Words around a name that are no part of it: titles, degrees, and which of several generations.

Owns what is taken off before and behind; the words are those of name_words.csv. Some are names too
(Doc, Ing, Nat): those count as titles only with a dot, or beside another title.
"""

import re
from functools import cache

from nameparser.config import CONSTANTS

from lead_platform.identity.normalization.known_names import is_given, is_only_family
from lead_platform.vocabularies.birth_names import without_birth_names
from lead_platform.vocabularies.name_words import words_of
from lead_platform.vocabularies.text import LETTER, LETTER_END

AROUND = " ,.-'\"()&/"
# Which of several generations of one name a word behind it says.
GENERATIONS = {
    "sr": "sr", "snr": "sr", "senior": "sr", "jr": "jr", "jnr": "jr", "junior": "jr",
    "júnior": "jr", "ii": "ii", "iii": "iii", "iv": "iv",
}  # fmt: skip
# Only with a dot, where a name stands before them: Sen and Jun are names.
GENERATIONS_CUT_SHORT = {"jun.": "jr", "sen.": "sr", "ml.": "jr"}
# nameparser lists 800 titles; "Dean", "Major" or "King" among them are first names more often.
HONORIFICS = words_of("title") | words_of("title_behind_name")
# Names of people too: titles with a dot, or before a name that is known as a given one. Hon Wai
# Chan is called Hon Wai.
_BEFORE_GIVEN = words_of("title_before_given")
# Before a given name: Sir Fred.
GIVEN_TITLES = frozenset(["sir"])
# Names of people too: titles only where a dot says so.
_WITH_DOT = words_of("title_with_dot")
# Only behind a title: Dr. med. dent.
_BEHIND_TITLE = words_of("title_behind_title")
_DEGREES = words_of("degree")
_BEHIND = words_of("behind_name")
_RETIRED = frozenset(["a.D.", "i.R."])
_GIVEN_ABBREVIATED = words_of("given_abbreviated")
_ASIDE = re.compile(r"\([^()]*\)|\"[^\"]*\"|\[[^\[\]]*\]")
_BETWEEN_PIECES = re.compile(r"[.-]+")
# M.S. Dhoni is no Ms.
_INITIALS = re.compile(rf"(?:{LETTER}\.){{2,}},?")
_GLUED_TITLE = re.compile(rf"({LETTER_END}{{2,5}}\.)(?={LETTER_END}{{3}})")
# Japanese, Chinese and Korean; 々 repeats the sign before it, and rare names have signs of their
# own planes (𠮷田).
SIGNS_OF_FAMILY_FIRST = (
    r"\u3005\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
)
# What stands behind names of these scripts: 様, 部長.
BEHIND_NAME = words_of("title_behind_name")
_HONOUR = re.compile(
    rf"(?:(?<=[{SIGNS_OF_FAMILY_FIRST}])\s*|\s+)"
    rf"({'|'.join(sorted(BEHIND_NAME, key=len, reverse=True))})$"
)
_CAPITALS = re.compile(r"[A-Z]{2,4}")
_ABBREVIATED = re.compile(r"(?:[A-Z][a-z]{0,2}\.){2,}")
_ABBREVIATION = re.compile(r"[^\W\d_]{2,}(?:[.-]+[^\W\d_]+)*\.")


def bare(word: str) -> str:
    """The word in lower case without dots and what stands around it."""
    return word.lower().replace(".", "").strip(AROUND)


@cache
def suffixes() -> frozenset[str]:
    """What nameparser takes for degrees and generations behind a name; many are names too."""
    return frozenset(CONSTANTS.suffix_acronyms) | frozenset(CONSTANTS.suffix_not_acronyms)


def without_name_at_birth(text: str) -> str:
    """Anna Ek née Roche is Anna Ek."""
    return without_birth_names(text, is_given=is_given, is_family=is_only_family)


def without_asides(text: str) -> str:
    """A name without nicknames and the name at birth: "Bo (Bob) Ek", "Anna Ek née Roche"."""
    text = without_name_at_birth(text)
    return " ".join(_ASIDE.sub(" ", text).split()) or text


def with_titles_apart(text: str) -> str:
    """Dr.Anna Roth as Dr. Anna Roth, and a word of honour or rank behind a name in Japanese,
    Chinese or Korean before it, where titles are looked for: 様 田中, 部長 鈴木."""
    found = _GLUED_TITLE.match(text)
    is_one = bare(text.split()[0]) in HONORIFICS
    is_apart = found is not None and bare(found[1]) in HONORIFICS | _GIVEN_ABBREVIATED
    if found is not None and is_apart and not is_one:
        text = f"{found[1]} {text[found.end() :]}"
    if text.isascii():
        return text
    titles: list[str] = []
    while text not in BEHIND_NAME and (behind := _HONOUR.search(text)) is not None:
        titles.insert(0, behind[1])
        text = text[: behind.start()]
    return " ".join([*titles, text])


def titles_before(words: list[str]) -> int:
    """How many words at the beginning are titles, or a rank that somebody had: Oberst a.D."""
    if len(words) > 2 and words[1] in _RETIRED and not is_given(words[0]):
        return 2
    count = 0
    for word, behind in zip(words, [*words, ""][1:], strict=True):
        key, has_dot = bare(word), word.rstrip(",").endswith(".")
        is_title = _INITIALS.fullmatch(word) is None and (
            key in HONORIFICS
            or (has_dot and (key in _WITH_DOT or key in _BEFORE_GIVEN))
            or (key in _BEFORE_GIVEN and is_given(behind))
            or ("-" in word and is_abbreviation(word) and _is_made_of_titles(word))
        )
        is_behind_title = count > 0 and word.endswith(".") and key in _BEHIND_TITLE
        if not is_title and not is_behind_title:
            break
        count += 1
    return count


def is_abbreviation(word: str) -> bool:
    """Whether the word is cut short, and no initials: Wm., Lt.-Col."""
    return _ABBREVIATION.fullmatch(word) is not None


def is_given_abbreviated(word: str) -> bool:
    """Whether a word with a dot behind it is short for a given name, or one: Wm., Joh.-Seb."""
    return is_abbreviation(word) and (
        _is_short_given(bare(word)) or _is_short_given(_opening(word))
    )


def is_title_abbreviated(word: str) -> bool:
    """Whether a word with a dot behind it is a title or degree of nameparser's lists, or made of
    one: Maj.-Gen., Dipl.-Wirt.-Inf."""
    pieces = _BETWEEN_PIECES.split(word.lower().strip("."))
    is_one = bare(word) in CONSTANTS.titles or bare(word) in suffixes()
    return is_one or not _titles().isdisjoint(pieces)


def _is_short_given(key: str) -> bool:
    return key in _GIVEN_ABBREVIATED or (is_given(key) and key not in _titles())


def _opening(word: str) -> str:
    return _BETWEEN_PIECES.split(word.lower())[0]


@cache
def _titles() -> frozenset[str]:
    return HONORIFICS | _WITH_DOT | frozenset(CONSTANTS.titles)


def _is_made_of_titles(word: str) -> bool:
    return is_title_abbreviated(word) and not is_given_abbreviated(word)


def is_degree(text: str) -> bool:
    """Whether `text`, alone behind a comma, is written like a degree of nameparser's list: MA."""
    return _CAPITALS.fullmatch(text.strip(".,")) is not None and bare(text) in suffixes()


def suffixes_behind(words: list[str]) -> int:
    """How many words at the end are degrees or generations.

    Of two to four capitals beside a name that is not in capitals, nameparser's list tells: MA; and
    of abbreviations with dots behind two words: M.D.
    """
    count = 0
    for word in reversed(words[1:]):
        key, rest = bare(word), words[: len(words) - count - 1]
        stands_out = bool(_CAPITALS.fullmatch(word.strip(".,"))) and _are_in_small_letters(rest)
        is_abbreviated = len(rest) > 1 and bool(_ABBREVIATED.fullmatch(word.strip(",")))
        is_alone = key in ("senior", "junior", "júnior") and len(rest) == 1
        # Ivanov I.I. is no second; i.V. stands in for somebody.
        is_initials = word.isupper() and _INITIALS.fullmatch(word) is not None
        is_generation = key in GENERATIONS and not is_alone and not is_initials
        is_suffix = is_generation or key in _DEGREES or _is_behind(word.strip(","), rest)
        if not is_suffix and not ((stands_out or is_abbreviated) and key in suffixes()):
            break
        count += 1
    return count


def _is_behind(word: str, rest: list[str]) -> bool:
    """Roth jun., Roth a.D.; in capitals only behind a family's name: HANS ROTH JUN."""
    if word in _BEHIND:
        return rest[-1][:1].isupper()
    is_whole = len(rest) > 1 and is_only_family(rest[-1].strip(","))
    return is_whole and word.lower() in GENERATIONS_CUT_SHORT


def _are_in_small_letters(words: list[str]) -> bool:
    """Whether capitals stand out beside the words, initials aside: not beside LI WU."""
    return any(any(map(str.islower, word)) for word in words) and not any(
        word.isupper() and len(word) > 2 for word in words
    )
