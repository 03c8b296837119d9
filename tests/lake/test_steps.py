"""Steps of several stages in Dagster: a switch stops its stages, and the others are written."""

import time
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import duckdb
import pytest
from dagster import (
    AssetExecutionContext,
    AssetSpec,
    ExecuteInProcessResult,
    materialize,
    multi_asset,
)

from lead_platform.lake.brake import POLL_SECONDS, check_brake
from lead_platform.lake.faults import Fault
from lead_platform.lake.lake import Candidate, Lake
from lead_platform.lake.quarantine import Scope, Separation, Subject, held, list_let_go
from lead_platform.lake.resource import LakeResource, Results, open_lake
from lead_platform.lake.specs import gate_checks
from lead_platform.lake.steps import Prepared, Stage, Write
from lead_platform.lake.switches import Switch, open_switches
from lead_platform.settings import Settings
from tests.lake import trial
from tests.lake.test_quarantine import change_suite, make_versions

LEADS = f"""
insert into trial.leads by name
select 'lead_' || n as lead_id, 'a@b.co' as email, n as points, 'low' as band
from range($start, $end) as numbers(n)
anti join {held("first", "lead")} as held on held.subject_id = 'lead_' || n
"""
SCORES = f"""
insert into trial.scores by name
select lead_id, 'fit' as rule, case
    when lead_id = $broken then error('broken') when lead_id = $bad then 500.0 else 1.0
    end as points
from trial.leads
anti join {held("second", "lead")} as held on held.subject_id = lead_id
"""


@pytest.fixture
def lake(trial_settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lake]:
    """The trial lake as the lake of this process, whose rows say whose they are."""
    for name in ("home", "database_url", "expectations_dir"):
        if value := getattr(trial_settings, name):
            monkeypatch.setenv(f"LEAD_PLATFORM_{name.upper()}", str(value))
    monkeypatch.setenv("LEAD_PLATFORM_LOCK_TIMEOUT_SECONDS", "3")
    trial.open_trial(trial_settings)
    lake = open_lake(Settings())
    for table in ("leads", "scores"):
        change_suite(lake, table, subject={"type": "lead", "columns": ["lead_id"]})
    yield lake
    open_lake.cache_clear()


def run(first: Write, second: Write) -> ExecuteInProcessResult:
    """A step of two stages: leads, which enrichment's switch stops, and scores, which scoring's."""
    specs = [AssetSpec(["trial", table]) for table in ("leads", "scores")]

    def stage(name: str, workflow: str, table: str, write: Write) -> Stage:
        def pending(connection: duckdb.DuckDBPyConnection) -> list[Subject]:
            rows = connection.execute("select lead_id from trial.leads order by all").fetchall()
            return [Subject("lead", lead_id) for (lead_id,) in rows]

        prepared = Prepared(lambda candidate: write(candidate))
        return Stage(name, workflow, frozenset({table}), lambda: prepared, Scope(table, pending))

    @multi_asset(name="both", specs=specs, check_specs=gate_checks(specs))
    def both(context: AssetExecutionContext, lake: LakeResource) -> Results:
        yield from lake.materialize_stages(
            context,
            stage("first", "enrichment", "trial.leads", first),
            stage("second", "scoring", "trial.scores", second),
        )

    return materialize([both], resources={"lake": LakeResource()}, raise_on_error=False)


def doing(statement: str, **values: Any) -> Write:
    """Writes by this statement."""

    def write(candidate: Candidate) -> None:
        candidate.connection.execute(statement, values)

    return write


def throw(workflow: str) -> None:
    switch = Switch(workflow, False, "Dana", "wrong", datetime.fromisoformat("2026-06-01"))
    open_switches(Settings()).throw(switch)


def wait_for_the_brake() -> None:
    deadline = time.monotonic() + 5 * POLL_SECONDS
    while time.monotonic() < deadline:
        check_brake()
        time.sleep(0.05)


def skips(lake: Lake) -> list[tuple]:
    with lake.read() as connection:
        return connection.execute(
            "select workflow, status, count(*) from governance.workflow_runs group by all"
        ).fetchall()


