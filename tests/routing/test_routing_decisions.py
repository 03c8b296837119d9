import json
from datetime import datetime

import pytest

from lead_platform.routing.account_reps import AccountReps
from lead_platform.routing.decisions import (
    Decision,
    ReplayError,
    explain_route,
    replay_decision,
    route_leads,
)


@pytest.fixture
def decide(configuration, make_leads, decided_at):
    """The decision for one lead that differs from the usual one as given."""

    def run(load=None, owners=(), under=configuration, **lead):
        result = route_leads(
            make_leads(lead), under, load or {}, {"lead_00": list(owners)}, decided_at
        )
        return Decision.from_row(result.decisions.iloc[0])

    return run


@pytest.mark.parametrize(
    ("lead", "rule", "destination", "explanation"),
    [
        (
            {"employee_count": 4200},
            "enterprise",
            "iris.jansen",
            "Iris Jansen (senior, Benelux): score band high and the company is enterprise "
            "(4,200 employees) in NL; fewest active leads (3) of 2 in the pool.",
        ),
        (
            {"employee_count": 1000, "band": "medium"},
            "enterprise",
            "iris.jansen",
            "Iris Jansen (senior, Benelux): score band medium and the company is enterprise "
            "(1,000 employees) in NL; fewest active leads (3) of 2 in the pool.",
        ),
        (
            {"employee_count": 999},
            "high_band",
            "iris.jansen",
            "Iris Jansen (senior, Benelux): score band high in NL; "
            "fewest active leads (3) of 2 in the pool.",
        ),
        (
            {"employee_count": None, "country": "IN", "band": "medium"},
            "medium_band",
            "dev.patel",
            "Dev Patel (sdr, India): score band medium in IN; "
            "the only one available in the pool (0 active leads).",
        ),
        (
            {"band": "low", "country": None},
            "low_band",
            "nurture",
            "Nurture queue: score band low.",
        ),
        (
            {"band": "low", "company_domain": "siemens.com", "country": "DE"},
            "named_account",
            "ben.fischer",
            "Ben Fischer (senior, DACH): the company is a named account; "
            "the only one available in the pool (9 active leads).",
        ),
        (
            {"is_disposable_email": True},
            "disposable_email",
            "review",
            "Review queue: score band high and the email address is disposable.",
        ),
        (
            {"country": None},
            "high_band",
            "holding",
            "Holding queue: country is missing, which rule high_band needs (score band high).",
        ),
        (
            {"band": None, "total": None, "is_score_missing": True},
            "score_missing",
            "review",
            "Review queue: the score is missing.",
        ),
        (
            {"band": "high", "total": None},
            "score_missing",
            "review",
            "Review queue: the score is missing.",
        ),
    ],
)
def test_who_should_handle_this_lead_and_why(decide, lead, rule, destination, explanation):
    decision = decide(load={"iris.jansen": 3, "ben.fischer": 9}, **lead)
    assert decision.rule == rule
    assert decision.destination == destination
    assert decision.explanation == explanation


def test_a_decision_says_why_the_rules_before_did_not_match(decide):
    tried = json.loads(decide().rules_tried)
    assert tried == [
        {
            "rule": "score_missing",
            "matched": False,
            "because": "is_score_missing is false, not true",
        },
        {
            "rule": "named_account",
            "matched": False,
            "because": "is_named_account is false, not true",
        },
        {
            "rule": "disposable_email",
            "matched": False,
            "because": "is_disposable_email is false, not true",
        },
        {
            "rule": "account_owner",
            "matched": False,
            "because": "has_account_owner is false, not true",
        },
        {
            "rule": "enterprise",
            "matched": False,
            "because": "segment is mid_market, not enterprise",
        },
        {"rule": "high_band", "matched": True},
    ]


def test_a_decision_says_why_each_candidate_was_out(decide, with_reps):
    configuration = with_reps(iris_jansen={"capacity": 2}, ana_costa={"is_active": False})
    decision = decide(
        load={"iris.jansen": 2, "ben.fischer": 7, "ana.costa": 1}, under=configuration, country="FR"
    )
    assert decision.destination == "review"
    assert decision.explanation == (
        "Review queue: rule high_band (score band high in FR) found nobody with room: "
        "all 1 in its pool are at capacity."
    )
    verdicts = {item["rep_id"]: item["verdict"] for item in json.loads(decision.candidates)}
    assert verdicts == {
        "iris.jansen": "at capacity",
        "ana.costa": "not active",
        "ben.fischer": "does not cover France",
        "emma.wilson": "does not cover France",
        "grace.kim": "does not cover France",
        "jack.brown": "does not cover France",
        "kavya.rao": "does not cover France",
    }
    assert json.loads(decision.inputs)["active_leads"] == {"iris.jansen": 2}


