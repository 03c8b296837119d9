"""An installation under test: a home folder, its inbox, processes on it, what it publishes.

The test process itself stays light: jobs and commands run in children of the zygote.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import psutil

from lead_platform.demo.files import write_world
from lead_platform.demo.settings import WorldSettings
from lead_platform.demo.world import World, generate_world
from lead_platform.lake.lake import Lake
from lead_platform.settings import Settings

PROJECT = Path(__file__).resolve().parents[2]
AS_OF = WorldSettings().end_at

# Tables that log every run by design, also one that changes nothing else, or how the home was made.
LEDGERS = frozenset(
    {
        "governance.releases",
        "governance.workflow_runs",
        "governance.data_quality",
        "governance.migrations",
    }
)
CAPTURE_TABLES = (
    "capture.deliveries",
    "capture.submissions",
    "capture.events",
    "capture.outcomes",
    "capture.delivery_profiles",
    "capture.rejected_records",
)

Tables = dict[str, Counter[str]]


class Zygote:
    """The warm process of `zygote.py`; `home` is where its imports leave what they prepare."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self._process = subprocess.Popen(
            [sys.executable, "-W", "ignore", "-m", "tests.integration.zygote"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=PROJECT,
            env={**os.environ, "LEAD_PLATFORM_HOME": str(home), "COLUMNS": "200"},
        )
        assert self._answer() == "ready"

    def fork(self, task: Mapping[str, Any]) -> int:
        """Start a task in a child; its process id."""
        assert self._process.stdin
        self._process.stdin.write(json.dumps(task) + "\n")
        self._process.stdin.flush()
        return int(self._answer())

    def close(self) -> None:
        """End it; children end on their own."""
        assert self._process.stdin
        self._process.stdin.close()
        self._process.wait(timeout=30)

    def _answer(self) -> str:
        assert self._process.stdout
        line = self._process.stdout.readline().strip()
        if not line:
            raise RuntimeError("the zygote died; its error is above")
        return line


class Child:
    """A task running in a process of its own."""

    def __init__(self, pid: int, folder: Path) -> None:
        self.folder = folder
        try:
            self._process: psutil.Process | None = psutil.Process(pid)
        except psutil.NoSuchProcess:
            self._process = None

    def suspend(self) -> None:
        """Halt it where it is."""
        assert self._process is not None
        self._process.suspend()

    def resume(self) -> None:
        """Let it go on."""
        assert self._process is not None
        self._process.resume()

    @property
    def is_running(self) -> bool:
        """Whether the process is alive."""
        return self._process is not None and self._process.is_running()

    def kill_after(self, cpu_seconds: float, timeout: float = 300) -> bool:
        """SIGKILL once it has used that much CPU; False where it ended before.

        CPU seconds, not wall time: they mean the same phase whatever else the machine does.
        """
        assert self._process is not None
        deadline = time.monotonic() + timeout
        try:
            while True:
                times = self._process.cpu_times()
                if times.user + times.system >= cpu_seconds or time.monotonic() > deadline:
                    break
                time.sleep(0.003)
            self._process.kill()
        except psutil.NoSuchProcess:
            return False
        self._process.wait(timeout=30)
        return not (self.folder / "result.json").exists()

    def finish(self, timeout: float = 3_600) -> Any:
        """The task's result. Raises AssertionError with what it printed where it has none."""
        if self._process is not None:
            self._process.wait(timeout=timeout)
        path = self.folder / "result.json"
        if not path.exists():
            raise AssertionError(f"the process died without a result: {self.printed('err')}")
        result = json.loads(path.read_text(encoding="utf-8"))
        if "error" in result:
            raise AssertionError(result["error"] + self.printed("err"))
        return result["value"]

    def printed(self, stream: str = "out") -> str:
        """What it printed to `out` or `err`."""
        return (self.folder / f"{stream}.txt").read_text(encoding="utf-8")


@dataclass(frozen=True)
class Command:
    """How a command of the command line ended."""

    exit_code: int
    out: str
    err: str


