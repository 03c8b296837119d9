"""The sensor `alerts`: failed runs and checks of a real Dagster instance become alerts."""

import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from dagster import (
    AssetCheckResult,
    AssetCheckSeverity,
    AssetCheckSpec,
    AssetExecutionContext,
    AssetsDefinition,
    DagsterEvent,
    DagsterEventType,
    DagsterInstance,
    DagsterRunStatus,
    Definitions,
    MaterializeResult,
    asset,
    build_sensor_context,
    define_asset_job,
    job,
    op,
)
from dagster._core.storage.runs import sql_run_storage

from lead_platform.capture import deliveries
from lead_platform.capture.assets import FILES_CHECK, intake
from lead_platform.capture.inbox import FileFault, note_left
from lead_platform.capture.intake import Delivery
from lead_platform.capture.readers import UnreadableFileError
from lead_platform.governance import sensors, watches
from lead_platform.governance.alerts import AlertBook, Message, Signal
from lead_platform.governance.leftovers import RETRY_WITHIN
from lead_platform.governance.notifications import open_book
from lead_platform.lake.faults import Fault
from lead_platform.lake.lake import Candidate, Lake, utc_now
from lead_platform.lake.quarantine import Separation
from lead_platform.lake.resource import CAUSE, SUMMARY, LakeResource, Results
from lead_platform.settings import Settings
from tests.governance.retries import will_be_retried
from tests.lake import trial
from tests.templates import Templates, open_lake


@op
def breaks() -> None:
    """Fails with a person's data in its words."""
    raise ValueError("jane.doe@example.org could not be read")


@job
def breaking() -> None:
    """One step that fails."""
    breaks()


@job
def breaking_too() -> None:
    """The same under another name."""
    breaks()


@op
def does() -> None:
    """Works."""


@job
def two_steps() -> None:
    """One that works, one that does not."""
    does()
    breaks()


@job
def works() -> None:
    """Nothing to do."""


OUTCOMES = {"passes": True, "severity": AssetCheckSeverity.WARN}


@asset(check_specs=[AssetCheckSpec("gate", asset="leads")])
def leads() -> MaterializeResult:
    """A table whose check says what OUTCOMES says."""
    check = AssetCheckResult(
        passed=bool(OUTCOMES["passes"]), check_name="gate", severity=OUTCOMES["severity"]
    )
    return MaterializeResult(check_results=[check])


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[DagsterInstance]:
    folder = tmp_path / "dagster"
    folder.mkdir()
    with DagsterInstance.local_temp(str(folder)) as made:
        yield made


@pytest.fixture
def book(tmp_path: Path) -> AlertBook:
    return AlertBook(tmp_path, group_for=timedelta(minutes=15))


def look(instance: DagsterInstance, book: AlertBook, cursor: sensors.Cursor) -> dict[str, str]:
    """What is open after the sensor has looked at the runs."""
    sensors.watch_runs(instance, book, cursor, datetime.now(UTC).replace(tzinfo=None))
    return {f"{each.kind} {each.subject}": each.text for each in book.alerts()
            if each.state == "open"}  # fmt: skip


def test_a_failed_run_is_told_once_and_settled_by_a_success(
    instance: DagsterInstance, book: AlertBook
) -> None:
    cursor = sensors.Cursor(after_event=0)
    breaking.execute_in_process(instance=instance, raise_on_error=False)
    found = look(instance, book, cursor)
    assert list(found) == ["run_failed breaking"]
    assert found["run_failed breaking"].endswith("failed in breaks: ValueError")
    assert "jane" not in str(book.alerts())
    # The cursor goes through JSON, as between two evaluations.
    cursor = sensors.Cursor.model_validate_json(cursor.model_dump_json())
    look(instance, book, cursor)
    (alert,) = book.alerts()
    assert alert.occurrences == 1


