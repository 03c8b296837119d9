"""The scorecard file: what is refused, with which words, and how it becomes rows."""

import re
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from lead_platform.capture.columns import DENIAL_EVENTS
from lead_platform.configuration import ConfigurationError
from lead_platform.scoring.scorecard import (
    RESERVED_IDS,
    Scorecard,
    known_values,
    load_scorecard,
    vocabulary_faults,
)
from lead_platform.scoring.scorecard_rules import RULE_COLUMNS, rule_rows, version_row
from lead_platform.settings import PROJECT_ROOT

SHIPPED = PROJECT_ROOT / "config" / "scorecard.yaml"
LIMITS = {
    "fit": {"minimum": -50, "maximum": 50},
    "behaviour": {"minimum": -30, "maximum": 35},
    "timing": {"minimum": 0, "maximum": 15},
}


def explicit(**given: Any) -> dict[str, Any]:
    rule = {"id": "r1", "part": "fit", "field": "seniority", "points": 5, "reason": "Fits well"}
    return {**rule, **(given or {"in": ["vp"]})}


def implicit(**given: Any) -> dict[str, Any]:
    rule = {"id": "a1", "part": "behaviour", "activity": "email_open", "points": 5}
    return {**rule, "reason": "Did it", **given}


def scorecard(**given: Any) -> Scorecard:
    content = {
        "name": "test",
        "bands": {"medium": 40, "high": 70},
        "parts": LIMITS,
        "readiness": {"minimum_actions": 2},
        "explicit": [explicit()],
    }
    return Scorecard.model_validate({**content, **given})


def test_the_shipped_scorecard_is_valid_and_holds_the_promised_rules() -> None:
    shipped = load_scorecard(SHIPPED)
    points = {rule.id: rule.points for rule in shipped.rules}
    assert points["title_in_icp"] == 15
    assert points["headcount_in_range"] == 10
    assert points["industry_outside_coverage"] == -20
    assert points["email_open"] == 2
    assert points["pricing_page"] == 10
    assert points["demo_page_twice"] == 20


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"explicit": [explicit(**{"in": ["vp"], "is_missing": True})]}, "exactly one test"),
        ({"explicit": [explicit(points=5)]}, "has none"),
        ({"explicit": [explicit(at_least=3)]}, "compares numbers, seniority is text"),
        ({"explicit": [explicit(field="employee_count", between=[9, 3])]}, "runs backwards"),
        ({"explicit": [explicit(field="job_title", matches="(")]}, "matches '('"),
        ({"explicit": [explicit(**{"in": ["vp"], "expires_after_days": 3})]}, "dated field"),
        ({"explicit": [explicit(**{"in": ["vp"], "points": 1.005})]}, "two decimals"),
        ({"explicit": [explicit(), explicit()]}, "used twice"),
        ({"explicit": [explicit(**{"id": "band_high", "in": ["vp"]})]}, "reserved"),
        ({"implicit": [implicit(per_occurrence=True)]}, "needs max_points"),
        ({"implicit": [implicit(max_points=9)]}, "only goes with per_occurrence"),
        ({"implicit": [implicit(per_occurrence=True, max_points=-9)]}, "the sign of points"),
        ({"bands": {"medium": 70, "high": 40}}, "must be below high"),
        ({"bands": {"medium": 80, "high": 100}, "parts": {**LIMITS, "fit": {"minimum": 0,
          "maximum": 10}}}, "no lead can reach band high"),
        ({"parts": {**LIMITS, "fit": {"minimum": 0, "maximum": 90}}}, "add up to 140"),
        ({"readiness": {"minimum_actions": 1}}, "greater than or equal to 2"),
        ({"explicit": []}, "no rules"),
    ],
)  # fmt: skip
def test_unsound_scorecards_are_refused(given: dict[str, Any], words: str) -> None:
    with pytest.raises(ValidationError, match=re.escape(words)):
        scorecard(**given)