@dataclass
class Installation:
    """One home folder on one profile, with the processes that work on it."""

    settings: Settings
    zygote: Zygote
    _tasks: int = field(default=0)
    # Where its processes leave what they print and return.
    tasks_folder: Path | None = None
    _lake: Lake | None = field(default=None)

    @property
    def lake(self) -> Lake:
        """Its lake, opened once: opening takes longer than most of what is asked of it."""
        if self._lake is None or self._lake.settings != self.settings:
            self._lake = Lake(self.settings)
        return self._lake

    def start(self, task: str, **arguments: Any) -> Child:
        """Start a task of the zygote's in a process of its own."""
        self._prepare()
        self._tasks += 1
        tasks = self.tasks_folder or self.settings.home / "tasks"
        folder = tasks / f"{self._tasks:03d}"
        folder.mkdir(parents=True)
        pid = self.zygote.fork(
            {
                "task": task,
                "arguments": arguments,
                "environment": self.environment,
                "folder": str(folder),
            }
        )
        return Child(pid, folder)

    def start_run(
        self,
        *,
        files: Iterable[tuple[Path, str]] = (),
        as_of: datetime = AS_OF,
        job: str = "process_new_leads",
        times: int = 1,
        broken: Mapping[str, str] | None = None,
        rows: int | None = None,
    ) -> Child:
        """Start a job (`times` in a row) on the named files, or on what waits in the inbox."""
        named = [{"path": str(path), "channel": channel} for path, channel in files]
        run = {"job": job, "files": named, "as_of": as_of.isoformat(), "rows": rows}
        return self.start("run_jobs", runs=[run] * times, broken=broken)

    def run(self, **arguments: Any) -> dict[str, Any]:
        """Run a job to its end, which must be a success; how it ended."""
        outcome = self.attempt(**arguments)
        assert outcome["success"], outcome["errors"]
        return outcome

    def attempt(self, **arguments: Any) -> dict[str, Any]:
        """Run a job to its end, whatever that is; how it ended."""
        return dict(self.start_run(**arguments).finish()[-1])

    def run_all(self, deliveries: Iterable[Iterable[tuple[Path, str]]]) -> list[dict[str, Any]]:
        """One run per delivery of files, in one process; every one must be a success."""
        runs = [
            {
                "files": [{"path": str(path), "channel": channel} for path, channel in files],
                "as_of": AS_OF.isoformat(),
            }
            for files in deliveries
        ]
        outcomes = self.start("run_jobs", runs=runs).finish()
        for outcome in outcomes:
            assert outcome["success"], outcome["errors"]
        return list(outcomes)

    def command(self, *argv: str) -> Command:
        """Run the command line in a process of its own."""
        child = self.start("run_command", argv=list(argv))
        code = child.finish()
        return Command(code, child.printed("out"), child.printed("err"))

    def on_terminal(
        self, *argv: str, dialogue: Sequence[tuple[str, str]], rows: int = 24, columns: int = 80
    ) -> Command:
        """Run the command line on a terminal: wait for each text, then press its keys."""
        child = self.start(
            "run_on_terminal", argv=list(argv), dialogue=dialogue, rows=rows, columns=columns
        )
        ended = child.finish(timeout=120)
        return Command(ended["exit_code"], ended["shown"], child.printed("err"))

    @property
    def environment(self) -> dict[str, str]:
        """What a process needs to find this installation."""
        values = {
            "HOME": self.settings.home,
            "DATABASE_URL": self.settings.database_url,
            "CONFIG_DIR": self.settings.config_dir,
            "EXPECTATIONS_DIR": self.settings.expectations_dir,
            "DBT_PROJECT_DIR": self.settings.dbt_project_dir,
            "LOCK_TIMEOUT_SECONDS": self.settings.lock_timeout_seconds,
        }
        return {f"LEAD_PLATFORM_{name}": str(value) for name, value in values.items() if value}

    @property
    def waiting(self) -> list[str]:
        """Files in the inbox."""
        return sorted(path.name for path in self.settings.inbox.rglob("*") if path.is_file())

    def deliver(self, folder: Path, names: str = "*") -> None:
        """Copy a world's files to the inbox in the order of their arrival, its reference too."""
        self.settings.prepare_home()
        files = sorted(path for path in (folder / "inbox").rglob(names) if path.is_file())
        for path in sorted(files, key=lambda path: (slice_number(path), path)):
            target = self.settings.inbox / path.relative_to(folder / "inbox")
            put(path, target, order=slice_number(path))
        for path in (folder / "reference").glob("*"):
            shutil.copy(path, self.settings.reference / path.name)

    def tables(self, snapshot_id: int | None = None) -> Tables:
        """Every row of every published table but the ledgers, as text."""
        with self.lake.read(snapshot_id) as connection:
            return read_tables(connection, skip=LEDGERS)

    def query(self, query: str, snapshot_id: int | None = None) -> list[tuple]:
        """Rows of a query on the published release."""
        with self.lake.read(snapshot_id) as connection:
            return connection.execute(query).fetchall()

    def scalar(self, query: str) -> Any:
        """The one value of a query on the published release."""
        return self.query(query)[0][0]

    def timeless_tables(self) -> Tables:
        """As `tables`, with the run ids masked: Dagster draws them at random."""
        written = (
            "select run_id from governance.releases union select run_id from governance.audit_log"
        )
        run_ids = {row[0] for row in self.query(written)} - {"", None}
        return {table: _mask(rows, run_ids) for table, rows in self.tables().items()}

    def _prepare(self) -> None:
        """A home with the parsed dbt project: parsing takes each home seconds."""
        target = self.settings.home / "dbt" / "target"
        if not target.exists():
            shutil.copytree(self.zygote.home / "dbt" / "target", target)