def test_what_still_fails_the_same_way_is_no_news(
    instance: DagsterInstance, book: AlertBook
) -> None:
    """A run each five minutes told of one lasting failure every quarter of an hour."""
    build = Definitions(assets=[leads], jobs=[define_asset_job("build")]).resolve_job_def("build")
    OUTCOMES.update(passes=False, severity=AssetCheckSeverity.WARN)
    cursor = sensors.Cursor(after_event=0)
    told = []

    def tell_me(message: Message) -> bool:
        told.append(message)
        return True

    for number in range(4):
        build.execute_in_process(instance=instance)
        breaking.execute_in_process(instance=instance, raise_on_error=False)
        look(instance, book, cursor)
        later = utc_now() + number * timedelta(hours=1)
        book.compose(["phone"], later)
        book.deliver({"phone": tell_me}, later)
    (message,) = told
    assert "leads gate: in run" in message.body
    assert "breaking: run" in message.body


def test_a_failed_run_that_is_tried_again_is_told_once_it_is_given_up(
    instance: DagsterInstance, book: AlertBook
) -> None:
    cursor = sensors.Cursor(after_event=0)
    first = breaking.execute_in_process(instance=instance, raise_on_error=False)
    will_be_retried(instance, first.run_id)
    assert look(instance, book, cursor) == {}
    # Dagster marks a run whose retry it could not start.
    instance.add_run_tags(first.run_id, {"dagster/will_retry": "false"})
    assert list(look(instance, book, cursor)) == ["run_failed breaking"]


@pytest.mark.parametrize("hours", [-6, 0, 72])
def test_runs_are_seen_whatever_the_clock_said_as_they_ended(
    instance: DagsterInstance, book: AlertBook, monkeypatch: pytest.MonkeyPatch, hours: int
) -> None:
    """A failure while the clock was behind was older than what had been seen, and told nobody; one
    noted ahead of time let no run be seen until that time had come."""
    cursor = sensors.Cursor(after_event=0)
    works.execute_in_process(instance=instance)
    assert look(instance, book, cursor) == {}
    with monkeypatch.context() as clock:
        told = datetime.now(UTC) + timedelta(hours=hours)
        clock.setattr(sql_run_storage, "get_current_datetime", lambda: told)
        clock.setattr(time, "time", told.timestamp)
        breaking.execute_in_process(instance=instance, raise_on_error=False)
    assert list(look(instance, book, cursor)) == ["run_failed breaking"]


def test_a_retry_that_is_launched_late_is_waited_for(
    instance: DagsterInstance, book: AlertBook
) -> None:
    cursor = sensors.Cursor(after_event=0)
    first = breaking.execute_in_process(instance=instance, raise_on_error=False)
    will_be_retried(instance, first.run_id)
    for _ in range(3):
        assert look(instance, book, cursor) == {}
        assert cursor.again == [first.run_id]
    instance.add_run_tags(first.run_id, {"dagster/auto_retry_run_id": "another"})
    assert look(instance, book, cursor) == {}
    assert cursor.again == []


def test_an_event_log_that_begins_anew_is_read_from_its_start(
    instance: DagsterInstance, book: AlertBook
) -> None:
    cursor = sensors.Cursor(after_event=10_000)
    breaking.execute_in_process(instance=instance, raise_on_error=False)
    assert list(look(instance, book, cursor)) == ["run_failed breaking"]


def test_a_retry_that_never_comes_is_not_waited_for(
    instance: DagsterInstance, book: AlertBook
) -> None:
    """Of a run of the command line that was killed nobody heard: Dagster marks it, too."""
    cursor = sensors.Cursor(after_event=0)
    by_hand = breaking.execute_in_process(instance=instance, raise_on_error=False)
    instance.add_run_tags(by_hand.run_id, {"dagster/will_retry": "true"})
    assert list(look(instance, book, cursor)) == ["run_failed breaking"]
    other = breaking_too.execute_in_process(instance=instance, raise_on_error=False)
    will_be_retried(instance, other.run_id)
    assert list(look(instance, book, cursor)) == ["run_failed breaking"]
    later = utc_now() + RETRY_WITHIN
    sensors.watch_runs(instance, book, cursor, later)
    assert {alert.subject for alert in book.alerts()} == {"breaking", "breaking_too"}


