"""A process that has imported everything and forks a child per task, so that children start warm.

Reads one JSON task per line, answers with the child's process id. The child does the task, writes
`result.json` into the task's folder and ends; killed, it leaves none. Nothing that does not
survive a fork (DuckDB, threads, connections) may be opened here.
"""

import contextlib
import fcntl
import io
import json
import os
import pty
import resource
import select
import signal
import struct
import sys
import termios
import traceback
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

Task = Callable[..., Any]


def run_jobs(
    runs: list[dict[str, Any]], broken: dict[str, str] | None = None
) -> list[dict[str, Any]]:
    """Run jobs one after another: how each ended, and the CPU seconds it took.

    `broken`: whom the code of which step breaks on (`breakage`).
    """
    from lead_platform.orchestration.runs import run_job
    from lead_platform.settings import Settings
    from tests.integration.breakage import break_steps

    break_steps(broken or {})
    outcomes = []
    for run in runs:
        started = _cpu_seconds()
        outcome = run_job(
            Settings(),
            run.get("job", "process_new_leads"),
            operations={"intake": {"files": run["files"]}} if run.get("files") else {},
            as_of=datetime.fromisoformat(run["as_of"]) if run.get("as_of") else None,
            rows=run.get("rows"),
        )
        outcomes.append({**outcome.__dict__, "cpu_seconds": _cpu_seconds() - started})
    return outcomes


def trace_jobs(runs: list[dict[str, Any]], folder: str) -> dict[str, Any]:
    """As `run_jobs`: how each run ended, and the statements of each step over all of them."""
    from dagster import DagsterInstance

    from tests.integration.tracing import Trace

    trace = Trace(Path(folder))
    trace.begin()
    outcomes = run_jobs(runs)
    with DagsterInstance.get() as instance:
        steps = [
            (step.step_key, (step.start_time, step.end_time))
            for outcome in outcomes
            for step in instance.get_run_step_stats(outcome["run_id"])
        ]
    return {"outcomes": outcomes, "statements": trace.statements(steps)}


def declare_steps() -> dict[str, dict[str, list[str]]]:
    """What each step declares: tables it `writes` and `reads`, `also_writes` and `reads_back`."""
    from dagster import AssetsDefinition

    from lead_platform.definitions import defs
    from lead_platform.lake.specs import ALSO_WRITES, COMES_AFTER, READS_BACK

    steps = {}
    for assets in defs.assets or ():
        if not isinstance(assets, AssetsDefinition):
            continue
        specs = list(assets.specs)
        metadata = [spec.metadata for spec in specs]
        writes = {".".join(spec.key.path) for spec in specs}
        awaited = set().union(*(told.get(COMES_AFTER, ()) for told in metadata))
        reads = {".".join(dep.asset_key.path) for spec in specs for dep in spec.deps} - awaited
        steps[assets.node_def.name] = {
            "writes": sorted(writes),
            "reads": sorted(reads - writes),
            "also_writes": sorted(set().union(*(told.get(ALSO_WRITES, ()) for told in metadata))),
            "reads_back": sorted(set().union(*(told.get(READS_BACK, ()) for told in metadata))),
        }
    return steps


def run_command(argv: list[str]) -> int:
    """The `lead-platform` command with these arguments: its exit code."""
    from lead_platform.cli.main import main

    sys.argv = ["lead-platform", *argv]
    try:
        main()
    except SystemExit as ended:
        return ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    return 0


def run_on_terminal(
    argv: list[str], dialogue: list[tuple[str, str]], rows: int, columns: int
) -> dict[str, Any]:
    """The `lead-platform` command on a terminal of its own: how it ended and all it showed.

    `dialogue` is what to wait for on the screen and the keys to press then; keys that are empty
    hang up: the terminal goes away.
    """
    pid, terminal = pty.fork()
    if pid == 0:
        code = 70
        try:
            _be_on_terminal(rows, columns)
            code = run_command(argv)
            sys.stdout.flush()
        finally:
            os._exit(code)
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    shown, seen = "", 0
    for awaited, keys in dialogue:
        while awaited not in shown[seen:]:
            if not (more := _read_terminal(terminal)):
                raise AssertionError(f"{awaited!r} was not shown after: {shown}")
            shown += more
        seen = shown.index(awaited, seen) + len(awaited)
        if not keys:
            os.close(terminal)
            break
        os.write(terminal, keys.encode())
    else:
        while more := _read_terminal(terminal):
            shown += more
    _, status = os.waitpid(pid, 0)
    return {"exit_code": os.waitstatus_to_exitcode(status), "shown": shown}


def _be_on_terminal(rows: int, columns: int) -> None:
    """The console of this warm process was made where there was no terminal; interrupts may be
    ignored, as they are in what a shell starts in its background."""
    from lead_platform.cli.terminal import console

    os.environ |= {"COLUMNS": str(columns), "LINES": str(rows), "TERM": "xterm-256color"}
    console.__init__()  # type: ignore[misc]
    signal.signal(signal.SIGINT, signal.default_int_handler)


def _read_terminal(terminal: int) -> str:
    """What is shown next; nothing once the command has ended, or waits for a key for long."""
    if not select.select([terminal], [], [], 30)[0]:
        return ""
    try:
        return os.read(terminal, 65_536).decode(errors="replace")
    except OSError:
        return ""


