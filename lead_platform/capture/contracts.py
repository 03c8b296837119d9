"""What the suites ask of a captured item's fields, asked while a record is mapped.

The rules are those of expectations/capture/, read from there, so that what intake takes its suite
passes. Expectations of other kinds (on several columns, on the table) stay with the gate.
"""

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from lead_platform.capture.channels import Channel, usable_channels
from lead_platform.capture.columns import FIELD_TYPES, KINDS, TABLES, Kind
from lead_platform.capture.values import show
from lead_platform.configuration import ConfigurationError
from lead_platform.lake.suites import ExpectationSpec, load_suite
from lead_platform.patterns import Pattern
from lead_platform.settings import PROJECT_ROOT

SHIPPED_EXPECTATIONS = PROJECT_ROOT / "expectations"

Check = Callable[[Any], str | None]
"""A value, not null, to why it breaks the rule; None where it holds."""


@dataclass(frozen=True)
class Contracts:
    """The expectations on single fields, by kind of item and field; they travel to workers.

    `unreadable`: what is wrong with the suites of other kinds, of which nothing is taken in.
    """

    expectations: Mapping[Kind, Mapping[str, tuple[ExpectationSpec, ...]]]
    unreadable: Mapping[Kind, tuple[str, ...]]

    def checks(self, kind: Kind) -> dict[str, Check]:
        """One check per field that has rules. Raises ConfigurationError for an unreadable kind."""
        if kind in self.unreadable:
            raise ConfigurationError(self.unreadable[kind])
        return {
            field: _all_of([_compiled(spec) for spec in specs])
            for field, specs in self.expectations[kind].items()
        }


def load_contracts(expectations_dir: Path = SHIPPED_EXPECTATIONS) -> Contracts:
    """The rules of the capture suites in `expectations_dir`, read anew where one has changed."""
    folder = expectations_dir / "capture"
    files = tuple((kind, folder / f"{TABLES[kind]}.json") for kind in KINDS)
    return _read_contracts(files, tuple(_state_of(path) for _, path in files))


def takeable_channels(
    config_dir: Path, contracts: Contracts
) -> tuple[dict[str, Channel], dict[str, ConfigurationError]]:
    """The channels that something is taken in from, and why the files of others wait, by name.

    As `usable_channels`; a suite that cannot be read stops the channels that write its kind.
    """
    channels, waiting = usable_channels(config_dir)
    for name, channel in channels.items():
        faults = [
            fault for kind in channel.written_kinds for fault in contracts.unreadable.get(kind, ())
        ]
        if faults:
            waiting[name] = ConfigurationError(faults)
    return {name: channels[name] for name in channels if name not in waiting}, waiting


def _state_of(path: Path) -> tuple[int, ...]:
    if not path.exists():
        return ()
    stat = path.stat()
    return stat.st_mtime_ns, stat.st_size, stat.st_ino


@functools.lru_cache(maxsize=4)
def _read_contracts(files: tuple[tuple[Kind, Path], ...], state: tuple[object, ...]) -> Contracts:
    """`state` tells one reading from the next."""
    expectations: dict[Kind, Mapping[str, tuple[ExpectationSpec, ...]]] = {}
    unreadable: dict[Kind, tuple[str, ...]] = {}
    for kind, path in files:
        try:
            expectations[kind] = _by_field(kind, load_suite(path).scoped("rows"))
        except ConfigurationError as error:
            unreadable[kind] = tuple(error.faults)
    return Contracts(expectations, unreadable)


def _by_field(kind: Kind, specs: list[ExpectationSpec]) -> dict[str, tuple[ExpectationSpec, ...]]:
    fields: dict[str, tuple[ExpectationSpec, ...]] = {}
    for spec in specs:
        field = spec.kwargs.get("column")
        if field in FIELD_TYPES[kind] and _is_understood(spec):
            fields[field] = (*fields.get(field, ()), spec)
    return fields


def _is_understood(spec: ExpectationSpec) -> bool:
    """Whether a check here says the same: what warns or has further arguments is the gate's."""
    _, arguments = _CHECKS.get(spec.type, (None, frozenset()))
    return bool(arguments) and not spec.is_warning and spec.kwargs.keys() <= {"column", *arguments}


def _compiled(spec: ExpectationSpec) -> Check:
    build, _ = _CHECKS[spec.type]
    return build(spec)


def _all_of(checks: list[Check]) -> Check:
    """The first fault any of `checks` finds; most fields have one or two."""
    if len(checks) == 1:
        return checks[0]

    def check_all(value: Any) -> str | None:
        for check in checks:
            if (fault := check(value)) is not None:
                return fault
        return None

    return check_all


def _in_set(spec: ExpectationSpec) -> Check:
    allowed = frozenset(spec.kwargs["value_set"])
    named = ", ".join(sorted(map(str, allowed)))
    return lambda value: None if value in allowed else f"{show(value)} is none of {named}"


def _between(spec: ExpectationSpec) -> Check:
    return _bounded(spec, lambda value: value, "")


def _lengths(spec: ExpectationSpec) -> Check:
    return _bounded(spec, len, "its length ")


def _bounded(spec: ExpectationSpec, measured: Callable[[Any], Any], what: str) -> Check:
    low, high = _bound(spec.kwargs.get("min_value")), _bound(spec.kwargs.get("max_value"))

    def check(value: Any) -> str | None:
        size = measured(value)
        if low is not None and not size >= low:
            return f"{what}{_plain(size)} is below {_plain(low)}"
        if high is not None and not size <= high:
            return f"{what}{_plain(size)} is above {_plain(high)}"
        return None

    return check


def _bound(value: Any) -> Any:
    """Instants stand in a suite as ISO 8601."""
    return datetime.fromisoformat(value) if isinstance(value, str) else value


def _plain(value: Any) -> str:
    """A number or an instant as people write it."""
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _regex(spec: ExpectationSpec) -> Check:
    source = spec.kwargs["regex"]
    # As everywhere with what people send: linear in the text.
    pattern = Pattern(source)
    return lambda value: None if pattern.found_in(value) else f"{show(value)} is not like {source}"


# Each with the arguments it understands.
_CHECKS: dict[str, tuple[Callable[[ExpectationSpec], Check], frozenset[str]]] = {
    "expect_column_values_to_be_in_set": (_in_set, frozenset({"value_set"})),
    "expect_column_values_to_be_between": (_between, frozenset({"min_value", "max_value"})),
    "expect_column_value_lengths_to_be_between": (
        _lengths,
        frozenset({"min_value", "max_value"}),
    ),
    "expect_column_values_to_match_regex": (_regex, frozenset({"regex"})),
}
