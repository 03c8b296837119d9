"""Which words of a whole name are the given ones and which the family's.

A name that cannot be split for sure stays whole: greeting somebody by a wrong first name is worse
than by none. Capital letters decide nothing where all words have them. What no rule here knows goes
to nameparser, which never sees the case and whose parse counts only if no word got lost in it.
"""

import re
from typing import NamedTuple

from nameparser import parse
from nameparser.config import CONSTANTS

from lead_platform.identity.normalization.family_first import family_name_of, is_family_name
from lead_platform.identity.normalization.known_names import (
    chance_of_family_first,
    ends_like_family,
    is_family_in_front,
    is_given,
    is_only_family,
    share_family,
    share_given,
)
from lead_platform.identity.normalization.name_subjects import (
    SEVERAL_PERSONS,
    are_two_persons,
    why_no_single_person,
)
from lead_platform.identity.normalization.name_words import (
    AROUND,
    BEHIND_NAME,
    GIVEN_TITLES,
    HONORIFICS,
    SIGNS_OF_FAMILY_FIRST,
    bare,
    is_abbreviation,
    is_degree,
    is_given_abbreviated,
    is_title_abbreviated,
    suffixes,
    suffixes_behind,
    titles_before,
    without_asides,
)
from lead_platform.vocabularies.name_words import words_of
from lead_platform.vocabularies.particles import (
    LINKS,
    MAY_BE_GIVEN,
    NEVER_GIVEN,
    PARTICLES,
    RANKS,
    are_particles,
)
from lead_platform.vocabularies.text import LETTER, MARKS, fold

NOT_CLEAR = "which word is the first name is not clear: kept whole"

FAMILY_FIRST_SCRIPT = re.compile(rf"^[{SIGNS_OF_FAMILY_FIRST}]+$")
# Two letters or more, marks among them.
_WORD = rf"[^\W\d_](?:[^\W\d_]++|[{MARKS}]++)++"
_PLAIN = re.compile(rf"{_WORD}(?:[-']{_WORD})* {_WORD}(?:[-']{_WORD})*")
_INITIALS = re.compile(rf"((?:{LETTER}\. ?){{2,}}) ?({_WORD}(?:[-'](?:{LETTER})+)*)")
_SAINT = re.compile(rf"(.+) ((?:saint|sainte) (?:{LETTER})+)", re.IGNORECASE)
_INITIAL = re.compile(rf"(?:{LETTER}\.){{0,2}}{LETTER}\.?")
# No family has these; behind a given name one in -ович is a family's too (Роман Абрамович).
_DAUGHTER_OF = re.compile(r"[^\W\d_]+(?:овна|евна|івна|ївна|ична|ovna|evna)", re.IGNORECASE)
_SON_OF = re.compile(r"[^\W\d_]+(?:ович|евич|ьич|йович)", re.IGNORECASE)
_SON_OR_FAMILY = re.compile(r"[^\W\d_]+(?:ovich|evich)", re.IGNORECASE)
_CYRILLIC = re.compile(r"[\u0400-\u04ff]")
# al-Maktoum, el-Sayed: never a given name.
_ARTICLE = re.compile(rf"(?:al|el|ul|as|ash|ad|ar|az|an)-(?:{LETTER})+", re.IGNORECASE)

