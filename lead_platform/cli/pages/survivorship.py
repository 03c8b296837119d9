"""Why a value stands in a golden record: the rules of the field catalogue, told in words."""

from datetime import datetime
from typing import Any

from lead_platform.fields import FieldCatalogue

# Of what is strictest or earliest the models know the fields; the page shows them without a reason.
_WORDS = {
    "newest": "stated last",
    "fullest": "from who said most of it",
    "last_touch": "with the last inquiry",
    "company": "of that company",
}


def tell_why(field: str, submission: dict[str, Any] | None, fields: FieldCatalogue) -> str:
    """Why the value of `field` won; `submission` is the one it comes from, None if from none."""
    wins = fields.winning_rules.get(field)
    if wins not in _WORDS or submission is None:
        return ""
    stated_at: datetime | None = submission["modified_at"] or submission["submitted_at"]
    day = f", {stated_at:%Y-%m-%d}" if stated_at is not None and wins != "fullest" else ""
    return f"{_WORDS[wins]}{day}"
