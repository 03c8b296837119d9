"""Keeping processes running: real ones, under a clock the test turns."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lead_platform.orchestration.supervision import STOPPED_SECONDS, Backoff, Keeper
from lead_platform.processes import ProcessId
from tests.orchestration.children import part

BEATS = "lifeline.beat(); time.sleep(3600)"
BEATS_ONCE = "lifeline.tell('.'); time.sleep(3600)"


class Kept:
    """A keeper and the test's clock."""

    def __init__(self, keeper: Keeper) -> None:
        self.keeper = keeper
        self.now = 1000.0

    def tick(self, seconds: float = 0.0) -> None:
        """Let time pass at once, and the keeper look."""
        self.now += seconds
        self.keeper.tick(self.now)

    def until(self, holds: Callable[["Kept"], bool]) -> None:
        """Look, with the clock standing, until it holds."""
        deadline = time.monotonic() + 20
        while not holds(self):
            assert time.monotonic() < deadline, self.status
            self.tick()
            time.sleep(0.01)

    @property
    def status(self):
        return self.keeper.status(self.now)

    @property
    def state(self) -> str:
        return self.status.state

    @property
    def process(self) -> ProcessId:
        process = self.status.process
        assert process
        return process


@pytest.fixture
def keep() -> Iterator[Callable[[str], Kept]]:
    """Makes keepers; their processes are ended."""
    made: list[Kept] = []

    def make(script: str) -> Kept:
        made.append(Kept(Keeper(part(script))))
        made[-1].tick()
        return made[-1]

    yield make
    for kept in made:
        kept.keeper.terminate()
        for child in kept.keeper.children:
            child.kill()
        kept.until(lambda kept: not kept.keeper.children)


@given(st.lists(st.floats(0, 59), max_size=20))
def test_waits_double_up_to_the_longest_and_start_anew_after_a_steady_time(
    uptimes: list[float],
) -> None:
    backoff = Backoff()
    waits = [backoff.after(seconds) for seconds in uptimes]
    assert waits == [min(2.0**n, 30.0) for n in range(len(uptimes))]
    assert backoff.after(60.0) == 1.0
    assert backoff.after(0.0) == 2.0


def test_killed_process_is_started_again_after_a_wait(keep: Callable[[str], Kept]) -> None:
    kept = keep(BEATS)
    kept.until(lambda kept: kept.state == "well")
    first = kept.process
    os.kill(first.pid, signal.SIGKILL)
    kept.until(lambda kept: kept.state == "waiting")
    assert kept.status.last_end == "ended with signal SIGKILL"
    kept.tick(0.9)
    assert kept.state == "waiting"
    kept.tick(0.2)
    kept.until(lambda kept: kept.state == "well")
    assert kept.process != first
    assert kept.status.restarts == 1


def test_one_that_cannot_start_waits_longer_each_time(keep: Callable[[str], Kept]) -> None:
    kept = keep("sys.exit(3)")
    for wait in (1.0, 2.0, 4.0, 8.0):
        kept.until(lambda kept: kept.state == "waiting")
        assert kept.status.last_end == "ended with exit code 3"
        kept.tick(wait - 0.1)
        assert kept.state == "waiting", wait
        kept.tick(0.2)
    assert kept.status.restarts == 4


def test_command_that_is_not_there_is_told_and_tried_again() -> None:
    missing = Kept(Keeper(part("")))
    object.__setattr__(missing.keeper.part, "command", ("/no/such/command",))
    missing.tick()
    assert missing.state == "waiting"
    assert missing.status.last_end == "could not be started: No such file or directory"
    missing.tick(1.1)
    assert missing.status.restarts == 1


def test_one_that_lives_and_is_silent_is_killed(keep: Callable[[str], Kept]) -> None:
    kept = keep(BEATS_ONCE)
    kept.until(lambda kept: kept.state == "well")
    process = kept.process
    kept.tick(16.0)
    assert kept.state == "silent"
    kept.tick(13.0)
    assert process.is_running
    kept.tick(2.0)
    kept.until(lambda kept: kept.state == "waiting")
    assert not process.is_running


