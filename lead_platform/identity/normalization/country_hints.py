"""The country that state, postal code or language tell where none is stated.

For reading phones only: what is told is no country of the person. Each tells a country only where
its form or name belongs to one; what may be two countries tells none.
"""

import re
from functools import cache

import pycountry

from lead_platform.vocabularies.text import clean_text

# Postal codes as no other country writes them.
_POSTAL_FORMS = {
    "GB": re.compile(r"(?!BFPO)[A-Z]{1,2}\d[A-Z\d]? ?\d[ABD-HJLNP-UW-Z]{2}"),
    "CA": re.compile(r"[ABCEGHJ-NPRSTVXY]\d[A-Z][ -]?\d[A-Z]\d"),
    "NL": re.compile(r"[1-9]\d{3} ?[A-Z]{2}"),
    "IE": re.compile(r"[AC-FHKNPRTV-Y]\d[\dW] ?[\dAC-FHKNPRTV-Y]{4}"),
    "BR": re.compile(r"\d{5}-\d{3}"),
    "PT": re.compile(r"[1-9]\d{3}-\d{3}"),
    "PL": re.compile(r"\d{2}-\d{3}"),
    "JP": re.compile(r"〒?\d{3}-\d{4}"),
    "US": re.compile(r"\d{5}-\d{4}"),
    "AR": re.compile(r"[A-HJ-NP-Z]\d{4}[A-Z]{3}"),
}
# The first three digits of a state's ZIP codes (USPS): with a state's code before it, five digits
# are an American ZIP code, and not one of Varese (VA) or Milan (MI).
_ZIPS = {
    "AL": "350-369", "AK": "995-999", "AZ": "850-865", "AR": "716-729", "CA": "900-961",
    "CO": "800-816", "CT": "060-069", "DE": "197-199", "DC": "200-205", "FL": "320-349",
    "GA": "300-319 398-399", "HI": "967-968", "ID": "832-838", "IL": "600-629", "IN": "460-479",
    "IA": "500-528", "KS": "660-679", "KY": "400-427", "LA": "700-714", "ME": "039-049",
    "MD": "206-219", "MA": "010-027 055", "MI": "480-499", "MN": "550-567", "MS": "386-397",
    "MO": "630-658", "MT": "590-599", "NE": "680-693", "NV": "889-898", "NH": "030-038",
    "NJ": "070-089", "NM": "870-884", "NY": "005 063 100-149", "NC": "270-289", "ND": "580-588",
    "OH": "430-459", "OK": "730-749", "OR": "970-979", "PA": "150-196", "PR": "006-009",
    "RI": "028-029", "SC": "290-299", "SD": "570-577", "TN": "370-385", "TX": "750-799 885",
    "UT": "840-847", "VT": "050-059", "VA": "201 220-246", "WA": "980-994", "WV": "247-268",
    "WI": "530-549", "WY": "820-831",
}  # fmt: skip
_ZIP = re.compile(r"(\d{3})\d{2}(?:-\d{4})?")
_STATES = {"US", "CA", "AU", "BR", "IN"}
# Languages that one country alone speaks, as far as leads go. Not English, French, German, Spanish,
# Portuguese, Arabic, Dutch, Swedish, Italian or Chinese.
_SPOKEN_IN = {
    "bg": "BG", "cs": "CZ", "da": "DK", "el": "GR", "et": "EE", "fi": "FI", "he": "IL",
    "hu": "HU", "hy": "AM", "is": "IS", "ja": "JP", "ka": "GE", "ko": "KR", "lt": "LT",
    "lv": "LV", "mk": "MK", "nb": "NO", "nn": "NO", "no": "NO", "pl": "PL", "sk": "SK",
    "sl": "SI", "th": "TH", "tr": "TR", "uk": "UA", "vi": "VN",
}  # fmt: skip
_TAG = re.compile(r"([a-z]{2,3})(?:[-_][A-Za-z]{4})?[-_]([A-Z]{2})(?![A-Za-z])")


def country_told_by_postal_code(raw: str) -> str | None:
    """The country (alpha-2) whose postal codes alone have this form: SW1A 1AA, 01310-100."""
    code = (clean_text(raw) or "").upper()
    found = [country for country, form in _POSTAL_FORMS.items() if form.fullmatch(code)]
    return found[0] if len(found) == 1 else None


def country_told_by_state_code(region: str, postal_code: str | None) -> str | None:
    """The country of a state's code: by the ZIP code beside it, or where it is one country's alone.

    Beside a postal code that is no ZIP code of that state it tells nothing: MI 20121 is Milan.
    """
    key = (clean_text(region) or "").upper()
    countries = _countries_by_state_code().get(key, frozenset())
    code = (clean_text(postal_code) or "") if postal_code else ""
    if code:
        zip_code = _ZIP.fullmatch(code)
        return "US" if zip_code and int(zip_code[1]) in _zip_starts(key) else None
    return next(iter(countries)) if len(countries) == 1 and countries <= _STATES else None


def country_told_by_tag(raw: str) -> str | None:
    """The country that a language tag names: de-AT. English tags tell none: browsers say en-US
    everywhere."""
    tag = _TAG.match((clean_text(raw) or "").strip())
    if tag is None or tag[1] == "en" or pycountry.countries.get(alpha_2=tag[2]) is None:
        return None
    return tag[2]


def country_told_by_language(language: str) -> str | None:
    """The country where a language (ISO 639-1) is spoken, if it is one country alone."""
    return _SPOKEN_IN.get(language)


@cache
def _zip_starts(state: str) -> frozenset[int]:
    starts: set[int] = set()
    for part in _ZIPS.get(state, "").split():
        first, _, last = part.partition("-")
        starts |= set(range(int(first), int(last or first) + 1))
    return frozenset(starts)


@cache
def _countries_by_state_code() -> dict[str, frozenset[str]]:
    found: dict[str, set[str]] = {}
    for entry in pycountry.subdivisions:
        country, _, code = str(entry.code).partition("-")
        if code.isalpha():
            found.setdefault(code, set()).add(country)
    return {code: frozenset(countries) for code, countries in found.items()}
