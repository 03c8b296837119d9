"""A record that breaks a step's own code costs itself: found by rehearsing the step without it."""

import functools
import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from lead_platform.governance.quarantine import count_of_many
from lead_platform.lake.brake import Brake
from lead_platform.lake.changes import current_snapshot
from lead_platform.lake.dbt import DbtFailedError
from lead_platform.lake.faults import Fault
from lead_platform.lake.lake import Candidate, Lake
from lead_platform.lake.quarantine import (
    Scope,
    Separation,
    Subject,
    held,
    leads_of,
)
from lead_platform.lake.rehearsal import find_faults
from lead_platform.lake.steps import Gated, Models, Prepared, Stage, Step, parts_of
from lead_platform.lake.switches import open_switches
from lead_platform.lake.tries import run_step
from tests.lake import trial

STEP = "trial_step"
# A record with one of these points breaks the statement that writes it.
BREAKING = (13, 57)


def waiting(connection: duckdb.DuckDBPyConnection) -> list[Subject]:
    """The hundred records the step takes in."""
    return [Subject("lead", f"lead_{n}") for n in range(100)]


def add_leads(candidate: Candidate, breaking: Sequence[int] = BREAKING) -> None:
    """Write a lead per record, but for those held."""
    with candidate.transaction():
        candidate.connection.execute(
            f"""
            insert into trial.leads by name
            select 'lead_' || n as lead_id, 'person' || n || '@example.org' as email,
                case when list_contains(?::integer[], n) then error('broken: person' || n)
                    else n end::integer as points, 'low' as band
            from (select unnest(range(100))::integer as n) as numbers
            anti join {held(STEP, "lead")} as held on held.subject_id = 'lead_' || n
            """,
            [list(breaking)],
        )


@pytest.fixture(params=["write", "supervise"])
def gated(request: pytest.FixtureRequest, trial_lake: Lake) -> Gated:
    """One transaction, as Python steps write, or commits of the writer's own, as dbt does."""
    return {"write": trial_lake.write, "supervise": trial_lake.supervise}[request.param]


def step_of(
    lake: Lake, gated: Gated, write: Callable[[Candidate], object], scope: Scope | None = None
) -> Step:
    """A step of one stage."""

    def prepare() -> Prepared:
        return Prepared(lambda candidate: write(candidate) and None)

    scope = scope or Scope("trial.leads", waiting)
    stage = Stage(STEP, None, frozenset({"trial.leads"}), prepare, scope)
    return Step(STEP, "run", gated, parts_of([(stage, prepare())]), lake.settings)


def faults_of(step: Step, error: Exception | None = None) -> list[tuple[Subject, Fault]]:
    """What the step has to leave out because of this error, or of the one that it raises."""
    if error is None:
        with pytest.raises(duckdb.Error) as raised, step.gated(STEP) as candidate:
            step.parts[0].write(candidate, step.settings)
        error = raised.value
    return find_faults(step, step.stages[0], [Separation(STEP)], {}, error)


def test_the_records_that_break_a_step_are_left_out_and_say_why(
    gated: Gated, trial_lake: Lake
) -> None:
    step = step_of(trial_lake, gated, add_leads)
    found = faults_of(step)
    assert {subject.subject_id for subject, _ in found} == {f"lead_{n}" for n in BREAKING}
    # Neither the message, which quotes the record, nor a row of a rehearsal is kept.
    assert "person" not in repr(found)
    assert trial.count_rows(trial_lake, "trial.leads") == 0
    assert trial.count_rows(trial_lake, "governance.quarantine") == 0
    with trial_lake.read() as connection:
        assert trial_lake.published().snapshot_id == current_snapshot(connection)
    with gated(STEP, separations=[Separation(STEP)]) as candidate:
        for subject, fault in found:
            candidate.hold([fault], subject.type, "trial.leads")
        add_leads(candidate)
    assert candidate.held == len(BREAKING)
    assert trial.count_rows(trial_lake, "trial.leads") == 98
    with trial_lake.read() as connection:
        rows = connection.execute(
            "select subject_id, table_name, expectation, arguments from governance.quarantine "
            "where state = 'held' order by all"
        ).fetchall()
    assert [row[:3] for row in rows] == [
        (f"lead_{n}", "trial.leads", "expect_no_error") for n in BREAKING
    ]
    assert "InvalidInputException" in rows[0][3]


