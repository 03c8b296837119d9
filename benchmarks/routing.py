"""How long 100,000 routing decisions take on one core. Budget: 10 s (design, budgets).

Run: python -m benchmarks.routing [decisions]
"""

import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd

from lead_platform.routing.configuration import RoutingConfiguration, load_routing
from lead_platform.routing.decisions import route_leads

CONFIG_DIR = Path(__file__).resolve().parents[1] / "config"
BUDGET_SECONDS = 10.0


def make_leads(count: int, seed: int) -> pd.DataFrame:
    """Leads with the variety of real ones: many domains and sizes, some attributes missing."""
    random = np.random.default_rng(seed)
    countries = np.array(
        ["US", "CA", "GB", "IE", "DE", "FR", "NL", "BE", "ES", "BR", "IN", "AU", "JP", None],
        dtype=object,
    )
    regions = np.array(["CA", "NY", "TX", "WA", None], dtype=object)
    country = random.choice(countries, count)
    sizes = random.lognormal(4.5, 2.0, count).round()
    sizes[random.random(count) < 0.3] = np.nan
    total = random.uniform(0, 100, count).round(2)
    total[random.random(count) < 0.01] = np.nan
    band = np.where(total >= 70, "high", np.where(total >= 40, "medium", "low")).astype(object)
    band[np.isnan(total)] = None
    return pd.DataFrame(
        {
            "lead_id": [f"lead_{number:024x}" for number in random.permutation(count)],
            "profile_version": [f"{number:032x}" for number in range(count)],
            "company_domain": [f"company{number}.example" for number in range(count)],
            "account_id": [f"acct_{number // 3:024x}" for number in range(count)],
            "country": country,
            "region": np.where(country == "US", random.choice(regions, count), np.array(None)),
            "employee_count": sizes,
            "is_disposable_email": random.random(count) < 0.02,
            "band": band,
            "total": total,
            "is_score_missing": np.isnan(total),
        }
    )


def measure(count: int) -> float:
    """Seconds for `count` decisions with the shipped configuration and room for all."""
    shipped = load_routing(CONFIG_DIR).model_dump()
    for rep in shipped["reps"]:
        rep["capacity"] = count
    roomy = RoutingConfiguration.model_validate(shipped)
    leads = make_leads(count, seed=7)
    started = time.perf_counter()
    result = route_leads(leads, roomy, {}, {}, datetime(2026, 1, 1, tzinfo=UTC))
    seconds = time.perf_counter() - started
    if len(result.decisions) != count:
        raise AssertionError(f"{count} leads gave {len(result.decisions)} decisions")
    print(result.decisions["destination"].value_counts().to_string())
    for explanation in result.decisions.drop_duplicates("rule")["explanation"]:
        print(f"  {explanation}")
    return seconds


def main() -> None:
    """Measure and compare with the budget."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    seconds = measure(count)
    budget = BUDGET_SECONDS * count / 100_000
    print(f"{count:,} decisions: {seconds:.2f} s (budget {budget:.2f} s)")
    if seconds > budget:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
