"""What RevOps and the machine find in Dagster: assets, checks, sensors, switches, run workers."""

import importlib
import json
import os
import re
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.integration.conftest import Install
from tests.integration.installation import (
    AS_OF,
    PROJECT,
    Zygote,
    files_by_slice,
    make_world,
    put,
)


@pytest.fixture(scope="module")
def profile() -> str:
    """One profile: Dagster's own storage is Dagster's to test."""
    return "embedded"


@pytest.fixture(scope="module")
def definitions(zygote: Zygote) -> Iterator[Any]:
    """The code location, loaded in this process."""
    before = os.environ.get("LEAD_PLATFORM_HOME")
    os.environ["LEAD_PLATFORM_HOME"] = str(zygote.home)
    try:
        yield importlib.import_module("lead_platform.definitions").defs
    finally:
        if before is None:
            del os.environ["LEAD_PLATFORM_HOME"]
        else:
            os.environ["LEAD_PLATFORM_HOME"] = before


@pytest.fixture(scope="module")
def slices(tmp_path_factory: pytest.TempPathFactory) -> list[list[tuple[Path, str]]]:
    """A small world in slices."""
    folder = tmp_path_factory.mktemp("world")
    make_world(folder, slices=5, seed=31, submissions=90, events_per_person=1.0)
    return files_by_slice(folder)


def test_every_declared_table_and_model_is_an_asset_of_its_layer(definitions: Any) -> None:
    from dagster import AssetKey

    from lead_platform.lake.specs import GATE_CHECK, declared_tables
    from lead_platform.lake.suites import load_suites

    models = {
        f"{path.parent.name}.{path.stem}"
        for path in (PROJECT / "dbt_project/models").rglob("*.sql")
    }
    declared = declared_tables()
    suites = load_suites(PROJECT / "expectations")
    specs = {".".join(spec.key.path): spec for spec in definitions.resolve_all_asset_specs()}
    assert models
    assert declared
    assert set(suites) == set(declared) | models
    graph = definitions.resolve_asset_graph()
    not_by_every_run = {
        "capture.accepted_deliveries",
        "governance.releases", "governance.gate_failures", "governance.quarantine",
        "governance.audit_log", "governance.migrations", "governance.readings",
        "governance.workflow_switches", "governance.workflow_runs", "identity.match_verdicts",
        "identity.account_verdicts", "identity.account_decisions",
        "identity.merged_account_members",
    }  # fmt: skip
    faults = []
    for table in sorted(set(declared) | models):
        spec = specs.get(table)
        if spec is None:
            faults.append(f"{table}: no asset")
            continue
        if spec.group_name != table.split(".")[0]:
            faults.append(f"{table}: group {spec.group_name}")
        if not re.match(r"One (row )?per \S", spec.description or ""):
            faults.append(f"{table}: description {(spec.description or '')[:40]!r}")
        if not spec.owners or not spec.kinds:
            faults.append(f"{table}: owners {spec.owners}, kinds {spec.kinds}")
        schema = spec.metadata.get("dagster/column_schema")
        if not schema or not schema.columns:
            faults.append(f"{table}: no column schema")
        checks = {
            key.name: key
            for key in graph.asset_check_keys
            if key.asset_key == AssetKey(table.split("."))
        }
        gate = checks.get(GATE_CHECK)
        if table not in not_by_every_run and (
            gate is None or not graph.get_check_spec(gate).blocking
        ):
            faults.append(f"{table}: no blocking gate check")
    assert faults == []


def test_jobs_and_schedules_are_there(definitions: Any) -> None:
    for job in (
        "process_new_leads",
        "apply_verdicts",
        "refresh_scores",
        "catch_up",
        "scan_identity",
        "audit_drift",
        "maintain",
        "check_archive",
    ):
        assert definitions.resolve_job_def(job)
    schedules = {schedule.name: schedule.cron_schedule for schedule in definitions.schedules}
    assert set(schedules) == {
        "daily_refresh", "nightly_archive_check", "weekly_scan", "quarterly_audit",
    }  # fmt: skip


