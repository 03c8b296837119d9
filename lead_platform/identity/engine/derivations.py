"""Derivations: how the columns of a match record come from the fields of any set of records.

Owns the named ways a specification can refer to (`derive`). Each takes the given values as texts
("" where there is none) and returns a text, a list of texts, or None. The leads' columns are made
set-wise in records.py; this is for everything else that is matched by a specification.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache

import pandas as pd
from babel import Locale

from lead_platform.identity.engine.dates import year_first
from lead_platform.identity.engine.specification import Column, LinkageSpecification
from lead_platform.identity.normalization.companies import company_key
from lead_platform.vocabularies.text import fold

Derived = str | list[str] | None
_NOT_DIGIT = re.compile(r"\D+")
# Words that tell no company from another.
_SMALL_WORDS = frozenset(
    ("the", "and", "of", "for", "de", "la", "le", "du", "des", "et", "y", "und", "der", "die",
     "das", "von", "van", "in", "a", "an", "e", "co", "to", "at", "on")
)  # fmt: skip


@dataclass(frozen=True)
class Knowledge:
    """What derivations know beyond the values: first names that stand for one another.

    By name the formal names it may stand for, one root for blocking, and all names of its groups.
    """

    forms: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    roots: Mapping[str, str] = field(default_factory=dict)
    families: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def nickname_knowledge(groups: Iterable[tuple[str, ...]]) -> Knowledge:
    """Per first name the formal names it may stand for, and one root for blocking.

    The root is shared by all names that are connected over any group, so that it never parts
    two names that share a form.
    """
    forms: dict[str, set[str]] = {}
    families: dict[str, set[str]] = {}
    root: dict[str, str] = {}
    for group in groups:
        for name in group:
            forms.setdefault(name, {name}).add(group[0])
            families.setdefault(name, set()).update(group)
        joined = {root.get(name, name) for name in group}
        for name in [*group, *(known for known, held in root.items() if held in joined)]:
            root[name] = min(joined)
    return Knowledge(_sorted(forms), root, _sorted(families))


def _sorted(names: Mapping[str, set[str]]) -> dict[str, tuple[str, ...]]:
    return {name: tuple(sorted(held)) for name, held in sorted(names.items())}


def derive_columns(frame: pd.DataFrame, specification: LinkageSpecification) -> pd.DataFrame:
    """The declared columns of a record for each row of `frame`, in its order.

    `frame` holds what the columns are given from; what is absent there counts as empty.
    """
    knowledge = nickname_knowledge(specification.nicknames)
    derived = {
        name: _derive_column(frame, column, knowledge)
        if column.derive
        else [value or None for value in _plain(frame, name)]
        for name, column in specification.columns.items()
    }
    return pd.DataFrame(derived, index=frame.index, dtype=object)


def _plain(frame: pd.DataFrame, name: str) -> pd.Series:
    if name not in frame:
        return pd.Series("", index=frame.index, dtype=object)
    return frame[name].astype(object).where(frame[name].notna(), "").astype(str).str.strip()


def _derive_column(frame: pd.DataFrame, column: Column, knowledge: Knowledge) -> pd.Series:
    """Each distinct combination of values is derived once."""
    way = DERIVATIONS[str(column.derive)]
    read = [_plain(frame, name) for name in column.given]
    if column.derive in _OF_DATES:
        read = [
            pd.Series(year_first(values.tolist(), name), index=frame.index, dtype=object)
            for name, values in zip(column.given, read, strict=True)
        ]
    given = list(zip(*read, strict=True))
    derived = {values: way(values, knowledge) for values in dict.fromkeys(given)}
    return pd.Series([derived[values] for values in given], index=frame.index, dtype=object)


def _first(values: tuple[str, ...]) -> str:
    return next((value for value in values if value), "")


def _words(values: tuple[str, ...]) -> list[str]:
    return fold(" ".join(values)).split()


def _text(values: tuple[str, ...], _: Knowledge) -> Derived:
    return " ".join(_words(values)) or None


def _compact(values: tuple[str, ...], _: Knowledge) -> Derived:
    return "".join(_words(values)) or None


def _tokens(values: tuple[str, ...], _: Knowledge) -> Derived:
    return sorted(set(_words(values))) or None


def _letters(values: tuple[str, ...], size: int) -> Derived:
    text = "".join(_words(values))
    return text[:size] if len(text) >= size else None


def _name_forms(values: tuple[str, ...], knowledge: Knowledge) -> Derived:
    name = "".join(_words(values))
    return list(knowledge.forms.get(name, (name,))) if name else None


def _name_root(values: tuple[str, ...], knowledge: Knowledge) -> Derived:
    name = "".join(_words(values))
    return knowledge.roots.get(name, name) or None


def _name_key(values: tuple[str, ...], knowledge: Knowledge) -> Derived:
    """First and last name in either order, nicknames as their root."""
    parts = [_name_root((value,), knowledge) for value in values]
    return "|".join(sorted(map(str, parts))) if all(parts) else None


def _digits(values: tuple[str, ...], _: Knowledge) -> Derived:
    return _NOT_DIGIT.sub("", "".join(values)) or None


def _phone(values: tuple[str, ...], _: Knowledge) -> Derived:
    """The last nine digits: the same with and without country code or trunk zero."""
    digits = _NOT_DIGIT.sub("", _first(values))
    return digits[-9:] if len(digits) >= 7 else None


def _date_parts(values: tuple[str, ...]) -> tuple[str, str, str] | None:
    digits = _NOT_DIGIT.sub("", _first(values))
    return (digits[:4], digits[4:6], digits[6:]) if len(digits) == 8 else None


def _date(values: tuple[str, ...], _: Knowledge) -> Derived:
    """Year, month and day as eight digits; a time of day is no part of it."""
    parts = _date_parts((_first(values)[:10],))
    return "".join(parts) if parts else _NOT_DIGIT.sub("", _first(values)) or None


def _date_swapped(values: tuple[str, ...], _: Knowledge) -> Derived:
    """The date with day and month exchanged."""
    parts = _date_parts((_first(values)[:10],))
    return parts[0] + parts[2] + parts[1] if parts else None


def _year(values: tuple[str, ...], _: Knowledge) -> Derived:
    parts = _date_parts((_first(values)[:10],))
    return parts[0] if parts else None


def _month_day(values: tuple[str, ...], _: Knowledge) -> Derived:
    parts = _date_parts((_first(values)[:10],))
    return parts[1] + parts[2] if parts else None


def _mailbox(values: tuple[str, ...], _: Knowledge) -> Derived:
    return _first(values).lower() or None


def _mailbox_local(values: tuple[str, ...], _: Knowledge) -> Derived:
    local, at, _domain = _first(values).lower().partition("@")
    return local.split("+")[0] or None if at else None


def _domain(values: tuple[str, ...], _: Knowledge) -> Derived:
    """The host of an address or a website, without www."""
    text = _first(values).lower().split("@")[-1].split("//")[-1]
    host = re.split(r"[/?#:]", text)[0].removeprefix("www.")
    return host if "." in host else None


def _area(values: tuple[str, ...], _: Knowledge) -> Derived:
    """A postal code's area: its first part, or its first three characters."""
    parts = _words(values)
    if not parts:
        return None
    return parts[0] if len(parts) > 1 else parts[0][:3]


