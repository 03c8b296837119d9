"""The backlog: rows that were made with other lists, or asked of other versions of providers, than
today's configuration names.

Owns the count over all layers, which the job `catch_up` brings down slice by slice. Which rows they
are is for the layer that makes them.
"""

from dataclasses import astuple, dataclass
from datetime import datetime

import duckdb

import lead_platform.capture.rereading as capture
import lead_platform.enrichment.results as enrichment
import lead_platform.identity.leads.attribution as attribution
import lead_platform.identity.resolution as identity
from lead_platform.enrichment.configuration import load_providers
from lead_platform.enrichment.provider import ProviderContext
from lead_platform.settings import Settings
from lead_platform.vocabularies.folder import load_intake_lists, load_vocabularies


@dataclass(frozen=True)
class Backlog:
    """Rows that are behind: captured items, normal forms, events and outcomes of leads, answers of
    providers."""

    captured: int
    normalized: int
    attributed: int
    enriched: int

    @property
    def total(self) -> int:
        """All of them."""
        return sum(astuple(self))

    def describe(self) -> str:
        """In one line."""
        return (
            f"{self.captured:,} captured items, {self.normalized:,} normal forms, "
            f"{self.attributed:,} events and outcomes, {self.enriched:,} answers of providers"
        )


def count_backlog(
    connection: duckdb.DuckDBPyConnection, settings: Settings, as_of: datetime
) -> Backlog:
    """What is behind the configuration of this moment. Raises ConfigurationError."""
    vocabularies = load_vocabularies(settings.config_dir)
    context = ProviderContext(vocabularies, settings.reference)
    providers = load_providers(settings.config_dir, context)
    return Backlog(
        captured=capture.count_behind(connection, load_intake_lists(settings.config_dir)),
        normalized=identity.count_behind(connection, vocabularies),
        attributed=attribution.count_behind(connection, vocabularies.version),
        enriched=enrichment.count_behind(connection, providers, as_of),
    )
