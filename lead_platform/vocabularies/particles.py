"""Particles of family names: van der, von, de la, al. What they are, not where they stand.

Two kinds, as nameparser's vocabulary tells them apart: words nobody is called, and words that are
given names somewhere (Van, Al, Bin, Della), of which one alone before a name says nothing. The
words are those of name_words.csv.
"""

from lead_platform.vocabularies.name_words import words_of

NEVER_GIVEN = words_of("particle")
MAY_BE_GIVEN = words_of("particle_or_given")
PARTICLES = NEVER_GIVEN | MAY_BE_GIVEN
# Between two particles or two family names: von und zu, Ramón y Cajal.
LINKS = words_of("link")
# What German and Dutch registers keep in one column with the particle.
RANKS = words_of("rank")
_OF_A_COLUMN = PARTICLES | RANKS | {"und", "d'", "l'", "o'", "ó", "ní", "y"}


def are_particles(text: str) -> bool:
    """Whether `text` is nothing but particles, or ranks that stand with them: van der, Graf von."""
    words = text.lower().replace("’", "'").split()
    return bool(words) and all(
        word in _OF_A_COLUMN or word.rstrip(".") in _OF_A_COLUMN for word in words
    )
