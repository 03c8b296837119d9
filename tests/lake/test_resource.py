"""The lake inside Dagster: what of a refusal people see."""

import pytest
from dagster import AssetExecutionContext, materialize, multi_asset

from lead_platform.lake.lake import Candidate
from lead_platform.lake.resource import LakeResource, Results
from lead_platform.lake.specs import gate_checks, table_specs
from lead_platform.settings import Settings

SPECS = table_specs("identity", ["scans"], also_writes=["identity.match_reviews"])

BAD_REVIEW = """
insert into identity.match_reviews by name
select 'rev_1' as review_id, 'a' as left_record_id, 'b' as right_record_id,
    0.5 as match_probability, 'looks alike' as reason, 'perhaps' as status,
    timestamp '2026-03-01' as opened_at
"""


@multi_asset(name="scan", specs=SPECS, check_specs=gate_checks(SPECS))
def scan(context: AssetExecutionContext, lake: LakeResource) -> Results:
    """Writes a review of no known status, and none of the table it is named for."""

    def write(candidate: Candidate) -> None:
        candidate.connection.execute(BAD_REVIEW)

    yield from lake.materialize(context, None, write)


def test_refusal_of_a_table_of_another_step_is_a_failed_check_of_this_one(
    embedded_settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The scan writes the review queue: a refusal there failed the run and no check."""
    monkeypatch.setenv("LEAD_PLATFORM_HOME", str(embedded_settings.home))
    result = materialize([scan], resources={"lake": LakeResource()}, raise_on_error=False)
    assert not result.success
    (check,) = result.get_asset_check_evaluations()
    assert (check.passed, check.asset_key.to_user_string()) == (False, "identity/scans")
    assert "identity.match_reviews: expect_column_values_to_be_in_set" in str(
        check.metadata["failed"].value
    )
