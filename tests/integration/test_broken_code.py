"""One record that breaks a step's code costs itself: each step breaks on a person of its own.

What nobody foresaw raises an error in the middle of a batch. The run is green all the same, the
others are leads, the record is set aside with where it broke, and comes back once it is released.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.conftest import Install
from tests.integration.installation import AS_OF, PROJECT, Installation, files_by_slice, make_world
from tests.integration.strangers import Stranger, event_line, form_line

BY = ("--by", "Dana", "--reason", "mended", "--as-of", AS_OF.isoformat())
RAISES = "expect_no_error"


# Nobody here is like anybody else.
VICTIMS = {
    "intake": Stranger("Petra Quill", "Kestrel"),
    "normalize": Stranger("Yasmin Haddad", "Zephyrine"),
    "resolve": Stranger("Bruno Castellani", "Molinaro"),
    "resolve events": Stranger("Wei Zhang", "Pearlriver"),
    "golden_records": Stranger("Aoife Gallagher", "Shannonside"),
    "enrich": Stranger("Rajiv Menon", "Coromandel"),
    "profiles": Stranger("Lucie Dubois", "Garonnaise"),
    "scores": Stranger("Noor Jansen", "Veluwehout"),
    "route": Stranger("Gideon Marsh", "Wolds"),
}
# Of whom people say that they are one: the first pair breaks the code, the second the gate.
JUDGED = (
    (Stranger("Stellan Bergqvist", "Malarstal"), Stranger("Hugo Almeida", "Tagusport")),
    (Stranger("Fatima Zerhouni", "Atlascuir"), Stranger("Dmitri Kovalenko", "Uraltrans")),
)
PEOPLE = [*VICTIMS.values(), *JUDGED[0], *JUDGED[1]]
EXPECTED = {
    "intake": "submission",
    "normalize": "submission",
    "resolve": "submission",
    "resolve events": "event",
    "golden_records": "lead",
    "enrich": "lead",
    "profiles": "lead",
    "scores": "lead",
    "route": "lead",
}
BROKEN = {
    "intake": VICTIMS["intake"].email,
    "normalize": VICTIMS["normalize"].email,
    "resolve": VICTIMS["resolve"].email,
    "resolve events": VICTIMS["resolve events"].domain,
    "enrich": VICTIMS["enrich"].domain,
    "route": VICTIMS["route"].domain,
}
MODELS = {
    "golden_records": "identity/leads.sql",
    "profiles": "enrichment/lead_profiles.sql",
    "scores": "scoring/lead_features.sql",
}


@pytest.fixture(scope="module")
def profile() -> str:
    """One profile: the steps' own code does not depend on it, and tests of the lake try both."""
    return "embedded"


@pytest.fixture(scope="module")
def broken_models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The dbt project, of which three models break on a lead each; with what it is parsed to."""
    folder = tmp_path_factory.mktemp("broken")
    project = folder / "dbt_project"
    shutil.copytree(PROJECT / "dbt_project", project, ignore=shutil.ignore_patterns("target"))
    for step, model in MODELS.items():
        path = project / "models" / model
        whole = path.read_text(encoding="utf-8")
        last = f"select * from {path.stem}"
        assert whole.count(last) == 1
        path.write_text(whole.replace(last, _breaking(last, VICTIMS[step])), encoding="utf-8")
    # A forked process cannot parse it.
    parse = (
        "from lead_platform.lake.dbt import prepare_manifest; "
        "from lead_platform.settings import Settings; prepare_manifest(Settings())"
    )
    environment = {
        "LEAD_PLATFORM_HOME": str(folder), "LEAD_PLATFORM_DBT_PROJECT_DIR": str(project)
    }  # fmt: skip
    subprocess.run(
        [sys.executable, "-W", "ignore", "-c", parse],
        check=True,
        cwd=PROJECT,
        env={**os.environ, **environment},
    )
    return project


def _breaking(select: str, victim: Stranger) -> str:
    """The last line of a model, with an error on the lead of the victim's one submission."""
    return select.replace(
        "*",
        """* replace (case when lead_id = (
            select lead_id from lake.identity.lead_members as m
            join lake.identity.normalized_submissions as n using (submission_id)
            where n.email = '"""
        + victim.email
        + """'
        ) then error('broken on ' || lead_id) else lead_id end as lead_id)""",
    )


@pytest.fixture(scope="module")
def broken(
    install: Install, broken_models: Path, tmp_path_factory: pytest.TempPathFactory
) -> Installation:
    """An installation of broken code after a batch that holds a victim of each fault."""
    folder = tmp_path_factory.mktemp("world")
    make_world(folder, seed=23, submissions=24, events_per_person=1.0)
    [files] = files_by_slice(folder)
    forms = folder / "victims-forms.jsonl"
    forms.write_text("".join(map(form_line, PEOPLE)), encoding="utf-8")
    events = folder / "victims-events.jsonl"
    events.write_text("".join(map(event_line, PEOPLE)), encoding="utf-8")
    installation = install("broken", dbt_project_dir=broken_models)
    parsed = installation.settings.home / "dbt" / "target"
    shutil.copytree(broken_models.parent / "dbt" / "target", parsed)
    installation.run(files=[*files, (forms, "web_form"), (events, "web_events")], broken=BROKEN)
    return installation


def held(installation: Installation) -> list[tuple]:
    return installation.query(
        "select step, subject_type, expectation, arguments from governance.quarantine "
        "where state = 'held' order by all"
    )


