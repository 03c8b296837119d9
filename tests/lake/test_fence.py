"""A lock that is lost while its holder writes costs nobody's rows, whenever that happens.

A writer's lock was ended while it was in its gate; the next writer took its rows for a dead one's
and restored, the first published a release without them and reported success.
"""

import itertools
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress

import duckdb
import pytest

from lead_platform.lake import releases
from lead_platform.lake.brake import Brake
from lead_platform.lake.fence import Fence, OvertakenError
from lead_platform.lake.gate import Gate
from lead_platform.lake.lake import Candidate, GateFailedError, Lake
from lead_platform.lake.lock import writer_lock
from lead_platform.lake.postgres import connect_postgres
from lead_platform.lake.switches import open_switches
from lead_platform.lake.upkeep import maintain
from lead_platform.settings import Settings
from tests.lake import trial

STAGES = ("writing", "committing", "before the gate", "after the gate", "concluding", "publishing")
ENDINGS = ("good", "poisoned", "failing")
RIVALS = ("publishes", "dies", "waits", "waits with a commit")

AtStage = Callable[[str, Callable[[], None]], list[Callable[[], None]]]

_numbers = itertools.count(1000)


def lose_lock(settings: Settings) -> None:
    """What an idle time-out, a fail-over or a tidy person does to the lock of whoever has it."""
    if not settings.database_url:
        (settings.home / "lake" / "writer.lock").unlink()
        return
    connection = connect_postgres(settings.database_url)
    with connection.cursor() as cursor:
        cursor.execute(
            "select pg_terminate_backend(pid, 5000) from pg_locks where locktype = 'advisory' "
            "and database = (select oid from pg_database where datname = current_database())"
        )
    connection.close()


def insert(number: int) -> str:
    """A statement that leaves one row per number."""
    return f"insert into trial.left_side values ({number}, 1)"


class Rival:
    """Another writer that comes once the first one has lost its lock."""

    def __init__(self, lake: Lake, manner: str) -> None:
        self.lake = lake
        self.manner = manner
        self.number = next(_numbers)
        self.succeeded = False
        self._stack = ExitStack()
        self._candidate: Candidate | None = None

    def come(self) -> None:
        """Take the lock away, and with it what the manner says."""
        lose_lock(self.lake.settings)
        if self.manner == "publishes":
            trial.write(self.lake, insert(self.number))
            self.succeeded = True
        elif self.manner == "dies":
            with self.lake._writer() as connection:
                connection.execute(insert(self.number))
        else:
            self._candidate = self._stack.enter_context(self.lake.supervise("rival"))
            if self.manner == "waits with a commit":
                trial.commit(self._candidate, insert(self.number))

    def end(self) -> None:
        """Finish what is still under way."""
        if self._candidate is None:
            return
        with suppress(OvertakenError), self._stack:
            if self.manner == "waits":
                trial.commit(self._candidate, insert(self.number))
            self._stack.close()
            self.succeeded = True


@pytest.fixture(scope="module")
def rival_lake(shared_lake: Lake) -> Lake:
    """The same lake as another process has it open."""
    lake = Lake(shared_lake.settings)
    lake.published()
    return lake


@pytest.fixture
def at_stage(monkeypatch: pytest.MonkeyPatch) -> AtStage:
    """Has something done once, when a write reaches a stage; gives what has not been done yet."""

    def arrange(stage: str, act: Callable[[], None]) -> list[Callable[[], None]]:
        pending = [act]

        def reach(reached: str) -> None:
            if reached == stage and pending:
                pending.pop()()

        judge, commit, insert_release = Gate.judge, Fence.commit, releases.insert_release
        concluding: list[bool] = []

        def judge_staged(gate: Gate, since: int) -> object:
            reach("before the gate")
            verdict = judge(gate, since)
            reach("after the gate")
            return verdict

        def insert_staged(*arguments: object) -> object:
            release = insert_release(*arguments)  # type: ignore[arg-type]
            concluding.append(True)
            reach("concluding")
            return release

        def commit_staged(fence: Fence) -> None:
            held = fence._lock

            class Window:
                """The moment between asking for the lock and committing."""

                def is_held(self) -> bool:
                    answer = held.is_held()
                    reach("publishing" if concluding else "committing")
                    return answer

            fence._lock = Window()  # type: ignore[assignment]
            try:
                commit(fence)
            finally:
                fence._lock = held

        monkeypatch.setattr(Gate, "judge", judge_staged)
        monkeypatch.setattr(Fence, "commit", commit_staged)
        monkeypatch.setattr(releases, "insert_release", insert_staged)
        monkeypatch.setattr("tests.lake.test_fence.reach_writing", lambda: reach("writing"))
        return pending

    return arrange