@pytest.mark.parametrize(
    "given",
    [
        {"explicit": [explicit(**{"in": ["vp"], "points": 30.01})]},
        {"implicit": [implicit(points=30.01)]},
        {"implicit": [implicit(points=1, per_occurrence=True, max_points=31)]},
        # The general and the narrower rule fire on the same page view.
        {"implicit": [implicit(activity="page_view", points=15),
                      implicit(id="a2", activity="page_view:demo", points=16)]},
        # What happened now also makes the lead recent.
        {"implicit": [implicit(points=25)], "recency": [{"id": "t", "part": "timing", "points": 6,
          "half_life_days": 14, "reason": "Lately"}]},
    ],
)  # fmt: skip
def test_no_rule_and_no_event_may_span_the_way_from_medium_to_high(given: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="allowed: at most 30"):
        scorecard(**given)


@given(
    points=st.integers(-4000, 4000),
    repeated=st.integers(1, 4000),
    recent=st.integers(0, 3000),
)
def test_every_accepted_scorecard_bounds_what_one_event_adds(
    points: int, repeated: int, recent: int
) -> None:
    """Whatever is accepted: all rules one event can fire are worth at most the span."""
    rules = [
        implicit(activity="page_view", points=1, per_occurrence=True,
                 max_points=max(repeated, 100) / 100),
        implicit(id="a2", activity="page_view:demo", points=points / 100),
    ]  # fmt: skip
    recency = {"id": "t", "part": "timing", "points": recent / 100, "half_life_days": 5}
    try:
        accepted = scorecard(implicit=rules, recency=[{**recency, "reason": "Lately"}])
    except ValidationError:
        assert max(points, 0) + max(repeated, 100) + recent > 3000
        return
    gain = sum(max(rule.most_points, 0) for rule in (*accepted.implicit, *accepted.recency))
    assert round(gain, 2) <= accepted.bands.high - accepted.bands.medium


def test_faults_name_file_line_and_value_all_at_once(tmp_path: Path) -> None:
    path = tmp_path / "scorecard.yaml"
    text = SHIPPED.read_text().replace("in: [c_level, vp, director]", "in: [c_level, directer]")
    path.write_text(text.replace("activity: email_open", "activity: email_opened"))
    with pytest.raises(ConfigurationError) as caught:
        load_scorecard(path)
    faults = caught.value.faults
    assert len(faults) == 2
    assert "rule 'title_in_icp': unknown seniority 'directer'" in faults[0]
    assert "unknown activity 'email_opened'" in faults[1]
    path.write_text(SHIPPED.read_text().replace("points: 15", "points: much"))
    with pytest.raises(ConfigurationError, match=r"scorecard\.yaml:\d+: explicit\.0\.points"):
        load_scorecard(path)


def test_values_are_held_to_a_vocabulary_where_there_is_one() -> None:
    card = scorecard(
        explicit=[explicit(field="country", **{"in": ["DE"]})],
        implicit=[implicit(activity="submission:web_form")],
    )
    assert vocabulary_faults(card, {}) == []
    assert vocabulary_faults(card, known_values({"web_form"})) == []
    assert vocabulary_faults(card, known_values({"typeform"})) == [
        "rule 'a1': unknown category 'web_form'; allowed: typeform"
    ]
    narrowed = scorecard(implicit=[implicit(activity="download:pricing")])
    assert vocabulary_faults(narrowed, {}) == [
        "rule 'a1': 'download:pricing': only page_view and submission have categories"
    ]


def test_the_version_names_the_contents() -> None:
    assert scorecard().version == scorecard().version
    assert scorecard().version != scorecard(name="other").version
    row = version_row(scorecard(), effective_at=datetime.fromisoformat("2026-01-01")).iloc[0]
    assert Scorecard.model_validate_json(row["definition"]) == scorecard()


def test_rows_hold_every_rule_limit_and_band() -> None:
    card = scorecard(
        explicit=[explicit(field="is_free_email", **{"in": [False]})],
        implicit=[implicit(per_occurrence=True, max_points=9, expires_after_days=30)],
    )
    rows = rule_rows(card).set_index("rule_id")
    assert tuple(rule_rows(card).columns) == RULE_COLUMNS
    assert set(rows.index) == {"r1", "a1", *RESERVED_IDS}
    assert rows.loc["r1", "text_values"] == ["false"]
    assert rows.loc["a1", "max_points"] == 9
    assert rows.loc["band_high", "lower_bound"] == 70
    assert rows.loc["single_action_guard", "at_least"] == 2
    # Whether the file has them or not: a home may be older than an event.
    assert set(DENIAL_EVENTS.values()) <= set(rows.loc["single_action_guard", "text_values"])
