import duckdb
import pytest

from lead_platform.capture.columns import KINDS, TABLES, Kind
from lead_platform.capture.mapping import ITEM_COLUMNS


@pytest.mark.parametrize("kind", KINDS)
def test_item_columns_are_those_of_the_table(
    connection: duckdb.DuckDBPyConnection, kind: Kind
) -> None:
    described = connection.execute(f"describe capture.{TABLES[kind]}").fetchall()
    added = {"delivery_id", "received_seq", "reading"}
    assert {*ITEM_COLUMNS[kind], *added} == {row[0] for row in described}
