"""What every enrichment provider offers, and the shape of its answers.

A provider is one module in `enrichment/providers/` named like the provider, with a function
`create(options, context)`. Asking, remembering and failing are the business of `results.py`.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any, Protocol

import pandas as pd

from lead_platform.vocabularies.tables import Vocabularies

MATCHED = "matched"
NOT_FOUND = "not_found"
FAILED = "failed"
NOT_SET_UP = "not_set_up"
STATUSES = (MATCHED, NOT_FOUND, FAILED, NOT_SET_UP)
ANSWER_COLUMNS = ("request_key", "status", "attributes", "source", "source_as_of", "reason")


class EnrichmentError(Exception):
    """Why a provider cannot answer. The text is kept with its leads: no personal data in it."""


class NotSetUpError(EnrichmentError):
    """What a provider needs was never given to it: no failure, and the text says what to do."""


class Provider(Protocol):
    """A source of what else is known.

    `request_columns` are columns of identity.leads; what is asked of the provider depends on them
    alone, and a lead whose columns are all null is not asked about. Under a new `version` all leads
    are asked about again, by slices (`catch_up`).
    """

    @property
    def name(self) -> str:
        """The provider's name: that of its module."""

    @property
    def version(self) -> str:
        """Names the provider's logic and data."""

    @property
    def request_columns(self) -> tuple[str, ...]:
        """The columns of identity.leads a request consists of."""

    def enrich(self, requests: pd.DataFrame, as_of: datetime) -> pd.DataFrame:
        """One row of ANSWER_COLUMNS per row of `requests` (request_key and `request_columns`)."""


@dataclass(frozen=True)
class ProviderContext:
    """What providers may use: the vocabularies, and the folder with reference tables."""

    vocabularies: Vocabularies
    reference_folder: Path


@dataclass(frozen=True)
class Answer:
    """What a provider says to one request; attributes without a value are left out."""

    request_key: str
    status: str
    attributes: Mapping[str, Any] = field(default_factory=dict)
    source: str | None = None
    source_as_of: date | None = None
    reason: str | None = None


def answer_frame(answers: Sequence[Answer]) -> pd.DataFrame:
    """The answers as a frame of ANSWER_COLUMNS; attributes as JSON text."""
    rows = [
        (
            answer.request_key,
            answer.status,
            _attributes_text(answer.attributes),
            answer.source,
            answer.source_as_of,
            answer.reason,
        )
        for answer in answers
    ]
    return pd.DataFrame(rows, columns=list(ANSWER_COLUMNS))


def _attributes_text(attributes: Mapping[str, Any]) -> str:
    known = {name: value for name, value in attributes.items() if value not in (None, "", [])}
    return json.dumps(known, ensure_ascii=False, sort_keys=True)
