"""Countries, regions, cities, postal codes, languages and time zones.

Country: ISO 3166-1 alpha-2. Region: the ISO 3166-2 code without the country where codes are
letters (US-CA -> CA), else the name. Language: ISO 639-1. Time zone: IANA name.
"""

import re
from functools import cache
from typing import Any

import phonenumbers
import pycountry
from babel import Locale
from babel.core import get_global
from babel.localedata import locale_identifiers
from rapidfuzz import process
from rapidfuzz.distance import OSA

from lead_platform.vocabularies.tables import Vocabularies
from lead_platform.vocabularies.text import BLANK, NormalText, clean_text, fold, recase, unaccent

# The languages whose names of countries and languages are understood (CLDR by way of Babel).
# These take 0.2 s to load; the 368 of `_all_locales` take 1 s and 100 MB more, and so are asked
# only for a country name that these do not know.
_LOCALES = (
    "en", "de", "fr", "es", "pt", "it", "nl", "sv", "da", "nb", "fi", "is", "pl", "cs", "sk",
    "hu", "ro", "bg", "hr", "sr", "sl", "et", "lv", "lt", "el", "tr", "ru", "uk", "ar", "he",
    "fa", "hi", "bn", "ur", "ta", "th", "vi", "id", "ms", "zh", "zh_Hant", "ja", "ko", "sw",
    "af", "ca", "eu", "gl",
)  # fmt: skip
_LONGEST = 120
_LONGEST_CODE = 3
_ACCENTED_CODES = {"čr": "CZ"}
_IN_PARENTHESES = re.compile(r"\s*[(\[].*?[)\]]\s*")
_ARTICLE = re.compile(r"^the | the$|^republic of (?=(?!the |congo|korea|china|macedonia))")
# Countries whose subdivisions are a closed list known to everybody who fills a form there.
_CLOSED_REGIONS = frozenset({"US", "CA", "AU"})
_COUNTRIES_TOLD_BY_REGION = ("US", "CA", "AU", "IN", "DE", "BR", "MX")
# Typing errors (Damerau-Levenshtein) forgiven in an English name of that many letters; a
# spelling as near to a second country (Austrlia) is none.
_TYPO_SHORTEST = 6
_TWO_TYPOS_SHORTEST = 12
_INDICATOR_A = 0x1F1E6
_FLAG = frozenset(chr(_INDICATOR_A + position) for position in range(26))
_SUBDIVISION_CODE = re.compile(r"[A-Z]{2}-[A-Z0-9]{1,3}")
_CALLING_CODE = re.compile(r"(?:\+|00)([1-9][0-9]{0,2})")
_BETWEEN_LANGUAGES = re.compile(r"\s*[/|]\s*|\s[-–]\s")
_CITY_PARTICLES = frozenset(
    [
        "of",
        "the",
        "and",
        "de",
        "la",
        "le",
        "les",
        "los",
        "las",
        "el",
        "del",
        "di",
        "da",
        "do",
        "du",
        "der",
        "den",
        "am",
        "an",
    ]
)
_US_ZIP = re.compile(r"^(\d{5})(?:-?(\d{4}))?$")
_GB_POSTCODE = re.compile(r"^([A-Z]{1,2}\d[A-Z\d]?)(\d[A-Z]{2})$")
_CA_POSTCODE = re.compile(r"^([A-Z]\d[A-Z])(\d[A-Z]\d)$")
_LANGUAGE_TAG = re.compile(r"^([a-z]{2,3})(?:[-_][a-z0-9]+)*$", re.IGNORECASE)
_TIME_ZONE_NAMES = {
    "eastern time us and canada": "America/New_York",
    "central time us and canada": "America/Chicago",
    "mountain time us and canada": "America/Denver",
    "pacific time us and canada": "America/Los_Angeles",
    "us eastern": "America/New_York",
    "us central": "America/Chicago",
    "us mountain": "America/Denver",
    "us pacific": "America/Los_Angeles",
}


def normalize_country(raw: str, vocabularies: Vocabularies) -> NormalText:
    """ISO 3166-1 alpha-2 from codes, names in any language of CLDR and `countries.csv`."""
    text = clean_text(raw)
    if text is None:
        return BLANK
    if len(text) > _LONGEST:
        return NormalText(None, f"longer than {_LONGEST} characters")
    flag = _country_of_flag(raw)
    if flag is None and vocabularies.is_placeholder("place", text):
        return NormalText(None, "placeholder")
    found = flag or _country_of_text(text, vocabularies) or _country_with_typo(fold(text))
    return NormalText(found, None if found else "no country of that name; see countries.csv")


