"""In which encoding a text is written that does not say so.

Owns the judgement between single-byte encodings by the words they would give: each byte is some
letter in all of them, but few of the words are ones that people write. Marks, UTF-16 and what a
channel sets come first.
"""

import codecs
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from lead_platform.capture.lines import is_narrow, open_text, read_head, wide_encoding
from lead_platform.capture.tabular.rules import TableRule
from lead_platform.lake.brake import check_brake

_LATIN_LETTERS: dict[str, str] = {
    "German": "äöüß", "French": "àâæçéèêëîïôœùûüÿ", "Spanish": "áéíñóúü", "Catalan": "àçéèíïóòúü",
    "Portuguese": "áàâãçéêíóôõúü", "Italian": "àèéìíòóùú", "Dutch": "áéëïóöü",
    "Nordic": "åäöæøéü", "Finnish": "åäöšž", "Polish": "ąćęłńóśźż", "Czech": "áčďéěíňóřšťúůýž",
    "Slovak": "áäčďéíĺľňóôŕšťúýž", "Hungarian": "áéíóöőúüű", "Croatian": "čćđšž",
    "Romanian": "ăâîşţ", "Turkish": "çğıöşüâîû", "Estonian": "äõöüšž",
    "Lithuanian": "ąčęėįšųūž", "Latvian": "āčēģīķļņšūž",
}  # fmt: skip
"""The letters beyond ASCII of languages whose texts this reader tells apart, in lower case."""

_WESTERN = (
    "German", "French", "Spanish", "Catalan", "Portuguese", "Italian", "Dutch", "Nordic",
)  # fmt: skip
_CENTRAL = (
    "German", "Polish", "Czech", "Slovak", "Hungarian", "Croatian", "Romanian",
)  # fmt: skip

# What each encoding is used for. Icelandic needs the letters that stand for others in Turkish, and
# is left to the channel to declare.
_ENCODINGS: dict[str, tuple[str, ...]] = {
    "cp1252": _WESTERN, "iso8859-15": _WESTERN, "cp1250": _CENTRAL, "iso8859-2": _CENTRAL,
    "cp1254": ("Turkish", "German"), "cp1257": ("Estonian", "Lithuanian", "Latvian"),
    "cp850": _WESTERN, "mac_roman": _WESTERN, "cp1251": ("Cyrillic",), "cp1253": ("Greek",),
}  # fmt: skip

# By far the commonest: it is taken where another of these would explain the words as well.
_COMMONEST = "cp1252"
_RARER = frozenset(_ENCODINGS) - {_COMMONEST, "cp1254"}
# Its š and ž count once an encoding is chosen, not before: on Macs the same byte is an ö.
_ONCE_CHOSEN = ("Finnish",)

_SCRIPTS = {
    "Cyrillic": re.compile(r"[\u0400-\u04ff]+\Z"),
    "Greek": re.compile(r"[\u0370-\u03ff]+\Z"),
}
_WORDS = re.compile(r"[A-Za-z\x80-\U0010ffff]+")
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
_MOST_WORDS = 20_000
_LONGEST_LINE = 65_536


@dataclass(frozen=True, slots=True)
class TextEncoding:
    """How the lines of a text are decoded.

    `name` first, `otherwise` for lines it does not fit. `told`: the file's encoding for people;
    `remark`: what they should know where it was found by its words.
    """

    name: str
    otherwise: str | None
    told: str
    remark: str | None = None


def find_encoding(path: Path, rule: TableRule) -> TextEncoding:
    """What the file says of itself, else what the channel sets, else what its words tell."""
    head = read_head(path)
    if (wide := wide_encoding(head)) is not None:
        return TextEncoding("utf-8", None, wide)
    if head.startswith(codecs.BOM_UTF8):
        return TextEncoding("utf-8", rule.fallback_encoding, "utf-8 with mark")
    if rule.encoding is not None:
        name = rule.encoding if is_narrow(rule.encoding) else "utf-8"
        return TextEncoding(name, None, rule.encoding)
    if rule.fallback_encoding is not None:
        told = f"utf-8, else {rule.fallback_encoding}"
        return TextEncoding("utf-8", rule.fallback_encoding, told)
    return _by_its_bytes(path)


def _by_its_bytes(path: Path) -> TextEncoding:
    if _is_utf8(path):
        return TextEncoding("utf-8", None, "utf-8")
    lines = _strange_lines(path)
    found = judge_encoding(lines) if lines else None
    if found is None:
        return TextEncoding(
            "utf-8", None, "utf-8",
            "Some lines are not UTF-8, and what they are is not certain; write the file's own as "
            "`encoding` under `table` of the channel.",
        )  # fmt: skip
    remark = f"It is not UTF-8; {found} is what its words make sense in."
    return TextEncoding("utf-8", found, found, remark)


