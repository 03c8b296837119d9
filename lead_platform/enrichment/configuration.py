"""Which providers are asked: `config/enrichment.yaml`, and the providers it names.

What a provider's options mean is for its own module.
"""

import importlib
import pkgutil
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

import lead_platform.enrichment.providers as provider_modules
from lead_platform.configuration import ConfigurationError, load_yaml
from lead_platform.enrichment.provider import EnrichmentError, Provider, ProviderContext

FILE_NAME = "enrichment.yaml"


class ProviderSettings(BaseModel):
    """One provider: how long its answers hold, how soon a failed request is tried again."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    enabled: bool = True
    ttl_days: int = Field(default=180, ge=1)
    retry_after_hours: float = Field(default=6, ge=0)
    options: dict[str, Any] = Field(default_factory=dict)


class EnrichmentConfiguration(BaseModel):
    """The content of `config/enrichment.yaml`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    providers: list[ProviderSettings]


@dataclass(frozen=True)
class EnabledProvider:
    """A provider to ask, and for how long its answers and failures are left alone."""

    provider: Provider
    ttl: timedelta
    retry_after: timedelta


def load_providers(config_dir: Path, context: ProviderContext) -> tuple[EnabledProvider, ...]:
    """The enabled providers in the order of the file.

    Raises ConfigurationError with every unknown provider, repeated name and wrong option.
    """
    path = config_dir / FILE_NAME
    configuration = load_yaml(path, EnrichmentConfiguration)
    faults: list[str] = []
    enabled: list[EnabledProvider] = []
    seen: set[str] = set()
    for settings in configuration.providers:
        if settings.name in seen:
            faults.append(f"{path}: provider {settings.name!r} is listed twice; keep one")
        seen.add(settings.name)
        try:
            provider = _create(settings, context)
        except EnrichmentError as error:
            faults.append(f"{path}: {error}")
            continue
        if settings.enabled:
            enabled.append(
                EnabledProvider(
                    provider,
                    timedelta(days=settings.ttl_days),
                    timedelta(hours=settings.retry_after_hours),
                )
            )
    if faults:
        raise ConfigurationError(faults)
    return tuple(enabled)


def _create(settings: ProviderSettings, context: ProviderContext) -> Provider:
    known = sorted(module.name for module in pkgutil.iter_modules(provider_modules.__path__))
    if settings.name not in known:
        raise EnrichmentError(
            f"unknown provider {settings.name!r}; known: {', '.join(known)}. "
            f"Add enrichment/providers/{settings.name}.py or remove the entry"
        )
    module = importlib.import_module(f"{provider_modules.__name__}.{settings.name}")
    provider: Provider = module.create(settings.options, context)
    return provider