# Written with their marks these are family names and stand first, as in all of Vietnam.
_VIETNAMESE_FAMILIES = frozenset(
    ["nguyễn", "trần", "lê", "phạm", "huỳnh", "hoàng", "vũ", "võ", "đặng", "bùi", "đỗ", "hồ",
     "ngô", "dương", "lý"]
)  # fmt: skip
# Without marks: no other language has these, or has them beside Van and Thi.
_NGUYEN = frozenset(["nguyen", "tran", "pham", "huynh"])
_BARE_FAMILIES = (
    _NGUYEN | {fold(name) for name in _VIETNAMESE_FAMILIES} | {"phan", "truong", "dinh"}
)
_VIETNAMESE_MIDDLE = frozenset(["van", "thi"])
_KOREAN_FAMILIES = frozenset(
    ["kim", "lee", "park", "choi", "jung", "jeong", "kang", "cho", "yoon", "jang", "lim", "han",
     "oh", "seo", "shin", "kwon", "hwang", "ahn", "song", "hong", "yang", "bae", "moon", "ko"]
)  # fmt: skip
# Two syllables as Korean has them: Min-jun, Ji-sung.
_KOREAN_GIVEN = re.compile(
    r"(?:(?:[bcdghjkmnprstwy]|ch|ky|hy|my|gy|sh|ky)?(?:a|ae|e|eo|eu|i|o|oe|oo|u|ui|wa|wo|woo|ya|"
    r"ye|yeo|yo|yu|yoo|ee|ou|wi|young|hyun)(?:n|ng|m|l|k|p|h)?-?){2}",
    re.IGNORECASE,
)
_OPENS_WITH_APOSTROPHE = re.compile(r"'[ts](?:-.+)?")
# Particles only inside a name: Ben Jelloun, Ni Bhriain, Lo Presti, but Ben Ali, Mary Lo Chen.
_INSIDE = words_of("particle_inside")
_ITALIAN = frozenset(["li", "lo"])
_LONGER_THAN_CHINESE = 5
# No family name that a married name follows, as Lo, Li, Ni and Am are.
_NO_FAMILY = frozenset(["ben", "nic"])
# Prepositions, of a name where an article follows: An der Matt, Onder de Linden.
_BEFORE_PARTICLE = words_of("particle_before_particle")
_GERMAN = frozenset(["der", "dem", "den"])
# Which of several generations of a Brazilian family, kept with its name.
_BEHIND_FAMILY = words_of("generation_behind_family")
_OF_A_RELATIVE = words_of("of_a_relative")
_DASHES = frozenset(["-", "–", "—", "|", "/"])
# From here on the family stands first for sure; below an even chance, where it usually stands.
_SURE, _EVEN = 0.99, 0.5


class Parts(NamedTuple):
    """A name's parts. `doubt`: why it has none; then `whole` is all there is."""

    first: str | None = None
    middle: str | None = None
    last: str | None = None
    whole: str | None = None
    doubt: str | None = None


def split_name(text: str) -> Parts:
    """The parts of a whole name, cleaned, or the whole with the reason why it stays so."""
    honours = next((at for at, word in enumerate(text.split()) if word not in BEHIND_NAME), 0)
    text = " ".join(text.split()[honours:])
    if (doubt := why_no_single_person(text)) is not None:
        return Parts(whole=text, doubt=doubt)
    words = without_asides(text).split()
    if any(word in _DASHES for word in words[1:-1]):
        # John Smith - Acme
        return Parts(whole=text, doubt=NOT_CLEAR)
    titles = titles_before(words)
    core = words[titles:]
    behind = suffixes_behind(core)
    core = core[: len(core) - behind]
    if core and core[-1].endswith(","):
        core[-1] = core[-1].rstrip(",")
    if not core:
        return Parts(whole=text, doubt=NOT_CLEAR)
    if behind and len(core) == 1 and is_only_family(core[0]) and not share_given(core[0]):
        # Müller jun., Müller PhD
        return Parts(None, None, core[0])
    has_title = honours > 0 or any(bare(word) not in GIVEN_TITLES for word in words[:titles])
    found = _split_core(core, has_title=has_title)
    return found if found is not None else Parts(whole=text, doubt=NOT_CLEAR)