def test_more_active_leads_and_ties_are_named(decide):
    candidates = json.loads(decide(load={"iris.jansen": 3, "ben.fischer": 5}).candidates)
    assert candidates[:2] == [
        {
            "rep_id": "ben.fischer",
            "active_leads": 5,
            "capacity": 300,
            "verdict": "more active leads",
        },
        {"rep_id": "iris.jansen", "active_leads": 3, "capacity": 300, "verdict": "chosen"},
    ]
    tie = json.loads(decide().candidates)
    assert [item["verdict"] for item in tie[:2]] == [
        "chosen",
        "as many active leads, later by rep_id",
    ]


def test_nobody_active_goes_to_review_with_the_reason(decide, with_reps):
    configuration = with_reps(ana_costa={"is_active": False})
    decision = decide(under=configuration, country="ES")
    assert decision.explanation == (
        "Review queue: rule high_band (score band high in ES) found nobody: "
        "no active rep in its pool for Iberia & Latin America."
    )


def test_no_rule_goes_to_review(decide, configuration):
    definition = configuration.model_dump()
    definition["routing"]["rules"] = definition["routing"]["rules"][:2]
    decision = decide(under=type(configuration).model_validate(definition))
    assert (decision.rule, decision.destination) == ("no_rule_matched", "review")
    assert decision.explanation == "Review queue: none of the 2 rules matched."


def test_a_place_in_no_territory_goes_to_review(decide, configuration):
    definition = configuration.model_dump()
    definition["territories"] = [
        row for row in definition["territories"] if row["territory"] != "Rest of World"
    ]
    decision = decide(under=type(configuration).model_validate(definition), country="JP")
    assert decision.destination == "review"
    assert "the place is in no territory" in decision.explanation


def test_an_owner_keeps_the_lead_whatever_band_and_load(decide):
    decision = decide(owners=["jack.brown", "grace.kim"], load={"jack.brown": 900}, band="low")
    assert (decision.rule, decision.destination) == ("keeps_owner", "jack.brown")
    assert decision.explanation == (
        "Jack Brown (senior, americas): already owns this lead or one merged into it."
    )
    assert json.loads(decision.candidates) == [
        {"rep_id": "jack.brown", "verdict": "keeps the lead"},
        {"rep_id": "grace.kim", "verdict": "owned it less recently"},
    ]


def test_an_inactive_owner_loses_the_lead_and_the_decision_says_so(decide, with_reps):
    configuration = with_reps(jack_brown={"is_active": False})
    decision = decide(under=configuration, owners=["jack.brown", "left.company"])
    assert decision.rule == "high_band"
    assert json.loads(decision.rules_tried)[0] == {
        "rule": "keeps_owner",
        "matched": False,
        "because": "not active: jack.brown, left.company",
    }


def test_kept_leads_count_before_new_ones_are_given_out(make_leads, configuration, decided_at):
    leads = make_leads({"total": 99.0}, {"total": 1.0})
    result = route_leads(leads, configuration, {}, {"lead_01": ["ben.fischer"]}, decided_at)
    assert result.assignments.set_index("lead_id")["owner_rep_id"].to_dict() == {
        "lead_00": "iris.jansen",
        "lead_01": "ben.fischer",
    }


def test_scarce_capacity_goes_to_the_best_scores(make_leads, with_reps, decided_at):
    configuration = with_reps(iris_jansen={"capacity": 1}, ben_fischer={"capacity": 0})
    leads = make_leads({"total": 70.0}, {"total": 95.0}, {"total": 71.0})
    result = route_leads(leads, configuration, {}, {}, decided_at)
    assert result.decisions["lead_id"].tolist() == ["lead_01", "lead_02", "lead_00"]
    assert result.assignments["owner_rep_id"].notna().tolist() == [True, False, False]
    assert result.review_queue["lead_id"].tolist() == ["lead_02", "lead_00"]


def test_no_person_stands_in_the_recorded_inputs(decide, make_leads):
    assert "email" not in json.loads(decide().inputs)["lead"]


def test_no_leads_give_empty_frames_with_all_columns(make_leads, configuration, decided_at):
    result = route_leads(make_leads(), configuration, {}, {}, decided_at)
    assert result.decisions.empty
    assert result.assignments.empty
    assert "reason" in result.review_queue.columns


