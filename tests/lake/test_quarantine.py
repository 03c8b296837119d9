"""One bad row costs itself: few are set aside and the rest goes on; what is held stays out."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import pytest

from lead_platform.governance.quarantine import count_of_many, decide, list_entries
from lead_platform.governance.watches import watch_quarantine
from lead_platform.lake.faults import Fault
from lead_platform.lake.lake import Candidate, GateFailedError, Lake
from lead_platform.lake.quarantine import Separation, Subject, held
from tests.lake import trial

STEP = "trial_step"


@pytest.fixture
def subject_lake(trial_lake: Lake) -> Lake:
    """The trial lake, whose leads and scores say whose they are."""
    for table in ("leads", "scores"):
        change_suite(trial_lake, table, subject={"type": "lead", "columns": ["lead_id"]})
    return trial_lake


def change_suite(lake: Lake, table: str, *, subject: Any = None, highest: int = 100) -> None:
    """The table's suite with a subject, or with other limits of its points."""
    path = lake.settings.expectations_dir / "trial" / f"{table}.json"
    suite = json.loads(path.read_text(encoding="utf-8"))
    if subject:
        suite["meta"]["subject"] = subject
    for expectation in suite["expectations"]:
        if expectation["kwargs"].get("column") == "points":
            expectation["kwargs"]["max_value"] = highest
    path.write_text(json.dumps(suite), encoding="utf-8")


def make_versions(lake: Lake) -> None:
    """Have the trial's gate know of leads' versions."""
    folder = lake.settings.expectations_dir / "identity"
    folder.mkdir()
    (folder / "lead_versions.json").write_text(
        json.dumps(
            {
                "name": "identity.lead_versions",
                "meta": {"grain": "one per lead", "key": ["lead_id"]},
                "expectations": [
                    {
                        "type": "expect_column_values_to_not_be_null",
                        "kwargs": {"column": "lead_id"},
                    }
                ],
            }
        ),
        encoding="utf-8",
    )


def add_leads(
    lake: Lake, numbers: Sequence[int], *, is_last: bool = False, run_id: str = ""
) -> Candidate:
    """A step that writes a lead per number, as many points as its number, but for those held."""
    separation = Separation(STEP, is_last=is_last)
    with lake.write(STEP, run_id=run_id, separations=[separation]) as candidate:
        candidate.connection.execute(
            f"""
            insert into trial.leads by name
            select 'lead_' || n as lead_id, 'person' || n || '@example.org' as email, n as points,
                'low' as band
            from (select unnest(?::integer[]) as n) as numbers
            anti join {held(STEP, "lead")} as held on held.subject_id = 'lead_' || n
            anti join trial.leads as known on known.lead_id = 'lead_' || n
            """,
            [list(numbers)],
        )
    return candidate


def write_apart(lake: Lake, *statements: str, stages: Sequence[Separation] = ()) -> None:
    """A step that can do without what fails."""
    with lake.write(STEP, separations=stages or [Separation(STEP)]) as candidate:
        for statement in statements:
            candidate.connection.execute(statement)


def state_of(lake: Lake, subject_id: str) -> list[str]:
    """The states of its holds, oldest first."""
    with lake.read() as connection:
        return [row[0] for row in holds(connection) if row[1] == subject_id]


def holds(connection: duckdb.DuckDBPyConnection) -> list[tuple]:
    return connection.execute(
        "select state, subject_id, expectation, table_name, offending_row, step, subject_type "
        "from governance.quarantine order by held_at, subject_id"
    ).fetchall()


def test_few_bad_rows_are_set_aside_and_the_next_try_goes_on(subject_lake: Lake) -> None:
    first = add_leads(subject_lake, range(90, 103))
    assert (first.is_to_repeat, first.held) == (True, 2)
    assert trial.count_rows(subject_lake, "trial.leads") == 0
    second = add_leads(subject_lake, range(90, 103), is_last=True)
    assert second.release is not None
    assert second.release.status == "passed"
    assert trial.count_rows(subject_lake, "trial.leads") == 11
    with subject_lake.read() as connection:
        found = holds(connection)
    assert [row[:4] for row in found] == [
        ("held", f"lead_{n}", "expect_column_values_to_be_between", "trial.leads")
        for n in (101, 102)
    ]
    assert json.loads(found[0][4])["email"] == "person101@example.org"
    assert [release.status for release in subject_lake.releases(2)] == ["passed", "set_aside"]


