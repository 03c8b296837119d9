"""Words beside names of people, by their kind: particles, titles, degrees; name_words.csv has them.

Some are names of people too: `particle_or_given` (Van, Al, Bin), and titles that count only
`_with_dot` (Doc, Mag), `_before_given` names (Ing, Hon) or `_behind_title` (Dr. med. dent.). One
`_behind_name` is of Japanese, Chinese or Korean. A `rank` stands with particles (Graf von), a
`link` between two of them or two family names (von und zu, Ramón y Cajal). Only behind a given name
is one a `particle_inside` (Tahar Ben Jelloun), only before an article one `_before_particle` (An
der Matt); a `generation_behind_family` stays with the family name (Souza Filho). A word
`between_persons` tells two people; one `between_given` is a name or an initial too, and tells them
where given names stand beside it: Anna u. Peter. So does one `for_another`, who signs in somebody's
place, as it is written: Ann Lee i.A. Bob May. `before_organisation`: Ann Lee from Acme; one
`_or_place`: Anne of Cleves; one `_or_name`: John bei der Wieden. One `of_a_sentence` opens what is
said of somebody: Ann Lee on leave. Behind a whole name one
`of_a_relative` says whose child or wife that is: Suresh Kumar s/o Ramesh Rao. With a dot one
`given_abbreviated` is a given name: Wm., Mohd. As it is written one `behind_name` is no part of
the name before it: Hans Roth jun., Hans Roth a.D.
"""

import csv
from functools import cache
from pathlib import Path
from typing import Literal

Kind = Literal[
    "particle", "particle_or_given", "particle_inside", "particle_before_particle",
    "generation_behind_family", "link", "rank", "title", "title_before_given",
    "title_with_dot", "title_behind_title", "title_behind_name", "degree", "given_abbreviated",
    "between_persons", "between_given",
    "before_organisation", "before_organisation_or_place", "before_organisation_or_name",
    "for_another", "of_a_sentence", "of_a_relative",
    "behind_name",
]  # fmt: skip
_LIST = Path(__file__).with_name("name_words.csv")


def words_of(kind: Kind) -> frozenset[str]:
    """The words of a kind, in small letters where case says nothing."""
    return frozenset(word for word, its in _rows() if its == kind)


@cache
def _rows() -> tuple[tuple[str, str], ...]:
    with _LIST.open(encoding="utf-8", newline="") as stream:
        return tuple((row["word"], row["kind"]) for row in csv.DictReader(stream))