def _organisation_words(values: tuple[str, ...]) -> list[str]:
    name = _first(values)
    return (company_key(name) or fold(name)).split() if name else []


def _organisation(values: tuple[str, ...], _: Knowledge) -> Derived:
    """The name without its legal form."""
    return " ".join(_organisation_words(values)) or None


def _organisation_compact(values: tuple[str, ...], _: Knowledge) -> Derived:
    return "".join(_organisation_words(values)) or None


def _organisation_tokens(values: tuple[str, ...], _: Knowledge) -> Derived:
    words = _organisation_words(values)
    return sorted({w for w in words if w not in _SMALL_WORDS} or set(words)) or None


def _organisation_first_word(values: tuple[str, ...], _: Knowledge) -> Derived:
    """The word that tells most: names start with what is their own."""
    words = [word for word in _organisation_words(values) if word not in _SMALL_WORDS]
    return words[0] if words else None


def _country_named(values: tuple[str, ...], _: Knowledge) -> Derived:
    """The countries and regions the name itself names: a national subsidiary, or "-" for none."""
    words = fold(_first(values)).split()
    if not words:
        return None
    phrases = (" ".join(words[at : at + n]) for n in (1, 2, 3) for at in range(len(words)))
    return " ".join(sorted({_territories()[p] for p in phrases if p in _territories()})) or "-"


def _organisation_family(values: tuple[str, ...], _: Knowledge) -> Derived:
    """The name without the countries and regions it names: what national subsidiaries share."""
    words = fold(_first(values)).split()
    kept: list[str] = []
    at = 0
    while at < len(words):
        named = next((n for n in (3, 2, 1) if " ".join(words[at : at + n]) in _territories()), 0)
        kept += words[at : at + (not named)]
        at += named or 1
    return "".join(kept or words) or None


def _domain_label(values: tuple[str, ...], _: Knowledge) -> Derived:
    """What a domain is called under any ending: acme of acme.com and acme.de."""
    host = str(_domain(values, _) or "")
    return host.partition(".")[0] or None


