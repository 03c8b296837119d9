"""Words that join the last of a list to the others: `calls or texts`, `Anrufe und E-Mails`.

The list beside this module, conjunctions.csv, has one a line, with its language.
"""

import csv
from pathlib import Path

from lead_platform.vocabularies.text import fold

with Path(__file__).with_name("conjunctions.csv").open(encoding="utf-8", newline="") as _file:
    CONJUNCTIONS = frozenset(fold(row["word"]) for row in csv.DictReader(_file))