def _country_of_text(text: str, vocabularies: Vocabularies) -> str | None:
    """By its names and codes, alone, with a place before it or in two languages."""
    for candidate in (text, _IN_PARENTHESES.sub(" ", text)):
        found = _country_of(candidate, vocabularies)
        if found:
            return found
    return (
        _country_of_code(text)
        or _country_in_languages(text, vocabularies)
        or _country_behind_comma(text, vocabularies)
    )


def _country_of_flag(raw: str) -> str | None:
    """A flag is two letters of their own (regional indicators)."""
    letters = [chr(ord(char) - _INDICATOR_A + ord("A")) for char in raw.strip() if char in _FLAG]
    code = "".join(letters)
    return code if len(raw.strip()) == 2 and code in _alpha_2() else None


def _country_of_code(text: str) -> str | None:
    """ISO 3166-1's three digits, ISO 3166-2 (GB-ENG), or a calling code that one country has."""
    if re.fullmatch(r"[0-9]{3}", text):
        found = pycountry.countries.get(numeric=text)
        return str(found.alpha_2) if found else None
    if _SUBDIVISION_CODE.fullmatch(text.upper()):
        entry = _subdivision_entries(code=text.upper())
        return str(entry.country_code) if entry else None
    calling = _CALLING_CODE.fullmatch(text)
    regions = phonenumbers.region_codes_for_country_code(int(calling[1])) if calling else ()
    return str(regions[0]) if len(regions) == 1 and regions[0] in _alpha_2() else None


def _country_in_languages(text: str, vocabularies: Vocabularies) -> str | None:
    """Schweiz/Suisse: all names mean one country."""
    parts = [part for part in _BETWEEN_LANGUAGES.split(text) if part.strip()]
    found = {_country_of(part, vocabularies) for part in parts}
    return found.pop() if len(parts) > 1 and len(found) == 1 else None


def _country_behind_comma(text: str, vocabularies: Vocabularies) -> str | None:
    """Paris, France; Congo, Democratic Republic of the. Not where both are countries (France,
    Spain), or the last may be a state (Augusta, Georgia; Fresno, CA)."""
    head, comma, tail = (part.strip() for part in text.rpartition(","))
    if not comma:
        return None
    turned = _country_of(f"{tail} {head}", vocabularies)
    if turned:
        return turned
    found, key = _country_of(tail, vocabularies), fold(tail)
    is_listed = key in vocabularies.countries
    may_be_region = any(_is_region(key, code) for code in _COUNTRIES_TOLD_BY_REGION)
    if found is None or (may_be_region and not is_listed):
        return None
    before = _country_of(head, vocabularies)
    return found if before in (None, found) or _is_region(fold(head), found) else None


def _is_region(key: str, country: str) -> bool:
    """Whether `key` (folded) names a region of that country."""
    return key in _subdivisions(country)


def normalize_region(raw: str, country: str | None, vocabularies: Vocabularies) -> NormalText:
    """The subdivision of `country` (alpha-2): its code if that is letters, else its name.

    Names that ISO does not list stay as cleaned text, except in countries where the list is closed.
    """
    text = clean_text(raw)
    if text is None:
        return BLANK
    if len(text) > _LONGEST:
        return NormalText(None, f"longer than {_LONGEST} characters")
    if vocabularies.is_placeholder("place", text):
        return NormalText(None, "placeholder")
    prefix, _, rest = text.partition("-")
    if rest and (country or prefix.upper()) == prefix.upper() and prefix.upper() in _alpha_2():
        country, text = prefix.upper(), rest
    if country is None:
        return NormalText(recase(text, _with_city_case))
    key = fold(text)
    found = vocabularies.regions.get((country, key)) or _subdivisions(country).get(key)
    if found:
        return NormalText(found)
    if country in _CLOSED_REGIONS:
        return NormalText(None, f"not a region of {country}; see regions.csv")
    return NormalText(recase(text, _with_city_case))


def country_told_by_region(raw: str) -> str | None:
    """The only large country that has a region of this name (not code), if there is one."""
    key = fold(raw)
    if len(key) <= 3:
        return None
    found = [code for code in _COUNTRIES_TOLD_BY_REGION if key in _subdivisions(code)]
    return found[0] if len(found) == 1 else None


def country_told_by_time_zone(time_zone: str) -> str | None:
    """The country (alpha-2) that this IANA zone lies in."""
    return _countries_by_time_zone().get(time_zone)


def normalize_city(raw: str, vocabularies: Vocabularies) -> NormalText:
    """The city's name; shouted or whispered names get capitals."""
    text = clean_text(raw)
    if text is None:
        return BLANK
    if len(text) > _LONGEST:
        return NormalText(None, f"longer than {_LONGEST} characters")
    if vocabularies.is_placeholder("place", text):
        return NormalText(None, "placeholder")
    if not any(char.isalpha() for char in text):
        return NormalText(None, "no letters")
    return NormalText(recase(text.strip(" ,;"), _with_city_case))


