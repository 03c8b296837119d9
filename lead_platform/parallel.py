"""Pure work on several processes: for what Python computes record by record.

Threads would wait for each other at the interpreter's lock. A process costs two to three seconds
of imports, so callers split only work that is worth several of them.
"""

import multiprocessing
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, wait
from typing import TypeVar

from lead_platform.lake.brake import check_brake
from lead_platform.processes import end_with

# How soon a stopped workflow is noticed.
_LOOK_SECONDS = 1.0

T = TypeVar("T")
R = TypeVar("R")


def map_in_processes(work: Callable[[T], R], items: Sequence[T]) -> list[R]:
    """`work` of each item, in the items' order; items and results must be picklable.

    Processes are spawned, not forked: a fork would copy DuckDB's locks in whatever state. Where the
    workflow at work is stopped meanwhile, they are ended, and WorkflowStoppedError is raised.
    """
    workers = min(len(items), os.cpu_count() or 1)
    if workers < 2:
        return [_work_on(work, item) for item in items]
    context = multiprocessing.get_context("spawn")
    # A killed parent closes no queue: its processes would wait for work for ever.
    with ProcessPoolExecutor(
        workers, mp_context=context, initializer=end_with, initargs=(os.getpid(),)
    ) as pool:
        futures = [pool.submit(work, item) for item in items]
        try:
            while wait(futures, timeout=_LOOK_SECONDS).not_done:
                check_brake()
        except BaseException:
            for process in list((pool._processes or {}).values()):
                process.terminate()
            raise
        return [future.result() for future in futures]


def _work_on(work: Callable[[T], R], item: T) -> R:
    check_brake()
    return work(item)
