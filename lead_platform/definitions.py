"""The one Dagster code location: every layer's assets, checks, sensors, jobs and schedules."""

import os
from collections.abc import Callable, Mapping
from typing import Any

# dbt and Great Expectations look for this before they would report usage.
os.environ.setdefault("DO_NOT_TRACK", "1")

from dagster import (
    AssetsDefinition,
    AssetSelection,
    AssetSpec,
    DefaultScheduleStatus,
    Definitions,
    ScheduleDefinition,
    define_asset_job,
    in_process_executor,
    job,
)

import lead_platform.capture.assets as capture
import lead_platform.governance.assets as governance
import lead_platform.identity.assets as identity
import lead_platform.reporting.assets as reporting
import lead_platform.routing.assets as routing
import lead_platform.scoring.assets as scoring
from lead_platform.capture.channels import load_channels
from lead_platform.capture.guessing.names import load_field_names
from lead_platform.capture.sensors import inbox, outcomes_inbox
from lead_platform.configuration import ConfigurationError, load_yaml
from lead_platform.enrichment.configuration import (
    FILE_NAME,
    EnrichmentConfiguration,
    load_providers,
)
from lead_platform.enrichment.provider import ProviderContext
from lead_platform.fields import load_fields
from lead_platform.governance.holidays import load_holidays
from lead_platform.governance.sensors import alerts, upkeep
from lead_platform.identity.accounts.specification import load_account_specification
from lead_platform.identity.engine.specification import load_specification
from lead_platform.identity.modelling.proposals import active_model
from lead_platform.lake.resource import LakeResource
from lead_platform.lake.suites import load_suites
from lead_platform.routing.configuration import RoutingConfiguration, load_routing
from lead_platform.scoring.scorecard import load_scorecard
from lead_platform.settings import Settings
from lead_platform.vocabularies.folder import load_vocabularies

ASSETS: list[AssetsDefinition | AssetSpec] = [
    capture.intake,
    identity.identify,
    identity.scan,
    scoring.score,
    scoring.closed_deals,
    scoring.drift,
    routing.routes,
    reporting.report,
    reporting.duplicates,
    *identity.VERDICTS,
    *governance.RECORDS,
    *capture.DECISIONS,
]

# A run whose process was killed is tried again from its beginning: each step does what has not been
# done yet.
WHOLE_RETRY = {"dagster/retry_strategy": "ALL_STEPS"}

WAY_OF_A_LEAD = AssetSelection.assets(
    capture.intake,
    identity.identify,
    scoring.score,
    routing.routes,
    reporting.report,
)

process_new_leads = define_asset_job(
    "process_new_leads",
    selection=WAY_OF_A_LEAD,
    description="Waiting files to routed, gated leads; the same assets at any batch size.",
    executor_def=in_process_executor,
    tags=WHOLE_RETRY,
)

apply_verdicts = define_asset_job(
    "apply_verdicts",
    selection=WAY_OF_A_LEAD - AssetSelection.assets(capture.intake),
    description="What people said of pairs takes effect, from leads to owners; takes in nothing.",
    executor_def=in_process_executor,
    tags=WHOLE_RETRY,
)

refresh_scores = define_asset_job(
    "refresh_scores",
    selection=AssetSelection.assets(scoring.score, routing.routes, reporting.report),
    config={"ops": {"score": {"config": {"rescore": True}}}},
    description="Scores every lead anew, because time has passed, and routes those that moved.",
    executor_def=in_process_executor,
    tags=WHOLE_RETRY,
)

scan_identity = define_asset_job(
    "scan_identity",
    selection=AssetSelection.assets(identity.scan, reporting.duplicates),
    description="Compares all leads with each other; what it finds waits for a person.",
    executor_def=in_process_executor,
    tags=WHOLE_RETRY,
)

