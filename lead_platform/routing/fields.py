"""What routing may read of a lead, as columns of codes and distinct values.

Of the profile that is what the field catalogue calls routable. Where the values come from belongs
to enrichment and scoring. Everything downstream works per distinct value, not per lead.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from lead_platform.fields import Comparable, FieldCatalogue

Value = str | int | float | bool | None
Codes = npt.NDArray[np.int64]
Texts = npt.NDArray[np.object_]
Mask = npt.NDArray[np.bool_]

# Of the score a rule sees the band: thresholds are the scorecard's, and a total that moves with
# the daily decay would make every queued lead stale every day.
SCORE_FIELDS: dict[str, Comparable] = {"band": "text", "is_score_missing": "truth"}
# Worked out here from the profile and the configuration.
DERIVED_FIELDS: dict[str, Comparable] = {
    "segment": "text",
    "territory": "text",
    "is_named_account": "truth",
    "has_account_owner": "truth",
}

# Fields whose values are fixed for the whole platform.
KNOWN_VALUES: dict[str, tuple[str, ...]] = {
    "band": ("high", "medium", "low"),
    "consent_email": ("granted", "denied"),
    "consent_phone": ("granted", "denied"),
    "consent_sms": ("granted", "denied"),
    "consent_whatsapp": ("granted", "denied"),
}


def routing_fields(fields: FieldCatalogue) -> dict[str, Comparable]:
    """Every field a rule may name, and what its values are compared as."""
    return {**fields.routable, **SCORE_FIELDS, **DERIVED_FIELDS}


def known_values(field: str, fields: FieldCatalogue) -> tuple[str, ...]:
    """All that `field` can be; empty where that is not a closed list."""
    custom = fields.custom_by_name.get(field)
    return KNOWN_VALUES.get(field, ()) if custom is None else custom.values


@dataclass(frozen=True)
class Column:
    """One field over all leads: `values` are its distinct values with None last, `codes` point
    into them, -1 (so None) where the lead has none."""

    codes: Codes
    values: tuple[Value, ...]

    def mapped(self, function: Callable[[Any], Value]) -> "Column":
        """The column of `function(value)`; the function sees None too."""
        return Column(self.codes, tuple(function(value) for value in self.values))

    def texts(self, function: Callable[[Any], str]) -> Texts:
        """`function(value)` of every distinct value, as an array to index with codes."""
        return text_array([function(value) for value in self.values])

    def holds(self, function: Callable[[Any], bool]) -> Mask:
        """Whether `function` is true, per lead."""
        verdicts = np.array([function(value) for value in self.values], dtype=bool)
        return verdicts[self.codes]

    def to_list(self) -> list[Any]:
        """The values, one per lead."""
        return text_array(self.values)[self.codes].tolist()


def text_array(values: Iterable[Any]) -> Texts:
    """A one-dimensional object array, also of values that are sequences themselves."""
    items = list(values)
    array = np.empty(len(items), dtype=object)
    array[:] = items
    return array


def read_columns(leads: pd.DataFrame, kinds: Mapping[str, Comparable]) -> dict[str, Column]:
    """The columns of `leads` that `kinds` names.

    Raises ValueError naming every one that is absent.
    """
    missing = [name for name in kinds if name not in leads.columns]
    if missing:
        raise ValueError(
            f"The leads to route lack the columns {', '.join(missing)}, which the routing "
            "configuration reads. Add them to the query, or take them out of config/routing.yaml."
        )
    return {name: column_of(leads[name], kind) for name, kind in kinds.items()}


def column_of(series: pd.Series, kind: Comparable) -> Column:
    """One field with its values in the form of its kind, whatever the frame's dtype is."""
    codes, distinct = pd.factorize(series.astype(object), use_na_sentinel=True)
    return Column(codes.astype(np.int64), (*(_clean(value, kind) for value in distinct), None))


def column_from_values(values: Sequence[Value]) -> Column:
    """One field from plain values, one per lead."""
    known: dict[Value, int] = {}
    codes = [-1 if value is None else known.setdefault(value, len(known)) for value in values]
    return Column(np.array(codes, dtype=np.int64), (*known, None))


def join_json(columns: dict[str, Column]) -> list[str]:
    """One JSON object per lead, keys in the order of `columns`."""
    parts = [
        column.texts(lambda value, name=name: f"{json.dumps(name)}:{json.dumps(value)}")[  # type: ignore[misc]
            column.codes
        ].tolist()
        for name, column in columns.items()
    ]
    return ["{" + ",".join(pairs) + "}" for pairs in zip(*parts, strict=True)]


def _clean(value: Any, kind: Comparable) -> Value:
    if kind == "truth":
        return bool(value)
    if kind == "number":
        number = float(value)
        return int(number) if number.is_integer() else number
    return str(value).strip() or None
