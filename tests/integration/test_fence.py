"""A real ingest that loses its writer lock in the gate loses no lead, and says what happened.

The second ingest took the first one's rows for a dead writer's and restored; the first published
without them, told success and archived its file: all its leads were gone.
"""

import json
import sqlite3
import time
from contextlib import closing
from pathlib import Path

from lead_platform.lake.postgres import CATALOG_SCHEMA, connect_postgres
from lead_platform.settings import Settings
from tests.integration.conftest import Install
from tests.integration.installation import Child, Installation
from tests.lake.test_fence import lose_lock

ATTEMPTS = 5
LEADS = 5


def test_an_ingest_that_loses_its_lock_in_the_gate_loses_no_lead(install: Install) -> None:
    installation = install("lost-lock")
    installation.run()
    loser, people = _halted_in_the_gate(installation)
    lose_lock(installation.settings)
    second = _form(installation, "second", range(people, people + 2))
    installation.run(files=[(second, "web_form")])
    loser.resume()
    (outcome,) = loser.finish()
    assert not outcome["success"]
    assert len(outcome["errors"]) == 1
    assert "intake failed: Another writer may have changed the lake" in outcome["errors"][0]
    assert len(installation.waiting) == 1

    installation.run()
    assert installation.waiting == []
    assert installation.scalar("select count(*) from identity.leads") == people + 2
    checked = installation.command("archive", "check")
    assert checked.exit_code == 0, checked.err


def _form(installation: Installation, name: str, people: range) -> Path:
    """A file with one submission per person."""
    path = installation.settings.inbox / "web_form" / f"{name}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    forms = [
        {
            "form_submission_id": f"form-{person}",
            "submitted_at": "2026-06-01T09:00:00Z",
            "fields": {"full_name": f"Ana Lima{person}x", "email": f"ana{person}@lima{person}.org"},
        }
        for person in people
    ]
    path.write_text("\n".join(map(json.dumps, forms)), encoding="utf-8")
    return path


def _halted_in_the_gate(installation: Installation) -> tuple[Child, int]:
    """An ingest halted once its rows are committed and not yet published, and all people so far."""
    for attempt in range(ATTEMPTS):
        people = range(attempt * LEADS, (attempt + 1) * LEADS)
        form = _form(installation, f"first-{attempt}", people)
        child = installation.start_run(files=[(form, "web_form")])
        while _newest_commit(installation.settings) != "intake" and child.is_running:
            time.sleep(0.002)
        if child.is_running:
            child.suspend()
            settings = installation.settings
            if _newest_commit(settings) == "intake" and _takes_commits(settings):
                return child, people.stop
            # Its gate was over before it could be halted, or it was halted within a commit.
            child.resume()
        child.finish()
    raise AssertionError(f"none of {ATTEMPTS} ingests could be halted in its gate")


def _newest_commit(settings: Settings) -> str | None:
    """The message of the catalog's newest snapshot."""
    query = (
        "select commit_message from {}ducklake_snapshot_changes order by snapshot_id desc limit 1"
    )
    if settings.database_url:
        with closing(connect_postgres(settings.database_url)) as connection:
            cursor = connection.cursor()
            cursor.execute(query.format(f"{CATALOG_SCHEMA}."))
            row = cursor.fetchone()
    else:
        with closing(sqlite3.connect(settings.lake_catalog, timeout=10)) as connection:
            row = connection.execute(query.format("")).fetchone()
    return row[0] if row else None


def _takes_commits(settings: Settings) -> bool:
    """Whether nobody is within a commit to the catalog: one who is halted there stops everybody."""
    if settings.database_url:
        return True
    with closing(sqlite3.connect(settings.lake_catalog, timeout=0)) as connection:
        try:
            connection.execute("begin immediate")
        except sqlite3.OperationalError:
            return False
        connection.rollback()
        return True
