"""The layers: what follows from their list does, and what cannot says the same."""

import re
from pathlib import Path

import pytest

from lead_platform.lake.suites import ExpectationSpec, load_suites
from lead_platform.lake.tables import declared_columns
from lead_platform.layers import LAYER_NAMES, LAYERS, WORKFLOWS, workflow_of
from tests.import_contract import PLACEHOLDER, HouseContract

PROJECT = Path(__file__).resolve().parent.parent


def test_every_layer_is_a_package_with_suites() -> None:
    assert len(set(LAYER_NAMES)) == len(LAYERS)
    for layer in LAYER_NAMES:
        assert (PROJECT / "lead_platform" / layer / "assets.py").exists(), layer
        assert any((PROJECT / "expectations" / layer).glob("*.json")), layer


def test_there_is_no_layer_beside_them() -> None:
    speaking = {path.parent.name for path in PROJECT.glob("lead_platform/*/assets.py")}
    modelled = {path.name for path in PROJECT.glob("dbt_project/models/*/")}
    tables = {*declared_columns(PROJECT / "dbt_project"), *load_suites(PROJECT / "expectations")}
    assert speaking | modelled | {table.split(".")[0] for table in tables} == set(LAYER_NAMES)


def test_each_workflow_is_one_layers() -> None:
    assert len(set(WORKFLOWS)) == len(WORKFLOWS)


def test_documents_list_them_in_their_order() -> None:
    text = (PROJECT / "docs" / "architecture.md").read_text(encoding="utf-8")
    table = text.partition("| layer | question |")[2].partition("\n\n")[0]
    rows = re.findall(r"^\| (\w+) \| ([^|]+) \|", table, re.MULTILINE)
    assert rows == [(layer.name, layer.question) for layer in LAYERS]


def test_import_contract_has_the_last_layer_on_top() -> None:
    contract = HouseContract(
        "a house",
        session_options={"root_packages": ["lead_platform"]},
        contract_options={"layers": ["lead_platform.cli", PLACEHOLDER, "lead_platform.lake"]},
    )
    named = [tail.name for layer in contract.layers for tail in layer.module_tails]
    assert named == [
        "lead_platform.cli",
        *(f"lead_platform.{layer}" for layer in reversed(LAYER_NAMES)),
        "lead_platform.lake",
    ]


def test_suite_names_a_list_that_is_kept_elsewhere() -> None:
    kind = "expect_column_values_to_be_in_set"
    spec = ExpectationSpec(type=kind, kwargs={"column": "workflow", "value_set": "workflows"})
    assert spec.kwargs["value_set"] == list(WORKFLOWS)
    with pytest.raises(ValueError, match=r"unknown list 'workflow' in value_set. Known: workflows"):
        ExpectationSpec(type=kind, kwargs={"column": "workflow", "value_set": "workflow"})


def test_every_table_is_written_by_a_workflow_of_its_layer() -> None:
    """What is set aside of a table is audited under it, whatever its stage is called."""
    found = {table: workflow_of(table) for table in declared_columns(PROJECT / "dbt_project")}
    workflows = {layer.name: layer.workflows for layer in LAYERS}
    assert all(found[table] in workflows[table.split(".")[0]] for table in found)
