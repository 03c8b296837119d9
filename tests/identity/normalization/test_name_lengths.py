"""A name may be as long as somebody likes: what is read of it takes no longer for that."""

import pytest

from lead_platform.identity.normalization.names import normalize_name
from lead_platform.vocabularies.tables import Vocabularies

SIGNS_IN_ALL = (300, 20_000)
UNITS = (
    "test ", "n/a ", "N. N. ", "no name ", "Guest ", "unknown unknown x ", "Anna ", "a", "x.", "( ",
    ") ", "née ", "née Roth, ", "geb. Roth (", "Berg, ", "van der ", "von und zu ", "y ", "O'", "-",
    "Dr. ", "Jr. ", "PhD ", "J. ", "Kim-", "saint ", "Anna; ", "Anna & ", '"Bo" ', " - USD", "GmbH",
    " AG", "%41", "%", "&amp;", "é", "Ａ ", "\u0301", "李", "김", "\t", "'",
)  # fmt: skip


@pytest.mark.timeout(30)
@pytest.mark.parametrize("field", ["full", "first", "last", "both", "all"])
@pytest.mark.parametrize("unit", UNITS)
def test_a_name_of_any_length_is_read_in_its_time(
    unit: str, field: str, vocabularies: Vocabularies
) -> None:
    """The first name "test test test …", of 45 words, never ended: two ways to read each of them,
    and all ways were tried. One such cell stopped all intake."""
    for signs in (len(unit), 140, *SIGNS_IN_ALL):
        text = (unit * signs)[:signs]
        full, first, last = (
            text if field in (name, "all") or (field == "both" and name != "full") else None
            for name in ("full", "first", "last")
        )
        found = normalize_name(full, first, last, vocabularies)
        if signs in SIGNS_IN_ALL:
            assert len(found.full or "") <= 2 * signs


@pytest.mark.parametrize("text", ["test " * 20, "n/a " * 30, "no name " * 15, "N. N. " * 20])
def test_fillers_are_told_however_many_they_are(text: str, vocabularies: Vocabularies) -> None:
    for parts in ((text, None, None), (None, text, None), (None, text, "n/a")):
        found = normalize_name(*parts, vocabularies)
        assert (found.full, found.first, found.last) == (None, None, None)
