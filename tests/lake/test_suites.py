"""The project's contracts fit its tables and each other, and bad ones are named all at once."""

import importlib.util
import json
import time
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from pydantic import ValidationError

from lead_platform.configuration import ConfigurationError
from lead_platform.lake.specs import declared_tables
from lead_platform.lake.suites import COLUMN_TYPES, ExpectationSpec, Suite, load_suites, validate
from lead_platform.settings import PROJECT_ROOT, Settings
from tests.lake import trial

SUITES = load_suites(Settings().expectations_dir)


def test_every_declared_table_has_a_suite() -> None:
    assert set(declared_tables()) - set(SUITES) == set()


def test_suites_say_which_columns_of_which_type_each_table_has() -> None:
    """One source: what is declared. A column with another type than its suite's is refused."""
    path = PROJECT_ROOT / "expectations" / "columns.py"
    spec = importlib.util.spec_from_file_location("expectations_columns", path)
    assert spec is not None
    assert spec.loader is not None
    generator = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generator)
    written = generator.written_suites()
    assert {f"{file.parent.name}.{file.stem}" for file in written} == set(SUITES)
    stale = [file for file, text in written.items() if file.read_text(encoding="utf-8") != text]
    assert stale == [], "run: python expectations/columns.py"


@pytest.mark.parametrize(
    ("severity", "expectation", "told"),
    [
        ("warning", "expect_column_values_to_not_be_null", "Known: fail, warn"),
        ("warn", "expect_column_to_exist", "without its columns no table is judged"),
        ("warn", COLUMN_TYPES, "without its columns no table is judged"),
    ],
)
def test_a_severity_that_would_not_do_what_it_says_is_refused(
    severity: str, expectation: str, told: str
) -> None:
    with pytest.raises(ValidationError, match=told):
        ExpectationSpec(type=expectation, kwargs={}, meta={"severity": severity})


@pytest.mark.parametrize("table", sorted(SUITES))
def test_a_suite_fits_its_table(table: str) -> None:
    suite = SUITES[table]
    columns = _expected_columns(suite)
    assert columns, f"{table} does not say which columns it has"
    declared = declared_tables().get(table)
    if declared is not None:
        assert columns == {column.name for column in declared.schema.columns}
    assert set(suite.row_columns) <= columns
    for spec in suite.expectations:
        if spec.scope == "table":
            facts = {
                "rows_before",
                "rows_after",
                "rows_inserted",
                "rows_deleted",
                "share_removed",
                "share_lost",
            }
            assert spec.columns <= facts


@pytest.mark.parametrize("table", sorted(SUITES))
def test_references_lead_to_columns_that_are_there(table: str) -> None:
    for reference in SUITES[table].meta.references:
        parent = SUITES.get(reference.to)
        assert parent is not None, f"{table} refers to {reference.to}, which has no suite"
        assert set(reference.to_columns) <= _expected_columns(parent)
        assert len(reference.columns) == len(reference.to_columns)


@pytest.mark.parametrize("table", sorted(SUITES))
def test_every_expectation_is_known_to_great_expectations(table: str) -> None:
    from great_expectations.expectations.registry import list_registered_expectation_implementations

    known = {COLUMN_TYPES, *list_registered_expectation_implementations()}
    assert {spec.type for spec in SUITES[table].expectations} <= known


def _expected_columns(suite: Suite) -> set[str]:
    listed: list[Any] = [
        spec.kwargs["column_set"]
        for spec in suite.expectations
        if spec.type == "expect_table_columns_to_match_set" and spec.kwargs.get("exact_match")
    ]
    return set().union(*listed)