def test_a_later_batch_is_not_stopped_by_what_is_held(subject_lake: Lake) -> None:
    add_leads(subject_lake, [1, 101])
    later = add_leads(subject_lake, [1, 2, 101])
    assert not later.is_to_repeat
    assert trial.count_rows(subject_lake, "trial.leads") == 2


def test_more_than_few_are_refused_but_do_not_stop_the_next(subject_lake: Lake) -> None:
    with pytest.raises(GateFailedError, match="11 set aside") as refusal:
        add_leads(subject_lake, range(90, 112))
    assert refusal.value.release.status == "refused"
    assert trial.count_rows(subject_lake, "trial.leads") == 0
    assert not add_leads(subject_lake, range(90, 112)).is_to_repeat
    assert trial.count_rows(subject_lake, "trial.leads") == 11


def test_a_refusal_sets_aside_what_failed_in_each_stage(subject_lake: Lake) -> None:
    """Each stage refused a run of its own, with all the strangers that came in it. What the first
    one holds is not held again by those after it: it may be why they failed."""
    stages = [
        Separation("first", tables=frozenset({"trial.leads"})),
        Separation("second", tables=frozenset({"trial.scores"})),
    ]
    with pytest.raises(GateFailedError, match="28 set aside"):
        write_apart(
            subject_lake,
            "insert into trial.leads by name select 'lead_' || n as lead_id, 'a@b.co' as email, "
            "n as points, 'low' as band from range(80, 113) as numbers(n)",
            "insert into trial.scores by name select lead_id, 'fit' as rule, "
            "if(points between 85 and 105, 500.0, 1.0) as points from trial.leads",
            stages=stages,
        )
    with subject_lake.read() as connection:
        found = connection.execute(
            "select step, count(*), count(distinct subject_id) from governance.quarantine "
            "where state = 'held' group by all order by all"
        ).fetchall()
    assert found == [("first", 12, 12), ("second", 16, 16)]


def test_few_are_a_share_of_a_large_write(subject_lake: Lake) -> None:
    change_suite(subject_lake, "leads", highest=399)
    assert add_leads(subject_lake, range(420)).held == 20
    change_suite(subject_lake, "leads", highest=1_397)
    with pytest.raises(GateFailedError, match="22 set aside"):
        add_leads(subject_lake, range(1_000, 1_420))


def test_a_failing_table_refuses_all_and_holds_nobody(subject_lake: Lake) -> None:
    add_leads(subject_lake, range(5))
    with pytest.raises(GateFailedError):
        write_apart(
            subject_lake,
            "delete from trial.leads where points > 0",
            "insert into trial.leads by name select 'lead_9' as lead_id",
        )
    assert trial.count_rows(subject_lake, "trial.leads") == 5
    assert state_of(subject_lake, "lead_9") == []


def test_a_row_that_is_nobodys_refuses_all(subject_lake: Lake) -> None:
    with pytest.raises(GateFailedError):
        write_apart(
            subject_lake,
            "insert into trial.leads by name select null as lead_id, 1 as points, 'low' as band",
        )
    assert trial.count_rows(subject_lake, "governance.quarantine") == 0


def test_without_a_separation_one_row_still_costs_the_write(subject_lake: Lake) -> None:
    with pytest.raises(GateFailedError):
        trial.write(subject_lake, "insert into trial.leads by name select 'lead_9' as lead_id")
    assert trial.count_rows(subject_lake, "governance.quarantine") == 0


def test_the_last_try_is_refused_and_holds_for_the_next_run(subject_lake: Lake) -> None:
    with pytest.raises(GateFailedError, match="1 set aside"):
        add_leads(subject_lake, [1, 101], is_last=True)
    assert not add_leads(subject_lake, [1, 101]).is_to_repeat
    assert trial.count_rows(subject_lake, "trial.leads") == 1


def test_a_suite_that_cannot_be_read_is_no_other_one(subject_lake: Lake) -> None:
    """What is held would be tried again, and all that goes with it refused."""
    add_leads(subject_lake, [1, 101])
    path = subject_lake.settings.expectations_dir / "trial" / "leads.json"
    whole = path.read_text(encoding="utf-8")
    path.write_text(whole[:100], encoding="utf-8")
    write_apart(subject_lake, "insert into trial.links values ('link_1', 'outer', null)")
    with pytest.raises(GateFailedError, match=r"leads\.json:1: not valid JSON"):
        add_leads(subject_lake, [2])
    assert state_of(subject_lake, "lead_101") == ["held"]
    path.write_text(whole, encoding="utf-8")
    assert not add_leads(subject_lake, [1, 2, 101]).is_to_repeat
    assert state_of(subject_lake, "lead_101") == ["held"]


