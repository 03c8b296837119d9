"""The brake: stops a workflow while it works, within seconds of its switch being thrown.

A watcher asks the switches while a step is at work. Once its workflow is off, running statements
are interrupted, and Python that works batch by batch finds out by asking `check_brake`.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar

from lead_platform.lake.switches import Switches

# The brake takes effect within this and what one batch takes.
POLL_SECONDS = 2.0

# A statement is interrupted again and again: the next one of the same step must not go on.
_INTERRUPT_SECONDS = 0.2


class WorkflowStoppedError(Exception):
    """A workflow's switch was thrown while it was at work, or before: nothing was published."""


class Brake:
    """What stops one step of one workflow; nothing does where it has no workflow."""

    def __init__(self, switches: Switches, workflow: str | None) -> None:
        self._switches = switches
        self._workflow = workflow
        self._reason: str | None = None
        self._interrupts: list[Callable[[], None]] = []
        self._guard = threading.Lock()
        self._ended = threading.Event()

    def look(self) -> None:
        """Ask the switch now. Raises WorkflowStoppedError."""
        if self._workflow:
            self._reason = self._switches.read(self._workflow).off_because
        self.check()

    def check(self) -> None:
        """Raises WorkflowStoppedError once the watcher has seen the switch off."""
        if self._reason:
            raise WorkflowStoppedError(self._reason)

    @contextmanager
    def interrupting(self, interrupt: Callable[[], None]) -> Iterator[None]:
        """For the block, have `interrupt` called when the brake is put on; never after it."""
        with self._guard:
            self._interrupts.append(interrupt)
        try:
            yield
        finally:
            with self._guard:
                self._interrupts.remove(interrupt)

    @contextmanager
    def watching(self, *, but: tuple[type[Exception], ...] = ()) -> Iterator[None]:
        """Watch the switch during the block; what fails once it is off was stopped by it.

        `but`: errors that are told as they are.
        """
        self.look()
        watcher = threading.Thread(target=self._watch, name="brake", daemon=True)
        token = _CURRENT.set(self)
        watcher.start()
        try:
            yield
        except Exception as error:
            if self._reason and not isinstance(error, (WorkflowStoppedError, *but)):
                raise WorkflowStoppedError(self._reason) from error
            raise
        finally:
            _CURRENT.reset(token)
            self._ended.set()
            watcher.join()

    def _watch(self) -> None:
        while not self._ended.wait(_INTERRUPT_SECONDS if self._reason else POLL_SECONDS):
            if self._reason is None:
                # A switch that cannot be read for a moment stops nothing.
                with suppress(Exception):
                    self.look()
            if self._reason:
                with self._guard:
                    for interrupt in self._interrupts:
                        interrupt()


_CURRENT: ContextVar[Brake | None] = ContextVar("brake", default=None)


def check_brake() -> None:
    """Between two batches of work: raises WorkflowStoppedError where the workflow was stopped."""
    brake = _CURRENT.get()
    if brake is not None:
        brake.check()


@contextmanager
def interruptible(interrupt: Callable[[], None]) -> Iterator[None]:
    """For the block, have `interrupt` called when the workflow at work here is stopped."""
    brake = _CURRENT.get()
    if brake is None:
        yield
        return
    with brake.interrupting(interrupt):
        yield
