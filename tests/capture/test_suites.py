"""The expectation suites of the layer hold for what the intake writes, and fail when broken."""

from typing import Any

import duckdb
import pandas as pd
import pytest

from lead_platform.capture.channels import load_channels
from lead_platform.capture.profiles import Profile, append_profiles, profile_rows
from lead_platform.lake.suites import Suite, load_suites, validate
from tests.capture.conftest import PROJECT, RECEIVED_AT, TakeIn

SUITES = {
    name: suite
    for name, suite in load_suites(PROJECT / "expectations").items()
    if name.startswith("capture.")
}
CALLS = (
    "call_id,started_at,direction,from_number,to_number,duration_seconds,disposition\n"
    "c1,2026-01-01T10:00:00Z,inbound,+4930123,+4940,60,answered\n"
    "c2,2026-01-01T10:00:00Z,inbound,+4930124,+4940,60,sung\n"
)
DEALS = "outcome_id,type,occurred_at,amount,currency\no1,closed_won,2026-01-01,5,EUR\n"
BROKEN: list[tuple[str, str, Any, str]] = [
    ("capture.submissions", "submission_id", "x", "expect_column_values_to_match_regex"),
    ("capture.submissions", "consent_email", "maybe", "expect_column_values_to_be_in_set"),
    ("capture.submissions", "submitted_at", None, "expect_column_values_to_not_be_null"),
    ("capture.submissions", "content_hash", "ab", "expect_column_value_lengths_to_be_between"),
    ("capture.events", "event_type", "dance", "expect_column_values_to_be_in_set"),
    ("capture.events", "duration_seconds", -1.0, "expect_column_values_to_be_between"),
    ("capture.events", "occurred_at", pd.Timestamp("1980-01-01"),
     "expect_column_values_to_be_between"),
    ("capture.outcomes", "outcome_type", "won", "expect_column_values_to_be_in_set"),
    ("capture.outcomes", "currency", "euro", "expect_column_values_to_match_regex"),
    ("capture.rejected_records", "reasons", "[]", "expect_column_value_lengths_to_be_between"),
    ("capture.rejected_records", "payload", "{", "expect_column_values_to_be_json_parseable"),
    ("capture.deliveries", "records", 0, "expect_column_values_to_be_between"),
    ("capture.deliveries", "repeats", 99,
     "expect_column_pair_values_a_to_be_greater_than_b"),
]  # fmt: skip


@pytest.fixture
def frames(connection: duckdb.DuckDBPyConnection, take_in: TakeIn) -> dict[str, pd.DataFrame]:
    channels = load_channels(PROJECT / "config")
    take_in(channels["call_log"], CALLS)
    take_in(channels["crm_outcomes"], DEALS)
    append_profiles(
        connection,
        profile_rows("del_1", "call_log", RECEIVED_AT, {"submission": Profile(rows=1)}),
    )
    connection.execute(
        "insert into capture.accepted_deliveries values (?, 'Dana', 'right', ?)",
        [f"del_{'0' * 24}", RECEIVED_AT],
    )
    return {name: connection.execute(f"from {name}").df() for name in SUITES}


def rows_only(suite: Suite) -> list:
    return suite.scoped("rows")


def test_every_table_has_a_suite() -> None:
    tables = (
        "accepted_deliveries", "deliveries", "delivery_profiles", "events", "outcomes",
        "rejected_records", "submissions",
    )  # fmt: skip
    assert sorted(SUITES) == [f"capture.{table}" for table in tables]


def test_what_the_intake_writes_holds(frames: dict[str, pd.DataFrame]) -> None:
    for name, suite in SUITES.items():
        assert len(frames[name]) >= 1
        assert validate(frames[name], rows_only(suite)) == []
        [columns] = [spec for spec in suite.scoped("columns") if "column_set" in spec.kwargs]
        assert sorted(columns.kwargs["column_set"]) == sorted(frames[name].columns)


@pytest.mark.parametrize(("table", "column", "value", "expectation"), BROKEN)
def test_broken_rows_are_found(
    frames: dict[str, pd.DataFrame], table: str, column: str, value: object, expectation: str
) -> None:
    frame = pd.concat([frames[table], frames[table].head(1)], ignore_index=True)
    frame[SUITES[table].meta.key[0]] = [
        f"{frame.iloc[0, 0][:-2]}{n:02d}" for n in range(len(frame))
    ]
    frame[column] = frame[column].astype(object)
    frame.loc[len(frame) - 1, column] = value
    frame[column] = frame[column].infer_objects()
    failures = validate(frame, rows_only(SUITES[table]))
    assert expectation in {failure.expectation for failure in failures}
    assert (len(frame) - 1,) in {failure.positions for failure in failures}


def test_losing_most_of_a_table_is_found() -> None:
    for suite in SUITES.values():
        facts = pd.DataFrame({"share_removed": [0.6]})
        assert len(validate(facts, suite.scoped("table"))) == 1
        assert validate(pd.DataFrame({"share_removed": [0.5]}), suite.scoped("table")) == []
