"""Stage times, peak memory and the gate's share of the main job.

    python -m benchmarks.pipeline                     10k and 100k submissions, then 100 new, then 1
    python -m benchmarks.pipeline 1000000             other sizes

Each size runs cold in a process and home folder of its own; the increments follow in the same,
by then warm, process. Generating the world is not part of the times.
"""

import resource
import subprocess
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from statistics import median

SIZES = (10_000, 100_000)
INCREMENT = 100
SINGLE_LEADS = 20


def main(sizes: list[int]) -> None:
    """Measure each size in a fresh process."""
    for size in sizes:
        with tempfile.TemporaryDirectory(prefix="lead-platform-bench-") as home:
            command = [sys.executable, "-W", "ignore", "-m", "benchmarks.pipeline", "--one"]
            subprocess.run([*command, str(size), home], check=True)


def measure(size: int, home: Path) -> None:
    """One size: cold load, then increments onto it."""
    started = time.monotonic()
    from lead_platform.demo.files import write_world
    from lead_platform.demo.settings import WorldSettings
    from lead_platform.demo.world import generate_increment, generate_world

    settings = _settings(home)
    world_settings = WorldSettings(submissions=size)
    world = generate_world(world_settings)
    write_world(world, home / "demo")
    (home / "demo" / "inbox").rename(home / "inbox")
    (home / "demo" / "reference").rename(home / "reference")
    print(f"\n{size:,} submissions (generated in {time.monotonic() - started:.1f} s)")

    as_of = world_settings.end_at.replace(tzinfo=None)
    total = _run(settings, as_of, "cold load, imports included")
    print(f"  {size / total:,.0f} submissions/s; peak memory {_peak_gigabytes():.2f} GB")

    day = as_of + timedelta(days=1)
    for seed in (1, 2, 3):
        increment = generate_increment(world_settings, INCREMENT, seed, base=world)
        write_world(increment, home / "demo")
        _deliver(home)
        _run(settings, day, f"{INCREMENT} new leads, warm")
    times = []
    for seed in range(10, 10 + SINGLE_LEADS):
        single = generate_increment(world_settings, 1, seed, base=world)
        write_world(single, home / "demo")
        _deliver(home)
        times.append(_run(settings, day, ""))
    times.sort()
    p95 = times[int(len(times) * 0.95) - 1]
    print(f"  one new lead, warm job: median {median(times):.1f} s, p95 {p95:.1f} s")
    print(f"  peak memory {_peak_gigabytes():.2f} GB")


def _settings(home: Path):  # type: ignore[no-untyped-def]
    import os

    os.environ["LEAD_PLATFORM_HOME"] = str(home)
    from lead_platform.settings import Settings

    return Settings()


def _run(settings, as_of, title: str) -> float:  # type: ignore[no-untyped-def]
    """Run the job on what waits in the inbox; wall seconds, told by stage under a title."""
    started = time.monotonic()
    from lead_platform.lake.resource import open_lake
    from lead_platform.orchestration.runs import run_job

    outcome = run_job(settings, "process_new_leads", as_of=as_of)
    total = time.monotonic() - started
    if not outcome.success:
        raise SystemExit("\n".join(outcome.errors))
    if title:
        releases = [
            release for release in open_lake(settings).releases(50)
            if release.run_id == outcome.run_id
        ]  # fmt: skip
        gate = sum(release.gate_seconds for release in releases)
        print(f"  {title}: {total:.1f} s, of it the gate {gate:.1f} s ({gate / total:.0%})")
        stages = [f"{step} {seconds:.1f}" for step, seconds in outcome.seconds_by_step.items()]
        print("    " + ", ".join(stages))
    return total


def _deliver(home: Path) -> None:
    """Move freshly written files of the demo folder into the inbox."""
    for file in (home / "demo" / "inbox").rglob("*"):
        if file.is_file():
            target = home / "inbox" / file.relative_to(home / "demo" / "inbox")
            target.parent.mkdir(parents=True, exist_ok=True)
            file.replace(target)


def _peak_gigabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        measure(int(sys.argv[2]), Path(sys.argv[3]))
    else:
        main([int(size) for size in sys.argv[1:]] or list(SIZES))
