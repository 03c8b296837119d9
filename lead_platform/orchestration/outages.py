"""Stores that are out of reach, told to a person by `lead-platform up` itself, and settled by it.

The sensor that tells of all else needs them: without them it does not tick.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from lead_platform.governance.alerts import Signal
from lead_platform.orchestration.restarts import Tell
from lead_platform.orchestration.stores import STORES, StoreStatus
from lead_platform.orchestration.supervision import LOG

KIND = "watch_failed"

# A server that is started again is back within some seconds.
LASTING_SECONDS = 10.0
AGAIN_SECONDS = 60.0


@dataclass
class OutageWatch:
    """Tells of each store that stays out of reach, and that it answers again.

    What an earlier `up` left open is settled once the store has answered.
    """

    tell: Tell
    _seen: frozenset[str] = frozenset()
    _open: set[str] = field(default_factory=lambda: set(STORES))
    _told: set[str] = field(default_factory=set)
    _told_at: float = float("-inf")

    def look(self, stores: Sequence[StoreStatus], now: float) -> None:
        """Compare the stores with how they were at the last look."""
        out = {store.name: store for store in stores if store.state == "silent"}
        self._log_changes(out)
        # Seen twice: after a pause of this process the first look may be older than the answer.
        lasting = {
            name: store
            for name, store in out.items()
            if name in self._seen and store.seconds_out >= LASTING_SECONDS
        }
        self._seen = frozenset(out)
        unknown = {store.name for store in stores if store.state != "well"}
        over = self._open - unknown
        is_new = bool(lasting.keys() - self._told or over)
        # Again while it lasts: a message that did not go out is tried again by whoever tells.
        if is_new or (lasting and now - self._told_at >= AGAIN_SECONDS):
            signals = [
                Signal(KIND, name, store.told, is_condition=True) for name, store in lasting.items()
            ]
            self.tell(signals, [(KIND, name) for name in sorted(over)])
            self._told_at = now
        self._told = set(lasting)
        self._open = (self._open - over) | self._told

    def _log_changes(self, out: dict[str, StoreStatus]) -> None:
        for name in sorted(out.keys() - self._seen):
            LOG.warning("%s", out[name].told)
        for name in sorted(self._seen - out.keys()):
            LOG.warning("%s answers again", name)
