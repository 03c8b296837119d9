"""Runs of the platform's jobs: Dagster's instance, and runs inside this process."""

import gc
import logging
import os
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from types import FrameType
from typing import Any

from dagster import (
    AssetCheckSeverity,
    DagsterEventType,
    DagsterInstance,
    DagsterRunStatus,
    EventLogEntry,
    ExecuteInProcessResult,
    IntMetadataValue,
)
from dagster._core.execution.plan.objects import StepFailureData
from dagster._core.utils import make_new_run_id
from filelock import FileLock
from rich.console import Console
from rich.status import Status
from ruamel.yaml import YAML

from lead_platform.identity.normalization.submissions import read_references
from lead_platform.lake.broken import set_aside_if_broken
from lead_platform.lake.postgres import connect_postgres, with_limits
from lead_platform.lake.resource import AS_OF_TAG, CAUSE, JUDGED, ROWS_TAG, STEPS
from lead_platform.orchestration.event_log import BATCH_SIZE, BATCH_VARIABLE
from lead_platform.orchestration.executions import executions_of
from lead_platform.orchestration.stores import dagster_databases
from lead_platform.settings import Settings
from lead_platform.vocabularies.folder import load_vocabularies

# The database URL as Dagster's storage wants it; in the environment, for it may hold a password.
STORAGE_VARIABLE = "LEAD_PLATFORM_DAGSTER_STORAGE"

# How often an executing process looks whether its run has been ended by somebody.
CANCELLATION_SECONDS = 2

# A run whose process was killed is tried again so often: a poisonous one must not go on for ever.
RETRIES = 2

# What a check tells that is of no use to people.
_FOR_MACHINES = frozenset({CAUSE, JUDGED, "release"})

_GIVEN_UP = {DagsterRunStatus.CANCELING, DagsterRunStatus.CANCELED, DagsterRunStatus.FAILURE}

_LAST_EVENTS = {
    DagsterEventType.RUN_SUCCESS,
    DagsterEventType.RUN_FAILURE,
    DagsterEventType.RUN_CANCELED,
}


def prepare_instance(settings: Settings) -> None:
    """Write Dagster's configuration into the home folder and point this process to it."""
    with prepared_instance(settings):
        pass


@contextmanager
def prepared_instance(settings: Settings) -> Iterator[DagsterInstance]:
    """As `prepare_instance`, with the instance that comes of it.

    One process at a time: Dagster creates its SQLite tables on first use, and two processes that
    start in a fresh home at once would both try.
    """
    settings.prepare_home()
    os.environ["DAGSTER_HOME"] = str(settings.dagster_home)
    os.environ["LEAD_PLATFORM_HOME"] = str(settings.home)
    os.environ[BATCH_VARIABLE] = str(BATCH_SIZE)
    if settings.database_url:
        # Dagster would try to connect for half a minute, warn each time and end in a traceback.
        connect_postgres(settings.database_url).close()
        # From 2.1 on SQLAlchemy takes psycopg 3 unless told; Dagster's storage brings psycopg2.
        address = with_limits(settings.database_url).partition("://")[2]
        os.environ[STORAGE_VARIABLE] = f"postgresql+psycopg2://{address}"
    with FileLock(settings.dagster_home / "prepare.lock"):
        draft = settings.dagster_home / "dagster.yaml.draft"
        YAML().dump(_instance_configuration(settings), draft)
        draft.replace(settings.dagster_home / "dagster.yaml")
        # No run needs those of earlier ones.
        for database in dagster_databases(settings):
            set_aside_if_broken(database)
        instance = DagsterInstance.get()
    with instance:
        yield instance


@dataclass(frozen=True)
class Outcome:
    """How a run ended: seconds by step in order, and one line per error.

    `failed_checks` are those that stop nothing: what a person should look at all the same.
    """

    run_id: str
    success: bool
    seconds_by_step: dict[str, float]
    errors: list[str]
    failed_checks: list[str]


def run_job(
    settings: Settings,
    job: str,
    *,
    operations: Mapping[str, Any] | None = None,
    as_of: datetime | None = None,
    rows: int | None = None,
) -> Outcome:
    """Run a job in this process, on the same instance as everybody else's runs.

    `operations` is the configuration of each operation by name; `as_of` is the instant the run
    works at (default: now), `rows` how many the job `catch_up` makes anew (default: the setting). A
    failed step does not raise; the outcome tells.
    """
    ops = {name: {"config": config} for name, config in (operations or {}).items()}
    import_everything()
    with prepared_instance(settings) as instance:
        from lead_platform.definitions import defs

        run_id = make_new_run_id()
        with (
            executed_here(settings, instance, run_id),
            _interrupted_when_cancelled(instance, run_id),
        ):
            result = defs.resolve_job_def(job).execute_in_process(
                instance=instance,
                run_id=run_id,
                run_config={
                    "ops": ops,
                    "loggers": {"console": {"config": {"log_level": "CRITICAL"}}},
                },
                tags=_tags(as_of, rows),
                raise_on_error=False,
            )
        return _outcome(result, instance)