def normalize_postal_code(raw: str, country: str | None, vocabularies: Vocabularies) -> NormalText:
    """The postal code in the country's way of writing it; US codes must be possible ones."""
    text = clean_text(raw)
    if text is None:
        return BLANK
    if vocabularies.is_placeholder("any", text):
        return NormalText(None, "placeholder")
    code = text.upper()
    if len(code) > 12 or not code.isascii() or not any(char.isdigit() for char in code):
        return NormalText(None, "not a postal code")
    if country == "US":
        return _us_zip(code.replace(" ", ""))
    pattern = {"GB": _GB_POSTCODE, "CA": _CA_POSTCODE}.get(country or "")
    match = pattern.match(code.replace(" ", "").replace("-", "")) if pattern else None
    return NormalText(f"{match.group(1)} {match.group(2)}" if match else code)


def normalize_language(raw: str, vocabularies: Vocabularies) -> NormalText:
    """ISO 639-1 from tags (de-AT, de_DE.UTF-8, de;q=0.9), codes and names."""
    text = clean_text(raw)
    if text is None:
        return BLANK
    if len(text) > _LONGEST:
        return NormalText(None, f"longer than {_LONGEST} characters")
    if vocabularies.is_placeholder("any", text):
        return NormalText(None, "placeholder")
    first = re.split(r"[,;.|/]", text)[0].strip()
    known = _languages()
    tag = _LANGUAGE_TAG.match(first)
    found = known.get(fold(first)) or (known.get(tag.group(1).lower()) if tag else None)
    if found is None:
        found = known.get(fold(_IN_PARENTHESES.sub(" ", first)))
    return NormalText(found, None if found else "no language of that name in ISO 639-1")


def normalize_time_zone(raw: str, vocabularies: Vocabularies) -> NormalText:
    """The IANA name of a time zone."""
    text = clean_text(raw)
    if text is None:
        return BLANK
    if len(text) > _LONGEST:
        return NormalText(None, f"longer than {_LONGEST} characters")
    if vocabularies.is_placeholder("any", text):
        return NormalText(None, "placeholder")
    found = _time_zones().get(text.casefold().replace(" ", "_")) or _TIME_ZONE_NAMES.get(fold(text))
    return NormalText(found, None if found else "not an IANA time zone such as Europe/Berlin")


def region_name(country: str, region: str) -> str | None:
    """The name of a region given as `normalize_region` gives it, or None if ISO has none."""
    found = _subdivision_entries(code=f"{country}-{region}")
    return str(found.name) if found else None


def _subdivision_entries(**criteria: str) -> Any:
    """pycountry's own look-up, which carries no types."""
    return pycountry.subdivisions.get(**criteria)  # type: ignore[no-untyped-call]


def country_named(text: str, vocabularies: Vocabularies) -> str | None:
    """The country (ISO 3166-1 alpha-2) of that name or code, with nothing beside it, no typo in
    it, in the languages that most people here write; what is a country in another may be anything
    in these."""
    return _country_in(_LOCALES, text, vocabularies)


def is_code_alone(text: str) -> bool:
    """Whether `text` is a code of ISO 3166-1, and no name or abbreviation that people say: UK."""
    return fold(text) in _iso_codes()


def is_region_of(text: str, country: str) -> bool:
    """Whether `text` names a region of that country."""
    return _is_region(fold(text), country)


def _country_of(text: str, vocabularies: Vocabularies) -> str | None:
    found = _country_in(_LOCALES, text, vocabularies)
    return found or _cldr_countries(_all_locales()).get(fold(text))


def _country_in(locales: tuple[str, ...], text: str, vocabularies: Vocabularies) -> str | None:
    key = fold(text)
    if len(key) <= _LONGEST_CODE and key.isascii() and unaccent(text) != text.casefold():
        # No code of ISO 3166-1 has an accent: `ČR` is not Costa Rica.
        own = _ACCENTED_CODES.get("".join(filter(str.isalpha, text.casefold())))
        listed = None if key in _iso_countries() else vocabularies.countries.get(key)
        return own or listed or _cldr_countries(locales).get(key)
    for spelling in (key, key.replace(" ", ""), _ARTICLE.sub("", key).strip()):
        found = vocabularies.countries.get(spelling) or _iso_countries().get(spelling)
        if found:
            return found
    return _cldr_countries(locales).get(key)