def _is_utf8(path: Path) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        with open_text(path) as stream:
            while chunk := stream.read(1_048_576):
                check_brake()
                decoder.decode(chunk)
    except UnicodeDecodeError:
        return False
    return True


def _strange_lines(path: Path) -> list[bytes]:
    """Lines that are no UTF-8; none where others hold more than ASCII and are: it is damaged."""
    strange: list[bytes] = []
    count = 0
    with open_text(path) as stream:
        while line := stream.readline(_LONGEST_LINE):
            if line.isascii():
                continue
            check_brake()
            try:
                line.decode("utf-8")
            except UnicodeDecodeError:
                if len(line) < _LONGEST_LINE and count < _MOST_WORDS:
                    strange.append(line)
                    count += 1 + len(line) // 100
            else:
                return []
    return strange


def judge_encoding(lines: Iterable[bytes]) -> str | None:
    """The encoding whose words people write; None where several tell different ones alike."""
    text = b"\n".join(lines)
    readings = {
        name: _Reading(found, [_writers(word, _ENCODINGS[name]) for word in found])
        for name in _ENCODINGS
        if (found := _strange_words(text, name)) is not None
    }
    names = [name for name in readings if all(_beats(readings, name, other) for other in readings)]
    best = names[0] if names else None
    if best is None:
        return None
    words = readings[best].words
    languages = (*_ENCODINGS[best], *_ONCE_CHOSEN)
    misfits = sum(not _writers(word, languages) for word in words)
    return best if misfits <= len(words) // 20 else None


@dataclass(frozen=True, slots=True)
class _Reading:
    """The words that an encoding would give, and the languages that would write each."""

    words: list[str]
    writers: list[frozenset[str]]

    @property
    def misfits(self) -> int:
        """How many words no language would write."""
        return sum(not names for names in self.writers)

    @property
    def is_mixed(self) -> bool:
        """Whether it takes several languages to write the rest."""
        written = {names for names in self.writers if names}
        return bool(written) and not frozenset.intersection(*written)

    def odd(self, places: list[int]) -> int:
        """How often the only word comes that no language would write, where it is one of twenty
        of these places or fewer: a slip, which says nothing of the others."""
        odd = [self.words[place] for place in places if not self.writers[place]]
        return len(odd) if len(set(odd)) == 1 and 20 * len(odd) <= len(places) else 0


def _strange_words(text: bytes, encoding: str) -> list[str] | None:
    """The words that hold more than ASCII, in order; None where the encoding lacks a byte."""
    try:
        decoded = text.decode(encoding)
    except UnicodeDecodeError:
        return None
    return [word for word in _WORDS.findall(decoded) if not word.isascii()]


def _beats(readings: dict[str, _Reading], name: str, other: str) -> bool:
    """Whether `name` explains where the two differ at least as well, and better unless commoner."""
    ours, theirs = readings[name], readings[other]
    pairs = enumerate(zip(ours.words, theirs.words, strict=True))
    differing = [place for place, (one, another) in pairs if one != another]
    if not differing:
        return True
    our_rank = (ours.misfits - ours.odd(differing), ours.is_mixed)
    their_rank = (theirs.misfits - theirs.odd(differing), theirs.is_mixed)
    if our_rank != their_rank:
        return our_rank < their_rank
    # Where one odd word is all that tells them apart, neither is certain.
    return ours.misfits == theirs.misfits and name == _COMMONEST and other in _RARER


def _writers(word: str, languages: tuple[str, ...]) -> frozenset[str]:
    """The languages that would write a word."""
    return frozenset(name for name in languages if _fits(word, name))


def _fits(word: str, language: str) -> bool:
    """Whether a word could be one of the language: its letters, and capitals where they belong."""
    bare = _SIGNS.sub("\xa0", word.lstrip(_BEFORE).rstrip(_BEHIND))
    parts = [part for part in re.split("[’\xa0\xad–—…]", bare) if part]
    return all(_part_fits(part, language) for part in parts)


def _part_fits(part: str, language: str) -> bool:
    if not part.isalpha() or part.isascii():
        return part.isalpha()
    if (script := _SCRIPTS.get(language)) is not None:
        is_cased = part.islower() or part.isupper() or part.istitle()
        return is_cased and bool(script.match(part)) and "ς" not in part[:-1]
    strange = {sign for sign in part if not sign.isascii()}
    if not {sign.lower()[0] for sign in strange - {"İ"}} <= set(_LATIN_LETTERS[language]):
        return False
    if part.startswith("ß") or (len(part) > 2 and len(strange) == len(set(part))):
        return False
    return part.replace("ß", "SS").isupper() or not _STRANGE_CAPITAL.search(part)
