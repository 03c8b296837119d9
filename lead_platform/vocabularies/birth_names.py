"""Words that set the name at birth behind a name: née Martin, geb. Schmidt, z domu Nowak.

The list beside this module, birth_names.csv, has one a line with its language. Some are names too
(Nata Berg, Max Born, Lee Nee): without a dot, an accent or a second word they count only in small
letters behind a name; where all is in small letters, behind two words of it.
"""

import csv
import re
from functools import cache
from pathlib import Path

_LIST = Path(__file__).with_name("birth_names.csv")
_SHORTEST_ABBREVIATION = 4


def without_birth_names(text: str) -> str:
    """`text` without each name at birth and the word before it, up to a comma or a bracket; as it
    is where nothing else would be left."""
    if " " not in text and "(" not in text:
        return text
    kept = _behind_a_name().sub(lambda found: _kept(found, text), text)
    return kept if any(map(str.isalpha, kept)) else text


def is_birth_name_alone(text: str) -> bool:
    """Whether `text` begins with such a word: it says no name but the one at birth."""
    found = _at_the_beginning().match(text)
    return found is not None and (found["sure"] is not None or not text.islower())


def _kept(found: re.Match[str], text: str) -> str:
    is_set_off = found["sign"].strip() != ""
    words_before = len(text[: found.start()].split())
    if found["sure"] or is_set_off or not text.islower() or words_before > 1:
        return ""
    return found[0]


@cache
def _behind_a_name() -> re.Pattern[str]:
    return re.compile(rf"(?<=[^\W\d_]|[.)])(?P<sign>\s*[,(\[]\s*|\s+){_marks()}[^,()\[\]]*[)\]]?")


@cache
def _at_the_beginning() -> re.Pattern[str]:
    return re.compile(rf"\s*[(\[]?\s*{_marks()}")


@cache
def _marks() -> str:
    with _LIST.open(encoding="utf-8", newline="") as stream:
        words = sorted((row["words"] for row in csv.DictReader(stream)), key=len, reverse=True)
    sure = "|".join(_pattern(word) for word in words if _is_sure(word))
    others = "|".join(_pattern(word) for word in words if not _is_sure(word))
    # "geb.Schmidt", "née Martin", "geb. von der Heide".
    return rf"(?:(?P<sure>(?i:{sure}))|(?:{others}))(?:(?<=\.)\s*|\s+)(?=[^\W\d_])"


def _pattern(word: str) -> str:
    return r"\s+".join(map(re.escape, word.split()))


def _is_sure(word: str) -> bool:
    """Whether nobody is called so."""
    is_abbreviated = word.endswith(".") and len(word) >= _SHORTEST_ABBREVIATION
    return is_abbreviated or " " in word or word in ("née", "geborene")
