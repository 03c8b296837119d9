"""Crashes leave no half-truths: real writers, killed with `kill -9` again and again.

Each round starts a writer, waits for a random stage of a random step and a random moment more,
and kills it. What readers see is whole at any time, and the next writer carries on.
"""

import random
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lead_platform.lake.lake import Lake
from lead_platform.settings import Settings
from tests.lake import trial, workers

KILLS = 12
# Rounds after which a stage that was not hit yet is given up: on a busy machine a writer may have
# left a short one before the kill arrives.
MOST_ROUNDS = 40
HIT = {"writing", "judging", "publishing"}
SEED = 20260701
# A stage takes 10 to 200 ms: a kill lands before, inside or after its commits. Every other round
# over all stages kills at once, so that the shortest stage is hit on the fastest machine.
LATEST_KILL_SECONDS = 0.12
PATIENCE_SECONDS = 60.0


def test_killed_writers_end_in_the_state_of_an_undisturbed_one(
    trial_settings: Settings, new_settings: Callable[..., Settings]
) -> None:
    observer = trial.open_trial(trial_settings)
    luck = random.Random(SEED)
    killed_in: Counter[str] = Counter()
    for round_number in range(MOST_ROUNDS):
        if round_number >= KILLS and set(killed_in) >= HIT:
            break
        lap, place = divmod(round_number, len(workers.STAGES))
        delay = luck.uniform(0, LATEST_KILL_SECONDS) if lap % 2 else 0.0
        steps_before = luck.randrange(2)
        killed_in[_run_and_kill(trial_settings, workers.STAGES[place], steps_before, delay)] += 1
        _assert_whole(observer)

    steps = workers.next_step(observer) + 2
    _run_to(trial_settings, steps)
    undisturbed = new_settings("undisturbed", expectations_dir=trial_settings.expectations_dir)
    trial.open_trial(undisturbed)
    _run_to(undisturbed, steps)

    assert trial.contents(observer) == trial.contents(Lake(undisturbed))
    labels = [release.label for release in observer.releases(limit=1000)]
    published = Counter(label for label in labels if label.startswith("step "))
    assert published == Counter(f"step {step}" for step in range(steps)), "each step exactly once"
    assert set(killed_in) >= HIT, killed_in
    assert "recovered" in {release.status for release in observer.releases(limit=1000)}


def _run_and_kill(settings: Settings, target: str, steps_before: int, delay: float) -> str:
    """Start a writer, kill it `delay` seconds into the target stage; the stage it died in."""
    stage = workers.PROCESSES.Value("i", 0, lock=False)
    done = workers.PROCESSES.Value("i", 0, lock=False)
    process = workers.start(workers.write_steps, settings, stage, done, None)
    deadline = time.monotonic() + PATIENCE_SECONDS
    if target != "opening":
        while not (done.value >= steps_before and workers.STAGES[stage.value] == target):
            assert process.is_alive(), "the writer stopped by itself"
            assert time.monotonic() < deadline, f"{target} was never reached"
            time.sleep(0.001)
    time.sleep(delay)
    died_in = workers.STAGES[stage.value]
    workers.kill(process)
    return died_in


def _run_to(settings: Settings, steps: int) -> None:
    shared: list[Any] = [workers.PROCESSES.Value("i", 0, lock=False) for _ in range(2)]
    process = workers.start(workers.write_steps, settings, *shared, steps)
    process.join(timeout=300)
    assert process.exitcode == 0


def _assert_whole(observer: Lake) -> None:
    """Both sides hold the same steps, none is missing, no score without its lead."""
    with observer.read() as connection:
        sides = connection.execute(workers.SIDES).fetchone()
        orphans = connection.execute(workers.ORPHANS).fetchone()
        steps = connection.execute("select step from trial.left_side order by step").fetchall()
    assert sides is not None
    assert sides[0] == sides[1]
    assert sides[2] == sides[3]
    assert orphans == (0,)
    assert steps == [(step,) for step in range(len(steps))]


def test_a_home_whose_creation_was_killed_opens_again(
    new_settings: Callable[..., Settings], trial_suites: Path
) -> None:
    # The very first opening creates catalog and tables: killed in between, the next one completes.
    luck = random.Random(SEED)
    settings = new_settings("torn", expectations_dir=trial_suites)
    for _ in range(6):
        parent, child = workers.PROCESSES.Pipe()
        process = workers.start(workers.open_and_wait, settings, child)
        time.sleep(luck.uniform(0, 0.6))
        workers.kill(process)
        parent.close()
        child.close()
    lake = trial.open_trial(settings)
    with lake.write("seed") as candidate:
        trial.seed_leads(candidate, 3)
    assert trial.count_rows(lake, "trial.leads") == 3
