"""The kill switches work while a writer hangs, and what is at work stops within seconds.

They lay in the lake: one could not be thrown for as long as a writer held the lock, and a step at
work never looked at its own again.
"""

import os
import signal
import sqlite3
import tempfile
import threading
import time
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import urlsplit

import pytest

from lead_platform.lake.audit import record_run
from lead_platform.lake.brake import Brake, WorkflowStoppedError, check_brake, interruptible
from lead_platform.lake.lake import Lake
from lead_platform.lake.postgres import connect_postgres
from lead_platform.lake.switches import (
    WORKFLOWS,
    Switch,
    UnknownWorkflowError,
    _SqliteSwitches,
    copy_to_lake,
    open_switches,
    switches_of,
)
from lead_platform.parallel import map_in_processes
from lead_platform.settings import Settings
from tests.lake import trial, workers

AT = datetime(2026, 7, 1, 9)
PATIENCE_SECONDS = 60.0
# Two seconds until the switch is looked at, and room for a busy machine.
STOPPED_WITHIN_SECONDS = 15.0

# Hours of work for DuckDB that holds no memory.
ENDLESS = """
    insert into trial.left_side
    select 1, count(*) from range(10000000) as a(i), range(10000000) as b(j)
    where hash(i, j) % 1000003 = 1
"""


def off(workflow: str = "routing") -> Switch:
    """Dana's decision."""
    return Switch(workflow, False, "Dana", "territories change", AT)


def on(workflow: str = "routing") -> Switch:
    """Dana's later decision."""
    return Switch(workflow, True, "Dana", "territories are in", AT.replace(hour=10))


def test_the_newest_change_of_a_workflow_counts(settings: Settings) -> None:
    switches = open_switches(settings)
    assert all(switch.is_enabled for switch in switches.all())
    assert switches.throw(off())
    assert not switches.throw(off()), "it stood that way already"
    assert open_switches(settings).read("routing") == off()
    assert switches.read("scoring").is_enabled
    assert switches.throw(on())
    assert switches.read("routing") == on()
    assert switches.history() == [off(), on()]


def test_a_switch_needs_a_known_workflow_a_person_and_a_reason(settings: Settings) -> None:
    switches = open_switches(settings)
    with pytest.raises(UnknownWorkflowError, match=r"'routeing'. Known: capture, identity"):
        switches.throw(off("routeing"))
    with pytest.raises(UnknownWorkflowError, match="'routeing'"):
        switches.read("routeing")
    with pytest.raises(ValueError, match="--by"):
        switches.throw(Switch("routing", False, " ", "because", AT))
    assert switches.history() == []


@pytest.mark.parametrize(
    ("said", "kept"),
    [("Jörg, wegen Änderung", "Jörg, wegen Änderung"), ("10 €", "10 €"), ("Ren\udce9", r"Ren\xe9")],
)
def test_a_switch_is_thrown_whatever_is_said(settings: Settings, said: str, kept: str) -> None:
    """A terminal hands on any bytes: the brake was not put on for the letter in a name."""
    switches = open_switches(settings)
    assert switches.throw(Switch("routing", False, said, said, AT))
    thrown = switches.read("routing")
    assert not thrown.is_enabled
    assert (thrown.reason, thrown.changed_by) == (kept, kept)


@pytest.mark.parametrize("encoding", ["SQL_ASCII", "LATIN1", "UTF8"])
def test_a_switch_is_thrown_in_a_database_of_any_encoding(
    settings: Settings, encoding: str
) -> None:
    if not settings.database_url:
        pytest.skip("a file has no encoding")
    parts = urlsplit(settings.database_url)
    name = f"{parts.path.lstrip('/')}_{encoding.lower()}"
    url = parts._replace(path=f"/{name}").geturl()
    with closing(connect_postgres(settings.database_url)) as connection:
        connection.cursor().execute(
            f"create database {name} encoding '{encoding}' lc_collate 'C' lc_ctype 'C' "
            "template template0"
        )
    switches = open_switches(settings.model_copy(update={"database_url": url}))
    assert switches.throw(Switch("routing", False, "Jörg", "wegen 10 € Änderung", AT))
    thrown = switches.read("routing")
    assert not thrown.is_enabled
    assert thrown.reason.startswith("wegen 10 ")
    assert thrown.changed_by in ("Jörg", "J\\xf6rg")


