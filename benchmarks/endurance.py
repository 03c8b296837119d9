"""A fortnight of small runs in an hour: does anything grow, slow down or go missing?

    python -m benchmarks.endurance                   300 runs of one lead, an hour apart
    python -m benchmarks.endurance --runs 60 --hours 5

The lake's clock is moved on after each run, and with it what the catalog remembers of files; upkeep
runs whenever it says it is due. Meanwhile other processes read: one polls the published release,
two hold on to one release for most of a day, in a transaction and attached, and read all of it
again and again. The runs are taken by processes that are warm and are replaced as often as workers
are. What slowed down is told from a busy machine, and from leads that cost more than others, by a
second home with readers of its own, which takes in the leads of the last runs as its first ones, in
turn with them. LEAD_PLATFORM_DATABASE_URL chooses the server profile, as everywhere; a second home
is not made then.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median
from typing import IO, Any

import psutil

from benchmarks.pipeline import _deliver
from lead_platform.orchestration.workers import RUNS_PER_WORKER

BASE_SUBMISSIONS = 500
COMPARED_RUNS = 10
_STEPS_TOLD = 8
_OUTSIDE = "outside of steps"

# Short enough for each to take effect within a fortnight.
RETENTION = {
    "LEAD_PLATFORM_SNAPSHOT_RETENTION_DAYS": "5",
    "LEAD_PLATFORM_RECORD_RETENTION_DAYS": "6",
    "LEAD_PLATFORM_AUDIT_RETENTION_DAYS": "1000",
    "LEAD_PLATFORM_RUN_RETENTION_COUNT": "60",
    "LEAD_PLATFORM_READER_LIMIT_HOURS": "24",
}
READER_HOURS = 20


def main() -> None:
    """Start the processes, tell what each run cost, and compare the end with the beginning."""
    arguments = _arguments()
    if arguments.part:
        PARTS[arguments.part](Path(arguments.home), arguments)
        return
    with tempfile.TemporaryDirectory(prefix="lead-platform-endurance-") as folder:
        home, other = Path(arguments.home or f"{folder}/home"), Path(folder) / "again"
        os.environ.update(RETENTION)
        with _readers(home, arguments) as start_readers, Writer(home, arguments) as writer:
            print(f"{BASE_SUBMISSIONS:,} submissions to begin with: {writer.seconds:.0f} s")
            readers = start_readers()
            runs, again = _watch(writer, readers, other, arguments)
            told = [_end(reader) for reader in readers]
    _compare(runs, again)
    print("\n".join(told))


Run = dict[str, Any]


class Writer:
    """One after the other, the processes that do the runs on a home, each as long as a worker."""

    def __init__(self, home: Path, arguments: Any) -> None:
        self.home = home
        self._arguments = arguments
        self._parts = ExitStack()
        self._process = self._start(0)
        self._done = 0
        self.seconds = json.loads(_line(self._process))["seconds"]

    def __enter__(self) -> "Writer":
        return self

    def __exit__(self, *error: object) -> None:
        self._parts.close()

    def run(self) -> Run:
        """What the next run cost, with the sizes of the home after it."""
        if self._done and self._done % RUNS_PER_WORKER == 0:
            self._parts.close()
            self._process = self._start(self._done)
        _say(self._process, "run")
        run = json.loads(_line(self._process))
        self._done += 1
        run.update(_sizes(self.home))
        return run

    def _start(self, done: int) -> subprocess.Popen:
        part = _part("write", self.home, self._arguments, "--done", str(done))
        return self._parts.enter_context(part)


def _watch(
    writer: Writer, readers: list[subprocess.Popen], other: Path, arguments: Any
) -> tuple[list[Run], list[Run]]:
    """The runs, and those of a new home beside the last, each with the same lead; readers take a
    newer release before they must."""
    runs: list[Run] = []
    again: list[Run] = []
    every = max(1, round(READER_HOURS / arguments.hours))
    with ExitStack() as second:
        fresh: Writer | None = None
        while len(runs) < arguments.runs:
            if len(runs) == arguments.runs - COMPARED_RUNS and not _is_on_server():
                first = argparse.Namespace(**{**vars(arguments), "lead": len(runs)})
                fresh = second.enter_context(Writer(other, first))
                second.enter_context(_readers(other, arguments))()
            runs.append(run := writer.run())
            run["readers"] = [psutil.Process(each.pid).memory_info().rss for each in readers]
            if fresh is not None:
                again.append(fresh.run())
            if len(runs) % every == 0:
                for reader in readers:
                    _say(reader, "again")
            if len(runs) == 1 or len(runs) % 20 == 0:
                _print_row(len(runs), runs)
    return runs, again


def _is_on_server() -> bool:
    return bool(os.environ.get("LEAD_PLATFORM_DATABASE_URL"))


def _compare(runs: list[Run], again: list[Run]) -> None:
    last = runs[-COMPARED_RUNS:]
    for what, first in (("first", runs[:COMPARED_RUNS]), ("a new home's first", again)):
        if not first:
            continue
        cost = {
            name: tuple(median(run[name] for run in part) for part in (first, last))
            for name in ("seconds", "processor")
        }
        print(
            f"{what} {len(first)} runs and last {len(last)}: "
            + "; ".join(
                f"{name} {before:.2f} and {after:.2f}, {after / before:.2f} times"
                for name, (before, after) in cost.items()
            )
        )
        _compare_steps(first, last)
    upkeeps = [run["upkeep"] for run in runs if run["upkeep"]]
    if upkeeps:
        longest = max(upkeeps)
        print(f"{len(upkeeps)} upkeeps, {median(upkeeps):.1f} s each, the longest {longest:.1f} s")


def _compare_steps(first: list[Run], last: list[Run]) -> None:
    """Those that grew most, and what is outside of steps."""
    cost = {
        step: (_median_of(step, first), _median_of(step, last))
        for step in (_OUTSIDE, *last[-1]["steps"])
    }
    grown = sorted(cost, key=lambda step: cost[step][0] - cost[step][1])[:_STEPS_TOLD]
    told = (f"{step} {cost[step][0]:.2f} to {cost[step][1]:.2f}" for step in grown)
    print(f"  most grown: {', '.join(told)}")


def _median_of(step: str, runs: list[Run]) -> float:
    if step == _OUTSIDE:
        return median(run["seconds"] - sum(run["steps"].values()) for run in runs)
    return median(run["steps"].get(step, 0.0) for run in runs)


def _print_row(count: int, runs: list[dict[str, Any]]) -> None:
    run = runs[-1]
    if count == 1:
        print(
            "  runs  seconds  upkeeps  home MB  catalog  lake files MB     n  dagster MB   n  "
            "snapshots  readable  dead rows  writer MB  readers MB"
        )
    seconds = median(each["seconds"] for each in runs[-COMPARED_RUNS:])
    upkeeps = sum(1 for each in runs if each["upkeep"])
    readers = "+".join(f"{rss / 1e6:.0f}" for rss in run["readers"])
    print(
        f"{count:6} {seconds:8.2f} {upkeeps:8} {run['home'] / 1e6:8.1f} {run['catalog'] / 1e6:8.1f}"
        f" {run['data'] / 1e6:14.1f} {run['data_files']:5} {run['dagster'] / 1e6:11.1f}"
        f" {run['dagster_files']:3} {run['snapshots']:10} {run['readable']:9} {run['dead']:10}"
        f" {run['rss'] / 1e6:10.0f}  {readers}",
        flush=True,
    )


def _sizes(home: Path) -> dict[str, int]:
    """Bytes and files of the home and its parts, as they lie on the disk."""
    files = {path: path.stat().st_size for path in home.rglob("*") if path.is_file()}
    parts = {"data": home / "lake" / "data", "dagster": home / "dagster", "home": home}
    sizes = {name: sum(_below(files, folder)) for name, folder in parts.items()}
    counts = {f"{name}_files": len(list(_below(files, folder))) for name, folder in parts.items()}
    catalog = sum(size for path, size in files.items() if path.name.startswith("catalog.sqlite"))
    return {**sizes, **counts, "catalog": catalog}


def _below(files: dict[Path, int], folder: Path) -> Iterator[int]:
    return (size for path, size in files.items() if folder in path.parents)


# ---- what the other processes do


def write(home: Path, arguments: Any) -> None:
    """Load a base, then one lead for each order, an interval apart, with upkeep when due."""
    from lead_platform.demo.files import write_world
    from lead_platform.demo.settings import WorldSettings
    from lead_platform.demo.world import generate_increment, generate_world
    from lead_platform.lake.resource import open_lake
    from lead_platform.lake.upkeep import due_after
    from lead_platform.orchestration.runs import import_everything, warm_up
    from lead_platform.settings import Settings

    import_everything()
    settings, world_settings = Settings(), WorldSettings(submissions=BASE_SUBMISSIONS)
    warm_up(settings)
    world = generate_world(world_settings)
    lake = open_lake(settings)
    began = world_settings.end_at.replace(tzinfo=None)
    lake.clock = clock = Calendar(began + timedelta(hours=arguments.hours) * arguments.done)
    if not arguments.done:
        write_world(world, home / "demo")
        _deliver(home)
        (home / "demo" / "reference").rename(home / "reference")
        base = _run("process_new_leads", clock.now)
        print(json.dumps({"seconds": base["seconds"]}), flush=True)
    for number, _ in enumerate(sys.stdin, arguments.done):
        clock.move(lake, hours=arguments.hours)
        write_world(
            generate_increment(world_settings, 1, 1_000 + arguments.lead + number, base=world),
            home / "demo",
        )
        _deliver(home)
        used = time.process_time()
        run = _run("process_new_leads", clock.now)
        used = time.process_time() - used
        with lake.read() as connection:
            is_due = due_after(connection, clock.now) is not None
        upkeep = _run("maintain", None)["seconds"] if is_due else 0.0
        counts = _counts(lake)
        rss = psutil.Process().memory_info().rss
        told = {**run, "processor": used, "upkeep": upkeep, "rss": rss, **counts}
        print(json.dumps(told), flush=True)


class Calendar:
    """The lake's clock: it stands until it is moved."""

    def __init__(self, now: datetime) -> None:
        self.now = now

    def __call__(self) -> datetime:
        return self.now

    def move(self, lake: Any, *, hours: float) -> None:
        """Hours go by, also for files that wait to be removed: those were noted in real time."""
        self.now += timedelta(hours=hours)
        with lake.exclusive("time goes by") as connection:
            connection.execute(
                f"update {lake.metadata}.ducklake_files_scheduled_for_deletion "
                f"set schedule_start = '{self.now}+00' "
                f"where schedule_start::timestamptz > timestamptz '{self.now}+00'"
            )