def _tags(as_of: datetime | None, rows: int | None) -> dict[str, str]:
    given = {
        AS_OF_TAG: as_of and as_of.isoformat(),
        ROWS_TAG: None if rows is None else str(rows),
    }
    return {name: value for name, value in given.items() if value}


def run_job_visibly(
    settings: Settings,
    job: str,
    operations: Mapping[str, Any],
    as_of: datetime | None,
    console: Console,
    rows: int | None = None,
) -> Outcome:
    """As `run_job`, telling each step as it starts and ends."""
    with console.status(f"{job}: starting …") as status:
        handler = _StepPrinter(console, status)
        STEPS.addHandler(handler)
        STEPS.setLevel(logging.INFO)
        try:
            return run_job(settings, job, operations=operations, as_of=as_of, rows=rows)
        finally:
            STEPS.removeHandler(handler)


class _StepPrinter(logging.Handler):
    """Prints the steps the lake reports: one line each when done, a spinner meanwhile."""

    def __init__(self, console: Console, status: Status) -> None:
        super().__init__()
        self._console = console
        self._status = status

    def emit(self, record: logging.LogRecord) -> None:
        message = record.getMessage()
        if message.startswith("started "):
            self._status.update(message.removeprefix("started ") + " …")
        else:
            self._console.print(f"  {message}", highlight=False)


def _outcome(result: ExecuteInProcessResult, instance: DagsterInstance) -> Outcome:
    stats = instance.get_run_step_stats(result.run_id)
    timed = [step for step in stats if step.start_time is not None and step.end_time is not None]
    timed.sort(key=lambda step: step.start_time or 0.0)
    errors = [
        f"{event.step_key} failed: {_root_cause(event.step_failure_data)}"
        for event in result.all_events
        if event.event_type == DagsterEventType.STEP_FAILURE
    ]
    seconds = {step.step_key: (step.end_time or 0.0) - (step.start_time or 0.0) for step in timed}
    return Outcome(result.run_id, result.success, seconds, errors, _failed_checks(result))


def _failed_checks(result: ExecuteInProcessResult) -> list[str]:
    """The checks that did not pass and stop nothing, gates that warn among them, with what they
    tell."""
    return [
        f"{check.asset_key.to_user_string()}: {check.check_name} "
        f"{'warns' if check.severity == AssetCheckSeverity.WARN else 'failed'}\n"
        + "\n".join(
            f"{name}: {told.value}" if isinstance(told, IntMetadataValue) else str(told.value)
            for name, told in check.metadata.items()
            if name not in _FOR_MACHINES
        )
        for check in result.get_asset_check_evaluations()
        if not check.passed and (not check.blocking or check.severity == AssetCheckSeverity.WARN)
    ]


def _root_cause(failure: StepFailureData) -> str:
    if failure.user_failure_data and failure.user_failure_data.description:
        return failure.user_failure_data.description
    error = failure.error
    while error is not None and error.cause is not None:
        error = error.cause
    return error.message.strip() if error else "unknown"


@cache
def import_everything() -> None:
    """Import what a run needs, so that runs after this start at once.

    Once in a process: what has been imported stays, and collections need not walk through it.
    """
    import dbt.cli.main  # noqa: F401
    import great_expectations  # noqa: F401

    from lead_platform.definitions import defs

    defs.resolve_job_def("process_new_leads")
    gc.freeze()


def warm_up(settings: Settings) -> None:
    """Read what every run reads first: configuration and references.

    Opens no connection and starts no thread, so that the process may be forked afterwards.
    """
    from lead_platform.governance.configuration import check_configuration

    # What is wrong here is told by the run that meets it.
    with suppress(Exception):
        check_configuration(settings)
    with suppress(Exception):
        read_references(load_vocabularies(settings.config_dir))
    # What has been read stays: collections need not walk through it in every run.
    gc.collect()
    gc.freeze()


def execute_run(
    settings: Settings, run_id: str, begun: Callable[[], object] = lambda: None
) -> None:
    """Execute a run that was created and queued by somebody else; `begun` is told once it is held.

    One that is over, because it was given up meanwhile, is left alone.
    """
    # Dagster offers no public way to execute a run by its id; its own launchers call this.
    from dagster._cli.api import _execute_run_command_body

    with DagsterInstance.get() as instance:
        run = instance.get_run_by_id(run_id)
        if run is None or run.is_finished:
            return
        with executed_here(settings, instance, run_id):
            begun()
            _execute_run_command_body(
                run_id, instance, lambda event: None, set_exit_code_on_failure=False
            )


