"""The candidate with the fewest active leads; between equals the one first by rep_id.

Starting from equal loads, the loads of a pool stay within one of each other.
"""

from collections.abc import Sequence

from lead_platform.routing.choices import Candidate, Choice


def choose(candidates: Sequence[Candidate], lead_id: str) -> Choice:
    """The choice among at least one candidate, all of them active and with room."""
    chosen = min(candidates, key=_load)
    fewest = chosen.active_leads
    verdicts = tuple(
        "chosen"
        if candidate is chosen
        else "more active leads"
        if candidate.active_leads > fewest
        else "as many active leads, later by rep_id"
        for candidate in candidates
    )
    if len(candidates) == 1:
        reason = f"the only one available in the pool ({fewest:,} active leads)"
    else:
        reason = f"fewest active leads ({fewest:,}) of {len(candidates)} in the pool"
    return Choice(chosen.rep_id, reason, verdicts)


def _load(candidate: Candidate) -> tuple[int, str]:
    return candidate.active_leads, candidate.rep_id