def _run(job: str, as_of: datetime | None) -> Run:
    """What it cost: its seconds, and those of each of its steps."""
    from lead_platform.orchestration.runs import run_job
    from lead_platform.settings import Settings

    started = time.monotonic()
    outcome = run_job(Settings(), job, as_of=as_of)
    if not outcome.success:
        raise SystemExit("\n".join(outcome.errors))
    return {"seconds": time.monotonic() - started, "steps": outcome.seconds_by_step}


def _counts(lake: Any) -> dict[str, int]:
    from lead_platform.lake.upkeep import fragments

    with lake.exclusive("counting") as connection:
        row = connection.execute(
            f"""
            select (select count(*) from {lake.metadata}.ducklake_snapshot),
                (select count(*) from governance.releases where snapshot_forgotten_at is null)
            """
        ).fetchone()
        dead = sum(each.dead_rows for each in fragments(connection, lake.metadata))
    return {"snapshots": row[0], "readable": row[1], "dead": dead}


def poll(home: Path, arguments: Any) -> None:
    """Look at the published release every second: it must hold together each time."""
    from lead_platform.lake.lake import Lake
    from lead_platform.settings import Settings

    lake, looks = Lake(Settings()), 0
    orders = _orders()
    while next(orders) != "end":
        with lake.read() as connection:
            row = connection.execute(
                """
                select count(*), count(leads.lead_id), count(lead_scores.lead_id)
                from (select distinct lead_id from identity.lead_members) as members
                left join identity.leads using (lead_id) left join scoring.lead_scores
                    using (lead_id)
                """
            ).fetchone()
        looks += 1
        # A release may hold members whose golden record comes with a later one, never the reverse.
        assert row is not None
        assert row[0] >= row[1] >= row[2] > 0
        time.sleep(1)
    print(f"the polling reader looked {looks} times", flush=True)


