"""A full disk and a database that is down are told in one sentence, wherever they show first.

Dagster's storage, the lock's note and the home's probe failed before the lake did, with words of
their own or a traceback.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lead_platform.settings import Settings
from tests.integration.conftest import Install
from tests.integration.installation import Installation, Zygote

DISK_MEGABYTES = 48

FORM = {
    "form_submission_id": "form_1",
    "submitted_at": "2026-06-01T09:00:00Z",
    "fields": {"full_name": "Ana Lima", "email": "ana.lima@example.org"},
}


@pytest.fixture(scope="module")
def profile() -> str:
    """Each failure belongs to one profile."""
    return "embedded"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of a few megabytes; skips where mounting is not permitted."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_MEGABYTES}m", "tmpfs", str(folder)]
    try:
        subprocess.run(mount, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"a small disk cannot be mounted here: {error}")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def fill(path: Path) -> None:
    """Take all space there is."""
    try:
        with path.open("wb", buffering=0) as file:
            while file.write(b"x" * 4096):
                pass
    except OSError:
        return


def test_an_ingest_on_a_full_disk_says_so_and_the_lead_waits(
    small_disk: Path, tmp_path: Path, zygote: Zygote
) -> None:
    settings = Settings(home=small_disk / "home")
    # What its processes print is not on the disk that is full.
    installation = Installation(settings, zygote, tasks_folder=tmp_path / "tasks")
    form = installation.settings.inbox / "web_form" / "form.jsonl"
    form.parent.mkdir(parents=True)
    form.write_text(json.dumps(FORM))
    assert installation.command("status").exit_code == 0, "a lake without leads"
    fill(small_disk / "ballast")
    told = _ingest(installation)
    assert told.returncode == 1
    assert "The disk is full" in told.stderr
    assert str(installation.settings.home) in told.stderr
    assert "Traceback" not in told.stderr + told.stdout
    assert installation.waiting == ["form.jsonl"]
    (small_disk / "ballast").unlink()
    stray = installation.settings.inbox / "fbk" / "form.csv"
    stray.parent.mkdir()
    stray.write_text("email\n")
    ingested = installation.command("ingest")
    assert ingested.exit_code == 0
    assert "Not taken in: fbk/form.csv: no channel is called 'fbk'" in ingested.err
    for command in (
        ["status"],
        ["lead", "ana.lima@example.org"],
        ["workflows", "list"],
        ["sql", "select email from identity.leads"],
    ):
        before = installation.command(*command)
        assert before.exit_code == 0, before.err
        fill(small_disk / "ballast")
        full = installation.command(*command)
        (small_disk / "ballast").unlink()
        assert (full.exit_code, full.out) == (0, before.out), full.err
    assert installation.scalar("select count(*) from identity.leads") == 1


def test_an_ingest_without_its_database_says_so(install: Install, zygote: Zygote) -> None:
    home = install("down").settings.home
    url = "postgresql://someone:secret@127.0.0.1:1/leads"
    told = _ingest(Installation(Settings(home=home, database_url=url), zygote))
    assert told.returncode == 1
    assert "PostgreSQL at 127.0.0.1:1/leads does not answer" in told.stderr
    assert "secret" not in told.stderr + told.stdout
    assert "Traceback" not in told.stderr + told.stdout
    assert len(told.stderr.strip().splitlines()) == 1


def _ingest(installation: Installation) -> "subprocess.CompletedProcess[str]":
    """In a process started cold, whose imports meet the failure as well."""
    return subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "lead_platform.cli", "ingest"],
        env={**os.environ, **installation.environment},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