def test_a_switch_is_thrown_while_a_writer_hangs(trial_settings: Settings) -> None:
    lake = trial.open_trial(trial_settings)
    held, release = workers.PROCESSES.Event(), workers.PROCESSES.Event()
    hung = workers.start(workers.hold_lock, trial_settings, held, release)
    assert held.wait(PATIENCE_SECONDS)
    assert hung.pid is not None
    os.kill(hung.pid, signal.SIGSTOP)
    try:
        started = time.monotonic()
        assert switches_of(Lake(trial_settings)).throw(off())
        assert switches_of(lake).read("routing") == off()
        assert time.monotonic() - started < 10, "opening a second lake takes most of it"
        started = time.monotonic()
        assert open_switches(trial_settings).throw(on())
        assert time.monotonic() - started < 2
    finally:
        os.kill(hung.pid, signal.SIGCONT)
        workers.kill(hung)


def test_what_an_earlier_version_kept_in_the_lake_counts(lake: Lake) -> None:
    with lake.write("an earlier version") as candidate:
        for switch in (off("routing"), off("scoring")):
            candidate.connection.execute(
                "insert into governance.workflow_switches values (?, ?, ?, ?, ?)",
                list(switch.__dict__.values()),
            )
    open_switches(lake.settings).throw(off("scoring"))
    open_switches(lake.settings).throw(on("scoring"))
    switches = switches_of(lake)
    assert switches.read("routing") == off("routing")
    assert switches.read("scoring") == on("scoring"), "thrown since, so it counts more"
    switches.throw(on("routing"))
    assert switches_of(lake).read("routing") == on("routing"), "taken over once"


def test_the_lake_follows_and_once_is_enough(lake: Lake) -> None:
    switches = open_switches(lake.settings)
    switches.throw(off())
    switches.throw(on())
    for _ in range(2):
        with lake.write("a step") as candidate:
            copy_to_lake(switches, candidate.connection, run_id="run_1")
    assert candidate.release is None, "nothing was left to write"
    with lake.read() as connection:
        kept = connection.execute("from governance.workflow_switches").fetchall()
        told = connection.execute(
            "select action, actor, reason, before, after from governance.audit_log order by all"
        ).fetchall()
    assert kept == [tuple(on().__dict__.values())]
    assert told == [
        ("disable_workflow", "Dana", "territories change", "enabled", "disabled"),
        ("enable_workflow", "Dana", "territories are in", "disabled", "enabled"),
    ]


def test_every_workflow_s_switch_passes_the_suites(lake: Lake) -> None:
    # A workflow the suites did not list: thrown once, every later write was refused.
    switches = open_switches(lake.settings)
    for workflow in WORKFLOWS:
        switches.throw(off(workflow))
    with lake.write("a step") as candidate:
        assert copy_to_lake(switches, candidate.connection, run_id="run_1") == len(WORKFLOWS)
        for workflow in WORKFLOWS:
            record_run(
                candidate.connection, workflow, run_id="run_1", status="skipped", reason="off",
                started_at=AT, finished_at=AT, items=0,
            )  # fmt: skip
    assert candidate.release is not None
    assert candidate.release.status == "passed"


@pytest.mark.parametrize("damage", ["lost", "empty", "garbage", "cut"])
def test_a_lost_file_releases_no_brake(
    embedded_settings: Settings, capsys: pytest.CaptureFixture[str], damage: str
) -> None:
    """The file gone, every workflow was on again; one of garbage ended in a traceback."""
    lake = Lake(embedded_settings)
    switches_of(lake).throw(off())
    file = embedded_settings.home / "switches.sqlite"
    spoil(file, damage)
    assert open_switches(embedded_settings).read("routing") == off()
    # Before anybody asks the lake, throwing another one keeps what was thrown.
    open_switches(embedded_settings).throw(off("scoring"))
    assert switches_of(lake).history()[-2:] == [off(), off("scoring")]
    told = capsys.readouterr().err
    assert f"{file} lacked 2 entries: they were taken from switches.json" in told
    aside = list(file.parent.glob("switches.sqlite.broken_*"))
    assert len(aside) == (0 if damage == "lost" else 1)
    # Told and mended once; and either of the two files is enough.
    assert switches_of(Lake(embedded_settings)).is_whole()
    assert capsys.readouterr().err == ""
    spoil(file.with_suffix(".json"), damage)
    assert switches_of(lake).read("routing") == off()
    file.unlink()
    assert switches_of(lake).read("scoring") == off("scoring")