def hold(home: Path, arguments: Any) -> None:
    """Read every table of one release again and again, until told to take a newer one."""
    from lead_platform.lake.lake import Lake
    from lead_platform.settings import Settings

    lake, looks, releases = Lake(Settings()), 0, 0
    orders = _orders()
    order = ""
    while order != "end":
        releases += 1
        with lake.read(is_long=arguments.attached) as connection:
            seen = _fingerprints(connection)
            while (order := next(orders)) == "":
                assert _fingerprints(connection) == seen
                looks += 1
                time.sleep(10)
            assert _fingerprints(connection) == seen
    how = "attached" if arguments.attached else "in transactions"
    print(f"the long reader {how} read {releases} releases {looks} times again", flush=True)


def _fingerprints(connection: Any) -> dict[str, tuple]:
    tables = connection.execute(
        "select schema_name || '.' || table_name from duckdb_tables() "
        "where database_name = current_database()"
    ).fetchall()
    # Read to their ends: an open result holds on to the catalog as an open transaction does.
    return {
        table: connection.execute(
            f"select count(*), sum(hash(rows)) from {table} as rows"
        ).fetchall()[0]
        for (table,) in tables
    }


PARTS = {"write": write, "poll": poll, "hold": hold}


# ---- how the processes speak with each other


