"""Warm run workers: processes that have their imports behind them and execute runs by id.

A fresh process spends most of a small run importing Dagster, dbt and Great Expectations.
`lead-platform up` keeps a pool of workers and tells Dagster's daemon where it listens; whoever
launches a run without such a pool gets a worker of its own.
"""

import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing.connection import Client, Connection, Listener
from pathlib import Path
from typing import IO, Literal

# Runs one worker takes before it makes room for a fresh one, so that leaks stay bounded.
RUNS_PER_WORKER = 100

# Where the pool of `lead-platform up` listens; set for the processes it starts.
POOL_VARIABLE = "LEAD_PLATFORM_WORKER_POOL"

Health = Literal["running", "ended", "unknown"]


class RunWorker:
    """A process that executes the runs whose ids it is sent, one after another."""

    def __init__(self) -> None:
        self._run_ids: list[str] = []
        self._idle = threading.Event()
        self._idle.set()
        self._process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "lead_platform.orchestration.workers"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        threading.Thread(target=self._listen, daemon=True).start()

    @property
    def is_idle(self) -> bool:
        """Whether it lives and would start a run at once."""
        return self._idle.is_set() and self._process.poll() is None

    @property
    def is_worn(self) -> bool:
        """Whether it has executed as many runs as it may."""
        return len(self._run_ids) >= RUNS_PER_WORKER

    def health(self, run_id: str) -> Health:
        """Whether it is executing this run."""
        if run_id not in self._run_ids:
            return "unknown"
        is_current = run_id == self._run_ids[-1] and not self._idle.is_set()
        return "running" if is_current and self._process.poll() is None else "ended"

    def execute(self, run_id: str) -> None:
        """Start a run; the worker must be idle."""
        self._idle.clear()
        self._run_ids.append(run_id)
        stdin = _pipe(self._process.stdin)
        stdin.write(f"{run_id}\n")
        stdin.flush()

    def release(self) -> None:
        """Take no more runs; the process ends after the current one."""
        with suppress(OSError):
            _pipe(self._process.stdin).close()

    def _listen(self) -> None:
        for line in _pipe(self._process.stdout):
            if line.startswith("done "):
                self._idle.set()


class WorkerPool:
    """Workers, one of them always warm: a run goes to an idle one or to a new one."""

    def __init__(self) -> None:
        self._workers = [RunWorker()]
        self._changing = threading.Lock()

    def execute(self, run_id: str) -> None:
        """Start a run."""
        with self._changing:
            idle = [worker for worker in self._workers if worker.is_idle]
            worker = idle[0] if idle else self._grow()
            worker.execute(run_id)
            if worker.is_worn:
                worker.release()
                self._workers.remove(worker)
                self._grow()

    def health(self, run_id: str) -> Health:
        """Whether a worker executes this run."""
        reports = [worker.health(run_id) for worker in self._workers]
        return next((report for report in reports if report != "unknown"), "unknown")

    def release(self) -> None:
        """Let the workers end after what they are doing."""
        for worker in self._workers:
            worker.release()

    def _grow(self) -> RunWorker:
        worker = RunWorker()
        self._workers.append(worker)
        return worker


@contextmanager
def listening_pool() -> Iterator[str]:
    """A pool that takes requests from other processes for the block; where it listens."""
    pool = WorkerPool()
    with tempfile.TemporaryDirectory(prefix="lead-platform-") as folder:
        address = str(Path(folder) / "workers")
        with Listener(address, family="AF_UNIX") as listener:
            threading.Thread(target=_serve, args=(listener, pool), daemon=True).start()
            try:
                yield address
            finally:
                pool.release()


def ask_pool(address: str, verb: Literal["execute", "health"], run_id: str) -> Health:
    """Have the pool at `address` execute a run, or say how it is."""
    with Client(address, family="AF_UNIX") as connection:
        connection.send((verb, run_id))
        reply: Health = connection.recv()
    return reply


def execute_runs(run_ids: Iterable[str], finished: IO[str]) -> None:
    """A worker's loop: import and read everything, then execute each run and say so."""
    from lead_platform.lake.resource import open_lake
    from lead_platform.orchestration.runs import execute_run, import_everything, warm_up
    from lead_platform.settings import Settings

    import_everything()
    warm_up(Settings())
    with suppress(Exception):
        open_lake(Settings()).published()
    for run_id in run_ids:
        execute_run(run_id.strip())
        finished.write(f"done {run_id.strip()}\n")
        finished.flush()


def _serve(listener: Listener, pool: WorkerPool) -> None:
    while True:
        try:
            connection = listener.accept()
        except OSError:
            return
        with connection, suppress(EOFError, OSError):
            _answer(connection, pool)


def _answer(connection: Connection, pool: WorkerPool) -> None:
    verb, run_id = connection.recv()
    if verb == "execute":
        pool.execute(run_id)
    connection.send(pool.health(run_id))


def _pipe(pipe: IO[str] | None) -> IO[str]:
    assert pipe is not None
    return pipe


if __name__ == "__main__":
    # Whatever prints during a run must not be taken for a finished run.
    finished = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    execute_runs(iter(sys.stdin.readline, ""), finished)