@pytest.mark.parametrize("damage", ["lost", "garbage"])
def test_with_both_files_lost_the_lake_counts(embedded_settings: Settings, damage: str) -> None:
    lake = Lake(embedded_settings)
    switches = switches_of(lake)
    switches.throw(off())
    with lake.write("a step") as candidate:
        copy_to_lake(switches, candidate.connection, run_id="run_1")
    for name in ("switches.sqlite", "switches.json"):
        spoil(embedded_settings.home / name, damage)
    assert switches_of(lake).read("routing") == off()
    assert switches_of(lake).read("scoring").is_enabled


def test_what_is_newer_in_the_lake_counts_for_its_workflow(embedded_settings: Settings) -> None:
    lake = Lake(embedded_settings)
    switches = switches_of(lake)
    copy = embedded_settings.home / "switches.json"
    switches.throw(off("scoring"))
    early = copy.read_bytes()
    switches.throw(off())
    switches.throw(on("scoring"))
    with lake.write("a step") as candidate:
        copy_to_lake(switches, candidate.connection, run_id="run_1")
    copy.write_bytes(early)
    (embedded_settings.home / "switches.sqlite").unlink()
    assert switches_of(lake).read("routing") == off()
    assert switches_of(lake).read("scoring") == on("scoring")


def test_with_nothing_left_all_is_off_until_somebody_decides(embedded_settings: Settings) -> None:
    switches_of(Lake(embedded_settings)).throw(off())
    for name in ("switches.sqlite", "switches.json", "lake/catalog.sqlite"):
        spoil(embedded_settings.home / name, "garbage")
    switches = switches_of(Lake(embedded_settings))
    assert not any(switch.is_enabled for switch in switches.all())
    reason = switches.read("scoring").off_because
    assert reason is not None
    assert str(embedded_settings.home / "switches.sqlite") in reason
    assert "lead-platform workflows enable" in reason
    # Said of one, it counts for that one only.
    assert switches.throw(on())
    assert switches.throw(off("scoring"))
    later = switches_of(Lake(embedded_settings))
    assert [switch.workflow for switch in later.all() if switch.is_enabled] == ["routing"]


def test_a_brake_killed_while_being_thrown_blocks_nobody(embedded_settings: Settings) -> None:
    """`kill -9` of `workflows disable` left a journal that readers, being read-only, could not take
    back: `attempt to write a readonly database`, from every switch and every run, for good."""
    file = embedded_settings.home / "switches.sqlite"
    switches_of(Lake(embedded_settings)).throw(off())
    for read in (
        lambda: open_switches(embedded_settings).read("routing"),
        lambda: open_switches(embedded_settings).history()[-1],
        lambda: switches_of(Lake(embedded_settings)).read("routing"),
    ):
        throw_and_die(embedded_settings)
        assert Path(f"{file}-journal").exists()
        assert read() == off()
    throw_and_die(embedded_settings)
    assert open_switches(embedded_settings).throw(off("capture"))
    assert open_switches(embedded_settings).history()[-2:] == [off(), off("capture")]
    assert open_switches(embedded_settings).read("scoring").is_enabled, "it was never thrown"
    assert not list(file.parent.glob("*.broken_*"))


def test_the_first_brake_killed_while_being_thrown_is_thrown_by_the_next(
    embedded_settings: Settings,
) -> None:
    throw_and_die(embedded_settings)
    assert open_switches(embedded_settings).read("scoring").is_enabled
    assert open_switches(embedded_settings).throw(off("scoring"))
    assert open_switches(embedded_settings).history() == [off("scoring")]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can read as somebody else")
def test_a_brake_killed_while_being_thrown_is_read_where_nothing_may_be_written() -> None:
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        settings = Settings(home=home)
        open_switches(settings).throw(off())
        throw_and_die(settings)
        (home / "switches.json").unlink()
        for path in (*home.iterdir(), home):
            path.chmod(0o555)
        found = workers.PROCESSES.Queue()
        reader = workers.start(read_as_nobody, settings, found)
        assert found.get(timeout=PATIENCE_SECONDS) == [off()]
        reader.join()
        assert (home / "switches.sqlite-journal").exists()


def read_as_nobody(settings: Settings, found: Any) -> None:
    os.setuid(65534)
    tempfile.tempdir = None
    found.put(open_switches(settings).history())


def throw_and_die(settings: Settings) -> None:
    """Throw a switch in another process that is killed with its journal written."""
    thrower = workers.start(die_throwing, settings)
    thrower.join()
    assert thrower.exitcode == -signal.SIGKILL


def die_throwing(settings: Settings) -> None:
    switches = _SqliteSwitches(settings.home / "switches.sqlite")
    switches._connect = lambda: dying(switches._path)  # type: ignore[method-assign]
    switches.throw(off("scoring"))


