"""What a process of `lead-platform up` does for its supervisor: it ends with it, and it beats.

A beat says more than that the process is there: a part beats when it has just answered itself.
What is killed, stopped, deadlocked or unreachable falls silent, and the supervisor hears that.
"""

import os
import threading
import time
from collections.abc import Callable

from lead_platform.processes import end_with

# Set for the children: who started them, and where they are heard.
PARENT_VARIABLE = "LEAD_PLATFORM_SUPERVISOR"
PIPE_VARIABLE = "LEAD_PLATFORM_LIFELINE"

BEAT = "."
BEAT_SECONDS = 1.0


class Lifeline:
    """A child's connection to its supervisor; make it first thing, in the main thread."""

    def __init__(self) -> None:
        end_with(int(os.environ[PARENT_VARIABLE]))
        self._pipe = int(os.environ[PIPE_VARIABLE])

    def tell(self, line: str) -> None:
        """Tell the supervisor something."""
        os.write(self._pipe, f"{line}\n".encode())

    def beat(self, is_well: Callable[[], object] = lambda: True) -> None:
        """From now on beat as long as `is_well` says so; an exception is a no."""
        threading.Thread(target=self._beat, args=(is_well,), name="lifeline", daemon=True).start()

    def _beat(self, is_well: Callable[[], object]) -> None:
        while True:
            try:
                well = is_well()
            except Exception:
                well = False
            if well:
                self.tell(BEAT)
            time.sleep(BEAT_SECONDS)
