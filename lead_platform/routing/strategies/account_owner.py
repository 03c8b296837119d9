"""The rep who owns the company's other leads; the pool of `owner_of: account` holds nobody else."""

from collections.abc import Sequence

from lead_platform.routing.choices import Candidate, Choice


def choose(candidates: Sequence[Candidate], lead_id: str) -> Choice:
    """The owner, who is active and has room."""
    owner = candidates[0]
    return Choice(
        owner.rep_id,
        f"already owns a lead of this company ({owner.active_leads:,} active leads)",
        ("chosen", *("does not own the company's leads" for _ in candidates[1:])),
    )