def list_checks(run_id: str) -> list[dict[str, Any]]:
    """The asset checks that Dagster shows for a run, in their order."""
    from dagster import DagsterEventType, DagsterInstance

    from lead_platform.orchestration.runs import prepare_instance
    from lead_platform.settings import Settings

    prepare_instance(Settings())
    with DagsterInstance.get() as instance:
        logs = instance.all_logs(run_id, of_type=DagsterEventType.ASSET_CHECK_EVALUATION)
    evaluations = [log.get_dagster_event().asset_check_evaluation_data for log in logs]
    return [
        {
            "table": ".".join(evaluation.asset_key.path),
            "check": evaluation.check_name,
            "passed": evaluation.passed,
            "blocking": evaluation.blocking,
            "severity": evaluation.severity.value,
            "metadata": {key: str(value.value) for key, value in evaluation.metadata.items()},
        }
        for evaluation in evaluations
    ]


def watch_releases(stop: str) -> dict[str, Any]:
    """Read every release while others write, until `stop` exists; see `reader.watch`."""
    from lead_platform.settings import Settings
    from tests.integration.reader import watch

    return watch(Settings(), Path(stop))


def copy_submissions(source: dict[str, str]) -> int:
    """Write the capture tables of another installation into this one, gated; rows copied."""
    from lead_platform.lake.lake import Lake
    from lead_platform.settings import Settings
    from tests.integration.installation import CAPTURE_TABLES

    origin = Lake(Settings.model_validate(source))
    copied = 0
    with origin.read() as reader, Lake(Settings()).write("rebuild") as candidate:
        for table in CAPTURE_TABLES:
            rows = reader.execute(f"from {table}").to_arrow_table()
            candidate.connection.register("rows", rows)
            candidate.connection.execute(f"insert into {table} by name select * from rows")
            candidate.connection.unregister("rows")
            copied += rows.num_rows
    return copied


def judge_pairs(
    pairs: list[tuple[str, str]], verdict: str, decided_at: str, grain: str = "LEADS"
) -> int:
    """A person's word on pairs of submissions, one act each; how many said anything new.

    `grain`: of whom it speaks, LEADS or ACCOUNTS.
    """
    from lead_platform.identity.judgement.account_verdicts import ACCOUNTS
    from lead_platform.identity.judgement.verdicts import (
        LEADS,
        Act,
        Verdict,
        ordered,
        record_verdicts,
    )
    from lead_platform.lake.lake import Lake
    from lead_platform.settings import Settings

    at = datetime.fromisoformat(decided_at)
    acts = [
        (
            Act("judge_pair", "match_pair", f"{one}/{other}", "review", "looked", "Dana", at),
            [Verdict(ordered(one, other), verdict)],
        )
        for one, other in pairs
    ]
    with Lake(Settings()).write("verdicts") as candidate:
        spoken_of = {"LEADS": LEADS, "ACCOUNTS": ACCOUNTS}[grain]
        return len(record_verdicts(candidate.connection, acts, spoken_of))


TASKS: dict[str, Task] = {
    task.__name__: task
    for task in (
        run_jobs,
        trace_jobs,
        declare_steps,
        run_command,
        run_on_terminal,
        list_checks,
        watch_releases,
        copy_submissions,
        judge_pairs,
    )
}


def _cpu_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def _be_child(task: dict[str, Any]) -> None:
    """Do the task in this forked process and end it."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    folder = Path(task["folder"])
    for name, stream in (("out", sys.stdout), ("err", sys.stderr)):
        with (folder / f"{name}.txt").open("wb") as file:
            os.dup2(file.fileno(), stream.fileno())
    for name in [name for name in os.environ if name.startswith("LEAD_PLATFORM_")]:
        del os.environ[name]
    os.environ.update(task["environment"])
    try:
        result = {"value": TASKS[task["task"]](**task["arguments"])}
    except BaseException:
        result = {"error": traceback.format_exc()}
    with contextlib.suppress(io.UnsupportedOperation):
        sys.stdout.flush()
        sys.stderr.flush()
    partial = folder / "result.partial"
    partial.write_text(json.dumps(result, default=str), encoding="utf-8")
    partial.rename(folder / "result.json")
    os._exit(0)


def main() -> None:
    """Import, say so, then fork a child per task until the input ends."""
    from dagster import DagsterInstance

    from lead_platform.lake.connection import verify_extensions
    from lead_platform.orchestration.runs import import_everything, prepare_instance, warm_up
    from lead_platform.settings import Settings

    import_everything()
    import lead_platform.cli.main
    import lead_platform.cli.pages.story
    import lead_platform.cli.pages.summary  # noqa: F401

    # Opening and closing an instance imports what its storage needs.
    prepare_instance(Settings())
    with DagsterInstance.get() as instance:
        instance.get_runs(limit=1)
    warm_up(Settings())
    for url in (None, "postgresql://the/server/profile"):
        verify_extensions(Settings(database_url=url))
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    print("ready", flush=True)
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            _be_child(json.loads(line))
        print(pid, flush=True)


if __name__ == "__main__":
    main()