def test_all_faults_of_all_suites_are_named(tmp_path: Path) -> None:
    folder = tmp_path / "trial"
    folder.mkdir()
    documents: dict[str, dict[str, Any]] = {
        "leads": {**trial.suite_document("leads"), "expectations": []},
        "scores": {**trial.suite_document("scores"), "name": "trial.points"},
        "tasks": {**trial.suite_document("tasks"), "colour": "red"},
    }
    documents["decisions"] = trial.suite_document("decisions")
    documents["decisions"]["meta"]["references"][0]["on_delete"] = "explode"
    for table, document in documents.items():
        (folder / f"{table}.json").write_text(json.dumps(document), encoding="utf-8")
    (folder / "broken.json").write_text('{"name": ', encoding="utf-8")
    with pytest.raises(ConfigurationError) as error:
        load_suites(tmp_path)
    faults = error.value.faults
    assert [Path(fault.split(":")[0]).name for fault in faults] == [
        "broken.json",
        "decisions.json",
        "leads.json",
        "scores.json",
        "tasks.json",
    ]
    assert "on_delete" in faults[1]
    assert "'trial.points'" in faults[3]
    assert "colour" in faults[4]


def test_through_which_columns_a_table_hangs_is_known_without_its_own_suite() -> None:
    """While one suite cannot be read, the others tell what must not be removed for it."""
    for child, suite in SUITES.items():
        others = {
            (reference.to, reference.to_columns)
            for other, known in SUITES.items()
            for reference in known.meta.references
            if other != child
        }
        others |= {(table, known.meta.key) for table, known in SUITES.items()}
        hanging = [named for named in suite.meta.references if named.on_delete == "cascade"]
        assert {(named.to, named.to_columns) for named in hanging} <= others


def test_one_value_cannot_hold_a_suite() -> None:
    """A pattern that backtracks took minutes on thirty characters."""
    spec = ExpectationSpec(
        type="expect_column_values_to_match_regex", kwargs={"column": "text", "regex": "^(a+)+$"}
    )
    values = pd.Series(["aaa", None, "a" * 50_000 + "!", "Ä", ""], dtype="str")
    started = time.perf_counter()
    [failure] = validate(pd.DataFrame({"text": values}), [spec])
    assert failure.positions == (2, 3, 4)
    assert failure.offending_count == 3
    assert time.perf_counter() - started < 1


def test_a_pattern_may_be_forbidden_and_values_be_other_than_text() -> None:
    spec = ExpectationSpec(
        type="expect_column_values_to_not_match_regex", kwargs={"column": "n", "regex": "^1"}
    )
    [failure] = validate(pd.DataFrame({"n": [1, 2, 10, None]}, dtype=object), [spec])
    assert failure.positions == (0, 2)


@pytest.mark.parametrize(
    ("kind", "kwargs", "told"),
    [
        ("expect_column_values_to_match_regex", {"column": "a", "regex": "(?=x)"}, "look-ahead"),
        ("expect_column_values_to_match_regex", {"column": "a", "regex": "(("}, "missing"),
        (
            "expect_column_values_to_match_regex",
            {"column": "a", "regex": "x", "mostly": 0.9},
            "nothing else",
        ),
        (
            "expect_column_values_to_match_regex_list",
            {"column": "a", "regex_list": ["x"]},
            "use expect_column_values_to_match_regex",
        ),
    ],
)
def test_patterns_that_cannot_be_judged_are_refused(
    kind: str, kwargs: dict[str, Any], told: str
) -> None:
    with pytest.raises(ValueError, match=told):
        ExpectationSpec(type=kind, kwargs=kwargs)


def test_a_row_that_breaks_judging_fails_alone() -> None:
    """It used to be the whole table's failure, so that every later batch was refused."""
    spec = ExpectationSpec(
        type="expect_column_values_to_be_between", kwargs={"column": "n", "min_value": 0}
    )
    frame = pd.DataFrame({"n": pd.Series([1, 2, "three", None, 5, -1], dtype=object)})
    [failure] = validate(frame, [spec])
    assert "error" in json.loads(failure.arguments)
    assert failure.positions == (2,)


def test_an_expectation_that_breaks_on_every_row_is_nobodys_fault() -> None:
    spec = ExpectationSpec(
        type="expect_column_values_to_be_between", kwargs={"column": "n", "min_value": 0}
    )
    [failure] = validate(pd.DataFrame({"n": pd.Series(["a", "b", None, "c"])}), [spec])
    assert failure.positions == ()
