"""What is known of a table before it is seen: the columns that its channel speaks of.

Owns that knowledge and how well a row of names answers to it.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from lead_platform.capture.channels import Channel, ChannelRules
from lead_platform.capture.paths import first_name, names_of
from lead_platform.capture.value_rules import FieldRule

_REACHED = ("email", "phone")
_NAMING = ("full_name", "first_name", "last_name", "company_name")


def _never(_name: str) -> bool:
    return False


def _nothing(_name: str) -> frozenset[str]:
    return frozenset()


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is known of a table before it is seen; empty where nothing is.

    `names`: the columns that the channel mentions; `needed`: those without which no record could
    be taken in; `reached`: those that hold mailboxes and phone numbers; `identity`: these, and
    those of ids; `naming`: those of names of persons and companies. `is_name`: whether people call
    a column so, for tables that no channel speaks of; `fields_of`: what fields they call so.
    """

    names: frozenset[str] = frozenset()
    needed: tuple[str, ...] = ()
    identity: frozenset[str] = frozenset()
    reached: frozenset[str] = frozenset()
    naming: frozenset[str] = frozenset()
    is_name: Callable[[str], bool] = _never
    fields_of: Callable[[str], frozenset[str]] = _nothing

    def score(self, cells: Sequence[Any]) -> tuple[bool, int]:
        """How well a row names the columns: whether none is lacking, and how many it names."""
        found = {name_of(cell) for cell in cells}
        return found.issuperset(self.needed), len(found & self.names)

    def count_known(self, cells: Sequence[Any]) -> int:
        """How many cells people call columns by; a single one may as well be a value."""
        count = sum(1 for cell in cells if (name := name_of(cell)) and self.is_name(name))
        return count if count > 1 else 0

    def is_surely(self, cells: Sequence[Any]) -> bool:
        """Whether no other row needs to be looked at: all that is needed stands in this one."""
        has_needed, count = self.score(cells)
        filled = sum(1 for cell in cells if name_of(cell))
        return bool(self.needed) and has_needed and (count > 1 or count == filled)


def name_of(cell: Any) -> str:
    """The text of a cell as a column's name."""
    return str(cell).replace("\0", "").replace("\ufeff", "").strip()


def wanted_of(channel: Channel) -> Wanted:
    """What a channel speaks of, and what else people call columns."""
    wanted, names = wanted_by(channel.rules), channel.field_names
    return wanted if names is None else replace(wanted, fields_of=names.fields_of)


def wanted_by(rules: ChannelRules) -> Wanted:
    """What a channel speaks of."""
    ids = [rules.record_id, *([rules.person_id] if rules.person_id else [])]
    ids += _rules_of(rules, ("source_person_id",))
    reached = _columns_of_all(_rules_of(rules, _REACHED))
    return Wanted(
        names=frozenset(rules.mentioned_names()) | frozenset(rules.table.required_columns),
        needed=_needed_columns(rules),
        identity=_columns_of_all(ids) | reached,
        reached=reached,
        naming=_columns_of_all(_rules_of(rules, _NAMING)),
    )


def _rules_of(rules: ChannelRules, fields: Iterable[str]) -> list[FieldRule]:
    """How the channel fills these fields, in all that it emits."""
    return [emit.fields[name] for emit in rules.emits for name in fields if name in emit.fields]


def _columns_of_all(rules: Iterable[FieldRule]) -> frozenset[str]:
    return frozenset(name for rule in rules for name in _columns_of(rule))


def _columns_of(rule: FieldRule) -> Iterable[str]:
    yield from rule.columns()
    for path in rule.paths():
        yield from names_of(path)


def _needed_columns(rules: ChannelRules) -> tuple[str, ...]:
    """Columns without which no record of the file could be taken in."""
    needed = list(rules.table.required_columns)
    if rules.record_id.missing == "reject":
        needed += rules.record_id.column if len(rules.record_id.column) == 1 else ()
        names = [first_name(path) for path in rules.record_id.path]
        needed += [name for name in names if name is not None]
    return tuple(name for name in dict.fromkeys(needed) if name != REPORT)


REPORT = "report"
"""The name under which a record holds the values of the report it belongs to."""
