"""The dbt models over a small lake: units, slices against one load, staleness, the guard."""

import json
import random
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pandas as pd
import pytest

from lead_platform.lake import dbt
from lead_platform.lake.data_tests import list_failures
from lead_platform.scoring.scorecard import Scorecard
from lead_platform.scoring.scorecard_rules import rule_rows
from lead_platform.settings import PROJECT_ROOT
from tests.dbt.conftest import AS_OF, SmallLake
from tests.dbt.world import World, make_event, make_world

MODELS = {
    "identity.leads": "lead_id",
    "enrichment.lead_profiles": "lead_id",
    "scoring.lead_features": "lead_id",
    "scoring.score_contributions": "lead_id, rule_id",
    "scoring.lead_scores": "lead_id",
    "scoring.closed_deal_scores": "deal_id",
    "reporting.lead_funnel": "funnel_id",
    "reporting.duplicate_sources": "source_id",
}
TABLES = (
    "capture.submissions",
    "identity.normalized_submissions",
    "identity.lead_members",
    "identity.lead_versions",
    "identity.lead_events",
    "identity.lead_outcomes",
    "enrichment.enrichment_results",
)


def fill(lake: SmallLake, world: World) -> None:
    """Replace what the models read by the world's rows."""
    lake.execute(*(f"delete from {table}" for table in TABLES))
    rows: dict[str, list[dict[str, Any]]] = {
        "capture.submissions": [
            {key: row[key] for key in ("submission_id", "channel")} for row in world.submissions
        ],
        "identity.normalized_submissions": [
            {key: value for key, value in row.items() if key != "lead_id"}
            for row in world.submissions
        ],
        "identity.lead_members": world.members(),
        "identity.lead_versions": world.versions(),
        "identity.lead_events": world.events,
        "identity.lead_outcomes": world.outcomes,
        "enrichment.enrichment_results": world.results,
    }
    for table, table_rows in rows.items():
        if table_rows:
            lake.append(table, table_rows)


def contents(lake: SmallLake) -> dict[str, pd.DataFrame]:
    """Every model's rows in the order of its key."""
    return {table: lake.query(f"from {table} order by {key}") for table, key in MODELS.items()}


def assert_same(left: dict[str, pd.DataFrame], right: dict[str, pd.DataFrame]) -> None:
    for table in MODELS:
        pd.testing.assert_frame_equal(left[table], right[table], obj=table)


def test_unit_tests_pass(shared_lake: SmallLake) -> None:
    settings = shared_lake.settings
    with shared_lake.named():
        outcome = dbt._invoke(
            settings, ["test", "--select", "test_type:unit"], dbt._manifest(settings)
        )
    failed = [
        f"{result.node.name}: {result.message}"
        for result in outcome.result
        if str(result.status) != "pass"
    ]
    assert failed == []
    assert len(outcome.result) >= 12


def test_suites_and_models_have_the_same_columns(shared_lake: SmallLake) -> None:
    for table in MODELS:
        layer, name = table.split(".")
        path = PROJECT_ROOT / "expectations" / layer / f"{name}.json"
        suite = json.loads(path.read_text())
        columns = next(
            entry["kwargs"]["column_set"]
            for entry in suite["expectations"]
            if entry["type"] == "expect_table_columns_to_match_set"
        )
        built = shared_lake.query(f"from {table} limit 0").columns
        assert sorted(columns) == sorted(built), table


def test_slices_equal_one_load(make_lake: Callable[[], SmallLake]) -> None:
    world = make_world(seed=1, leads=120)
    at_once, sliced = make_lake(), make_lake()
    fill(at_once, world)
    at_once.build()
    for share in (0.3, 0.7, 1.0):
        fill(sliced, world.upto(share) if share < 1 else world)
        sliced.build()
    expected = contents(at_once)
    assert len(expected["identity.leads"]) == 120
    assert expected["scoring.lead_scores"]["band"].nunique() > 1
    assert_same(contents(sliced), expected)


