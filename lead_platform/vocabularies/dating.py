"""Dates that people set beside what they state: `unsubscribed 3 Nov`, `abgemeldet am 3.11.`.

Owns where in a text such a date stands, not which day it is: that is for `capture.worded_dates`.
Months and weekdays come from CLDR, the words before a date and those for one (`gestern`) from
dating_words.csv.
"""

import csv
import re
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Literal, NamedTuple

from lead_platform.vocabularies.text import fold

_LIST = Path(__file__).with_name("dating_words.csv")
_LANGUAGES = (
    "en", "de", "fr", "es", "it", "nl", "pt", "ca", "da", "nb", "sv", "fi", "et", "lv", "lt", "pl",
    "cs", "sk", "sl", "hr", "hu", "ro", "bg", "el", "tr", "ru", "uk", "id",
)  # fmt: skip
# Months of one language that are other words in another: only right behind a day, or a word for
# `on` or `in`, are they one.
_ALSO_WORDS = frozenset(
    ["ago", "ara", "des", "mag", "mai", "mar", "may", "paz", "set", "sie", "sub"]
)
# October in Portuguese, and half of what people say of lists.
_OUT = "out"
_SHORTEST_WEEKDAY = 3
_LONGEST_PHRASE = 3
_TOKEN = re.compile(
    r"\d+(?:[./:-]\d+)*(?:T\d\d:\d\d(?::\d\d)?(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)?)?|[^\W\d_]+(?:['’][^\W\d_]+)*"
)
_TIMES = re.compile(r"\d[:.]\d\d")
_DIGIT = re.compile(r"\d")
_WORD = re.compile(r"[^\W\d_]+")
_BETWEEN = re.compile(r"[ .,'’]{0,4}[-–]?[ '’]{0,2}")
# A time of day goes with the date beside it.
_CLOCK = re.compile(
    r"(?<=[\d.,a-z\s])\b\d{1,2}[:.]\d{2}(?::\d{2})?\s?"
    r"(?:[ap]\.?m\b\.?|uhr\b|h\b)?\s?(?:utc\b|gmt\b|z\b|[+-]\d{2}:?\d{2}\b)?(?![\d./-])",
    re.IGNORECASE,
)
_IDEOGRAPHIC = re.compile(r"(?:\d{2,4}\s?[年년]\s?)?\d{1,2}\s?[月월]\s?\d{1,2}\s?[日일]")
# A full stop goes with the date (`3.11. abgemeldet`), unless a sentence begins behind it.
_BEHIND_A_DATE = re.compile(r"^ *(?:\.(?! +[^\W\d_a-zß-ÿ]))? *")
_PLACE = "\x00"
_FORMS = {
    "date": re.compile(
        r"\d{1,2}[./-]\d{1,2}(?:[./-](?:\d{2}|\d{4}))?|\d{1,2}[./-](?:19|20)\d\d"
        r"|\d{4}[./-]\d{1,2}[./-]\d{1,2}(?:T.*)?|(?:19|20)\d\d"
        r"|(?:19|20)\d\d(?:0\d|1[0-2])[0-3]\d"
    ),
    "number": re.compile(r"\d{1,2}"),
    "time": re.compile(r"\d{1,2}:\d{2}(?::\d{2})?"),
}
_DATE_AT_END = re.compile(
    r"(?<=[^\W\d_])[ ,:]+(?:\d{1,2}[./-]\d{1,2}(?:[./-](?:\d{2}|\d{4}))?|\d{4}-\d{1,2}-\d{1,2})"
    r"(?=[\s.)\]]*$)"
)
# What a date ends with, and what says that it is one.
_ENDS = frozenset({"date", "number", "time", "month", "ordinal"})
_PUT_BEFORE = frozenset({"since", "on", "for"})
_YEAR = 4
_SAYS = frozenset({"date", "month"})
_BEFORE_A_MONTH = frozenset({"number", "ordinal", "joins", "on", "since"})


class Undated(NamedTuple):
    """A text without its dates, and how long what it says lasts by them: from one on (`since`), on
    that `day` alone (`for today`), or nobody knows (`open`). `parted` has a comma for each."""

    text: str
    parted: str
    lasts: Literal["since", "day", "open"]


class _Token(NamedTuple):
    """What may be of a date, and where it stands."""

    start: int
    end: int
    kind: str

    @property
    def is_whole(self) -> bool:
        """Of a date in figures: whether it is more than a year."""
        return self.end - self.start > _YEAR


def without_dates(text: str) -> Undated | None:
    """What is left of a text without the dates in it and the words before them; None where there
    are none, or nothing else."""
    if not _may_have_date(text):
        return None
    rest, kinds = _IDEOGRAPHIC.sub(" ", _without_clock(text)), set[str]()
    for run in reversed(list(_runs(rest))):
        tokens = _date_of(run)
        if tokens:
            kinds |= {token.kind for token in tokens}
            behind = _BEHIND_A_DATE.sub("", rest[tokens[-1].end :], count=1)
            rest = f"{rest[: tokens[0].start].rstrip()}{_PLACE}{behind}"
    if rest == text or not _WORD.search(rest):
        return None
    return Undated(
        " ".join(rest.replace(_PLACE, " ").split(" ")).strip(" ,;-–").replace("  ", " "),
        rest.replace(_PLACE, ", ").strip(" ,;-–"),
        "since" if "since" in kinds else "day" if "for" in kinds else "open",
    )