def test_another_suite_is_another_try(subject_lake: Lake) -> None:
    add_leads(subject_lake, [101, 300])
    change_suite(subject_lake, "leads", highest=200)
    assert add_leads(subject_lake, [101, 300]).held == 1
    add_leads(subject_lake, [101, 300], is_last=True)
    assert state_of(subject_lake, "lead_101") == ["superseded"]
    assert state_of(subject_lake, "lead_300") == ["superseded", "held"]
    assert trial.count_rows(subject_lake, "trial.leads") == 1


@pytest.mark.parametrize("place", ["config_dir/routing.yaml", "reference/companies.csv"])
def test_another_configuration_is_another_try(
    subject_lake: Lake, tmp_path: Path, place: str
) -> None:
    """What a wrong territory or list had made bad stayed out after it was put right."""
    folders = {"config_dir": tmp_path / "config"}
    subject_lake.settings = subject_lake.settings.model_copy(update=folders)
    folder, name = place.split("/")
    file = {**folders, "reference": subject_lake.settings.reference}[folder] / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("one", encoding="utf-8")
    add_leads(subject_lake, [101])
    assert not add_leads(subject_lake, [101]).is_to_repeat
    file.write_text("another", encoding="utf-8")
    assert add_leads(subject_lake, [101]).held == 1
    assert state_of(subject_lake, "lead_101") == ["superseded", "held"]


def configure(lake: Lake, folder: Path) -> Path:
    """A configuration of its own, of one file."""
    config = folder / "config"
    config.mkdir()
    lake.settings = lake.settings.model_copy(update={"config_dir": config})
    return config / "holidays.csv"


def test_old_holds_that_fail_again_are_no_more_than_few(subject_lake: Lake, tmp_path: Path) -> None:
    """Any edit of the configuration lets all go at once: day by day they were few."""
    lists = configure(subject_lake, tmp_path)
    lists.write_text("one", encoding="utf-8")
    for number in range(101, 125):
        taken = add_leads(subject_lake, range(101, number + 1), run_id=f"run_{number}")
        assert taken.held == 1
    lists.write_text("another", encoding="utf-8")
    again = add_leads(subject_lake, [1, *range(101, 125)])
    assert (again.is_to_repeat, again.held) == (True, 24)
    assert not add_leads(subject_lake, [1, *range(101, 125)]).is_to_repeat
    assert trial.count_rows(subject_lake, "trial.leads") == 1
    with subject_lake.read() as connection:
        assert count_of_many(connection) == {}
        assert watch_quarantine(connection, 20) == []


def test_more_than_few_stay_so_however_often_they_are_tried(
    subject_lake: Lake, tmp_path: Path
) -> None:
    """As long as they are held; of one that was well in between it is no news later."""
    lists = configure(subject_lake, tmp_path)
    lists.write_text("one", encoding="utf-8")
    with pytest.raises(GateFailedError):
        add_leads(subject_lake, range(101, 126))
    for text in ("another", "a third"):
        lists.write_text(text, encoding="utf-8")
        assert add_leads(subject_lake, range(101, 126)).held == 25
        with subject_lake.read() as connection:
            assert count_of_many(connection) == {STEP: 25}
            [told] = watch_quarantine(connection, 20)
        assert told.text.startswith("25 set aside by run")
    change_suite(subject_lake, "leads", highest=200)
    add_leads(subject_lake, range(101, 126))
    with subject_lake.read() as connection:
        assert count_of_many(connection) == {}
    trial.write(subject_lake, "delete from trial.leads where lead_id = 'lead_101'")
    change_suite(subject_lake, "leads", highest=100)
    assert add_leads(subject_lake, [101]).held == 1
    with subject_lake.read() as connection:
        assert count_of_many(connection) == {}


def test_rules_that_changed_while_a_writer_worked_are_another_try(
    subject_lake: Lake, tmp_path: Path
) -> None:
    """What it works by it has read before the lock: the row was held under the mended file."""
    lists = configure(subject_lake, tmp_path)
    lists.write_text("wrong", encoding="utf-8")
    rules = subject_lake.rule_versions()
    lists.write_text("right", encoding="utf-8")
    with (
        subject_lake.supervise(STEP, separations=[Separation(STEP)], rules=rules) as candidate,
        candidate.transaction(),
    ):
        candidate.connection.execute(
            "insert into trial.leads by name select 'lead_101' as lead_id, 'a@b.co' as email, "
            "101 as points, 'low' as band"
        )
    assert state_of(subject_lake, "lead_101") == ["held"]
    assert add_leads(subject_lake, [101]).held == 1
    assert state_of(subject_lake, "lead_101") == ["superseded", "held"]


