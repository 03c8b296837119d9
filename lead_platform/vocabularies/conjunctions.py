"""Words around a list of channels: what joins the last to the others (`calls or texts`), what says
that the one before it is wanted (`no calls, email only`), what sets one off (`all but calls`), and
what says that something ends (`kein Kontakt mehr`).

The list beside this module, conjunctions.csv, has one a line, with its kind and language.
"""

import csv
from pathlib import Path

from lead_platform.vocabularies.text import fold

with Path(__file__).with_name("conjunctions.csv").open(encoding="utf-8", newline="") as _file:
    _ROWS = list(csv.DictReader(_file))
CONJUNCTIONS = frozenset(fold(row["word"]) for row in _ROWS if row["kind"] == "joins")
PREFERENCES = frozenset(fold(row["word"]) for row in _ROWS if row["kind"] == "prefers")
CONTRASTS = frozenset(fold(row["word"]) for row in _ROWS if row["kind"] == "contrasts")
FROM_NOW_ON = frozenset(fold(row["word"]) for row in _ROWS if row["kind"] == "from_now_on")
