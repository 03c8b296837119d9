"""How people write the half of the day beside a time: `10:00 p`, `p. m.`, `μ.μ.`, `下午3:00`.

The words are those of day_halves.csv; dots and spaces between their letters say nothing.
"""

import csv
import re
from functools import cache, lru_cache
from pathlib import Path

_LIST = Path(__file__).with_name("day_halves.csv")
_TIME = r"\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d{1,6})?)?"
# Before a time they are other words: Sa 10:00 is on Saturday, `a 10:00` at that hour.
_ONLY_BEHIND = frozenset({"a", "p", "am", "pm", "sa", "ch"})
_ABBREVIATED = 2


@lru_cache(maxsize=1_000)
def plain_halves(text: str) -> str:
    """`text` with AM or PM, set off by a space, behind each time of day that has a half."""
    behind, before = _patterns()
    plain = before.sub(lambda found: f"{found['time']} {_half(found['word'])}", text)
    return behind.sub(lambda found: f"{found['time']} {_half(found['word'])}", plain)


@cache
def _patterns() -> tuple[re.Pattern[str], re.Pattern[str]]:
    words = sorted(_rows(), key=len, reverse=True)
    behind = "|".join(map(_written, words))
    before = "|".join(_written(word) for word in words if word not in _ONLY_BEHIND)
    return (
        re.compile(rf"(?<![\d:.])(?P<time>{_TIME})\s*(?P<word>{behind})(?![\w'’])", re.IGNORECASE),
        re.compile(rf"(?<!\w)(?P<word>{before})\s*(?P<time>{_TIME})(?![\d:])", re.IGNORECASE),
    )


def _written(word: str) -> str:
    between = r"\.?\s?" if len(word) <= _ABBREVIATED else ""
    return between.join(map(re.escape, word)) + r"\.?"


def _half(written: str) -> str:
    return _rows()["".join(sign for sign in written.casefold() if sign.isalpha())]


@cache
def _rows() -> dict[str, str]:
    with _LIST.open(encoding="utf-8", newline="") as stream:
        return {row["word"]: row["half"] for row in csv.DictReader(stream)}
