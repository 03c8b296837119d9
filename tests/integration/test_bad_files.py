"""Promise 9: a fault costs what it touches. Files nobody can read, and records nobody should send,
lie in the inbox beside good ones: the good ones become leads, the rest is told and stays or is
rejected with its reasons."""

import os
import shutil
from pathlib import Path
from random import Random
from typing import Any

import pytest

from lead_platform.capture.inbox import FileFault, note_left
from lead_platform.lake.lake import utc_now
from tests.capture.nasty import as_lines, nasty_records
from tests.integration.conftest import Install
from tests.integration.installation import (
    AS_OF,
    PROJECT,
    Installation,
    files_by_slice,
    make_world,
    put,
)

NASTY_CHANNELS = (
    "web_form", "web_events", "chat_transcript", "facebook_lead_ads", "hubspot_contacts",
    "linkedin_lead_gen", "crm_outcomes", "typeform", "salesforce_leads",
)  # fmt: skip


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> list[tuple[Path, str]]:
    """Good files of every demo channel."""
    folder = tmp_path_factory.mktemp("world")
    make_world(folder, seed=23, submissions=60, events_per_person=1.0)
    return files_by_slice(folder)[0]


@pytest.fixture(scope="module")
def ran(
    install: Install, world: list[tuple[Path, str]], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Installation, dict[str, Any]]:
    """An installation after one run on an inbox of good, bad and nasty files."""
    config = tmp_path_factory.mktemp("config") / "config"
    shutil.copytree(PROJECT / "config", config)
    half = (config / "channels" / "web_form.yaml").read_text().replace("web_form", "half_saved")
    (config / "channels" / "half_saved.yaml").write_text(half.split("emits:")[0])
    installation = install("bad-files", config_dir=config)
    inbox = installation.settings.inbox
    for path, channel in world:
        put(path, inbox / channel / path.name)
    folder = inbox / "web_form"
    (form,) = [path for path, channel in world if channel == "web_form"]
    lines = form.read_text(encoding="utf-8").splitlines()
    put_text(folder / os.fsdecode(b"gr\xfc\xdfe.jsonl"), lines[0].replace("web-", "latin-"))
    put_text(folder / ("long-" * 49 + ".jsonl"), lines[1].replace("web-", "long-"))
    put_text(inbox / "half_saved" / "kept.jsonl", lines[0])
    secret = tmp_path_factory.mktemp("secret") / "passwd"
    secret.write_text("root:x:0:0\n")
    (folder / "link.jsonl").symlink_to(secret)
    os.mkfifo(folder / "pipe.jsonl")
    put_text(folder / "locked.jsonl", lines[2])
    (folder / "locked.jsonl").chmod(0)
    put_text(
        inbox / "outbound_list" / "renamed.csv",
        "list,row,email\nL1,1,jane.roe@example.org\nL1,2,john.doe@example.org",
    )
    for seed, channel in enumerate(NASTY_CHANNELS):
        records = nasty_records(channel, Random(seed), 60)
        put_text(inbox / channel / "nasty.jsonl", as_lines(records))
    return installation, installation.attempt()


def put_text(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text + "\n", encoding="utf-8")


def test_the_run_goes_on_to_the_last_step(ran: tuple[Installation, dict[str, Any]]) -> None:
    """One name, one link or one value refused the run, and with it every file of every channel."""
    installation, outcome = ran
    assert outcome["success"], outcome["errors"]
    assert "report" in outcome["seconds_by_step"]
    leads = installation.scalar("select count(*) from identity.leads")
    assert leads > 60
    assert installation.scalar("select count(*) from scoring.lead_scores") == leads
    refused = "select count(*) from governance.releases where status = 'refused'"
    assert installation.scalar(refused) == 0
    fields = installation.query(
        "select distinct issues from capture.events where issues is not null"
    )
    assert any("duration_seconds" in issues or "quantity" in issues for (issues,) in fields)


def test_what_cannot_be_read_is_told_and_stays(ran: tuple[Installation, dict[str, Any]]) -> None:
    installation, outcome = ran
    left = {"link.jsonl", "pipe.jsonl"} | ({"locked.jsonl"} if os.geteuid() else set())
    waiting = {path.name for path in (installation.settings.inbox / "web_form").iterdir()}
    assert waiting == left
    checks = installation.start("list_checks", run_id=outcome["run_id"]).finish()
    (check,) = [check for check in checks if check["check"] == "files_readable"]
    assert (check["passed"], check["blocking"]) == (False, False)
    assert all(name in check["metadata"]["left_behind"] for name in left)
    told = check["metadata"]["left_behind"]
    assert "kept.jsonl`: the channel half_saved cannot be used" in told
    assert [path.name for path in (installation.settings.inbox / "half_saved").iterdir()] == [
        "kept.jsonl"
    ]
    (told,) = [told for told in outcome["failed_checks"] if "files_readable" in told]
    assert "symbolic link" in told
    archived = {path.name for path in (installation.settings.archive / "web_form").iterdir()}
    assert any(name.endswith(os.fsdecode(b"__gr\xfc\xdfe.jsonl")) for name in archived)
    names = installation.query(
        "select file_name from capture.deliveries where channel = 'web_form'"
    )
    assert ("gr\\xfc\\xdfe.jsonl",) in names


def test_a_file_of_which_nothing_was_taken_is_told(
    ran: tuple[Installation, dict[str, Any]],
) -> None:
    """Ten leads rejected for a renamed column: the run was green, and the file archived."""
    installation, outcome = ran
    checks = installation.start("list_checks", run_id=outcome["run_id"]).finish()
    (check,) = [check for check in checks if check["check"] == "files_taken"]
    assert (check["passed"], check["blocking"], check["severity"]) == (False, False, "WARN")
    told = check["metadata"]["rejected"]
    assert "renamed.csv`: 1 of 1 records were rejected" in told
    assert "jane.roe" not in told
    assert any("renamed.csv" in told for told in outcome["failed_checks"])
    query = told.split('lead-platform sql "')[1].split('"')[0]
    assert installation.query(query)


def test_the_next_run_takes_nothing_twice(ran: tuple[Installation, dict[str, Any]]) -> None:
    installation, _ = ran
    before = installation.scalar("select count(*) from capture.deliveries")
    outcome = installation.run(as_of=AS_OF)
    assert installation.scalar("select count(*) from capture.deliveries") == before
    assert outcome["failed_checks"]


def test_a_file_that_takes_its_reader_along_is_not_opened_again_as_it_is(
    ran: tuple[Installation, dict[str, Any]], world: list[tuple[Path, str]]
) -> None:
    """It was handed to a run again and again, and ended it and whatever else came with it."""
    installation, _ = ran
    settings = installation.settings
    held, good = (settings.inbox / "web_form" / name for name in ("held.jsonl", "good.jsonl"))
    (form,) = [path for path, channel in world if channel == "web_form"]
    line = form.read_text(encoding="utf-8").splitlines()[2]
    for path in (held, good):
        put_text(path, line.replace("web-", f"{path.stem}-"))
    note_left([FileFault(held, "the process died", harmful_since=utc_now())], settings.left_files)
    outcome = installation.attempt()
    assert outcome["success"]
    assert (held.exists(), good.exists()) == (True, False)
    assert any("the process died" in told for told in outcome["failed_checks"])
    os.utime(held)
    installation.attempt()
    assert not held.exists()