def test_a_data_test_that_finds_a_lead_costs_that_lead(small_lake: SmallLake) -> None:
    """One lead that a data test found stopped the step for all, and told nobody which."""
    fill(small_lake, make_world(3, leads=30))
    small_lake.build()
    small_lake.execute(
        "insert into identity.lead_members (submission_id, lead_id) "
        "select 'sub_more', min(lead_id) from identity.lead_versions"
    )
    with pytest.raises(dbt.DataTestsFailedError) as found:
        small_lake.build("identity")
    with small_lake.connect() as connection:
        [failure] = list_failures(connection, found.value.tests)
        [(lead_id,)] = connection.execute("select min(lead_id) from identity.leads").fetchall()
    assert failure.table == "identity.leads"
    assert failure.failure.expectation == "dbt test leads_count_their_submissions"
    assert failure.subject_ids == (lead_id,)
    assert json.loads(failure.rows[0])["lead_id"] == lead_id

    small_lake.append(
        "governance.quarantine",
        [
            {
                "quarantine_id": "qua_1",
                "step": "golden_records",
                "subject_type": "lead",
                "subject_id": lead_id,
                "state": "held",
            }
        ],
    )
    small_lake.build("identity")


@pytest.mark.parametrize(
    ("step", "table"),
    [
        ("golden_records", "identity.leads"),
        ("profiles", "enrichment.lead_profiles"),
        ("scores", "scoring.lead_scores"),
    ],
)
def test_a_held_lead_is_left_out_by_its_step_alone(
    small_lake: SmallLake, step: str, table: str
) -> None:
    """Also where every lead is scored anew; the models after it do without its row."""
    world = make_world(3, leads=12)
    fill(small_lake, world)
    lead_id = world.versions()[0]["lead_id"]
    small_lake.append(
        "governance.quarantine",
        [{"step": step, "subject_type": "lead", "subject_id": lead_id, "state": "held"}],
    )
    small_lake.build(rescore=True)
    assert lead_id not in set(small_lake.query(f"from {table}")["lead_id"])
    assert len(small_lake.query(f"from {table}")) == 11
    small_lake.execute("update governance.quarantine set state = 'released'")
    small_lake.build()
    assert len(small_lake.query(f"from {table}")) == 12


def test_building_again_changes_nothing(small_lake: SmallLake) -> None:
    fill(small_lake, make_world(3, leads=30))
    small_lake.build()
    before = contents(small_lake)
    snapshot = _snapshot(small_lake)
    small_lake.build(as_of=AS_OF + timedelta(hours=1))
    assert_same(contents(small_lake), before)
    for table in MODELS:
        assert _inserted(small_lake, table, since=snapshot) == 0, table


def test_only_the_changed_lead_is_written(small_lake: SmallLake) -> None:
    world = make_world(4, leads=30)
    fill(small_lake, world)
    small_lake.build()
    snapshot = _snapshot(small_lake)
    changed = world.submissions[0]["lead_id"]
    world.events.append(make_event(random.Random(0), changed, 99_999))
    fill(small_lake, world)
    small_lake.build(as_of=AS_OF + timedelta(hours=1))
    for table in ("identity.leads", "enrichment.lead_profiles", "scoring.lead_scores"):
        assert _inserted(small_lake, table, since=snapshot) == 1, table
    scored = small_lake.query("select lead_id, scored_at from scoring.lead_scores")
    newer = scored[scored["scored_at"] > AS_OF]
    assert list(newer["lead_id"]) == [changed]


def test_rules_that_fire_no_more_leave_no_contribution(small_lake: SmallLake) -> None:
    """A lead whose last contribution expired kept it: nothing replaced the row."""
    event = {**make_event(random.Random(0), "lead_a", 1), "event_type": "download"}
    event |= {"occurred_at": AS_OF - timedelta(days=1), "page_category": None}
    submission = {
        "submission_id": "sub_1",
        "lead_id": "lead_a",
        "channel": "outbound_list",
        "submitted_at": datetime.fromisoformat("2020-01-01"),
        "email": "ada@engines.example",
    }
    fill(small_lake, World(submissions=[submission], events=[event]))
    small_lake.build()
    rules = set(small_lake.query("select rule_id from scoring.score_contributions")["rule_id"])
    assert {"download", "recent_activity"} <= rules
    small_lake.build("scoring", as_of=AS_OF + timedelta(days=365), rescore=True)
    assert small_lake.query("from scoring.score_contributions").empty
    assert list(small_lake.query("select total from scoring.lead_scores")["total"]) == [0.0]


