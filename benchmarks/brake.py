"""Seconds from throwing a kill switch to the stop of the step at work, step by step of a cold load.

    python -m benchmarks.brake                        100k submissions
    python -m benchmarks.brake 1000000                another size

Each step of the main job is stopped some seconds after its start, at several instants, then let
run to its end; so every stop also shows that the next run catches up.
"""

import logging
import os
import sys
import tempfile
import threading
import time
from datetime import datetime
from pathlib import Path

SIZE = 100_000

# The steps of the main job whose work grows with the load, and the switch of each.
STEPS = {
    "intake": "capture",
    "identify": "identity",
    "score": "scoring",
    "route": "routing",
    "report": "reporting",
}

# Seconds into a step at which its switch is thrown.
INSTANTS = (0.5, 3.0, 8.0, 20.0)


class Thrower(logging.Handler):
    """Throws the switch of one step a while after its start, and notes how long it still took."""

    def __init__(self, step: str, instant: float) -> None:
        super().__init__()
        self._step = step
        self._instant = instant
        self._thrown_at: float | None = None
        self._is_over = threading.Event()
        self.seconds: float | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Listen for the step's start and end."""
        message = record.getMessage()
        if message == f"started {self._step}":
            threading.Thread(target=self._throw_later, daemon=True).start()
        elif message.startswith(self._step.ljust(22)):
            self._is_over.set()
            if self._thrown_at is not None and "stopped" in message:
                self.seconds = time.monotonic() - self._thrown_at

    def _throw_later(self) -> None:
        if not self._is_over.wait(self._instant):
            self._thrown_at = time.monotonic()
            throw(STEPS[self._step], is_enabled=False)


def main(size: int) -> None:
    """Load one world, stopping each step at several instants."""
    with tempfile.TemporaryDirectory(prefix="lead-platform-brake-") as home:
        os.environ["LEAD_PLATFORM_HOME"] = home
        as_of = prepare(Path(home), size)
        print(f"{size:,} submissions")
        for step in STEPS:
            for instant in INSTANTS:
                seconds = stop_once(step, instant, as_of)
                if seconds is None:
                    print(f"  {step}: done within {instant:g} s, or before the switch was seen")
                    break
                print(f"  {step}: thrown after {instant:g} s, stopped {seconds:.1f} s later")
        run(as_of)


def prepare(home: Path, size: int) -> datetime:
    """Write a world's files into the inbox; the instant to load it at."""
    from lead_platform.demo.files import write_world
    from lead_platform.demo.settings import WorldSettings
    from lead_platform.demo.world import generate_world

    settings = WorldSettings(submissions=size)
    write_world(generate_world(settings), home / "demo")
    (home / "demo" / "inbox").rename(home / "inbox")
    (home / "demo" / "reference").rename(home / "reference")
    return settings.end_at.replace(tzinfo=None)


def stop_once(step: str, instant: float, as_of: datetime) -> float | None:
    """Run the job and stop the step; seconds it went on, None where it came to its end."""
    thrower = Thrower(step, instant)
    steps = logging.getLogger("lead_platform.steps")
    steps.addHandler(thrower)
    steps.setLevel(logging.INFO)
    try:
        run(as_of)
    finally:
        steps.removeHandler(thrower)
        throw(STEPS[step], is_enabled=True)
    return thrower.seconds


def run(as_of: datetime) -> None:
    """The main job on what waits; a stopped step is no failure."""
    from lead_platform.orchestration.runs import run_job
    from lead_platform.settings import Settings

    outcome = run_job(Settings(), "process_new_leads", as_of=as_of)
    if not outcome.success:
        raise SystemExit("\n".join(outcome.errors))


def throw(workflow: str, *, is_enabled: bool) -> None:
    """Set a switch."""
    from lead_platform.lake.lake import utc_now
    from lead_platform.lake.switches import Switch, open_switches
    from lead_platform.settings import Settings

    open_switches(Settings()).throw(Switch(workflow, is_enabled, "bench", "measuring", utc_now()))


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else SIZE)
