"""Keeping processes running: started, heard, ended when they fall silent, started again.

Knows nothing of Dagster, nor of what its parts do. Clocks are passed in, so that a test can turn
them; they are monotonic, so that setting the machine's clock judges nobody.
"""

import logging
import os
import signal
import subprocess
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import IO, Literal

from lead_platform.orchestration.lifeline import BEAT, PARENT_VARIABLE, PIPE_VARIABLE
from lead_platform.processes import ProcessId

LOG = logging.getLogger("lead_platform.up")

# A stopped process does nothing until somebody continues it. Nobody does that in earnest.
STOPPED_SECONDS = 10.0

# Imports on a busy machine took 60 s; what has not beaten after this will not.
START_SECONDS = 180.0

State = Literal["starting", "well", "silent", "stopped", "waiting"]


@dataclass(frozen=True)
class Part:
    """What runs as one process, and for how long it may be silent."""

    name: str
    command: tuple[str, ...]
    silence_seconds: float
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class PartStatus:
    """How a part is."""

    name: str
    state: State
    process: ProcessId | None
    seconds_up: float
    seconds_silent: float
    restarts: int
    last_end: str | None


@dataclass
class Backoff:
    """How long to wait before the next start: 1, 2, 4 … 30 s, from the beginning after a minute."""

    first_seconds: float = 1.0
    longest_seconds: float = 30.0
    steady_seconds: float = 60.0
    _next: float = 0.0

    def after(self, seconds_up: float) -> float:
        """The wait after a process that had been up so long."""
        if seconds_up >= self.steady_seconds or not self._next:
            self._next = self.first_seconds
        wait = self._next
        self._next = min(self._next * 2, self.longest_seconds)
        return wait


class Child:
    """A process of a part: what it says, and what speaks against it.

    It is the leader of its own session, so that an interrupt typed in a terminal reaches the
    supervisor alone, which then ends its parts in order.
    """

    def __init__(self, part: Part, now: float, *, stdin: int = subprocess.DEVNULL) -> None:
        self.part = part
        self.started_at = now
        self._heard_at: float | None = None
        self._stopped_at: float | None = None
        self._excused_at = now
        self._is_killed = False
        self._unread = b""
        self._pipe, theirs = os.pipe()
        os.set_blocking(self._pipe, False)
        environment = {PARENT_VARIABLE: str(os.getpid()), PIPE_VARIABLE: str(theirs)}
        try:
            self._process = subprocess.Popen(
                part.command,
                env={**os.environ, **part.environment, **environment},
                stdin=stdin,
                pass_fds=(theirs,),
                start_new_session=True,
            )
        except BaseException:
            os.close(self._pipe)
            raise
        finally:
            os.close(theirs)
        self.id = ProcessId.of(self._process.pid)

    def fileno(self) -> int:
        """Readable when the process has said something, or has ended."""
        return self._pipe

    @property
    def stdin(self) -> IO[bytes]:
        """Where a child that was given a pipe is spoken to."""
        assert self._process.stdin is not None
        return self._process.stdin

    @property
    def has_beaten(self) -> bool:
        """Whether it is past its start."""
        return self._heard_at is not None

    @property
    def is_stopped(self) -> bool:
        """Whether somebody has stopped it and not continued it."""
        return self.id.is_stopped

    def listen(self, now: float) -> list[str]:
        """What it has said since, without its beats."""
        with suppress(BlockingIOError):
            while read := os.read(self._pipe, 65536):
                self._unread += read
                self._heard_at = now
        *lines, self._unread = self._unread.split(b"\n")
        return [line.decode() for line in lines if line != BEAT.encode()]

    def seconds_silent(self, now: float) -> float:
        """How long it has not been heard."""
        return now - (self.started_at if self._heard_at is None else self._heard_at)

    def excuse(self, now: float) -> None:
        """Its silence up to now is none of its own."""
        self._excused_at = now

    def complaint(self, now: float) -> str | None:
        """Why it has to be ended; None where nothing speaks against it, or where it is ending."""
        if self._is_killed:
            return None
        if not self.is_stopped:
            self._stopped_at = None
        elif self._stopped_at is None:
            self._stopped_at = now
        if self._stopped_at is not None and now - self._stopped_at > STOPPED_SECONDS:
            return f"has been stopped for {now - self._stopped_at:.0f} s"
        silent = min(self.seconds_silent(now), now - self._excused_at)
        if not self.has_beaten:
            return f"did not start within {silent:.0f} s" if silent > START_SECONDS else None
        return f"silent for {silent:.0f} s" if silent > self.part.silence_seconds else None

    def ending(self) -> str | None:
        """How it ended; None while it runs."""
        code = self._process.poll()
        if code is None:
            return None
        if code >= 0:
            return f"exit code {code}"
        with suppress(ValueError):
            return f"signal {signal.Signals(-code).name}"
        return f"signal {-code}"

    def terminate(self) -> None:
        """Ask it to end."""
        self._process.terminate()

    def kill(self) -> None:
        """End it; a stopped process ends too."""
        self._is_killed = True
        self._process.kill()

    def close(self) -> None:
        """Let go of what belonged to it, once it has ended."""
        os.close(self._pipe)
        if self._process.stdin:
            with suppress(OSError):
                self._process.stdin.close()