def without_dates_beside_number(text: str) -> str:
    """A text that holds a telephone number, without the dates that are no part of one: behind a
    word such as `since`, or at the end right behind any word (`DNC 3/11/2024`)."""
    rest = text
    for run in reversed(list(_runs(text))):
        end = next((at for at in range(len(run), 0, -1) if run[at - 1].kind in _ENDS), 0)
        start = next((at for at in range(end - 1, -1, -1) if run[at].kind in _PUT_BEFORE), end)
        said = run[start:end]
        # `on 2020 3344` goes on with the number.
        if any(
            token.kind == "month"
            or (token.kind == "date" and (said[0].kind == "since" or token.is_whole))
            for token in said
        ):
            rest = rest[: said[0].start] + rest[said[-1].end :]
    return _DATE_AT_END.sub("", rest)


def has_date(text: str) -> bool:
    """Whether a date stands in a text."""
    if _IDEOGRAPHIC.search(text):
        return True
    text = _without_clock(text)
    return _may_have_date(text) and any(_date_of(run) for run in _runs(text))


@cache
def month_names() -> dict[str, int]:
    """Months by their names, folded, in whatever language, where these mean one."""
    return _names()[0]


@cache
def weekday_names() -> frozenset[str]:
    """Names of weekdays, folded, in whatever language."""
    return _names()[1]


def _without_clock(text: str) -> str:
    """A text of a date without the time of day beside it."""
    return _CLOCK.sub(" ", text) if _TIMES.search(text) else text


def _may_have_date(text: str) -> bool:
    """Whether a digit stands there, or the end of a word for a date; most texts have none."""
    return _DIGIT.search(text) is not None or not _last_words().isdisjoint(fold(text).split())


@cache
def _last_words() -> frozenset[str]:
    days = (phrase.split()[-1] for phrase, kind in _phrases().items() if kind == "date")
    return frozenset(days) | month_names().keys()


def _runs(text: str) -> Iterator[list[_Token]]:
    """Rows of words that may be of a date, one after the other."""
    run: list[_Token] = []
    for token in _tokens(text):
        if run and not _BETWEEN.fullmatch(text[run[-1].end : token.start]):
            yield run
            run = []
        run.append(token)
    yield run


def _date_of(run: Sequence[_Token]) -> Sequence[_Token]:
    """The part of a row that is a date: it says so, and ends with what a date ends with."""
    end = max((at + 1 for at, token in enumerate(run) if token.kind in _ENDS), default=0)
    says = [at for at, token in enumerate(run[:end]) if token.kind in _SAYS]
    # A month by itself may be somebody: `Do not contact June`.
    if not says or (end == 1 and run[0].kind == "month"):
        return []
    start = 0
    while start < end and run[start].kind in ("joins", "ordinal"):
        start += 1
    return run[start:end]


def _tokens(text: str) -> Iterator[_Token]:
    found = list(_TOKEN.finditer(text))
    words = [fold(match.group()) for match in found]
    at, before = 0, None
    while at < len(words):
        size, kind = _phrase_at(words, at) or (1, _kind(found[at].group(), before))
        if kind is not None:
            yield _Token(found[at].start(), found[at + size - 1].end(), kind)
        at, before = at + size, kind


def _phrase_at(words: Sequence[str], at: int) -> tuple[int, str] | None:
    """How many words a listed phrase has that begins there, the longest, and its kind."""
    for size in range(min(_LONGEST_PHRASE, len(words) - at), 0, -1):
        if kind := _phrases().get(" ".join(words[at : at + size])):
            return size, kind
    return None


def _kind(text: str, before: str | None) -> str | None:
    if text[0].isdecimal():
        return next((kind for kind, form in _FORMS.items() if form.fullmatch(text)), None)
    word = fold(text)
    if word in month_names() and word != _OUT:
        return "month" if word not in _ALSO_WORDS or before in _BEFORE_A_MONTH else None
    if len(word) < _SHORTEST_WEEKDAY or word not in weekday_names() or word in _ALSO_WORDS:
        return None
    return "date" if before in _PUT_BEFORE else "weekday"


@cache
def _phrases() -> dict[str, str]:
    with _LIST.open(encoding="utf-8", newline="") as file:
        return {fold(row["word"]): row["kind"] for row in csv.DictReader(file)}


@cache
def _names() -> tuple[dict[str, int], frozenset[str]]:
    # Read at the first date in words: most runs meet none.
    from babel import Locale

    months: dict[str, set[int]] = {}
    weekdays: set[str] = set()
    for language in _LANGUAGES:
        locale = Locale(language)
        for context in ("format", "stand-alone"):
            for width in ("wide", "abbreviated"):
                for number, name in locale.months[context][width].items():
                    for key in _keys(name):
                        months.setdefault(key, set()).add(number)
                for name in locale.days[context][width].values():
                    weekdays.update(map(fold, _WORD.findall(name)))
    known = {key: found.pop() for key, found in months.items() if len(found) == 1}
    return known, frozenset(weekdays)


def _keys(name: str) -> Iterator[str]:
    """A name as its only word: those of several, or with digits, are left to numbers."""
    words = re.findall(r"\d+|[^\W\d_]+", name)
    if len(words) == 1 and not words[0].isdecimal():
        yield fold(words[0])