def test_more_information_is_another_try(subject_lake: Lake) -> None:
    def know(version: str) -> None:
        trial.write(
            subject_lake,
            "delete from identity.lead_versions",
            f"insert into identity.lead_versions values ('lead_101', '{version}', '{version}')",
        )

    make_versions(subject_lake)
    know("a")
    add_leads(subject_lake, [101])
    assert not add_leads(subject_lake, [101]).is_to_repeat
    know("b")
    assert add_leads(subject_lake, [101]).held == 1
    assert state_of(subject_lake, "lead_101") == ["superseded", "held"]


@pytest.mark.parametrize(("state", "rows"), [("discarded", 0), ("released", 1)])
def test_what_people_decide_holds(subject_lake: Lake, state: str, rows: int) -> None:
    add_leads(subject_lake, [101])
    change_suite(subject_lake, "leads", highest=200)
    trial.write(subject_lake, f"update governance.quarantine set state = '{state}'")
    assert not add_leads(subject_lake, [101]).is_to_repeat
    assert trial.count_rows(subject_lake, "trial.leads") == rows
    assert state_of(subject_lake, "lead_101") == [state]


def test_a_discard_is_of_the_submissions_there_were(subject_lake: Lake) -> None:
    """Who inquires again, or proves to be one with another lead, was left out for good."""

    def know(version: str, members: str) -> None:
        trial.write(
            subject_lake,
            "delete from identity.lead_versions",
            f"insert into identity.lead_versions values ('lead_101', '{version}', '{members}')",
        )

    make_versions(subject_lake)
    know("a", "one")
    add_leads(subject_lake, [101])
    with subject_lake.write("verdict") as candidate:
        connection = candidate.connection
        # Of a layer whose switch the audit record can name.
        connection.execute("update governance.quarantine set table_name = 'scoring.lead_scores'")
        [held_as] = list_entries(connection)
        ids, at = [held_as.quarantine_id], subject_lake.clock()
        assert decide(connection, ids, "discarded", by="Dana", reason="a test", at=at)
    know("b", "one")
    assert not add_leads(subject_lake, [101]).is_to_repeat
    assert state_of(subject_lake, "lead_101") == ["discarded"]
    know("c", "one, two")
    assert add_leads(subject_lake, [101]).held == 1
    assert state_of(subject_lake, "lead_101") == ["superseded", "held"]


def test_a_step_names_what_it_leaves_out_instead(subject_lake: Lake) -> None:
    def of_two(
        connection: duckdb.DuckDBPyConnection, kind: str, ids: Sequence[str], since: int
    ) -> dict[str, list[Subject]]:
        count = connection.execute("select count(*) from trial.leads").fetchone()
        assert count == (2,), "the write is still to be seen"
        return {ids[0]: [Subject("submission", "sub_1"), Subject("submission", "sub_2")]}

    with subject_lake.write(STEP, separations=[Separation(STEP, of_two)]) as candidate:
        candidate.connection.execute(
            "insert into trial.leads by name select 'lead_' || n as lead_id, 'a@b.co' as email, "
            "n as points, 'low' as band from (values (1), (101)) as numbers(n)"
        )
    assert candidate.held == 2
    with subject_lake.read() as connection:
        assert {row[1]: row[6] for row in holds(connection)} == {
            "sub_1": "submission",
            "sub_2": "submission",
        }


def test_what_breaks_the_steps_own_work_is_published_with_the_rest(subject_lake: Lake) -> None:
    with subject_lake.write(STEP, run_id="run_1", separations=[Separation(STEP)]) as candidate:
        candidate.hold([Fault("lead_2", "KeyError", "names.py:7")], "lead", "trial.leads")
    assert not candidate.is_to_repeat
    assert candidate.held == 1
    add_leads(subject_lake, [1, 2])
    assert trial.count_rows(subject_lake, "trial.leads") == 1
    with subject_lake.read() as connection:
        [told] = connection.execute(
            "select subject_id, expectation, arguments, run_id from governance.quarantine"
        ).fetchall()
    assert told == (
        "lead_2",
        "expect_no_error",
        '{"error": "KeyError", "at": "names.py:7"}',
        "run_1",
    )


def test_a_hold_and_its_restore_are_one_commit(subject_lake: Lake) -> None:
    """A killed process leaves either the candidate, which is restored, or the hold."""
    before = subject_lake.published().snapshot_id
    add_leads(subject_lake, [1, 101])
    assert len([r for r in subject_lake.releases() if r.snapshot_id > before]) == 1
