"""What a strategy is given and what it answers; the seam between routing and its strategies."""

import importlib
from collections.abc import Sequence
from typing import NamedTuple, Protocol, cast


class Candidate(NamedTuple):
    """A rep of the pool who is active and has room."""

    rep_id: str
    active_leads: int
    capacity: int


class Choice(NamedTuple):
    """Who gets the lead, why, and one verdict per candidate in their order."""

    rep_id: str
    reason: str
    verdicts: tuple[str, ...]


class Strategy(Protocol):
    """A module of lead_platform/routing/strategies."""

    def choose(self, candidates: Sequence[Candidate], lead_id: str) -> Choice:
        """Choose among at least one candidate; the same input gives the same answer."""
        ...


def load_strategy(name: str) -> Strategy:
    """The strategy of this name; names are checked when the rules are loaded."""
    return cast(Strategy, importlib.import_module(f"lead_platform.routing.strategies.{name}"))
