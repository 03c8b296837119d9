"""People like nobody else in a world, and the records that bring them in."""

import json
from dataclasses import dataclass


@dataclass(frozen=True)
class Stranger:
    """A person by whom a row can be told from all others."""

    person: str
    company: str

    @property
    def domain(self) -> str:
        """The company's, and the campaign's name."""
        return f"{self.company.lower()}.example"

    @property
    def email(self) -> str:
        """Where the person can be reached."""
        return f"{self.person.lower().replace(' ', '.')}@{self.domain}"


def form_line(stranger: Stranger) -> str:
    """What the person wrote into a form, as the channel `web_form` brings it."""
    record = {
        "form_submission_id": f"form-{stranger.company}",
        "submitted_at": "2026-06-20T10:00:00Z",
        "form": {"id": "contact", "name": "Contact"},
        "fields": {
            "full_name": stranger.person,
            "email": stranger.email,
            "company": stranger.company,
        },
        "consent": {"email": True},
    }
    return json.dumps(record) + "\n"


def event_line(stranger: Stranger) -> str:
    """What the person did, as the channel `web_events` brings it."""
    record = {
        "event_id": f"event-{stranger.company}",
        "type": "page_view",
        "at": "2026-06-20T10:05:00Z",
        "email": stranger.email,
        "url": "https://example.com/pricing",
        "campaign": stranger.domain,
    }
    return json.dumps(record) + "\n"