@pytest.mark.parametrize(
    "job", ["process_new_leads", "apply_verdicts", "refresh_scores", "catch_up"]
)
def test_a_run_ends_with_the_report(definitions: Any, job: str) -> None:
    """An assignment waited for it, and a job killed in between looked finished."""
    graph = definitions.resolve_job_def(job).graph
    (route, report) = (graph.node_named(name) for name in ("route", "report"))
    upstream = graph.dependency_structure.input_to_upstream_outputs_for_node(report.name)
    assert route in {output.node for outputs in upstream.values() for output in outputs}


class Looks:
    """Evaluations of one sensor that hand the cursor on, as the daemon does."""

    def __init__(self, sensor: Any) -> None:
        from dagster import DagsterInstance

        self._sensor = sensor
        self.instance = DagsterInstance.ephemeral()
        self.cursor: str | None = None

    def look(self) -> list[Any]:
        """One evaluation: the run requests."""
        from dagster import SkipReason, build_sensor_context

        with build_sensor_context(cursor=self.cursor, instance=self.instance) as context:
            result = self._sensor(context)
        if isinstance(result, SkipReason):
            return []
        self.cursor = result.cursor
        return list(result.run_requests or [])


@pytest.fixture
def inbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, definitions: Any) -> Path:
    """The inbox of a home the sensors look at."""
    monkeypatch.setenv("LEAD_PLATFORM_HOME", str(tmp_path / "home"))
    folder = tmp_path / "home" / "inbox"
    folder.mkdir(parents=True)
    return folder


def test_file_in_the_inbox_is_asked_for_once(inbox: Path, tmp_path: Path) -> None:
    from lead_platform.capture import sensors

    source = tmp_path / "a.jsonl"
    source.write_text("{}\n")
    looks = Looks(sensors.inbox)
    assert looks.look() == []
    path = put(source, inbox / "web_form" / "a.jsonl")
    (request,) = looks.look()
    assert request.run_config["ops"]["intake"]["config"]["files"] == [
        {"path": str(path), "channel": "web_form"}
    ]
    assert looks.look() == []

    restarted = Looks(sensors.inbox)
    restarted.cursor = looks.cursor
    assert restarted.look() == [], "a restart asks for the file again"

    source.write_text("{}\n{}\n")
    put(source, path)
    (again,) = restarted.look()
    assert again.run_key != request.run_key, "other contents under the same name are another file"


def test_two_files_come_in_one_run_and_outcomes_have_their_own_sensor(
    inbox: Path, tmp_path: Path
) -> None:
    from lead_platform.capture import sensors

    source = tmp_path / "a"
    source.write_text("{}\n")
    for name in ("web_form/a.jsonl", "web_events/b.jsonl", "crm_outcomes/c.csv"):
        put(source, inbox / name)
    leads, outcomes = Looks(sensors.inbox).look(), Looks(sensors.outcomes_inbox).look()
    channels = [
        [file["channel"] for file in request.run_config["ops"]["intake"]["config"]["files"]]
        for request in (*leads, *outcomes)
    ]
    assert [sorted(names) for names in channels] == [["web_events", "web_form"], ["crm_outcomes"]]


def test_files_of_a_rush_come_in_one_run_once_the_waiting_one_has_begun(
    inbox: Path, tmp_path: Path
) -> None:
    """Each look asked for a run of its own: files of two minutes waited for a queue of runs."""
    from dagster import DagsterRun, DagsterRunStatus
    from dagster._core.remote_origin import (
        GrpcServerCodeLocationOrigin,
        RemoteJobOrigin,
        RemoteRepositoryOrigin,
    )

    from lead_platform.capture import sensors

    source = tmp_path / "a.jsonl"
    source.write_text("{}\n")
    looks = Looks(sensors.inbox)
    location = GrpcServerCodeLocationOrigin(host="localhost", socket="/code", location_name="here")
    looks.instance.add_run(
        DagsterRun(
            "process_new_leads",
            "waiting",
            status=DagsterRunStatus.QUEUED,
            tags={"dagster/sensor_name": "inbox"},
            remote_job_origin=RemoteJobOrigin(
                RemoteRepositoryOrigin(location, "__repository__"), "process_new_leads"
            ),
        )
    )
    for number in range(3):
        put(source, inbox / "web_form" / f"{number}.jsonl")
        assert looks.look() == []
    looks.instance.delete_run("waiting")
    (request,) = looks.look()
    assert len(request.run_config["ops"]["intake"]["config"]["files"]) == 3


