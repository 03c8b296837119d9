"""`lead-platform up`: the code server, Dagster's UI and daemon and the run workers, kept running.

A supervisor of our own: circus and supervisord bring a daemon, an ini language and a control
protocol each, and neither hears whether a process does its work; honcho starts nothing again.
"""

import logging
import os
import shutil
import signal
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from multiprocessing.connection import wait
from pathlib import Path

from dagster import DagsterInstance
from ruamel.yaml import YAML

from lead_platform.governance.alerts import Signal
from lead_platform.governance.notifications import tell
from lead_platform.lake.lake import utc_now
from lead_platform.orchestration.code_server import LOCATION
from lead_platform.orchestration.executions import executions_of
from lead_platform.orchestration.logs import fold_repeats
from lead_platform.orchestration.outages import OutageWatch
from lead_platform.orchestration.restarts import RestartWatch
from lead_platform.orchestration.run_watch import RunWatch
from lead_platform.orchestration.runs import prepare_instance
from lead_platform.orchestration.status import (
    only_one,
    read_status,
    remove_status,
    write_status,
    written_now,
)
from lead_platform.orchestration.stores import CATALOG, Store, StoreStatus, stores_of
from lead_platform.orchestration.supervision import Child, Keeper, Part, PartStatus
from lead_platform.orchestration.workers import POOL_VARIABLE, PoolDoor, WorkerPool
from lead_platform.processes import ProcessId
from lead_platform.settings import Settings, SettingsError

LOG = logging.getLogger("lead_platform.up")

TICK_SECONDS = 0.5
STATUS_SECONDS = 2.0
WATCH_SECONDS = 3.0

# Each part answers itself every second or two; one that waits for a busy machine takes longer.
SILENCE_SECONDS = 30.0

# An orderly stop: so long for runs to end, so long for the rest; then what is left is killed.
FINISHING_SECONDS = 10.0
ENDING_SECONDS = 5.0


class Supervisor:
    """The parts of one `up`, their pool of run workers, and the loop that looks after them."""

    def __init__(
        self, settings: Settings, port: int, folder: Path, stores: Sequence[Store]
    ) -> None:
        self._settings, self._port, self._folder = settings, port, folder
        self._stores = stores
        self._id = ProcessId.of(os.getpid())
        self._door = PoolDoor(folder / "workers")
        self.pool = WorkerPool()
        workspace = _write_workspace(folder)
        shared = {POOL_VARIABLE: str(self._door.path)}
        self._code_server = self._keeper("code server", shared, str(folder / "code"))
        self._webserver = self._keeper("webserver", shared, str(workspace), str(port))
        self._daemon = self._keeper("daemon", shared, str(workspace))
        self._written_at = float("-inf")
        self._is_ready = False
        self.parts: list[PartStatus] = []

    def run(self, is_stopping: threading.Event) -> None:
        """Look after the parts until told to stop."""
        while not is_stopping.is_set():
            self._tick()

    def stop(self, is_urgent: threading.Event) -> None:
        """End all in order: what starts runs, runs, what shows them; at once if urgent."""
        _notify("STOPPING=1")
        self._daemon.terminate()
        self._code_server.terminate()
        self.pool.leave()
        runs_end = self._wait(
            lambda: not (self._daemon.children or self.pool.children), FINISHING_SECONDS, is_urgent
        )
        if not runs_end:
            LOG.warning("runs go on: killed; they are tried again after the next start")
        self._webserver.terminate()
        self._wait(lambda: not self._children, ENDING_SECONDS, is_urgent)
        for child in self._children:
            child.kill()
        self._wait(lambda: not self._children, ENDING_SECONDS, threading.Event())
        self._door.close()

    def store_statuses(self, now: float) -> list[StoreStatus]:
        """How each store is."""
        return [store.status(now) for store in self._stores]

    def _keeper(self, name: str, environment: dict[str, str], *arguments: str) -> Keeper:
        module = f"lead_platform.orchestration.{name.replace(' ', '_')}"
        command = (sys.executable, "-W", "ignore", "-m", module, *arguments)
        part = Part(name, command, SILENCE_SECONDS, environment)
        return Keeper(part, self._lacks_storage)

    def _lacks_storage(self, now: float) -> bool:
        """Whether Dagster's storage is out of reach, without which no part can start."""
        return any(
            store.name != CATALOG and store.state == "silent" for store in self.store_statuses(now)
        )

    @property
    def _keepers(self) -> list[Keeper]:
        return [self._code_server, self._webserver, self._daemon]

    @property
    def _children(self) -> list[Child]:
        kept = [child for keeper in self._keepers for child in keeper.children]
        return [*kept, *self.pool.children]

    def _wait(
        self, is_done: Callable[[], bool], seconds: float, is_urgent: threading.Event
    ) -> bool:
        deadline = time.monotonic() + seconds
        while not is_done() and time.monotonic() < deadline and not is_urgent.is_set():
            self._tick()
        return is_done()

    def _tick(self) -> None:
        heard = [child.fileno() for child in self._children]
        wait([self._door.fileno(), *heard], TICK_SECONDS)
        now = time.monotonic()
        self._door.answer(self.pool)
        for keeper in self._keepers:
            keeper.tick(now)
        self.pool.tick(now)
        if now - self._written_at >= STATUS_SECONDS:
            self._written_at = now
            self._tell(now)

    def _tell(self, now: float) -> None:
        self.parts = [keeper.status(now) for keeper in self._keepers] + self.pool.statuses(now)
        stores = self.store_statuses(now)
        status = written_now(self._id, self._port, self._folder, self.parts, stores)
        # On a full disk nothing can be written; that is no reason to stop.
        with suppress(OSError):
            write_status(self._settings, status)
        _notify("WATCHDOG=1")
        if status.is_well and not self._is_ready:
            self._is_ready = True
            _notify("READY=1")
            LOG.info("all parts are well")


