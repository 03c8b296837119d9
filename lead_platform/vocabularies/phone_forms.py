"""How texts write phone numbers otherwise than in digits: by letters, as a spreadsheet's figure.

Capture asks whether a number may stand there, identity which; both read these forms alike.
"""

import re
from typing import NamedTuple

_EXPONENT = re.compile(r"\+?(\d)(?:[.,](\d+))?\s?E\+?(\d{1,2})", re.IGNORECASE)
# 1-800-FLOWERS, (800) GO-FEDEX, 415-555-HOME: area code and seven places, capitals among them.
_BY_LETTERS = re.compile(
    r"(?:\+?1[\s.-]*)?[\[(]?(?P<area>[2-9]\d{2})[\])]?[\s.-]*"
    r"(?P<rest>[2-9A-Z][A-Z\d]*(?:[ .-][A-Z\d]+)*)"
)
_PLACES = 7
# Fewer are a remark behind a local number ("555-2671 BOB"), or digits that were masked ("XXXX").
_FEWEST_LETTERS = 4
_FEWEST_DIFFERENT = 3
_DIAL = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "22233344455566677778889999")


class Figure(NamedTuple):
    """What a spreadsheet shows of a long number; no digits where some are lost."""

    digits: str | None


def exponent_in(text: str) -> Figure | None:
    """The number of `4.915155501234E+12`; None where `text` is no such figure."""
    found = _EXPONENT.fullmatch(text)
    if found is None:
        return None
    decimals = found[2] or ""
    return Figure(found[1] + decimals if len(decimals) == int(found[3]) else None)


def dialled_by_letters(text: str) -> str | None:
    """The digits of a North American number that is dialled by letters, with its country code; None
    where not the whole of `text` is one, for letters beside a number are words."""
    found = _BY_LETTERS.fullmatch(text.strip())
    return None if found is None else _dialled(found)


def holds_letters_of_the_dial(text: str) -> bool:
    """Whether a number dialled by letters stands somewhere in `text`."""
    return any(_dialled(found) is not None for found in _BY_LETTERS.finditer(text))


def _dialled(found: re.Match[str]) -> str | None:
    places = re.sub(r"[ .-]", "", found["rest"])
    letters = [char for char in places if char.isalpha()]
    if len(places) != _PLACES or len(letters) < _FEWEST_LETTERS:
        return None
    if len(set(letters)) < _FEWEST_DIFFERENT:
        return None
    return f"+1{found['area']}{places.translate(_DIAL)}"