def test_half_written_and_hidden_names_are_not_looked_at(inbox: Path) -> None:
    from lead_platform.capture import sensors

    folder = inbox / "web_form"
    folder.mkdir()
    for name in (".a.jsonl", "a.jsonl.part", "a.jsonl.tmp", "a.jsonl.crdownload"):
        (folder / name).write_text("{}\n")
    looks = Looks(sensors.inbox)
    assert looks.look() == []
    os.utime(folder / "a.jsonl.part", (1_700_000_000,) * 2)
    (folder / "a.jsonl.part").rename(folder / "a.jsonl")
    assert len(looks.look()) == 1


def test_request_for_any_name_can_be_stored(inbox: Path, tmp_path: Path) -> None:
    """A name in Latin-1 broke the run's configuration, and with it the sensor, for everybody."""
    from lead_platform.capture import sensors
    from lead_platform.capture.names import path_of_text

    source = tmp_path / "a.jsonl"
    source.write_text("{}\n")
    path = put(source, inbox / "web_form" / os.fsdecode(b"gr\xfc\xdfe.jsonl"))
    looks = Looks(sensors.inbox)
    (request,) = looks.look()
    (file,) = request.run_config["ops"]["intake"]["config"]["files"]
    assert path_of_text(json.loads(json.dumps(file).encode())["path"]) == path
    assert looks.look() == []
    assert (looks.cursor or "").encode()