def serve(settings: Settings, *, port: int, begun: Callable[[], None] = lambda: None) -> int:
    """Supervise until interrupted or terminated; the exit code. `begun` is called once nothing
    speaks against it.

    Raises AlreadyRunningError, SettingsError.
    """
    settings.prepare_home()
    _log_to_stderr()
    is_stopping, is_urgent = _signals()
    with only_one(settings):
        _clear_away(settings)
        _require_free(settings, port)
        prepare_instance(settings)
        begun()
        folder = Path(tempfile.mkdtemp(prefix="lead-platform-"))
        try:
            _supervise(settings, port, folder, is_stopping, is_urgent)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
            remove_status(settings)
    return 0


def _supervise(
    settings: Settings,
    port: int,
    folder: Path,
    is_stopping: threading.Event,
    is_urgent: threading.Event,
) -> None:
    def tell_changes(signals: list[Signal], over: Iterable[tuple[str, str]]) -> None:
        tell(settings, signals, utc_now(), over=over)

    stores = stores_of(settings)
    supervisor = Supervisor(settings, port, folder, stores)
    restarts = RestartWatch(tell_changes, time.monotonic())
    outages = OutageWatch(tell_changes)
    with DagsterInstance.get() as instance:
        watch = RunWatch(instance, executions_of(settings), supervisor.pool.has)
        looks: dict[str, Callable[[float], None]] = {
            "runs": watch.look,
            "restarts": lambda now: restarts.look(supervisor.parts, now),
            "outages": lambda now: outages.look(supervisor.store_statuses(now), now),
            **{store.name: store.look for store in stores},
        }
        with _looking(looks):
            supervisor.run(is_stopping)
            supervisor.stop(is_urgent)
        # The runs of killed workers are told as over now, not at the next start; where the storage
        # is out of reach, it might never answer.
        if not any(
            store.state == "silent" for store in supervisor.store_statuses(time.monotonic())
        ):
            with suppress(Exception):
                watch.look(time.monotonic())


@contextmanager
def _looking(looks: Mapping[str, Callable[[float], None]]) -> Iterator[None]:
    """Looks again and again, at each thing in a thread: a storage or a target of alerts may let it
    wait, which neither a part nor another look may feel."""
    is_over = threading.Event()
    threads = [
        threading.Thread(
            target=_look_again, args=(what, look, is_over), name=f"watch of {what}", daemon=True
        )
        for what, look in looks.items()
    ]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        is_over.set()
        deadline = time.monotonic() + ENDING_SECONDS
        for thread in threads:
            thread.join(max(0.0, deadline - time.monotonic()))


def _look_again(what: str, look: Callable[[float], None], is_over: threading.Event) -> None:
    told = ""
    while not is_over.wait(WATCH_SECONDS):
        try:
            look(time.monotonic())
            told = ""
        except Exception as error:
            if told != type(error).__name__:
                told = type(error).__name__
                LOG.warning("%s cannot be looked at: %s", what, told)


def _write_workspace(folder: Path) -> Path:
    """What UI and daemon load: the code server at its socket, found again by themselves."""
    path = folder / "workspace.yaml"
    server = {"socket": str(folder / "code"), "location_name": LOCATION}
    YAML().dump({"load_from": [{"grpc_server": server}]}, path)
    return path


def _clear_away(settings: Settings) -> None:
    """End and remove what an `up` that was killed left behind."""
    status = read_status(settings)
    if status is None:
        return
    left = [part.process for part in status.parts if part.process and part.process.is_running]
    for process in left:
        LOG.warning("pid %d of an earlier up (pid %d): killed", process.pid, status.process.pid)
        process.kill()
    if Path(status.folder).name.startswith("lead-platform-"):
        shutil.rmtree(status.folder, ignore_errors=True)
    remove_status(settings)


def _require_free(settings: Settings, port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.ui_address, port))
        except OSError as error:
            raise SettingsError(
                f"The UI cannot listen on {settings.ui_address}:{port}: {error.strerror}. Stop "
                f"what listens there, or give another port: lead-platform up --port {port + 1}"
            ) from None


def _signals() -> tuple[threading.Event, threading.Event]:
    """What is set by the first and by the second request to stop."""
    is_stopping, is_urgent = threading.Event(), threading.Event()

    def stop(*_: object) -> None:
        (is_urgent if is_stopping.is_set() else is_stopping).set()

    # Also where a shell started this in its background, with interrupts ignored.
    for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(each, stop)
    return is_stopping, is_urgent


def _log_to_stderr() -> None:
    """Each line of this supervisor, and what its libraries have to say, folded."""
    fold_repeats()
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s up: %(message)s"))
    LOG.addHandler(handler)
    LOG.setLevel(logging.INFO)


def _notify(message: str) -> None:
    """Tell a service manager, where one listens (systemd, `Type=notify`)."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line, suppress(OSError):
        line.sendto(message.encode(), address)
