"""What one new lead costs a warm process: steps, statements, events and seconds.

    python -m benchmarks.one_lead                    7 leads onto the demo's 5,000 submissions
    python -m benchmarks.one_lead --submissions 500 --runs 20

Two more leads go before, which warm the process, and one after, of which the statements are
counted: counting them takes time. Statements are what is asked of DuckDB, by the platform and by
dbt; events those of Dagster's that its storage keeps. LEAD_PLATFORM_DATABASE_URL chooses the server
profile, as everywhere.
"""

import argparse
import os
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from statistics import median
from types import FrameType
from typing import Any

import duckdb

from benchmarks.pipeline import _deliver

_STATEMENTS = frozenset({"execute", "executemany", "sql", "query"})


def main() -> None:
    """Load a base, then one lead after the other."""
    arguments = _arguments()
    with tempfile.TemporaryDirectory(prefix="lead-platform-one-lead-") as home:
        os.environ["LEAD_PLATFORM_HOME"] = home
        measure(Path(home), arguments.submissions, arguments.runs)


def measure(home: Path, submissions: int, runs: int) -> None:
    """Print what a lead costs on a base of so many submissions."""
    from dagster import DagsterInstance

    from lead_platform.demo.files import write_world
    from lead_platform.demo.settings import WorldSettings
    from lead_platform.demo.world import generate_increment, generate_world
    from lead_platform.orchestration.runs import Outcome, run_job
    from lead_platform.settings import Settings

    world_settings = WorldSettings(submissions=submissions)
    world = generate_world(world_settings)
    now = world_settings.end_at.replace(tzinfo=None)

    def deliver(number: int) -> None:
        increment = generate_increment(world_settings, 1, 1_000 + number, base=world)
        write_world(increment, home / "demo")
        _deliver(home)

    def run(number: int) -> Outcome:
        as_of = now + timedelta(hours=number)
        outcome = run_job(Settings(), "process_new_leads", as_of=as_of)
        if not outcome.success:
            raise SystemExit("\n".join(outcome.errors))
        return outcome

    write_world(world, home / "demo")
    (home / "demo" / "reference").rename(home / "reference")
    _deliver(home)
    run(0)
    wall, processor, steps = [], [], []
    for number in range(1, runs + 3):
        deliver(number)
        began, used = time.monotonic(), time.process_time()
        outcome = run(number)
        if number > 2:
            wall.append(time.monotonic() - began)
            processor.append(time.process_time() - used)
            steps.append(outcome.seconds_by_step)
    deliver(runs + 3)
    with counted() as statements:
        outcome = run(runs + 3)
    with DagsterInstance.get() as instance:
        events = len(instance.all_logs(outcome.run_id))
    of_dbt = statements["dbt"]
    print(f"one lead onto {submissions:,} submissions, {runs} runs in one process")
    print(
        f"  median {median(wall):.2f} s ({min(wall):.2f} to {max(wall):.2f}), "
        f"processor {median(processor):.2f} s"
    )
    for step in outcome.seconds_by_step:
        print(f"    {step:12} {median(one[step] for one in steps):.2f} s")
    print(
        f"  {statements['platform']} statements of the platform, {of_dbt} of dbt; {events} events"
    )


@contextmanager
def counted() -> Iterator[Counter[str]]:
    """The statements that this process asks of DuckDB in the block, those in dbt's threads apart.

    Threads that are there already are not looked at, but for this one.
    """
    counts: Counter[str] = Counter()

    def count(frame: FrameType, event: str, what: Any) -> None:
        if (
            event == "c_call"
            and what.__name__ in _STATEMENTS
            and what.__module__ == duckdb.DuckDBPyConnection.__module__
        ):
            is_of_dbt = "/dbt/adapters/" in frame.f_code.co_filename
            counts["dbt" if is_of_dbt else "platform"] += 1

    threading.setprofile(count)
    sys.setprofile(count)
    try:
        yield counts
    finally:
        sys.setprofile(None)
        threading.setprofile(None)


def _arguments() -> Any:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--submissions", type=int, default=5_000, help="of the base")
    parser.add_argument("--runs", type=int, default=7)
    return parser.parse_args()


if __name__ == "__main__":
    main()
