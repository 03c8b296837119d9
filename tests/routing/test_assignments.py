from datetime import datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from lead_platform.lake.connection import open_engine
from lead_platform.routing import assignments as assignments_module
from lead_platform.routing.account_reps import account_reps
from lead_platform.routing.assignments import (
    RoutingCounts,
    UndoError,
    active_leads,
    previous_owners,
    stale_leads,
    unassign,
    write_decisions,
)
from lead_platform.routing.decisions import replay_decision, route_leads
from lead_platform.settings import Settings

PACKAGE = Path(assignments_module.__file__).parents[1]
OTHER_TABLES = """
create table enrichment.lead_profiles (
    lead_id varchar, profile_version varchar, company_domain varchar, account_id varchar,
    country varchar,
    region varchar, employee_count integer, is_disposable_email boolean
);
create table scoring.lead_scores (
    lead_id varchar, profile_version varchar, scorecard_version varchar, total double,
    band varchar, is_score_missing boolean
);
"""
T0 = datetime.fromisoformat("2026-03-02T09:00:00")


@pytest.fixture(params=["memory", "ducklake"])
def lake(request, tmp_path):
    """A database with the tables routing reads and writes: plain DuckDB and a DuckLake."""
    with open_engine(Settings(home=tmp_path)) as connection:
        if request.param == "ducklake":
            connection.execute(
                f"attach 'ducklake:sqlite:{tmp_path}/catalog.sqlite' as lake "
                f"(data_path '{tmp_path}/data/'); use lake;"
            )
        connection.execute("begin")
        for schema in ("identity", "enrichment", "scoring", "routing", "governance"):
            connection.execute(f"create schema {schema}")
        for layer in ("identity", "routing", "governance"):
            connection.execute((PACKAGE / layer / "tables.sql").read_text())
        connection.execute(OTHER_TABLES)
        connection.execute("commit")
        yield connection


@pytest.fixture
def add_lead(lake):
    def add(lead_id, band="high", country="NL", profile_version="p1"):
        lake.begin()
        lake.execute("delete from enrichment.lead_profiles where lead_id = ?", [lead_id])
        lake.execute("delete from scoring.lead_scores where lead_id = ?", [lead_id])
        lake.execute(
            "insert into enrichment.lead_profiles values (?, ?, null, null, ?, null, 250, false)",
            [lead_id, profile_version, country],
        )
        total = {"high": 80.0, "medium": 50.0, "low": 10.0}.get(band)
        lake.execute(
            "insert into scoring.lead_scores values (?, ?, 'card', ?, ?, ?)",
            [lead_id, profile_version, total, band, band is None],
        )
        lake.commit()

    return add


@pytest.fixture
def route(lake, configuration):
    """Route what is stale in one transaction, as the asset does."""

    def run(at=T0, under=configuration):
        lake.begin()
        leads = stale_leads(lake, under)
        result = route_leads(
            leads, under, active_leads(lake, leads), previous_owners(lake, leads), at
        )
        counts = write_decisions(lake, result)
        lake.commit()
        return counts

    return run


def table(lake, name):
    frame = lake.execute(f"select * from routing.{name} order by lead_id, decision_id").df()
    return frame


def whereabouts(lake):
    rows = lake.execute("select lead_id, coalesce(owner_rep_id, queue) from routing.assignments")
    return dict(rows.fetchall())


def test_every_stale_lead_is_routed_once(lake, add_lead, route):
    add_lead("a")
    add_lead("b", band="medium", country="IN")
    add_lead("c", band="low")
    add_lead("d", country=None)
    add_lead("e", band=None)
    assert route() == RoutingCounts(5, 5, 0, 1, 0)
    assert whereabouts(lake) == {
        "a": "ben.fischer",
        "b": "dev.patel",
        "c": "nurture",
        "d": "holding",
        "e": "review",
    }
    assert lake.execute("select lead_id, reason from routing.review_queue").fetchall() == [
        ("e", "the score is missing")
    ]


