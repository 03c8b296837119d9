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
from lead_platform.lake.lake import Candidate, Lake
from lead_platform.lake.quarantine import Scope, Subject, held
from lead_platform.lake.resource import LakeResource, Results, open_lake
from lead_platform.lake.specs import gate_checks
from lead_platform.lake.steps import Prepared, Stage, Write
from lead_platform.lake.switches import Switch, open_switches
from lead_platform.settings import Settings
from tests.lake import trial
from tests.lake.test_quarantine import change_suite

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
