"""What lists of names say of a word: whether people are called so, or families.

The lists are those that ship for matching (`identity/shares`), and long ones of given names, which
do not tell the common from the rare and so are not for matching. A word in none says nothing.
"""

import csv
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from lead_platform import vocabularies
from lead_platform.vocabularies.text import fold

_SHARES = Path(__file__).resolve().parents[1] / "shares"
_ENDINGS = Path(vocabularies.__file__).with_name("family_name_endings.csv")
# The lists end at names of about one in 10,000; of what they lack one is about this frequent.
_LEAST = 5e-5
_UNLISTED = 1e-5
# Where a form asks for a name, few write the family name first and no comma behind it.
_FAMILY_FIRST = 0.05
# Lists of countries where the same words are families' and given names; those of China have no list
# of given names beside them, and its families live elsewhere too.
_CHINESE = frozenset(["zh_cn", "zh_tw"])
_OF_EITHER = _CHINESE | {"en_in", "en_ke"}
# Of a name on these lists only: what fewer bear is as likely a given name that no list has (Mei).
_COMMON = 5e-4
# A list of every name there is has some families' names among the given ones.
_HARDLY = 0.05


def share_given(word: str) -> float:
    """The share of people called so, in the list where it is largest; 0 where none has it.

    In a long list all names count as equally common.
    """
    key = _key(word)
    return max(_shares("first_names").get(key, 0.0), _shares("long_first_names").get(key, 0.0))


def share_family(word: str) -> float:
    """The same of family names."""
    return _shares("last_names").get(_key(word), 0.0)


def is_given(word: str) -> bool:
    """Whether the word is known as a given name, and more so than as a family's."""
    share = share_given(word)
    return share > 0 and share >= share_family(word)


def is_only_family(word: str) -> bool:
    """Whether the word is known as a family's name and as hardly anybody's given name."""
    return _least_given(word) < _HARDLY * share_family(word)


def is_family_in_front(word: str) -> bool | None:
    """Whether a word with nothing but initials behind it is the family's name, as in an index:
    Smith J., but Anna S.; None where it may be either: Chen L., Anand K."""
    if not is_only_family(word):
        return None if ends_like_family(word) and not share_given(word) else False
    if _key(word) in _sure_families():
        return True
    return None if share_family(word) >= _COMMON else False


def ends_like_family(word: str) -> bool:
    """Whether the word ends as families' names do: Petrenko."""
    return _key(word).endswith(_family_endings())


def chance_of_family_first(first: str, last: str) -> float:
    """How likely the first word is the family's and the last one the given name, by Bayes' rule.

    0 where the first word is not known as a family's only, or where the last is no known given name
    and either the first is, or the last ends as families' names do (Guðmundsdóttir).
    """
    if not is_only_family(first):
        return 0.0
    given = share_given(last)
    if not given and (share_given(first) or ends_like_family(last)):
        return 0.0
    swapped = _FAMILY_FIRST * share_family(first) * max(given, _UNLISTED)
    usual = max(_least_given(first), _UNLISTED) * max(share_family(last), _UNLISTED)
    return swapped / (swapped + (1 - _FAMILY_FIRST) * usual)


def _least_given(word: str) -> float:
    """The share of people called so at least: what only a long list has may be rare (Wolf)."""
    key = _key(word)
    rare = _LEAST if key in _shares("long_first_names") else 0.0
    return _shares("first_names").get(key, rare)


def _key(word: str) -> str:
    """Letters only, as in the lists: van Dijk is vandijk there."""
    return fold(word).replace(" ", "")


@cache
def _family_endings() -> tuple[str, ...]:
    with _ENDINGS.open(encoding="utf-8", newline="") as stream:
        return tuple(_key(row["ending"]) for row in csv.DictReader(stream))


@cache
def _shares(name: str) -> Mapping[str, float]:
    largest: dict[str, float] = {}
    with (_SHARES / f"{name}.csv").open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            key = _key(row["value"])
            largest[key] = max(largest.get(key, 0.0), float(row["share"]))
    return largest


@cache
def _sure_families() -> frozenset[str]:
    """Names of families on a list that says so of nobody's given name."""
    lists: dict[str, set[str]] = {}
    with (_SHARES / "last_names.csv").open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            lists.setdefault(_key(row["value"]), set()).add(row["list"])
    return frozenset(
        key for key, its in lists.items() if its - _OF_EITHER and _CHINESE.isdisjoint(its)
    )


def read_lists() -> None:
    """Reads the lists, which otherwise the first name does that asks."""
    for name in ("first_names", "long_first_names", "last_names"):
        _shares(name)
    _family_endings()
    _sure_families()
