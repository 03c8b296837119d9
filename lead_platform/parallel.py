"""Pure work on several processes: for what Python computes record by record.

Threads would wait for each other at the interpreter's lock. A process costs two to three seconds
of imports, so callers split only work that is worth several of them.
"""

import multiprocessing
import os
import traceback
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection, wait
from typing import Any, TypeVar

from lead_platform.lake.brake import check_brake
from lead_platform.processes import WorkerDiedError, end_with

# How soon a stopped workflow is noticed.
_LOOK_SECONDS = 1.0

T = TypeVar("T")
R = TypeVar("R")


def map_in_processes(
    work: Callable[[T], R], items: Sequence[T], *, of_dead: Callable[[T], R] | None = None
) -> list[R]:
    """`work` of each item, in the items' order; items and results must be picklable.

    Processes are spawned, not forked: a fork would copy DuckDB's locks in whatever state. Where the
    workflow at work is stopped meanwhile, they are killed, and WorkflowStoppedError is raised.
    An item whose process died is tried once more, alone on the machine; what it results in when it
    dies again is told by `of_dead`, else WorkerDiedError is raised. With `of_dead` no item is
    worked on in this process.
    """
    workers = min(len(items), os.cpu_count() or 1)
    if workers < 2 and of_dead is None:
        return [_work_on(work, item) for item in items]
    results: dict[int, R] = {}
    waiting = deque(enumerate(items))
    with _processes(work, workers) as channels:
        died = _work_off(channels, waiting, results)
    for number, item in [*died, *waiting]:
        with _processes(work, 1) as channels:
            if not _work_off(channels, deque([(number, item)]), results):
                continue
        if of_dead is None:
            raise WorkerDiedError(
                "A process that was computing ended before its result, twice. Was it killed, or is "
                "there too little memory? What it worked on still waits; run it again."
            )
        results[number] = of_dead(item)
    return [results[number] for number in range(len(items))]


def _work_off(
    channels: Sequence[Connection], waiting: deque[tuple[int, T]], results: dict[int, R]
) -> list[tuple[int, T]]:
    """Hand out what waits for as long as any process lives; the items on which one died."""
    died: list[tuple[int, T]] = []
    busy: dict[Connection, tuple[int, T]] = {}
    idle = deque(channels)
    while busy or (idle and waiting):
        while idle and waiting:
            busy[idle[0]] = waiting.popleft()
            # Where its process has died already, that shows when the result is received.
            with suppress(ConnectionError):
                idle[0].send(busy[idle[0]][1])
            idle.popleft()
        check_brake()
        for channel in wait(list(busy), timeout=_LOOK_SECONDS):
            assert isinstance(channel, Connection)
            number, item = busy.pop(channel)
            try:
                is_done, value = channel.recv()
            except (EOFError, OSError):
                died.append((number, item))
                continue
            if not is_done:
                raise value
            results[number] = value
            idle.append(channel)
    return died


@contextmanager
def _processes(work: Callable[[T], R], count: int) -> Iterator[list[Connection]]:
    """The channels to so many processes, which do not outlive the block.

    Each has a channel of its own. The queues of the library's executor are shared: a process that
    is killed while it writes to one leaves whoever reads it waiting for ever.
    """
    context = multiprocessing.get_context("spawn")
    channels, processes = [], []
    try:
        for _ in range(count):
            mine, theirs = context.Pipe()
            channels.append(mine)
            process = context.Process(target=_serve, args=(work, theirs, os.getpid()), daemon=True)
            process.start()
            theirs.close()
            processes.append(process)
        yield channels
    finally:
        for process in processes:
            process.kill()
            process.join()
        for channel in channels:
            channel.close()


def _serve(work: Callable[[T], R], channel: Connection, parent_pid: int) -> None:
    """In the other process: work on items until nobody sends any more, or the parent has ended."""
    end_with(parent_pid)
    while True:
        try:
            item = channel.recv()
        except EOFError:
            return
        try:
            answer: tuple[bool, Any] = (True, work(item))
        except Exception as error:
            error.add_note(traceback.format_exc())
            answer = (False, error)
        channel.send(answer)


def _work_on(work: Callable[[T], R], item: T) -> R:
    check_brake()
    return work(item)
