"""Does all that people may edit hold: every file of `config/`, the suites, what the models fit?"""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

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
from lead_platform.lake.suites import load_suites
from lead_platform.routing.configuration import RoutingConfiguration, load_routing
from lead_platform.scoring.scorecard import load_scorecard
from lead_platform.settings import Settings
from lead_platform.vocabularies.folder import load_vocabularies

_PLACE = re.compile(r"(?P<path>/[^:]*)(?::(?P<line>\d+))?: ")


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


def faulty_files(settings: Settings) -> dict[str, str]:
    """The files that cannot be used, as `config/…` and `expectations/…`, each with how many faults
    it has and in which line the first is.

    The faults themselves quote values, which may be a person's: `check_configuration` tells them.
    """
    try:
        check_configuration(settings)
    except ConfigurationError as error:
        faults = error.faults
    else:
        return {}
    lines: dict[str, list[str]] = {}
    for fault in faults:
        place = _PLACE.match(fault)
        name = _shown(Path(place["path"]), settings) if place else "configuration"
        lines.setdefault(name, []).append((place and place["line"]) or "")
    return {name: _counted(each) for name, each in sorted(lines.items())}


def _counted(lines: list[str]) -> str:
    """`lines` of the faults, empty where one has none."""
    first = f", the first in line {lines[0]}" if lines[0] else ""
    return f"{len(lines)} fault{'s' if len(lines) > 1 else ''}{first}"


def _shown(path: Path, settings: Settings) -> str:
    for name, folder in (
        ("config", settings.config_dir),
        ("expectations", settings.expectations_dir),
        ("home", settings.home),
    ):
        if path.is_relative_to(folder):
            return f"{name}/{path.relative_to(folder)}"
    return path.name


def _load_enrichment(settings: Settings) -> object:
    """Its own faults are told also where the vocabularies, which others tell of, have some."""
    folder = settings.config_dir
    load_yaml(folder / FILE_NAME, EnrichmentConfiguration)
    return load_providers(folder, ProviderContext(load_vocabularies(folder), settings.reference))
