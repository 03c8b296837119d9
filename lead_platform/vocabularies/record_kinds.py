"""Words for what a record is to the program that keeps it: a lead, a user, an attendee.

The list beside this module, record_kinds.csv, has one a line. What is a `record` is nobody's job;
a `record_or_title` may be one: Owner, Speaker.
"""

import csv
from collections.abc import Collection
from functools import cache
from pathlib import Path

from lead_platform.vocabularies.text import fold

_NEARLY_ALL = 0.9
_LIST = Path(__file__).with_name("record_kinds.csv")


def are_record_kinds(values: Collection[str]) -> bool:
    """Whether nearly all the values are kinds of records, and one at least is nobody's title."""
    found = [kind for value in values if (kind := _kinds().get(fold(value)))]
    return "record" in found and len(found) >= _NEARLY_ALL * len(values)


@cache
def _kinds() -> dict[str, str]:
    with _LIST.open(encoding="utf-8", newline="") as stream:
        return {fold(row["word"]): row["kind"] for row in csv.DictReader(stream)}