def reach_writing() -> None:
    """Replaced by what is to happen inside the writer's block."""


def write(lake: Lake, number: int, ending: str, *, is_supervised: bool) -> None:
    """A write of two rows that holds to the contracts, does not, or raises an error."""
    statements = [insert(number), insert(-number)]
    if ending == "poisoned":
        statements.append(f"update trial.left_side set amount = -1 where step = {number}")
    with (lake.supervise if is_supervised else lake.write)("first") as candidate:
        for statement in statements:
            if is_supervised:
                trial.commit(candidate, statement)
            else:
                candidate.connection.execute(statement)
            reach_writing()
        if ending == "failing":
            raise ValueError("model failed")


# Every stage with every rival, ending well; the other endings in turn.
CASES = [
    (stage, rival_does, ending, bool((turn + shift) % 2))
    for turn, (stage, rival_does) in enumerate(itertools.product(STAGES, RIVALS))
    for shift, ending in enumerate(("good", ENDINGS[1 + turn // 2 % 2]))
]


@pytest.mark.parametrize(("stage", "rival_does", "ending", "is_supervised"), CASES)
def test_a_lock_lost_at_any_stage_costs_nobody_s_rows(
    shared_lake: Lake,
    rival_lake: Lake,
    at_stage: AtStage,
    stage: str,
    rival_does: str,
    ending: str,
    is_supervised: bool,
) -> None:
    rival = Rival(rival_lake, rival_does)
    number = next(_numbers)
    pending = at_stage(stage, rival.come)
    succeeded = False
    with suppress(OvertakenError, GateFailedError, ValueError):
        write(shared_lake, number, ending, is_supervised=is_supervised)
        succeeded = True
    if pending:
        assert ending == "failing", f"{stage} was not reached"
        pending.clear()
    rival.end()
    assert not succeeded or ending == "good"
    _assert_there(
        shared_lake, {number: succeeded, -number: succeeded, rival.number: rival.succeeded}
    )
    # A later writer changes nothing of that, and what failed can be done again.
    trial.write(rival_lake, insert(next(_numbers)))
    _assert_there(
        shared_lake, {number: succeeded, -number: succeeded, rival.number: rival.succeeded}
    )
    if not succeeded:
        write(shared_lake, number, "good", is_supervised=is_supervised)
        _assert_there(shared_lake, {number: True, -number: True})


def _assert_there(lake: Lake, expected: dict[int, bool]) -> None:
    with lake.read() as connection:
        found = connection.execute("select step from trial.left_side").fetchall()
    steps = [step for (step,) in found]
    assert {number: steps.count(number) for number in expected} == expected


def test_who_lost_the_lock_is_told_so(shared_lake: Lake) -> None:
    with pytest.raises(OvertakenError, match=r"'first' .* no longer holds .* lock.* run it again"):
        _lose_in_the_middle(shared_lake)


def _lose_in_the_middle(lake: Lake) -> None:
    with lake.write("first") as candidate:
        candidate.connection.execute(insert(next(_numbers)))
        lose_lock(lake.settings)


def test_rows_a_stranger_commits_during_a_write_are_not_published(
    shared_lake: Lake, rival_lake: Lake
) -> None:
    # The gate took whatever had changed since the start for the writer's own.
    number = next(_numbers)
    with pytest.raises(OvertakenError, match="not all its own"):
        _write_with_a_stranger(shared_lake, rival_lake, number)
    _assert_there(shared_lake, {number: False, -number: False})


def _write_with_a_stranger(lake: Lake, stranger: Lake, number: int) -> None:
    with lake.supervise("first") as candidate:
        trial.commit(candidate, insert(number))
        with stranger._writer() as connection:
            connection.execute(insert(-number))
        trial.commit(candidate, insert(next(_numbers)))


def test_maintenance_that_lost_its_lock_publishes_nothing(
    shared_lake: Lake, rival_lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    rival = Rival(rival_lake, "publishes")
    restore = Lake._recover

    def recover(lake: Lake, fence: Fence) -> int:
        since = restore(lake, fence)
        monkeypatch.undo()
        rival.come()
        return since

    monkeypatch.setattr(Lake, "_recover", recover)
    with pytest.raises(OvertakenError):
        maintain(shared_lake)
    _assert_there(shared_lake, {rival.number: True})
    assert shared_lake.published().status == "passed"


def test_a_commit_is_not_rebased_onto_one_it_has_not_seen(
    shared_lake: Lake, rival_lake: Lake
) -> None:
    # What the fence stands on: DuckLake would commit behind others' commits that do not conflict.
    with shared_lake._writer() as late, rival_lake._writer() as early:
        late.begin()
        late.execute("from ducklake_current_snapshot('lake')").fetchall()
        late.execute(insert(next(_numbers)))
        early.execute("insert into trial.tasks values ('task_of_a_rival', 'lead_0', 'fit')")
        with pytest.raises(duckdb.Error):
            late.commit()
    trial.write(shared_lake, insert(next(_numbers)))


def test_the_lock_of_postgres_outlives_time_outs(settings: Settings) -> None:
    if not settings.database_url:
        pytest.skip("the embedded profile locks a file")
    connection = connect_postgres(settings.database_url)
    with connection.cursor() as cursor:
        name = connection.info.dbname
        for limit in ("idle_session_timeout", "statement_timeout"):
            cursor.execute(f"alter database {name} set {limit} = 200")
        with writer_lock(settings, label="long"):
            cursor.execute("set statement_timeout = 0")
            cursor.execute("select pg_sleep(0.6)")
            cursor.execute("select count(*) from pg_locks where locktype = 'advisory' and granted")
            held = cursor.fetchone()
    connection.close()
    assert held == (1,)


def test_a_writer_outlives_the_time_outs_of_a_database(trial_lake: Lake) -> None:
    """Its transaction is idle while a step computes: each large one was ended, however often."""
    url = trial_lake.settings.database_url
    if not url:
        pytest.skip("the embedded profile has no time-outs")
    trial_lake.published()
    connection = connect_postgres(url)
    limits = ("idle_session_timeout", "idle_in_transaction_session_timeout", "statement_timeout")
    with connection.cursor() as cursor:
        for limit in limits:
            cursor.execute(f"alter database {connection.info.dbname} set {limit} = 300")
    connection.close()
    with Lake(trial_lake.settings).write("slow") as candidate:
        candidate.connection.execute(insert(next(_numbers)))
        time.sleep(1.5)
        candidate.connection.execute(insert(next(_numbers)))
    assert candidate.release is not None


def test_a_lost_lock_stops_the_writer_while_it_works(trial_lake: Lake) -> None:
    """It used to be noticed at the next commit only, after minutes of work in vain."""
    trial_lake.published()
    started = time.monotonic()
    with pytest.raises(OvertakenError, match="no longer holds the lock"):
        _work_on_without_lock(trial_lake)
    assert time.monotonic() - started < 20
    trial.write(trial_lake, insert(next(_numbers)))


def _work_on_without_lock(lake: Lake) -> None:
    brake = Brake(open_switches(lake.settings), "routing")
    with brake.watching(but=(OvertakenError,)), lake.write("trial") as candidate:
        lose_lock(lake.settings)
        candidate.connection.execute(
            "select sum(sin(a.range)) from range(1_000_000) as a, range(1_000_000) as b"
        ).fetchall()
