"""Random leads with submissions, events, enrichment and outcomes: seeded, so repeatable."""

import hashlib
import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

START = datetime.fromisoformat("2026-01-01")
EVENT_TYPES = (
    "page_view", "email_open", "email_click", "email_reply", "email_sent", "email_bounce",
    "download", "demo_request", "trial_started", "call", "webinar_attended", "unsubscribe",
)  # fmt: skip
PAGES = ("pricing", "demo", "case_study", "careers", "blog")
CHANNELS = ("web_form", "typeform", "chat_transcript", "outbound_list", "linkedin_lead_gen")


@dataclass
class World:
    """Rows by table, each with the lead it belongs to."""

    submissions: list[dict[str, Any]] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    outcomes: list[dict[str, Any]] = field(default_factory=list)
    results: list[dict[str, Any]] = field(default_factory=list)

    def members(self) -> list[dict[str, Any]]:
        """Rows of identity.lead_members."""
        return [
            {"submission_id": row["submission_id"], "lead_id": row["lead_id"]}
            for row in self.submissions
        ]

    def versions(self) -> list[dict[str, Any]]:
        """Rows of identity.lead_versions: a fingerprint of all that belongs to each lead."""
        parts: dict[str, list[str]] = {}
        for row in (*self.submissions, *self.events, *self.outcomes):
            parts.setdefault(row["lead_id"], []).append(repr(sorted(row.items(), key=str)))
        return [
            {
                "lead_id": lead_id,
                "lead_version": hashlib.sha256("".join(sorted(texts)).encode()).hexdigest(),
            }
            for lead_id, texts in parts.items()
        ]

    def upto(self, share: float) -> "World":
        """The first share of each kind of row; leads without any submission stay out."""
        cut = World(
            submissions=self.submissions[: int(len(self.submissions) * share)],
            results=self.results,
        )
        known = {row["lead_id"] for row in cut.submissions}
        for name in ("events", "outcomes"):
            rows = getattr(self, name)
            kept = [row for row in rows[: int(len(rows) * share)] if row["lead_id"] in known]
            setattr(cut, name, kept)
        cut.results = [row for row in self.results if row["lead_id"] in known]
        return cut


def make_world(seed: int, leads: int) -> World:
    """A world in which anything may be missing, repeated or contradictory."""
    chance = random.Random(seed)
    world = World()
    for number in range(leads):
        lead_id = f"lead_{number:04d}"
        for _ in range(chance.choice((1, 1, 1, 2, 3))):
            world.submissions.append(make_submission(chance, lead_id, len(world.submissions)))
        for _ in range(chance.choice((0, 0, 1, 2, 5, 12))):
            world.events.append(make_event(chance, lead_id, len(world.events)))
        if chance.random() < 0.3:
            world.outcomes.append(_outcome(chance, lead_id, len(world.outcomes)))
        if chance.random() < 0.7:
            world.results.append(_result(chance, lead_id))
    for rows in (world.submissions, world.events, world.outcomes):
        chance.shuffle(rows)
    return world


def make_submission(chance: random.Random, lead_id: str, number: int) -> dict[str, Any]:
    """A submission; every field but its ids and instant may be missing."""
    company = chance.choice(("acme", "globex", None))
    optional = {
        "email": f"{lead_id}@{company or 'mail'}.example",
        "phone": f"+4930{number:06d}",
        "full_name": f"Name {number}",
        "job_title": chance.choice(("VP Sales", "Student", "Engineer")),
        "seniority": chance.choice(("c_level", "vp", "manager", "intern")),
        "job_function": chance.choice(("engineering", "sales", "legal")),
        "industry": chance.choice(("software", "retail", "government")),
        "employee_count": chance.choice((3, 50, 51, 5000, 5001)),
        "country": chance.choice(("DE", "US")),
        "region": chance.choice(("BY", "CA")),
        "message": f"Message {number}",
        "purchase_timeframe": chance.choice(("now", "this_quarter", "later")),
        "consent_email": chance.choice(("granted", "denied")),
        "consent_phone": chance.choice(("granted", "denied")),
        "source": chance.choice(("google", "linkedin", "direct")),
        "campaign": f"Campaign {number % 3}",
        "is_free_email": chance.choice((True, False)),
    }
    stated = {name: value if chance.random() < 0.6 else None for name, value in optional.items()}
    return {
        "submission_id": f"sub_{number:05d}",
        "lead_id": lead_id,
        "channel": chance.choice(CHANNELS),
        "submitted_at": _instant(chance),
        "company_name": company and company.title(),
        "company_key": company,
        "company_domain": f"{company}.example" if company and chance.random() < 0.5 else None,
        **stated,
    }


def make_event(chance: random.Random, lead_id: str, number: int) -> dict[str, Any]:
    """An event of any type, some standing for several occurrences."""
    event_type = chance.choice(EVENT_TYPES)
    return {
        "event_id": f"evt_{number:05d}",
        "lead_id": lead_id,
        "event_type": event_type,
        "page_category": chance.choice(PAGES) if event_type == "page_view" else None,
        "occurred_at": _instant(chance),
        "quantity": chance.choice((None, 1, 1, 4)),
        "channel": "web_events",
    }


def _outcome(chance: random.Random, lead_id: str, number: int) -> dict[str, Any]:
    kind = chance.choice(("meeting", "opportunity", "closed_won", "closed_lost"))
    return {
        "outcome_id": f"out_{number:05d}",
        "lead_id": lead_id,
        "outcome_type": kind,
        "occurred_at": _instant(chance),
        "opportunity_id": chance.choice((None, f"opp_{lead_id}")),
        "amount": float(chance.randrange(100, 10000)) if kind == "closed_won" else None,
        "currency": chance.choice(("EUR", "USD")) if kind == "closed_won" else None,
    }


def _result(chance: random.Random, lead_id: str) -> dict[str, Any]:
    status = chance.choice(("matched", "matched", "not_found", "failed"))
    return {
        "result_id": f"res_{lead_id}",
        "lead_id": lead_id,
        "provider": "company_reference",
        "request_key": "acme.example",
        "status": status,
        "attributes": '{"employee_count": 900, "industry": "software"}'
        if status == "matched"
        else None,
        "source": "company_reference",
        "source_as_of": datetime.fromisoformat("2026-02-01").date(),
        "requested_at": START,
    }


def _instant(chance: random.Random) -> datetime:
    # Whole hours over few days: equal instants, and so ties, are common.
    return START + timedelta(days=chance.randrange(0, 150), hours=chance.choice((9, 10)))
