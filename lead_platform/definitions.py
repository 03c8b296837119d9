"""The one Dagster code location: collects what the modules of the layers define, and names none.

A layer's `assets.py` and `sensors.py` hold its assets, jobs, schedules and sensors at their top
level; `SHOWN` lists specs of tables that no step of Dagster's writes. Which layers there are:
`layers.py`.
"""

import importlib
import os
from collections.abc import Callable, Iterator, Mapping
from importlib.util import find_spec
from types import ModuleType
from typing import Any

# dbt and Great Expectations look for this before they would report usage.
os.environ.setdefault("DO_NOT_TRACK", "1")

from dagster import (
    AssetsDefinition,
    AssetSpec,
    Definitions,
    JobDefinition,
    ScheduleDefinition,
    SensorDefinition,
    in_process_executor,
)
from dagster._core.definitions.unresolved_asset_job_definition import UnresolvedAssetJobDefinition

from lead_platform.capture.channels import load_channels
from lead_platform.capture.guessing.names import load_field_names
from lead_platform.configuration import ConfigurationError, load_yaml
from lead_platform.enrichment.configuration import (
    FILE_NAME,
    EnrichmentConfiguration,
    load_providers,
)
from lead_platform.enrichment.provider import ProviderContext
from lead_platform.fields import load_fields
from lead_platform.governance.holidays import load_holidays
from lead_platform.identity.accounts.specification import load_account_specification
from lead_platform.identity.leads.specification import load_lead_specification
from lead_platform.identity.modelling.proposals import AtWork, model_at_work
from lead_platform.lake.resource import LakeResource
from lead_platform.lake.specs import jobs_named
from lead_platform.lake.suites import load_suites
from lead_platform.layers import LAYER_NAMES
from lead_platform.routing.configuration import RoutingConfiguration, load_routing
from lead_platform.scoring.scorecard import load_scorecard
from lead_platform.settings import Settings
from lead_platform.vocabularies.folder import load_vocabularies

_Job = JobDefinition | UnresolvedAssetJobDefinition


def collect() -> Definitions:
    """All that the layers define.

    Raises ValueError where an asset is for a job that no layer has: it would never be built.
    """
    modules = list(_modules())
    members = [member for module in modules for member in vars(module).values()]
    assets = [member for member in members if isinstance(member, AssetsDefinition)]
    jobs = [member for member in members if isinstance(member, _Job)]
    _require_jobs(assets, {job.name for job in jobs})
    shown: list[AssetSpec] = [spec for module in modules for spec in getattr(module, "SHOWN", ())]
    return Definitions(
        assets=[*assets, *shown],
        jobs=jobs,
        schedules=[member for member in members if isinstance(member, ScheduleDefinition)],
        sensors=[member for member in members if isinstance(member, SensorDefinition)],
        resources={"lake": LakeResource()},
        executor=in_process_executor,
    )


def _modules() -> Iterator[ModuleType]:
    """Those in which a layer speaks to Dagster, as far as it has them."""
    for layer in LAYER_NAMES:
        for name in ("assets", "sensors"):
            path = f"lead_platform.{layer}.{name}"
            if find_spec(path):
                yield importlib.import_module(path)


def _require_jobs(assets: list[AssetsDefinition], known: set[str]) -> None:
    for each in assets:
        unknown = jobs_named(each.specs) - known
        if unknown:
            raise ValueError(
                f"The asset {each.node_def.name!r} is for the job {min(unknown)!r}, which no layer "
                f"defines. Known: {', '.join(sorted(known))}. Name one of them, or define it in "
                "the assets.py of its layer."
            )


defs = collect()


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
        "identity": lambda: model_at_work(load_lead_specification(folder), settings.models),
        "accounts": lambda: model_at_work(
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
        if isinstance(loaded, RoutingConfiguration | AtWork):
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
