"""Warm run workers: processes that have their imports behind them and execute runs by id.

A fresh process spends most of a small run importing Dagster, dbt and Great Expectations.
`lead-platform up` keeps a pool of workers and tells the processes it starts where that listens;
whoever launches a run without such a pool starts a worker for that one run.
"""

import functools
import os
import socket
import subprocess
import sys
import traceback
from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from lead_platform.orchestration.lifeline import Lifeline
from lead_platform.orchestration.supervision import (
    LOG,
    Backoff,
    Child,
    Part,
    PartStatus,
    child_status,
)
from lead_platform.settings import Settings, keep_files_private

# Runs one worker takes before it makes room for a fresh one, so that leaks stay bounded: at 60 runs
# a process holds 120 MB more than at its start, and a run takes 1.13 times as long in it. The fresh
# one gets warm meanwhile, which costs a run and a half.
RUNS_PER_WORKER = 50

# Where the pool of `lead-platform up` listens; set for the processes it starts.
POOL_VARIABLE = "LEAD_PLATFORM_WORKER_POOL"

# A worker in a long computation that lets no other thread of it run is silent, and well. Stopped
# ones are found sooner, and no run lasts longer than its limit.
SILENCE_SECONDS = 600.0

# What a worker says: it waits for a run, it has taken one up, it has put it down.
READY, BEGUN, DONE = "ready", "begun", "done"

# What the pool answers to a run it is handed.
TAKEN = b"taken\n"

WORKER = Part(
    "worker",
    (sys.executable, "-W", "ignore", "-m", "lead_platform.orchestration.workers"),
    SILENCE_SECONDS,
)


@dataclass
class _Worker:
    """A worker as the pool knows it, from its start until it has ended."""

    child: Child
    is_ready: bool = False
    is_leaving: bool = False
    run_id: str | None = None
    has_begun: bool = False
    runs: int = 0

    @property
    def is_idle(self) -> bool:
        return self.is_ready and not self.is_leaving and self.run_id is None

    def hand(self, run_id: str) -> None:
        """Give it a run; the worker must be idle. Raises OSError where it has just ended."""
        self.child.stdin.write(f"{run_id}\n".encode())
        self.child.stdin.flush()
        self.run_id, self.has_begun = run_id, False
        self.runs += 1
        if self.runs >= RUNS_PER_WORKER:
            self.leave()

    def leave(self) -> None:
        """Take no more runs; the process ends after the current one."""
        self.is_leaving = True
        with suppress(OSError):
            self.child.stdin.close()

    def hear(self, line: str) -> None:
        """What it says of itself."""
        if line == READY:
            self.is_ready = True
        elif line == BEGUN:
            self.has_begun = True
        elif line == DONE:
            self.run_id = None


@dataclass
class WorkerPool:
    """Workers, one of them always warm; each is known until it has ended, and then replaced.

    Does nothing by itself: whoever has it ticks it.
    """

    part: Part = WORKER
    _workers: list[_Worker] = field(default_factory=list)
    _waiting: deque[str] = field(default_factory=deque)
    _backoff: Backoff = field(default_factory=Backoff)
    _due_at: float = float("-inf")
    _ended: int = 0
    _last_end: str | None = None

    @property
    def children(self) -> list[Child]:
        """Its workers' processes."""
        return [worker.child for worker in self._workers]

    @property
    def is_busy(self) -> bool:
        """Whether a run is being executed or waits."""
        return bool(self._waiting) or any(worker.run_id for worker in self._workers)

    def has(self, run_id: str) -> bool:
        """Whether the run waits here for a worker, or a worker has it."""
        return run_id in list(self._waiting) or any(
            worker.run_id == run_id for worker in list(self._workers)
        )

    def execute(self, run_id: str) -> None:
        """Take a run; the next idle worker gets it."""
        if not self.has(run_id):
            self._waiting.append(run_id)

    def tick(self, now: float) -> None:
        """Hear the workers, end and replace those that have to be, hand out the runs."""
        for worker in list(self._workers):
            for line in worker.child.listen(now):
                worker.hear(line)
            self._look_after(worker, now)
        self._hand_out()
        lacking = len(self._waiting) + 1 - sum(self._is_coming(worker) for worker in self._workers)
        if lacking > 0 and now >= self._due_at:
            self._grow(now)

    def leave(self) -> None:
        """Let the workers end after what they are doing; runs that wait stay undone."""
        self._due_at = float("inf")
        self._waiting.clear()
        for worker in self._workers:
            worker.leave()

    def statuses(self, now: float) -> list[PartStatus]:
        """How each worker is."""
        return [
            child_status(self.part.name, worker.child, now, self._ended, self._last_end)
            for worker in self._workers
        ] or [child_status(self.part.name, None, now, self._ended, self._last_end)]

    def _look_after(self, worker: _Worker, now: float) -> None:
        reason = worker.child.complaint(now)
        if reason:
            LOG.warning("worker (pid %d) %s: killed", worker.child.id.pid, reason)
            worker.child.kill()
        ending = worker.child.ending()
        if not ending:
            return
        self._workers.remove(worker)
        # What it said last may have come after the last time it was heard.
        for line in worker.child.listen(now):
            worker.hear(line)
        worker.child.close()
        if worker.run_id and not worker.has_begun and self._due_at != float("inf"):
            self._waiting.appendleft(worker.run_id)
        if worker.is_leaving:
            return
        self._ended += 1
        self._last_end = f"ended with {ending}"
        LOG.warning("worker (pid %d) %s", worker.child.id.pid, self._last_end)
        if not worker.is_ready:
            self._due_at = max(self._due_at, now + self._backoff.after(0.0))

    def _hand_out(self) -> None:
        idle = [worker for worker in self._workers if worker.is_idle]
        for worker in idle:
            if not self._waiting:
                return
            # One that has just ended is replaced by the next tick, and the run waits on.
            with suppress(OSError):
                worker.hand(self._waiting[0])
                self._waiting.popleft()

    def _is_coming(self, worker: _Worker) -> bool:
        return not worker.is_leaving and (worker.is_idle or not worker.is_ready)

    def _grow(self, now: float) -> None:
        try:
            self._workers.append(_Worker(Child(self.part, now, stdin=subprocess.PIPE)))
        except OSError as error:
            self._last_end = f"could not be started: {error.strerror}"
            self._due_at = now + self._backoff.after(0.0)