def test_a_lead_without_a_score_row_is_reviewed(lake, add_lead, route):
    add_lead("a")
    lake.execute("delete from scoring.lead_scores")
    route()
    assert whereabouts(lake) == {"a": "review"}


def test_routing_again_on_the_same_input_writes_nothing(lake, add_lead, route, configuration):
    for number in range(6):
        add_lead(f"lead_{number}", band=["high", "low", None][number % 3])
    route()
    before = [table(lake, name) for name in ("routing_decisions", "assignments", "review_queue")]
    assert stale_leads(lake, configuration).empty
    assert route(at=T0 + timedelta(days=1)).is_unchanged
    after = [table(lake, name) for name in ("routing_decisions", "assignments", "review_queue")]
    for first, second in zip(before, after, strict=True):
        pd.testing.assert_frame_equal(first, second)


def test_writing_the_same_result_twice_changes_nothing(lake, add_lead, configuration):
    add_lead("a")
    add_lead("b", band=None)
    result = route_leads(stale_leads(lake, configuration), configuration, {}, {}, T0)
    write_decisions(lake, result)
    assert write_decisions(lake, result).is_unchanged


def test_a_queued_lead_is_routed_when_its_band_profile_or_rules_change(
    lake, add_lead, route, with_reps
):
    add_lead("a", band="low")
    add_lead("b", country=None)
    add_lead("c", band=None)
    route()
    add_lead("a", band="high")
    add_lead("b", country="FR", profile_version="p2")
    assert route(at=T0 + timedelta(hours=1)) == RoutingCounts(2, 2, 2, 0, 0)
    assert whereabouts(lake) == {"a": "ben.fischer", "b": "ana.costa", "c": "review"}
    assert route(under=with_reps(version="aaaaaaaaaaaa")).decisions_added == 1


def test_a_profile_change_that_routing_does_not_read_keeps_the_decision(
    lake, add_lead, route, configuration
):
    add_lead("a", band="low")
    add_lead("b", band=None)
    route()
    add_lead("a", band="low", profile_version="p2")
    add_lead("b", band=None, profile_version="p2")
    assert route(at=T0 + timedelta(hours=1)) == RoutingCounts(0, 2, 2, 0, 0)
    assert lake.execute(
        "select distinct profile_version, assigned_at from routing.assignments"
    ).fetchall() == [("p2", T0)]
    assert stale_leads(lake, configuration).empty


def test_a_lead_still_in_review_keeps_its_place_in_the_line(lake, add_lead, route, with_reps):
    add_lead("a", band=None)
    route()
    route(at=T0 + timedelta(days=3), under=with_reps(version="aaaaaaaaaaaa"))
    assert lake.execute("select queued_at from routing.review_queue").fetchall() == [(T0,)]
    assert len(table(lake, "routing_decisions")) == 2


def test_a_reviewed_lead_leaves_the_review_queue(lake, add_lead, route):
    add_lead("a", band=None)
    route()
    add_lead("a", band="high")
    assert route(at=T0 + timedelta(hours=1)).reviews_removed == 1
    assert table(lake, "review_queue").empty


def test_an_owned_lead_stays_whatever_changes(lake, add_lead, route, with_reps):
    add_lead("a")
    route()
    add_lead("a", band="low", country="US", profile_version="p2")
    assert route(under=with_reps(version="aaaaaaaaaaaa")).is_unchanged
    assert whereabouts(lake) == {"a": "ben.fischer"}


@pytest.mark.parametrize("gone", [{"is_active": False}, {"rep_id": "somebody.else"}])
def test_a_lead_moves_on_when_its_owner_is_gone(lake, add_lead, route, with_reps, gone):
    add_lead("a")
    route()
    without = with_reps(version="aaaaaaaaaaaa", ben_fischer={"is_active": False, **gone})
    route(at=T0 + timedelta(days=1), under=without)
    assert whereabouts(lake) == {"a": "iris.jansen"}
    tried = lake.execute(
        "select rules_tried from routing.routing_decisions order by decided_at desc limit 1"
    ).fetchone()
    assert "not active: ben.fischer" in tried[0]