def test_the_place_of_a_deleted_end_is_another_ones(
    instance: DagsterInstance, book: AlertBook
) -> None:
    """SQLite gives it to the next run, which was skipped; and what had been told was told again."""
    cursor = sensors.Cursor(after_event=0)
    works.execute_in_process(instance=instance)
    breaking_too.execute_in_process(instance=instance, raise_on_error=False)
    last = works.execute_in_process(instance=instance)
    look(instance, book, cursor)
    told = [alert.occurrences for alert in book.alerts()]
    for _ in range(3):
        instance.delete_run(last.run_id)
        look(instance, book, cursor)
        last = works.execute_in_process(instance=instance)
        look(instance, book, cursor)
    assert [alert.occurrences for alert in book.alerts()] == told
    instance.delete_run(last.run_id)
    breaking.execute_in_process(instance=instance, raise_on_error=False)
    works.execute_in_process(instance=instance)
    assert sorted(look(instance, book, cursor)) == [
        "run_failed breaking",
        "run_failed breaking_too",
    ]


def test_an_end_is_told_once_the_run_has_its_status(
    instance: DagsterInstance, book: AlertBook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In between a success was told as a failure, and never settled anything."""
    cursor = sensors.Cursor(after_event=0)
    with monkeypatch.context() as between:
        between.setattr(instance.run_storage, "handle_run_event", lambda *given: None)
        works.execute_in_process(instance=instance)
    assert look(instance, book, cursor) == {}
    (run,) = instance.get_runs()
    assert cursor.again == [run.run_id]
    instance.report_run_failed(run)
    assert list(look(instance, book, cursor)) == ["run_failed works"]


def test_a_part_that_somebody_chose_does_not_settle_its_job(
    instance: DagsterInstance, book: AlertBook
) -> None:
    cursor = sensors.Cursor(after_event=0)
    two_steps.execute_in_process(instance=instance, raise_on_error=False)
    assert list(look(instance, book, cursor)) == ["run_failed two_steps"]
    part = instance.create_run_for_job(
        two_steps.get_subset(op_selection=["does"]),
        status=DagsterRunStatus.STARTED,
        op_selection=["does"],
    )
    succeeded = DagsterEvent(DagsterEventType.RUN_SUCCESS.value, "two_steps")
    instance.report_dagster_event(succeeded, part.run_id)
    assert list(look(instance, book, cursor)) == ["run_failed two_steps"]


def test_feeds_are_looked_at_once_the_clock_is_right_again() -> None:
    now = utc_now()
    looked = {
        minutes: sensors.Cursor(feeds_at=now + timedelta(minutes=minutes)).are_feeds_due(now)
        for minutes in (-11, -9, 0, 3 * 24 * 60)
    }
    assert looked == {-11: True, -9: False, 0: False, 3 * 24 * 60: True}


def test_a_check_is_told_by_its_severity_and_settled_when_it_passes(
    instance: DagsterInstance, book: AlertBook
) -> None:
    definitions = Definitions(assets=[leads], jobs=[define_asset_job("build")])
    build = definitions.resolve_job_def("build")
    cursor = sensors.Cursor(after_event=0)
    seen = []
    for passes, severity in (
        (False, AssetCheckSeverity.WARN),
        (False, AssetCheckSeverity.ERROR),
        (False, AssetCheckSeverity.WARN),
        (True, AssetCheckSeverity.ERROR),
    ):
        OUTCOMES.update(passes=passes, severity=severity)
        build.execute_in_process(instance=instance, raise_on_error=False)
        seen.append(sorted(look(instance, book, cursor)))
    assert seen == [
        ["check_warned leads gate"],
        ["check_failed leads gate", "check_warned leads gate"],
        ["check_warned leads gate"],
        [],
    ]


def test_a_watch_that_cannot_look_is_told_and_stops_no_other(
    embedded_settings: Settings, instance: DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cannot(*arguments: Any) -> None:
        raise OSError("jane.doe@example.org")

    for name, value in (("HOME", embedded_settings.home), ("ALERT_MINUTES", 0)):
        monkeypatch.setenv(f"LEAD_PLATFORM_{name}", str(value))
    embedded_settings.prepare_home()
    # A name in Latin-1 silenced whatever was looked at together with it.
    for folder in ("web_from", os.fsdecode(b"Anfr\xe4gen")):
        stuck = embedded_settings.inbox / folder / "a.csv"
        stuck.parent.mkdir()
        stuck.write_text("a", encoding="utf-8")
    monkeypatch.setattr(watches, "FILES_WAIT_AT_MOST", timedelta(0))
    with monkeypatch.context() as broken:
        broken.setattr(sensors, "watch_lake", cannot)
        with build_sensor_context(instance=instance) as context:
            sensors.alerts(context)
    states = {f"{each.kind} {each.subject}": each.state for each in open_book(
        embedded_settings).alerts()}  # fmt: skip
    assert states == {
        "watch_failed lake": "open",
        "files_waiting web_from": "open",
        "files_waiting Anfr\\xe4gen": "open",
    }
    with build_sensor_context(instance=instance) as context:
        sensors.alerts(context)
    states = {each.kind: each.state for each in open_book(embedded_settings).alerts()}
    assert states == {"watch_failed": "resolved", "files_waiting": "open"}
    log = (embedded_settings.alerts / "alerts.log").read_text(encoding="utf-8")
    assert "in order again (watch_failed): lake" in log
    assert "jane" not in log


class Minutes:
    """The sensor as it is evaluated minute by minute, its cursor kept."""

    def __init__(self, instance: DagsterInstance, monkeypatch: pytest.MonkeyPatch) -> None:
        self._instance, self._monkeypatch = instance, monkeypatch
        self._cursor: str | None = None
        self._now = utc_now()
        monkeypatch.setenv("LEAD_PLATFORM_ALERT_MINUTES", "0")

    def look(self, minutes: int = 1) -> dict[str, str]:
        """The state of every alert after so many minutes more."""
        self._now += timedelta(minutes=minutes)
        self._monkeypatch.setattr(sensors, "utc_now", lambda: self._now)
        with build_sensor_context(instance=self._instance, cursor=self._cursor) as context:
            sensors.alerts(context)
            self._cursor = context.cursor
        known = open_book(Settings()).alerts()
        return {f"{each.kind} {each.subject}": each.state for each in known}


@pytest.fixture
def minutes(
    embedded_settings: Settings, instance: DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> Minutes:
    monkeypatch.setenv("LEAD_PLATFORM_HOME", str(embedded_settings.home))
    embedded_settings.prepare_home()
    return Minutes(instance, monkeypatch)


@pytest.mark.parametrize(
    ("watch", "name"),
    [
        ("watch_arrivals", "feeds"),
        ("watch_models", "models"),
        ("watch_lake", "lake"),
        ("watch_disk", "disk"),
        ("watch_queue", "queue"),
        ("watch_files", "inbox"),
        ("settle_files", "files"),
        ("watch_configuration", "configuration"),
        ("watch_ticks", "ticks"),
        ("watch_runs", "runs"),
    ],
)
def test_only_a_look_settles_and_what_cannot_look_tries_each_minute(
    minutes: Minutes, watch: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`models` counted as looked at in the nine minutes in which it was not: its alert was settled
    while the fault lasted."""

    def cannot(*_: Any, **__: Any) -> None:
        raise OSError("out of reach")

    with monkeypatch.context() as broken:
        broken.setattr(sensors, watch, cannot)
        assert [minutes.look() for _ in range(3)] == 3 * [{f"watch_failed {name}": "open"}]
    assert minutes.look() == {f"watch_failed {name}": "resolved"}


def test_a_watch_whose_turn_it_is_not_says_nothing(
    minutes: Minutes, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = [Signal("feed_stale", "web_form", "nothing came", is_condition=True)]
    with monkeypatch.context() as stale:
        stale.setattr(sensors, "watch_feeds", lambda *_: told)
        assert minutes.look() == {"feed_stale web_form": "open"}
    assert minutes.look(8) == {"feed_stale web_form": "open"}
    assert minutes.look(2) == {"feed_stale web_form": "resolved"}


def test_a_model_that_cannot_be_judged_is_told_as_long_as_its_file_is_broken(
    minutes: Minutes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "config"
    shutil.copytree(Settings().config_dir, config)
    monkeypatch.setenv("LEAD_PLATFORM_CONFIG_DIR", str(config))
    assert minutes.look() == {}
    accounts = config / "accounts.yaml"
    kept = accounts.read_text(encoding="utf-8")
    accounts.write_text(f"{kept}\nweather: fine\n", encoding="utf-8")
    told = {"configuration_broken config/accounts.yaml", "watch_failed models"}
    for _ in range(3):
        assert minutes.look() == dict.fromkeys(told, "open")
    accounts.write_text(kept, encoding="utf-8")
    assert minutes.look() == dict.fromkeys(told, "resolved")


def test_what_was_set_aside_is_settled_a_minute_after_its_release(
    minutes: Minutes, embedded_settings: Settings, templates: Templates
) -> None:
    templates.copy_to(embedded_settings, open_lake)
    lake = Lake(embedded_settings)
    faults = [Fault(f"sub_{number}", "KeyError", "titles.py:1")
              for number in range(lake.settings.alert_set_aside + 1)]  # fmt: skip
    with lake.write("normalize", separations=[Separation("normalize")]) as candidate:
        candidate.hold(faults, "submission", "identity.normalized_submissions")
    assert minutes.look() == {"quarantine_grown normalize": "open"}
    with lake.write("release") as candidate:
        candidate.connection.execute("update governance.quarantine set state = 'released'")
    assert minutes.look() == {"quarantine_grown normalize": "resolved"}


@asset(
    key=["trial", "left_side"],
    check_specs=[AssetCheckSpec("gate", asset=["trial", "left_side"], blocking=True)],
)
def left_side(context: AssetExecutionContext, lake: LakeResource) -> Results:
    """A row whose amount its suite warns of."""
    yield from lake.materialize(
        context, None, lambda candidate: add_amount(candidate, len(context.run_id))
    )


@asset(deps=[left_side])
def after() -> None:
    """What depends on it."""


def add_amount(candidate: Candidate, amount: int) -> None:
    candidate.connection.execute("insert into trial.left_side values (1, ?)", [amount])


@pytest.fixture
def warning_lake(
    new_settings: Callable[..., Settings], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Lake:
    """A lake whose suite of trial.left_side warns of amounts above ten."""
    folder = trial.write_suites(Settings(home=tmp_path), tmp_path / "expectations")
    suite = trial.suite_document("left_side")
    suite["expectations"].append({**trial._between("amount", 0, 10), "meta": {"severity": "warn"}})
    (folder / "trial" / "left_side.json").write_text(json.dumps(suite), encoding="utf-8")
    settings = new_settings("home", expectations_dir=folder)
    lake = trial.open_trial(settings)
    for name, value in settings.model_dump().items():
        if name in ("home", "expectations_dir", "database_url") and value:
            monkeypatch.setenv(f"LEAD_PLATFORM_{name.upper()}", str(value))
    return lake


def test_what_a_suite_warns_of_is_published_and_reaches_a_person(
    warning_lake: Lake, instance: DagsterInstance, book: AlertBook
) -> None:
    definitions = Definitions(
        assets=[left_side, after],
        jobs=[define_asset_job("build")],
        resources={"lake": LakeResource()},
    )
    cursor = sensors.Cursor(after_event=0)
    outcome = definitions.resolve_job_def("build").execute_in_process(instance=instance)
    assert outcome.success, "what depends on it goes on"
    assert trial.count_rows(warning_lake, "trial.left_side") == 1
    (check,) = outcome.get_asset_check_evaluations()
    assert (check.passed, check.severity) == (False, AssetCheckSeverity.WARN)
    assert "trial.left_side: expect_column_values_to_be_between" in str(check.metadata["warns of"])
    cause = str(check.metadata[CAUSE].value)
    assert cause.startswith("trial.left_side: expect_column_values_to_be_between")
    assert "rows" not in cause, "one more row is no other cause"
    assert list(look(instance, book, cursor)) == ["check_warned trial.left_side gate"]


def writing(table: str, statements: list[str]) -> AssetsDefinition:
    """An asset that executes what the list has by then."""

    @asset(
        key=["trial", table],
        check_specs=[AssetCheckSpec("gate", asset=["trial", table], blocking=True)],
    )
    def written(context: AssetExecutionContext, lake: LakeResource) -> Results:
        def write(candidate: Candidate) -> None:
            for statement in statements:
                candidate.connection.execute(statement)

        yield from lake.materialize(context, None, write)

    return written


@pytest.mark.usefixtures("warning_lake")
def test_a_warning_is_settled_by_a_later_write_of_its_table_and_nothing_else(
    instance: DagsterInstance, book: AlertBook
) -> None:
    """The next run, which wrote nothing to the table, said that its gate had passed."""
    cursor, statements = sensors.Cursor(after_event=0), []
    for table, statement, warned in (
        ("left_side", "insert into trial.left_side values (1, 100)", True),
        ("left_side", "", True),
        ("right_side", "insert into trial.right_side values (1, 1)", True),
        # A table may be written beside another one, and is judged all the same.
        ("right_side", "insert into trial.left_side values (2, 5)", False),
        ("right_side", "insert into trial.left_side values (3, 50)", True),
        ("left_side", "insert into trial.left_side values (4, 1)", False),
    ):
        statements[:] = [statement] if statement else []
        definitions = Definitions(
            assets=[writing(table, statements)],
            jobs=[define_asset_job("build")],
            resources={"lake": LakeResource()},
        )
        outcome = definitions.resolve_job_def("build").execute_in_process(instance=instance)
        assert outcome.success
        found = look(instance, book, cursor)
        assert ("check_warned trial.left_side gate" in found) == warned, statement
        assert len(found) == warned


def test_a_check_that_stays_failed_says_where_to_look(
    instance: DagsterInstance, book: AlertBook
) -> None:
    """A file nobody may read was told as the number of a run."""

    @asset(name="deliveries", check_specs=[AssetCheckSpec("files", asset="deliveries")])
    def files() -> Iterator[AssetCheckResult | MaterializeResult]:
        yield MaterializeResult()
        yield AssetCheckResult(
            passed=False, check_name="files", metadata={SUMMARY: "2 files: look here", "left": 2}
        )

    definitions = Definitions(assets=[files], jobs=[define_asset_job("build")])
    cursor = sensors.Cursor(after_event=0)
    definitions.resolve_job_def("build").execute_in_process(instance=instance)
    [text] = look(instance, book, cursor).values()
    assert text.endswith(": 2 files: look here")


def test_a_file_nobody_can_read_is_told_while_it_lies_there(
    embedded_settings: Settings,
    instance: DagsterInstance,
    book: AlertBook,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The next run took another file, its check passed, and the alert of the first was settled."""
    monkeypatch.setenv("LEAD_PLATFORM_HOME", str(embedded_settings.home))
    read = deliveries.identify_delivery

    def refuse(path: Path, *args: Any, **named: Any) -> Delivery:
        # Permissions do not bind the administrator, who may run this.
        if path.read_text() == "locked":
            raise UnreadableFileError("it cannot be read: Permission denied")
        return read(path, *args, **named)

    monkeypatch.setattr(deliveries, "identify_delivery", refuse)
    folder = embedded_settings.inbox / "crm_outcomes"
    folder.mkdir(parents=True)
    job = Definitions(
        assets=[intake],
        jobs=[define_asset_job("take_in")],
        resources={"lake": LakeResource()},
    ).resolve_job_def("take_in")
    cursor = sensors.Cursor(after_event=0)

    def take_in(name: str, text: str = "") -> list[str]:
        (folder / name).write_text(
            text
            or f"outcome_id,type,occurred_at,amount,currency\n{name},closed_won,2026-01-01,1,EUR\n"
        )
        files = [{"path": str(folder / name), "channel": "crm_outcomes"}]
        config = {"ops": {"intake": {"config": {"files": files}}}}
        assert job.execute_in_process(run_config=config, instance=instance).success
        return [told for told in look(instance, book, cursor) if told.startswith("check_failed")]

    told = [f"check_failed {sensors.FILES_LEFT}"]
    assert f"{'.'.join(FILES_CHECK.asset_key.path)} {FILES_CHECK.name}" == sensors.FILES_LEFT
    assert take_in("locked.csv", "locked") == told
    assert take_in("other.csv") == told
    assert [path.name for path in folder.iterdir()] == ["locked.csv"]
    assert take_in("locked.csv") == []


def test_a_file_that_is_moved_away_is_settled_without_a_run(
    embedded_settings: Settings, book: AlertBook
) -> None:
    """Nothing settled it until the next file came, which at night is the next morning."""
    failed = Signal("check_failed", sensors.FILES_LEFT, "1 file", is_condition=True)

    def settled() -> bool:
        sensors.settle_files(embedded_settings, book, utc_now())
        return [alert.state for alert in book.alerts()] == ["resolved"]

    embedded_settings.prepare_home()
    folder, left = embedded_settings.inbox / "crm_outcomes", embedded_settings.left_files
    folder.mkdir(parents=True)
    files = [folder / "locked.csv", folder / "link.csv"]
    files[0].write_text("locked")
    files[1].symlink_to("nowhere")
    book.record([failed], utc_now())
    assert not settled(), "no run has told yet what it left"
    note_left([FileFault(path, "not readable") for path in files], left)
    assert not settled()
    files[1].unlink()
    assert not settled()
    files[0].rename(folder.parent.parent / "locked.csv")
    assert settled()
    book.record([failed], utc_now())
    left.write_text("{")
    assert not settled(), "nothing tells what was left"


def test_many_rows_set_aside_in_one_run_are_told_until_they_are_dealt_with(
    lake: Lake, book: AlertBook
) -> None:
    now = utc_now()

    def hold(run_id: str, count: int) -> list[str]:
        separation = Separation("normalize")
        faults = [Fault(f"{run_id}_{number}", "KeyError", "titles.py:1") for number in range(count)]
        with lake.write("normalize", run_id=run_id, separations=[separation]) as candidate:
            candidate.hold(faults, "submission", "identity.normalized_submissions")
        sensors.watch_lake(lake.settings, book, now)
        return [f"{a.kind} {a.subject}: {a.text}" for a in book.alerts() if a.state == "open"]

    limit = lake.settings.alert_set_aside
    # Day by day few: the check `quarantine` is yellow for that, and no step is broken.
    for number in range(3):
        assert hold(f"quiet{number}", limit // 2) == []
    assert hold("run_0123456789", limit + 5) == [
        f"quarantine_grown normalize: {limit + 5} set aside by run run_0123, "
        f"{limit + 5 + 3 * (limit // 2)} are held in all"
    ]
    with lake.write("release") as candidate:
        candidate.connection.execute("update governance.quarantine set state = 'released'")
    sensors.watch_lake(lake.settings, book, now)
    assert {alert.state for alert in book.alerts()} == {"resolved"}