def test_silence_is_excused_while_what_it_needs_is_out_of_reach_and_counts_from_then_on() -> None:
    """A server that hangs had each part killed that waited for it, again and again."""
    outage = [False]
    kept = Kept(Keeper(part(BEATS_ONCE), lambda now: outage[0]))
    kept.until(lambda kept: kept.state == "well")
    process = kept.process
    outage[0] = True
    for _ in range(20):
        kept.tick(60.0)
    assert process.is_running
    assert kept.state == "silent"
    outage[0] = False
    kept.tick(29.0)
    assert process.is_running
    kept.tick(2.0)
    kept.until(lambda kept: kept.state == "waiting")
    outage[0] = True
    for _ in range(20):
        kept.tick(60.0)
    assert kept.state == "waiting", "it would only end again"
    assert kept.status.restarts == 0
    outage[0] = False
    kept.until(lambda kept: kept.state == "well")
    kept.process.kill()
    kept.keeper.terminate()
    kept.until(lambda kept: not kept.keeper.children)


def test_stopped_one_is_killed_and_one_continued_in_time_is_not(
    keep: Callable[[str], Kept],
) -> None:
    kept = keep(BEATS)
    kept.until(lambda kept: kept.state == "well")
    process = kept.process
    for _ in range(2):
        os.kill(process.pid, signal.SIGSTOP)
        kept.until(lambda kept: kept.state == "stopped")
        kept.tick()
        kept.tick(STOPPED_SECONDS - 1)
        os.kill(process.pid, signal.SIGCONT)
        kept.until(lambda kept: kept.state == "well")
        kept.tick()
    assert process.is_running, "the earlier stop was counted"
    os.kill(process.pid, signal.SIGSTOP)
    kept.until(lambda kept: kept.state == "stopped")
    kept.tick()
    kept.tick(STOPPED_SECONDS + 0.1)
    kept.until(lambda kept: kept.state == "waiting")


def test_supervisor_that_was_stopped_itself_judges_nobody_for_it(
    keep: Callable[[str], Kept],
) -> None:
    """Beats of the meantime wait in the pipe: its own pause is nobody's silence."""
    kept = keep(BEATS)
    kept.until(lambda kept: kept.state == "well")
    process = kept.process
    time.sleep(2)
    kept.tick(3600.0)
    assert kept.state == "well"
    assert process.is_running


def test_killed_supervisor_takes_its_children_along() -> None:
    """They became orphans, and two daemons ran after the next start."""
    supervisor = subprocess.Popen(
        [sys.executable, "-c", _SUPERVISOR], stdout=subprocess.PIPE, text=True
    )
    assert supervisor.stdout
    child = ProcessId.of(int(supervisor.stdout.readline()))
    assert child.is_running
    # Also one that is stopped, and can hear nothing.
    os.kill(child.pid, signal.SIGSTOP)
    supervisor.kill()
    supervisor.wait()
    deadline = time.monotonic() + 10
    while child.is_running and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not child.is_running


def test_processes_of_a_killed_computation_end_too() -> None:
    """Killed in the middle of its work, it left processes that waited for more for ever."""
    parent = subprocess.Popen(
        [sys.executable, "-m", "tests.orchestration.divided_work"],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert parent.stdout
    children = [ProcessId.of(int(parent.stdout.readline())) for _ in range(2)]
    assert all(child.is_running for child in children)
    parent.kill()
    parent.wait()
    deadline = time.monotonic() + 10
    while any(child.is_running for child in children) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(child.is_running for child in children)


_SUPERVISOR = f"""
import time
from lead_platform.orchestration.supervision import Keeper
from tests.orchestration.children import part
keeper = Keeper(part({BEATS!r}))
while keeper.status(0.0).state != "well":
    keeper.tick(0.0)
    time.sleep(0.01)
print(keeper.status(0.0).process.pid, flush=True)
time.sleep(3600)
"""
