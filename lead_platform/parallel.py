"""Pure work on several processes: for what Python computes record by record.

Threads would wait for each other at the interpreter's lock. A process costs two to three seconds
of imports, so callers split only work that is worth several of them.
"""

import multiprocessing
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def map_in_processes(work: Callable[[T], R], items: Sequence[T]) -> list[R]:
    """`work` of each item, in the items' order; items and results must be picklable.

    Processes are spawned, not forked: a fork would copy DuckDB's locks in whatever state.
    """
    workers = min(len(items), os.cpu_count() or 1)
    if workers < 2:
        return [work(item) for item in items]
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(workers, mp_context=context) as pool:
        return list(pool.map(work, items))
