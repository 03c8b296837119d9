"""When what failed is asked for again: ever less often, and at once under other rules."""

from datetime import datetime, timedelta
from typing import Self

from pydantic import BaseModel

from lead_platform.instants import has_passed

# Asked for again after this time while it fails, doubled each time up to the longest.
RETRY_AFTER = timedelta(minutes=2)
RETRY_AFTER_AT_MOST = timedelta(minutes=16)


class Attempts(BaseModel):
    """When a run was asked for last, under which rules and how often in a row under these."""

    attempts: int = 0
    asked_at: datetime | None = None
    rules: str = ""

    def is_due(self, rules: str, now: datetime) -> bool:
        """Whether to ask now: at once under other rules than those it failed under."""
        if self.asked_at is None or self.rules != rules:
            return True
        wait = min(RETRY_AFTER * 2 ** min(self.attempts - 1, 10), RETRY_AFTER_AT_MOST)
        return has_passed(wait, self.asked_at, now)

    def asked(self, rules: str, now: datetime) -> Self:
        """As it is once a run was asked for."""
        attempts = self.attempts + 1 if self.rules == rules else 1
        return self.model_copy(update={"attempts": attempts, "asked_at": now, "rules": rules})
