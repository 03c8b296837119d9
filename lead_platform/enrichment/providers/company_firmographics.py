"""Firmographics by company domain from a reference table (CSV or Parquet).

The table lies in the reference folder of the home; only the domains asked for are read out of it.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
from pydantic import BaseModel, ConfigDict, ValidationError

from lead_platform.enrichment.provider import (
    MATCHED,
    NOT_FOUND,
    Answer,
    EnrichmentError,
    NotSetUpError,
    ProviderContext,
    answer_frame,
)
from lead_platform.identity.normalization.categories import normalize_category
from lead_platform.identity.normalization.places import normalize_country
from lead_platform.vocabularies.tables import Vocabularies

NAME = "company_firmographics"
CODE_VERSION = "1"
TABLE_COLUMNS = (
    "domain", "company_name", "industry", "employee_count", "annual_revenue", "country", "city",
    "founded_year", "technologies", "source", "as_of",
)  # fmt: skip
_READERS = {".csv": "read_csv($table, all_varchar = true)", ".parquet": "read_parquet($table)"}
# Of several rows of one domain the youngest counts.
_LOOK_UP = """
with companies as (
    select
        lower(trim(domain)) as request_key,
        trim(company_name) as company_name,
        trim(industry) as industry,
        try_cast(try_cast(employee_count as double) as bigint) as employee_count,
        try_cast(annual_revenue as double) as annual_revenue,
        trim(country) as country,
        trim(city) as city,
        try_cast(try_cast(founded_year as double) as integer) as founded_year,
        technologies,
        source,
        try_cast(as_of as date) as source_as_of
    from {reader}
)

select companies.*
from companies
semi join requests on companies.request_key = requests.request_key
qualify row_number() over (
    partition by companies.request_key
    order by source_as_of desc nulls last, companies.source, companies.company_name
) = 1
"""


class Options(BaseModel):
    """The name of the table's file in the reference folder."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    reference_table: str = "companies.csv"


@dataclass(frozen=True)
class CompanyFirmographics:
    """Industry, headcount, revenue and seat of a company, from a table kept beside the lake."""

    table: Path
    version: str
    vocabularies: Vocabularies
    name: str = NAME
    request_columns: tuple[str, ...] = ("company_domain",)

    def enrich(self, requests: pd.DataFrame, as_of: datetime) -> pd.DataFrame:
        """One answer per domain. Raises EnrichmentError if the table cannot be read."""
        found = {str(row["request_key"]): row for row in _look_up(self.table, requests)}
        return answer_frame(
            [
                self._answer(key, found[key])
                if key in found
                else Answer(key, NOT_FOUND, source=self.table.name, reason="domain not in table")
                for key in requests["request_key"]
            ]
        )

    def _answer(self, key: str, row: Mapping[str, Any]) -> Answer:
        attributes = {
            "company_name": row["company_name"],
            "industry": self._industry(row["industry"]),
            "industry_stated": row["industry"],
            "employee_count": row["employee_count"],
            "annual_revenue": row["annual_revenue"],
            "country": self._country(row["country"]),
            "city": row["city"],
            "founded_year": row["founded_year"],
            "technologies": _list(row["technologies"]),
        }
        source = row["source"] or self.table.name
        return Answer(key, MATCHED, attributes, source, row["source_as_of"])

    def _industry(self, stated: str | None) -> str | None:
        table = self.vocabularies.industries
        return normalize_category(stated, table, self.vocabularies).value if stated else None

    def _country(self, stated: str | None) -> str | None:
        return normalize_country(stated, self.vocabularies).value if stated else None


def create(options: Mapping[str, Any], context: ProviderContext) -> CompanyFirmographics:
    """The provider on the table that `options` names. Raises EnrichmentError on wrong options."""
    try:
        checked = Options.model_validate(options)
    except ValidationError as error:
        wrong = ", ".join(str(fault["loc"][0]) for fault in error.errors())
        raise EnrichmentError(
            f"{NAME}: wrong options: {wrong}; allowed: reference_table (a file name)"
        ) from None
    table = context.reference_folder / checked.reference_table
    version = f"{CODE_VERSION}-{_content(table)}-{context.vocabularies.version}"
    return CompanyFirmographics(table, version, context.vocabularies)


def _content(table: Path) -> str:
    if not table.is_file():
        return "absent"
    with table.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:12]


def _look_up(table: Path, requests: pd.DataFrame) -> list[dict[str, Any]]:
    reader = _READERS.get(table.suffix.lower())
    if reader is None:
        raise EnrichmentError(f"{table.name} is neither .csv nor .parquet")
    if not table.is_file():
        raise NotSetUpError(
            f"reference table {table.name} not found; put it into the home's reference folder "
            f"with the columns {', '.join(TABLE_COLUMNS)}"
        )
    with duckdb.connect() as connection:
        connection.register("requests", requests[["request_key"]])
        try:
            answer = connection.execute(_LOOK_UP.format(reader=reader), {"table": str(table)})
        except duckdb.Error as error:
            raise EnrichmentError(
                f"reference table {table.name} cannot be read ({type(error).__name__}); "
                f"its columns must be {', '.join(TABLE_COLUMNS)}"
            ) from error
        names = [column[0] for column in answer.description or []]
        return [dict(zip(names, row, strict=True)) for row in answer.fetchall()]


def _list(technologies: Any) -> list[str]:
    """The table's list, or its text with ; or , between names."""
    if technologies is None:
        return []
    if isinstance(technologies, str):
        parts = technologies.strip("[]").replace(",", ";").split(";")
        return [part.strip(" '\"") for part in parts if part.strip(" '\"")]
    return [str(technology) for technology in technologies]
