"""Captured items as normalisation would read them, for people who try a channel out."""

import json
from collections.abc import Sequence
from typing import Any

import pandas as pd

from lead_platform.capture.columns import Kind
from lead_platform.capture.tallies import Normalizer, ReadRow, Row
from lead_platform.identity.normalization.submissions import (
    INSTANTS,
    RAW_COLUMNS,
    normalize_keys,
    normalize_submissions,
)
from lead_platform.vocabularies.tables import Vocabularies

# What a person checks: who it is, where from, and the figures.
PREVIEWED_FIELDS = (
    "email", "phone", "phone_country", "full_name", "first_name", "last_name", "company_key",
    "company_domain", "country", "region", "language", "time_zone", "job_title", "seniority",
    "industry", "employee_count", "annual_revenue", "source", "medium", "campaign",
)  # fmt: skip
_KEYS = ("email", "phone")


def item_normalizer(vocabularies: Vocabularies) -> Normalizer:
    """Reads mapped items as identity will."""

    def normalize(kind: Kind, rows: Sequence[Row]) -> list[ReadRow]:
        if not rows:
            return []
        return (
            _submissions(rows, vocabularies) if kind == "submission" else _keys(rows, vocabularies)
        )

    return normalize


def _submissions(rows: Sequence[Row], vocabularies: Vocabularies) -> list[ReadRow]:
    columns = (*RAW_COLUMNS, "phone_region")
    frame = pd.DataFrame([{name: row.get(name) for name in columns} for row in rows], dtype=object)
    for name in INSTANTS:
        frame[name] = pd.to_datetime(frame[name])
    frame["received_seq"] = range(1, len(frame) + 1)
    normal = normalize_submissions(frame, vocabularies)
    return [
        ReadRow(
            {name: _plain(row[name]) for name in PREVIEWED_FIELDS},
            tuple((issue["field"], issue["reason"]) for issue in json.loads(row["issues"])),
        )
        for row in normal.to_dict("records")
    ]


def _keys(rows: Sequence[Row], vocabularies: Vocabularies) -> list[ReadRow]:
    frame = pd.DataFrame(
        [{name: row.get(name) for name in (*_KEYS, "phone_region")} for row in rows], dtype=object
    )
    normal = normalize_keys(frame, vocabularies)
    found = []
    for raw, row in zip(rows, normal.to_dict("records"), strict=True):
        values = {name: _plain(row[name]) for name in _KEYS}
        unread = [name for name in _KEYS if raw.get(name) and values[name] is None]
        found.append(ReadRow(values, tuple((name, "not readable") for name in unread)))
    return found


def _plain(value: Any) -> Any:
    return None if pd.isna(value) else value
