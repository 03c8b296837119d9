"""Dagster's run launcher: hands runs to warm workers, and says of each whether it is executed."""

import os
from collections.abc import Mapping
from typing import Any

from dagster._core.launcher.base import (
    CheckRunHealthResult,
    LaunchRunContext,
    RunLauncher,
    WorkerStatus,
)
from dagster._core.storage.dagster_run import DagsterRun
from dagster._core.storage.tags import MAX_RETRIES_TAG
from dagster._serdes import ConfigurableClass
from dagster._serdes.config_class import ConfigurableClassData

from lead_platform.orchestration.executions import executions_of
from lead_platform.orchestration.workers import POOL_VARIABLE, hand_to_pool, start_worker_for
from lead_platform.settings import Settings


class WarmRunLauncher(RunLauncher, ConfigurableClass):
    """Hands each run to the pool `lead-platform up` keeps, else to a worker of its own."""

    def __init__(self, inst_data: ConfigurableClassData | None = None) -> None:
        self._inst_data = inst_data
        super().__init__()  # type: ignore[no-untyped-call]

    @property
    def inst_data(self) -> ConfigurableClassData | None:
        """How the instance's configuration names this class."""
        return self._inst_data

    @classmethod
    def config_type(cls) -> dict[str, Any]:
        """Nothing to configure."""
        return {}

    @classmethod
    def from_config_value(
        cls, inst_data: ConfigurableClassData, config_value: Mapping[str, Any]
    ) -> "WarmRunLauncher":
        """Built by Dagster from `dagster.yaml`."""
        return cls(inst_data=inst_data)

    def launch_run(self, context: LaunchRunContext) -> None:
        """Start the run on a worker. Raises OSError where nobody takes it."""
        run_id = context.dagster_run.run_id
        executions_of(Settings()).note_launched(run_id)
        address = os.environ.get(POOL_VARIABLE)
        if address:
            hand_to_pool(address, run_id)
        else:
            start_worker_for(run_id)

    def terminate(self, run_id: str) -> bool:
        """Ask the run to stop: its process watches for that, and is killed if it does not react.

        What is ended on purpose, by a person or at its time limit, is not tried again.
        """
        run = self._instance.get_run_by_id(run_id)
        if run is None or run.is_finished:
            return False
        self._instance.add_run_tags(run_id, {MAX_RETRIES_TAG: "0"})
        self._instance.report_run_canceling(run)
        return True

    @property
    def supports_check_run_worker_health(self) -> bool:
        """Lets run monitoring find runs whose process died."""
        return True

    def check_run_worker_health(self, run: DagsterRun) -> CheckRunHealthResult:
        """Dead only where the process that took the run up is seen to be gone.

        Run monitoring fails a run of unknown state. What is executed where nobody here can see
        it, such as on another machine, is therefore called running; its time is limited too.
        """
        execution = executions_of(Settings()).look(run.run_id)
        if execution is None:
            return CheckRunHealthResult(WorkerStatus.RUNNING, "executed by nobody seen from here")
        if execution.is_alive:
            return CheckRunHealthResult(WorkerStatus.RUNNING, f"process {execution.pid}")
        return CheckRunHealthResult(
            WorkerStatus.FAILED, f"process {execution.pid} on {execution.host} is gone"
        )
