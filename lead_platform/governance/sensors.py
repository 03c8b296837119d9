"""Governance's sensors: upkeep and what is behind once it is due, and what went wrong reaches a
person."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import cast

from dagster import (
    AssetCheckEvaluation,
    AssetCheckSeverity,
    DagsterEventType,
    DagsterInstance,
    DagsterRun,
    DagsterRunStatus,
    DefaultSensorStatus,
    RunRequest,
    RunsFilter,
    RunStatusChangeRecordsFilter,
    SensorEvaluationContext,
    SensorResult,
    SkipReason,
    sensor,
)
from dagster._core.event_api import RunStatusChangeEventType
from dagster._core.storage.tags import AUTO_RETRY_RUN_ID_TAG
from pydantic import BaseModel

from lead_platform.capture.inbox import is_none_left
from lead_platform.governance.alerts import AlertBook, Signal
from lead_platform.governance.backlog import count_backlog
from lead_platform.governance.holidays import load_holidays
from lead_platform.governance.leftovers import Cursor as Leftovers
from lead_platform.governance.leftovers import (
    find_leftovers,
    is_retry_to_come,
    is_under_way,
    jobs_settled,
)
from lead_platform.governance.notifications import open_book, tell
from lead_platform.governance.scheduled import tried_again
from lead_platform.governance.ticks import watch_ticks
from lead_platform.governance.watches import (
    watch_configuration,
    watch_disk,
    watch_feeds,
    watch_files,
    watch_maintenance,
    watch_models,
    watch_quarantine,
    watch_rejections,
)
from lead_platform.instants import has_passed
from lead_platform.lake.lake import utc_now
from lead_platform.lake.resource import CAUSE, JUDGED, ROWS_TAG, SUMMARY, open_lake
from lead_platform.lake.specs import CATCH_UP
from lead_platform.lake.switches import switches_of
from lead_platform.lake.upkeep import due_after
from lead_platform.settings import Settings

INTERVAL_SECONDS = 60
CATCH_UP_EVERY = timedelta(hours=1)

_UNDER_WAY = [DagsterRunStatus.QUEUED, DagsterRunStatus.STARTING, DagsterRunStatus.STARTED]

# Feeds change over hours; reading their past every minute would tell nothing more.
FEEDS_EVERY = timedelta(minutes=10)

# What the published release tells of: settled together.
LAKE_KINDS = ("quarantine_grown", "files_rejected", "maintenance_overdue")
ARRIVAL_KINDS = ("feed_stale", "feed_fallen", "field_moved", "vocabulary_moved")

# Checks that speak of the files of one run, of which the next one says nothing.
TOLD_OTHERWISE = frozenset({"capture.deliveries files_taken"})

# The check that fails while a file is left in the inbox.
FILES_LEFT = "capture.deliveries files_readable"

RUNS_WAIT_AT_MOST = 20
RUNS_AT_ONCE = 200
LAST_RUNS = 30

# How a run that is looked at may end.
_ENDS: tuple[RunStatusChangeEventType, ...] = (
    DagsterEventType.RUN_FAILURE,
    DagsterEventType.RUN_SUCCESS,
)


class Cursor(BaseModel):
    """What the sensor remembers: up to which end of a run it has told and which the last ones were,
    the runs it has to look at again, and when feeds were looked at.

    Ends of runs are known by their place in the event log: by the clock's time, one that came while
    the clock was behind is never looked at. SQLite gives the place of an end that was deleted to
    the next, so the last ones are known by their runs.
    """

    after_event: int | None = None
    told: list[str] = []
    again: list[str] = []
    feeds_at: datetime | None = None

    def are_feeds_due(self, now: datetime) -> bool:
        """Whether feeds were looked at long ago, or as the clock had it in the future."""
        return self.feeds_at is None or has_passed(FEEDS_EVERY, self.feeds_at, now)


@sensor(
    name="upkeep",
    job_name="maintain",
    minimum_interval_seconds=INTERVAL_SECONDS,
    default_status=DefaultSensorStatus.RUNNING,
    description="Upkeep of the lake, as often as what is written asks for it, and daily.",
)
def upkeep(context: SensorEvaluationContext) -> RunRequest | SkipReason:
    """Start `maintain` where it is due; one that failed is tried again after an hour."""
    now = utc_now()
    lake = open_lake(Settings())
    off = switches_of(lake).read("maintenance").off_because
    if off:
        return SkipReason(off)
    with lake.read() as connection:
        last = due_after(connection, now)
    if last is None:
        return SkipReason("little was written since the last upkeep")
    return RunRequest(run_key=f"after {last}, {now:%Y-%m-%dT%H}")


@sensor(
    name="backlog",
    job_name=CATCH_UP,
    minimum_interval_seconds=INTERVAL_SECONDS,
    default_status=DefaultSensorStatus.RUNNING,
    description="Makes anew what was made with other lists or providers, a slice an hour.",
)
def backlog(context: SensorEvaluationContext) -> SensorResult | SkipReason:
    """Start `catch_up` an hour after its last slice, in the first minute in which nothing else runs
    or waits for its turn."""
    settings, now = Settings(), utc_now()
    lake = open_lake(settings)
    if off := switches_of(lake).read(CATCH_UP).off_because:
        return SkipReason(off)
    last = datetime.fromisoformat(context.cursor) if context.cursor else None
    if last is not None and not has_passed(CATCH_UP_EVERY, last, now):
        return SkipReason(f"the last slice was at {last:%H:%M}")
    if context.instance.get_runs_count(RunsFilter(statuses=_UNDER_WAY)):
        return SkipReason("other runs come first")
    with lake.read() as connection:
        behind = count_backlog(connection, settings, now)
    if not (behind.total and settings.catch_up_rows):
        return SensorResult(skip_reason=SkipReason("nothing is behind"), cursor=now.isoformat())
    return SensorResult(
        run_requests=[RunRequest(run_key=f"{now:%Y-%m-%dT%H:%M}")], cursor=now.isoformat()
    )


@sensor(
    name="leftovers",
    job_name=CATCH_UP,
    minimum_interval_seconds=INTERVAL_SECONDS,
    default_status=DefaultSensorStatus.RUNNING,
    description="Takes up what runs left behind, or a switch that is on again had kept waiting.",
)
def leftovers(context: SensorEvaluationContext) -> SensorResult | SkipReason:
    """Start `catch_up` for what was left behind, without making anything anew, in the first minute
    in which no other run takes it up; less and less often while that fails under the same rules."""
    settings, now = Settings(), utc_now()
    if is_under_way(context.instance):
        return SkipReason("a run that takes it up is under way")
    lake = open_lake(settings)
    with lake.read() as connection:
        is_empty = connection.execute("from capture.deliveries limit 1").fetchone() is None
    if is_empty:
        return SkipReason("nothing was ever taken in")
    cursor = Leftovers.model_validate_json(context.cursor) if context.cursor else Leftovers()
    snapshot = lake.published().snapshot_id
    reason = find_leftovers(context.instance, switches_of(lake).all(), now)
    if reason is None and snapshot < cursor.snapshot_id:
        reason = "the lake was restored to an earlier release"
    if reason is None:
        seen = Leftovers(snapshot_id=snapshot)
        skipped = SkipReason("nothing was left behind")
        return SensorResult(skip_reason=skipped, cursor=seen.model_dump_json())
    rules = lake.rules_state()
    if not cursor.is_due(rules, now):
        return SkipReason(f"{reason}; it was tried at {cursor.asked_at:%H:%M}")
    request = RunRequest(
        run_key=f"{reason}, {now:%Y-%m-%dT%H:%M:%S}",
        tags={ROWS_TAG: "0", "dagster/priority": "0"},
    )
    asked = cursor.asked(rules, now).model_copy(update={"snapshot_id": snapshot})
    return SensorResult(run_requests=[request], cursor=asked.model_dump_json())


# What a failed check of the archive found, it would find again.
refresh_again, scan_again, audit_again = map(
    tried_again, ("refresh_scores", "scan_identity", "audit_drift")
)


@sensor(
    name="alerts",
    minimum_interval_seconds=INTERVAL_SECONDS,
    default_status=DefaultSensorStatus.RUNNING,
    description="Failed runs and checks, stale feeds and tripped limits, told to a person.",
)
def alerts(context: SensorEvaluationContext) -> SkipReason:
    """Look at all there is to watch and send what is due; starts no run."""
    settings, now = Settings(), utc_now()
    cursor = Cursor.model_validate_json(context.cursor) if context.cursor else Cursor()
    looks = _looks(settings, context.instance, cursor, now)
    failed = {name: error for name, look in looks.items() if (error := _look(look))}
    tell(
        settings,
        [Signal("watch_failed", name, text, is_condition=True) for name, text in failed.items()],
        now,
        over=[("watch_failed", name) for name in looks if name not in failed],
    )
    context.update_cursor(cursor.model_dump_json())
    return SkipReason("looked; see: lead-platform alerts list")


def _looks(
    settings: Settings, instance: DagsterInstance, cursor: Cursor, now: datetime
) -> dict[str, Callable[[], None]]:
    """What is looked at now, by the name of the watch.

    One whose turn it is not is not among them: who does not look tells and settles nothing. One
    that cannot look has its turn again the next time.
    """
    book = open_book(settings)

    def settling(kind: str, watch: Callable[[], list[Signal]]) -> Callable[[], None]:
        return lambda: book.settle([kind], watch(), now)

    def feeds() -> None:
        watch_arrivals(settings, book, now)
        cursor.feeds_at = now

    looks = {
        "inbox": settling("files_waiting", lambda: watch_files(settings, now)),
        "disk": settling("disk_nearly_full", lambda: watch_disk(settings)),
        "queue": settling("runs_waiting", lambda: watch_queue(instance)),
        "runs": lambda: watch_runs(instance, book, cursor, now),
        "files": lambda: settle_files(settings, book, now),
        "configuration": settling("configuration_broken", lambda: watch_configuration(settings)),
        "models": settling("model_lacking", lambda: watch_models(settings)),
        "lake": lambda: watch_lake(settings, book, now),
        "ticks": settling("sensor_failing", lambda: watch_ticks(instance, own="alerts")),
    }
    return {**looks, "feeds": feeds} if cursor.are_feeds_due(now) else looks


def watch_runs(instance: DagsterInstance, book: AlertBook, cursor: Cursor, now: datetime) -> None:
    """Record failed checks of runs that ended since, and failed runs that no retry will follow.

    A success settles its job, and others of which it did what their last run had left. A job that
    fails again at the same steps is no news until then. The first look begins with the next end.
    """
    last = _ends(instance, limit=LAST_RUNS)
    newest = max((place for place, _ in last), default=0)
    after = newest if cursor.after_event is None else min(cursor.after_event, newest)
    ended = sorted({*_ends(instance, limit=RUNS_AT_ONCE, after=after), *last})
    is_first_look = cursor.after_event is None
    seen = {run_id for _, run_id in last} if is_first_look else {*cursor.told}
    run_ids = dict.fromkeys([*cursor.again, *(each for _, each in ended if each not in seen)])
    runs = {
        record.dagster_run.run_id: record
        for record in (instance.get_run_records(RunsFilter(run_ids=[*run_ids])) if run_ids else [])
    }
    again = []
    for record in (runs[run_id] for run_id in run_ids if run_id in runs):
        run = record.dagster_run
        # The end is in the log before the run has its status.
        if not run.is_finished or (run.run_id in cursor.again and is_retry_to_come(record, now)):
            again.append(run.run_id)
            continue
        signals, over = _checks_of(instance, run.run_id)
        if run.status == DagsterRunStatus.SUCCESS:
            over += [
                ("run_failed", job) for job in jobs_settled(instance, run, _failing_jobs(book))
            ]
        elif is_retry_to_come(record, now):
            again.append(run.run_id)
        elif AUTO_RETRY_RUN_ID_TAG not in run.tags and not _has_succeeded_since(instance, run):
            signals.append(_failure(instance, run))
        book.record(signals, now, over=over)
    cursor.after_event = max((place for place, _ in ended), default=after)
    cursor.told = [run_id for _, run_id in ended[-LAST_RUNS:]]
    cursor.again = again


def _has_succeeded_since(instance: DagsterInstance, run: DagsterRun) -> bool:
    """Whether a later run of the job has succeeded: a retry may be given up late."""
    later = RunsFilter(job_name=run.job_name, statuses=[DagsterRunStatus.SUCCESS])
    newest = instance.get_run_records(later, limit=1)
    own = instance.get_run_record_by_id(run.run_id)
    return bool(newest) and own is not None and newest[0].storage_id > own.storage_id


def _ends(
    instance: DagsterInstance, *, limit: int, after: int | None = None
) -> list[tuple[int, str]]:
    """Ends of runs by their place in the event log: the first ones after a place, in their order;
    without it the last ones."""
    found = [
        (record.storage_id, record.run_id)
        for event_type in _ENDS
        for record in instance.fetch_run_status_changes(
            RunStatusChangeRecordsFilter(event_type, after_storage_id=after),
            limit=limit,
            ascending=after is not None,
        ).records
    ]
    return sorted(found)[:limit] if after is not None else sorted(found)[-limit:]


def settle_files(settings: Settings, book: AlertBook, now: datetime) -> None:
    """Settle what was told of files that were left, once they lie there no more: a run that would
    say so begins with the next file only."""
    if is_none_left(settings.left_files, settings.inbox):
        book.record([], now, over=[("check_failed", FILES_LEFT)])


def watch_lake(settings: Settings, book: AlertBook, now: datetime) -> None:
    """Settle what the published release tells in a moment: what is set aside or rejected, and when
    it was maintained."""
    with open_lake(settings).read() as connection:
        signals = [
            *watch_quarantine(connection, settings.alert_set_aside),
            *watch_rejections(connection, now),
            *watch_maintenance(connection, now),
        ]
    book.settle(LAKE_KINDS, signals, now)


def watch_arrivals(settings: Settings, book: AlertBook, now: datetime) -> None:
    """Settle what the published release tells of feeds and fields, against their own past."""
    holidays = [holiday.span for holiday in load_holidays(settings.config_dir)]
    with open_lake(settings).read() as connection:
        signals = watch_feeds(connection, now, holidays)
    book.settle(ARRIVAL_KINDS, signals, now)


def watch_queue(instance: DagsterInstance) -> list[Signal]:
    """Runs that wait to be started, where they are many."""
    waiting = instance.get_runs_count(RunsFilter(statuses=[DagsterRunStatus.QUEUED]))
    if waiting <= RUNS_WAIT_AT_MOST:
        return []
    return [Signal("runs_waiting", "queue", f"{waiting} runs wait", is_condition=True)]


def _look(watch: Callable[[], None]) -> str | None:
    """Why one watch cannot look, which stops no other.

    The kind of error only: its words may repeat what it stumbled over.
    """
    try:
        watch()
    except Exception as error:
        return type(error).__name__
    return None


def _failing_jobs(book: AlertBook) -> set[str]:
    return {
        alert.subject
        for alert in book.alerts()
        if alert.kind == "run_failed" and alert.state != "resolved"
    }


def _failure(instance: DagsterInstance, run: DagsterRun) -> Signal:
    """That a job fails, by its steps and the kind of error; a run whose process died has none.

    The kind only: the words of an error may repeat what it stumbled over.
    """
    steps = instance.get_run_step_stats(run.run_id)
    failed = [step.step_key for step in steps if step.status and step.status.value == "FAILURE"]
    where = f"in {', '.join(failed)}" if failed else "outside its steps: its process ended"
    kinds = ", ".join(_kinds_of_errors(instance, run.run_id))
    text = f"run {run.run_id[:8]} failed {where}" + (f": {kinds}" if kinds else "")
    return Signal("run_failed", run.job_name, text, is_condition=True, causes=[where])


def _kinds_of_errors(instance: DagsterInstance, run_id: str) -> list[str]:
    """Of those that its steps failed with, what each began with."""
    found: set[str] = set()
    failures = instance.get_records_for_run(run_id, of_type=DagsterEventType.STEP_FAILURE).records
    for record in failures:
        event = record.event_log_entry.dagster_event
        error = event.step_failure_data.error if event else None
        while error is not None and error.cause is not None:
            error = error.cause
        if error is not None and error.cls_name:
            found.add(error.cls_name)
    return sorted(found)


def _checks_of(
    instance: DagsterInstance, run_id: str
) -> tuple[list[Signal], list[tuple[str, str]]]:
    """The checks of a run that did not pass, and the alerts that those which did settle.

    Of what is judged twice the later counts. What a gate warns of is told by its table, and settled
    where that was judged anew: most runs write nothing to most tables, and their gates pass.
    """
    found: dict[tuple[str, str], Signal | None] = {}
    records = instance.get_records_for_run(
        run_id, of_type=DagsterEventType.ASSET_CHECK_EVALUATION
    ).records
    for record in records:
        event = record.event_log_entry.dagster_event
        if event is None:
            continue
        check = event.asset_check_evaluation_data
        subject = f"{'.'.join(check.asset_key.path)} {check.check_name}"
        for signal in _signals(check, subject, run_id):
            found[signal.kind, signal.subject] = signal
        for kind, settled in _settled(check, subject):
            found[kind, settled] = None
    signals = [signal for signal in found.values() if signal is not None]
    return signals, [place for place, signal in found.items() if signal is None]


def _signals(check: AssetCheckEvaluation, subject: str, run_id: str) -> list[Signal]:
    """What there is to tell of one check."""
    if JUDGED in check.metadata:
        return [
            _signal("check_warned", f"{table} {check.check_name}", run_id, cause)
            for table, cause in _judged(check).items()
            if cause
        ]
    if check.passed or subject in TOLD_OTHERWISE:
        return []
    is_error = check.severity == AssetCheckSeverity.ERROR
    summary = check.metadata.get(SUMMARY)
    told = str(summary.value) if summary else ""
    kind = "check_failed" if is_error else "check_warned"
    return [_signal(kind, subject, run_id, _cause(check), told)]


def _settled(check: AssetCheckEvaluation, subject: str) -> list[tuple[str, str]]:
    """The alerts that one check settles."""
    is_failed = not check.passed and check.severity == AssetCheckSeverity.ERROR
    over = [] if is_failed else [("check_failed", subject)]
    if JUDGED in check.metadata:
        passed = (table for table, cause in _judged(check).items() if not cause)
        return over + [("check_warned", f"{table} {check.check_name}") for table in passed]
    return [*over, ("check_warned", subject)] if check.passed else over


def _judged(check: AssetCheckEvaluation) -> Mapping[str, str]:
    """What a gate warns of each table it judged, empty where it passed."""
    return cast(Mapping[str, str], check.metadata[JUDGED].value)


def _signal(kind: str, subject: str, run_id: str, cause: str, told: str = "") -> Signal:
    text = f"in run {run_id[:8]}" + (f": {told}" if told else "")
    return Signal(kind, subject, text, is_condition=True, causes=[cause])


def _cause(check: AssetCheckEvaluation) -> str:
    """Why a check does not pass: what it says so itself, else what it counts, without counts."""
    told = check.metadata.get(CAUSE)
    return str(told.value) if told else ", ".join(sorted(check.metadata))
