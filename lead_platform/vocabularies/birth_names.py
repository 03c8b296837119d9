"""Words that set the name at birth behind a name: née Martin, geb. Schmidt, z domu Nowak.

The list beside this module, birth_names.csv, has one a line with its language. Some are names too
(Nata Berg, Max Born, Lee Nee): without a dot, an accent or a second word they count only in small
letters behind a name; where all is in small letters, behind two words of it. Some are initials too
(f., o.s.), or a given name cut short (Rod.): they count only where they can be none, for a name at
birth that stays does less harm than a surname that goes.
"""

import csv
import re
from collections.abc import Callable
from functools import cache
from pathlib import Path

from lead_platform.vocabularies.text import LETTER_END

_LIST = Path(__file__).with_name("birth_names.csv")
_SHORTEST_ABBREVIATION = 4
# One letter or two before a dot, or several such: f., ur., o.s., z d.
_INITIALS = re.compile(r"(?:[^\W\d_]{1,2}\.|[^\W\d_] (?=.\.))+")
# With a capital: Rodrigo, Rosalind.
_GIVEN_CUT_SHORT = frozenset({"Rod.", "Roz."})


def without_birth_names(
    text: str, *, is_given: Callable[[str], bool], is_family: Callable[[str], bool]
) -> str:
    """`text` without each name at birth and the word before it, up to a comma or a bracket; as it
    is where nothing else would be left. `is_given`, `is_family`: whether a word is known as such,
    and as hardly anything else."""
    if " " not in text and "(" not in text:
        return text
    rest, start = text, 0
    while (found := _behind_a_name().search(rest, start)) is not None:
        if _counts(found, rest, is_given, is_family):
            rest, start = rest[: found.start()] + rest[found.end() :], found.start()
        else:
            start = found.end("mark")
    return rest if any(map(str.isalpha, rest)) else text


def is_birth_name_alone(text: str) -> bool:
    """Whether `text` begins with such a word: it says no name but the one at birth."""
    found = _at_the_beginning().match(text)
    if found is None or _may_be_a_name(found):
        return False
    return found["sure"] is not None or not text.islower()


def _counts(
    found: re.Match[str],
    text: str,
    is_given: Callable[[str], bool],
    is_family: Callable[[str], bool],
) -> bool:
    """Whether what was found sets a name at birth, and is no part of the name itself."""
    sign = found["sign"].strip()
    before = text[: found.start()].split()
    if not _may_be_a_name(found):
        return bool(found["sure"] or sign or not text.islower() or len(before) > 1)
    if sign in ("(", "["):
        return True
    behind = text[found.end() :].strip(" ,").split()
    is_index_form = bool(behind) and is_given(behind[0])
    if text.islower() or is_given(found["other"].split()[0]):
        return False
    if sign == ",":
        return is_index_form or len(before) > 1
    # Anna Berg f. Roth; Berg f. Roth, Anna. An initial is more likely in Juan Carlos f. Santos.
    is_whole = len(before) == 2 and is_given(before[0])
    return is_family(before[-1]) and (is_whole or (len(before) == 1 and is_index_form))


def _may_be_a_name(found: re.Match[str]) -> bool:
    return found["initials"] is not None or found["mark"].strip() in _GIVEN_CUT_SHORT


@cache
def _behind_a_name() -> re.Pattern[str]:
    return re.compile(
        rf"(?<={LETTER_END}|[.)])(?P<sign>\s*[,(\[]\s*|\s+){_marks()}(?P<other>[^,()\[\]]*)[)\]]?"
    )


@cache
def _at_the_beginning() -> re.Pattern[str]:
    return re.compile(rf"\s*[(\[]?\s*{_marks()}")


@cache
def _marks() -> str:
    with _LIST.open(encoding="utf-8", newline="") as stream:
        words = sorted((row["words"] for row in csv.DictReader(stream)), key=len, reverse=True)
    initials = [word for word in words if _INITIALS.fullmatch(word)]
    sure = [word for word in words if word not in initials and _is_sure(word)]
    others = [word for word in words if word not in initials and word not in sure]
    # "geb.Schmidt", "née Martin", "geb. von der Heide".
    return (
        rf"(?P<mark>(?:(?P<sure>(?i:{_any(sure)}))|(?P<initials>{_any(initials)})|{_any(others)})"
        r"(?:(?<=\.)\s*|\s+))(?=[^\W\d_])"
    )


def _any(words: list[str]) -> str:
    return "|".join(map(_pattern, words))


def _pattern(word: str) -> str:
    return r"\s+".join(map(re.escape, word.split()))


def _is_sure(word: str) -> bool:
    """Whether nobody is called so."""
    is_abbreviated = word.endswith(".") and len(word) >= _SHORTEST_ABBREVIATION
    return is_abbreviated or " " in word or word in ("née", "geborene")
