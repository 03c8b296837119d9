"""The scorecard as rows of the lake: one per rule, limit, readiness guard and band.

The models join these rows set-wise, so a new rule is a new row and never new SQL.
"""

from collections.abc import Iterator
from datetime import datetime

import pandas as pd

from lead_platform.capture.columns import DENIAL_EVENTS
from lead_platform.scoring.scorecard import (
    ExplicitRule,
    ImplicitRule,
    PartLimits,
    RecencyRule,
    Scorecard,
)

RULE_COLUMNS = (
    "scorecard_version",
    "rule_id",
    "part",
    "kind",
    "subject",
    "operator",
    "text_values",
    "lower_bound",
    "upper_bound",
    "at_least",
    "per_occurrence",
    "points",
    "max_points",
    "half_life_days",
    "expires_after_days",
    "description",
)


def version_row(scorecard: Scorecard, *, effective_at: datetime) -> pd.DataFrame:
    """One row for scoring.scorecard_versions."""
    return pd.DataFrame(
        [
            {
                "scorecard_version": scorecard.version,
                "name": scorecard.name,
                "definition": scorecard.definition,
                "effective_at": effective_at,
            }
        ]
    )


def rule_rows(scorecard: Scorecard) -> pd.DataFrame:
    """Rows for scoring.scorecard_rules: rules, limits, readiness and bands of this version."""
    rows = [
        *map(_explicit_row, scorecard.explicit),
        *map(_implicit_row, scorecard.implicit),
        *map(_recency_row, scorecard.recency),
        *_limit_rows(scorecard),
    ]
    frame = pd.DataFrame(
        [{"scorecard_version": scorecard.version, **row} for row in rows],
        columns=list(RULE_COLUMNS),
    )
    whole_numbers = {"at_least": "Int32", "expires_after_days": "Int32"}
    decimals = ("lower_bound", "upper_bound", "points", "max_points", "half_life_days")
    types = {**whole_numbers, **dict.fromkeys(decimals, "Float64"), "per_occurrence": "boolean"}
    return frame.astype(types)


def _explicit_row(rule: ExplicitRule) -> dict[str, object]:
    lower, upper = rule.bounds
    return {
        **_common(rule, "attribute", rule.field),
        "operator": rule.operator,
        "text_values": list(rule.values) if rule.values else None,
        "lower_bound": lower,
        "upper_bound": upper,
        "expires_after_days": rule.expires_after_days,
    }


def _implicit_row(rule: ImplicitRule) -> dict[str, object]:
    return {
        **_common(rule, "activity", rule.activity),
        "at_least": rule.at_least,
        "per_occurrence": rule.per_occurrence,
        "max_points": rule.max_points,
        "expires_after_days": rule.expires_after_days,
    }


def _recency_row(rule: RecencyRule) -> dict[str, object]:
    return {**_common(rule, "recency", "last_activity"), "half_life_days": rule.half_life_days}


def _common(
    rule: ExplicitRule | ImplicitRule | RecencyRule, kind: str, subject: str
) -> dict[str, object]:
    return {
        "rule_id": rule.id,
        "part": rule.part,
        "kind": kind,
        "subject": subject,
        "points": rule.points,
        "description": rule.reason,
    }


def _limit_rows(scorecard: Scorecard) -> Iterator[dict[str, object]]:
    for part in ("fit", "behaviour", "timing"):
        limits: PartLimits = getattr(scorecard.parts, part)
        yield {
            "rule_id": f"{part}_limit",
            "part": part,
            "kind": "part_limit",
            "subject": part,
            "lower_bound": limits.minimum,
            "upper_bound": limits.maximum,
            "description": f"{part.capitalize()} counts from {limits.minimum:g} "
            f"to {limits.maximum:g} points",
        }
    yield {
        "rule_id": "total_limit",
        "part": "total",
        "kind": "part_limit",
        "subject": "total",
        "lower_bound": 0.0,
        "upper_bound": 100.0,
        "description": "A score lies between 0 and 100",
    }
    yield {
        "rule_id": "single_action_guard",
        "part": "total",
        "kind": "readiness",
        "subject": "actions",
        "at_least": scorecard.readiness.minimum_actions,
        # Who asks to be left alone is no readier for it, whatever the file says.
        "text_values": list(
            dict.fromkeys((*scorecard.readiness.ignored_activities, *DENIAL_EVENTS.values()))
        ),
        "description": f"Fewer than {scorecard.readiness.minimum_actions} actions of its own: "
        "not ready for sales",
    }
    for band in ("medium", "high"):
        yield {
            "rule_id": f"band_{band}",
            "part": "total",
            "kind": "band",
            "subject": band,
            "lower_bound": getattr(scorecard.bands, band),
            "description": f"Band {band}",
        }