def test_a_lead_without_profile_is_flagged_not_dropped(small_lake: SmallLake) -> None:
    fill(small_lake, make_world(5, leads=5))
    small_lake.build("identity", "enrichment")
    small_lake.execute("delete from enrichment.lead_profiles where lead_id = 'lead_0000'")
    small_lake.build("scoring", "reporting")
    query = "select lead_id, total, band from scoring.lead_scores where is_score_missing"
    missing = small_lake.query(query)
    assert list(missing["lead_id"]) == ["lead_0000"]
    assert missing[["total", "band"]].isna().all(axis=None)
    small_lake.build()
    assert small_lake.query(query).empty


def test_funnel_cells_without_leads_vanish(small_lake: SmallLake) -> None:
    fill(small_lake, make_world(6, leads=10))
    small_lake.build()
    small_lake.execute(
        "delete from identity.lead_versions", "delete from identity.leads",
        "delete from scoring.lead_scores",
    )  # fmt: skip
    small_lake.build("reporting")
    assert small_lake.query("from reporting.lead_funnel").empty


SINGLE_ACTIONS: dict[str, dict[str, Any]] = {
    "a form": {"channel": "web_form"},
    "a form sent twice": {"channel": "web_form", "copies": 2},
    "a chat with its messages": {
        "channel": "chat_transcript",
        "events": [("chat_message", None, 1)] * 5,
    },
    "a booking with its meeting": {"channel": "calendly", "events": [("meeting_booked", None, 1)]},
    "a call with its record": {"channel": "call_log", "events": [("call", None, 1)]},
    "an export that sums up a history": {
        "channel": "xeducation",
        "events": [("page_view", "pricing", 40), ("email_open", None, 30)],
    },
    "a list row and one click": {
        "channel": "outbound_list",
        "events": [("demo_request", None, 50)],
        "events_by": "web_events",
    },
    "a list row and our mails": {
        "channel": "outbound_list",
        "events": [("email_sent", None, 1), ("email_delivered", None, 1)],
        "events_by": "web_events",
    },
}


def test_no_single_action_makes_a_lead_ready(small_lake: SmallLake) -> None:
    """The best profile there is, and one action of each kind: none may reach band high."""
    world = World()
    at = AS_OF - timedelta(hours=2)
    for number, (name, action) in enumerate(SINGLE_ACTIONS.items()):
        for copy in range(action.get("copies", 1)):
            world.submissions.append(_best_submission(name, f"{number}_{copy}", action, at))
        for index, (kind, category, quantity) in enumerate(action.get("events", ())):
            world.events.append(
                {
                    "event_id": f"evt_{number}_{index}",
                    "lead_id": name,
                    "event_type": kind,
                    "page_category": category,
                    "occurred_at": at + timedelta(minutes=index),
                    "quantity": quantity,
                    "channel": action.get("events_by", action["channel"]),
                }
            )
    fill(small_lake, world)
    small_lake.build()
    scores = small_lake.query("select lead_id, total, band from scoring.lead_scores")
    assert len(scores) == len(SINGLE_ACTIONS)
    assert not (scores["band"] == "high").any(), scores
    assert scores["total"].max() == small_lake.scorecard.bands.high - 0.01


def test_a_second_action_may_make_a_lead_ready(small_lake: SmallLake) -> None:
    at = AS_OF - timedelta(hours=2)
    world = World(submissions=[_best_submission("lead_a", "1", {"channel": "web_form"}, at)])
    for index, kind in enumerate(("demo_request", "trial_started")):
        event = make_event(random.Random(0), "lead_a", index)
        world.events.append({**event, "event_type": kind, "occurred_at": at, "quantity": 1})
    fill(small_lake, world)
    small_lake.build()
    assert list(small_lake.query("select band from scoring.lead_scores")["band"]) == ["high"]


