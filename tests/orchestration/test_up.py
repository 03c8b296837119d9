"""`lead-platform up` under blows: each of its processes killed or stopped, runs that hang.

It once lost intake in silence when the process with the definitions died, ended with exit code 0
when the daemon or the UI did, left orphans when it was killed, did not hear an interrupt sent to it
alone, and called runs dead that lived.
"""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator

import pytest

from lead_platform.governance.notifications import open_book
from lead_platform.lake.lake import Lake
from lead_platform.orchestration.restarts import OFTEN
from lead_platform.orchestration.status import check_up
from lead_platform.processes import ProcessId
from tests.orchestration.running_up import CLI, WELL_SECONDS, RunningUp, running, wait_for

END_RUN = "mutation($id: String!) { terminateRun(runId: $id) { __typename } }"

# One `up` for the module, whose tests follow each other in one process.
pytestmark = pytest.mark.xdist_group("up")


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningUp]:
    """One that runs."""
    home = tmp_path_factory.mktemp("up") / "home"
    with running(home, LEAD_PLATFORM_ALERT_MINUTES="0") as started:
        yield started


def test_everything_is_well_and_files_are_taken(up: RunningUp) -> None:
    found = up.command("up", "--check")
    assert found.returncode == 0, found.stdout
    for part in ("code server", "webserver", "daemon", "worker"):
        assert part in found.stdout
    up.drop()
    up.wait_until_assigned()


def test_second_one_is_refused_and_names_the_first(up: RunningUp) -> None:
    refused = up.command("up", "--port", str(up.port + 1))
    assert refused.returncode == 1
    assert up.process
    assert str(up.process.pid) in refused.stderr
    # It named a UI first that there never was.
    assert refused.stdout == ""
    assert up.process.poll() is None
    assert check_up(up.settings).is_well


def test_killed_code_server_and_ui_come_back_and_files_are_taken(up: RunningUp) -> None:
    killed = {name: up.pid(name) for name in ("code server", "webserver")}
    for pid in killed.values():
        os.kill(pid, signal.SIGKILL)
    assert not check_up(up.settings).is_well
    up.drop()
    up.wait_until_assigned()
    up.wait_until_well()
    assert all(up.pid(name) != pid for name, pid in killed.items())


def test_run_of_a_killed_worker_is_over_at_once_and_tried_again(up: RunningUp) -> None:
    up.drop()
    execution = up.wait_for_run()
    os.kill(execution.pid, signal.SIGKILL)
    wait_for(lambda: up.run_status(execution.run_id) == "FAILURE", WELL_SECONDS, up.tail)
    wait_for(lambda: up.has_been_retried(execution.run_id), WELL_SECONDS, up.tail)
    up.wait_until_assigned()
    up.wait_until_well()


