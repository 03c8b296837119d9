"""What the other processes of the lake's tests do, and how they are started.

They are forked from a server that has imported everything already: a process that imports Great
Expectations first takes seconds, a fork takes milliseconds, and `kill -9` hits it all the same.
"""

import multiprocessing
import os
import time
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.context import ForkServerProcess
from multiprocessing.synchronize import Event
from typing import Any

from lead_platform.lake.gate import Gate, Verdict
from lead_platform.lake.lake import Candidate, GateFailedError, Lake
from lead_platform.lake.releases import Release
from lead_platform.settings import Settings

PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["tests.lake.preloaded"])

STAGES = ("opening", "writing", "judging", "publishing", "refusing")

# Steps of `write_step` are deterministic; each third one tries a poisoned write first.
POISONED_EVERY = 3


def start(work: Callable[..., None], *arguments: Any) -> ForkServerProcess:
    """Start `work` in a process of its own."""
    process = PROCESSES.Process(target=work, args=arguments, daemon=True)
    process.start()
    return process


def kill(process: ForkServerProcess) -> None:
    """`kill -9`, and wait until it is gone."""
    process.kill()
    process.join()


class StagedLake(Lake):
    """A lake that tells another process which stage of a write it is in."""

    stage: Any = None

    def _publish(self, *arguments: Any) -> Release:
        self.stage.value = STAGES.index("publishing")
        return super()._publish(*arguments)

    def _take_back(self, *arguments: Any) -> Release:
        self.stage.value = STAGES.index("refusing")
        return super()._take_back(*arguments)


def write_steps(settings: Settings, stage: Any, done: Any, limit: int | None) -> None:
    """Write one step after the other from the first that is not published, up to `limit`.

    `stage` and `done` (steps published by this process) are shared with the process that kills.
    """
    judge = Gate.judge

    def judge_in_stage(gate: Gate, since: int) -> Verdict:
        stage.value = STAGES.index("judging")
        return judge(gate, since)

    Gate.judge = judge_in_stage  # type: ignore[method-assign]
    lake = StagedLake(settings)
    lake.stage = stage
    step = next_step(lake)
    while limit is None or step < limit:
        stage.value = STAGES.index("writing")
        write_step(lake, step)
        step += 1
        done.value += 1


def next_step(lake: Lake) -> int:
    """The first step that readers do not see yet."""
    with lake.read() as connection:
        row = connection.execute(
            "select coalesce(max(step) + 1, 0) from trial.left_side"
        ).fetchone()
    assert row is not None
    return int(row[0])


def write_step(lake: Lake, step: int) -> None:
    """One step: rows in several tables, an update, a replaced table, a removal that cascades."""
    if step % POISONED_EVERY == 1:
        with suppress(GateFailedError), lake.write(f"poisoned step {step}") as candidate:
            _change(candidate.connection.execute, step)
            candidate.connection.execute("update trial.left_side set amount = -1 where step = 0")
    if step % 2:
        with lake.supervise(f"step {step}") as candidate:
            _change(_committing(candidate), step)
    else:
        with lake.write(f"step {step}") as candidate:
            _change(candidate.connection.execute, step)


def _committing(candidate: Candidate) -> Callable[..., None]:
    """Executes each statement as a signed commit of its own."""

    def execute(*statement: Any) -> None:
        with candidate.fence.transaction():
            candidate.connection.execute(*statement)

    return execute


def _change(execute: Callable[..., Any], step: int) -> None:
    amount = 7 * step + 1
    execute("insert into trial.left_side values (?, ?)", [step, amount])
    bulk = 250 if step % 4 == 0 else 3
    execute(
        """
        insert into trial.leads
        select 'lead_' || ? || '_' || n, 'a@example.org', n % 100, 'low', n, ['x'],
            timestamp '2026-01-01', null
        from range(?) as numbers(n)
        """,
        [step, bulk],
    )
    execute(
        "insert into trial.scores select lead_id, 'fit', points from trial.leads "
        "where starts_with(lead_id, 'lead_' || ? || '_')",
        [step],
    )
    execute("update trial.leads set points = (points + 1) % 100 where amount < 2")
    execute("delete from trial.leads where lead_id = 'lead_' || ? || '_0'", [step - 1])
    if step % 5 == 2:
        execute(
            "create or replace table trial.decisions as select 'decision_' || lead_id as "
            "decision_id, lead_id from trial.leads where amount = 1"
        )
    execute("insert into trial.right_side values (?, ?)", [step, amount])


def poll(settings: Settings, stop: Event, looks: Any, releases: Any, answers: Any) -> None:
    """Read whole states until told to stop, counting `looks` and the `releases` among them; then
    send all that was seen."""
    lake = Lake(settings)
    seen: list[tuple] = []
    while not stop.is_set():
        with lake.read() as connection:
            first = connection.execute(SIDES).fetchone()
            release = connection.execute("select max(snapshot_id) from governance.releases")
            assert first is not None
            newest = release.fetchone()
            assert newest is not None
            orphans = connection.execute(ORPHANS).fetchone()
            assert orphans is not None
            # The same transactionless connection must still show the same release.
            again = connection.execute(SIDES).fetchone()
            seen.append((newest[0], *first, orphans[0], first == again))
        looks.value, releases.value = len(seen), len({release for release, *_ in seen})
    answers.send(seen)
    answers.close()


SIDES = """
    select
        (select count(*) from trial.left_side), (select count(*) from trial.right_side),
        (select coalesce(sum(amount), 0) from trial.left_side),
        (select coalesce(sum(amount), 0) from trial.right_side)
"""

ORPHANS = "select count(*) from trial.scores anti join trial.leads using (lead_id)"


def count_up(settings: Settings, name: str, times: int, start_together: Any) -> None:
    """Read, add one and write back, and add rows of its own, `times` times."""
    lake = Lake(settings)
    next_step(lake)
    start_together.wait()
    for number in range(times):
        with lake.write(f"{name} {number}") as candidate:
            candidate.connection.execute(
                "update trial.left_side set amount = amount + 1 where step = 0"
            )
            candidate.connection.execute(
                "insert into trial.decisions select ? || n, 'lead_0' from range(3) as numbers(n)",
                [f"{name}_{number}_"],
            )


def hold_lock(settings: Settings, held: Event, release: Event) -> None:
    """Stay inside a write until told to leave it."""
    lake = Lake(settings)
    with lake.write("a long import") as candidate:
        candidate.connection.execute("insert into trial.left_side values (100, 1)")
        held.set()
        release.wait()


def hold_read(settings: Settings, reading: Event, release: Event) -> None:
    """Stay inside a read until told to leave it."""
    with Lake(settings).read() as connection:
        connection.execute("from trial.leads").fetchall()
        reading.set()
        release.wait()


def open_lake(settings: Settings) -> None:
    """Open the lake, bringing its tables to this version where they are not."""
    Lake(settings).published()


def open_and_wait(settings: Settings, answers: Any) -> None:
    """Open the lake as a reader, and say how long that took and what it saw."""
    started = time.monotonic()
    lake = Lake(settings)
    seen = next_step(lake)
    answers.send((os.getpid(), seen, time.monotonic() - started))
    answers.close()