@pytest.mark.parametrize("seed", [11, 12])
def test_no_single_event_lifts_a_lead_from_low_to_high(small_lake: SmallLake, seed: int) -> None:
    """Random leads, then one more event each, of any type and quantity, scored again."""
    chance = random.Random(seed)
    world = make_world(seed, leads=150)
    for number in range(150):
        at = AS_OF - timedelta(days=chance.randrange(1, 90))
        extra = _best_submission(
            f"lead_{number:04d}", f"best_{number}", {"channel": "typeform"}, at
        )
        if number % 2:
            world.submissions.append({**extra, "industry": chance.choice(("software", "retail"))})
    fill(small_lake, world)
    small_lake.build("identity", "enrichment", "scoring")
    before = small_lake.query("select lead_id, band from scoring.lead_scores").set_index("lead_id")
    for number, lead_id in enumerate(before.index):
        event = make_event(chance, lead_id, 50_000 + number)
        world.events.append({**event, "occurred_at": AS_OF, "quantity": chance.choice((1, 3, 50))})
    fill(small_lake, world)
    small_lake.build("identity", "enrichment", "scoring")
    after = small_lake.query("select lead_id, band from scoring.lead_scores").set_index("lead_id")
    moves = before.join(after, lsuffix="_before", rsuffix="_after").value_counts()
    assert ("low", "high") not in moves.index, moves
    assert ("low", "medium") in moves.index
    assert ("medium", "high") in moves.index


def test_contributions_add_up_under_any_scorecard(small_lake: SmallLake) -> None:
    """Fractions that binary floats cannot hold must still add up exactly, limits included."""
    chance = random.Random(8)
    for attempt in range(3):
        scorecard = _random_scorecard(chance, attempt)
        small_lake.clear()
        small_lake.append("scoring.scorecard_rules", rule_rows(scorecard))
        fill(small_lake, make_world(20 + attempt, leads=60))
        small_lake.build(scorecard_version=scorecard.version)  # with the data test on the sums
        sums = small_lake.query(
            "select s.total, coalesce(sum(c.points::decimal(9, 2)), 0)::double as points "
            "from scoring.lead_scores as s left join scoring.score_contributions as c "
            "using (lead_id) group by s.lead_id, s.total"
        )
        assert (sums["total"] == sums["points"]).all()
        assert sums["total"].between(0, 100).all()
        assert sums["total"].nunique() > 5


def _random_scorecard(chance: random.Random, attempt: int) -> Scorecard:
    def points() -> float:
        return round(chance.uniform(-20, 25), 2)

    activities = ("email_open", "download", "page_view", "page_view:pricing", "submission")
    implicit = [
        {"id": f"i{n}", "part": "behaviour", "activity": activity, "reason": "Did it",
         "points": round(chance.uniform(0.01, 9), 2)}
        for n, activity in enumerate(activities)
    ]  # fmt: skip
    explicit = [
        {"id": f"e{n}", "part": "fit", "field": field, "is_present": True, "points": points(),
         "reason": "Known"}
        for n, field in enumerate(("email", "seniority", "industry", "country"))
        if field != "email"
    ]  # fmt: skip
    limits = {"minimum": -10.07, "maximum": 33.33}
    recency = {"id": "r", "part": "timing", "points": 3.33, "half_life_days": 7.7, "reason": "New"}
    return Scorecard.model_validate(
        {
            "name": f"random {attempt}",
            "bands": {"medium": 10.11, "high": 60.13},
            "parts": dict.fromkeys(("fit", "behaviour", "timing"), limits),
            "readiness": {"minimum_actions": 2},
            "explicit": explicit,
            "implicit": implicit,
            "recency": [recency],
        }
    )


def _best_submission(
    lead_id: str, number: str, action: dict[str, Any], at: datetime
) -> dict[str, Any]:
    return {
        "submission_id": f"sub_{number}",
        "lead_id": lead_id,
        "channel": action["channel"],
        "submitted_at": at + timedelta(seconds=len(number)),
        "email": f"{number}@acme.example",
        "is_free_email": False,
        "phone": "+493012345",
        "seniority": "vp",
        "job_function": "engineering",
        "industry": "software",
        "employee_count": 500,
        "annual_revenue": 5e7,
        "purchase_timeframe": "now",
    }


def _snapshot(lake: SmallLake) -> int:
    return int(lake.query("select id from ducklake_current_snapshot('lake')").iloc[0, 0])


def _inserted(lake: SmallLake, table: str, *, since: int) -> int:
    layer, name = table.split(".")
    until = _snapshot(lake)
    if until <= since:
        return 0
    rows = lake.query(
        f"select count(*) from ducklake_table_insertions('lake', '{layer}', '{name}', "
        f"{since + 1}, {until})"
    )
    return int(rows.iloc[0, 0])
