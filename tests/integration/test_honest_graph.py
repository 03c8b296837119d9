"""What an asset declares is what it does: its tables, and what they are made of.

Routing read three tables of identity that no arrow led from, and the scan wrote tables it did not
declare, so that a refusal of these showed no failed check.

A small world goes through all jobs, with verdicts of people and edited lists in between, and DuckDB
logs every statement of every step. What the gate reads is not the step's doing and left out.
"""

import csv
import json
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from lead_platform.lake.lake import Lake
from lead_platform.lake.specs import RECORDS
from lead_platform.lake.suites import load_suites
from tests.integration.conftest import Install
from tests.integration.installation import (
    AS_OF,
    PROJECT,
    Installation,
    files_by_slice,
    make_world,
    table_columns,
)
from tests.integration.tracing import tables_of

OTHER_JOBS = ("catch_up", "scan_identity", "audit_drift", "refresh_scores")


@dataclass(frozen=True)
class Step:
    """One asset step: what it declares, and what its statements read and wrote."""

    name: str
    declared: dict[str, set[str]]
    read: set[str]
    written: set[str]

    @property
    def own(self) -> set[str]:
        """The tables it may write."""
        return self.declared["writes"] | self.declared["also_writes"]


@pytest.fixture(scope="module")
def steps(embedded_install: Install, tmp_path_factory: pytest.TempPathFactory) -> list[Step]:
    """Every step, with what it did over all jobs."""
    folder = tmp_path_factory.mktemp("world")
    make_world(folder, slices=2, seed=31, submissions=90, events_per_person=1.0)
    first, second = files_by_slice(folder)
    config = tmp_path_factory.mktemp("config") / "config"
    shutil.copytree(PROJECT / "config", config)
    installation = embedded_install("graph", config_dir=config)
    layers = {table.split(".")[0] for table in _tables(installation)}
    jobs = [_take_in([*first, _odd_inquiries(folder)])]
    runs = [_trace(installation, folder / "before", jobs)]
    _judge(installation)
    _edit_lists(installation)
    later = [{"job": job, "as_of": str(AS_OF + timedelta(days=1))} for job in OTHER_JOBS]
    runs.append(_trace(installation, folder / "after", [_take_in(second), *later]))
    declared = installation.start("declare_steps").finish()
    found = []
    for name, tables in declared.items():
        named = [tables_of(told, layers) for run in runs for told in run.get(name, ())]
        found.append(
            Step(
                name,
                {kind: set(listed) for kind, listed in tables.items()},
                set().union(*(read for read, _ in named)) - {*RECORDS},
                set().union(*(written for _, written in named)) - {*RECORDS},
            )
        )
    return found


def test_every_step_was_seen(steps: list[Step]) -> None:
    assert {step.name: sorted(step.own) for step in steps if not step.read | step.written} == {}


def test_steps_write_what_they_declare(steps: list[Step]) -> None:
    undeclared = {step.name: step.written - step.own for step in steps}
    unwritten = {step.name: step.own - step.written for step in steps}
    assert _told(undeclared) == {}
    assert _told(unwritten) == {}


def test_steps_read_what_they_declare(steps: list[Step]) -> None:
    """A table counts as read where rows of the step's tables refer to it: the gate looks there."""
    suites = load_suites(PROJECT / "expectations")
    undeclared, unread = {}, {}
    for step in steps:
        declared = step.declared["reads"] | step.declared["reads_back"]
        referred = {to.to for table in step.own for to in suites[table].meta.references}
        undeclared[step.name] = step.read - step.own - declared
        unread[step.name] = declared - step.read - referred
    assert _told(undeclared) == {}
    assert _told(unread) == {}


def _told(faults: dict[str, set[str]]) -> dict[str, list[str]]:
    return {step: sorted(tables) for step, tables in faults.items() if tables}


def _tables(installation: Installation) -> list[str]:
    """All there are. Opens the lake, so that making its tables is no step's doing."""
    with Lake(installation.settings).read() as connection:
        return list(table_columns(connection))


def _take_in(files: Iterable[tuple[Path, str]]) -> dict[str, Any]:
    named = [{"path": str(path), "channel": channel} for path, channel in files]
    return {"job": "process_new_leads", "files": named, "as_of": str(AS_OF)}


def _trace(
    installation: Installation, folder: Path, runs: list[dict[str, Any]]
) -> dict[str, list[str]]:
    """The statements of each step over these runs, which must succeed."""
    traced = installation.start("trace_jobs", runs=runs, folder=str(folder)).finish()
    assert [run["errors"] for run in traced["outcomes"]] == [[]] * len(runs)
    statements: dict[str, list[str]] = traced["statements"]
    return statements


def _odd_inquiries(folder: Path) -> tuple[Path, str]:
    """Two inquiries from companies of one name and country under two domains: related accounts.

    And a record that says nothing, to be rejected.
    """
    form = next((folder / "inbox" / "web_form").glob("*.jsonl"))
    like = json.loads(form.read_text(encoding="utf-8").splitlines()[0])
    path = folder / "odd.jsonl"
    with path.open("w", encoding="utf-8") as file:
        for number, domain in enumerate(("coyote-rockets.example", "coyote-rockets-us.example")):
            fields = {"full_name": f"Wile Coyote {number}", "email": f"wile@{domain}",
                      "company": "Coyote Rockets", "website": domain, "country": "US"}  # fmt: skip
            like |= {"form_submission_id": f"wf-{number}", "fields": like["fields"] | fields}
            file.write(json.dumps(like) + "\n")
        file.write("{}\n")
    return path, "web_form"


def _judge(installation: Installation) -> None:
    """People say of two leads that they are one person, and of two accounts one company."""
    judged = {
        "LEADS": installation.query(_STRANGERS.format("lead_id")),
        "ACCOUNTS": installation.query(_STRANGERS.format("account_id")),
    }
    for grain, pairs in judged.items():
        said = installation.start(
            "judge_pairs", pairs=pairs, verdict="same", decided_at=str(AS_OF), grain=grain
        ).finish()
        assert said == 1


_STRANGERS = """
with firsts as (
    select {0}, min(submission_id) as submission_id
    from identity.lead_members
    join identity.normalized_submissions using (submission_id)
    join identity.account_members on record_id = company_record_id
    group by all order by all limit 2
)
select min(submission_id), max(submission_id) from firsts
"""


def _edit_lists(installation: Installation) -> None:
    """Something that a submission, an event and an outcome say is no answer any more."""
    said = installation.query(
        "select min(city) from capture.submissions union all "
        "select min(campaign) from capture.events union all "
        "select min(owner) from capture.outcomes"
    )
    path = installation.settings.config_dir / "vocabularies" / "blanks.csv"
    with path.open("a", encoding="utf-8") as listed:
        csv.writer(listed, lineterminator="\n").writerows(said)
