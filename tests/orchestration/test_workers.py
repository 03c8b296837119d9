"""The pool of run workers: each run is executed once, each worker known until it has ended."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from lead_platform.orchestration.workers import (
    RUNS_PER_WORKER,
    PoolDoor,
    WorkerPool,
    hand_to_pool,
)
from tests.orchestration.children import WORKER, part


class Pool:
    """A pool of light workers that is ticked while something is waited for."""

    def __init__(self) -> None:
        self.pool = WorkerPool(part(WORKER))

    def until(self, holds: Callable[[], bool]) -> None:
        """Tick until it holds."""
        deadline = time.monotonic() + 20
        while not holds():
            assert time.monotonic() < deadline, self.pool.statuses(time.monotonic())
            self.pool.tick(time.monotonic())
            time.sleep(0.01)

    @property
    def pids(self) -> set[int]:
        """The workers that run."""
        return {child.id.pid for child in self.pool.children}

    def is_warm(self) -> bool:
        """Whether all workers are past their start."""
        states = [status.state for status in self.pool.statuses(time.monotonic())]
        return bool(states) and set(states) == {"well"}


@pytest.fixture
def pool() -> Iterator[Pool]:
    """One that is warm."""
    made = Pool()
    made.until(made.is_warm)
    yield made
    made.pool.leave()
    for child in made.pool.children:
        child.kill()
    made.until(lambda: not made.pool.children)


def test_run_is_executed_by_a_warm_worker_which_is_idle_again(pool: Pool) -> None:
    before = pool.pids
    pool.pool.execute("a")
    assert pool.pool.has("a")
    pool.until(lambda: not pool.pool.has("a"))
    assert before <= pool.pids


def test_runs_at_once_get_a_worker_each_and_one_stays_warm(pool: Pool) -> None:
    for run_id in ("long-1", "long-2", "long-2"):
        pool.pool.execute(run_id)
    pool.until(lambda: len(pool.pids) == 3 and pool.is_warm())
    assert pool.pool.has("long-1")
    assert pool.pool.has("long-2")
    assert pool.pool.is_busy


def test_run_whose_worker_died_before_it_began_goes_to_another(pool: Pool, tmp_path: Path) -> None:
    mark = tmp_path / "died"
    pool.pool.execute(f"dies-early:{mark}")
    pool.until(mark.exists)
    pool.until(lambda: not pool.pool.has(f"dies-early:{mark}"))
    assert "SIGKILL" in str(pool.pool.statuses(0.0)[0].last_end)


def test_run_whose_worker_died_in_it_is_handed_to_nobody_else(pool: Pool) -> None:
    before = pool.pids
    pool.pool.execute("dies")
    pool.until(lambda: not pool.pool.has("dies"))
    pool.until(lambda: bool(pool.pids - before) and pool.is_warm())


def test_killed_idle_worker_is_replaced(pool: Pool) -> None:
    (idle,) = pool.pids
    os.kill(idle, signal.SIGKILL)
    pool.until(lambda: pool.pids not in (set(), {idle}) and pool.is_warm())


def test_worn_worker_stays_known_through_its_last_run(pool: Pool, tmp_path: Path) -> None:
    """At its last run a worker was forgotten, and run monitoring called that run dead."""
    (first,) = pool.pids
    for number in range(RUNS_PER_WORKER - 1):
        pool.pool.execute(str(number))
        pool.until(lambda number=number: not pool.pool.has(str(number)))
    assert first in pool.pids
    last = f"long:{tmp_path / 'begun'}"
    pool.pool.execute(last)
    pool.until((tmp_path / "begun").exists)
    assert first in pool.pids
    assert pool.pool.has(last)
    os.kill(first, signal.SIGKILL)
    pool.until(lambda: first not in pool.pids)
    assert not pool.pool.has(last)


def test_released_worker_finishes_and_ends(pool: Pool) -> None:
    pool.pool.leave()
    pool.until(lambda: not pool.pool.children)
    assert not pool.pool.is_busy


def test_runs_are_handed_over_at_the_door(pool: Pool, tmp_path: Path) -> None:
    door = PoolDoor(tmp_path / "door")
    try:
        pid = os.fork()
        if pid == 0:
            hand_to_pool(str(door.path), "long-run")
            os._exit(0)
        pool.until(lambda: (door.answer(pool.pool), pool.pool.has("long-run"))[1])
        assert os.waitpid(pid, 0)[1] == 0
    finally:
        door.close()
    with pytest.raises(OSError, match="No such file"):
        hand_to_pool(str(door.path), "late")
