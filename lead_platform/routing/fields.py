"""What routing may read of a lead, as columns of codes and distinct values.

Owns the catalogue of fields rules may name and their kinds; where the values come from belongs to
enrichment and scoring. Everything downstream works per distinct value, not per lead.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd

Kind = Literal["text", "number", "truth"]
Value = str | int | float | bool | None
Codes = npt.NDArray[np.int64]
Texts = npt.NDArray[np.object_]
Mask = npt.NDArray[np.bool_]

# Columns of enrichment.lead_profiles a rule may name.
PROFILE_FIELDS: dict[str, Kind] = {
    "email_domain": "text",
    "company_domain": "text",
    "company_key": "text",
    "account_id": "text",
    "country": "text",
    "region": "text",
    "postal_code": "text",
    "city": "text",
    "industry": "text",
    "employee_count": "number",
    "seniority": "text",
    "job_function": "text",
    "language": "text",
    "source": "text",
    "purchase_timeframe": "text",
    "preferred_channel": "text",
    "is_disposable_email": "truth",
    "is_role_email": "truth",
    "is_free_email": "truth",
    "is_enriched": "truth",
    "consent_email": "text",
    "consent_phone": "text",
    "consent_sms": "text",
    "consent_whatsapp": "text",
}
# Of the score a rule sees the band: thresholds are the scorecard's, and a total that moves with
# the daily decay would make every queued lead stale every day.
SCORE_FIELDS: dict[str, Kind] = {"band": "text", "is_score_missing": "truth"}
# Worked out here from the profile and the configuration.
DERIVED_FIELDS: dict[str, Kind] = {
    "segment": "text",
    "territory": "text",
    "is_named_account": "truth",
    "has_account_owner": "truth",
}
FIELDS: dict[str, Kind] = PROFILE_FIELDS | SCORE_FIELDS | DERIVED_FIELDS

# Fields whose values are fixed for the whole platform.
KNOWN_VALUES: dict[str, tuple[str, ...]] = {
    "band": ("high", "medium", "low"),
    "consent_email": ("granted", "denied"),
    "consent_phone": ("granted", "denied"),
    "consent_sms": ("granted", "denied"),
    "consent_whatsapp": ("granted", "denied"),
}


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


def read_columns(leads: pd.DataFrame, names: Sequence[str]) -> dict[str, Column]:
    """The columns `names` of `leads`. Raises ValueError naming every column that is absent."""
    missing = [name for name in names if name not in leads.columns]
    if missing:
        raise ValueError(
            f"The leads to route lack the columns {', '.join(missing)}, which the routing "
            "configuration reads. Add them to the query, or take them out of config/routing.yaml."
        )
    return {name: column_of(leads[name], FIELDS[name]) for name in names}


def column_of(series: pd.Series, kind: Kind) -> Column:
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


def _clean(value: Any, kind: Kind) -> Value:
    if kind == "truth":
        return bool(value)
    if kind == "number":
        number = float(value)
        return int(number) if number.is_integer() else number
    return str(value).strip() or None
