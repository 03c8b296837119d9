"""Columns that hold mailboxes and telephone numbers together: `Mail/Tel`.

Owns how either is cut out of a cell. The number is all that stands beside the mailbox, whatever
signs people set in it: which digits belong together is read where every number is.
"""

from collections.abc import Sequence

from lead_platform.capture.guessing.choices import NEARLY, Choice
from lead_platform.capture.guessing.names import NameMatch
from lead_platform.capture.guessing.shapes import MOST_READ, Column
from lead_platform.patterns import Pattern

_BETWEEN = r"\s,;:|/<>"
_MAILBOX = rf"[^{_BETWEEN}()@]+@[^{_BETWEEN}()@]+"
_MAIL_PART = rf"({_MAILBOX}(?:\s*[,;|]\s*{_MAILBOX})*)"
# A word with a digit and no @, with all around it but the mailboxes at its ends.
_PHONE_PART = (
    rf"(?s)^(?:[^\d@]*{_MAILBOX}[{_BETWEEN})]+)*"
    rf"((?:.*?[{_BETWEEN}])?[^{_BETWEEN}@]*\d[^{_BETWEEN}@]*(?:[{_BETWEEN}].*?)??)"
    rf"(?:(?:\s\pPd)?[{_BETWEEN}(]+(?:[^\d@]*[{_BETWEEN}(])?{_MAILBOX}[^\d@]*)?$"
)
_PARTS = {"email": Pattern(_MAIL_PART), "phone": Pattern(_PHONE_PART)}
_FEWEST_DIGITS = 6


def cut_apart(column: Column, matches: Sequence[NameMatch]) -> list[Choice]:
    """Mailbox and number of a column whose name says both (`matches`), where its values are
    either; else nothing."""
    if {match.field for match in matches} != _PARTS.keys():
        return []
    if column.share(_holds) < MOST_READ:
        return []
    reason = "its name and values: mail and phone in one cell"
    return [
        Choice(column, name, NEARLY, reason, extract=pattern.source)
        for name, pattern in _PARTS.items()
    ]


def _holds(value: str) -> bool:
    """Whether a mailbox or a number stands in the cell."""
    if _PARTS["email"].found_in(value):
        return True
    found = _PARTS["phone"].search(value)
    return found is not None and sum(map(str.isdigit, found.text)) >= _FEWEST_DIGITS