def _mask(rows: Counter[str], run_ids: set[str]) -> Counter[str]:
    masked: Counter[str] = Counter()
    for row, count in rows.items():
        for run_id in run_ids:
            if run_id in row:
                row = row.replace(run_id, "<run>")
        masked[row] += count
    return masked


def put(source: Path, target: Path, *, order: int = 0) -> Path:
    """Copy a file into an inbox as it should be done: beside, then renamed in."""
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name}")
    shutil.copy(source, partial)
    # The inbox is taken in by modification time; slices are minutes apart.
    os.utime(partial, (1_700_000_000 + 60 * order,) * 2)
    partial.rename(target)
    return target


def slice_number(path: Path) -> int:
    """The slice a file of `write_world(slices=…)` belongs to; 0 where there is one only."""
    name = path.stem.split("-page-")[0]
    tail = name.rsplit("-", 1)[-1]
    return int(tail) if len(tail) == 2 and tail.isdigit() else 0


def files_by_slice(folder: Path) -> list[list[tuple[Path, str]]]:
    """A world's files with their channels, slice by slice in the order of arrival."""
    slices: dict[int, list[tuple[Path, str]]] = {}
    for path in sorted((folder / "inbox").rglob("*")):
        if path.is_file():
            slices.setdefault(slice_number(path), []).append((path, path.parent.name))
    return [slices[number] for number in sorted(slices)]


def make_world(folder: Path, *, slices: int = 1, **settings: Any) -> World:
    """Generate a world and write its files to the folder."""
    world = generate_world(WorldSettings(**settings))
    write_world(world, folder, slices=slices)
    return world


def read_tables(connection: Any, skip: Iterable[str] = ()) -> Tables:
    """Every row of every table, as text, by `layer.table`."""
    return {
        table: Counter(
            str(row) for row in connection.execute(f"select {columns} from {table}").fetchall()
        )
        for table, columns in table_columns(connection).items()
        if table not in skip
    }


def fingerprints(connection: Any) -> dict[str, str]:
    """A hash over the rows of every table, whatever their order, by `layer.table`."""
    found = {}
    for table, columns in table_columns(connection).items():
        rows = connection.execute(
            f"select count(*), sum(hash({columns})::hugeint) from {table}"
        ).fetchone()
        found[table] = hashlib.sha256(str(rows).encode()).hexdigest()[:16]
    return found


def table_columns(connection: Any) -> dict[str, str]:
    """The columns of every table of the attached release, sorted by name, by `layer.table`."""
    rows = connection.execute(
        """
        select table_schema || '.' || table_name,
            string_agg('"' || column_name || '"', ', ' order by column_name)
        from information_schema.columns
        where table_catalog = current_database()
        group by all order by 1
        """
    ).fetchall()
    return dict(rows)


def differences(left: Tables, right: Tables) -> dict[str, str]:
    """How two sets of tables differ: counts and one example each way, by table."""
    found = {}
    for table in sorted(left.keys() | right.keys()):
        gone = left.get(table, Counter()) - right.get(table, Counter())
        new = right.get(table, Counter()) - left.get(table, Counter())
        if gone or new or (table in left) != (table in right):
            found[table] = (
                f"-{gone.total()} +{new.total()}\n  - {next(iter(gone), '')[:600]}"
                f"\n  + {next(iter(new), '')[:600]}"
            )
    return found


def broken_references(connection: Any, expectations: Path) -> list[str]:
    """References between the tables of a release that do not hold, by the suites' own words.

    `keep` references belong to histories, whose parents may be gone since.
    """
    present = set(table_columns(connection))
    broken = []
    for path in sorted(expectations.glob("*/*.json")):
        table = f"{path.parent.name}.{path.stem}"
        for reference in json.loads(path.read_text(encoding="utf-8"))["meta"].get("references", []):
            if reference["on_delete"] != "cascade" or table not in present:
                continue
            pairs = list(zip(reference["columns"], reference["to_columns"], strict=True))
            same = " and ".join(f"children.{child} = parents.{parent}" for child, parent in pairs)
            given = " and ".join(f"children.{child} is not null" for child, _ in pairs)
            (orphans,) = connection.execute(
                f"select count(*) from {table} as children "
                f"anti join {reference['to']} as parents on {same} where {given}"
            ).fetchone()
            if orphans:
                broken.append(f"{orphans} rows of {table} without their {reference['to']}")
    return broken
