"""Traps that were looked at stay right (benchmarks/identity/traps.py)."""

import pytest

from benchmarks.identity.populations import ROOT, SPECIFICATION
from benchmarks.identity.traps import Trap, load_traps, spring
from lead_platform.identity.engine.model import load_model
from lead_platform.vocabularies.folder import load_vocabularies
from tests.marked_scripts import NAMES

VOCABULARIES, MODEL = load_vocabularies(ROOT / "config"), load_model(SPECIFICATION)
# What is decided on the way from what people typed; the others have tests of their own.
KINDS = ("juniors", "scripts", "double surnames", "umlauts", "alias domains", "subdomains",
         "companies alone", "phones without country")  # fmt: skip
SEEN = {trap.name: trap for trap in load_traps("seen") if trap.kind in KINDS}


@pytest.mark.parametrize("name", SEEN)
def test_a_trap_catches_nobody(name):
    outcome = spring(SEEN[name], VOCABULARIES, MODEL)
    assert outcome.is_right, (outcome.leads, outcome.reasons)
    assert not outcome.wrong


@pytest.mark.parametrize("script", NAMES)
def test_vowels_that_are_marks_tell_people_apart(script):
    """`राम शर्मा, टाटा` and `रीमा शर्मा, टीटी` were one lead, without an email in common."""
    left, right = (
        {"full_name": name, "company_name": name.split()[1], "city": name.split()[0]}
        for name in NAMES[script][:2]
    )
    rows = (left | {"email": "hone77@gmail.com"}, right | {"email": "htwo88@gmail.com"})
    trap = Trap(name=script, kind="scripts", rows=rows, leads=((1,), (2,)))
    outcome = spring(trap, VOCABULARIES, MODEL)
    assert outcome.is_right, (outcome.leads, outcome.reasons)


def test_every_group_is_placed_whole():
    for half in ("seen", "held"):
        for trap in load_traps(half):
            places = [place for lead in trap.leads for place in lead]
            assert sorted(places) == list(range(1, len(trap.rows) + 1)), trap.name
