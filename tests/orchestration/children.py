"""Children for tests of supervision: real processes, without Dagster's imports."""

import sys
import textwrap

from lead_platform.orchestration.supervision import Part

PRELUDE = """
import sys, time
from lead_platform.orchestration.lifeline import Lifeline
lifeline = Lifeline()
"""

# Speaks as a run worker does, and takes the words of a run for what to do with it.
WORKER = """
import os, signal
lifeline.beat()
lifeline.tell("ready")
for line in iter(sys.stdin.readline, ""):
    name = line.strip()
    if name.startswith("dies-early") and not os.path.exists(name.partition(":")[2]):
        open(name.partition(":")[2], "w").close()
        os.kill(os.getpid(), signal.SIGKILL)
    lifeline.tell("begun")
    if name.startswith("dies"):
        os.kill(os.getpid(), signal.SIGKILL)
    if name.startswith("long"):
        open(name.partition(":")[2] or os.devnull, "w").close()
        time.sleep(3600)
    lifeline.tell("done")
"""


def part(script: str, *, silence_seconds: float = 30.0) -> Part:
    """A part that runs a script which has its lifeline."""
    command = (sys.executable, "-c", PRELUDE + textwrap.dedent(script))
    return Part("trial", command, silence_seconds)
