"""Why a value stands in a golden record: the rules of the dbt project, told in words."""

import functools
from datetime import datetime
from typing import Any

from ruamel.yaml import YAML

from lead_platform.settings import PROJECT_ROOT

_WORDS = {
    "newest": "stated last",
    "fullest": "from who said most of it",
    "last_touch": "with the last inquiry",
    "company": "of that company",
}


@functools.cache
def winning_rules() -> dict[str, str]:
    """What wins, by field: `newest`, `fullest`, `last_touch` or `company`."""
    project = YAML(typ="safe").load(PROJECT_ROOT / "dbt_project" / "dbt_project.yml")
    return {
        field: group["wins"]
        for group in project["vars"]["survivorship"]
        for field in group["fields"]
    }


def tell_why(field: str, submission: dict[str, Any] | None) -> str:
    """Why the value of `field` won; `submission` is the one it comes from, None if from none."""
    wins = winning_rules().get(field)
    if wins is None or submission is None:
        return ""
    stated_at: datetime | None = submission["modified_at"] or submission["submitted_at"]
    day = f", {stated_at:%Y-%m-%d}" if stated_at is not None and wins != "fullest" else ""
    return f"{_WORDS[wins]}{day}"