# Some sixty rehearsals: that one is taken back, and what it finds, is tried above on both profiles.
@pytest.mark.parametrize("profile", ["embedded"])
def test_what_was_left_out_before_never_costs_the_step(
    gated: Gated, trial_lake: Lake, tmp_path: Path
) -> None:
    """Day by day they were few; let go together, they were more, and no batch went on after that.
    One that is well by now is no more left out, and a new one is found beside them."""
    config = tmp_path / "config"
    config.mkdir()
    trial_lake.settings = trial_lake.settings.model_copy(update={"config_dir": config})
    old, new = range(20, 33), 57
    with gated(STEP, separations=[Separation(STEP)]) as candidate:
        for number in old:
            fault = Fault(f"lead_{number}", "InvalidInputException", "trial.sql:1")
            candidate.hold([fault], "lead", "trial.leads")
    (config / "holidays.csv").write_text("another", encoding="utf-8")
    step = step_of(trial_lake, gated, functools.partial(add_leads, breaking=(*old[1:], new)))
    log = logging.getLogger(__name__)
    done = run_step(step, Brake(open_switches(trial_lake.settings)), log)
    assert done.set_aside == len(old)
    assert trial.count_rows(trial_lake, "trial.leads") == 100 - len(old)
    with trial_lake.read() as connection:
        held_now = connection.execute(
            "select subject_id from governance.quarantine where state = 'held'"
        ).fetchall()
    assert {name for (name,) in held_now} == {f"lead_{number}" for number in (*old[1:], new)}


@pytest.mark.parametrize("profile", ["embedded"])
@pytest.mark.parametrize("broken", [range(11), range(89, 100)])
def test_the_others_go_through_beside_more_than_few_and_a_light_is_red(
    trial_lake: Lake, broken: range
) -> None:
    """A stranger's file of which each record broke a step held up everybody else's."""
    write = functools.partial(add_leads, breaking=[*broken])
    step = step_of(trial_lake, trial_lake.write, write)
    log = logging.getLogger(__name__)
    done = run_step(step, Brake(open_switches(trial_lake.settings)), log)
    assert done.set_aside == len(broken)
    assert trial.count_rows(trial_lake, "trial.leads") == 100 - len(broken)
    with trial_lake.read() as connection:
        assert count_of_many(connection) == {STEP: len(broken)}


def test_a_step_that_breaks_by_itself_leaves_nobody_out(gated: Gated, trial_lake: Lake) -> None:
    def break_always(candidate: Candidate) -> None:
        add_leads(candidate, breaking=())
        candidate.connection.execute("select error('whatever comes')")

    step = step_of(trial_lake, gated, break_always)
    assert faults_of(step) == []


def test_an_error_that_does_not_come_back_is_nobodys(gated: Gated, trial_lake: Lake) -> None:
    """It was blamed on whichever record came last, and the run was green."""
    step = step_of(trial_lake, gated, lambda candidate: add_leads(candidate, breaking=()))
    lost = RuntimeError("connection closed")
    assert faults_of(step, lost) == []
    assert trial.count_rows(trial_lake, "trial.leads") == 0


# What is counted is the same on both profiles.
@pytest.mark.parametrize("profile", ["embedded"])
@pytest.mark.parametrize(
    ("due", "is_found", "is_of_many"),
    [(11, False, False), (22, True, True), (220, True, False)],
)
def test_few_are_counted_against_the_leads_a_step_takes_up(
    trial_lake: Lake, due: int, is_found: bool, is_of_many: bool
) -> None:
    """Of a large base few new leads are many: all that a run brought were set aside one by one."""

    def add_due_leads(candidate: Candidate) -> None:
        candidate.connection.execute(
            f"""
            insert into trial.leads by name
            select lead_id, 'someone@example.org' as email, 'low' as band,
                case when n >= {due - 11} then error('broken')
                    else n % 100 end::integer as points
            from (select 'lead_' || n as lead_id, n from range({due}) as due(n)) as due
            anti join {held(STEP, "lead")} as held on held.subject_id = lead_id
            """,
        )

    def base(connection: duckdb.DuckDBPyConnection) -> list[Subject]:
        names = [*(f"known_{n}" for n in range(400)), *(f"lead_{n}" for n in range(due))]
        return [Subject("lead", name) for name in names]

    scope = replace(leads_of("trial.leads"), pending=base)
    step = step_of(trial_lake, trial_lake.supervise, add_due_leads, scope)
    found = faults_of(step)
    blamed = {f"lead_{n}" for n in range(due - 11, due)} if is_found else set()
    assert {subject.subject_id for subject, _ in found} == blamed
    assert {fault.is_of_many for _, fault in found} <= {is_of_many}


@pytest.mark.parametrize(
    ("table", "blamed"), [("trial.scores", "second"), ("trial.leads", "first"), ("", "first")]
)
def test_of_stages_that_are_built_together_the_one_whose_table_breaks_is_searched(
    table: str, blamed: str
) -> None:
    built = Prepared(models=Models("whatever"))
    tables = {"first": "trial.leads", "second": "trial.scores"}
    stages = [Stage(name, None, frozenset({one}), lambda: built) for name, one in tables.items()]
    [part] = parts_of((stage, built) for stage in stages)
    error = DbtFailedError("broken", "test.project.whatever.a1b2c3", table)
    assert part.stage_of(error).name == blamed
