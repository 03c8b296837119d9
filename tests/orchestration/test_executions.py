"""Who executes a run: told by a lock the system frees, so never by hearsay."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from lead_platform.orchestration.executions import Executions

HOLDER = """
import sys, time
from pathlib import Path
from lead_platform.orchestration.executions import Executions
with Executions(Path(sys.argv[1])).executing("run"):
    print("held", flush=True)
    time.sleep(3600)
"""


def test_run_is_alive_while_its_process_is_and_given_up_after(tmp_path: Path) -> None:
    executions = Executions(tmp_path)
    assert executions.look("run") is None
    assert executions.all() == []
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)], stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout
    assert holder.stdout.readline() == "held\n"
    (execution,) = executions.all()
    assert execution.is_alive
    assert execution.pid == holder.pid
    # A stopped process is no dead one.
    os.kill(holder.pid, signal.SIGSTOP)
    found = executions.look("run")
    assert found
    assert found.is_alive
    assert execution.kill()
    holder.wait()
    found = executions.look("run")
    assert found
    assert not found.is_alive
    assert not found.kill()
    executions.forget("run")
    assert executions.look("run") is None


def test_process_of_another_machine_is_not_killed(tmp_path: Path) -> None:
    executions = Executions(tmp_path)
    with executions.executing("run"):
        path = tmp_path / "run"
        path.write_text(path.read_text().replace(os.uname().nodename, "elsewhere"))
        found = executions.look("run")
        assert found
        assert found.is_alive
        assert not found.kill()


def test_half_written_and_unreadable_files_are_nobody(tmp_path: Path) -> None:
    (tmp_path / "run").write_text('{"host": "a')
    (tmp_path / ".draft").write_text("")
    assert Executions(tmp_path).all() == []