def _country_with_typo(key: str) -> str | None:
    if len(key) < _TYPO_SHORTEST:
        return None
    forgiven = 1 if len(key) < _TWO_TYPOS_SHORTEST else 2
    near = process.extract(
        key, _long_country_names(), scorer=OSA.distance, score_cutoff=forgiven, limit=None
    )
    codes = {_iso_countries()[name] for name, _, _ in near}
    return codes.pop() if len(codes) == 1 else None


def _us_zip(code: str) -> NormalText:
    padded = code.zfill(5) if code.isdigit() and 3 <= len(code) <= 4 else code
    match = _US_ZIP.match(padded)
    if match is None:
        return NormalText(None, "not a US ZIP code")
    return NormalText("-".join(part for part in match.groups() if part))


def _with_city_case(text: str) -> str:
    if not (text.islower() or (text.isupper() and len(text) > 3)):
        return text
    words = re.split(r"([ \-/])", text.lower())
    return "".join(
        word if word in _CITY_PARTICLES and position else _capital(word)
        for position, word in enumerate(words)
    )


def _capital(word: str) -> str:
    upper = word[:1].upper()
    return (upper if len(upper) == 1 else word[:1]) + word[1:]


@cache
def _alpha_2() -> frozenset[str]:
    return frozenset(country.alpha_2 for country in pycountry.countries)


@cache
def _iso_codes() -> frozenset[str]:
    listed = pycountry.countries
    return frozenset(fold(code) for each in listed for code in (each.alpha_2, each.alpha_3))


@cache
def _iso_countries() -> dict[str, str]:
    """Folded codes and English names."""
    known: dict[str, str] = {}
    for attribute in ("alpha_2", "alpha_3", "name", "common_name", "official_name"):
        for country in pycountry.countries:
            spelling = getattr(country, attribute, None)
            if spelling:
                known.setdefault(fold(spelling), country.alpha_2)
                if ", " in spelling:
                    head, _, tail = spelling.partition(", ")
                    known.setdefault(fold(f"{tail} {head}"), country.alpha_2)
    return known


@cache
def _long_country_names() -> tuple[str, ...]:
    return tuple(name for name in _iso_countries() if len(name) >= _TYPO_SHORTEST)


@cache
def _cldr_countries(locales: tuple[str, ...]) -> dict[str, str]:
    """Folded names in `locales`; a name that means two countries means none."""
    return _unambiguous(
        (fold(name), code)
        for locale in locales
        for code, name in Locale.parse(locale).territories.items()
        if code in _alpha_2() or code == "XK"
    )


@cache
def _all_locales() -> tuple[str, ...]:
    """One locale per language and script: those of single territories add no names."""
    return tuple(
        sorted(
            identifier
            for identifier in locale_identifiers()
            if all(len(part) == 4 for part in identifier.split("_")[1:])
        )
    )


@cache
def _languages() -> dict[str, str]:
    """Folded names and codes of the languages that have an ISO 639-1 code."""
    with_code = [entry for entry in pycountry.languages if hasattr(entry, "alpha_2")]
    codes = {entry.alpha_2 for entry in with_code}
    known = _unambiguous(
        (fold(name), code)
        for locale in _LOCALES
        for code, name in Locale.parse(locale).languages.items()
        if code in codes
    )
    for entry in with_code:
        spellings = (entry.alpha_2, entry.alpha_3, getattr(entry, "bibliographic", ""), entry.name)
        known.update({fold(spelling): entry.alpha_2 for spelling in spellings if spelling})
    return known


def _unambiguous(pairs: Any) -> dict[str, str]:
    found: dict[str, set[str]] = {}
    for key, code in pairs:
        found.setdefault(key, set()).add(code)
    return {key: next(iter(codes)) for key, codes in found.items() if key and len(codes) == 1}


@cache
def _subdivisions(country: str) -> dict[str, str]:
    """Folded codes and names of a country's subdivisions, larger ones first."""
    entries = sorted(
        _subdivision_entries(country_code=country) or [],
        key=lambda entry: (entry.parent_code is not None, entry.code),
    )
    known: dict[str, str] = {}
    for entry in entries:
        code = entry.code.partition("-")[2]
        value = code if code.isalpha() else str(entry.name)
        known.setdefault(fold(code), value)
        for spelling in re.split(r"\s*[\[\]/]\s*", str(entry.name)):
            known.setdefault(fold(spelling), value)
    known.pop("", None)
    return known


@cache
def _time_zones() -> dict[str, str]:
    """CLDR's zones and the older names they go by: asia/calcutta -> Asia/Kolkata."""
    known = {name.casefold(): name for name in get_global("zone_territories")}
    aliases = {name.casefold(): target for name, target in get_global("zone_aliases").items()}
    return aliases | known


@cache
def _countries_by_time_zone() -> dict[str, str]:
    return {
        zone: country
        for zone, country in get_global("zone_territories").items()
        if country in _alpha_2()
    }