def dying(database: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(database, factory=Dying)
    # The journal counts from its first byte on, not only once the disk has it.
    connection.execute("pragma synchronous = off")
    return connection


class Dying(sqlite3.Connection):
    """Killed where it would commit."""

    def __exit__(self, *arguments: object) -> NoReturn:  # type: ignore[override]
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError


def spoil(file: Path, damage: str) -> None:
    """What disks, people and half a copy do to a file."""
    if damage == "lost":
        file.unlink()
    elif damage == "cut":
        file.write_bytes(file.read_bytes()[: file.stat().st_size // 2])
    else:
        file.write_bytes(b"" if damage == "empty" else b"no database at all " * 400)


def throw_soon(settings: Settings) -> "list[float]":
    """Throw the switch from another thread in a moment; the instant it was thrown."""
    thrown: list[float] = []

    def throw() -> None:
        time.sleep(0.7)
        open_switches(settings).throw(off())
        thrown.append(time.monotonic())

    threading.Thread(target=throw, daemon=True).start()
    return thrown


def test_a_long_statement_stops_and_leaves_nothing(trial_lake: Lake) -> None:
    before = trial.contents(trial_lake)
    thrown = throw_soon(trial_lake.settings)
    brake = Brake(open_switches(trial_lake.settings), "routing")
    with pytest.raises(WorkflowStoppedError, match="switched off by Dana: territories change"):
        _write_endlessly(trial_lake, brake)
    assert time.monotonic() - thrown[0] < STOPPED_WITHIN_SECONDS
    assert trial.contents(trial_lake) == before
    with pytest.raises(WorkflowStoppedError), brake.watching():
        pytest.fail("it does not even begin")
    open_switches(trial_lake.settings).throw(on())
    with Brake(open_switches(trial_lake.settings), "routing").watching():
        trial.write(trial_lake, "insert into trial.left_side values (1, 1)")
    assert trial.count_rows(trial_lake, "trial.left_side") == 1


def _write_endlessly(lake: Lake, brake: Brake) -> None:
    with brake.watching(), lake.supervise("long") as candidate:
        trial.commit(candidate, "insert into trial.left_side values (7, 7)")
        trial.commit(candidate, ENDLESS)


def test_python_between_statements_stops(embedded_settings: Settings) -> None:
    thrown = throw_soon(embedded_settings)
    brake = Brake(open_switches(embedded_settings), "routing")
    with pytest.raises(WorkflowStoppedError), brake.watching():
        _compute_endlessly()
    assert time.monotonic() - thrown[0] < STOPPED_WITHIN_SECONDS


def _compute_endlessly() -> None:
    while True:
        check_brake()
        time.sleep(0.01)


def test_work_in_other_processes_stops(embedded_settings: Settings) -> None:
    brake = Brake(open_switches(embedded_settings), "routing")
    threading.Timer(4, lambda: open_switches(embedded_settings).throw(off())).start()
    started = time.monotonic()
    with pytest.raises(WorkflowStoppedError), brake.watching():
        map_in_processes(time.sleep, [120, 120])
    assert time.monotonic() - started < 4 + STOPPED_WITHIN_SECONDS


def test_waiting_for_the_writer_lock_stops(trial_lake: Lake) -> None:
    thrown = throw_soon(trial_lake.settings)
    brake = Brake(open_switches(trial_lake.settings), "routing")
    rival = Lake(trial_lake.settings)
    with trial_lake.write("long"), pytest.raises(WorkflowStoppedError), brake.watching():
        trial.write(rival, "insert into trial.left_side values (1, 1)")
    assert time.monotonic() - thrown[0] < STOPPED_WITHIN_SECONDS


def test_nothing_is_interrupted_once_its_block_has_ended(embedded_settings: Settings) -> None:
    # What follows a step's writing, publishing or restoring, runs to its end.
    brake = Brake(open_switches(embedded_settings), "routing")
    interrupted: list[float] = []
    with brake.watching():
        with interruptible(lambda: interrupted.append(time.monotonic())):
            open_switches(embedded_settings).throw(off())
            deadline = time.monotonic() + PATIENCE_SECONDS
            while not interrupted and time.monotonic() < deadline:
                time.sleep(0.01)
        seen = len(interrupted)
        assert seen
        time.sleep(0.7)
        assert len(interrupted) == seen


def test_an_error_that_is_not_the_brake_s_stays_what_it_is(embedded_settings: Settings) -> None:
    brake = Brake(open_switches(embedded_settings), "routing")
    with pytest.raises(KeyError), brake.watching():
        raise KeyError("lead_1")