def test_stopped_daemon_is_replaced_while_a_run_from_elsewhere_is_let_live(up: RunningUp) -> None:
    """A run of the command line was told failed after 22 s, and succeeded later."""
    stopped = up.pid("daemon")
    os.kill(stopped, signal.SIGSTOP)
    lock = Lake(up.settings).write("a writer that takes its time")
    with lock:
        up.files += 1
        file = up.settings.home / "by_hand.jsonl"
        record = up.settings.inbox / "web_form" / f"{up.drop()}.jsonl"
        up.files -= 1
        record.rename(file)
        by_hand = subprocess.Popen(
            [*CLI, "ingest", str(file), "--channel", "web_form"],
            env=up.environment, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        execution = up.wait_for_run()
        up.wait_until_well()
        assert up.pid("daemon") != stopped
        # Long enough for run monitoring of the new daemon to have looked twice.
        time.sleep(22)
        assert up.run_status(execution.run_id) == "STARTED"
    assert by_hand.wait(120) == 0
    assert up.run_status(execution.run_id) == "SUCCESS"
    up.wait_until_assigned()


def test_runs_that_hang_are_ended_and_the_queue_goes_on(up: RunningUp) -> None:
    """One such run blocked all later ones without limit."""
    limit = "dagster/max_runtime"
    with Lake(up.settings).write("a writer that takes its time"):
        limited = up.launch({limit: "5"})
        wait_for(lambda: up.run_status(limited) == "FAILURE", WELL_SECONDS, up.tail)
        # Behind it come its own retries, each with the limit, and what takes up what it left.
        up.launch({})
        stopped = up.wait_for_run(without=limit)
        # Past its start: stopped there it would hold what the UI reads, too.
        time.sleep(5)
        os.kill(stopped.pid, signal.SIGSTOP)
        up.ask(END_RUN, id=stopped.run_id)
        wait_for(lambda: up.run_status(stopped.run_id) == "CANCELED", WELL_SECONDS, up.tail)
    up.drop()
    up.wait_until_well()
    up.wait_until_assigned()


def test_part_that_keeps_being_killed_reaches_a_person(up: RunningUp) -> None:
    """The sensor that tells of all else runs in a part: it could not tell that parts die."""
    for _ in range(OFTEN):
        _kill_and_wait(up, "webserver")
    log = up.settings.alerts / "alerts.log"
    told = "- webserver: started again"
    wait_for(lambda: log.exists() and told in log.read_text(encoding="utf-8"), 60.0, up.tail)
    (alert,) = [
        each
        for each in open_book(up.settings).alerts()
        if (each.kind, each.subject) == ("part_restarted", "webserver")
    ]
    assert (alert.state, alert.occurrences) == ("open", 1)
    up.wait_until_well()


def _kill_and_wait(up: RunningUp, name: str) -> None:
    """Kill a part; until another process is in its place."""
    killed = up.pid(name)
    os.kill(killed, signal.SIGKILL)

    def is_replaced() -> bool:
        processes = [part.process for part in up.status.parts if part.name == name]
        return any(process and process.pid != killed for process in processes)

    wait_for(is_replaced, WELL_SECONDS, up.tail)


def test_ui_refuses_foreign_hosts_and_pages(up: RunningUp) -> None:
    """A page in a browser of this machine could reach it under a name of its own."""
    query = b'{"query": "{ version }"}'
    for headers, expected in (
        ({}, 200),
        ({"Host": "evil.example"}, 400),
        ({"Origin": "http://evil.example"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Origin": f"http://localhost:{up.port}", "Sec-Fetch-Site": "same-origin"}, 200),
    ):
        assert _post(up.port, query, headers) == expected, headers


def test_killed_one_takes_its_parts_along_and_the_next_starts(up: RunningUp) -> None:
    up.drop()
    execution = up.wait_for_run()
    parts = [*up.processes(), ProcessId.of(execution.pid)]
    assert up.end(signal.SIGKILL) == -signal.SIGKILL
    wait_for(lambda: not any(process.is_running for process in parts), 10.0)
    found = check_up(up.settings)
    assert not found.is_well
    assert "does not run" in found.lines[0]
    up.drop()
    up.start()
    wait_for(lambda: up.run_status(execution.run_id) == "FAILURE", WELL_SECONDS, up.tail)
    # Without a file that comes in nobody else would take up what the run left.
    wait_for(lambda: up.has_been_retried(execution.run_id), WELL_SECONDS, up.tail)
    up.wait_until_assigned()


def test_interrupt_to_it_alone_ends_all_in_order(up: RunningUp) -> None:
    parts = up.processes()
    started = time.monotonic()
    assert up.end(signal.SIGINT) == 0
    assert time.monotonic() - started < 40
    assert not any(process.is_running for process in parts)
    assert not check_up(up.settings).is_well


def test_taken_port_is_told_at_once(up: RunningUp) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        refused = up.command("up", "--port", str(port))
    assert refused.returncode == 1
    assert f"127.0.0.1:{port}" in refused.stderr


def _post(port: int, body: bytes, headers: dict[str, str]) -> int:
    lines = {
        "Host": f"localhost:{port}",
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        "Connection": "close",
        **headers,
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(f"POST /graphql HTTP/1.1\r\n{head}\r\n".encode() + body)
        return int(connection.recv(100).split()[1])