def test_unknown_channel_warns_and_stops_nobody(
    inbox: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    from dagster import DagsterInstance, build_sensor_context

    from lead_platform.capture import sensors

    source = tmp_path / "a.jsonl"
    source.write_text("{}\n")
    put(source, inbox / "fbk" / "a.jsonl")
    put(source, inbox / "web_form" / "b.jsonl")
    with build_sensor_context(instance=DagsterInstance.ephemeral()) as context:
        result = sensors.inbox(context)
    assert len(result.run_requests) == 1
    warned = capfd.readouterr().err
    assert "Unknown channel 'fbk'" in warned
    assert "web_form" in warned
    assert "config/channels/fbk.yaml" in warned
    put(source, inbox / "tiktok" / "c.jsonl")
    with build_sensor_context(
        instance=DagsterInstance.ephemeral(), cursor=result.cursor
    ) as context:
        sensors.inbox(context)
    warned = capfd.readouterr().err
    assert "tiktok" in warned
    assert "fbk" not in warned, "said once, not each five seconds"


def test_disabled_workflow_skips_its_steps_and_catches_up(
    install: Install, slices: list[list[tuple[Path, str]]]
) -> None:
    installation = install("switches")
    installation.run(files=slices[0])
    routed = installation.scalar("select count(*) from routing.assignments")
    disabled = installation.command(
        "workflows", "disable", "routing", "--by", "Dana", "--reason", "territories are wrong"
    )
    assert disabled.exit_code == 0, disabled.err
    outcome = installation.run(files=slices[1], as_of=AS_OF + timedelta(hours=1))
    leads = installation.scalar("select count(*) from identity.leads")
    assert leads > routed
    assert installation.scalar("select count(*) from scoring.lead_scores") == leads
    assert installation.scalar("select count(*) from routing.assignments") == routed
    skipped = installation.query(
        "select workflow, reason from governance.workflow_runs "
        f"where status = 'skipped' and run_id = '{outcome['run_id']}'"
    )
    assert skipped
    assert {workflow for workflow, _ in skipped} == {"routing"}
    assert all("Dana" in reason and "territories are wrong" in reason for _, reason in skipped)

    enabled = installation.command(
        "workflows", "enable", "routing", "--by", "Dana", "--reason", "territories are right"
    )
    assert enabled.exit_code == 0, enabled.err
    installation.run(as_of=AS_OF + timedelta(hours=2))
    assert installation.scalar("select count(*) from routing.assignments") == leads
    switched = installation.query(
        "select action, actor, reason from governance.audit_log "
        "where subject_type = 'workflow' order by occurred_at"
    )
    assert switched == [
        ("disable_workflow", "Dana", "territories are wrong"),
        ("enable_workflow", "Dana", "territories are right"),
    ]


def test_files_wait_while_capture_is_switched_off(
    install: Install,
    slices: list[list[tuple[Path, str]]],
    definitions: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """They were archived without having been taken in, and the sensor used up its attempts."""
    from dagster import SkipReason, build_sensor_context

    from lead_platform.capture import sensors

    installation = install("capture-off")
    path, channel = next(file for file in slices[0] if file[1] == "web_form")
    waiting = put(path, installation.settings.inbox / channel / path.name)
    reason = ("--by", "Dana", "--reason", "the form is attacked by bots")
    assert installation.command("workflows", "disable", "capture", *reason).exit_code == 0
    for name, value in installation.environment.items():
        monkeypatch.setenv(name, value)
    with build_sensor_context() as context:
        skipped = sensors.inbox(context)
    assert isinstance(skipped, SkipReason)
    assert "Dana" in (skipped.skip_message or "")
    installation.run(files=[(waiting, channel)])
    assert installation.waiting == [path.name]
    assert installation.scalar("select count(*) from capture.deliveries") == 0
    assert installation.command("workflows", "enable", "capture", *reason).exit_code == 0
    installation.run()
    assert installation.waiting == []
    taken = installation.query("select file_name from capture.deliveries")
    assert taken == [(path.name,)]


def test_run_launched_without_a_pool_gets_a_worker_of_its_own(
    install: Install,
    slices: list[list[tuple[Path, str]]],
    definitions: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from dagster import DagsterInstance, DagsterRunStatus
    from dagster._core.definitions.reconstruct import ReconstructableRepository
    from dagster._core.launcher.base import LaunchRunContext, WorkerStatus

    from lead_platform.orchestration.runs import prepare_instance

    installation = install("worker")
    for name, value in installation.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("DAGSTER_HOME", str(installation.settings.dagster_home))
    prepare_instance(installation.settings)
    job = ReconstructableRepository.for_module(
        "lead_platform.definitions", "defs", working_directory=str(PROJECT)
    ).get_reconstructable_job("process_new_leads")
    files = [{"path": str(path), "channel": channel} for path, channel in slices[0]]
    with DagsterInstance.get() as instance:
        launcher = instance.run_launcher
        run = instance.create_run_for_job(
            job_def=job.get_definition(),
            run_config={"ops": {"intake": {"config": {"files": files}}}},
            job_code_origin=job.get_python_origin(),
            tags={"lead-platform/as-of": AS_OF.isoformat()},
        )
        launcher.launch_run(LaunchRunContext(run, workspace=None))
        assert launcher.check_run_worker_health(run).status == WorkerStatus.RUNNING
        assert _wait(instance, run.run_id) == DagsterRunStatus.SUCCESS
    leads = installation.scalar("select count(*) from identity.leads")
    assert leads == installation.scalar("select count(*) from routing.assignments") > 10


def _wait(instance: Any, run_id: str, timeout: float = 240) -> Any:
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        run = instance.get_run_by_id(run_id)
        if run.is_finished:
            return run.status
        time.sleep(0.2)
    return instance.get_run_by_id(run_id).status
