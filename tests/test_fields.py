"""The field catalogue: what follows from it, and what in config/fields.yaml is a fault."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from lead_platform import fields
from lead_platform.capture.channels import EmitRule
from lead_platform.capture.columns import FIELD_TYPES
from lead_platform.capture.guessing.names import _OTHER_TARGETS
from lead_platform.configuration import ConfigurationError
from lead_platform.fields import (
    FieldCatalogue,
    LeadField,
    load_fields,
    place_of,
    platform_fields,
    reserved_names,
)
from lead_platform.lake.tables import declared_columns
from lead_platform.routing.conditions import Condition
from lead_platform.routing.fields import routing_fields
from lead_platform.scoring.scorecard import ExplicitRule
from lead_platform.settings import PROJECT_ROOT

BUDGET = "{name: budget, type: amount, kind: profile, wins: newest, label: Budget}"
WAY_OF_A_LEAD = (
    "capture.submissions", "identity.normalized_submissions", "identity.leads",
    "enrichment.lead_profiles", "scoring.lead_features",
)  # fmt: skip
DECLARED = declared_columns(PROJECT_ROOT / "dbt_project")


def fields_file(folder: Path, *lines: str) -> Path:
    """A config folder with these fields; the first stands on line 2."""
    text = "".join(f"  - {line}\n" for line in lines)
    (folder / "fields.yaml").write_text(f"fields:\n{text}", encoding="utf-8")
    return folder


def faults_of(folder: Path) -> list[str]:
    with pytest.raises(ConfigurationError) as error:
        load_fields(folder)
    return [fault.removeprefix(f"{folder}/") for fault in error.value.faults]


def custom(name: str, **given: object) -> LeadField:
    usual = {"type": "text", "kind": "profile", "wins": "newest", "label": name}
    return LeadField.model_validate({"name": name, **usual, **given})


def test_the_shipped_file_adds_nothing_and_none_is_needed(tmp_path: Path) -> None:
    assert load_fields(PROJECT_ROOT / "config") == load_fields(tmp_path) == platform_fields()


def test_the_example_of_the_shipped_file_is_one(tmp_path: Path) -> None:
    shipped = (PROJECT_ROOT / "config" / "fields.yaml").read_text(encoding="utf-8")
    lines = [line.removeprefix("#   - ") for line in shipped.splitlines() if "  - {" in line]
    loaded = load_fields(fields_file(tmp_path, *lines))
    assert [field.name for field in loaded.custom] == ["service_line", "deal_size"]
    assert loaded.routable["deal_size"] == loaded.scorable["deal_size"] == "number"


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        (BUDGET.replace("budget", "email"), "'email' is the platform's own name"),
        (BUDGET.replace("budget", "lead_id"), "'lead_id' is the platform's own name"),
        (BUDGET.replace("budget", "Budget!"), "name: String should match pattern"),
        (BUDGET.replace("amount", "money"), "type: Input should be 'text'"),
        (BUDGET.replace("newest", "loudest"), "wins: Input should be 'newest', 'fullest'"),
        (BUDGET.replace("profile", "consent"), "kind: consent is the platform's own"),
        (BUDGET.replace("label", "values: [a], label"), "`values` lists texts, budget is of type"),
        (BUDGET.replace("label", "colour: red, label"), "colour: Extra inputs are not permitted"),
        ("{name: budget, type: amount, kind: profile, label: Budget}", "wins: Field required"),
        (BUDGET.replace("budget", "branch"), "'branch' stands there more than once; keep one"),
    ],
)
def test_a_bad_definition_is_a_fault_with_its_line(tmp_path: Path, line: str, fault: str) -> None:
    branch = BUDGET.replace("budget", "branch")
    [told] = faults_of(fields_file(tmp_path, branch, line))
    assert told.startswith("fields.yaml:3: fields.1")
    assert fault in told


def test_every_fault_is_told_at_once(tmp_path: Path) -> None:
    bad = (BUDGET.replace("amount", "money"), BUDGET.replace("newest", "loudest"))
    assert len(faults_of(fields_file(tmp_path, *bad))) == 2


def test_a_field_is_found_where_it_is_defined(tmp_path: Path) -> None:
    fields_file(tmp_path, BUDGET.replace("budget", "branch"), BUDGET)
    assert place_of(tmp_path, "budget") == f"{tmp_path}/fields.yaml:3: fields.1"


def test_no_field_may_be_called_as_anything_rules_or_tables_know() -> None:
    """A rule on such a field would test the column, or the column would be filled from it."""
    known = {column for table in WAY_OF_A_LEAD for column in DECLARED[table]}
    known.update(*FIELD_TYPES.values(), routing_fields(platform_fields()), _OTHER_TARGETS)
    assert known <= reserved_names()


def test_tables_have_a_column_for_each_field_that_has_one() -> None:
    """tables.sql, contracts and suites stay files; what a field is, they say as the catalogue."""
    spelled = {
        "text": "VARCHAR", "consent": "VARCHAR", "json": "VARCHAR", "list": "VARCHAR",
        "integer": "INTEGER", "number": "DOUBLE", "truth": "BOOLEAN", "instant": "TIMESTAMP",
    }  # fmt: skip
    platform = platform_fields()
    for field in platform.columns:
        if field.captured:
            assert DECLARED["capture.submissions"][field.name] == spelled[field.captured]
        found = {
            table: DECLARED[table][field.name]
            for table in WAY_OF_A_LEAD[1:]
            if field.name in DECLARED[table]
        }
        assert set(found.values()) <= {spelled[field.type]}, field.name
        assert not field.scorable or "scoring.lead_features" in found, field.name
        assert not field.routable or "enrichment.lead_profiles" in found, field.name
    golden = set(DECLARED["identity.leads"])
    assert {name for name in platform.winning_rules if name in golden} == set(
        platform.winning_rules
    )
    assert all("custom_fields" in DECLARED[table] for table in WAY_OF_A_LEAD)


def test_suites_have_the_columns_of_their_tables() -> None:
    for table in WAY_OF_A_LEAD:
        path = PROJECT_ROOT / "expectations" / f"{table.replace('.', '/')}.json"
        [types] = [
            expectation["kwargs"]["types"]
            for expectation in json.loads(path.read_text())["expectations"]
            if expectation["type"] == "expect_table_columns_to_have_types"
        ]
        assert types == DECLARED[table], table


def test_the_models_have_no_field_list_of_their_own() -> None:
    project = YAML(typ="safe").load(PROJECT_ROOT / "dbt_project" / "dbt_project.yml")
    assert not project["vars"].keys() & platform_fields().variables.keys()


def with_custom(*custom: LeadField) -> FieldCatalogue:
    return replace(platform_fields(), custom=custom)


def test_a_field_of_ones_own_is_a_group_of_its_own_or_a_fact_of_the_company() -> None:
    grown = with_custom(custom("branch", wins="company"), custom("budget", type="amount"))
    groups = {group.group: group for group in grown.survivorship}
    assert groups["custom_budget"].fields == ("custom_budget",)
    assert groups["company_facts"].fields[-1] == "custom_branch"
    assert "custom_branch" not in groups
    assert grown.winning_rules["branch"] == "company"
    assert grown.variables["custom_fields"] == ["branch", "budget"]
    platform = platform_fields().survivorship
    assert [one for one in grown.survivorship if one.group != "company_facts"][:-1] == [
        one for one in platform if one.group != "company_facts"
    ]


def test_a_further_field_of_the_platform_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Under `fields:` of the package: mapped, scored and routed on without another change."""
    line = custom("deal_size", type="amount", scorable=True, routable=True)
    grown = fields._platform_file().model_copy(update={"fields": (line,)})
    monkeypatch.setattr(fields, "_platform_file", lambda: grown)
    platform_fields.cache_clear()
    try:
        assert load_fields(tmp_path).custom_by_name == {"deal_size": line}
        large = {"field": "deal_size", "operator": "at_least", "value": 10_000}
        assert Condition.model_validate(large).accepts(12_000)
        rule = {"id": "large", "part": "fit", "points": 5, "reason": "Large", "at_least": 10_000}
        assert ExplicitRule.model_validate({**rule, "field": "deal_size"}).operator == "at_least"
        emit = EmitRule.model_validate({"kind": "submission", "fields": {"deal_size": "size"}})
        assert emit.fields.keys() == {"deal_size"}
        assert platform_fields().variables["custom_fields"] == ["deal_size"]
        assert [*faults_of(fields_file(tmp_path, BUDGET.replace("budget", "deal_size")))] == [
            "fields.yaml:2: fields.0.name: 'deal_size' is the platform's own name; choose another"
        ]
    finally:
        monkeypatch.undo()
        platform_fields.cache_clear()


def test_what_is_not_called_scorable_or_routable_is_not() -> None:
    grown = with_custom(custom("branch"), custom("tier", scorable=True, searchable=True))
    assert "branch" not in {*grown.scorable, *grown.routable}
    assert "tier" in grown.scorable
    assert "tier" not in grown.routable
    assert [field.name for field in grown.searchable] == ["tier"]
