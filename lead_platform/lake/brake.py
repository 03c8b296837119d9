"""The brake: stops a workflow while it works, within seconds of its switch being thrown.

A watcher asks the switches while a step is at work, and whether what the step stands on still holds
(its writer lock). Where not, running statements are interrupted, and Python that works batch by
batch finds out by asking `check_brake`.
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

    def __init__(self, reason: str, workflow: str = "") -> None:
        super().__init__(reason)
        self.workflow = workflow


class Brake:
    """What stops one step of some workflows; nothing does where there is none."""

    def __init__(self, switches: Switches, *workflows: str) -> None:
        self._switches = switches
        self._workflows = workflows
        self._stopped_by: Exception | None = None
        self._interrupts: list[Callable[[], None]] = []
        self._demands: list[Callable[[], Exception | None]] = []
        self._guard = threading.Lock()
        self._ended = threading.Event()

    def look(self) -> None:
        """Ask the switches now. Raises WorkflowStoppedError."""
        for workflow in self._workflows:
            if reason := self._switches.read(workflow).off_because:
                self._stopped_by = WorkflowStoppedError(reason, workflow)
                break
        self.check()

    def check(self) -> None:
        """Raises what the watcher has seen: WorkflowStoppedError once the switch is off."""
        if self._stopped_by:
            raise self._stopped_by

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
    def demanding(self, demand: Callable[[], Exception | None]) -> Iterator[None]:
        """For the block, stop the work with the error that `demand` gives, once it gives one."""
        with self._guard:
            self._demands.append(demand)
        try:
            yield
        finally:
            with self._guard:
                self._demands.remove(demand)

    @contextmanager
    def watching(self, *, but: tuple[type[Exception], ...] = ()) -> Iterator[None]:
        """Watch during the block; what fails once the work was to stop was stopped by that.

        `but`: errors that are told as they are.
        """
        self.look()
        watcher = threading.Thread(target=self._watch, name="brake", daemon=True)
        token = _CURRENT.set(self)
        watcher.start()
        try:
            yield
        except Exception as error:
            stopped_by = self._stopped_by
            if stopped_by and not isinstance(error, (type(stopped_by), *but)):
                raise stopped_by from error
            raise
        finally:
            _CURRENT.reset(token)
            self._ended.set()
            watcher.join()

    def _watch(self) -> None:
        while not self._ended.wait(_INTERRUPT_SECONDS if self._stopped_by else POLL_SECONDS):
            if self._stopped_by is None:
                # A switch that cannot be read for a moment stops nothing.
                with suppress(Exception):
                    self.look()
                self._ask_demands()
            if self._stopped_by:
                with self._guard:
                    for interrupt in self._interrupts:
                        interrupt()

    def _ask_demands(self) -> None:
        with self._guard:
            demands = list(self._demands)
        for demand in demands:
            error = demand()
            with self._guard:
                # What its block has given up meanwhile was not lost.
                if error and demand in self._demands:
                    self._stopped_by = self._stopped_by or error


_CURRENT: ContextVar[Brake | None] = ContextVar("brake", default=None)


def check_brake() -> None:
    """Between two batches of work: raises WorkflowStoppedError where the workflow was stopped."""
    brake = _CURRENT.get()
    if brake is not None:
        brake.check()


@contextmanager
def demanding(demand: Callable[[], Exception | None]) -> Iterator[None]:
    """For the block, have the work here stopped once `demand` gives an error."""
    brake = _CURRENT.get()
    if brake is None:
        yield
        return
    with brake.demanding(demand):
        yield


@contextmanager
def interruptible(interrupt: Callable[[], None]) -> Iterator[None]:
    """For the block, have `interrupt` called when the work here is stopped."""
    brake = _CURRENT.get()
    if brake is None:
        yield
        return
    with brake.interrupting(interrupt):
        yield