@pytest.mark.timeout(1_800)
def test_each_is_set_aside_by_its_step_and_says_where_it_broke(broken: Installation) -> None:
    expected = sorted((step.split()[0], kind, RAISES) for step, kind in EXPECTED.items())
    rows = held(broken)
    assert sorted(row[:3] for row in rows) == expected
    for step, _, _, arguments in rows:
        told = json.loads(arguments)
        assert told["error"] in ("BrokenCodeError", "DbtFailedError"), step
        assert told["at"], step
        assert "example" not in arguments, step


def test_all_others_went_through(broken: Installation) -> None:
    """Whoever is not set aside before, has a lead, a profile, a score and somebody to go to."""
    people = dict(broken.query("select email, lead_id from identity.leads"))
    assert {one.email for one in PEOPLE if one.email not in people} == {
        VICTIMS[step].email for step in ("intake", "normalize", "resolve", "golden_records")
    }
    for table, step in (
        ("enrichment.lead_profiles", "profiles"),
        ("scoring.lead_scores", "scores"),
        ("routing.assignments", "route"),
    ):
        there = {row[0] for row in broken.query(f"select lead_id from {table}")}
        missing = {email for email, lead_id in people.items() if lead_id not in there}
        assert missing == {VICTIMS[step].email}, table
    assert broken.query("select check_name from governance.data_quality where not passed") == []
    statuses = {row[0] for row in broken.query("select distinct status from governance.releases")}
    assert statuses <= {"passed", "abandoned"}


def test_the_next_batch_runs(broken: Installation, tmp_path: Path) -> None:
    before = held(broken)
    late = tmp_path / "late.jsonl"
    late.write_text(form_line(Stranger("Ingrid Vestergaard", "Fjordline")), encoding="utf-8")
    broken.run(files=[(late, "web_form")], broken=BROKEN)
    assert held(broken) == before
    assert broken.query("select 1 from identity.leads where company_domain = 'fjordline.example'")


def test_a_verdict_that_breaks_the_code_is_set_aside(broken: Installation) -> None:
    verdict_id = judge(broken, *JUDGED[0])
    broken.run(job="apply_verdicts", broken={**BROKEN, "resolve verdicts": "looked"})
    assert ("resolve", "match_verdict", RAISES) in [row[:3] for row in held(broken)]
    # It counts as never said; nobody else's run stops at it.
    broken.run(job="apply_verdicts", broken={**BROKEN, "resolve verdicts": "looked"})
    assert holds_of(broken, verdict_id) == ["held"]
    assert len(leads_of(broken, *JUDGED[0])) == 2


def test_a_verdict_that_alone_makes_a_row_bad_is_set_aside(
    broken: Installation, tmp_path: Path
) -> None:
    """It used to refuse every run from then on, whatever came."""
    ids = leads_of(broken, *JUDGED[1])
    suites = tmp_path / "expectations"
    shutil.copytree(PROJECT / "expectations", suites)
    path = suites / "identity" / "lead_crosswalk.json"
    suite = json.loads(path.read_text(encoding="utf-8"))
    forbidden = {"column": "lead_id", "value_set": sorted(ids)}
    suite["expectations"].append(
        {"type": "expect_column_values_to_not_be_in_set", "kwargs": forbidden}
    )
    path.write_text(json.dumps(suite), encoding="utf-8")
    shipped = broken.settings.expectations_dir
    broken.settings = broken.settings.model_copy(update={"expectations_dir": suites})
    verdict_id = judge(broken, *JUDGED[1])
    late = tmp_path / "late.jsonl"
    late.write_text(form_line(Stranger("Lena Ostrowska", "Wislatech")), encoding="utf-8")
    broken.run(files=[(late, "web_form")], broken=BROKEN)
    assert holds_of(broken, verdict_id) == ["held"]
    assert leads_of(broken, *JUDGED[1]) == ids
    assert broken.query("select 1 from identity.leads where company_domain = 'wislatech.example'")
    broken.settings = broken.settings.model_copy(update={"expectations_dir": shipped})


def test_what_is_released_comes_back(broken: Installation) -> None:
    """With the code mended, all of it is tried again, and what people said takes effect."""
    mended = {"dbt_project_dir": PROJECT / "dbt_project"}
    broken.settings = broken.settings.model_copy(update=mended)
    shutil.rmtree(broken.settings.home / "dbt")
    released = broken.command("quarantine", "release", "--all", *BY)
    assert released.exit_code == 0, released.err
    assert held(broken) == []
    people = {row[0] for row in broken.query("select email from identity.leads")}
    assert {one.email for one in VICTIMS.values()} <= people
    for pair in JUDGED:
        assert len(leads_of(broken, *pair)) == 1
    assert broken.scalar("select count(*) from identity.leads") == broken.scalar(
        "select count(*) from scoring.lead_scores semi join routing.assignments using (lead_id)"
    )


def judge(installation: Installation, one: Stranger, other: Stranger) -> str:
    """A person says that they are one; the verdict."""
    pair = [
        installation.scalar(
            "select submission_id from identity.normalized_submissions "
            f"where email = '{person.email}'"
        )
        for person in (one, other)
    ]
    at = AS_OF.isoformat()
    installation.start("judge_pairs", pairs=[pair], verdict="same", decided_at=at).finish()
    return str(
        installation.scalar("select max_by(verdict_id, verdict_seq) from identity.match_verdicts")
    )


def holds_of(installation: Installation, subject_id: str) -> list[str]:
    rows = installation.query(
        "select state from governance.quarantine "
        f"where subject_id = '{subject_id}' order by held_at"
    )
    return [row[0] for row in rows]


def leads_of(installation: Installation, *people: Stranger) -> set[str]:
    """The leads that hold their submissions."""
    emails = [person.email for person in people]
    rows = installation.query(
        "select distinct lead_id from identity.lead_members "
        "join identity.normalized_submissions using (submission_id) "
        f"where email in {(*emails,)}"
    )
    return {row[0] for row in rows}
