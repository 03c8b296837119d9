"""Encodings that say nothing of themselves, and which words people would write in each.

Owns their languages, letters and signs. Which of them a text is in belongs to `encodings`.
"""

import re

_LATIN_LETTERS: dict[str, str] = {
    "German": "äöüß", "French": "àâæçéèêëîïôœùûüÿ", "Spanish": "áéíñóúü", "Catalan": "àçéèíïóòúü",
    "Portuguese": "áàâãçéêíóôõúü", "Italian": "àèéìíòóùú", "Dutch": "áéëïóöü",
    "Nordic": "åäöæøéü", "Icelandic": "áæðéíóöúýþ", "Irish": "áéíóú", "Finnish": "åäöšž",
    "Polish": "ąćęłńóśźż", "Czech": "áčďéěíňóřšťúůýž",
    "Slovak": "áäčďéíĺľňóôŕšťúýž", "Hungarian": "áéíóöőúüű", "Croatian": "čćđšž",
    "Romanian": "ăâîşţ", "Turkish": "çğıöşüâîû", "Estonian": "äõöüšž",
    "Lithuanian": "ąčęėįšųūž", "Latvian": "āčēģīķļņšūž",
}  # fmt: skip
"""The letters beyond ASCII of languages whose texts this reader tells apart, in lower case."""

_WESTERN = (
    "German", "French", "Spanish", "Catalan", "Portuguese", "Italian", "Dutch", "Nordic",
    "Icelandic", "Irish",
)  # fmt: skip
_CENTRAL = (
    "German", "Polish", "Czech", "Slovak", "Hungarian", "Croatian", "Romanian",
)  # fmt: skip

SINGLE_BYTES: dict[str, tuple[str, ...]] = {
    "cp1252": _WESTERN, "iso8859-15": _WESTERN, "cp1250": _CENTRAL, "iso8859-2": _CENTRAL,
    "cp1254": ("Turkish", "German"), "cp1257": ("Estonian", "Lithuanian", "Latvian"),
    "cp850": _WESTERN, "mac_roman": _WESTERN, "cp1251": ("Cyrillic",), "koi8-r": ("Cyrillic",),
    "cp1253": ("Greek",), "cp1255": ("Hebrew",), "cp1256": ("Arabic",), "cp874": ("Thai",),
}  # fmt: skip
"""What each encoding of single bytes is used for, the commoner first."""

SEVERAL_BYTES: dict[str, tuple[str, ...]] = {
    "cp932": ("Japanese",), "gbk": ("Chinese",), "big5": ("Chinese",), "euc-kr": ("Korean",),
}  # fmt: skip

# Its š and ž count once an encoding is chosen, not before: on Macs the same byte is an ö.
ONCE_CHOSEN = ("Finnish",)

_SCRIPTS = {
    "Cyrillic": re.compile(r"[\u0400-\u04ff]+\Z"),
    "Greek": re.compile(r"[\u0370-\u03ff]+\Z"),
    "Hebrew": re.compile(r"[\u05d0-\u05ea]+\Z"),
    "Arabic": re.compile(r"[\u0620-\u064a\u067e\u0686\u06a9\u06af\u06cc]+\Z"),
    "Thai": re.compile(r"[\u0e01-\u0e30\u0e32\u0e33\u0e40-\u0e46][\u0e01-\u0e4e]*\Z"),
}
LATIN = frozenset(name for name, languages in SINGLE_BYTES.items() if languages[0] not in _SCRIPTS)
"""Those of single bytes whose languages are written in Latin letters."""

# The first bytes of what is written every day; behind them stands what is rare.
_COMMON = {
    "cp932": (range(0x81, 0x84), range(0x88, 0x99)),
    "gbk": (range(0xB0, 0xD8),),
    "big5": (range(0xA4, 0xC7),),
    "euc-kr": (range(0xB0, 0xC9),),
}
_SMALL_LATIN = re.compile(r"[a-z]")