def test_a_missing_column_and_a_repeated_lead_are_refused(make_leads, configuration, decided_at):
    leads = make_leads({})
    with pytest.raises(ValueError, match="lack the columns country, employee_count"):
        route_leads(
            leads.drop(columns=["country", "employee_count"]), configuration, {}, {}, decided_at
        )
    twice = make_leads({"lead_id": "a"}, {"lead_id": "a"})
    with pytest.raises(ValueError, match="more than once, such as 'a'"):
        route_leads(twice, configuration, {}, {}, decided_at)


def test_explaining_a_hypothetical_lead_needs_only_what_is_known(configuration, decided_at):
    lead = {"band": "high", "country": "BE", "employee_count": 5000}
    decision = explain_route(lead, configuration, {"ben.fischer": 4}, decided_at)
    assert decision.lead_id == "hypothetical"
    assert decision.destination == "iris.jansen"
    assert explain_route({}, configuration, {}, decided_at).rule == "score_missing"


def test_explaining_a_lead_equals_routing_it(make_leads, configuration, decided_at):
    leads = make_leads({"employee_count": 1200, "country": "US", "region": "CA"})
    routed = route_leads(leads, configuration, {}, {}, decided_at).decisions.iloc[0]
    explained = explain_route(leads.iloc[0].to_dict(), configuration, {}, decided_at)
    assert explained == Decision.from_row(routed)


def test_replay_needs_the_version_of_the_decision(decide, with_reps):
    with pytest.raises(ReplayError, match=r"routing\.routing_versions"):
        replay_decision(decide().as_row(), with_reps(version="ffffffffffff"))


def test_an_instant_with_a_zone_is_recorded_in_utc(configuration):
    at = datetime.fromisoformat("2026-03-02T10:00:00+01:00")
    decision = explain_route({"band": "low"}, configuration, {}, at)
    assert decision.decided_at == datetime.fromisoformat("2026-03-02T09:00:00")


def test_the_next_lead_of_a_company_goes_to_the_owner_of_the_others(
    configuration, make_leads, decided_at
):
    leads = make_leads(
        {"account_id": "acct_1", "country": "US", "region": "CA"}, {"account_id": "acct_2"}
    )
    accounts = AccountReps(owners={"acct_1": "iris.jansen", "acct_2": "left.company"})
    rows = route_leads(leads, configuration, {"iris.jansen": 4}, {}, decided_at, accounts).decisions
    owned, other = (Decision.from_row(row) for _, row in rows.iterrows())
    assert (owned.rule, owned.destination) == ("account_owner", "iris.jansen")
    assert owned.explanation == (
        "Iris Jansen (senior, emea): score band high and the company has an owner; "
        "already owns a lead of this company (4 active leads)."
    )
    assert other.rule == "high_band", "whoever left owns no company"
    for row in (owned, other):
        assert replay_decision(row.as_row(), configuration) == row


def test_leads_of_one_company_that_arrive_together_get_one_owner(
    configuration, make_leads, decided_at
):
    leads = make_leads(
        *(
            {"account_id": "acct_1", "total": 70.0 + n, "country": c}
            for n, c in enumerate(["NL", "DE", "FR", "US"])
        ),
        {"account_id": "acct_1", "band": "low", "total": 5.0},
    )
    decisions = route_leads(leads, configuration, {}, {}, decided_at).decisions
    assert decisions["rule"].tolist() == ["high_band", *["account_owner"] * 3, "low_band"]
    assert decisions["destination"].iloc[:4].nunique() == 1


def test_an_owner_without_room_is_a_case_for_a_person(with_reps, make_leads, decided_at):
    full = with_reps(iris_jansen={"capacity": 3})
    accounts = AccountReps(owners={"acct_1": "iris.jansen"})
    leads = make_leads({"account_id": "acct_1"})
    decision = Decision.from_row(
        route_leads(leads, full, {"iris.jansen": 3}, {}, decided_at, accounts).decisions.iloc[0]
    )
    assert (decision.rule, decision.destination) == ("account_owner", "review")


def test_a_named_account_is_known_by_all_its_account_goes_by(configuration, make_leads, decided_at):
    accounts = AccountReps(named={"acct_1": "ben.fischer"}, owners={"acct_1": "iris.jansen"})
    leads = make_leads({"account_id": "acct_1", "company_domain": "another.example"})
    decision = Decision.from_row(
        route_leads(leads, configuration, {}, {}, decided_at, accounts).decisions.iloc[0]
    )
    assert (decision.rule, decision.destination) == ("named_account", "ben.fischer")
    assert replay_decision(decision.as_row(), configuration) == decision