def test_a_switch_thrown_at_work_stops_its_stage_alone(lake: Lake) -> None:
    def interrupted(candidate: Candidate) -> None:
        doing(LEADS, start=0, end=5)(candidate)
        throw("scoring")
        wait_for_the_brake()

    writes = iter([interrupted, doing(LEADS, start=0, end=5)])
    result = run(lambda candidate: next(writes)(candidate), doing(SCORES, broken="", bad=""))
    assert result.success
    assert trial.count_rows(lake, "trial.leads") == 5
    assert trial.count_rows(lake, "trial.scores") == 0
    assert skips(lake) == [("scoring", "skipped", 1)]


def test_a_skip_is_told_also_where_the_others_are_refused(lake: Lake) -> None:
    """It was noted once the others had been published: of a failed run it was not known."""
    throw("enrichment")
    result = run(
        doing(LEADS, start=0, end=5),
        doing("insert into trial.scores values (null, 'fit', 1)"),
    )
    assert not result.success
    assert trial.count_rows(lake, "trial.scores") == 0
    assert skips(lake) == [("enrichment", "skipped", 1)]


def test_what_fails_in_each_stage_in_either_way_is_set_aside_by_it(lake: Lake) -> None:
    """At once: a row that is bad in the first, one that is bad in the second, one it breaks on."""
    scores = doing(SCORES, broken="lead_100", bad="lead_99")
    assert run(doing(LEADS, start=98, end=102), scores).success
    with lake.read() as connection:
        rows = connection.execute(
            "select step, subject_id, expectation from governance.quarantine "
            "where state = 'held' order by all"
        ).fetchall()
    assert rows == [
        ("first", "lead_101", "expect_column_values_to_be_between"),
        ("second", "lead_100", "expect_no_error"),
        ("second", "lead_99", "expect_column_values_to_be_between"),
    ]
    assert trial.count_rows(lake, "trial.leads") == 3
    assert trial.count_rows(lake, "trial.scores") == 1


def making_leads(version: str, **values: int) -> Write:
    """Leads and their versions, new ones and others than were known."""

    def write(candidate: Candidate) -> None:
        new = f"{LEADS} anti join trial.leads as known on known.lead_id = 'lead_' || n"
        doing(new, **values)(candidate)
        candidate.connection.execute("delete from identity.lead_versions")
        candidate.connection.execute(
            "insert into identity.lead_versions by name "
            "select lead_id, $version as lead_version, $version as members_version "
            "from trial.leads",
            {"version": version},
        )

    return write


BAD_SCORES = f"""
insert into trial.scores by name
select lead_id, 'fit' as rule, if(lead_id < $first_sound, 500.0, 1.0) as points
from trial.leads anti join {held("second", "lead")} as held on held.subject_id = lead_id
anti join trial.scores using (lead_id)
"""


def states_of(lake: Lake, step: str) -> list[tuple]:
    with lake.read() as connection:
        return connection.execute(
            "select state, tried_at is not null, count(*) from governance.quarantine "
            "where step = ? group by all order by all",
            [step],
        ).fetchall()


def statuses(lake: Lake) -> list[str]:
    """Of the releases that a write of this process left, the oldest first."""
    return [release.status for release in reversed(lake.releases()) if release.run_id]


def test_more_than_few_stop_none_that_came_with_them(lake: Lake) -> None:
    """More than few: the write was refused, and those nothing is wrong with waited for the next
    run. What it brought is no news to the next try, which was taken for news of its leads, and
    every later write was refused."""
    make_versions(lake)
    leads, scores = making_leads("v1", start=40, end=80), doing(BAD_SCORES, first_sound="lead_60")
    assert run(leads, scores).success
    assert statuses(lake) == ["refused", "passed"]
    assert (trial.count_rows(lake, "trial.leads"), trial.count_rows(lake, "trial.scores")) == (
        40,
        20,
    )
    assert states_of(lake, "second") == [("held", False, 20)]
    # More is known of them, and it is well now.
    assert run(making_leads("v2", start=40, end=80), doing(BAD_SCORES, first_sound="")).success
    assert trial.count_rows(lake, "trial.scores") == 40
    assert states_of(lake, "second") == [("superseded", True, 20)]


