"""Runs and processes held against each other while `lead-platform up` runs.

A run whose process is gone is over: it is marked failed at once, so that the queue goes on and
Dagster tries it again. A process whose run is over, because somebody or its time limit ended it,
has a moment to stop and is killed then.
"""

import logging
from collections.abc import Callable

from dagster import DagsterInstance, DagsterRun, DagsterRunStatus
from dagster._core.events import JobFailureData, RunFailureReason

from lead_platform.orchestration.executions import Execution, Executions

LOG = logging.getLogger("lead_platform.up")

# How long a process may go on with a run that is over, to put down what it holds.
STOPPING_SECONDS = 10.0

# Between a run's launch and its being in the pool the launcher only has to ask for it.
HANDING_OVER_SECONDS = 10.0


class RunWatch:
    """Looks at the runs of one home; `is_handed` says whether the pool has a run."""

    def __init__(
        self, instance: DagsterInstance, executions: Executions, is_handed: Callable[[str], bool]
    ) -> None:
        self._instance = instance
        self._executions = executions
        self._is_handed = is_handed
        self._over_since: dict[str, float] = {}
        self._lost_since: dict[str, float] = {}

    def look(self, now: float) -> None:
        """One look; raises what the storage raises."""
        executions = self._executions.all()
        over = {execution.run_id for execution in executions if self._settle(execution, now)}
        self._over_since = {run: at for run, at in self._over_since.items() if run in over}
        self._find_lost({execution.run_id for execution in executions}, now)

    def _settle(self, execution: Execution, now: float) -> bool:
        """Whether a process goes on with a run that is over."""
        run = self._instance.get_run_by_id(execution.run_id)
        is_over = run is None or run.is_finished
        if not execution.is_alive:
            if run and not is_over:
                self._give_up(run, f"its process {execution.pid} on {execution.host} is gone")
            self._executions.forget(execution.run_id)
            return False
        if run is None:
            # A run that is about to be created by the process that executes it.
            return False
        if not is_over and run.status != DagsterRunStatus.CANCELING:
            return False
        since = self._over_since.setdefault(execution.run_id, now)
        if now - since > STOPPING_SECONDS and execution.kill():
            LOG.warning(
                "process %d went on with run %s for %.0f s after its end: killed",
                execution.pid, execution.run_id, now - since,
            )  # fmt: skip
        return True

    def _find_lost(self, executed: set[str], now: float) -> None:
        """Runs that were launched here, or are to stop since, and that no process has. Those of
        another home, which shares the storage, are its own watch's."""
        lost = [
            run_id
            for run_id in self._executions.launched()
            if run_id not in executed and not self._is_handed(run_id)
        ]
        self._lost_since = {run_id: self._lost_since.get(run_id, now) for run_id in lost}
        for run_id in lost:
            if now - self._lost_since[run_id] <= HANDING_OVER_SECONDS:
                continue
            run = self._instance.get_run_by_id(run_id)
            if run and run.status in (DagsterRunStatus.STARTING, DagsterRunStatus.CANCELING):
                self._give_up(run, "no process has taken it up")
            self._executions.forget(run_id)

    def _give_up(self, run: DagsterRun, reason: str) -> None:
        LOG.warning("run %s of %s is over: %s", run.run_id, run.job_name, reason)
        if run.status == DagsterRunStatus.CANCELING:
            self._instance.report_run_canceled(run, f"Stopped: {reason}.")
            return
        self._instance.report_run_failed(
            run,
            f"The run is over: {reason}. What it had not published is undone by the next writer.",
            JobFailureData(error=None, failure_reason=RunFailureReason.UNEXPECTED_TERMINATION),
        )
