"""The documents tell the truth: every command, option, path, setting and table they name exists.

Examples of commands are compared with the command line's own definition; nothing is run.
"""

import ast
import importlib.util
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import typer
from pydantic import BaseModel
from ruamel.yaml import YAML

from lead_platform.capture import channels
from lead_platform.capture.columns import VOCABULARIES
from lead_platform.capture.tabular.rules import TableRule
from lead_platform.cli.main import app
from lead_platform.enrichment.configuration import ProviderSettings
from lead_platform.lake.tables import table_scripts
from lead_platform.layers import LAYER_NAMES, WORKFLOWS
from lead_platform.routing.roster import NamedAccount, Rep
from lead_platform.routing.rules import Pool, RoutingRules, Rule
from lead_platform.routing.territories import TerritoryRow
from lead_platform.scoring import scorecard
from lead_platform.settings import Settings
from tests.commands import examples_in, faults_of, faults_of_example, told_in

PROJECT = Path(__file__).resolve().parent.parent
DOCUMENTS = [PROJECT / "README.md", *sorted((PROJECT / "docs").glob("*.md"))]
FOLDERS = ("benchmarks", "config", "dbt_project", "docs", "expectations", "lead_platform", "tests")

_FENCE = re.compile(r"^( *)```(\w*)\n(.*?)^\1```", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"`([^`]+)`")
_PATH = re.compile(rf"(?<![\w./-])(?:{'|'.join(FOLDERS)})/[\w./*<>-]*")
_TABLE = re.compile(rf"(?<![\w./-])(?:{'|'.join(LAYER_NAMES)})\.[a-z_]+\b")

every_document = pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)


def text_of(name: str) -> str:
    return (PROJECT / name).read_text(encoding="utf-8")


def blocks_of(path: Path, language: str | None = None) -> list[str]:
    found = _FENCE.findall(path.read_text(encoding="utf-8"))
    return [body for _, named, body in found if language is None or named == language]


def code_of(path: Path) -> Iterator[str]:
    """Every piece of code of a document: fenced blocks but diagrams, and spans."""
    text = path.read_text(encoding="utf-8")
    for _, language, body in _FENCE.findall(text):
        if language != "mermaid":
            yield body
    yield from _SPAN.findall(_FENCE.sub("", text))


def commands_of(path: Path) -> list[list[str]]:
    """The words after each `lead-platform`, in code and in sentences."""
    return [words for code in code_of(path) for words in told_in(code)]


def examples_of(path: Path) -> list[list[str]]:
    """What is to be typed as it stands: the commands of blocks."""
    return [words for block in blocks_of(path) for words in examples_in(block)]


