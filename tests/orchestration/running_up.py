"""A real `lead-platform up` in a home of its own, and what is done to it."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lead_platform.lake.lake import Lake
from lead_platform.orchestration.executions import Execution, executions_of
from lead_platform.orchestration.status import UpStatus, check_up, read_status
from lead_platform.processes import ProcessId
from lead_platform.settings import PROJECT_ROOT, Settings

CLI = (sys.executable, "-m", "lead_platform.cli")

# Promised are 60 s after any blow, on a machine that is not busy with other tests.
WELL_SECONDS = 120.0
START_SECONDS = 180.0
ASSIGNED_SECONDS = 240.0


RUNS = "{ results { runId status } }"

LAUNCH_RUN = """
mutation($parameters: ExecutionParams!) {
    launchRun(executionParams: $parameters) {
        __typename
        ... on LaunchRunSuccess { run { runId } }
        ... on PythonError { message }
    }
}
"""


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class RunningUp:
    """`lead-platform up` as a process of its own group, which only its own number reaches."""

    def __init__(self, settings: Settings, *, log: Path, **variables: str) -> None:
        self.settings = settings
        self.port = free_port()
        self.environment = {
            **os.environ,
            **variables,
            "LEAD_PLATFORM_HOME": str(settings.home),
            "PYTHONPATH": str(PROJECT_ROOT),
        }
        if settings.database_url:
            self.environment["LEAD_PLATFORM_DATABASE_URL"] = settings.database_url
        self.process: subprocess.Popen[bytes] | None = None
        self.log = log
        self.files = 0

    def start(self) -> None:
        """Start it and wait until all is well."""
        self.launch_process()
        self.wait_until_well(START_SECONDS)

    def launch_process(self) -> None:
        """Start it."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*CLI, "up", "--port", str(self.port)],
                env=self.environment, stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip

    def command(self, *words: str) -> "subprocess.CompletedProcess[str]":
        """A command line of the same home, to its end."""
        return subprocess.run(
            [*CLI, *words], env=self.environment, capture_output=True, text=True, timeout=300
        )

    def send(self, number: int) -> None:
        """Send `up` alone a signal."""
        assert self.process
        os.kill(self.process.pid, number)

    def end(self, number: int = signal.SIGINT, seconds: float = 60.0) -> int:
        """Send `up` alone a signal and wait for its end; the exit code."""
        assert self.process
        self.send(number)
        return self.process.wait(seconds)

    @property
    def status(self) -> UpStatus:
        """What it last wrote of itself."""
        status = read_status(self.settings)
        assert status, self.tail()
        return status

    def pid(self, name: str) -> int:
        """The process of a part; of a worker that is idle or warming up, any."""
        return next(
            part.process.pid for part in self.status.parts if part.name == name and part.process
        )

    def processes(self) -> list[ProcessId]:
        """Of every part."""
        return [part.process for part in self.status.parts if part.process]

    def wait_until_well(self, seconds: float = WELL_SECONDS) -> None:
        """Until `up --check` would say so."""

        def is_well() -> bool:
            assert self.process
            assert self.process.poll() is None, self.tail()
            return check_up(self.settings).is_well

        wait_for(is_well, seconds, lambda: "\n".join(check_up(self.settings).lines) + self.tail())

    def drop(self) -> str:
        """A file with one new lead in the inbox; its record's id."""
        record_id = uuid.uuid4().hex[:12]
        name = "".join(chr(ord("a") + int(digit, 16)) for digit in record_id)
        record = {
            "form_submission_id": record_id,
            "visitor_id": f"v-{record_id}",
            "submitted_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "fields": {
                "first_name": name[:6].capitalize(),
                "last_name": name[6:].capitalize(),
                "email": f"{name}@{name[:8]}.example",
                "company": f"{name[:8].capitalize()} Ltd",
                "country": "Germany",
            },
        }
        folder = self.settings.inbox / "web_form"
        folder.mkdir(parents=True, exist_ok=True)
        draft = folder / f".{record_id}"
        draft.write_text(json.dumps(record) + "\n")
        draft.rename(folder / f"{record_id}.jsonl")
        self.files += 1
        return record_id

    def assigned(self) -> int:
        """How many leads have an owner or a queue."""
        with Lake(self.settings).read() as connection:
            row = connection.execute("select count(*) from routing.assignments").fetchone()
        assert row is not None
        return int(row[0])

    def wait_until_assigned(self) -> None:
        """Until every dropped lead is, and the runs are over."""

        def is_done() -> bool:
            return self.assigned() == self.files and self.executing() is None

        wait_for(is_done, ASSIGNED_SECONDS, self.tail)

    def executing(self) -> Execution | None:
        """A run that is being executed."""
        return next((each for each in executions_of(self.settings).all() if each.is_alive), None)

    def wait_for_run(self, seconds: float = WELL_SECONDS, *, without: str = "") -> Execution:
        """Until a run is being executed, one without this tag where one is named."""
        found: list[Execution] = []

        def is_there() -> bool:
            execution = self.executing()
            if execution and not (without and without in self.tags(execution.run_id)):
                found.append(execution)
            return bool(found)

        wait_for(is_there, seconds, self.tail)
        return found[0]

    def ask(self, query: str, **variables: Any) -> dict[str, Any]:
        """Ask the UI's GraphQL, as its pages do."""
        request = urllib.request.Request(
            f"http://localhost:{self.port}/graphql",
            json.dumps({"query": query, "variables": variables}).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            data: dict[str, Any] = json.load(answer)["data"]
        return data

    def run_status(self, run_id: str) -> str:
        """How a run is, as the UI shows it."""
        query = "query($id: ID!) { runOrError(runId: $id) { ... on Run { status } } }"
        return str(self.ask(query, id=run_id)["runOrError"]["status"])

    def tags(self, run_id: str) -> set[str]:
        """What a run is tagged with, the keys."""
        query = "query($id: ID!) { runOrError(runId: $id) { ... on Run { tags { key } } } }"
        return {tag["key"] for tag in self.ask(query, id=run_id)["runOrError"]["tags"]}

    def has_been_retried(self, run_id: str) -> bool:
        """Whether Dagster has tried a run again by itself."""
        return "dagster/auto_retry_run_id" in self.tags(run_id)

    def unfinished_runs(self) -> list[str]:
        """The runs that wait or are in progress, and how far they are."""
        statuses = "[QUEUED, NOT_STARTED, STARTING, STARTED, CANCELING]"
        query = f"{{ runsOrError(filter: {{statuses: {statuses}}}) {{ ... on Runs {RUNS} }} }}"
        runs = self.ask(query)["runsOrError"]["results"]
        return [f"{run['runId']} {run['status']}" for run in runs]

    def newest_runs(self) -> dict[str, str]:
        """How the newest run of each job is that is over, the newest of all first."""
        query = (
            "{ runsOrError(filter: {statuses: [SUCCESS, FAILURE]}, limit: 500) "
            "{ ... on Runs { results { jobName status } } } }"
        )
        runs = self.ask(query)["runsOrError"]["results"]
        newest: dict[str, str] = {}
        for run in runs:
            newest.setdefault(run["jobName"], run["status"])
        return newest

    def launch(self, tags: dict[str, str]) -> str:
        """Launch the main job from the UI; the run's id."""
        parameters = {
            "selector": {
                "repositoryLocationName": "lead_platform",
                "repositoryName": "__repository__",
                "jobName": "process_new_leads",
            },
            "runConfigData": {},
            "executionMetadata": {
                "tags": [{"key": key, "value": value} for key, value in tags.items()]
            },
        }
        launched = self.ask(LAUNCH_RUN, parameters=parameters)["launchRun"]
        assert "run" in launched, launched
        return str(launched["run"]["runId"])

    def tail(self) -> str:
        """The end of its log."""
        return "\n" + self.log.read_text(errors="replace")[-3000:]


def wait_for(
    holds: Callable[[], bool], seconds: float, told: Callable[[], str] = lambda: ""
) -> float:
    """Wait until it holds; how long that took."""
    started = time.monotonic()
    while not holds():
        assert time.monotonic() - started < seconds, f"not within {seconds:.0f} s: {told()}"
        time.sleep(0.5)
    return time.monotonic() - started


@contextmanager
def running(home: Path, database_url: str | None = None, **variables: str) -> Iterator[RunningUp]:
    """One in a home, ended at last whatever happened to it."""
    settings = Settings(home=home, database_url=database_url)
    up = RunningUp(settings, log=home.with_name(f"{home.name}.log"), **variables)
    up.settings.prepare_home()
    try:
        up.start()
        yield up
    finally:
        if up.process and up.process.poll() is None:
            os.kill(up.process.pid, signal.SIGCONT)
            up.end(signal.SIGTERM)