def _split_core(words: list[str], *, has_title: bool) -> Parts | None:
    """The parts of a name without titles and degrees; None where they are not clear."""
    text = " ".join(words)
    if words[0].lower() in _OF_A_RELATIVE:
        # S/O Ramesh Kumar: the father's name.
        return None
    if len(words) == 1 and "," not in text:
        return _single(text, has_title=has_title)
    if "," in text:
        return _listed(text)
    if all(FAMILY_FIRST_SCRIPT.match(word) for word in words):
        return Parts(" ".join(words[1:]), None, words[0])
    lower = [word.lower() for word in words]
    if _opens_with_vietnamese_family(lower) or _is_korean(lower):
        return Parts(" ".join(words[1:]), None, words[0])
    if is_given_abbreviated(words[0]):
        return _usual(text, words)
    if is_abbreviation(words[0]) and lower[0] not in PARTICLES:
        return _usual(text, words) if is_title_abbreviated(words[0]) else None
    if lower[0] in RANKS and any(word in PARTICLES for word in lower[1:]):
        # Graf Otto von Bismarck: the rank stands where a first name would.
        return _opening_with_particles(words, lower) if lower[1] in PARTICLES else None
    if lower[0] in PARTICLES or _ARTICLE.fullmatch(words[0]):
        return _opening_with_particles(words, lower)
    if lower[0] in _BEFORE_PARTICLE and lower[1] == "der":
        return Parts(None, None, text) if len(words) == 3 else None
    if len(words) == 2 and lower[0] == "am":
        return None
    if len(words) == 3 and lower[1] in ("y", "e", "i") and not _is_middle_initial(words):
        return Parts(None, None, text)
    if len(words) > 1 and _is_index_form(lower):
        return Parts(None, None, " ".join([*words[1:], words[0]]))
    behind = words[-1]
    if len(words) == 2 and is_abbreviation(behind) and not is_given_abbreviated(behind):
        # Alfred Col.; John Macfarl. is one Macfarlane.
        return None if is_title_abbreviated(behind) else _by_place(words)
    if all(_is_initial(word) for word in words[1:]):
        return _behind_initials(words)
    if (found := _with_patronymic_behind(words)) is not None:
        return found
    return _by_order(words, lower) if _may_be_swapped(words, lower) else _usual(text, words)


def _is_middle_initial(words: list[str]) -> bool:
    """Whether the letter between two words is no link: Mary E Smith, but Costa e Silva. Where case
    says nothing, the word before it does, and `y` links."""
    if any(map(str.islower, words[0])) and words[1].isupper():
        return True
    is_level = words[1].isupper() or all(map(str.islower, words))
    is_rather_given = share_given(words[0]) > share_family(words[0])
    return is_level and words[1].lower() != "y" and is_rather_given


def _single(word: str, *, has_title: bool) -> Parts | None:
    if is_family_name(word):
        return Parts(None, None, word)
    is_family_first = FAMILY_FIRST_SCRIPT.match(word) is not None
    family = family_name_of(word) if is_family_first else None
    if family is not None:
        return Parts(word.removeprefix(family), None, family)
    if has_title and is_family_first and len(word) > 1:
        # 花子さん, 伊集院さん: a word of honour stands behind both names.
        return None
    word = word.strip(",.")
    if has_title or _ARTICLE.fullmatch(word):
        return Parts(None, None, word)
    return Parts(word)


def _listed(text: str) -> Parts | None:
    """Family name, comma, given names: "Berg, Jan", "Berg, van den, Jan", "Berg, Jan van den"."""
    cells = [cell for part in text.split(",") if (cell := _without_decoration(part))]
    particles = [cell for cell in cells if _are_sure_particles(cell)]
    cells = [cell for cell in cells if cell not in particles]
    is_one = len(cells) == len(particles) == 1 and " " not in particles[0]
    if is_one and not _is_rather_family(cells[0]):
        # Das, Anita
        return Parts(cells[0], None, particles[0])
    if len(cells) == 1 and particles:
        return Parts(None, None, " ".join([*particles, cells[0]]))
    if len(cells) == 1 and cells[0] != text:
        return _split_core(cells[0].split(), has_title=False)
    if len(cells) != 2:
        return None
    family, given = cells
    words = given.split()
    if len(family.split()) > 1 and not family.isupper() and is_degree(given):
        return _split_core(family.split(), has_title=False)
    behind = _particles_behind(words)
    if behind:
        particles += [" ".join(words[-behind:])]
        words = words[:-behind]
    if are_two_persons(family.split(), words):
        return Parts(whole=text, doubt=SEVERAL_PERSONS)
    if len(family.split()) > 1 and is_given(family.split()[0]) and not all(map(is_given, words)):
        # Anna Roth, Berlin: the name stands before the comma, and nobody knows what is behind it.
        return None
    count = 2 if words[0].lower() in CONSTANTS.bound_first_names else 1
    first, middle = " ".join(words[:count]), " ".join(words[count:]) or None
    return Parts(first, middle, " ".join([*particles, family]))


