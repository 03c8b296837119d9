"""Scoring in Dagster: the scorecard in effect, scores with their contributions, drift audits."""

import functools
from collections.abc import Callable

import pandas as pd
from dagster import (
    AssetExecutionContext,
    Config,
    DefaultScheduleStatus,
    ScheduleDefinition,
    multi_asset,
)

import lead_platform.enrichment.assets as enrichment
from lead_platform.lake.lake import LARGE_WRITE_ROWS, Candidate
from lead_platform.lake.quarantine import leads_of
from lead_platform.lake.resource import LakeResource, Results, run_time
from lead_platform.lake.specs import (
    WAY_FROM_ENRICHMENT,
    asset_job,
    dbt_specs,
    gate_checks,
    table_specs,
    tables_of,
)
from lead_platform.lake.steps import NOTHING, Metadata, Models, Prepared, Stage
from lead_platform.scoring.drift import audit_quarters
from lead_platform.scoring.drift_audits import write_audits
from lead_platform.scoring.scorecard import Scorecard, load_scorecard
from lead_platform.scoring.scorecard_versions import newest_scorecard, write_scorecard

AUDIT = ("audit_drift",)

SCORECARD = table_specs(
    "scoring",
    ["scorecard_versions", "scorecard_rules"],
    jobs=(*WAY_FROM_ENRICHMENT, *AUDIT),
)
SCORE_MODELS = "lead_features score_contributions lead_scores"
SCORES = dbt_specs(SCORE_MODELS, WAY_FROM_ENRICHMENT)
CLOSED_DEAL_MODELS = "closed_deal_scores"
CLOSED_DEALS = dbt_specs(CLOSED_DEAL_MODELS, AUDIT)
DRIFT = table_specs("scoring", ["drift_audits"], deps=["scoring.closed_deal_scores"], jobs=AUDIT)

refresh_scores = asset_job(
    "refresh_scores",
    "Scores every lead anew, because time has passed, and routes those that moved.",
    config={"ops": {"score": {"config": {"rescore": True}}}},
)
daily_refresh = ScheduleDefinition(
    name="daily_refresh",
    job=refresh_scores,
    cron_schedule="0 4 * * *",
    default_status=DefaultScheduleStatus.RUNNING,
)
audit_drift = asset_job(
    "audit_drift",
    "Asks of each closed quarter whether the score separates won from lost deals.",
)
quarterly_audit = ScheduleDefinition(
    name="quarterly_audit",
    job=audit_drift,
    cron_schedule="0 6 2 1,4,7,10 *",
    default_status=DefaultScheduleStatus.RUNNING,
)


class ScoringConfig(Config):
    """Whether every lead is scored anew, as the daily run does because time has passed."""

    rescore: bool = False


SCORED = [*enrichment.RESULTS, *enrichment.PROFILES, *SCORECARD, *SCORES]


@multi_asset(
    name="score",
    specs=SCORED,
    check_specs=gate_checks(SCORED),
    pool="lake",
    can_subset=True,
)
def score(context: AssetExecutionContext, config: ScoringConfig, lake: LakeResource) -> Results:
    """Enrich every lead that changed, join its profile, and score it by the scorecard in effect."""
    # Once: what takes effect is what the scores are made by.
    read_card = functools.cache(
        functools.partial(load_scorecard, lake.settings.config_dir / "scorecard.yaml")
    )
    yield from lake.materialize_stages(
        context,
        enrichment.enrich(context, lake),
        _scorecard(context, lake, read_card),
        enrichment.profiles(context),
        _scores(context, config, read_card),
    )


def _scorecard(
    context: AssetExecutionContext, lake: LakeResource, read_card: Callable[[], Scorecard]
) -> Stage:
    """The scorecard of the configuration takes effect; every earlier one is kept."""

    def prepare() -> Prepared:
        card = read_card()
        with lake.lake.read() as connection:
            if newest_scorecard(connection) == card.version:
                return NOTHING

        def write(candidate: Candidate) -> Metadata:
            return write_scorecard(
                candidate.connection, card, effective_at=run_time(context), run_id=context.run_id
            )

        return Prepared(write)

    return Stage("scorecard", "scoring", tables_of(SCORECARD), prepare)


def _scores(
    context: AssetExecutionContext, config: ScoringConfig, read_card: Callable[[], Scorecard]
) -> Stage:
    """The score of every lead whose profile or scorecard changed."""

    def prepare() -> Prepared:
        card = read_card()
        variables = {
            "as_of": run_time(context).isoformat(),
            "scorecard_version": card.version,
            "rescore": config.rescore,
        }
        rows = LARGE_WRITE_ROWS if config.rescore else 0
        return Prepared(rows=rows, models=Models(SCORE_MODELS, variables))

    scope = leads_of("scoring.lead_scores")
    return Stage("scores", "scoring", tables_of(SCORES), prepare, scope)


@multi_asset(
    name="closed_deals", specs=CLOSED_DEALS, check_specs=gate_checks(CLOSED_DEALS), pool="lake"
)
def closed_deals(context: AssetExecutionContext, lake: LakeResource) -> Results:
    """Score the lead of each closed deal as it stood just before the deal closed."""
    card = load_scorecard(lake.settings.config_dir / "scorecard.yaml")
    variables = {"as_of": run_time(context).isoformat(), "scorecard_version": card.version}
    models = Models(CLOSED_DEAL_MODELS, variables)
    yield from lake.materialize_stages(
        context,
        Stage(
            "closed_deals",
            "scoring",
            tables_of(CLOSED_DEALS),
            lambda: Prepared(models=models),
            leads_of("scoring.closed_deal_scores"),
        ),
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