# Signs that stand before or behind a word in any of these languages.
_BEFORE = "«»“„‘’‚‹›–—…•€£©®™°§¿¡·\xa0\xad"
_BEHIND = "«»“”‘’‹›–—…•€£©®™°·\xa0\xad"
# What is no letter although Unicode has some of them as such, and other code pages a letter in its
# place: alone (`3ª`, `½`), units (`m²`, `µm`), and ordinals behind what is cut short before a vowel
# (`nº`, `Profª`) or before a door (`2ºA`). Amid or behind other letters they are misread ones.
_SIGNS = re.compile(
    r"\A(?:[±×÷¹²³¼½¾µªº]+|[kcdm]?m[²³]|µ(?:[A-Za-z]|mol|Sv|Hz|Pa))\Z"
    r"|(?:\A|(?<=[b-df-hj-np-tv-zB-DF-HJ-NP-TV-Z]))(?:º(?=[A-Z]|\Z)|ª(?=[A-Z][a-z]|[A-Z]?\Z))"
)
# A capital amid small letters, which of McDonald alone is usual.
_SMALL = "".join(sorted({*"".join(_LATIN_LETTERS.values())}))
_STRANGE_CAPITAL = re.compile(rf"(?<=.)[{_SMALL.upper().replace('SS', '')}]|(?<=[{_SMALL}])[A-Z]")


def writers(word: str, encoding: str, more: tuple[str, ...] = ()) -> frozenset[str]:
    """The languages of an encoding that would write a word, with those of `more`."""
    if encoding in SEVERAL_BYTES:
        return frozenset(SEVERAL_BYTES[encoding] if _is_common(word, encoding) else ())
    return frozenset(name for name in (*SINGLE_BYTES[encoding], *more) if _fits(word, name))


def _is_common(word: str, encoding: str) -> bool:
    """Whether it is made of the signs that people write every day, and no small letters beside."""
    if _SMALL_LATIN.search(word):
        return False
    signs = [sign for sign in word if not sign.isascii()]
    return all(
        len(data := sign.encode(encoding)) == 2
        and any(data[0] in leads for leads in _COMMON[encoding])
        and (sign.isalpha() or sign in "ー々・")
        for sign in signs
    )


def _fits(word: str, language: str) -> bool:
    """Whether a word could be one of the language: its letters, and capitals where they belong."""
    bare = _SIGNS.sub("\xa0", word.lstrip(_BEFORE).rstrip(_BEHIND))
    parts = [part for part in re.split("[’\xa0\xad–—…]", bare) if part]
    return all(_part_fits(part, language) for part in parts)


def _part_fits(part: str, language: str) -> bool:
    if (script := _SCRIPTS.get(language)) is not None and not part.isascii():
        has_case = part.lower() != part.upper()
        is_cased = not has_case or part.islower() or part.isupper() or part.istitle()
        return is_cased and bool(script.match(part)) and "ς" not in part[:-1]
    if not part.isalpha() or part.isascii():
        return part.isalpha()
    strange = {sign for sign in part if not sign.isascii()}
    if not {sign.lower()[0] for sign in strange - {"İ"}} <= set(_LATIN_LETTERS[language]):
        return False
    if part.startswith("ß") or (len(part) > 2 and len(strange) == len(set(part))):
        return False
    return part.replace("ß", "SS").isupper() or not _STRANGE_CAPITAL.search(part)


def is_sign(word: str) -> bool:
    """Whether it is no word but a unit, a fraction or an ordinal: `m²`, `½`, `Mª`."""
    rest = _SIGNS.sub("", word)
    return rest != word and (not rest or rest.isascii())


def plain_words(text: str) -> list[str]:
    """The words of a text that hold more than ASCII, without the signs around them."""
    return [word for word in _LETTERS.findall(text) if not word.isascii()]


_LETTERS = re.compile(r"(?:[^\W\d_]|[\u0e31\u0e34-\u0e3a\u0e47-\u0e4e])+")