@pytest.fixture(scope="module")
def generator() -> ModuleType:
    """docs/tables.py as a module."""
    spec = importlib.util.spec_from_file_location("docs_tables", PROJECT / "docs" / "tables.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_tables_are_up_to_date(generator: ModuleType) -> None:
    written = text_of("docs/tables.md")
    assert written == generator.render_tables(), "run: python docs/tables.py"


def test_every_table_is_described(generator: ModuleType) -> None:
    described = set(re.findall(r"^### (\S+)$", text_of("docs/tables.md"), re.MULTILINE))
    suites = {f"{p.parent.name}.{p.stem}" for p in (PROJECT / "expectations").glob("*/*.json")}
    declared = re.findall(r"create table if not exists (\S+)", "\n".join(table_scripts()))
    assert described == suites
    assert set(declared) <= described


@every_document
def test_commands_exist(path: Path) -> None:
    faults = {" ".join(words): faults_of(words) for words in commands_of(path)}
    assert {command: fault for command, fault in faults.items() if fault} == {}


@every_document
def test_examples_of_commands_can_be_typed(path: Path) -> None:
    """An option that is missing, or a word too many, was not seen."""
    faults = {shlex.join(words): faults_of_example(words) for words in examples_of(path)}
    assert {command: fault for command, fault in faults.items() if fault} == {}


def test_commands_are_found_at_all() -> None:
    assert len(commands_of(PROJECT / "docs" / "operations.md")) > 15
    assert len(examples_of(PROJECT / "docs" / "operations.md")) > 15


def test_every_command_is_documented() -> None:
    documented = {" ".join(words) for path in DOCUMENTS for words in commands_of(path)}
    missing = [
        name
        for name in _leaves(typer.main.get_command(app))
        if not any(command.startswith(name) for command in documented)
    ]
    assert missing == []


def _leaves(command: Any, name: str = "") -> Iterator[str]:
    for verb, child in command.commands.items():
        full = f"{name} {verb}".strip()
        if hasattr(child, "commands"):
            yield from _leaves(child, full)
        else:
            yield full


@every_document
def test_paths_exist(path: Path) -> None:
    named = {found.rstrip(".") for code in code_of(path) for found in _PATH.findall(code)}
    missing = [name for name in sorted(named) if not _exists(name)]
    assert missing == []


def _exists(name: str) -> bool:
    pattern = re.sub(r"<[^>]*>", "*", name)
    return any(PROJECT.glob(pattern.rstrip("/")))


@every_document
def test_links_lead_somewhere(path: Path) -> None:
    targets = re.findall(r"\]\(([^)#]+)[^)]*\)", path.read_text(encoding="utf-8"))
    local = [target for target in targets if "://" not in target]
    assert [target for target in local if not (path.parent / target).exists()] == []


@every_document
def test_make_targets_exist(path: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", text_of("Makefile"), re.MULTILINE))
    code = "\n".join(code_of(path))
    assert set(re.findall(r"(?:^|\s)make ([a-z]+)", code)) <= targets


@every_document
def test_settings_exist(path: Path) -> None:
    settings = {f"LEAD_PLATFORM_{name.upper()}" for name in Settings.model_fields}
    named = set(re.findall(r"\bLEAD_PLATFORM_[A-Z_]+", path.read_text(encoding="utf-8")))
    assert named <= settings


@every_document
def test_named_tables_exist(path: Path) -> None:
    described = set(re.findall(r"^### (\S+)$", text_of("docs/tables.md"), re.MULTILINE))
    named = {found for code in code_of(path) for found in _TABLE.findall(code)}
    files = {name for name in named if name.endswith((".yaml", ".csv", ".json"))}
    assert named - files <= described


@every_document
def test_examples_parse(path: Path) -> None:
    for block in blocks_of(path, "python"):
        ast.parse(block)
    reader = YAML(typ="safe")
    reader.allow_duplicate_keys = True
    for block in blocks_of(path, "yaml"):
        reader.load(block)


@every_document
def test_nothing_of_one_machine_is_told(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert re.findall(r"(?:^|[\s`'\"(])/(?:home|root|tmp|work|Users)/\S*", text) == []


@pytest.mark.parametrize(
    ("document", "names"),
    [
        ("operations.md", [f"LEAD_PLATFORM_{name.upper()}" for name in Settings.model_fields]),
        ("operations.md", list(WORKFLOWS)),
        ("channels.md", sorted(set().union(*VOCABULARIES.values()))),
    ],
)
def test_everything_there_is_documented(document: str, names: list[str]) -> None:
    text = text_of(f"docs/{document}")
    assert [name for name in names if not re.search(rf"\b{name}\b", text)] == []


@pytest.mark.parametrize(
    ("document", "models"),
    [
        (
            "channels.md",
            [
                channels.ChannelRules,
                TableRule,
                channels.RecordIdRule,
                channels.LookupRule,
                channels.AnswersRule,
                channels.LabelRule,
                channels.EmitRule,
            ],
        ),
        (
            "configuration.md",
            [
                scorecard.Scorecard,
                scorecard.ExplicitRule,
                scorecard.ImplicitRule,
                scorecard.RecencyRule,
                scorecard.Readiness,
                RoutingRules,
                Rule,
                Pool,
                TerritoryRow,
                Rep,
                NamedAccount,
                ProviderSettings,
            ],
        ),
    ],
)
def test_every_key_is_documented(document: str, models: list[type[BaseModel]]) -> None:
    text = text_of(f"docs/{document}")
    keys = {field.alias or name for model in models for name, field in model.model_fields.items()}
    assert [key for key in sorted(keys) if not re.search(rf"\b{key}\b", text)] == []


def test_every_configuration_file_is_documented() -> None:
    text = text_of("docs/configuration.md") + text_of("docs/channels.md")
    folder = PROJECT / "config"
    files = [*folder.glob("*.*"), *folder.glob("vocabularies/*"), *folder.glob("channels/*.csv")]
    named = [str(file.relative_to(PROJECT)) for file in files]
    assert [name for name in sorted(named) if name not in text] == []


def test_every_list_of_the_package_is_documented() -> None:
    text = text_of("docs/configuration.md")
    names = [file.name for file in (PROJECT / "lead_platform" / "vocabularies").glob("*.csv")]
    assert [name for name in sorted(names) if f"`{name}`" not in text] == []


def test_schedules_and_sensors_are_documented() -> None:
    text = text_of("docs/operations.md")
    defined = [
        name
        for path in PROJECT.glob("lead_platform/*/assets.py")
        for name in re.findall(r'ScheduleDefinition\(\s*name="(\w+)"', path.read_text())
    ]
    sensors = re.findall(r'_inbox_sensor\(\s*"(\w+)"', text_of("lead_platform/capture/sensors.py"))
    assert len(defined) >= 3
    assert len(sensors) == 2
    assert [name for name in (*defined, *sensors) if f"`{name}`" not in text] == []