def family_in_order(text: str) -> str:
    """A last name of its own column as it is spoken: "Berg, van der" is van der Berg."""
    parts = (part.split() for part in text.split(","))
    cells = [" ".join(words) for words in parts if titles_before(words) < len(words)]
    particles = [cell for cell in cells if _are_sure_particles(cell)]
    names = [cell for cell in cells if cell not in particles]
    return " ".join([*particles, *names]) if names else text


def _without_decoration(part: str) -> str:
    """What stands between two commas without titles; empty where it is nothing but a degree."""
    words = part.split()
    words = words[titles_before(words) :]
    if words and suffixes_behind(["Aa", *words]) == len(words):
        return ""
    return " ".join(words[: len(words) - suffixes_behind(words)])


def _opens_with_vietnamese_family(lower: list[str]) -> bool:
    if len(lower) < 2:
        return False
    first, last = lower[0], lower[-1]
    if first in _VIETNAMESE_FAMILIES:
        return last not in _VIETNAMESE_FAMILIES
    if fold(last) in _BARE_FAMILIES:
        return False
    return first in _NGUYEN or (
        first in _BARE_FAMILIES and len(lower) > 2 and fold(lower[1]) in _VIETNAMESE_MIDDLE
    )


def _is_korean(lower: list[str]) -> bool:
    return (
        len(lower) == 2
        and lower[0] in _KOREAN_FAMILIES
        and lower[1].count("-") == 1
        and _KOREAN_GIVEN.fullmatch(lower[1]) is not None
    )


def _opening_with_particles(words: list[str], lower: list[str]) -> Parts | None:
    """van der Berg, Van Nguyen, DE VRIES ANNA, Graf von Bismarck: no particle alone is anybody's
    first name."""
    if fold(lower[-1]) in _BARE_FAMILIES and lower[0] == "van":
        return Parts(" ".join(words[:-1]), None, words[-1])
    run = int(lower[0] in RANKS)
    while run < len(words) and (lower[run] in PARTICLES or (run and lower[run] == "und")):
        run += 1
    if run == len(words):
        return None
    family, rest = words[: run + 1], words[run + 1 :]
    if any(word.lower() in PARTICLES | LINKS for word in rest):
        return None
    is_known = share_family(" ".join(family)) > 0
    if not rest:
        may_be_given = run == 1 and lower[0] in MAY_BE_GIVEN and not is_known
        return None if may_be_given else Parts(None, None, " ".join(family))
    if all(is_given(word) or _is_initial(word) for word in rest):
        return Parts(rest[0], " ".join(rest[1:]) or None, " ".join(family))
    return None


def _is_rather_family(word: str) -> bool:
    return share_family(word) > 0 and not is_given(word)


def _is_index_form(lower: list[str]) -> bool:
    """Berg van den: as an index has it; Anita Das and John Le have such last names."""
    tail = lower[1:]
    if len(tail) == 1 and not _is_rather_family(lower[0]):
        return False
    return all(word in PARTICLES for word in tail) and (len(tail) > 1 or tail[0] in NEVER_GIVEN)


def _particles_behind(words: list[str]) -> int:
    """How many words at the end of given names are particles of the family name."""
    count = 0
    while count < len(words) - 1 and words[-1 - count].lower() in PARTICLES:
        count += 1
    return count


def _are_sure_particles(text: str) -> bool:
    """Whether the text is nothing but particles; one that is a name too is none by itself: Do."""
    words = text.lower().split()
    many = len(words) > 1 or (bool(words) and words[0] in NEVER_GIVEN | {"van"})
    return many and words[-1] in PARTICLES and are_particles(text)


def _is_initial(word: str) -> bool:
    if is_given_abbreviated(word):
        return True
    is_short = len(word) == 1 or "." in word
    return is_short and _INITIAL.fullmatch(word) is not None and not FAMILY_FIRST_SCRIPT.match(word)