@contextmanager
def executed_here(settings: Settings, instance: DagsterInstance, run_id: str) -> Iterator[None]:
    """Show for the block that this process executes the run.

    Where its end could not be recorded, as without the database, it stays to be found given up.
    """
    executions = executions_of(settings)
    with executions.executing(run_id):
        yield
        run = instance.get_run_by_id(run_id)
        if run is None or run.is_finished:
            executions.forget(run_id)


@contextmanager
def _interrupted_when_cancelled(instance: DagsterInstance, run_id: str) -> Iterator[None]:
    """As Dagster's own workers do: for the block, whoever ends the run interrupts this process.

    A run that ends by itself does not: it is recorded as over before its process is done with it.
    """
    is_over, is_ending, is_cancelled = (threading.Event() for _ in range(3))

    def hear(event: EventLogEntry) -> None:
        """What this process itself writes of the run."""
        happened = event.dagster_event
        if happened and happened.is_step_failure:
            is_ending.set()
        if happened and happened.event_type in _LAST_EVENTS:
            is_over.set()

    def watch() -> None:
        while not is_over.wait(CANCELLATION_SECONDS):
            # Without an answer there is nothing to obey.
            with suppress(Exception):
                run = instance.get_run_by_id(run_id)
                if run is None or run.status not in _GIVEN_UP:
                    continue
                is_own_failure = run.status == DagsterRunStatus.FAILURE and is_ending.is_set()
                # The status is there a moment before the event is heard.
                if not is_own_failure and not is_over.wait(CANCELLATION_SECONDS):
                    is_cancelled.set()
                    signal.raise_signal(signal.SIGINT)
                    return

    instance.add_event_listener(run_id, hear)
    threading.Thread(target=watch, daemon=True).start()
    try:
        with _interruptible(is_cancelled):
            yield
    finally:
        is_over.set()


@contextmanager
def _interruptible(is_cancelled: threading.Event) -> Iterator[None]:
    """Lets the interrupt of a cancellation through for the block: what a script starts with `&` is
    born ignoring them all, and goes on ignoring others."""
    is_deaf = signal.getsignal(signal.SIGINT) == signal.SIG_IGN
    if not is_deaf or threading.current_thread() is not threading.main_thread():
        yield
        return

    def heed(number: int, frame: FrameType | None) -> None:
        if is_cancelled.is_set():
            signal.default_int_handler(number, frame)

    signal.signal(signal.SIGINT, heed)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.SIG_IGN)


def _instance_configuration(settings: Settings) -> dict[str, Any]:
    configuration: dict[str, Any] = {
        "telemetry": {"enabled": False},
        "nux": {"enabled": False},
        # Every event is in the UI; the console is spared those of single steps.
        "python_logs": {"python_log_level": "INFO"},
        # Steps write nothing to their output streams; capturing them starts four processes a step.
        "compute_logs": {
            "module": "dagster.core.storage.noop_compute_log_manager",
            "class": "NoOpComputeLogManager",
        },
        "run_launcher": {
            "module": "lead_platform.orchestration.launcher",
            "class": "WarmRunLauncher",
        },
        "run_coordinator": {
            "module": "dagster.core.run_coordinator",
            "class": "QueuedRunCoordinator",
            "config": {"dequeue_interval_seconds": 1},
        },
        # The inbox's sensors look every five seconds: their ticks are rows of Dagster's storage.
        "retention": {
            kind: {"purge_after_days": {"skipped": 1, "failure": 7, "success": 7}}
            for kind in ("sensor", "schedule", "auto_materialize")
        },
        "run_monitoring": {
            "enabled": True,
            "poll_interval_seconds": 10,
            "max_runtime_seconds": settings.max_run_seconds,
            "cancellation_thread_poll_interval_seconds": CANCELLATION_SECONDS,
            "free_slots_after_run_end_seconds": 10,
        },
        # What a gate refused or a check found would fail again; a killed run would not.
        "run_retries": {
            "enabled": True,
            "max_retries": RETRIES,
            "retry_on_asset_or_op_failure": False,
        },
        "concurrency": {
            "runs": {"max_concurrent_runs": 4},
            "pools": {"default_limit": 1, "granularity": "run"},
        },
    }
    event_log = "lead_platform.orchestration.event_log"
    if settings.database_url:
        storages = {
            "run_storage": ("dagster_postgres.run_storage", "PostgresRunStorage"),
            "event_log_storage": (
                "lead_platform.orchestration.event_log",
                "PooledPostgresEventLogStorage",
            ),
            "schedule_storage": ("dagster_postgres.schedule_storage", "PostgresScheduleStorage"),
        }
        for storage, (module, name) in storages.items():
            configuration[storage] = {
                "module": module,
                "class": name,
                "config": {"postgres_url": {"env": STORAGE_VARIABLE}},
            }
    else:
        configuration["event_log_storage"] = {
            "module": event_log,
            "class": "KeptConnectionEventLogStorage",
            "config": {"base_dir": str(settings.dagster_home / "history")},
        }
    return configuration
