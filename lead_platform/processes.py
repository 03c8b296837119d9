"""Processes: ending with one's parent, memory that has a bound, and being told from a later one
of the same number."""

import ctypes
import os
import resource
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import psutil

_PR_SET_PDEATHSIG = 1


class WorkerDiedError(RuntimeError):
    """A process ended before it gave its result: killed, or out of memory."""


@dataclass(frozen=True)
class ProcessId:
    """A process for good: its number alone is given to others after it."""

    pid: int
    started: str

    @classmethod
    def of(cls, pid: int) -> "ProcessId":
        """The process that has this number now."""
        return cls(pid, _start_mark(pid) or "")

    @property
    def is_running(self) -> bool:
        """Whether it is there still; one that ended and was not waited for is not."""
        return self.started != "" and _start_mark(self.pid) == self.started

    @property
    def is_stopped(self) -> bool:
        """Whether somebody has stopped it and not continued it."""
        with suppress(psutil.Error):
            return bool(psutil.Process(self.pid).status() == psutil.STATUS_STOPPED)
        return False

    def kill(self, *, patience_seconds: float = 5.0) -> None:
        """End it and wait until it is gone; one that has been stopped ends too."""
        deadline = time.monotonic() + patience_seconds
        while self.is_running and time.monotonic() < deadline:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(self.pid, signal.SIGKILL)
            time.sleep(0.02)


def end_with(parent_pid: int) -> None:
    """Have this process killed when its parent ends, however that ends.

    Linux kills it when the thread that started it ends; elsewhere a thread looks every second.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    else:
        threading.Thread(target=_end_once_orphaned, args=(parent_pid,), daemon=True).start()
    # It may have ended before that.
    if os.getppid() != parent_pid:
        os.kill(os.getpid(), signal.SIGKILL)


def run_bounded(work: Callable[[], None], memory_bytes: int) -> int:
    """Do `work` in a child that may take so much memory beyond what this process has.

    Its exit code; where a signal ended it, that signal's number, negative. Nothing that does not
    survive a fork (DuckDB, threads, connections) may be open here.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    parent = os.getpid()
    child = os.fork()
    if child == 0:
        _work_and_end(work, memory_bytes, parent)
    try:
        _, status = os.waitpid(child, 0)
    except BaseException:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        raise
    return os.waitstatus_to_exitcode(status)


def _work_and_end(work: Callable[[], None], memory_bytes: int, parent: int) -> NoReturn:
    code = 1
    try:
        end_with(parent)
        _bound_memory(memory_bytes)
        work()
        code = 0
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except KeyboardInterrupt:
        pass  # The parent has it too, and tells.
    except BaseException:
        traceback.print_exc()
    finally:
        try:
            sys.stdout.flush()
            sys.stderr.flush()
        finally:
            os._exit(code)


def _bound_memory(memory_bytes: int) -> None:
    """Let no more be allocated. Only Linux counts what is mapped as data, which is all of it."""
    if sys.platform == "linux":
        held = psutil.Process().memory_info().data
        _, hard = resource.getrlimit(resource.RLIMIT_DATA)
        limit = held + memory_bytes
        if hard != resource.RLIM_INFINITY:
            limit = min(limit, hard)
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))


def _end_once_orphaned(parent_pid: int) -> None:
    while os.getppid() == parent_pid:
        time.sleep(1)
    os.kill(os.getpid(), signal.SIGKILL)


def _start_mark(pid: int) -> str | None:
    """When the process started, untouched by a clock that is set; None where it has ended."""
    try:
        if sys.platform == "linux":
            # Behind the name, which may hold anything, in brackets: state, …, start in ticks.
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            return None if fields[0] in "ZX" else fields[19]
        process = psutil.Process(pid)
        is_over = process.status() == psutil.STATUS_ZOMBIE
        return None if is_over else str(process.create_time())
    except (OSError, psutil.Error, IndexError):
        return None
