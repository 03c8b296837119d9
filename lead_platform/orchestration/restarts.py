"""Parts of `lead-platform up` that keep being started again, told to a person.

The supervisor tells it itself: the sensor that tells of all else runs in one of these parts.
"""

from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from lead_platform.governance.alerts import Signal
from lead_platform.orchestration.supervision import PartStatus

# One restart is an accident the supervisor mends; so many within the time are a fault.
OFTEN = 3
WITHIN_SECONDS = 600.0
AGAIN_SECONDS = 60.0

KIND = "part_restarted"

# Told: what began, and kinds and subjects that are in order again.
Tell = Callable[[list[Signal], Iterable[tuple[str, str]]], None]


@dataclass
class RestartWatch:
    """Counts restarts as its caller's monotonic clock goes on, and tells what changed.

    What an earlier `up` left open is settled once this one has been quiet for the whole time.
    """

    tell: Tell
    began_at: float
    _counts: dict[str, int] = field(default_factory=dict)
    _restarted_at: dict[str, deque[float]] = field(default_factory=dict)
    _told: set[str] = field(default_factory=set)
    _told_at: float = float("-inf")
    _is_settled: bool = False

    def look(self, parts: Sequence[PartStatus], now: float) -> None:
        """Compare the parts' counts of restarts with those of the last look."""
        ends = {part.name: part.last_end for part in parts}
        often = {
            name: f"started again {count} times within {WITHIN_SECONDS / 60:.0f} minutes; the "
            f"last one {ends[name]}"
            for name, count in self._recent(parts, now).items()
            if count >= OFTEN
        }
        is_settled = now - self.began_at >= WITHIN_SECONDS
        is_new = often.keys() != self._told or is_settled != self._is_settled
        # Again while it lasts: a message that did not go out is tried again by whoever tells.
        if is_new or (often and now - self._told_at >= AGAIN_SECONDS):
            self._tell_changes(often, ends.keys() if is_settled else self._told)
            self._told_at = now
        self._told, self._is_settled = set(often), is_settled

    def _recent(self, parts: Sequence[PartStatus], now: float) -> dict[str, int]:
        """How often each part was started again of late. Workers share a name and a count."""
        for name, count in {part.name: part.restarts for part in parts}.items():
            times = self._restarted_at.setdefault(name, deque())
            times.extend([now] * (count - self._counts.get(name, 0)))
            self._counts[name] = count
            while times and now - times[0] > WITHIN_SECONDS:
                times.popleft()
        return {name: len(times) for name, times in self._restarted_at.items()}

    def _tell_changes(self, often: Mapping[str, str], looked_at: Iterable[str]) -> None:
        signals = [
            Signal(KIND, name, text, is_condition=True)
            for name, text in often.items()
            if name not in self._told
        ]
        self.tell(signals, [(KIND, name) for name in looked_at if name not in often])
