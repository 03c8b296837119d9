"""Promise 1: a batch that fails its gate changes nothing published, and is told in every place.

The batch holds one submission that a stricter suite forbids, so the real gate refuses it.
"""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.integration.conftest import Install
from tests.integration.installation import (
    PROJECT,
    Installation,
    differences,
    files_by_slice,
    make_world,
)

POISON = "poison.pill@kestrel-instruments.example.com"
Slices = list[list[tuple[Path, str]]]

# Each refusal: the table, the step that writes it, the steps that must not run after it.
CAPTURE = ("capture.submissions", "intake", {"normalize", "resolve", "golden_records", "scores"})
LEADS = ("identity.leads", "golden_records", {"enrich", "profiles", "scores", "route", "marts"})


@pytest.fixture(scope="module")
def slices(tmp_path_factory: pytest.TempPathFactory) -> Slices:
    """A world in two slices, a poisoned submission in the second."""
    folder = tmp_path_factory.mktemp("world")
    make_world(folder, slices=2, seed=17, submissions=80, events_per_person=1.0)
    first, second = files_by_slice(folder)
    poisoned = folder / "inbox" / "web_form" / "poisoned-02.jsonl"
    record = {
        "form_submission_id": "poison-1",
        "submitted_at": "2026-06-20T10:00:00Z",
        "form": {"id": "contact", "name": "Contact"},
        "fields": {"full_name": "Petra Pill", "email": POISON, "company": "Kestrel Instruments"},
        "consent": {"email": True},
        "utm": {"source": "google", "medium": "cpc"},
    }
    poisoned.write_text(json.dumps(record) + "\n", encoding="utf-8")
    return [first, [*second, (poisoned, "web_form")]]


@pytest.fixture(scope="module")
def poisoned(install: Install, slices: Slices) -> Installation:
    """An installation in good health, with the first slice published."""
    installation = install("poisoned")
    installation.run(files=slices[0])
    return installation


def strict_suites(folder: Path, table: str) -> Path:
    """The suites with one more expectation: nobody in `table` has the poisoned address."""
    suites = folder / "expectations"
    shutil.copytree(PROJECT / "expectations", suites)
    path = suites / f"{table.replace('.', '/')}.json"
    suite = json.loads(path.read_text(encoding="utf-8"))
    suite["expectations"].append(
        {
            "type": "expect_column_values_to_not_be_in_set",
            "kwargs": {"column": "email", "value_set": [POISON]},
        }
    )
    path.write_text(json.dumps(suite), encoding="utf-8")
    return suites


@pytest.mark.parametrize(("table", "step", "prevented"), [CAPTURE, LEADS])
def test_refused_batch_leaves_published_rows_as_they_were(
    poisoned: Installation,
    slices: Slices,
    tmp_path: Path,
    table: str,
    step: str,
    prevented: set[str],
) -> None:
    suites = strict_suites(tmp_path, table)
    settings = poisoned.settings.model_copy(update={"expectations_dir": suites})
    strict = Installation(settings, poisoned.zygote, _tasks=poisoned._tasks)
    before = poisoned.tables()
    outcome = strict.attempt(files=slices[1])
    poisoned._tasks = strict._tasks

    assert not outcome["success"]
    assert any(step in error and POISON in error for error in outcome["errors"])
    assert prevented.isdisjoint(outcome["seconds_by_step"])
    changed = set(differences(before, poisoned.tables()))
    assert "governance.gate_failures" in changed
    assert table not in changed
    assert not {name for name in changed if name.split(".")[0] in _not_before(table)}, changed
    _check_failure_is_kept(poisoned, table)
    _check_dagster_shows_it(strict, poisoned, outcome["run_id"], table)


def test_after_the_fix_the_same_files_go_through(
    embedded_install: Install, poisoned: Installation, slices: Slices
) -> None:
    """Runs after the refusals above: their end state is that of a life without them, which is
    the same on either profile."""
    refusals = "select count(*) from governance.releases where status = 'refused'"
    assert poisoned.scalar(refusals) == 2
    poisoned.run(files=slices[1])
    assert poisoned.scalar(f"select count(*) from identity.leads where email = '{POISON}'") == 1
    control = embedded_install("healthy")
    control.run_all(slices)
    changed = differences(control.timeless_tables(), poisoned.timeless_tables())
    assert set(changed) == {"governance.gate_failures"}, changed


def _not_before(table: str) -> set[str]:
    """The layers whose tables a refusal of `table` must leave alone entirely."""
    later = {"enrichment", "scoring", "routing", "reporting"}
    return later | {"capture", "identity"} if table.startswith("capture") else later


def _check_failure_is_kept(installation: Installation, table: str) -> None:
    """The offending row, whole, under the name of its expectation; and only that one."""
    kept = installation.query(
        "select expectation, offending_count, offending_row from governance.gate_failures "
        f"where table_name = '{table}'"
    )
    assert [(expectation, count) for expectation, count, _ in kept] == [
        ("expect_column_values_to_not_be_in_set", 1)
    ]
    assert json.loads(kept[0][2])["email"] == POISON
    newest = installation.query(
        "select status from governance.releases order by snapshot_id desc limit 1"
    )
    assert newest == [("refused",)]


def _check_dagster_shows_it(
    strict: Installation, owner: Installation, run_id: str, table: str
) -> None:
    """One failed blocking check, on that table, that names the expectation."""
    checks: list[dict[str, Any]] = strict.start("list_checks", run_id=run_id).finish()
    owner._tasks = strict._tasks
    failed = [check for check in checks if not check["passed"]]
    assert [(check["table"], check["check"]) for check in failed] == [(table, "gate")]
    assert failed[0]["blocking"]
    assert failed[0]["severity"] == "ERROR"
    assert "expect_column_values_to_not_be_in_set" in failed[0]["metadata"]["failed"]