def _legal_family(values: tuple[str, ...], _: Knowledge) -> Derived:
    """The country whose legal form the name ends in, where that form is at home in one family."""
    words = fold(_first(values)).split()
    endings = (" ".join(words[-n:]) for n in (4, 3, 2, 1) if len(words) > n)
    return next((_LEGAL_FAMILIES[e] for e in endings if e in _LEGAL_FAMILIES), None)


# English forms are used all over the world and tell nothing.
_LEGAL_FAMILIES = {
    form: family
    for family, forms in {
        "german": "gmbh|g m b h|ag|kg|ohg|gesellschaft mbh|e v|mbh|aktiengesellschaft",
        "italian": "s p a|spa|s r l|srl|s a p a",
        "french": "sarl|s a r l|sas|s a s|sasu|eurl",
        "czech": "s r o|sro|spol s r o|a s|k s",
        "polish": "sp z o o|sp zoo|spolka akcyjna",
        "dutch": "b v|bv|n v|nv|bvba",
        "spanish": "s l|sl|s l u|s a de c v|s a u",
        "portuguese": "ltda|lda|s g p s|sgps",
        "swedish": "ab|aktiebolag",
        "danish": "a s|aps|i s",
        "norwegian": "asa",
        "finnish": "oy|oyj|oy ab",
        "japanese": "k k|kk|kabushiki gaisha|kabushiki kaisha|g k",
        "malaysian": "sdn bhd|bhd|berhad",
        "russian": "ooo|oao|zao|pao",
        "hungarian": "kft|zrt|nyrt",
        "balkan": "d o o|d d|doo|eood|ead",
        "australian": "pty|pty ltd|pty limited",
        "turkish": "a s ti|ltd sti",
    }.items()
    for form in forms.split("|")
    if form != "a s"
}
_REGIONS = ("europe", "asia", "africa", "emea", "apac", "scandinavia", "nordic", "benelux",
            "iberia", "oceania", "pacific")  # fmt: skip
_SPOKEN = {"usa": "US", "us": "US", "u s": "US", "uk": "GB", "u k": "GB", "england": "GB",
           "america": "US", "holland": "NL", "uae": "AE", "korea": "KR", "czech": "CZ"}  # fmt: skip


@cache
def _territories() -> dict[str, str]:
    """Folded names of countries in the languages companies name their subsidiaries in."""
    known = {
        fold(name): code
        for language in ("en", "de", "fr", "es", "it", "pt", "nl", "sv", "pl", "cs")
        for code, name in Locale(language).territories.items()
        if len(code) == 2 and code.isalpha()
    }
    return known | _SPOKEN | {region: region for region in _REGIONS}


def _organisation_keys(values: tuple[str, ...], knowledge: Knowledge) -> Derived:
    """What the name may be found under: as one word, as its acronym, by its first letters."""
    compact = "".join(_organisation_words(values))
    acronym = str(_acronym(values, knowledge) or "")
    return sorted({compact, compact[:6] if len(compact) > 6 else "", acronym} - {""}) or None


def _numbers(values: tuple[str, ...], _: Knowledge) -> Derived:
    """The words with a digit in them: of a street, the house number."""
    return " ".join(sorted(w for w in _words(values) if any(c.isdigit() for c in w))) or None


def _acronym(values: tuple[str, ...], _: Knowledge) -> Derived:
    """First letters of the words; of a single short word, the word itself."""
    words = [word for word in _organisation_words(values) if word not in _SMALL_WORDS]
    if len(words) == 1 and 2 <= len(words[0]) <= 6:
        return words[0]
    return "".join(word[0] for word in words) if len(words) >= 2 else None


DERIVATIONS: dict[str, Callable[[tuple[str, ...], Knowledge], Derived]] = {
    "text": _text,
    "compact": _compact,
    "tokens": _tokens,
    "letters_3": lambda values, _: _letters(values, 3),
    "letters_1": lambda values, _: _letters(values, 1),
    "name_forms": _name_forms,
    "name_root": _name_root,
    "name_key": _name_key,
    "digits": _digits,
    "phone": _phone,
    "date": _date,
    "date_swapped": _date_swapped,
    "year": _year,
    "month_day": _month_day,
    "mailbox": _mailbox,
    "mailbox_local": _mailbox_local,
    "domain": _domain,
    "area": _area,
    "organisation": _organisation,
    "organisation_compact": _organisation_compact,
    "organisation_tokens": _organisation_tokens,
    "organisation_first_word": _organisation_first_word,
    "organisation_keys": _organisation_keys,
    "organisation_family": _organisation_family,
    "domain_label": _domain_label,
    "country_named": _country_named,
    "legal_family": _legal_family,
    "numbers": _numbers,
    "acronym": _acronym,
}

_OF_DATES = frozenset(("date", "date_swapped", "year", "month_day"))