def _arguments() -> Any:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=300)
    parser.add_argument("--hours", type=float, default=1.0, help="between two runs")
    parser.add_argument("--home", default="", help="where; default: a folder that goes away")
    parser.add_argument("--part", default="", choices=["", *PARTS])
    parser.add_argument("--attached", action="store_true")
    parser.add_argument("--done", type=int, default=0, help="runs before this process")
    parser.add_argument("--lead", type=int, default=0, help="leads left out before the first")
    return parser.parse_args()


@contextmanager
def _part(name: str, home: Path, arguments: Any, *more: str) -> Iterator[subprocess.Popen]:
    command = [sys.executable, "-W", "ignore", "-m", "benchmarks.endurance", "--part", name]
    command += ["--home", str(home), "--runs", str(arguments.runs)]
    command += ["--hours", str(arguments.hours), "--lead", str(arguments.lead), *more]
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
        env=os.environ | {"LEAD_PLATFORM_HOME": str(home)},
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


@contextmanager
def _readers(home: Path, arguments: Any) -> Iterator[Callable[[], list[subprocess.Popen]]]:
    """What starts the readers; they end with the block."""
    with ExitStack() as parts:
        yield lambda: [
            parts.enter_context(_part("poll", home, arguments)),
            parts.enter_context(_part("hold", home, arguments)),
            parts.enter_context(_part("hold", home, arguments, "--attached")),
        ]


def _line(process: subprocess.Popen) -> str:
    stdout: IO[str] | None = process.stdout
    assert stdout is not None
    line = stdout.readline()
    if not line:
        raise SystemExit(f"A part ended with code {process.wait()}; its error is above.")
    return line


def _say(process: subprocess.Popen, word: str) -> None:
    assert process.stdin is not None
    if process.poll() is not None:
        raise SystemExit(f"A part ended with code {process.returncode}; its error is above.")
    process.stdin.write(f"{word}\n")
    process.stdin.flush()


def _end(process: subprocess.Popen) -> str:
    _say(process, "end")
    return _line(process).strip()


def _orders() -> Iterator[str]:
    """What the parent said since the last question, or nothing."""
    os.set_blocking(sys.stdin.fileno(), False)
    while True:
        yield (sys.stdin.readline() or "").strip()


if __name__ == "__main__":
    main()