class Keeper:
    """Keeps one part running.

    While `is_excused`, because what the part needs is out of reach, it is neither ended for its
    silence nor started again: it would only end again.
    """

    def __init__(self, part: Part, is_excused: Callable[[float], bool] = lambda now: False) -> None:
        self.part = part
        self._is_excused = is_excused
        self._child: Child | None = None
        self._backoff = Backoff()
        self._due_at = float("-inf")
        self._starts = 0
        self._last_end: str | None = None

    @property
    def children(self) -> list[Child]:
        """Its process, if one runs."""
        return [self._child] if self._child else []

    def tick(self, now: float) -> None:
        """Hear it, end it if it has to be ended, start it if it is due."""
        is_excused = self._is_excused(now)
        if self._child is None:
            if now >= self._due_at and not is_excused:
                self._start(now)
            return
        self._child.listen(now)
        if is_excused:
            self._child.excuse(now)
        reason = self._child.complaint(now)
        if reason:
            LOG.warning("%s (pid %d) %s: killed", self.part.name, self._child.id.pid, reason)
            self._child.kill()
        ending = self._child.ending()
        if ending:
            self._note_end(ending, now)

    def terminate(self) -> None:
        """Ask it to end, for good."""
        self._due_at = float("inf")
        if self._child:
            self._child.terminate()

    def status(self, now: float) -> PartStatus:
        """How it is."""
        return child_status(
            self.part.name, self._child, now, max(0, self._starts - 1), self._last_end
        )

    def _start(self, now: float) -> None:
        self._starts += 1
        try:
            self._child = Child(self.part, now)
        except OSError as error:
            self._wait_after(f"could not be started: {error.strerror}", 0.0, now)

    def _note_end(self, ending: str, now: float) -> None:
        assert self._child is not None
        child, self._child = self._child, None
        child.close()
        if self._due_at == float("inf"):
            return
        self._wait_after(f"ended with {ending}", now - child.started_at, now)

    def _wait_after(self, what: str, seconds_up: float, now: float) -> None:
        wait = self._backoff.after(seconds_up)
        self._last_end = what
        self._due_at = now + wait
        LOG.warning(
            "%s %s after %.0f s; next start in %.0f s", self.part.name, what, seconds_up, wait
        )


def child_status(
    name: str, child: Child | None, now: float, restarts: int, last_end: str | None
) -> PartStatus:
    """How the process of a part is, or that it waits for its next start."""
    if child is None:
        return PartStatus(name, "waiting", None, 0.0, 0.0, restarts, last_end)
    silent = child.seconds_silent(now)
    up = now - child.started_at
    return PartStatus(name, _state(child, silent), child.id, up, silent, restarts, last_end)


def _state(child: Child, seconds_silent: float) -> State:
    if child.is_stopped:
        return "stopped"
    if not child.has_beaten:
        return "starting"
    # Told half way to being killed for it.
    return "well" if seconds_silent < child.part.silence_seconds / 2 else "silent"
