"""A suite that cannot be read costs the step that writes its table, and what stands behind it.

Half a file in expectations/ stopped the intake of all channels, whatever table it was of.
"""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.integration.conftest import Install
from tests.integration.installation import PROJECT, Installation, differences

# Of each step one table, and which tables a new lead changes all the same. The last ones first: a
# step is taken up again by the run after the one that it failed in.
STEPS = {
    "routing.routing_decisions": {"scoring.lead_scores", "enrichment.lead_profiles"},
    "scoring.lead_scores": {"identity.leads", "identity.lead_members"},
    "identity.lead_members": {"capture.submissions", "capture.deliveries"},
    "identity.normalized_submissions": {"capture.submissions", "capture.deliveries"},
}


@pytest.fixture(scope="module")
def profile() -> str:
    """What is read and judged is the same on both."""
    return "embedded"


@pytest.fixture(scope="module")
def suites(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The suites of the installation under test."""
    folder = tmp_path_factory.mktemp("suites") / "expectations"
    shutil.copytree(PROJECT / "expectations", folder)
    return folder


@pytest.fixture(scope="module")
def installation(install: Install, suites: Path) -> Installation:
    """An installation with one lead."""
    made = install("broken-suites", expectations_dir=suites)
    put_form(made, "first")
    made.run()
    return made


def put_form(installation: Installation, name: str) -> None:
    """A file with a form of somebody new in the inbox."""
    form = {
        "form_submission_id": f"form_{name}",
        "submitted_at": "2026-06-01T09:00:00Z",
        "fields": {"full_name": "Ana Lima", "email": f"ana@{name.replace('_', '-')}.example"},
    }
    path = installation.settings.inbox / "web_form" / f"{name}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(form), encoding="utf-8")


def cut(suites: Path, table: str) -> str:
    """Leave 300 bytes of a table's suite; what it was."""
    path = suites / f"{table.replace('.', '/')}.json"
    whole = path.read_text(encoding="utf-8")
    path.write_text(whole[:300], encoding="utf-8")
    return whole


def mend(suites: Path, table: str, whole: str) -> None:
    """Put the suite back."""
    (suites / f"{table.replace('.', '/')}.json").write_text(whole, encoding="utf-8")


@pytest.mark.parametrize("table", STEPS)
def test_the_steps_before_it_go_on(installation: Installation, suites: Path, table: str) -> None:
    before = installation.tables()
    whole = cut(suites, table)
    put_form(installation, table.replace(".", "-"))
    outcome = installation.attempt()
    mend(suites, table, whole)
    changed = set(differences(before, installation.tables()))
    assert not outcome["success"]
    assert f"{table.replace('.', '/')}.json:" in str(outcome["errors"])
    assert "not valid JSON" in str(outcome["errors"])
    assert {"capture.submissions", *STEPS[table]} <= changed
    assert table not in changed
    assert installation.waiting == []
    kept = "select distinct table_name, expectation from governance.gate_failures"
    assert (table, "expect_suite_to_be_readable") in installation.query(kept)


def test_channels_that_bring_something_else_are_taken_in(
    installation: Installation, suites: Path
) -> None:
    """One transaction takes in all files of a run."""
    whole = cut(suites, "capture.outcomes")
    outcomes = installation.settings.inbox / "crm_outcomes" / "deals.csv"
    outcomes.parent.mkdir(exist_ok=True)
    outcomes.write_text(
        "outcome_id,type,occurred_at,email\no1,closed_won,2026-01-01,a@b.example\n",
        encoding="utf-8",
    )
    put_form(installation, "beside")
    outcome: dict[str, Any] = installation.attempt()
    told = installation.command("channels", "waiting")
    mend(suites, "capture.outcomes", whole)
    assert outcome["success"], outcome["errors"]
    forms = "select count(*) from capture.submissions"
    assert installation.scalar(forms) == len(STEPS) + 2
    assert installation.waiting == ["deals.csv"]
    assert "outcomes.json:" in str(outcome["failed_checks"])
    assert "outcomes.json" in told.out
    installation.run()
    assert installation.waiting == []


def test_after_that_every_lead_has_all_there_is(installation: Installation) -> None:
    forms = len(STEPS) + 2
    for table in ("identity.leads", "scoring.lead_scores", "routing.routing_decisions"):
        query = f"select count(distinct lead_id) from {table}"
        assert installation.scalar(query) == forms, table
