"""Small routing configurations and leads, built from real values."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from lead_platform.routing.configuration import RoutingConfiguration, load_routing

CONFIG_DIR = Path(__file__).resolve().parents[2] / "config"
DECIDED_AT = datetime.fromisoformat("2026-03-02T09:00:00")


@pytest.fixture(scope="session")
def configuration() -> RoutingConfiguration:
    """The configuration the project ships."""
    return load_routing(CONFIG_DIR)


@pytest.fixture(scope="session")
def with_reps(configuration) -> Callable[..., RoutingConfiguration]:
    """The shipped configuration with some reps' attributes changed, by rep_id."""

    def change(version: str = "0123456789ab", **changes: dict[str, Any]) -> RoutingConfiguration:
        definition = configuration.model_dump() | {"routing_version": version}
        for rep in definition["reps"]:
            rep.update(changes.get(rep["rep_id"].replace(".", "_"), {}))
        return RoutingConfiguration.model_validate(definition)

    return change


@pytest.fixture(scope="session")
def make_leads() -> Callable[..., pd.DataFrame]:
    """Leads to route: each a dict of what differs from a high-scoring Dutch mid-market lead."""

    def make(*leads: dict[str, Any]) -> pd.DataFrame:
        usual = {
            "profile_version": "p1",
            "company_domain": "voorbeeld.nl",
            "account_id": None,
            "country": "NL",
            "region": None,
            "employee_count": 250,
            "is_disposable_email": False,
            "band": "high",
            "total": 80.0,
            "is_score_missing": False,
        }
        rows = [
            usual | {"lead_id": f"lead_{position:02d}"} | lead
            for position, lead in enumerate(leads)
        ]
        return pd.DataFrame(rows, columns=["lead_id", *usual])

    return make


@pytest.fixture
def decided_at() -> datetime:
    return DECIDED_AT


@pytest.fixture
def config_copy(tmp_path) -> Path:
    """The shipped configuration files in a folder a test may change."""
    for name in ("routing.yaml", "territories.csv", "reps.csv", "named_accounts.csv"):
        (tmp_path / name).write_text((CONFIG_DIR / name).read_text(encoding="utf-8"))
    return tmp_path
