"""What dbt tells of an error is told apart: a record's, or the machine's."""

from collections.abc import Callable
from pathlib import Path

import pytest

from lead_platform.lake.dbt import DbtFailedError
from lead_platform.lake.faults import may_be_of_a_record
from tests.dbt.conftest import SmallLake
from tests.dbt.test_models import fill
from tests.dbt.world import make_world


def test_a_file_that_cannot_be_read_is_no_records_fault(
    make_lake: Callable[[], SmallLake],
) -> None:
    """dbt keeps nothing but the message: the last lead of the base was blamed for it."""
    lake = make_lake()
    # More rows than the catalog keeps itself.
    lead = {"lead_version": "v1", "members_version": "m1"}
    lake.append("identity.lead_versions", [{**lead, "lead_id": f"lead_{n}"} for n in range(1_000)])
    files = list(Path(lake.settings.lake_data_path).rglob("*.parquet"))
    assert files
    for file in files:
        file.unlink()
    with pytest.raises(DbtFailedError) as raised:
        lake.build("identity")
    assert not may_be_of_a_record(raised.value)


def test_what_a_value_breaks_may_be_a_records_fault(make_lake: Callable[[], SmallLake]) -> None:
    """Whatever the message quotes."""
    lake = make_lake()
    lake.execute(
        "drop table identity.lead_versions",
        "create view identity.lead_versions as select 'lead' as lead_id, "
        "error('IO Error: says a record')::varchar as lead_version from range(1)",
    )
    with pytest.raises(DbtFailedError, match="says a record") as raised:
        lake.build("identity")
    assert may_be_of_a_record(raised.value)


def test_a_data_test_that_breaks_tells_of_its_table(make_lake: Callable[[], SmallLake]) -> None:
    """Its name is no model's: the stage that came first was searched for what the last one broke
    on, in vain."""
    lake = make_lake()
    fill(lake, make_world(seed=5, leads=3))
    groups = ("identity", "enrichment", "scoring")
    lake.build(*groups)
    # More than the test adds up.
    lake.execute("update scoring.score_contributions set points = 1e12")
    with pytest.raises(DbtFailedError) as raised:
        lake.build(*groups)
    assert raised.value.place.startswith("test.")
    assert raised.value.table == "scoring.lead_scores"
