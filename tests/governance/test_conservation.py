"""The count of submissions without a lead: what was set aside once is not excused for ever."""

from collections.abc import Iterator

import duckdb
import pytest

from lead_platform.governance.conservation import reconcile
from lead_platform.settings import PROJECT_ROOT


@pytest.fixture
def tables() -> Iterator[duckdb.DuckDBPyConnection]:
    """Three resolved submissions and a fourth, older than the newest of them, that has no lead."""
    with duckdb.connect() as connection:
        for layer in ("capture", "identity", "governance"):
            connection.execute(f"create schema {layer}")
            declared = PROJECT_ROOT / "lead_platform" / layer / "tables.sql"
            connection.execute(declared.read_text(encoding="utf-8"))
        connection.execute(
            "insert into capture.submissions by name "
            "select 'sub_' || n as submission_id, n as received_seq from range(1, 5) as r(n)"
        )
        connection.execute(
            "insert into identity.lead_members by name "
            "select 'lead' as lead_id, 'sub_' || n as submission_id "
            "from (values (1), (2), (4)) as r(n)"
        )
        yield connection


def is_conserved(connection: duckdb.DuckDBPyConnection) -> bool:
    (found,) = [
        each for each in reconcile(connection) if each.check_name == "submission_belongs_to_a_lead"
    ]
    return found.passed


@pytest.mark.parametrize("step", ["normalize", "resolve"])
@pytest.mark.parametrize(
    ("state", "tried", "expected"),
    [
        ("held", False, True),
        ("discarded", False, True),
        ("released", False, True),
        ("superseded", False, True),
        ("released", True, False),
        ("superseded", True, False),
    ],
)
def test_only_what_waits_or_was_given_up_needs_no_lead(
    tables: duckdb.DuckDBPyConnection, step: str, state: str, tried: bool, expected: bool
) -> None:
    """A submission lost after its release was counted as set aside for ever."""
    assert not is_conserved(tables)
    tables.execute(
        "insert into governance.quarantine by name select ? as step, "
        "'submission' as subject_type, 'sub_3' as subject_id, ? as state, "
        "case when ? then timestamp '2026-01-01' end as tried_at",
        [step, state, tried],
    )
    assert is_conserved(tables) is expected