audit_drift = define_asset_job(
    "audit_drift",
    selection=AssetSelection.keys(*(spec.key for spec in scoring.SCORECARD))
    | AssetSelection.assets(scoring.closed_deals, scoring.drift),
    description="Asks of each closed quarter whether the score separates won from lost deals.",
    executor_def=in_process_executor,
    tags=WHOLE_RETRY,
)


@job(
    executor_def=in_process_executor,
    tags=WHOLE_RETRY,
    description="Compacts the lake; forgets snapshots, records and runs beyond their time.",
)
def maintain() -> None:
    """Maintenance of the lake."""
    governance.maintain_lake()


@job(
    executor_def=in_process_executor,
    description="Asks of each archived file whether the lake holds its delivery.",
)
def check_archive() -> None:
    """The archive against the lake."""
    governance.compare_archive()


SCHEDULES = [
    ScheduleDefinition(
        name="daily_refresh",
        job=refresh_scores,
        cron_schedule="0 4 * * *",
        default_status=DefaultScheduleStatus.RUNNING,
    ),
    ScheduleDefinition(
        name="nightly_archive_check",
        job=check_archive,
        cron_schedule="0 5 * * *",
        default_status=DefaultScheduleStatus.RUNNING,
    ),
    ScheduleDefinition(
        name="weekly_scan",
        job=scan_identity,
        cron_schedule="0 3 * * 0",
        default_status=DefaultScheduleStatus.RUNNING,
    ),
    ScheduleDefinition(
        name="quarterly_audit",
        job=audit_drift,
        cron_schedule="0 6 2 1,4,7,10 *",
        default_status=DefaultScheduleStatus.RUNNING,
    ),
]

defs = Definitions(
    assets=ASSETS,
    jobs=[
        process_new_leads,
        apply_verdicts,
        refresh_scores,
        scan_identity,
        audit_drift,
        maintain,
        check_archive,
    ],
    schedules=SCHEDULES,
    sensors=[inbox, outcomes_inbox, upkeep, alerts],
    resources={"lake": LakeResource()},
    executor=in_process_executor,
)


def check_configuration(
    settings: Settings, further: Mapping[str, Callable[[], Any]] | None = None
) -> list[str]:
    """One line per configuration that holds. Raises ConfigurationError with all faults of all.

    Opens no connection; `further`: checks by their name that may.
    """
    folder = settings.config_dir
    loaders: dict[str, Callable[[], Any]] = {
        "fields": lambda: load_fields(folder),
        "channels": lambda: load_channels(folder),
        "vocabularies": lambda: load_vocabularies(folder),
        "field names": lambda: load_field_names(folder),
        "identity": lambda: active_model(
            load_specification(folder / "identity.yaml"), settings.models
        ),
        "accounts": lambda: active_model(
            accounts := load_account_specification(folder), settings.models / accounts.name
        ),
        "scorecard": lambda: load_scorecard(folder / "scorecard.yaml"),
        "enrichment": lambda: _load_enrichment(settings),
        "routing": lambda: load_routing(folder),
        "holidays": lambda: load_holidays(folder),
        "expectations": lambda: load_suites(settings.expectations_dir),
        **(further or {}),
    }
    faults: list[str] = []
    lines: list[str] = []
    for name, load in loaders.items():
        try:
            loaded = load()
        except ConfigurationError as error:
            faults += error.faults
            continue
        lines.append(f"{name}: valid")
        if isinstance(loaded, RoutingConfiguration):
            lines += [f"  warning: {warning}" for warning in loaded.warnings()]
    if faults:
        # What several of them read is told once.
        raise ConfigurationError(dict.fromkeys(faults))
    return lines


def _load_enrichment(settings: Settings) -> object:
    """Its own faults are told also where the vocabularies, which others tell of, have some."""
    folder = settings.config_dir
    load_yaml(folder / FILE_NAME, EnrichmentConfiguration)
    return load_providers(folder, ProviderContext(load_vocabularies(folder), settings.reference))
