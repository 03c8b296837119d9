"""What an email address tells by itself: domain, free, disposable, role."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version as library_version
from typing import Any

import pandas as pd

from lead_platform.enrichment.provider import (
    MATCHED,
    NOT_FOUND,
    Answer,
    EnrichmentError,
    ProviderContext,
    answer_frame,
)
from lead_platform.identity.normalization.companies import is_company_domain
from lead_platform.identity.normalization.emails import (
    is_disposable_domain,
    is_free_mail_domain,
    is_role_mailbox,
    registrable_domain,
)
from lead_platform.vocabularies.tables import Vocabularies

NAME = "email_facts"
CODE_VERSION = "1"
SOURCE = f"disposable-email-domains {library_version('disposable-email-domains')}"


@dataclass(frozen=True)
class EmailFacts:
    """Reads an address against the lists of free, disposable and role mailboxes."""

    version: str
    vocabularies: Vocabularies
    name: str = NAME
    request_columns: tuple[str, ...] = ("email",)

    def enrich(self, requests: pd.DataFrame, as_of: datetime) -> pd.DataFrame:
        """One answer per address; the lists are those of today, so `as_of` is their age."""
        return answer_frame([self._answer(key, as_of) for key in requests["request_key"]])

    def _answer(self, key: str, as_of: datetime) -> Answer:
        local, _, domain = key.rpartition("@")
        if not local or not domain:
            return Answer(key, NOT_FOUND, source=SOURCE, reason="not an email address")
        registered = registrable_domain(domain)
        attributes = {
            "email_domain": domain,
            "registered_domain": registered,
            "is_free_email": is_free_mail_domain(domain, self.vocabularies),
            "is_disposable_email": is_disposable_domain(domain),
            "is_role_email": is_role_mailbox(local, self.vocabularies),
            "is_company_email": bool(
                registered and is_company_domain(registered, self.vocabularies)
            ),
        }
        return Answer(key, MATCHED, attributes, SOURCE, as_of.date())


def create(options: Mapping[str, Any], context: ProviderContext) -> EmailFacts:
    """The provider; it has no options."""
    if options:
        raise EnrichmentError(f"{NAME}: unknown options {', '.join(options)}; it has none")
    return EmailFacts(f"{CODE_VERSION}-{context.vocabularies.version}", context.vocabularies)
