"""The 9,240 leads of X Education through the whole job: every one a lead, scored and routed."""

import os
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from tests.integration.conftest import Install, install, zygote

__all__ = ["install", "zygote"]

ROWS = 9_240
CONVERTED = 3_561
RECEIVED_AT = datetime(2026, 7, 1)
_DEFAULT = Path(__file__).resolve().parents[2].parent / "shared" / "data"
SHARED = Path(os.environ.get("LEAD_PLATFORM_SHARED_DATA", _DEFAULT))


@pytest.fixture(scope="module")
def profile() -> str:
    """One profile: the volume is what counts here."""
    return "embedded"


def test_every_lead_of_x_education_is_a_lead_scored_and_routed(
    install: Install, record_property: Callable[[str, object], None]
) -> None:
    file = SHARED / "xeducation_leads" / "Leads.csv"
    if not file.exists():
        pytest.skip(f"{file} is absent; set LEAD_PLATFORM_SHARED_DATA to the shared data")
    installation = install("xeducation")
    started = time.monotonic()
    outcome = installation.run(files=[(file, "xeducation")], as_of=RECEIVED_AT)
    record_property("seconds", round(time.monotonic() - started, 1))
    record_property("cpu_seconds", round(outcome["cpu_seconds"], 1))

    delivered = installation.query(
        "select records, taken, repeats, rejected, submissions from capture.deliveries"
    )
    assert delivered == [(ROWS, ROWS, 0, 0, ROWS)]
    # Nobody has a name, an address or a number: each Prospect ID is a lead of its own.
    for table in (
        "identity.lead_members", "identity.leads", "enrichment.lead_profiles",
        "scoring.lead_scores", "routing.assignments",
    ):  # fmt: skip
        found = installation.query(f"select count(*), count(distinct lead_id) from {table}")
        assert found == [(ROWS, ROWS)], table
    unscored = "select count(*) from scoring.lead_scores where total is null or band is null"
    assert installation.scalar(unscored) == 0
    decided = installation.query(
        "select count(*) from routing.assignments join routing.routing_decisions "
        "using (decision_id) where routing_decisions.explanation <> ''"
    )
    assert decided == [(ROWS,)]
    outcomes = installation.query(
        "select outcome_type, count(*) from identity.lead_outcomes group by all order by all"
    )
    assert outcomes == [("closed_lost", ROWS - CONVERTED), ("closed_won", CONVERTED)]
    assert installation.query("select bool_and(passed) from governance.data_quality") == [(True,)]
