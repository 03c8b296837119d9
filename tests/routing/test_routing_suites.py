"""The suites hold for what routing writes, and fail where they should."""

from pathlib import Path

import pandas as pd
import pytest

from lead_platform.lake.suites import load_suites, validate
from lead_platform.routing.configuration import tabulate_version
from lead_platform.routing.decisions import route_leads
from lead_platform.routing.roster import tabulate_reps
from lead_platform.routing.territories import tabulate_territories

EXPECTATIONS = Path(__file__).resolve().parents[2] / "expectations"


@pytest.fixture(scope="module")
def suites():
    return {
        name: suite
        for name, suite in load_suites(EXPECTATIONS).items()
        if name.startswith("routing.")
    }


@pytest.fixture
def tables(configuration, make_leads, decided_at):
    leads = make_leads({}, {"band": "low"}, {"country": None}, {"band": None, "total": None})
    result = route_leads(leads, configuration, {}, {}, decided_at)
    return {
        "routing.routing_versions": tabulate_version(configuration, decided_at).assign(
            version_seq=1
        ),
        "routing.reps": tabulate_reps(configuration.reps, configuration.reps_version),
        "routing.territories": tabulate_territories(
            configuration.territories, configuration.territories_version
        ),
        "routing.routing_decisions": result.decisions.assign(decision_seq=1, crosswalk_seq=0),
        "routing.assignments": result.assignments.assign(assigned_seq=1),
        "routing.review_queue": result.review_queue,
    }


def failures(suite, frame):
    return [
        failure.expectation
        for scope in ("columns", "rows")
        for failure in validate(frame, suite.scoped(scope))
    ]


def test_what_routing_writes_passes(suites, tables):
    assert set(suites) == set(tables)
    assert {name: failures(suites[name], frame) for name, frame in tables.items()} == {
        name: [] for name in tables
    }


@pytest.mark.parametrize(
    ("table", "column", "value", "expectation"),
    [
        ("routing.assignments", "owner_rep_id", "ana.costa", "expect_column_values_to_be_null"),
        ("routing.assignments", "queue", None, "expect_column_values_to_not_be_null"),
        ("routing.assignments", "band", "hot", "expect_column_values_to_be_in_set"),
        ("routing.routing_decisions", "decision_id", "x", "expect_column_values_to_match_regex"),
        (
            "routing.routing_decisions",
            "inputs",
            "{",
            "expect_column_values_to_be_json_parseable",
        ),
        ("routing.routing_decisions", "explanation", "", "expect_column_values_to_match_regex"),
        ("routing.reps", "capacity", -1, "expect_column_values_to_be_between"),
        ("routing.territories", "country", "USA", "expect_column_values_to_match_regex"),
        ("routing.review_queue", "reason", "?", "expect_column_value_lengths_to_be_between"),
    ],
)
def test_a_wrong_value_fails(suites, tables, table, column, value, expectation):
    frame = pd.DataFrame(tables[table])
    frame.loc[frame.index[-1], column] = value
    assert expectation in failures(suites[table], frame)


def test_two_territories_with_the_same_place_fail(suites, tables):
    frame = tables["routing.territories"].copy()
    frame.loc[1, ["country", "region"]] = frame.loc[0, ["country", "region"]]
    assert "expect_compound_columns_to_be_unique" in failures(suites["routing.territories"], frame)