def test_a_merged_lead_keeps_the_owner_of_the_retired_one(lake, add_lead, route):
    """Through two merges: c into b into a; only c ever had an owner."""
    add_lead("a", band="low")
    add_lead("c", country="US")
    route()
    lake.execute(
        "insert into identity.lead_crosswalk values "
        "('c', 'b', 'merged_into', ?, null, 1, null), ('b', 'a', 'merged_into', ?, null, 2, null)",
        [T0, T0],
    )
    lake.execute("delete from enrichment.lead_profiles where lead_id = 'c'")
    lake.execute("delete from routing.assignments where lead_id = 'c'")
    add_lead("a", band="low", profile_version="p2")
    route(at=T0 + timedelta(days=1))
    assert whereabouts(lake) == {"a": "grace.kim"}
    assert table(lake, "assignments")["rule"].tolist() == ["keeps_owner"]


def test_the_last_owner_is_the_one_decided_on_last_whatever_the_clock_said(
    lake, add_lead, route, with_reps
):
    """A run with a time of its own, in the past, was outranked by what it had replaced."""
    add_lead("a")
    route(at=T0)
    gone = with_reps(ben_fischer={"is_active": False})
    route(at=T0 - timedelta(days=1), under=gone)
    [owner] = whereabouts(lake).values()
    assert owner != "ben.fischer"
    assert previous_owners(lake, pd.DataFrame({"lead_id": ["a"]})) == {"a": [owner]}


def test_a_survivors_own_owner_comes_before_the_retired_ones(lake, add_lead, route):
    add_lead("a")
    add_lead("b", country="US")
    route()
    lake.execute(
        "insert into identity.lead_crosswalk values ('b', 'a', 'merged_into', ?, null, 1, null)",
        [T0],
    )
    assert previous_owners(lake, pd.DataFrame({"lead_id": ["a"]})) == {
        "a": ["ben.fischer", "grace.kim"]
    }


def test_closed_leads_and_those_to_be_routed_do_not_count_as_load(lake, add_lead, route):
    for lead_id in ("a", "b", "c", "d"):
        add_lead(lead_id, band="medium", country="IN")
    route()
    lake.execute(
        "insert into identity.lead_outcomes (outcome_id, lead_id, outcome_type) "
        "values ('o1', 'a', 'closed_won'), ('o2', 'b', 'meeting')"
    )
    assert active_leads(lake, pd.DataFrame({"lead_id": ["c"]})) == {"dev.patel": 2}


def test_recorded_decisions_replay_from_the_table(lake, add_lead, route, configuration):
    for number in range(9):
        add_lead(f"lead_{number}", band=["high", "medium", "low", None][number % 4])
    route()
    recorded = table(lake, "routing_decisions").drop(columns=["decision_seq", "crosswalk_seq"])
    for _, row in recorded.iterrows():
        again = pd.Series(replay_decision(row, configuration).as_row())
        pd.testing.assert_series_equal(again, row, check_dtype=False, check_names=False)


def test_what_is_decided_once_more_is_the_newest_again(lake, add_lead, route):
    """From one queue to another and back: the third decision has the first one's inputs, so its
    name, counted as the first, and an undo went back to before that."""
    for band in ("low", None, "low"):
        add_lead("a", band=band)
        route()
    decisions = table(lake, "routing_decisions").sort_values("decision_seq")
    assert decisions["destination"].tolist() == ["review", "nurture"]
    [current] = table(lake, "assignments")["decision_id"]
    assert current == decisions["decision_id"].iloc[-1]
    [undone] = unassign(lake, [current], "maria.ops", "too soon", T0)
    assert undone.after == "review"


