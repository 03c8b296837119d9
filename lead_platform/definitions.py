"""The one Dagster code location: collects what the modules of the layers define, and names none.

A layer's `assets.py` and `sensors.py` hold its assets, jobs, schedules and sensors at their top
level; `SHOWN` lists specs of tables that no step of Dagster's writes. Which layers there are:
`layers.py`.
"""

import importlib
import os
from collections.abc import Iterator
from importlib.util import find_spec
from types import ModuleType

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

from lead_platform.lake.resource import LakeResource
from lead_platform.lake.specs import jobs_named
from lead_platform.layers import LAYER_NAMES

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
