"""Scoring in Dagster: the scorecard in effect, scores with their contributions, drift audits."""

import pandas as pd
from dagster import AssetExecutionContext, Config, multi_asset

from lead_platform.lake.lake import LARGE_WRITE_ROWS
from lead_platform.lake.quarantine import leads_of
from lead_platform.lake.resource import (
    LakeResource,
    Results,
    dbt_specs,
    gate_checks,
    run_time,
    table_specs,
)
from lead_platform.scoring.drift import audit_quarters
from lead_platform.scoring.effective import write_audits, write_scorecard
from lead_platform.scoring.scorecard import load_scorecard

SCORECARD = table_specs("scoring", ["scorecard_versions", "scorecard_rules"])
SCORE_MODELS = "lead_features score_contributions lead_scores"
SCORES = dbt_specs(SCORE_MODELS)
CLOSED_DEAL_MODELS = "closed_deal_scores"
CLOSED_DEALS = dbt_specs(CLOSED_DEAL_MODELS)
DRIFT = table_specs("scoring", ["drift_audits"], deps=["scoring.closed_deal_scores"])


class ScoringConfig(Config):
    """Whether every lead is scored anew, as the daily run does because time has passed."""

    rescore: bool = False


@multi_asset(name="scorecard", specs=SCORECARD, check_specs=gate_checks(SCORECARD), pool="lake")
def scorecard(context: AssetExecutionContext, lake: LakeResource) -> Results:
    """Let the scorecard of the configuration take effect, keeping every earlier one."""
    card = load_scorecard(lake.settings.config_dir / "scorecard.yaml")
    yield from lake.materialize(
        context,
        "scoring",
        lambda candidate: write_scorecard(
            candidate.connection, card, effective_at=run_time(context), run_id=context.run_id
        ),
    )


@multi_asset(name="scores", specs=SCORES, check_specs=gate_checks(SCORES), pool="lake")
def scores(context: AssetExecutionContext, config: ScoringConfig, lake: LakeResource) -> Results:
    """Score every lead whose profile or scorecard changed."""
    card = load_scorecard(lake.settings.config_dir / "scorecard.yaml")
    variables = {
        "as_of": run_time(context).isoformat(),
        "scorecard_version": card.version,
        "rescore": config.rescore,
    }
    rows = LARGE_WRITE_ROWS if config.rescore else 0
    yield from lake.materialize_models(
        context,
        "scoring",
        SCORE_MODELS,
        variables,
        rows=rows,
        scope=leads_of("scoring.lead_scores"),
    )


@multi_asset(
    name="closed_deals", specs=CLOSED_DEALS, check_specs=gate_checks(CLOSED_DEALS), pool="lake"
)
def closed_deals(context: AssetExecutionContext, lake: LakeResource) -> Results:
    """Score the lead of each closed deal as it stood just before the deal closed."""
    card = load_scorecard(lake.settings.config_dir / "scorecard.yaml")
    variables = {"as_of": run_time(context).isoformat(), "scorecard_version": card.version}
    yield from lake.materialize_models(
        context,
        "scoring",
        CLOSED_DEAL_MODELS,
        variables,
        scope=leads_of("scoring.closed_deal_scores"),
    )


@multi_asset(name="drift", specs=DRIFT, check_specs=gate_checks(DRIFT), pool="lake")
def drift(context: AssetExecutionContext, lake: LakeResource) -> Results:
    """Ask of each closed quarter whether the score separated won from lost deals."""
    card = load_scorecard(lake.settings.config_dir / "scorecard.yaml")
    with lake.lake.read() as connection:
        deals: pd.DataFrame = connection.execute("from scoring.closed_deal_scores").df()
    audits = audit_quarters(deals, audited_at=run_time(context), scorecard_version=card.version)
    yield from lake.materialize(
        context,
        "scoring",
        lambda candidate: write_audits(candidate.connection, audits, run_id=context.run_id),
    )
