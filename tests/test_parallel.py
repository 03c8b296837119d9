"""Work spread over processes: in order, with its errors, and never waiting for one that is gone."""

import os
import signal
import threading
import time
from datetime import datetime

import pytest

from lead_platform.lake.brake import Brake, WorkflowStoppedError
from lead_platform.lake.switches import Switch, open_switches
from lead_platform.parallel import map_in_processes
from lead_platform.processes import WorkerDiedError
from lead_platform.settings import Settings


def square(number: int) -> int:
    """A number's square."""
    if number < 0:
        raise ValueError(f"{number} is negative")
    return number * number


def vanish(number: int) -> int:
    """What the system does to a process that takes too much memory."""
    os.kill(os.getpid(), signal.SIGKILL)
    return number


def vanish_on_odd(number: int) -> int:
    """A number, unless the process dies of it."""
    return vanish(number) if number % 2 else number


def answer_at_length(seconds: float) -> bytes:
    """More than a pipe holds, over and over: a kill meets it while it is being sent."""
    time.sleep(seconds)
    return bytes(200_000_000)


def test_results_come_in_the_order_of_the_items() -> None:
    assert map_in_processes(square, range(7)) == [number * number for number in range(7)]
    assert map_in_processes(square, []) == []


def test_an_error_of_the_work_is_raised_with_where_it_was() -> None:
    with pytest.raises(ValueError, match="-3 is negative") as failed:
        map_in_processes(square, [1, 2, -3, 4])
    assert "in square" in "".join(failed.value.__notes__)


def test_a_process_that_died_is_told_and_not_waited_for() -> None:
    with pytest.raises(WorkerDiedError, match="run it again"):
        map_in_processes(vanish, [1, 2])


def test_an_item_that_kills_its_process_costs_itself() -> None:
    """It cost all the others too, each time anew."""
    died: list[int] = []

    def note(number: int) -> int:
        died.append(number)
        return -1

    results = map_in_processes(vanish_on_odd, [1, 2, 3, 4, 6], of_dead=note)
    assert results == [-1, 2, -1, 4, 6]
    assert sorted(died) == [1, 3]
    assert map_in_processes(vanish, [5], of_dead=note) == [-1], "nor does it kill this process"


def test_processes_killed_while_they_answer_keep_nobody_waiting(
    embedded_settings: Settings,
) -> None:
    # The executor's reader waited for ever for the rest of what a killed process was writing.
    switches = open_switches(embedded_settings)
    off = Switch("capture", False, "Dana", "a trial", datetime(2026, 7, 1))
    ended: list[float] = []

    def stop() -> None:
        brake = Brake(switches, "capture")
        with pytest.raises(WorkflowStoppedError), brake.watching():
            map_in_processes(answer_at_length, [0.01] * 2_000)
        ended.append(time.monotonic())

    at_work = threading.Thread(target=stop, daemon=True)
    at_work.start()
    time.sleep(6)
    switches.throw(off)
    thrown = time.monotonic()
    at_work.join(timeout=60)
    assert ended
    assert ended[0] - thrown < 20