def test_more_than_few_in_each_stage_cost_one_refusal(lake: Lake) -> None:
    """Of a batch of whom some are bad in the first stage, others in the second."""
    scores = doing(BAD_SCORES, first_sound="lead_60")
    assert run(doing(LEADS, start=40, end=140), scores).success
    assert statuses(lake) == ["refused", "passed"]
    assert states_of(lake, "first") == [("held", False, 39)]
    assert trial.count_rows(lake, "trial.leads") == 61
    # As texts, 100 is before 60.
    assert states_of(lake, "second") == [("held", False, 21)]
    assert trial.count_rows(lake, "trial.scores") == 40


def test_a_step_in_which_other_rows_fail_each_time_is_refused(lake: Lake) -> None:
    """What is left out is not why: it ends, instead of setting all aside one by one."""
    tries: list[int] = []

    def moving(candidate: Candidate) -> None:
        tries.append(len(tries))
        first = 1_000 * len(tries)
        doing(LEADS, start=first, end=first + 20)(candidate)

    assert not run(moving, doing(SCORES, broken="", bad="")).success
    assert len(tries) < 10
    assert statuses(lake) == ["refused"] * len(tries)
    assert trial.count_rows(lake, "trial.leads") == 0


def test_only_the_stage_that_can_try_it_ends_a_hold(lake: Lake) -> None:
    """One that followed a correction ended the hold without trying, and nobody tried."""
    make_versions(lake)
    leads, scores = making_leads("v1", start=40, end=80), doing(BAD_SCORES, first_sound="lead_60")
    assert run(leads, scores).success
    trial.write(lake, "update identity.lead_versions set lead_version = 'v2'")
    with lake.write("other", separations=[Separation("other")]):
        pass
    assert states_of(lake, "second") == [("held", False, 20)]


def test_what_is_released_behind_a_stages_back_is_tried_by_its_next_run(lake: Lake) -> None:
    """It computes before the lock: a release after that counted as tried, and nobody tried it."""
    written: list[str] = []

    def told_by(release: bool) -> bool:
        specs = [AssetSpec(["trial", "leads"])]

        def prepare() -> Prepared:
            with lake.read() as connection:
                seen = list_let_go(connection, "first")
                out = connection.execute(f"from {held('first', 'lead')}").fetchall()
            numbers = [n for n in (1, 2) if (f"lead_{n}",) not in out]
            if release:
                trial.write(lake, "update governance.quarantine set state = 'released'")

            def write(candidate: Candidate) -> None:
                written.extend(f"lead_{n}" for n in numbers)

            return Prepared(write, seen=seen)

        @multi_asset(name="one", specs=specs, check_specs=gate_checks(specs))
        def one(context: AssetExecutionContext, lake: LakeResource) -> Results:
            scope = Scope("trial.leads", lambda _: [])
            tables = frozenset({"trial.leads"})
            yield from lake.materialize_stages(
                context, Stage("first", "enrichment", tables, prepare, scope)
            )

        return materialize([one], resources={"lake": LakeResource()}).success

    with lake.write("first", separations=[Separation("first")]) as candidate:
        candidate.hold([Fault("lead_2", "KeyError", "names.py:7")], "lead", "trial.leads")
    assert told_by(release=True)
    assert (written, states_of(lake, "first")) == (["lead_1"], [("released", False, 1)])
    assert told_by(release=False)
    assert (written[1:], states_of(lake, "first")) == (
        ["lead_1", "lead_2"],
        [("released", True, 1)],
    )


def test_a_skip_is_told_also_where_it_cannot_be_noted(lake: Lake) -> None:
    """Another writer hangs: a step that is switched off failed for waiting, as if broken."""
    throw("enrichment")
    throw("scoring")
    with lake.write("hanging"):
        assert run(doing(LEADS, start=0, end=1), doing(SCORES, broken="", bad="")).success
    assert skips(lake) == []
