"""Rows of a table that are a title over those below: `DO NOT CONTACT`, typed between people.

Owns which say who may be reached: as rows they are rejected, and nobody below them hears of it.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from lead_platform.capture.guessing.names import FieldNames
from lead_platform.capture.values import show
from lead_platform.vocabularies.tables import IntakeLists

_LEAST_COLUMNS = 2
_MOST_WORDS = 6
_Placed = tuple[int, Mapping[str, Any]]


def ask_about_titles_of_rows(
    records: Iterable[_Placed], names: FieldNames, lists: IntakeLists
) -> Iterator[str]:
    """A question for each record, with its row, whose only cell may say who may be reached."""
    for row, content in records:
        title = _lone_text(content)
        if title is not None and _speaks_of_leave(title, names, lists):
            yield (
                f"row {row}: is {show(title)} said of the rows below it? They come in as all "
                "others do, and the row itself is rejected. Where it is, leave them out, or write "
                "it into a column of theirs, before delivery"
            )


def _lone_text(content: Mapping[str, Any]) -> str | None:
    if len(content) < _LEAST_COLUMNS:
        return None
    filled = [value for value in content.values() if value not in (None, "")]
    if len(filled) != 1 or not isinstance(filled[0], str):
        return None
    text = filled[0].strip(" \t:*#=-–—")
    is_title = 0 < len(text.split()) <= _MOST_WORDS and "@" not in text
    return text if is_title else None


def _speaks_of_leave(title: str, names: FieldNames, lists: IntakeLists) -> bool:
    path = (title,)
    is_named = names.is_about_consent(path) or names.speaks_of_leave(path)
    return is_named or lists.says_consent(title.lower()) == "denied"
