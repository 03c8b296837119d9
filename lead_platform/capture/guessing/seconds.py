"""The second of two columns for one field: where both are filled, what it says goes somewhere else.

Owns where: a mailbox of the same person's among the further ones, all else among the answers.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace

from lead_platform.capture.guessing.choices import Choice
from lead_platform.capture.guessing.shapes import Column

FURTHER_EMAILS = "further_emails"
_FIELDS = ("email", "phone", "full_name", "first_name", "last_name")


def with_further_mailbox(chosen: dict[str, tuple[Choice, ...]]) -> dict[str, tuple[Choice, ...]]:
    """The second mailbox among the further ones, unless a column of such is there already.

    They are exact keys: each name must say it whole, and no mailbox go with two others.
    """
    mails = chosen.get("email", ())
    if mails and FURTHER_EMAILS not in chosen and mails[0].column.has_several:
        reason = f"{mails[0].reason}; several in one cell"
        return chosen | {FURTHER_EMAILS: (replace(mails[0], field=FURTHER_EMAILS, reason=reason),)}
    if len(mails) < 2 or FURTHER_EMAILS in chosen:
        return chosen
    first, second = mails[:2]
    if not first.is_exact or not second.is_exact or first.extract is not None:
        return chosen
    if _are_shared(first.column, second.column):
        return chosen
    reason = f"{second.reason}; where {first.column.name} is filled too"
    further = replace(second, field=FURTHER_EMAILS, where=first.column, reason=reason)
    return chosen | {FURTHER_EMAILS: (further,)}


def second_columns(
    chosen: Mapping[str, tuple[Choice, ...]],
) -> tuple[tuple[tuple[Column, ...], Column], ...]:
    """Each column that no field takes where one before it is filled, behind those."""
    kept = {choice.column.path for choice in chosen.get(FURTHER_EMAILS, ())}
    return tuple(
        (tuple(each.column for each in choices[:place]), other.column)
        for name in _FIELDS
        if (choices := chosen.get(name, ()))
        for place, other in enumerate(choices)
        if place and other.column.path not in {*kept, choices[0].column.path}
    )


def _are_shared(first: Column, second: Column) -> bool:
    """Whether a mailbox of the second column stands beside several of the first."""
    beside: dict[str, set[str]] = defaultdict(set)
    for one, two in zip(first.cells, second.cells, strict=True):
        if one and two:
            beside[two.casefold()].add(one.casefold())
    return any(len(others) > 1 for others in beside.values())
