"""A name that stands on several lines of its cell: wrapped, or one below the other.

Owns where a line ends. Whose the name is then, `name_subjects` tells.
"""

import re

from lead_platform.identity.normalization.known_names import is_given
from lead_platform.identity.normalization.name_subjects import BETWEEN_GIVEN, BETWEEN_PERSONS
from lead_platform.identity.normalization.name_words import bare, titles_before
from lead_platform.vocabularies.text import undo_percent_encoding

_END = re.compile(r"\s*(?:[\n\r\v\f\x85\u2028\u2029]|<br\s*/?>)\s*", re.IGNORECASE)


def on_one_line(raw: str) -> str:
    """The name without its percent-encoding on one line, with a sign between what is not one name.

    A line that has only one word, a title or a word between two people goes on in the next one;
    lines that are names themselves are two, and so are two given names.
    """
    text = undo_percent_encoding(raw)
    if text.isprintable() and "<" not in text:
        return text
    lines = [line for line in _END.split(text) if line]
    if len(lines) < 2:
        return text
    return (" / " if _are_several(lines) else " ").join(lines)


def _are_several(lines: list[str]) -> bool:
    named = [words[titles_before(words) :] for line in lines if (words := line.split())]
    if any(not words or _links(words[-1]) or _links(words[0]) for words in named):
        return False
    if all(len(words) > 1 for words in named):
        return True
    opens_like_one = all(is_given(words[0].strip(",;")) for words in named)
    return opens_like_one and (len(named[0]) > 1 or all(len(words) == 1 for words in named))


def _links(word: str) -> bool:
    key = bare(word) or word
    return key in BETWEEN_PERSONS or (key in BETWEEN_GIVEN and word.islower()) or word == ","