@pytest.mark.parametrize("step", [timedelta(hours=1), timedelta(hours=-1), timedelta()])
def test_undo_restores_the_assignment_before(lake, add_lead, route, configuration, step):
    """Also where the later run's clock shows an earlier time: its decision is the later one."""
    add_lead("a", band="low")
    add_lead("b", band=None)
    route()
    before = table(lake, "assignments")
    reviews = table(lake, "review_queue")
    add_lead("a", band="high")
    add_lead("b", band="high")
    route(at=T0 + step)
    wrong = table(lake, "assignments")["decision_id"].tolist()
    undone = unassign(lake, wrong, "maria.ops", "wrong company", T0 + 2 * step)
    assert [(item.lead_id, item.before, item.after) for item in undone] == [
        ("a", "ben.fischer", "nurture"),
        ("b", "iris.jansen", "review"),
    ]
    same = ["lead_id", "decision_id", "queue", "rule", "explanation", "assigned_at"]
    pd.testing.assert_frame_equal(table(lake, "assignments")[same], before[same])
    assert table(lake, "review_queue")["lead_id"].tolist() == reviews["lead_id"].tolist()
    assert stale_leads(lake, configuration).empty
    assert previous_owners(lake, before) == {}


def test_undo_of_a_first_assignment_goes_to_review_and_stays_there(
    lake, add_lead, route, configuration
):
    add_lead("a")
    route()
    (decision_id,) = table(lake, "assignments")["decision_id"]
    (undone,) = unassign(lake, [decision_id], "maria.ops", "partner's lead", T0)
    assert undone.after == "review"
    assert lake.execute("select reason from routing.review_queue").fetchall() == [
        ("maria.ops took the lead back from ben.fischer: partner's lead.",)
    ]
    assert stale_leads(lake, configuration).empty
    add_lead("a", profile_version="p2")
    assert stale_leads(lake, configuration).empty


def test_what_a_person_took_back_is_routed_again_when_the_rules_change(
    lake, add_lead, route, with_reps
):
    add_lead("a")
    route()
    first = table(lake, "assignments")["decision_id"].tolist()
    unassign(lake, first, "maria.ops", "partner's lead", T0)
    route(at=T0 + timedelta(days=1), under=with_reps(version="aaaaaaaaaaaa"))
    assert whereabouts(lake) == {"a": "ben.fischer"}
    second = table(lake, "assignments")["decision_id"].tolist()
    (again,) = unassign(lake, second, "maria.ops", "still", T0 + timedelta(days=2))
    assert again.after == "review"


def test_undo_names_every_decision_that_is_not_in_effect(lake, add_lead, route):
    add_lead("a")
    route()
    (decision_id,) = table(lake, "assignments")["decision_id"]
    with pytest.raises(UndoError, match=r"dec_none: not in effect") as caught:
        unassign(lake, [decision_id, "dec_none", "dec_other"], "maria.ops", "test", T0)
    assert "dec_other" in str(caught.value)
    assert whereabouts(lake) == {"a": "ben.fischer"}


def test_accounts_are_known_by_any_domain_or_name_and_owned_by_who_had_a_lead_longest(
    lake, add_lead, route, configuration
):
    for lead_id in ("lead_a", "lead_b", "lead_c"):
        add_lead(lead_id)
    lake.execute("update enrichment.lead_profiles set account_id = 'acct_1'")
    route()
    lake.execute("update routing.assignments set assigned_at = assigned_at + interval 1 day")
    lake.execute(
        "update routing.assignments set owner_rep_id = 'ben.fischer', assigned_at = ? "
        "where lead_id = 'lead_b'",
        [T0],
    )
    lake.execute(
        "insert into identity.account_members "
        "(record_id, account_id, company_domain, is_shared_domain) values "
        "('r1', 'acct_1', 'old.example', false), ('r2', 'acct_1', 'asml.com', false), "
        "('r3', 'acct_2', 'asml.com', true)"
    )
    new = pd.DataFrame(
        {"lead_id": ["lead_d", "lead_e", "lead_f"], "account_id": ["acct_1", "acct_2", None]}
    )
    found = account_reps(lake, new, configuration)
    assert found.named == {"acct_1": "iris.jansen"}, "a shared domain names no account"
    assert found.owners == {"acct_1": "ben.fischer"}
