"""Data tests of dbt as part of the gate: the rows they found, and whose they are.

A test whose rows name a lead costs that lead, as an expectation on rows does; any other speaks of a
whole table.
"""

from collections.abc import Iterable

import duckdb

from lead_platform.lake.dbt import NodeResult
from lead_platform.lake.gate import TableFailure
from lead_platform.lake.suites import KEPT_ROWS, Failure

_LEAD = "lead_id"


def list_failures(
    connection: duckdb.DuckDBPyConnection, tests: Iterable[NodeResult]
) -> list[TableFailure]:
    """What failed tests found, read again in the state the models have left."""
    return [_failure(connection, test) for test in tests]


def _failure(connection: duckdb.DuckDBPyConnection, test: NodeResult) -> TableFailure:
    connection.execute(f"create or replace temp table found_by_test as {test.query}")
    columns = [column[0] for column in connection.execute("from found_by_test limit 0").description]
    rows = connection.execute(
        f"select cast(to_json(found) as varchar) from found_by_test as found limit {KEPT_ROWS}"
    ).fetchall()
    leads: list[tuple] = []
    if _LEAD in columns:
        leads = connection.execute(
            f"select distinct {_LEAD} from found_by_test order by {_LEAD}"
        ).fetchall()
    count = connection.execute("select count(*) from found_by_test").fetchone()
    assert count is not None
    return TableFailure(
        test.table,
        Failure(f"dbt test {test.name}", "{}", int(count[0])),
        tuple(row[0] for row in rows),
        subject_type="lead",
        subject_columns=(_LEAD,),
        subject_ids=tuple(str(lead) for (lead,) in leads if lead is not None),
    )
