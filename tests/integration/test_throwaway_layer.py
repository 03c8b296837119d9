"""A new layer is its folder, its dbt folder, its suites and one line in `layers.py`.

In a copy of the project a layer `warranty` (the folder `throwaway`) moves in, with a table of
Python's, a model of dbt's and a schedule, and the copy opens a home that was installed without it.
"""

import json
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Any

import pytest

from lead_platform.lake.connection import attach_lake, open_engine
from lead_platform.lake.lake import Lake
from lead_platform.settings import Settings
from tests.integration.installation import PROJECT

LAYER = Path(__file__).parent / "throwaway"
HOMES = PROJECT / "tests" / "homes"
FOLDERS = ("lead_platform", "config", "dbt_project", "expectations")
BEFORE = '    Layer(\n        "governance",'
LINE = '    Layer("warranty", "Who is covered, and until when?", ("warranty",)),\n'

# What the copy is asked in one process of its own, once the home is there.
ASK = """
import json
from lead_platform.definitions import defs
from lead_platform.lake.lake import utc_now
from lead_platform.lake.switches import Switch, open_switches
from lead_platform.orchestration.runs import run_job
from lead_platform.settings import Settings

graph = defs.resolve_asset_graph()
mine = [key for key in graph.get_all_asset_keys() if key.path[0] == "warranty"]
switch = Switch("warranty", False, "Dana", "sold out", utc_now())
outcomes = [run_job(Settings(), "renew_warranties")]
open_switches(Settings()).throw(switch)
outcomes.append(run_job(Settings(), "renew_warranties"))
print(json.dumps({
    "groups": {".".join(key.path): graph.get(key).group_name for key in mine},
    "made_from": {
        ".".join(key.path): sorted(".".join(each.path) for each in graph.get(key).parent_keys)
        for key in mine
    },
    "checks": sorted(
        ".".join([*key.asset_key.path, key.name]) for key in graph.asset_check_keys
        if key.asset_key in mine
    ),
    "schedules": {each.name: each.job_name for each in defs.schedules},
    "errors": [outcome.errors for outcome in outcomes],
}))
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with leads, brought to this version: installed before the layer came."""
    folder = tmp_path_factory.mktemp("installed") / "home"
    folder.mkdir()
    with tarfile.open(HOMES / "91a8866-embedded.tar.gz") as archive:
        archive.extractall(folder, filter="data")
    with Lake(Settings(home=folder)).read() as connection:
        row = connection.execute("select count(*) from identity.leads").fetchone()
    assert row
    assert row[0] > 0
    return folder


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project in which the layer has moved in."""
    copy = tmp_path_factory.mktemp("project")
    for name in FOLDERS:
        leave_out = shutil.ignore_patterns("__pycache__", "target")
        shutil.copytree(PROJECT / name, copy / name, ignore=leave_out)
    files = {path.relative_to(LAYER) for path in LAYER.rglob("*") if path.is_file()}
    assert not [name for name in files if (copy / name).exists()], "a layer has files of its own"
    shutil.copytree(LAYER, copy, dirs_exist_ok=True)
    layers = copy / "lead_platform" / "layers.py"
    text = layers.read_text(encoding="utf-8")
    assert text.count(BEFORE) == 1
    layers.write_text(text.replace(BEFORE, LINE + BEFORE), encoding="utf-8")
    return copy


@pytest.fixture(scope="module")
def told(project: Path, home: Path) -> dict[str, Any]:
    """What the copy tells of itself, after it has opened the home and run the layer's job twice:
    before and after the layer was switched off."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", ASK],
        env={**os.environ, "PYTHONPATH": str(project), "LEAD_PLATFORM_HOME": str(home)},
        cwd=project,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def test_layer_is_in_the_graph(told: dict[str, Any]) -> None:
    tables = ["warranty.registrations", "warranty.warranty_countries"]
    assert told["groups"] == dict.fromkeys(tables, "warranty")
    assert told["made_from"] == {
        "warranty.registrations": ["identity.leads"],
        "warranty.warranty_countries": ["identity.leads", "warranty.registrations"],
    }
    assert told["checks"] == [f"{table}.gate" for table in tables]
    assert told["schedules"]["nightly_renewal"] == "renew_warranties"


def test_home_is_migrated_and_rows_are_published(told: dict[str, Any], home: Path) -> None:
    assert told["errors"] == [[], []]
    queries = {
        "migrated": "select subject from governance.migrations where kind = 'table' "
        "and subject like 'warranty.%' order by 1",
        "registered": "select count(*) = (select count(*) from identity.leads) "
        "from warranty.registrations",
        "by_country": "select sum(registered_leads) = (select count(*) from identity.leads) "
        "from warranty.warranty_countries",
        "released": "select count(*) from governance.releases "
        "where label = 'warranties' and status = 'passed'",
        # Whose suites list the workflows.
        "skipped": "select status, reason from governance.workflow_runs "
        "where workflow = 'warranty'",
        "switched": "select actor, action from governance.audit_log where workflow = 'warranty'",
    }
    settings = Settings(home=home)
    with open_engine(settings) as connection:
        attach_lake(connection, settings, is_created=False)
        connection.execute("use lake")
        found = {name: connection.execute(query).fetchall() for name, query in queries.items()}
    assert found == {
        "migrated": [("warranty.registrations",), ("warranty.warranty_countries",)],
        "registered": [(True,)],
        "by_country": [(True,)],
        # The rows, and the note that the switch kept the second run from them.
        "released": [(2,)],
        "skipped": [("skipped", "warranty is switched off by Dana: sold out")],
        "switched": [("Dana", "disable_workflow")],
    }
