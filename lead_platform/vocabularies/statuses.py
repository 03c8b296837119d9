"""Words of how far a lead, a ticket or a form is, beside the stages of deals.

The list beside this module, statuses.csv, has one a line. They tell that a column called `State`
holds no regions.
"""

import csv
from functools import cache
from pathlib import Path

from lead_platform.vocabularies.text import fold

_LIST = Path(__file__).with_name("statuses.csv")


@cache
def statuses() -> frozenset[str]:
    """The words, folded."""
    with _LIST.open(encoding="utf-8", newline="") as stream:
        return frozenset(fold(row["word"]) for row in csv.DictReader(stream))