def _behind_initials(words: list[str]) -> Parts | None:
    """Smith J. is a family's name and an initial, Anna S. is not; Ivanov I.I. has two of them, and
    so has nobody behind a given name that no list has."""
    is_family = None if _is_initial(words[0]) else is_family_in_front(words[0])
    if _is_initial(words[0]) or is_given(words[0]):
        is_family = False
    elif sum(map(str.isalpha, "".join(words[1:]))) > 1 and is_family is not True:
        is_index = ends_like_family(words[0]) or _CYRILLIC.match(words[0]) is not None
        is_family = True if is_index else None
    if is_family is None:
        return None
    if is_family:
        return Parts(" ".join(words[1:]), None, words[0])
    return Parts(words[0], " ".join(words[1:-1]) or None, words[-1])


def _with_patronymic_behind(words: list[str]) -> Parts | None:
    """Иванов Иван Иванович: behind a given name, which the family's then stands before; Анна
    Петровна has only said the two."""
    *before, last = words
    is_daughter = _DAUGHTER_OF.fullmatch(last) is not None
    if len(before) == 1 and is_daughter:
        return Parts(before[0], last, None)
    if len(before) != 2 or any(map(_is_initial, before)):
        return None
    is_son = _SON_OF.fullmatch(last) is not None or (
        _SON_OR_FAMILY.fullmatch(last) is not None and ends_like_family(before[0])
    )
    others = (_DAUGHTER_OF, _SON_OF, _SON_OR_FAMILY)
    if not (is_daughter or is_son) or any(each.fullmatch(before[1]) for each in others):
        return None
    return Parts(before[1], last, before[0])


def _may_be_swapped(words: list[str], lower: list[str]) -> bool:
    """Whether order is all that tells the family name: two to four words, none of them a sign."""
    return len(words) <= 4 and not any(
        word in PARTICLES or word in LINKS or len(bare(word)) < 2 for word in lower
    )


def _by_order(words: list[str], lower: list[str]) -> Parts | None:
    """Given names first, unless the words or the way they are written say otherwise."""
    if _names_family_in_capitals(words):
        count = sum(word.isupper() for word in words)
        return Parts(words[count], " ".join(words[count + 1 :]) or None, " ".join(words[:count]))
    chance = chance_of_family_first(lower[0], lower[-1])
    if chance < _EVEN:
        return _usual(" ".join(words), words)
    if chance < _SURE or not share_given(lower[-1]):
        # Becker Horstmar: what no list has may be a given name, and is no proof that it is one.
        return None
    between = words[1:-1]
    if all(map(is_only_family, between)):
        return Parts(words[-1], None, " ".join(words[:-1]))
    if all(is_given(word) for word in between):
        return Parts(words[1], " ".join(words[2:]) or None, words[0])
    return None


def _names_family_in_capitals(words: list[str]) -> bool:
    """DUPONT Jean and BEN SALAH Karim, as French and Belgian lists have them; ANNA Schmidt only
    held a key down."""
    count = 0
    while count < len(words) and _is_in_capitals(words[count]):
        count += 1
    others = words[count:]
    return (
        bool(count and others)
        and not any(word.isupper() for word in others)
        and all(word[:1].isupper() for word in others)
        and (not is_given(words[0]) or (count > 1 and all(map(is_given, others))))
    )


