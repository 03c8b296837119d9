"""Which runs are being executed, seen by all processes of a home: one locked file per run.

The system frees a lock when its holder ends, however it ends, so nothing here asks a clock or
trusts a process number. A run without a file is executed elsewhere, or not yet: unknown, not dead.
One that was launched here, and not taken up yet, has a file of another kind.
"""

import fcntl
import json
import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from lead_platform.settings import Settings


@dataclass(frozen=True)
class Execution:
    """A run and the process that took it up."""

    run_id: str
    host: str
    pid: int
    is_alive: bool

    def kill(self) -> bool:
        """End the process at once; False where it is not on this machine, or gone."""
        if not self.is_alive or self.host != socket.gethostname():
            return False
        with suppress(ProcessLookupError, PermissionError):
            os.kill(self.pid, signal.SIGKILL)
            return True
        return False


class Executions:
    """The runs that processes of this home took up and have not put down in order."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._launched = folder / ".launched"

    def note_launched(self, run_id: str) -> None:
        """It is to be executed by a process of this home, before that is asked for."""
        self._launched.mkdir(parents=True, exist_ok=True)
        (self._launched / run_id).touch(mode=0o600)

    def launched(self) -> list[str]:
        """The runs that were launched here, and that no process has taken up."""
        return sorted(path.name for path in self._launched.glob("*"))

    @contextmanager
    def executing(self, run_id: str) -> Iterator[None]:
        """Hold the run for the block.

        The file stays behind, so that whoever looks sees a run that was taken up and is executed
        no more; `forget` it once its end is recorded.
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        # Locked before others see it: at no instant does it look given up.
        draft = self._folder / f".{run_id}.{os.getpid()}"
        with draft.open("w", encoding="utf-8") as file:
            draft.chmod(0o600)
            fcntl.flock(file, fcntl.LOCK_EX)
            json.dump({"host": socket.gethostname(), "pid": os.getpid()}, file)
            file.flush()
            draft.replace(self._folder / run_id)
            self._taken_up(run_id)
            yield

    def look(self, run_id: str) -> Execution | None:
        """Who executes the run, or did until it ended; None where nobody here took it up."""
        try:
            with (self._folder / run_id).open(encoding="utf-8") as file:
                is_alive = _is_locked(file.fileno())
                content = json.load(file)
        except (FileNotFoundError, ValueError):
            return None
        return Execution(run_id, content["host"], content["pid"], is_alive)

    def all(self) -> list[Execution]:
        """Every run with a file."""
        if not self._folder.is_dir():
            return []
        names = sorted(path.name for path in self._folder.iterdir() if path.name[0] != ".")
        return [found for name in names if (found := self.look(name))]

    def forget(self, run_id: str) -> None:
        """Its end is recorded: nobody needs to look for it."""
        (self._folder / run_id).unlink(missing_ok=True)
        self._taken_up(run_id)

    def _taken_up(self, run_id: str) -> None:
        (self._launched / run_id).unlink(missing_ok=True)


def executions_of(settings: Settings) -> Executions:
    """The runs of this home."""
    return Executions(settings.dagster_home / "executing")


def _is_locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False
