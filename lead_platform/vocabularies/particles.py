"""Particles of family names: van der, von, de la, al. What they are, not where they stand.

Two kinds, as nameparser's vocabulary tells them apart: words nobody is called, and words that are
given names somewhere (Van, Al, Bin, Della), of which one alone before a name says nothing.
"""

NEVER_GIVEN = frozenset(
    ["von", "vom", "zu", "zum", "zur", "der", "den", "dem", "des", "de", "das", "dos", "du", "dei",
     "degli", "delle", "delli", "dello", "la", "las", "le", "les", "lo", "los", "el", "ibn", "ter",
     "ten", "het", "'t", "t'", "vd", "v.d.", "v/d", "vande", "vander", "af", "av", "auf"]
)  # fmt: skip
MAY_BE_GIVEN = frozenset(
    ["van", "al", "bin", "binti", "bint", "da", "dal", "del", "della", "di", "do", "st", "st.",
     "saint", "sainte", "san", "santa", "santo", "mac", "mc", "op", "te", "in"]
)  # fmt: skip
PARTICLES = NEVER_GIVEN | MAY_BE_GIVEN
# Between two particles or two family names: von und zu, Ramón y Cajal.
LINKS = frozenset(["und", "y", "e", "i", "en"])
# What German and Dutch registers keep in one column with the particle.
RANKS = frozenset(
    ["freiherr", "freifrau", "freiin", "graf", "gräfin", "baron", "baronin", "baronesse", "ritter",
     "edler", "edle", "prinz", "prinzessin", "jonkheer", "jonkvrouw", "jhr", "jkvr"]
)  # fmt: skip
_OF_A_COLUMN = PARTICLES | RANKS | {"und", "d'", "l'", "o'", "ó", "ní", "y"}


def are_particles(text: str) -> bool:
    """Whether `text` is nothing but particles, or ranks that stand with them: van der, Graf von."""
    words = text.lower().replace("’", "'").split()
    return bool(words) and all(
        word in _OF_A_COLUMN or word.rstrip(".") in _OF_A_COLUMN for word in words
    )