class PoolDoor:
    """The socket at which other processes hand runs to the pool."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.bind(str(path))
        self._socket.listen(16)
        self._socket.setblocking(False)

    def fileno(self) -> int:
        """Readable when somebody is at the door."""
        return self._socket.fileno()

    def answer(self, pool: WorkerPool) -> None:
        """Take the runs of those who are at the door."""
        while True:
            try:
                connection, _ = self._socket.accept()
            except BlockingIOError:
                return
            # Whoever is stopped in the middle of the word costs a second.
            connection.settimeout(1.0)
            with connection, suppress(OSError, ValueError):
                with connection.makefile("r", encoding="ascii") as words:
                    run_id = words.readline().strip()
                if run_id:
                    pool.execute(run_id)
                    connection.sendall(TAKEN)

    def close(self) -> None:
        """Answer no more."""
        self._socket.close()
        self.path.unlink(missing_ok=True)


def hand_to_pool(address: str, run_id: str) -> None:
    """Hand a run to the pool at `address`. Raises OSError where it does not take it."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(10.0)
        connection.connect(address)
        connection.sendall(f"{run_id}\n".encode("ascii"))
        if connection.recv(len(TAKEN)) != TAKEN:
            raise ConnectionError(f"The pool of run workers at {address} did not take {run_id}.")


def start_worker_for(run_id: str) -> None:
    """A process of its own for one run, where no pool listens; it outlives who asked for it."""
    command = [*WORKER.command, run_id]
    subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)


def execute_runs(run_ids: Iterable[str], lifeline: Lifeline) -> None:
    """A worker's loop: import and read everything, then execute each run and say so."""
    from lead_platform.lake.resource import open_lake
    from lead_platform.orchestration.logs import fold_repeats
    from lead_platform.orchestration.runs import execute_run, import_everything, warm_up

    import_everything()
    fold_repeats()
    warm_up(Settings())
    with suppress(Exception):
        open_lake(Settings()).published()
    lifeline.tell(READY)
    # At the start of `up`, whether or not the sensor that tells of it ever comes to tick.
    with suppress(Exception):
        tell_configuration(Settings())
    for line in run_ids:
        run_id = line.strip()
        try:
            execute_run(Settings(), run_id, begun=functools.partial(lifeline.tell, BEGUN))
        except Exception:
            # Not the run's own failure, which is recorded, but that of recording it.
            traceback.print_exc()
        lifeline.tell(DONE)


def tell_configuration(settings: Settings) -> None:
    """Tell a person which files of the configuration cannot be used."""
    from lead_platform.governance.notifications import open_book, send_due
    from lead_platform.governance.watches import watch_configuration
    from lead_platform.lake.lake import utc_now

    now = utc_now()
    open_book(settings).settle(["configuration_broken"], watch_configuration(settings), now)
    send_due(settings, now)


def main() -> None:
    """A worker: of the pool, or for the one run it is told."""
    keep_files_private()
    # Whatever prints during a run does so where logs are read.
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    if len(sys.argv) > 1:
        from lead_platform.orchestration.runs import execute_run

        execute_run(Settings(), sys.argv[1])
        return
    lifeline = Lifeline()
    lifeline.beat()
    execute_runs(iter(sys.stdin.readline, ""), lifeline)
    # Taking apart all that was imported takes seconds, and an idle worker holds nothing.
    os._exit(0)


if __name__ == "__main__":
    main()