def _usual(text: str, words: list[str]) -> Parts:
    """Given names first.

    Two plain words, the common case, are first and last name to nameparser as well; it takes
    120 µs to say so, this takes 1 (tests compare the two).
    """
    if _PLAIN.fullmatch(text) and not any(bare(word) in _SPECIAL for word in words):
        return Parts(words[0], None, words[1])
    if found := _INITIALS.fullmatch(text) or _SAINT.fullmatch(text):
        return Parts(found[1].strip(), None, found[2])
    # An abbreviation that nameparser does not know is a title to it.
    lower = " ".join(w.rstrip(".") if is_given_abbreviated(w) else w for w in words).lower()
    if any(map(_OPENS_WITH_APOSTROPHE.fullmatch, lower.split()[1:])):
        # In 't Veld: nameparser takes the sign for a quotation.
        return _by_place(words)
    parsed = parse(lower if len(text.lower()) == len(text) else text)
    parts = [parsed.given, parsed.middle, parsed.family]
    said = [word.strip(AROUND) for part in parts for word in part.split()]
    # What else is cut short and taken for a title is one: Rt. Hon., Maj.-Gen.
    missing = [
        word
        for word in text.lower().split()
        if word.strip(AROUND) not in said and not (word.endswith(".") and len(word) > 2)
    ]
    nicknames = {word.strip(AROUND) for word in parsed.nickname.split()}
    if any((key := word.strip(AROUND)) and key not in nicknames for word in missing):
        return _by_place(words)
    start, given = _family_start(words), len(parsed.given.split())
    if start is not None and given <= start < len(words) - len(parsed.family.split()):
        middle = " ".join(words[given:start]) or None
        return Parts(" ".join(words[:given]), middle, " ".join(words[start:]))
    written = _as_written(words)
    first, middle, last = (_restored(part, written) for part in parts)
    return Parts(first, middle, last)


def _family_start(words: list[str]) -> int | None:
    """Where the last name of a name in its usual order begins by a word of ours that nameparser
    does not know: El Amrani, ten Cate, Uit den Bogaard, Souza Filho; None where none says so."""
    lower = [word.lower() for word in words]
    for place in range(1, len(words) - 1):
        if _opens_family(lower, place):
            return place
    is_generation = lower[-1] in _BEHIND_FAMILY and len(words) > 2 and not is_given(lower[-2])
    return len(words) - 2 if is_generation else None


def _opens_family(lower: list[str], place: int) -> bool:
    word, behind = lower[place], lower[place + 1]
    is_last = place == len(lower) - 2
    if word in _BEFORE_PARTICLE and behind in NEVER_GIVEN and not is_last:
        # Mei An De Vries is called Mei An.
        return word != "an" or behind in _GERMAN
    if word not in _INSIDE:
        # El Mehdi Amrani has a given name of two words.
        return word in NEVER_GIVEN and (is_last or not is_given(behind))
    is_long = len(behind) >= _LONGER_THAN_CHINESE
    if word in _ITALIAN:
        return is_last and is_long and behind[-1] in "aeiou"
    is_likely = (is_long or is_given(lower[0])) and not is_only_family(behind)
    return is_last and (word in _NO_FAMILY or is_likely)


def _by_place(words: list[str]) -> Parts:
    """The first word, and the last with the particles before it: what is left where a parse would
    drop a word."""
    start = len(words) - 1
    for place in range(1, len(words) - 1):
        if words[place].lower() in PARTICLES:
            start = place
            break
    return Parts(words[0], " ".join(words[1:start]) or None, " ".join(words[start:]))


def _as_written(words: list[str]) -> dict[str, list[str]]:
    written: dict[str, list[str]] = {}
    for word in words:
        written.setdefault(word.lower().strip(AROUND), []).append(word)
    return written


def _restored(part: str, written: dict[str, list[str]]) -> str | None:
    """A part of the parse in the letters that were typed."""
    words = []
    for word in part.split():
        typed = written.get(word.strip(AROUND), [])
        words.append(typed.pop(0) if typed else word)
    text = " ".join(words).strip(AROUND)
    is_cut_short = bool(words) and is_given_abbreviated(words[-1])
    return (f"{text}." if is_cut_short else text) or None


# Words nameparser treats as more than a name.
_SPECIAL = (
    HONORIFICS
    | suffixes()
    | frozenset(CONSTANTS.prefixes)
    | frozenset(CONSTANTS.conjunctions)
    | frozenset(CONSTANTS.bound_first_names)
)


def vietnamese_families() -> frozenset[str]:
    """Family names of Vietnam without their marks."""
    return _BARE_FAMILIES


def _is_in_capitals(word: str) -> bool:
    """Whether more than initials is in capitals: DUPONT, not JP or W.J."""
    return len(word) > 2 and "." not in word and word.isupper()
